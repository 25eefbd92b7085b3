// SPDX-License-Identifier: GPL-2.0
/*
 * Watches that the module places by itself, and the work that tends all of
 * them.
 *
 * Faults and ioctls tell where userfaultfd ranges are (watch_saw()). Each is
 * kept as a source, from which the worker picks pages by chance: what raises
 * no event yet is as good a place as any.
 */
#include "watch.h"
#include "probe.h"
#include <linux/hash.h>
#include <linux/irq_work.h>
#include <linux/mmap_lock.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/workqueue.h>

#define AUTO_FRESH_BITS	4	/* log2 of the sightings between two ticks */
#define AUTO_FRESH	(1 << AUTO_FRESH_BITS)
#define AUTO_SOURCES	16
#define AUTO_TRIES	8	/* to hit a mapped page by chance */
#define AUTO_ROUNDS	8	/* per tick, over all sources */
#define AUTO_IDLE	3	/* ticks that a page is kept where nothing happens */
#define AUTO_KEEP	20	/* ticks that any page is kept */
#define AUTO_RESPITE	10	/* ticks without more, after others came short */
#define AUTO_EAGER	20	/* tries to place in a range that is new, */
#define AUTO_EAGER_MS	10	/* so many ms apart */

/**
 * struct sighting - a page of a userfaultfd range was seen
 * @state: FRESH_*
 * @tgid: of the process
 * @ctx: of the range
 * @addr: in it
 */
struct sighting {
	int state;
	pid_t tgid;
	const void *ctx;
	unsigned long addr;
};

enum { FRESH_EMPTY, FRESH_BUSY, FRESH_FULL };

/* Filled without a lock, emptied by the worker. */
static struct sighting fresh[AUTO_FRESH];
/* The worker's own, under watch_mutex; tgid 0: none. */
static struct sighting sources[AUTO_SOURCES];
static unsigned int next_source, next_victim, eager;
/* There is no source: the next sighting is one to be told at once. */
static bool idle;

/**
 * watch_saw - there is a page in a userfaultfd range
 * @tgid: of the process that has it in its mm, in the initial namespace; 0: unknown
 * @ctx: userfaultfd of the range
 * @addr: of the page
 *
 * From any probe handler; a few instructions. Kept even while no watch is
 * placed automatically: once pages are mapped, there may be no fault any more.
 */
void watch_saw(pid_t tgid, const void *ctx, unsigned long addr)
{
	unsigned long near = addr >> PMD_SHIFT;
	struct sighting *s;
	int state;

	if (!tgid)
		return;
	s = &fresh[hash_long((unsigned long)ctx ^ near, AUTO_FRESH_BITS)];
	state = READ_ONCE(s->state);
	if (state == FRESH_BUSY ||
	    (state == FRESH_FULL && s->ctx == ctx && s->addr >> PMD_SHIFT == near))
		return;
	if (cmpxchg(&s->state, state, FRESH_BUSY) != state)
		return;
	s->tgid = tgid;
	s->ctx = ctx;
	s->addr = addr;
	/* pairs with cmpxchg() in take_sightings() */
	smp_store_release(&s->state, FRESH_FULL);
	if (unlikely(READ_ONCE(idle)) && READ_ONCE(watch_param_auto)) {
		WRITE_ONCE(idle, false);
		watch_soon();
	}
}
NOKPROBE_SYMBOL(watch_saw);

/**
 * watch_gone - a range is no longer watched by its userfaultfd
 * @ctx: userfaultfd
 * @start: of the range
 * @end: of it, exclusive
 *
 * From any probe handler. What is missed here, the worker finds out.
 */
void watch_gone(const void *ctx, unsigned long start, unsigned long end)
{
	bool any = false;
	int i;

	for (i = 0; i < NR_WATCHES; i++) {
		struct watch *w = &watch_table[i];

		if (READ_ONCE(w->ctx) == ctx && READ_ONCE(w->addr) >= start &&
		    READ_ONCE(w->addr) < end)
			any |= watch_mark_stale(w);
	}
	if (any)
		watch_soon();
}
NOKPROBE_SYMBOL(watch_gone);

static void take_source(const struct sighting *seen)
{
	unsigned int i, free = AUTO_SOURCES;

	for (i = 0; i < AUTO_SOURCES; i++) {
		if (!sources[i].tgid)
			free = i;
		else if (sources[i].ctx == seen->ctx &&
			 sources[i].tgid == seen->tgid &&
			 (sources[i].addr ^ seen->addr) < PMD_SIZE)
			free = i;
		else
			continue;
		if (sources[i].tgid)
			break;
	}
	if (free == AUTO_SOURCES)
		free = next_victim++ % AUTO_SOURCES;
	if (sources[free].tgid != seen->tgid || sources[free].ctx != seen->ctx)
		eager = AUTO_EAGER;
	sources[free] = *seen;
}

static void take_sightings(void)
{
	unsigned int i;

	for (i = 0; i < AUTO_FRESH; i++) {
		if (cmpxchg(&fresh[i].state, FRESH_FULL, FRESH_BUSY) != FRESH_FULL)
			continue;
		take_source(&fresh[i]);
		/* pairs with cmpxchg() in watch_saw() */
		smp_store_release(&fresh[i].state, FRESH_EMPTY);
	}
}

/* A page of the mapping where the source lies; the source itself at last. */
static int pick_page(struct mm_struct *mm, const struct sighting *source,
		     struct watch_target *target)
{
	struct vm_area_struct *vma = find_vma(mm, source->addr);
	unsigned int tries = AUTO_TRIES;
	unsigned long addr;
	const char *why;

	if (!vma || vma->vm_start > source->addr ||
	    vma->vm_userfaultfd_ctx.ctx != source->ctx)
		return -ENOENT;
	while (tries--) {
		addr = vma->vm_start + (((u64)get_random_u32() << PAGE_SHIFT) %
					(vma->vm_end - vma->vm_start));
		if (!watch_find(mm, addr, target, &why))
			return 0;
	}
	return watch_find(mm, source->addr, target, &why);
}

static int place_from(const struct sighting *source)
{
	struct watch_target target = { .pid = find_get_pid(source->tgid) };
	struct task_struct *task = get_pid_task(target.pid, PIDTYPE_TGID);
	struct mm_struct *mm = task ? get_task_mm(task) : NULL;
	const char *why;
	int err = -ESRCH;

	if (mm) {
		err = -EBUSY;
		if (mmap_read_trylock(mm)) {
			err = pick_page(mm, source, &target);
			mmap_read_unlock(mm);
		}
		if (!err)
			err = watch_place(&target, watch_param_us, true, &why);
		mmput(mm);
	}
	if (task)
		put_task_struct(task);
	put_pid(target.pid);
	return err;
}

static unsigned int count_watches(bool automatic)
{
	unsigned int i, n = 0;

	for (i = 0; i < NR_WATCHES; i++)
		n += watch_table[i].state != WATCH_FREE &&
		     watch_table[i].automatic == automatic;
	return n;
}

static void keep_at_most(unsigned int limit)
{
	unsigned int i, left = 0;

	for (i = 0; i < NR_WATCHES; i++) {
		struct watch *w = &watch_table[i];

		if (w->state != WATCH_FREE && w->automatic && left++ >= limit)
			watch_remove(w);
	}
}

/* Where nothing happens, another page gets its turn; busy ones stay longer. */
static void let_go_idle(void)
{
	unsigned int i;

	for (i = 0; i < NR_WATCHES; i++) {
		struct watch *w = &watch_table[i];
		unsigned long none = atomic_long_read(&w->none);

		if (w->state == WATCH_FREE || !w->automatic)
			continue;
		w->idle = none == w->none_then ? w->idle + 1 : 0;
		w->none_then = none;
		if (w->idle >= AUTO_IDLE || ++w->age >= AUTO_KEEP)
			watch_remove(w);
	}
}

/*
 * One breakpoint always stays free for others. If they took it, they get
 * another one, and we are content with less for a while.
 */
static unsigned int allowed(void)
{
	static unsigned int less, respite;
	unsigned int manual = count_watches(false);
	unsigned int limit = READ_ONCE(watch_param_auto);

	if (!watch_spare()) {
		less = count_watches(true);
		respite = AUTO_RESPITE;
		limit = less ? less - 1 : 0;
	} else if (respite) {
		respite--;
		limit = min(limit, less ? less - 1 : 0);
	}
	return min(limit, manual < NR_WATCHES - 1 ?
			  NR_WATCHES - 1 - manual : 0);
}

/* Says so once, each time that it begins. */
static void say_none_left(bool none)
{
	static bool said;

	if (none && !said)
		pr_warn("watch_auto: others use the hardware breakpoints; waiting for one\n");
	said = none;
}

static bool any_source(void)
{
	unsigned int i;

	for (i = 0; i < AUTO_SOURCES; i++)
		if (sources[i].tgid)
			return true;
	return false;
}

static void place_up_to(unsigned int limit)
{
	unsigned int tries;
	int err;

	for (tries = 0; tries < AUTO_ROUNDS * AUTO_SOURCES; tries++) {
		struct sighting *s = &sources[next_source++ % AUTO_SOURCES];

		if (count_watches(true) >= limit)
			return;
		if (!s->tgid)
			continue;
		err = place_from(s);
		if (!err)
			keep_at_most(allowed());
		else if (err == -ESRCH || err == -ENOENT)
			s->tgid = 0;
		else if (err == -ENOSPC || err == -EOPNOTSUPP)
			return;
	}
}

static void auto_tick(void)
{
	unsigned int limit = allowed();

	say_none_left(COMPAT_BREAKPOINTS && !limit &&
		      count_watches(false) < NR_WATCHES - 1);
	let_go_idle();
	keep_at_most(limit);
	place_up_to(limit);
	WRITE_ONCE(idle, !any_source());
}

/* A new range's first pages come at any moment: the next tick may be late. */
static void auto_eager(void)
{
	eager--;
	place_up_to(allowed());
	if (count_watches(true))
		eager = 0;
}

static void tend_worker(struct work_struct *work)
{
	static unsigned long next_tick;
	unsigned long period = msecs_to_jiffies(READ_ONCE(watch_param_ms));
	bool more = true;

	/* Whoever has it may wait for an mmap lock. */
	if (mutex_trylock(&watch_mutex)) {
		watch_tend();
		if (!READ_ONCE(watch_param_auto)) {
			keep_at_most(0);
		} else if (!READ_ONCE(watch_stopping)) {
			take_sightings();
			if (time_after_eq(jiffies, next_tick)) {
				next_tick = jiffies + period;
				auto_tick();
			} else if (eager) {
				auto_eager();
			}
			if (eager)
				period = min(period, msecs_to_jiffies(AUTO_EAGER_MS));
		}
		more = READ_ONCE(watch_param_auto) || count_watches(false);
		probes_watching(more && !READ_ONCE(watch_stopping), false);
		mutex_unlock(&watch_mutex);
	}
	if (more && !READ_ONCE(watch_stopping))
		queue_delayed_work(watch_wq, &watch_tend_work, period);
}

/**
 * watch_init - begin to tend watches
 *
 * Return: 0 or -ENOMEM.
 */
int watch_init(void)
{
	INIT_DELAYED_WORK(&watch_tend_work, tend_worker);
	init_irq_work(&watch_soon_work, watch_on_soon);
	watch_hold_init();
	/* Of its own: dropping the last reference to an mm takes its time. */
	watch_wq = alloc_workqueue(KBUILD_MODNAME "_watch", WQ_UNBOUND, 1);
	if (!watch_wq)
		return -ENOMEM;
	watch_param_ready(true);
	return 0;
}

/**
 * watch_stop - hold nobody any more
 */
void watch_stop(void)
{
	watch_param_ready(false);
	WRITE_ONCE(watch_stopping, true);
}

/**
 * watch_exit - remove all watches, and free everything
 *
 * After watch_stop(), when neither a file nor a probe handler calls us.
 */
void watch_exit(void)
{
	mutex_lock(&watch_mutex);
	watch_remove_all();
	mutex_unlock(&watch_mutex);
	irq_work_sync(&watch_soon_work);
	cancel_delayed_work_sync(&watch_tend_work);
	/* It may have begun before watch_stop(). */
	mutex_lock(&watch_mutex);
	watch_remove_all();
	mutex_unlock(&watch_mutex);
	destroy_workqueue(watch_wq);
	watch_hold_exit();
	watch_ring_free();
}
