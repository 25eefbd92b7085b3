#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Signed by dkms with its own key, the module loads under Secure Boot, with
# module.sig_enforce=1 and in the lockdown that comes with it, if that key is in
# the machine owner's list. What shim hands over as such a list, after mokutil
# --import and its menu, the guest writes by itself: there is no shim.
# shellcheck disable=SC2317,SC2154
. "$(dirname "$0")/../lib.sh"
. "$top/tests/distros/root.sh"
. "$top/tests/distros/disk.sh"

ovmf=/usr/share/OVMF
root=$work/root
strict='module.sig_enforce=1'
mok=MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23

le32() {
	printf '%b' "$(printf '\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) \
		$(($1 >> 16 & 255)) $(($1 >> 24 & 255)))"
}

# signature_list CERT: an efivarfs file with an EFI_SIGNATURE_LIST of one
# certificate, whose owner is nobody
signature_list() {
	local size

	size=$(stat -c %s "$1")
	le32 7	# kept, and visible at run time
	printf '%b' '\xa1\x59\xc0\xa5\xe4\x94\xa7\x4a\x87\xb5\xab\x15\x5c\x2b\xf0\x72'
	le32 $((28 + 16 + size))
	le32 0
	le32 $((16 + size))
	head -c 16 /dev/zero
	cat "$1"
}

installs() {
	copy_source "$root/root/uffd_race"
	in_release "$root" make -s -C /root/uffd_race KVER="$kv" install >"$work/out" 2>&1 ||
		{ diag "$(tail -n 20 "$work/out")"; false; }
}

signed() {
	[[ $(in_release "$root" modinfo -k "$kv" -F sig_key uffd_race) ]] &&
		[[ -s $root/var/lib/dkms/mok.pub ]]
}

# Firmware with Secure Boot on, whose own keys are Debian's for tests
uefi() {
	echo -machine q35,smm=on -global driver=cfi.pflash01,property=secure,value=on \
		-global ICH9-LPC.disable_s3=1 \
		-drive "if=pflash,format=raw,readonly=on,file=$ovmf/OVMF_CODE_4M.secboot.fd" \
		-drive "if=pflash,format=raw,file=$work/vars"
}

refused() {
	disk_guest "$@" && ok "$1: the module is refused" grep -qx refused "$work/$1"
}

try='modprobe uffd_race 2>err && exit 1
	cat err
	grep -q "Key was rejected by service" err
	echo refused'

# judge would reset the counters, which lockdown forbids
judge='grep -q "\[integrity\]" /sys/kernel/security/lockdown
	modprobe uffd_race
	./stress --expect any --writer migrate --seconds 2
	cat /sys/kernel/debug/uffd_race/verdict
	modprobe -r uffd_race
	echo loaded and unloaded'

kernel=$(before 6.12)	# dkms.t's root, too
: "${kernel:=$(resolve 6.12 && echo "$kv")}"
if [[ $(id -u) != 0 ]]; then
	skip "signed module" "a root of another release takes root"
elif ! "$top/tests/deps" ovmf; then
	skip "signed module" "needs the package ovmf"
elif ok "a root of Debian 13 with $kernel" \
	make_release_root "$kernel" "$root" "linux-image-$kernel"; then
	ok "make install" installs
	ok "dkms has signed the module" signed
	read -ra firmware <<<"$(uefi)"
	cp "$ovmf/OVMF_VARS_4M.snakeoil.fd" "$work/vars"
	mkdir -p "$root/root/w"
	signature_list "$root/var/lib/dkms/mok.pub" >"$root/root/w/list"

	refused "untrusted" "$root" "$kv" "$try" "$strict" "${firmware[@]}"
	disk_guest "trusting" "$root" "$kv" \
		"cp list /sys/firmware/efi/efivars/$mok && echo written" '' "${firmware[@]}"
	disk_guest "trusted" "$root" "$kv" "$judge" "$strict" "${firmware[@]}" &&
		ok "trusted: loaded, with a verdict, and unloaded" has_verdict "$work/trusted"
	ok "Secure Boot was on" grep -q 'Secure boot enabled' "$work/trusted.log"
	ok "the key is known" grep -q "X.509 cert 'DKMS module signing key" "$work/trusted.log"
	diag "$(grep '^hugetlb.missing ' "$work/trusted")"
fi
done_testing
