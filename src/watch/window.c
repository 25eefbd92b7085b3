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
#include "hooks/hooks.h"
#include <linux/hash.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

/**
 * struct shut - a window that has closed as it should
 * @slot: its key is the window's number
 * @when: the clock of its mm's engine, no later than that
 */
struct shut {
	struct slot slot;
	verdict_time when;
};

#define SHUTS	256	/* a fault may end long after its window */

/**
 * struct waiter - a task whose fault has begun inside a window; all by name
 * @slot: its key is the task
 * @nr: number of the window
 * @waiter: the task that has waited for who holds that window open
 */
struct waiter {
	struct slot slot;
	u64 nr;
	const struct task_struct *waiter;
};

#define WAITER_BITS	6

static struct waiter waiters[1 << WAITER_BITS];

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

static void shut(const void *mm, u64 nr)
{
	struct shut *s = &shuts[nr % SHUTS];

	if (!slot_begin(&s->slot))
		return;
	WRITE_ONCE(s->when, core_stamp(mm));
	slot_end(&s->slot, nr);
}
NOKPROBE_SYMBOL(shut);

/*
 * A watched entry has changed. From the breakpoint's handler, in the writer, who holds
 * the page-table lock.
 */
void watch_window_moves(struct watch *w, unsigned long before,
			unsigned long after)
{
	u64 nr = w->window;

	if (nr && w->writer == current && mapped(w, after))
		shut(w->mm, nr);
	nr = 0;
	if (pte_none(__pte(after)) && mapped(w, before))
		nr = atomic64_inc_return(&windows);
	w->writer = current;
	/* pairs with window_begin(): who finds it, finds what was watched then */
	smp_store_release(&w->window, nr);
}
NOKPROBE_SYMBOL(watch_window_moves);

/* The number of the window that is open; what is read of the watch now is its own, ... */
static u64 window_begin(const struct watch *w)
{
	/* pairs with smp_store_release() in watch_window_moves() */
	return smp_load_acquire(&w->window);
}
NOKPROBE_SYMBOL(window_begin);

/* ... if that is still open after it: no number is ever used twice. */
static bool window_still(const struct watch *w, u64 nr)
{
	smp_rmb();	/* pairs with smp_wmb() in watch_clear() */
	return READ_ONCE(w->window) == nr;
}
NOKPROBE_SYMBOL(window_still);

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

		nr = window_begin(w);
		if (likely(!nr))
			continue;
		if (READ_ONCE(w->ctx) == ctx &&
		    addr - READ_ONCE(w->addr) < READ_ONCE(w->path.size) &&
		    window_still(w, nr))
			return nr;
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

	if (!slot_has(&s->slot, nr))
		return 0;
	when = READ_ONCE(s->when);
	return slot_still(&s->slot, nr) ? when : 0;
}
NOKPROBE_SYMBOL(watch_window_shut);

static struct waiter *my_waiter(void)
{
	return &waiters[hash_ptr(current, WAITER_BITS)];
}
NOKPROBE_SYMBOL(my_waiter);

static u64 my_key(void)
{
	return (unsigned long)current;
}
NOKPROBE_SYMBOL(my_key);

/**
 * watch_window_enter - a fault of this task begins
 * @nr: from watch_window()
 *
 * From the fault's probe handler.
 */
void watch_window_enter(u64 nr)
{
	struct waiter *s = my_waiter();

	/* What it has left there when it faulted before */
	if (unlikely(READ_ONCE(s->slot.key) == my_key()))
		cmpxchg(&s->slot.key, my_key(), 0);
	if (likely(!nr) || !slot_begin(&s->slot))
		return;
	WRITE_ONCE(s->nr, nr);
	WRITE_ONCE(s->waiter, NULL);
	slot_end(&s->slot, my_key());
}
NOKPROBE_SYMBOL(watch_window_enter);

/* Is that window still open, and the entry none? */
static bool still_open(u64 nr, const void *lock)
{
	unsigned long value;
	int i;

	for (i = 0; i < NR_WATCHES; i++) {
		const struct watch *w = &watch_table[i];

		if (window_begin(w) != nr)
			continue;
		if ((lock && READ_ONCE(w->ptl) != lock) ||
		    get_kernel_nofault(value, READ_ONCE(w->path.entry)) ||
		    !pte_none(__pte(value)))
			return false;
		return window_still(w, nr);
	}
	return false;
}
NOKPROBE_SYMBOL(still_open);

/*
 * A fault path that waits for a lock after its own read of the entry has read
 * it in the window, if it has begun in it and that is still open.
 */
static void waits(struct hook *hook, const void *lock)
{
	struct waiter *s = my_waiter();

	if (likely(READ_ONCE(s->slot.key) != my_key()) || !in_task() ||
	    !still_open(READ_ONCE(s->nr), lock))
		return;
	hook_hit(hook);
	/* Somebody else's slot by now? It will find another's name. */
	WRITE_ONCE(s->waiter, current);
}
NOKPROBE_SYMBOL(waits);

/**
 * watch_window_ptl - native_queued_spin_lock_slowpath(lock, val) is entered
 * @p: the probe
 * @regs: its arguments
 *
 * Whoever has cleared a watched entry holds its page-table lock, which faults
 * take behind their read. In any context; no lock here, of all places.
 *
 * Return: 0.
 */
static int watch_window_ptl(struct kprobe *p, struct pt_regs *regs)
{
	const void *lock = (void *)regs_get_kernel_argument(regs, 0);

	if (lock)
		waits(&hook_wait_ptl, lock);
	return 0;
}
NOKPROBE_SYMBOL(watch_window_ptl);

/* The same, where that function is none of its own. */
struct hook hook_wait_ptl = {
	.symbol = "native_queued_spin_lock_slowpath",
	.newer = "queued_spin_lock_slowpath",	/* without PARAVIRT_SPINLOCKS */
	.kp.pre_handler = watch_window_ptl,
	.reads = BIT(BACKING_HUGETLB) | BIT(BACKING_SHMEM) | BIT(BACKING_ANON),
	.on_watch = true,
	.lost = "exposures where the symbols above are missing",
};

/**
 * watch_window_page - folio_wait_bit_common() is entered, as by who locks a page
 * @p: the probe
 * @regs: its arguments
 *
 * Who migrates a page has it locked, and a fault locks what it has found in the
 * page cache, where it looks if the entry was none.
 *
 * Return: 0.
 */
static int watch_window_page(struct kprobe *p, struct pt_regs *regs)
{
	waits(&hook_wait_page, NULL);
	return 0;
}
NOKPROBE_SYMBOL(watch_window_page);

struct hook hook_wait_page = {
	.symbol = "wait_on_page_bit_common",
	.newer = "folio_wait_bit_common",
	.kp.pre_handler = watch_window_page,
	.on_watch = true,
	.lost = "exposures to migration where the symbols above are missing",
};

/**
 * watch_window_waited - has this task waited for who holds a window open?
 * @nr: as for watch_window_enter(), of this fault
 *
 * Return: true if so.
 */
bool watch_window_waited(u64 nr)
{
	const struct waiter *s = my_waiter();
	bool same;

	if (!slot_has(&s->slot, my_key()))
		return false;
	same = READ_ONCE(s->nr) == nr && READ_ONCE(s->waiter) == current;
	return same && slot_still(&s->slot, my_key());
}
NOKPROBE_SYMBOL(watch_window_waited);
