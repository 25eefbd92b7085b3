// SPDX-License-Identifier: GPL-2.0
/*
 * Faults and events: translates what the fault path knows into facts.
 */
#include "uffd_race.h"
#include "ptwalk.h"
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/magic.h>
#include <linux/sched/signal.h>

#define CREATE_TRACE_POINTS
#include <trace/events/uffd_race.h>

/* Events of a vma that the fault path itself would not raise. */
static atomic_long_t not_raised;
/* Write-protection events and whatever else is not judged. */
static atomic_long_t other_events;

/**
 * struct fault_return - what the return of a fault needs from its entry
 * @vma: the mapping; valid at return unless its lock was dropped
 * @addr: aligned address
 * @window: of a watched entry, inside which the fault has entered; or 0
 */
struct fault_return {
	struct vm_area_struct *vma;
	unsigned long addr;
	u64 window;
};

/**
 * fault_return_size - per-instance data of the return probes
 *
 * Return: bytes.
 */
size_t fault_return_size(void)
{
	return sizeof(struct fault_return);
}

/**
 * fault_table_shareable - may another mm map pages into this page table?
 * @vma: a hugetlb mapping
 * @addr: address in it
 *
 * The kernel shares a page table only where a mapping covers all of it. Another
 * mm, without any userfaultfd, may then map pages right into our table
 * (page_table_shareable()). WP and MINOR ranges never share
 * (uffd_disable_huge_pmd_share()).
 *
 * Return: true if so.
 */
bool fault_table_shareable(struct vm_area_struct *vma, unsigned long addr)
{
	unsigned long base = addr & PUD_MASK;

	return (vma->vm_flags & VM_MAYSHARE) && !userfaultfd_wp(vma) &&
	       !compat_uffd_minor(vma) &&
	       huge_page_size(hstate_vma(vma)) == PMD_SIZE &&
	       base >= vma->vm_start && base + PUD_SIZE <= vma->vm_end;
}
NOKPROBE_SYMBOL(fault_table_shareable);

/*
 * By the file system of its file, which lives as long as the vma: vma_is_shmem()
 * is not exported, and a driver's own mapping may come with a userfaultfd, too.
 */
static enum case_backing vma_backing(struct vm_area_struct *vma)
{
	if (is_vm_hugetlb_page(vma))
		return CASE_HUGETLB;
	if (vma_is_anonymous(vma))
		return CASE_ANON;
	if (vma->vm_file &&
	    file_inode(vma->vm_file)->i_sb->s_magic == TMPFS_MAGIC)
		return CASE_SHMEM;
	return CASE_OTHER;
}
NOKPROBE_SYMBOL(vma_backing);

static bool zaps_known(enum case_backing backing)
{
	if (backing == CASE_HUGETLB)
		return probe_armed(HOOK_HUGETLB_ZAP);
	return probe_armed(HOOK_ZAP) && probe_armed(HOOK_RECLAIM);
}
NOKPROBE_SYMBOL(zaps_known);

static unsigned int vma_flags(struct vm_area_struct *vma, unsigned long addr,
			      unsigned int fault_flags, enum case_backing backing)
{
	bool write = fault_flags & COMPAT_FAULT_COW;
	unsigned int flags = 0;

	if (write)
		flags |= CASE_F_WRITE;
	/*
	 * hugetlb_no_page() and shmem_fault() map what they find in the page
	 * cache, and raise an event otherwise. A private mapping's own pages
	 * are anonymous.
	 */
	if (!(vma->vm_flags & VM_MAYSHARE)) {
		flags |= CASE_F_PRIVATE;
		if (!write && userfaultfd_missing(vma))
			flags |= CASE_F_ANON_PROVES;
	} else if (COMPAT_RETRY_MAY_MAP && write && backing == CASE_SHMEM) {
		flags |= CASE_F_RETRY_MAPS;	/* fault_dirty_shared_page() */
	}
	/* do_anonymous_page() never maps anything in a MISSING range. */
	if (userfaultfd_missing(vma) &&
	    (compat_uffd_minor(vma) || backing == CASE_ANON))
		flags |= CASE_F_NEVER_INSTALLS;
	if (zaps_known(backing))
		flags |= CASE_F_ZAPS_KNOWN;
	if (backing == CASE_HUGETLB && fault_table_shareable(vma, addr))
		flags |= CASE_F_SHARED_TABLE;
	return flags;
}
NOKPROBE_SYMBOL(vma_flags);

/*
 * Where else this fault may map a page: fault-around stays within a page table
 * (do_fault_around()), and only where no such table is a huge page fits in
 * (do_set_pmd()).
 */
static unsigned long fault_around(const struct case_entry *entry,
				  struct vm_area_struct *vma, bool table)
{
	if (entry->backing != CASE_SHMEM || (entry->flags & CASE_F_NEVER_INSTALLS))
		return 0;
	if (!table)
		return PMD_SIZE;
	if ((entry->flags & CASE_F_WRITE) || compat_uffd_minor(vma))
		return 0;
	return PMD_SIZE;
}
NOKPROBE_SYMBOL(fault_around);

/* Where the deferred look finds the mm; a remote fault, as in GUP, can't tell. */
static unsigned long owner_of(const struct vm_area_struct *vma)
{
	if (current->mm != vma->vm_mm || (current->flags & PF_KTHREAD))
		return 0;
	return current->tgid;
}
NOKPROBE_SYMBOL(owner_of);

static void make_entry(struct case_entry *entry, struct vm_area_struct *vma,
		       unsigned long addr, unsigned int fault_flags)
{
	unsigned long size = ptwalk_page_size(vma);
	enum case_backing backing = vma_backing(vma);
	bool table;

	addr &= ~(size - 1);
	*entry = (struct case_entry) {
		.task = current,
		.ctx = vma->vm_userfaultfd_ctx.ctx,
		.mm = vma->vm_mm,
		.addr = addr,
		.size = size,
		.owner = owner_of(vma),
		.backing = backing,
		.type = userfaultfd_missing(vma) ? CASE_MISSING : CASE_MINOR,
		.flags = vma_flags(vma, addr, fault_flags, backing),
		.stamp = engine_stamp(),
	};
	entry->look = ptwalk_look(vma, addr, &table);
	entry->around = fault_around(entry, vma, table);
}
NOKPROBE_SYMBOL(make_entry);

static bool watched(struct vm_area_struct *vma)
{
	return unlikely(vma->vm_userfaultfd_ctx.ctx) &&
	       (userfaultfd_missing(vma) || compat_uffd_minor(vma));
}
NOKPROBE_SYMBOL(watched);

static void fault_begin(enum hook_id id, struct vm_area_struct *vma,
			unsigned long addr, unsigned int fault_flags)
{
	struct case_entry entry;
	unsigned long flags;

	probe_hit(id);
	make_entry(&entry, vma, addr, fault_flags);
	stall_saw(entry.owner, entry.ctx, entry.addr);
	stall_window_over();
	if (engine_lock(&flags)) {
		case_fault_begin(&engine, &entry);
		engine_unlock(flags);
	}
}
NOKPROBE_SYMBOL(fault_begin);

/**
 * fault_hugetlb - hugetlb_fault(mm, vma, address, flags) is entered
 * @p: the probe
 * @regs: its arguments
 *
 * Return: 0.
 */
int fault_hugetlb(struct kprobe *p, struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs_get_kernel_argument(regs, 1);

	if (watched(vma))
		fault_begin(HOOK_HUGETLB, vma, regs_get_kernel_argument(regs, 2),
			    regs_get_kernel_argument(regs, 3));
	return 0;
}
NOKPROBE_SYMBOL(fault_hugetlb);

/**
 * fault_other - handle_mm_fault(vma, address, flags, regs) is entered
 * @p: the probe
 * @regs: its arguments
 *
 * Return: 0.
 */
int fault_other(struct kprobe *p, struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs_get_kernel_argument(regs, 0);

	if (watched(vma) && !is_vm_hugetlb_page(vma))
		fault_begin(HOOK_FAULT, vma, regs_get_kernel_argument(regs, 1),
			    regs_get_kernel_argument(regs, 2));
	return 0;
}
NOKPROBE_SYMBOL(fault_other);

static int return_entry(struct kretprobe_instance *ri,
			struct vm_area_struct *vma, unsigned long addr)
{
	struct fault_return *data = (void *)ri->data;

	if (!watched(vma))
		return 1;
	data->vma = vma;
	data->addr = addr & ~(ptwalk_page_size(vma) - 1);
	data->window = stall_window(vma->vm_userfaultfd_ctx.ctx, data->addr);
	return 0;
}
NOKPROBE_SYMBOL(return_entry);

/**
 * fault_hugetlb_entry - hugetlb_fault() is entered, for the return probe
 * @ri: its instance
 * @regs: the arguments
 *
 * Return: 0 to see the return, 1 to let it go.
 */
int fault_hugetlb_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return return_entry(ri, (void *)regs_get_kernel_argument(regs, 1),
			    regs_get_kernel_argument(regs, 2));
}
NOKPROBE_SYMBOL(fault_hugetlb_entry);

/**
 * fault_other_entry - handle_mm_fault() is entered, for the return probe
 * @ri: its instance
 * @regs: the arguments
 *
 * Return: 0 to see the return, 1 to let it go.
 */
int fault_other_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs_get_kernel_argument(regs, 0);

	if (likely(!vma->vm_userfaultfd_ctx.ctx) || is_vm_hugetlb_page(vma))
		return 1;
	return return_entry(ri, vma, regs_get_kernel_argument(regs, 1));
}
NOKPROBE_SYMBOL(fault_other_entry);

static void fault_end(const struct fault_return *data, vm_fault_t result)
{
	enum case_look look = CASE_LOOK_UNKNOWN;
	case_time stamp = engine_stamp();
	unsigned long flags;
	bool table;

	/* With the lock dropped there may be no vma any more. */
	if (!(result & (VM_FAULT_ERROR | COMPAT_FAULT_UNLOCKED)))
		look = ptwalk_look(data->vma, data->addr, &table);
	if (engine_lock(&flags)) {
		if (unlikely(data->window))
			case_fault_spared(&engine, current,
					  stall_window_shut(data->window));
		case_fault_end(&engine, current,
			       !!(result & (VM_FAULT_ERROR | VM_FAULT_RETRY)),
			       look, stamp);
		engine_unlock(flags);
		engine_look_later();
	}
}
NOKPROBE_SYMBOL(fault_end);

/**
 * fault_hugetlb_return - hugetlb_fault() returns
 * @ri: its instance
 * @regs: the result, a vm_fault_t
 *
 * Return: 0.
 */
int fault_hugetlb_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	probe_hit(HOOK_HUGETLB_RETURN);
	fault_end((void *)ri->data, (__force vm_fault_t)regs_return_value(regs));
	return 0;
}
NOKPROBE_SYMBOL(fault_hugetlb_return);

/**
 * fault_other_return - handle_mm_fault() returns
 * @ri: its instance
 * @regs: the result, a vm_fault_t
 *
 * Return: 0.
 */
int fault_other_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	probe_hit(HOOK_FAULT_RETURN);
	fault_end((void *)ri->data, (__force vm_fault_t)regs_return_value(regs));
	return 0;
}
NOKPROBE_SYMBOL(fault_other_return);

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
	if (!vma->vm_userfaultfd_ctx.ctx || raises_nothing(vmf) ||
	    uffd_silent(vma->vm_userfaultfd_ctx.ctx, vmf->flags)) {
		atomic_long_inc(&not_raised);
		return 0;
	}
	if (!(reason & VM_UFFD_MISSING) && !compat_reason_minor(reason)) {
		atomic_long_inc(&other_events);
		return 0;
	}
	make_entry(&entry, vma, vmf->address, vmf->flags);
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
