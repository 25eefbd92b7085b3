#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Many at once: the books balance at every read while they are written, and ten
# thousand threads that are blocked in one userfaultfd are all accounted for.
#
#   UFFD_RACE_KERNELS   which kernels (6.12)
. "$(dirname "$0")/../lib.sh"

read -ra kernels <<<"${UFFD_RACE_KERNELS:-6.12}"
threads=10000

# part KERNEL NAME: of the guest's output, as a file
part() {
	local file=$work/$1-${2// /-}

	awk -v want="=== $2" '/^=== / { on = $0 == want; next } on' "$work/many-$1" >"$file"
	echo "$file"
}

# total FILE PATTERN: of the counters that match, in the last copy
total() {
	awk -v re="^($2)\$" '$1 ~ re { last[$1] = $2 }
		END { for (name in last) n += last[name]; print n + 0 }' "$1"
}

# differ FILE: how many of its copies of the counters tell something new
differ() {
	awk '/_(events|genuine|open) / { copy = copy " " $2 }
		/^memory_bytes/ { if (!seen[copy]++) n++; copy = "" }
		END { print n + 0 }' "$1"
}

polled() {
	local kernel=$1 path=$2 f after differ

	f=$(part "$kernel" "$path") after=$(part "$kernel" "$path after")
	differ=$(differ "$f")
	ok "$kernel, $path: the stressor is content" grep -qx 'stress 0' "$after"
	ok "$kernel, $path: of $(grep -c '^memory_bytes' "$f") copies, $differ differ" \
		test "$differ" -gt 2
	ok "$kernel, $path: the books balance in each" books_balance "$f"
	ok "$kernel, $path: and at the end" books_balance "$after"
}

# one_more FILE: memory of tables before, meanwhile, and after
one_more() {
	awk '/^memory_bytes/ { m[++n] = $2 }
		END { exit n != 3 || m[2] > 1.5 * m[1] || m[3] > m[2] }' "$1"
}

blocked() {
	local kernel=$1 what=$2 f undecided delivered

	f=$(part "$kernel" "$what")
	ok "$kernel, $what: each of $threads threads raised one event" \
		test "$(value "$f" events_read)" = $threads
	ok "$kernel, $what: each got its page" test "$(value "$f" right_pages)" = $threads
	ok "$kernel, $what: the module saw all events" \
		test "$(value "$f" anon_missing_events)" = $threads
	ok "$kernel, $what: the books balance before, meanwhile and after" \
		books_balance "$f"
	ok "$kernel, $what: bogus = 0" \
		test "$(total "$f" '[a-z]+_(missing|minor)_bogus')" = 0
	undecided=$(value "$f" anon_missing_undecided)
	ok "$kernel, $what: undecided=$undecided, each with its reason" \
		test "$(total "$f" 'undecided_[a-z_]+')" = "$undecided"
	delivered=$(total "$f" 'anon_missing_[a-z]+_delivered')
	ok "$kernel, $what: $delivered known to be delivered, the others in full_events" \
		test $((delivered + $(value "$f" full_events))) = $threads
	ok "$kernel, $what: of tables, at most those of one more process are in use meanwhile and after" \
		one_more "$f"
	diag "$(grep '^kernel_kb' "$f") (what insmod took), $(grep '^memory_bytes' "$f" | tail -n 1)"
	diag "$(awk '/^memory_bytes/ { n++ }
		n == 2 && /^(anon_missing|undecided|full|lost)_.* [^0]/' "$f")" \
		"$(grep '^handle_mm_fault' "$f")"
}

many() {
	local kernel=$1

	guest "many-$kernel" "$kernel" -N -m 3072 -t 900 \
		-a "$top/tests/selftests/many" -a "$top/tests/selftests/blocked" -- \
		many $threads 4 || return
	polled "$kernel" anon-missing
	polled "$kernel" hugetlb-private-missing
	blocked "$kernel" defaults
	ok "$kernel, defaults: the tables were full, and say so" test \
		"$(total "$(part "$kernel" defaults)" 'full_(pages|faults|events)')" -gt 0
	blocked "$kernel" "large tables"
	ok "$kernel, large tables: every verdict is genuine" test \
		"$(value "$(part "$kernel" "large tables")" anon_missing_genuine)" = $threads
}

make -s -C "$top/tests/stress" && make -s -C "$top/tests/selftests" || exit
for kernel in "${kernels[@]}"; do
	many "$kernel"
done
done_testing
