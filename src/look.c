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
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/workqueue.h>

static unsigned long look_delay;

static void look_worker(struct work_struct *work);
static DECLARE_DELAYED_WORK(look_work, look_worker);

/* The mm of a process, or NULL with *gone telling if there is no process. */
static struct mm_struct *mm_of(unsigned long tgid, bool *gone)
{
	struct task_struct *task;
	struct mm_struct *mm;
	struct pid *pid;

	*gone = false;
	if (!tgid)
		return NULL;
	pid = find_get_pid(tgid);
	task = get_pid_task(pid, PIDTYPE_TGID);
	put_pid(pid);
	if (!task) {
		*gone = true;
		return NULL;
	}
	mm = get_task_mm(task);	/* its first thread may be gone; others not */
	put_task_struct(task);
	return mm;
}

/* What is there, under the page-table lock. */
static enum verdict_look look_again(const struct verdict_todo *todo)
{
	enum verdict_look look = LOOK_UNKNOWN;
	struct vm_area_struct *vma;
	struct mm_struct *mm;
	bool gone;

	mm = mm_of(todo->owner, &gone);
	if (!mm)
		return gone ? LOOK_GONE : look;
	if (mmap_read_trylock(mm)) {
		vma = find_vma(mm, todo->addr);
		if (!vma || vma->vm_start > todo->addr ||
		    vma->vm_userfaultfd_ctx.ctx != todo->ctx)
			look = LOOK_GONE;
		/* Mappings have merged: another mm may install from here on. */
		else if (is_vm_hugetlb_page(vma) &&
			 (vma_table_shareable(vma, todo->addr) ||
			  ptwalk_table_shared(vma, todo->addr)))
			look = LOOK_GONE;
		else
			look = ptwalk_look_locked(vma, todo->addr);
		mmap_read_unlock(mm);
	}
	mmput(mm);
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

static void look_worker(struct work_struct *work)
{
	unsigned int cursor = 0, pages = 0;
	struct verdict_todo todo;
	enum verdict_look look;
	unsigned long flags;
	verdict_time stamp;
	bool more;

	for (;;) {
		if (!core_lock(&flags))
			return;
		more = verdict_next_todo(&core_engine, &cursor, &todo);
		core_unlock(flags);
		if (!more)
			break;
		stamp = core_stamp();
		look = look_again(&todo);
		/* What was seen means nothing if the hooks were off. */
		guard_check();
		if (!core_lock(&flags))
			return;
		verdict_looked(&core_engine, todo.ctx, todo.addr, look, stamp);
		core_unlock(flags);
		pages++;
		cond_resched();
	}
	report_first_bogus();
	if (pages)
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
 * After core_stop(), and before core_exit().
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
 * look_ranges - does a userfaultfd have ranges that are not hugetlb?
 * @ctx: the userfaultfd
 * @tgid: a process that may have them
 * @quiet: find out whether anybody faults there
 * @whose: set to the mm that has them, if they were found; a mere name
 *
 * LOOK_RANGES_QUIET says more: at some moment during this call no page fault
 * was in the middle of any of them. Whoever faults holds the mmap lock or,
 * since 6.4, its vma's; so that takes the mmap lock for writing, if it is free.
 *
 * Process context, may sleep.
 *
 * Return: what was found.
 */
enum look_ranges look_ranges(const void *ctx, unsigned long tgid, bool quiet,
			     const void **whose)
{
	enum look_ranges found = LOOK_RANGES_UNKNOWN;
	struct vm_area_struct *vma;
	struct mm_struct *mm;
	bool gone;

	mm = mm_of(tgid, &gone);
	if (!mm)
		return gone ? LOOK_RANGES_NONE : found;
	/*
	 * Not mmap_write_trylock(), which 6.4 no longer has: nothing is written
	 * here, so no vma needs the lock that mmap_write_unlock() would release.
	 */
	if (quiet ? down_write_trylock(&mm->mmap_lock) : mmap_read_trylock(mm)) {
		found = LOOK_RANGES_NONE;
		for (vma = find_vma(mm, 0); vma; vma = find_vma(mm, vma->vm_end)) {
			if (vma->vm_userfaultfd_ctx.ctx != ctx ||
			    !range_needs_hooks(vma))
				continue;
			*whose = mm;
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
