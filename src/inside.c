// SPDX-License-Identifier: GPL-2.0
/*
 * Who was inside when the hooks came. An ioctl that fills a range, or a
 * MADV_COLLAPSE, that began before that is not seen, may sleep for as long as user
 * space likes, and may then map pages under a userfaultfd that was born since. So
 * none is judged that is born before all of these have left.
 */
#include "uffd_race.h"
#include "compat.h"
#include "threads.h"
#include "probe.h"
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#define PERIOD	msecs_to_jiffies(20)
#define BATCH	1024	/* threads, until others may run */

/**
 * struct insider - a thread that may be inside
 * @task: the thread; a reference is held
 * @left: it has entered anew since, and that is seen
 */
struct insider {
	struct task_struct *task;
	bool left;
};

static struct insider insiders[256];
static unsigned int nr_insiders;
static bool incomplete;		/* there may be more */
static bool nobody;
/* What was missed when they were looked for: somebody may have entered by that. */
static unsigned long missed;
static atomic_t doubts;
static DEFINE_MUTEX(inside_mutex);

static void inside_worker(struct work_struct *work);
static DECLARE_DELAYED_WORK(inside_work, inside_worker);

/* Its registers may be anything, if it is about to end: then it is not inside. */
static bool may_be_inside(struct task_struct *task)
{
	struct pt_regs regs;
	bool may;

	if (task->flags & PF_KTHREAD)
		return false;
	if (compat_is_worker(task))
		may = compat_worker_may_map(task);
	else
		may = copy_from_kernel_nofault(&regs, task_pt_regs(task), sizeof(regs)) ||
		      compat_call_may_map(task, &regs);
	return may && !(READ_ONCE(task->flags) & PF_EXITING);
}

static void add_insider(struct task_struct *task)
{
	struct insider *in = &insiders[nr_insiders];

	if (nr_insiders == ARRAY_SIZE(insiders)) {
		incomplete = true;
		return;
	}
	get_task_struct(task);
	WRITE_ONCE(in->left, false);
	WRITE_ONCE(in->task, task);
	WRITE_ONCE(nr_insiders, nr_insiders + 1);
}

static void find_insiders(void)
{
	struct task_struct *process, *task;
	unsigned int n = 0;

	incomplete = false;
	rcu_read_lock();
	for_each_process_thread(process, task) {
		if (may_be_inside(task))
			add_insider(task);
		if (++n % BATCH == 0 && !threads_pause(process, task)) {
			incomplete = true;
			goto out;
		}
	}
out:
	rcu_read_unlock();
}

/* Return: how many are left. */
static unsigned int forget_those_who_left(void)
{
	struct task_struct *task;
	unsigned int i, n = 0;

	for (i = 0; i < nr_insiders; i++) {
		task = insiders[i].task;
		if (!task)
			continue;
		if (!READ_ONCE(insiders[i].left) && may_be_inside(task)) {
			n++;
			continue;
		}
		WRITE_ONCE(insiders[i].task, NULL);
		put_task_struct(task);
	}
	return n;
}

static void forget_all(void)
{
	unsigned int i;

	for (i = 0; i < nr_insiders; i++)
		WRITE_ONCE(insiders[i].left, true);
	forget_those_who_left();
	WRITE_ONCE(nr_insiders, 0);
}

static unsigned long entered_unseen(void)
{
	return probes_missed() + atomic_read(&doubts);
}
NOKPROBE_SYMBOL(entered_unseen);

/* Under inside_mutex. */
static void look_for_insiders(void)
{
	unsigned int n;

	WRITE_ONCE(nobody, false);
	WRITE_ONCE(missed, entered_unseen());
	/* Pairs with the call that inside_left() is in: it is over, or seen here. */
	smp_mb();
	forget_all();
	find_insiders();
	n = forget_those_who_left();
	/* pairs with inside_nobody() */
	smp_store_release(&nobody, !n && !incomplete);
}

/* Under inside_mutex. */
static void look_again(void)
{
	static bool told;
	unsigned int n = forget_those_who_left();

	if (n) {
		if (!told)
			pr_info("%u threads may be filling ranges unseen: what is opened before they are done is not judged\n",
				n);
		told = true;
		return;
	}
	told = false;
	if (incomplete)
		look_for_insiders();
	else
		/* pairs with inside_nobody() */
		smp_store_release(&nobody, true);
}

static void inside_worker(struct work_struct *work)
{
	mutex_lock(&inside_mutex);
	if (missed != entered_unseen())
		look_for_insiders();
	else if (!nobody)
		look_again();
	mutex_unlock(&inside_mutex);
	inside_watch();
}

/**
 * inside_scan - all hooks are in place again: who was inside before?
 *
 * Process context, may sleep. Before anything is judged.
 */
void inside_scan(void)
{
	mutex_lock(&inside_mutex);
	look_for_insiders();
	mutex_unlock(&inside_mutex);
	inside_watch();
}

/**
 * inside_watch - wait until they have left
 *
 * Any context but NMI; not under core_lock().
 */
void inside_watch(void)
{
	if (!inside_nobody())
		work_queue_again(&inside_work, PERIOD);
}
NOKPROBE_SYMBOL(inside_watch);

/**
 * inside_doubt - somebody may have entered, and there is no record of it
 *
 * Any context.
 */
void inside_doubt(void)
{
	atomic_inc(&doubts);
}
NOKPROBE_SYMBOL(inside_doubt);

/**
 * inside_nobody - have they all left?
 *
 * Any context.
 *
 * Return: true if so: what is installed from now on, is seen.
 */
bool inside_nobody(void)
{
	/* pairs with whoever has found that */
	return smp_load_acquire(&nobody) && READ_ONCE(missed) == entered_unseen();
}
NOKPROBE_SYMBOL(inside_nobody);

/**
 * inside_left - the current task enters anew, and that is seen
 *
 * From the handlers of what fills ranges.
 */
void inside_left(void)
{
	unsigned int i, n;

	if (likely(READ_ONCE(nobody)))
		return;
	n = READ_ONCE(nr_insiders);
	for (i = 0; i < n; i++)
		if (READ_ONCE(insiders[i].task) == current)
			WRITE_ONCE(insiders[i].left, true);
}
NOKPROBE_SYMBOL(inside_left);

/**
 * inside_exit - wait for nobody any more
 *
 * After core_stop(), and after the last guard_check().
 */
void inside_exit(void)
{
	cancel_delayed_work_sync(&inside_work);
	forget_all();
}
