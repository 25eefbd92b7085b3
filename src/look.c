// SPDX-License-Identifier: GPL-2.0
/*
 * What needs an mm from outside of any handler: the deferred look, and what
 * ranges a process still has. Process context. It waits for nobody's mmap lock:
 * next time then.
 */
#include "uffd_race.h"
#include "ptwalk.h"
#include "vma.h"
#include <linux/hugetlb.h>
#include <linux/mmap_lock.h>
#include <linux/sched/mm.h>
#include <linux/workqueue.h>

static unsigned long look_delay;

static void look_worker(struct work_struct *work);
static DECLARE_DELAYED_WORK(look_work, look_worker);

/* What is there, under the page-table lock. */
static enum verdict_look look_again(struct mm_struct *mm, const struct verdict_todo *todo)
{
	enum verdict_look look = LOOK_UNKNOWN;
	struct vm_area_struct *vma;

	if (!mmap_read_trylock(mm))
		return look;
	vma = find_vma(mm, todo->addr);
	if (!vma || vma->vm_start > todo->addr ||
	    vma->vm_userfaultfd_ctx.ctx != todo->ctx)
		look = LOOK_GONE;
	/* Mappings have merged: another mm may install from here on. */
	else if (is_vm_hugetlb_page(vma) && (vma_table_shareable(vma, todo->addr) ||
					     ptwalk_table_shared(vma, todo->addr)))
		look = LOOK_GONE;
	else
		look = ptwalk_look_locked(vma, todo->addr);
	mmap_read_unlock(mm);
	return look;
}

/**
 * look_later - have pages that wait for evidence looked at
 *
 * Any context but NMI; not under core_lock().
 */
void look_later(void)
{
	if (!delayed_work_pending(&look_work))
		work_queue_again(&look_work, look_delay);
}
NOKPROBE_SYMBOL(look_later);

/* Return: whether any page waits. @alive: the mm has users, one of them us */
static bool look_at(struct mm_struct *mm, bool alive)
{
	unsigned int cursor = 0;
	struct verdict_engine *e;
	struct verdict_todo todo;
	enum verdict_look look;
	unsigned long flags;
	verdict_time stamp;
	bool any = false;
	bool more;

	for (;;) {
		e = core_lock(mm, &flags);
		if (!e)
			return false;
		more = verdict_next_todo(e, &cursor, &todo);
		if (!more && any)
			core_looks(e);
		core_unlock(e, flags);
		if (!more)
			return any;
		any = true;
		stamp = core_stamp(mm);
		look = alive ? look_again(mm, &todo) : LOOK_GONE;
		/* What was seen means nothing if the hooks were off. */
		guard_check();
		e = core_lock(mm, &flags);
		if (!e)
			return false;
		verdict_looked(e, todo.ctx, todo.addr, look, stamp);
		core_unlock(e, flags);
		cond_resched();
	}
}

static void look_worker(struct work_struct *work)
{
	struct mm_struct *mm;
	bool any = false;
	unsigned int i;
	bool alive;

	for (i = 0; i < core_spaces(); i++) {
		mm = core_grab(i, true);
		if (!mm)
			continue;
		alive = mmget_not_zero(mm);
		any |= look_at(mm, alive);
		if (alive)
			mmput(mm);
		mmdrop(mm);
	}
	report_first_bogus();
	if (any)
		look_later();
}

/**
 * look_init - how soon to look
 * @ms: after an event
 */
void look_init(unsigned int ms)
{
	look_delay = msecs_to_jiffies(ms);
}

/**
 * look_stop - look no more
 *
 * After core_stop(), and before space_exit().
 */
void look_stop(void)
{
	cancel_delayed_work_sync(&look_work);
}

static bool range_needs_hooks(struct vm_area_struct *vma)
{
	return (userfaultfd_missing(vma) || compat_uffd_minor(vma)) &&
	       !is_vm_hugetlb_page(vma);
}

/**
 * look_ranges - do userfaultfds of an mm have ranges that are not hugetlb?
 * @mm: the mm; the caller pins its address
 * @quiet: find out whether anybody faults there
 *
 * LOOK_RANGES_QUIET says more: at some moment during this call no page fault
 * was in the middle of any of them. Whoever faults holds the mmap lock or,
 * since 6.4, its vma's; so that takes the mmap lock for writing, if it is free.
 *
 * Process context, may sleep.
 *
 * Return: what was found.
 */
enum look_ranges look_ranges(struct mm_struct *mm, bool quiet)
{
	enum look_ranges found = LOOK_RANGES_UNKNOWN;
	struct vm_area_struct *vma;

	if (!mmget_not_zero(mm))
		return LOOK_RANGES_NONE;
	/*
	 * Not mmap_write_trylock(), which 6.4 no longer has: nothing is written
	 * here, so no vma needs the lock that mmap_write_unlock() would release.
	 */
	if (quiet ? down_write_trylock(&mm->mmap_lock) : mmap_read_trylock(mm)) {
		found = LOOK_RANGES_NONE;
		for (vma = find_vma(mm, 0); vma; vma = find_vma(mm, vma->vm_end)) {
			if (!vma->vm_userfaultfd_ctx.ctx || !range_needs_hooks(vma))
				continue;
			if (found == LOOK_RANGES_NONE && quiet)
				found = LOOK_RANGES_QUIET;
			if (!quiet || compat_vma_read_locked(vma))
				found = LOOK_RANGES_BUSY;
		}
		if (quiet)
			up_write(&mm->mmap_lock);
		else
			mmap_read_unlock(mm);
	}
	mmput(mm);
	return found;
}
