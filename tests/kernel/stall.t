#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Breakpoints on ptes: what they see, what they hold, what they refuse, and
# that none is left behind.
. "$(dirname "$0")/../lib.sh"

kernels=${UFFD_RACE_STALL_KERNELS:-5.10 6.1}

is() {
	ok "$kernel: $1 is $2" test "$(value "$f" "$1")" = "$2"
}

says() {
	ok "$kernel: $1" grep -qFx "$2" "$f"
}

# Armed all the time: QEMU 7.2 with a thread a vCPU may jump to 0 where code is
# switched under load (its own kprobe_events do the same, without the module).
watcher() {
	f=$work/watch-$1-$kernel
	guest "watch-$1-$kernel" "$kernel" -p armed=1 -a "$work/target" \
		-a "$top/tests/guest/watch.sh" -t 300 -- sh watch.sh "$1"
}

manual() {
	watcher manual || return
	is placed 1
	# Each protection change clears the pte and sets it again
	is seen 20
	is none 10
	is to_none 10
	is from_none 10
	ok "$kernel: each transition names its writer and the address" \
		test "$(value "$f" named)" = 20
	ok "$kernel: each has the writer's stack" test "$(value "$f" stacks)" = 20
	is own_frames 0
	is unasked_stalls 0
	is seen_after_drop 21
	is placed_after_off 0
	ok "$kernel: a watch that is off sees nothing" test "$(value "$f" kept)" = 21
	ok "$kernel: writers are held" test "$(value "$f" stalls)" -gt 0
	ok "$kernel: not more than the budget allows" test "$(value "$f" throttled)" -gt 0
	ok "$kernel: transitions tell how long" test "$(value "$f" held)" -gt 0
	for how in exit unregister unmap close; do
		says "the watch is given back on $how" "released $how"
	done
}

# The errno of everything that may be wrong
table='
no_process	No such process
kernel_thread	No such process
plain_memory	No such file or directory
no_memory	No such file or directory
hole	No such device or address
kernel_address	Bad address
noncanonical	Bad address
twice	File exists
empty	Invalid argument
blanks	Invalid argument
garbage	Invalid argument
pid_only	Invalid argument
pid_zero	Invalid argument
pid_negative	Invalid argument
pid_large	Numerical result out of range
pid_hex	Invalid argument
addr_large	Numerical result out of range
addr_garbage	Invalid argument
addr_empty	Invalid argument
option	Invalid argument
stall_empty	Invalid argument
stall_large	Numerical result out of range
stall_negative	Invalid argument
stall_huge	Numerical result out of range
trailing	Invalid argument
two_lines	Invalid argument
off_more	Invalid argument
too_long	Argument list too long
megabyte	Argument list too long
too_many	No space left on device
all_in_use	No space left on device'

bad_input() {
	local what why

	watcher bad || return
	while IFS=$'\t' read -r what why; do
		[[ ! $what ]] || says "$what: $why, said in dmesg, nothing changed" \
			"refused $what: $why, logged, unchanged"
	done <<<"$table"
	is placed 4
	is placed_after_perf 1
	ok "$kernel: no bad parameter is taken" \
		test "$(grep -c '^parameter_refused' "$f")" = 9
}

automatic() {
	watcher automatic || return
	is auto_placed 3
	ok "$kernel: perf gets its breakpoints, one after the other" \
		test "$(value "$f" perf_users)" = 4
	is manual_placed 1
	says "one breakpoint stays free, with a manual watch as well" \
		"all_placed 3, manual 1"
	says "automatic watches are given back on exit" "auto_released exit"
}

locked() {
	watcher locked || return
	says "locked down: no watch by hand" \
		"refused locked: Operation not permitted, unchanged"
	says "locked down: automatic ones work, and can be read" \
		"locked_transitions yes"
}

harsh() {
	watcher harsh || return
	is answer ok
	ok "$kernel: 1 ms at a time, half of the time: no watchdog bites" \
		test "$(value "$f" stalls)" -gt 0
}

# A zap is held, too: its window is none
holes() {
	local n

	[[ $kernel != 5.10 ]] || return	# no MINOR events of hugetlb
	watcher holes || return
	for n in none stalls punched; do
		ok "$kernel: a page goes and comes back, watched ($n)" \
			test "$(value "$f" $n)" -gt 10
	done
	is hugetlb_minor_exposures 0
	is hugetlb_minor_bogus 0
	ok "$kernel: and the books balance" books_balance "$f"
}

cat >"$work/churn" <<'EOT'
left() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 2
	awk '/^SUnreclaim|^Percpu|^VmallocUsed/ { n += $2 }
		END { print "'"$1"'_kb", n }' /proc/meminfo
	for slab in mm_struct pid; do
		echo 1 >/sys/kernel/slab/$slab/shrink
		sed "s/ .*//; s/^/$1_$slab /" /sys/kernel/slab/$slab/objects
	done
}
insmod ./uffd_race.ko armed=1
./target churn 200 >/dev/null
rmmod uffd_race
left before
insmod ./uffd_race.ko armed=1
./target churn ${1:-1000}
echo "status $?"
cat /sys/kernel/debug/uffd_race/watches | wc -l | sed 's/^/lines_left /'
rmmod uffd_race && echo "removed yes"
left after
mkfifo in
./target <in >out &
exec 3>in
echo perf 4 >&3
until grep -q -E 'ok|errno' out; do sleep 0.1; done
sed -n 's/^ok/breakpoints free/p' out
EOT

# no_leak WHAT SOME: there is not more of it than before, but for noise
no_leak() {
	local before after

	before=$(value "$f" "before_${1,,}") after=$(value "$f" "after_${1,,}")
	ok "$kernel: no leak ($1: $before to $after)" \
		test "$before" -gt 0 -a $((after - before)) -lt "$2"
}

churn() {
	f=$work/watch-churn-$kernel
	guest "watch-churn-$kernel" "$kernel" -N -a "$work/target" \
		-a "$work/churn" -t 600 -- sh churn || return
	diag "$(grep -E '^(placed|removed|errno)' "$f" | paste -sd' ')"
	ok "$kernel: 1000 watches placed by 8 writers while their targets exit" \
		test "$(value "$f" placed)" -ge 1000
	is status 0
	is lines_left 1
	is removed yes
	no_leak kB 1024
	no_leak mm_struct 100
	no_leak pid 100
	is breakpoints free
}

if ! "${CC:-cc}" -static -O1 -o "$work/target" "$top/tests/guest/target.c" 2>"$work/cc"; then
	skip "all of it" "$(head -1 "$work/cc")"
	done_testing
fi
for kernel in $kernels; do
	manual
	bad_input
	automatic
	locked
	harsh
	holes
	churn
done
done_testing
