// SPDX-License-Identifier: GPL-2.0
/*
 * How the ioctls of userfaultfds ended, for those who wonder whether it is
 * their code or the kernel.
 */
#include "uffd_race.h"
#include "uffdio.h"

/* Rows of the table: by number, and the last one for whatever comes behind. */
#define ROW(nr, name)	#name,
static const char * const ioctl_name[] = {
	UFFDIO_IOCTLS(ROW, ROW)
};

#define ROW_API	(ARRAY_SIZE(ioctl_name) - 1)
static_assert(ARRAY_SIZE(ioctl_name) == NR_SET_MODE + 2);

/* Columns; the last one is for all others. */
static const struct {
	const char *name;
	int error;
} outcomes[] = {
	{ "ok", 0 }, { "EEXIST", EEXIST }, { "EAGAIN", EAGAIN },
	{ "EFAULT", EFAULT }, { "ENOENT", ENOENT }, { "EINVAL", EINVAL },
	{ "ENOSPC", ENOSPC }, { "ENOMEM", ENOMEM }, { "ESRCH", ESRCH },
	{ "EBUSY", EBUSY }, { "EHWPOISON", EHWPOISON }, { "other", -1 },
};

static atomic_long_t counts[ARRAY_SIZE(ioctl_name)][ARRAY_SIZE(outcomes)];

/**
 * ioctl_stats_count - an ioctl has ended
 * @nr: its number in the UAPI
 * @ret: 0 or -errno
 *
 * Any context.
 */
void ioctl_stats_count(unsigned int nr, long ret)
{
	unsigned int i = 0;

	while (i < ARRAY_SIZE(outcomes) - 1 && outcomes[i].error != -ret)
		i++;
	atomic_long_inc(&counts[min_t(unsigned int, nr, ROW_API)][i]);
}
NOKPROBE_SYMBOL(ioctl_stats_count);

/**
 * ioctl_stats_show - the debugfs file "ioctls"
 * @m: where to
 */
void ioctl_stats_show(struct seq_file *m)
{
	int i, j;

	seq_printf(m, "%-12s", "ioctl");
	for (j = 0; j < ARRAY_SIZE(outcomes); j++)
		seq_printf(m, " %10s", outcomes[j].name);
	seq_putc(m, '\n');
	for (i = 0; i < ARRAY_SIZE(ioctl_name); i++) {
		seq_printf(m, "%-12s", ioctl_name[i]);
		for (j = 0; j < ARRAY_SIZE(outcomes); j++)
			seq_printf(m, " %10ld", atomic_long_read(&counts[i][j]));
		seq_putc(m, '\n');
	}
}

/**
 * ioctl_stats_reset - zero the counters of this file
 */
void ioctl_stats_reset(void)
{
	int i, j;

	for (i = 0; i < ARRAY_SIZE(ioctl_name); i++)
		for (j = 0; j < ARRAY_SIZE(outcomes); j++)
			atomic_long_set(&counts[i][j], 0);
}
