# SPDX-License-Identifier: GPL-2.0
# What run and build share. Sourced, by bash with set -euo pipefail.
# shellcheck shell=bash

# 125 is "could not run", as in timeout(1), env(1) and git bisect run.
readonly CANNOT=125

me=${me:-${0##*/}}
quiet=${quiet:-}

say() {
	[[ $quiet ]] || printf '%s: %s\n' "$me" "$*" >&2
}

die() {
	printf '%s: %s\n' "$me" "$*" >&2
	exit $CANNOT
}

need() {
	local tool

	for tool; do
		type -P "$tool" >/dev/null || die "$tool is missing: run tests/deps"
	done
}

# thrice COMMAND…: networks fail; what fails three times, 5 s apart, fails
thrice() {
	local try

	for try in 1 2 3; do
		"$@" && return
		((try == 3)) || { say "$1 has failed, trying again"; sleep 5; }
	done
	return 1
}

# room MB WHAT: in the cache, before anything is begun
room() {
	local free

	free=$(df --output=avail -B 1000000 "$cache" | sed 1d)
	((${free:-0} >= $1)) ||
		die "$2 takes $1 MB, and $cache has ${free:-0} MB free: make clean-cache, or UFFD_RACE_CACHE=DIR"
}

cache=${UFFD_RACE_CACHE:-}
if [[ ! $cache ]]; then
	cache=${XDG_CACHE_HOME:-${HOME:?set HOME or UFFD_RACE_CACHE}/.cache}/uffd_race
fi
mkdir -p "$cache" || die "no cache directory $cache"
cache=$(cd "$cache" && pwd -P)
# kbuild splits M= at blanks, make at colons, sed below at commas
[[ $cache != *[[:space:]:,]* ]] ||
	die "the cache directory's name must be without blanks, colons and commas: $cache"
mkdir -p "$cache"/{apt,build,deb,headers,kernels,lock,root}

# locked NAME COMMAND…: in a subshell, one at a time on this machine
locked() {
	local name=$1

	shift
	(
		flock -n 9 || { say "waiting for another run ($name)"; flock 9; }
		"$@"
	) 9>"$cache/lock/$name"
}
