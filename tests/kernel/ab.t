#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# One kernel with and without the race, by switches (tests/kernels): the module convicts
# where it is, and says PROTECTED where the same code looks twice. With stalls. User
# space's own count says the same.
#
#   UFFD_RACE_AB_KERNELS   which (ab; ab-7.3 takes a root of Debian 13 to build)
#   UFFD_RACE_RUNS         runs of each row (1)
. "$(dirname "$0")/../lib.sh"

read -ra kernels <<<"${UFFD_RACE_AB_KERNELS:-ab}"
runs=${UFFD_RACE_RUNS:-1}
rounds=12

# The tables: WANT SWITCHES LINE PATH WRITER OPTION…. Write protection of private
# hugetlb is hidden by a lock: then there are no wrong events, and no proof either.
rows() {
	local few='--pages 4 --readers 3' two='--pages 2'
	local missing='hugetlb.missing hugetlb-private-missing'
	local minor='hugetlb.minor hugetlb-shared-minor'

	cat <<-EOT
	convicted hugetlb_racy $missing migrate $few
	protected - $missing migrate $few
	convicted hugetlb_racy,hugetlb_unlocked $missing wp $few
	protected hugetlb_unlocked $missing wp $few
	hidden hugetlb_racy $missing wp $few
	convicted hugetlb_racy $minor migrate $few
	protected - $minor migrate $few
	EOT
	# An event that was not raised is MISSING to the module where both may be
	while read -r line path writer; do
		echo "convicted - $line $path $writer $two"
		[[ $path != *-both ]] || line=shmem.missing
		echo "protected shmem_recheck $line $path $writer $two"
	done <<-EOT
	shmem.missing shmem-private-missing migrate
	shmem.missing shmem-private-missing wp
	shmem.minor shmem-private-minor wp
	shmem.minor shmem-shared-minor wp
	shmem.minor shmem-shared-both wp
	EOT
}

# summary FILE: a line for each row and run: WANT ROW… and the figures as NAME=VALUE
summary() {
	awk '
	function flush() {
		if (row == "") return
		delivered = v["bogus_delivered"] + v["undecided_delivered"]
		printf "%s %s", want, row
		printf " rounds=%d wrong=%d bogus=%d legal=%d undecided=%d delivered=%d", v["rounds"], v["wrong"],
			v["bogus"], v["genuine"] + v["stale"], v["undecided"], delivered
		printf " exposures=%d first_ms=%d verdict=%s\n", v["exposures"],
			v["first_wrong_ms"], v["verdict"]
		delete v
	}
	/^row / { flush(); want = $2; row = $3 "/" $4 "/" $5; next }
	/^:/ { next }
	{ v[$1] = $2 }
	END { flush() }' "$1"
}

# fits WANT: of the summaries on stdin, those that do not fit are told. What user space
# has received is what the module says was delivered, and none of it was legal.
fits() {
	# shellcheck disable=SC2317 # called by ok
	awk -v want="$1" '
	{ for (i = 3; i <= NF; i++) { split($i, kv, "="); v[kv[1]] = kv[2] } n++ }
	{ good = v["legal"] == 0 && v["wrong"] == v["delivered"] }
	want == "convicted" { good = good && v["wrong"] && v["bogus"] && v["verdict"] == "VULNERABLE" }
	want == "protected" { good = good && !v["wrong"] && !v["bogus"] && v["verdict"] == "PROTECTED" }
	want == "hidden" { good = good && !v["wrong"] && !v["bogus"] && v["verdict"] != "PROTECTED" }
	!good { print "# " $0; bad = 1 }
	END { exit bad || !n }'
}

median() {
	sed -n "s/.* $1=\([0-9]*\).*/\1/p" | sort -n | awk '{ v[NR] = $1 }
		END { print NR ? v[int((NR + 1) / 2)] " (" v[1] " to " v[NR] ")" : "none" }'
}

ab() {
	local f=$work/ab-$1 want row name

	guest "ab-$1" "$1" -m 3072 -t $((120 + runs * 480)) \
		-p "watch_auto=3 stall_us=500 stall_percent=30" -a "$top/tests/guest/ab" \
		-a "$work/rows" -- ab rows "$runs" "$rounds" || return
	summary "$f" >"$f.rows"
	while read -r want row; do
		grep -F "$want $row " "$f.rows" >"$work/one"
		ok "$1: $row: $want, $(wc -l <"$work/one") of $runs" fits "$want" <"$work/one" ||
			awk -v row="$want ${row//\// } " '/^row / { mine = index($0, row) }
				mine && /^:/ { print "# " $0 }' "$f"
		for name in wrong bogus undecided exposures rounds first_ms; do
			echo "$name $(median $name <"$work/one")"
		done | paste -sd, | sed 's/^/#   /'
	done < <(cut -d ' ' -f 1,2 "$f.rows" | sort -u)
	ok "$1: all rows ran, $runs times" test "$(wc -l <"$f.rows")" = $(($(wc -l <"$work/rows") * runs))
}

# told NAME STORY: that value
told() {
	awk -v story="story $2" -v name="$1" '/^story / { mine = $0 == story }
		mine && $1 == name { print $2 }' "$f"
}

# What it does to users: docs/shmem-race.md
stories() {
	local f=$work/story-$1

	guest "story-$1" "$1" -m 3072 -t 400 -p "watch_auto=3 stall_us=500 stall_percent=30" \
		-a "$work/race" -a "$top/tests/guest/story" -- story 8 || return
	diag "$(paste -sd' ' "$f" | sed 's/ story/\nstory/g')"
	ok "$1: hugetlb: write protection, and MISSING by a write on what UFFDIO_COPY installed" \
		test "$(told writes 'hugetlb racy')" -gt 0 -a "$(told bogus 'hugetlb racy')" -gt 0
	ok "$1: with the fix: silence" test "$(told wrong 'hugetlb fixed')" = 0 -a \
		"$(told bogus 'hugetlb fixed')" = 0
	ok "$1: shmem: an EEXIST that wakes nobody leaves threads asleep" \
		test "$(told asleep 'shmem racy')" -gt 0 -a "$(told bogus 'shmem racy')" -gt 0
	ok "$1: with the fix: none" test "$(told wrong 'shmem fixed')" = 0 -a \
		"$(told bogus 'shmem fixed')" = 0
}

# has KERNEL: what cannot be fetched is skipped, what does not build is a failure
has() {
	local status=0

	"$top/tests/kernels/build" "$1" >"$work/built" 2>"$work/err" || status=$?
	((status == 0)) || diag "$(tail -n 40 "$work/err")"
	if ((status == 125)); then
		skip "$1" "$(tail -n 1 "$work/err")"
		return 1
	fi
	ok "$1 is built$(sed -n 's/.*took/, in/p' "$work/err")" test $status = 0
}

if ! "${CC:-cc}" -static -O2 -pthread -o "$work/race" "$top/tests/guest/race.c" 2>"$work/cc"; then
	skip "all of it" "$(head -1 "$work/cc")"
	done_testing
fi
rows >"$work/rows"
for kernel in "${kernels[@]}"; do
	has "$kernel" || continue
	ab "$kernel"
	stories "$kernel"
done
done_testing
