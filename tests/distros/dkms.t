#!/bin/bash
# What a user of Debian 12 does, in a throw-away root of that release with its
# own dkms: make install, modprobe, make uninstall.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/distros/root.sh"

root=$work/root

# All that DKMS and the module could leave behind
listing() {
	(cd "$root" && find lib/modules usr/lib/modules usr/src var/lib/dkms \
		2>/dev/null | sort)
}

in_source() {
	in_release "$root" make -s -C /root/uffd_race KVER="$kv" "$@"
}

# The module as installed, and the release's own kmod, for a guest
for_guest() {
	local tree=$work/tree lib

	mkdir -p "$tree"/{proc,sys,lib/modules/"$kv",sbin,lib64}
	cp -a "$root/lib/modules/$kv"/{modules.*,updates} "$tree/lib/modules/$kv"
	cp "$root/bin/kmod" "$tree/sbin/modprobe"
	in_release "$root" ldd /bin/kmod | grep -oE '/[^ ]+' | while read -r lib; do
		mkdir -p "$tree${lib%/*}"
		cp -L "$root$lib" "$tree$lib"
	done
}

lifecycle() {
	local f=$work/guest

	mkdir "$root/root/uffd_race"
	tar -C "$top" --exclude=./tests --exclude=./.git -c . |
		tar -C "$root/root/uffd_race" -x
	# As the image package has done where a kernel is installed
	in_release "$root" depmod "$kv"
	listing >"$work/before"

	ok "make install" in_source install
	in_release "$root" dkms status >"$work/status"
	diag "dkms status: $(cat "$work/status")"
	ok "dkms status says installed" grep -q "^uffd_race.*$kv.*: installed" \
		"$work/status"
	ok "dkms.conf and the module agree on the version" test \
		"$(in_release "$root" modinfo -k "$kv" -F version uffd_race)" = \
		"$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$top/dkms.conf")"

	for_guest
	guest guest "$kv" -N -a "$work/tree" -- sh -ec '
		mount --bind /proc tree/proc
		mount --bind /sys tree/sys
		chroot tree modprobe uffd_race
		judge --writer migrate --seconds 2
		chroot tree modprobe -r uffd_race
		test ! -e /sys/kernel/debug/uffd_race
		echo loaded and unloaded'
	ok "modprobe loads and unloads it" grep -q '^loaded and unloaded' "$f"

	ok "make install again, over itself" in_source install
	ok "make uninstall" in_source uninstall
	listing >"$work/after"
	ok "nothing is left in /lib/modules, /usr/src and /var/lib/dkms" \
		diff "$work/before" "$work/after"
}

if [[ $(id -u) != 0 ]]; then
	skip "dkms" "a root of another release takes root"
elif ok "a root of Debian 12 with dkms" make_release_root 6.1 "$root"; then
	lifecycle
fi
done_testing
