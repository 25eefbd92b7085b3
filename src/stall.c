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
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

struct stall_watch stall_watches[STALL_WATCHES];

/* More than what is kept, for the frames of the exception itself. */
#define STALL_RAW_STACK	(STALL_STACK + 24)

static DEFINE_PER_CPU(unsigned long [STALL_RAW_STACK], stall_raw_stack);

static struct stall_transition *ring;
static unsigned int ring_size;
static atomic64_t ring_head, ring_dropped;

/**
 * stall_walk - go through the page tables to the entry of an address
 * @mm: its mm_count is held
 * @addr: the address
 * @path: found here; its size is what the entry must map, 0: find out
 * @check: the path is known: go nowhere else
 *
 * No lock; interrupts off. The top of the page tables lives as long as the mm.
 * Tables below may be freed under us, since the interrupt that waits for
 * walkers goes only to CPUs which run that mm. So with @check no pointer is
 * followed that was not good before: what is freed can only be misread, and a
 * misread entry does not point to where the recorded one did.
 *
 * Return: false if there is no such way (any more).
 */
bool stall_walk(struct mm_struct *mm, unsigned long addr,
		struct stall_path *path, bool check)
{
	unsigned long *entry;
	pmd_t *pmdp, pmd;
	pud_t *pudp, pud;
	p4d_t p4d;
	pgd_t pgd;

	pgd = READ_ONCE(*pgd_offset(mm, addr));
	if (pgd_none(pgd) || unlikely(pgd_bad(pgd)))
		return false;
	if (get_kernel_nofault(p4d, p4d_offset(&pgd, addr)))
		return false;
	if (p4d_none(p4d) || !p4d_present(p4d))
		return false;

	pudp = pud_offset(&p4d, addr);
	if (check && pudp != path->pud)
		return false;
	if (path->size == PUD_SIZE) {
		pmdp = NULL;
		entry = (unsigned long *)pudp;
		goto found;
	}
	if (get_kernel_nofault(pud, pudp) || !pud_present(pud) || pud_leaf(pud))
		return false;

	pmdp = pmd_offset(&pud, addr);
	if (check && pmdp != path->pmd)
		return false;
	entry = (unsigned long *)pmdp;
	if (path->size == PMD_SIZE)
		goto found;
	if (get_kernel_nofault(pmd, pmdp) || pmd_none(pmd))
		return false;
	if (pmd_present(pmd) && !pmd_leaf(pmd)) {
		entry = (unsigned long *)pte_offset_kernel(&pmd, addr);
		if (check)
			return entry == path->entry;
		path->size = PAGE_SIZE;
	} else if (path->size) {
		return false;	/* a huge page now */
	} else {
		path->size = PMD_SIZE;
	}
found:
	path->pud = pudp;
	path->pmd = pmdp;
	path->entry = entry;
	return true;
}
NOKPROBE_SYMBOL(stall_walk);

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
	bool cleared;

	if (smp_load_acquire(&w->state) != STALL_LIVE)
		return;
	/* Or is it somebody else's memory by now? */
	if (!stall_walk(w->mm, w->addr, &w->path, true)) {
		if (stall_mark_stale(w))
			stall_soon();
		return;
	}
	after = READ_ONCE(*w->path.entry);
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
