// SPDX-License-Identifier: GPL-2.0
/*
 * The hooks: one table, and everything that is done to all of them.
 */
#include "uffd_race.h"
#include "compat.h"
#include <linux/percpu.h>

/**
 * struct hook - one place where the module listens
 * @symbol: the kernel function
 * @newer: its name in newer kernels, with the same arguments, or NULL
 * @kp: set for an entry probe
 * @rp: set for an entry-and-return probe
 * @required: the module is useless without it
 * @on_demand: in place only while it is needed; see ranges.c
 * @spares_hugetlb: what it sees is never done to hugetlb
 * @evidence: without it nothing is known about any userfaultfd, or, if it is
 *	@on_demand or @spares_hugetlb, about ranges that are not hugetlb
 * @ledger: evidence is incomplete from the moment when a hit is missed
 * @absent_ok: a kernel without the function does not do the thing at all
 * @needless: this kernel tells without it
 * @lost: what is lost without it
 * @hits: how often its handler had something to do
 * @error: why it could not be placed, or 0
 * @armed: it is in place
 * @missed: hits missed before it was last put in place
 */
struct hook {
	const char *symbol, *newer;
	struct kprobe kp;
	struct kretprobe rp;
	bool required, on_demand, spares_hugetlb, evidence, ledger, absent_ok, needless;
	const char *lost;
	unsigned long __percpu *hits;
	int error;
	bool armed;
	unsigned long missed;
};

/*
 * In the order in which they are armed. The ioctl comes last: a userfaultfd
 * whose birth it sees has been seen by all others.
 */
static struct hook hooks[NR_HOOKS] = {
	[HOOK_EVENT] = {
		.symbol = "handle_userfault",
		.kp.pre_handler = fault_event,
		.required = true,
		.lost = "everything: no event is seen",
	},
	[HOOK_HUGETLB] = {
		.symbol = "hugetlb_fault",
		.kp.pre_handler = fault_hugetlb,
		.ledger = true,
		.lost = "hugetlb events are undecided: no record of fault entry",
	},
	[HOOK_HUGETLB_RETURN] = {
		.symbol = "hugetlb_fault",
		.rp.entry_handler = fault_hugetlb_entry,
		.rp.handler = fault_hugetlb_return,
		.lost = "exposures; events beside another fault are undecided",
	},
	[HOOK_HUGETLB_ZAP] = {
		.symbol = "__unmap_hugepage_range",
		.rp.entry_handler = change_hugetlb_zap_entry,
		.rp.handler = change_zap_return,
		.ledger = true,
		.lost = "an event that nobody resolves is undecided, not genuine",
	},
	[HOOK_MREMAP] = {
		.symbol = "mremap_userfaultfd_prep",
		.kp.pre_handler = change_mremap,
		.evidence = true,
		.ledger = true,
		.lost = "all events are undecided: mremap() moves pages in unseen",
	},
	[HOOK_FORK] = {
		.symbol = "dup_userfaultfd",
		.rp.entry_handler = change_fork_entry,
		.rp.handler = change_fork_return,
		.lost = "events of forked children are undecided",
	},
	[HOOK_READ] = {
		.symbol = "userfaultfd_read",
		.newer = "userfaultfd_read_iter",
		.rp.entry_handler = delivery_read_entry,
		.rp.handler = delivery_read_return,
		.lost = "which events user space really got",
	},
	[HOOK_COPY] = {
		.symbol = "mcopy_atomic",
		.newer = "mfill_atomic_copy",
		.rp.entry_handler = install_copy_entry,
		.rp.handler = install_return,
		.ledger = true,
		.lost = "events beside such an ioctl, in the same mm, are undecided",
	},
	[HOOK_ZEROPAGE] = {
		.symbol = "mfill_zeropage",
		.newer = "mfill_atomic_zeropage",
		.rp.entry_handler = install_zeropage_entry,
		.rp.handler = install_return,
		.ledger = true,
		.lost = "events beside such an ioctl, in the same mm, are undecided",
	},
	[HOOK_CONTINUE] = {
		.symbol = "mcopy_continue",
		.newer = "mfill_atomic_continue",
		.rp.entry_handler = install_continue_entry,
		.rp.handler = install_return,
		.ledger = true,
		.absent_ok = !COMPAT_CONTINUE,
		.lost = "events beside such an ioctl, in the same mm, are undecided",
	},
	[HOOK_POISON] = {
		.symbol = "mfill_atomic_poison",
		.newer = "mfill_atomic_poison.constprop.0",
		.rp.entry_handler = install_poison_entry,
		.rp.handler = install_return,
		.ledger = true,
		.absent_ok = !COMPAT_POISON,
		.lost = "events beside such an ioctl, in the same mm, are undecided",
	},
	/* Where the first of these is inlined, the other two do its work. */
	[HOOK_MOVE] = {
		.symbol = "move_pages",
		.rp.entry_handler = install_move_entry,
		.rp.handler = install_return,
		.ledger = true,
		.absent_ok = true,
		.lost = "events beside such an ioctl, in the same mm, are undecided",
	},
	[HOOK_MOVE_PTES] = {
		.symbol = "move_pages_ptes",
		.rp.entry_handler = install_move_ptes_entry,
		.rp.handler = install_return,
		.ledger = true,
		.absent_ok = true,
		.lost = "events beside such an ioctl, in the same mm, are undecided",
	},
	[HOOK_MOVE_HUGE] = {
		.symbol = "move_pages_huge_pmd",
		.rp.entry_handler = install_move_huge_entry,
		.rp.handler = install_move_huge_return,
		.ledger = true,
		.absent_ok = true,
		.lost = "events beside such an ioctl, in the same mm, are undecided",
	},
	[HOOK_RELEASE] = {
		.symbol = "userfaultfd_release",
		.kp.pre_handler = ledger_release,
		.evidence = true,
		.ledger = true,
		.lost = "all events are undecided: no userfaultfd is seen to end",
	},
	[HOOK_FAULT] = {
		.symbol = "handle_mm_fault",
		.kp.pre_handler = fault_other,
		.on_demand = true,
		.evidence = true,
		.ledger = true,
		.lost = "other than hugetlb is undecided: no record of fault entry",
	},
	[HOOK_FAULT_RETURN] = {
		.symbol = "handle_mm_fault",
		.rp.entry_handler = fault_other_entry,
		.rp.handler = fault_other_return,
		.on_demand = true,
		.lost = "exposures; events beside another fault are undecided",
	},
	[HOOK_COLLAPSE] = {
		.symbol = "madvise_collapse",
		.rp.entry_handler = change_collapse_entry,
		.rp.handler = change_collapse_return,
		.spares_hugetlb = true,
		.evidence = true,
		.ledger = true,
		.absent_ok = !COMPAT_COLLAPSE,
		.lost = "other than hugetlb is undecided: huge pages are mapped unseen",
	},
	[HOOK_ZAP] = {
		.symbol = "unmap_page_range",
		.newer = "__zap_vma_range",
		.rp.entry_handler = change_zap_entry,
		.rp.handler = change_zap_return,
		.on_demand = true,
		.ledger = true,
		.lost = "an event that nobody resolves is undecided, not genuine",
	},
	[HOOK_RECLAIM] = {
		.symbol = "try_to_unmap_one",
		.rp.entry_handler = change_reclaim_entry,
		.rp.handler = change_zap_return,
		.on_demand = true,
		.ledger = true,
		.lost = "an event that nobody resolves is undecided, not genuine",
	},
	[HOOK_PUT] = {
		.symbol = "userfaultfd_ctx_put",
		.kp.pre_handler = ledger_put,
		.lost = "a fork that is given up keeps its record for a while",
	},
	[HOOK_MADE] = {
		.symbol = COMPAT_UFFD_MAKER,
		.kp.pre_handler = uffd_made,
		.needless = COMPAT_UFFD_PUBLIC,
		.lost = "whose userfaultfds are is only known from faults",
	},
	[HOOK_IOCTL] = {
		.symbol = "userfaultfd_ioctl",
		.rp.entry_handler = ledger_ioctl_entry,
		.rp.handler = ledger_ioctl_return,
		.evidence = true,
		.ledger = true,
		.lost = "all events are undecided: no install is seen",
	},
};

static bool is_return(const struct hook *h)
{
	return h->rp.handler;
}

static const struct kprobe *hook_kprobe(const struct hook *h)
{
	return is_return(h) ? &h->rp.kp : &h->kp;
}

static unsigned long hook_missed(const struct hook *h)
{
	return h->missed + READ_ONCE(hook_kprobe(h)->nmissed) +
	       READ_ONCE(h->rp.nmissed);
}
NOKPROBE_SYMBOL(hook_missed);

/**
 * probe_armed - is a hook in place?
 * @id: which
 *
 * Return: true if it is.
 */
bool probe_armed(enum hook_id id)
{
	return READ_ONCE(hooks[id].armed);
}
NOKPROBE_SYMBOL(probe_armed);

/**
 * probe_hit - count a hit
 * @id: of which hook
 *
 * From its handler.
 */
void probe_hit(enum hook_id id)
{
	this_cpu_inc(*hooks[id].hits);
}
NOKPROBE_SYMBOL(probe_hit);

/**
 * probes_missed - how often evidence was lost
 *
 * A probe misses when it is hit inside another probe's handler, a return probe
 * also when all its instances are taken. Return probes on faults are left out:
 * blocked threads hold their instances, and what it costs is one verdict.
 *
 * Any context.
 *
 * Return: misses since the module was loaded.
 */
unsigned long probes_missed(void)
{
	unsigned long n = 0;
	int i;

	for (i = 0; i < NR_HOOKS; i++)
		if (hooks[i].ledger)
			n += hook_missed(&hooks[i]);
	return n;
}
NOKPROBE_SYMBOL(probes_missed);

/**
 * probes_evidence - are all hooks in place that a verdict needs?
 * @on_demand: for ranges that are not hugetlb, or for any
 *
 * Return: true if so.
 */
bool probes_evidence(bool on_demand)
{
	int i;

	for (i = 0; i < NR_HOOKS; i++) {
		const struct hook *h = &hooks[i];

		if (!h->evidence ||
		    ((h->on_demand || h->spares_hugetlb) && !on_demand))
			continue;
		if (!READ_ONCE(h->armed) && !(h->error == -ENOENT && h->absent_ok))
			return false;
	}
	return true;
}
NOKPROBE_SYMBOL(probes_evidence);

static int hook_register(struct hook *h, const char *symbol)
{
	/* Both are left as they were used last. */
	if (is_return(h)) {
		h->rp.kp.addr = NULL;
		h->rp.kp.flags = 0;
		h->rp.kp.symbol_name = symbol;
		return register_kretprobe(&h->rp);
	}
	h->kp.addr = NULL;
	h->kp.flags = 0;
	h->kp.symbol_name = symbol;
	return register_kprobe(&h->kp);
}

static int hook_arm(struct hook *h)
{
	int err, before = h->error;

	if (h->needless)
		return 0;
	err = hook_register(h, h->symbol);
	if (err == -ENOENT && h->newer) {
		err = hook_register(h, h->newer);
		if (!err)
			h->symbol = h->newer;
	}
	h->error = err;
	WRITE_ONCE(h->armed, !err);
	if (!err || (err == -ENOENT && h->absent_ok))
		return 0;
	if (err != before)
		pr_warn("no %sprobe on %s (%d); lost: %s\n",
			is_return(h) ? "return " : "", h->symbol, err, h->lost);
	return h->required ? err : 0;
}

/* All at once: each unregister call waits for a grace period. */
static void hooks_disarm(bool on_demand)
{
	struct kretprobe *rps[NR_HOOKS];
	struct kprobe *kps[NR_HOOKS];
	int i, nr_rps = 0, nr_kps = 0;
	unsigned long flags;
	bool locked;

	for (i = NR_HOOKS; i--; ) {
		struct hook *h = &hooks[i];

		if (!h->armed || h->on_demand != on_demand)
			continue;
		WRITE_ONCE(h->armed, false);
		if (is_return(h))
			rps[nr_rps++] = &h->rp;
		else
			kps[nr_kps++] = &h->kp;
	}
	unregister_kretprobes(rps, nr_rps);
	unregister_kprobes(kps, nr_kps);

	/* The sum must not move: see engine_lock(). Stopped, nobody looks. */
	locked = engine_lock(&flags);
	for (i = 0; i < NR_HOOKS; i++) {
		struct hook *h = &hooks[i];

		if (h->armed || h->on_demand != on_demand)
			continue;
		h->missed = hook_missed(h);
		h->kp.nmissed = 0;
		h->rp.kp.nmissed = 0;
		h->rp.nmissed = 0;
	}
	if (locked)
		engine_unlock(flags);
}

/* What this kernel can't do; anything else may go well next time. */
static bool fails_forever(int error)
{
	return error == -ENOENT || error == -EINVAL || error == -EOPNOTSUPP;
}

/**
 * probes_demand - put the hooks in place that are only armed on demand
 *
 * Process context, may sleep. What can't be placed is reported, once, and what
 * could not be placed for want of something that comes and goes is tried again.
 */
void probes_demand(void)
{
	int i;

	for (i = 0; i < NR_HOOKS; i++)
		if (hooks[i].on_demand && !hooks[i].armed &&
		    !fails_forever(hooks[i].error))
			hook_arm(&hooks[i]);
}

/**
 * probes_undemand - remove them again
 *
 * Process context, may sleep.
 */
void probes_undemand(void)
{
	hooks_disarm(true);
}

/**
 * probes_init - arm all hooks but those on demand
 * @faults: faults that may be in flight at once, blocked ones included
 * @ops: ioctls and zaps that may be in flight at once
 *
 * A hook that can't be placed is reported, and the module has less to say.
 *
 * Return: 0, or why a required hook could not be placed.
 */
int probes_init(unsigned int faults, unsigned int ops)
{
	static const struct {
		size_t (*size)(void);
		bool of_fault;
	} returns[NR_HOOKS] = {
		[HOOK_HUGETLB_RETURN] = { fault_return_size, true },
		[HOOK_FAULT_RETURN] = { fault_return_size, true },
		[HOOK_HUGETLB_ZAP] = { change_op_size },
		[HOOK_ZAP] = { change_op_size },
		[HOOK_RECLAIM] = { change_op_size },
		[HOOK_COLLAPSE] = { change_op_size },
		[HOOK_FORK] = { change_fork_size },
		[HOOK_READ] = { delivery_read_size },
		[HOOK_COPY] = { install_size },
		[HOOK_ZEROPAGE] = { install_size },
		[HOOK_CONTINUE] = { install_size },
		[HOOK_POISON] = { install_size },
		[HOOK_MOVE] = { install_size },
		[HOOK_MOVE_PTES] = { install_size },
		[HOOK_MOVE_HUGE] = { install_size },
		[HOOK_IOCTL] = { ledger_ioctl_size },
	};
	int i, err;

	for (i = 0; i < NR_HOOKS; i++) {
		hooks[i].hits = alloc_percpu(unsigned long);
		if (!hooks[i].hits)
			return -ENOMEM;
		if (!returns[i].size)
			continue;
		hooks[i].rp.maxactive = returns[i].of_fault ? faults : ops;
		hooks[i].rp.data_size = returns[i].size();
	}
	for (i = 0; i < NR_HOOKS; i++) {
		if (hooks[i].on_demand)
			continue;
		err = hook_arm(&hooks[i]);
		if (err)
			return err;
	}
	return 0;
}

/**
 * probes_exit - disarm all hooks, as far as they were armed
 *
 * When it returns no handler runs any more. Threads that are blocked inside a
 * hooked function return through the kernel's own trampoline, not through us.
 */
void probes_exit(void)
{
	int i;

	hooks_disarm(true);
	hooks_disarm(false);
	for (i = 0; i < NR_HOOKS; i++) {
		free_percpu(hooks[i].hits);
		hooks[i].hits = NULL;
	}
}

static const char *hook_how(const struct hook *h)
{
	if (h->needless)
		return "unused";
	if (!h->armed && !h->error)
		return "idle";
	if (!h->armed)
		return h->error == -ENOENT ? "absent" : "failed";
	if (guard_off(hook_kprobe(h)))
		return "off";
	return hook_kprobe(h)->flags & KPROBE_FLAG_FTRACE ? "ftrace" : "int3";
}

static const char *hook_lost(const struct hook *h)
{
	if (h->needless)
		return "nothing: this kernel tells without it";
	if (h->error == -ENOENT && h->absent_ok)
		return "nothing: this kernel does it elsewhere, or not at all";
	return h->lost;
}

/**
 * probes_show - the debugfs file "probes"
 * @m: where to
 */
void probes_show(struct seq_file *m)
{
	int i, cpu;

	guard_check();
	seq_printf(m, "%-25s %-6s %-6s %10s %8s  %s\n", "symbol", "probe",
		   "how", "hits", "missed", "without it");
	for (i = 0; i < NR_HOOKS; i++) {
		const struct hook *h = &hooks[i];
		unsigned long hits = 0;

		for_each_possible_cpu(cpu)
			hits += *per_cpu_ptr(h->hits, cpu);
		seq_printf(m, "%-25s %-6s %-6s %10lu %8lu  %s\n", h->symbol,
			   is_return(h) ? "return" : "entry", hook_how(h), hits,
			   hook_missed(h),
			   hook_lost(h));
	}
	guard_show(m);
}
