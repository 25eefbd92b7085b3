// SPDX-License-Identifier: GPL-2.0
/* Programs: drawn at random, printed, and read again. */
#define _GNU_SOURCE
#include "innocent.h"

#include <stdlib.h>
#include <string.h>

/* splitmix64: any state will do, 0 as well */
uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static unsigned int weight(unsigned int op)
{
	return op_lacks[op] || op_off[op] ? 0 : ops[op].weight;
}

static unsigned int draw_op(uint64_t *state)
{
	unsigned int total = 0, op;
	int64_t left;

	for (op = 0; op < nr_ops; op++)
		total += weight(op);
	if (!total)
		return 0;
	left = next_random(state) % total;
	for (op = 0; op < nr_ops; op++) {
		left -= weight(op);
		if (left < 0)
			return op;
	}
	return 0;
}

static void add_step(struct program *p, uint64_t *state, unsigned int op)
{
	struct step *step = &p->step[p->nr++];
	int i;

	step->op = op;
	step->actor = next_random(state) % NR_ACTORS;
	for (i = 0; i < NR_ARGS; i++)
		step->arg[i] = next_random(state) % 1000;
}

/* A beginning that leads somewhere: memory, a userfaultfd, a registration */
static void draw_beginning(struct program *p, uint64_t *state)
{
	static const char *const begin[] = { "region", "uffd", "register", "region",
					     "register", "uffd", "region", "register" };
	unsigned int i, nr = next_random(state) % 2 ? 8 : 5;

	for (i = 0; i < nr; i++)
		add_step(p, state, find_op(begin[i], strlen(begin[i])));
}

void draw_program(struct program *p, uint64_t seed, unsigned int nr)
{
	uint64_t state = seed;

	p->seed = seed;
	p->nr = 0;
	draw_beginning(p, &state);
	while (p->nr < nr)
		add_step(p, &state, draw_op(&state));
}

void print_program(const struct program *p)
{
	unsigned int i;

	for (i = 0; i < p->nr; i++) {
		const struct step *s = &p->step[i];

		printf("%s%s:%u:%u:%u:%u:%u", i ? "," : "", ops[s->op].name, s->actor,
		       s->arg[0], s->arg[1], s->arg[2], s->arg[3]);
	}
	printf("\n");
}

bool parse_program(struct program *p, const char *text)
{
	struct step *s;
	size_t len;
	int op, n;

	p->nr = 0;
	for (; *text && p->nr < MAX_STEPS; text += *text == ',') {
		s = &p->step[p->nr++];
		len = strcspn(text, ":,");
		op = find_op(text, len);
		text += len;
		n = 0;
		if (op < 0 || sscanf(text, ":%hhu:%u:%u:%u:%u%n", &s->actor, &s->arg[0],
				     &s->arg[1], &s->arg[2], &s->arg[3], &n) != 5)
			return false;
		s->op = op;
		text += n;
	}
	return p->nr && !*text;
}
