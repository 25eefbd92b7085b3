/* SPDX-License-Identifier: GPL-2.0 */
/* A walk over all threads that lets others run. */
#ifndef UFFD_RACE_THREADS_H
#define UFFD_RACE_THREADS_H

#include <linux/sched/signal.h>
#include <linux/sched/task.h>

/**
 * threads_pause - let others run, in the middle of for_each_process_thread()
 * @process: where the walk is
 * @task: where the walk is
 *
 * Process context, under rcu_read_lock(), which is let go meanwhile.
 *
 * Return: whether both are still on the list, for the walk to go on.
 */
static inline bool threads_pause(struct task_struct *process, struct task_struct *task)
{
	bool alive;

	get_task_struct(process);
	get_task_struct(task);
	rcu_read_unlock();
	cond_resched();
	rcu_read_lock();
	alive = pid_alive(process) && pid_alive(task);
	put_task_struct(task);
	put_task_struct(process);
	return alive;
}

#endif /* UFFD_RACE_THREADS_H */
