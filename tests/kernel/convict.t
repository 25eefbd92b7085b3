#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# With stalls, every vulnerable path is convicted at once, and sound ones are
# exposed: what makes VULNERABLE certain, and PROTECTED mean something.
#
#   UFFD_RACE_CONVICT_KERNELS   which kernels (all four)
#   UFFD_RACE_RUNS              runs of each path (3). With 20 or more each has to
#                               convict within 2 s, and to expose 20 times in 5 s;
#                               with less, for busy machines, at all
. "$(dirname "$0")/../lib.sh"

read -ra kernels <<<"${UFFD_RACE_CONVICT_KERNELS:-5.10 6.1 6.12 7.3}"
runs=${UFFD_RACE_RUNS:-3}
limit=20
if ((runs >= 20)); then
	most_ms=2000 least=20 exposing=5
else
	most_ms=$((limit * 1000)) least=1 exposing=1
fi

# What is there in each kernel, and the writer that shows it fastest
rows() {
	local wp='--writer wp --pages 2' move='--writer migrate --pages 2'
	# Faults wait for whoever changes the protection, and read then
	local huge='--writer migrate --pages 4 --readers 3'

	if [[ $1 = 5.10 ]]; then
		echo "convict $runs hugetlb-private-missing hugetlb_missing $move --readers 1"
		echo "convict $runs shmem-private-missing shmem_missing $move"
	else
		echo "convict $runs shmem-private-missing shmem_missing $wp"
		echo "convict $runs shmem-private-minor shmem_minor $wp"
		echo "convict $runs shmem-shared-minor shmem_minor $wp"
		echo "convict $runs shmem-shared-both shmem_minor $wp"
		echo "expose $exposing hugetlb-private-missing hugetlb_missing $huge"
		echo "expose $exposing hugetlb-shared-minor hugetlb_minor $huge"
	fi
	echo "expose $exposing anon-missing anon_missing $wp --readers 2"
}

# column FILE WHAT PATH N: the values of that column, sorted
column() {
	awk -v what="$2" -v path="$3" -v n="$4" \
		'$1 == what && $2 == path { print $n }' "$1" | sort -n
}

convicted() {
	local what="$1: $3 is convicted" ms

	mapfile -t ms < <(column "$2" convicted "$3" 3)
	if ! ok "$what in $runs runs of $runs" test "${#ms[@]}" = "$runs" -a \
		"$(grep -c never <<<"${ms[*]}")" = 0; then
		grep -B100 "^convicted $3 never" "$2" | sed 's/^/# /'
		return
	fi
	diag "$1: $3: median ${ms[(runs - 1) / 2]} ms, worst ${ms[runs - 1]} ms, n=$runs"
	ok "$what within $most_ms ms" test "${ms[runs - 1]}" -le "$most_ms"
}

exposed() {
	local n bogus

	mapfile -t n < <(column "$2" exposed "$3" 3)
	bogus=$(column "$2" exposed "$3" 4 | tail -1)
	diag "$1: $3: exposures in 5 s: median ${n[(exposing - 1) / 2]:-}, least ${n[0]:-}, n=$exposing"
	ok "$1: $3 is sound: bogus = 0" test "${bogus:-none}" = 0
	ok "$1: $3 is exposed at least $least times in 5 s" test "${n[0]:-0}" -ge "$least"
}

if ! "${CC:-cc}" -static -O1 -o "$work/target" "$top/tests/guest/target.c" 2>"$work/cc"; then
	skip "all of it" "$(head -1 "$work/cc")"
	done_testing
fi
for kernel in "${kernels[@]}"; do
	rows "$kernel" >"$work/rows"
	guest "convict-$kernel" "$kernel" -m 3072 -t $((300 + runs * 120)) \
		-p "armed=1 watch_auto=3 stall_us=500 stall_percent=30" -a "$work/target" \
		-a "$top/tests/guest/convict" -a "$work/rows" -- \
		convict rows "$limit" || continue
	while read -r what _ path _; do
		case $what in
		convict) convicted "$kernel" "$work/convict-$kernel" "$path" ;;
		expose)	exposed "$kernel" "$work/convict-$kernel" "$path" ;;
		esac
	done <"$work/rows"
done
done_testing
