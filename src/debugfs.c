// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/uffd_race/. What is only read has mode 0444, or 0400 if it
 * shows addresses of other processes; no more: that is what a locked-down kernel
 * still lets a reader open.
 */
#include "uffd_race.h"
#include "hooks/hooks.h"
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>

static struct dentry *dir;

static int counters_show(struct seq_file *m, void *unused)
{
	report_counters(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

static int verdict_show(struct seq_file *m, void *unused)
{
	report_verdict(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(verdict);

static int probes_file_show(struct seq_file *m, void *unused)
{
	hooks_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(probes_file);

static int ioctls_file_show(struct seq_file *m, void *unused)
{
	ioctl_stats_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(ioctls_file);

static int waiters_file_show(struct seq_file *m, void *unused)
{
	return waiters_show(m);
}
DEFINE_SHOW_ATTRIBUTE(waiters_file);

static ssize_t reset_write(struct file *file, const char __user *buf,
			   size_t len, loff_t *pos)
{
	space_books_reset();
	count_reset();
	guard_reset();
	ioctl_stats_reset();
	report_reset();
	return len;
}

static const struct file_operations reset_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.write = reset_write,
};

/**
 * debugfs_init - make the files
 *
 * Without debugfs (debugfs=off on the kernel's command line) there are still
 * the tracepoints, and what dmesg is told.
 */
void debugfs_init(void)
{
	dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	if (IS_ERR(dir)) {
		pr_warn("no debugfs here (%ld), so no counters and no verdict: is it off on the kernel's command line?\n",
			PTR_ERR(dir));
		return;
	}
	debugfs_create_file("counters", 0444, dir, NULL, &counters_fops);
	debugfs_create_file("verdict", 0444, dir, NULL, &verdict_fops);
	debugfs_create_file("probes", 0444, dir, NULL, &probes_file_fops);
	debugfs_create_file("ioctls", 0444, dir, NULL, &ioctls_file_fops);
	debugfs_create_file("waiters", 0400, dir, NULL, &waiters_file_fops);
	watch_files(dir);
	debugfs_create_file("reset", 0200, dir, NULL, &reset_fops);
}

/**
 * debugfs_exit - remove the files, and wait for their readers
 */
void debugfs_exit(void)
{
	debugfs_remove(dir);
}
