// SPDX-License-Identifier: GPL-2.0
/*
 * Who is asleep in a userfault, and what would wake him: the file "waiters".
 *
 * That a thread sleeps there is read from its stack, where handle_userfault()
 * keeps its entry of the userfaultfd's wait queue, with the message in front of
 * it. So threads are found that were asleep before the module came. What is known
 * besides, whether the message was read and what came of it, is the engine's.
 */
#include "uffd_race.h"
#include "ptwalk.h"
#include "compat.h"
#include "threads.h"
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/userfaultfd.h>
#include <linux/wait.h>

#define MAX_WAITERS	16384	/* of which the file tells */
#define MAX_QUEUE	64	/* steps towards the head of a wait queue */
#define BATCH		256	/* threads, until others may run */

/* What handle_userfault() has on its stack: struct userfaultfd_wait_queue, from 4.3 on. */
struct on_stack {
	struct uffd_msg msg;
	wait_queue_entry_t wq;
	const void *ctx;
};

enum queue {
	QUEUE_UNKNOWN,
	QUEUE_PENDING,		/* the message was not read */
	QUEUE_READ,
};

/**
 * struct waiter - a thread that sleeps in a userfault
 * @task: the thread; a reference is held
 * @ctx: the userfaultfd, by name
 * @addr: in the message
 * @flags: in the message
 * @queue: where it is
 */
struct waiter {
	struct task_struct *task;
	const void *ctx;
	unsigned long addr;
	u64 flags;
	enum queue queue;
};

/**
 * struct waiters - what has been found
 * @w: them
 * @nr: how many there is room for
 * @n: how many there are
 * @more: how many there was no room for
 * @lost: the list of threads has changed: there may be others
 * @stack: room for a stack
 */
struct waiters {
	struct waiter *w;
	unsigned int nr, n, more;
	bool lost;
	unsigned long *stack;
};

/*
 * In which of the two queues? By what comes next, until the head is met, which is
 * in the userfaultfd. Others come and go meanwhile: what can't be read is not known.
 */
static enum queue queue_of(const void *ctx, struct list_head *next)
{
	const struct compat_uffd *uffd = ctx;
	int i;

	for (i = 0; i < MAX_QUEUE; i++) {
		if (next == &uffd->fault_pending_wqh.head)
			return QUEUE_PENDING;
		if (next == &uffd->fault_wqh.head)
			return QUEUE_READ;
		if (get_kernel_nofault(next, &next->next))
			break;
	}
	return QUEUE_UNKNOWN;
}

/* A leftover is in no queue any more, or its neighbour does not know of it. */
static bool queued(const struct list_head *entry, const struct list_head *at)
{
	struct list_head *back;

	return entry->next != at && !get_kernel_nofault(back, &entry->next->prev) &&
	       back == at;
}

/* @at: where that stands on the stack */
static bool is_fault(const struct on_stack *s, const struct on_stack *at,
		     const struct task_struct *task)
{
	return s->wq.private == task && s->msg.event == UFFD_EVENT_PAGEFAULT &&
	       !s->msg.reserved1 && !s->msg.reserved2 && !s->msg.reserved3 && s->ctx &&
	       queued(&s->wq.entry, &at->wq.entry);
}

/* How many words of the stack of a sleeping thread are in use; copied. */
static unsigned int copy_stack(struct waiters *all, struct task_struct *task,
			       unsigned long *from)
{
	unsigned long base = (unsigned long)READ_ONCE(task->stack);

	*from = compat_stack_pointer(task);
	if (!base || *from < base || *from >= base + THREAD_SIZE ||
	    *from % sizeof(long) ||
	    copy_from_kernel_nofault(all->stack, (void *)*from,
				     base + THREAD_SIZE - *from))
		return 0;
	return (base + THREAD_SIZE - *from) / sizeof(long);
}

static bool find_fault(struct waiters *all, struct task_struct *task, struct waiter *w)
{
	const unsigned int words = sizeof(struct on_stack) / sizeof(long);
	unsigned int i, n;
	unsigned long from;

	if (!compat_task_sleeps(task))
		return false;
	n = copy_stack(all, task, &from);
	for (i = 0; i + words <= n; i++) {
		const struct on_stack *s = (void *)(all->stack + i);

		if (!is_fault(s, (void *)(from + i * sizeof(long)), task))
			continue;
		*w = (struct waiter) {
			.task = task, .ctx = s->ctx,
			.addr = s->msg.arg.pagefault.address,
			.flags = s->msg.arg.pagefault.flags,
			.queue = queue_of(s->ctx, s->wq.entry.next),
		};
		return compat_task_sleeps(task);
	}
	return false;
}

static void find_waiters(struct waiters *all)
{
	struct task_struct *process, *task;
	unsigned int n = 0;
	struct waiter w;

	rcu_read_lock();
	for_each_process_thread(process, task) {
		if (find_fault(all, task, &w)) {
			if (all->n < all->nr) {
				get_task_struct(task);
				all->w[all->n++] = w;
			} else {
				all->more++;
			}
		}
		if (++n % BATCH == 0 && !threads_pause(process, task)) {
			all->lost = true;
			break;
		}
	}
	rcu_read_unlock();
}

/* What is there now; waits for nobody. */
static enum verdict_look look_now(const struct waiter *w, struct mm_struct *mm)
{
	enum verdict_look look = LOOK_UNKNOWN;
	struct vm_area_struct *vma;
	unsigned long addr;

	if (!mmap_read_trylock(mm))
		return look;
	vma = find_vma(mm, w->addr);
	if (vma && vma->vm_start <= w->addr) {
		addr = w->addr & ~(ptwalk_page_size(vma) - 1);
		look = ptwalk_look_locked(vma, addr);
	}
	mmap_read_unlock(mm);
	return look;
}

static bool known(const struct waiter *w, const void *mm, struct verdict_wait_info *info)
{
	struct verdict_engine *e;
	unsigned long flags;
	bool found;

	e = core_lock(mm, &flags);
	if (!e)
		return false;
	found = verdict_waits(e, w->task, w->ctx, info);
	core_unlock(e, flags);
	return found;
}

/* What is missing, and so whose it is: see README.md. */
static const char *diagnosis(const struct waiter *w, enum verdict_look look,
			     const struct verdict_wait_info *info, bool read)
{
	bool mapped = look == LOOK_MAPPED || look == LOOK_ANON;

	if (w->flags & UFFD_PAGEFAULT_FLAG_WP)
		return "write-protected";
	if (info && info->judged && info->verdict == VERDICT_BOGUS)
		return "wrong event";
	if (!read && (info || w->queue == QUEUE_PENDING))
		return "unread";
	if (!read && w->queue == QUEUE_UNKNOWN)
		return mapped ? "mapped, not woken" : "not known";
	if (mapped)
		return info && info->answered ? "answered, not woken" : "mapped, not woken";
	if (look == LOOK_UNKNOWN || look == LOOK_GONE)
		return "not known";
	return info && info->refused ? "refused" : info ? "unanswered" : "read, by whom is not known";
}

static void show_waiter(struct seq_file *m, const struct waiter *w, u64 now)
{
	static const char * const page[] = {
		[LOOK_UNKNOWN] = "?", [LOOK_NONE] = "none", [LOOK_MAPPED] = "mapped",
		[LOOK_ANON] = "mapped", [LOOK_GONE] = "?",
	};
	static const char * const verdict[] = {
		[VERDICT_GENUINE] = "genuine", [VERDICT_STALE] = "stale",
		[VERDICT_BOGUS] = "bogus", [VERDICT_UNDECIDED] = "undecided",
	};
	struct mm_struct *mm = get_task_mm(w->task);
	enum verdict_look look = LOOK_UNKNOWN;
	struct verdict_wait_info info;
	bool has, read;

	if (!mm)
		return;		/* on its way out */
	look = look_now(w, mm);
	has = known(w, mm, &info);
	mmput(mm);
	/* It may have been woken meanwhile. */
	if (!compat_task_sleeps(w->task))
		return;
	read = w->queue == QUEUE_READ || (has && info.read);
	seq_printf(m, "%d %d %lx %s ", task_tgid_nr(w->task), task_pid_nr(w->task), w->addr,
		   w->flags & UFFD_PAGEFAULT_FLAG_WP ? "wp" :
		   w->flags & COMPAT_PAGEFAULT_MINOR ? "minor" : "missing");
	if (has)
		seq_printf(m, "%llu", div_u64(now - min(now, (u64)info.when), NSEC_PER_MSEC));
	else
		seq_putc(m, '-');
	seq_printf(m, " %s %s %s %s (", read ? "yes" : has || w->queue == QUEUE_PENDING ?
		   "no" : "?", page[look], !has ? "-" : info.judged ? verdict[info.verdict] : "open",
		   w->task->comm);
	seq_printf(m, "%s)\n", diagnosis(w, look, has ? &info : NULL, read));
}

/**
 * waiters_show - the debugfs file "waiters"
 * @m: where to
 *
 * Process context, may sleep; waits for nobody's mmap lock.
 *
 * Return: 0 or -ENOMEM.
 */
int waiters_show(struct seq_file *m)
{
	struct waiters all = { .nr = MAX_WAITERS };
	unsigned int i;
	int err = -ENOMEM;
	u64 now;

	all.w = kvmalloc_array(all.nr, sizeof(*all.w), GFP_KERNEL);
	all.stack = kmalloc(THREAD_SIZE, GFP_KERNEL);
	if (!all.w || !all.stack)
		goto out;
	find_waiters(&all);
	now = ktime_get_mono_fast_ns();
	seq_puts(m, "pid tid address event asleep_ms read page verdict comm (diagnosis)\n");
	for (i = 0; i < all.n; i++) {
		show_waiter(m, &all.w[i], now);
		put_task_struct(all.w[i].task);
		cond_resched();
	}
	if (all.more)
		seq_printf(m, "# and %u more\n", all.more);
	if (all.lost)
		seq_puts(m, "# threads came and went: there may be more\n");
	err = 0;
out:
	kfree(all.stack);
	kvfree(all.w);
	return err;
}
