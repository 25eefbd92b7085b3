// SPDX-License-Identifier: GPL-2.0
/*
 * What ioctls install, as the kernel took it. The argument of an ioctl is user
 * memory: another thread may rewrite it before the kernel reads it, and restore
 * it after. So the facts come from the functions that get the kernel's own
 * copies, and return the bytes done. Before and after these nothing is
 * installed.
 */
#include "uffd_race.h"
#include "compat.h"
#include <linux/userfaultfd.h>

#define NR_COPY		0x03
#define NR_ZEROPAGE	0x04
#define NR_MOVE		0x05
#define NR_CONTINUE	0x07
#define NR_POISON	0x08

/**
 * struct install - an install in flight
 * @mm: where
 * @start: of the range
 * @len: of the range
 * @since: the engine's clock before it
 * @moves: it takes the pages from another range
 * @holes: it may skip pages, and count them as done
 */
struct install {
	const void *mm;
	unsigned long start, len;
	case_time since;
	bool moves, holes;
};

size_t install_size(void)
{
	return sizeof(struct install);
}

/**
 * installs_unseen - may an ioctl install what no hook tells?
 * @nr: the ioctl's number in the UAPI
 *
 * Any context.
 *
 * Return: true if so: then it may be anything, anywhere in the mm.
 */
bool installs_unseen(unsigned int nr)
{
	switch (nr) {
	case NR_COPY:
		return !probe_armed(HOOK_COPY);
	case NR_ZEROPAGE:
		return !probe_armed(HOOK_ZEROPAGE);
	case NR_CONTINUE:
		return COMPAT_CONTINUE && !probe_armed(HOOK_CONTINUE);
	case NR_POISON:
		return COMPAT_POISON && !probe_armed(HOOK_POISON);
	case NR_MOVE:
		return COMPAT_MOVE && !probe_armed(HOOK_MOVE) &&
		       !(probe_armed(HOOK_MOVE_PTES) &&
			 (probe_armed(HOOK_MOVE_HUGE) || !COMPAT_MOVE_HUGE));
	default:
		return false;
	}
}
NOKPROBE_SYMBOL(installs_unseen);

static void install_begin(struct install *in, enum hook_id id, unsigned long src)
{
	unsigned long flags;

	probe_hit(id);
	in->since = engine_stamp();
	if (!engine_lock(&flags))
		return;
	if (in->moves)
		case_op_begin_mm(&engine, current, in->mm, CASE_OP_ZAP, src,
				 src + in->len);
	case_op_begin_mm(&engine, current, in->mm, CASE_OP_INSTALL, in->start,
			 in->start + in->len);
	engine_unlock(flags);
}
NOKPROBE_SYMBOL(install_begin);

static void install_end(const struct install *in, long done)
{
	enum case_outcome outcome = CASE_NOTHING;
	unsigned long flags;

	if (done > 0)
		outcome = in->holes ? CASE_UNSURE : CASE_DONE;
	if (!engine_lock(&flags))
		return;
	if (in->moves)
		case_op_end(&engine, current, in->mm, CASE_OP_ZAP, CASE_DONE, 0);
	case_op_end(&engine, current, in->mm, CASE_OP_INSTALL, outcome,
		    in->start + done);
	engine_unlock(flags);
}
NOKPROBE_SYMBOL(install_end);

/* (ctx or mm, start, len, ...) */
static int fill_entry(struct kretprobe_instance *ri, struct pt_regs *regs,
		      enum hook_id id)
{
	*(struct install *)ri->data = (struct install) {
		.mm = compat_install_mm(regs_get_kernel_argument(regs, 0)),
		.start = regs_get_kernel_argument(regs, 1),
		.len = regs_get_kernel_argument(regs, 2),
	};
	install_begin((void *)ri->data, id, 0);
	return 0;
}
NOKPROBE_SYMBOL(fill_entry);

/**
 * install_copy_entry - mcopy_atomic(ctx or mm, start, src, len, ...) is entered
 * @ri: its instance
 * @regs: the arguments
 *
 * Return: 0.
 */
int install_copy_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	*(struct install *)ri->data = (struct install) {
		.mm = compat_install_mm(regs_get_kernel_argument(regs, 0)),
		.start = regs_get_kernel_argument(regs, 1),
		.len = regs_get_kernel_argument(regs, 3),
	};
	install_begin((void *)ri->data, HOOK_COPY, 0);
	return 0;
}
NOKPROBE_SYMBOL(install_copy_entry);

/**
 * install_zeropage_entry - mfill_zeropage(ctx or mm, start, len, ...)
 * @ri: its instance
 * @regs: the arguments
 *
 * Return: 0.
 */
int install_zeropage_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return fill_entry(ri, regs, HOOK_ZEROPAGE);
}
NOKPROBE_SYMBOL(install_zeropage_entry);

/**
 * install_continue_entry - mcopy_continue(ctx or mm, start, len, ...)
 * @ri: its instance
 * @regs: the arguments
 *
 * Return: 0.
 */
int install_continue_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return fill_entry(ri, regs, HOOK_CONTINUE);
}
NOKPROBE_SYMBOL(install_continue_entry);

/**
 * install_poison_entry - mfill_atomic_poison(ctx or mm, start, len, ...)
 * @ri: its instance
 * @regs: the arguments
 *
 * Return: 0.
 */
int install_poison_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return fill_entry(ri, regs, HOOK_POISON);
}
NOKPROBE_SYMBOL(install_poison_entry);

/**
 * install_return - any of these returns
 * @ri: its instance
 * @regs: the bytes done or, if there are none, -errno
 *
 * Return: 0.
 */
int install_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct install *in = (void *)ri->data;
	long done = regs_return_value(regs);

	if (done > 0 && !in->moves)
		ioctls_check_clean(in->mm, in->start, in->since);
	install_end(in, done);
	return 0;
}
NOKPROBE_SYMBOL(install_return);

/**
 * install_move_entry - move_pages(ctx, start, src, len, mode) is entered
 * @ri: its instance
 * @regs: the arguments
 *
 * Return: 0.
 */
int install_move_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	*(struct install *)ri->data = (struct install) {
		.mm = compat_install_mm(regs_get_kernel_argument(regs, 0)),
		.start = regs_get_kernel_argument(regs, 1),
		.len = regs_get_kernel_argument(regs, 3),
		.moves = true,
		.holes = regs_get_kernel_argument(regs, 4) & COMPAT_MOVE_HOLES,
	};
	install_begin((void *)ri->data, HOOK_MOVE,
		      regs_get_kernel_argument(regs, 2));
	return 0;
}
NOKPROBE_SYMBOL(install_move_entry);

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
int install_move_ptes_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (probe_armed(HOOK_MOVE))
		return 1;
	*(struct install *)ri->data = (struct install) {
		.mm = (void *)regs_get_kernel_argument(regs, 0),
		.start = regs_get_kernel_argument(regs, 5),
		.len = regs_get_kernel_argument(regs, 7),
		.moves = true,
		.holes = regs_get_kernel_argument(regs, 8) & COMPAT_MOVE_HOLES,
	};
	install_begin((void *)ri->data, HOOK_MOVE_PTES,
		      regs_get_kernel_argument(regs, 6));
	return 0;
}
NOKPROBE_SYMBOL(install_move_ptes_entry);

/**
 * install_move_huge_entry - move_pages_huge_pmd(mm, dst_pmd, src_pmd, dst_pmdval,
 * dst_vma, src_vma, dst, src) is entered
 * @ri: its instance
 * @regs: the arguments
 *
 * Return: 0 to see the return, 1 to let it go.
 */
int install_move_huge_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (probe_armed(HOOK_MOVE))
		return 1;
	*(struct install *)ri->data = (struct install) {
		.mm = (void *)regs_get_kernel_argument(regs, 0),
		.start = regs_get_kernel_argument(regs, 6),
		.len = PMD_SIZE,
		.moves = true,
	};
	install_begin((void *)ri->data, HOOK_MOVE_HUGE,
		      regs_get_kernel_argument(regs, 7));
	return 0;
}
NOKPROBE_SYMBOL(install_move_huge_entry);

/**
 * install_move_huge_return - move_pages_huge_pmd() returns
 * @ri: its instance
 * @regs: 0 or -errno, an int
 *
 * Return: 0.
 */
int install_move_huge_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct install *in = (void *)ri->data;

	install_end(in, (int)regs_return_value(regs) ? 0 : in->len);
	return 0;
}
NOKPROBE_SYMBOL(install_move_huge_return);
