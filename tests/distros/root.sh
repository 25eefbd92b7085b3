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
	mapfile -t options < <(grep -E '^Acquire::https?::' \
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

# make_release_root KERNEL DIR: a fresh root in DIR, of the release that KERNEL
# comes from, with dkms and that kernel's headers. Sets kv and release.
make_release_root() {
	local dir=$2 packages packed

	(resolve "$1") || return
	resolve "$1"
	packages=dkms,gcc,make,libc6-dev,kmod,linux-headers-$kv
	packed=$cache/root/$release-$(echo "$packages" | sha256sum | cut -c 1-8).tar.zst
	locked "${packed##*/}" pack_root "$release" "$packed" "$packages" || return
	mkdir "$dir" && tar -C "$dir" --zstd -xf "$packed"
}

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
