#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Hooks that are switched off behind the module's back: it convicts nobody,
# clears nobody, and says so; and it sees again when they are back.
#
#   UFFD_RACE_SWITCHED_KERNELS   which kernels (5.10 6.12; also 6.1 7.3)
#
# One thread for all vCPUs, since code is switched under load.
. "$(dirname "$0")/../lib.sh"

read -ra kernels <<<"${UFFD_RACE_SWITCHED_KERNELS:-5.10 6.12}"

# is NAME VALUE WHAT
is() {
	ok "$kernel: $3" test "$(sed -n "s/^$1 \(.*[^ ]\) *$/\1/p" "$f")" = "$2"
}

# part SWITCH WORD-WHEN-OFF
part() {
	ok "$kernel, $1: off and on while events wait: none is called bogus" \
		test "$(value "$f" "$1_wait_bogus")" = 0
	ok "$kernel, $1: nor is the kernel cleared afterwards" \
		grep -qx "$1_wait_words BLIND *" "$f"
	ok "$kernel, $1: the books tell how often" \
		test "$(value "$f" "$1_wait_hooks_switched")" -ge 6
	if [[ $(value "$f" "$1_no_switch") = 1 ]]; then
		skip "$kernel, $1: off" "this kernel's switch does not work"
		return
	fi
	is "$1_before_words" INCONCLUSIVE "$1: hooks in place, new books: not blind"
	is "$1_off_words" BLIND "$1: off: every path is blind"
	is "$1_off_why" "$2" "$1: off: the verdict names the reason"
	is "$1_off_bogus" 0 "$1: off: nobody is convicted"
	ok "$kernel, $1: off: probes says so" \
		test "$(value "$f" "$1_off_probes_off")" -ge 10
	is "$1_on_words" BLIND "$1: on again: these books stay blind"
	is "$1_on_why" were_switched "$1: on again: the reason"
	is "$1_on_probes_off" 0 "$1: on again: probes says so"
	is "$1_after_words" INCONCLUSIVE "$1: new books are not blind"
	is "$1_after_genuine" 20 "$1: and what is opened then is judged"
}

if ! "${CC:-cc}" -static -O1 -pthread -o "$work/switched" \
	"$top/tests/guest/switched.c" 2>"$work/cc"; then
	diag "$(<"$work/cc")"
	ok "tests/guest/switched.c builds" false
	done_testing
fi
for kernel in "${kernels[@]}"; do
	f=$work/$kernel
	guest "$kernel" "$kernel" --one-thread -p "armed=1 look_ms=500" \
		-a "$work/switched" -a "$top/tests/guest/switched.sh" \
		-- sh switched.sh || continue
	part kprobes kprobes_off
	part ftrace ftrace_off
done
done_testing
