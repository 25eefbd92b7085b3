// SPDX-License-Identifier: GPL-2.0
/*
 * The one engine of this kernel: its lock, its memory, and the deferred look.
 */
#include "uffd_race.h"
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

struct case_engine engine;

/* Raw: taken in probe handlers, for a few table lookups. */
static DEFINE_RAW_SPINLOCK(lock);
/* Under both locks: nothing is told, and nothing is queued. */
static bool stopped = true;
/* Nests inside @lock. Whoever has left it has queued its work, or never will. */
static DEFINE_RAW_SPINLOCK(queue_lock);
static unsigned long missed;
static unsigned int generation;
static void *memory;
static unsigned long look_delay;

static struct workqueue_struct *wq;

static void look_worker(struct work_struct *work);
static DECLARE_DELAYED_WORK(look_work, look_worker);

/* Under the lock: what has been lost since the last fact? */
static void learn_losses(void)
{
	unsigned int switched = guard_generation();
	unsigned long now = probes_missed();

	if (unlikely(now != missed)) {
		missed = now;
		case_lost(&engine);
	}
	if (unlikely(switched != generation)) {
		generation = switched;
		case_switched(&engine);
		ranges_forget();
	}
}
NOKPROBE_SYMBOL(learn_losses);

/**
 * engine_lock - begin to tell the engine a fact
 * @flags: for engine_unlock()
 *
 * Any context but NMI. Looks at a pte are taken before, not under this lock.
 * What a probe has missed is learned here, so before any fact is judged: a
 * probe's counter of misses moves before the function that it missed runs.
 *
 * Return: false, and nothing is locked, if the module is on its way out.
 */
bool engine_lock(unsigned long *flags)
{
	raw_spin_lock_irqsave(&lock, *flags);
	if (unlikely(stopped)) {
		raw_spin_unlock_irqrestore(&lock, *flags);
		return false;
	}
	learn_losses();
	return true;
}
NOKPROBE_SYMBOL(engine_lock);

/**
 * engine_unlock - the fact is told
 * @flags: from engine_lock()
 */
void engine_unlock(unsigned long flags)
{
	raw_spin_unlock_irqrestore(&lock, flags);
}
NOKPROBE_SYMBOL(engine_unlock);

/**
 * engine_stamp - the time, for a look that is about to be taken
 *
 * Any context, no lock.
 *
 * Return: a time no later than the look.
 */
case_time engine_stamp(void)
{
	case_time stamp = READ_ONCE(engine.clock);

	/* Pairs with the lock around every fact: the look comes after. */
	smp_rmb();
	return stamp;
}
NOKPROBE_SYMBOL(engine_stamp);

/**
 * engine_look_later - have pages that wait for evidence looked at
 *
 * Any context but NMI; not under engine_lock().
 */
void engine_look_later(void)
{
	if (!delayed_work_pending(&look_work))
		engine_queue_again(&look_work, look_delay);
}
NOKPROBE_SYMBOL(engine_look_later);

/**
 * engine_queue - have work done in process context
 * @work: the work
 * @delay: in jiffies, from now on, however long a pending one had to wait
 *
 * Any context but NMI; not under engine_lock(). Nothing happens once the
 * engine has stopped.
 */
void engine_queue(struct delayed_work *work, unsigned long delay)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&queue_lock, flags);
	if (!stopped)
		mod_delayed_work(wq, work, delay);
	raw_spin_unlock_irqrestore(&queue_lock, flags);
}
NOKPROBE_SYMBOL(engine_queue);

/**
 * engine_busy - is any userfaultfd judged?
 *
 * Any context; a hint.
 *
 * Return: true if so.
 */
bool engine_busy(void)
{
	return READ_ONCE(engine.ctxs);
}

/**
 * engine_queue_again - as engine_queue(), but a pending one stays as it is
 * @work: the work
 * @delay: in jiffies
 *
 * For a work that queues itself: somebody may have wanted it sooner meanwhile.
 */
void engine_queue_again(struct delayed_work *work, unsigned long delay)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&queue_lock, flags);
	if (!stopped)
		queue_delayed_work(wq, work, delay);
	raw_spin_unlock_irqrestore(&queue_lock, flags);
}
NOKPROBE_SYMBOL(engine_queue_again);

static void look_worker(struct work_struct *work)
{
	unsigned int cursor = 0, pages = 0;
	struct case_todo todo;
	enum case_look look;
	unsigned long flags;
	case_time stamp;
	bool more;

	for (;;) {
		if (!engine_lock(&flags))
			return;
		more = case_next_todo(&engine, &cursor, &todo);
		engine_unlock(flags);
		if (!more)
			break;
		stamp = engine_stamp();
		look = look_again(&todo);
		/* What was seen means nothing if the hooks were off. */
		guard_check();
		if (!engine_lock(&flags))
			return;
		case_looked(&engine, todo.ctx, todo.addr, look, stamp);
		engine_unlock(flags);
		pages++;
		cond_resched();
	}
	report_first_bogus();
	if (pages)
		engine_look_later();
}

/**
 * engine_snapshot - a copy of all counters, from one moment
 * @stats: the copy
 */
void engine_snapshot(struct case_stats *stats)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	if (!stopped)
		learn_losses();
	*stats = engine.stats;
	raw_spin_unlock_irqrestore(&lock, flags);
}

/**
 * engine_reset - zero all counters
 */
void engine_reset(void)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	case_reset(&engine);
	raw_spin_unlock_irqrestore(&lock, flags);
	guard_reset();
	fault_reset();
	delivery_reset();
	ioctls_reset();
	report_reset();
}

/**
 * engine_memory - memory of all tables
 *
 * Return: bytes.
 */
size_t engine_memory(void)
{
	return case_bytes(&engine.limits);
}

/**
 * engine_init - allocate the tables; see engine_open()
 * @limits: their sizes
 * @look_ms: delay of the deferred look, in ms
 *
 * Return: 0 or -ENOMEM.
 */
int engine_init(const struct case_limits *limits, unsigned int look_ms)
{
	/* Of its own: dropping the last reference to an mm takes its time. */
	wq = alloc_workqueue(KBUILD_MODNAME, WQ_UNBOUND, 3);
	if (!wq)
		return -ENOMEM;
	memory = vzalloc(case_bytes(limits));
	if (!memory) {
		destroy_workqueue(wq);
		return -ENOMEM;
	}
	case_init(&engine, limits, memory);
	look_delay = msecs_to_jiffies(look_ms);
	return 0;
}

static void set_stopped(bool now)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	missed = probes_missed();
	generation = guard_generation();
	raw_spin_lock(&queue_lock);
	stopped = now;
	raw_spin_unlock(&queue_lock);
	raw_spin_unlock_irqrestore(&lock, flags);
}

/**
 * engine_open - begin to judge
 *
 * When everything is in place that a handler, or what it queues, may lead to.
 */
void engine_open(void)
{
	set_stopped(false);
}

/**
 * engine_stop - judge nothing any more
 *
 * Handlers that still run find the engine closed, and nobody queues any work.
 */
void engine_stop(void)
{
	set_stopped(true);
	cancel_delayed_work_sync(&look_work);
}

/**
 * engine_exit - free everything
 *
 * Never opened, or after engine_stop(); after the last handler has returned.
 */
void engine_exit(void)
{
	destroy_workqueue(wq);
	vfree(memory);
}
