#!/bin/bash
# Every path and writer on every kernel: the module is held against what user
# space counted itself.
#
#   UFFD_RACE_KERNELS   which kernels (all four)
#   UFFD_RACE_SWEEP     all: every path x writer, 10 legal runs of each; else the
#                       ones that say the most
. "$(dirname "$0")/../lib.sh"

read -ra kernels <<<"${UFFD_RACE_KERNELS:-5.10 6.1 6.12 7.3}"
if [[ ${UFFD_RACE_SWEEP:-} = all ]]; then
	paths='.*' writers='.*' legal_writers='.*' legal_runs=10 seconds=5
	legal_kernels='.*'
else
	paths='hugetlb-private-missing|shmem-(private-missing|shared-minor)|anon-missing'
	writers='migrate|migrate-pinned|wp' legal_writers='migrate-pinned'
	legal_runs=1 seconds=2 legal_kernels='^(6.1|7.3)$'
fi

# sections NAME: one file for each run of a sweep, named "PATH WRITER MODE RUN"
sections() {
	rm -rf "$work/$1.d"
	mkdir "$work/$1.d"
	(cd "$work/$1.d" && awk '/^=== / { f = substr($0, 5) } f { print >f }' "../$1")
}

# judged FILE VERDICT: how many events, over all backings and types
judged() {
	awk -v re="^[a-z]+_(missing|minor)_$2\$" \
		'$1 ~ re { n += $2 } END { print n + 0 }' "$1"
}

# sound KERNEL PATH: there is no race in this kernel's path
sound() {
	case $2 in
	anon-*|*-shared-missing) true ;;
	hugetlb*) [[ $1 != 5.10 ]] ;;
	*)	false ;;
	esac
}

# covers T BOGUS UNDECIDED: all of T is accounted for. A fault that ends without
# an event beside one may have installed a page of a file, for all that can be
# known: a tenth may be undecided for that.
covers() {
	(($2 >= $1 || ($2 + $3 >= $1 && $2 * 10 >= $1 * 9)))
}

# within T BOGUS UNDECIDED MODE: of what was delivered not more than 2 % are
# missing, and none is too much. In legal mode pages come and go that user space
# can't be sure of; the module can.
within() {
	((($2 + $3) * 100 >= $1 * 98 - 99)) && [[ $4 = legal || $2 -le $1 ]]
}

held() {
	local kernel=$1 file=$2 path=$3 what="$1: $3 $4 $5, run $6"
	local t all read open open_read why

	t=$(value "$file" wrong_events)
	all=$(judged "$file" bogus)
	open=$(judged "$file" undecided)
	read=$(judged "$file" bogus_delivered)
	open_read=$(judged "$file" undecided_delivered)
	why=$(grep -E '^undecided_[a-z_]+ [1-9]' "$file" | tr '\n' ' ')
	[[ ! $why ]] || diag "$what: $why"
	ok "$what: the books balance" books_balance "$file"
	ok "$what: bogus=$all covers T=$t" covers "$t" "$all" "$open"
	ok "$what: bogus_delivered=$read agrees with T=$t" \
		within "$t" "$read" "$open_read" "$5"
	! sound "$kernel" "$path" ||
		ok "$what: sound, bogus = 0" test "$all" = 0
}

sweep() {
	local kernel=$1 mode=$2 name=$1-$2 section
	shift 2

	guest "$name" "$kernel" -p armed=1 -m 3072 -t 3600 \
		-a "$top/tests/guests/sweep" -- sweep -m "$mode" "$@" || return
	sections "$name"
	for section in "$work/$name.d"/*; do
		# shellcheck disable=SC2086 # a name of words
		set -- ${section##*/}
		if [[ ${5:-} = SKIP ]]; then
			skip "$kernel: $1 $2 $3" "${*:6}"
		else
			held "$kernel" "$section" "$@"
		fi
	done
}

for kernel in "${kernels[@]}"; do
	sweep "$kernel" truth -p "$paths" -w "$writers" --seconds "$seconds"
	[[ $kernel =~ $legal_kernels ]] || continue
	sweep "$kernel" legal -p "$paths" -w "$legal_writers" -n "$legal_runs" \
		--seconds "$seconds"
done
done_testing
