// SPDX-License-Identifier: GPL-2.0
/*
 * The spaces: one for each address space (mm) with userfaultfds, with an engine
 * of its own, so its own lock, clock and tables. Nobody's threads, userfaultfds
 * or sleepers take room from another one's events, or time.
 *
 * A handler only ever takes a spare, which a worker has made ready before, and
 * lets it go; the same worker adds its books to those of the dead.
 *
 * What is told of an mm without a space goes to the strangers' engine. It has no
 * userfaultfds, so nothing is judged there: it counts events, and keeps the
 * operations in flight that a space must know which is made meanwhile.
 */
#include "uffd_race.h"
#include "probe.h"
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

enum space_state {
	SPACE_EMPTY,		/* no memory */
	SPACE_SPARE,		/* ready to be used */
	SPACE_USED,
	SPACE_OVER,		/* used no more; for the worker */
};

/**
 * struct space - an address space with userfaultfds, or room for one
 * @node: in the index, while it is used
 * @lock: raw: taken in probe handlers, for a few table lookups
 * @mm: whose; pinned, so that its address means nobody else. NULL: nobody's
 * @payer: who has made its first userfaultfd
 * @state: SPACE_USED begins and ends under @lock; a spare is taken under make_lock
 * @fresh: the worker has not heard of it yet
 * @looks: some of its pages may wait for a look
 * @dying: the worker's: it is being buried
 * @missed: probes_missed() as last seen
 * @generation: guard_generation() as last seen
 * @unseen: all_unseen as last seen
 * @demand: see demand.c
 * @engine: its verdicts
 * @memory: of @engine
 */
struct space {
	struct hlist_node node;
	raw_spinlock_t lock;
	struct mm_struct *mm;
	unsigned long payer;
	enum space_state state;
	bool fresh, looks, dying;
	unsigned long missed;
	unsigned int generation, unseen;
	struct demand_mm demand;
	struct verdict_engine engine;
	void *memory;
};

#define INDEX_BITS	8
#define NR_SPARES	8u
#define MAX_SPARES	32u
#define TICK		msecs_to_jiffies(1000)

static DEFINE_HASHTABLE(index, INDEX_BITS);
/* Taken in probe handlers, so raw: make_lock > space.lock > index_lock. */
static DEFINE_RAW_SPINLOCK(make_lock);	/* one space is made at a time */
static DEFINE_RAW_SPINLOCK(index_lock);
/* Process context: the books of all spaces, together with those of the dead. */
static DEFINE_MUTEX(books_mutex);

static struct space *spaces;
static unsigned int nr_spaces;
static unsigned int nr_used;		/* under index_lock */
static unsigned int nr_memories;	/* the worker's */
static struct verdict_limits limits;
static struct space strangers = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(strangers.lock),
};
static struct verdict_stats dead;	/* of spaces that are over */
static verdict_time newest;		/* clock of any that is over; under index_lock */
static bool stopped = true;
static atomic_long_t counters[NR_CORE_COUNTERS];

/*
 * By user and hash: mms in which something unseen may be in flight, until the
 * module goes. No userfaultfd that is opened there later is judged either.
 */
#define UNSEEN_BITS	6

static unsigned long unseen[1 << UNSEEN_BITS];
/* Something went unseen, and nobody knows in which mm. */
static atomic_t all_unseen;

static void spare_worker(struct work_struct *work);
static DECLARE_DELAYED_WORK(spare_work, spare_worker);

static struct space *space_of(struct verdict_engine *e)
{
	return container_of(e, struct space, engine);
}
NOKPROBE_SYMBOL(space_of);

/* Under RCU, or with preemption off, or under index_lock. */
static struct space *space_find(const void *mm)
{
	struct space *s;

	hash_for_each_possible_rcu(index, s, node, (unsigned long)mm)
		if (READ_ONCE(s->mm) == mm)
			return s;
	return &strangers;
}
NOKPROBE_SYMBOL(space_find);

/*
 * Between finding a space and having its lock it may have ended, and its mm
 * may have got another one; what is told to the strangers by then would be told
 * to nobody. Interrupts are off, which is as good as rcu_read_lock().
 */
static struct space *space_lock(const void *mm)
{
	struct space *s;
	int tries;

	for (tries = 0; tries < 8; tries++) {
		s = space_find(mm);
		raw_spin_lock(&s->lock);
		if (likely(s == space_find(mm)))
			return s;
		raw_spin_unlock(&s->lock);
	}
	/* Userfaultfds that come and go, each time just now. Not to be waited for. */
	atomic_inc(&all_unseen);
	return NULL;
}
NOKPROBE_SYMBOL(space_lock);

/* Under its lock: what has been lost since the last fact? */
static void learn_losses(struct space *s)
{
	unsigned int switched = guard_generation();
	unsigned int blind = atomic_read(&all_unseen);
	unsigned long now = probes_missed();

	if (unlikely(now != s->missed)) {
		s->missed = now;
		verdict_lost(&s->engine);
	}
	if (unlikely(switched != s->generation)) {
		s->generation = switched;
		verdict_switched(&s->engine);
	}
	if (unlikely(blind != s->unseen)) {
		s->unseen = blind;
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
	if (unlikely(!s))
		goto no_space;
	if (unlikely(stopped)) {
		raw_spin_unlock(&s->lock);
		goto no_space;
	}
	if (likely(s != &strangers))
		learn_losses(s);
	return &s->engine;

no_space:
	local_irq_restore(*flags);
	return NULL;
}
NOKPROBE_SYMBOL(core_lock);

/* Under its lock. The worker does the rest. */
static void space_end(struct space *s)
{
	raw_spin_lock(&index_lock);
	hash_del_rcu(&s->node);
	newest = max(newest, s->engine.clock);
	nr_used--;
	raw_spin_unlock(&index_lock);
	WRITE_ONCE(s->state, SPACE_OVER);
}
NOKPROBE_SYMBOL(space_end);

/*
 * Without a userfaultfd, and with nothing in flight that the next one in the same
 * mm would have to know.
 */
static bool space_idle(const struct space *s)
{
	return !s->engine.ctxs && !s->engine.ops;
}
NOKPROBE_SYMBOL(space_idle);

/**
 * core_unlock - the fact is told
 * @e: from core_lock()
 * @flags: from core_lock()
 */
void core_unlock(struct verdict_engine *e, unsigned long flags)
{
	struct space *s = space_of(e);
	bool over, fresh = s->fresh;

	over = s->state == SPACE_USED && space_idle(s);
	if (unlikely(over))
		space_end(s);
	s->fresh = false;
	raw_spin_unlock_irqrestore(&s->lock, flags);
	if (unlikely(over || fresh))
		work_queue(&spare_work, 0);
}
NOKPROBE_SYMBOL(core_unlock);

/* A user may have at most half of what the others leave. */
static struct space *spare_for(unsigned long payer)
{
	unsigned int i, of_user = 0, of_others = 0;
	struct space *spare = NULL;

	for (i = 0; i < nr_spaces; i++) {
		struct space *s = &spaces[i];
		/* pairs with spares_keep() and space_bury() */
		enum space_state state = smp_load_acquire(&s->state);

		if (state == SPACE_SPARE)
			spare = s;
		else if (state == SPACE_USED && s->payer == payer)
			of_user++;
		else if (state == SPACE_USED)
			of_others++;
	}
	return of_user < (nr_spaces - of_others + 1) / 2 ? spare : NULL;
}
NOKPROBE_SYMBOL(spare_for);

/*
 * Locked before it can be found, and it knows what is in flight before anybody
 * tells it more: who told the strangers did so before we have their lock, or
 * finds the space. Its clock is ahead of any that this mm has ever had.
 */
static bool space_begin(struct space *s, struct mm_struct *mm, unsigned long payer)
{
	bool all_known;

	raw_spin_lock(&s->lock);
	mmgrab(mm);
	s->payer = payer;
	s->fresh = true;
	s->looks = false;
	s->demand = (struct demand_mm) { };
	s->missed = probes_missed();
	s->generation = guard_generation();
	s->unseen = atomic_read(&all_unseen);
	WRITE_ONCE(s->mm, mm);
	WRITE_ONCE(s->state, SPACE_USED);
	raw_spin_lock(&index_lock);
	s->engine.clock = newest + 1;
	hash_add_rcu(index, &s->node, (unsigned long)mm);
	nr_used++;
	raw_spin_unlock(&index_lock);
	raw_spin_lock(&strangers.lock);
	all_known = verdict_ops_adopt(&s->engine, &strangers.engine, mm);
	raw_spin_unlock(&strangers.lock);
	if (all_known)
		return true;
	/* Something is in flight, and nobody knows in which mm. */
	space_end(s);
	raw_spin_unlock(&s->lock);
	return false;
}
NOKPROBE_SYMBOL(space_begin);

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
	struct mm_struct *of = (struct mm_struct *)mm;
	struct verdict_engine *e;
	struct space *s = NULL;

	raw_spin_lock_irqsave(&make_lock, *flags);
	if (space_find(mm) != &strangers) {
		raw_spin_unlock_irqrestore(&make_lock, *flags);
		e = core_lock(mm, flags);
		if (!e || space_of(e) != &strangers)
			return e;
		core_unlock(e, *flags);	/* it has ended just now */
		raw_spin_lock_irqsave(&make_lock, *flags);
		if (space_find(mm) != &strangers)
			goto none;
	}
	/* Where nobody is left there will be no fault. */
	if (!READ_ONCE(stopped) && atomic_read(&of->mm_users))
		s = spare_for(payer);
	if (s && space_begin(s, of, payer)) {
		raw_spin_unlock(&make_lock);
		learn_losses(s);
		return &s->engine;
	}
none:
	raw_spin_unlock_irqrestore(&make_lock, *flags);
	core_count(CORE_MMS_FULL, 1);
	work_queue(&spare_work, 0);
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
	if (s != &strangers)
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

	return s == &strangers ? NULL : &s->demand;
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
 * Return: the end of the numbers for core_grab() and core_demanded().
 */
unsigned int core_spaces(void)
{
	return nr_spaces;
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
	struct space *s = &spaces[i];
	struct mm_struct *mm = NULL;
	unsigned long flags;

	if (READ_ONCE(s->state) != SPACE_USED || (looks && !READ_ONCE(s->looks)))
		return NULL;
	raw_spin_lock_irqsave(&s->lock, flags);
	if (s->state == SPACE_USED) {
		mm = s->mm;
		mmgrab(mm);
		if (looks)
			s->looks = false;
	}
	raw_spin_unlock_irqrestore(&s->lock, flags);
	return mm;
}

/**
 * core_demanded - does an address space need hooks on demand?
 * @i: its number
 *
 * Under whatever keeps demand.c from changing that.
 *
 * Return: true if so, or if it did a moment ago.
 */
bool core_demanded(unsigned int i)
{
	return READ_ONCE(spaces[i].state) == SPACE_USED &&
	       READ_ONCE(spaces[i].demand.needed);
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

/**
 * core_unseen - something in an mm goes unseen
 * @mm: the mm; NULL: any
 *
 * Any context but NMI.
 */
void core_unseen(const void *mm)
{
	unsigned long *of = &unseen[hash_32(share_payer(), UNSEEN_BITS)];
	struct verdict_engine *e;
	unsigned long flags;

	/* Before the lock: whoever opens one later finds it. */
	if (!mm) {
		WRITE_ONCE(*of, ~0UL);
		atomic_inc(&all_unseen);
		return;
	}
	set_bit(hash_long((unsigned long)mm, 6), of);
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
 * Under core_lock().
 *
 * Return: false if something may be in flight there that is not.
 */
bool core_all_seen(const void *mm)
{
	unsigned long of = READ_ONCE(unseen[hash_32(share_payer(), UNSEEN_BITS)]);

	return !(of & BIT(hash_long((unsigned long)mm, 6)));
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

static void stats_add(struct verdict_stats *to, const struct verdict_stats *from)
{
	const unsigned long long *f = (const void *)from;
	unsigned long long *t = (void *)to;
	unsigned int i;

	BUILD_BUG_ON(sizeof(*to) % sizeof(*t));
	for (i = 0; i < sizeof(*to) / sizeof(*t); i++)
		t[i] += f[i];
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
	struct space *s;

	mutex_lock(&books_mutex);
	*stats = dead;
	for (s = spaces; s < spaces + nr_spaces; s++) {
		if (!READ_ONCE(s->mm))
			continue;
		raw_spin_lock_irqsave(&s->lock, flags);
		if (s->state == SPACE_USED && !READ_ONCE(stopped))
			learn_losses(s);
		stats_add(stats, &s->engine.stats);
		raw_spin_unlock_irqrestore(&s->lock, flags);
	}
	raw_spin_lock_irqsave(&strangers.lock, flags);
	stats_add(stats, &strangers.engine.stats);
	raw_spin_unlock_irqrestore(&strangers.lock, flags);
	mutex_unlock(&books_mutex);
}

/**
 * core_reset - zero the books, and the counters
 *
 * Process context, may sleep.
 */
void core_reset(void)
{
	unsigned long flags;
	struct space *s;
	int i;

	mutex_lock(&books_mutex);
	memset(&dead, 0, sizeof(dead));
	for (s = spaces; s < spaces + nr_spaces; s++) {
		if (!READ_ONCE(s->mm))
			continue;
		raw_spin_lock_irqsave(&s->lock, flags);
		verdict_reset(&s->engine);
		raw_spin_unlock_irqrestore(&s->lock, flags);
	}
	raw_spin_lock_irqsave(&strangers.lock, flags);
	verdict_reset(&strangers.engine);
	raw_spin_unlock_irqrestore(&strangers.lock, flags);
	mutex_unlock(&books_mutex);
	for (i = 0; i < NR_CORE_COUNTERS; i++)
		atomic_long_set(&counters[i], 0);
}

/**
 * core_memory - memory of all tables, as of now
 *
 * Return: bytes.
 */
size_t core_memory(void)
{
	return verdict_bytes(&limits) * READ_ONCE(nr_memories);
}

static bool space_alloc(struct space *s)
{
	if (!s->memory) {
		s->memory = vzalloc(verdict_bytes(&limits));
		if (!s->memory)
			return false;
		WRITE_ONCE(nr_memories, nr_memories + 1);
	}
	verdict_init(&s->engine, &limits, s->memory);
	return true;
}

static void space_free(struct space *s)
{
	if (s->memory)
		WRITE_ONCE(nr_memories, nr_memories - 1);
	vfree(s->memory);
	s->memory = NULL;
}

/* Its books go to those of the dead. Nobody waits for its lock any more. */
static void space_bury(struct space *s)
{
	struct mm_struct *mm = s->mm;

	mutex_lock(&books_mutex);
	stats_add(&dead, &s->engine.stats);
	WRITE_ONCE(s->mm, NULL);
	verdict_init(&s->engine, &limits, s->memory);
	mutex_unlock(&books_mutex);
	/* pairs with spare_for() */
	smp_store_release(&s->state, SPACE_SPARE);
	mmdrop(mm);
}

/* Nobody is left to fault there, though somebody may hold a userfaultfd of it. */
static void space_check(struct space *s)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&s->lock, flags);
	if (s->state == SPACE_USED && !atomic_read(&s->mm->mm_users)) {
		verdict_all_gone(&s->engine);
		space_end(s);
	} else if (s->state == SPACE_USED && space_idle(s)) {
		space_end(s);
	}
	raw_spin_unlock_irqrestore(&s->lock, flags);
}

static void spare_drop(struct space *s)
{
	bool taken;

	raw_spin_lock_irq(&make_lock);
	taken = s->state != SPACE_SPARE;
	if (!taken)
		s->state = SPACE_EMPTY;
	raw_spin_unlock_irq(&make_lock);
	if (!taken)
		space_free(s);
}

/* Always some to be had, and none kept that a burst has left. */
static void spares_keep(void)
{
	unsigned int spares = 0;
	struct space *s;

	for (s = spaces; s < spaces + nr_spaces; s++)
		if (READ_ONCE(s->state) == SPACE_SPARE && ++spares > MAX_SPARES)
			spare_drop(s);
	for (s = spaces; s < spaces + nr_spaces && spares < NR_SPARES; s++) {
		if (READ_ONCE(s->state) != SPACE_EMPTY || !space_alloc(s))
			continue;
		/* pairs with spare_for() */
		smp_store_release(&s->state, SPACE_SPARE);
		spares++;
	}
}

static void bury_all(void)
{
	bool over = false;
	struct space *s;

	for (s = spaces; s < spaces + nr_spaces; s++) {
		if (READ_ONCE(s->state) == SPACE_USED)
			space_check(s);
		over |= READ_ONCE(s->state) == SPACE_OVER;
	}
	if (!over)
		return;
	for (s = spaces; s < spaces + nr_spaces; s++)
		s->dying = READ_ONCE(s->state) == SPACE_OVER;
	synchronize_rcu();	/* who has found one has let its lock go */
	for (s = spaces; s < spaces + nr_spaces; s++)
		if (s->dying)
			space_bury(s);
}

static void spare_worker(struct work_struct *work)
{
	bury_all();
	spares_keep();
	/* An mm dies unheard. */
	if (READ_ONCE(nr_used))
		work_queue_again(&spare_work, TICK);
}

/**
 * core_init - make some room; see core_open()
 * @l: sizes of the tables of each address space
 * @mms: address spaces with userfaultfds at once
 *
 * Return: 0 or -ENOMEM.
 */
int core_init(const struct verdict_limits *l, unsigned int mms)
{
	const struct verdict_limits few = {
		.pages = 1, .faults = 1, .ctxs = 1, .ops = l->ops,
	};
	struct space *s;

	limits = *l;
	spaces = kvcalloc(mms, sizeof(*spaces), GFP_KERNEL);
	strangers.memory = vzalloc(verdict_bytes(&few));
	if (!spaces || !strangers.memory) {
		core_exit();
		return -ENOMEM;
	}
	verdict_init(&strangers.engine, &few, strangers.memory);
	nr_spaces = mms;
	for (s = spaces; s < spaces + nr_spaces; s++)
		raw_spin_lock_init(&s->lock);
	spares_keep();
	return 0;
}

/**
 * core_used - how many address spaces have userfaultfds that are judged
 *
 * Return: where that stands; a hint.
 */
const unsigned int *core_used(void)
{
	return &nr_used;
}
NOKPROBE_SYMBOL(core_used);

/* Whoever is in the middle of a fact is done with it. */
static void set_stopped(bool now)
{
	WRITE_ONCE(stopped, now);
	synchronize_rcu();
	work_open(!now);
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
	struct space *s;

	cancel_delayed_work_sync(&spare_work);
	for (s = spaces; s < spaces + nr_spaces; s++) {
		if (s->mm)
			mmdrop(s->mm);
		space_free(s);
	}
	kvfree(spaces);
	vfree(strangers.memory);
}
