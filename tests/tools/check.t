#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# uffd-race in a guest: check says of every path what the matrix says, and leaves
# nothing behind; what it says where it cannot run.
#
#   UFFD_RACE_CHECK_KERNELS   (6.12)
# shellcheck disable=SC2317
. "$(dirname "$0")/../lib.sh"

read -ra kernels <<<"${UFFD_RACE_CHECK_KERNELS:-6.12}"

cat >"$work/inside" <<'EOT'
#!/bin/sh
run() {
	echo "== $*"
	"$@" 2>&1
	echo "status $?"
}
begun=$(cut -d . -f 1 /proc/uptime)
run ./uffd-race check --module uffd_race.ko --json >check.json
echo "took $(($(cut -d . -f 1 /proc/uptime) - begun)) s"
cat check.json
echo "left $(lsmod | grep -c '^uffd_race')"
run ./uffd-race counters
insmod uffd_race.ko armed=1
chmod 755 /w
run ./uffd-race record --json -- ./stress --expect any --path shmem-shared-both \
	--mode legal --writer migrate --seconds 1
echo 'nobody:x:65534:65534::/:/bin/sh' >/etc/passwd
echo "== not root"
su nobody -s /bin/sh -c './uffd-race verdict; echo "status $?"' 2>&1
echo 0 >/sys/kernel/debug/kprobes/enabled
run ./uffd-race check --path anon-missing --writer wp --seconds 1 -v
echo 1 >/sys/kernel/debug/kprobes/enabled
umount /sys/kernel/debug
run ./uffd-race verdict
run ./uffd-race check --path anon-missing --writer wp --seconds 1
echo "loaded $(lsmod | grep -c '^uffd_race')"
rmmod uffd_race
run ./uffd-race check --module /etc/passwd
EOT
chmod +x "$work/inside"

# said VERDICT PATHS: how many of these paths (a pattern) have it
said() {
	grep -cE "\"path\": \"($2)\", \"verdict\": \"$1\"" "$work/part"
}

# What stock kernels are known for, as in tests/demo. Of one path it is a matter of luck.
as_known() {
	ok "$kernel: shmem is vulnerable" test "$(said VULNERABLE 'shmem-.*')" -ge 2
	if [[ $kernel = 5.10 ]]; then
		ok "$kernel: and so is hugetlb" test "$(said VULNERABLE 'hugetlb-.*')" -ge 1
	else
		ok "$kernel: hugetlb is not" test "$(said VULNERABLE 'hugetlb-.*')" = 0
		ok "$kernel: but cleared" test "$(said PROTECTED 'hugetlb-.*')" -ge 1
	fi
	ok "$kernel: anon is not" test "$(said VULNERABLE 'anon-.*')" = 0
	ok "$kernel: but cleared" test "$(said PROTECTED 'anon-missing')" = 1
	diag "$kernel: $(sed -n 's/.*"path": "\([^"]*\)", "verdict": "\([^"]*\)".*/\1 \2/p' "$work/part" | paste -sd ,)"
}

# part NAME: of the output
part() {
	awk -v name="== $1" '/^== / { on = index($0, name) == 1 } on' "$f"
}

ok "it builds" make -s -C "$top/tools" || done_testing
for kernel in "${kernels[@]}"; do
	f=$work/check-$kernel
	guest "check-$kernel" "$kernel" -N -m 3072 -t 240 -a "$top/tools/uffd-race" \
		-a "$work/inside" -- inside || continue
	diag "$kernel: $(grep '^took' "$f")"
	part './uffd-race check' >"$work/part"
	as_known
	ok "$kernel: all paths of the stressor" test "$(grep -c '"path":' "$work/part")" = 16
	ok "$kernel: status 1" grep -qx 'status 1' "$work/part"
	ok "$kernel: and unloaded" grep -qx 'left 0' "$f"
	ok "$kernel: the module is absent: 4" eval 'part "./uffd-race counters" | grep -q "status 4"'
	part './uffd-race record' >"$work/part"
	ok "$kernel: record has judged what the command did" \
		grep -q '"command_status": 0' "$work/part"
	ok "$kernel: with its events" grep -qE '"shmem_m[a-z]*_genuine": [1-9]' "$work/part"
	ok "$kernel: not root: 4, and says so" eval 'part "not root" | grep -q "only root" &&
		part "not root" | grep -q "status 4"'
	ok "$kernel: hooks that are switched off: 3" eval 'part "./uffd-race check --path anon-missing --writer wp --seconds 1 -v" |
		grep -q "status 3"'
	ok "$kernel: debugfs is not mounted: 4, and says so" eval 'part "./uffd-race verdict" | grep -q "mount -t debugfs"'
	ok "$kernel: check mounts it, and leaves a module that was there" grep -qx 'loaded 1' "$f"
	ok "$kernel: what is no module: 4" eval 'part "./uffd-race check --module /etc" | grep -q "does not load" &&
		part "./uffd-race check --module /etc" | grep -q "status 4"'
done
done_testing
