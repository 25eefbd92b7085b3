// SPDX-License-Identifier: GPL-2.0
/*
 * Explores all interleavings of a world, breadth first, so that the first
 * violation found has the shortest story.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include "world.h"

struct state {
	size_t at;		/* its string, in text[] */
	unsigned int parent;
	u16 len;
	u8 who, choice;		/* of the parent's string */
};

struct result {
	unsigned int states, depth;
	unsigned long long steps;
	double seconds;		/* of CPU time */
	int failed, done;
};

/* Where to find a state. Most look-ups end at a slot of another hash. */
struct slot {
	unsigned int hash, state;	/* 1 + its number; 0: free */
};

/* What one state leads to: collected, so that memory is asked in good time. */
struct next {
	u8 buf[MAX_STATE];
	unsigned int len, hash;
	u8 who, choice;
};

static struct state *states;
static struct slot *table;
static struct next nexts[MAX_ACTORS * MAX_CHOICES];
static unsigned int nstates, max_states = 60000000, table_size;
static u8 *text;
static size_t text_len, text_max = 6ULL << 30;
static struct result *results;
static bool verbose;

static void *reserve(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	madvise(p, bytes, MADV_HUGEPAGE);	/* twice as fast, where there are any */
	return p;
}

static unsigned int hash(const u8 *p, unsigned int len)
{
	unsigned long long h = 0x9e3779b97f4a7c15ULL ^ len, v;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&v, p, 8);
		h = (h ^ v) * 0xff51afd7ed558ccdULL;
		h ^= h >> 32;
	}
	for (; len; len--)
		h = (h ^ *p++) * 0x100000001b3ULL;
	h ^= h >> 29;
	h *= 0xc4ceb9fe1a85ec53ULL;
	return h >> 32;
}

static void grow(void)
{
	struct slot *old = table;
	unsigned int i, at, size = table_size;

	table_size *= 2;
	table = reserve(table_size * sizeof(*table));
	for (i = 0; i < size; i++) {
		if (!old[i].state)
			continue;
		at = old[i].hash & (table_size - 1);
		while (table[at].state)
			at = (at + 1) & (table_size - 1);
		table[at] = old[i];
	}
	munmap(old, size * sizeof(*old));
}

/* Strings are compared in full: no state is ever taken for another. */
static void insert(const struct next *n, unsigned int parent)
{
	unsigned int at = n->hash & (table_size - 1), i;

	for (; (i = table[at].state); at = (at + 1) & (table_size - 1))
		if (table[at].hash == n->hash && states[i - 1].len == n->len &&
		    !memcmp(text + states[i - 1].at, n->buf, n->len))
			return;
	if (nstates == max_states || text_len + n->len > text_max) {
		fprintf(stderr, "%s: too many states\n", scen->name);
		exit(2);
	}
	memcpy(text + text_len, n->buf, n->len);
	states[nstates] = (struct state) { text_len, parent, n->len, n->who, n->choice };
	text_len += n->len;
	table[at] = (struct slot) { n->hash, ++nstates };
	if (nstates > table_size / 2)
		grow();
}

static void insert_all(unsigned int n, unsigned int parent)
{
	unsigned int i, at;

	for (i = 0; i < n; i++) {
		at = nexts[i].hash & (table_size - 1);
		if (table[at].state && table[at].hash == nexts[i].hash)
			__builtin_prefetch(&states[table[at].state - 1]);
	}
	for (i = 0; i < n; i++) {
		at = nexts[i].hash & (table_size - 1);
		if (table[at].state && table[at].hash == nexts[i].hash)
			__builtin_prefetch(text + states[table[at].state - 1].at);
	}
	for (i = 0; i < n; i++)
		insert(&nexts[i], parent);
}

/* The state as it is now, reached by @who. */
static void encode_next(struct next *n, u8 who, u8 choice)
{
	u8 order[MAX_ACTORS];

	n->len = state_encode(n->buf, order);
	n->hash = hash(n->buf, n->len);
	n->who = who;
	n->choice = choice;
	__builtin_prefetch(&table[n->hash & (table_size - 1)]);
}

static void print_pte(void)
{
	static const char * const names[] = { "none", "file page", "anon page", "poison" };
	int c;

	printf("   [");
	for (c = 0; c < scen->cells; c++)
		printf("%spte: %s%s%s", c ? "; " : "", names[w.cell[c].content],
		       w.cell[c].locked ? ", but cleared by a writer" : "",
		       w.cell[c].cache ? "; in the page cache" : "");
	printf("]\n");
}

/* The same steps again, aloud. Actors keep their names here. */
static void story(unsigned int last, int who, int choice)
{
	unsigned int path[4096], n = 0, i;
	u8 buf[MAX_STATE], order[MAX_ACTORS];
	int variant;

	for (i = last; i != -1U && n < 4096; i = states[i].parent)
		path[n++] = i;
	variant = states[path[n - 1]].choice;
	violation[0] = 0;
	telling = true;
	printf("# %s (%s): the shortest story\n", scen->name, scen->about);
	world_start(scen, variant);
	print_pte();
	for (i = n; i--; ) {
		int w2 = i ? states[path[i - 1]].who : who;
		int c2 = i ? states[path[i - 1]].choice : choice;

		if (w2 < 0) {
			printf("  nothing is in flight any more; the looks that follow:\n");
			check_looks_decide();
			break;
		}
		state_encode(buf, order);
		printf("%3u. %-11s ", n - i, actor_name(order[w2]));
		world_step(order[w2], c2);
		print_pte();
		if (violation[0])
			break;
	}
	if (!violation[0])
		check_every_case_closes();
	telling = false;
	printf("VIOLATION of %s\n", violation);
}

static bool explore(const struct scenario *s, struct result *r)
{
	unsigned int i, n, level_end = 0;
	int who, choice;

	scen = s;
	for (i = 0; i < VARIANTS; i++)
		if (world_has_variant(s, i)) {
			world_start(s, i);
			encode_next(&nexts[0], 0, i);
			insert(&nexts[0], -1U);
		}
	for (i = 0; i < nstates; i++) {
		if (i >= level_end) {
			level_end = nstates;
			r->depth++;
			if (verbose)
				fprintf(stderr, "%s: depth %u, %u states\n",
					s->name, r->depth, nstates);
		}
		state_decode(text + states[i].at);
		state_save();
		if (w.npending) {
			check_looks_decide();
			if (violation[0]) {
				story(i, -1, 0);
				return false;
			}
			state_restore();
			check_every_case_closes();
			if (violation[0]) {
				story(i, -1, 0);
				return false;
			}
			state_restore();
		}
		for (n = who = 0; who < w.actors; who++)
			for (choice = 0; choice < MAX_CHOICES; choice++) {
				if (!world_step(who, choice))
					continue;
				r->steps++;
				if (violation[0]) {
					story(i, who, choice);
					return false;
				}
				encode_next(&nexts[n++], who, choice);
				state_restore();
			}
		insert_all(n, i);
	}
	return true;
}

static void run(const struct scenario *s, struct result *r, bool tap)
{
	struct timespec a, b;

	table_size = 1 << 16;
	table = reserve(table_size * sizeof(*table));
	states = reserve((size_t)max_states * sizeof(*states));
	text = reserve(text_max);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	r->failed = !explore(s, r);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	r->states = nstates;
	r->seconds = b.tv_sec - a.tv_sec + (b.tv_nsec - a.tv_nsec) / 1e9;
	r->done = 1;
	if (tap)
		printf("%sok - ", r->failed ? "not " : "");	/* in any order */
	printf("%-14s %9u states %10llu steps, depth %3u, %5.1f s, %2zu bytes  %s\n",
	       s->name, r->states, r->steps, r->depth, r->seconds,
	       text_len / nstates, s->about);
	fflush(stdout);
}

static void usage(void)
{
	puts("usage: explore [-s] [-t] [-e] [-x] [-j N] [SCENARIO...]\n"
	     "-s  the small bound: no step between a look and its fact\n"
	     "-t  print TAP\n"
	     "-e  ends with the first scenario that fails\n"
	     "-x  without the abstraction of times that nothing looks at\n"
	     "-j  so many at once (default 2)");
	exit(2);
}

static bool chosen(const struct scenario *s, bool small, char **names)
{
	if (!*names)
		return !small || s->opts & O_SMALL;
	for (; *names; names++)
		if (!strcmp(*names, s->name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	int opt, jobs = 2, running = 0, nr = 0, status;
	struct result sum = { };
	bool small = false, tap = false, early = false, stop = false;
	unsigned int i, n = 0;
	struct timespec a, b;

	while ((opt = getopt(argc, argv, "stxevj:")) != -1)
		switch (opt) {
		case 's': small = swift = true; break;
		case 't': tap = true; break;
		case 'v': verbose = true; break;
		case 'e': early = true; break;
		case 'x': exact = true; break;
		case 'j': jobs = atoi(optarg); break;
		default: usage();
		}
	while (scenarios[n].name)
		n++;
	results = mmap(NULL, n * sizeof(*results), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < n; i++)
		nr += chosen(&scenarios[i], small, argv + optind);
	if (tap)
		printf("1..%d\n", nr);
	fflush(stdout);
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (i = 0, nr = 0; i < n; i++) {
		if (!chosen(&scenarios[i], small, argv + optind))
			continue;
		nr++;
		if (running == jobs) {
			wait(&status);
			running--;
			stop = early && status;
		}
		if (stop)
			break;
		running++;
		if (!fork()) {
			static char out[1 << 16];

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			setvbuf(stdout, out, _IOFBF, sizeof(out));
			run(&scenarios[i], &results[i], tap);
			exit(results[i].failed);
		}
	}
	while (wait(&status) > 0)
		;
	clock_gettime(CLOCK_MONOTONIC, &b);
	for (i = 0; i < n; i++) {
		if (!chosen(&scenarios[i], small, argv + optind))
			continue;
		sum.failed += results[i].failed || !results[i].done;
		sum.states += results[i].states;
		sum.steps += results[i].steps;
	}
	printf("%s%u states, %llu steps, %.1f s: %s\n", tap ? "# " : "", sum.states,
	       sum.steps, b.tv_sec - a.tv_sec + (b.tv_nsec - a.tv_nsec) / 1e9,
	       sum.failed ? "FAILED" : "in all of them");
	if (!sum.failed)
		printf("%s1. no false accusation  2. the true verdict, given the evidence\n"
		       "%s3. the books balance    4. every case closes\n",
		       tap ? "# " : "", tap ? "# " : "");
	return sum.failed || !nr;
}
