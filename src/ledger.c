// SPDX-License-Identifier: GPL-2.0
/*
 * The ledger: whatever else can change a pte of a watched range. Translates
 * ioctls, zaps and moves into facts.
 */
#include "uffd_race.h"
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/userfaultfd.h>
#include <trace/events/uffd_race.h>

/*
 * The arguments of every UFFDIO_* are u64 words, by UAPI. Where they stand is
 * written down here, and not taken from <linux/userfaultfd.h>, since a kernel
 * may be older than the ioctl.
 */
#define UFFD_MAX_WORDS	5

enum cmd_what { CMD_OTHER, CMD_API, CMD_RANGE, CMD_INSTALL, CMD_MOVE };

static const struct uffd_cmd {
	enum cmd_what what;
	u8 words;	/* to read */
	u8 len;		/* which word is the length; the start is word 0 */
	u8 done;	/* which word the kernel writes the bytes done to */
} uffd_cmds[] = {
	[0x00] = { CMD_RANGE, 2, 1 },		/* UFFDIO_REGISTER */
	[0x01] = { CMD_RANGE, 2, 1 },		/* UFFDIO_UNREGISTER */
	[0x03] = { CMD_INSTALL, 5, 2, 4 },	/* UFFDIO_COPY */
	[0x04] = { CMD_INSTALL, 4, 1, 3 },	/* UFFDIO_ZEROPAGE */
	[0x05] = { CMD_MOVE, 5, 2, 4 },	/* UFFDIO_MOVE */
	[0x07] = { CMD_INSTALL, 4, 1, 3 },	/* UFFDIO_CONTINUE */
	[0x08] = { CMD_INSTALL, 4, 1, 3 },	/* UFFDIO_POISON */
	[0x3f] = { CMD_API, 2 },		/* UFFDIO_API */
};

/**
 * struct ledger_ioctl - an ioctl in flight
 * @ctx: of the userfaultfd
 * @arg: the user's argument
 * @cmd: what it is
 * @start: of the range
 * @end: of the range, exclusive
 * @word: @cmd->done of the argument at entry; of UFFDIO_API: the features
 * @borne: UFFDIO_API: the engine wants to know its result
 */
struct ledger_ioctl {
	const void *ctx;
	unsigned long arg;
	const struct uffd_cmd *cmd;
	unsigned long start, end;
	u64 word;
	bool borne;
};

/**
 * struct ledger_zap - a zap in flight
 * @ctx: of the range
 */
struct ledger_zap {
	const void *ctx;
};

size_t ledger_ioctl_size(void)
{
	return sizeof(struct ledger_ioctl);
}

size_t ledger_zap_size(void)
{
	return sizeof(struct ledger_zap);
}

static const struct uffd_cmd *find_cmd(unsigned int cmd)
{
	unsigned int nr = _IOC_NR(cmd);

	if (_IOC_TYPE(cmd) != UFFDIO || nr >= ARRAY_SIZE(uffd_cmds) ||
	    uffd_cmds[nr].what == CMD_OTHER)
		return NULL;
	return &uffd_cmds[nr];
}

static void op_begin(const void *ctx, enum case_op_kind kind,
		     unsigned long start, unsigned long end)
{
	unsigned long flags;

	if (!engine_lock(&flags))
		return;
	case_op_begin(&engine, current, ctx, kind, start, end);
	engine_unlock(flags);
}
NOKPROBE_SYMBOL(op_begin);

static void op_end(const void *ctx, enum case_op_kind kind,
		   enum case_outcome outcome, unsigned long done_end)
{
	unsigned long flags;

	if (!engine_lock(&flags))
		return;
	case_op_end(&engine, current, ctx, kind, outcome, done_end);
	engine_unlock(flags);
}
NOKPROBE_SYMBOL(op_end);

/**
 * ledger_ioctl_entry - userfaultfd_ioctl(file, cmd, arg) is entered
 * @ri: its instance
 * @regs: the arguments
 *
 * The range is read before the kernel reads it. If it can't be read without a
 * fault, it is all of the address space, with an unknown outcome.
 *
 * Return: 0 to see the return, 1 to let it go.
 */
int ledger_ioctl_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct file *file = (struct file *)regs_get_kernel_argument(regs, 0);
	struct ledger_ioctl *io = (void *)ri->data;
	u64 w[UFFD_MAX_WORDS];
	unsigned long flags;

	io->borne = false;
	io->cmd = find_cmd(regs_get_kernel_argument(regs, 1));
	if (!io->cmd)
		return 1;
	probe_hit(HOOK_IOCTL);
	io->ctx = file->private_data;
	io->arg = regs_get_kernel_argument(regs, 2);
	io->start = 0;
	io->end = ULONG_MAX;
	io->word = 0;
	if (copy_from_user_nofault(w, (void __user *)io->arg,
				   io->cmd->words * sizeof(u64))) {
		/* Whatever it does, it does unseen: the outcome is unsure. */
		io->arg = 0;
	} else if (io->cmd->what == CMD_API) {
		io->word = w[1];
	} else {
		io->start = w[0];
		io->end = w[0] + w[io->cmd->len];
		io->word = w[io->cmd->done];
		if (io->end < io->start)
			return 1;	/* the kernel refuses it */
	}

	switch (io->cmd->what) {
	case CMD_RANGE:
		op_begin(io->ctx, CASE_OP_HOLE, io->start, io->end);
		break;
	case CMD_MOVE:
		if (io->arg)
			op_begin(io->ctx, CASE_OP_ZAP, w[1],
				 w[1] + io->end - io->start);
		else
			op_begin(io->ctx, CASE_OP_ZAP, 0, ULONG_MAX);
		fallthrough;
	case CMD_INSTALL:
		op_begin(io->ctx, CASE_OP_INSTALL, io->start, io->end);
		break;
	case CMD_API:
		if (!engine_lock(&flags))
			break;
		io->borne = case_ctx_bear(&engine, io->ctx, io->word);
		engine_unlock(flags);
		break;
	case CMD_OTHER:
		break;
	}
	return 0;
}
NOKPROBE_SYMBOL(ledger_ioctl_entry);

static enum case_outcome install_outcome(const struct ledger_ioctl *io, long ret,
					 unsigned long *done_end)
{
	u64 word;

	*done_end = io->end;
	if (!io->arg)
		return CASE_UNSURE;
	switch (ret) {
	case 0:
		return CASE_DONE;
	case -EEXIST:
		return CASE_EXISTS;
	case -EAGAIN:
		/* Nothing, or some of it, with the bytes done written back. */
		if (io->end - io->start <= PAGE_SIZE)
			return CASE_NOTHING;
		if (copy_from_user_nofault(&word, (void __user *)io->arg +
					   io->cmd->done * sizeof(word),
					   sizeof(word)) || word == io->word)
			return CASE_UNSURE;
		if ((s64)word <= 0)
			return CASE_NOTHING;
		*done_end = io->start + word;
		return CASE_DONE;
	case -EFAULT:
		/* It may have failed to write back what it has done. */
		return CASE_UNSURE;
	default:
		return CASE_NOTHING;
	}
}
NOKPROBE_SYMBOL(install_outcome);

/**
 * ledger_ioctl_return - userfaultfd_ioctl() returns
 * @ri: its instance
 * @regs: the result, 0 or -errno
 *
 * Return: 0.
 */
int ledger_ioctl_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct ledger_ioctl *io = (void *)ri->data;
	long ret = regs_return_value(regs);
	enum case_outcome outcome;
	unsigned long done_end, flags;

	trace_uffd_race_ioctl(io->ctx, io->cmd - uffd_cmds, io->start, io->end, ret);
	switch (io->cmd->what) {
	case CMD_API:
		if (io->borne && engine_lock(&flags)) {
			case_ctx_born(&engine, io->ctx, !ret);
			engine_unlock(flags);
		}
		break;
	case CMD_RANGE:
		op_end(io->ctx, CASE_OP_HOLE, CASE_DONE, io->end);
		break;
	case CMD_MOVE:
		op_end(io->ctx, CASE_OP_ZAP, CASE_DONE, 0);
		fallthrough;
	case CMD_INSTALL:
		outcome = install_outcome(io, ret, &done_end);
		op_end(io->ctx, CASE_OP_INSTALL, outcome, done_end);
		break;
	case CMD_OTHER:
		break;
	}
	return 0;
}
NOKPROBE_SYMBOL(ledger_ioctl_return);

/**
 * ledger_zap_entry - __unmap_hugepage_range(tlb, vma, start, end, ...) is entered
 * @ri: its instance
 * @regs: the arguments
 *
 * Drops, hole punches, munmap and exit of hugetlb ranges all come by.
 *
 * Return: 0 to see the return, 1 to let it go.
 */
int ledger_zap_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs_get_kernel_argument(regs, 1);
	struct ledger_zap *zap = (void *)ri->data;

	zap->ctx = vma->vm_userfaultfd_ctx.ctx;
	if (!zap->ctx)
		return 1;
	probe_hit(HOOK_HUGETLB_ZAP);
	op_begin(zap->ctx, CASE_OP_ZAP, regs_get_kernel_argument(regs, 2),
		 regs_get_kernel_argument(regs, 3));
	return 0;
}
NOKPROBE_SYMBOL(ledger_zap_entry);

/**
 * ledger_zap_return - __unmap_hugepage_range() returns
 * @ri: its instance
 * @regs: nothing of interest
 *
 * Return: 0.
 */
int ledger_zap_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct ledger_zap *zap = (void *)ri->data;

	op_end(zap->ctx, CASE_OP_ZAP, CASE_DONE, 0);
	return 0;
}
NOKPROBE_SYMBOL(ledger_zap_return);

/**
 * ledger_move - move_hugetlb_page_tables(vma, new_vma, ...) is entered
 * @p: the probe
 * @regs: the arguments
 *
 * mremap() moves ptes without any ioctl. It is rare in a watched range, and
 * not worth more than this: no verdicts about that userfaultfd any more.
 *
 * Return: 0.
 */
int ledger_move(struct kprobe *p, struct pt_regs *regs)
{
	struct vm_area_struct *old = (void *)regs_get_kernel_argument(regs, 0);
	struct vm_area_struct *new = (void *)regs_get_kernel_argument(regs, 1);
	unsigned long flags;

	if (!old->vm_userfaultfd_ctx.ctx && !new->vm_userfaultfd_ctx.ctx)
		return 0;
	probe_hit(HOOK_HUGETLB_MOVE);
	if (!engine_lock(&flags))
		return 0;
	case_ctx_blind(&engine, old->vm_userfaultfd_ctx.ctx);
	case_ctx_blind(&engine, new->vm_userfaultfd_ctx.ctx);
	engine_unlock(flags);
	return 0;
}
NOKPROBE_SYMBOL(ledger_move);

/**
 * ledger_release - userfaultfd_release(inode, file) is entered
 * @p: the probe
 * @regs: the arguments
 *
 * Return: 0.
 */
int ledger_release(struct kprobe *p, struct pt_regs *regs)
{
	struct file *file = (struct file *)regs_get_kernel_argument(regs, 1);
	unsigned long flags;

	probe_hit(HOOK_RELEASE);
	if (!engine_lock(&flags))
		return 0;
	case_ctx_gone(&engine, file->private_data);
	engine_unlock(flags);
	return 0;
}
NOKPROBE_SYMBOL(ledger_release);
