#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Runs in a guest, with the module loaded. Puts watches on a target that does
# what it is told, and says what comes of it: "name value".
#
# usage: watch.sh manual | bad | automatic | harsh | locked | holes
dir=/sys/kernel/debug/uffd_race

# target: sets pid, page, hole, plain; commands by tell
target() {
	rm -f in out
	mkfifo in out
	./target <in >out &
	exec 3>in 4<out
	read -r pid page hole plain <&4
	read -r answer <&4
	[ "$answer" = ready ] || exit 1
}

tell() {
	echo "$*" >&3
	read -r answer <&4
}

gone() {
	echo exit >&3
	exec 3>&- 4<&-
	wait
}

watch() {
	echo "$*" >$dir/watch
}

placed() {
	grep -c -E ' (live|stale) ' $dir/watches
}

# column NAME: of the first watch
column() {
	awk -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) n = i }
		NR == 2 { v = $n } END { print v == "" ? "none" : v }' $dir/watches
}

# until_placed N: waits, for as long as it takes; the guest has a time limit
until_placed() {
	while [ "$(placed)" != "$1" ]; do
		sleep 0.1
	done
}

manual() {
	target
	watch "$pid $page" && echo "placed $(placed)"
	tell toggle 5
	echo "answer $answer"
	echo "seen $(column seen)"
	echo "none $(column none)"
	echo "unasked_stalls $(column stalls)"
	grep -c -- '-> 0x0 none$' $dir/transitions | sed 's/^/to_none /'
	grep -c '0x0 -> 0x[1-9a-f]' $dir/transitions | sed 's/^/from_none /'
	grep -v '^  ' $dir/transitions | grep -c " target/$pid pid $pid address 0x$page:" |
		sed 's/^/named /'
	grep -c '^  mprotect_fixup' $dir/transitions | sed 's/^/stacks /'
	grep -c 'watch_on_write\|exc_debug' $dir/transitions | sed 's/^/own_frames /'
	head -18 $dir/transitions >first
	tell drop
	echo "seen_after_drop $(column seen)"
	watch off && echo "placed_after_off $(placed)"
	tell toggle 5
	grep -vc '^  ' $dir/transitions | sed 's/^/kept /'

	watch "$pid $(printf %x $((0x$page + 4096))) stall=100"
	tell toggle 200
	echo "stalls $(column stalls)"
	echo "throttled $(column throttled)"
	grep -c ' none stalled [0-9]* us$' $dir/transitions | sed 's/^/held /'
	gone
	until_placed 0
	echo "released exit"
	for how in unregister unmap close; do
		target
		watch "$pid $(printf %x $((0x$page + 4096)))"
		echo "placed_before_$how $(placed)"
		tell $how
		until_placed 0
		echo "released $how"
		gone
	done
	cat $dir/watches first
}

# refused WHAT TEXT: the error, whether dmesg has it, whether nothing changed
refused() {
	cat $dir/watches >before
	lines=$(dmesg | grep -c 'uffd_race: watch:')
	why=$(printf '%s' "$2" | dd of=$dir/watch bs=1M iflag=fullblock 2>&1 |
		sed -n "s/.*\(error writing\|can't open\).*: //p")
	[ "$(dmesg | grep -c 'uffd_race: watch:')" -gt "$lines" ] && why="$why, logged"
	cmp -s before $dir/watches && why="$why, unchanged"
	echo "refused $1: $why"
}

bad() {
	target
	watch "$pid $page"
	p1=$(printf %x $((0x$page + 4096)))
	refused no_process "999999 $page"
	refused kernel_thread "2 $page"
	refused plain_memory "$pid $plain"
	refused no_memory "$pid 1000"
	refused hole "$pid $hole"
	refused kernel_address "$pid ffffffff81000000"
	refused noncanonical "$pid 8000000000000000"
	refused twice "$pid $page"
	refused empty '
'
	refused blanks '   '
	refused garbage 'hello world'
	refused pid_only "$pid"
	refused pid_zero "0 $page"
	refused pid_negative "-1 $page"
	refused pid_large "99999999999 $page"
	refused pid_hex "0x1 $page"
	refused addr_large "$pid 10000000000000000"
	refused addr_garbage "$pid 0xzz"
	refused addr_empty "$pid 0x"
	refused option "$pid $p1 stal=1"
	refused stall_empty "$pid $p1 stall="
	refused stall_large "$pid $p1 stall=1001"
	refused stall_negative "$pid $p1 stall=-1"
	refused stall_huge "$pid $p1 stall=99999999999999999999999"
	refused trailing "$pid $p1 stall=1 2"
	refused two_lines "$pid $p1
$pid $p1"
	refused off_more "off now"
	refused too_long "$pid $p1                                                                                     "
	refused megabyte "$(dd if=/dev/zero bs=1M count=1 2>/dev/null | tr '\0' 1)"
	for n in 1 2 3; do
		watch "$pid $(printf %x $((0x$page + n * 4096)))"
	done
	echo "placed $(placed)"
	refused too_many "$pid $(printf %x $((0x$page + 4 * 4096)))"
	watch off
	tell perf 4
	echo "perf $answer"
	refused all_in_use "$pid $page"
	tell perf 0
	watch "$pid $page" && echo "placed_after_perf $(placed)"
	echo "still_alive $(grep -c events $dir/counters)"
	dmesg | grep 'uffd_race: watch:'
	gone
	for p in watch_auto=4 stall_us=1001 stall_percent=0 stall_percent=51 watch_ms=9 \
		watch_ms=10001 stall_us=-1 stall_us=x watch_auto=; do
		f=/sys/module/uffd_race/parameters/${p%=*}
		was=$(cat "$f")
		echo "${p#*=}" 2>/dev/null >"$f" || [ "$(cat "$f")" != "$was" ] ||
			echo "parameter_refused $p"
	done
}

# Automatic watches make room for perf, one after the other
automatic() {
	target
	echo 3 >/sys/module/uffd_race/parameters/watch_auto
	until_placed 3
	echo "auto_placed $(placed)"
	for n in 1 2 3 4; do
		tell perf $n
		while [ "$answer" != ok ]; do
			sleep 0.1
			tell perf $n
		done
		echo "perf_users $n"
	done
	until_placed 0
	tell perf 0
	until_placed 3
	watch "$pid $page" && echo "manual_placed $(grep -c ' user ' $dir/watches)"
	until_placed 3
	echo "all_placed $(placed), manual $(grep -c ' user ' $dir/watches)"
	echo 0 >/sys/module/uffd_race/parameters/watch_auto
	until_placed 1
	watch off
	echo 3 >/sys/module/uffd_race/parameters/watch_auto
	until_placed 3
	gone
	until_placed 0
	echo "auto_released exit"
}

# Under lockdown debugfs can only be read; module parameters work
locked() {
	target
	echo integrity >/sys/kernel/security/lockdown
	refused locked "$pid $page"
	tell toggle 1
	echo 3 >/sys/module/uffd_race/parameters/watch_auto
	until_placed 3
	while [ "$(grep -c none $dir/transitions)" = 0 ]; do
		tell toggle 5
	done
	echo "locked_transitions yes"
	gone
	until_placed 0
}

# As much stalling as there can be: do the kernel's watchdogs bite?
harsh() {
	echo 5 >/proc/sys/kernel/watchdog_thresh
	echo 10 >/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout
	echo 50 >/sys/module/uffd_race/parameters/stall_percent
	target
	for n in 0 1 2 3; do
		watch "$pid $(printf %x $((0x$page + n * 4096))) stall=1000"
	done
	tell hammer 15
	echo "answer $answer"
	cat $dir/watches
	echo "stalls $(column stalls)"
	gone
	until_placed 0
}

# Who punches a hole is held as well, with nothing there to be missed
holes() {
	echo 8 >/proc/sys/vm/nr_hugepages
	rm -f in out
	mkfifo in out
	./target holes 10 <in >out &
	exec 3>in 4<out
	read -r pid page <&4
	watch "$pid $page stall=1000"
	echo 1 >$dir/reset
	echo >&3
	sleep 8
	cat $dir/watches
	echo "none $(column none)"
	echo "stalls $(column stalls)"
	read -r what punched <&4
	echo "$what $punched"
	wait
	until_placed 0
	cat $dir/counters
}

case $1 in
manual|bad|automatic|harsh|locked|holes) "$1" ;;
*) exit 2 ;;
esac
