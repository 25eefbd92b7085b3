#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What clears a path, and what does not: the words of "verdict".
. "$(dirname "$0")/../lib.sh"

# Another process has more userfaultfds later than there is room for
cat >"$work/both" <<'EOT'
(sleep 2; ./hostile overflow >/dev/null) &
judge --path anon-missing --writer wp --pages 2 --readers 2 --seconds 6
EOT

# exposes NAME PARAMETERS: a sound path, its writers held
exposes() {
	f=$work/$1
	guest "$1" 6.1 -a "$top/tests/guest/hostile" -p "watch_auto=3 stall_us=500 stall_percent=30 $2" \
		-a "$work/both" -- sh both
}

says() {
	ok "$1: $2 is $3" grep -qE "^$2 $3" "$f"
}

make -s -C "$top/tests/guest"
if exposes enough ctxs=512; then
	says "with exposures" anon.missing 'PROTECTED exposures=[1-9].* events=[0-9]+$'
	says "without any" hugetlb.missing 'INCONCLUSIVE exposures=0 .*: no exposure$'
	ok "no events of other memory, so no line" test "$(grep -c '^other\.' "$f")" = 0
fi
if exposes starved ctxs=16; then
	ok "a table is full" test "$(value "$f" full_ctxs)" -gt 0
	says "with exposures, and a full table" anon.missing \
		'INCONCLUSIVE exposures=[1-9].*: tables full$'
fi
done_testing
