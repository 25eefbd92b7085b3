# SPDX-License-Identifier: GPL-2.0
# Debian's archive: everything through a private apt root for each release, with
# its own sources, lists and status, so the machine's apt is neither used nor
# changed; only the mirror and the proxy are the machine's. Sourced after lib.sh.
# shellcheck shell=bash disable=SC2154 # $cache is lib.sh's

readonly KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

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
		case $release in
		*-backports|sid|experimental) ;;
		*)	echo "deb $opt $main $release-updates main"
			[[ ! $security ]] ||
				echo "deb $opt $security $release-security main" ;;
		esac
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
		Acquire::http::Timeout "30";
		Acquire::https::Timeout "30";
		CONF
		apt-config dump | grep -E '^Acquire::https?::.*[Pp]roxy' || :
	} >"$dir/apt.conf"
}

# index_kernels RELEASE WITH: its kernels, one a line; WITH headers in the index
# ("headers"), or without any ("pool"). A name without two dots is a
# meta-package's, but in experimental.
index_kernels() {
	local dots='^[0-9]+\.[0-9]+\.[0-9]+'

	[[ $1 != experimental ]] || dots=.
	apt_in "$1" apt-cache dumpavail | awk -v with="$2" '
		$1 == "Package:" && /linux-(image|headers)-[0-9]+\.[0-9]+[.0-9]*[-+.].*-amd64$/ {
			kv = $2
			sub(/^linux-(image|headers)-/, "", kv)
			if ($2 ~ /^linux-image/) image[kv] = 1
			else headers[kv] = 1
		}
		END { for (kv in image) if ((kv in headers) == (with == "headers")) print kv }' |
	{ grep -E "$dots" || :; } | sort -V
}

# apt-get returns 0 where it only warns that something is old. What it says is kept
# in no file here and below: the disk may be full, which is what it says.
fresh_lists() {
	local log

	if ! log=$(apt_in "$1" apt-get -qq update 2>&1) ||
	   grep -qE '^(E|W): ' <<<"$log"; then
		printf '%s\n' "$log" >&2
		return 1
	fi
}

# Once a day is enough: old versions stay in the archive for longer.
update_lists() {
	local release=$1 dir=$cache/apt/$1

	[[ ! -e $dir/pool || ! $(find "$dir/kernels" -mmin -1440 2>/dev/null) ]] ||
		return 0
	say "updating the package lists of $release"
	write_apt_conf "$release"
	thrice fresh_lists "$release" || return
	index_kernels "$release" pool >"$dir/pool.new" && mv "$dir/pool.new" "$dir/pool" || return
	index_kernels "$release" headers >"$dir/kernels.new"
	[[ -s $dir/kernels.new ]] || return 1
	mv "$dir/kernels.new" "$dir/kernels"
}

# begin_download KV: room for what comes, and nothing of an interrupted one: apt
# tells no size of a package that is there already, whole or not
begin_download() {
	room 240 "a kernel with its headers"
	rm -rf "$cache/deb/$1"
	mkdir -p "$cache/deb/$1"
}

# download RELEASE KV PACKAGE…: verified by apt, into $cache/deb/KV; sets debs,
# the files
download() {
	local release=$1 dir=$cache/deb/$2 package size deb uris

	begin_download "$2" || return
	shift 2
	cd "$dir" || return
	debs=()
	for package; do
		uris=$(apt_in "$release" apt-get -qq --print-uris download "$package") || return
		read -r _ deb size _ <<<"$uris"
		[[ $size ]] || { say "apt does not know $package"; return 1; }
		say "fetching $package $(((size + 500000) / 1000000)) MB"
		debs+=("$dir/$deb")
	done
	thrice packages "$release" "$@"
}

# Into the working directory
packages() {
	local release=$1 log

	shift
	log=$(apt_in "$release" apt-get -qq download "$@" 2>&1) || {
		printf '%s\n' "$log" >&2
		return 1
	}
}

# The version of a package in the index, empty if it is not there
indexed() {
	apt_in "$1" apt-cache show --no-all-versions "$2" 2>/dev/null |
		sed -n 's/^Version: //p'
}

# pool_file RELEASE KV PACKAGE VERSION ARCH: a file that has left the index, but
# not yet the archive, appended to debs. No signature covers it any more.
pool_file() {
	local release=$1 dir=$cache/deb/$2 deb=$3_$4_$5.deb url

	url=$(mirror main)
	url=${url%/}/pool/main/l/linux/$deb
	say "fetching $3, which nothing signs any more"
	thrice pool_get "$release" "$url" "$dir/$deb" || return
	debs+=("$dir/$deb")
}

pool_get() {
	local log

	log=$(apt_in "$1" /usr/lib/apt/apt-helper download-file "$2" "$3" 2>&1) || {
		tail -n 3 <<<"$log" >&2
		return 1
	}
}
