#!/bin/bash
# What clears a path, and what does not: the words of "verdict".
. "$(dirname "$0")/../lib.sh"

# exposes NAME PARAMETERS [STRESSOR-OPTION]…: a sound path, its writers held
exposes() {
	local name=$1 params=$2
	shift 2
	f=$work/$name
	guest "$name" 6.1 -p "watch_auto=3 stall_us=500 stall_percent=30 $params" -- \
		judge --path anon-missing --writer wp --pages 2 --readers 2 --seconds 5 "$@"
}

says() {
	ok "$1: $2 is $3" grep -qE "^$2 $3" "$f"
}

if exposes enough look_ms=5; then
	says "with exposures" anon.missing 'PROTECTED exposures=[1-9].* events=[0-9]+$'
	says "without any" hugetlb.missing 'INCONCLUSIVE exposures=0 .*: no exposure$'
	ok "no events of other memory, so no line" test "$(grep -c '^other\.' "$f")" = 0
fi
if exposes starved ctxs=1 --second-uffd; then
	ok "a table is full" test "$(value "$f" full_ctxs)" -gt 0
	says "with exposures, and a full table" anon.missing \
		'INCONCLUSIVE exposures=[1-9].*: (tables full|undecided [0-9]+%)$'
fi
done_testing
