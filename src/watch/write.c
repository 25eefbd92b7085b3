// SPDX-License-Identifier: GPL-2.0
/*
 * What happens in the writer of a watched page-table entry, right behind its
 * write. All of it runs in NMI context, while the writer holds the page-table
 * lock: nothing here may wait for anybody, and the engine's lock is out of
 * bounds, too.
 */
#include "watch.h"
#include <linux/sched.h>
#include <linux/stacktrace.h>
#include <linux/timekeeping.h>

/* More than what is kept, for the frames of the exception itself. */
#define WATCH_RAW_STACK	(WATCH_STACK + 24)

static DEFINE_PER_CPU(unsigned long [WATCH_RAW_STACK], watch_raw_stack);

/* The writer's stack without the exception's frames on top. */
static void watch_stack(struct watch_transition *t, struct pt_regs *regs)
{
	unsigned long *raw = *this_cpu_ptr(&watch_raw_stack);
	unsigned int n, first;

	n = stack_trace_save(raw, WATCH_RAW_STACK, 0);
	for (first = 0; first < n; first++)
		if (raw[first] == instruction_pointer(regs))
			break;
	if (first == n)
		first = 0;
	t->depth = min_t(unsigned int, n - first, WATCH_STACK);
	memcpy(t->stack, raw + first, t->depth * sizeof(*raw));
}
NOKPROBE_SYMBOL(watch_stack);

/**
 * watch_on_write - somebody has just written to a watched entry
 * @bp: the breakpoint
 * @data: unused
 * @regs: the writer, behind its write
 */
void watch_on_write(struct perf_event *bp, struct perf_sample_data *data,
		    struct pt_regs *regs)
{
	struct watch *w = bp->overflow_handler_context;
	u64 now = ktime_get_mono_fast_ns(), nr;
	struct watch_transition *t;
	unsigned long before, after;
	struct ptwalk path;
	bool cleared;

	/* pairs with watch_place() */
	if (smp_load_acquire(&w->state) != WATCH_LIVE)
		return;
	/* Or is it somebody else's memory by now? */
	if (!ptwalk(w->mm, w->addr, w->path.size, &w->path, &path)) {
		if (watch_mark_stale(w))
			watch_soon();
		return;
	}
	after = path.value;
	before = xchg(&w->value, after);
	if (before == after)
		return;
	atomic_long_inc(&w->seen);
	watch_window_moves(w, before, after);
	cleared = pte_none(__pte(after)) && !pte_none(__pte(before));
	if (cleared)
		atomic_long_inc(&w->none);
	t = watch_ring_begin(&nr);
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
		watch_stack(t, regs);
	}
	if (cleared)
		watch_hold(w, t, nr, !irqs_disabled_flags(regs->flags));
	if (t)
		watch_ring_end(t, nr);
}
NOKPROBE_SYMBOL(watch_on_write);
