#!/bin/bash
# Many at once: the books balance at every read while they are written, and ten
# thousand threads that are blocked in one userfaultfd are all accounted for.
#
#   UFFD_RACE_KERNELS   which kernels (5.10 and 6.12)
. "$(dirname "$0")/../lib.sh"

read -ra kernels <<<"${UFFD_RACE_KERNELS:-5.10 6.12}"
threads=10000

many() {
	local name=$1 kernel=$2

	shift 2
	guest "$name" "$kernel" -N -m 3072 -t 900 -a "$top/tests/selftests/many" \
		-a "$top/tests/selftests/blocked" -- many "$@"
}

# until_after NAME, and after NAME: the two parts of its output
until_after() {
	sed '/^=== after/,$d' "$work/$1" >"$work/until"
	echo "$work/until"
}

after() {
	sed '1,/^=== after/d' "$work/$1" >"$work/after"
	echo "$work/after"
}

# differ FILE: how many of its copies of the counters tell something new
differ() {
	awk '/_(events|genuine|open) / { copy = copy " " $2 }
		/^memory_bytes/ { if (!seen[copy]++) n++; copy = "" }
		END { print n + 0 }' "$1"
}

polled() {
	local kernel=$1 path=$2 name=polled-$1-$2 until after copies differ

	shift 2

	many "$name" "$kernel" poll --path "$path" --readers 8 --seconds 4 "$@" || return
	until=$(until_after "$name") after=$(after "$name")
	copies=$(grep -c '^memory_bytes' "$until") differ=$(differ "$until")
	ok "$kernel, $path: the stressor is content" test "$(value "$after" stress)" = 0
	ok "$kernel, $path: of $copies copies, $differ differ" test "$differ" -gt 5
	ok "$kernel, $path: the books balance in each" books_balance "$until"
	ok "$kernel, $path: and at the end" books_balance "$after"
}

# total FILE PATTERN: of the counters that match
total() {
	awk -v re="^($2)\$" '$1 ~ re { n += $2 } END { print n + 0 }' "$1"
}

blocked() {
	local kernel=$1 what=$2 name=blocked-$1-${2// /-} f after undecided bogus

	shift 2

	many "$name" "$kernel" block $threads "$@" || return
	f=$work/$name after=$(after "$name")
	ok "$kernel, $what: each of $threads threads raised one event" \
		test "$(value "$f" events_read)" = $threads
	ok "$kernel, $what: the module saw them all" \
		test "$(value "$after" anon_missing_events)" = $threads
	ok "$kernel, $what: the books balance before, meanwhile and after" \
		books_balance "$f"
	bogus=$(total "$after" '[a-z]+_(missing|minor)_bogus')
	ok "$kernel, $what: bogus = 0" test "$bogus" = 0
	undecided=$(value "$after" anon_missing_undecided)
	ok "$kernel, $what: undecided=$undecided, each with its reason" \
		test "$(total "$after" 'undecided_[a-z_]+')" = "$undecided"
	ok "$kernel, $what: memory in use is the same before, meanwhile and after" \
		test "$(grep '^memory_bytes ' "$f" | uniq | wc -l)" = 1
	diag "$(grep -E '^(anon_missing_|undecided_|full_|lost_|memory_)' "$after" |
		grep -v ' 0$')" "$(grep '^kernel_kb' "$f") (what insmod took)"
	diag "$(grep handle_mm_fault "$after")"
}

make -s -C "$top/tests/selftests" || exit
for kernel in "${kernels[@]}"; do
	polled "$kernel" anon-missing
	polled "$kernel" hugetlb-private-missing
	blocked "$kernel" defaults
	ok "$kernel, defaults: the tables were full, and say so" test \
		"$(total "$work/after" 'full_(pages|faults|events)')" -gt 0
	blocked "$kernel" "large tables" pages=16384 faults=16384
	ok "$kernel, large tables: every verdict is genuine" test \
		"$(value "$work/after" anon_missing_genuine)" = $threads
done
done_testing
