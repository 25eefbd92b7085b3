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
 * Finds the entry that maps @addr in a hugetlb mapping. As in
 * lookup_address_in_mm() and KVM's host_pfn_mapping_level(), one READ_ONCE a
 * level; the caller keeps page tables from being freed: interrupts off, as in
 * GUP-fast, or the mmap lock. NULL: there is no such table.
 */
static inline pte_t *ptwalk_hugetlb(struct mm_struct *mm, unsigned long addr,
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
		page = pte_page(pte);
	} else {
		if (compat_pte_marker(pte))
			return CASE_LOOK_NONE;
		page = compat_migration_page(pte);
	}
	return page && PageAnon(page) ? CASE_LOOK_ANON : CASE_LOOK_MAPPED;
}

/**
 * ptwalk_look - what is mapped at an address, without a lock
 * @vma: a hugetlb mapping, kept alive by the caller
 * @addr: aligned address
 *
 * Any context. What it says is true of one moment, which may lie inside a
 * writer's window.
 *
 * Return: what was there.
 */
static inline enum case_look ptwalk_look(struct vm_area_struct *vma,
					 unsigned long addr)
{
	unsigned long size = huge_page_size(hstate_vma(vma));
	enum case_look look = CASE_LOOK_NONE;
	unsigned long flags;
	pte_t *ptep, pte;
	int tries = 3;

	if (size != PMD_SIZE && size != PUD_SIZE)
		return CASE_LOOK_UNKNOWN;
	local_irq_save(flags);
	ptep = ptwalk_hugetlb(vma->vm_mm, addr, size);
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
	local_irq_restore(flags);
	return look;
}

/**
 * ptwalk_look_locked - what is mapped at an address, under the page-table lock
 * @vma: a hugetlb mapping whose page tables belong to its mm alone
 * @addr: aligned address
 *
 * Process context, mmap lock held, never from a probe handler.
 *
 * Return: what is there.
 */
static inline enum case_look ptwalk_look_locked(struct vm_area_struct *vma,
						unsigned long addr)
{
	struct hstate *h = hstate_vma(vma);
	unsigned long size = huge_page_size(h);
	enum case_look look;
	spinlock_t *ptl;
	pte_t *ptep;

	if (size != PMD_SIZE && size != PUD_SIZE)
		return CASE_LOOK_UNKNOWN;
	ptep = ptwalk_hugetlb(vma->vm_mm, addr, size);
	if (!ptep)
		return CASE_LOOK_NONE;
	ptl = huge_pte_lockptr(h, vma->vm_mm, ptep);
	spin_lock(ptl);
	look = ptwalk_classify(READ_ONCE(*ptep));
	spin_unlock(ptl);
	return look;
}

#endif /* UFFD_RACE_PTWALK_H */
