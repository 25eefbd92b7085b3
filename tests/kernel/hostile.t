#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Small programs that a detector may take for proof of a bug, or be blinded by
# (hostile --help): nobody is accused, and nobody is kept from being judged.
#
#   UFFD_RACE_KERNELS   which kernels (5.10 6.1 6.12 7.3)
#   UFFD_RACE_ROUNDS    how often the module comes and goes amid churn (10; 0: that
#                       part is left out)
. "$(dirname "$0")/../lib.sh"

kernels=${UFFD_RACE_KERNELS:-5.10 6.1 6.12 7.3}
rounds=${UFFD_RACE_ROUNDS:-10}
modes='zero zeroshm move guard retry hshare hsplit forkkill usermode apichild scm
	spoil keepopen sleepers blockers'
crowds='spoil keepopen sleepers blockers'

cat >"$work/all" <<'EOT'
#!/bin/sh
# usage: crowds=MODES all MODE…: each from zeroed books. Parts of the output begin with "=== MODE".
dir=/sys/kernel/debug/uffd_race

run() {
	echo "=== $1"
	echo 1 >$dir/reset
	start=$(date +%s)
	./hostile "$1"
	echo "status $?"
	echo "took $(($(date +%s) - start))"
	usleep 100000
	[ "$1" != collapse ] || sleep 2		# look_ms=1000
	cat $dir/counters
	sed 's/^/verdict /' $dir/verdict
}

# crowd MODE: of the wrong events that the stressor gets beside that, how many are
# known as such?
crowd() {
	echo "=== crowd-$1"
	wrong="judge -u shmem_missing_bogus -r 3 --path shmem-private-missing
		--writer migrate --seconds 3"
	if [ $1 = nobody ]; then
		$wrong
	else
		./hostile "$1" $wrong
	fi
	echo "status $?"
}

insmod ./uffd_race.ko armed=1 || exit
for mode; do
	run $mode
done
case $(uname -r) in
6.1.*)	for mode in nobody $crowds; do
		crowd $mode
	done ;;
esac
rmmod uffd_race
# A look that comes late meets what was mapped after the event
insmod ./uffd_race.ko armed=1 look_ms=200 || exit
run flipzero
run flipunreg
run insider
rmmod uffd_race
insmod ./uffd_race.ko armed=1 look_ms=1000 || exit
run collapse
rmmod uffd_race
EOT

cat >"$work/race" <<'EOT'
#!/bin/sh
# usage: race ROUNDS: insmod and rmmod beside processes that open, register,
# fault, fork and die; every second time with armed=1
dir=/sys/kernel/debug/uffd_race

idle() {
	! grep -q '^handle_mm_fault  *entry  *\(ftrace\|int3\)' $dir/probes
}

# wait_idle NAME: prints how it is in the end; 8 s are enough
wait_idle() {
	tries=0
	until idle; do
		tries=$((tries + 1))
		[ $tries -lt 80 ] || { echo "$1 0"; return; }
		usleep 100000
	done
	echo "$1 1"
}

churn() {
	./hostile churn >churned &
	churn=$!
}

end_churn() {
	kill -TERM $churn
	wait $churn
	sed "s/^/$1_/" churned
}

echo "=== overflow"
insmod ./uffd_race.ko ctxs=16 armed=0 || exit
./hostile overflow
echo "status $?"
wait_idle idle
cat $dir/counters
rmmod uffd_race || exit

echo "=== idle"
for i in 1 2; do
	churn
	usleep 300000
	insmod ./uffd_race.ko armed=0 || exit
	usleep 500000
	end_churn idle
	cat $dir/counters
	wait_idle idle_$i
	rmmod uffd_race || exit
done

echo "=== race"
churn
i=0
while [ $i -lt "$1" ]; do
	insmod ./uffd_race.ko armed=$((i % 2)) || exit
	usleep $((i % 5 * 40000))
	cat $dir/counters >/dev/null
	rmmod uffd_race || exit
	i=$((i + 1))
	echo "rounds $i"
done
end_churn race
[ ! -e $dir ] && echo "debugfs_clean 1"
grep -c . /sys/kernel/debug/kprobes/list | sed 's/^/kprobes_left /'
exit 0
EOT

# part FILE NAME: of a guest's output, as a file
part() {
	awk -v want="=== $2" '/^=== / { on = $0 == want; next } on' "$1" >"$1-$2"
	echo "$1-$2"
}

# total FILE PATTERN: of the counters that match
total() {
	awk -v re="^($2)\$" '$1 ~ re { n += $2 } END { print n + 0 }' "$1"
}

# judged WHAT FILE PREFIX PERCENT: of its events so many have a verdict that says
# something, or more
judged() {
	local all sure
	all=$(value "$2" "$3_events")
	sure=$(total "$2" "$3_(genuine|stale)")
	ok "$1: $sure of $all events are judged (undecided: $(reasons "$2"))" \
		test "$all" -gt 0 -a $((sure * 100)) -ge $((all * $4))
}

reasons() {
	awk '/^undecided_[a-z_]+ [1-9]/ { out = out " " substr($1, 11) "=" $2 }
		END { print out ? substr(out, 2) : "none" }' "$1"
}

# What some modes ask for beyond bogus = 0
answer() {
	local mode=$1 what=$2 f=$3

	case $mode in
	forkkill)
		ok "$what: the module saw each event that was read" test \
			"$(value "$f" events)" = "$(value "$f" anon_missing_events)"
		judged "$what" "$f" anon_missing 100 ;;
	insider)
		ok "$what: what is opened once they have left is judged" test \
			"$(value "$f" later)" = "$(value "$f" anon_missing_genuine)" ;;
	usermode)
		ok "$what: what raises nothing is no event ($(value "$f" efault) kernel-mode faults)" \
			test "$(value "$f" anon_missing_events)" = "$(value "$f" events)" ;;
	apichild|scm)
		ok "$what: the module saw each event that was read" test \
			"$(value "$f" events)" = "$(value "$f" anon_missing_events)"
		judged "$what" "$f" anon_missing 50 ;;
	spoil|keepopen|sleepers|blockers)
		ok "$what: the module saw the victim's events" test \
			"$(value "$f" victim_events)" = "$(value "$f" victim_read)"
		judged "$what" "$f" victim 95 ;;
	esac
}

check_mode() {
	local kernel=$1 mode=$2 f what why

	what="$kernel, $mode"
	f=$(part "$work/hostile-$kernel" "$mode")
	why=$(sed -n 's/^skip //p' "$f")
	if [[ $why ]]; then
		skip "$what" "$why"
		return
	fi
	ok "$what: it ran ($(sed '/^status/,$d' "$f" | paste -sd' '))" \
		grep -qx 'status 0' "$f" || return
	ok "$what: bogus = 0 of $(total "$f" '[a-z]+_(missing|minor)_events') events" \
		test "$(total "$f" '[a-z]+_(missing|minor)_bogus')" = 0
	ok "$what: no verdict says VULNERABLE" \
		test "$(grep -c '^verdict .*VULNERABLE' "$f")" = 0
	ok "$what: the books balance" books_balance "$f"
	answer "$mode" "$what" "$f"
}

hostile() {
	local kernel=$1 mode

	# shellcheck disable=SC2086
	guest "hostile-$kernel" "$kernel" -N -t 180 -a "$work/all" \
		-a "$top/tests/guest/hostile" -- \
		env crowds="$crowds" sh all $modes || return
	for mode in $modes flipzero flipunreg insider collapse; do
		check_mode "$kernel" "$mode"
	done
	[[ $kernel != 6.1 ]] || check_crowds "$kernel"
}

# share FILE: per cent of the wrong events that user space got; more were raised
share() {
	local bogus wrong

	bogus=$(value "$1" shmem_missing_bogus) wrong=$(value "$1" all_wrong_events)
	((bogus < wrong)) || bogus=$wrong
	echo $((wrong ? bogus * 100 / wrong : 0))
}

check_crowds() {
	local f mode what alone wrong

	alone=$(share "$(part "$work/hostile-$1" crowd-nobody)")
	for mode in $crowds; do
		f=$(part "$work/hostile-$1" "crowd-$mode")
		what="$1, the stressor beside $mode"
		wrong=$(value "$f" all_wrong_events)
		if ((wrong < 20)); then
			skip "$what" "only $wrong wrong events$(sed -n 's/^skip /: /p' "$f")"
			continue
		fi
		ok "$what: $(share "$f") % of $wrong wrong events are bogus, $alone % without" \
			test "$(share "$f")" -ge $((alone - 5))
	done
}

# Hooks are switched here, see tests/vm/run --help
race() {
	local kernel=$1 f i

	guest "race-$kernel" "$kernel" -N --one-thread -t $((150 + rounds * 8)) \
		-a "$work/race" -a "$top/tests/guest/hostile" -- sh race "$rounds"
	f=$(part "$work/race-$kernel" overflow)
	ok "$kernel, overflow: there were more than fit" test "$(value "$f" full_ctxs_seen)" -gt 0
	ok "$kernel, overflow: the hooks on page faults go, once all are closed" \
		test "$(value "$f" idle)" = 1
	f=$(part "$work/race-$kernel" idle)
	for i in 1 2; do
		ok "$kernel: loaded amid churn, the hooks on page faults go with it ($i)" \
			test "$(value "$f" "idle_$i")" = 1
	done
	ok "$kernel: bogus = 0 of $(total "$f" '[a-z]+_(missing|minor)_events') events amid churn" \
		test "$(total "$f" '[a-z]+_(missing|minor)_bogus')" = 0
	f=$(part "$work/race-$kernel" race)
	ok "$kernel: $(value "$f" rounds) times in and out amid $(value "$f" race_lives) lives" \
		test "$(value "$f" rounds)" = "$rounds" -a "$(value "$f" race_events)" -gt 0
	ok "$kernel: debugfs is clean" test "$(value "$f" debugfs_clean)" = 1
	ok "$kernel: no kprobe is left" test "$(value "$f" kprobes_left)" = 0
}

make -s -C "$top/tests/stress" && make -s -C "$top/tests/guest" || exit
for kernel in $kernels; do
	hostile "$kernel"
done
for kernel in $kernels; do
	((rounds)) || break
	[[ $kernel != 5.10 && $kernel != 7.3 ]] || race "$kernel"
done
done_testing
