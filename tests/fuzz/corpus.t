#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the fuzzers have found so far, once more; one test a fuzzer.
cd "$(dirname "$0")/../unit" || exit 1
nr=0
echo 1..4
for f in world facts ioctl parse; do
	nr=$((nr + 1))
	if make -s build/replay_$f >&2 && out=$(build/replay_$f ../fuzz/corpus/$f.hex); then
		echo "ok $nr - $f: $out"
	else
		echo "not ok $nr - $f"
		echo "$out" | sed 's/^/# /'
	fi
done
