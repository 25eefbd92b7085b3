/* SPDX-License-Identifier: GPL-2.0 */
/* The hooks: each is defined beside its handlers. */
#ifndef UFFD_RACE_HOOKS_H
#define UFFD_RACE_HOOKS_H

#include "probe.h"

extern struct hook hook_event;
extern struct hook hook_hugetlb;
extern struct hook hook_hugetlb_return;
extern struct hook hook_hugetlb_none;
extern struct hook hook_hugetlb_zap;
extern struct hook hook_fault;
extern struct hook hook_fault_return;
extern struct hook hook_anon_none;
extern struct hook hook_shmem_none;
extern struct hook hook_wait_ptl;
extern struct hook hook_wait_page;
extern struct hook hook_collapse;
extern struct hook hook_zap;
extern struct hook hook_reclaim;
extern struct hook hook_mremap;
extern struct hook hook_fork;
extern struct hook hook_read;
extern struct hook hook_copy;
extern struct hook hook_zeropage;
extern struct hook hook_continue;
extern struct hook hook_poison;
extern struct hook hook_move;
extern struct hook hook_move_ptes;
extern struct hook hook_move_huge;
extern struct hook hook_release;
extern struct hook hook_put;
extern struct hook hook_made;
extern struct hook hook_ioctl;

/* table.c */
int hooks_init(unsigned int faults, unsigned int ops);
void hooks_show(struct seq_file *m);

#endif /* UFFD_RACE_HOOKS_H */
