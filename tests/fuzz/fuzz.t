#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# All fuzzers for a minute, beside each other: from one seed, for so many runs, so
# that the same inputs are tried wherever this runs. `make check-fuzz` draws others.
cd "$(dirname "$0")/../unit" || exit 1
clang=${CLANG:-clang-14} seconds=${FUZZ_SECONDS:-60}
if ! echo 'int LLVMFuzzerTestOneInput(void *p, long n) { return 0; }' |
     "$clang" -fsanitize=fuzzer,address -x c -o /dev/null - 2>/dev/null; then
	echo "1..0 # SKIP no $clang with libFuzzer (clang-14, libclang-rt-14-dev)"
	exit
fi
echo 1..1
out=$(make -s check-fuzz SECONDS="$seconds" FUZZ_ARGS="-seed=20261128 -runs=${FUZZ_RUNS:-30000}" 2>&1) || printf 'not '
echo "ok 1 - nothing found"
echo "$out" | sed 's/^/# /'
