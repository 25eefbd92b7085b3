/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the module share. */
#ifndef UFFD_RACE_H
#define UFFD_RACE_H

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/seq_file.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include "case.h"

struct dentry;

/* engine.c */
extern struct case_engine engine;
int engine_init(const struct case_limits *limits, unsigned int look_ms);
void engine_open(void);
void engine_stop(void);
void engine_exit(void);
size_t engine_memory(void);
bool engine_lock(unsigned long *flags);
void engine_unlock(unsigned long flags);
case_time engine_stamp(void);
void engine_look_later(void);
bool engine_busy(void);
void engine_queue(struct delayed_work *work, unsigned long delay);
void engine_queue_again(struct delayed_work *work, unsigned long delay);
void engine_snapshot(struct case_stats *stats);
void engine_reset(void);

/* probes.c; in the order in which the hooks are armed */
enum hook_id {
	HOOK_EVENT, HOOK_HUGETLB, HOOK_HUGETLB_RETURN, HOOK_HUGETLB_ZAP,
	HOOK_FAULT, HOOK_FAULT_RETURN, HOOK_COLLAPSE, HOOK_ZAP, HOOK_RECLAIM,
	HOOK_MREMAP, HOOK_FORK, HOOK_READ, HOOK_COPY, HOOK_ZEROPAGE,
	HOOK_CONTINUE, HOOK_POISON, HOOK_MOVE, HOOK_MOVE_PTES, HOOK_MOVE_HUGE,
	HOOK_RELEASE, HOOK_PUT, HOOK_MADE, HOOK_IOCTL, NR_HOOKS
};

int probes_init(unsigned int faults, unsigned int ops);
void probes_exit(void);
void probes_demand(void);
void probes_undemand(void);
bool probes_evidence(bool on_demand);
bool probe_armed(enum hook_id id);
void probe_hit(enum hook_id id);
unsigned long probes_missed(void);
void probes_show(struct seq_file *m);

/* guard.c: are the hooks in place? */
void guard_init(void);
void guard_exit(void);
unsigned int guard_generation(void);
bool guard_sighted(void);
bool guard_check(void);
void guard_watch(void);
bool guard_off(const struct kprobe *kp);
const char *guard_blind(void);
unsigned int guard_switched(void);
void guard_reset(void);
void guard_show(struct seq_file *m);

/* ranges.c */
int ranges_init(unsigned int nr, bool arm_always);
void ranges_start(void);
void ranges_stop(void);
void ranges_exit(void);
unsigned int ranges_armed(void);
void ranges_registered(const void *ctx, unsigned int since);
void ranges_inherited(const void *ctx, const void *parent);
void ranges_released(const void *ctx);
void ranges_forget(void);

/* fault.c */
int fault_event(struct kprobe *p, struct pt_regs *regs);
int fault_hugetlb(struct kprobe *p, struct pt_regs *regs);
int fault_hugetlb_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int fault_hugetlb_return(struct kretprobe_instance *ri, struct pt_regs *regs);
int fault_other(struct kprobe *p, struct pt_regs *regs);
int fault_other_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int fault_other_return(struct kretprobe_instance *ri, struct pt_regs *regs);
size_t fault_return_size(void);
bool fault_table_shareable(struct vm_area_struct *vma, unsigned long addr);
unsigned long long fault_not_raised(void);
unsigned long long fault_other_events(void);
void fault_reset(void);

/* look.c */
enum look_ranges {
	LOOK_RANGES_UNKNOWN,	/* could not look */
	LOOK_RANGES_NONE,
	LOOK_RANGES_BUSY,	/* somebody may be in the middle of a fault */
	LOOK_RANGES_QUIET,
};

enum case_look look_again(const struct case_todo *todo);
enum look_ranges look_ranges(const void *ctx, unsigned long tgid, bool quiet,
			     const void **whose);

/* ledger.c */
int ledger_ioctl_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int ledger_ioctl_return(struct kretprobe_instance *ri, struct pt_regs *regs);
size_t ledger_ioctl_size(void);
int ledger_release(struct kprobe *p, struct pt_regs *regs);
int ledger_put(struct kprobe *p, struct pt_regs *regs);
void ledger_over(const void *ctx);
bool ledger_bear(const void *ctx, const void *mm, unsigned long tag,
		 unsigned long payer);
void ledger_op_begin(const void *ctx, enum case_op_kind kind,
		     unsigned long start, unsigned long end);
void ledger_op_end(const void *ctx, enum case_op_kind kind,
		   enum case_outcome outcome, unsigned long done_end);

/* installs.c: what ioctls install, as the kernel took it */
bool installs_unseen(unsigned int nr);
int install_copy_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int install_zeropage_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int install_continue_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int install_poison_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int install_move_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int install_move_ptes_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int install_move_huge_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int install_return(struct kretprobe_instance *ri, struct pt_regs *regs);
int install_move_huge_return(struct kretprobe_instance *ri, struct pt_regs *regs);
size_t install_size(void);

/* uffd.c: what the kernel knows of a userfaultfd */
struct uffd_facts {
	const void *mm;
	unsigned int refs, flags, features;
};

bool uffd_look(const void *ctx, struct uffd_facts *facts);
const void *uffd_mm(const void *ctx);
bool uffd_new(const void *ctx);
bool uffd_silent(const void *ctx, unsigned int fault_flags);
void uffd_succeeded(const void *ctx, u64 features);
int uffd_made(struct kprobe *p, struct pt_regs *regs);

/* UFFD_FEATURE_SIGBUS: faults of that userfaultfd raise no events */
#define LEDGER_SIGBUS	0x80UL
/* in the tag of every userfaultfd that the engine has a record of */
#define LEDGER_KNOWN	(1UL << (BITS_PER_LONG - 1))

/* changes.c: what else changes ptes */
int change_hugetlb_zap_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int change_zap_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int change_zap_return(struct kretprobe_instance *ri, struct pt_regs *regs);
int change_reclaim_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int change_collapse_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int change_collapse_return(struct kretprobe_instance *ri, struct pt_regs *regs);
size_t change_op_size(void);
int change_fork_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int change_fork_return(struct kretprobe_instance *ri, struct pt_regs *regs);
size_t change_fork_size(void);
int change_mremap(struct kprobe *p, struct pt_regs *regs);

/* delivery.c */
int delivery_read_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int delivery_read_return(struct kretprobe_instance *ri, struct pt_regs *regs);
size_t delivery_read_size(void);
unsigned long long delivery_unseen(void);
void delivery_reset(void);

/* ioctls.c */
void ioctls_count(unsigned int nr, long ret);
void ioctls_check_clean(const void *mm, unsigned long addr, case_time since);
unsigned long long ioctls_unclean(void);
void ioctls_show(struct seq_file *m);
void ioctls_reset(void);

/* report.c */
void report_counters(struct seq_file *m);
void report_verdict(struct seq_file *m);
void report_first_bogus(void);
void report_reset(void);

/* stall.c and stall_*.c: breakpoints on ptes */
int stall_init(void);
void stall_stop(void);
void stall_exit(void);
void stall_files(struct dentry *dir);
void stall_saw(pid_t tgid, const void *ctx, unsigned long addr);
u64 stall_window(const void *ctx, unsigned long addr);
void stall_window_over(void);
case_time stall_window_shut(u64 nr);
void stall_gone(const void *ctx, unsigned long start, unsigned long end);

/* debugfs.c */
void debugfs_init(void);
void debugfs_exit(void);

#endif /* UFFD_RACE_H */
