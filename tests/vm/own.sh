# SPDX-License-Identifier: GPL-2.0
# A user's own kernel: -k FILE.deb…, or -k DIR with packages or a built tree in
# it. And those of this project, by name: tests/kernels. Sourced by kernels.sh.
# shellcheck shell=bash disable=SC2154,SC2034 # lib.sh, kernels.sh

is_own() {
	[[ $1 = *.deb || -d $1 ]]
}

readonly KERNELS=${BASH_SOURCE[0]%/*}/../kernels

# is_ours NAME[-VERSION]
is_ours() {
	[[ $1 =~ ^([a-z]+)(-[0-9.]+)?$ && ${BASH_REMATCH[1]} != base &&
	   -e $KERNELS/${BASH_REMATCH[1]}.config ]]
}

# It sets what resolve_own sets.
resolve_ours() {
	local dir

	dir=$("$KERNELS/build" ${quiet:+-q} "$1") || exit
	release=own
	kv=$(cat "$dir/release")
	image=$dir/vmlinuz
	kdir=$dir/build
}

list_ours() {
	local file

	for file in "$KERNELS"/*.config; do
		file=${file##*/}
		[[ $file = base*.config || $file = '*'* ]] ||
			printf '  %-32s %s\n' "${file%.config}" "our own"
	done
}

# resolve_own FILE.deb… | DIR: sets kv, release, image and kdir
resolve_own() {
	local file debs=()

	release=own
	if [[ $# = 1 && -d $1 ]]; then
		if [[ -e $1/include/config/kernel.release ]]; then
			own_tree "$(cd "$1" && pwd -P)"
			return
		fi
		set -- "$1"/*.deb
		[[ -e $1 ]] || die "neither packages nor a built kernel in ${1%/*}"
	fi
	for file; do
		[[ $file = *.deb ]] || die "only packages can be several, not '$file'"
		[[ -f $file && -r $file ]] || die "cannot read '$file'"
		debs+=("$(realpath "$file")")
	done
	own_packages
}

own_tree() {
	kdir=$1
	image=$1/arch/x86/boot/bzImage
	kv=$(cat "$kdir/include/config/kernel.release")
	[[ -e $image ]] || die "no arch/x86/boot/bzImage in $kdir: build the kernel"
	[[ -e $kdir/Module.symvers ]] ||
		die "no Module.symvers in $kdir: build the kernel's modules, too"
	[[ $kdir != *[[:space:]:,]* ]] || die "blank, colon or comma in $kdir"
}

# Unpacked once, keyed by the files. Modules are of no use here.
unpack_own() {
	local dir=$1 deb tmp

	[[ ! -d $dir ]] || return 0
	tmp=$(mktemp -d "$cache/own/.new.XXXXXX") || return
	chmod 755 "$tmp"
	for deb in "${debs[@]}"; do
		[[ ${deb##*/} != linux-image-*-dbg_* ]] || continue
		say "unpacking ${deb##*/}"
		dpkg-deb --fsys-tarfile "$deb" |
			tar -x -C "$tmp" --exclude='*.ko' --exclude='*.ko.*' || return
	done
	[[ ! -d $tmp/usr/src ]] || relocate "$tmp" "$dir" || return
	mv -T "$tmp" "$dir"
}

own_packages() {
	local dir images

	mkdir -p "$cache/own"
	dir=$cache/own/$(stat -c '%n %s %Y' "${debs[@]}" | sha256sum | cut -c 1-16)
	locked "own-${dir##*/}" unpack_own "$dir" || die "cannot unpack ${debs[*]}"
	touch "$dir"
	# shellcheck disable=SC2012 # our own names
	ls -td "$cache"/own/*/ | tail -n +5 | xargs -r rm -rf

	mapfile -t images < <(find "$dir" -type f -name 'vmlinuz*')
	((${#images[@]} == 1)) ||
		die "${#images[@]} kernels in ${debs[*]}, want one"
	image=${images[0]}
	case $image in
	*/boot/vmlinuz-*)	kv=${image##*/vmlinuz-} ;;
	*)			kv=${image%/vmlinuz}; kv=${kv##*/} ;;
	esac
	kdir=$dir/usr/src/linux-headers-$kv
	[[ -d $kdir ]] || say "no headers of $kv in ${debs[*]}"
}

# own_config NAME: is it set?
own_config() {
	grep -qx "CONFIG_$1=y" "$kdir/.config" 2>/dev/null
}

# own_compiler: the gcc or clang that built the kernel, its major version. Of the
# two versions one is 0.
own_compiler() {
	sed -n 's/^CONFIG_\(GCC\|CLANG\)_VERSION=//p' "$kdir/.config" 2>/dev/null |
		sort -n | awk '{ v = $1 } END { print int(v / 10000) }'
}

# own_dirs: the tree, and the one of the sources if it was built with O=
own_dirs() {
	echo "$kdir"
	[[ ! -d $kdir/source ]] || (cd "$kdir/source" && pwd -P)
}

# own_identity: of what a module depends on. Another configuration may have the
# same release, and other offsets.
own_identity() {
	local dir

	for dir in $(own_dirs); do
		echo "$dir"
		(cd "$dir" && find -L Makefile include arch/x86/include scripts \
			-type f -printf '%p %s %T@\n' 2>/dev/null | sort)
	done
	sha256sum "$kdir/.config" "$kdir/Module.symvers" 2>/dev/null || :
}
