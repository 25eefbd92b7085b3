#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Ioctls whose argument is rewritten in flight: what they install is known as the
# kernel took it. Nothing is mapped where an event is raised.
#
#   UFFD_RACE_FLIP_KERNELS	which kernels (all four)
. "$(dirname "$0")/../lib.sh"

read -ra kernels <<<"${UFFD_RACE_FLIP_KERNELS:-5.10 6.1 6.12 7.3}"
rows=(
	"still copy 20" "still zeropage 20" "still move 20" "part 8"
	"flip copy 60" "flip zeropage 30" "flip move 30"
)

# section FILE ROW: what was printed of that row
section() {
	awk -v name="=== $2" '/^=== / { on = $0 == name; next } on' "$1" >"$work/section"
	echo "$work/section"
}

row() {
	local what="$1: $3" f

	f=$(section "$2" "$3")
	if grep -q '^SKIP' "$f"; then
		skip "$what" "this kernel has no such ioctl"
		return
	fi
	ok "$what: it ran" test "$(grep -c '^done' "$f")" = 1
	ok "$what: the books balance" books_balance "$f"
	ok "$what: bogus = 0" test "$(value "$f" anon_missing_bogus)" = 0
	ok "$what: every event is genuine, none undecided" test \
		"$(value "$f" anon_missing_events)" -gt 0 -a \
		"$(value "$f" anon_missing_events)" = "$(value "$f" anon_missing_genuine)"
	ok "$what: nothing was lost" test "$(value "$f" undecided_partial)" = 0 -a \
		"$(value "$f" undecided_lost)" = 0
}

if ! "${CC:-cc}" -static -O1 -pthread -o "$work/flips" "$top/tests/guest/flip.c" \
	2>"$work/cc"; then
	skip "all of it" "$(head -1 "$work/cc")"
	done_testing
fi
printf '%s\n' "${rows[@]}" >"$work/rows"
for kernel in "${kernels[@]}"; do
	guest "flip-$kernel" "$kernel" -t 300 -a "$work/flips" -a "$work/rows" \
		-a "$top/tests/guest/flip" -- flip rows || continue
	for r in "${rows[@]}"; do
		row "$kernel" "$work/flip-$kernel" "$r"
	done
done
done_testing
