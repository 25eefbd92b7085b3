#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Who is asleep in a userfault, and what would wake him: the file "waiters", of
# threads that fell asleep under the module's eyes, and of those that slept before.
#
#   UFFD_RACE_KERNELS   which kernels (5.10 6.1 7.3)
. "$(dirname "$0")/../lib.sh"

read -ra kernels <<<"${UFFD_RACE_KERNELS:-5.10 6.1 7.3}"
make -s -C "$top/tests/guest" asleep

cat >"$work/sleepers" <<'EOT'
./asleep
echo "== older"
rmmod uffd_race
./asleep 60 >older &
until grep -q write-protected older; do usleep 100000; done
cat older
insmod ./uffd_race.ko || exit
cat /sys/kernel/debug/uffd_race/waiters
kill $!
EOT

# said FILE ADDRESS: the diagnosis of the thread that sleeps there
said() {
	sed -n "s/^[0-9]* [0-9]* $2 .*(\(.*\))\$/\1/p" "$1"
}

# What can be said of a thread that slept before: the page, and the queue
older() {
	case $1 in
	unanswered | refused)	echo "read, by whom is not known" ;;
	answered*)		echo "mapped, not woken" ;;
	*)			echo "$1" ;;
	esac
}

sleepers() {
	local kernel=$1 f=$work/waiters-$1 part address want

	guest "waiters-$kernel" "$kernel" -a "$top/tests/guest/asleep" -a "$work/sleepers" \
		-- sh sleepers || return
	for part in seen older; do
		awk -v part="$part" '/^== older/ { on = 1 } on == (part == "older")' "$f" >"$f-$part"
		while read -r _ address want; do
			want=${want#(} want=${want%)}
			[[ $part = seen ]] || want=$(older "$want")
			ok "$kernel, $part: $want" test "$(said "$f-$part" "$address")" = "$want"
		done < <(grep '^expect' "$f-$part")
		ok "$kernel, $part: nobody else" \
			test "$(grep -c '(.*)$' "$f-$part")" = $((2 * $(grep -c '^expect' "$f-$part") + 1))
	done
}

for kernel in "${kernels[@]}"; do
	sleepers "$kernel"
done
done_testing
