# SPDX-License-Identifier: GPL-2.0
# Runs in a guest, with the module loaded: somebody switches hooks. Each part
# prints "name value" lines whose names begin with the switch's.
# shellcheck shell=dash
dir=/sys/kernel/debug/uffd_race

# verdicts NAME: the words, and what the books say
verdicts() {
	cat $dir/verdict >v
	echo "$1_words" "$(awk '/^[a-z]+\.[a-z]+ / { print $2 }' v | sort -u | tr '\n' ' ')"
	echo "$1_why" "$(sed -n 's/^anon.missing .* blind=//p' v)"
	awk -v n="$1" '
	/^anon_missing_(events|genuine|bogus|undecided) / { sub("anon_missing", n); print }
	/^hooks_switched / { print n "_" $0 }' $dir/counters
	echo "$1_probes_off" "$(awk '$3 == "off"' $dir/probes | wc -l)"
}

# part NAME FILE
part() {
	echo 1 >$dir/reset
	./switched waits 6 "$2" | sed "s/^/$1_wait_/"
	verdicts "$1_wait"
	echo 1 >$dir/reset
	./switched events 5 >/dev/null
	verdicts "$1_before"
	if ! echo 0 >"$2"; then
		echo "$1_no_switch 1"
		return
	fi
	./switched events 20 | sed "s/^/$1_off_/"
	verdicts "$1_off"
	echo 1 >"$2"
	sleep 1
	verdicts "$1_on"
	echo 1 >$dir/reset
	./switched events 20 | sed "s/^/$1_after_/"
	verdicts "$1_after"
}

part kprobes /sys/kernel/debug/kprobes/enabled
part ftrace /proc/sys/kernel/ftrace_enabled
cat $dir/probes
