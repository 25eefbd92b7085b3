#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every path and writer on every kernel: the module is held against what user
# space counted itself.
#
#   UFFD_RACE_KERNELS   which kernels (all four)
#   UFFD_RACE_SWEEP     which of these (quick):
#                       quick: the ones that say the most
#                       truth: every path x writer, no page ever removed
#                       legal: every sound path x writer
#   UFFD_RACE_RUNS      how often each, in legal (10)
. "$(dirname "$0")/../lib.sh"

read -ra kernels <<<"${UFFD_RACE_KERNELS:-5.10 6.1 6.12 7.3}"
swept=${UFFD_RACE_SWEEP:-quick}
case $swept in
quick|truth|legal) ;;
*)	echo "Bail out! UFFD_RACE_SWEEP=$swept is none of quick, truth and legal"
	exit 2 ;;
esac

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

# sound KERNEL: the paths of this kernel that have no race
sound() {
	case $1 in
	5.10)	echo 'anon-.*|.*-shared-missing' ;;
	*)	echo 'anon-.*|.*-shared-missing|hugetlb.*' ;;
	esac
}

is_sound() {
	[[ $2 =~ ^($(sound "$1"))$ ]]
}

# covers PATH T BOGUS UNDECIDED: all of T is accounted for. A fault that ends
# without an event beside one may have installed a page, for all that can be
# known, unless both MISSING and MINOR are registered: some may be undecided for
# that, more of them where only MINOR is.
covers() {
	local part=2

	case $1 in
	*-both)	part=0 ;;
	*-minor) part=10 ;;
	esac
	(($3 >= $2 || ($3 + $4 >= $2 && $3 * 100 >= $2 * (100 - part))))
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
	ok "$what: the stressor is content" grep -qx '# status 0' "$file" ||
		diag "$(grep '^not ok' "$file")"
	ok "$what: the books balance" books_balance "$file"
	ok "$what: bogus=$all covers T=$t" covers "$path" "$t" "$all" "$open"
	ok "$what: bogus_delivered=$read agrees with T=$t" \
		within "$t" "$read" "$open_read" "$5"
	! is_sound "$kernel" "$path" ||
		ok "$what: sound, bogus = 0" test "$all" = 0
}

# sweep NAME KERNEL RUN-OPTION… -- -m MODE SWEEP-OPTION…
sweep() {
	local name=$1 kernel=$2 run=() section
	shift 2

	while [[ $1 != -- ]]; do
		run+=("$1")
		shift
	done
	shift
	guest "$name" "$kernel" -t 7200 "${run[@]}" \
		-a "$top/tests/guest/sweep" -- sweep -k "$@" || return
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

quick() {
	local paths='hugetlb-private-missing|shmem-(private-missing|shared-minor)|anon-missing'

	sweep "$1-truth" "$1" -m 3072 -- -m truth -p "$paths" \
		-w 'migrate|migrate-pinned|wp' --seconds 2
	[[ ! $1 =~ ^(6.1|7.3)$ ]] || sweep "$1-legal" "$1" -m 3072 -- -m legal \
		-p "$paths" -w migrate-pinned --seconds 2
}

# every KERNEL MODE PATHS SECONDS SWEEP-OPTION…: pages of 1 GiB need a guest of
# their own, more time, and a processor that copies without rep movsb (ERMS),
# which QEMU makes slow.
every() {
	local kernel=$1 mode=$2 paths=$3 seconds=$4
	shift 4

	sweep "$kernel-$mode" "$kernel" -m 3072 --swap 512 -- -m "$mode" \
		-p "$paths" -x 'hugetlb1g-.*' "$@" --seconds "$seconds"
	sweep "$kernel-$mode-1g" "$kernel" -m 8192 \
		--append 'hugepagesz=1G hugepages=6 clearcpuid=112,297' -- \
		-m "$mode" -p "$paths" -x '[^1]*' "$@" --seconds $((seconds + 3))
}

for kernel in "${kernels[@]}"; do
	case $swept in
	quick)	quick "$kernel" ;;
	truth)	every "$kernel" truth '.*' 2 ;;
	legal)	every "$kernel" legal "$(sound "$kernel")" 1 -n "${UFFD_RACE_RUNS:-10}" ;;
	esac
done
done_testing
