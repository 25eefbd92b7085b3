# SPDX-License-Identifier: GPL-2.0
# Kernels: what a name stands for, their packages, and the cache. Sourced after
# lib.sh. Those of Debian are here and in apt.sh, a user's own in own.sh.
# shellcheck shell=bash disable=SC2154,SC2034,SC1091 # $cache is lib.sh's

. "${BASH_SOURCE[0]%/*}/apt.sh"
. "${BASH_SOURCE[0]%/*}/own.sh"

readonly RELEASES="bullseye bookworm trixie trixie-backports sid experimental"

# release_of KERNEL: where a kernel of this version comes from
release_of() {
	case $1 in
	sid|sid-*)		echo sid ;;
	experimental|experimental-*) echo experimental ;;
	*deb11*)		echo bullseye ;;
	*deb12*)		echo bookworm ;;
	*deb14*)		echo sid ;;
	5.10|5.10[.-]*)		echo bullseye ;;
	6.1|6.1[.-]*)		echo bookworm ;;
	6.12|6.12[.+-]*)	echo trixie ;;
	6.1[3-9]*|[7-9].[0-9]*)	echo trixie-backports ;;
	*)			return 1 ;;
	esac
}

# pick BASE FLAVOUR: the newest of the versions on stdin that BASE stands for;
# of all, if it is empty
pick() {
	awk -v base="$1" -v flavour="-$2" '
		{ version = substr($0, 1, length($0) - length(flavour)) }
		substr($0, length(version) + 1) != flavour { next }
		version ~ /-(cloud|rt)$/ { next }
		base == "" { print; next }
		index(version, base) != 1 { next }
		substr(version, length(base) + 1) !~ /^([-+.]|$)/ { next }
		{ print }' | sort -V | tail -n 1
}

# cached_kernels [RELEASE]: all, or those that came from there
cached_kernels() {
	local dir

	for dir in "$cache"/kernels/*-amd64; do
		[[ -e $dir/vmlinuz ]] || continue
		[[ ! ${1:-} || $(cached_release "${dir##*/}") = "$1" ]] || continue
		echo "${dir##*/}"
	done
}

# Caches of older versions of this program have no such file.
cached_release() {
	cat "$cache/kernels/$1/release" 2>/dev/null || release_of "$1" || :
}

# listed BASE FLAVOUR: preferably one whose headers are still in the index
listed() {
	local list kv

	for list in kernels pool; do
		[[ -e $cache/apt/$release/$list ]] || continue
		kv=$(pick "$1" "$2" <"$cache/apt/$release/$list")
		[[ ! $kv ]] || break
	done
	echo "${kv:-}"
}

# resolve KERNEL…: sets kv (full version), release and image (vmlinuz)
resolve() {
	local base=$1 flavour=cloud-amd64 why=''

	if (($# == 1)) && is_ours "$1"; then
		resolve_ours "$1"
		return
	fi
	if (($# > 1)) || is_own "$1"; then
		resolve_own "$@"
		return
	fi
	if [[ ! $base =~ ^([0-9]+\.[0-9]+|sid|experimental)[-+.a-z0-9]*$ ]] ||
	   ! release=$(release_of "$base"); then
		die "unknown kernel '$base' (run --list shows what there is)"
	fi
	# Experimental's 7.3-amd64 is not what 7.3-amd64 stands for.
	if [[ -e $cache/kernels/$base/vmlinuz && $base =~ ^[0-9]+\.[0-9]+\. ]]; then
		kv=$base
		image=$cache/kernels/$kv/vmlinuz
		return
	fi
	case $base in
	*-cloud-amd64)	;;
	*-rt-amd64)	flavour=rt-amd64 ;;
	*-amd64)	flavour=amd64 ;;
	esac
	base=${base%"-$flavour"}
	[[ $base != "$release"* ]] || base=

	locked "apt-$release" update_lists "$release" ||
		say "no fresh package lists of $release"
	kv=$(listed "$base" "$flavour")
	if [[ ! $kv ]] || ! fetch_image "$kv"; then
		[[ ! $kv ]] || why=", and its $kv cannot be fetched (see above)"
		kv=$(cached_kernels "$release" | pick "$base" "$flavour")
		[[ $kv ]] || die "no kernel '$1' of $release is cached$why${why:-, and it has none}"
		say "using the cached $kv"
	fi
	image=$cache/kernels/$kv/vmlinuz
}

# finish TMP DIR: what is in place is whole. What stands in DIR is not, as its caller
# has seen.
finish() {
	rm -rf "$2" && mv -T "$1" "$2"
}

# Only the kernel itself is of use here.
unpack_image() {
	local kv=$1 tmp

	tmp=$(mktemp -d "$cache/kernels/.new.XXXXXX") || return
	dpkg-deb --fsys-tarfile "${debs[0]}" |
		tar -x -C "$tmp" --wildcards '*/vmlinuz*' || return
	mv "$(find "$tmp" -type f -name 'vmlinuz*')" "$tmp/vmlinuz" || return
	rm -rf "${tmp:?}"/{boot,usr}
	echo "$release" >"$tmp/release" || return
	finish "$tmp" "$cache/kernels/$kv"
}

# package_of KV NAME…: the first of these that the release has. From 6.19
# linux-image is an empty package, which depends on linux-binary and -modules.
package_of() {
	local kv=$1 name

	shift
	for name; do
		apt_in "$release" apt-cache show "$name-$kv" >/dev/null 2>&1 || continue
		echo "$name-$kv"
		return
	done
	echo "linux-image-$kv"
}

do_fetch_image() {
	local kv=$1

	[[ ! -s $cache/kernels/$kv/vmlinuz ]] || return 0
	download "$release" "$kv" "$(package_of "$kv" linux-binary)" || return
	unpack_image "$kv" || return
	rm -rf "$cache/deb/$kv"
}

fetch_image() {
	locked "kernel-$1" do_fetch_image "$1"
}

do_fetch_brd() {
	local kv=$1 file=$cache/kernels/$1/brd.ko name

	[[ ! -e $file ]] || return 0
	need xz
	download "$release" "$kv" "$(package_of "$kv" linux-modules)" || return
	name=$(dpkg-deb --fsys-tarfile "${debs[0]}" | tar -t | grep '/block/brd\.ko') &&
		dpkg-deb --fsys-tarfile "${debs[0]}" | tar -xO "$name" |
		if [[ $name = *.xz ]]; then xz -dc; else cat; fi >"$file.new" &&
		mv "$file.new" "$file" || return
	rm -rf "$cache/deb/$kv"
}

# Sets brd, the kernel's module for RAM disks
fetch_brd() {
	if [[ $release = own ]]; then
		brd=${image%/*}/brd.ko
		[[ -e $brd ]] || die "no --swap with a kernel of your own"
		return
	fi
	brd=$cache/kernels/$1/brd.ko
	locked "kernel-$1" do_fetch_brd "$1" || die "no module brd to be had for $1"
}

# relocate DIR: the Makefiles name /usr/src; the links are relative and work
# anywhere.
relocate() {
	find "$1/usr/src" -name Makefile -exec \
		sed -i "s,/usr/src/,$2/usr/src/,g" {} +
}

unpack_headers() {
	local kv=$1 deb tmp

	tmp=$(mktemp -d "$cache/headers/.new.XXXXXX") || return
	chmod 755 "$tmp"
	for deb in "${debs[@]}"; do
		dpkg-deb -x "$deb" "$tmp" || return
	done
	relocate "$tmp" "$cache/headers/$kv" || return
	[[ ! ${2:-} ]] || : >"$tmp/unsigned" || return
	finish "$tmp" "$cache/headers/$kv"
}

# depends_on_headers: of the control file on stdin, what a build needs
depends_on_headers() {
	sed -n 's/^ *Depends: //p' |
		grep -oE 'linux-(headers|kbuild)-[^ ,]+' | sort -u
}

# All have the version of the image. Only the common headers are for any
# architecture.
pool_headers() {
	local kv=$1 version package arch

	version=$(indexed "$release" "linux-image-$kv")
	[[ $version ]] && begin_download "$kv" || return
	debs=()
	pool_file "$release" "$kv" "linux-headers-$kv" "$version" amd64 || return
	for package in $(dpkg-deb -I "${debs[0]}" | depends_on_headers); do
		arch=amd64
		[[ $package != *-common* ]] || arch=all
		pool_file "$release" "$kv" "$package" "$version" "$arch" || return
	done
	((${#debs[@]} >= 3))
}

do_fetch_headers() {
	local kv=$1 packages unsigned=''

	[[ ! -d $cache/headers/$kv/usr/src/linux-headers-$kv ]] || return 0
	mapfile -t packages < <(
		echo "linux-headers-$kv"
		apt_in "$release" apt-cache show --no-all-versions \
			"linux-headers-$kv" 2>/dev/null | depends_on_headers
	)
	if ((${#packages[@]} >= 3)); then
		download "$release" "$kv" "${packages[@]}" || return
	else
		unsigned=1
		pool_headers "$kv" ||
			die "the headers of $kv are not in $release any more"
	fi
	unpack_headers "$kv" $unsigned || return
	rm -rf "$cache/deb/$kv"
}

# Sets kdir, what to build against
fetch_headers() {
	if [[ $release != own ]]; then
		locked "kernel-$1" do_fetch_headers "$1" || return
		kdir=$cache/headers/$1/usr/src/linux-headers-$1
	fi
	[[ -d $kdir ]]
}

list_kernels() {
	local kv mark release list

	list_ours
	for release in $RELEASES; do
		locked "apt-$release" update_lists "$release" ||
			say "no fresh package lists of $release"
		for list in kernels pool; do
			cat "$cache/apt/$release/$list" 2>/dev/null || :
		done >"$cache/apt/.list"
		cached_kernels "$release" | sort -Vu - "$cache/apt/.list" |
		while read -r kv; do
			mark=' '
			[[ ! -e $cache/kernels/$kv/vmlinuz ]] || mark='*'
			printf '%s %-32s %s\n' "$mark" "$kv" "$release"
		done
	done
}
