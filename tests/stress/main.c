// SPDX-License-Identifier: GPL-2.0
/* TAP, figures, and an end in any case. */
#define _GNU_SOURCE
#include "stress.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

/* this long after --seconds the watchdog ends everything */
#define GRACE_SECONDS		45
#define LONG_GRACE_SECONDS	150	/* for copies of 1 GiB, and --blocked */

/* Everything here must be fit for a signal handler */
static void bail_out(const char *why)
{
	const char *const part[] = { "Bail out! ", why, ", while ", run_phase, "\n" };
	unsigned int i;

	for (i = 0; i < sizeof(part) / sizeof(*part); i++)
		if (write(STDOUT_FILENO, part[i], strlen(part[i])) < 0)
			break;
	setup_restore();
	_exit(EXIT_NOT_OK);
}

static void on_signal(int sig)
{
	switch (sig) {
	case SIGALRM:
		bail_out("watchdog: out of time");
		break;
	case SIGBUS:
		bail_out("SIGBUS: no page could be provided");
		break;
	case SIGSEGV:
		bail_out("SIGSEGV");
		break;
	default:
		/* ends the run as if its time were over; a second one kills */
		if (atomic_exchange(&run_interrupted, true))
			bail_out("interrupted");
	}
}

static void handle_signals(const struct options *opt)
{
	static const int sigs[] = {
		SIGALRM, SIGBUS, SIGSEGV, SIGINT, SIGTERM, SIGHUP
	};
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	unsigned int i;

	for (i = 0; i < sizeof(sigs) / sizeof(*sigs); i++)
		sigaction(sigs[i], &sa, NULL);
	alarm(opt->seconds + 1 + (opt->path->huge_kb > 2048 || opt->blocked ?
			      LONG_GRACE_SECONDS : GRACE_SECONDS));
}

static unsigned int points, failed;

static void plan_skip(const struct run *run, const char *why)
{
	printf("1..0 # SKIP %s/%s: %s\n", run->path->name, run->writer->name, why);
}

__attribute__((format(printf, 2, 3)))
static void point(bool ok, const char *format, ...)
{
	va_list args;

	printf("%sok %u - ", ok ? "" : "not ", ++points);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	failed += !ok;
}

/* The name that the path's events go by */
static const char *event_type(const struct path *path)
{
	if (!(path->reg_mode & UFFDIO_REGISTER_MODE_MINOR))
		return "MISSING";
	return path->reg_mode & UFFDIO_REGISTER_MODE_MISSING ?
		"MISSING or MINOR" : "MINOR";
}

static void report_wrong(const struct run *run)
{
	const char *path = run->path->name, *writer = run->writer->name;
	unsigned long long wrong = counted(C_wrong_events);
	const char *type = event_type(run->path);

	if (counted(C_wrong_minor_events) && counted(C_truth_doubts)) {
		point(true, "%s/%s: wrong events # SKIP the kernel has split or swapped out pages meanwhile: some MINOR events may be right",
		      path, writer);
		return;
	}
	switch (run->opt->expect) {
	case EXPECT_SOUND:
		point(!wrong, "%s/%s: no %s event on a page that was never removed",
		      path, writer, type);
		break;
	case EXPECT_WRONG:
		point(wrong, "%s/%s: %s events on pages that were never removed",
		      path, writer, type);
		break;
	case EXPECT_ANY:
		point(true, "%s/%s: %llu %s events on pages that were never removed",
		      path, writer, wrong, type);
	}
}

static void report_points(const struct run *run)
{
	report_wrong(run);
	point(!counted(C_write_flag_on_first_read) || run->opt->write,
	      "no event for a read carries the WRITE flag");
	point(!counted(C_bad_reads) &&
	      (counted(C_reads) || run->opt->write == run->opt->readers),
	      "every read returned what the page holds");
	point(!counted(C_lost_pages) || counted(C_truth_doubts), "no page was lost");
	/* A wrong event is proof, too, and may end the run before the count. */
	point(!run->writer->op || counted(run->writer->proof) ||
	      counted(C_wrong_events),
	      "the writer did its work");
	point(!run->stuck, "all threads ended");
}

static void report_blocked(const struct run *run)
{
	unsigned int nr = run->opt->blocked;

	point(counted(C_blocked) == nr, "%s: each of %u blocked threads raised an event",
	      run->path->name, nr);
	point(!counted(C_other_events), "no other event came");
	point(!counted(C_bad_reads) && counted(C_reads) == nr,
	      "each thread has read what the page holds");
	point(!run->stuck, "all threads ended");
}

static double per_million(unsigned long long part, unsigned long long whole)
{
	return whole ? 1e6 * part / whole : 0;
}

static void report_facts(const struct run *run)
{
	const struct options *opt = run->opt;
	struct utsname uts;
	unsigned int i;

	uname(&uts);
	printf("# kernel %s\n# path %s\n# writer %s\n# mode %s\n", uts.release,
	       run->path->name, run->writer->name,
	       opt->mode == MODE_LEGAL ? "legal" : "truth");
	printf("# pages %u\n# page_kb %zu\n# batch %u\n# seed %llu\n", opt->pages,
	       run->page_size >> 10, opt->batch, (unsigned long long)opt->seed);
	printf("# readers %u\n# write %u\n# resolvers %u\n# writers %u\n", opt->readers,
	       opt->write, opt->resolvers, opt->writers);
	for (i = 0; i < NR_COUNTS; i++)
		printf("# %s %llu\n", count_names[i], counted(i));
	printf("# windows_hit_per_million_ops %.0f\n",
	       per_million(counted(C_windows_hit), counted(C_writer_ops)));
	if (run->first_wrong_ns)
		printf("# first_wrong_ms %llu\n", run->first_wrong_ns / 1000000);
	printf("# stuck_threads %u\n", run->stuck);
	printf("# seconds %.3f\n", run->ran_ns / 1e9);
}

/* Rights, nodes and huge pages, and the userfaultfd */
static int set_up(struct run *run)
{
	uint64_t want = path_features(run->path) |
			writer_features(run->writer, run->path) |
			(run->opt->fork ? UFFD_FEATURE_EVENT_FORK : 0);
	int status;

	status = setup_nodes(run);
	if (status)
		return status;
	status = setup_hugepages(run);
	if (status) {
		/* few machines have those to spare */
		if (run->path->huge_kb > 2048)
			map_problem = setup_message;
		return status;
	}
	run->uffd = uffd_open();
	if (run->uffd < 0)
		cannot_run();
	if (uffd_handshake(run->uffd, want, NULL)) {
		puts("Bail out! UFFDIO_API refuses features it offered");
		exit(EXIT_NOT_OK);
	}
	return 0;
}

static void prepare(struct run *run, const struct options *opt)
{
	run->opt = opt;
	run->memfd = -1;
	run->path = opt->path;
	run->writer = opt->writer;
	run->page_size = path_page_size(opt->path);
	run->len = run->page_size * opt->pages;
	run->patience = opt->path->huge_kb > 2048 ? 60 : 20;
}

int main(int argc, char **argv)
{
	static struct options opt = {
		.path = &paths[0],
		.writer = &writers[0],
		.seconds = 5,
		.writers = 1,
		.batch = -1U,
		.readers = -1U,
		.copy_every = 64,
		.read_batch = 64,
		.settle_ms = 200,
		.seed = 1,
		.setup = true,
	};
	struct run *run;
	const char *why;
	int status;

	setvbuf(stdout, NULL, _IOLBF, 0);
	parse_options(argc, argv, &opt);
	puts("TAP version 13");
	run = mmap(NULL, sizeof(*run), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	counts = mmap(NULL, NR_COUNTS * sizeof(*counts), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run == MAP_FAILED || counts == MAP_FAILED)
		return EXIT_NEEDS;
	prepare(run, &opt);

	why = combination_unsupported(opt.path, opt.writer, kernel_features());
	if (!why && opt.mode == MODE_TRUTH && opt.writer->no_truth)
		why = opt.writer->no_truth(opt.path);
	if (!why && opt.mode == MODE_LEGAL)
		why = legal_unsupported(opt.path, opt.writer);
	if (why) {
		plan_skip(run, why);
		return 0;
	}

	atexit(setup_restore);
	handle_signals(&opt);
	status = set_up(run);
	if (!status)
		status = run_stress(run);
	if (status && map_problem) {
		plan_skip(run, map_problem);
		return 0;
	}
	if (status) {
		printf("Bail out! %s\n", setup_message);
		fprintf(stderr, "stress: %s\n", setup_message);
		return status;
	}

	puts(opt.blocked ? "1..4" : "1..6");
	if (opt.blocked)
		report_blocked(run);
	else
		report_points(run);
	report_facts(run);
	return failed ? EXIT_NOT_OK : 0;
}
