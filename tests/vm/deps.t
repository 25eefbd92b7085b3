#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# tests/deps names what is missing, and the package of this distribution. On a PATH
# with nothing but what it takes itself.
# shellcheck disable=SC2016,SC2317
. "$(dirname "$0")/../lib.sh"

mkdir "$work/bin"
for tool in bash cat awk; do
	ln -s "$(type -P $tool)" "$work/bin/$tool"
done

# on OS-RELEASE ARG…: what it says; that something is missing is expected
on() {
	printf '%s\n' "$1" | tr ';' '\n' >"$work/os"
	shift
	# only builtins and what is linked there; /usr/sbin it looks into by itself
	! UFFD_RACE_OS_RELEASE=$work/os PATH=$work/bin "$work/bin/bash" "$top/tests/deps" "$@" \
		>"$work/out" 2>&1
}

says() {
	grep -qxF -- "$1" "$work/out" || { diag "$(cat "$work/out")"; false; }
}

ok "Fedora: something is missing" on 'ID=fedora;VERSION_ID=42' guests
ok "the tool, and who has it" says 'deps:   qemu-system-x86_64: dnf install qemu-system-x86-core'
ok "RHEL's kin likewise" on "ID=rocky;ID_LIKE='rhel centos fedora'" guests
ok "by dnf" says 'deps:   cpio: dnf install cpio'
ok "Arch: something is missing" on 'ID=arch' guests
ok "by pacman" says 'deps:   xz: pacman -S xz'
ok "what Arch does not have" says "deps:   mmdebstrap: no package of this distribution; Debian's is mmdebstrap"
ok "openSUSE: something is missing" on "ID='opensuse-leap';ID_LIKE='suse opensuse'" guests tests
ok "by zypper" says 'deps:   qemu-system-x86_64: zypper install qemu-x86'
ok "prove is perl's" says 'deps:   prove: zypper install perl'
ok "elsewhere: Debian's name" on 'ID=strange' build
ok "and that nobody knows" says "deps:   gcc: Debian's package is gcc; this distribution is not known"
ok "only what is asked for" eval '! grep -q qemu "$work/out"'
ok "a package by its name" on 'ID=fedora' no-such-tool
ok "is named, too" says 'deps:   no-such-tool: dnf install no-such-tool'
done_testing
