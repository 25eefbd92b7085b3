// SPDX-License-Identifier: GPL-2.0
/* What a page must hold, and what an event on it means. */
#include <unistd.h>
#include "stress.h"

#include <time.h>

#define COUNT_NAME(name)	#name,

atomic_ullong counts[NR_COUNTS];
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

/*
 * Every word tells which page and which place in it it belongs to, and none is
 * zero: neither a lost page nor a mixed up one can pass.
 */
uint64_t pattern(unsigned int page, size_t word)
{
	return 0xfeedull << 48 | (uint64_t)page << 32 | (uint32_t)word;
}

void fill_source(struct run *run)
{
	size_t words = run->page_size / sizeof(uint64_t);
	uint64_t *to = (uint64_t *)run->source;
	unsigned int page;
	size_t word;

	for (page = 0; page < run->opt->pages; page++)
		for (word = 0; word < words; word++)
			*to++ = pattern(page, word);
}

/* Legal mode drops the even pages; the odd ones stay, and are the control. */
bool page_is_dropped(const struct run *run, unsigned int page)
{
	return run->opt->mode == MODE_LEGAL && !(page & 1);
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
void account_missing(struct run *run, unsigned int page, uint64_t flags)
{
	unsigned long long window, none = 0;

	count(C_missing_events);
	if (flags & UFFD_PAGEFAULT_FLAG_WRITE)
		count(C_write_flag_on_first_read);
	if (page_is_dropped(run, page))
		return;

	count(C_wrong_events);
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
