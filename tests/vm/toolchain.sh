# The compiler a kernel's module wants. Debian 12's gcc lacks options that newer
# kernels' Makefiles use, and their kbuild tools want a newer libc: these are
# built in a root of Debian 13, whose gcc 14 does for all. Sourced after
# kernels.sh.
# shellcheck shell=bash disable=SC2154,SC2034 # lib.sh, build

readonly ROOT_PACKAGES=make,gcc-14,libelf1t64,zlib1g,libssl3t64

# Sets compiler and its identity; root is empty if this machine's own will do
choose_toolchain() {
	local host

	# shellcheck disable=SC1091
	host=$(. /etc/os-release && echo "${ID:-}-${VERSION_ID:-}") || :
	root=''
	case $host/$release in
	debian-12/bullseye|debian-12/bookworm|debian-13/*)
		need make gcc
		compiler=gcc
		identity=$(gcc --version | head -n 1)
		return ;;
	esac
	root=$cache/root/trixie-$(echo "$ROOT_PACKAGES" | sha256sum | cut -c 1-8)
	compiler=gcc-14
	identity=${root##*/}
	locked root make_root
}

make_root() {
	local tmp conf=$cache/apt/trixie options

	[[ ! -d $root ]] || return 0
	((EUID == 0)) || die "the compiler for $kv is in a root of Debian 13, and to make that takes root"
	need mmdebstrap unshare chroot
	locked apt-trixie update_lists trixie || die "no package lists of trixie"
	mapfile -t options < <(grep -E '^Acquire::https?::' "$conf/apt.conf" |
		sed 's/^/--aptopt=/')
	say "making a root of Debian 13 with gcc 14, about 150 MB to fetch"
	tmp=$(mktemp -d "$cache/root/.new.XXXXXX")
	chmod 755 "$tmp"
	if ! mmdebstrap --quiet --mode=root --variant=essential "${options[@]}" \
	     --include="$ROOT_PACKAGES" trixie "$tmp" "$conf/etc/sources.list" \
	     </dev/null >"$cache/root/log" 2>&1; then
		cat "$cache/root/log" >&2
		rm -rf --one-file-system "$tmp"
		die "no root of Debian 13"
	fi
	mkdir -p "$tmp$cache"
	mv -T "$tmp" "$root"
}

# in_root COMMAND…: the cache is where it is outside. objtool wants /proc, gcc
# /dev/null. The mounts go with the namespace.
in_root() {
	if [[ ! $root ]]; then
		"$@"
		return
	fi
	# shellcheck disable=SC2016
	unshare --mount sh -euc '
		root=$1 cache=$2
		shift 2
		mount --bind "$cache" "$root$cache"
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		exec chroot "$root" "$@"' sh "$root" "$cache" "$@"
}
