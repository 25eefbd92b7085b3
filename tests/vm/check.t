#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# tests/check itself, and the retries of downloads, with stubs for all the rest.
# shellcheck disable=SC2016,SC2317
. "$(dirname "$0")/../lib.sh"

tree=$work/tree
guest=guest	# so that nobody takes this for a test with kernel

make_tree() {
	mkdir -p "$tree/tests/"{unit,kernel,stress,vm} "$work/bin"
	cp "$top/tests/check" "$tree/tests/"
	echo 'all: ;' >"$tree/tests/stress/Makefile"
	printf '#!/bin/sh\nexit 0\n' | tee "$tree/tests/deps" >"$tree/tests/vm/run"
	chmod +x "$tree/tests/"{deps,vm/run}
}

# test_file NAME FIRST SECOND [LOG]: what comes of its point the first and the
# second time; a line of a kernel log that is left at each failure
test_file() {
	cat >"$tree/tests/$1.t" <<-EOT
	#!/bin/bash
	$guest() { :; }
	case $1 in *kernel*) $guest a 6.1 ;; esac
	echo >>"$work/ran-${1##*/}"
	says=('$2' '$3')
	say=\${says[\$(wc -l <"$work/ran-${1##*/}") - 1]}
	[ "\$say" = ok ] || echo '${4:-[    1.0] nothing}' >"\$UFFD_RACE_KEEP/${1##*/}"
	echo "\$say 1 - of ${1##*/}"
	echo 1..1
	[ "\$say" = ok ]
	EOT
	[[ $1 = kernel/* ]] || sed -i "/$guest/d" "$tree/tests/$1.t"
	chmod +x "$tree/tests/$1.t"
}

ran() {
	[[ $(wc -l <"$work/ran-$1") = "$2" ]]
}

# check STATUS: of tests/check on all the test files
check() {
	local got=0

	rm -f "$work"/ran-*
	(cd "$tree" && tests/check tests/{unit,kernel}) >"$work/out" 2>&1 </dev/null || got=$?
	((got == $1)) || diag "exit status $got: $(cat "$work/out")"
	((got == $1))
}

tail_says() {
	tail -n 6 "$work/out" | grep -qx -- "$1" || { diag "$(tail -n 6 "$work/out")"; false; }
}

checks() {
	test_file unit/good ok ok
	test_file kernel/sound ok ok
	ok "all green: green" check 0
	ok "and said so" tail_says PASSED
	ok "with the time" tail_says '== check: [0-9]* min [0-9]* s'

	test_file kernel/flaky 'not ok' ok
	ok "a guest that fails once: green" check 0
	ok "loudly" tail_says 'RETRIED: tests/kernel/flaky.t'
	ok "nothing else ran again" ran good 1

	test_file kernel/flaky 'not ok' 'not ok'
	ok "one that fails twice: red" check 1
	ok "named at the end" tail_says 'FAILED: tests/kernel/flaky.t'
	ok "with its point" tail_says 'not ok 1 - of flaky'
	ok "after two runs" ran flaky 2

	test_file kernel/flaky 'not ok' ok
	test_file unit/good 'not ok' ok
	ok "a unit test that fails once: red" check 1
	ok "without a second run" ran good 1
	ok "named at the end" tail_says 'FAILED: tests/unit/good.t'

	test_file unit/good ok ok
	test_file kernel/flaky 'not ok' ok '[    2.0]  fault_event+0x12/0x40 [uffd_race]'
	ok "a crash in our code: red" check 1
	ok "without a second run" ran flaky 1
	test_file kernel/flaky 'not ok' ok '[    2.0] RIP: 0010:0xffffffffc0401234'
	ok "a crash where our code was: red" check 1
	test_file kernel/flaky 'not ok' ok \
		'[    2.0] BUG: unable to handle page fault for address: ffffffffc03beb88'
	ok "or our data: red" check 1
	test_file kernel/flaky 'not ok' ok '[    2.0]  ? fault_event+0x12/0x40 [uffd_race]'
	ok "leftovers of the stack are no proof" check 0
	test_file kernel/flaky 'not ok' ok '[    2.0] Modules linked in: uffd_race(OE)'
	ok "nor is the list of modules" check 0
}

phases() {
	test_file kernel/flaky ok ok
	printf '#!/bin/sh\nexit 3\n' >"$tree/tests/deps"
	ok "missing packages: red" check 3
	ok "named at the end" \
		tail_says 'FAILED: tests/deps, before any test (status 3)'
}

# apt NAME FAILURES: a stub that fails so often, then works
apt() {
	cat >"$work/bin/$1" <<-EOT
	#!/bin/sh
	echo >>"$work/tries-$1"
	[ "\$(wc -l <"$work/tries-$1")" -gt "$2" ]
	EOT
	chmod +x "$work/bin/$1"
	rm -f "$work/tries-$1"
}

tries() {
	[[ $(wc -l <"$work/tries-$1") = "$2" ]]
}

thrice_fetched() {
	(cd "$work" && PATH=$work/bin:$PATH UFFD_RACE_CACHE=$work/cache bash -euc '
		. "$0/tests/vm/lib.sh"; . "$0/tests/vm/apt.sh"; quiet=1
		thrice packages bookworm nothing' "$top") 2>/dev/null
}

deps() {
	PATH=$work/bin:$PATH "$top/tests/deps" nothing-of-that-name 2>/dev/null
}

downloads() {
	apt sleep 0
	apt apt-get 2
	ok "a download that fails twice" thrice_fetched
	ok "is tried three times" tries apt-get 3
	ok "with pauses" tries sleep 2
	apt apt-get 3
	ok "a download that fails three times fails" eval '! thrice_fetched'
	ok "and is not tried again" tries apt-get 3
	if ((EUID)) || ! grep -qx 'VERSION_ID="12"' /etc/os-release; then
		skip "packages of the machine" "needs root on Debian 12"
		return
	fi
	apt apt-get 2
	ok "packages that fail twice" deps
	ok "are tried until they come" tries apt-get 4
	apt apt-get 9
	ok "packages that do not come" eval '! deps'
	ok "are tried three times" tries apt-get 3
}

make_tree
checks
phases
downloads
done_testing
