#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Who calls whom in src/: by the symbols of the objects of a real build. Nothing
# calls upward, and there is no circle between files; else it is said which symbol
# makes one.
#
#   UFFD_RACE_LAYERS_KERNEL   built for which kernel (7.3)
#   UFFD_RACE_LAYERS_OBJECTS  look at the objects in this directory instead
. "$(dirname "$0")/../lib.sh"

# From below to above; a file may call what stands in an earlier line, or in its own
layers='
verdict/table verdict/op
verdict/books
verdict/rules
verdict/fact_ctx
verdict/fact_*
work probe ptwalk trace watch/parse count
inside
guard share
space
core
watch/*
report
look
demand
uffd ioctl_stats waiters
hooks/*
debugfs
main'

# edges DIR: "FROM TO SYMBOL" for each symbol that one file has from another
edges() {
	local o

	(cd "$1" && find src -name '*.o' ! -name '*.mod.o' | sort | while read -r o; do
		nm -g "$o" | awk -v o="${o#src/}" '
			BEGIN { sub(/\.o$/, "", o) }
			$(NF - 1) == "U" { print "U", $NF, o; next }
			NF == 3 && $3 !~ /^(__ksymtab|__crc|init_module|cleanup_module)/ { print "D", $3, o }'
	done) | sort | awk '
		$1 == "D" { home[$2] = $3 }
		$1 == "U" && ($2 in home) && home[$2] != $3 { print $3, home[$2], $2 }' | sort -u
}

# Of each circle: the files, and for every step one symbol
circles() {
	awk '{ print $1, $2 }' "$1" | sort -u | tsort 2>&1 >/dev/null | awk -v edges="$1" '
		function say(	i, s) {
			for (i = 0; i < n; i++) {
				s = file[i] SUBSEP file[(i + 1) % n]
				t = file[(i + 1) % n] SUBSEP file[i]
				print "circle: " (s in by ? file[i] " has " by[s] " from " file[(i + 1) % n] : \
					file[(i + 1) % n] " has " by[t] " from " file[i])
			}
			n = 0
		}
		BEGIN { while ((getline line <edges) > 0) { split(line, e, " "); by[e[1] SUBSEP e[2]] = e[3] } }
		/contains a loop/ { say(); next }
		{ file[n++] = $2 }
		END { say() }'
}

# What points upward, and which files have no place
upward() {
	local line word i=0 file
	declare -A rank

	while read -r line; do
		i=$((i + 1))
		for word in $line; do
			while read -r file; do
				# shellcheck disable=SC2053 # a pattern
				[[ $file != $word || ${rank[$file]:-} ]] || rank[$file]=$i
			done <"$work/files"
		done
	done <<<"$layers"
	while read -r file; do
		[[ ${rank[$file]:-} ]] || echo "no place: $file"
	done <"$work/files"
	while read -r from to symbol; do
		((${rank[$to]:-0} <= ${rank[$from]:-99})) ||
			echo "upward: $from has $symbol from $to"
	done <"$work/edges"
}

none() {
	[[ -s $work/edges && ! -s $1 ]]
}

objects=${UFFD_RACE_LAYERS_OBJECTS:-}
if [[ ! $objects ]]; then
	if ! ko=$("$top/tests/vm/build" -q -k "${UFFD_RACE_LAYERS_KERNEL:-7.3}" 2>"$work/err"); then
		diag "$(cat "$work/err")"
		skip "layers" "the module can't be built here"
		done_testing
	fi
	objects=${ko%/*}
fi
edges "$objects" >"$work/edges"
(cd "$objects/src" && find . -name '*.o' ! -name '*.mod.o' | sed 's,^\./,,; s,\.o$,,' | sort) >"$work/files"
circles "$work/edges" >"$work/circles"
upward >"$work/upward"
ok "no circle between files" none "$work/circles" || diag "$(cat "$work/circles")"
ok "nothing calls upward" none "$work/upward" || diag "$(cat "$work/upward")"
done_testing
