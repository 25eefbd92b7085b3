// SPDX-License-Identifier: GPL-2.0
/*
 * One user takes so much of everything that nothing might be left for others. The
 * victim is a plain userfaultfd of another process, all of whose events must be
 * judged as if it were alone.
 */
#define _GNU_SOURCE
#include "hostile.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define VICTIM_EVENTS	40

static atomic_long *shared;	/* of all processes: what the attackers have done */

static void share(void)
{
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("mmap");
}

/* As root, and as nobody, who may have fewer of them */
static void become_nobody(void)
{
	struct rlimit files = { 4096, 4096 };

	setrlimit(RLIMIT_NOFILE, &files);
	if (setgid(NOBODY) || setuid(NOBODY))
		die("setuid");
	/* setuid() has cleared it */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* As an unprivileged user gets it, by kernel */
static int uffd_of_nobody(void)
{
	int fd = uffd_new(UFFD_USER_MODE_ONLY);

	return fd < 0 && errno == EINVAL ? uffd_new(0) : fd;
}

static pid_t attacker(void (*attack)(void))
{
	pid_t pid = fork();

	if (!pid) {
		attack();
		pause();
		_exit(0);
	}
	return pid;
}

/* An attacker has done N, or died, or takes too long */
static void wait_until(pid_t pid, long n)
{
	int tries;

	for (tries = 0; tries < 300 && *shared < n; tries++) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			skip("the attacker could not do its work (%ld of %ld)", *shared, n);
		usleep(100000);
	}
	if (*shared < n)
		skip("the attacker has done only %ld of %ld", *shared, n);
}

static void run_command(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		execvp(victim_command[0], victim_command);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		die(victim_command[0]);
}

/* What the module says of the victim alone; everybody else is quiet */
static void victim(int hold_ms)
{
	static const char *const verdicts[] = {
		"anon_missing_events", "anon_missing_genuine", "anon_missing_stale",
		"anon_missing_bogus", "anon_missing_undecided",
	};
	static const char *const names[] = {
		"victim_events", "victim_genuine", "victim_stale", "victim_bogus",
		"victim_undecided",
	};
	long before[5];
	int i, fd;

	if (victim_command) {
		run_command();
		return;
	}
	for (i = 0; i < 5; i++)
		before[i] = counter(verdicts[i]);
	tell("victim_read", plain_events(&fd, VICTIM_EVENTS, hold_ms));
	usleep(100000);
	for (i = 0; i < 5; i++)
		tell(names[i], counter(verdicts[i]) - before[i]);
	close(fd);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* --- spoil ----------------------------------------------------------------- */

/* Refused, but only after the module has seen the argument */
static void spoiler(void)
{
	int fd, shaken;

	become_nobody();
	fd = uffd_of_nobody();
	shaken = uffd_of_nobody();
	if (fd < 0 || shaken < 0 || uffd_api(shaken, 0))
		die("userfaultfd");
	for (;;) {
		if (!uffd_try_register(fd, NULL, 1ul << 47, UFFDIO_REGISTER_MODE_MISSING) ||
		    !uffd_try_register(shaken, NULL, 1ul << 47, UFFDIO_REGISTER_MODE_MISSING))
			die("REGISTER of everything has worked");
		++*shared;
	}
}

static void run_spoil(void)
{
	pid_t one, two;

	share();
	one = attacker(spoiler);
	wait_until(one, 100);
	two = attacker(spoiler);
	victim(2);
	end(one);
	end(two);
	tell("refused", *shared);
}

/* --- overflow -------------------------------------------------------------- */

#define MANY 64

/* More userfaultfds than ctxs=16 has room for; the caller looks when hooks go */
static void run_overflow(void)
{
	char *area = map_anon(MANY * PAGE);
	int i, fds[MANY];

	for (i = 0; i < MANY; i++) {
		fds[i] = uffd_with(0);
		uffd_register(fds[i], area + i * PAGE, PAGE, UFFDIO_REGISTER_MODE_MISSING);
	}
	usleep(300000);
	tell("full_ctxs_seen", counter("full_ctxs"));
	for (i = 0; i < MANY; i++)
		close(fds[i]);
	munmap(area, MANY * PAGE);
	tell("opened", MANY);
}

/* --- keepopen -------------------------------------------------------------- */

#define KEPT 1000

static void keeper(void)
{
	char *area;
	int i, fd;

	become_nobody();
	area = map_anon(KEPT * PAGE);
	for (i = 0; i < KEPT; i++) {
		fd = uffd_of_nobody();
		if (fd < 0 || uffd_api(fd, 0))
			die("userfaultfd");
		uffd_register(fd, area + i * PAGE, PAGE, UFFDIO_REGISTER_MODE_MISSING);
		++*shared;
	}
}

static void run_keepopen(void)
{
	pid_t pid;

	share();
	pid = attacker(keeper);
	wait_until(pid, KEPT);
	victim(0);
	tell("kept", *shared);
	end(pid);
}

/* --- sleepers, blockers ---------------------------------------------------- */

#define SLEEPERS	3000
#define BLOCKERS	600
#define STACK		(16ul << 10)	/* PTHREAD_STACK_MIN */

static int asleep_in;	/* the userfaultfd whose COPY does not end */
static char *asleep_at, *asleep_from;

static void *sleep_in_fault(void *arg)
{
	++*shared;
	return (void *)(uintptr_t)*(volatile char *)(asleep_at + (long)arg * PAGE);
}

/* Its source is missing, and nobody brings it */
static void *sleep_in_copy(void *arg)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)asleep_at + (long)arg * PAGE,
		.src = (uintptr_t)asleep_from + (long)arg * PAGE, .len = PAGE,
	};

	++*shared;
	ioctl(asleep_in, UFFDIO_COPY, &copy);
	return NULL;
}

/* One mapping for all stacks, as thousands of guard pages would be too many */
static void start_many(long threads, void *(*run)(void *))
{
	char *stacks = map_anon(threads * STACK);
	pthread_attr_t attr;
	pthread_t thread;
	long i;

	pthread_attr_init(&attr);
	for (i = 0; i < threads; i++) {
		pthread_attr_setstack(&attr, stacks + i * STACK, STACK);
		errno = pthread_create(&thread, &attr, run, (void *)i);
		if (errno)
			die("pthread_create");
	}
}

static void sleeper(void)
{
	become_nobody();
	asleep_at = map_anon(SLEEPERS * PAGE);
	asleep_in = uffd_of_nobody();
	if (asleep_in < 0 || uffd_api(asleep_in, 0))
		die("userfaultfd");
	uffd_register(asleep_in, asleep_at, SLEEPERS * PAGE,
		      UFFDIO_REGISTER_MODE_MISSING);
	start_many(SLEEPERS, sleep_in_fault);
}

/* A kernel-mode fault that sleeps takes a userfaultfd of root, or FUSE */
static void blocker(void)
{
	int source = uffd_with(0);

	asleep_from = map_anon(BLOCKERS * PAGE);
	asleep_at = map_anon(BLOCKERS * PAGE);
	uffd_register(source, asleep_from, BLOCKERS * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	asleep_in = uffd_with(0);
	uffd_register(asleep_in, asleep_at, BLOCKERS * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	become_nobody();
	start_many(BLOCKERS, sleep_in_copy);
}

static void beside(void (*attack)(void), long threads)
{
	long events, before;
	pid_t pid;

	share();
	before = counter("anon_missing_events");
	pid = attacker(attack);
	wait_until(pid, threads);
	/* until all that they raise is raised, and judged */
	do {
		events = counter("anon_missing_events");
		usleep(500000);
	} while (counter("anon_missing_events") != events);
	victim(0);
	tell("asleep", *shared);
	tell("raised", events - before);
	end(pid);
}

static void run_sleepers(void)
{
	beside(sleeper, SLEEPERS);
}

static void run_blockers(void)
{
	beside(blocker, BLOCKERS);
}

const struct mode many_modes[] = {
	{ "spoil", "nobody's REGISTERs of the whole address space, all refused, in a loop",
	  "the victim's events are judged", run_spoil },
	{ "overflow", "more userfaultfds are opened than the module has room for, and closed",
	  "hooks on page faults go (load with ctxs=16 armed=0)", run_overflow },
	{ "keepopen", "nobody keeps 1000 userfaultfds open",
	  "the victim's events are judged", run_keepopen },
	{ "sleepers", "nobody has 3000 threads asleep in faults",
	  "the victim's events are judged", run_sleepers },
	{ "blockers", "nobody has 600 threads asleep in UFFDIO_COPY",
	  "the victim's events are judged", run_blockers },
	{ 0 }
};
