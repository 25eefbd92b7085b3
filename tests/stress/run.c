// SPDX-License-Identifier: GPL-2.0
/* One run: set up, let everybody work, and end them in the right order. */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

const char *volatile run_phase = "setting up";
atomic_bool run_interrupted;

struct worker {
	struct run	*run;
	unsigned int	nr;
	pthread_t	thread;
};

static struct worker reader[MAX_THREADS];
static pthread_t writer_threads[MAX_THREADS], dropper_thread, prefetch_thread,
	fork_thread;
static struct writer_thread writer_state[MAX_THREADS];

int fail(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(setup_message, sizeof(setup_message), format, args);
	va_end(args);
	return status;
}

/* 0, or 1 if the thread still runs; the watchdog is for what hangs here */
int join_before(pthread_t thread, unsigned int seconds)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += seconds;
	return pthread_timedjoin_np(thread, NULL, &until) ? 1 : 0;
}

/* Plain reads, in random order; the writers flush the TLB by themselves */
static void *reader_thread(void *arg)
{
	struct worker *me = arg;
	struct run *run = me->run;
	size_t words = run->page_size / sizeof(uint64_t), word;
	uint64_t random = seed_for(run->opt, 'r', me->nr), dice;
	unsigned long long reads = 0, bad = 0;
	const volatile uint64_t *at;
	unsigned int page;

	while (!atomic_load_explicit(&run->stop_readers, memory_order_relaxed)) {
		dice = next_random(&random);
		page = (dice & 0xffffff) % run->opt->pages;
		word = (dice >> 24) % words;
		at = (const volatile uint64_t *)(run->area + page * run->page_size);
		bad += at[word] != pattern(page, word);
		reads++;
	}
	count_add(C_reads, reads);
	count_add(C_bad_reads, bad);
	return NULL;
}

/* What is written is what was there: who reads sees no difference. */
static void *write_thread(void *arg)
{
	struct worker *me = arg;
	struct run *run = me->run;
	size_t words = run->page_size / sizeof(uint64_t), word;
	uint64_t random = seed_for(run->opt, 'w', me->nr), dice;
	volatile uint64_t *at;
	unsigned int page;

	while (!atomic_load_explicit(&run->stop_readers, memory_order_relaxed)) {
		dice = next_random(&random);
		page = (dice & 0xffffff) % run->opt->pages;
		word = (dice >> 24) % words;
		at = (volatile uint64_t *)(run->area + page * run->page_size);
		at[word] = pattern(page, word);
	}
	return NULL;
}

/* Legal mode: pages go, in every way that works here */
static void *dropper(void *arg)
{
	struct run *run = arg;
	uint64_t random = seed_for(run->opt, 'd', 0);
	unsigned int page, way;

	while (!atomic_load_explicit(&run->stop_writers, memory_order_relaxed)) {
		if (wait_for_burst(run))
			continue;
		page = next_random(&random) % run->opt->pages;
		if (!page_is_dropped(run, page))
			continue;
		way = 1U << (next_random(&random) & 1);
		if (!(run->drop_ways & way))
			way = run->drop_ways;
		count(drop_page(run, page, way) ? C_drop_errors : C_drops);
		if (next_random(&random) & 1)
			usleep(next_random(&random) % 1000);
	}
	return NULL;
}

static int register_area(struct run *run)
{
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)run->area, .len = run->len },
		.mode = run->path->reg_mode | run->writer->reg_mode,
	};

	if (ioctl(run->uffd, UFFDIO_REGISTER, &reg))
		return fail(EXIT_NOT_OK, "UFFDIO_REGISTER: %s", strerror(errno));
	if (reg.mode & UFFDIO_REGISTER_MODE_WP &&
	    !(reg.ioctls & (1ULL << _UFFDIO_WRITEPROTECT)))
		return fail(EXIT_NOT_OK, "UFFDIO_REGISTER: no UFFDIO_WRITEPROTECT here");
	return 0;
}

static int install_all(struct run *run)
{
	bool cached = run->path->flags & PATH_CACHED;
	unsigned int page;
	int err;

	for (page = 0; page < run->opt->pages; page++) {
		err = cached ? install_continue(run, page) : install_copy(run, page);
		if (err)
			return fail(err == -ENOMEM ? EXIT_NEEDS : EXIT_NOT_OK,
				    "cannot install page %u: %s", page, strerror(-err));
	}
	return 0;
}

/* A userfaultfd with a range of its own, that fills ours as well */
static int open_second_uffd(struct run *run)
{
	size_t len = sysconf(_SC_PAGESIZE);
	struct uffdio_register reg = {
		.range = { .len = len },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	char *at = mmap(NULL, len, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	reg.range.start = (uintptr_t)at;
	run->fill_uffd = uffd_open();
	if (at == MAP_FAILED || run->fill_uffd < 0 ||
	    uffd_handshake(run->fill_uffd, 0, NULL) ||
	    ioctl(run->fill_uffd, UFFDIO_REGISTER, &reg))
		return fail(EXIT_NOT_OK, "cannot have a second userfaultfd");
	return 0;
}

static int map_and_install(struct run *run)
{
	int err = make_source(run);

	if (err)
		return fail(EXIT_NEEDS, "needs memory for the source of %zu kB: %s",
			    run->len >> 10, strerror(-err));

	err = map_area(run);
	if (err)
		return fail(EXIT_NEEDS, "cannot map %u pages of %zu kB: %s",
			    run->opt->pages, run->page_size >> 10, strerror(-err));

	/* nothing is mapped yet, so trying costs nothing */
	run->drop_ways = run->path->drop_ways;
	if (run->drop_ways & DROP_DONTNEED && drop_page(run, 0, DROP_DONTNEED))
		run->drop_ways &= ~DROP_DONTNEED;
	if (!run->drop_ways && run->opt->mode == MODE_LEGAL) {
		map_problem = "no way to drop a page in this kernel";
		return EXIT_NEEDS;
	}
	err = map_contents(run);
	if (err)
		return fail(EXIT_NEEDS, "cannot fill %u pages of %zu kB: %s",
			    run->opt->pages, run->page_size >> 10,
			    map_problem ?: strerror(-err));
	err = register_area(run);
	run->fill_uffd = run->uffd;
	if (!err && run->opt->second_uffd)
		err = open_second_uffd(run);
	if (!err && !(run->path->flags & PATH_TOUCHED) && !run->opt->blocked)
		err = install_all(run);
	return err;
}

static int start_thread(pthread_t *thread, void *(*func)(void *), void *arg)
{
	int err = pthread_create(thread, NULL, func, arg);

	return err ? fail(EXIT_NEEDS, "cannot create a thread: %s", strerror(err)) : 0;
}

static int start_writers(struct run *run)
{
	unsigned int i, nr = run->opt->writers, pages = run->opt->pages;
	int err = 0;

	for (i = 0; !err && i < nr; i++) {
		writer_state[i].run = run;
		writer_state[i].first = pages * i / nr;
		writer_state[i].nr = pages * (i + 1) / nr - writer_state[i].first;
		err = start_thread(&writer_threads[i], writer_thread,
				   &writer_state[i]);
	}
	return err;
}

static void wait_for_the_end(struct run *run)
{
	uint64_t until = run->start_ns + (uint64_t)(run->opt->seconds * 1e9);
	const struct timespec tick = { .tv_nsec = 5000000 };

	while (now_ns() < until && !atomic_load(&run_interrupted) &&
	       !(run->opt->until_wrong &&
		 counted(C_wrong_events) >= run->opt->until_wrong))
		nanosleep(&tick, NULL);
}

/*
 * A reader may be waiting for an answer, so who answers goes last.  And the
 * range stays registered for a while after the last event: whoever judges that
 * event takes a second look, and must find the page as the reader found it.
 */
static void end_run(struct run *run)
{
	const struct timespec settle = {
		.tv_sec = run->opt->settle_ms / 1000,
		.tv_nsec = run->opt->settle_ms % 1000 * 1000000L,
	};
	struct uffdio_range range = {
		.start = (uintptr_t)run->area,
		.len = run->len,
	};
	unsigned int i;

	run_phase = "stopping the writers";
	atomic_store(&run->stop_writers, true);
	for (i = 0; i < run->opt->writers; i++)
		run->stuck += join_before(writer_threads[i], run->patience);
	if (run->opt->mode == MODE_LEGAL) {
		run->stuck += join_before(dropper_thread, run->patience);
		run->stuck += join_before(prefetch_thread, run->patience);
	}
	if (run->opt->fork)
		run->stuck += join_before(fork_thread, run->patience);
	run->ran_ns = now_ns() - run->start_ns;
	run_phase = "stopping the readers";
	atomic_store(&run->stop_readers, true);
	for (i = 0; i < run->opt->readers; i++)
		run->stuck += join_before(reader[i].thread, run->patience);
	run_phase = "draining events";
	resolvers_stop(run);
	watch_doubts(run, true);
	run_phase = "settling";
	nanosleep(&settle, NULL);
	run_phase = "closing";
	ioctl(run->uffd, UFFDIO_UNREGISTER, &range);
	close(run->uffd);
	if (!run->stuck)	/* else somebody may still read there */
		munmap(run->area, run->len);
	if (run->memfd >= 0)
		close(run->memfd);
}

int run_stress(struct run *run)
{
	unsigned int i;
	int err;

	err = map_and_install(run);
	if (err)
		return err;
	if (run->opt->blocked)
		return run_blocked(run);

	run_phase = "running";
	watch_doubts(run, false);
	run->start_ns = now_ns();
	if (resolvers_start(run))
		return fail(EXIT_NEEDS, "cannot create the resolvers");
	for (i = 0; !err && i < run->opt->readers; i++) {
		reader[i].run = run;
		reader[i].nr = i;
		err = start_thread(&reader[i].thread, i < run->opt->write ?
				   write_thread : reader_thread, &reader[i]);
	}
	if (!err && run->opt->mode == MODE_LEGAL)
		err = start_thread(&dropper_thread, dropper, run) ?:
		      start_thread(&prefetch_thread, prefetcher, run);
	if (!err)
		err = start_writers(run);
	if (!err && run->opt->fork)
		err = start_thread(&fork_thread, forker, run);
	/* half started is as bad as it gets: exit ends the other half */
	if (err)
		return err;

	wait_for_the_end(run);
	end_run(run);
	return 0;
}
