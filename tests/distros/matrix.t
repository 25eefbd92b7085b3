#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# From what a sweep prints to cells, table and picture; no guest.
# shellcheck disable=SC2317
. "$(dirname "$0")/../lib.sh"

here=$top/tests/distros

# run PATH WRITER WRONG FIRST VERDICT EXPOSURES BOGUS: one of a sweep's
run() {
	printf '%s\n' "=== $1 $2 truth 1" "# wrong_events $3"
	[[ $4 = - ]] || echo "# first_wrong_ms $4"
	printf '%s\n' "# seconds 2.000" "shmem_missing_bogus $7" \
		"hugetlb.missing INCONCLUSIVE exposures=0 bogus=0 undecided=0 events=0" \
		"shmem.missing $5 exposures=$6 bogus=$7 undecided=3 events=9" \
		"shmem.minor INCONCLUSIVE exposures=0 bogus=0 undecided=0 events=0" \
		"resolve_raced VULNERABLE 0 bogus=1"
}

sweep() {
	run shmem-private-missing migrate 0 - PROTECTED 7 0
	run shmem-private-missing wp 4 218 VULNERABLE 2 5
	run shmem-shared-missing migrate 0 - INCONCLUSIVE 0 0
	run shmem-shared-missing wp 0 - PROTECTED 11 0
	run hugetlb-private-missing wp 0 - VULNERABLE 9 9
	echo "=== anon-missing migrate truth 1 SKIP needs two memory nodes"
	echo "=== shmem-thp-missing wp truth 1"
	echo "# wrong_events 3"
}

tabs() {
	tr ' ' '\t'
}

expected() {
	tabs <<-'EOT'
	K shmem-private-missing VULNERABLE 9 5 6 4 218 wp~
	K shmem-shared-missing PROTECTED 11 0 6 0 ~~
	K hugetlb-private-missing INCONCLUSIVE 0 0 0 0 ~~
	EOT
	echo 'K anon-missing SKIP 0 0 0 0   needs two memory nodes' |
		sed 's/ /\t/; s/ /\t/; s/ /\t/; s/ /\t/; s/ /\t/; s/ /\t/; s/ /\t/; s/ /\t/; s/ /\t/'
}

cells() {
	awk -v kernel=K -f "$here/cells.awk" "$work/sweep"
}

sweep >"$work/sweep"
cells >"$work/cells"
ok "cells: writers together, only the path's own backing, nothing unfinished" \
	diff <(expected | tr '~' '\t') "$work/cells"

printf 'L\t-\tSKIP gone\n' >>"$work/cells"
awk -v about=About -f "$here/table.awk" "$work/cells" >"$work/table"
ok "table: a conviction with its figures" grep -qF \
	'| **VULNERABLE**<br>5 bogus<br>9 exposures<br>first at 218 ms, wp |' "$work/table"
ok "table: as many columns in each line" test \
	"$(grep '^|' "$work/table" | tr -cd '|\n' | sort -u | wc -l)" = 1
ok "table: what was not measured, and why" grep -qx -- '- L: SKIP gone' "$work/table"

awk -v about='a < b' -f "$here/heatmap.awk" "$work/cells" >"$work/svg"
ok "picture: a box for each cell, and the background" test \
	"$(grep -c '<rect' "$work/svg")" = 5
ok "picture: one red, one green" test \
	"$(grep -c '#b42318"/>' "$work/svg")$(grep -c '#1a7f4b"/>' "$work/svg")" = 11
ok "picture: text is escaped" grep -q 'a &lt; b' "$work/svg"
done_testing
