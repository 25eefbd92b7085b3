/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Watches: hardware write breakpoints on page-table entries.
 *
 * The breakpoint's handler runs in the writer, right behind the write, in NMI
 * context: no lock, no allocation, nothing that waits for anybody. Everything
 * else about a watch is done in process context under watch_mutex.
 */
#ifndef UFFD_RACE_WATCH_H
#define UFFD_RACE_WATCH_H

#include "uffd_race.h"
#include <linux/mutex.h>
#include <linux/perf_event.h>
#include <linux/pid.h>
#include <linux/workqueue.h>
#include "compat.h"
#include "ptwalk.h"
#include "slot.h"
#include "parse.h"

#define NR_WATCHES	4	/* x86 has no more */
#define WATCH_STACK	16	/* return addresses kept of the writer */

enum watch_state {
	WATCH_FREE,
	WATCH_PLACING,	/* not all CPUs have it */
	WATCH_LIVE,
	WATCH_STALE,	/* the entry is not what it was: remove it */
};

/**
 * struct watch - one watch
 * @state: WATCH_LIVE becomes WATCH_STALE anywhere; else under watch_mutex
 * @mm: held by mm_count only: its processes may exit
 * @pid: of the process
 * @ctx: userfaultfd of the range
 * @addr: what the entry maps
 * @path: where the entry is
 * @ptl: page-table lock of the entry, by name; NULL: not known
 * @value: of the entry after the last write
 * @us: how long to hold writers
 * @automatic: picked by the module
 * @age: ticks since an automatic one was placed
 * @idle: ticks since anybody cleared the entry
 * @none_then: @none at the last tick
 * @holds: writers that are held, or are about to be, in an interrupt
 * @window: number of the window that is open, see watch/window.c; 0: none
 * @writer: task that was the last to change the entry
 * @bp: the breakpoint
 * @seen: transitions
 * @none: of these, from mapped to none
 * @stalls: of these, held
 * @stalled_ns: all in all
 * @throttled: not held, since the CPU had no budget left
 */
struct watch {
	enum watch_state state;
	struct mm_struct *mm;
	struct pid *pid;
	const void *ctx;
	unsigned long addr;
	struct ptwalk path;
	const void *ptl;
	unsigned long value;
	unsigned int us;
	bool automatic;
	unsigned int age, idle;
	unsigned long none_then;
	atomic_t holds;
	u64 window;
	const struct task_struct *writer;
	struct perf_event * __percpu *bp;
	atomic_long_t seen, none, stalls, stalled_ns, throttled;
};

/**
 * struct watch_target - what to watch
 * @mm: with a reference that the caller holds
 * @pid: with a reference that the caller holds
 * @ctx: userfaultfd of the range
 * @addr: aligned address
 * @path: where the entry is, and its value
 * @ptl: its page-table lock, by name
 */
struct watch_target {
	struct mm_struct *mm;
	struct pid *pid;
	const void *ctx;
	unsigned long addr;
	struct ptwalk path;
	const void *ptl;
};

/**
 * struct watch_transition - one write that changed a watched entry
 * @slot: its key is the transition's number + 1
 * @ns: when, on the clock of dmesg
 * @stalled_ns: how long the writer was held
 * @addr: that the entry maps
 * @before: value
 * @after: value
 * @cpu: of the writer
 * @pid: thread id of the writer
 * @tgid: of the watched process
 * @comm: of the writer
 * @depth: of @stack
 * @stack: the writer
 */
struct watch_transition {
	struct slot slot;
	u64 ns, stalled_ns;
	unsigned long addr, before, after;
	unsigned int cpu;
	pid_t pid, tgid;
	char comm[TASK_COMM_LEN];
	unsigned int depth;
	unsigned long stack[WATCH_STACK];
};

/* watch.c */
extern struct mutex watch_mutex;
extern struct watch watch_table[NR_WATCHES];
extern bool watch_stopping;
extern struct workqueue_struct *watch_wq;
extern struct delayed_work watch_tend_work;
extern struct irq_work watch_soon_work;
bool watch_mark_stale(struct watch *w);
void watch_on_soon(struct irq_work *work);
void watch_soon(void);

/* watch/hold.c: the stall itself */
void watch_hold(struct watch *w, struct watch_transition *t, u64 nr,
		bool irqs);
void watch_hold_init(void);
void watch_hold_exit(void);

/* write.c: what the handler does */
void watch_on_write(struct perf_event *bp, struct perf_sample_data *data,
		    struct pt_regs *regs);
struct watch_transition *watch_ring_begin(u64 *nr);
void watch_ring_end(struct watch_transition *t, u64 nr);
int watch_ring_make(unsigned int nr);
void watch_ring_free(void);
u64 watch_ring_head(void);
u64 watch_ring_tail(u64 head);
bool watch_ring_get(u64 nr, struct watch_transition *copy);
u64 watch_ring_dropped(void);

/* watch/window.c: what a fault may find */
void watch_window_moves(struct watch *w, unsigned long before,
			unsigned long after);

/* watch/place.c: what comes before and after */
int watch_find(struct mm_struct *mm, unsigned long addr,
	       struct watch_target *target, const char **why);
int watch_place(const struct watch_target *target, unsigned int us,
		bool automatic, const char **why);
void watch_remove(struct watch *w);
void watch_remove_all(void);
unsigned int watch_tend(void);
bool watch_spare(void);
int watch_command(const struct watch_cmd *cmd, const char **why);

/* watch/param.c */
extern unsigned int watch_param_auto, watch_param_us, watch_param_percent;
extern unsigned int watch_param_ms, watch_param_transitions;
void watch_param_ready(bool ready);

#endif /* UFFD_RACE_WATCH_H */
