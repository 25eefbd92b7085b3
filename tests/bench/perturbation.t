#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Does the module destroy what it measures? The share of writer operations that
# user space was hit by, with the module over without it, alternating runs.
# Windows are counted, not events: one long window raises hundreds of them.
. "$(dirname "$0")/../lib.sh"

pairs=${UFFD_RACE_PAIRS:-7}

cat >"$work/alternate" <<'EOT'
#!/bin/sh
# usage: alternate PAIRS
run() {
	echo "=== $1"
	./stress --writer migrate --expect any --seconds 4 --seed "$2"
}
for i in $(seq "$1"); do
	run without "$i" || exit
	insmod ./uffd_race.ko || exit
	run with "$i" || exit
	rmmod uffd_race || exit
done
EOT

# shares with|without: one a line, per mille, sorted
shares() {
	awk -v want="$1" '/^===/ { now = $2 }
		now == want && $2 == "windows_hit_per_million_ops" {
			print int($3 / 1000) }' "$work/perturbation" | sort -n
}

median() {
	sed -n "$(((pairs + 1) / 2))p"
}

compare() {
	local with without

	guest perturbation 5.10 -N -t $((60 + pairs * 40)) \
		-a "$work/alternate" -- sh alternate "$pairs" || return
	with=$(shares with | median) without=$(shares without | median)
	diag "windows hit, per mille of writer operations, in $pairs runs each"
	diag "without the module: $(shares without | tr '\n' ' ')median $without"
	diag "with the module:    $(shares with | tr '\n' ' ')median $with"
	ok "there are $pairs runs of each" test \
		"$(shares with | wc -l) $(shares without | wc -l)" = "$pairs $pairs"
	ok "without the module the race shows" test "$without" -gt 0
	ok "with it, at least half as often" test $((with * 2)) -ge "$without"
}

compare
done_testing
