# SPDX-License-Identifier: GPL-2.0
# Throw-away roots of real Debian releases. Sourced after tests/lib.sh.
# shellcheck shell=bash disable=SC2154 # lib.sh
. "$top/tests/vm/lib.sh"
. "$top/tests/vm/kernels.sh"
# Those two are for programs that stop at the first error; a test goes on.
set +e

# sources_of RELEASE: backports are an addition to their release
sources_of() {
	local part

	for part in "${1%-backports}" "$1"; do
		locked "apt-$part" update_lists "$part" || say "no fresh package lists of $part"
		echo "$cache/apt/$part/etc/sources.list"
	done | sort -u
}

pack_root() {
	local release=$1 packed=$2 packages=$3 options sources

	[[ ! -e $packed ]] || return 0
	need mmdebstrap zstd
	mapfile -t sources < <(sources_of "$release")
	mapfile -t options < <(grep -E '^Acquire::(https?::|Check-Valid-Until)' \
		"$cache/apt/$release/apt.conf" | sed 's/^/--aptopt=/')
	# As apt -t does: what kernels of backports need may be there, too.
	[[ $release != *-backports ]] ||
		options+=("--aptopt=APT::Default-Release \"$release\";")
	say "making a root of $release, a few minutes"
	if ! INITRD=No mmdebstrap --quiet --mode=root --variant=apt \
	     "${options[@]}" --include="$packages" "${release%-backports}" \
	     "$packed.new.tar.zst" "${sources[@]}" </dev/null >"$work/root.log" 2>&1; then
		cat "$work/root.log" >&2
		return 1
	fi
	mv "$packed.new.tar.zst" "$packed"
}

# make_release_root KERNEL DIR [PACKAGE…]: a fresh root in DIR, of the release
# that KERNEL comes from, with dkms and that kernel's headers, and an init to boot
# it. Sets kv and release.
make_release_root() {
	local dir=$2 packages packed

	(resolve "$1") || return
	resolve "$1"
	# openssl is what dkms signs with
	packages=dkms,gcc,make,libc6-dev,kmod,openssl,systemd-sysv,linux-headers-$kv
	packages=$packages$(printf ',%s' "${@:3}")
	packages=${packages%,}
	packed=$cache/root/$release-$(echo "$packages" | sha256sum | cut -c 1-8).tar.zst
	locked "${packed##*/}" pack_root "$release" "$packed" "$packages" || return
	mkdir "$dir" && tar -C "$dir" --zstd -xf "$packed"
}

# before KERNEL: a version before its newest, in the same release and flavour;
# nothing if there is none. The index also has some that are gone.
before() (
	resolve "$1"
	newest=$kv
	sort -rV "$cache/apt/$release/kernels" |
	grep -E -- "^[0-9.]+[^a-z]*([+.]deb[0-9.]+)?-${kv##*[0-9]-}\$" |
	sed "0,/^$newest\$/d" | head -n 5 | while read -r older; do
		if (resolve "$older" && fetch_headers "$older") >/dev/null 2>&1; then
			echo "$older"
			break
		fi
	done
)

# in_release DIR COMMAND…: in the root. dkms and objtool want /proc and /dev.
in_release() {
	# shellcheck disable=SC2016
	unshare --mount sh -euc '
		root=$1
		shift
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		exec chroot "$root" "$@"' sh "$@"
}

# copy_source DIR: what a user has after git clone, of which he needs for install
copy_source() {
	mkdir -p "$1"
	(cd "$top" && find . -maxdepth 1 ! -name . ! -name tests ! -name .git ! -name build -print0 |
		tar --exclude='*.o' --exclude='*.ko' --exclude='.*.cmd' --exclude=./tools/uffd-race \
			--exclude=stress/stress -c --null -T - tests/stress) | tar -C "$1" -x
}

# listing DIR: all that DKMS and the module could leave behind. dkms makes a key
# once, which is its own.
listing() {
	(cd "$1" && find lib/modules/ usr/lib/modules/ usr/src var/lib/dkms \
		! -name 'modules.*' ! -name 'mok.*' 2>/dev/null | sort)
}
