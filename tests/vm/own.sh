# SPDX-License-Identifier: GPL-2.0
# A user's own kernel: -k FILE.deb…, or -k DIR with packages or a built tree in
# it. Sourced by kernels.sh.
# shellcheck shell=bash disable=SC2154,SC2034 # lib.sh, kernels.sh

is_own() {
	[[ $1 = *.deb || -d $1 ]]
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

# own_compiler: the gcc that built the kernel, its major version
own_compiler() {
	local version

	version=$(sed -n 's/^CONFIG_GCC_VERSION=//p' "$kdir/.config" 2>/dev/null)
	echo $((${version:-0} / 10000))
}
