// SPDX-License-Identifier: GPL-2.0
/*
 * What all files of the watches rest on: the watches themselves, and how their
 * tending is asked for.
 */
#include "watch.h"
#include <linux/irq_work.h>
#include <linux/workqueue.h>

DEFINE_MUTEX(watch_mutex);

struct watch watch_table[NR_WATCHES];

/* Set once, when the module goes: nobody is held any more. */
bool watch_stopping;

struct workqueue_struct *watch_wq;
/* What it does is set by who tends; see watch_init(). */
struct delayed_work watch_tend_work;
struct irq_work watch_soon_work;

/**
 * watch_mark_stale - this watch is over
 * @w: the watch
 *
 * Any context.
 *
 * Return: true if it was live.
 */
bool watch_mark_stale(struct watch *w)
{
	return cmpxchg(&w->state, WATCH_LIVE, WATCH_STALE) == WATCH_LIVE;
}
NOKPROBE_SYMBOL(watch_mark_stale);

void watch_on_soon(struct irq_work *work)
{
	if (!READ_ONCE(watch_stopping))
		mod_delayed_work(watch_wq, &watch_tend_work, 0);
}

/**
 * watch_soon - have the watches tended now
 *
 * Any context, NMI included.
 */
void watch_soon(void)
{
	if (!READ_ONCE(watch_stopping))
		irq_work_queue(&watch_soon_work);
}
NOKPROBE_SYMBOL(watch_soon);
