#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The module comes and goes UFFD_RACE_ROUNDS times (30) while faults are blocked and ioctls
# in flight, refuses bad parameters, and leaves nothing behind.
. "$(dirname "$0")/../lib.sh"

rounds=${UFFD_RACE_ROUNDS:-30}
cat >"$work/churn" <<'EOT'
#!/bin/sh
# usage: churn TIMES: insmod and rmmod under the running stressor
rmmod uffd_race 2>/dev/null
./stress --mode legal --writer migrate --expect any --readers 1 --seconds 900 >stress.out &
sleep 2
free_kb() { awk '/^MemAvailable/ { print $2 }' /proc/meminfo; }
slab_kb() { awk '/^SUnreclaim|^Percpu|^VmallocUsed/ { n += $2 } END { print n }' /proc/meminfo; }
i=0
while [ $i -lt "$1" ]; do
	insmod ./uffd_race.ko || exit 1
	cat /sys/kernel/debug/uffd_race/* >/dev/null 2>&1
	rmmod uffd_race || exit 1
	i=$((i + 1))
	[ $i = 10 ] && echo "before_kb $(slab_kb)"
done
echo "after_kb $(slab_kb)"
echo "churned $i"
kill -0 $! && echo "stressor alive"
kill -INT $!
wait $!
[ ! -e /sys/kernel/debug/uffd_race ] && echo "debugfs clean"
grep -c . /sys/kernel/debug/kprobes/list | sed 's/^/kprobes_left /'
for p in pages=0 pages=15 pages=16385 faults=16385 ops=1025 ctxs=1025 ctxs=0 mms=0 mms=1025 look_ms=0 look_ms=1001; do
	if insmod ./uffd_race.ko $p 2>err; then
		rmmod uffd_race
		echo "accepted $p"
	else
		echo "refused $p: $(cat err)"
	fi
done
dmesg | grep 'uffd_race: .*out of range' | sed 's/.*uffd_race: /said /' | sort -u
exit 0
EOT

# QEMU 7.2 with a thread a vCPU crashes any guest that switches kprobes on and
# off often enough under load, the kernel's own kprobe_events included.
churn() {
	local f=$work/rmmod-$1 before after

	guest "rmmod-$1" "$1" -N --one-thread -t 600 -a "$work/churn" -- sh churn "$rounds" || return
	ok "$1: $rounds times in and out" test "$(value "$f" churned)" = "$rounds"
	ok "$1: the stressor lives on" grep -q '^stressor alive' "$f"
	ok "$1: debugfs is clean" grep -q '^debugfs clean' "$f"
	ok "$1: no kprobe is left" test "$(value "$f" kprobes_left)" = 0
	before=$(value "$f" before_kb) after=$(value "$f" after_kb)
	ok "$1: no leak (unreclaimable memory $before to $after kB in $((rounds - 10)) rounds)" \
		test $((after - before)) -lt 2048
	ok "$1: no bad parameter is accepted" test "$(grep -c '^accepted' "$f")" = 0
	ok "$1: all of them are refused with EINVAL" \
		test "$(grep -c '^refused.*Invalid' "$f")" = 11
	ok "$1: dmesg names each with its range" test "$(grep -c '^said ' "$f")" = 11
}

churn 5.10
churn 6.1
done_testing
