# Throw-away roots of real Debian releases. Sourced after tests/lib.sh.
# shellcheck shell=bash disable=SC2154 # lib.sh
. "$top/tests/vm/lib.sh"
. "$top/tests/vm/kernels.sh"
# Those two are for programs that stop at the first error; a test goes on.
set +e

pack_root() {
	local release=$1 packed=$2 packages=$3 options

	[[ ! -e $packed ]] || return 0
	need mmdebstrap zstd
	mapfile -t options < <(grep -E '^Acquire::(https?::|Check-Valid-Until)' \
		"$cache/apt/$release/apt.conf" | sed 's/^/--aptopt=/')
	say "making a root of $release, a few minutes"
	if ! INITRD=No mmdebstrap --quiet --mode=root --variant=apt \
	     "${options[@]}" --include="$packages" "$release" "$packed.new.tar.zst" \
	     "$cache/apt/$release/etc/sources.list" \
	     </dev/null >"$cache/root/log" 2>&1; then
		cat "$cache/root/log" >&2
		return 1
	fi
	mv "$packed.new.tar.zst" "$packed"
}

# make_release_root KERNEL DIR [PACKAGE…]: a fresh root in DIR, of the release
# that KERNEL comes from, with dkms and that kernel's headers. Sets kv and release.
make_release_root() {
	local dir=$2 packages packed

	(resolve "$1") || return
	resolve "$1"
	packages=dkms,gcc,make,libc6-dev,kmod,linux-headers-$kv
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

# copy_source DIR: what a user has after git clone
copy_source() {
	mkdir -p "$1"
	tar -C "$top" --exclude=./tests --exclude=./.git --exclude=./build \
		--exclude='*.o' --exclude='*.ko' --exclude='.*.cmd' -c . | tar -C "$1" -x
}

# listing DIR: all that DKMS and the module could leave behind. dkms makes a key
# once, which is its own.
listing() {
	(cd "$1" && find lib/modules/ usr/lib/modules/ usr/src var/lib/dkms \
		! -name 'modules.*' ! -name 'mok.*' 2>/dev/null | sort)
}

# for_guest DIR KV TREE: the module as installed, and the release's own kmod
for_guest() {
	local root=$1 kv=$2 tree=$3 lib

	mkdir -p "$tree"/{proc,sys,lib/modules/"$kv",sbin,lib64}
	cp -a "$root/lib/modules/$kv"/{modules.*,updates} "$tree/lib/modules/$kv"
	cp "$root/bin/kmod" "$tree/sbin/modprobe"
	in_release "$root" ldd /bin/kmod | grep -oE '/[^ ]+' | while read -r lib; do
		mkdir -p "$tree${lib%/*}"
		cp "$root$(in_release "$root" readlink -f "$lib")" "$tree$lib"
	done
}

# modprobe_guest NAME KV TREE: a test point; modprobe, judge, modprobe -r
modprobe_guest() {
	guest "$1" "$2" -N -X "$3/sbin/modprobe" -a "$3" -- sh -ec '
		tree=$1
		mount --bind /proc $tree/proc
		mount --bind /sys $tree/sys
		chroot $tree modprobe uffd_race
		judge --writer migrate --seconds 2
		chroot $tree modprobe -r uffd_race
		test ! -e /sys/kernel/debug/uffd_race
		echo loaded and unloaded' sh "${3##*/}" || return
	grep -q '^loaded and unloaded' "$work/$1"
}
