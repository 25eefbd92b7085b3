// SPDX-License-Identifier: GPL-2.0
/*
 * The hooks on page faults and unmaps are in the way of every process, so they
 * are in place only while some userfaultfd has a range that is not hugetlb.
 *
 * That has a price: what began before a hook was in place was not seen. So such
 * a userfaultfd is judged (verdict_ctx_complete()) from a moment on when nobody was
 * in the middle of a fault there.
 */
#include "uffd_race.h"
#include "probe.h"
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#define SOON	msecs_to_jiffies(10)
#define LATER	msecs_to_jiffies(1000)

/**
 * struct demand_ctx - a userfaultfd that may have such ranges; under core_lock()
 * @ctx: the userfaultfd, or NULL
 * @tgid: who registered them, if it may be his; if @found, whose they are
 * @registrations: how often something was registered
 * @needs: it has; else that was denied, to be looked into
 * @found: they were found in that process
 * @complete: the engine judges them
 */
struct demand_ctx {
	const void *ctx;
	unsigned long tgid;
	unsigned int registrations;
	bool needs, found, complete;
};

static struct demand_ctx *slots;
static unsigned int nr_slots;
static bool always;
/* Which arming it is, if the hooks are in place; else 0. */
static unsigned int armed;
static bool placed;	/* some of them, though none of what they see is told */
/* What they see in flight: its end is to be told, too. */
static atomic_t in_flight;
/* Who puts hooks in place, and removes them: one at a time. */
static DEFINE_MUTEX(arm_mutex);

static void demand_worker(struct work_struct *work);
static DECLARE_DELAYED_WORK(demand_work, demand_worker);

/*
 * Under core_lock(). Hooks were switched off: any of them may have ended unseen.
 * None of them is judged any more, so none needs hooks.
 */
static void forget_older(void)
{
	static unsigned int generation;
	unsigned int i;

	if (likely(generation == core_generation()))
		return;
	generation = core_generation();
	for (i = 0; i < nr_slots; i++)
		slots[i].ctx = NULL;
}
NOKPROBE_SYMBOL(forget_older);

static struct demand_ctx *find_slot(const void *ctx)
{
	unsigned int i;

	forget_older();
	for (i = 0; i < nr_slots; i++)
		if (slots[i].ctx == ctx)
			return &slots[i];
	return NULL;
}
NOKPROBE_SYMBOL(find_slot);

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

/*
 * There is room for all that have a record, and no others need any hook: their
 * events are undecided with or without.
 */
static struct demand_ctx *new_slot(const void *ctx, unsigned int since, bool needs)
{
	struct demand_ctx *slot = find_slot(NULL);
	const void *mm = verdict_ctx_mm(&core_engine, ctx);

	if (!slot || !verdict_ctx_tag(&core_engine, ctx))
		return NULL;
	*slot = (struct demand_ctx) {
		.ctx = ctx,
		.tgid = mm && mm != current->mm ? 0 : current->tgid,
		.complete = needs && since && since == armed &&
			    probes_evidence(true),
	};
	if (slot->complete)
		verdict_ctx_complete(&core_engine, ctx, true);
	return slot;
}
NOKPROBE_SYMBOL(new_slot);

/**
 * demand_registered - a userfaultfd has one more range
 * @ctx: the userfaultfd
 * @since: demand_armed() when its registration began. It waits for all faults
 *	(mmap_write_lock(), vma_start_write()), so all later ones are seen.
 * @hugetlb: it is said to be hugetlb. Until that was looked into, a later
 *	registration, of another range, proves nothing about the faults in this one.
 *
 * From the handler on ioctls.
 */
void demand_registered(const void *ctx, unsigned int since, bool hugetlb)
{
	struct demand_ctx *slot;
	unsigned long flags;

	if (!core_lock(&flags))
		return;
	slot = find_slot(ctx);
	if (!slot)
		slot = new_slot(ctx, since, !hugetlb);
	if (slot) {
		slot->registrations++;
		slot->needs |= !hugetlb;
	}
	core_unlock(flags);
	work_queue(&demand_work, 0);
}
NOKPROBE_SYMBOL(demand_registered);

/**
 * demand_inherited - fork() has made a userfaultfd with its parent's ranges
 * @ctx: the new one
 * @parent: its parent
 *
 * From the handler on fork; the child has not run yet.
 */
void demand_inherited(const void *ctx, const void *parent)
{
	const struct demand_ctx *slot;
	unsigned long flags;
	bool has, needs;

	if (!core_lock(&flags))
		return;
	slot = find_slot(parent);
	has = slot;
	needs = has && slot->needs;
	core_unlock(flags);
	if (has)
		demand_registered(ctx, demand_armed(), !needs);
}
NOKPROBE_SYMBOL(demand_inherited);

/**
 * demand_released - a userfaultfd ends
 * @ctx: the userfaultfd
 *
 * Under core_lock(), from the handler on release.
 */
void demand_released(const void *ctx)
{
	struct demand_ctx *slot = find_slot(ctx);

	if (slot)
		slot->ctx = NULL;
}
NOKPROBE_SYMBOL(demand_released);

/* Looks after one slot. Return: true if it waits for a quiet moment. */
static bool look_after(unsigned int i)
{
	struct demand_ctx was, *slot = &slots[i];
	const void *whose = NULL;
	enum look_ranges look;
	unsigned long flags;
	bool waits = false;

	if (!core_lock(&flags))
		return false;
	forget_older();
	was = *slot;
	core_unlock(flags);
	if (!was.ctx)
		return false;
	look = look_ranges(was.ctx, was.tgid, armed && !was.complete,
			   &whose);
	if (!core_lock(&flags))
		return false;
	forget_older();
	if (slot->ctx != was.ctx || slot->registrations != was.registrations)
		goto out;	/* what was found is out of date */
	if (whose)
		verdict_ctx_belongs(&core_engine, slot->ctx, whose);
	switch (look) {
	case LOOK_RANGES_NONE:
		/* Who registers may do so for another process. */
		if (slot->found ||
		    (!slot->needs && verdict_ctx_mm(&core_engine, slot->ctx))) {
			verdict_ctx_complete(&core_engine, slot->ctx, false);
			slot->ctx = NULL;
		}
		break;
	case LOOK_RANGES_QUIET:
		slot->needs = true;
		slot->found = true;
		if (!slot->complete && probes_evidence(true)) {
			slot->complete = true;
			verdict_ctx_complete(&core_engine, slot->ctx, true);
		}
		break;
	case LOOK_RANGES_BUSY:
		slot->needs = true;
		slot->found = true;
		waits = !slot->complete;
		break;
	case LOOK_RANGES_UNKNOWN:
		/* Nobody knows where to look? Then nothing is to come. */
		waits = !slot->complete && slot->tgid;
		break;
	}
out:
	core_unlock(flags);
	return waits;
}

static bool any_slot(void)
{
	unsigned int i;

	for (i = 0; i < nr_slots; i++)
		if (slots[i].ctx)
			return true;
	return false;
}

static bool hooks_needed(void)
{
	unsigned int i;

	for (i = 0; i < nr_slots; i++)
		if (slots[i].ctx && slots[i].needs)
			return true;
	return always;
}

/* Under core_lock(): what was in flight when a hook came late was not seen by it. */
static void none_complete(void)
{
	unsigned int i;

	for (i = 0; i < nr_slots; i++) {
		if (!slots[i].ctx || !slots[i].complete)
			continue;
		slots[i].complete = false;
		verdict_ctx_complete(&core_engine, slots[i].ctx, false);
	}
}

/* Under arm_mutex. Return: false if nothing has come of it. */
static bool arm(void)
{
	static unsigned int last;
	unsigned long flags;
	bool locked;

	placed = true;
	if (!probes_demand() && armed)
		return false;
	if (!++last)
		last = 1;
	/* Not while the module is loaded: nobody else is there. */
	locked = core_lock(&flags);
	if (armed)
		none_complete();
	/* pairs with demand_armed() */
	smp_store_release(&armed, last);
	if (locked)
		core_unlock(flags);
	return true;
}

/* Under arm_mutex. */
static void disarm(void)
{
	unsigned long flags;
	bool needed;

	/* Under the lock: nobody registers meanwhile. */
	if (!core_lock(&flags))
		return;
	needed = hooks_needed();
	if (!needed)
		/* pairs with demand_armed() */
		smp_store_release(&armed, 0);
	core_unlock(flags);
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
	bool waits = false;
	unsigned int i;

	for (i = 0; i < nr_slots; i++) {
		waits |= look_after(i);
		cond_resched();
	}
	waits |= arm_or_disarm();
	if (any_slot() || placed != hooks_needed())
		work_queue_again(&demand_work, waits ? SOON : LATER);
}

/**
 * demand_init - make room; nothing is armed so far
 * @nr: userfaultfds that may be recorded at once
 * @arm_always: have the hooks in place all the time
 *
 * Return: 0 or -ENOMEM.
 */
int demand_init(unsigned int nr, bool arm_always)
{
	slots = kvcalloc(nr, sizeof(*slots), GFP_KERNEL);
	if (!slots)
		return -ENOMEM;
	nr_slots = nr;
	always = arm_always;
	return 0;
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

/**
 * demand_exit - free everything
 *
 * Never started, or after demand_stop(); after the last handler has returned.
 */
void demand_exit(void)
{
	kvfree(slots);
}
