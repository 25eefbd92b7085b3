# SPDX-License-Identifier: GPL-2.0
# Boots a release from a disk, by its own kernel, init and kmod. Sourced after
# root.sh.
# shellcheck shell=bash disable=SC2154,SC2034 # lib.sh, root.sh, qemu.sh
. "$top/tests/vm/qemu.sh"

# What the release runs instead of its login prompts. One serial port each, as in
# tests/vm/init. Options in modprobe.d are how a user gives them.
prepare_root() {
	local root=$1

	mkdir -p "$root"/etc/{modprobe.d,systemd/system} "$root/root/w"
	echo "options uffd_race armed=1" >"$root/etc/modprobe.d/uffd_race.conf"
	cp "$top"/tests/{guest/judge,stress/stress} "$root/root/w/"
	cat >"$root/etc/systemd/system/verdict.service" <<-'UNIT'
	[Unit]
	Description=Judge this kernel
	SuccessAction=poweroff-force
	FailureAction=poweroff-force

	[Service]
	Type=oneshot
	ExecStart=/root/w/verdict
	TimeoutStartSec=infinity
	UNIT
	cat >"$root/root/w/verdict" <<-'SCRIPT'
	#!/bin/sh
	for port in 1 2; do
		stty -F /dev/ttyS$port raw -echo 115200
	done
	exec >/dev/ttyS1 2>&1
	cd /root/w && sh -e ./command
	status=$?
	stty -F /dev/ttyS1 raw -echo 115200
	echo "exit $status" >/dev/ttyS2
	SCRIPT
	chmod +x "$root/root/w/verdict"
}

# kernel_of ROOT KV: its own, or (only headers are installed) the cache's
kernel_of() {
	local file

	for file in "$1/boot/vmlinuz-$2" "$1/usr/lib/modules/$2/vmlinuz" \
		    "$cache/kernels/$2/vmlinuz"; do
		if [[ -s $file ]]; then
			echo "$file"
			return
		fi
	done
	return 1
}

make_disk() {
	local root=$1 disk=$2 mib

	mib=$(du -sm "$root" | cut -f 1)
	rm -f "$disk"
	mke2fs -q -t ext4 -i 8192 -O ^has_journal -E nodiscard -d "$root" "$disk" \
		$((mib * 5 / 4 + 256))M >/dev/null
}

# boot_disk DISK KERNEL-LINE [QEMU-OPTION]…: leaves console, out and mark in $work/disk.d.
boot_disk() {
	local disk=$1 line=${2:-} mem=2048 cpus=4 nodes=2 icount='' threads=multi append=''
	local accel=() machine=() dir=$work/disk.d name

	shift $(($# > 1 ? 2 : 1))
	rm -rf "$dir"
	mkdir "$dir"
	topology
	choose_accel
	for name in console out mark; do
		: >"$dir/$name"
	done
	timeout -k 5 600 qemu-system-x86_64 "${accel[@]}" "${machine[@]}" \
		-nodefaults -display none -no-reboot -no-user-config \
		-drive "file=$disk,format=raw,if=none,id=disk,cache=unsafe" \
		-device nvme,drive=disk,serial=1 -kernel "$image" \
		-append "console=ttyS0 ignore_loglevel panic=-1 root=/dev/nvme0n1 rw `
			`systemd.unit=verdict.service $append $line" \
		-serial "file:$dir/console" -serial "file:$dir/out" \
		-serial "file:$dir/mark" "$@" </dev/null >"$dir/qemu" 2>&1
	tr -d '\r' <"$dir/console" >"$dir/log"
}

# disk_guest NAME ROOT KV COMMAND [KERNEL-LINE [QEMU-OPTION]…]: a test point. sh
# runs COMMAND; what it prints is left in $work/NAME, the kernel's log beside it.
disk_guest() {
	local name=$1 root=$2 kv=$3 image bad status

	prepare_root "$root"
	echo "$4" >"$root/root/w/command"
	tap_n=$((tap_n + 1))
	image=$(kernel_of "$root" "$kv") && make_disk "$root" "$work/disk" &&
		boot_disk "$work/disk" "${@:5}"
	cp "$work/disk.d/out" "$work/$name"
	mv "$work/disk.d/log" "$work/$name.log"
	status=$(sed -n 's/^exit \([0-9]\{1,3\}\)$/\1/p' "$work/disk.d/mark")
	bad=$(trouble "$work/$name.log")
	if [[ $status = 0 && ! $bad ]]; then
		echo "ok $tap_n - $name: booted from a disk, no complaint in the kernel's log"
		return 0
	fi
	tap_failed=1
	[[ ! -d ${UFFD_RACE_KEEP:-} ]] || cp "$work/$name.log" "$UFFD_RACE_KEEP/$name.$$"
	echo "not ok $tap_n - $name: the guest ended with status ${status:-unknown}"
	diag "${bad:-no complaint in the kernel log}"
	diag "$(cat "$work/disk.d/qemu" "$work/$name"; tail -n 40 "$work/$name.log")"
	return 1
}

# modprobe_guest NAME ROOT KV [KERNEL-LINE [QEMU-OPTION]…]: two test points
modprobe_guest() {
	disk_guest "$1" "$2" "$3" '
		modprobe uffd_race
		cat /etc/os-release
		./judge --writer migrate --seconds 2
		modprobe -r uffd_race
		test ! -e /sys/kernel/debug/uffd_race
		echo loaded and unloaded
		if command -v uffd-race; then
			uffd-race check --path hugetlb-private-missing --writer migrate \
				--seconds 1 --json || echo "check: $?"
			test ! -e /sys/kernel/debug/uffd_race
		fi' "${@:4}" || return
	ok "$1: loaded, with a verdict, and unloaded" has_verdict "$work/$1"
	diag "$(sed -n 's/^PRETTY_NAME=//p' "$work/$1"), $(grep '^hugetlb.missing ' "$work/$1")"
}

has_verdict() {
	grep -q '^loaded and unloaded' "$1" &&
		grep -qE '^hugetlb.missing (VULNERABLE|PROTECTED|INCONCLUSIVE) ' "$1"
}
