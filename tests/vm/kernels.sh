# Stock Debian kernels: their names, packages, and the cache. Sourced after
# lib.sh. Everything from apt, through a private root for each release: its
# own sources, lists and status, so the machine's apt is neither used nor
# changed; only the mirror and the proxy are the machine's.
# shellcheck shell=bash disable=SC2154 # $cache is lib.sh's

# shellcheck disable=SC2034
readonly RELEASES="bullseye bookworm trixie trixie-backports"
readonly KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# release_of KERNEL: where a kernel of this version comes from
release_of() {
	case $1 in
	*deb11*)		echo bullseye ;;
	*deb12*)		echo bookworm ;;
	5.10|5.10[.-]*)		echo bullseye ;;
	6.1|6.1[.-]*)		echo bookworm ;;
	6.12|6.12[.+-]*)	echo trixie ;;
	6.1[3-9]*|[7-9].[0-9]*)	echo trixie-backports ;;
	*)			return 1 ;;
	esac
}

# mirror main|security: where this machine gets Debian from
mirror() {
	# shellcheck disable=SC2016 # the $ are apt's
	apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' \
		'Identifier: Packages' |
	awk -v kind="$1" '
		BEGIN {
			name = "^(bullseye|bookworm|trixie|forky|sid|unstable" \
			       "|testing|stable|oldstable|oldoldstable)"
			want = name (kind == "main" ? "$" : "-security$")
		}
		$2 == "main" && $1 ~ want && !found { print $3; found = 1 }'
}

apt_in() {
	local release=$1 tool=$2

	shift 2
	APT_CONFIG=$cache/apt/$release/apt.conf "$tool" "$@"
}

write_apt_conf() {
	local release=$1 dir=$cache/apt/$1 main security opt

	need apt-get apt-cache dpkg-deb
	[[ -r $KEYRING ]] || die "$KEYRING is missing: run tests/deps"
	main=$(mirror main)
	[[ $main ]] || die "this machine's apt knows no Debian mirror"
	security=$(mirror security)

	mkdir -p "$dir"/etc/{apt.conf.d,preferences.d,sources.list.d} \
		"$dir"/state/lists/partial "$dir"/cache/archives/partial
	: >"$dir/state/status"
	opt="[arch=amd64 signed-by=$KEYRING]"
	{
		echo "deb $opt $main $release main"
		if [[ $release != *-backports ]]; then
			echo "deb $opt $main $release-updates main"
			[[ ! $security ]] ||
				echo "deb $opt $security $release-security main"
		fi
	} >"$dir/etc/sources.list"
	{
		cat <<-CONF
		Dir::Etc "$dir/etc";
		Dir::State "$dir/state";
		Dir::State::status "$dir/state/status";
		Dir::Cache "$dir/cache";
		APT::Architecture "amd64";
		APT::Sandbox::User "root";
		Acquire::Check-Valid-Until "false";
		Acquire::Languages "none";
		Acquire::Retries "3";
		CONF
		apt-config dump | grep -E '^Acquire::https?::.*[Pp]roxy' || :
	} >"$dir/apt.conf"
}

# All kernels of a release with image and headers, one a line
index_kernels() {
	apt_in "$1" apt-cache dumpavail | awk '
		$1 == "Package:" && /linux-(image|headers)-[0-9]+\.[0-9]+[.0-9]*[-+.].*-amd64$/ {
			kv = $2
			sub(/^linux-(image|headers)-/, "", kv)
			if ($2 ~ /^linux-image/) image[kv] = 1
			else headers[kv] = 1
		}
		END { for (kv in image) if (kv in headers) print kv }' |
	grep -E '^[0-9]+\.[0-9]+\.[0-9]+' | sort -V
}

# Once a day is enough: old versions stay in the archive for longer.
update_lists() {
	local release=$1 dir=$cache/apt/$1

	[[ ! $(find "$dir/kernels" -mmin -1440 2>/dev/null) ]] || return 0
	say "updating the package lists of $release"
	write_apt_conf "$release"
	if ! apt_in "$release" apt-get -qq update >"$dir/log" 2>&1 ||
	   grep -qE '^(E|W): ' "$dir/log"; then
		cat "$dir/log" >&2
		return 1
	fi
	index_kernels "$release" >"$dir/kernels.new"
	[[ -s $dir/kernels.new ]] || return 1
	mv "$dir/kernels.new" "$dir/kernels"
}

# pick BASE FLAVOUR: the newest of the versions on stdin that BASE stands for
pick() {
	awk -v base="$1" -v flavour="-$2" '
		{ version = substr($0, 1, length($0) - length(flavour)) }
		substr($0, length(version) + 1) != flavour { next }
		version ~ /-(cloud|rt)$/ { next }
		index(version, base) != 1 { next }
		substr(version, length(base) + 1) !~ /^([-+.]|$)/ { next }
		{ print }' | sort -V | tail -n 1
}

cached_kernels() {
	(cd "$cache/kernels" && ls -d -- *-amd64 2>/dev/null) || :
}

# resolve KERNEL: sets kv (full version) and release
resolve() {
	local base=$1 flavour=cloud-amd64

	if [[ ! $base =~ ^[0-9]+\.[0-9]+[-+.a-z0-9]*$ ]] || ! release=$(release_of "$base"); then
		die "unknown kernel '$base' (run --list shows what there is)"
	fi
	if [[ -e $cache/kernels/$base/vmlinuz ]]; then
		kv=$base
		return
	fi
	case $base in
	*-cloud-amd64)	;;
	*-rt-amd64)	flavour=rt-amd64 ;;
	*-amd64)	flavour=amd64 ;;
	esac
	base=${base%"-$flavour"}

	locked "apt-$release" update_lists "$release" ||
		say "no fresh package lists of $release"
	kv=
	[[ ! -e $cache/apt/$release/kernels ]] ||
		kv=$(pick "$base" "$flavour" <"$cache/apt/$release/kernels")
	if [[ ! $kv ]] || ! fetch_image "$kv"; then
		kv=$(cached_kernels | pick "$base" "$flavour")
		[[ $kv ]] || die "no kernel '$1' in $release, and none cached"
		say "using the cached $kv"
	fi
}

# download RELEASE KV PACKAGE…: verified by apt, into $cache/deb/KV; sets debs,
# the files. What an interrupted one left there is resumed.
download() {
	local release=$1 dir=$cache/deb/$2 package size deb

	shift 2
	mkdir -p "$dir" && cd "$dir" || return
	debs=()
	for package; do
		read -r _ deb size _ < <(apt_in "$release" apt-get -qq \
			--print-uris download "$package" 2>>log) || return
		say "fetching $package $(((size + 500000) / 1000000)) MB"
		debs+=("$dir/$deb")
	done
	apt_in "$release" apt-get -qq download "$@" >log 2>&1 || {
		cat log >&2
		return 1
	}
}

# Only the kernel itself and its configuration are of use here.
unpack_image() {
	local kv=$1 tmp

	tmp=$(mktemp -d "$cache/kernels/.new.XXXXXX") || return
	dpkg-deb --fsys-tarfile "${debs[0]}" |
		tar -x -C "$tmp" --wildcards '*/vmlinuz*' || return
	mv "$(find "$tmp" -type f -name 'vmlinuz*')" "$tmp/vmlinuz" || return
	rm -rf "${tmp:?}"/{boot,usr}
	mv -T "$tmp" "$cache/kernels/$kv"
}

do_fetch_image() {
	local kv=$1 release package

	[[ ! -e $cache/kernels/$kv/vmlinuz ]] || return 0
	release=$(release_of "$kv")
	# from 7.2 linux-image is an empty package that depends on linux-binary
	package=linux-binary-$kv
	apt_in "$release" apt-cache show "$package" >/dev/null 2>&1 ||
		package=linux-image-$kv
	download "$release" "$kv" "$package" || return
	unpack_image "$kv" || return
	rm -rf "$cache/deb/$kv"
}

fetch_image() {
	locked "kernel-$1" do_fetch_image "$1"
}

# The Makefiles name /usr/src, the links are relative and work anywhere.
unpack_headers() {
	local kv=$1 deb tmp

	tmp=$(mktemp -d "$cache/headers/.new.XXXXXX") || return
	chmod 755 "$tmp"
	for deb in "${debs[@]}"; do
		dpkg-deb -x "$deb" "$tmp" || return
	done
	find "$tmp/usr/src" -name Makefile -exec \
		sed -i "s,/usr/src/,$cache/headers/$kv/usr/src/,g" {} + || return
	mv -T "$tmp" "$cache/headers/$kv"
}

do_fetch_headers() {
	local kv=$1 release packages

	[[ ! -d $cache/headers/$kv ]] || return 0
	release=$(release_of "$kv")
	mapfile -t packages < <(
		echo "linux-headers-$kv"
		apt_in "$release" apt-cache show --no-all-versions "linux-headers-$kv" |
			sed -n 's/^Depends: //p' |
			grep -oE 'linux-(headers|kbuild)-[^ ,]+' | sort -u
	)
	((${#packages[@]} >= 3)) || die "the headers of $kv are not in $release any more"
	download "$release" "$kv" "${packages[@]}" || return
	unpack_headers "$kv" || return
	rm -rf "$cache/deb/$kv"
}

fetch_headers() {
	locked "kernel-$1" do_fetch_headers "$1"
}

list_kernels() {
	local kv mark release

	for release in $RELEASES; do
		locked "apt-$release" update_lists "$release" ||
			say "no fresh package lists of $release"
	done
	{
		for release in $RELEASES; do
			cat "$cache/apt/$release/kernels" 2>/dev/null || :
		done
		cached_kernels
	} | sort -Vu | while read -r kv; do
		mark=' '
		[[ ! -e $cache/kernels/$kv/vmlinuz ]] || mark='*'
		printf '%s %-32s %s\n' "$mark" "$kv" "$(release_of "$kv")"
	done
}
