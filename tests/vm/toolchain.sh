# SPDX-License-Identifier: GPL-2.0
# The compiler a kernel's module wants. Debian 12's gcc lacks options that newer
# kernels' Makefiles use, and their kbuild tools want a newer libc: these are
# built in a root of Debian 13, whose gcc 14 does for all up to 7.3. The kernels
# of sid use what only gcc 16 knows, and want a root of sid. Sourced after
# kernels.sh.
# shellcheck shell=bash disable=SC2154,SC2034 # lib.sh, build

readonly ROOT_PACKAGES=make,libelf1t64,zlib1g,libssl3t64,sparse,util-linux

# A kernel built by clang wants it for modules, too, and the linker that it had.
choose_clang() {
	local suffix

	for suffix in "-$wanted" ''; do
		(($("clang$suffix" -dumpversion 2>/dev/null | cut -d . -f 1) >= wanted)) || continue
		! own_config LD_IS_LLD || type -P "ld.lld$suffix" >/dev/null || continue
		[[ ! $strict ]] || break
		compiler=clang$suffix
		identity=$("clang$suffix" --version | head -n 1)
		llvm_tools "$suffix"
		return
	done
	compiler=clang
	llvm_tools ''
	((wanted <= 19)) || from=sid
	use_root "$from" clang,lld,llvm,gcc
}

llvm_tools() {
	! own_config LD_IS_LLD ||
		tools=(LD="ld.lld$1" AR="llvm-ar$1" NM="llvm-nm$1" OBJCOPY="llvm-objcopy$1"
			STRIP="llvm-strip$1" READELF="llvm-readelf$1")
}

use_root() {
	local from=$1 packages=$2,$ROOT_PACKAGES

	root=$cache/root/$from-$(echo "$packages" | sha256sum | cut -c 1-8)
	identity=${root##*/}
	locked root make_root "$from" "$packages"
}

# Sets compiler, its identity, and tools, more of make's arguments; root is empty if
# this machine's own will do
choose_toolchain() {
	local host wanted=0 from=trixie

	# shellcheck disable=SC1091
	host=$(. /etc/os-release && echo "${ID:-}-${VERSION_ID:-}") || :
	[[ $release != own ]] || wanted=$(own_compiler)
	root='' tools=()
	if [[ $release = own ]] && own_config CC_IS_CLANG; then
		choose_clang
		return
	fi
	case $host/$release in
	*/own)
		(($(gcc -dumpversion 2>/dev/null || echo 0) >= wanted)) || host='' ;;
	debian-12/bullseye|debian-12/bookworm|debian-13/[bt]*) ;;
	*)	host='' ;;
	esac
	if [[ $host && ! $strict ]]; then
		need make gcc
		compiler=gcc
		identity=$(gcc --version | head -n 1)
		return
	fi
	compiler=gcc-14
	if [[ $release = sid || $release = experimental ]] || ((wanted > 14)); then
		from=sid
		compiler=gcc-16
	fi
	use_root "$from" "$compiler"
}

make_root() {
	local from=$1 packages=$2 tmp log conf=$cache/apt/$1 options

	[[ ! -d $root ]] || return 0
	((EUID == 0)) || die "the compiler for $kv is in a root of $from, and to make that takes root"
	need mmdebstrap unshare chroot
	locked "apt-$from" update_lists "$from" || die "no package lists of $from"
	mapfile -t options < <(grep -E '^Acquire::(https?::|Check-Valid-Until)' "$conf/apt.conf" |
		sed 's/^/--aptopt=/')
	room 600 "a root with $compiler"
	say "making a root of $from with $compiler, about 150 MB to fetch"
	tmp=$(mktemp -d "$cache/root/.new.XXXXXX")
	log=$(mktemp)
	chmod 755 "$tmp"
	if ! mmdebstrap --quiet --mode=root --variant=essential "${options[@]}" \
	     --include="$packages" "$from" "$tmp" "$conf/etc/sources.list" \
	     </dev/null >"$log" 2>&1; then
		cat "$log" >&2
		rm -rf --one-file-system "$tmp"
		rm -f "$log"
		die "no root of $from"
	fi
	rm -f "$log"
	# Not only root passes through them.
	(umask 022 && mkdir -p "$tmp$cache" && chmod 755 "$tmp/root")
	mv -T "$tmp" "$root"
}

# in_root COMMAND…: the cache is where it is outside, and so is a tree of the
# user's. objtool wants /proc, gcc /dev/null. The mounts go with the namespace.
# Of headers that nobody signed, nothing gets at root or the network.
in_root() {
	local limits=(env) extra=''

	if [[ ! $root ]]; then
		"$@"
		return
	fi
	if [[ -e $cache/headers/$kv/unsigned ]]; then
		limits=(setpriv --reuid 65534 --regid 65534 --clear-groups
			--no-new-privs --bounding-set=-all)
	fi
	[[ $kdir = "$cache"/* ]] || extra=$(own_dirs)
	# shellcheck disable=SC2016
	unshare --mount ${limits[1]:+--net} sh -euc '
		root=$1 cache=$2 extra=$3
		shift 3
		mkdir -p "$root$cache"
		mount --bind "$cache" "$root$cache"
		for dir in $extra; do
			mkdir -p "$root$dir"
			mount --bind "$dir" "$root$dir"
		done
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		exec chroot "$root" "$@"' sh "$root" "$cache" "$extra" \
		"${limits[@]}" "$@"
}
