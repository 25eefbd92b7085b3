// SPDX-License-Identifier: GPL-2.0
/*
 * Which events user space really got: handle_userfault() queues an event before
 * it looks whether it has to wait at all, so many are never read.
 */
#include "uffd_race.h"
#include "compat.h"
#include <linux/fs.h>
#include <linux/uaccess.h>
#include <linux/userfaultfd.h>

/* Messages of one read() that are looked at; monitors read 1 to some 16. */
#define MAX_MESSAGES	256
#define BATCH		8

/* Messages that user space got, and that could not be looked at. */
static atomic_long_t unseen;

/**
 * struct delivery_read - a read() in flight
 * @ctx: of the userfaultfd
 * @buf: where the messages go
 * @len: room there, in bytes
 */
struct delivery_read {
	const void *ctx;
	const struct uffd_msg __user *buf;
	size_t len;
};

size_t delivery_read_size(void)
{
	return sizeof(struct delivery_read);
}

/**
 * delivery_read_entry - userfaultfd_read() or _read_iter() is entered
 * @ri: its instance
 * @regs: the arguments: file, buf, count, pos or iocb, iter
 *
 * Return: 0: its return is always of interest.
 */
int delivery_read_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct delivery_read *read = (void *)ri->data;
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
NOKPROBE_SYMBOL(delivery_read_entry);

static void delivered(const void *ctx, const struct uffd_msg *msg)
{
	enum case_type type = CASE_MISSING;
	u64 how = msg->arg.pagefault.flags;
	unsigned long flags;

	if (msg->event != UFFD_EVENT_PAGEFAULT ||
	    (how & ~(COMPAT_PAGEFAULT_MINOR | UFFD_PAGEFAULT_FLAG_WRITE)))
		return;
	if (how & COMPAT_PAGEFAULT_MINOR)
		type = CASE_MINOR;
	if (!engine_lock(&flags))
		return;
	case_read(&engine, ctx, msg->arg.pagefault.address, type);
	engine_unlock(flags);
}
NOKPROBE_SYMBOL(delivered);

/**
 * delivery_read_return - userfaultfd_read() returns
 * @ri: its instance
 * @regs: the result: bytes or -errno
 *
 * Return: 0.
 */
int delivery_read_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct delivery_read *read = (void *)ri->data;
	ssize_t ret = regs_return_value(regs);
	struct uffd_msg msg[BATCH];
	size_t nr, got, i;

	if (ret <= 0)
		return 0;
	probe_hit(HOOK_READ);
	nr = ret / sizeof(msg[0]);
	got = min3(nr, read->len / sizeof(msg[0]), (size_t)MAX_MESSAGES);
	for (i = 0; i < got; i++) {
		if (i % BATCH == 0 &&
		    copy_from_user_nofault(msg, read->buf + i,
					   min(got - i, (size_t)BATCH) *
					   sizeof(msg[0])))
			break;
		delivered(read->ctx, &msg[i % BATCH]);
	}
	atomic_long_add(nr - i, &unseen);
	return 0;
}
NOKPROBE_SYMBOL(delivery_read_return);

/**
 * delivery_unseen - messages that were read, and could not be looked at
 *
 * Return: how many since the last delivery_reset().
 */
unsigned long long delivery_unseen(void)
{
	return atomic_long_read(&unseen);
}

/**
 * delivery_reset - zero the counters of this file
 */
void delivery_reset(void)
{
	atomic_long_set(&unseen, 0);
}
