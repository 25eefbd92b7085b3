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
struct mm_struct;

/* work.c */
int work_init(void);
void work_exit(void);
void work_open(bool open);
void work_queue(struct delayed_work *work, unsigned long delay);
void work_queue_again(struct delayed_work *work, unsigned long delay);

/* count.c */
enum count {
	COUNT_NOT_RAISED,	/* calls of handle_userfault() that raise no event */
	COUNT_NOT_JUDGED,	/* events of write protection and the like */
	COUNT_UNSEEN,		/* messages that were read, and could not be looked at */
	COUNT_UNCLEAN,		/* installs whose data reclaim may drop */
	COUNT_OVER_SHARE,	/* operations whose user had used up his share */
	COUNT_MMS_FULL,		/* userfaultfds whose mm could not be watched */
	NR_COUNTS
};

void count_add(enum count what, long n);
unsigned long long count_read(enum count what);
void count_reset(void);

/**
 * struct demand_mm - what demand.c knows of an mm with userfaultfds
 * @registrations: how often something was registered
 * @suspect: there may be such ranges, though that was denied
 * @needed: there are
 * @complete: the engine judges them
 */
struct demand_mm {
	unsigned int registrations;
	bool suspect, needed, complete;
};

/* space.c */
int space_init(const struct verdict_limits *limits, unsigned int mms);
void space_exit(void);
size_t space_memory(void);
const unsigned int *space_used(void);
void space_books_reset(void);

/* core.c */
void core_open(void);
void core_stop(void);
void core_disarm(bool on_demand);
struct verdict_engine *core_lock(const void *mm, unsigned long *flags);
struct verdict_engine *core_lock_new(const void *mm, unsigned long payer,
				     unsigned long *flags);
void core_unlock(struct verdict_engine *e, unsigned long flags);
verdict_time core_stamp(const void *mm);
struct demand_mm *core_demand(struct verdict_engine *e);
bool core_demands(unsigned int i, bool suspect);
void core_looks(struct verdict_engine *e);
unsigned int core_spaces(void);
struct mm_struct *core_grab(unsigned int i, bool looks);
void core_snapshot(struct verdict_stats *stats);
void core_op_begin(const void *ctx, const void *mm, enum verdict_op_kind kind,
		   unsigned long start, unsigned long end);
void core_op_end(const void *ctx, const void *mm, enum verdict_op_kind kind,
		 enum verdict_outcome outcome, unsigned long done_end);
void core_unseen(const void *mm);
bool core_all_seen(const void *mm);

/* share.c: of return probes in flight */
enum share_pool {
	SHARE_OPS,
	SHARE_ZAPS,		/* those on demand */
	SHARE_HUGETLB_FAULTS,
	SHARE_FAULTS,		/* all others, so on demand */
	NR_SHARE_POOLS
};

void share_init(unsigned int faults, unsigned int ops);
unsigned long share_payer(void);
bool share_hold(u16 *share, enum share_pool pool);
void share_let_go(u16 share);
void share_disarmed(void);

/* UFFD_FEATURE_SIGBUS: faults of that userfaultfd raise no events */
#define CTX_TAG_SIGBUS	0x80UL
/* in the tag of every userfaultfd that the engine has a record of */
#define CTX_TAG_KNOWN	(1UL << (BITS_PER_LONG - 1))

/* inside.c: who was inside when the hooks came? */
void inside_scan(void);
void inside_watch(void);
bool inside_nobody(void);
void inside_doubt(void);
void inside_left(void);
void inside_exit(void);

/* guard.c: are the hooks in place? */
void guard_init(const unsigned int *used);
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
void demand_init(bool arm_always);
void demand_start(void);
void demand_stop(void);
unsigned int demand_armed(void);
bool demand_enter(void);
void demand_leave(void);
void demand_registered(const void *mm, unsigned int since, bool hugetlb);
void demand_inherited(const void *mm, const void *parent);

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
enum look_ranges look_ranges(struct mm_struct *mm, bool quiet);

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

/* waiters.c */
int waiters_show(struct seq_file *m);

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
