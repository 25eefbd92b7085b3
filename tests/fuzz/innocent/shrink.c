// SPDX-License-Identifier: GPL-2.0
/* Makes a failing program short: leaves out what it fails without. */
#define _GNU_SOURCE
#include "innocent.h"

#include <string.h>
#include <time.h>

#define LIMIT_S		40

static bool still_fails(const struct program *p, struct shared *shared,
			enum fail fail)
{
	return run_program(p, shared, false) == fail;
}

static void without(struct program *to, const struct program *from,
		    unsigned int at, unsigned int nr)
{
	*to = *from;
	memmove(&to->step[at], &to->step[at + nr],
		(from->nr - at - nr) * sizeof(to->step[0]));
	to->nr = from->nr - nr;
}

/* One pass with pieces of one length. Return: true if some were left out. */
static bool pass(struct program *p, unsigned int piece, struct shared *shared,
		 enum fail fail, time_t end)
{
	struct program shorter;
	unsigned int at = 0;
	bool some = false;

	while (at + piece <= p->nr && time(NULL) < end) {
		without(&shorter, p, at, piece);
		if (shorter.nr && still_fails(&shorter, shared, fail)) {
			*p = shorter;
			some = true;
		} else {
			at += piece;
		}
	}
	return some;
}

/* Numbers as small as they may be are easier to read. */
static void simplify(struct program *p, struct shared *shared, enum fail fail,
		     time_t end)
{
	struct program simpler;
	unsigned int i, k;

	for (i = 0; i < p->nr; i++) {
		for (k = 0; k < NR_ARGS && time(NULL) < end; k++) {
			if (!p->step[i].arg[k])
				continue;
			simpler = *p;
			simpler.step[i].arg[k] = 0;
			if (still_fails(&simpler, shared, fail))
				*p = simpler;
		}
	}
}

void shrink(struct program *p, struct shared *shared, enum fail fail)
{
	time_t end = time(NULL) + LIMIT_S;
	unsigned int piece;

	if (!still_fails(p, shared, fail)) {
		printf("it does not fail again\n");
		return;
	}
	for (piece = p->nr / 2; piece; piece = piece > 1 ? piece / 2 : 0)
		while (pass(p, piece, shared, fail, end) && piece == 1)
			;
	simplify(p, shared, fail, end);
}
