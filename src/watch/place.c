// SPDX-License-Identifier: GPL-2.0
/*
 * Watches come and go: process context, one at a time.
 */
#include "watch.h"
#include "vma.h"
#include <linux/delay.h>
#include <linux/hugetlb.h>
#include <linux/mmap_lock.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/uaccess.h>

#define PLACE_TRIES	100	/* of some ms each */

/* Bytes that one entry of a mapping maps; 0: that depends on the entry. */
static unsigned long vma_entry_size(struct vm_area_struct *vma)
{
	return is_vm_hugetlb_page(vma) ? huge_page_size(hstate_vma(vma)) : 0;
}

/* Huge pages above the pmd are only watched where they are hugetlb. */
static bool entry_fits(const struct ptwalk *path, unsigned long size)
{
	return size ? path->size == size : path->size <= PMD_SIZE;
}

/**
 * watch_find - what is there to be watched at an address?
 * @mm: whose; its mmap lock is held
 * @addr: any address in a page
 * @target: the answer; its references are the caller's business
 * @why: what is wrong, otherwise
 *
 * Return: 0, -ENOENT without a userfaultfd range, -ENXIO without a page, or
 * -EOPNOTSUPP.
 */
int watch_find(struct mm_struct *mm, unsigned long addr,
	       struct watch_target *target, const char **why)
{
	struct vm_area_struct *vma = find_vma(mm, addr);
	unsigned long flags, size;
	bool found;

	*why = "the address is in no range that a userfaultfd watches for missing or minor faults";
	if (!vma || vma->vm_start > addr || !vma_tracked(vma))
		return -ENOENT;
	size = vma_entry_size(vma);
	*why = "no watch on huge pages of this size";
	if (size && size != PMD_SIZE && size != PUD_SIZE)
		return -EOPNOTSUPP;

	local_irq_save(flags);
	found = ptwalk(mm, addr, size, NULL, &target->path);
	local_irq_restore(flags);
	*why = "nothing is mapped at the address";
	if (!found || target->path.none || !entry_fits(&target->path, size))
		return -ENXIO;
	target->ptl = ptwalk_lock(vma, &target->path);
	target->mm = mm;
	target->ctx = vma->vm_userfaultfd_ctx.ctx;
	target->addr = addr & ~(target->path.size - 1);
	return 0;
}

/* The same range, and the same entry, though not the same value. */
static bool same_place(struct mm_struct *mm, unsigned long addr,
		       const void *ctx, const struct ptwalk *path)
{
	struct vm_area_struct *vma = find_vma(mm, addr);
	unsigned long flags;
	struct ptwalk now;
	bool same;

	if (!vma || vma->vm_start > addr || !vma_tracked(vma) ||
	    vma->vm_userfaultfd_ctx.ctx != ctx)
		return false;
	local_irq_save(flags);
	same = ptwalk(mm, addr, path->size, path, &now);
	local_irq_restore(flags);
	return same;
}

/*
 * What the unlocked look at the page tables in the handler can't see: is the
 * range still the same? Whoever holds the mmap lock is not waited for.
 */
static bool is_gone(struct watch *w)
{
	bool gone = false;

	if (READ_ONCE(w->state) == WATCH_STALE)
		return true;
	if (!mmget_not_zero(w->mm))
		return true;
	if (mmap_read_trylock(w->mm)) {
		gone = !same_place(w->mm, w->addr, w->ctx, &w->path);
		mmap_read_unlock(w->mm);
	}
	mmput(w->mm);
	return gone;
}

static void watch_clear(struct watch *w)
{
	WRITE_ONCE(w->window, 0);
	smp_wmb();	/* pairs with smp_rmb() in window_still() */
	mmdrop(w->mm);
	put_pid(w->pid);
	memset(w, 0, sizeof(*w));
}

/* When it returns, no CPU is in its handler, and no writer is held. */
void watch_remove(struct watch *w)
{
	WRITE_ONCE(w->state, WATCH_STALE);
	compat_breakpoint_remove(w->bp);
	while (atomic_read(&w->holds))
		usleep_range(100, 200);
	watch_clear(w);
}

void watch_remove_all(void)
{
	int i;

	lockdep_assert_held(&watch_mutex);
	for (i = 0; i < NR_WATCHES; i++)
		if (watch_table[i].state != WATCH_FREE)
			watch_remove(&watch_table[i]);
}

/* Remove the watches whose process, range or entry is gone; how many are left? */
unsigned int watch_tend(void)
{
	unsigned int i, left = 0;

	lockdep_assert_held(&watch_mutex);
	for (i = 0; i < NR_WATCHES; i++) {
		struct watch *w = &watch_table[i];

		if (w->state == WATCH_FREE)
			continue;
		if (is_gone(w))
			watch_remove(w);
		else
			left++;
	}
	return left;
}

/* A free slot; what was asked for goes before what we picked ourselves. */
static struct watch *find_slot(bool automatic)
{
	struct watch *victim = NULL;
	int i;

	for (i = 0; i < NR_WATCHES; i++) {
		if (watch_table[i].state == WATCH_FREE)
			return &watch_table[i];
		if (watch_table[i].automatic)
			victim = &watch_table[i];
	}
	if (automatic || !victim)
		return NULL;
	watch_remove(victim);
	return victim;
}

static struct perf_event * __percpu *place_breakpoint(struct watch *w)
{
	struct perf_event_attr attr = {};

	compat_breakpoint_init(&attr, w->path.entry);
	return compat_breakpoint_place(&attr, watch_on_write, w);
}

static const char *why_no_breakpoint(int err)
{
	switch (err) {
	case -ENOSPC:
		return "all hardware breakpoints are in use by others";
	case -EOPNOTSUPP:
		return "no hardware breakpoints on kernel memory here";
	default:
		return "the kernel refuses the hardware breakpoint";
	}
}

/*
 * From the breakpoint on, tables that are freed are noticed; and until then?
 * watch_mutex is held, for which rmmod waits. So whoever holds the mmap lock is
 * not waited for long, and not at all for what we picked ourselves.
 */
static int confirm_place(struct watch *w, const char **why)
{
	unsigned int tries = w->automatic ? 1 : PLACE_TRIES;
	bool same;

	*why = "the process is busy with its mappings; try again";
	while (!mmap_read_trylock(w->mm)) {
		if (!--tries || fatal_signal_pending(current))
			return -EAGAIN;
		msleep(1);
	}
	same = same_place(w->mm, w->addr, w->ctx, &w->path);
	mmap_read_unlock(w->mm);
	*why = "the range has just changed";
	return same ? 0 : -EAGAIN;
}

/**
 * watch_place - place a watch
 * @target: from watch_find(), of a while ago
 * @us: hold writers that long
 * @automatic: picked by the module
 * @why: what is wrong, otherwise
 *
 * Without the mmap lock: perf takes that lock inside its own ones.
 *
 * Return: 0, -EEXIST, -ENOSPC, -ENOMEM, -EOPNOTSUPP, or -EAGAIN if the place
 * has changed meanwhile.
 */
int watch_place(const struct watch_target *target, unsigned int us,
		bool automatic, const char **why)
{
	struct watch *w;
	int i, err;

	lockdep_assert_held(&watch_mutex);
	*why = "the address is being watched";
	for (i = 0; i < NR_WATCHES; i++) {
		w = &watch_table[i];
		if (w->state == WATCH_FREE ||
		    w->path.entry != target->path.entry)
			continue;
		if (automatic || !w->automatic)
			return -EEXIST;
		watch_remove(w);
	}
	*why = "no memory for the ring of transitions";
	if (watch_ring_make(watch_param_transitions))
		return -ENOMEM;
	*why = "there is no room for another watch";
	w = find_slot(automatic);
	if (!w)
		return -ENOSPC;

	mmgrab(target->mm);
	*w = (struct watch) {
		.state = WATCH_PLACING,
		.mm = target->mm,
		.pid = get_pid(target->pid),
		.ctx = target->ctx,
		.addr = target->addr,
		.path = target->path,
		.ptl = target->ptl,
		.us = us,
		.automatic = automatic,
	};
	w->bp = place_breakpoint(w);
	err = compat_breakpoint_error(w->bp);
	if (err) {
		*why = why_no_breakpoint(err);
		watch_clear(w);
		return err;
	}
	/* Its table may be gone by now. */
	*why = "the range has just changed";
	err = -EAGAIN;
	if (!get_kernel_nofault(w->value, w->path.entry)) {
		/* pairs with watch_on_write(): the watch is filled in */
		smp_store_release(&w->state, WATCH_LIVE);
		err = confirm_place(w, why);
	}
	if (err)
		watch_remove(w);
	return err;
}

/*
 * Is there a breakpoint left for others? Asks on one CPU, since who wants one mostly
 * wants it everywhere.
 */
bool watch_spare(void)
{
	struct perf_event_attr attr = {};

	compat_breakpoint_init(&attr, &watch_table);
	attr.disabled = 1;
	return compat_breakpoint_spare(&attr, raw_smp_processor_id());
}

static int watch_process(struct mm_struct *mm, struct task_struct *task,
			 const struct watch_cmd *cmd, const char **why)
{
	struct watch_target target = { .pid = NULL };
	int err;

	/* Before watch_mutex: whoever holds this lock may be stuck. */
	*why = "interrupted";
	if (mmap_read_lock_killable(mm))
		return -EINTR;
	err = watch_find(mm, cmd->addr, &target, why);
	mmap_read_unlock(mm);
	if (err)
		return err;
	*why = "interrupted";
	if (mutex_lock_killable(&watch_mutex))
		return -EINTR;
	target.pid = get_task_pid(task, PIDTYPE_TGID);
	err = watch_place(&target, cmd->stall_us, false, why);
	put_pid(target.pid);
	mutex_unlock(&watch_mutex);
	if (!err)
		watch_soon();
	return err;
}

/* Do what was written to "watch". 0, -ESRCH, -EFAULT, or as watch_find() and watch_place(). */
int watch_command(const struct watch_cmd *cmd, const char **why)
{
	struct task_struct *task;
	struct mm_struct *mm;
	struct pid *pid;
	int err;

	if (cmd->off) {
		*why = "interrupted";
		if (mutex_lock_killable(&watch_mutex))
			return -EINTR;
		watch_remove_all();
		mutex_unlock(&watch_mutex);
		return 0;
	}
	*why = "the address is not in user space";
	if (cmd->addr >= TASK_SIZE_MAX)
		return -EFAULT;
	*why = "no such process";
	pid = find_get_pid(cmd->pid);
	task = get_pid_task(pid, PIDTYPE_PID);
	put_pid(pid);
	if (!task)
		return -ESRCH;
	*why = "the process has no memory of its own";
	mm = get_task_mm(task);
	err = mm ? watch_process(mm, task, cmd, why) : -ESRCH;
	if (mm)
		mmput(mm);
	put_task_struct(task);
	return err;
}
