// SPDX-License-Identifier: GPL-2.0
/*
 * What happens in the writer of a watched page-table entry, right behind its
 * write. All of it runs in NMI context, while the writer holds the page-table
 * lock: nothing here may wait for anybody, and the engine's lock is out of
 * bounds, too.
 */
#include "stall.h"
#include <linux/sched.h>
#include <linux/stacktrace.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>

struct stall_watch stall_watches[STALL_WATCHES];

/* More than what is kept, for the frames of the exception itself. */
#define STALL_RAW_STACK	(STALL_STACK + 24)

static DEFINE_PER_CPU(unsigned long [STALL_RAW_STACK], stall_raw_stack);

static struct stall_transition *ring;
static unsigned int ring_size;
static atomic64_t ring_head, ring_dropped;

/* The writer's stack without the exception's frames on top. */
static void stall_stack(struct stall_transition *t, struct pt_regs *regs)
{
	unsigned long *raw = *this_cpu_ptr(&stall_raw_stack);
	unsigned int n, first;

	n = stack_trace_save(raw, STALL_RAW_STACK, 0);
	for (first = 0; first < n; first++)
		if (raw[first] == instruction_pointer(regs))
			break;
	if (first == n)
		first = 0;
	t->depth = min_t(unsigned int, n - first, STALL_STACK);
	memcpy(t->stack, raw + first, t->depth * sizeof(*raw));
}
NOKPROBE_SYMBOL(stall_stack);

/* The place of the next transition in the ring, or NULL. */
static struct stall_transition *ring_begin(u64 *nr)
{
	struct stall_transition *t;

	*nr = atomic64_inc_return(&ring_head) - 1;
	t = &ring[*nr % ring_size];
	/* Somebody may have been at it for a whole turn of the ring. */
	if (cmpxchg(&t->busy, 0, 1)) {
		atomic64_inc(&ring_dropped);
		return NULL;
	}
	WRITE_ONCE(t->seq, 0);
	smp_wmb();	/* pairs with stall_ring_get() */
	return t;
}
NOKPROBE_SYMBOL(ring_begin);

static void ring_end(struct stall_transition *t, u64 nr)
{
	smp_store_release(&t->seq, nr + 1);
	smp_store_release(&t->busy, 0);
}
NOKPROBE_SYMBOL(ring_end);

/**
 * stall_mark_stale - this watch is over
 * @w: the watch
 *
 * Any context.
 *
 * Return: true if it was live.
 */
bool stall_mark_stale(struct stall_watch *w)
{
	return cmpxchg(&w->state, STALL_LIVE, STALL_STALE) == STALL_LIVE;
}
NOKPROBE_SYMBOL(stall_mark_stale);

/**
 * stall_on_write - somebody has just written to a watched entry
 * @bp: the breakpoint
 * @data: unused
 * @regs: the writer, behind its write
 */
void stall_on_write(struct perf_event *bp, struct perf_sample_data *data,
		    struct pt_regs *regs)
{
	struct stall_watch *w = bp->overflow_handler_context;
	u64 now = ktime_get_mono_fast_ns(), nr;
	struct stall_transition *t;
	unsigned long before, after;
	struct ptwalk path;
	bool cleared;

	if (smp_load_acquire(&w->state) != STALL_LIVE)
		return;
	/* Or is it somebody else's memory by now? */
	if (!ptwalk(w->mm, w->addr, w->path.size, &w->path, &path)) {
		if (stall_mark_stale(w))
			stall_soon();
		return;
	}
	after = path.value;
	before = xchg(&w->value, after);
	if (before == after)
		return;
	atomic_long_inc(&w->seen);
	stall_window_moves(w, before, after);
	cleared = pte_none(__pte(after)) && !pte_none(__pte(before));
	if (cleared)
		atomic_long_inc(&w->none);
	t = ring_begin(&nr);
	if (t) {
		t->ns = now;
		t->stalled_ns = 0;
		t->addr = w->addr;
		t->before = before;
		t->after = after;
		t->cpu = raw_smp_processor_id();
		t->pid = current->pid;
		t->tgid = pid_nr(w->pid);
		memcpy(t->comm, current->comm, sizeof(t->comm));
		stall_stack(t, regs);
	}
	if (cleared)
		stall_hold(w, t, nr, !irqs_disabled_flags(regs->flags));
	if (t)
		ring_end(t, nr);
}
NOKPROBE_SYMBOL(stall_on_write);

/**
 * stall_ring_make - allocate the ring
 * @nr: transitions that it holds
 *
 * Return: 0, also if there is one already, or -ENOMEM.
 */
int stall_ring_make(unsigned int nr)
{
	if (ring)
		return 0;
	ring = vzalloc(array_size(nr, sizeof(*ring)));
	if (!ring)
		return -ENOMEM;
	ring_size = nr;
	return 0;
}

/**
 * stall_ring_free - and free it, when nobody writes or reads it any more
 */
void stall_ring_free(void)
{
	vfree(ring);
	ring = NULL;
}

/**
 * stall_ring_head - how many transitions there were
 *
 * Return: the number of the next one.
 */
u64 stall_ring_head(void)
{
	return atomic64_read(&ring_head);
}

/**
 * stall_ring_tail - the oldest one that may still be there
 * @head: from stall_ring_head()
 *
 * Return: its number.
 */
u64 stall_ring_tail(u64 head)
{
	return head > ring_size ? head - ring_size : 0;
}

/**
 * stall_ring_get - copy a transition
 * @nr: its number, below stall_ring_head()
 * @copy: where to
 *
 * Return: false if it is overwritten, or not complete yet.
 */
bool stall_ring_get(u64 nr, struct stall_transition *copy)
{
	const struct stall_transition *t = &ring[nr % ring_size];

	if (smp_load_acquire(&t->seq) != nr + 1)
		return false;
	memcpy(copy, t, sizeof(*copy));
	smp_rmb();	/* pairs with ring_begin() */
	return READ_ONCE(t->seq) == nr + 1;
}

/**
 * stall_ring_dropped - transitions that found no place
 *
 * Return: how many.
 */
u64 stall_ring_dropped(void)
{
	return atomic64_read(&ring_dropped);
}
