#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Pages of 1 GiB full of what looks like page tables: any user can have them
# read by a walk that does not stop at a huge page.
#
#   UFFD_RACE_GIG_KERNELS   which kernels (6.12)
. "$(dirname "$0")/../lib.sh"

read -ra kernels <<<"${UFFD_RACE_GIG_KERNELS:-6.12}"

cat >"$work/all" <<'EOT'
for what in "copy 1" "continue 2"; do
	echo "=== $what"
	./gig $what ffffffffff067 || exit
done
cat /sys/kernel/debug/uffd_race/counters
EOT

resolved() {
	local f=$work/gig-$1 got

	got=$(sed -n "/^=== $2 $3\$/,/^===/p" "$f" | sed 1d | head -1)
	if [[ $got = SKIP* ]]; then
		skip "$1: $2 of $3 GiB" "${got#SKIP }"
	else
		ok "$1: $2 of $3 GiB, and the host lives on" test "$got" = "resolved $3"
	fi
}

if ! "${CC:-cc}" -static -O1 -o "$work/gig" "$top/tests/guest/gig.c" -lpthread 2>"$work/cc"; then
	skip "all of it" "$(head -1 "$work/cc")"
	done_testing
fi
for kernel in "${kernels[@]}"; do
	guest "gig-$kernel" "$kernel" -m 6144 -t 300 -a "$work/gig" -a "$work/all" \
		--append "hugepagesz=1G hugepages=2" -- sh all || continue
	resolved "$kernel" copy 1
	resolved "$kernel" continue 2
	ok "$kernel: nothing is said to be unsafe from reclaim" \
		test "$(value "$work/gig-$kernel" install_clean)" = 0
	ok "$kernel: the books balance" books_balance "$work/gig-$kernel"
done
done_testing
