// SPDX-License-Identifier: GPL-2.0
/*
 * Faults and events: translates what the fault path knows into facts.
 */
#include "uffd_race.h"
#include "hooks/hooks.h"
#include "ptwalk.h"
#include "vma.h"
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/magic.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>

#include <trace/events/uffd_race.h>

/**
 * raises_event - would a fault that finds nothing mapped raise an event?
 * @vma: its mapping
 * @addr: aligned address
 *
 * What is in the page cache raises MINOR events, what is not MISSING ones; and
 * what is in swap counts as there. Any context, the vma is held.
 */
static bool raises_event(struct vm_area_struct *vma, unsigned long addr)
{
	bool minor = compat_uffd_minor(vma), there;

	if (vma_is_anonymous(vma) || (minor && userfaultfd_missing(vma)))
		return true;
	if (!vma->vm_file)
		return false;
	there = xa_load(&vma->vm_file->f_mapping->i_pages,
			compat_file_index(vma, addr));
	return minor ? there : !there;
}
NOKPROBE_SYMBOL(raises_event);

/**
 * struct fault_return - what the return of a fault needs from its entry
 * @vma: the mapping; valid at return unless its lock was dropped
 * @mm: its address space
 * @addr: aligned address
 * @window: of a watched entry, inside which the fault has entered; or 0
 * @raises: there was an event to be raised, if nothing was mapped
 * @tells: whether its result tells what it has mapped, see fault_result()
 * @share: of share_hold()
 */
struct fault_return {
	struct vm_area_struct *vma;
	const void *mm;
	unsigned long addr;
	u64 window;
	bool raises;
	bool tells;
	u16 share;
};

/*
 * By the file system of its file, which lives as long as the vma: vma_is_shmem()
 * is not exported, and a driver's own mapping may come with a userfaultfd, too; its
 * device in devtmpfs, which looks like tmpfs.
 */
static enum verdict_backing vma_backing(struct vm_area_struct *vma)
{
	if (is_vm_hugetlb_page(vma))
		return BACKING_HUGETLB;
	if (vma_is_anonymous(vma))
		return BACKING_ANON;
	if (vma->vm_file && S_ISREG(file_inode(vma->vm_file)->i_mode) &&
	    file_inode(vma->vm_file)->i_sb->s_magic == TMPFS_MAGIC)
		return BACKING_SHMEM;
	return BACKING_OTHER;
}
NOKPROBE_SYMBOL(vma_backing);

static bool zaps_known(enum verdict_backing backing)
{
	if (backing == BACKING_HUGETLB)
		return hook_armed(&hook_hugetlb_zap);
	return hook_armed(&hook_zap) && hook_armed(&hook_reclaim);
}
NOKPROBE_SYMBOL(zaps_known);

static unsigned int vma_flags(struct vm_area_struct *vma, unsigned long addr,
			      unsigned int fault_flags, enum verdict_backing backing)
{
	bool write = fault_flags & COMPAT_FAULT_COW;
	unsigned int flags = 0;

	if (write)
		flags |= FAULT_F_WRITE;
	/*
	 * hugetlb_no_page() and shmem_fault() map what they find in the page
	 * cache, and raise an event otherwise. A private mapping's own pages
	 * are anonymous.
	 */
	if (!(vma->vm_flags & VM_MAYSHARE)) {
		flags |= FAULT_F_PRIVATE;
		if (!write && userfaultfd_missing(vma))
			flags |= FAULT_F_ANON_PROVES;
	} else if (COMPAT_RETRY_MAY_MAP && write && backing == BACKING_SHMEM) {
		flags |= FAULT_F_RETRY_MAPS;	/* fault_dirty_shared_page() */
	}
	/* do_anonymous_page() never maps anything in a MISSING range. */
	if (userfaultfd_missing(vma) &&
	    (compat_uffd_minor(vma) || backing == BACKING_ANON))
		flags |= FAULT_F_NEVER_INSTALLS;
	if (zaps_known(backing))
		flags |= FAULT_F_ZAPS_KNOWN;
	if (backing == BACKING_HUGETLB &&
	    (vma_table_shareable(vma, addr) || ptwalk_table_shared(vma, addr)))
		flags |= FAULT_F_SHARED_TABLE;
	return flags;
}
NOKPROBE_SYMBOL(vma_flags);

/*
 * Where else this fault may map a page: fault-around stays within a page table
 * (do_fault_around()), and only where no such table is a huge page fits in
 * (do_set_pmd()).
 */
static unsigned long fault_around(const struct verdict_entry *entry,
				  struct vm_area_struct *vma, bool table)
{
	if (entry->backing != BACKING_SHMEM || (entry->flags & FAULT_F_NEVER_INSTALLS))
		return 0;
	if (!table)
		return PMD_SIZE;
	if ((entry->flags & FAULT_F_WRITE) || compat_uffd_minor(vma))
		return 0;
	return PMD_SIZE;
}
NOKPROBE_SYMBOL(fault_around);

/* Where a watch finds the mm; a remote fault, as in GUP, can't tell. */
static unsigned long owner_of(const struct vm_area_struct *vma)
{
	if (current->mm != vma->vm_mm || (current->flags & PF_KTHREAD))
		return 0;
	return current->tgid;
}
NOKPROBE_SYMBOL(owner_of);

static void make_entry(struct verdict_entry *entry, struct vm_area_struct *vma,
		       unsigned long addr, unsigned int fault_flags)
{
	unsigned long size = ptwalk_page_size(vma);
	enum verdict_backing backing = vma_backing(vma);
	bool table;

	addr &= ~(size - 1);
	*entry = (struct verdict_entry) {
		.task = current,
		.ctx = vma->vm_userfaultfd_ctx.ctx,
		.mm = vma->vm_mm,
		.addr = addr,
		.size = size,
		.backing = backing,
		.type = userfaultfd_missing(vma) ? EVENT_MISSING : EVENT_MINOR,
		.flags = vma_flags(vma, addr, fault_flags, backing),
		.stamp = core_stamp(vma->vm_mm),
	};
	entry->look = ptwalk_look(vma, addr, &table);
	entry->around = fault_around(entry, vma, table);
}
NOKPROBE_SYMBOL(make_entry);

static void fault_begin(struct hook *hook, struct vm_area_struct *vma,
			unsigned long addr, unsigned int fault_flags)
{
	struct verdict_entry entry;
	struct verdict_engine *e;
	unsigned long flags;

	hook_hit(hook);
	make_entry(&entry, vma, addr, fault_flags);
	entry.flags |= FAULT_F_UNREAD;
	watch_saw(owner_of(vma), entry.ctx, entry.addr);
	watch_window_over();
	e = core_lock(entry.mm, &flags);
	if (!e)
		return;
	verdict_fault_begin(e, &entry);
	core_unlock(e, flags);
}
NOKPROBE_SYMBOL(fault_begin);

/**
 * fault_hugetlb - hugetlb_fault(mm, vma, address, flags) is entered
 * @p: the probe
 * @regs: its arguments
 *
 * Return: 0.
 */
static int fault_hugetlb(struct kprobe *p, struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs_get_kernel_argument(regs, 1);

	if (vma_tracked(vma))
		fault_begin(&hook_hugetlb, vma, regs_get_kernel_argument(regs, 2),
			    regs_get_kernel_argument(regs, 3));
	return 0;
}
NOKPROBE_SYMBOL(fault_hugetlb);

struct hook hook_hugetlb = {
	.symbol = "hugetlb_fault",
	.kp.pre_handler = fault_hugetlb,
	.must_see = true,
	.lost = "hugetlb events are undecided: no record of fault entry",
};

/**
 * fault_other - handle_mm_fault(vma, address, flags, regs) is entered
 * @p: the probe
 * @regs: its arguments
 *
 * Return: 0.
 */
static int fault_other(struct kprobe *p, struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs_get_kernel_argument(regs, 0);

	if (vma_tracked(vma) && !is_vm_hugetlb_page(vma))
		fault_begin(&hook_fault, vma, regs_get_kernel_argument(regs, 1),
			    regs_get_kernel_argument(regs, 2));
	return 0;
}
NOKPROBE_SYMBOL(fault_other);

struct hook hook_fault = {
	.symbol = "handle_mm_fault",
	.kp.pre_handler = fault_other,
	.on_demand = true,
	.evidence = true,
	.must_see = true,
	.lost = "other than hugetlb is undecided: no record of fault entry",
};

static int fault_reads(struct hook *hook, const void *mm)
{
	struct verdict_engine *e;
	unsigned long flags;

	hook_hit(hook);
	e = core_lock(mm, &flags);
	if (!e)
		return 0;
	verdict_fault_read(e, current);
	core_unlock(e, flags);
	return 0;
}
NOKPROBE_SYMBOL(fault_reads);

/**
 * fault_reads_hugetlb - hugetlb_no_page() is entered
 * @p: the probe
 * @regs: its arguments, which differ between kernels
 *
 * So whose fault it is comes from who faults: others', as in GUP, are not told.
 *
 * Return: 0.
 */
static int fault_reads_hugetlb(struct kprobe *p, struct pt_regs *regs)
{
	/* On the way of everybody's hugetlb faults. */
	if (likely(!READ_ONCE(*space_used())) || !current->mm)
		return 0;
	return fault_reads(&hook_hugetlb_none, current->mm);
}
NOKPROBE_SYMBOL(fault_reads_hugetlb);

/* Called only where the entry was read, and was none. */
struct hook hook_hugetlb_none = {
	.symbol = "hugetlb_no_page",
	.inlined_ok = true,
	.kp.pre_handler = fault_reads_hugetlb,
	.reads = BIT(BACKING_HUGETLB),
	.lost = "exposures of hugetlb, but with watches",
};

static int reads_none(struct hook *hook, struct pt_regs *regs)
{
	struct vm_fault *vmf = (void *)regs_get_kernel_argument(regs, 0);

	return vma_tracked(vmf->vma) ? fault_reads(hook, vmf->vma->vm_mm) : 0;
}
NOKPROBE_SYMBOL(reads_none);

/**
 * fault_reads_anon - do_anonymous_page(vmf) is entered
 * @p: the probe
 * @regs: its argument
 *
 * Return: 0.
 */
static int fault_reads_anon(struct kprobe *p, struct pt_regs *regs)
{
	return reads_none(&hook_anon_none, regs);
}
NOKPROBE_SYMBOL(fault_reads_anon);

struct hook hook_anon_none = {
	.symbol = "do_anonymous_page",
	.inlined_ok = true,
	.kp.pre_handler = fault_reads_anon,
	.reads = BIT(BACKING_ANON),
	.on_demand = true,
	.lost = "exposures of anon, but with watches",
};

/**
 * fault_reads_shmem - shmem_fault(vmf) is entered
 * @p: the probe
 * @regs: its argument
 *
 * Return: 0.
 */
static int fault_reads_shmem(struct kprobe *p, struct pt_regs *regs)
{
	return reads_none(&hook_shmem_none, regs);
}
NOKPROBE_SYMBOL(fault_reads_shmem);

struct hook hook_shmem_none = {
	.symbol = "shmem_fault",
	.kp.pre_handler = fault_reads_shmem,
	.reads = BIT(BACKING_SHMEM),
	.on_demand = true,
	.lost = "exposures of shmem, but with watches",
};

/*
 * A fault whose return is not seen counts as under way until its task is in
 * another one: it costs evidence about its page.
 */
static int return_entry(struct kretprobe_instance *ri,
			struct vm_area_struct *vma, unsigned long addr,
			enum share_pool pool)
{
	struct fault_return *data = (void *)ri->data;

	if (!vma_tracked(vma) || !share_hold(&data->share, pool))
		return 1;
	data->vma = vma;
	data->mm = vma->vm_mm;
	data->addr = addr & ~(ptwalk_page_size(vma) - 1);
	data->raises = raises_event(vma, data->addr);
	data->window = watch_window(vma->vm_userfaultfd_ctx.ctx, data->addr);
	watch_window_enter(data->window);
	data->tells = COMPAT_RESULT_TELLS && vma_backing(vma) == BACKING_SHMEM &&
		      !vma->vm_ops->huge_fault;
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
static int fault_hugetlb_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return return_entry(ri, (void *)regs_get_kernel_argument(regs, 1),
			    regs_get_kernel_argument(regs, 2),
			    SHARE_HUGETLB_FAULTS);
}
NOKPROBE_SYMBOL(fault_hugetlb_entry);

/**
 * fault_other_entry - handle_mm_fault() is entered, for the return probe
 * @ri: its instance
 * @regs: the arguments
 *
 * Return: 0 to see the return, 1 to let it go.
 */
static int fault_other_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs_get_kernel_argument(regs, 0);

	if (likely(!vma->vm_userfaultfd_ctx.ctx) || is_vm_hugetlb_page(vma))
		return 1;
	return return_entry(ri, vma, regs_get_kernel_argument(regs, 1),
			    SHARE_FAULTS);
}
NOKPROBE_SYMBOL(fault_other_entry);

/*
 * What maps a page of shmem where there is none is do_fault(), and its result is
 * that of handle_mm_fault(). It has VM_FAULT_NOPAGE if fault-around has mapped the
 * page, or somebody else has meanwhile; else what shmem_fault() has returned:
 * VM_FAULT_LOCKED with a page, to which others are or-ed once it is mapped. Neither
 * means that the fault has found the page mapped, or has failed before that. If it has
 * failed, it may have mapped neighbours even so.
 */
static enum verdict_result fault_result(const struct fault_return *data,
					vm_fault_t result)
{
	if (data->tells && (result & (VM_FAULT_LOCKED | VM_FAULT_NOPAGE)))
		return RESULT_MAY_HAVE_MAPPED;
	if (result & (VM_FAULT_ERROR | VM_FAULT_RETRY))
		return RESULT_FAILED;
	if (!data->tells)
		return RESULT_MAY_HAVE_MAPPED;
	return compat_fault_copied(result) ? RESULT_MAPPED_NOTHING :
					     RESULT_DID_NOTHING;
}
NOKPROBE_SYMBOL(fault_result);

static void fault_end(const struct fault_return *data, vm_fault_t result)
{
	enum verdict_look look = LOOK_UNKNOWN;
	verdict_time stamp = core_stamp(data->mm);
	struct verdict_engine *e;
	unsigned long flags;
	bool table, raises;

	share_let_go(data->share);
	/* With the lock dropped there may be no vma any more. */
	if (!(result & (VM_FAULT_ERROR | COMPAT_FAULT_UNLOCKED)))
		look = ptwalk_look(data->vma, data->addr, &table);
	/* Who removes it from the file in between, zaps it here as well. */
	raises = data->raises && look != LOOK_UNKNOWN &&
		 raises_event(data->vma, data->addr);
	e = core_lock(data->mm, &flags);
	if (!e)
		return;
	if (unlikely(data->window) && watch_window_waited(data->window))
		verdict_fault_read(e, current);
	if (!raises)
		verdict_fault_unread(e, current);
	if (unlikely(data->window))
		verdict_fault_spared(e, current, watch_window_shut(data->window));
	verdict_fault_end(e, current, fault_result(data, result), look, stamp);
	core_looks(e);
	core_unlock(e, flags);
	look_later();
}
NOKPROBE_SYMBOL(fault_end);

/**
 * fault_hugetlb_return - hugetlb_fault() returns
 * @ri: its instance
 * @regs: the result, a vm_fault_t
 *
 * Return: 0.
 */
static int fault_hugetlb_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	hook_hit(&hook_hugetlb_return);
	fault_end((void *)ri->data, (__force vm_fault_t)regs_return_value(regs));
	return 0;
}
NOKPROBE_SYMBOL(fault_hugetlb_return);

struct hook hook_hugetlb_return = {
	.symbol = "hugetlb_fault",
	.rp.entry_handler = fault_hugetlb_entry,
	.rp.handler = fault_hugetlb_return,
	.rp.data_size = sizeof(struct fault_return),
	.of_faults = true,
	.lost = "exposures; events beside another fault are undecided",
};

/**
 * fault_other_return - handle_mm_fault() returns
 * @ri: its instance
 * @regs: the result, a vm_fault_t
 *
 * Return: 0.
 */
static int fault_other_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	hook_hit(&hook_fault_return);
	fault_end((void *)ri->data, (__force vm_fault_t)regs_return_value(regs));
	return 0;
}
NOKPROBE_SYMBOL(fault_other_return);

struct hook hook_fault_return = {
	.symbol = "handle_mm_fault",
	.rp.entry_handler = fault_other_entry,
	.rp.handler = fault_other_return,
	.rp.data_size = sizeof(struct fault_return),
	.of_faults = true,
	.on_demand = true,
	.lost = "exposures; events beside another fault are undecided",
};

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

/*
 * It may sleep for as long as user space likes, and maps nothing any more: it
 * must not keep records that others need.
 */
static void fault_over_unjudged(struct vm_area_struct *vma, unsigned long addr)
{
	struct verdict_engine *e;
	unsigned long flags;

	e = core_lock(vma->vm_mm, &flags);
	if (!e)
		return;
	verdict_fault_over(e, current, vma->vm_userfaultfd_ctx.ctx,
			   addr & ~(ptwalk_page_size(vma) - 1));
	core_unlock(e, flags);
}
NOKPROBE_SYMBOL(fault_over_unjudged);

/**
 * fault_event - handle_userfault(vmf, reason) is entered
 * @p: the probe
 * @regs: its arguments
 *
 * Return: 0.
 */
static int fault_event(struct kprobe *p, struct pt_regs *regs)
{
	struct vm_fault *vmf = (struct vm_fault *)regs_get_kernel_argument(regs, 0);
	unsigned long reason = regs_get_kernel_argument(regs, 1);
	struct vm_area_struct *vma = vmf->vma;
	struct verdict_entry entry;
	struct verdict_engine *e;
	unsigned long flags;

	hook_hit(&hook_event);
	if (!vma->vm_userfaultfd_ctx.ctx || raises_nothing(vmf) ||
	    uffd_silent(vma->vm_userfaultfd_ctx.ctx, vmf->flags)) {
		count_add(COUNT_NOT_RAISED, 1);
		return 0;
	}
	if (!(reason & VM_UFFD_MISSING) && !compat_reason_minor(reason)) {
		count_add(COUNT_NOT_JUDGED, 1);
		fault_over_unjudged(vma, vmf->address);
		return 0;
	}
	make_entry(&entry, vma, vmf->address, vmf->flags);
	entry.type = reason & VM_UFFD_MISSING ? EVENT_MISSING : EVENT_MINOR;
	entry.when = ktime_get_mono_fast_ns();
	trace_uffd_race_event(entry.ctx, entry.addr, entry.type == EVENT_MINOR,
			      entry.look);
	e = core_lock(entry.mm, &flags);
	if (!e)
		return 0;
	if (verdict_ctx_tag(e, entry.ctx) & CTX_TAG_SIGBUS)
		count_add(COUNT_NOT_RAISED, 1);
	else
		verdict_fault_event(e, &entry);
	core_looks(e);
	core_unlock(e, flags);
	look_later();
	return 0;
}
NOKPROBE_SYMBOL(fault_event);

struct hook hook_event = {
	.symbol = "handle_userfault",
	.kp.pre_handler = fault_event,
	.required = true,
	.lost = "everything: no event is seen",
};
