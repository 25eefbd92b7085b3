#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What a user of a Debian release does, in a throw-away root of it with its own
# dkms, which is booted from a disk, with its own init and kmod: make install,
# modprobe, the next version, a newer kernel, kernels it is not for, make uninstall.
#
#   UFFD_RACE_RELEASES   kernels of the releases (6.1, which is Debian 12; there
#                        are 5.10 6.1 6.12 7.3 sid, too)
# shellcheck disable=SC2016,SC2317
. "$(dirname "$0")/../lib.sh"
. "$top/tests/distros/root.sh"
. "$top/tests/distros/disk.sh"

read -ra releases <<<"${UFFD_RACE_RELEASES:-6.1}"

in_source() {
	in_release "$root" make -s -C /root/uffd_race KVER="$kv" "$@" >"$work/out" 2>&1 ||
		{ diag "$(tail -n 20 "$work/out")"; false; }
}

# installed KV VERSION: for that kernel, that version and no other
installed() {
	in_release "$root" dkms status >"$work/status"
	grep -q "^uffd_race.*$2, $1, .*: installed" "$work/status" &&
		! grep "^uffd_race" "$work/status" | grep -v "$2" &&
		[[ $(in_release "$root" modinfo -k "$1" -F version uffd_race) = "$2" ]] &&
		[[ $(cd "$root/usr/src" && echo uffd_race-*) = "uffd_race-$2" ]]
}

set_version() {
	sed -i "s/^\(PACKAGE_VERSION=\).*/\1\"$1\"/" "$root/root/uffd_race/dkms.conf"
}

# hook KV: what a kernel's package runs when it is installed
hook() {
	in_release "$root" /etc/kernel/postinst.d/dkms "$1" >"$work/hook" 2>&1
}

# A kernel like the one that is there, but without userfaultfd
crippled_kernel() {
	local src=$root/usr/src/linux-headers new=$kv-crippled

	cp -a "$src-$kv" "$src-$new" && mkdir -p "$root/lib/modules/$new" &&
		ln -s "/usr/src/linux-headers-$new" "$root/lib/modules/$new/build" &&
		sed -i '/^CONFIG_USERFAULTFD=/d' "$src-$new/.config" \
			"$src-$new/include/config/auto.conf" &&
		sed -i "s/$kv/$new/" "$src-$new/include/generated/utsrelease.h" &&
		mkdir -p "$root/boot" && cp "$src-$new/.config" "$root/boot/config-$new"
}

# Nothing in dkms.conf can make up for an older dkms: it is read before dkms
# tells for which kernel.
excludes_quietly() {
	# shellcheck disable=SC2016
	in_release "$root" sh -c 'dpkg --compare-versions \
		"$(dpkg-query -W -f "\${Version}" dkms)" ge 3.0.11'
}

no_module_for() {
	[[ ! $(find "$root/lib/modules/$1" "$root/var/lib/dkms" -path "*$1*" -name 'uffd_race.ko*') ]]
}

# What the user is told, and that nothing has been left by the attempt
without_headers() {
	in_release "$root" make -s -C /root/uffd_race KVER=9.9.9-absent install \
		>"$work/out" 2>&1 && return 1
	grep -q 'linux-headers-9.9.9-absent' "$work/out"
}

# The kernel that comes later, with image and headers as apt installs them
newer_kernel() {
	# shellcheck disable=SC2016 # expanded in there
	in_release "$root" sh -ec '
		export DEBIAN_FRONTEND=noninteractive INITRD=No
		apt-get -qq -o Acquire::Check-Valid-Until=false update
		apt-get -qq -y --no-install-recommends install \
			linux-image-$1 linux-headers-$1' sh "$1" >"$work/out" 2>&1 ||
		{ diag "$(tail -n 20 "$work/out")"; false; }
}

life() {
	local name=$1 version newer=$2

	copy_source "$root/root/uffd_race"
	version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$top/dkms.conf")
	listing "$root" >"$work/before"

	ok "$name: no headers: says which package has them" without_headers
	listing "$root" >"$work/after"
	ok "$name: and leaves nothing" diff "$work/before" "$work/after"
	ok "$name: make install" in_source install
	ok "$name: installed, dkms.conf and the module agree on the version" \
		installed "$kv" "$version"
	diag "dkms status: $(cat "$work/status")"
	ok "$name: with uffd-race" eval '[[ $(in_release "$root" uffd-race --version) = *" $version" ]]'
	ok "$name: and its stressor" in_release "$root" /usr/local/libexec/uffd-race/stress --version
	modprobe_guest "$kv" "$root" "$kv"
	ok "$name: uffd-race check finds the module and the stressor by itself" \
		grep -q '"path": "hugetlb-private-missing", "verdict": "[PIV]' "$work/$kv"

	ok "$name: make install again, over itself" in_source install
	set_version 9.9.9
	ok "$name: make install, of the next version" in_source install
	ok "$name: only that one is there" installed "$kv" 9.9.9

	if excludes_quietly; then
		ok "$name: a kernel without userfaultfd" crippled_kernel
		ok "$name: its installation succeeds" hook "$kv-crippled"
		ok "$name: and it gets no module" no_module_for "$kv-crippled"
		rm -rf "$root/usr/src/linux-headers-$kv-crippled" \
			"$root/lib/modules/$kv-crippled"
	else
		skip "$name: a kernel without userfaultfd" \
			"this dkms builds for it (2.8.4), or fails its installation (3.0.10)"
	fi

	if [[ $newer ]]; then
		ok "$name: $newer is installed later" newer_kernel "$newer"
		ok "$name: and has the module" installed "$newer" 9.9.9
		modprobe_guest "$newer" "$root" "$newer"
	else
		skip "$name: a newer kernel" "there is only one"
	fi

	ok "$name: make uninstall" in_source uninstall
	ok "$name: uffd-race is gone" test ! "$(find "$root/usr/local" -name '*uffd*race*')"
	# The newer kernel stays, and so does its own pgtable_uffd.h.
	listing "$root" | grep -E 'uffd_race|dkms' >"$work/after"
	grep -E 'uffd_race|dkms' "$work/before" >"$work/before.dkms"
	ok "$name: nothing is left in /lib/modules, /usr/src and /var/lib/dkms" \
		diff "$work/before.dkms" "$work/after"
}

for name in "${releases[@]}"; do
	newest=$(resolve "$name" && echo "$kv")
	first=$(before "$name")
	root=$work/root-$name
	if [[ $(id -u) != 0 ]]; then
		skip "$name: dkms" "a root of another release takes root"
	elif [[ ! $newest ]]; then
		skip "$name: dkms" "no kernel $name to be had"
	elif ok "$name: a root with dkms and ${first:-$newest}" make_release_root \
		"${first:-$newest}" "$root" "linux-image-${first:-$newest}"; then
		life "$name" "${first:+$newest}"
	fi
	rm -rf --one-file-system "$root"
done
done_testing
