// SPDX-License-Identifier: GPL-2.0
/*
 * What the module counts, and the engines do not.
 */
#include "uffd_race.h"
#include <linux/atomic.h>

static atomic_long_t counters[NR_COUNTS];

/**
 * count_add - count something
 * @what: what
 * @n: how many
 *
 * Any context.
 */
void count_add(enum count what, long n)
{
	atomic_long_add(n, &counters[what]);
}
NOKPROBE_SYMBOL(count_add);

/**
 * count_read - how many
 * @what: of what
 *
 * Return: since the last count_reset().
 */
unsigned long long count_read(enum count what)
{
	return atomic_long_read(&counters[what]);
}

/**
 * count_reset - begin anew
 */
void count_reset(void)
{
	int i;

	for (i = 0; i < NR_COUNTS; i++)
		atomic_long_set(&counters[i], 0);
}
