// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever else than ioctls and faults changes the ptes of a watched range:
 * zaps, reclaim, collapse, fork, mremap. Translates them into facts.
 */
#include "uffd_race.h"
#include "compat.h"
#include <linux/hugetlb.h>

/**
 * struct change_op - a change in flight
 * @key: of the range: its userfaultfd, or its mm
 */
struct change_op {
	const void *key;
};

/**
 * struct change_fork - dup_userfaultfd() in flight
 * @vma: of the child
 * @parent: the parent's userfaultfd
 * @made: this task's list of the userfaultfds that this fork() has made
 * @last: its last entry, at entry
 */
struct change_fork {
	struct vm_area_struct *vma;
	const void *parent;
	const struct list_head *made, *last;
};

size_t change_op_size(void)
{
	return sizeof(struct change_op);
}

size_t change_fork_size(void)
{
	return sizeof(struct change_fork);
}

static int zap_begin(struct kretprobe_instance *ri, enum hook_id id,
		     struct vm_area_struct *vma, unsigned long start,
		     unsigned long end)
{
	struct change_op *op = (void *)ri->data;

	op->key = vma->vm_userfaultfd_ctx.ctx;
	if (!op->key)
		return 1;
	probe_hit(id);
	ledger_op_begin(op->key, CASE_OP_ZAP, start, end);
	return 0;
}
NOKPROBE_SYMBOL(zap_begin);

/**
 * change_hugetlb_zap_entry - __unmap_hugepage_range(tlb, vma, start, end, ...)
 * @ri: its instance
 * @regs: the arguments
 *
 * Drops, hole punches, munmap and exit of hugetlb ranges all come by.
 *
 * Return: 0 to see the return, 1 to let it go.
 */
int change_hugetlb_zap_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return zap_begin(ri, HOOK_HUGETLB_ZAP,
			 (void *)regs_get_kernel_argument(regs, 1),
			 regs_get_kernel_argument(regs, 2),
			 regs_get_kernel_argument(regs, 3));
}
NOKPROBE_SYMBOL(change_hugetlb_zap_entry);

/**
 * change_zap_entry - unmap_page_range(tlb, vma, start, end, details)
 * @ri: its instance
 * @regs: the arguments
 *
 * The same for all other ranges.
 *
 * Return: 0 to see the return, 1 to let it go.
 */
int change_zap_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs_get_kernel_argument(regs, 1);

	if (is_vm_hugetlb_page(vma))
		return 1;
	return zap_begin(ri, HOOK_ZAP, vma, regs_get_kernel_argument(regs, 2),
			 regs_get_kernel_argument(regs, 3));
}
NOKPROBE_SYMBOL(change_zap_entry);

/**
 * change_reclaim_entry - try_to_unmap_one(page, vma, address, flags)
 * @ri: its instance
 * @regs: the arguments
 *
 * Reclaim takes pages of a file out of their ptes, and anonymous ones that
 * MADV_FREE gave up. All other anonymous pages leave a swap entry.
 *
 * Return: 0 to see the return, 1 to let it go.
 */
int change_reclaim_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct page *page = (void *)regs_get_kernel_argument(regs, 0);
	struct vm_area_struct *vma = (void *)regs_get_kernel_argument(regs, 1);
	unsigned long addr = regs_get_kernel_argument(regs, 2) & PMD_MASK;

	if (likely(!vma->vm_userfaultfd_ctx.ctx) ||
	    compat_unmap_migrates(regs_get_kernel_argument(regs, 3)) ||
	    (PageAnon(page) && compat_page_swapbacked(page)))
		return 1;
	return zap_begin(ri, HOOK_RECLAIM, vma, addr, addr + PMD_SIZE);
}
NOKPROBE_SYMBOL(change_reclaim_entry);

/**
 * change_zap_return - any of these returns
 * @ri: its instance
 * @regs: nothing of interest
 *
 * Return: 0.
 */
int change_zap_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct change_op *op = (void *)ri->data;

	ledger_op_end(op->key, CASE_OP_ZAP, CASE_DONE, 0);
	return 0;
}
NOKPROBE_SYMBOL(change_zap_return);

/**
 * change_collapse_entry - madvise_collapse(vma, ...) is entered
 * @ri: its instance
 * @regs: the arguments
 *
 * MADV_COLLAPSE may map a huge page over none ptes of a range of a file, also of
 * one that becomes a userfaultfd's after this: it drops the mmap lock in between.
 * So it is about the mm, and about its range there, which it never leaves.
 *
 * Return: 0 to see the return, 1 to let it go.
 */
int change_collapse_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs_get_kernel_argument(regs, 0);
	struct change_op *op = (void *)ri->data;
	unsigned long flags;

	op->key = vma->vm_mm;
	if (!engine_lock(&flags))
		return 1;
	probe_hit(HOOK_COLLAPSE);
	case_mm_op_begin(&engine, current, op->key, CASE_OP_INSTALL,
			 regs_get_kernel_argument(regs, COMPAT_COLLAPSE_START),
			 regs_get_kernel_argument(regs, COMPAT_COLLAPSE_START + 1));
	engine_unlock(flags);
	return 0;
}
NOKPROBE_SYMBOL(change_collapse_entry);

/**
 * change_collapse_return - madvise_collapse() returns
 * @ri: its instance
 * @regs: nothing of interest
 *
 * Return: 0.
 */
int change_collapse_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct change_op *op = (void *)ri->data;

	ledger_op_end(op->key, CASE_OP_INSTALL, CASE_UNSURE, 0);
	return 0;
}
NOKPROBE_SYMBOL(change_collapse_return);

/**
 * change_fork_entry - dup_userfaultfd(vma, made) is entered
 * @ri: its instance
 * @regs: the arguments
 *
 * Return: 0 to see the return, 1 to let it go.
 */
int change_fork_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct change_fork *fork = (void *)ri->data;

	fork->vma = (void *)regs_get_kernel_argument(regs, 0);
	fork->parent = fork->vma->vm_userfaultfd_ctx.ctx;
	fork->made = (void *)regs_get_kernel_argument(regs, 1);
	fork->last = fork->made->prev;
	return fork->parent ? 0 : 1;
}
NOKPROBE_SYMBOL(change_fork_entry);

static void fork_bears(const void *ctx, const void *mm, unsigned long tag,
		       unsigned long payer)
{
	/* Whatever has a record there has ended unseen. */
	ledger_over(ctx);
	if (tag && ledger_bear(ctx, mm, tag, payer))
		case_ctx_born(&engine, ctx, true);
}
NOKPROBE_SYMBOL(fork_bears);

/**
 * change_fork_return - dup_userfaultfd() returns
 * @ri: its instance
 * @regs: the result
 *
 * With UFFD_FEATURE_EVENT_FORK the child's vma has a userfaultfd of its own now.
 * Nobody has used that yet, and the child has not run. All vmas of one parent's
 * share one: it is new if it is on the list only now.
 *
 * Return: 0.
 */
int change_fork_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct change_fork *fork = (void *)ri->data;
	const void *ctx = fork->vma->vm_userfaultfd_ctx.ctx;
	unsigned long tag, flags;

	if (regs_return_value(regs) || !ctx || ctx == fork->parent)
		return 0;
	probe_hit(HOOK_FORK);
	if (!engine_lock(&flags))
		return 0;
	/* Only of these it is known that nothing was missed. */
	tag = case_ctx_tag(&engine, fork->parent);
	if (fork->made->prev != fork->last)
		fork_bears(ctx, fork->vma->vm_mm, tag,
			   case_ctx_payer(&engine, fork->parent));
	engine_unlock(flags);
	if (tag)
		ranges_inherited(ctx, fork->parent);
	return 0;
}
NOKPROBE_SYMBOL(change_fork_return);

/**
 * change_mremap - mremap_userfaultfd_prep(new_vma, ctx) is entered
 * @p: the probe
 * @regs: the arguments
 *
 * Pages move, or have moved, without any ioctl, while the mmap lock is held for
 * writing, so that no fault comes between. Nothing that was known counts.
 *
 * Return: 0.
 */
int change_mremap(struct kprobe *p, struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs_get_kernel_argument(regs, 0);
	const void *ctx = vma->vm_userfaultfd_ctx.ctx;

	if (!ctx)
		return 0;
	probe_hit(HOOK_MREMAP);
	ledger_op_begin(ctx, CASE_OP_HOLE, 0, ULONG_MAX);
	ledger_op_end(ctx, CASE_OP_HOLE, CASE_DONE, ULONG_MAX);
	return 0;
}
NOKPROBE_SYMBOL(change_mremap);
