#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What others see of the module: who may read which file, what perf makes of the
# tracepoints, and that it loads where there is no debugfs.
. "$(dirname "$0")/../lib.sh"

cat >"$work/files" <<'EOT'
cd /sys/kernel/debug/uffd_race
for f in *; do
	stat -c '%n %a' $f
done
cd ../tracing/events/uffd_race
cat uffd_race_event/format uffd_race_ioctl/format | sed -n 's/^print fmt/format/p'
EOT

# mode MODE FILE…
mode() {
	local want=$1 file
	shift
	for file; do
		ok "$kernel: $file has mode $want" test "$(value "$f" "$file")" = "$want"
	done
}

# named IOCTL…: the tracepoint has a name for each
named() {
	local name

	for name; do
		ok "$kernel: the tracepoint names $name" grep -q "\"$name\"" "$f"
	done
}

for kernel in 5.10 7.3; do
	f=$work/files-$kernel
	guest "files-$kernel" "$kernel" -a "$work/files" -- sh files || continue
	mode 444 verdict counters ioctls probes
	mode 400 watches transitions
	mode 200 watch reset
	ok "$kernel: the tracepoint's format has values, no enum's names" \
		grep -q '^format.*{ 0, "unknown" }.*{ 4, "gone" }' "$f"
	named REGISTER UNREGISTER WAKE COPY ZEROPAGE MOVE WRITEPROTECT CONTINUE \
		POISON RWPROTECT SET_MODE API

	f=$work/nodebugfs-$kernel
	guest "nodebugfs-$kernel" "$kernel" --append debugfs=off -- \
		sh -c 'lsmod; dmesg | grep uffd_race:' || continue
	ok "$kernel: loads without debugfs" grep -q '^uffd_race ' "$f"
	ok "$kernel: and says so" grep -q 'uffd_race: no debugfs here' "$f"
done
done_testing
