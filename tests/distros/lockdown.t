#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Under lockdown an unsigned module is not loaded. One that is there already goes
# on: it convicts and clears, and what can still be read tells so.
# shellcheck disable=SC2016,SC2154
. "$(dirname "$0")/../lib.sh"

# locked_down NAME KERNEL PARAMS STRESSOR-OPTION…: both levels in one guest, as
# there is no way back
locked_down() {
	local name=$1 kernel=$2 params=$3

	shift 3
	guest "$name" "$kernel" -p "$params" -m 3072 -t 400 -- sh -ec '
		dir=/sys/kernel/debug/uffd_race
		level=/sys/kernel/security/lockdown
		for to in integrity confidentiality; do
			echo $to >$level
			grep -q "\[$to\]" $level
			stress --expect any "$@" | grep "^# wrong_events"
			echo "== $to"
			cat $dir/counters $dir/verdict $dir/probes
			! (echo 1 >$dir/reset) 2>/dev/null || echo "reset is open"
		done
		echo end' sh "$@"
}

# level NAME LEVEL: what was read there
level() {
	awk -v level="$2" '$1 == "==" { on = $2 == level } on' "$work/$1" >"$work/level"
	[[ -s $work/level ]]
}

both() {
	local name=$1 to

	ok "$name: both levels were reached" grep -qx end "$work/$name" || return
	ok "$name: reset is closed" eval '! grep -q "reset is open" "$work/$name"'
	for to in integrity confidentiality; do
		ok "$name, $to: counters, verdict and probes can be read" level "$name" "$to"
		ok "$name, $to: the books balance" books_balance "$work/level"
		ok "$name, $to: $2" eval "$3"
	done
}

if locked_down vulnerable 5.10 armed=1 --writer migrate --seconds 20 --until-wrong 20; then
	both vulnerable "convicted" \
		'grep -q "^hugetlb.missing VULNERABLE" "$work/level"'
	seen=$(awk '$1 == "hugetlb_missing_bogus" { print $2 }' "$work/vulnerable" | sort -nu | wc -l)
	ok "vulnerable: more convictions under confidentiality" test "$seen" = 2
fi
if locked_down sound 6.1 'armed=1 watch_auto=1 stall_us=200' --writer migrate --seconds 4; then
	both sound "not accused" 'grep -qE "^hugetlb.missing (PROTECTED|INCONCLUSIVE) .*bogus=0" "$work/level"'
	diag "$(grep '^hugetlb\.missing' "$work/sound")"
fi

for how in lockdown=integrity module.sig_enforce=1; do
	guest "$how" 6.1 -N -c 1 -n 1 -m 256 --append "$how" -- \
		sh -c '! insmod uffd_race.ko 2>/dev/null && echo refused'
	ok "$how: an unsigned module is refused" grep -qx refused "$work/$how"
done
done_testing
