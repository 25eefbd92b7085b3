// SPDX-License-Identifier: GPL-2.0
/*
 * Holding the writer of a watched entry that it has just cleared.
 *
 * In the breakpoint's handler that would not do much: the writer has not
 * flushed the TLB yet, so readers still get at the page, and do not fault.
 * The handler therefore raises an interrupt, which the writer takes as soon as
 * it goes on, the page-table lock in its hands. There the entry is flushed
 * from the TLBs of the CPUs that run its mm, as could happen by itself at any
 * time, and then the writer is held. Where interrupts are off, the handler
 * has to do the holding, and readers have to find their TLB cold.
 */
#include "watch.h"
#include <linux/delay.h>
#include <linux/irq_work.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

/**
 * struct hold - a writer that waits for its interrupt on this CPU
 * @work: raises it
 * @w: what it wrote to; NULL: nobody waits
 * @t: the transition, or NULL
 * @nr: number of @t
 * @us: for how long
 * @tokens_ns: how long this CPU may still be stalled
 * @then: when that was counted
 */
struct hold {
	struct irq_work work;
	struct watch *w;
	struct watch_transition *t;
	u64 nr;
	unsigned int us;
	u64 tokens_ns, then;
};

/**
 * struct flush - a CPU that is to flush one page
 * @csd: calls it
 * @busy: and has not yet
 * @mm: of the page
 * @addr: of the page
 */
struct flush {
	call_single_data_t csd;
	int busy;
	struct mm_struct *mm;
	unsigned long addr;
};

static DEFINE_PER_CPU(struct hold, holds);
static DEFINE_PER_CPU(struct flush, flushes);

/*
 * Is there a stall of @ns in the bucket? It never holds more than one: readers
 * that met the first one are blocked, and would not be there for a second.
 * Only on this CPU, interrupts off.
 */
static bool afford(struct hold *h, u64 ns, u64 now)
{
	u64 passed = min_t(u64, now - h->then, NSEC_PER_SEC);

	h->then = now;
	h->tokens_ns += passed * READ_ONCE(watch_param_percent) / 100;
	h->tokens_ns = min(h->tokens_ns, ns);
	return h->tokens_ns >= ns;
}
NOKPROBE_SYMBOL(afford);

/*
 * The loop ends by count, whatever the clock does. The clock goes first: where
 * its calibration went wrong, as in virtual machines, udelay() may be short.
 */
static u64 spin(struct hold *h, struct watch *w, unsigned int us)
{
	u64 start = ktime_get_mono_fast_ns(), limit = us * NSEC_PER_USEC;
	unsigned int most = 4 * us;
	u64 passed = 0;

	while (most-- && passed < limit && !READ_ONCE(watch_stopping)) {
		udelay(1);
		passed = ktime_get_mono_fast_ns() - start;
	}
	h->tokens_ns = 0;
	atomic_long_inc(&w->stalls);
	atomic_long_add(passed, &w->stalled_ns);
	return passed;
}
NOKPROBE_SYMBOL(spin);

static void flush_here(void *info)
{
	struct flush *f = info;

	if (current->mm == f->mm)
		compat_flush_page(f->addr);
	/* pairs with cmpxchg() in flush_others(), and watch_hold_exit() */
	smp_store_release(&f->busy, 0);
}

/* Waits for nobody: who comes late flushes late. */
static void flush_others(struct watch *w)
{
	int cpu, this = smp_processor_id();

	for_each_cpu(cpu, mm_cpumask(w->mm)) {
		struct flush *f = per_cpu_ptr(&flushes, cpu);

		if (cpu == this || cmpxchg(&f->busy, 0, 1))
			continue;
		f->mm = w->mm;
		f->addr = w->addr;
		if (smp_call_function_single_async(cpu, &f->csd))
			/* pairs with cmpxchg() in flush_others(), and watch_hold_exit() */
			smp_store_release(&f->busy, 0);
	}
}

/* In hard interrupt context, in the writer. */
static void hold_work(struct irq_work *work)
{
	struct hold *h = container_of(work, struct hold, work);
	struct watch *w = h->w;
	unsigned long flags, value;
	u64 ns;

	if (!w)
		return;
	local_irq_save(flags);
	/* Or has the writer gone on? */
	if (READ_ONCE(w->state) == WATCH_LIVE && !READ_ONCE(watch_stopping) &&
	    !get_kernel_nofault(value, w->path.entry) &&
	    pte_none(__pte(value))) {
		flush_others(w);
		ns = spin(h, w, h->us);
		if (h->t && READ_ONCE(h->t->slot.key) == h->nr + 1)
			WRITE_ONCE(h->t->stalled_ns, ns);
	}
	local_irq_restore(flags);
	h->w = NULL;
	atomic_dec(&w->holds);
}

/*
 * Hold the writer that has just cleared a watched entry. @t: the transition, that
 * learns how long, or NULL; @nr: its number; @irqs: the writer has interrupts on.
 * From the breakpoint's handler.
 */
void watch_hold(struct watch *w, struct watch_transition *t, u64 nr,
		bool irqs)
{
	struct hold *h = this_cpu_ptr(&holds);
	unsigned int us = READ_ONCE(w->us);
	u64 ns;

	if (!us || READ_ONCE(watch_stopping) || h->w)
		return;
	if (!afford(h, us * NSEC_PER_USEC, ktime_get_mono_fast_ns())) {
		atomic_long_inc(&w->throttled);
		return;
	}
	if (irqs) {
		atomic_inc(&w->holds);
		h->t = t;
		h->nr = nr;
		h->us = us;
		h->w = w;
		if (!irq_work_queue(&h->work)) {
			h->w = NULL;
			atomic_dec(&w->holds);
		}
		return;
	}
	ns = spin(h, w, us);
	if (t)
		t->stalled_ns = ns;
}
NOKPROBE_SYMBOL(watch_hold);

/* Before the first watch. */
void watch_hold_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct hold *h = per_cpu_ptr(&holds, cpu);
		struct flush *f = per_cpu_ptr(&flushes, cpu);

		compat_init_irq_work_hard(&h->work, hold_work);
		f->csd.func = flush_here;
		f->csd.info = f;
	}
}

/* After the last watch: when it returns, no interrupt of ours is on its way. */
void watch_hold_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		irq_work_sync(&per_cpu_ptr(&holds, cpu)->work);
		/* pairs with flush_here() */
		while (smp_load_acquire(&per_cpu_ptr(&flushes, cpu)->busy))
			msleep(1);
	}
}
