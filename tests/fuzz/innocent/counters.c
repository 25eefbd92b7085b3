// SPDX-License-Identifier: GPL-2.0
/* What the module says, and whether that can be true. */
#define _GNU_SOURCE
#include "innocent.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME	"/sys/kernel/debug/uffd_race/counters"

static bool ends(const char *name, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && !memcmp(name + len - n, with, n);
}

static void take(struct counters *c, const char *name, size_t len, uint64_t value)
{
	const struct {
		const char *name;
		uint64_t *to;
	} sums[] = {
		{ "ing_events", &c->events }, { "nor_events", &c->events },
		{ "_genuine", &c->genuine }, { "_stale", &c->stale },
		{ "nor_bogus", &c->bogus }, { "ing_bogus", &c->bogus },
		{ "ing_undecided", &c->undecided }, { "nor_undecided", &c->undecided }, { "_open", &c->open },
		{ "_delivered", &c->delivered },
		{ "delivered_unmatched", &c->unmatched },
		{ "delivered_unseen", &c->unseen }, { "full_events", &c->full },
	};
	unsigned int i;

	for (i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		if (ends(name, len, sums[i].name))
			*sums[i].to += value;
}

static bool none;

void no_counters(void)
{
	none = true;
}

bool read_counters(struct counters *c)
{
	static int fd = -1;
	char text[16384], *line, *blank, *next;
	ssize_t n;

	memset(c, 0, sizeof(*c));
	c->balanced = none;
	if (none)
		return true;
	if (fd < 0)
		fd = open(FILE_NAME, O_RDONLY | O_CLOEXEC);
	n = pread(fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return false;
	text[n] = 0;
	for (line = text; *line; line = next + 1) {
		next = strchr(line, '\n');
		blank = strchr(line, ' ');
		if (!next || !blank)
			break;
		take(c, line, blank - line, strtoull(blank, NULL, 10));
	}
	c->balanced = c->events == c->genuine + c->stale + c->bogus +
				   c->undecided + c->open;
	return true;
}

/*
 * Nothing arrives between a fault's look and its event, so not even stale can
 * be right. Where the page was mapped, the kernel has lied (or what it does by
 * itself came between), and the module may say so.
 */
bool has_counters(void)
{
	return !none;
}

bool books_lie(const struct counters *was, const struct counters *now,
	       const struct shared *s, enum fail *how)
{
	uint64_t bogus = now->bogus - was->bogus, stale = now->stale - was->stale;

	if (bogus > s->wrong)
		*how = FAIL_BOGUS;
	else if (stale > s->wrong)
		*how = FAIL_STALE;
	else if (!now->balanced)
		*how = FAIL_BOOKS;
	else
		return false;
	return true;
}

const char *fail_name(enum fail fail)
{
	static const char *const name[NR_FAILS] = {
		[FAIL_NONE] = "none",
		[FAIL_BOGUS] = "bogus: an event was convicted whose page was not mapped",
		[FAIL_STALE] = "stale: said of an event whose page never arrived",
		[FAIL_BOOKS] = "books: the counters do not balance",
		[FAIL_DELIVERY] = "delivery: events delivered are not those that were read",
		[FAIL_RAISED] = "raised: events that user space never got",
		[FAIL_OPEN] = "open: events are not judged though all userfaultfds are gone",
		[FAIL_STUCK] = "stuck: somebody sleeps elsewhere than in a fault",
		[FAIL_DIED] = "died: the process that ran the program",
	};

	return name[fail];
}
