// SPDX-License-Identifier: GPL-2.0
/*
 * Faults and events: translates what the fault path knows into facts.
 */
#include "uffd_race.h"
#include "ptwalk.h"
#include <linux/hugetlb.h>
#include <linux/mmap_lock.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/sched/signal.h>

#define CREATE_TRACE_POINTS
#include <trace/events/uffd_race.h>

/* Events of a vma that the fault path itself would not raise. */
static atomic_long_t not_raised;
/* Write-protection events and whatever else is not judged. */
static atomic_long_t other_events;

/**
 * struct fault_return - what the return of hugetlb_fault() needs from its entry
 * @vma: the mapping; valid at return unless the mmap lock was dropped
 * @addr: aligned address
 */
struct fault_return {
	struct vm_area_struct *vma;
	unsigned long addr;
};

/**
 * fault_return_size - per-instance data of the return probe
 *
 * Return: bytes.
 */
size_t fault_return_size(void)
{
	return sizeof(struct fault_return);
}

/*
 * The kernel shares a page table only where a mapping covers all of it. Another
 * mm, without any userfaultfd, may then map pages right into our table
 * (page_table_shareable()). WP and MINOR ranges never share
 * (uffd_disable_huge_pmd_share()).
 */
static bool hugetlb_table_shareable(struct vm_area_struct *vma,
				    unsigned long addr)
{
	unsigned long base = addr & PUD_MASK;

	return (vma->vm_flags & VM_MAYSHARE) && !userfaultfd_wp(vma) &&
	       !compat_uffd_minor(vma) &&
	       huge_page_size(hstate_vma(vma)) == PMD_SIZE &&
	       base >= vma->vm_start && base + PUD_SIZE <= vma->vm_end;
}

static unsigned int hugetlb_flags(struct vm_area_struct *vma,
				  unsigned long addr, unsigned int fault_flags)
{
	bool write = fault_flags & COMPAT_FAULT_COW;
	unsigned int flags = 0;

	if (write)
		flags |= CASE_F_WRITE;
	/*
	 * hugetlb_no_page() maps what it finds in the page cache, and raises
	 * an event otherwise. A private mapping's own pages are anonymous.
	 */
	if (!(vma->vm_flags & VM_MAYSHARE)) {
		flags |= CASE_F_PRIVATE;
		if (!write && userfaultfd_missing(vma))
			flags |= CASE_F_ANON_PROVES;
	}
	if (userfaultfd_missing(vma) && compat_uffd_minor(vma))
		flags |= CASE_F_NEVER_INSTALLS;
	if (probe_armed(HOOK_HUGETLB_ZAP))
		flags |= CASE_F_ZAPS_KNOWN;
	if (hugetlb_table_shareable(vma, addr))
		flags |= CASE_F_SHARED_TABLE;
	return flags;
}

/* Where the deferred look finds the mm; a remote fault, as in GUP, can't tell. */
static unsigned long owner_of(const struct vm_area_struct *vma)
{
	if (current->mm != vma->vm_mm || (current->flags & PF_KTHREAD))
		return 0;
	return current->tgid;
}
NOKPROBE_SYMBOL(owner_of);

static void hugetlb_entry(struct case_entry *entry, struct vm_area_struct *vma,
			  unsigned long addr, unsigned int fault_flags)
{
	addr &= huge_page_mask(hstate_vma(vma));
	*entry = (struct case_entry) {
		.task = current,
		.ctx = vma->vm_userfaultfd_ctx.ctx,
		.addr = addr,
		.owner = owner_of(vma),
		.backing = CASE_HUGETLB,
		.type = userfaultfd_missing(vma) ? CASE_MISSING : CASE_MINOR,
		.flags = hugetlb_flags(vma, addr, fault_flags),
		.stamp = engine_stamp(),
	};
	entry->look = ptwalk_look(vma, addr);
}
NOKPROBE_SYMBOL(hugetlb_entry);

static struct vm_area_struct *watched_vma(unsigned long arg)
{
	struct vm_area_struct *vma = (struct vm_area_struct *)arg;

	if (likely(!vma->vm_userfaultfd_ctx.ctx))
		return NULL;
	if (!userfaultfd_missing(vma) && !compat_uffd_minor(vma))
		return NULL;
	return vma;
}
NOKPROBE_SYMBOL(watched_vma);

/**
 * fault_hugetlb - hugetlb_fault(mm, vma, address, flags) is entered
 * @p: the probe
 * @regs: its arguments
 *
 * Return: 0.
 */
int fault_hugetlb(struct kprobe *p, struct pt_regs *regs)
{
	struct vm_area_struct *vma = watched_vma(regs_get_kernel_argument(regs, 1));
	struct case_entry entry;
	unsigned long flags;

	if (!vma)
		return 0;
	probe_hit(HOOK_HUGETLB);
	hugetlb_entry(&entry, vma, regs_get_kernel_argument(regs, 2),
		      regs_get_kernel_argument(regs, 3));
	stall_saw(entry.owner, entry.ctx, entry.addr);
	if (engine_lock(&flags)) {
		case_fault_begin(&engine, &entry);
		engine_unlock(flags);
	}
	return 0;
}
NOKPROBE_SYMBOL(fault_hugetlb);

/**
 * fault_hugetlb_entry - the same, for the return probe
 * @ri: its instance
 * @regs: the arguments
 *
 * Return: 0 to see the return, 1 to let it go.
 */
int fault_hugetlb_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct fault_return *data = (void *)ri->data;

	data->vma = watched_vma(regs_get_kernel_argument(regs, 1));
	if (!data->vma)
		return 1;
	data->addr = regs_get_kernel_argument(regs, 2) &
		     huge_page_mask(hstate_vma(data->vma));
	return 0;
}
NOKPROBE_SYMBOL(fault_hugetlb_entry);

/**
 * fault_hugetlb_return - hugetlb_fault() returns
 * @ri: its instance
 * @regs: the result, a vm_fault_t
 *
 * Return: 0.
 */
int fault_hugetlb_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct fault_return *data = (void *)ri->data;
	vm_fault_t result = (__force vm_fault_t)regs_return_value(regs);
	enum case_look look = CASE_LOOK_UNKNOWN;
	case_time stamp = engine_stamp();
	unsigned long flags;

	probe_hit(HOOK_HUGETLB_RETURN);
	/* With the lock dropped there may be no vma any more. */
	if (!(result & (VM_FAULT_ERROR | COMPAT_FAULT_UNLOCKED)))
		look = ptwalk_look(data->vma, data->addr);
	if (engine_lock(&flags)) {
		case_fault_end(&engine, current,
			       !!(result & (VM_FAULT_ERROR | VM_FAULT_RETRY)),
			       look, stamp);
		engine_unlock(flags);
		engine_look_later();
	}
	return 0;
}
NOKPROBE_SYMBOL(fault_hugetlb_return);

/* The early exits of handle_userfault() that can be seen from outside. */
static bool raises_nothing(const struct vm_fault *vmf)
{
	if (current->flags & (PF_EXITING | PF_DUMPCORE))
		return true;
	if (!(vmf->flags & FAULT_FLAG_ALLOW_RETRY))
		return true;
	return vmf->flags & FAULT_FLAG_RETRY_NOWAIT;
}
NOKPROBE_SYMBOL(raises_nothing);

static enum case_backing vma_backing(struct vm_area_struct *vma)
{
	if (is_vm_hugetlb_page(vma))
		return CASE_HUGETLB;
	return vma_is_anonymous(vma) ? CASE_ANON : CASE_SHMEM;
}

/**
 * fault_event - handle_userfault(vmf, reason) is entered
 * @p: the probe
 * @regs: its arguments
 *
 * Return: 0.
 */
int fault_event(struct kprobe *p, struct pt_regs *regs)
{
	struct vm_fault *vmf = (struct vm_fault *)regs_get_kernel_argument(regs, 0);
	unsigned long reason = regs_get_kernel_argument(regs, 1);
	struct vm_area_struct *vma = vmf->vma;
	struct case_entry entry;
	unsigned long flags;

	probe_hit(HOOK_EVENT);
	if (!vma->vm_userfaultfd_ctx.ctx || raises_nothing(vmf)) {
		atomic_long_inc(&not_raised);
		return 0;
	}
	if (!(reason & VM_UFFD_MISSING) && !compat_reason_minor(reason)) {
		atomic_long_inc(&other_events);
		return 0;
	}
	if (is_vm_hugetlb_page(vma)) {
		hugetlb_entry(&entry, vma, vmf->address, vmf->flags);
	} else {
		entry = (struct case_entry) {
			.task = current,
			.ctx = vma->vm_userfaultfd_ctx.ctx,
			.addr = vmf->address & PAGE_MASK,
			.backing = vma_backing(vma),
			.stamp = engine_stamp(),
		};
	}
	entry.type = reason & VM_UFFD_MISSING ? CASE_MISSING : CASE_MINOR;
	trace_uffd_race_event(entry.ctx, entry.addr, entry.type == CASE_MINOR,
			      entry.look);
	if (engine_lock(&flags)) {
		if (case_ctx_tag(&engine, entry.ctx) & LEDGER_SIGBUS)
			atomic_long_inc(&not_raised);
		else
			case_fault_event(&engine, &entry);
		engine_unlock(flags);
		engine_look_later();
	}
	return 0;
}
NOKPROBE_SYMBOL(fault_event);

/**
 * fault_look_again - the deferred look
 * @todo: at what
 *
 * Process context, may sleep. It waits for nobody's mmap lock: next time then.
 *
 * Return: what is there, under the page-table lock.
 */
enum case_look fault_look_again(const struct case_todo *todo)
{
	enum case_look look = CASE_LOOK_UNKNOWN;
	struct vm_area_struct *vma;
	struct task_struct *task;
	struct mm_struct *mm;
	struct pid *pid;

	if (!todo->owner)
		return look;
	pid = find_get_pid(todo->owner);
	task = get_pid_task(pid, PIDTYPE_TGID);
	put_pid(pid);
	if (!task)
		return CASE_LOOK_GONE;
	mm = get_task_mm(task);
	put_task_struct(task);
	if (!mm)
		return look;	/* its first thread may be gone; others not */
	if (mmap_read_trylock(mm)) {
		vma = find_vma(mm, todo->addr);
		if (!vma || vma->vm_start > todo->addr ||
		    vma->vm_userfaultfd_ctx.ctx != todo->ctx)
			look = CASE_LOOK_GONE;
		else if (!is_vm_hugetlb_page(vma))
			look = CASE_LOOK_UNKNOWN;
		else if (hugetlb_table_shareable(vma, todo->addr))
			look = ptwalk_look(vma, todo->addr);
		else
			look = ptwalk_look_locked(vma, todo->addr);
		mmap_read_unlock(mm);
	}
	mmput(mm);
	return look;
}

/**
 * fault_not_raised - calls of handle_userfault() that raise no event
 *
 * Return: how many since the last fault_reset().
 */
unsigned long long fault_not_raised(void)
{
	return atomic_long_read(&not_raised);
}

/**
 * fault_other_events - events that are not judged, as write protection
 *
 * Return: how many since the last fault_reset().
 */
unsigned long long fault_other_events(void)
{
	return atomic_long_read(&other_events);
}

/**
 * fault_reset - zero the counters of this file
 */
void fault_reset(void)
{
	atomic_long_set(&not_raised, 0);
	atomic_long_set(&other_events, 0);
}
