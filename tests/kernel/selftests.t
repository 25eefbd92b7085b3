#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The kernel's own userfaultfd selftests, and stress-ng, run with the module
# exactly as without.
#
#   UFFD_RACE_KERNELS   which kernels (6.1 7.3; 5.10 and 6.12 can be had, too)
. "$(dirname "$0")/../lib.sh"

read -ra kernels <<<"${UFFD_RACE_KERNELS:-6.1 7.3}"

# unit_tests PROGRAM: filters (parts of names) that stand for all of its tests
unit_tests() {
	"$1" -l | awk '
		{ name[NR] = $1 }
		END {
			for (i = 1; i <= NR; i++) {
				for (j = 1; j <= NR; j++)
					if (j != i && index(name[i], name[j]))
						break
				if (j > NR)
					print "uffd-unit-tests -f " name[i]
			}
		}'
}

# commands KERNEL DIR: what run_vmtests.sh runs, on small areas, since a fault
# takes a millisecond here
commands() {
	case $1 in
	5.10)	cat <<-EOT
		userfaultfd anon 2 2
		userfaultfd shmem 2 2
		userfaultfd hugetlb 16 2 /dev/hugepages/private
		userfaultfd hugetlb_shared 16 2 /dev/hugepages/shared
		EOT
		;;
	6.1)	cat <<-EOT
		userfaultfd anon 2 2
		userfaultfd anon:dev 2 2
		userfaultfd shmem 2 2
		userfaultfd shmem:collapse 2 2
		userfaultfd hugetlb 16 2
		userfaultfd hugetlb_shared 16 2 /dev/hugepages/shared
		EOT
		;;
	*)	unit_tests "$2/uffd-unit-tests"
		cat <<-EOT
		uffd-stress anon 2 2
		uffd-stress shmem 2 2
		uffd-stress shmem-private 2 2
		uffd-stress hugetlb 16 2
		uffd-stress hugetlb-private 16 2
		EOT
		;;
	esac
}

# sound KERNEL COMMAND: a pattern of the counters that must be 0, since the
# kernel has no race there. Shared shmem raises no wrong MISSING event: the page
# is in the page cache.
sound() {
	local sound=anon_missing

	[[ $1 = 5.10 ]] || sound+='|hugetlb_(missing|minor)'
	case $2 in
	*unit-tests*|*private*)	;;
	*)	sound+='|shmem_missing' ;;
	esac
	echo "^($sound)_bogus\$"
}

# Who faulted how often is a matter of luck, and so are process ids and times
normalised() {
	sed -E -e '/^exit status /q' -e '/^another try/d' -e 's/(userfaults:).*/\1/' "$1" |
		sed -E -e 's/\[[0-9]+\]/[PID]/g' -e 's/[0-9]+\.[0-9]+s/TIME/g' | sort
}

same() {
	normalised "$1" >"$work/without"
	normalised "$2" >"$work/with"
	diff "$work/without" "$work/with" >"$work/diff"
}

none_bogus() {
	awk -v re="$2" '$1 ~ re && $2 { bad = 1; print "# " $0 } END { exit bad }' "$1"
}

# figures FILE: what the module said, on one line
figures() {
	awk '$1 ~ /^[a-z]+_(missing|minor)_(events|genuine|stale|bogus|undecided)$/ && $2 {
			path = $1; sub(/_[a-z]+$/, "", path); sub(/.*_/, "", $1)
			if (path != last) printf " %s:", path
			last = path; printf " %s=%s", $1, $2
		}
		$1 ~ /(^|_)undecided_/ && $2 { why = why " " $1 "=" $2 }
		END { print why }' "$1"
}

# sections NAME: a file for each command in each round, named by number
sections() {
	rm -rf "$work/without.d" "$work/with.d"
	mkdir "$work/without.d" "$work/with.d"
	(cd "$work" && awk '
		/^=== / { f = "" }
		/^=== (with|without) / {
			f = sprintf("%s.d/%02d", $2, ++n[$2])
			print substr($0, length($2) + 6) >(f ".command")
			next
		}
		f { print >f }' "$1")
}

held() {
	local kernel=$1 without=$2 with=$3 what

	what="$kernel: $(sed 's,^stress-ng[^ ]*/run,stress-ng,' "$with.command")"

	ok "$what: the same with as without" same "$without" "$with"
	[[ ! -s $work/diff ]] || diag "$(cat "$work/diff")" \
		"$(sed -s '/^exit status/,$d' "$without" "$with")"
	ok "$what: the books balance" books_balance "$with"
	ok "$what: bogus = 0 where the kernel is sound" \
		none_bogus "$with" "$(sound "$kernel" "$what")"
	diag "$(grep '^exit status' "$without"), and$(figures "$with")"
	! grep -h '^another try' "$without" "$with" >"$work/tries" ||
		diag "$(cat "$work/tries")"
}

selftests() {
	local kernel=$1 tests file options=() with n=0 passed status=0

	: >"$work/commands"
	tests=$("$top/tests/selftests/build" -k "$kernel" 2>"$work/err") || status=$?
	((status == 0)) || diag "$(cat "$work/err")"
	if ((status == 125)); then
		skip "$kernel: its own selftests" "$(tail -n 1 "$work/err")"
	else
		ok "$kernel: its own selftests build" test $status = 0
		((status == 0)) || return
		commands "$kernel" "$tests" >"$work/commands"
		for file in "$tests"/*; do
			options+=(-a "$file")
		done
	fi
	if [[ $stress_ng ]]; then
		options+=(-a "$stress_ng")
		echo "${stress_ng##*/}/run --userfaultfd 2 --userfaultfd-ops 200 --verify" \
			>>"$work/commands"
	fi
	[[ -s $work/commands ]] || return 0
	guest "selftests-$kernel" "$kernel" -N -c 2 -t 1800 "${options[@]}" \
		-a "$work/commands" -a "$top/tests/selftests/session" -- \
		session armed=1 || return
	sections "selftests-$kernel"
	for with in "$work/with.d"/*.command; do
		with=${with%.command}
		held "$kernel" "${with/with.d/without.d}" "$with"
		n=$((n + 1))
	done
	ok "$kernel: all $n commands ran" test "$n" = "$(wc -l <"$work/commands")"
	# to fail both times is the same, too, but says nothing
	passed=$(grep -lx 'exit status 0' "$work/without.d"/* | wc -l)
	ok "$kernel: $passed of them pass without the module" test $((passed * 2)) -gt $n
}

if ! stress_ng=$("$top/tests/selftests/stress-ng" 2>"$work/err"); then
	diag "$(cat "$work/err")"
	skip "stress-ng" "$(tail -n 1 "$work/err")"
	stress_ng=''
fi
for kernel in "${kernels[@]}"; do
	selftests "$kernel"
done
done_testing
