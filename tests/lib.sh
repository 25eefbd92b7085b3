# SPDX-License-Identifier: GPL-2.0
# TAP for the shell tests, and how they use guests.
# shellcheck shell=bash
set -uo pipefail

top=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tap_n=0 tap_failed=0

# ok DESCRIPTION COMMAND…: a test point, true if the command succeeds
ok() {
	local what=$1
	shift
	tap_n=$((tap_n + 1))
	if "$@"; then
		echo "ok $tap_n - $what"
	else
		tap_failed=1
		echo "not ok $tap_n - $what"
		diag "failed: $*"
		return 1
	fi
}

skip() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

done_testing() {
	echo "1..$tap_n"
	exit "$tap_failed"
}

# guest NAME KERNEL [RUN-OPTION]… -- COMMAND…: a test point by itself. What the
# command printed is left in $work/NAME.
guest() {
	local name=$1 kernel=$2 status=0
	shift 2
	"$top/tests/vm/run" -k "$kernel" -a "$top/tests/guest/judge" \
		-a "$top/tests/stress/stress" "$@" \
		>"$work/$name" 2>"$work/$name.err" || status=$?
	tap_n=$((tap_n + 1))
	if ((status == 0)); then
		echo "ok $tap_n - $name: ran in a guest, whose kernel log has no complaint"
		return 0
	fi
	tap_failed=1
	echo "not ok $tap_n - $name: the guest ended with status $status"
	sed 's/^/# /' "$work/$name" "$work/$name.err"
	return 1
}

# value FILE NAME: the last value of "NAME value" or "# NAME value", else 0
value() {
	awk -v name="$2" '$1 == "#" { $0 = substr($0, 3) }
		$1 == name { v = $2 } END { print v == "" ? 0 : v }' "$1"
}

# books_balance FILE: in every copy of the counters that it holds
books_balance() {
	awk '
	match($1, /^[a-z]+_(missing|minor)_/) {
		path = substr($1, 1, RLENGTH)
		what = substr($1, RLENGTH + 1)
		if (what == "events") { sum[path] = $2; n++ }
		else if (what ~ /^(genuine|stale|bogus|undecided|open)$/) sum[path] -= $2
		if (what == "open" && sum[path] != 0) bad++
	}
	END { exit bad || !n }' "$1"
}
