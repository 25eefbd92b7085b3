/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Looks at page tables: the only walker of this module. Never with a lock from
 * a handler: whoever waits for the page-table lock there waits out the very
 * window it wants to see.
 */
#ifndef UFFD_RACE_PTWALK_H
#define UFFD_RACE_PTWALK_H

#include <linux/hugetlb.h>
#include "verdict/verdict.h"
#include "compat.h"

/**
 * struct ptwalk - the way through the page tables to one entry
 * @pud: the entry of the third level from below; NULL: there is none
 * @pmd: of the second, or NULL if the walk has ended before
 * @entry: the one that is no table: a pte, pmd, pud, or what is above
 * @size: bytes that an entry of that level maps
 * @value: what it was when it was read
 * @none: and that is none
 */
struct ptwalk {
	pud_t *pud;
	pmd_t *pmd;
	unsigned long *entry;
	unsigned long size;
	unsigned long value;
	bool none;
};

bool ptwalk(struct mm_struct *mm, unsigned long addr, unsigned long size,
	    const struct ptwalk *known, struct ptwalk *w);
enum verdict_look ptwalk_look(struct vm_area_struct *vma, unsigned long addr,
			      bool *table);
enum verdict_look ptwalk_look_locked(struct vm_area_struct *vma,
				     unsigned long addr);
bool ptwalk_table_shared(struct vm_area_struct *vma, unsigned long addr);
const void *ptwalk_lock(struct vm_area_struct *vma, const struct ptwalk *w);
bool ptwalk_is_clean(struct mm_struct *mm, unsigned long addr);

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

#endif /* UFFD_RACE_PTWALK_H */
