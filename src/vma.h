/* SPDX-License-Identifier: GPL-2.0 */
/* What a mapping is to us. */
#ifndef UFFD_RACE_VMA_H
#define UFFD_RACE_VMA_H

#include <linux/hugetlb.h>
#include "compat.h"

/* Whether some userfaultfd is told of missing pages, or of minor faults. */
static __always_inline bool vma_tracked(struct vm_area_struct *vma)
{
	return unlikely(vma->vm_userfaultfd_ctx.ctx) &&
	       (userfaultfd_missing(vma) || compat_uffd_minor(vma));
}

/**
 * vma_table_shareable - may another mm map pages into this page table?
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
static __always_inline bool vma_table_shareable(struct vm_area_struct *vma, unsigned long addr)
{
	unsigned long base = addr & PUD_MASK;

	return (vma->vm_flags & VM_MAYSHARE) && !userfaultfd_wp(vma) &&
	       !compat_uffd_minor(vma) &&
	       huge_page_size(hstate_vma(vma)) == PMD_SIZE &&
	       base >= vma->vm_start && base + PUD_SIZE <= vma->vm_end;
}

#endif /* UFFD_RACE_VMA_H */
