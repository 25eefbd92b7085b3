#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The innocent world: whatever user space does, one operation at a time, no event
# is wrong, on any kernel, and the module must not say that one was.
#
#   UFFD_RACE_KERNELS   which kernels (5.10 6.1 6.12 7.3)
#   UFFD_RACE_SECONDS   how long on each (15); 1800 for a release
#   UFFD_RACE_SEED      the first program's (the day's)
. "$(dirname "$0")/../lib.sh"

read -ra kernels <<<"${UFFD_RACE_KERNELS:-5.10 6.1 6.12 7.3}"
seconds=${UFFD_RACE_SECONDS:-15}
# shellcheck disable=SC2017 # the day
seed=${UFFD_RACE_SEED:-$(($(date +%s) / 86400 * 1000000))}
fuzz=$top/tests/fuzz/innocent

# often FILE: operations of which at least a fifth of the events were undecided
often() {
	awk 'NF == 7 && $5 >= 1000 && $6 * 5 >= $5 { print $1 }' "$1"
}

# rare FILE: operations that were tried less than a thousand times
rare() {
	awk 'NF == 7 && $2 ~ /^[0-9]+$/ && $2 < 1000 { print $1 }' "$1"
}

# What has been found so far, and then what chance brings
# shellcheck disable=SC2016 # expanded in there
script='while read -r name program; do
		echo "=== $name"
		./innocent --replay "$program" >out || { cat out; bad=1; }
	done <corpus
	./innocent "$@" && exit $bad'

innocent() {
	local kernel=$1 f=$work/innocent-$1 events undecided percent=5

	guest "innocent-$kernel" "$kernel" --swap 128 -t $((seconds * 3 + 300)) \
		-a "$fuzz/innocent" -a "$fuzz/corpus" -- \
		sh -c "$script" sh --seed "$seed" --seconds "$seconds"
	events=$(value "$f" events) undecided=$(value "$f" undecided)
	events=$((events - $(value "$f" hurried)))
	undecided=$((undecided - $(value "$f" hurried_undecided)))
	diag "$kernel: $(value "$f" programs) programs from seed $seed," \
		"$(value "$f" operations) operations, $(value "$f" events) events," \
		"$undecided of $events undecided, $(value "$f" hurried_undecided) of" \
		"$(value "$f" hurried) in a hurry"
	ok "$kernel: there were events, and user space has read them" \
		test "$(value "$f" events_read)" -gt $((seconds * 3))
	ok "$kernel: bogus = 0" grep -qx 'bogus 0' "$f"
	ok "$kernel: no program has failed" grep -qx 'failures 0' "$f"
	((seconds < 1800)) || percent=2
	ok "$kernel: less than $percent % are undecided" \
		test $((undecided * 100)) -lt $((events * percent))
	((seconds >= 1800)) || return
	ok "$kernel: no operation leaves a fifth undecided" test -z "$(often "$f")"
	ok "$kernel: each operation a thousand times" test -z "$(rare "$f")"
}

make -s -C "$top/tests/stress" && make -s -C "$fuzz" || exit
for kernel in "${kernels[@]}"; do
	innocent "$kernel"
done
done_testing
