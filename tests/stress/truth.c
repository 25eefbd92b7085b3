// SPDX-License-Identifier: GPL-2.0
/* What a page must hold, and what an event on it means. */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define COUNT_NAME(name)	#name,

atomic_ullong *counts;
const char *const count_names[NR_COUNTS] = { COUNTS(COUNT_NAME) };

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* splitmix64: any state will do, 0 as well */
uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

uint64_t seed_for(const struct options *opt, unsigned int kind, unsigned int nr)
{
	uint64_t state = opt->seed ^ ((uint64_t)kind << 56) ^ ((uint64_t)nr << 40);

	return next_random(&state);
}

/* Words of a page differ for this far, then all comes again */
#define SOURCE_CHUNK	(2UL << 20)

/*
 * Every word tells which page and which place in it it belongs to, and none is
 * zero: neither a lost page nor a mixed up one can pass.
 */
uint64_t pattern(unsigned int page, size_t word)
{
	word %= SOURCE_CHUNK / sizeof(uint64_t);
	return 0xfeedull << 48 | (uint64_t)page << 32 | (uint32_t)word;
}

/* One source page.  1 GiB is a chunk of memory, mapped again and again. */
static int make_source_page(struct run *run, unsigned int page)
{
	size_t size = run->page_size, len = size, at, word;
	char *to = run->source + page * size;
	int fd = -1;

	if (size > SOURCE_CHUNK) {
		len = SOURCE_CHUNK;
		fd = memfd_create("source", MFD_CLOEXEC);
		if (fd < 0 || ftruncate(fd, len))
			return -errno;
	}
	for (at = 0; fd >= 0 && at < size; at += len)
		if (mmap(to + at, len, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
			return -errno;
	if (fd >= 0)
		close(fd);
	for (word = 0; word < len / sizeof(uint64_t); word++)
		((uint64_t *)to)[word] = pattern(page, word);
	return 0;
}

int make_source(struct run *run)
{
	unsigned int page;
	int err = 0;

	run->source = mmap(NULL, run->len, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (run->source == MAP_FAILED)
		return -errno;
	for (page = 0; !err && page < run->opt->pages; page++)
		err = make_source_page(run, page);
	return err;
}

/* Legal mode drops the even pages; the odd ones stay, and are the control. */
bool page_is_dropped(const struct run *run, unsigned int page)
{
	return run->opt->mode == MODE_LEGAL && !(page & 1);
}

/* Where the writer itself may take pages away, no event is wrong */
bool page_may_go(const struct run *run, unsigned int page)
{
	return page_is_dropped(run, page) ||
	       (run->writer->no_truth && run->writer->no_truth(run->path));
}

/*
 * Reclaim and the split of a huge page of the page cache leave nothing in the
 * page table, so that a MINOR event is right.  Neither should happen here; if it
 * did, nobody knows on which page.
 */
void watch_doubts(struct run *run, bool end)
{
	static unsigned long long before;
	unsigned long long now = vmstat("pswpout") + vmstat("thp_split_page");

	if (end && run->path->reg_mode & UFFDIO_REGISTER_MODE_MINOR &&
	    run->path->backing == SHMEM)
		count_add(C_truth_doubts, now - before);
	before = now;
}

/*
 * Pages go and come in bursts, a third of the time: whoever drops and provides
 * pages keeps the writer from its work, and the readers from its windows.
 * True if the caller has waited, and should ask again.
 */
bool wait_for_burst(const struct run *run)
{
	if ((now_ns() - run->start_ns) / 100000000 % 3 == 0)
		return false;
	usleep(5000);
	return true;
}

/* Called by the listener only, in the order in which events were received. */
void account_fault(struct run *run, unsigned int page, uint64_t flags)
{
	bool minor = flags & UFFD_PAGEFAULT_FLAG_MINOR;
	unsigned long long window, none = 0;

	count(minor ? C_minor_events : C_missing_events);
	if (flags & UFFD_PAGEFAULT_FLAG_WRITE)
		count(C_write_flag_on_first_read);
	if (page_may_go(run, page))
		return;

	count(C_wrong_events);
	count(minor ? C_wrong_minor_events : C_wrong_missing_events);
	if (flags & UFFD_PAGEFAULT_FLAG_WRITE)
		count(C_wrong_with_write_flag);
	atomic_compare_exchange_strong(&run->first_wrong_ns, &none,
				       now_ns() - run->start_ns);

	/* the number only grows, so a new window is one that differs */
	window = atomic_load(&run->ops_begun);
	if (window != run->last_window) {
		run->last_window = window;
		count(C_windows_hit);
	}
}
