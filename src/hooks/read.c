// SPDX-License-Identifier: GPL-2.0
/*
 * Which events user space really got: handle_userfault() queues an event before
 * it looks whether it has to wait at all, so many are never read.
 */
#include "uffd_race.h"
#include "hooks/hooks.h"
#include "compat.h"
#include <linux/fs.h>
#include <linux/uaccess.h>
#include <linux/userfaultfd.h>

/* Messages of one read() that are looked at; monitors read 1 to some 16. */
#define MAX_MESSAGES	256
#define BATCH		8

/**
 * struct read_call - a read() in flight
 * @ctx: of the userfaultfd
 * @buf: where the messages go
 * @len: room there, in bytes
 */
struct read_call {
	const void *ctx;
	const struct uffd_msg __user *buf;
	size_t len;
};

/**
 * read_entry - userfaultfd_read() or _read_iter() is entered
 * @ri: its instance
 * @regs: the arguments: file, buf, count, pos or iocb, iter
 *
 * Return: 0: its return is always of interest.
 */
static int read_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct read_call *read = (void *)ri->data;
	unsigned long arg0 = regs_get_kernel_argument(regs, 0);
	unsigned long arg1 = regs_get_kernel_argument(regs, 1);

	if (COMPAT_UFFD_READ_ITER) {
		read->ctx = ((struct kiocb *)arg0)->ki_filp->private_data;
		read->buf = compat_iter_buffer((void *)arg1, &read->len);
	} else {
		read->ctx = ((struct file *)arg0)->private_data;
		read->buf = (void __user *)arg1;
		read->len = regs_get_kernel_argument(regs, 2);
	}
	return 0;
}
NOKPROBE_SYMBOL(read_entry);

static void delivered(const void *ctx, const void *mm, const struct uffd_msg *msg)
{
	enum verdict_type type = EVENT_MISSING;
	u64 how = msg->arg.pagefault.flags;
	struct verdict_engine *e;
	unsigned long flags;

	if (msg->event != UFFD_EVENT_PAGEFAULT ||
	    (how & ~(COMPAT_PAGEFAULT_MINOR | UFFD_PAGEFAULT_FLAG_WRITE)))
		return;
	if (how & COMPAT_PAGEFAULT_MINOR)
		type = EVENT_MINOR;
	e = core_lock(mm, &flags);
	if (!e)
		return;
	verdict_read(e, ctx, msg->arg.pagefault.address, type);
	core_unlock(e, flags);
}
NOKPROBE_SYMBOL(delivered);

/**
 * read_return - userfaultfd_read() returns
 * @ri: its instance
 * @regs: the result: bytes or -errno
 *
 * Return: 0.
 */
static int read_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct read_call *read = (void *)ri->data;
	ssize_t ret = regs_return_value(regs);
	struct uffd_msg msg[BATCH];
	size_t nr, got, i;
	const void *mm;

	if (ret <= 0)
		return 0;
	hook_hit(&hook_read);
	mm = uffd_mm(read->ctx);
	nr = ret / sizeof(msg[0]);
	got = min3(nr, read->len / sizeof(msg[0]), (size_t)MAX_MESSAGES);
	for (i = 0; i < got; i++) {
		if (i % BATCH == 0 &&
		    copy_from_user_nofault(msg, read->buf + i,
					   min(got - i, (size_t)BATCH) *
					   sizeof(msg[0])))
			break;
		delivered(read->ctx, mm, &msg[i % BATCH]);
	}
	count_add(COUNT_UNSEEN, nr - i);
	return 0;
}
NOKPROBE_SYMBOL(read_return);

struct hook hook_read = {
	.symbol = "userfaultfd_read",
	.newer = "userfaultfd_read_iter",
	.rp.entry_handler = read_entry,
	.rp.handler = read_return,
	.rp.data_size = sizeof(struct read_call),
	.lost = "which events user space really got",
};
