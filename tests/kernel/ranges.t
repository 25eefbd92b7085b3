#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The hooks on page faults are in place while some userfaultfd has a range that
# is not hugetlb, and only then; and what is judged from then on is judged
# rightly. One thread for all vCPUs, since code is switched under load.
. "$(dirname "$0")/../lib.sh"

on_demand() {
	local kernel=$1 f=$work/$1 t bogus
	shift

	guest "$kernel" "$kernel" --one-thread -a "$top/tests/guest/ranges" -- ranges "$@" ||
		return
	ok "$kernel: none is in place at load" test "$(value "$f" armed_at_load)" = 0
	ok "$kernel: hugetlb does not need them" \
		test "$(value "$f" armed_for_hugetlb)" = 0
	ok "$kernel: $1 needs them" test "$(value "$f" armed_for_others)" = 1
	ok "$kernel: they go with the userfaultfd" \
		test "$(value "$f" idle_after_close)" = 1
	ok "$kernel: they come again" test "$(value "$f" armed_again)" = 1
	ok "$kernel: they go with the process" \
		test "$(value "$f" idle_after_exit)" = 1
	t=$(value "$f" wrong_events)
	bogus=$(value "$f" shmem_missing_bogus)
	diag "$kernel: T=$t bogus=$bogus" \
		"undecided=$(value "$f" shmem_missing_undecided)" \
		"no_entry=$(value "$f" undecided_no_entry)"
	ok "$kernel: the books balance" books_balance "$f"
	ok "$kernel: what is not bogus is undecided, and said to be" \
		test $((bogus + $(value "$f" shmem_missing_undecided))) -ge "$t"
	ok "$kernel: anon is not accused" \
		test "$(value "$f" anon_missing_bogus)" = 0
}

on_demand 6.1 shmem-private-missing migrate
# Faults hold the lock of their vma here, not the mmap lock
on_demand 7.3 shmem-private-missing wp
done_testing
