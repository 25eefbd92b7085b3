#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The package: built, checked, installed, upgraded and purged in a throw-away
# Debian 13 without a kernel, whose dkms builds for the headers that are there.
# shellcheck disable=SC2016,SC2317
. "$(dirname "$0")/../lib.sh"
. "$top/tests/distros/root.sh"
. "$top/tests/distros/disk.sh"

root=$work/root
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$top/dkms.conf")
deb=build/deb/uffd-race-dkms tool=build/deb/uffd-race

in_source() {
	in_release "$root" sh -c 'cd /root/uffd_race && "$@"' sh "$@"
}

make_deb() {
	in_source make -s deb >"$work/deb.log" 2>&1 || { diag "$(cat "$work/deb.log")"; false; }
}

lintian() {
	in_source lintian --fail-on error,warning --suppress-tags bogus-mail-host \
		--suppress-tags initial-upload-closes-no-bugs "$@" >"$work/lintian" 2>&1 ||
		{ diag "$(cat "$work/lintian")"; false; }
}

dpkg_does() {
	in_source dpkg "$@" >"$work/dpkg.log" 2>&1 ||
		{ diag "$(cat "$work/dpkg.log")"; false; }
}

# installed VERSION: that one, and no other
installed() {
	in_release "$root" dkms status >"$work/status"
	[[ $(grep -c '^uffd_race' "$work/status") = 1 ]] &&
		grep -q "^uffd_race.$1, $kv, .*: installed" "$work/status" &&
		[[ $(in_release "$root" modinfo -k "$kv" -F version uffd_race) = "$1" ]] &&
		[[ $(cd "$root/usr/src" && echo uffd_race-*) = "uffd_race-$1" ]]
}

next_version() {
	sed -i "s/\"$version\"/\"9.9.9\"/" "$root/root/uffd_race/dkms.conf"
}

life() {
	copy_source "$root/root/uffd_race"
	in_release "$root" depmod "$kv"
	listing "$root" >"$work/before"

	ok "make deb" make_deb || return
	ok "lintian has no complaint" lintian "${deb}_${version}_all.deb" "${tool}_${version}_amd64.deb"
	ok "dpkg -i builds and installs the module" dpkg_does -i "${deb}_${version}_all.deb"
	ok "dpkg -i of uffd-race" dpkg_does -i "${tool}_${version}_amd64.deb"
	ok "which runs" eval '[[ $(in_release "$root" uffd-race --version) = "uffd-race $version" ]]'
	ok "dkms status and modinfo say so" installed "$version"
	diag "$(cat "$work/status")"
	modprobe_guest guest "$root" "$kv"
	ok "uffd-race check finds the module and the stressor" \
		grep -q '"path": "hugetlb-private-missing", "verdict": "[PIV]' "$work/guest"

	mv "$root/root/uffd_race/$deb"_*.deb "$root/root/"
	next_version
	ok "make deb, of the next version" make_deb
	ok "dpkg -i of that: an upgrade" dpkg_does -i "${deb}_9.9.9_all.deb"
	ok "only the new version is there" installed 9.9.9
	ok "back to the old one" dpkg_does -i "/root/uffd-race-dkms_${version}_all.deb"
	ok "only the old version is there" installed "$version"
	ok "dpkg -P" dpkg_does -P uffd-race-dkms uffd-race
	listing "$root" >"$work/after"
	ok "nothing is left in /lib/modules, /usr/src and /var/lib/dkms" \
		diff "$work/before" "$work/after"
}

if [[ $(id -u) != 0 ]]; then
	skip "package" "a root of another release takes root"
elif ok "a root of Debian 13 with dkms, dh-dkms and lintian" \
	make_release_root 6.12 "$root" dpkg-dev debhelper dh-dkms lintian; then
	life
fi
done_testing
