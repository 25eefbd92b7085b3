#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# All fuzzers for a minute, beside each other.
cd "$(dirname "$0")" || exit 1
if ! command -v "${CLANG:-clang-14}" >/dev/null; then
	echo "1..0 # SKIP ${CLANG:-clang-14} is missing"
	exit
fi
echo 1..1
out=$(make -s check-fuzz SECONDS="${FUZZ_SECONDS:-60}" 2>&1) || printf 'not '
echo "ok 1 - nothing found in ${FUZZ_SECONDS:-60} s"
echo "$out" | sed 's/^/# /'
