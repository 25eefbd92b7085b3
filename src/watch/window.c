// SPDX-License-Identifier: GPL-2.0
/*
 * Windows of watched entries: cleared, though what they map is to stay. A fault
 * that enters inside one is known to install nothing, and so to be an exposure,
 * where it could otherwise have installed the page itself.
 *
 * A zap clears an entry as well. So a window counts only once the same task has
 * set the entry again, as the next to change it, and without a fault in between:
 * whoever clears an entry for good sets it again by a fault, or by what the
 * hooks know (an ioctl, mremap, a collapse).
 */
#include "watch.h"
#include <linux/sched.h>

/**
 * struct shut - a window that has closed as it should
 * @nr: its number, 0: none
 * @busy: somebody writes it
 * @when: the engine's clock, no later than that
 */
struct shut {
	u64 nr;
	int busy;
	verdict_time when;
};

#define SHUTS	256	/* a fault may end long after its window */

static struct shut shuts[SHUTS];
static atomic64_t windows;

/* By a leaf, or by what stands for the page that is on the move or in swap */
static bool mapped(const struct watch *w, unsigned long value)
{
	pte_t pte = __pte(value);
	pmd_t pmd = __pmd(value);

	if (pte_none(pte))
		return false;
	if (w->path.size != PAGE_SIZE && pmd_present(pmd) && !pmd_leaf(pmd))
		return false;
	return pte_present(pte) || !compat_pte_marker(pte);
}
NOKPROBE_SYMBOL(mapped);

static void shut(u64 nr)
{
	struct shut *s = &shuts[nr % SHUTS];

	if (cmpxchg(&s->busy, 0, 1))
		return;
	WRITE_ONCE(s->nr, 0);
	smp_wmb();	/* pairs with watch_window_shut() */
	WRITE_ONCE(s->when, core_stamp());
	/* pairs with watch_window_shut() */
	smp_store_release(&s->nr, nr);
	/* pairs with cmpxchg() above */
	smp_store_release(&s->busy, 0);
}
NOKPROBE_SYMBOL(shut);

/**
 * watch_window_moves - a watched entry has changed
 * @w: the watch
 * @before: what the entry was
 * @after: what it is
 *
 * From the breakpoint's handler, in the writer, who holds the page-table lock.
 */
void watch_window_moves(struct watch *w, unsigned long before,
			unsigned long after)
{
	u64 nr = w->window;

	if (nr && w->writer == current && mapped(w, after))
		shut(nr);
	nr = 0;
	if (pte_none(__pte(after)) && mapped(w, before))
		nr = atomic64_inc_return(&windows);
	w->writer = current;
	WRITE_ONCE(w->window, nr);
}
NOKPROBE_SYMBOL(watch_window_moves);

/**
 * watch_window - is an address inside a window?
 * @ctx: userfaultfd of the range
 * @addr: any address in the page
 *
 * From any probe handler, before the look at the entry that is to be proved.
 *
 * Return: the number of the window, for watch_window_shut(), or 0.
 */
u64 watch_window(const void *ctx, unsigned long addr)
{
	u64 nr;
	int i;

	for (i = 0; i < NR_WATCHES; i++) {
		const struct watch *w = &watch_table[i];

		nr = READ_ONCE(w->window);
		if (likely(!nr))
			continue;
		smp_rmb();	/* no number is ever used twice */
		if (READ_ONCE(w->ctx) == ctx &&
		    addr - READ_ONCE(w->addr) < READ_ONCE(w->path.size)) {
			smp_rmb();	/* as above: the number is read last */
			if (READ_ONCE(w->window) == nr)
				return nr;
		}
	}
	return 0;
}
NOKPROBE_SYMBOL(watch_window);

/**
 * watch_window_over - a fault of this task begins
 *
 * Whatever it has cleared before, it has cleared for good: nobody faults with a
 * page-table lock held. From the fault's probe handler.
 */
void watch_window_over(void)
{
	int i;

	for (i = 0; i < NR_WATCHES; i++) {
		struct watch *w = &watch_table[i];

		if (unlikely(READ_ONCE(w->window)) &&
		    READ_ONCE(w->writer) == current)
			WRITE_ONCE(w->window, 0);
	}
}
NOKPROBE_SYMBOL(watch_window_over);

/**
 * watch_window_shut - when has a window closed?
 * @nr: from watch_window()
 *
 * Return: the engine's clock, no later than that; 0 if it is still open, or has
 * not closed as it should, or too long ago.
 */
verdict_time watch_window_shut(u64 nr)
{
	const struct shut *s = &shuts[nr % SHUTS];
	verdict_time when;

	/* pairs with shut() */
	if (smp_load_acquire(&s->nr) != nr)
		return 0;
	when = READ_ONCE(s->when);
	smp_rmb();	/* pairs with shut() */
	return READ_ONCE(s->nr) == nr ? when : 0;
}
NOKPROBE_SYMBOL(watch_window_shut);
