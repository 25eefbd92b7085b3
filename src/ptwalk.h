/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Looks at one pte. Never with a lock from a handler: whoever waits for the
 * page-table lock there waits out the very window it wants to see.
 */
#ifndef UFFD_RACE_PTWALK_H
#define UFFD_RACE_PTWALK_H

#include <linux/hugetlb.h>
#include "case.h"
#include "compat.h"

/*
 * Finds the pud or, for @size below PUD_SIZE, the pmd entry of @addr, which may
 * be none. As in lookup_address_in_mm() and KVM's host_pfn_mapping_level(), one
 * READ_ONCE a level; the caller keeps page tables from being freed: interrupts
 * off, as in GUP-fast, or the mmap lock. NULL: there is no such table.
 */
static inline pte_t *ptwalk_huge(struct mm_struct *mm, unsigned long addr,
				 unsigned long size)
{
	p4d_t *p4dp, p4d;
	pud_t *pudp, pud;
	pgd_t pgd;

	pgd = READ_ONCE(*pgd_offset(mm, addr));
	if (pgd_none(pgd) || unlikely(pgd_bad(pgd)))
		return NULL;
	p4dp = p4d_offset(&pgd, addr);
	p4d = READ_ONCE(*p4dp);
	if (p4d_none(p4d) || !p4d_present(p4d))
		return NULL;
	pudp = pud_offset(&p4d, addr);
	if (size == PUD_SIZE)
		return (pte_t *)pudp;
	pud = READ_ONCE(*pudp);
	if (pud_none(pud) || !pud_present(pud))
		return NULL;
	return (pte_t *)pmd_offset(&pud, addr);
}

/* What a pte value says; interrupts off, or the page-table lock held. */
static inline enum case_look ptwalk_classify(pte_t pte)
{
	struct page *page;

	if (pte_none(pte))
		return CASE_LOOK_NONE;
	if (pte_present(pte)) {
		page = pte_special(pte) ? NULL : pte_page(pte);
	} else {
		if (compat_pte_marker(pte))
			return CASE_LOOK_NONE;
		/* Pages of a file leave nothing behind when they are swapped. */
		if (compat_pte_swapped(pte))
			return CASE_LOOK_ANON;
		page = compat_migration_page(pte);
	}
	return page && PageAnon(page) ? CASE_LOOK_ANON : CASE_LOOK_MAPPED;
}

/* The same for a pmd that is not a table. */
static inline enum case_look ptwalk_classify_pmd(pmd_t pmd)
{
	struct page *page;

	if (pmd_none(pmd))
		return CASE_LOOK_NONE;
	page = pmd_present(pmd) ? pmd_page(pmd) : compat_pmd_migration_page(pmd);
	return page && PageAnon(page) ? CASE_LOOK_ANON : CASE_LOOK_MAPPED;
}

static inline bool ptwalk_is_table(pmd_t pmd)
{
	return !pmd_none(pmd) && pmd_present(pmd) && !pmd_leaf(pmd);
}

static inline enum case_look ptwalk_look_hugetlb(struct mm_struct *mm,
						 unsigned long addr,
						 unsigned long size)
{
	enum case_look look = CASE_LOOK_NONE;
	pte_t *ptep, pte;
	int tries = 3;

	ptep = ptwalk_huge(mm, addr, size);
	/*
	 * Nothing keeps the page behind a migration entry once that is gone,
	 * and what is freed is not anonymous any more.
	 */
	while (ptep && tries--) {
		pte = READ_ONCE(*ptep);
		look = ptwalk_classify(pte);
		if (pte_same(pte, READ_ONCE(*ptep)))
			break;
	}
	return look;
}

static inline enum case_look ptwalk_look_pmd(struct mm_struct *mm,
					     unsigned long addr, bool *table)
{
	pmd_t *pmdp = (pmd_t *)ptwalk_huge(mm, addr, PMD_SIZE), pmd;
	enum case_look look = CASE_LOOK_NONE;
	pte_t *ptep, pte;
	int tries = 3;

	while (pmdp && tries--) {
		pmd = READ_ONCE(*pmdp);
		if (!ptwalk_is_table(pmd)) {
			look = ptwalk_classify_pmd(pmd);
		} else {
			if (unlikely(pmd_bad(pmd)))
				return CASE_LOOK_UNKNOWN;
			*table = true;
			ptep = pte_offset_kernel(&pmd, addr);
			pte = READ_ONCE(*ptep);
			look = ptwalk_classify(pte);
			if (!pte_same(pte, READ_ONCE(*ptep)))
				continue;
		}
		if (pmd_same(pmd, READ_ONCE(*pmdp)))
			break;
	}
	return look;
}

/**
 * ptwalk_page_size - the size of what one entry maps, huge pages of other
 * mappings than hugetlb left aside
 * @vma: the mapping
 *
 * Return: bytes.
 */
static inline unsigned long ptwalk_page_size(struct vm_area_struct *vma)
{
	return is_vm_hugetlb_page(vma) ? huge_page_size(hstate_vma(vma)) :
		PAGE_SIZE;
}

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
static inline enum case_look ptwalk_look(struct vm_area_struct *vma,
					 unsigned long addr, bool *table)
{
	unsigned long size = ptwalk_page_size(vma);
	enum case_look look;
	unsigned long flags;

	*table = false;
	local_irq_save(flags);
	if (size == PAGE_SIZE)
		look = ptwalk_look_pmd(vma->vm_mm, addr, table);
	else if (size == PMD_SIZE || size == PUD_SIZE)
		look = ptwalk_look_hugetlb(vma->vm_mm, addr, size);
	else
		look = CASE_LOOK_UNKNOWN;
	local_irq_restore(flags);
	return look;
}

/**
 * ptwalk_is_clean - could reclaim drop what is mapped at an address?
 * @mm: the address space; its page tables are kept by the caller's reference
 * @addr: aligned address
 *
 * Any context, without a lock.
 *
 * Return: true if a page of shared memory is mapped by a pte that is neither
 * writable nor dirty, and is not dirty itself.
 */
static inline bool ptwalk_is_clean(struct mm_struct *mm, unsigned long addr)
{
	unsigned long flags;
	bool clean = false;
	struct page *page;
	pte_t *ptep, pte;
	pmd_t *pmdp, pmd;

	local_irq_save(flags);
	pmdp = (pmd_t *)ptwalk_huge(mm, addr, PMD_SIZE);
	if (!pmdp)
		goto out;
	pmd = READ_ONCE(*pmdp);
	if (!ptwalk_is_table(pmd) || pmd_bad(pmd))
		goto out;
	ptep = pte_offset_kernel(&pmd, addr);
	pte = READ_ONCE(*ptep);
	if (!pte_present(pte) || pte_special(pte) || pte_write(pte) ||
	    pte_dirty(pte))
		goto out;
	page = compound_head(pte_page(pte));
	/* Read again: the flags are that page's only while it is mapped. */
	clean = !PageAnon(page) && compat_page_swapbacked(page) &&
		!PageDirty(page) && pte_same(pte, READ_ONCE(*ptep));
out:
	local_irq_restore(flags);
	return clean;
}

static inline enum case_look ptwalk_hugetlb_locked(struct vm_area_struct *vma,
						   unsigned long addr)
{
	struct hstate *h = hstate_vma(vma);
	unsigned long size = huge_page_size(h);
	enum case_look look;
	spinlock_t *ptl;
	pte_t *ptep;

	if (size != PMD_SIZE && size != PUD_SIZE)
		return CASE_LOOK_UNKNOWN;
	ptep = ptwalk_huge(vma->vm_mm, addr, size);
	if (!ptep)
		return CASE_LOOK_NONE;
	ptl = huge_pte_lockptr(h, vma->vm_mm, ptep);
	spin_lock(ptl);
	look = ptwalk_classify(READ_ONCE(*ptep));
	spin_unlock(ptl);
	return look;
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
static inline enum case_look ptwalk_look_locked(struct vm_area_struct *vma,
						unsigned long addr)
{
	enum case_look look = CASE_LOOK_UNKNOWN;
	struct mm_struct *mm = vma->vm_mm;
	pmd_t *pmdp, pmd;
	spinlock_t *ptl;
	bool table;

	if (is_vm_hugetlb_page(vma))
		return ptwalk_hugetlb_locked(vma, addr);
	pmdp = (pmd_t *)ptwalk_huge(mm, addr, PMD_SIZE);
	if (!pmdp)
		return CASE_LOOK_NONE;
	rcu_read_lock();
	pmd = READ_ONCE(*pmdp);
	table = ptwalk_is_table(pmd);
	ptl = table ? pte_lockptr(mm, &pmd) : pmd_lockptr(mm, pmdp);
	spin_lock(ptl);
	if (pmd_same(pmd, READ_ONCE(*pmdp)))
		look = table ?
			ptwalk_classify(READ_ONCE(*pte_offset_kernel(&pmd, addr))) :
			ptwalk_classify_pmd(pmd);
	spin_unlock(ptl);
	rcu_read_unlock();
	return look;
}

#endif /* UFFD_RACE_PTWALK_H */
