#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The cache of kernels: whatever stops a download or an unpacking, the next run
# does it again. apt is a stub, with little packages; no guest.
#
#   UFFD_RACE_KILLS   at how many random moments to kill it (10; 200 by hand)
# shellcheck disable=SC2016,SC2317
. "$(dirname "$0")/../lib.sh"

kills=${UFFD_RACE_KILLS:-10}
kv=5.10.0-1-cloud-amd64
scripts=${VM:-$top/tests/vm}
bin=$work/bin repo=$work/repo
export REPO=$repo UFFD_RACE_CACHE=$work/cache PATH=$bin:$PATH
mkdir -p "$bin" "$repo"

# package NAME DEPENDS FILE…
package() {
	local dir=$work/pack name=$1 file

	mkdir -p "$dir/DEBIAN"
	printf '%s\n' "Package: $name" 'Version: 1' 'Architecture: amd64' "Depends: $2" \
		'Maintainer: nobody' 'Description: stub' >"$dir/DEBIAN/control"
	shift 2
	for file; do
		mkdir -p "$dir/$(dirname "$file")"
		head -c 100000 /dev/urandom >"$dir/$file"
	done
	dpkg-deb -Znone -b "$dir" "$repo/$name.deb" >/dev/null
	rm -rf "$dir"
}

stub() {
	cat >"$bin/$1"
	chmod +x "$bin/$1"
}

# Pauses between tries are for networks.
stub_sleep() {
	stub sleep <<-'EOT'
	#!/bin/sh
	[ "$1" = 5 ] || exec /bin/sleep "$1"
	EOT
}

# As apt does: no size of what is there already; and a package grows as it comes.
stubs() {
	stub apt-get <<-'EOT'
	#!/bin/bash
	packages=()
	for arg; do
		case $arg in
		indextargets) echo "bookworm main http://stub"; exit ;;
		update) exit ;;
		--print-uris) print=1 ;;
		-*|download) ;;
		*) packages+=("$arg") ;;
		esac
	done
	for p in "${packages[@]}"; do
		size=$(stat -c %s "$REPO/$p.deb") || exit 100
		if [[ ${print:-} ]]; then
			[[ $(stat -c %s "$p.deb" 2>/dev/null) = "$size" ]] ||
				echo "'http://stub/$p.deb' $p.deb $size x"
			continue
		fi
		[[ $(stat -c %s "$p.deb" 2>/dev/null) != "$size" ]] || continue
		head -c $((size / 2)) "$REPO/$p.deb" >"$p.deb"
		sleep 0.03
		tail -c +$((size / 2 + 1)) "$REPO/$p.deb" >>"$p.deb"
	done
	EOT
	stub apt-cache <<-EOT
	#!/bin/sh
	case "\$*" in
	dumpavail) printf 'Package: linux-%s-$kv\n\n' image headers ;;
	*linux-headers-$kv) echo 'Depends: linux-headers-5.10.0-1-common, linux-kbuild-5.10' ;;
	*) exit 100 ;;
	esac
	EOT
}

fetch() {
	"$scripts/run" -k 5.10 --fetch >"$work/out" 2>&1 </dev/null
}

# It works, and what is there is whole
works() {
	fetch || { diag "$(cat "$work/out")"; return 1; }
	cmp "$work/good/kernels/$kv/vmlinuz" "$UFFD_RACE_CACHE/kernels/$kv/vmlinuz" &&
		diff -r <(cd "$work/good/headers/$kv" && find . -type f -exec sha256sum {} + | sort) \
			<(cd "$UFFD_RACE_CACHE/headers/$kv" && find . -type f -exec sha256sum {} + | sort)
}

# stopped_at TOOL: a run that is killed, with all its children, where it first calls it
stopped_at() {
	rm -rf "$UFFD_RACE_CACHE"
	printf '#!/bin/sh\nkill -9 0\n' | stub "$1"
	setsid -w "$scripts/run" -k 5.10 --fetch >/dev/null 2>&1 </dev/null
	rm "$bin/$1"
	hash -r
} 2>/dev/null

# killed SIGNAL SECONDS: a run that gets so far
killed() {
	local pid

	rm -rf "$UFFD_RACE_CACHE"
	env --default-signal=INT setsid "$scripts/run" -k 5.10 --fetch >/dev/null 2>&1 </dev/null &
	pid=$!
	sleep "$2"
	kill "-$1" -- "-$pid" 2>/dev/null
	wait "$pid"
} 2>/dev/null

random_kills() {
	local i took begun=${EPOCHREALTIME/./} signals=(KILL INT TERM) signal at bad=0

	rm -rf "$UFFD_RACE_CACHE"
	fetch
	took=$((${EPOCHREALTIME/./} - begun))
	for ((i = 0; i < kills; i++)); do
		signal=${signals[i % 3]}
		at=$(awk -v us="$took" -v r="$RANDOM" 'BEGIN { printf "%.3f", us * r / 32768 / 1e6 }')
		killed "$signal" "$at"
		works || { diag "after $signal at $at of $took us"; bad=$((bad + 1)); }
	done
	ok "$kills kills at random moments: the next run always works" test "$bad" = 0
}

full_disk() {
	rm -rf "$UFFD_RACE_CACHE"
	mkdir "$UFFD_RACE_CACHE"
	mount -t tmpfs -o size="$1" none "$UFFD_RACE_CACHE"
	# of which df says nothing: it fills up meanwhile
	printf '#!/bin/sh\necho Avail\necho 99999\n' | stub df
	fetch && echo "it fits"
	umount "$UFFD_RACE_CACHE"
	rm "$bin/df"
}

package "linux-image-$kv" x "boot/vmlinuz-$kv"
package "linux-headers-$kv" x "usr/src/linux-headers-$kv/Makefile"
package linux-headers-5.10.0-1-common x usr/src/linux-headers-5.10.0-1-common/Makefile
package linux-kbuild-5.10 x usr/lib/linux-kbuild-5.10/x
stubs
stub_sleep
UFFD_RACE_CACHE=$work/good fetch
ok "a kernel that is there is fetched" test -s "$work/good/kernels/$kv/vmlinuz" ||
	diag "$(cat "$work/out")"

for tool in dpkg-deb tar mv; do
	stopped_at "$tool"
	ok "killed where it first calls $tool: the next run works" works
done
rm -rf "$UFFD_RACE_CACHE"
mkdir -p "$UFFD_RACE_CACHE"/{kernels,headers}/$kv
ok "empty folders of an older version are filled" works
random_kills

printf '#!/bin/sh\necho Avail\necho 100\n' | stub df
rm -rf "$UFFD_RACE_CACHE"
ok "too little space: refused" eval '! fetch'
ok "and said how much it takes" grep -q 'takes 240 MB, and .* has 100 MB free' "$work/out"
ok "before anything is fetched" test -z "$(find "$UFFD_RACE_CACHE" -name '*.deb')"
rm "$bin/df"
hash -r
if ((EUID)); then
	skip "a disk that fills up" "needs root, to mount one"
else
	bad=''
	for size in 16k 200k 450k; do
		unshare -m bash -c ". /dev/stdin; full_disk $size" < <(declare -f full_disk stub fetch
			declare -p bin scripts work) >"$work/full" 2>&1
		works || bad=1
	done
	ok "after a full disk, the next run works" test ! "$bad"
fi
touch "$UFFD_RACE_CACHE/mine"
ok "clean-cache" "$scripts/clean-cache"
ok "leaves what is not ours, and no more" test "$(ls "$UFFD_RACE_CACHE")" = mine
done_testing
