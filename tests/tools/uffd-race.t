#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# uffd-race on what modules have said: this one (captured/vulnerable, Linux 6.12), and
# one to come, with lines, words and columns that nobody knows yet (captured/later).
# No guest; a stub for the stressor.
# shellcheck disable=SC2016,SC2317
. "$(dirname "$0")/../lib.sh"

here=$top/tests/tools
tool=$top/tools/uffd-race
unset UFFD_RACE_DIR NO_COLOR

# status N ARG…: of the tool; what it says is in $work/out, $work/err
status() {
	local want=$1 got=0

	shift
	"$tool" "$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
	((got == want)) || diag "status $got instead of $want: $(cat "$work/out" "$work/err")"
	((got == want))
}

says() {
	grep -qE -- "$1" "$work/out" || { diag "$(cat "$work/out")"; false; }
}

complains() {
	grep -qE -- "$1" "$work/err" || { diag "$(cat "$work/err")"; false; }
}

# json EXPRESSION: true of the document d in $work/out
json() {
	python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
sys.exit(not eval(sys.argv[2]))' "$work/out" "$1"
}

usage() {
	local command

	ok "--help: 0" status 0 --help
	for command in check status verdict counters probes ioctls watches transitions reports \
		waiters watch record; do
		says "(^| )$command(,|\$| )" || diag "--help lacks $command"
	done
	ok "the statuses stand there" says '^Exit status: 0 protected.*1 vulnerable, 2 usage, 3 not known'
	ok "--version" status 0 --version
	ok "no command: 2" status 2
	ok "an unknown command: 2" status 2 nonsense
	ok "an unknown option: 2" status 2 verdict --nonsense
	ok "two formats: 2" status 2 verdict --json --ktap
	ok "no number: 2" status 2 watch --interval soon
	ok "no regular expression: 2" status 2 check --path '('
	ok "a command for who takes none: 2" status 2 verdict -- true
}

absent() {
	if [[ -e /sys/module/uffd_race ]]; then
		skip "the module is absent" "it is loaded here"
	else
		ok "the module is absent: 4" status 4 verdict
		ok "which is said" complains 'the module is not loaded: modprobe'
		ok "for Prometheus, too: 4" status 4 verdict --prometheus
		ok "as a metric" says '^uffd_race_up 0$'
	fi
	ok "a folder that is not there: 4" status 4 verdict --dir "$work/none"
	ok "by name" complains "$work/none"
	mkdir -p "$work/empty"
	ok "an empty one: 4" status 4 verdict --dir "$work/empty"
	ok "a module without such a file: 4" status 4 waiters --dir "$dir"
	ok "which is said" complains 'no file waiters'
}

people() {
	ok "verdict of a vulnerable kernel: 1" status 1 verdict --dir "$dir"
	ok "a line a path" says '^shmem\.minor +VULNERABLE +9 +9 +0 +0$'
	ok "with the reason" says '^hugetlb\.minor +INCONCLUSIVE .* no exposure$'
	ok "and what to do" says 'take EEXIST'
	ok "no colour where nobody looks" eval '! grep -q "$(printf "\033")" "$work/out"'
	ok "UFFD_RACE_DIR is --dir" eval 'UFFD_RACE_DIR=$dir "$tool" probes >"$work/out"'
	ok "a file as it is" cmp "$work/out" "$dir/probes"
	ok "counters: 0" status 0 counters --dir "$dir"
	ok "those that are not 0" says '^shmem_minor_bogus +9$'
	ok "no others" eval '! grep -q " 0\$" "$work/out"'
	ok "-v: all" status 0 counters -v --dir "$dir"
	ok "all of them" test "$(wc -l <"$work/out")" = "$(wc -l <"$dir/counters")"
	ok "status: 0" status 0 status --dir "$dir"
	ok "with the parameters" says '^stall_us +500$'
	ok "and how many hooks work" says '^hooks_ftrace +26$'
	ok "watch: 1, when it is over" status 1 watch --dir "$dir" --count 2 --interval 0.01
	ok "two looks" test "$(grep -c ^path "$work/out")" = 2
	ok "a disk that is full is no success" eval '! "$tool" verdict --dir "$dir" >/dev/full 2>&1'
}

colours() {
	if ! command -v script >/dev/null; then
		skip "colours" "no script(1)"
		return
	fi
	TERM=xterm script -qec "$tool verdict --dir $dir" /dev/null >"$work/tty" </dev/null
	ok "colour on a terminal" grep -q "$(printf '\033')\[1;31mVULNERABLE" "$work/tty"
	TERM=xterm NO_COLOR=1 script -qec "$tool verdict --dir $dir" /dev/null >"$work/tty" </dev/null
	ok "but not with NO_COLOR" eval '! grep -q "$(printf "\033")" "$work/tty"'
}

formats() {
	local name

	for name in verdict status counters probes transitions; do
		"$tool" $name --json --dir "$dir" >"$work/$name.json"
	done
	status 1 verdict --json --dir "$dir"
	if command -v python3 >/dev/null; then
		ok "JSON" json 'd["status"] == 1 and d["counters"]["shmem_minor_bogus"] == 9'
		ok "paths, and facts" json '[p["verdict"] for p in d["paths"] if p["path"] == "shmem.minor"] == ["VULNERABLE"] and len(d["facts"]) == 3'
	else
		skip "JSON" "no python3"
	fi
	if python3 -c 'import jsonschema' 2>/dev/null; then
		"$tool" verdict --json --dir "$later" >"$work/later.json"
		ok "valid by its schema" python3 -c 'import json, sys, jsonschema
v = jsonschema.Draft202012Validator(json.load(open(sys.argv[1])))
for f in sys.argv[2:]: v.validate(json.load(open(f)))' "$top/tools/uffd-race.schema.json" "$work"/*.json
	else
		skip "valid by its schema" "no python3-jsonschema"
	fi
	ok "KTAP: 1" status 1 verdict --ktap --junit "$work/junit" --dir "$dir"
	ok "its version, and plan" test "$(head -n 2 "$work/out" | paste -sd ' ')" = "KTAP version 1 1..6"
	ok "as many points" test "$(grep -cE '^(not )?ok [0-9]+ ' "$work/out")" = 6
	ok "vulnerable is not ok" says '^not ok 4 shmem.minor$'
	ok "inconclusive is a skip" says '^ok 2 hugetlb.minor # SKIP INCONCLUSIVE: no exposure$'
	ok "JUnit: as many" test "$(grep -c '<testcase' "$work/junit")" = 6
	ok "with as many failures as it says" test "$(grep -c '<failure' "$work/junit")" = \
		"$(sed -n 's/.* failures="\([0-9]*\)".*/\1/p' "$work/junit")"
	if command -v python3 >/dev/null; then
		ok "well-formed" python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$work/junit"
	else
		skip "well-formed" "no python3"
	fi
	ok "Prometheus: 1" status 1 verdict --prometheus --dir "$dir"
	ok "the verdict" says '^uffd_race_verdict\{path="shmem.minor",verdict="VULNERABLE"\} 1$'
	ok "a path's counters" says '^uffd_race_path_value\{backing="shmem",type="minor",name="bogus"\} 9$'
	ok "the others" says '^uffd_race_value\{name="memory_bytes"\} [0-9]+$'
	if command -v promtool >/dev/null; then
		ok "promtool finds nothing" eval 'promtool check metrics <"$work/out"'
	else
		skip "promtool finds nothing" "no promtool"
	fi
}

grammar() {
	ok "a word that nobody knows clears nobody: 3" status 3 verdict --dir "$later"
	ok "figures by name, not by place" says '^shmem\.thp\.missing +PROTECTED +258 +0 +1 +12 .*new_figure=7'
	ok "a reason with anything in it" says 'no exposure, so: "nothing" is <known> & said$'
	ok "lines without a path" says '^asleep +none +3 longest=17'
	ok "columns of probes by their names" status 0 status --dir "$later"
	ok "two hooks attached as nobody knows yet" says '^hooks_fprobe +2$'
	ok "a new file" status 0 reports --dir "$later"
	ok "as it is" cmp "$work/out" "$later/reports"
	ok "large numbers" status 3 verdict --prometheus --dir "$later"
	ok "stay whole" says '\{name="memory_bytes"\} 12345678901234567890$'
	if command -v python3 >/dev/null; then
		status 3 verdict --json --dir "$later"
		ok "quotes and backslashes in JSON" json 'd["paths"][0]["quoted"] == "\"a\\b\""'
		ok "numbers too large for JSON are strings" json 'd["counters"]["memory_bytes"] == "12345678901234567890"'
	else
		skip "JSON of all this" "no python3"
	fi
}

records() {
	cp -r "$here/captured/vulnerable" "$work/rec"
	rm -f "$work/rec/uffd_race/reset"
	ok "record: the verdict: 1" status 1 record --json --dir "$work/rec/uffd_race" -- sh -c 'exit 7'
	ok "after a reset" test -s "$work/rec/uffd_race/reset"
	ok "the command's own status beside it" says '"command_status": 7'
	ok "a command that is not there: 4" status 4 record --dir "$work/rec/uffd_race" -- "$work/none"
	ok "record --seconds" status 1 record --seconds 0.1 --dir "$work/rec/uffd_race"
}

# stress PATH VERDICT WRONG STATUS, a line each: what the stub offers, makes the module
# say, counts itself, and ends with
stress() {
	rm -rf "$work/fake"
	cp -r "$here/captured/vulnerable" "$work/fake"
	printf '%s\n' "$@" >"$work/plan"
	cat >"$work/stress" <<-EOT
	#!/bin/bash
	if [[ \$1 = --list ]]; then
		while read -r path word _; do
			[[ \$word = SKIP ]] && echo "\$path migrate SKIP SKIP not in this kernel" ||
				for w in none migrate wp; do echo "\$path \$w ok ok"; done
		done <$work/plan
		exit
	fi
	while ((\$#)); do [[ \$1 = --path ]] && path=\$2; [[ \$1 = --writer ]] && writer=\$2; shift; done
	echo "\$path \$writer \$(cat $work/fake/parameters/watch_auto)" >>$work/ran
	read -r _ word wrong status < <(grep "^\$path " $work/plan)
	sleep \${SLOW:-0}
	echo "# wrong_events \$wrong"
	echo "# first_wrong_ms 17"
	((status == 0)) || echo "stress: no huge pages"
	echo "\${path%%-*}.missing \$word exposures=4 bogus=\$wrong undecided=0 events=\$wrong\$(
		[[ \$word = INCONCLUSIVE ]] && echo ': no exposure')" >$work/fake/uffd_race/verdict
	exit \$status
	EOT
	chmod +x "$work/stress"
	rm -f "$work/ran"
	echo 0 >"$work/fake/parameters/watch_auto"
}

checked() {
	local want=$1

	shift
	status "$want" check --dir "$work/fake/uffd_race" --stressor "$work/stress" --no-stall "$@"
}

checks() {
	stress 'anon-missing PROTECTED 0 0' 'shmem-shared-both PROTECTED 0 0' 'hugetlb-x SKIP 0 0'
	ok "check: all protected: 0" checked 0
	ok "each path, with each writer, but not without" \
		test "$(sort "$work/ran" | paste -sd ' ')" = "$(printf '%s ' anon-missing\ {migrate,wp}\ 0 shmem-shared-both\ {migrate,wp}\ 0 | sed 's/ $//')"
	ok "a path that this kernel has not" says '^hugetlb-x +SKIP .*not in this kernel$'
	ok "no stall unless it is asked for" eval '! grep -q "[1-9]\$" "$work/ran"'
	stress 'anon-missing PROTECTED 0 0'
	ok "with --stall" status 0 check --dir "$work/fake/uffd_race" --stressor "$work/stress" --stall
	ok "there is one" grep -q ' 3$' "$work/ran"
	ok "and none afterwards" grep -qx 0 "$work/fake/parameters/watch_auto"
	stress 'hugetlb-private-missing PROTECTED 0 0' 'shmem-shared-both VULNERABLE 3 0'
	ok "one path of two vulnerable: 1" checked 1
	ok "who did it" says '^shmem-shared-both +VULNERABLE .* writer=migrate first_ms=17$'
	ok "a path that is convicted is done with" test "$(grep -c ^shmem "$work/ran")" = 1
	ok "--path" checked 0 --path 'hugetlb.*'
	ok "--writer" checked 1 --writer wp
	ok "no such path: 2" checked 2 --path nonsense
	stress 'hugetlb-private-missing PROTECTED 0 0' 'shmem-shared-both INCONCLUSIVE 0 0'
	ok "inconclusive: 3" checked 3
	ok "which names --stall" says 'INCONCLUSIVE .*no exposure; --stall may tell'
	stress 'hugetlb-private-missing PROTECTED 0 0' 'shmem-shared-both BLIND 0 0'
	ok "blind: 3" checked 3
	stress 'shmem-shared-both PROTECTED 5 0'
	ok "user space counts what the module does not: 3" checked 3
	ok "which is said" says 'received 10 wrong events'
	stress 'shmem-shared-both PROTECTED 0 1'
	ok "a stressor that fails clears nobody: 3" checked 3
	stress 'shmem-shared-both PROTECTED 0 0' 'hugetlb-x PROTECTED 0 3'
	ok "what this machine cannot do is a skip" checked 0
	ok "with the reason" says '^hugetlb-x +SKIP .*no huge pages'
	stress 'shmem-shared-both PROTECTED 0 0' 'anon-missing PROTECTED 0 0'
	export SLOW=0.2
	ok "no time: 3" checked 3 --seconds 0.1
	unset SLOW
	ok "and what was left out" says '^anon-missing +UNTRIED .*--seconds$'
	ok "no stressor: 4" status 4 check --dir "$work/fake/uffd_race" --stressor "$work/none"
}

manuals() {
	if command -v mandoc >/dev/null; then
		# Which other manuals this machine has is no matter of ours.
		mandoc -T lint "$top"/tools/uffd{-race.8,_race.4} 2>&1 |
			grep -vE 'referenced manual not found|outdated mandoc.db' >"$work/mandoc"
		ok "the manuals pass mandoc" test ! -s "$work/mandoc" || diag "$(cat "$work/mandoc")"
	else
		skip "the manuals pass mandoc" "no mandoc"
	fi
	"$tool" --help | grep -oE -- '--[a-z-]+' | sort -u | while read -r option; do
		short=${option#-}
		grep -qF -- "Fl ${short//-/\\-}" "$top/tools/uffd-race.8" || echo "uffd-race.8: $option"
		grep -qF -- "$option" "$top/tools/uffd-race.bash" || echo "uffd-race.bash: $option"
	done >"$work/lacks"
	ok "manual and completion know each option of --help" test ! -s "$work/lacks" ||
		diag "$(cat "$work/lacks")"
	grep -ohE 'module_param[a-z_]*\([a-z_]+' "$top"/src/*.c "$top"/src/watch/*.c |
		sed 's/.*(//' | sort -u | while read -r name; do
		grep -qw -- "$name" "$top/tools/uffd_race.4" || echo "$name"
	done >"$work/lacks"
	ok "uffd_race(4) knows each parameter" test ! -s "$work/lacks" || diag "$(cat "$work/lacks")"
	grep -ohE 'debugfs_create_file\("[a-z]+' "$top"/src/*.c "$top"/src/watch/*.c |
		sed 's/.*"//' | sort -u | while read -r name; do
		grep -qw -- "$name" "$top/tools/uffd_race.4" || echo "$name"
	done >"$work/lacks"
	ok "and each file" test ! -s "$work/lacks" || diag "$(cat "$work/lacks")"
}

# complete WORD…: what is offered for the last one
complete_words() {
	bash -c '. "$0"
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_uffd_race
		echo "${COMPREPLY[*]}"' "$top/tools/uffd-race.bash" "$@"
}

completion() {
	ok "completes a command" test "$(complete_words uffd-race ver)" = verdict
	ok "and an option" test "$(complete_words uffd-race verdict --js)" = --json
}

installs() {
	ok "make install, into a root" make -s -C "$top/tools" install DESTDIR="$work/root" PREFIX=/usr
	ok "the command" eval '[[ $("$work/root/usr/sbin/uffd-race" --version) = uffd-race* ]]'
	ok "its stressor, manuals, completion" test "$(cd "$work/root" && find . -type f | sort | paste -sd ' ')" = \
		"./usr/libexec/uffd-race/stress ./usr/sbin/uffd-race`
		` ./usr/share/bash-completion/completions/uffd-race ./usr/share/man/man4/uffd_race.4`
		` ./usr/share/man/man8/uffd-race.8 ./usr/share/uffd-race/uffd-race.schema.json"
	make -s -C "$top/tools" uninstall DESTDIR="$work/root" PREFIX=/usr
	ok "make uninstall leaves none" test ! "$(find "$work/root" -type f)"
}

dir=$here/captured/vulnerable/uffd_race later=$here/captured/later/uffd_race
ok "it builds" make -s -C "$top/tools" || done_testing
usage
absent
people
colours
formats
grammar
records
checks
manuals
completion
installs
done_testing
