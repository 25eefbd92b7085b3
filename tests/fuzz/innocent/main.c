// SPDX-License-Identifier: GPL-2.0
/* The command line: programs, one after the other, and a table at the end. */
#define _GNU_SOURCE
#include "innocent.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define REPLAYS		4

static struct {
	uint64_t seed;
	unsigned int seconds, programs, steps, failures;
	const char *replay;
	bool list, verbose, bare;
} opt = { .seconds = 10, .steps = 80, .failures = 3 };

static struct totals {
	uint64_t programs, steps, events, undecided, read, wrong, protect, bogus, hurried,
		 hurried_undecided;
	unsigned int failures;
} totals;

static void usage(void)
{
	printf("usage: innocent [OPTION]...\n"
"\n"
"Runs random sequences of operations on memory that userfaultfds watch, one at a\n"
"time, so that no event is wrong, and checks what uffd_race says of them. Wants\n"
"root, and the module loaded; makes huge pages, and sets switches of the kernel.\n"
"\n"
"  --seed N        the first program's; each next one has the next (from the clock)\n"
"  --seconds N     how long (10)\n"
"  --programs N    how many, instead\n"
"  --ops N         operations of a program, 8 to %d (80)\n"
"  --only A,B...   draw these operations only; programs begin as always\n"
"  --not A,B...    draw all but these\n"
"  --replay TEXT   this program, as printed of a failure\n"
"  --failures N    stop after so many programs that failed (3)\n"
"  --verbose       tell every operation, and what the module said after it\n"
"  --bare          without the module, and leaving the kernel's switches alone: does the\n"
"                  world itself hold together?\n"
"  --list          the operations, and which of them this kernel lacks\n"
"\n"
"A program that fails is printed as short as it still fails. Exit status: 0 if\n"
"none has failed, 1 if some have, 2 if it cannot run.\n", MAX_STEPS);
}

static void __attribute__((noreturn)) cannot(const char *what, const char *why)
{
	fprintf(stderr, "innocent: %s: %s\n", what, why);
	exit(2);
}

static uint64_t number(const char *text, uint64_t min, uint64_t max)
{
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || n < min || n > max)
		cannot(text, "no such number (--help)");
	return n;
}

/* Turns all operations off, or those that are named; the others are the reverse. */
static void choose(const char *names, bool only)
{
	unsigned int i;
	size_t len;
	int op;

	for (i = 0; only && i < nr_ops; i++)
		op_off[i] = true;
	for (; *names; names += len + (names[len] == ',')) {
		len = strcspn(names, ",");
		op = find_op(names, len);
		if (op < 0)
			cannot(names, "no such operation (--list)");
		op_off[op] = !only;
	}
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", 1, NULL, 's' }, { "seconds", 1, NULL, 't' },
		{ "programs", 1, NULL, 'p' }, { "ops", 1, NULL, 'n' },
		{ "only", 1, NULL, 'o' }, { "not", 1, NULL, 'x' },
		{ "replay", 1, NULL, 'r' }, { "failures", 1, NULL, 'f' },
		{ "verbose", 0, NULL, 'v' }, { "list", 0, NULL, 'l' },
		{ "bare", 0, NULL, 'b' }, { "nothing", 0, NULL, '0' }, { "help", 0, NULL, 'h' }, { 0 }
	};
	int c;

	opt.seed = time(NULL) % 1000000;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 's': opt.seed = number(optarg, 0, UINT64_MAX); break;
		case 't': opt.seconds = number(optarg, 1, 1000000); break;
		case 'p': opt.programs = number(optarg, 1, 1000000000); break;
		case 'n': opt.steps = number(optarg, 8, MAX_STEPS); break;
		case 'o': choose(optarg, true); break;
		case 'x': choose(optarg, false); break;
		case 'r': opt.replay = optarg; break;
		case 'f': opt.failures = number(optarg, 1, 1000000); break;
		case 'v': opt.verbose = true; break;
		case 'b': opt.bare = true; break;
		case 'l': opt.list = true; break;
		case '0': exit(0);	/* what execve() runs */
		case 'h': usage(); exit(0);
		default: exit(2);
		}
	}
	if (optind < argc)
		cannot(argv[optind], "what is that? (--help)");
}

static void set(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	/* A kernel without that switch does without. */
	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		fprintf(stderr, "innocent: %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/*
 * What the kernel does by itself would race with us: NUMA hints, khugepaged,
 * KSM are off; operations do what they do.
 */
static void set_switches(void)
{
	set("/proc/sys/vm/nr_hugepages", "48");
	set("/proc/sys/kernel/numa_balancing", "0");
	set("/proc/sys/vm/unprivileged_userfaultfd", "1");
	set("/sys/kernel/mm/transparent_hugepage/enabled", "madvise");
	set("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "advise");
	set("/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs",
	    "4000000000");
	set("/sys/kernel/mm/ksm/run", "0");
	set("/sys/kernel/mm/ksm/pages_to_scan", "10000");
}

static void list(void)
{
	unsigned int i;

	for (i = 0; i < nr_ops; i++)
		printf("%s%s\n", ops[i].name, op_lacks[i] ? "\tnot in this kernel" : "");
}

static void fold(const struct program *p, const struct shared *s)
{
	totals.programs++;
	totals.steps += p->nr;
	totals.read += s->read;
	totals.wrong += s->wrong;
	totals.protect += s->protect;
}

static void report_failure(struct program *p, struct shared *shared, enum fail fail)
{
	struct op_stats keep[MAX_OPS];

	memcpy(keep, shared->op, sizeof(keep));
	totals.failures++;
	printf("FAIL seed %llu step %u: %s (%s)\n", (long long)p->seed,
	       shared->failed_step, fail_name(fail), shared->note);
	fflush(stdout);
	shrink(p, shared, fail);
	printf("shrunk to %u operations:\n", p->nr);
	run_program(p, shared, true);
	printf("replay ");
	print_program(p);
	fflush(stdout);
	memcpy(shared->op, keep, sizeof(keep));
}

static void run_one(struct program *p, struct shared *shared)
{
	struct counters was, now;
	enum fail fail;

	read_counters(&was);
	fail = run_program(p, shared, opt.verbose);
	read_counters(&now);
	fold(p, shared);
	if (in_a_hurry(p)) {
		totals.hurried += now.events - was.events;
		totals.hurried_undecided += now.undecided - was.undecided;
	}
	totals.events += now.events - was.events;
	totals.undecided += now.undecided - was.undecided;
	totals.bogus += now.bogus - was.bogus;
	if (shared->wrong)
		printf("seed %llu: %llu events of pages that were mapped\n",
		       (long long)p->seed, (long long)shared->wrong);
	if (fail)
		report_failure(p, shared, fail);
}

static void run_all(struct shared *shared)
{
	time_t end = time(NULL) + opt.seconds;
	struct program p;
	uint64_t n;

	for (n = 0; opt.programs ? n < opt.programs : time(NULL) < end; n++) {
		draw_program(&p, opt.seed + n, opt.steps);
		run_one(&p, shared);
		if (totals.failures >= opt.failures)
			break;
	}
}

static void print_table(const struct shared *s)
{
	unsigned int i;

	printf("%-18s %9s %9s %9s %9s %9s %9s\n", "operation", "times", "idle", "failed",
	       "judged", "undecided", "ms");
	for (i = 0; i < nr_ops; i++) {
		const struct op_stats *st = &s->op[i];

		if (op_lacks[i])
			printf("%-18s %9s\n", ops[i].name, "-");
		else
			printf("%-18s %9llu %9llu %9llu %9llu %9llu %9llu\n", ops[i].name,
			       (long long)st->times, (long long)st->skipped,
			       (long long)st->failed, (long long)st->judged,
			       (long long)st->undecided, (long long)st->us / 1000);
	}
	printf("%-18s %9llu %9s %9s %9llu %9llu %9llu\n", "(all)",
	       (long long)totals.programs, "", "", (long long)s->op[nr_ops].judged,
	       (long long)s->op[nr_ops].undecided, (long long)s->op[nr_ops].us / 1000);
}

static void print_totals(void)
{
	printf("programs %llu\noperations %llu\nevents %llu\nevents_read %llu\n"
	       "undecided %llu\nhurried %llu\nhurried_undecided %llu\nbogus %llu\nwrong %llu\nprotect_events %llu\n"
	       "failures %u\n", (long long)totals.programs, (long long)totals.steps,
	       (long long)totals.events, (long long)totals.read,
	       (long long)totals.undecided, (long long)totals.hurried,
	       (long long)totals.hurried_undecided, (long long)totals.bogus,
	       (long long)totals.wrong, (long long)totals.protect, totals.failures);
}

/* Several times, since telling of it takes time, and lets the module judge. */
static int replay(struct program *p, struct shared *shared)
{
	enum fail fail = FAIL_NONE;
	int i;

	p->seed = 0;
	for (i = 0; !fail && i < REPLAYS; i++)
		fail = run_program(p, shared, false);
	printf("verdict %s %s\n", fail_name(fail), shared->note);
	run_program(p, shared, true);
	return !!fail;
}

int main(int argc, char **argv)
{
	struct shared *shared;
	struct counters c;
	struct program p;

	parse(argc, argv);
	if (!probe_ops())
		cannot("userfaultfd", strerror(errno));
	if (opt.list) {
		list();
		return 0;
	}
	if (opt.replay && !parse_program(&p, opt.replay))
		cannot(opt.replay, "no such program");
	if (opt.bare)
		no_counters();
	else if (!read_counters(&c))
		cannot("counters of uffd_race", "is the module loaded?");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		cannot("memory", strerror(errno));
	if (opt.bare)
		choose("hwpoison,soft_offline,compact,drop_caches,ksm,direct", false);
	else
		set_switches();
	probe_where();
	printf("seed %llu\n", (long long)opt.seed);
	if (opt.replay)
		return replay(&p, shared);
	run_all(shared);
	print_table(shared);
	print_totals();
	return !!totals.failures;
}
