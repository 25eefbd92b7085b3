// SPDX-License-Identifier: GPL-2.0
/*
 * The one engine of this kernel: its lock, its clock, its memory, and counters.
 */
#include "uffd_race.h"
#include "probe.h"
#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>
#include <linux/vmalloc.h>

struct verdict_engine core_engine;

/* Raw: taken in probe handlers, for a few table lookups. */
static DEFINE_RAW_SPINLOCK(lock);
static bool stopped = true;
static unsigned long missed;
static atomic_long_t counters[NR_CORE_COUNTERS];
static unsigned int generation;
static void *memory;

/* Under the lock: what has been lost since the last fact? */
static void learn_losses(void)
{
	unsigned int switched = guard_generation();
	unsigned long now = probes_missed();

	if (unlikely(now != missed)) {
		missed = now;
		verdict_lost(&core_engine);
	}
	if (unlikely(switched != generation)) {
		generation = switched;
		verdict_switched(&core_engine);
	}
}
NOKPROBE_SYMBOL(learn_losses);

/**
 * core_lock - begin to tell the engine a fact
 * @flags: for core_unlock()
 *
 * Any context but NMI. Looks at a pte are taken before, not under this lock.
 * What a probe has missed is learned here, so before any fact is judged: a
 * probe's counter of misses moves before the function that it missed runs.
 *
 * Return: false, and nothing is locked, if the module is on its way out.
 */
bool core_lock(unsigned long *flags)
{
	raw_spin_lock_irqsave(&lock, *flags);
	if (unlikely(stopped)) {
		raw_spin_unlock_irqrestore(&lock, *flags);
		return false;
	}
	learn_losses();
	return true;
}
NOKPROBE_SYMBOL(core_lock);

/**
 * core_unlock - the fact is told
 * @flags: from core_lock()
 */
void core_unlock(unsigned long flags)
{
	raw_spin_unlock_irqrestore(&lock, flags);
}
NOKPROBE_SYMBOL(core_unlock);

/**
 * core_stamp - the time, for a look that is about to be taken
 *
 * Any context, no lock.
 *
 * Return: a time no later than the look.
 */
verdict_time core_stamp(void)
{
	verdict_time stamp = READ_ONCE(core_engine.clock);

	/* Pairs with the lock around every fact: the look comes after. */
	smp_rmb();
	return stamp;
}
NOKPROBE_SYMBOL(core_stamp);

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
	unsigned long flags;

	if (!core_lock(&flags))
		return;
	verdict_op_begin_at(&core_engine, current, ctx, mm, kind, start, end);
	core_unlock(flags);
}
NOKPROBE_SYMBOL(core_op_begin);

/**
 * core_op_end - tell the engine that an operation has ended
 * @ctx: of the userfaultfd
 * @kind: of operation
 * @outcome: what it did
 * @done_end: for OUTCOME_DONE: the end of what it has installed
 *
 * Any context but NMI.
 */
void core_op_end(const void *ctx, enum verdict_op_kind kind,
		 enum verdict_outcome outcome, unsigned long done_end)
{
	unsigned long flags;

	if (!core_lock(&flags))
		return;
	verdict_op_end(&core_engine, current, ctx, kind, outcome, done_end);
	core_unlock(flags);
}
NOKPROBE_SYMBOL(core_op_end);

/*
 * Whose return probes are in flight. Whoever sleeps in an ioctl holds one, and
 * there are only so many: without shares any user could make all others' be
 * missed, which would cost everybody his evidence.
 */
#define SHARE_BITS	6
#define SHARES		(1 << SHARE_BITS)

/* The upper half is of hooks on demand: once these go, no return is seen. */
static atomic_t in_flight[2 * SHARES];

/*
 * By share and hash: mms in which something unseen may be in flight, until the
 * module goes. No userfaultfd that is opened there later is judged either.
 */
static unsigned long unseen[SHARES];

/**
 * core_payer - who pays for what the current task uses up
 *
 * Any context. The users of a user namespace are the one who made it.
 *
 * Return: the user's number, and never 0.
 */
unsigned long core_payer(void)
{
	const struct user_namespace *ns = current_user_ns();
	kuid_t uid = current_uid();

	while (ns->parent) {
		uid = ns->owner;
		ns = ns->parent;
	}
	return 1UL + __kuid_val(uid);
}
NOKPROBE_SYMBOL(core_payer);

/**
 * core_hold - may an instance of a return probe be kept until the return?
 * @share: set to what core_let_go() needs
 * @on_demand: its hook comes and goes
 *
 * Any context. A user may keep at most half of what there is.
 *
 * Return: true if so; else it is to be given back at once.
 */
bool core_hold(u8 *share, bool on_demand)
{
	*share = hash_32(core_payer(), SHARE_BITS) + (on_demand ? SHARES : 0);
	if (atomic_inc_return(&in_flight[*share]) +
	    atomic_read(&in_flight[*share ^ SHARES]) <= core_engine.limits.ops / 2)
		return true;
	atomic_dec(&in_flight[*share]);
	core_count(CORE_OVER_SHARE, 1);
	return false;
}
NOKPROBE_SYMBOL(core_hold);

/**
 * core_let_go - the return of what core_hold() has allowed
 * @share: whose it was
 */
void core_let_go(u8 share)
{
	atomic_dec(&in_flight[share]);
}
NOKPROBE_SYMBOL(core_let_go);

/**
 * core_unseen - something in an mm goes unseen
 * @mm: the mm; NULL: any
 *
 * Any context but NMI.
 */
void core_unseen(const void *mm)
{
	unsigned long *of = &unseen[hash_32(core_payer(), SHARE_BITS)];
	unsigned long flags;

	/* Before the lock: whoever opens one later finds it. */
	if (mm)
		set_bit(hash_long((unsigned long)mm, 6), of);
	else
		WRITE_ONCE(*of, ~0UL);
	if (!core_lock(&flags))
		return;
	verdict_mm_blind(&core_engine, mm);
	core_unlock(flags);
}
NOKPROBE_SYMBOL(core_unseen);

/**
 * core_all_seen - may it be that all in an mm is seen?
 * @mm: the mm; NULL: any
 *
 * Under core_lock().
 *
 * Return: false if something may be in flight there that is not.
 */
bool core_all_seen(const void *mm)
{
	unsigned long of = READ_ONCE(unseen[hash_32(core_payer(), SHARE_BITS)]);

	return mm ? !(of & BIT(hash_long((unsigned long)mm, 6))) : !of;
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
	unsigned long flags;
	int i;

	probes_disarm(on_demand);
	for (i = SHARES; on_demand && i < 2 * SHARES; i++)
		atomic_set(&in_flight[i], 0);
	/* The sum must not move: see core_lock(). */
	raw_spin_lock_irqsave(&lock, flags);
	probes_fold_misses(on_demand);
	raw_spin_unlock_irqrestore(&lock, flags);
}

/**
 * core_count - count what the engine does not
 * @counter: which
 * @n: how many
 *
 * Any context.
 */
void core_count(enum core_counter counter, long n)
{
	atomic_long_add(n, &counters[counter]);
}
NOKPROBE_SYMBOL(core_count);

/**
 * core_counter - read such a counter
 * @counter: which
 *
 * Return: how many since the last core_reset().
 */
unsigned long long core_counter(enum core_counter counter)
{
	return atomic_long_read(&counters[counter]);
}

/**
 * core_generation - moves when hooks were switched off behind our back
 *
 * Under core_lock().
 *
 * Return: a number; what was known when it was another one does not count.
 */
unsigned int core_generation(void)
{
	return generation;
}
NOKPROBE_SYMBOL(core_generation);

/**
 * core_snapshot - a copy of all counters, from one moment
 * @stats: the copy
 */
void core_snapshot(struct verdict_stats *stats)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	if (!stopped)
		learn_losses();
	*stats = core_engine.stats;
	raw_spin_unlock_irqrestore(&lock, flags);
}

/**
 * core_reset - zero the books, and the counters
 */
void core_reset(void)
{
	unsigned long flags;
	int i;

	raw_spin_lock_irqsave(&lock, flags);
	verdict_reset(&core_engine);
	raw_spin_unlock_irqrestore(&lock, flags);
	for (i = 0; i < NR_CORE_COUNTERS; i++)
		atomic_long_set(&counters[i], 0);
}

/**
 * core_memory - memory of all tables
 *
 * Return: bytes.
 */
size_t core_memory(void)
{
	return verdict_bytes(&core_engine.limits);
}

/**
 * core_init - allocate the tables; see core_open()
 * @limits: their sizes
 *
 * Return: 0 or -ENOMEM.
 */
int core_init(const struct verdict_limits *limits)
{
	memory = vzalloc(verdict_bytes(limits));
	if (!memory)
		return -ENOMEM;
	verdict_init(&core_engine, limits, memory);
	return 0;
}

static void set_stopped(bool now)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	missed = probes_missed();
	generation = guard_generation();
	WRITE_ONCE(stopped, now);
	work_open(!now);
	raw_spin_unlock_irqrestore(&lock, flags);
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

/**
 * core_exit - free everything
 *
 * Never opened, or after core_stop(); after the last handler has returned.
 */
void core_exit(void)
{
	vfree(memory);
}
