// SPDX-License-Identifier: GPL-2.0
/*
 * --blocked: many threads that wait in handle_userfault() at once, each for a
 * page of its own, and only then an answer.  Each must raise one event.
 */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct blocked {
	struct run	*run;
	pthread_t	thread;
	bool		started;
	uint8_t		events;
};

static struct blocked *blocked;

static void *blocked_thread(void *arg)
{
	struct blocked *me = arg;
	struct run *run = me->run;
	unsigned int page = me - blocked;
	const volatile uint64_t *at;

	at = (const volatile uint64_t *)(run->area + page * run->page_size);
	count(*at == pattern(page, 0) ? C_reads : C_bad_reads);
	return NULL;
}

static int start_all(struct run *run)
{
	pthread_attr_t attr;
	unsigned int i;
	int err = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN);
	for (i = 0; !err && i < run->opt->blocked; i++) {
		blocked[i].run = run;
		err = pthread_create(&blocked[i].thread, &attr, blocked_thread,
				     &blocked[i]);
		blocked[i].started = !err;
	}
	pthread_attr_destroy(&attr);
	return err;
}

static void take(struct run *run, const struct uffd_msg *msg)
{
	uint64_t offset = msg->arg.pagefault.address - (uintptr_t)run->area;
	bool minor = msg->arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_MINOR;
	struct blocked *whose;

	count(C_events_received);
	if (msg->event != UFFD_EVENT_PAGEFAULT || offset >= run->len) {
		count(C_other_events);
		return;
	}
	count(minor ? C_minor_events : C_missing_events);
	whose = &blocked[offset / run->page_size];
	if (whose->events++)
		count(C_blocked_again);
	else
		count(C_blocked);
}

/* Until each has raised its event, or none came for some seconds */
static void take_all(struct run *run)
{
	struct pollfd pfd = { .fd = run->uffd, .events = POLLIN };
	struct uffd_msg msg[MAX_READ_BATCH];
	ssize_t len, i;

	while (counted(C_blocked) < run->opt->blocked &&
	       !atomic_load(&run_interrupted)) {
		if (poll(&pfd, 1, run->patience * 1000) <= 0)
			return;
		len = read(run->uffd, msg, run->opt->read_batch * sizeof(*msg));
		for (i = 0; i < len / (ssize_t)sizeof(*msg); i++)
			take(run, &msg[i]);
	}
}

int run_blocked(struct run *run)
{
	unsigned int i;
	int err;

	blocked = calloc(run->opt->blocked, sizeof(*blocked));
	if (!blocked)
		return EXIT_NEEDS;
	run_phase = "blocking";
	run->start_ns = now_ns();
	err = start_all(run);
	if (err)
		return fail(EXIT_NEEDS, "cannot create %u threads: %s",
			    run->opt->blocked, strerror(err));
	take_all(run);
	run_phase = "answering";
	for (i = 0; i < run->opt->blocked; i++)
		provide(run, i, run->path->flags & PATH_CACHED);
	for (i = 0; i < run->opt->blocked; i++)
		run->stuck += join_before(blocked[i].thread, run->patience);
	run->ran_ns = now_ns() - run->start_ns;
	return 0;
}
