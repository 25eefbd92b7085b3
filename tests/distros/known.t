#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# examples/check-kernel: its statuses, and known findings. The matrix is a stub that
# leaves cells; no guest.
# shellcheck disable=SC2016,SC2317
. "$(dirname "$0")/../lib.sh"

tree=$work/tree
check=${CHECK_KERNEL:-$top/examples/check-kernel}
mkdir -p "$tree"/{examples,build/matrix,verdicts} "$tree/tests/distros"
cp "$top/examples/known.awk" "$tree/examples/"
cp "$check" "$tree/examples/check-kernel"

stub() {
	printf '#!/bin/sh\n%s\n' "$2" >"$tree/tests/$1"
	chmod +x "$tree/tests/$1"
}

# matrix STATUS CELL…: "KERNEL PATH VERDICT", what the stub measures
matrix() {
	local status=$1

	shift
	printf '%s\n' "$@" | sed 's/ /\t/; s/ /\t/' >"$work/cells"
	stub distros/matrix "echo \"\$*\" >$work/args; cp $work/cells build/matrix/all; exit $status"
}

# status N ARG…: of check-kernel; what it says is in $work/out
status() {
	local want=$1 got=0

	shift
	"$tree/examples/check-kernel" "$@" >"$work/out" 2>&1 </dev/null || got=$?
	((got == want)) || diag "status $got instead of $want: $(cat "$work/out")"
	((got == want))
}

says() {
	grep -qxF -- "$1" "$work/out" || { diag "$(cat "$work/out")"; false; }
}

# known LINE…
known() {
	printf '%s\n' "$@" >"$work/known"
}

statuses() {
	printf 'K\tp-shared\tVULNERABLE\n' >"$tree/build/matrix/all"
	ok "--help: 0" status 0 --help
	ok "and it is its own" grep -q '^usage: examples/check-kernel' "$work/out"
	ok "no verdict of an earlier run" eval '! grep -q VULNERABLE: "$work/out"'
	ok "no kernel: 2" status 2
	ok "an unknown option: 2" status 2 --nonsense 6.1
	ok "--path without one: 2" status 2 --path
	ok "a list that is not there: 2" status 2 --known "$work/none" 6.1

	matrix 0 '6.1.0-1-cloud-amd64 shmem-shared-both PROTECTED' '6.1.0-1-cloud-amd64 anon-missing SKIP'
	ok "protected: 0" status 0 6.1
	matrix 0 '6.1.0-1-cloud-amd64 shmem-shared-both PROTECTED' '6.1.0-1-cloud-amd64 anon-missing INCONCLUSIVE'
	ok "one path inconclusive: 3" status 3 6.1
	matrix 0 '6.1.0-1-cloud-amd64 anon-missing BLIND'
	ok "blind: 3" status 3 6.1
	matrix 0 '6.1.0-1-cloud-amd64 anon-missing INCONCLUSIVE' '6.1.0-1-cloud-amd64 shmem-shared-both VULNERABLE'
	ok "vulnerable: 1" status 1 6.1
	matrix 1 '6.1 - SKIP no such kernel' '6.1.0-1-cloud-amd64 shmem-shared-both PROTECTED'
	ok "one kernel could not be measured: 4" status 4 6.1 6.12
	ok "and which" says 'not measured 6.1: SKIP no such kernel'
	matrix 1 '6.1.0-1-cloud-amd64 shmem-shared-both PROTECTED'
	ok "a run that failed: 4" status 4 6.1
	matrix 0 '6.1.0-1-cloud-amd64 anon-missing SKIP'
	ok "nothing but skips: 4" status 4 6.1
	stub distros/matrix 'exit 4'
	ok "the matrix refuses: 4" status 4 6.1
	stub deps 'exit 1'
	ok "packages are missing: 4" status 4 6.1
	stub deps 'exit 0'
}

lists() {
	matrix 0 '6.1.0-1-cloud-amd64 shmem-shared-both VULNERABLE' '6.1.0-1-cloud-amd64 anon-missing PROTECTED'
	ok "--path goes to the matrix" status 1 --path 'shmem.*' 6.1
	ok "as a pattern" grep -qx -- '-p shmem.\* -o verdicts 6.1' "$work/args"

	known '# a comment' '' '6.1 shmem-shared-both	# since ever'
	ok "what is known passes" status 0 --known "$work/known" 6.1
	ok "as XFAIL" says 'XFAIL 6.1.0-1-cloud-amd64 shmem-shared-both: VULNERABLE (known)'
	known '6.12 shmem-shared-both'
	matrix 0 '6.1.0-1-cloud-amd64 shmem-shared-both VULNERABLE'
	ok "6.12 is not 6.1" status 1 --known "$work/known" 6.1
	ok "so it is new" says 'FAIL 6.1.0-1-cloud-amd64 shmem-shared-both: VULNERABLE (new)'
	matrix 0 '6.12.9+deb13-amd64 shmem-shared-both VULNERABLE'
	ok "6.12 is 6.12.9+deb13" status 0 --known "$work/known" 6.12
	known '* shmem-shared-both'
	ok "* is any kernel" status 0 --known "$work/known" 6.12
	matrix 0 '6.12.9+deb13-amd64 shmem-shared-both VULNERABLE' '6.12.9+deb13-amd64 anon-missing VULNERABLE'
	ok "another path is new" status 1 --known "$work/known" 6.12
	matrix 0 '6.12.9+deb13-amd64 shmem-shared-both PROTECTED'
	ok "what has vanished passes" status 0 --known "$work/known" 6.12
	ok "and is reported" grep -q 'VULNERABLE has vanished' "$work/out"
	matrix 0 '6.12.9+deb13-amd64 shmem-shared-both INCONCLUSIVE'
	ok "luck is no news" status 0 --known "$work/known" 6.12
	known '6.12 anon-missing INCONCLUSIVE'
	matrix 0 '6.12.9+deb13-amd64 anon-missing INCONCLUSIVE'
	ok "what is known as inconclusive passes" status 0 --known "$work/known" 6.12
	matrix 0 '6.12.9+deb13-amd64 anon-missing VULNERABLE'
	ok "but no worse" status 1 --known "$work/known" 6.12
	known 'shmem-shared-both'
	ok "a line without a kernel: 2" status 2 --known "$work/known" 6.12
	known ''
	ok "an empty list knows nothing" status 1 --known "$work/known" 6.12
}

stub deps 'exit 0'
statuses
lists
done_testing
