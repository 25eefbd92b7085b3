/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Watches: hardware write breakpoints on page-table entries.
 *
 * The breakpoint's handler runs in the writer, right behind the write, in NMI
 * context: no lock, no allocation, nothing that waits for anybody. Everything
 * else about a watch is done in process context under stall_mutex.
 */
#ifndef UFFD_RACE_STALL_H
#define UFFD_RACE_STALL_H

#include "uffd_race.h"
#include <linux/mutex.h>
#include <linux/perf_event.h>
#include <linux/pid.h>
#include "compat.h"
#include "ptwalk.h"
#include "watch_parse.h"

#define STALL_WATCHES	4	/* x86 has no more */
#define STALL_STACK	16	/* return addresses kept of the writer */

enum stall_state {
	STALL_FREE,
	STALL_PLACING,	/* not all CPUs have it */
	STALL_LIVE,
	STALL_STALE,	/* the entry is not what it was: remove it */
};

/**
 * struct stall_watch - one watch
 * @state: STALL_LIVE becomes STALL_STALE anywhere; else under stall_mutex
 * @mm: held by mm_count only: its processes may exit
 * @pid: of the process
 * @ctx: userfaultfd of the range
 * @addr: what the entry maps
 * @path: where the entry is
 * @value: of the entry after the last write
 * @us: how long to hold writers
 * @automatic: picked by the module
 * @age: ticks since an automatic one was placed
 * @idle: ticks since anybody cleared the entry
 * @none_then: @none at the last tick
 * @holds: writers that are held, or are about to be, in an interrupt
 * @window: number of the window that is open, see stall_window.c; 0: none
 * @writer: task that was the last to change the entry
 * @bp: the breakpoint
 * @seen: transitions
 * @none: of these, from mapped to none
 * @stalls: of these, held
 * @stalled_ns: all in all
 * @throttled: not held, since the CPU had no budget left
 */
struct stall_watch {
	enum stall_state state;
	struct mm_struct *mm;
	struct pid *pid;
	const void *ctx;
	unsigned long addr;
	struct ptwalk path;
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
 * struct stall_target - what to watch
 * @mm: with a reference that the caller holds
 * @pid: with a reference that the caller holds
 * @ctx: userfaultfd of the range
 * @addr: aligned address
 * @path: where the entry is, and its value
 */
struct stall_target {
	struct mm_struct *mm;
	struct pid *pid;
	const void *ctx;
	unsigned long addr;
	struct ptwalk path;
};

/**
 * struct stall_transition - one write that changed a watched entry
 * @seq: its number + 1, 0 while it is written
 * @busy: somebody writes it
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
struct stall_transition {
	u64 seq;
	int busy;
	u64 ns, stalled_ns;
	unsigned long addr, before, after;
	unsigned int cpu;
	pid_t pid, tgid;
	char comm[TASK_COMM_LEN];
	unsigned int depth;
	unsigned long stack[STALL_STACK];
};

extern struct mutex stall_mutex;
extern struct stall_watch stall_watches[STALL_WATCHES];

/* stall_hold.c: the stall itself */
extern bool stall_stopping;
void stall_hold(struct stall_watch *w, struct stall_transition *t, u64 nr,
		bool irqs);
void stall_hold_init(void);
void stall_hold_exit(void);

/* stall.c: what the handler does */
void stall_on_write(struct perf_event *bp, struct perf_sample_data *data,
		    struct pt_regs *regs);
bool stall_mark_stale(struct stall_watch *w);
int stall_ring_make(unsigned int nr);
void stall_ring_free(void);
u64 stall_ring_head(void);
u64 stall_ring_tail(u64 head);
bool stall_ring_get(u64 nr, struct stall_transition *copy);
u64 stall_ring_dropped(void);

/* stall_window.c: what a fault may find */
void stall_window_moves(struct stall_watch *w, unsigned long before,
			unsigned long after);

/* stall_place.c: what comes before and after */
int stall_find(struct mm_struct *mm, unsigned long addr,
	       struct stall_target *target, const char **why);
int stall_place(const struct stall_target *target, unsigned int us,
		bool automatic, const char **why);
void stall_remove(struct stall_watch *w);
void stall_remove_all(void);
unsigned int stall_tend(void);
bool stall_spare(void);
int stall_watch(const struct watch_cmd *cmd, const char **why);

/* stall_auto.c: picks pages by itself */
void stall_soon(void);

/* stall_param.c */
extern unsigned int stall_param_auto, stall_param_us, stall_param_percent;
extern unsigned int stall_param_ms, stall_param_transitions;
void stall_param_ready(bool ready);

#endif /* UFFD_RACE_STALL_H */
