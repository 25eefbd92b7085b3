// SPDX-License-Identifier: GPL-2.0
/*
 * Work for process context, and the gate before it: below everything that has any.
 */
#include "uffd_race.h"
#include <linux/spinlock.h>
#include <linux/workqueue.h>

/* Nests inside core's. Whoever has left it has queued its work, or never will. */
static DEFINE_RAW_SPINLOCK(lock);
static bool is_open;
static struct workqueue_struct *wq;

/**
 * work_queue - have work done in process context
 * @work: the work
 * @delay: in jiffies, from now on, however long a pending one had to wait
 *
 * Any context but NMI; not under core_lock(). Nothing happens
 * unless the gate is open.
 */
void work_queue(struct delayed_work *work, unsigned long delay)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	if (is_open)
		mod_delayed_work(wq, work, delay);
	raw_spin_unlock_irqrestore(&lock, flags);
}
NOKPROBE_SYMBOL(work_queue);

/**
 * work_queue_again - as work_queue(), but a pending one stays as it is
 * @work: the work
 * @delay: in jiffies
 *
 * For a work that queues itself: somebody may have wanted it sooner meanwhile.
 */
void work_queue_again(struct delayed_work *work, unsigned long delay)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	if (is_open)
		queue_delayed_work(wq, work, delay);
	raw_spin_unlock_irqrestore(&lock, flags);
}
NOKPROBE_SYMBOL(work_queue_again);

/**
 * work_open - open or shut the gate
 * @open: whether anything is queued from now on
 *
 * Any context but NMI.
 */
void work_open(bool open)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	is_open = open;
	raw_spin_unlock_irqrestore(&lock, flags);
}

/**
 * work_init - make the workqueue; the gate is shut
 *
 * Return: 0 or -ENOMEM.
 */
int work_init(void)
{
	/* Of its own: dropping the last reference to an mm takes its time. */
	wq = alloc_workqueue(KBUILD_MODNAME, WQ_UNBOUND, 2);
	return wq ? 0 : -ENOMEM;
}

/**
 * work_exit - free it; the gate is shut, and nothing is pending
 */
void work_exit(void)
{
	destroy_workqueue(wq);
}
