// SPDX-License-Identifier: GPL-2.0
/*
 * --fork: children that read the pages, each under a userfaultfd of its own,
 * which the FORK event brings (UFFD_FEATURE_EVENT_FORK).  The same rule holds in
 * them: what was mapped at the time of fork cannot be missing.
 */
#define _GNU_SOURCE
#include "stress.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_READS	20000

/* One child at a time; shared, as the resolver may be another process */
static struct child {
	struct run	*run;
	int		uffd;
	unsigned long	nr;
} current;
static pthread_t thread;
static bool thread_runs;

__attribute__((noreturn))
static void child(struct run *run, unsigned long nr)
{
	static const int sigs[] = { SIGALRM, SIGBUS, SIGSEGV, SIGINT, SIGTERM, SIGHUP };
	size_t words = run->page_size / sizeof(uint64_t), word;
	uint64_t random = seed_for(run->opt, 'f', nr), dice;
	const volatile uint64_t *at;
	unsigned int i, page, bad = 0;

	for (i = 0; i < sizeof(sigs) / sizeof(*sigs); i++)
		signal(sigs[i], SIG_DFL);
	for (i = 0; i < CHILD_READS; i++) {
		dice = next_random(&random);
		page = (dice & 0xffffff) % run->opt->pages;
		word = (dice >> 24) % words;
		at = (const volatile uint64_t *)(run->area + page * run->page_size);
		bad += at[word] != pattern(page, word);
	}
	count_add(C_child_reads, CHILD_READS);
	count_add(C_bad_reads, bad);
	_exit(0);
}

void *forker(void *arg)
{
	struct run *run = arg;
	unsigned long nr = 0;
	pid_t pid;

	while (!atomic_load_explicit(&run->stop_writers, memory_order_relaxed)) {
		/* returns once somebody has read the FORK event */
		pid = fork();
		if (!pid)
			child(run, nr);
		if (pid > 0) {
			count(C_forks);
			waitpid(pid, NULL, 0);
			atomic_store(&run->children_done, ++nr);
			/*
			 * fork() holds locks of libc until its event is read; who
			 * reads it may need them to adopt the child before.
			 */
			while (counted(C_fork_events) < nr)
				usleep(1000);
		}
		usleep(2000);
	}
	return NULL;
}

static void *child_monitor(void *arg)
{
	struct child *me = arg;
	struct run *run = me->run;
	struct pollfd pfd = { .fd = me->uffd, .events = POLLIN };
	struct uffd_msg msg;

	while (atomic_load(&run->children_done) < me->nr) {
		if (poll(&pfd, 1, 5) <= 0 ||
		    read(me->uffd, &msg, sizeof(msg)) != sizeof(msg))
			continue;
		take_child_message(run, me->uffd, &msg);
	}
	close(me->uffd);
	return NULL;
}

/* Called by the listener, whose events wait meanwhile: so at once */
void adopt_child(struct run *run, int uffd)
{
	static unsigned long nr;

	if (thread_runs)
		pthread_join(thread, NULL);
	current = (struct child){ .run = run, .uffd = uffd, .nr = ++nr };
	thread_runs = !pthread_create(&thread, NULL, child_monitor, &current);
	if (!thread_runs)
		close(uffd);
	count(C_fork_events);
}

void adopted_end(void)
{
	if (thread_runs)
		pthread_join(thread, NULL);
	thread_runs = false;
}
