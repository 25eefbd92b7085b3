# SPDX-License-Identifier: GPL-2.0
# Packages that tests run in guests, beside kernels: unpacked in the cache, keyed
# by what apt says of them. Sourced after kernels.sh.
# shellcheck shell=bash disable=SC2154 # lib.sh's

# identity RELEASE PACKAGE…: file names and hashes of what apt would fetch
identity() {
	local release=$1

	shift
	# the address is apt's business, and the mirror's
	apt_in "$release" apt-get -qq --print-uris download "$@" 2>/dev/null |
		cut -d ' ' -f 2- | sort
}

# unpack COMMAND TARGET RELEASE PACKAGE…: COMMAND DIR fills DIR, with the debs in
# $debs; DIR becomes TARGET
unpack() {
	local command=$1 target=$2 release=$3 tmp

	shift 3
	[[ ! -d $target ]] || return 0
	download "$release" "${target##*/}" "$@" || return
	tmp=$(mktemp -d "${target%/*}/.new.XXXXXX") || return
	chmod 755 "$tmp"
	if ! (cd "$tmp" && "$command"); then
		rm -rf "$tmp"
		return 1
	fi
	mv -T "$tmp" "$target"
	rm -rf "${cache:?}/deb/${target##*/}"
}

# provide COMMAND NAME RELEASE PACKAGE…: sets provided, a directory, or fails.
# Without a network the last one that could be had will do.
provide() {
	local command=$1 name=$2 release=$3 key

	shift 2
	mkdir -p "$cache/unpacked"
	locked "apt-$release" update_lists "$release" ||
		say "no fresh package lists of $release"
	provided=
	key=$(identity "$@")
	if [[ $key ]]; then
		# what is taken out of the packages is part of it
		key=$(echo "$key $(declare -f "$command")" | sha256sum | cut -c 1-16)
		provided=$cache/unpacked/$name.$key
		locked "unpacked-$name" unpack "$command" "$provided" "$@" || provided=
	fi
	if [[ ! $provided ]]; then
		# shellcheck disable=SC2012 # our own names
		provided=$(ls -td "$cache/unpacked/$name".* 2>/dev/null | head -n 1)
		[[ $provided ]] || return
		say "using the cached ${provided##*/}"
	fi
	touch "$provided"
	forget_old "$cache/unpacked" "$name"
}

# forget_old DIR NAME: but the last two
forget_old() {
	local old

	# shellcheck disable=SC2012
	ls -td "$1/$2".* | tail -n +3 | while read -r old; do
		rm -rf "$old"
	done
	find "$1" -maxdepth 1 -name '.new.*' -mmin +60 -exec rm -rf {} +
}
