/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the module share. */
#ifndef UFFD_RACE_H
#define UFFD_RACE_H

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/seq_file.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include "verdict/verdict.h"

struct dentry;

/* work.c */
int work_init(void);
void work_exit(void);
void work_open(bool open);
void work_queue(struct delayed_work *work, unsigned long delay);
void work_queue_again(struct delayed_work *work, unsigned long delay);

/* core.c */
/* What the engine does not count. */
enum core_counter {
	CORE_NOT_RAISED,	/* calls of handle_userfault() that raise no event */
	CORE_NOT_JUDGED,	/* events of write protection and the like */
	CORE_UNSEEN,		/* messages that were read, and could not be looked at */
	CORE_UNCLEAN,		/* installs whose data reclaim may drop */
	CORE_OVER_SHARE,	/* operations whose user had used up his share */
	NR_CORE_COUNTERS
};

extern struct verdict_engine core_engine;
int core_init(const struct verdict_limits *limits);
void core_open(void);
void core_stop(void);
void core_exit(void);
size_t core_memory(void);
void core_disarm(bool on_demand);
bool core_lock(unsigned long *flags);
void core_unlock(unsigned long flags);
verdict_time core_stamp(void);
unsigned int core_generation(void);
void core_snapshot(struct verdict_stats *stats);
void core_reset(void);
void core_count(enum core_counter counter, long n);
unsigned long long core_counter(enum core_counter counter);
void core_op_begin(const void *ctx, const void *mm, enum verdict_op_kind kind,
		   unsigned long start, unsigned long end);
void core_op_end(const void *ctx, enum verdict_op_kind kind,
		 enum verdict_outcome outcome, unsigned long done_end);
unsigned long core_payer(void);
bool core_hold(u8 *share, bool on_demand);
void core_let_go(u8 share);
void core_unseen(const void *mm);
bool core_all_seen(const void *mm);

/* UFFD_FEATURE_SIGBUS: faults of that userfaultfd raise no events */
#define CTX_TAG_SIGBUS	0x80UL
/* in the tag of every userfaultfd that the engine has a record of */
#define CTX_TAG_KNOWN	(1UL << (BITS_PER_LONG - 1))

/* inside.c: who was inside when the hooks came? */
void inside_scan(void);
void inside_watch(void);
bool inside_nobody(void);
void inside_left(void);
void inside_exit(void);

/* guard.c: are the hooks in place? */
void guard_init(struct verdict_ctx * const *ctxs);
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

/* demand.c */
int demand_init(unsigned int nr, bool arm_always);
void demand_start(void);
void demand_stop(void);
void demand_exit(void);
unsigned int demand_armed(void);
bool demand_enter(void);
void demand_leave(void);
void demand_registered(const void *ctx, unsigned int since, bool hugetlb);
void demand_inherited(const void *ctx, const void *parent);
void demand_released(const void *ctx);

/* look.c */
enum look_ranges {
	LOOK_RANGES_UNKNOWN,	/* could not look */
	LOOK_RANGES_NONE,
	LOOK_RANGES_BUSY,	/* somebody may be in the middle of a fault */
	LOOK_RANGES_QUIET,
};

void look_init(unsigned int ms);
void look_stop(void);
void look_later(void);
enum look_ranges look_ranges(const void *ctx, unsigned long tgid, bool quiet,
			     const void **whose);

/* hooks/install.c: what ioctls install, as the kernel took it */
bool installs_unseen(unsigned int nr);

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
void uffd_over(const void *ctx);
bool uffd_opening(const void *ctx, const void *mm, unsigned long tag,
		 unsigned long payer);

/* ioctl_stats.c */
void ioctl_stats_count(unsigned int nr, long ret);
void ioctl_stats_show(struct seq_file *m);
void ioctl_stats_reset(void);

/* report.c */
void report_counters(struct seq_file *m);
void report_verdict(struct seq_file *m);
void report_first_bogus(void);
void report_reset(void);

/* watch/: breakpoints on ptes */
int watch_init(void);
void watch_stop(void);
void watch_exit(void);
void watch_files(struct dentry *dir);
void watch_saw(pid_t tgid, const void *ctx, unsigned long addr);
u64 watch_window(const void *ctx, unsigned long addr);
void watch_window_over(void);
verdict_time watch_window_shut(u64 nr);
void watch_window_enter(u64 nr);
bool watch_window_waited(u64 nr);
void watch_gone(const void *ctx, unsigned long start, unsigned long end);

/* debugfs.c */
void debugfs_init(void);
void debugfs_exit(void);

#endif /* UFFD_RACE_H */
