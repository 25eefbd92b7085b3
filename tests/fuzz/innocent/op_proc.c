// SPDX-License-Identifier: GPL-2.0
/* Processes: fork, vfork, exec, kill, signals, and descriptors that travel. */
#define _GNU_SOURCE
#include "innocent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct actor *free_child(void)
{
	struct actor *a = world.shared->actor + NR_THREADS;

	for (; a < world.shared->actor + NR_ACTORS; a++)
		if (atomic_load(&a->state) == A_NONE ||
		    atomic_load(&a->state) == A_GONE)
			return a;
	return NULL;
}

static void wait_for_state(struct actor *a, int state)
{
	int ms;

	for (ms = 0; atomic_load(&a->state) != state && ms < 5000; ms++)
		usleep(1000);
}

/*
 * Whoever unmaps waits until somebody has read of it. A child reads nothing, so
 * it must not be the last that has such a userfaultfd.
 */
static bool wants_readers(const struct uffd *u)
{
	return u->features & (U_FEAT_FORK | U_FEAT_REMAP | U_FEAT_REMOVE | U_FEAT_UNMAP);
}

static void leave_to_parent(void)
{
	struct uffd *u;

	for (u = world.uffd; u < world.uffd + NR_UFFDS; u++) {
		if (u->fd < 0 || !wants_readers(u))
			continue;
		close(u->fd);
		u->fd = -1;
	}
}

OP(op_fork)
{
	struct actor *child = free_child();
	pid_t pid;

	(void)op;
	if (!child)
		return OP_SKIPPED;
	say(c, "c%d", (int)(child - world.shared->actor));
	atomic_store(&child->state, A_BORN);
	child->waits = false;
	world.shared->newest = 0;
	/* Not fork(): another one may sleep there, and has the C library's lock. */
	pid = syscall(SYS_fork);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		leave_to_parent();
		act(child);
	}
	if (pid < 0) {
		atomic_store(&child->state, A_GONE);
		return -errno;
	}
	world.shared->newest = pid;
	world.shared->lent = true;
	wait_for_state(child, A_IDLE);
	return 0;
}

OP(op_vfork)
{
	pid_t pid;

	(void)op;
	say(c, "and exec");
	pid = vfork();
	if (!pid) {
		execl("/proc/self/exe", "innocent", "--nothing", NULL);
		_exit(1);
	}
	return pid < 0 ? -errno : 0;
}

OP(op_exec)
{
	(void)op;
	say(c, " ");
	atomic_store(&c->self->state, A_GONE);
	execl("/proc/self/exe", "innocent", "--nothing", NULL);
	_exit(1);
}

OP(op_exit)
{
	(void)op;
	say(c, " ");
	atomic_store(&c->self->state, A_GONE);
	_exit(0);
}

static void wait_until_gone(pid_t pid)
{
	int ms;

	for (ms = 0; !kill(pid, 0) && ms < 5000; ms++)
		usleep(1000);
}

/* A child, wherever it sleeps */
OP(op_kill)
{
	struct actor *a;
	int i;

	(void)op;
	for (i = NR_THREADS; i < NR_ACTORS; i++) {
		a = &world.shared->actor[NR_THREADS + (i + c->arg[0]) %
					 (NR_ACTORS - NR_THREADS)];
		if (atomic_load(&a->state) != A_IDLE && atomic_load(&a->state) != A_BUSY)
			continue;
		say(c, "c%d", (int)(a - world.shared->actor));
		kill(a->pid, SIGKILL);
		wait_until_gone(a->pid);
		atomic_store(&a->state, A_GONE);
		return 0;
	}
	return OP_SKIPPED;
}

/*
 * Whoever sleeps in a fault comes back from it, and faults again. The kernel's
 * own faults would come back without end: it takes the signal later.
 */
OP(op_signal)
{
	struct actor *a = pick_waiting(c->arg[0]);

	(void)op;
	if (!a || ops[a->step.op].run != op_touch)
		return OP_SKIPPED;
	say(c, "actor %d", (int)(a - world.shared->actor));
	return result(syscall(SYS_tgkill, a->pid, a->tid, SIGUSR1));
}

OP(op_post)
{
	struct uffd *u = pick_uffd(c->arg[0]);

	(void)op;
	if (!u || wants_readers(u))
		return OP_SKIPPED;
	say(c, "uffd%d", (int)(u - world.uffd));
	world.shared->lent = true;
	return send_fd(world.post[0], u->fd);
}

OP(op_receive)
{
	pid_t from;
	int fd = receive_fd(world.post[1], &from);

	(void)op;
	if (fd < 0)
		return OP_SKIPPED;
	say(c, "as uffd%d", add_uffd(fd, from, 0, false));
	return 0;
}

/* A child has its own memory watched, by its parent, as CRIU does. */
OP(op_child_uffd)
{
	struct u_api api = { .api = 0xaa };
	struct u_register r = { .mode = U_MODE_MISSING };
	struct span s;
	int fd, err;

	(void)op;
	if (!pick_span(c, &s))
		return OP_SKIPPED;
	fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	r.range = (struct u_range){ (uintptr_t)s.at, s.len };
	err = result(ioctl(fd, U_API, &api));
	if (!err)
		err = result(ioctl(fd, U_REGISTER, &r));
	say(c, "region%d+%zu", (int)(s.region - world.region),
	    (s.at - s.region->at) / s.region->page);
	if (!err)
		err = send_fd(world.post[1], fd);
	close(fd);
	return err;
}

/* Messages stay unread for some time. */
OP(op_hold)
{
	say(c, " ");
	if (world.shared->hold == op->var)
		return OP_SKIPPED;
	world.shared->hold = op->var;
	world.shared->released = !op->var;
	world.shared->held = true;
	return 0;
}

/* Time for the deferred look */
OP(op_pause)
{
	(void)op;
	say(c, " ");
	usleep(1000 * (1 + c->arg[0] % 20));
	return 0;
}
