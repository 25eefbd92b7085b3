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
 * @kp: set for an entry probe
 * @rp: set for an entry-and-return probe
 * @required: the module is useless without it
 * @ledger: evidence is incomplete from the moment when a hit is missed
 * @absent_ok: a kernel without the function does not do the thing at all
 * @lost: what is lost without it
 * @hits: how often its handler had something to do
 * @error: why it could not be placed, or 0
 * @armed: it is in place
 */
struct hook {
	const char *symbol;
	struct kprobe kp;
	struct kretprobe rp;
	bool required, ledger, absent_ok;
	const char *lost;
	unsigned long __percpu *hits;
	int error;
	bool armed;
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
		.rp.entry_handler = ledger_zap_entry,
		.rp.handler = ledger_zap_return,
		.ledger = true,
		.lost = "an event that nobody resolves is undecided, not genuine",
	},
	[HOOK_HUGETLB_MOVE] = {
		.symbol = "move_hugetlb_page_tables",
		.kp.pre_handler = ledger_move,
		.ledger = true,
		.absent_ok = !COMPAT_HUGETLB_MREMAP,
		.lost = "pages that mremap moves in are not seen to arrive",
	},
	[HOOK_RELEASE] = {
		.symbol = "userfaultfd_release",
		.kp.pre_handler = ledger_release,
		.ledger = true,
		.lost = "closed userfaultfds keep their place in the tables",
	},
	[HOOK_IOCTL] = {
		.symbol = "userfaultfd_ioctl",
		.rp.entry_handler = ledger_ioctl_entry,
		.rp.handler = ledger_ioctl_return,
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
			n += READ_ONCE(hook_kprobe(&hooks[i])->nmissed) +
			     READ_ONCE(hooks[i].rp.nmissed);
	return n;
}
NOKPROBE_SYMBOL(probes_missed);

static int hook_arm(struct hook *h)
{
	int err;

	if (is_return(h)) {
		h->rp.kp.symbol_name = h->symbol;
		err = register_kretprobe(&h->rp);
	} else {
		h->kp.symbol_name = h->symbol;
		err = register_kprobe(&h->kp);
	}
	h->error = err;
	WRITE_ONCE(h->armed, !err);
	return err;
}

/**
 * probes_init - arm all hooks
 * @faults: faults that may be in flight at once, blocked ones included
 * @ops: ioctls and zaps that may be in flight at once
 *
 * A hook that can't be placed is reported, and the module has less to say.
 *
 * Return: 0, or why a required hook could not be placed.
 */
int probes_init(unsigned int faults, unsigned int ops)
{
	int i, err;

	hooks[HOOK_HUGETLB_RETURN].rp.maxactive = faults;
	hooks[HOOK_HUGETLB_RETURN].rp.data_size = fault_return_size();
	hooks[HOOK_HUGETLB_ZAP].rp.maxactive = ops;
	hooks[HOOK_HUGETLB_ZAP].rp.data_size = ledger_zap_size();
	hooks[HOOK_IOCTL].rp.maxactive = ops;
	hooks[HOOK_IOCTL].rp.data_size = ledger_ioctl_size();

	for (i = 0; i < NR_HOOKS; i++) {
		hooks[i].hits = alloc_percpu(unsigned long);
		if (!hooks[i].hits)
			return -ENOMEM;
	}
	for (i = 0; i < NR_HOOKS; i++) {
		struct hook *h = &hooks[i];

		err = hook_arm(h);
		if (!err || (err == -ENOENT && h->absent_ok))
			continue;
		pr_warn("no %sprobe on %s (%d); lost: %s\n",
			is_return(h) ? "return " : "", h->symbol, err, h->lost);
		if (h->required)
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
	struct kretprobe *rps[NR_HOOKS];
	struct kprobe *kps[NR_HOOKS];
	int i, nr_rps = 0, nr_kps = 0;

	for (i = NR_HOOKS; i--; ) {
		struct hook *h = &hooks[i];

		if (!h->armed)
			continue;
		h->armed = false;
		if (is_return(h))
			rps[nr_rps++] = &h->rp;
		else
			kps[nr_kps++] = &h->kp;
	}
	/* All at once: each of these waits for a grace period. */
	unregister_kretprobes(rps, nr_rps);
	unregister_kprobes(kps, nr_kps);
	for (i = 0; i < NR_HOOKS; i++) {
		free_percpu(hooks[i].hits);
		hooks[i].hits = NULL;
	}
}

static const char *hook_how(const struct hook *h)
{
	if (!h->armed)
		return h->error == -ENOENT ? "absent" : "failed";
	return hook_kprobe(h)->flags & KPROBE_FLAG_FTRACE ? "ftrace" : "int3";
}

/**
 * probes_show - the debugfs file "probes"
 * @m: where to
 */
void probes_show(struct seq_file *m)
{
	int i, cpu;

	seq_printf(m, "%-25s %-6s %-6s %10s %8s  %s\n", "symbol", "probe",
		   "how", "hits", "missed", "without it");
	for (i = 0; i < NR_HOOKS; i++) {
		const struct hook *h = &hooks[i];
		unsigned long hits = 0;

		for_each_possible_cpu(cpu)
			hits += *per_cpu_ptr(h->hits, cpu);
		seq_printf(m, "%-25s %-6s %-6s %10lu %8lu  %s\n", h->symbol,
			   is_return(h) ? "return" : "entry", hook_how(h), hits,
			   hook_kprobe(h)->nmissed + h->rp.nmissed,
			   h->error == -ENOENT && h->absent_ok ?
			   "nothing: this kernel does not do that" : h->lost);
	}
}
