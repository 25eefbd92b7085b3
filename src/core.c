// SPDX-License-Identifier: GPL-2.0
/*
 * From facts to engines: each is told to the engine of its mm, after what has
 * been lost before.
 */
#include "space.h"
#include "probe.h"
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>

static bool stopped = true;

/*
 * mms in which something unseen may be in flight, until the module goes. No
 * userfaultfd that is opened there later is judged either. By name, one of each
 * hash; of all others a bit, by hash, in the row of the user whose doing it was.
 */
#define NAME_BITS	8
#define ROW_BITS	10

static const void *unseen_mms[1 << NAME_BITS];
static unsigned long unseen[1 << ROW_BITS];
/* Something went unseen, and nobody knows in which mm. */
static atomic_t all_unseen;

/* Under its lock: what has been lost since the last fact? */
static void learn_losses(struct space *s)
{
	unsigned int switched = guard_generation();
	unsigned int blind = atomic_read(&all_unseen);
	unsigned long now = probes_missed();

	if (unlikely(now != s->seen.missed)) {
		s->seen.missed = now;
		verdict_lost(&s->engine);
	}
	if (unlikely(switched != s->seen.generation)) {
		s->seen.generation = switched;
		verdict_switched(&s->engine);
	}
	if (unlikely(blind != s->seen.unseen)) {
		s->seen.unseen = blind;
		verdict_mm_blind(&s->engine, NULL);
	}
}
NOKPROBE_SYMBOL(learn_losses);

/**
 * core_lock - begin to tell the engine of an address space a fact
 * @mm: the address space, a mere name; NULL: not known
 * @flags: for core_unlock()
 *
 * Any context but NMI. Looks at a pte are taken before, not under this lock.
 * What a probe has missed is learned here, so before any fact is judged: a
 * probe's counter of misses moves before the function that it missed runs.
 *
 * Return: the engine, or NULL, and nothing is locked, if the module is on its
 * way out.
 */
struct verdict_engine *core_lock(const void *mm, unsigned long *flags)
{
	struct space *s;

	local_irq_save(*flags);
	s = space_lock(mm);
	if (unlikely(READ_ONCE(stopped))) {
		raw_spin_unlock_irqrestore(&s->lock, *flags);
		return NULL;
	}
	if (likely(s->state != SPACE_STRANGERS))
		learn_losses(s);
	return &s->engine;
}
NOKPROBE_SYMBOL(core_lock);

/**
 * core_unlock - the fact is told
 * @e: from core_lock()
 * @flags: from core_lock()
 */
void core_unlock(struct verdict_engine *e, unsigned long flags)
{
	space_unlock(space_of(e), flags);
}
NOKPROBE_SYMBOL(core_unlock);

static struct verdict_engine *lock_made(const void *mm, unsigned long payer,
					unsigned long *flags)
{
	struct space_seen seen;
	struct space *s;

	local_irq_save(*flags);
	seen.unseen = atomic_read(&all_unseen);
	seen.generation = guard_generation();
	seen.missed = probes_missed();
	s = READ_ONCE(stopped) ? NULL : space_make((struct mm_struct *)mm, payer, &seen);
	if (s)
		learn_losses(s);
	else
		local_irq_restore(*flags);
	return s ? &s->engine : NULL;
}
NOKPROBE_SYMBOL(lock_made);

/**
 * core_lock_new - the same, for an mm that is about to get a userfaultfd
 * @mm: the address space; the caller's, or that of a userfaultfd which he holds
 * @payer: share_payer() of who makes it
 * @flags: for core_unlock()
 *
 * Return: its engine; NULL, and nothing is locked, if there is no room for one
 * (which is counted), or the module is on its way out.
 */
struct verdict_engine *core_lock_new(const void *mm, unsigned long payer,
				     unsigned long *flags)
{
	struct verdict_engine *e;
	int tries;

	/* Somebody else may make one at the same time, or it may just have ended. */
	for (tries = 0; tries < 2; tries++) {
		e = core_lock(mm, flags);
		if (!e || space_of(e)->state != SPACE_STRANGERS)
			return e;
		core_unlock(e, *flags);
		e = lock_made(mm, payer, flags);
		if (e)
			return e;
	}
	/* Of one that is dying nothing is lost. */
	if (atomic_read(&((struct mm_struct *)mm)->mm_users))
		count_add(COUNT_MMS_FULL, 1);
	return NULL;
}
NOKPROBE_SYMBOL(core_lock_new);

/**
 * core_stamp - the time in an address space, for a look that is about to be taken
 * @mm: the address space
 *
 * Any context, no lock.
 *
 * Return: a time no later than the look; 0 where there is no space.
 */
verdict_time core_stamp(const void *mm)
{
	verdict_time stamp = 0;
	struct space *s;

	rcu_read_lock();
	s = space_find(mm);
	if (s->state != SPACE_STRANGERS)
		stamp = READ_ONCE(s->engine.clock);
	rcu_read_unlock();
	/* Pairs with the lock around every fact: the look comes after. */
	smp_rmb();
	return stamp;
}
NOKPROBE_SYMBOL(core_stamp);

/**
 * core_demand - what demand.c keeps of an address space
 * @e: its engine, from core_lock()
 *
 * Return: that; NULL if it has no space.
 */
struct demand_mm *core_demand(struct verdict_engine *e)
{
	struct space *s = space_of(e);

	return s->state == SPACE_STRANGERS ? NULL : &s->demand;
}
NOKPROBE_SYMBOL(core_demand);

/**
 * core_looks - pages of an address space may wait for a look
 * @e: its engine, from core_lock()
 */
void core_looks(struct verdict_engine *e)
{
	space_of(e)->looks = true;
}
NOKPROBE_SYMBOL(core_looks);

/**
 * core_spaces - how many address spaces there can be
 *
 * Return: the end of the numbers for core_grab() and core_demands().
 */
unsigned int core_spaces(void)
{
	return space_nr();
}

/**
 * core_grab - an address space with userfaultfds
 * @i: its number
 * @looks: only if its pages may wait for a look, which is forgotten by that
 *
 * Process context.
 *
 * Return: the mm, for mmdrop(), or NULL.
 */
struct mm_struct *core_grab(unsigned int i, bool looks)
{
	struct space *s = space_at(i);
	struct mm_struct *mm = NULL;
	unsigned long flags;

	if (READ_ONCE(s->state) != SPACE_USED)
		return NULL;
	/* Who has set it finds the worker's queue empty, or is seen here. */
	raw_spin_lock_irqsave(&s->lock, flags);
	if (s->state == SPACE_USED && (s->looks || !looks)) {
		mm = s->mm;
		mmgrab(mm);
		if (looks)
			s->looks = false;
	}
	raw_spin_unlock_irqrestore(&s->lock, flags);
	return mm;
}

/**
 * core_demands - does an address space need hooks on demand?
 * @i: its number
 * @suspect: or may it?
 *
 * Under whatever keeps demand.c from changing that.
 *
 * Return: true if so, or if it did a moment ago.
 */
bool core_demands(unsigned int i, bool suspect)
{
	const struct space *s = space_at(i);

	return READ_ONCE(s->state) == SPACE_USED &&
	       (READ_ONCE(s->demand.needed) ||
		(suspect && READ_ONCE(s->demand.suspect)));
}

/**
 * core_op_begin - tell the engine that an operation begins
 * @ctx: of the userfaultfd
 * @mm: its address space, or NULL if that is not known
 * @kind: of operation
 * @start: of its range
 * @end: of its range, exclusive
 *
 * Any context but NMI.
 */
void core_op_begin(const void *ctx, const void *mm, enum verdict_op_kind kind,
		   unsigned long start, unsigned long end)
{
	struct verdict_engine *e;
	unsigned long flags;

	e = core_lock(mm, &flags);
	if (!e)
		return;
	verdict_op_begin_at(e, current, ctx, mm, kind, start, end);
	core_unlock(e, flags);
	if (!mm)
		atomic_inc(&all_unseen);
}
NOKPROBE_SYMBOL(core_op_begin);

/**
 * core_op_end - tell the engine that an operation has ended
 * @ctx: of the userfaultfd, or the mm: as when it began
 * @mm: as when it began
 * @kind: of operation
 * @outcome: what it did
 * @done_end: for OUTCOME_DONE: the end of what it has installed
 *
 * Any context but NMI.
 */
void core_op_end(const void *ctx, const void *mm, enum verdict_op_kind kind,
		 enum verdict_outcome outcome, unsigned long done_end)
{
	struct verdict_engine *e;
	unsigned long flags;

	e = core_lock(mm, &flags);
	if (!e)
		return;
	verdict_op_end(e, current, ctx, kind, outcome, done_end);
	core_unlock(e, flags);
}
NOKPROBE_SYMBOL(core_op_end);

static unsigned long *unseen_row(void)
{
	return &unseen[hash_32(share_payer(), ROW_BITS)];
}
NOKPROBE_SYMBOL(unseen_row);

static void remember_unseen(const void *mm)
{
	const void **name = &unseen_mms[hash_ptr((void *)mm, NAME_BITS)];
	const void *was = cmpxchg(name, NULL, mm);

	if (was && was != mm)
		set_bit(hash_ptr((void *)mm, 6), unseen_row());
}
NOKPROBE_SYMBOL(remember_unseen);

/**
 * core_unseen - something in an mm goes unseen
 * @mm: the mm; NULL: any
 *
 * Any context but NMI.
 */
void core_unseen(const void *mm)
{
	struct verdict_engine *e;
	unsigned long flags;

	/* Before the lock: whoever opens one later finds it. */
	if (!mm) {
		WRITE_ONCE(*unseen_row(), ~0UL);
		atomic_inc(&all_unseen);
		return;
	}
	remember_unseen(mm);
	e = core_lock(mm, &flags);
	if (!e)
		return;
	verdict_mm_blind(e, mm);
	core_unlock(e, flags);
}
NOKPROBE_SYMBOL(core_unseen);

/**
 * core_all_seen - may it be that all in an mm is seen?
 * @mm: the mm
 *
 * Any context; to be sure, under core_lock().
 *
 * Return: false if something may be in flight there that is not.
 */
bool core_all_seen(const void *mm)
{
	if (READ_ONCE(unseen_mms[hash_ptr((void *)mm, NAME_BITS)]) == mm)
		return false;
	return !(READ_ONCE(*unseen_row()) & BIT(hash_ptr((void *)mm, 6)));
}
NOKPROBE_SYMBOL(core_all_seen);

/**
 * core_disarm - remove hooks, and keep what they have missed
 * @on_demand: those on demand, or the others
 *
 * Process context, may sleep.
 */
void core_disarm(bool on_demand)
{
	probes_disarm(on_demand);
	if (on_demand)
		share_disarmed();
	probes_fold_misses(on_demand);
}

/**
 * core_snapshot - a copy of all counters
 * @stats: the copy; the books of each address space are from one moment
 *
 * Process context, may sleep.
 */
void core_snapshot(struct verdict_stats *stats)
{
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < space_nr() && !READ_ONCE(stopped); i++) {
		struct space *s = space_at(i);

		if (READ_ONCE(s->state) != SPACE_USED)
			continue;
		raw_spin_lock_irqsave(&s->lock, flags);
		if (s->state == SPACE_USED)
			learn_losses(s);
		space_unlock(s, flags);
	}
	space_books(stats);
}

/* Whoever is in the middle of a fact is done with it. */
static void set_stopped(bool now)
{
	if (!now)
		work_open(true);
	WRITE_ONCE(stopped, now);
	synchronize_rcu();
	if (now)
		work_open(false);
}

/**
 * core_open - begin to judge
 *
 * When everything is in place that a handler, or what it queues, may lead to.
 */
void core_open(void)
{
	set_stopped(false);
}

/**
 * core_stop - judge nothing any more
 *
 * Handlers that still run find the engine closed, and nobody queues any work.
 */
void core_stop(void)
{
	set_stopped(true);
}
