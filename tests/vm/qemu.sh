# SPDX-License-Identifier: GPL-2.0
# The guest: choosing how to run it, starting it, waiting for it. Sourced by run.
# shellcheck shell=bash disable=SC2154,SC2034 # run's options and results

guest=''
reader=()

# Nodes need sockets: with two nodes in one socket 6.1 warns about its caches.
topology() {
	local i sockets=$nodes cpu_lo cpu_hi left=$mem size

	((cpus % nodes == 0)) || sockets=$cpus
	machine=(-smp "$cpus,sockets=$sockets" -m "${mem}M")
	((nodes > 1)) || return 0
	for ((i = 0; i < nodes; i++)); do
		size=$((i < nodes - 1 ? mem / nodes : left))
		left=$((left - size))
		cpu_lo=$((cpus * i / nodes))
		cpu_hi=$((cpus * (i + 1) / nodes - 1))
		machine+=(-object "memory-backend-ram,id=m$i,size=${size}M")
		if ((cpu_lo <= cpu_hi)); then
			machine+=(-numa "node,nodeid=$i,memdev=m$i,cpus=$cpu_lo-$cpu_hi")
		else
			machine+=(-numa "node,nodeid=$i,memdev=m$i")
		fi
	done
}

# A /dev/kvm that opens may still not run a kernel. Only a boot tells; ask once
# for each boot of the host.
kvm_works() {
	local key answer

	[[ -r /dev/kvm && -w /dev/kvm ]] || return 1
	key=$(uname -r)-$(cat /proc/sys/kernel/random/boot_id)
	answer=$cache/kvm-$key
	locked kvm probe_kvm "$answer"
	[[ $(cat "$answer") = yes ]]
}

probe_kvm() {
	local answer=$1 dir out

	[[ ! -e $answer ]] || return 0
	say "trying KVM"
	dir=$(mktemp -d)
	out=no
	# no initramfs: a kernel that can only panic has still booted
	timeout -k 1 10 qemu-system-x86_64 -accel kvm -cpu max -m 256 -nodefaults \
		-display none -no-reboot -kernel "$image" \
		-append "console=ttyS0 panic=-1" -serial "file:$dir/log" \
		</dev/null >/dev/null 2>&1 || :
	! grep -q 'Kernel panic' "$dir/log" 2>/dev/null || out=yes
	rm -rf "$dir"
	echo "$out" >"$answer.new"
	mv "$answer.new" "$answer"
}

# CX16 off: QEMU 7.2 can leave rubbish in EFLAGS after cmpxchg16b (its helper
# starts from whatever cc_op says). 6.12 branches on ZF right after it in SLUB;
# an interrupt there saves the rubbish, and dies of it. On a busy machine that
# ended 6 of 9 boots, without CX16 none of 9.
#
# clearcpuid=112 (REP_GOOD): QEMU emulates rep movsq at 30 ms for 2 MiB. Copied
# in a loop instead, huge pages migrate eight times as often.
choose_accel() {
	local cpu=max,cx16=off

	append="clearcpuid=112 $append"

	if [[ $icount ]]; then
		accel=(-accel "tcg,thread=single" -icount "shift=1,sleep=off" -cpu "$cpu")
	elif kvm_works; then
		accel=(-accel kvm -cpu max)
		append=${append#* }
	else
		accel=(-accel "tcg,thread=$threads" -cpu "$cpu")
	fi
}

# The ports are files: QEMU drops what a pipe does not take at once, a file
# takes all. tail brings it to our stdout as it comes.
start_guest() {
	local machine name

	topology
	for name in console out mark err; do
		: >"$tmp/$name"
	done
	timeout -k 5 "$limit" qemu-system-x86_64 "${accel[@]}" "${machine[@]}" \
		-nodefaults -display none -no-reboot -no-user-config \
		-kernel "$image" -initrd "$tmp/root.cpio" \
		-append "console=ttyS0 ignore_loglevel panic=-1 oops=panic ${append}" \
		-serial "file:$tmp/console" -serial "file:$tmp/out" \
		-serial "file:$tmp/mark" -serial "file:$tmp/err" \
		</dev/null >"$tmp/qemu" 2>&1 &
	guest=$!
	tail -qc +1 -s 0.1 -f --pid=$guest "$tmp/out" 2>/dev/null &
	reader=($!)
	tail -qc +1 -s 0.1 -f --pid=$guest "$tmp/err" >&2 2>/dev/null &
	reader+=($!)
}

# Sets how: end, or timeout
wait_guest() {
	local code=0

	wait "$guest" || code=$?
	guest=''
	wait "${reader[@]}" || :
	reader=()
	cat "$tmp/qemu" >&2
	how=end
	((code != 124)) || how=timeout
}

# Dead before the module or the command was there: not by their doing. 7.3 on two
# nodes does, in some 1 of 12 boots, by a division in its scheduler under emulation.
stillborn() {
	[[ $how = end ]] && ! grep -q '^begin' "$tmp/mark"
}

end_guest() {
	[[ ! $guest ]] || kill "$guest" 2>/dev/null || :
	((!${#reader[@]})) || kill "${reader[@]}" 2>/dev/null || :
}

# What the kernel says when it is in trouble. Its own words are at the start of
# a line, so that a WARNING in what a driver prints, or a report of the module
# itself ("BUG: uffd_race:"), is none.
trouble() {
	local start='^(\[ *[0-9]+\.[0-9]+\](\[ *[TC][0-9]+\])? )?'

	grep -nE -e "$start((watchdog: |NMI watchdog: )?BUG: |WARNING: )" \
		-e "$start"'(.*: )?(kernel BUG at|Oops|general protection fault|Kernel panic)' \
		-e "$start"'INFO: (task .* blocked|possible |suspicious |inconsistent |trying to register)' \
		-e "$start"'(rcu: )?INFO: rcu.* (detected|stall)' \
		-e "$start"'rcu: .*kthread (starved|timer wakeup)' \
		-e "$start"'(UBSAN|KCSAN|KASAN|KFENCE|DEBUG_LOCKS_WARN_ON|=+ BUG|refcount_t):?' \
		-e "$start"'\[ BUG: ' -e 'possible (circular|recursive|irq lock inversion) ' \
		-e "$start"'BUG .+ \((Not tainted|Tainted: .*)\): ' \
		-e "$start"'turning off the locking correctness validator' \
		-e "$start"'kmemleak: [1-9][0-9]* new suspected memory leak' \
		-e 'uffd_race-test: (rmmod failed|no swap)' "$1" |
	grep -vE 'BUG: uffd_race:'
}
