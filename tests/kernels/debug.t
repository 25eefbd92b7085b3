#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The module on a kernel that looks for mistakes (tests/kernels/debug.config). Slow, and
# so in make nightly only.
#
#   UFFD_RACE_DEBUG_KERNEL   which (debug)
. "$(dirname "$0")/../lib.sh"

kernel=${UFFD_RACE_DEBUG_KERNEL:-debug}
f=$work/debug-$kernel

status=0
"$top/tests/kernels/build" "$kernel" >"$work/built" 2>"$work/err" || status=$?
((status == 0)) || diag "$(tail -n 40 "$work/err")"
if ((status == 125)); then
	skip "$kernel" "$(tail -n 1 "$work/err")"
	done_testing
fi
ok "$kernel is built" test $status = 0 || done_testing
# One thread a vCPU, and the hooks switched: this QEMU may jump to 0 (qemu.sh)
if guest "debug-$kernel" "$kernel" -N -m 3072 -t 3000 --one-thread \
	-a "$top/tests/guest/debug" -- debug; then
	ok "lockdep is on to the end" test "$(awk '/debug_locks:/ { print $NF }' "$f")" = 1
	ok "nothing of the module leaks" test "$(value "$f" kmemleak_lines)" = 0
	diag "$(grep -E '^(ran|===|loads|kmemleak)' "$f")"
fi
done_testing
