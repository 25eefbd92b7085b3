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
#include "space.h"
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#define INDEX_BITS	8
#define MIN_SPARES	4u
#define NR_SPARES	8u	/* or fewer, of more than SPARE_BYTES in all */
#define SPARE_BYTES	(8u << 20)
#define MAX_SPARES	32u	/* that a burst may leave */
#define TICK		msecs_to_jiffies(1000)

static DEFINE_HASHTABLE(index, INDEX_BITS);
/* Taken in probe handlers, so raw: make_lock > space.lock > strangers.lock, index_lock. */
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
	.state = SPACE_STRANGERS,
};
static struct verdict_stats dead;	/* of spaces that are over */
static verdict_time newest;		/* clock of any that is over; under index_lock */

static void spare_worker(struct work_struct *work);
static DECLARE_DELAYED_WORK(spare_work, spare_worker);

/**
 * space_find - the space of an mm
 * @mm: the mm, a mere name; NULL: not known
 *
 * Under RCU, or with preemption off.
 *
 * Return: that; or the strangers'.
 */
struct space *space_find(const void *mm)
{
	struct space *s;

	hash_for_each_possible_rcu(index, s, node, (unsigned long)mm)
		if (READ_ONCE(s->mm) == mm)
			return s;
	return &strangers;
}
NOKPROBE_SYMBOL(space_find);

/**
 * space_lock - the space of an mm, locked
 * @mm: the mm, a mere name; NULL: not known
 *
 * Between finding a space and having its lock it may have ended, and its mm may
 * have got another one; what is told to the strangers by then would be told to
 * nobody. Interrupts are off, which is as good as rcu_read_lock().
 *
 * Return: the space; or the strangers'.
 */
struct space *space_lock(const void *mm)
{
	struct space *s;
	int tries;

	for (tries = 0;; tries++) {
		/* None begins under it, so this ends. */
		if (unlikely(tries == 4))
			raw_spin_lock(&make_lock);
		s = space_find(mm);
		raw_spin_lock(&s->lock);
		if (likely(s == space_find(mm)))
			break;
		raw_spin_unlock(&s->lock);
	}
	if (unlikely(tries >= 4))
		raw_spin_unlock(&make_lock);
	return s;
}
NOKPROBE_SYMBOL(space_lock);

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
 * space_unlock - let a space go, which ends with its last userfaultfd
 * @s: the space, locked
 * @flags: of the interrupts
 */
void space_unlock(struct space *s, unsigned long flags)
{
	bool over, fresh = s->fresh;

	over = s->state == SPACE_USED && space_idle(s);
	if (unlikely(over))
		space_end(s);
	if (unlikely(s->state == SPACE_STRANGERS && !s->engine.free_ops))
		inside_doubt();
	s->fresh = false;
	raw_spin_unlock_irqrestore(&s->lock, flags);
	if (unlikely(over || fresh))
		work_queue(&spare_work, 0);
}
NOKPROBE_SYMBOL(space_unlock);

/*
 * A user may have at most half of what the others leave; and of the spares, which
 * take a while to be made, as many as he leaves.
 */
static struct space *spare_for(unsigned long payer)
{
	unsigned int i, of_user = 0, of_others = 0, spares = 0, just_now = 0;
	struct space *spare = NULL;

	for (i = 0; i < nr_spaces; i++) {
		struct space *s = &spaces[i];
		/* pairs with spares_keep() and space_bury() */
		enum space_state state = smp_load_acquire(&s->state);

		if (state == SPACE_SPARE) {
			spare = s;
			spares++;
		} else if (state != SPACE_EMPTY && s->payer != payer) {
			of_others++;
		} else if (state != SPACE_EMPTY) {
			of_user++;
			just_now += state == SPACE_OVER || !READ_ONCE(s->settled);
		}
	}
	if (of_user >= (nr_spaces - of_others + 1) / 2 || just_now >= spares)
		return NULL;
	return spare;
}
NOKPROBE_SYMBOL(spare_for);

/*
 * Locked before it can be found, and it knows what is in flight before anybody
 * tells it more: who told the strangers did so before we have their lock, or
 * finds the space. Its clock is ahead of any that this mm has ever had.
 */
static bool space_begin(struct space *s, struct mm_struct *mm, unsigned long payer,
			const struct space_seen *seen)
{
	bool all_known;

	raw_spin_lock(&s->lock);
	mmgrab(mm);
	s->payer = payer;
	s->fresh = true;
	WRITE_ONCE(s->settled, false);
	s->looks = false;
	s->demand = (struct demand_mm) { };
	s->seen = *seen;
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
 * space_make - a space for an mm that may have none
 * @mm: the mm, which somebody pins
 * @payer: who makes its first userfaultfd
 * @seen: what has been lost before this
 *
 * Interrupts are off.
 *
 * Return: its space, locked; NULL if there is no room for one, or it has got one.
 */
struct space *space_make(struct mm_struct *mm, unsigned long payer,
			 const struct space_seen *seen)
{
	struct space *s = NULL;

	raw_spin_lock(&make_lock);
	/* Where nobody is left there will be no fault. */
	if (space_find(mm) == &strangers && atomic_read(&mm->mm_users))
		s = spare_for(payer);
	if (s && !space_begin(s, mm, payer, seen))
		s = NULL;
	raw_spin_unlock(&make_lock);
	if (unlikely(!s))
		work_queue(&spare_work, 0);
	return s;
}
NOKPROBE_SYMBOL(space_make);

/**
 * space_nr - how many there can be
 *
 * Return: the end of the numbers for space_at().
 */
unsigned int space_nr(void)
{
	return nr_spaces;
}

/**
 * space_at - one of them
 * @i: its number
 *
 * Return: a space in any state.
 */
struct space *space_at(unsigned int i)
{
	return &spaces[i];
}

/**
 * space_used - how many address spaces have userfaultfds that are judged
 *
 * Return: where that stands; a hint.
 */
const unsigned int *space_used(void)
{
	return &nr_used;
}
NOKPROBE_SYMBOL(space_used);

static void stats_add(struct verdict_stats *to, const struct verdict_stats *from)
{
	const unsigned long long *f = (const void *)from;
	unsigned long long *t = (void *)to;
	unsigned int i;

	BUILD_BUG_ON(sizeof(*to) % sizeof(*t));
	for (i = 0; i < sizeof(*to) / sizeof(*t); i++)
		t[i] += f[i];
}

/* Under books_mutex. */
static void books_of(struct space *s, struct verdict_stats *stats)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&s->lock, flags);
	if (stats)
		stats_add(stats, &s->engine.stats);
	else
		verdict_reset(&s->engine);
	raw_spin_unlock_irqrestore(&s->lock, flags);
}

static void all_books(struct verdict_stats *stats)
{
	struct space *s;

	for (s = spaces; s < spaces + nr_spaces; s++)
		if (READ_ONCE(s->mm))
			books_of(s, stats);
	books_of(&strangers, stats);
}

/**
 * space_books - a copy of all counters, those of spaces that are over included
 * @stats: the copy; the books of each space are from one moment
 *
 * Process context, may sleep.
 */
void space_books(struct verdict_stats *stats)
{
	mutex_lock(&books_mutex);
	*stats = dead;
	all_books(stats);
	mutex_unlock(&books_mutex);
}

/**
 * space_books_reset - zero all books
 *
 * Process context, may sleep.
 */
void space_books_reset(void)
{
	mutex_lock(&books_mutex);
	memset(&dead, 0, sizeof(dead));
	all_books(NULL);
	mutex_unlock(&books_mutex);
}

/**
 * space_memory - memory of all tables, as of now
 *
 * Return: bytes.
 */
size_t space_memory(void)
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
	} else if (s->state == SPACE_USED && space_idle(s)) {	/* its hooks were off */
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
	unsigned int spares = 0, want;
	struct space *s;

	want = clamp_t(size_t, SPARE_BYTES / verdict_bytes(&limits), MIN_SPARES, NR_SPARES);

	for (s = spaces; s < spaces + nr_spaces; s++)
		if (READ_ONCE(s->state) == SPACE_SPARE && ++spares > want * (MAX_SPARES / NR_SPARES))
			spare_drop(s);
	for (s = spaces; s < spaces + nr_spaces && spares < want; s++) {
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

/* For those that were there when spares were made. */
static void settle_all(void)
{
	struct space *s;

	for (s = spaces; s < spaces + nr_spaces; s++)
		if (READ_ONCE(s->state) == SPACE_USED)
			WRITE_ONCE(s->settled, true);
}

static void spare_worker(struct work_struct *work)
{
	bury_all();
	spares_keep();
	settle_all();
	/* An mm dies unheard. */
	if (READ_ONCE(nr_used))
		work_queue_again(&spare_work, TICK);
}

/**
 * space_init - make some room
 * @l: sizes of the tables of each address space
 * @mms: address spaces with userfaultfds at once
 *
 * Return: 0 or -ENOMEM.
 */
int space_init(const struct verdict_limits *l, unsigned int mms)
{
	const struct verdict_limits few = {
		.pages = 1, .faults = 1, .ctxs = 1, .ops = 4 * l->ops,
	};
	struct space *s;

	limits = *l;
	spaces = kvcalloc(mms, sizeof(*spaces), GFP_KERNEL);
	strangers.memory = vzalloc(verdict_bytes(&few));
	if (!spaces || !strangers.memory) {
		space_exit();
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
 * space_exit - free everything
 *
 * After the last handler has returned, and with the gate of work.c shut.
 */
void space_exit(void)
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
