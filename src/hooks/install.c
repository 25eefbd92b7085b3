// SPDX-License-Identifier: GPL-2.0
/*
 * What ioctls install, as the kernel took it. The argument of an ioctl is user
 * memory: another thread may rewrite it before the kernel reads it, and restore
 * it after. So the facts come from the functions that get the kernel's own
 * copies, and return the bytes done. Before and after these nothing is
 * installed.
 */
#include "uffd_race.h"
#include "hooks/hooks.h"
#include "ptwalk.h"
#include "compat.h"
#include "uffdio.h"
#include <linux/userfaultfd.h>

/**
 * struct install - an install in flight
 * @mm: where
 * @start: of the range
 * @len: of the range
 * @since: the engine's clock before it
 * @moves: it takes the pages from another range
 * @holes: it may skip pages, and count them as done
 * @share: of share_hold()
 */
struct install {
	const void *mm;
	unsigned long start, len;
	verdict_time since;
	bool moves, holes;
	u16 share;
};

/* In the first's place: what it calls once at least. */
static bool moves_unseen(void)
{
	if (hook_armed(&hook_move))
		return !hook_proven(&hook_move);
	if (!hook_armed(&hook_move_ptes) ||
	    (COMPAT_MOVE_HUGE && !hook_armed(&hook_move_huge)))
		return true;
	return !hook_proven(&hook_move_ptes) && !hook_proven(&hook_move_huge);
}
NOKPROBE_SYMBOL(moves_unseen);

/**
 * installs_unseen - may an ioctl install what no hook tells?
 * @nr: the ioctl's number in the UAPI
 *
 * Any context. A hook is believed once it was hit: the first ioctl of its kind
 * tells, when it returns, that the function is not inlined.
 *
 * Return: true if so: then it may be anything, anywhere in the mm.
 */
bool installs_unseen(unsigned int nr)
{
	switch (nr) {
	case NR_COPY:
		return !hook_proven(&hook_copy);
	case NR_ZEROPAGE:
		return !hook_proven(&hook_zeropage);
	case NR_CONTINUE:
		return COMPAT_CONTINUE && !hook_proven(&hook_continue);
	case NR_POISON:
		return COMPAT_POISON && !hook_proven(&hook_poison);
	case NR_MOVE:
		return COMPAT_MOVE && moves_unseen();
	default:
		return false;
	}
}
NOKPROBE_SYMBOL(installs_unseen);

static int install_begin(struct install *in, struct hook *hook, unsigned long src)
{
	struct verdict_engine *e;
	unsigned long flags;

	hook_hit(hook);
	if (!share_hold(&in->share, SHARE_OPS)) {
		core_unseen(in->mm);
		return 1;
	}
	in->since = core_stamp(in->mm);
	e = core_lock(in->mm, &flags);
	if (!e)
		return 0;
	if (in->moves)
		verdict_op_begin_mm(e, current, in->mm, OP_ZAP, src,
				    src + in->len);
	verdict_op_begin_mm(e, current, in->mm, OP_INSTALL, in->start,
			    in->start + in->len);
	core_unlock(e, flags);
	return 0;
}
NOKPROBE_SYMBOL(install_begin);

static void install_end(const struct install *in, long done)
{
	enum verdict_outcome outcome = OUTCOME_NOTHING;
	struct verdict_engine *e;
	unsigned long flags;

	share_let_go(in->share);
	if (done > 0)
		outcome = in->holes ? OUTCOME_UNSURE : OUTCOME_DONE;
	e = core_lock(in->mm, &flags);
	if (!e)
		return;
	if (in->moves)
		verdict_op_end(e, current, in->mm, OP_ZAP, OUTCOME_DONE, 0);
	verdict_op_end(e, current, in->mm, OP_INSTALL, outcome,
		       in->start + done);
	core_unlock(e, flags);
}
NOKPROBE_SYMBOL(install_end);

/* (ctx or mm, start, len, ...) */
static int fill_entry(struct kretprobe_instance *ri, struct pt_regs *regs,
		      struct hook *hook)
{
	*(struct install *)ri->data = (struct install) {
		.mm = compat_install_mm(regs_get_kernel_argument(regs, 0)),
		.start = regs_get_kernel_argument(regs, 1),
		.len = regs_get_kernel_argument(regs, 2),
	};
	return install_begin((void *)ri->data, hook, 0);
}
NOKPROBE_SYMBOL(fill_entry);

/**
 * install_copy_entry - mcopy_atomic(ctx or mm, start, src, len, ...) is entered
 * @ri: its instance
 * @regs: the arguments
 *
 * Return: 0 to see the return, 1 to let it go.
 */
static int install_copy_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	*(struct install *)ri->data = (struct install) {
		.mm = compat_install_mm(regs_get_kernel_argument(regs, 0)),
		.start = regs_get_kernel_argument(regs, 1),
		.len = regs_get_kernel_argument(regs, 3),
	};
	return install_begin((void *)ri->data, &hook_copy, 0);
}
NOKPROBE_SYMBOL(install_copy_entry);

/**
 * install_zeropage_entry - mfill_zeropage(ctx or mm, start, len, ...)
 * @ri: its instance
 * @regs: the arguments
 *
 * Return: 0 to see the return, 1 to let it go.
 */
static int install_zeropage_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return fill_entry(ri, regs, &hook_zeropage);
}
NOKPROBE_SYMBOL(install_zeropage_entry);

/**
 * install_continue_entry - mcopy_continue(ctx or mm, start, len, ...)
 * @ri: its instance
 * @regs: the arguments
 *
 * Return: 0 to see the return, 1 to let it go.
 */
static int install_continue_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return fill_entry(ri, regs, &hook_continue);
}
NOKPROBE_SYMBOL(install_continue_entry);

/**
 * install_poison_entry - mfill_atomic_poison(ctx or mm, start, len, ...)
 * @ri: its instance
 * @regs: the arguments
 *
 * Return: 0 to see the return, 1 to let it go.
 */
static int install_poison_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return fill_entry(ri, regs, &hook_poison);
}
NOKPROBE_SYMBOL(install_poison_entry);

/*
 * Is what an ioctl has installed safe from reclaim?
 *
 * Reclaim drops a page of shared memory whose pte is not dirty and which is not
 * dirty itself. mfill_atomic_install_pte() makes the pte dirty, and whoever
 * clears that later hands it on to the page. What is there now is that page
 * only if nothing was dropped meanwhile, by all that hooks see.
 *
 * Only if the caller's mm is
 * that one, which keeps its page tables.
 */
static void check_clean(const void *mm, unsigned long addr, verdict_time since)
{
	struct verdict_engine *e;
	unsigned long flags;
	bool kept;

	if (current->mm != mm || !hook_armed(&hook_zap) ||
	    !hook_armed(&hook_reclaim) ||
	    !ptwalk_is_clean(current->mm, addr & PAGE_MASK))
		return;
	e = core_lock(mm, &flags);
	if (!e)
		return;
	kept = verdict_kept(e, mm, since);
	core_unlock(e, flags);
	if (kept)
		count_add(COUNT_UNCLEAN, 1);
}
NOKPROBE_SYMBOL(check_clean);

/**
 * install_return - any of these returns
 * @ri: its instance
 * @regs: the bytes done or, if there are none, -errno
 *
 * Return: 0.
 */
static int install_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct install *in = (void *)ri->data;
	long done = regs_return_value(regs);

	if (done > 0 && !in->moves)
		check_clean(in->mm, in->start, in->since);
	install_end(in, done);
	return 0;
}
NOKPROBE_SYMBOL(install_return);

struct hook hook_copy = {
	.symbol = "mcopy_atomic",
	.newer = "mfill_atomic_copy",
	.rp.entry_handler = install_copy_entry,
	.rp.handler = install_return,
	.rp.data_size = sizeof(struct install),
	.must_see = true,
	.lost = "events beside such an ioctl, in the same mm, are undecided",
};

struct hook hook_zeropage = {
	.symbol = "mfill_zeropage",
	.newer = "mfill_atomic_zeropage",
	.rp.entry_handler = install_zeropage_entry,
	.rp.handler = install_return,
	.rp.data_size = sizeof(struct install),
	.must_see = true,
	.lost = "events beside such an ioctl, in the same mm, are undecided",
};

struct hook hook_continue = {
	.symbol = "mcopy_continue",
	.newer = "mfill_atomic_continue",
	.rp.entry_handler = install_continue_entry,
	.rp.handler = install_return,
	.rp.data_size = sizeof(struct install),
	.must_see = true,
	.absent_ok = !COMPAT_CONTINUE,
	.lost = "events beside such an ioctl, in the same mm, are undecided",
};

struct hook hook_poison = {
	.symbol = "mfill_atomic_poison",
	.newer = "mfill_atomic_poison.constprop.0",
	.rp.entry_handler = install_poison_entry,
	.rp.handler = install_return,
	.rp.data_size = sizeof(struct install),
	.must_see = true,
	.absent_ok = !COMPAT_POISON,
	.lost = "events beside such an ioctl, in the same mm, are undecided",
};

/**
 * install_move_entry - move_pages(ctx, start, src, len, mode) is entered
 * @ri: its instance
 * @regs: the arguments
 *
 * Return: 0 to see the return, 1 to let it go.
 */
static int install_move_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	*(struct install *)ri->data = (struct install) {
		.mm = compat_install_mm(regs_get_kernel_argument(regs, 0)),
		.start = regs_get_kernel_argument(regs, 1),
		.len = regs_get_kernel_argument(regs, 3),
		.moves = true,
		.holes = regs_get_kernel_argument(regs, 4) & COMPAT_MOVE_HOLES,
	};
	return install_begin((void *)ri->data, &hook_move,
			     regs_get_kernel_argument(regs, 2));
}
NOKPROBE_SYMBOL(install_move_entry);

/* Where the first of these is inlined, the other two do its work. */
struct hook hook_move = {
	.symbol = "move_pages",
	.rp.entry_handler = install_move_entry,
	.rp.handler = install_return,
	.rp.data_size = sizeof(struct install),
	.must_see = true,
	.absent_ok = true,
	.lost = "events beside such an ioctl, in the same mm, are undecided",
};

/**
 * install_move_ptes_entry - move_pages_ptes(mm, dst_pmd, src_pmd, dst_vma,
 * src_vma, dst, src, len, mode) is entered
 * @ri: its instance
 * @regs: the arguments
 *
 * For kernels that have move_pages() inlined: it does its work by this one and
 * the next.
 *
 * Return: 0 to see the return, 1 to let it go.
 */
static int install_move_ptes_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (hook_armed(&hook_move))
		return 1;
	*(struct install *)ri->data = (struct install) {
		.mm = (void *)regs_get_kernel_argument(regs, 0),
		.start = regs_get_kernel_argument(regs, 5),
		.len = regs_get_kernel_argument(regs, 7),
		.moves = true,
		.holes = regs_get_kernel_argument(regs, 8) & COMPAT_MOVE_HOLES,
	};
	return install_begin((void *)ri->data, &hook_move_ptes,
			     regs_get_kernel_argument(regs, 6));
}
NOKPROBE_SYMBOL(install_move_ptes_entry);

struct hook hook_move_ptes = {
	.symbol = "move_pages_ptes",
	.rp.entry_handler = install_move_ptes_entry,
	.rp.handler = install_return,
	.rp.data_size = sizeof(struct install),
	.must_see = true,
	.absent_ok = true,
	.lost = "events beside such an ioctl, in the same mm, are undecided",
};

/**
 * install_move_huge_entry - move_pages_huge_pmd(mm, dst_pmd, src_pmd, dst_pmdval,
 * dst_vma, src_vma, dst, src) is entered
 * @ri: its instance
 * @regs: the arguments
 *
 * Return: 0 to see the return, 1 to let it go.
 */
static int install_move_huge_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (hook_armed(&hook_move))
		return 1;
	*(struct install *)ri->data = (struct install) {
		.mm = (void *)regs_get_kernel_argument(regs, 0),
		.start = regs_get_kernel_argument(regs, 6),
		.len = PMD_SIZE,
		.moves = true,
	};
	return install_begin((void *)ri->data, &hook_move_huge,
			     regs_get_kernel_argument(regs, 7));
}
NOKPROBE_SYMBOL(install_move_huge_entry);

/**
 * install_move_huge_return - move_pages_huge_pmd() returns
 * @ri: its instance
 * @regs: 0 or -errno, an int
 *
 * Return: 0.
 */
static int install_move_huge_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct install *in = (void *)ri->data;

	install_end(in, (int)regs_return_value(regs) ? 0 : in->len);
	return 0;
}
NOKPROBE_SYMBOL(install_move_huge_return);

struct hook hook_move_huge = {
	.symbol = "move_pages_huge_pmd",
	.rp.entry_handler = install_move_huge_entry,
	.rp.handler = install_move_huge_return,
	.rp.data_size = sizeof(struct install),
	.must_see = true,
	.absent_ok = true,
	.lost = "events beside such an ioctl, in the same mm, are undecided",
};
