#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# run and build themselves, with a stub for a module. Little guests, as all this
# should take less than a minute.
# shellcheck disable=SC2016,SC2317,SC1003,SC1091,SC2154
. "$(dirname "$0")/../lib.sh"

kernel=${1:-6.1}
tree=$work/tree
run=$tree/tests/vm/run
small=(-k "$kernel" -c 1 -n 1 -m 256 -l "$work/log")
# Ours, not tests/check's: these guests are meant to fail
export UFFD_RACE_KEEP=$work/kept
mkdir "$UFFD_RACE_KEEP"

make_tree() {
	mkdir -p "$tree"/{src,include,tests}
	cp -r "$top/tests/vm" "$tree/tests/"
	cp "$top/dkms.conf" "$tree/"
	cat >"$tree/Kbuild" <<-'EOT'
	obj-m := uffd_race.o
	uffd_race-y := src/stub.o
	EOT
	cat >"$tree/src/stub.c" <<-'EOT'
	#include <linux/module.h>
	static bool warn, fail;
	static char *text = "";
	static int number;
	module_param(warn, bool, 0444);
	module_param(fail, bool, 0444);
	module_param(text, charp, 0444);
	module_param(number, int, 0444);
	static int __init stub_init(void)
	{
		WARN_ON(warn);
		return fail ? -ENODEV : 0;
	}
	static void __exit stub_exit(void) { }
	module_init(stub_init);
	module_exit(stub_exit);
	MODULE_DESCRIPTION("stub");
	MODULE_LICENSE("GPL");
	EOT
}

# status N COMMAND…: it ends with N; its output is in $work/out, $work/err
status() {
	local want=$1 got=0

	shift
	"$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
	((got == want)) || diag "exit status $got instead of $want"
	((got == want)) || diag "$(cat "$work/err")"
	((got == want))
}

# refuses PATTERN ARG…: run says so at once, with 125
refuses() {
	local pattern=$1

	shift
	status 125 "$run" "$@" && [[ ! -s $work/out ]] && grep -q -- "$pattern" "$work/err"
}

usage_errors() {
	ok "no kernel named" refuses 'which kernel' -- true
	ok "an unknown kernel" refuses "unknown kernel '4.19'" -k 4.19 -- true
	ok "not a kernel at all" refuses "unknown kernel '../x'" -k ../x -- true
	ok "no command" refuses 'no COMMAND' -k "$kernel" --
	ok "an unknown option" refuses "unknown option '-Z'" -Z -k "$kernel" -- true
	ok "an option without its argument" refuses '-k wants' -k
	ok "not a number" refuses '-c wants a number' -k "$kernel" -c two -- true
	ok "a file that is not there" refuses 'cannot read' -k "$kernel" -a /no/such -- true
	ok "-p with -N" refuses 'exclude each other' -k "$kernel" -N -p x=1 -- true
	mkdir -p "$work/empty"
	ok "a directory without a kernel" refuses 'neither packages nor' -k "$work/empty" -- true
	ok "a package that is not there" refuses "cannot read" -k "$work/no.deb" -- true
	ok "two kernels" refuses 'only packages can be several' -k 6.1 -k 5.10 -- true
	ok "--help" status 0 "$run" --help
}

warns() {
	status 0 "$tree/tests/vm/build" -k "$kernel" && grep -q unused "$work/err"
}

# Two at once, of something that nobody has built yet
builds() {
	echo "/* $$ $RANDOM $EPOCHREALTIME */" >>"$tree/src/stub.c"
	"$tree/tests/vm/build" -k "$kernel" >"$work/ko1" 2>"$work/err1" &
	ok "the stub builds, twice at once" status 0 "$tree/tests/vm/build" -k "$kernel"
	wait $!
	ok "both get the same file" cmp "$work/ko1" "$work/out"
	ok "which is a module for $kernel" grep -aq "vermagic=$kernel" "$(cat "$work/out")"
	echo 'static int unused;' >>"$tree/src/stub.c"
	ok "a compiler warning is seen" warns
	ok "and seen again when nothing is built" warns
	sed -i '/unused/d' "$tree/src/stub.c"
	ko=$(cat "$work/ko1")
}

write_inside() {
	printf 'a\tb\r\nno newline at the end' >"$work/a file"
	cat >"$work/inside" <<-'EOT'
	#!/bin/sh
	for arg; do printf '[%s]' "$arg"; done; echo
	cat /sys/module/uffd_race/parameters/text /sys/module/uffd_race/parameters/number
	for n in 0 1; do
		pages=/sys/devices/system/node/node$n/hugepages/hugepages-2048kB/nr_hugepages
		echo 8 >$pages; cat $pages
	done
	for f in /tmp /dev/shm /dev/hugepages /sys/kernel/debug /sys/fs/cgroup; do
		awk -v f=$f '$2 == f { print $3 }' /proc/mounts
	done
	nproc
	cat "a file"
	seq 1 20000
	echo to stderr >&2
	echo "BUG: uffd_race: bogus MISSING event" >/dev/kmsg
	sleep 1000 &
	exit 7
	EOT
	chmod +x "$work/inside"
}

expected_inside() {
	printf '%s\n' "[a b][it's][\"][\$HOME \`x\` \\][][*][x" "y]" \
		"two words" 5 8 8 tmpfs tmpfs hugetlbfs debugfs cgroup2 4
	cat "$work/a file"
	seq 1 20000
}

whole() {
	write_inside
	ok "a command's own exit status" status 7 "$run" -k "$kernel" -c 4 -n 2 \
		-a "$work/inside" -a "$work/a file" -p 'text="two words" number=5' -- \
		inside 'a b' "it's" '"' '$HOME `x` \' '' '*' $'x\ny'
	expected_inside >"$work/expected"
	ok "arguments, parameters, nodes, huge pages, mounts, files, 100 kB of output: byte for byte" \
		cmp "$work/expected" "$work/out"
	ok "its stderr is stderr" grep -qx 'to stderr' "$work/err"
	ok "the kernel log is there on failure" grep -q 'uffd_race-test: exit 7' "$work/err"
}

# fate STATUS WHAT COMMAND…: of a guest without the module
fate() {
	local want=$1 what=$2

	shift 2
	ok "$what: $want" status "$want" "$run" "${small[@]}" -N -X "$ko" -- "$@"
}

fates() {
	fate 0 "the module is there without being loaded" \
		sh -c 'test ! -d /sys/module/uffd_race && insmod uffd_race.ko'
	ok "and silence if all is well" test ! -s "$work/err"
	ok "and the kernel log on request" grep -q 'Linux version' "$work/log"
	fate 99 "a panic" sh -c 'echo c >/proc/sysrq-trigger'
	ok "which is named" grep -q 'kernel trouble.*Kernel panic' "$work/err"
	ok "and whose log is kept" grep -rq 'Kernel panic' "$work/kept"
	fate 125 "a guest that goes away" poweroff -f
	small+=(-t 2)
	fate 124 "no end" sleep 1000
	small+=(-t 120)
	ok "a WARNING in a test that passes: 99" status 99 \
		"$run" "${small[@]}" -X "$ko" -p warn=1 -- true
	ok "a module that does not load: 125" status 125 \
		"$run" "${small[@]}" -X "$ko" -p fail=1 -- true
	ok "and the test does not run" grep -q 'did not load' "$work/err"
}

# Packages as a user's own kernel has them, made of the cached ones
pack_own() {
	local cache kv

	cache=$(dirname "$(dirname "$(dirname "$ko")")")
	kv=${ko%/*}
	kv=${kv##*/}
	kv=${kv%.*}
	mkdir -p "$work"/{image,headers}/DEBIAN "$work/image/boot" "$work/debs" || return
	cp "$cache/kernels/$kv/vmlinuz" "$work/image/boot/vmlinuz-$kv" &&
	cp -r "$cache/headers/$kv/usr" "$work/headers/" || return
	find "$work/headers/usr/src" -name Makefile -exec \
		sed -i "s,$cache/headers/$kv/usr/src/,/usr/src/,g" {} +
	for name in image headers; do
		printf '%s\n' "Package: linux-$name-own" 'Version: 1' 'Architecture: amd64' \
			'Maintainer: nobody' 'Description: own' >"$work/$name/DEBIAN/control"
		dpkg-deb -Znone -b "$work/$name" "$work/debs/$name.deb" >"$work/out" || return
	done
}

own() {
	ok "packages of an own kernel" pack_own
	ok "-k FILE.deb, twice: builds for it, boots it" status 0 "$run" "${small[@]:2}" \
		-k "$work/debs/headers.deb" -k "$work/debs/image.deb" -- uname -r
	ok "and it is that kernel" grep -q "^$kernel" "$work/out"
	rm "$work/debs/headers.deb"
	ok "-k DIR, without headers: says so" status 125 "$run" -k "$work/debs" -- true
	ok "by name" grep -q 'no headers of' "$work/err"
}

# A tree of the user's own, as it is after a build
make_own_tree() {
	local headers=$work/headers/usr/src

	kv=$(basename "$headers"/linux-headers-*-amd64)
	own=$work/built/$kv
	mkdir -p "$work/built" && cp -r "$headers"/* "$work/built/" || return
	find "$work/built" -name Makefile -exec sed -i "s,/usr/src/,$work/built/,g" {} +
	# the links to linux-kbuild lead to /usr/lib
	cp -r "$work/headers/usr/lib" "$work/" 2>"$work/out" || :
	mkdir -p "$own/arch/x86/boot" && cp "$work/image/boot"/vmlinuz-* "$own/arch/x86/boot/bzImage"
}

builds_own() {
	status 0 "$tree/tests/vm/build" -k "$own" && cp "$work/out" "$work/$1"
}

own_tree() {
	ok "a built tree" make_own_tree
	ok "-k DIR of it: builds" builds_own first
	ok "again: nothing is built" builds_own second
	ok "(it was not)" cmp "$work/first" "$work/second"
	echo '# CONFIG_OTHER is not set' >>"$own/.config"
	ok "another configuration under the same release" builds_own third
	ok "is another module" not cmp -s "$work/first" "$work/third"
	touch "$own/include/generated/autoconf.h"
	ok "headers that have changed" builds_own fourth
	ok "make another one, too" not cmp -s "$work/third" "$work/fourth"
}

# trouble_in LINE: of a kernel log
trouble_in() (
	. "$top/tests/vm/qemu.sh"
	printf '[    1.234567] %s\n' "$1" >"$work/line"
	trouble "$work/line" >/dev/null
)

not() {
	! "$@"
}

troubles() {
	local line

	while read -r line; do
		ok "trouble: $line" trouble_in "$line"
	done <<-'EOT'
	[ BUG: Invalid wait context ]
	WARNING: possible circular locking dependency detected
	WARNING: possible recursive locking detected
	WARNING: inconsistent lock state
	WARNING: suspicious RCU usage
	turning off the locking correctness validator.
	INFO: possible recursive locking detected
	BUG: sleeping function called from invalid context at mm/x.c:1
	BUG: scheduling while atomic: x/1/0x2
	BUG: KASAN: use-after-free in x+0x1/0x2
	BUG kmalloc-64 (Tainted: G    B      O      ): Poison overwritten
	UBSAN: shift-out-of-bounds in x.c:1
	kmemleak: 1 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
	EOT
	while read -r line; do
		ok "none: $line" not trouble_in "$line"
	done <<-'EOT'
	BUG: uffd_race: bogus MISSING event
	kmemleak: Kernel memory leak detector initialized (mem pool available: 1)
	x86/mm: a driver says BUG: and WARNING: somewhere
	EOT
}

# A QEMU that ends at once, for as many times as $work/deaths says
stub_qemu() {
	local real

	real=$(type -P qemu-system-x86_64) || return
	mkdir -p "$work/bin"
	cat >"$work/bin/qemu-system-x86_64" <<-EOT
	#!/bin/sh
	echo boot >>"$work/boots"
	[ \$(wc -l <"$work/boots") -gt \$(cat "$work/deaths") ] || exit 0
	exec "$real" "\$@"
	EOT
	chmod +x "$work/bin/qemu-system-x86_64"
}

# dies TIMES STATUS BOOTS: what comes of it, and how often it was started
dies() {
	echo "$1" >"$work/deaths"
	rm -f "$work/boots"
	PATH=$work/bin:$PATH status "$2" "$run" "${small[@]}" -X "$ko" -- true &&
		[[ $(wc -l <"$work/boots") = "$3" &&
		   $(grep -c 'starting it again' "$work/err") = $(($3 - 1)) ]]
}

stillborn() {
	ok "a stub for QEMU" stub_qemu
	ok "a guest that dies before anything of ours is started again, and says so" dies 1 0 2
	ok "twice" dies 2 0 3
	ok "and not more" dies 3 125 3
	ok "one that dies with its command is not" status 125 "$run" "${small[@]}" -N -X "$ko" \
		-- poweroff -f
	ok "(it was not)" not grep -q 'starting it again' "$work/err"
}

make_tree
usage_errors
troubles
if ! "$run" -k "$kernel" --fetch; then
	skip "guests" "kernel $kernel cannot be had"
	done_testing
fi
builds
whole
fates
stillborn
own
own_tree
done_testing
