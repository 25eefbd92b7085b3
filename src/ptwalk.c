// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables, as the hardware sees them. What is not surely a table is not
 * followed: below a huge page lies somebody's data, below an entry that is not
 * present nothing at all.
 */
#include "ptwalk.h"
#include <linux/kprobes.h>
#include <linux/rcupdate.h>
#include <linux/uaccess.h>

/* The walk ends here. */
static void ptwalk_end(struct ptwalk *w, const void *entry, unsigned long size,
		       unsigned long value, bool none)
{
	w->entry = (unsigned long *)entry;
	w->size = size;
	w->value = value;
	w->none = none;
}
NOKPROBE_SYMBOL(ptwalk_end);

static bool ptwalk_is_table(pmd_t pmd)
{
	return pmd_present(pmd) && !pmd_leaf(pmd) && !pmd_bad(pmd);
}
NOKPROBE_SYMBOL(ptwalk_is_table);

/* From the pmd entry down. */
static bool ptwalk_low(unsigned long addr, unsigned long size,
		       const struct ptwalk *known, struct ptwalk *w)
{
	pte_t *ptep, pte;
	pmd_t pmd;

	if (get_kernel_nofault(pmd, w->pmd))
		return false;
	if (size == PMD_SIZE || pmd_none(pmd) || !pmd_present(pmd) ||
	    pmd_leaf(pmd)) {
		ptwalk_end(w, w->pmd, PMD_SIZE, pmd_val(pmd), pmd_none(pmd));
		return true;
	}
	if (unlikely(pmd_bad(pmd)))
		return false;
	ptep = pte_offset_kernel(&pmd, addr);
	if (known && (unsigned long *)ptep != known->entry)
		return false;
	if (get_kernel_nofault(pte, ptep))
		return false;
	ptwalk_end(w, ptep, PAGE_SIZE, pte_val(pte), pte_none(pte));
	return true;
}
NOKPROBE_SYMBOL(ptwalk_low);

/* The entry above the pud one; false: what it is can't be known. */
static bool ptwalk_top(struct mm_struct *mm, unsigned long addr, p4d_t *p4d)
{
	pgd_t pgd;

	if (addr >= TASK_SIZE_MAX ||
	    get_kernel_nofault(pgd, pgd_offset(mm, addr)))
		return false;
	*p4d = __p4d(0);
	if (pgd_none(pgd))
		return true;
	if (pgd_leaf(pgd) || unlikely(pgd_bad(pgd)))
		return false;
	return !get_kernel_nofault(*p4d, p4d_offset(&pgd, addr));
}
NOKPROBE_SYMBOL(ptwalk_top);

/**
 * ptwalk - go through the page tables to the entry of an address
 * @mm: its mm_count is held
 * @addr: any address
 * @size: go no further than to entries that map that much; 0: as far as there
 *	are tables
 * @known: where the entry was found before; NULL: anywhere
 * @w: where the walk has ended: at the first entry that is no table
 *
 * Any context, no lock; interrupts off, or the mmap lock held. As in GUP-fast,
 * who frees a table waits until interrupts are on again, but only on CPUs that
 * run that mm. So every entry is read once, with faults caught, and is followed
 * only if it is a table, and with @known only to where it led before: what is
 * freed may be misread, but leads nowhere.
 *
 * Return: false if what is there cannot be known, or with @known is elsewhere.
 */
bool ptwalk(struct mm_struct *mm, unsigned long addr, unsigned long size,
	    const struct ptwalk *known, struct ptwalk *w)
{
	pud_t pud;
	p4d_t p4d;

	memset(w, 0, sizeof(*w));
	if (!ptwalk_top(mm, addr, &p4d))
		return false;
	if (p4d_none(p4d)) {
		ptwalk_end(w, NULL, P4D_SIZE, 0, true);
		return !known;
	}
	if (!p4d_present(p4d) || p4d_leaf(p4d) || unlikely(p4d_bad(p4d)))
		return false;

	w->pud = pud_offset(&p4d, addr);
	if (known && w->pud != known->pud)
		return false;
	if (get_kernel_nofault(pud, w->pud))
		return false;
	if (size == PUD_SIZE || pud_none(pud) || !pud_present(pud) ||
	    pud_leaf(pud)) {
		ptwalk_end(w, w->pud, PUD_SIZE, pud_val(pud), pud_none(pud));
		return !known || w->entry == known->entry;
	}
	if (unlikely(pud_bad(pud)))
		return false;

	w->pmd = pmd_offset(&pud, addr);
	if (known && w->pmd != known->pmd)
		return false;
	return ptwalk_low(addr, size, known, w) &&
	       (!known || w->entry == known->entry);
}
NOKPROBE_SYMBOL(ptwalk);

static struct page *ptwalk_page(unsigned long pfn)
{
	return pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;
}
NOKPROBE_SYMBOL(ptwalk_page);

static enum verdict_look ptwalk_mapped(struct page *page)
{
	return page && PageAnon(page) ? LOOK_ANON : LOOK_MAPPED;
}
NOKPROBE_SYMBOL(ptwalk_mapped);

/* What a pte value says; interrupts off, or the page-table lock held. */
static enum verdict_look ptwalk_classify_pte(pte_t pte)
{
	if (pte_none(pte))
		return LOOK_NONE;
	if (pte_present(pte))
		return ptwalk_mapped(pte_special(pte) ? NULL :
				     ptwalk_page(pte_pfn(pte)));
	if (compat_pte_marker(pte))
		return LOOK_NONE;
	/* Pages of a file leave nothing behind when they are swapped. */
	if (compat_pte_swapped(pte))
		return LOOK_ANON;
	return ptwalk_mapped(compat_migration_page(pte));
}
NOKPROBE_SYMBOL(ptwalk_classify_pte);

/* The same for a pmd that is not a table. */
static enum verdict_look ptwalk_classify_pmd(pmd_t pmd)
{
	if (pmd_none(pmd))
		return LOOK_NONE;
	return ptwalk_mapped(pmd_present(pmd) ? ptwalk_page(pmd_pfn(pmd)) :
					      compat_pmd_migration_page(pmd));
}
NOKPROBE_SYMBOL(ptwalk_classify_pmd);

/* hugetlb calls its entries ptes, whatever level they are of. */
static enum verdict_look ptwalk_classify(const struct ptwalk *w,
					 unsigned long huge)
{
	if (w->none)
		return LOOK_NONE;
	if (huge ? w->size == huge : w->size == PAGE_SIZE)
		return ptwalk_classify_pte(__pte(w->value));
	if (!huge && w->size == PMD_SIZE)
		return ptwalk_classify_pmd(__pmd(w->value));
	return LOOK_UNKNOWN;
}
NOKPROBE_SYMBOL(ptwalk_classify);

/* Size of the entries of a hugetlb mapping, 0 of others; false: of no level. */
static bool ptwalk_huge_size(struct vm_area_struct *vma, unsigned long *size)
{
	*size = is_vm_hugetlb_page(vma) ? ptwalk_page_size(vma) : 0;
	return !*size || *size == PMD_SIZE || *size == PUD_SIZE;
}
NOKPROBE_SYMBOL(ptwalk_huge_size);

/* Nothing has changed since. */
static bool ptwalk_same(struct mm_struct *mm, unsigned long addr,
			unsigned long size, const struct ptwalk *w)
{
	struct ptwalk again;

	return ptwalk(mm, addr, size, w, &again) && again.value == w->value;
}
NOKPROBE_SYMBOL(ptwalk_same);

/**
 * ptwalk_look - what is mapped at an address, without a lock
 * @vma: the mapping, kept alive by the caller
 * @addr: aligned address
 * @table: set if the entry is in a table of ptes, so that no huge page can be
 *	mapped over it by a fault
 *
 * Any context. What it says is true of one moment, which may lie inside a
 * writer's window.
 *
 * Return: what was there.
 */
enum verdict_look ptwalk_look(struct vm_area_struct *vma, unsigned long addr,
			      bool *table)
{
	enum verdict_look look = LOOK_UNKNOWN;
	unsigned long flags, huge;
	int tries = 3;
	struct ptwalk w;

	*table = false;
	if (!ptwalk_huge_size(vma, &huge))
		return look;
	local_irq_save(flags);
	/*
	 * Nothing keeps the page behind a migration entry once that is gone,
	 * and what is freed is not anonymous any more.
	 */
	while (tries--) {
		look = LOOK_UNKNOWN;
		if (!ptwalk(vma->vm_mm, addr, huge, NULL, &w))
			break;
		*table = w.size == PAGE_SIZE;
		look = ptwalk_classify(&w, huge);
		if (!w.entry || ptwalk_same(vma->vm_mm, addr, huge, &w))
			break;
	}
	local_irq_restore(flags);
	return look;
}
NOKPROBE_SYMBOL(ptwalk_look);

/**
 * ptwalk_table_shared - does the page table at an address serve another mm, too?
 * @vma: a hugetlb mapping, kept alive by the caller
 * @addr: any address in it
 *
 * Any context. A mapping that was split may keep a table that it shares, but
 * shares none anew (vma_table_shareable()).
 *
 * Return: true if so.
 */
bool ptwalk_table_shared(struct vm_area_struct *vma, unsigned long addr)
{
	unsigned long flags;
	bool shared = false;
	struct ptwalk w;

	local_irq_save(flags);
	if (ptwalk(vma->vm_mm, addr, PMD_SIZE, NULL, &w) && w.pmd)
		shared = compat_table_shared(w.pmd);
	local_irq_restore(flags);
	return shared;
}
NOKPROBE_SYMBOL(ptwalk_table_shared);

/**
 * ptwalk_is_clean - could reclaim drop what is mapped at an address?
 * @mm: the address space; its page tables are kept by the caller's reference
 * @addr: any address: there may be no mapping any more, or another one
 *
 * Any context, without a lock.
 *
 * Return: true if a page of shared memory is mapped by a pte that is neither
 * writable nor dirty, and is not dirty itself.
 */
bool ptwalk_is_clean(struct mm_struct *mm, unsigned long addr)
{
	unsigned long flags;
	bool clean = false;
	struct page *page;
	struct ptwalk w;
	pte_t pte;

	local_irq_save(flags);
	if (!ptwalk(mm, addr, 0, NULL, &w) || w.size != PAGE_SIZE)
		goto out;
	pte = __pte(w.value);
	if (!pte_present(pte) || pte_special(pte) || pte_write(pte) ||
	    pte_dirty(pte))
		goto out;
	page = ptwalk_page(pte_pfn(pte));
	if (!page)
		goto out;
	page = compound_head(page);
	/* Read again: the flags are that page's only while it is mapped. */
	clean = !PageAnon(page) && compat_page_swapbacked(page) &&
		!PageDirty(page) && ptwalk_same(mm, addr, 0, &w);
out:
	local_irq_restore(flags);
	return clean;
}
NOKPROBE_SYMBOL(ptwalk_is_clean);

static spinlock_t *ptwalk_lockptr(struct vm_area_struct *vma,
				  const struct ptwalk *w)
{
	pmd_t pmd;

	if (is_vm_hugetlb_page(vma))
		return huge_pte_lockptr(hstate_vma(vma), vma->vm_mm,
					(pte_t *)w->entry);
	if (w->size == PMD_SIZE)
		return pmd_lockptr(vma->vm_mm, w->pmd);
	pmd = READ_ONCE(*w->pmd);
	return ptwalk_is_table(pmd) ? pte_lockptr(vma->vm_mm, &pmd) : NULL;
}

/**
 * ptwalk_look_locked - what is mapped at an address, under the page-table lock
 * @vma: a mapping whose page tables belong to its mm alone
 * @addr: aligned address
 *
 * Process context, mmap lock held, never from a probe handler. As in
 * pte_offset_map_lock(): a table may go while its lock is taken, and is only
 * freed after a grace period.
 *
 * Return: what is there.
 */
enum verdict_look ptwalk_look_locked(struct vm_area_struct *vma,
				     unsigned long addr)
{
	enum verdict_look look = LOOK_UNKNOWN;
	struct ptwalk w, again;
	unsigned long huge;
	spinlock_t *ptl;

	if (!ptwalk_huge_size(vma, &huge))
		return look;
	rcu_read_lock();
	if (!ptwalk(vma->vm_mm, addr, huge, NULL, &w))
		goto out;
	if (w.size > PMD_SIZE && w.size != huge) {
		look = ptwalk_classify(&w, huge);
		goto out;
	}
	ptl = ptwalk_lockptr(vma, &w);
	if (!ptl)
		goto out;
	spin_lock(ptl);
	if (ptwalk(vma->vm_mm, addr, huge, &w, &again) && again.size == w.size)
		look = ptwalk_classify(&again, huge);
	spin_unlock(ptl);
out:
	rcu_read_unlock();
	return look;
}

/**
 * ptwalk_lock - the page-table lock of an entry, by name
 * @vma: its mapping; the mmap lock is held
 * @w: the way to the entry
 *
 * Return: its address, for comparisons only; NULL if it serves other levels, too,
 * or is not known.
 */
const void *ptwalk_lock(struct vm_area_struct *vma, const struct ptwalk *w)
{
	const void *ptl = NULL;

	if (w->size == PUD_SIZE ||
	    (w->size == PMD_SIZE && !is_vm_hugetlb_page(vma)))
		return NULL;
	rcu_read_lock();
	ptl = ptwalk_lockptr(vma, w);
	rcu_read_unlock();
	return ptl == &vma->vm_mm->page_table_lock ? NULL : ptl;
}
