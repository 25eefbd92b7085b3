// SPDX-License-Identifier: GPL-2.0
/*
 * What user space does to a userfaultfd: translates ioctls into facts.
 */
#include "uffd_race.h"
#include "hooks/hooks.h"
#include "uffdio.h"
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/userfaultfd.h>
#include <trace/events/uffd_race.h>

/* The arguments of every UFFDIO_* are u64 words, by UAPI; see uffdio.h. */
#define UFFD_MAX_WORDS	5

enum cmd_what {
	CMD_OTHER, CMD_API, CMD_REGISTER, CMD_UNREGISTER, CMD_INSTALL, CMD_MOVE
};

static const struct uffd_cmd {
	enum cmd_what what;
	u8 words;	/* to read */
	u8 len;		/* which word is the length; the start is word 0 */
	u8 done;	/* which word the kernel writes the bytes done to */
} uffd_cmds[] = {
	[NR_REGISTER]		= { CMD_REGISTER, 2, 1 },
	[NR_UNREGISTER]		= { CMD_UNREGISTER, 2, 1 },
	[NR_WAKE]		= { CMD_OTHER, 2, 1 },
	[NR_COPY]		= { CMD_INSTALL, 5, 2, 4 },
	[NR_ZEROPAGE]		= { CMD_INSTALL, 4, 1, 3 },
	[NR_MOVE]		= { CMD_MOVE, 5, 2, 4 },
	[NR_WRITEPROTECT]	= { CMD_OTHER, 3, 1 },
	[NR_CONTINUE]		= { CMD_INSTALL, 4, 1, 3 },
	[NR_POISON]		= { CMD_INSTALL, 4, 1, 3 },
	[NR_RWPROTECT]		= { CMD_OTHER, 3, 1 },
	[NR_SET_MODE]		= { CMD_OTHER, 0 },
	[NR_API]		= { CMD_API, 2 },
};

/*
 * The fourth word of UFFDIO_REGISTER: what the range can do, one bit an ioctl. Another
 * thread may have rewritten it, so it only tells how soon hooks are needed.
 */
#define REGISTER_IOCTLS		3
#define CAN_ZEROPAGE		BIT_ULL(NR_ZEROPAGE)	/* hugetlb can't */

/**
 * struct ioctl_call - an ioctl in flight
 * @ctx: of the userfaultfd
 * @arg: the user's argument
 * @cmd: what it is
 * @mm: whose ranges, if that is known
 * @start: of the range
 * @end: of the range, exclusive
 * @word: @cmd->done of the argument at entry
 * @unseen: it may install what no hook of hooks/install.c tells, as far as is
 *	known at entry
 * @since: demand_armed() at entry
 * @features: of UFFDIO_API: what is asked for
 * @opening: of UFFDIO_API: the engine waits for its result
 * @refused: the range wraps around
 * @generation: guard_generation() at entry
 * @share: of share_hold()
 */
struct ioctl_call {
	const void *ctx;
	unsigned long arg;
	const struct uffd_cmd *cmd;
	const void *mm;
	unsigned long start, end;
	u64 word, features;
	unsigned int since, generation;
	bool opening, refused, unseen;
	u16 share;
};

static const struct uffd_cmd *find_cmd(unsigned int cmd)
{
	unsigned int nr = _IOC_NR(cmd);

	if (_IOC_TYPE(cmd) != UFFDIO || nr >= ARRAY_SIZE(uffd_cmds))
		return NULL;
	return &uffd_cmds[nr];
}
NOKPROBE_SYMBOL(find_cmd);

/* Nothing that it does, or that is done to it, goes unseen, as far as is known. */
static bool all_in_sight(const void *mm)
{
	return guard_sighted() && inside_nobody() && core_all_seen(mm);
}
NOKPROBE_SYMBOL(all_in_sight);

static bool api_begin(const void *ctx, const void *mm, unsigned long features)
{
	struct verdict_engine *e;
	unsigned long flags;
	bool opening;

	inside_watch();
	guard_watch();
	/* Without these nothing can be said about it, nor when it ends. */
	if (!mm || !probes_evidence(false) || !all_in_sight(mm))
		return false;
	e = core_lock_new(mm, share_payer(), &flags);
	if (!e)
		return false;
	/* Asked under the lock: its success would have been told under it. */
	if (uffd_new(ctx))
		verdict_ctx_over(e, ctx);
	opening = all_in_sight(mm) &&
		verdict_ctx_opening(e, ctx, features | CTX_TAG_KNOWN);
	if (opening)
		verdict_ctx_belongs(e, ctx, mm);
	core_unlock(e, flags);
	return opening;
}
NOKPROBE_SYMBOL(api_begin);

static void api_end(const struct ioctl_call *io, bool ok)
{
	struct verdict_engine *e;
	unsigned long flags;

	e = core_lock(io->mm, &flags);
	if (!e)
		return;
	verdict_ctx_opened(e, io->ctx, ok);
	core_unlock(e, flags);
}
NOKPROBE_SYMBOL(api_end);

/*
 * The kernel reads the range after us: it may be any of that mm. No other mm is
 * concerned, whoever calls.
 */
static const void *range_key(const struct ioctl_call *io)
{
	return io->mm ? io->mm : io->ctx;
}
NOKPROBE_SYMBOL(range_key);

static void register_begin(const struct ioctl_call *io)
{
	core_op_begin(range_key(io), io->mm, OP_RANGE, 0, ULONG_MAX);
}
NOKPROBE_SYMBOL(register_begin);

static void hole_ends(const struct ioctl_call *io)
{
	core_op_end(range_key(io), io->mm, OP_RANGE, OUTCOME_DONE, ULONG_MAX);
}
NOKPROBE_SYMBOL(hole_ends);

static void register_end(const struct ioctl_call *io, long ret)
{
	u64 ioctls = CAN_ZEROPAGE;

	hole_ends(io);
	/* Unreadable? Better to have too many hooks. */
	if (!ret && io->arg &&
	    copy_from_user_nofault(&ioctls, (void __user *)io->arg +
				   REGISTER_IOCTLS * sizeof(u64), sizeof(ioctls)))
		ioctls = CAN_ZEROPAGE;
	if (!ret)
		demand_registered(io->mm, io->since, !(ioctls & CAN_ZEROPAGE));
}
NOKPROBE_SYMBOL(register_end);

/* A range that wraps around is refused, unless it is rewritten in time. */
static enum cmd_what what_is(const struct ioctl_call *io)
{
	enum cmd_what what = io->cmd->what;

	if (io->refused && what != CMD_REGISTER && what != CMD_UNREGISTER)
		return CMD_OTHER;
	return what;
}
NOKPROBE_SYMBOL(what_is);

/* Nobody will see its end. What only counts is not counted then. */
static int over_share(const struct ioctl_call *io)
{
	bool tells = io->cmd->what == CMD_API || io->cmd->what == CMD_REGISTER ||
		     io->cmd->what == CMD_UNREGISTER ||
		     installs_unseen(io->cmd - uffd_cmds);

	if (tells)
		core_unseen(io->mm);
	return 1;
}
NOKPROBE_SYMBOL(over_share);

/**
 * ioctl_entry - userfaultfd_ioctl(file, cmd, arg) is entered
 * @ri: its instance
 * @regs: the arguments
 *
 * The range is read before the kernel reads it, and another thread may rewrite
 * it in between. So it is not what was installed: see hooks/install.c. Where there
 * is no such hook, it may be anything in all of the address space.
 *
 * Return: 0 to see the return, 1 to let it go.
 */
static int ioctl_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct file *file = (struct file *)regs_get_kernel_argument(regs, 0);
	struct ioctl_call *io = (void *)ri->data;
	u64 w[UFFD_MAX_WORDS];

	io->cmd = find_cmd(regs_get_kernel_argument(regs, 1));
	if (!io->cmd)
		return 1;
	hook_hit(&hook_ioctl);
	inside_left();
	io->ctx = file->private_data;
	io->mm = uffd_mm(io->ctx);
	if (!share_hold(&io->share, SHARE_OPS))
		return over_share(io);
	io->arg = regs_get_kernel_argument(regs, 2);
	io->start = 0;
	io->end = ULONG_MAX;
	io->since = demand_armed();
	io->opening = false;
	io->generation = guard_generation();
	io->refused = false;
	io->unseen = installs_unseen(io->cmd - uffd_cmds);
	if (copy_from_user_nofault(w, (void __user *)io->arg,
				   io->cmd->words * sizeof(u64))) {
		io->arg = 0;
	} else if (io->cmd->len) {
		io->start = w[0];
		io->end = w[0] + w[io->cmd->len];
		io->word = w[io->cmd->done];
		/* Of an install it says nothing: it may be rewritten. */
		io->refused = io->end < io->start && !io->unseen;
	}

	switch (what_is(io)) {
	case CMD_REGISTER:
	case CMD_UNREGISTER:
		register_begin(io);
		break;
	case CMD_MOVE:
		if (io->unseen)
			core_op_begin(io->ctx, io->mm, OP_ZAP, 0, ULONG_MAX);
		fallthrough;
	case CMD_INSTALL:
		watch_saw(io->arg ? current->tgid : 0, io->ctx, io->start);
		if (io->unseen)
			core_op_begin(io->ctx, io->mm, OP_INSTALL, 0, ULONG_MAX);
		break;
	case CMD_API:
		/* What cannot be read here, the kernel reads all the same. */
		io->features = io->arg ? w[1] : 0;
		/* If it is to be refused, it brings nothing into being. */
		if (!io->arg || w[0] == UFFD_API)
			io->opening = api_begin(io->ctx, io->mm, io->features);
		break;
	case CMD_OTHER:
		break;
	}
	return 0;
}
NOKPROBE_SYMBOL(ioctl_entry);

/* What the kernel wrote back: bytes done or -errno; 0 if it can't be known. */
static s64 written_back(const struct ioctl_call *io)
{
	u64 word;

	if (copy_from_user_nofault(&word, (void __user *)io->arg +
				   io->cmd->done * sizeof(word), sizeof(word)))
		return 0;
	return word == io->word ? 0 : word;
}
NOKPROBE_SYMBOL(written_back);

/* It found a page, or none to map: whose doing was that? */
static void install_failed(const struct ioctl_call *io, long ret)
{
	enum verdict_outcome outcome = OUTCOME_NOTHING;
	struct verdict_engine *e;
	unsigned long flags;

	if (ret == -EEXIST)
		outcome = OUTCOME_EXISTS;
	else if (ret == -EAGAIN)
		outcome = OUTCOME_AGAIN;
	else if (ret == -EFAULT && io->cmd == &uffd_cmds[NR_CONTINUE] &&
		 written_back(io) == -EFAULT)
		outcome = OUTCOME_NO_PAGE;
	if (!io->arg || !ret)
		return;
	e = core_lock(io->mm, &flags);
	if (!e)
		return;
	if (outcome == OUTCOME_NOTHING || outcome == OUTCOME_NO_PAGE)
		verdict_refused(e, io->ctx, io->start);
	if (outcome != OUTCOME_NOTHING)
		verdict_raced(e, io->ctx, io->start, outcome);
	core_unlock(e, flags);
}
NOKPROBE_SYMBOL(install_failed);

/**
 * ioctl_return - userfaultfd_ioctl() returns
 * @ri: its instance
 * @regs: the result, 0 or -errno
 *
 * Return: 0.
 */
static int ioctl_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct ioctl_call *io = (void *)ri->data;
	long ret = regs_return_value(regs);
	unsigned int nr = io->cmd - uffd_cmds;

	trace_uffd_race_ioctl(io->ctx, nr, io->start, io->end, ret);
	ioctl_stats_count(nr, ret);
	switch (what_is(io)) {
	case CMD_API:
		/* It succeeds once in the life of a userfaultfd. */
		if (!ret)
			uffd_succeeded(io->ctx, io->features);
		if (io->opening)
			api_end(io, !ret &&
				io->generation == guard_generation());
		break;
	case CMD_REGISTER:
		register_end(io, ret);
		break;
	case CMD_UNREGISTER:
		if (!ret && io->start <= io->end)
			watch_gone(io->ctx, io->start, io->end);
		hole_ends(io);
		break;
	case CMD_MOVE:
		if (io->unseen)
			core_op_end(io->ctx, io->mm, OP_ZAP, OUTCOME_DONE, 0);
		fallthrough;
	case CMD_INSTALL:
		/* Was it seen after all? Then that has been told. */
		if (io->unseen)
			core_op_end(io->ctx, io->mm, OP_INSTALL, installs_unseen(nr) ?
				    OUTCOME_UNSURE : OUTCOME_NOTHING, 0);
		install_failed(io, ret);
		break;
	case CMD_OTHER:
		break;
	}
	share_let_go(io->share);
	return 0;
}
NOKPROBE_SYMBOL(ioctl_return);

struct hook hook_ioctl = {
	.symbol = "userfaultfd_ioctl",
	.rp.entry_handler = ioctl_entry,
	.rp.handler = ioctl_return,
	.rp.data_size = sizeof(struct ioctl_call),
	.evidence = true,
	.must_see = true,
	.lost = "all events are undecided: no install is seen",
};

static void ctx_ends(const void *ctx)
{
	struct verdict_engine *e;
	unsigned long flags;

	watch_gone(ctx, 0, ULONG_MAX);
	e = core_lock(uffd_mm(ctx), &flags);
	if (!e)
		return;
	verdict_ctx_gone(e, ctx);
	core_unlock(e, flags);
}
NOKPROBE_SYMBOL(ctx_ends);

/**
 * ioctl_put - userfaultfd_ctx_put(ctx) is entered
 * @p: the probe
 * @regs: the arguments
 *
 * A fork's child that nobody has read of ends without any file: with its last
 * reference. Two that are put at once may both not look like the last: then the
 * record ends when its address is used again.
 *
 * Return: 0.
 */
static int ioctl_put(struct kprobe *p, struct pt_regs *regs)
{
	const void *ctx = (void *)regs_get_kernel_argument(regs, 0);
	struct uffd_facts facts;

	if (!uffd_look(ctx, &facts) || facts.refs != 1)
		return 0;
	hook_hit(&hook_put);
	ctx_ends(ctx);
	return 0;
}
NOKPROBE_SYMBOL(ioctl_put);

struct hook hook_put = {
	.symbol = "userfaultfd_ctx_put",
	.kp.pre_handler = ioctl_put,
	.lost = "a fork that is given up keeps its record for a while",
};

/**
 * ioctl_release - userfaultfd_release(inode, file) is entered
 * @p: the probe
 * @regs: the arguments
 *
 * Return: 0.
 */
static int ioctl_release(struct kprobe *p, struct pt_regs *regs)
{
	struct file *file = (struct file *)regs_get_kernel_argument(regs, 1);

	hook_hit(&hook_release);
	ctx_ends(file->private_data);
	return 0;
}
NOKPROBE_SYMBOL(ioctl_release);

struct hook hook_release = {
	.symbol = "userfaultfd_release",
	.kp.pre_handler = ioctl_release,
	.evidence = true,
	.must_see = true,
	.lost = "all events are undecided: no userfaultfd is seen to end",
};
