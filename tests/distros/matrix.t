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

# table VERDICT…: of the kernels K1, K2 …; "-" is none
table() {
	local n=0 verdict

	for verdict; do
		n=$((n + 1))
		[[ $verdict = - ]] && printf '6.%d\t-\tSKIP gone\n' $n ||
			printf '6.%d.0-1-amd64\tanon-missing\t%s\t0\t0\t0\t0\t\t\t\n' $n "$verdict"
	done | awk -v about=About -f "$here/table.awk"
}

lost() {
	table "${@:2}" >"$work/newer"
	awk -f "$here/lost.awk" "$work/older" "$work/newer" >"$work/lost"
	[[ $(paste -sd ' ' <"$work/lost") = "$1" ]] || { diag "$(cat "$work/lost")"; false; }
}

table PROTECTED VULNERABLE >"$work/older"
ok "lost: another verdict is no loss" lost '' VULNERABLE PROTECTED PROTECTED
ok "lost: a kernel that was not measured" lost 6.2.0-1-amd64 PROTECTED -
sed -i 's/6\.1\.0-1/6.1.0-9/' "$work/older"
ok "lost: a newer version stands for an older one" lost '' PROTECTED PROTECTED

# The script itself, with a stub for guests and builds
tree=$work/tree vm=$work/tree/tests/vm
mkdir -p "$tree/tests/"{vm,stress,guest} "$tree/tests/distros"
cp "${MATRIX:-$here/matrix}" "$tree/tests/distros/matrix"
cp "$here"/*.awk "$tree/tests/distros/"
echo 'PACKAGE_VERSION="1.2.3"' >"$tree/dkms.conf"
echo 'all: ;' >"$tree/tests/stress/Makefile"
touch "$tree/tests/stress/stress" "$tree/tests/guest/sweep"
printf '#!/bin/sh\necho run >>"%s"\necho "run: no network" >&2\nexit 125\n' "$work/ran" >"$vm/"run
chmod 755 "$vm"/* "$work"
chmod -R go+rX "$tree"
matrix() {
	(cd "$tree" && "$@" tests/distros/matrix 6.1 6.2) >"$work/out" 2>&1 </dev/null
}

table PROTECTED VULNERABLE >"$tree/tests/distros/matrix.md"
cp "$tree/tests/distros/matrix.md" "$work/tracked"
if ((EUID == 0)); then
	matrix setpriv --reuid 65534 --clear-groups
	ok "matrix: without root could not run" test $? = 4
	ok "matrix: and says so" grep -q 'needs root' "$work/out"
	ok "matrix: before anything is fetched" test ! -e "$work/ran"
	matrix env
	ok "matrix: where no kernel can be had, that is a failure" test $? != 0
	ok "matrix: and the table stays" cmp "$work/tracked" "$tree/tests/distros/matrix.md"
	rm "$tree/tests/distros/matrix.md"
	matrix env
	ok "matrix: without an older one there is the new one" \
		grep -q '^- 6.1: SKIP no network' "$tree/tests/distros/matrix.md"
else
	matrix env
	ok "matrix: without root could not run" test $? = 4
	skip "matrix: keeps its results" "needs root"
fi
done_testing
