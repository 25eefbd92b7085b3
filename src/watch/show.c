// SPDX-License-Identifier: GPL-2.0
/*
 * The debugfs files of the watches.
 */
#include "watch.h"
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/ratelimit.h>
#include <linux/uaccess.h>

static int refuse(int err, const char *why, const char *text, size_t len)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 40);

	if (__ratelimit(&limit))
		pr_err("watch: %s (%d): \"%*pE\"\n", why, err,
		       (int)min_t(size_t, len, 60), text);
	return err;
}

static ssize_t watch_write(struct file *file, const char __user *buf,
			   size_t len, loff_t *pos)
{
	/* One character more than is allowed tells what is too long. */
	char text[WATCH_TEXT_MAX + 1];
	size_t n = min(len, sizeof(text));
	struct watch_cmd cmd;
	const char *why;
	int err;

	if (copy_from_user(text, buf, n))
		return -EFAULT;
	err = watch_parse(text, n, &cmd, &why);
	if (!err)
		err = watch_command(&cmd, &why);
	return err ? refuse(err, why, text, n) : len;
}

static const struct file_operations watch_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.write = watch_write,
};

static const char *entry_name(unsigned long size)
{
	if (size == PAGE_SIZE)
		return "pte";
	return size == PMD_SIZE ? "pmd" : "pud";
}

static const char * const state_name[] = {
	[WATCH_PLACING] = "placing",
	[WATCH_LIVE] = "live",
	[WATCH_STALE] = "stale",
};

static int watches_show(struct seq_file *m, void *unused)
{
	int i;

	seq_puts(m, "    pid          address entry              value state   by     seen     none   stalls throttled stalled_us stall_us\n");
	if (mutex_lock_interruptible(&watch_mutex))
		return -EINTR;
	for (i = 0; i < NR_WATCHES; i++) {
		const struct watch *w = &watch_table[i];

		if (w->state == WATCH_FREE)
			continue;
		seq_printf(m, "%7d %#16lx %-5s %#18lx %-7s %-4s %6ld %8ld %8ld %9ld %10ld %8u\n",
			   pid_vnr(w->pid), w->addr, entry_name(w->path.size),
			   READ_ONCE(w->value), state_name[READ_ONCE(w->state)],
			   w->automatic ? "auto" : "user",
			   atomic_long_read(&w->seen),
			   atomic_long_read(&w->none),
			   atomic_long_read(&w->stalls),
			   atomic_long_read(&w->throttled),
			   atomic_long_read(&w->stalled_ns) / (long)NSEC_PER_USEC,
			   w->us);
	}
	mutex_unlock(&watch_mutex);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(watches);

/**
 * struct reading - one reader of "transitions"
 * @first: transition at the time of opening
 * @end: and the end
 * @copy: the one that is shown
 */
struct reading {
	u64 first, end;
	struct watch_transition copy;
};

static void *transitions_start(struct seq_file *m, loff_t *pos)
{
	struct reading *r = m->private;

	return r->first + *pos < r->end ? pos : NULL;
}

static void *transitions_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return transitions_start(m, pos);
}

static void transitions_stop(struct seq_file *m, void *v)
{
}

static int transitions_show(struct seq_file *m, void *v)
{
	struct reading *r = m->private;
	const struct watch_transition *t = &r->copy;
	u64 nr = r->first + *(loff_t *)v;
	unsigned int i;
	u32 ns;

	if (!watch_ring_get(nr, &r->copy))
		return SEQ_SKIP;
	seq_printf(m, "%llu ", nr);
	ns = do_div(r->copy.ns, NSEC_PER_SEC);
	seq_printf(m, "[%5llu.%06u] cpu%u %s/%d pid %d address %#lx: ",
		   t->ns, ns / 1000, t->cpu, t->comm, t->pid, t->tgid, t->addr);
	seq_printf(m, "%#lx -> %#lx", t->before, t->after);
	if (pte_none(__pte(t->after)))
		seq_puts(m, " none");
	if (t->stalled_ns)
		seq_printf(m, " stalled %llu us", t->stalled_ns / 1000);
	seq_putc(m, '\n');
	for (i = 0; i < t->depth; i++)
		seq_printf(m, "  %pS\n", (void *)t->stack[i]);
	return 0;
}

static const struct seq_operations transitions_sops = {
	.start = transitions_start,
	.next = transitions_next,
	.stop = transitions_stop,
	.show = transitions_show,
};

static int transitions_open(struct inode *inode, struct file *file)
{
	struct reading *r = __seq_open_private(file, &transitions_sops,
					       sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->end = watch_ring_head();
	r->first = watch_ring_tail(r->end);
	return 0;
}

static const struct file_operations transitions_fops = {
	.owner = THIS_MODULE,
	.open = transitions_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

/**
 * watch_files - make the files of the watches
 * @dir: where
 */
void watch_files(struct dentry *dir)
{
	debugfs_create_file("watch", 0200, dir, NULL, &watch_fops);
	debugfs_create_file("watches", 0400, dir, NULL, &watches_fops);
	debugfs_create_file("transitions", 0400, dir, NULL, &transitions_fops);
}
