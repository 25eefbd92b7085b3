// SPDX-License-Identifier: GPL-2.0
/*
 * The hooks on page faults and unmaps are in the way of every process, so they
 * are in place only while some userfaultfd has a range that is not hugetlb.
 *
 * That has a price: what began before a hook was in place was not seen. So such
 * a userfaultfd is judged (case_ctx_watched()) from a moment on when nobody was
 * in the middle of a fault there.
 */
#include "uffd_race.h"
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#define SOON	msecs_to_jiffies(10)
#define LATER	msecs_to_jiffies(1000)

/**
 * struct range_ctx - a userfaultfd with such ranges; under engine_lock()
 * @ctx: the userfaultfd, or NULL
 * @tgid: who registered them, if it may be his; if @found, whose they are
 * @registrations: how often something was registered
 * @found: they were found in that process
 * @watched: the engine judges them
 */
struct range_ctx {
	const void *ctx;
	unsigned long tgid;
	unsigned int registrations;
	bool found, watched;
};

static struct range_ctx *slots;
static unsigned int nr_slots;
static bool always;
/* Which arming it is, if the hooks are in place; else 0. */
static unsigned int armed;
/* Who puts hooks in place, and removes them: one at a time. */
static DEFINE_MUTEX(arm_mutex);

static void ranges_worker(struct work_struct *work);
static DECLARE_DELAYED_WORK(ranges_work, ranges_worker);

static struct range_ctx *find_slot(const void *ctx)
{
	unsigned int i;

	for (i = 0; i < nr_slots; i++)
		if (slots[i].ctx == ctx)
			return &slots[i];
	return NULL;
}
NOKPROBE_SYMBOL(find_slot);

/**
 * ranges_armed - are the hooks in place?
 *
 * Any context.
 *
 * Return: 0 if not. Else what begins now is seen, until there is another answer.
 */
unsigned int ranges_armed(void)
{
	return smp_load_acquire(&armed);
}
NOKPROBE_SYMBOL(ranges_armed);

/*
 * There is room for all that have a record, and no others need any hook: their
 * events are undecided with or without.
 */
static struct range_ctx *new_slot(const void *ctx, unsigned int since)
{
	struct range_ctx *slot = find_slot(NULL);
	const void *mm = case_ctx_mm(&engine, ctx);

	if (!slot || !case_ctx_tag(&engine, ctx))
		return NULL;
	*slot = (struct range_ctx) {
		.ctx = ctx,
		.tgid = mm && mm != current->mm ? 0 : current->tgid,
		.watched = since && since == armed && probes_evidence(true),
	};
	if (slot->watched)
		case_ctx_watched(&engine, ctx, true);
	return slot;
}
NOKPROBE_SYMBOL(new_slot);

/**
 * ranges_registered - a userfaultfd has a range that is not hugetlb
 * @ctx: the userfaultfd
 * @since: ranges_armed() when its registration began. It waits for all faults
 *	(mmap_write_lock(), vma_start_write()), so all later ones are seen.
 *
 * From the handler on ioctls.
 */
void ranges_registered(const void *ctx, unsigned int since)
{
	struct range_ctx *slot;
	unsigned long flags;

	if (!engine_lock(&flags))
		return;
	slot = find_slot(ctx);
	if (!slot)
		slot = new_slot(ctx, since);
	if (slot)
		slot->registrations++;
	engine_unlock(flags);
	engine_queue(&ranges_work, 0);
}
NOKPROBE_SYMBOL(ranges_registered);

/**
 * ranges_inherited - fork() has made a userfaultfd with its parent's ranges
 * @ctx: the new one
 * @parent: its parent
 *
 * From the handler on fork; the child has not run yet.
 */
void ranges_inherited(const void *ctx, const void *parent)
{
	unsigned long flags;
	bool has = false;

	if (!engine_lock(&flags))
		return;
	has = find_slot(parent);
	engine_unlock(flags);
	if (has)
		ranges_registered(ctx, ranges_armed());
}
NOKPROBE_SYMBOL(ranges_inherited);

/**
 * ranges_released - a userfaultfd ends
 * @ctx: the userfaultfd
 *
 * Under engine_lock(), from the handler on release.
 */
void ranges_released(const void *ctx)
{
	struct range_ctx *slot = find_slot(ctx);

	if (slot)
		slot->ctx = NULL;
}
NOKPROBE_SYMBOL(ranges_released);

/**
 * ranges_forget - any of them may have ended unseen
 *
 * Under engine_lock(), from any context but NMI. None of them is judged any
 * more, so none needs hooks.
 */
void ranges_forget(void)
{
	unsigned int i;

	for (i = 0; i < nr_slots; i++)
		slots[i].ctx = NULL;
}
NOKPROBE_SYMBOL(ranges_forget);

/* Looks after one slot. Return: true if it waits for a quiet moment. */
static bool look_after(unsigned int i)
{
	struct range_ctx was, *slot = &slots[i];
	const void *whose = NULL;
	enum look_ranges look;
	unsigned long flags;
	bool waits = false;

	if (!engine_lock(&flags))
		return false;
	was = *slot;
	engine_unlock(flags);
	if (!was.ctx)
		return false;
	look = look_ranges(was.ctx, was.tgid, armed && !was.watched,
			   &whose);
	if (!engine_lock(&flags))
		return false;
	if (slot->ctx != was.ctx || slot->registrations != was.registrations)
		goto out;	/* what was found is out of date */
	if (whose)
		case_ctx_belongs(&engine, slot->ctx, whose);
	switch (look) {
	case LOOK_RANGES_NONE:
		/* Who registers may do so for another process. */
		if (slot->found) {
			case_ctx_watched(&engine, slot->ctx, false);
			slot->ctx = NULL;
		}
		break;
	case LOOK_RANGES_QUIET:
		slot->found = true;
		if (!slot->watched && probes_evidence(true)) {
			slot->watched = true;
			case_ctx_watched(&engine, slot->ctx, true);
		}
		break;
	case LOOK_RANGES_BUSY:
		slot->found = true;
		waits = !slot->watched;
		break;
	case LOOK_RANGES_UNKNOWN:
		/* Nobody knows where to look? Then nothing is to come. */
		waits = !slot->watched && slot->tgid;
		break;
	}
out:
	engine_unlock(flags);
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
	return always || any_slot();
}

/* Under arm_mutex. */
static void arm(void)
{
	static unsigned int last;
	unsigned long flags;
	bool locked;

	probes_demand();
	if (!++last)
		last = 1;
	/* Not while the module is loaded: nobody else is there. */
	locked = engine_lock(&flags);
	smp_store_release(&armed, last);
	if (locked)
		engine_unlock(flags);
}

/* Under arm_mutex. */
static void disarm(void)
{
	unsigned long flags;
	bool needed;

	/* Under the lock: nobody registers meanwhile. */
	if (!engine_lock(&flags))
		return;
	needed = hooks_needed();
	if (!needed)
		smp_store_release(&armed, 0);
	engine_unlock(flags);
	if (!needed)
		probes_undemand();
}

static bool arm_or_disarm(void)
{
	bool armed_now = false;

	mutex_lock(&arm_mutex);
	if (armed)
		disarm();
	else if (hooks_needed()) {
		arm();
		armed_now = true;
	}
	mutex_unlock(&arm_mutex);
	return armed_now;
}

static void ranges_worker(struct work_struct *work)
{
	bool waits = false;
	unsigned int i;

	for (i = 0; i < nr_slots; i++) {
		waits |= look_after(i);
		cond_resched();
	}
	waits |= arm_or_disarm();
	if (any_slot() || !!armed != hooks_needed())
		engine_queue_again(&ranges_work, waits ? SOON : LATER);
}

/**
 * ranges_init - make room; nothing is armed so far
 * @nr: userfaultfds that may be recorded at once
 * @arm_always: have the hooks in place all the time
 *
 * Return: 0 or -ENOMEM.
 */
int ranges_init(unsigned int nr, bool arm_always)
{
	slots = kvcalloc(nr, sizeof(*slots), GFP_KERNEL);
	if (!slots)
		return -ENOMEM;
	nr_slots = nr;
	always = arm_always;
	return 0;
}

/**
 * ranges_start - put the hooks in place, if they are to be there all the time
 *
 * After probes_init().
 */
void ranges_start(void)
{
	mutex_lock(&arm_mutex);
	if (always)
		arm();
	mutex_unlock(&arm_mutex);
}

/**
 * ranges_stop - arm nothing any more
 *
 * After engine_stop(); handlers may still run.
 */
void ranges_stop(void)
{
	cancel_delayed_work_sync(&ranges_work);
}

/**
 * ranges_exit - free everything
 *
 * Never started, or after ranges_stop(); after the last handler has returned.
 */
void ranges_exit(void)
{
	kvfree(slots);
}
