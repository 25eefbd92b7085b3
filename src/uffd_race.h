/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the module share. */
#ifndef UFFD_RACE_H
#define UFFD_RACE_H

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dcache.h>
#include <linux/kprobes.h>
#include <linux/seq_file.h>
#include <linux/types.h>
#include "case.h"

/* engine.c */
extern struct case_engine engine;
int engine_init(const struct case_limits *limits, unsigned int look_ms);
void engine_stop(void);
void engine_exit(void);
size_t engine_memory(void);
bool engine_lock(unsigned long *flags);
void engine_unlock(unsigned long flags);
case_time engine_stamp(void);
void engine_look_later(void);
void engine_snapshot(struct case_stats *stats);
void engine_reset(void);

/* probes.c */
enum hook_id {
	HOOK_EVENT, HOOK_HUGETLB, HOOK_HUGETLB_RETURN, HOOK_HUGETLB_ZAP,
	HOOK_HUGETLB_MOVE, HOOK_RELEASE, HOOK_IOCTL, NR_HOOKS
};

int probes_init(unsigned int faults, unsigned int ops);
void probes_exit(void);
bool probe_armed(enum hook_id id);
void probe_hit(enum hook_id id);
unsigned long probes_missed(void);
void probes_show(struct seq_file *m);

/* fault.c */
int fault_event(struct kprobe *p, struct pt_regs *regs);
int fault_hugetlb(struct kprobe *p, struct pt_regs *regs);
int fault_hugetlb_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int fault_hugetlb_return(struct kretprobe_instance *ri, struct pt_regs *regs);
size_t fault_return_size(void);
enum case_look fault_look_again(const struct case_todo *todo);
unsigned long long fault_not_raised(void);
unsigned long long fault_other_events(void);
void fault_reset(void);

/* ledger.c */
int ledger_ioctl_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int ledger_ioctl_return(struct kretprobe_instance *ri, struct pt_regs *regs);
size_t ledger_ioctl_size(void);
int ledger_zap_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int ledger_zap_return(struct kretprobe_instance *ri, struct pt_regs *regs);
size_t ledger_zap_size(void);
int ledger_move(struct kprobe *p, struct pt_regs *regs);
int ledger_release(struct kprobe *p, struct pt_regs *regs);

/* UFFD_FEATURE_SIGBUS: faults of that userfaultfd raise no events */
#define LEDGER_SIGBUS	0x80UL

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
bool stall_held(const void *ctx, unsigned long addr);
void stall_gone(const void *ctx, unsigned long start, unsigned long end);

/* debugfs.c */
int debugfs_init(void);
void debugfs_exit(void);

#endif /* UFFD_RACE_H */
