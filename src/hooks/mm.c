// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever else than ioctls and faults changes the ptes of a watched range:
 * zaps, reclaim, collapse, fork, mremap. Translates them into facts.
 */
#include "uffd_race.h"
#include "hooks/hooks.h"
#include "compat.h"
#include <linux/hugetlb.h>

/**
 * struct mm_op - a change in flight
 * @key: of the range: its userfaultfd, or its mm
 * @mm: where
 * @share: of share_hold()
 * @held: so
 * @entered: demand_enter()
 */
struct mm_op {
	const void *key, *mm;
	u16 share;
	bool held, entered;
};

/**
 * struct mm_fork - dup_userfaultfd() in flight
 * @vma: of the child
 * @parent: the parent's userfaultfd
 * @made: this task's list of the userfaultfds that this fork() has made
 * @last: its last entry, at entry
 */
struct mm_fork {
	struct vm_area_struct *vma;
	const void *parent;
	const struct list_head *made, *last;
};

static int zap_begin(struct kretprobe_instance *ri, struct hook *hook,
		     struct vm_area_struct *vma, unsigned long start,
		     unsigned long end)
{
	struct mm_op *op = (void *)ri->data;

	op->key = vma->vm_userfaultfd_ctx.ctx;
	if (!op->key)
		return 1;
	hook_hit(hook);
	op->entered = hook->on_demand;
	if (op->entered && !demand_enter())
		return 1;
	/* Reclaim takes others' pages, and sleeps at nobody's will. */
	op->held = hook != &hook_reclaim;
	op->mm = vma->vm_mm;
	if (op->held &&
	    !share_hold(&op->share, hook->on_demand ? SHARE_ZAPS : SHARE_OPS)) {
		if (op->entered)
			demand_leave();
		core_unseen(op->mm);
		return 1;
	}
	core_op_begin(op->key, op->mm, OP_ZAP, start, end);
	return 0;
}
NOKPROBE_SYMBOL(zap_begin);

/**
 * mm_hugetlb_zap_entry - __unmap_hugepage_range(tlb, vma, start, end, ...)
 * @ri: its instance
 * @regs: the arguments
 *
 * Drops, hole punches, munmap and exit of hugetlb ranges all come by.
 *
 * Return: 0 to see the return, 1 to let it go.
 */
static int mm_hugetlb_zap_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return zap_begin(ri, &hook_hugetlb_zap,
			 (void *)regs_get_kernel_argument(regs, 1),
			 regs_get_kernel_argument(regs, 2),
			 regs_get_kernel_argument(regs, 3));
}
NOKPROBE_SYMBOL(mm_hugetlb_zap_entry);

/**
 * mm_zap_entry - unmap_page_range(tlb, vma, start, end, details)
 * @ri: its instance
 * @regs: the arguments
 *
 * The same for all other ranges.
 *
 * Return: 0 to see the return, 1 to let it go.
 */
static int mm_zap_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs_get_kernel_argument(regs, 1);

	if (is_vm_hugetlb_page(vma))
		return 1;
	return zap_begin(ri, &hook_zap, vma, regs_get_kernel_argument(regs, 2),
			 regs_get_kernel_argument(regs, 3));
}
NOKPROBE_SYMBOL(mm_zap_entry);

/**
 * mm_reclaim_entry - try_to_unmap_one(page, vma, address, flags)
 * @ri: its instance
 * @regs: the arguments
 *
 * Reclaim takes pages of a file out of their ptes, and anonymous ones that
 * MADV_FREE gave up. All other anonymous pages leave a swap entry.
 *
 * Return: 0 to see the return, 1 to let it go.
 */
static int mm_reclaim_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct page *page = (void *)regs_get_kernel_argument(regs, 0);
	struct vm_area_struct *vma = (void *)regs_get_kernel_argument(regs, 1);
	unsigned long addr = regs_get_kernel_argument(regs, 2) & PMD_MASK;

	if (likely(!vma->vm_userfaultfd_ctx.ctx) ||
	    compat_unmap_migrates(regs_get_kernel_argument(regs, 3)) ||
	    (PageAnon(page) && compat_page_swapbacked(page)))
		return 1;
	return zap_begin(ri, &hook_reclaim, vma, addr, addr + PMD_SIZE);
}
NOKPROBE_SYMBOL(mm_reclaim_entry);

/**
 * mm_zap_return - any of these returns
 * @ri: its instance
 * @regs: nothing of interest
 *
 * Return: 0.
 */
static int mm_zap_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct mm_op *op = (void *)ri->data;

	if (op->held)
		share_let_go(op->share);
	core_op_end(op->key, op->mm, OP_ZAP, OUTCOME_DONE, 0);
	if (op->entered)
		demand_leave();
	return 0;
}
NOKPROBE_SYMBOL(mm_zap_return);

struct hook hook_hugetlb_zap = {
	.symbol = "__unmap_hugepage_range",
	.rp.entry_handler = mm_hugetlb_zap_entry,
	.rp.handler = mm_zap_return,
	.rp.data_size = sizeof(struct mm_op),
	.must_see = true,
	.lost = "an event that nobody resolves is undecided, not genuine",
};

struct hook hook_zap = {
	.symbol = "unmap_page_range",
	.newer = "__zap_vma_range",
	.rp.entry_handler = mm_zap_entry,
	.rp.handler = mm_zap_return,
	.rp.data_size = sizeof(struct mm_op),
	.on_demand = true,
	.must_see = true,
	.lost = "an event that nobody resolves is undecided, not genuine",
};

struct hook hook_reclaim = {
	.symbol = "try_to_unmap_one",
	.rp.entry_handler = mm_reclaim_entry,
	.rp.handler = mm_zap_return,
	.rp.data_size = sizeof(struct mm_op),
	.on_demand = true,
	.must_see = true,
	.lost = "an event that nobody resolves is undecided, not genuine",
};

/**
 * mm_collapse_entry - madvise_collapse(vma, ...) is entered
 * @ri: its instance
 * @regs: the arguments
 *
 * MADV_COLLAPSE may map a huge page over none ptes of a range of a file, also of
 * one that becomes a userfaultfd's after this: it drops the mmap lock in between.
 * So it is about the mm, and about its range there, which it never leaves.
 *
 * Return: 0 to see the return, 1 to let it go.
 */
static int mm_collapse_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs_get_kernel_argument(regs, 0);
	struct mm_op *op = (void *)ri->data;
	struct verdict_engine *e;
	unsigned long flags;

	op->mm = vma->vm_mm;
	op->key = op->mm;
	hook_hit(&hook_collapse);
	inside_left();
	if (!share_hold(&op->share, SHARE_OPS)) {
		core_unseen(op->mm);
		return 1;
	}
	e = core_lock(op->mm, &flags);
	if (!e)
		return 0;	/* its return lets the share go */
	verdict_mm_op_begin(e, current, op->mm, OP_INSTALL,
			    regs_get_kernel_argument(regs, COMPAT_COLLAPSE_START),
			    regs_get_kernel_argument(regs, COMPAT_COLLAPSE_START + 1));
	core_unlock(e, flags);
	return 0;
}
NOKPROBE_SYMBOL(mm_collapse_entry);

/**
 * mm_collapse_return - madvise_collapse() returns
 * @ri: its instance
 * @regs: nothing of interest
 *
 * Return: 0.
 */
static int mm_collapse_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct mm_op *op = (void *)ri->data;

	share_let_go(op->share);
	core_op_end(op->key, op->mm, OP_INSTALL, OUTCOME_UNSURE, 0);
	return 0;
}
NOKPROBE_SYMBOL(mm_collapse_return);

struct hook hook_collapse = {
	.symbol = "madvise_collapse",
	.rp.entry_handler = mm_collapse_entry,
	.rp.handler = mm_collapse_return,
	.rp.data_size = sizeof(struct mm_op),
	.spares_hugetlb = true,
	.evidence = true,
	.must_see = true,
	.absent_ok = !COMPAT_COLLAPSE,
	.lost = "other than hugetlb is undecided: huge pages are mapped unseen",
};

/**
 * mm_fork_entry - dup_userfaultfd(vma, made) is entered
 * @ri: its instance
 * @regs: the arguments
 *
 * Return: 0 to see the return, 1 to let it go.
 */
static int mm_fork_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct mm_fork *fork = (void *)ri->data;

	fork->vma = (void *)regs_get_kernel_argument(regs, 0);
	fork->parent = fork->vma->vm_userfaultfd_ctx.ctx;
	fork->made = (void *)regs_get_kernel_argument(regs, 1);
	fork->last = fork->made->prev;
	return fork->parent ? 0 : 1;
}
NOKPROBE_SYMBOL(mm_fork_entry);

/* What the parent's has, if it is known that nothing of it was missed; else 0. */
static unsigned long parents_tag(const void *parent, const void *mm)
{
	struct verdict_engine *e;
	unsigned long flags, tag;

	e = core_lock(mm, &flags);
	if (!e)
		return 0;
	tag = verdict_ctx_tag(e, parent);
	core_unlock(e, flags);
	return tag;
}
NOKPROBE_SYMBOL(parents_tag);

static void fork_bears(const void *ctx, const void *mm, unsigned long tag)
{
	struct verdict_engine *e;
	unsigned long flags;

	e = core_lock_new(mm, share_payer(), &flags);
	if (!e)
		return;
	/* Whatever has a record there has ended unseen. */
	verdict_ctx_over(e, ctx);
	if (guard_sighted() && verdict_ctx_opening(e, ctx, tag)) {
		verdict_ctx_belongs(e, ctx, mm);
		verdict_ctx_opened(e, ctx, true);
	}
	core_unlock(e, flags);
}
NOKPROBE_SYMBOL(fork_bears);

/**
 * mm_fork_return - dup_userfaultfd() returns
 * @ri: its instance
 * @regs: the result
 *
 * With UFFD_FEATURE_EVENT_FORK the child's vma has a userfaultfd of its own now.
 * Nobody has used that yet, and the child has not run. All vmas of one parent's
 * share one: it is new if it is on the list only now.
 *
 * Return: 0.
 */
static int mm_fork_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct mm_fork *fork = (void *)ri->data;
	const void *ctx = fork->vma->vm_userfaultfd_ctx.ctx;
	const void *mm = fork->vma->vm_mm;
	unsigned long tag;

	if (regs_return_value(regs) || !ctx || ctx == fork->parent)
		return 0;
	hook_hit(&hook_fork);
	/* copy_mm() copies the mm of who calls. */
	tag = parents_tag(fork->parent, current->mm);
	if (!tag)
		return 0;
	if (fork->made->prev != fork->last)
		fork_bears(ctx, mm, tag);
	demand_inherited(mm, current->mm);
	return 0;
}
NOKPROBE_SYMBOL(mm_fork_return);

struct hook hook_fork = {
	.symbol = "dup_userfaultfd",
	.rp.entry_handler = mm_fork_entry,
	.rp.handler = mm_fork_return,
	.rp.data_size = sizeof(struct mm_fork),
	.lost = "events of forked children are undecided",
};

/**
 * mm_mremap - mremap_userfaultfd_prep(new_vma, ctx) is entered
 * @p: the probe
 * @regs: the arguments
 *
 * Pages move, or have moved, without any ioctl, while the mmap lock is held for
 * writing, so that no fault comes between. Nothing that was known counts.
 *
 * Return: 0.
 */
static int mm_mremap(struct kprobe *p, struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs_get_kernel_argument(regs, 0);
	const void *ctx = vma->vm_userfaultfd_ctx.ctx;

	if (!ctx)
		return 0;
	hook_hit(&hook_mremap);
	core_op_begin(ctx, vma->vm_mm, OP_RANGE, 0, ULONG_MAX);
	core_op_end(ctx, vma->vm_mm, OP_RANGE, OUTCOME_DONE, ULONG_MAX);
	return 0;
}
NOKPROBE_SYMBOL(mm_mremap);

struct hook hook_mremap = {
	.symbol = "mremap_userfaultfd_prep",
	.kp.pre_handler = mm_mremap,
	.evidence = true,
	.must_see = true,
	.lost = "all events are undecided: mremap() moves pages in unseen",
};
