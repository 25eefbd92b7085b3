// SPDX-License-Identifier: GPL-2.0
/*
 * Which hooks there are, and what people read about them.
 */
#include "uffd_race.h"
#include "hooks/hooks.h"

/*
 * In the order in which they are armed. The ioctl comes last: a userfaultfd
 * whose birth it sees has been seen by all others.
 */
static struct hook * const hooks[] = {
	&hook_event,
	&hook_hugetlb,
	&hook_hugetlb_return,
	&hook_hugetlb_none,
	&hook_hugetlb_zap,
	&hook_fault,
	&hook_fault_return,
	&hook_anon_none,
	&hook_shmem_none,
	&hook_wait_ptl,
	&hook_wait_page,
	&hook_collapse,
	&hook_zap,
	&hook_reclaim,
	&hook_mremap,
	&hook_fork,
	&hook_read,
	&hook_copy,
	&hook_zeropage,
	&hook_continue,
	&hook_poison,
	&hook_move,
	&hook_move_ptes,
	&hook_move_huge,
	&hook_release,
	&hook_put,
	&hook_made,
	&hook_ioctl,
};

/**
 * hooks_init - arm all hooks but those on demand
 * @faults: faults that may be in flight at once, blocked ones included
 * @ops: ioctls and zaps that may be in flight at once
 *
 * Return: 0, or why a required hook could not be placed.
 */
int hooks_init(unsigned int faults, unsigned int ops)
{
	return probes_init(hooks, ARRAY_SIZE(hooks), faults, ops);
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
 * hooks_show - the debugfs file "probes"
 * @m: where to
 */
void hooks_show(struct seq_file *m)
{
	int i, cpu;

	guard_check();
	seq_printf(m, "%-25s %-6s %-6s %10s %8s  %s\n", "symbol", "probe",
		   "how", "hits", "missed", "without it");
	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		const struct hook *h = hooks[i];
		unsigned long hits = 0;

		for_each_possible_cpu(cpu)
			hits += *per_cpu_ptr(h->hits, cpu);
		seq_printf(m, "%-25s %-6s %-6s %10lu %8lu  %s\n", h->symbol,
			   hook_is_return(h) ? "return" : "entry", hook_how(h), hits,
			   hook_missed(h),
			   hook_lost(h));
	}
	guard_show(m);
}
