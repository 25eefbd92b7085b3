// SPDX-License-Identifier: GPL-2.0
/*
 * What needs an mm from outside of any handler: the deferred look, and what
 * ranges a process still has. Process context. It waits for nobody's mmap lock:
 * next time then.
 */
#include "uffd_race.h"
#include "ptwalk.h"
#include <linux/hugetlb.h>
#include <linux/mmap_lock.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

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

/**
 * look_again - the deferred look
 * @todo: at what
 *
 * Process context, may sleep.
 *
 * Return: what is there, under the page-table lock.
 */
enum case_look look_again(const struct case_todo *todo)
{
	enum case_look look = CASE_LOOK_UNKNOWN;
	struct vm_area_struct *vma;
	struct mm_struct *mm;
	bool gone;

	mm = mm_of(todo->owner, &gone);
	if (!mm)
		return gone ? CASE_LOOK_GONE : look;
	if (mmap_read_trylock(mm)) {
		vma = find_vma(mm, todo->addr);
		if (!vma || vma->vm_start > todo->addr ||
		    vma->vm_userfaultfd_ctx.ctx != todo->ctx)
			look = CASE_LOOK_GONE;
		/* Mappings have merged: another mm may install from here on. */
		else if (is_vm_hugetlb_page(vma) &&
			 fault_table_shareable(vma, todo->addr))
			look = CASE_LOOK_GONE;
		else
			look = ptwalk_look_locked(vma, todo->addr);
		mmap_read_unlock(mm);
	}
	mmput(mm);
	return look;
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
