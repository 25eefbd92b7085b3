// SPDX-License-Identifier: GPL-2.0
/*
 * Waits until everybody is done or sleeps in the kernel's handle_userfault(),
 * and all messages are read: then nothing can race with the next operation.
 */
#define _GNU_SOURCE
#include "innocent.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_US	5000000
#define BATCH		8
#define STACK		2048	/* bytes of text */

static void read_proc(pid_t tid, const char *file, char *text, size_t size)
{
	char path[40];
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", tid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, size - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = 0;
}

static bool runs(pid_t tid)
{
	char stat[128], *state;

	read_proc(tid, "stat", stat, sizeof(stat));
	state = strrchr(stat, ')');
	return !state || state[2] == 'R';
}

static bool wchan_lies;

/*
 * Does wchan tell of somebody who sleeps? Before 5.16 (42a20f86dc19, "sched: Add
 * wrapper for get_wchan() to keep task blocked") it wants frame pointers.
 */
void probe_where(void)
{
	pid_t pid = fork();
	char text[64];

	if (!pid) {
		pause();
		_exit(0);
	}
	usleep(50000);
	read_proc(pid, "wchan", text, sizeof(text));
	wchan_lies = !strcmp(text, "0");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/*
 * Where in the kernel a thread sleeps; "0" if it does not. To read the stack of
 * one that runs gives a warning on newer kernels, so only those do it that must.
 */
static void where(pid_t tid, char *text, size_t size)
{
	read_proc(tid, "wchan", text, size);
	if (!wchan_lies || runs(tid))
		return;
	read_proc(tid, "stack", text, size);
	if (runs(tid))
		strcpy(text, "0");
}

static bool asleep(const struct actor *a)
{
	char name[STACK];

	where(a->tid, name, sizeof(name));
	if (strstr(name, "handle_userfault"))
		return true;
	/* It waits until its message is read, as userfaultfd_remove() */
	return world.shared->hold && strstr(name, "userfaultfd");
}

/*
 * Who got this event? Most messages name the thread. Else he who does not wait
 * yet, or he who waited for that page before.
 */
static struct actor *whose(const struct u_msg *msg)
{
	struct actor *a, *found = NULL;

	for (a = world.shared->actor; a < world.shared->actor + NR_ACTORS; a++) {
		if (atomic_load(&a->state) != A_BUSY)
			continue;
		if (a->tid == (pid_t)msg->fault.ptid)
			return a;
		if (!a->waits)
			found = a;
		else if (!found && !((a->addr ^ msg->fault.address) & -PAGE))
			found = a;
	}
	return found;
}

static void take_fault(unsigned int i, const struct u_msg *msg)
{
	struct shared *s = world.shared;
	struct uffd *u = &world.uffd[i];
	bool mapped = !s->released && is_mapped(u->owner, msg->fault.address);
	struct actor *a;

	if (msg->fault.flags & U_FAULT_WP) {
		s->protect++;
	} else {
		s->read++;
		s->wrong += mapped;
	}
	a = whose(msg);
	if (!a)
		return;
	a->waits = true;
	a->uffd = i;
	a->addr = msg->fault.address;
	a->flags = msg->fault.flags;
	if (world.verbose)
		printf("      event of uffd%u at %llx flags %llx%s\n", i,
		       (long long)a->addr, (long long)a->flags,
		       mapped ? " MAPPED" : "");
}

static bool take_messages(unsigned int i)
{
	struct u_msg msg[BATCH];
	ssize_t n;
	int k;

	/* now one, now many */
	n = read(world.uffd[i].fd, msg,
		 sizeof(msg[0]) * (1 + world.shared->read % BATCH));
	for (k = 0; k < n / (ssize_t)sizeof(msg[0]); k++) {
		if (msg[k].event == U_EVENT_FAULT)
			take_fault(i, &msg[k]);
		else if (msg[k].event == U_EVENT_FORK)
			add_uffd(msg[k].fork_fd, 0, world.uffd[i].features, false);
	}
	return n > 0;
}

/* A child has made a userfaultfd of its own. */
static void take_post(void)
{
	pid_t owner;
	int fd = receive_fd(world.post[0], &owner);

	if (fd >= 0)
		add_uffd(fd, owner, 0, false);
}

/* Sleeps no longer than that. Return: true if a message was read. */
static bool take_all(long us)
{
	struct timespec limit = { .tv_nsec = us * 1000 };
	struct pollfd p[NR_UFFDS + 2];
	bool some = false;
	uint64_t n;
	int i;

	for (i = 0; i < NR_UFFDS; i++)
		p[i] = (struct pollfd){
			.fd = world.shared->hold || world.uffd[i].raw ?
				-1 : world.uffd[i].fd,
			.events = POLLIN
		};
	p[i] = (struct pollfd){ .fd = world.done, .events = POLLIN };
	p[i + 1] = (struct pollfd){ .fd = world.post[0], .events = POLLIN };
	if (ppoll(p, i + 2, &limit, NULL) <= 0)
		return false;
	if (p[i].revents & POLLIN && read(world.done, &n, sizeof(n)) < 0)
		return false;
	if (p[i + 1].revents & POLLIN)
		take_post();
	for (i = 0; i < NR_UFFDS; i++)
		if (p[i].revents & POLLIN)
			some |= take_messages(i);
	return some;
}

static bool all_quiet(void)
{
	struct actor *a;

	for (a = world.shared->actor; a < world.shared->actor + NR_ACTORS; a++) {
		if (atomic_load(&a->state) != A_BUSY)
			a->waits = false;
		else if (!asleep(a))
			return false;
	}
	return true;
}

static void complain(void)
{
	struct actor *a;
	char name[STACK];

	snprintf(world.shared->note, TEXT, "messages do not end");
	for (a = world.shared->actor; a < world.shared->actor + NR_ACTORS; a++) {
		if (atomic_load(&a->state) != A_BUSY || asleep(a))
			continue;
		where(a->tid, name, sizeof(name));
		snprintf(world.shared->note, TEXT, "%s %.80s is in %.40s",
			 ops[a->step.op].name, a->text, name);
	}
}

/* fork() tells of the child's userfaultfd before it tells of the child. */
static void find_owners(void)
{
	struct uffd *u;

	for (u = world.uffd; u < world.uffd + NR_UFFDS; u++)
		if (!u->owner)
			u->owner = world.shared->newest;
}

uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

enum fail settle(void)
{
	uint64_t end = now_us() + PATIENCE_US;

	for (;;) {
		if (all_quiet() && !take_all(0)) {
			find_owners();
			world.shared->released = false;
			return FAIL_NONE;
		}
		take_all(200);
		if (now_us() > end) {
			complain();
			return FAIL_STUCK;
		}
	}
}
