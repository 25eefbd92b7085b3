#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Branches of the engine that the unit tests, the small model and the corpus of
# the fuzzers take. Fails if all together take less than 95 % of a file's.
# shellcheck disable=SC2086,SC2046,SC2317 # lists of words; functions called by name
set -e
cd "$(dirname "$0")"
here=$PWD
rm -rf build/cov && mkdir -p build/cov && cd build/cov
cc="${CC:-cc} -g -std=gnu11 -w -DVERDICT_MAX_LOOKS=3"
world=$(sed 's,^,../model/,' "$here/../model/files")

files=$(sed 's/\.c$//' "$here/../../src/verdict/files")
tests=$(cat "$here/tests")

objects=
for f in $files; do
	$cc -O0 --coverage -c -o $f.o "$here/../../src/verdict/$f.c"
	objects="$objects build/cov/$f.o"
done
$cc -O2 -c -o check.o "$here/../../src/verdict/check.c"
objects="$objects build/cov/check.o"
link() {
	out=$1
	shift
	(cd "$here" && $cc -O2 -o "build/cov/$out" "$@" $objects -lcmocka -lgcov)
}
for t in $tests; do
	link ${t}_test ${t}_test.c
done
link model ../model/explore.c $world -Wl,--wrap=verdict_page_close
link world ../fuzz/fuzz_main.c ../fuzz/fuzz_world.c $world -Wl,--wrap=verdict_page_close
link facts ../fuzz/fuzz_main.c ../fuzz/fuzz_facts.c

unit() { for t in $tests; do ./${t}_test || return; done; }
corpus() { ./world "$here/../fuzz/corpus/world.hex" && ./facts "$here/../fuzz/corpus/facts.hex"; }
model() { ./model -s -j1; }
everything() { unit && corpus; }	# on top of the model

status=0
for what in unit corpus model everything; do
	[ $what = everything ] || rm -f ./*.gcda
	$what > $what.log 2>&1
	gcov -b $(echo $files | sed 's/\>/.o/g') 2>/dev/null |
	perl -e '
		my ($what, $file, $bad) = (shift, "", 0);
		while (<STDIN>) {
			$file = $1 if m{^File .*/(\w+\.c)};
			next if !$file || !/^(Branches executed|Taken at least once|Lines executed):([\d.]+)% of (\d+)/;
			$got{$file}{$1} = $2;
			$file = "" if /^Taken/;
		}
		for (sort keys %got) {
			my $taken = $got{$_}{"Taken at least once"};
			printf "%-11s %-13s lines %6.2f %%  branches taken %6.2f %%\n", $what, $_,
				$got{$_}{"Lines executed"}, $taken;
			$bad = 1 if $taken < 95 && $what eq "everything";
		}
		exit $bad' $what || status=1
done
exit $status
