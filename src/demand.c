// SPDX-License-Identifier: GPL-2.0
/*
 * The hooks on page faults and unmaps are in the way of every process, so they
 * are in place only while some userfaultfd has a range that is not hugetlb.
 *
 * That has a price: what began before a hook was in place was not seen. So such
 * ranges of an mm are judged (verdict_complete()) from a moment on when nobody
 * was in the middle of a fault there.
 */
#include "uffd_race.h"
#include "probe.h"
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#define SOON	msecs_to_jiffies(10)
#define LATER	msecs_to_jiffies(1000)

static bool always;
/* Which arming it is, if the hooks are in place; else 0. */
static unsigned int armed;
static bool placed;	/* some of them, though none of what they see is told */
/* What they see in flight: its end is to be told, too. */
static atomic_t in_flight;
/* Who puts hooks in place, and removes them: one at a time. */
static DEFINE_MUTEX(arm_mutex);
/* Raw, inside core_lock(): of every struct demand_mm, and whether to disarm. */
static DEFINE_RAW_SPINLOCK(lock);

static void demand_worker(struct work_struct *work);
static DECLARE_DELAYED_WORK(demand_work, demand_worker);

/**
 * demand_armed - are the hooks in place?
 *
 * Any context.
 *
 * Return: 0 if not. Else what begins now is seen, until there is another answer.
 */
unsigned int demand_armed(void)
{
	/* pairs with arm(): who reads it finds the hooks in place */
	return smp_load_acquire(&armed);
}
NOKPROBE_SYMBOL(demand_armed);

/**
 * demand_enter - may an operation be told that a hook on demand sees begin?
 *
 * Any context.
 *
 * Return: true if so: the hook stays until demand_leave().
 */
bool demand_enter(void)
{
	/* Ordered: either disarm() sees it in flight, or it sees that nothing is armed. */
	atomic_inc_return(&in_flight);
	if (demand_armed())
		return true;
	atomic_dec(&in_flight);
	return false;
}
NOKPROBE_SYMBOL(demand_enter);

/**
 * demand_leave - its end was told
 */
void demand_leave(void)
{
	atomic_dec(&in_flight);
}
NOKPROBE_SYMBOL(demand_leave);

/* Under core_lock(). */
static void judge(struct verdict_engine *e, struct demand_mm *d, bool on)
{
	d->complete = on;
	verdict_complete(e, on);
}

/* Under core_lock(). @since, @hugetlb: of its registration, as below */
static void registered(struct verdict_engine *e, struct demand_mm *d,
		       unsigned int since, bool hugetlb)
{
	bool first = !d->needed && !d->suspect;

	raw_spin_lock(&lock);
	d->registrations++;
	if (hugetlb) {
		WRITE_ONCE(d->suspect, true);
	} else {
		WRITE_ONCE(d->needed, true);
		if (first)
			d->complete = since && since == armed &&
				      probes_evidence(true);
	}
	raw_spin_unlock(&lock);
	/* One that came later is judged like those that were there. */
	if (d->complete)
		verdict_complete(e, true);
}
NOKPROBE_SYMBOL(registered);

/**
 * demand_registered - a userfaultfd has one more range
 * @mm: its address space
 * @since: demand_armed() when its registration began. It waits for all faults
 *	(mmap_write_lock(), vma_start_write()), so all later ones are seen.
 * @hugetlb: it is said to be hugetlb. Until that was looked into, a later
 *	registration, of another range, proves nothing about the faults in this one.
 *
 * From the handler on ioctls. Where no userfaultfd has a record no hook is needed:
 * events are undecided with or without.
 */
void demand_registered(const void *mm, unsigned int since, bool hugetlb)
{
	struct verdict_engine *e;
	struct demand_mm *d;
	unsigned long flags;

	e = core_lock(mm, &flags);
	if (!e)
		return;
	d = core_demand(e);
	if (d)
		registered(e, d, since, hugetlb);
	core_unlock(e, flags);
	if (d)
		work_queue(&demand_work, 0);
}
NOKPROBE_SYMBOL(demand_registered);

/**
 * demand_inherited - fork() has made a userfaultfd with its parent's ranges
 * @mm: of the child
 * @parent: the parent's
 *
 * From the handler on fork; the child has not run yet.
 */
void demand_inherited(const void *mm, const void *parent)
{
	struct verdict_engine *e;
	struct demand_mm *d;
	bool has, needs;
	unsigned long flags;

	e = core_lock(parent, &flags);
	if (!e)
		return;
	d = core_demand(e);
	needs = d && d->needed;
	has = needs || (d && d->suspect);
	core_unlock(e, flags);
	if (has)
		demand_registered(mm, demand_armed(), !needs);
}
NOKPROBE_SYMBOL(demand_inherited);

/* Under core_lock(). Return: true if it waits for a quiet moment. */
static bool looked(struct verdict_engine *e, struct demand_mm *d, enum look_ranges look)
{
	if (look == LOOK_RANGES_UNKNOWN)
		return !d->complete;
	raw_spin_lock(&lock);
	WRITE_ONCE(d->suspect, false);
	WRITE_ONCE(d->needed, look != LOOK_RANGES_NONE);
	raw_spin_unlock(&lock);
	if (look == LOOK_RANGES_NONE && d->complete)
		judge(e, d, false);
	if (look == LOOK_RANGES_QUIET && !d->complete && armed && probes_evidence(true))
		judge(e, d, true);
	return d->needed && !d->complete;
}

/* Looks after one mm. Return: true if it waits for a quiet moment. */
static bool look_after(struct mm_struct *mm)
{
	struct verdict_engine *e;
	enum look_ranges look;
	struct demand_mm *d, was = { };
	unsigned int was_armed = armed;
	unsigned long flags;
	bool waits = false;

	e = core_lock(mm, &flags);
	if (!e)
		return false;
	d = core_demand(e);
	if (d)
		was = *d;
	core_unlock(e, flags);
	if (!was.needed && !was.suspect)
		return false;
	look = look_ranges(mm, was_armed && !was.complete);
	e = core_lock(mm, &flags);
	if (!e)
		return false;
	d = core_demand(e);
	/* Else what was found is out of date. */
	if (d && d->registrations == was.registrations)
		waits = looked(e, d, look);
	core_unlock(e, flags);
	return waits;
}

static bool any_demands(bool suspect)
{
	unsigned int i;

	for (i = 0; i < core_spaces(); i++)
		if (core_demands(i, suspect))
			return true;
	return false;
}

static bool hooks_needed(void)
{
	return always || any_demands(false);
}

/* What was in flight when a hook came late was not seen by it. */
static void none_complete(void)
{
	struct verdict_engine *e;
	struct mm_struct *mm;
	struct demand_mm *d;
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < core_spaces(); i++) {
		mm = core_grab(i, false);
		if (!mm)
			continue;
		e = core_lock(mm, &flags);
		d = e ? core_demand(e) : NULL;
		if (d && d->complete)
			judge(e, d, false);
		if (e)
			core_unlock(e, flags);
		mmdrop(mm);
	}
}

/* Under arm_mutex. Return: false if nothing has come of it. */
static bool arm(void)
{
	static unsigned int last;
	bool late = armed;

	placed = true;
	if (!probes_demand() && late)
		return false;
	if (!++last)
		last = 1;
	raw_spin_lock_irq(&lock);
	/* pairs with demand_armed() */
	smp_store_release(&armed, last);
	raw_spin_unlock_irq(&lock);
	if (late)
		none_complete();
	return true;
}

/* Under arm_mutex. */
static void disarm(void)
{
	bool needed;

	/* Under the lock: nobody registers meanwhile. */
	raw_spin_lock_irq(&lock);
	needed = hooks_needed();
	if (!needed)
		/* pairs with demand_armed() */
		smp_store_release(&armed, 0);
	raw_spin_unlock_irq(&lock);
}

/* Under arm_mutex. Who zaps may sleep: it is asked again later. */
static void remove_hooks(void)
{
	/* Pairs with demand_enter(). */
	smp_mb();
	if (armed || atomic_read(&in_flight))
		return;
	core_disarm(true);
	placed = false;
}

static bool arm_or_disarm(void)
{
	bool armed_now = false;

	mutex_lock(&arm_mutex);
	if (armed)
		disarm();
	/* If they are in place: some may have failed. */
	if (hooks_needed())
		armed_now = arm();
	else if (placed)
		remove_hooks();
	mutex_unlock(&arm_mutex);
	return armed_now;
}

static void demand_worker(struct work_struct *work)
{
	struct mm_struct *mm;
	bool waits = false;
	unsigned int i;

	for (i = 0; i < core_spaces(); i++) {
		mm = core_demands(i, true) ? core_grab(i, false) : NULL;
		if (!mm)
			continue;
		waits |= look_after(mm);
		mmdrop(mm);
		cond_resched();
	}
	waits |= arm_or_disarm();
	if (any_demands(true) || placed != hooks_needed())
		work_queue_again(&demand_work, waits ? SOON : LATER);
}

/**
 * demand_init - nothing is armed so far
 * @arm_always: have the hooks in place all the time
 */
void demand_init(bool arm_always)
{
	always = arm_always;
}

/**
 * demand_start - put the hooks in place, if they are to be there all the time
 *
 * After hooks_init().
 */
void demand_start(void)
{
	mutex_lock(&arm_mutex);
	if (always)
		arm();
	mutex_unlock(&arm_mutex);
}

/**
 * demand_stop - arm nothing any more
 *
 * After core_stop(); handlers may still run.
 */
void demand_stop(void)
{
	cancel_delayed_work_sync(&demand_work);
}
