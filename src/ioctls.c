// SPDX-License-Identifier: GPL-2.0
/*
 * How the ioctls of userfaultfds ended, for those who wonder whether it is
 * their code or the kernel.
 */
#include "uffd_race.h"
#include "ptwalk.h"

/* Rows of the table; the numbers are UAPI. */
static const char * const ioctl_name[] = {
	"REGISTER", "UNREGISTER", "WAKE", "COPY", "ZEROPAGE", "MOVE",
	"WRITEPROTECT", "CONTINUE", "POISON", "RWPROTECT", "SET_MODE", "API",
};

#define ROW_API	(ARRAY_SIZE(ioctl_name) - 1)

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
static atomic_long_t unclean;

/**
 * ioctls_count - an ioctl has ended
 * @nr: its number in the UAPI
 * @ret: 0 or -errno
 *
 * Any context.
 */
void ioctls_count(unsigned int nr, long ret)
{
	unsigned int i = 0;

	while (i < ARRAY_SIZE(outcomes) - 1 && outcomes[i].error != -ret)
		i++;
	atomic_long_inc(&counts[min_t(unsigned int, nr, ROW_API)][i]);
}
NOKPROBE_SYMBOL(ioctls_count);

/**
 * ioctls_check_clean - is what an ioctl has installed safe from reclaim?
 * @mm: where
 * @addr: the first page
 * @since: the engine's clock before it was installed
 *
 * Reclaim drops a page of shared memory whose pte is not dirty and which is not
 * dirty itself. mfill_atomic_install_pte() makes the pte dirty, and whoever
 * clears that later hands it on to the page. What is there now is that page
 * only if nothing was dropped meanwhile, by all that hooks see.
 *
 * From the handler on the return of what installs; only if the caller's mm is
 * that one, which keeps its page tables.
 */
void ioctls_check_clean(const void *mm, unsigned long addr, case_time since)
{
	unsigned long flags;
	bool kept;

	if (current->mm != mm || !probe_armed(HOOK_ZAP) ||
	    !probe_armed(HOOK_RECLAIM) ||
	    !ptwalk_is_clean(current->mm, addr & PAGE_MASK) ||
	    !engine_lock(&flags))
		return;
	kept = case_kept(&engine, mm, since);
	engine_unlock(flags);
	if (kept)
		atomic_long_inc(&unclean);
}
NOKPROBE_SYMBOL(ioctls_check_clean);

/**
 * ioctls_unclean - installs whose data reclaim may drop
 *
 * Return: how many since the last ioctls_reset().
 */
unsigned long long ioctls_unclean(void)
{
	return atomic_long_read(&unclean);
}

/**
 * ioctls_show - the debugfs file "ioctls"
 * @m: where to
 */
void ioctls_show(struct seq_file *m)
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
 * ioctls_reset - zero the counters of this file
 */
void ioctls_reset(void)
{
	int i, j;

	for (i = 0; i < ARRAY_SIZE(ioctl_name); i++)
		for (j = 0; j < ARRAY_SIZE(outcomes); j++)
			atomic_long_set(&counts[i][j], 0);
	atomic_long_set(&unclean, 0);
}
