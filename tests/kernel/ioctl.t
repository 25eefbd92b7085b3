#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The ioctls: who resolves, through which userfaultfd, and how it ends.
# Every page may be missing rightly here, and no path is one that races.
. "$(dirname "$0")/../lib.sh"

kernel=${UFFD_RACE_KERNEL:-6.12}
dir=/sys/kernel/debug/uffd_race
base='--expect any --mode legal --writer none --seconds 2'
runs=(
	"plain --path anon-missing"
	"other-process --path anon-missing --resolver-process"
	"second-userfaultfd --path anon-missing --second-uffd"
	"many-messages --path anon-missing --read-batch 64 --readers 8"
	"forks --path anon-missing --fork"
	"traced --path anon-missing --seconds 1"
	"holes --path shmem-shared-both --punch --readers 1 --resolvers 1"
)
# What user space must count before a run says anything, in up to ten rounds
needed() {
	case $1 in
	holes)	echo continue_efault ;;
	forks)	echo child_events ;;
	*)	echo copy_eexist ;;
	esac
}

prefix() {
	[[ $1 != traced ]] || echo traced
}

# section NAME: what was printed of that run
section() {
	awk -v name="$1" '/^=== / { on = $2 == name; next } on' "$work/all" \
		>"$work/$1"
	echo "$work/$1"
}

# in_table FILE IOCTL OUTCOME: a cell of the file "ioctls"
in_table() {
	awk -v row="$2" -v column="$3" '
		$1 == "ioctl" { for (i = 2; i <= NF; i++) if ($i == column) c = i }
		$1 == row { print $c }' "$1"
}

same() {
	[[ $1 = "$2" && $1 ]]
}

script=
for run in "${runs[@]}"; do
	script+="echo === ${run%% *}
		for round in 1 2 3 4 5 6 7 8 9 10; do
			echo 1 >$dir/reset
			$(prefix "${run%% *}") ./stress $base ${run#* } >out || exit
			grep -q '^# $(needed "${run%% *}") [1-9]' out && break
		done
		cat out $dir/counters $dir/ioctls
		"
done
guest all "$kernel" -t 240 -a "$top/tests/guest/traced" -- sh -c "$script" || done_testing

for run in "${runs[@]}"; do
	name=${run%% *}
	f=$(section "$name")
	diag "$name: resolve_raced=$(value "$f" resolve_raced)" \
		"$(grep -E '^undecided_[a-z_]* [1-9]' "$f" | tr '\n' ' ')"
	ok "$name: the books balance" books_balance "$f"
	ok "$name: bogus = 0" test "$(grep -cE '^[a-z]+_(missing|minor)_bogus [1-9]' "$f")" = 0
	ok "$name: there were genuine events" \
		grep -qE '^[a-z]+_(missing|minor)_genuine [1-9]' "$f"
	ok "$name: every install is safe from reclaim" \
		test "$(value "$f" install_clean)" = 0
	# Beside forks the page of a message may be on its way to a copy of its own
	most=0
	[[ $name != forks ]] || most=3
	ok "$name: no message was left unread by us" \
		test "$(value "$f" delivered_unseen)" -le "$most"
done

f=$(section plain)
ok "EEXIST in the table is what user space got" \
	same "$(in_table "$f" COPY EEXIST)" "$(value "$f" copy_eexist)"
ok "resolvers that race each other are told from the kernel's bug" \
	test "$(value "$f" resolve_raced)" -gt 0 -a "$(value "$f" resolve_raced_bogus)" = 0
f=$(section forks)
ok "a child's userfaultfd has events of its own, which are judged" \
	test "$(value "$f" child_events)" -gt 0 -a \
	"$(value "$f" undecided_unknown_ctx)" = 0
f=$(section traced)
ok "the tracepoint of events fires once for each" \
	same "$(value "$f" uffd_race_event_missing)" "$(value "$f" anon_missing_events)"
ok "the tracepoint of ioctls fires once for each" \
	same "$(value "$f" uffd_race_ioctl_COPY_0)" "$(in_table "$f" COPY ok)"
f=$(section holes)
ok "user space met a CONTINUE that a hole stopped" \
	test "$(value "$f" continue_efault)" -gt 0
ok "EFAULT in the table is what user space got" \
	same "$(in_table "$f" CONTINUE EFAULT)" "$(value "$f" continue_efault)"
ok "CONTINUE after a hole was punched is known as such" \
	test "$(value "$f" continue_hole_punched)" -gt 0
done_testing
