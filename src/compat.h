/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between kernels, and nothing else. Every conditional names the
 * commit that made the difference.
 */
#ifndef UFFD_RACE_COMPAT_H
#define UFFD_RACE_COMPAT_H

#include <linux/err.h>
#include <linux/hugetlb.h>
#include <linux/hw_breakpoint.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/refcount.h>
#include <linux/rmap.h>
#include <linux/sched.h>
#include <linux/seqlock.h>
#include <linux/swap.h>
#include <linux/swapops.h>
#include <linux/uio.h>
#include <linux/userfaultfd.h>
#include <linux/userfaultfd_k.h>
#include <linux/version.h>
#include <linux/wait.h>

#include <asm/syscall.h>
#include <asm/unistd.h>
#ifdef CONFIG_X86_64
#include <asm/cpufeature.h>
#include <asm/invpcid.h>
#include <asm/special_insns.h>
#endif

#define COMPAT_IS(major, minor)					\
	(LINUX_VERSION_CODE >= KERNEL_VERSION(major, minor, 0) &&	\
	 LINUX_VERSION_CODE < KERNEL_VERSION(major, (minor) + 1, 0))

/*
 * "softleaf" replaced the swp_entry_t helpers (68aa2fdbf57f, v6.19); there is
 * no macro to test for.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
#include <linux/leafops.h>
#endif

/*
 * What the kernel knows of a userfaultfd is public since f91e6b41dd11
 * ("userfaultfd: move userfaultfd_ctx struct to header file"), v6.9. This copy
 * is what it was from 22e5fe2a2a27 ("userfaultfd: prevent concurrent API
 * initialization") and a759a909d42d ("userfaultfd: change mmap_changing to
 * atomic") on, v5.15 and stable kernels: only believed after a look, see uffd.c.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
#define COMPAT_UFFD_PUBLIC	1
#define compat_uffd		userfaultfd_ctx
#else
#define COMPAT_UFFD_PUBLIC	0
struct compat_uffd {
	wait_queue_head_t fault_pending_wqh, fault_wqh, fd_wqh, event_wqh;
	seqcount_spinlock_t refile_seq;
	refcount_t refcount;
	unsigned int flags;
	unsigned int features;
	bool released;
	atomic_t mmap_changing;
	struct mm_struct *mm;
};
#endif

/*
 * The function that makes the file of a userfaultfd, (name, fops, ctx, flags):
 * since b537900f1598 ("userfaultfd: use secure anon inodes for userfaultfd"),
 * v5.12, and 4f0b9194bc11 ("fs: Rename anon_inode_getfile_secure() and
 * anon_inode_getfd_secure()"), v6.8.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define COMPAT_UFFD_MAKER	"anon_inode_create_getfd"
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(5, 12, 0)
#define COMPAT_UFFD_MAKER	"anon_inode_getfd_secure"
#else
#define COMPAT_UFFD_MAKER	"anon_inode_getfd"
#endif

/* 37cd0575b849 ("userfaultfd: add UFFD_USER_MODE_ONLY"), v5.11 */
#ifdef UFFD_USER_MODE_ONLY
#define COMPAT_UFFD_USER_MODE_ONLY	UFFD_USER_MODE_ONLY
#else
#define COMPAT_UFFD_USER_MODE_ONLY	0
#endif

/* 7677f7fd8be7 ("userfaultfd: add minor fault registration mode"), v5.13 */
static inline bool compat_uffd_minor(struct vm_area_struct *vma)
{
#ifdef VM_UFFD_MINOR
	return userfaultfd_minor(vma);
#else
	return false;
#endif
}

static inline bool compat_reason_minor(unsigned long reason)
{
#ifdef VM_UFFD_MINOR
	return reason & VM_UFFD_MINOR;
#else
	return false;
#endif
}

#ifdef UFFD_PAGEFAULT_FLAG_MINOR
#define COMPAT_PAGEFAULT_MINOR	UFFD_PAGEFAULT_FLAG_MINOR
#else
#define COMPAT_PAGEFAULT_MINOR	0
#endif

/*
 * What ioctls the kernel has: UFFDIO_CONTINUE is f619147104c8 ("userfaultfd: add
 * UFFDIO_CONTINUE ioctl"), v5.13, UFFDIO_POISON fc71884a5f59 ("mm: userfaultfd:
 * add new UFFDIO_POISON ioctl"), v6.6, UFFDIO_MOVE adef440691ba ("userfaultfd:
 * UFFDIO_MOVE uABI"), v6.8.
 */
#ifdef UFFDIO_CONTINUE
#define COMPAT_CONTINUE	1
#else
#define COMPAT_CONTINUE	0
#endif

#ifdef UFFDIO_POISON
#define COMPAT_POISON	1
#else
#define COMPAT_POISON	0
#endif

#ifdef UFFDIO_MOVE
#define COMPAT_MOVE		1
#define COMPAT_MOVE_HOLES	UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES
#else
#define COMPAT_MOVE		0
#define COMPAT_MOVE_HOLES	0
#endif
#define COMPAT_MOVE_HUGE	IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE)

/*
 * Whose range an install fills. Its function got the mm until 867a43a34ff8
 * ("userfaultfd: use per-vma locks in userfaultfd operations"), v6.9, and gets
 * the userfaultfd since, in a header since f91e6b41dd11, v6.9. It reads that
 * itself, so we may.
 */
static inline const void *compat_install_mm(unsigned long arg)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
	return ((struct userfaultfd_ctx *)arg)->mm;
#else
	return (void *)arg;
#endif
}

/* f46f2adecdcc ("mm: check against orig_pte for finish_fault()"), v5.19 */
static inline bool compat_pte_marker(pte_t pte)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
	return softleaf_is_marker(softleaf_from_pte(pte));
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(5, 19, 0)
	return is_pte_marker(pte);
#else
	return false;
#endif
}

/*
 * Where the page cache has what is mapped at an aligned address. Huge pages of
 * hugetlb count as many since a08c7193e4f1 ("mm/filemap: remove hugetlb special
 * casing in filemap.c"), v6.7.
 */
static inline pgoff_t compat_file_index(struct vm_area_struct *vma,
					unsigned long addr)
{
	pgoff_t index = vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT);

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
	if (is_vm_hugetlb_page(vma))
		index >>= huge_page_order(hstate_vma(vma));
#endif
	return index;
}

/* A page in swap; since v6.19 as above. */
static inline bool compat_pte_swapped(pte_t pte)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
	return softleaf_is_swap(softleaf_from_pte(pte));
#else
	return !non_swap_entry(pte_to_swp_entry(pte));
#endif
}

/*
 * The page behind a migration entry, or NULL. The kernel's own helpers insist
 * on a locked page, which a look without the page-table lock can't promise.
 * Offsets carry more than the pfn since 0d206b5d2e0d ("mm/swap: add
 * swp_offset_pfn() to fetch PFN from swap entry"), v6.1.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
static inline struct page *compat_entry_page(softleaf_t entry)
{
	if (!softleaf_is_migration(entry) || !pfn_valid(softleaf_to_pfn(entry)))
		return NULL;
	return pfn_to_page(softleaf_to_pfn(entry));
}
#else
static inline struct page *compat_entry_page(swp_entry_t entry)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)
	unsigned long pfn = is_migration_entry(entry) ? swp_offset_pfn(entry) : 0;
#else
	unsigned long pfn = swp_offset(entry);
#endif

	return is_migration_entry(entry) && pfn_valid(pfn) ?
		pfn_to_page(pfn) : NULL;
}
#endif

static inline struct page *compat_migration_page(pte_t pte)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
	return compat_entry_page(softleaf_from_pte(pte));
#else
	return compat_entry_page(pte_to_swp_entry(pte));
#endif
}

/* Huge pages migrate whole only with CONFIG_ARCH_ENABLE_THP_MIGRATION. */
static inline struct page *compat_pmd_migration_page(pmd_t pmd)
{
#ifndef CONFIG_ARCH_ENABLE_THP_MIGRATION
	return NULL;
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
	return compat_entry_page(softleaf_from_pmd(pmd));
#else
	return compat_entry_page(pmd_to_swp_entry(pmd));
#endif
}

/*
 * Does somebody fault in this vma without the mmap lock? Per-vma locks are
 * 5e31275cc997 ("mm: add per-VMA lock and helper functions to control it"),
 * v6.4, and reference counts since f35ab95ca0af ("mm: replace vm_lock and
 * detached flag with a reference count"), v6.15. The mmap lock is held for
 * writing: nobody new comes in.
 */
static inline bool compat_vma_read_locked(struct vm_area_struct *vma)
{
#ifndef CONFIG_PER_VMA_LOCK
	return false;
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
	return refcount_read(&vma->vm_refcnt) > 1;
#else
	return rwsem_is_locked(&vma->vm_lock->lock);
#endif
}

/*
 * A page of anonymous or shared memory: what has no file but swap behind it.
 * Folios are 7b230db3b8d3 ("mm: Introduce struct folio"), v5.16.
 */
static inline bool compat_page_swapbacked(struct page *page)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 16, 0)
	return folio_test_swapbacked(page_folio(page));
#else
	return PageSwapBacked(page);
#endif
}

/*
 * 7d8faaf15545 ("mm/madvise: introduce MADV_COLLAPSE ..."), v6.1. Not in kernels
 * without huge pages of that sort, PREEMPT_RT among them.
 */
#if defined(MADV_COLLAPSE) && defined(CONFIG_TRANSPARENT_HUGEPAGE)
#define COMPAT_COLLAPSE	1
#define COMPAT_MADV_COLLAPSE	MADV_COLLAPSE
/*
 * Which argument of madvise_collapse() its range begins with. There was a "prev"
 * before it in v6.1, and is none in v7.3; the prototype tells.
 */
#define COMPAT_COLLAPSE_START						\
	(__builtin_types_compatible_p(typeof(&madvise_collapse),	\
		int (*)(struct vm_area_struct *, struct vm_area_struct **, \
			unsigned long, unsigned long)) ? 2 : 1)
#else
#define COMPAT_COLLAPSE	0
#define COMPAT_MADV_COLLAPSE	0
#define COMPAT_COLLAPSE_START	1
#endif

/*
 * try_to_unmap_one() migrated pages, too, until a98a2f0c8ce1 ("mm/rmap: split
 * migration into its own function"), v5.14.
 */
static inline bool compat_unmap_migrates(unsigned long ttu_flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 14, 0)
	return false;
#else
	return ttu_flags & TTU_MIGRATION;
#endif
}

/*
 * May a system call that a thread is in install pages, by its number and arguments?
 * Those of all its ABIs: what else has the number of one is taken for it.
 */
static inline bool compat_call_may_map(struct task_struct *task, struct pt_regs *regs)
{
#ifdef CONFIG_X86_64
	unsigned int nr = regs->orig_ax & ~0x40000000;	/* x32 */

	switch (nr) {
	case 16: case 514:		/* ioctl(fd, cmd, ...) */
		return _IOC_TYPE(regs->si) == UFFDIO;
	case 54:			/* the same, 32 bits */
		return _IOC_TYPE(regs->cx) == UFFDIO;
	case 28: case 219:		/* madvise(addr, len, advice) */
		return COMPAT_COLLAPSE && regs->dx == COMPAT_MADV_COLLAPSE;
	case 440:			/* process_madvise(pid, vec, len, advice, ...) */
		return COMPAT_COLLAPSE && (regs->r10 == COMPAT_MADV_COLLAPSE ||
					   regs->si == COMPAT_MADV_COLLAPSE);
	default:
		return false;
	}
#else
	switch (syscall_get_nr(task, regs)) {
	case __NR_ioctl: case __NR_madvise: case __NR_process_madvise:
		return true;
	default:
		return false;
	}
#endif
}

/*
 * Workers of io_uring call madvise() as well, and sleep interruptibly only while
 * they do nothing. __state is 2f064a59a11f ("sched: Change task_struct::state"), v5.14.
 */
static inline bool compat_is_worker(struct task_struct *task)
{
	return task->flags & PF_IO_WORKER;
}

static inline bool compat_worker_may_map(struct task_struct *task)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 14, 0)
	return COMPAT_COLLAPSE && READ_ONCE(task->__state) != TASK_INTERRUPTIBLE;
#else
	return COMPAT_COLLAPSE;
#endif
}

/* 2f064a59a11f ("sched: Change task_struct::state"), v5.14 */
static inline bool compat_task_sleeps(struct task_struct *task)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 14, 0)
	return READ_ONCE(task->__state) != TASK_RUNNING;
#else
	return READ_ONCE(task->state) != TASK_RUNNING;
#endif
}

/* Where the stack of a thread that is not running ends. */
static inline unsigned long compat_stack_pointer(struct task_struct *task)
{
#ifdef CONFIG_X86_64
	return READ_ONCE(task->thread.sp);
#else
	return 0;
#endif
}

/*
 * Does a page table of hugetlb serve several mms? There is a function that tells
 * since 73bdf65ea748 ("migrate: hugetlb: check for hugetlb shared PMD in node
 * migration"), v6.2 (so asked of v6.3 and later) and stable kernels. Until 59d9094df3d7 ("mm: hugetlb:
 * independent PMD page table shared count"), v6.13, and later ones, it was told by
 * the table's reference count.
 */
static inline bool compat_table_shared(const void *table)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0) ||	\
	(COMPAT_IS(6, 1) && LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 50)) ||	\
	(COMPAT_IS(5, 15) && LINUX_VERSION_CODE >= KERNEL_VERSION(5, 15, 120)) ||	\
	(COMPAT_IS(5, 10) && LINUX_VERSION_CODE >= KERNEL_VERSION(5, 10, 200))
	return hugetlb_pmd_shared((pte_t *)table);
#else
	return page_count(virt_to_page(table)) > 1;
#endif
}

/*
 * Where read() puts the first messages. userfaultfd_read() became
 * userfaultfd_read_iter() in 66b52ad7f92f ("userfaultfd: convert to
 * ->read_iter()"), v6.10; by then there was iter_iov_addr().
 */
#define COMPAT_UFFD_READ_ITER \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0))

static inline void __user *compat_iter_buffer(const struct iov_iter *iter,
					      size_t *len)
{
#ifdef iter_iov_addr
	if (iter_is_ubuf(iter)) {
		*len = iter->count;
		return iter->ubuf + iter->iov_offset;
	}
	if (iter_is_iovec(iter)) {
		*len = iter_iov_len(iter);
		return iter_iov_addr(iter);
	}
#endif
	*len = 0;
	return NULL;
}

/* c89357e27f20 ("mm: support GUP-triggered unsharing"), v5.19: breaks COW too */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 19, 0)
#define COMPAT_FAULT_COW	(FAULT_FLAG_WRITE | FAULT_FLAG_UNSHARE)
#else
#define COMPAT_FAULT_COW	FAULT_FLAG_WRITE
#endif

/* d9272525a7b9 ("mm/fault: ... VM_FAULT_COMPLETED"), v6.0: the mmap lock is gone */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 0, 0)
#define COMPAT_FAULT_UNLOCKED	(VM_FAULT_RETRY | VM_FAULT_COMPLETED)
#else
#define COMPAT_FAULT_UNLOCKED	VM_FAULT_RETRY
#endif

/*
 * Until then a shared write fault maps the page, drops the mmap lock to throttle
 * whoever dirties too much (89b15332af7c, v5.5), and says VM_FAULT_RETRY.
 */
#define COMPAT_RETRY_MAY_MAP	(LINUX_VERSION_CODE < KERNEL_VERSION(6, 0, 0))

/*
 * Where handle_mm_fault() maps a page of shmem in place of none, does its result
 * have VM_FAULT_LOCKED or VM_FAULT_NOPAGE? By reading do_fault(), what it calls, and
 * all between the two in mm/memory.c, mm/filemap.c, mm/shmem.c and mm/huge_memory.c of
 * 5.10, 6.1, 6.12 and 7.3. Nobody has promised it, so it is not taken for granted of
 * kernels that were not read.
 */
#define COMPAT_RESULT_TELLS	(COMPAT_IS(5, 10) || COMPAT_IS(6, 1) ||	\
				 COMPAT_IS(6, 12) || COMPAT_IS(7, 3))

/*
 * May a fault that has mapped nothing have copied a page of the file on write? By
 * reading wp_page_copy() and its callers in 5.10 and 6.1 it says VM_FAULT_WRITE if it
 * has (but when it unshares, which leaves pages of files alone); 6.12 has no such bit.
 */
static inline bool compat_fault_copied(vm_fault_t result)
{
#if COMPAT_IS(5, 10) || COMPAT_IS(6, 1)
	return result & VM_FAULT_WRITE;
#else
	return true;
#endif
}

/*
 * Breakpoints on writes to kernel memory, on all CPUs. Elsewhere than on x86 they
 * fire before the write, and whoever handles them has to step over it.
 */
#if defined(CONFIG_HAVE_HW_BREAKPOINT) && defined(CONFIG_X86_64)
#define COMPAT_BREAKPOINTS	1
#else
#define COMPAT_BREAKPOINTS	0
#endif

static inline struct perf_event * __percpu *
compat_breakpoint_place(struct perf_event_attr *attr,
			perf_overflow_handler_t handler, void *context)
{
#if COMPAT_BREAKPOINTS
	return register_wide_hw_breakpoint(attr, handler, context);
#else
	return (__force struct perf_event * __percpu *)-EOPNOTSUPP;
#endif
}

/* Why it was not placed, or 0. IS_ERR() takes no pointer to per-CPU data. */
static inline int compat_breakpoint_error(struct perf_event * __percpu *bp)
{
	unsigned long value = (__force unsigned long)bp;

	return IS_ERR_VALUE(value) ? (int)value : 0;
}

static inline void compat_breakpoint_remove(struct perf_event * __percpu *bp)
{
#if COMPAT_BREAKPOINTS
	unregister_wide_hw_breakpoint(bp);
#endif
}

/* Could one more be placed, on that CPU? */
static inline bool compat_breakpoint_spare(struct perf_event_attr *attr, int cpu)
{
#if COMPAT_BREAKPOINTS
	struct perf_event *bp;

	bp = perf_event_create_kernel_counter(attr, cpu, NULL, NULL, NULL);
	if (IS_ERR(bp))
		return false;
	unregister_hw_breakpoint(bp);
	return true;
#else
	return false;
#endif
}

static inline void compat_breakpoint_init(struct perf_event_attr *attr,
					  const void *addr)
{
#if COMPAT_BREAKPOINTS
	hw_breakpoint_init(attr);
	attr->bp_addr = (unsigned long)addr;
	attr->bp_len = HW_BREAKPOINT_LEN_8;
	attr->bp_type = HW_BREAKPOINT_W;
#endif
}

/* Drops one page of the running mm from this CPU's TLB. Interrupts off. */
static inline void compat_flush_page(unsigned long addr)
{
#ifdef CONFIG_X86_64
	asm volatile("invlpg (%0)" : : "r" (addr) : "memory");
	/* With page-table isolation, user space has a PCID of its own. */
	if (boot_cpu_has(X86_FEATURE_PTI) && boot_cpu_has(X86_FEATURE_PCID) &&
	    boot_cpu_has(X86_FEATURE_INVPCID))
		invpcid_flush_one((__read_cr3() & X86_CR3_PCID_MASK) |
				  BIT(X86_CR3_PTI_PCID_USER_BIT), addr);
#endif
}

/*
 * In hard interrupt context on PREEMPT_RT as well, for which there is an
 * initializer since 7a9f50a05843 ("irq_work: Cleanup"), v5.11.
 */
static inline void compat_init_irq_work_hard(struct irq_work *work,
					     void (*func)(struct irq_work *))
{
#ifdef IRQ_WORK_INIT_HARD
	*work = IRQ_WORK_INIT_HARD(func);
#else
	init_irq_work(work, func);
	atomic_or(IRQ_WORK_HARD_IRQ, &work->flags);
#endif
}

#endif /* UFFD_RACE_COMPAT_H */
