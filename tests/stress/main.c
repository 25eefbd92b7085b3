// SPDX-License-Identifier: GPL-2.0
/* Options, TAP and figures. */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define VERSION		"0.1"
#define GRACE_SECONDS	20	/* after --seconds the watchdog ends everything */

enum {
	OPT_PATH = 256, OPT_WRITER, OPT_MODE, OPT_EXPECT, OPT_SECONDS, OPT_PAGES,
	OPT_READERS, OPT_RESOLVERS, OPT_WRITERS, OPT_BATCH, OPT_COPY, OPT_SEED, OPT_SETTLE,
	OPT_UNTIL, OPT_NO_SETUP, OPT_LIST, OPT_VERSION,
};

static const struct option long_options[] = {
	{ "path",		required_argument, NULL, OPT_PATH },
	{ "writer",		required_argument, NULL, OPT_WRITER },
	{ "mode",		required_argument, NULL, OPT_MODE },
	{ "expect",		required_argument, NULL, OPT_EXPECT },
	{ "seconds",		required_argument, NULL, OPT_SECONDS },
	{ "pages",		required_argument, NULL, OPT_PAGES },
	{ "readers",		required_argument, NULL, OPT_READERS },
	{ "resolvers",		required_argument, NULL, OPT_RESOLVERS },
	{ "writers",		required_argument, NULL, OPT_WRITERS },
	{ "batch",		required_argument, NULL, OPT_BATCH },
	{ "copy-every",		required_argument, NULL, OPT_COPY },
	{ "seed",		required_argument, NULL, OPT_SEED },
	{ "settle-ms",		required_argument, NULL, OPT_SETTLE },
	{ "until-wrong",	required_argument, NULL, OPT_UNTIL },
	{ "no-setup",		no_argument,	   NULL, OPT_NO_SETUP },
	{ "list",		no_argument,	   NULL, OPT_LIST },
	{ "help",		no_argument,	   NULL, 'h' },
	{ "version",		no_argument,	   NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 }
};

static const char help_text[] =
"Usage: stress [OPTION]...\n"
"Drive path x writer under userfaultfd, and count the events that are wrong:\n"
"MISSING, on a page that was installed once and never removed.\n"
"\n"
"  --path NAME       what the pages are (hugetlb-private-missing)\n"
"  --writer NAME     who changes the ptes: migrate, wp, none (migrate)\n"
"  --mode MODE       truth: no page is ever removed, so every event is wrong;\n"
"                    legal: even pages are dropped and provided again, in\n"
"                    bursts, by resolvers that race each other; odd ones stay (truth)\n"
"  --expect WHAT     sound: a wrong event is a failure; wrong: none is one;\n"
"                    any: only report (sound)\n"
"  --seconds N       how long (5); all is ended 20 s after that at the latest\n"
"  --until-wrong N   stop early once N wrong events were seen\n"
"  --pages N         pages (wp: 64, else 8 huge ones, 64 base ones)\n"
"  --readers N       threads that read the pages (wp: 1, else one a CPU but\n"
"                    one, 2 to 8)\n"
"  --resolvers N     threads that answer events (truth: 1, legal: 3)\n"
"  --writers N       threads of the writer, each with its share of the pages (1)\n"
"  --batch N         pages in one operation of the writer, 0: all its pages\n"
"                    (migrate: 1, wp: 0)\n"
"  --copy-every N    truth: answer every Nth event by UFFDIO_COPY (-EEXIST), and\n"
"                    the others by UFFDIO_WAKE alone, which is faster (64)\n"
"  --settle-ms N     stay registered that long after the last event (200)\n"
"  --seed N          of all random choices (1)\n"
"  --no-setup        do not reserve huge pages; else root does, and restores\n"
"                    the previous number at the end\n"
"  --list            paths x writers, and whether this kernel supports them\n"
"  --help, --version\n"
"\n"
"Output is TAP, and figures as \"# name value\".  Exit status: 0 ok or skipped,\n"
"1 not ok, 2 usage, 3 huge pages, nodes or rights are missing (it says how to\n"
"get them).\n";

__attribute__((noreturn, format(printf, 1, 2)))
static void usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "stress: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\nTry --help.\n");
	va_end(args);
	exit(EXIT_USAGE);
}

static uint64_t number(const char *name, const char *text, uint64_t min,
		       uint64_t max)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || strchr(text, '-') ||
	    value < min || value > max)
		usage("--%s: '%s' is not a number from %llu to %llu", name, text,
		      (unsigned long long)min, (unsigned long long)max);
	return value;
}

static unsigned int keyword(const char *name, const char *text,
			    const char *const *words)
{
	unsigned int i;

	for (i = 0; words[i]; i++)
		if (!strcmp(text, words[i]))
			return i;
	usage("--%s: unknown value '%s', see --help", name, text);
}

__attribute__((noreturn))
static void cannot_run(void)
{
	printf("Bail out! %s\n", setup_message);
	fprintf(stderr, "stress: %s\n", setup_message);
	exit(EXIT_NEEDS);
}

/* What the kernel offers; exits if there is no userfaultfd to be had */
static uint64_t kernel_features(void)
{
	uint64_t features = 0;
	int fd = uffd_open();

	if (fd == -ENOSYS) {
		printf("1..0 # SKIP %s\n", setup_message);
		exit(0);
	}
	if (fd < 0)
		cannot_run();
	if (uffd_handshake(fd, 0, &features)) {
		printf("1..0 # SKIP UFFDIO_API %#llx is unknown to this kernel\n",
		       UFFD_API);
		exit(0);
	}
	close(fd);
	return features;
}

static const char *unsupported(const struct path *path,
			       const struct writer *writer, uint64_t features)
{
	const char *why = path_unsupported(path, features);

	if (!why && writer->unsupported)
		why = writer->unsupported(path, features);
	return why;
}

static void list(void)
{
	uint64_t features = kernel_features();
	const struct writer *writer;
	const struct path *path;
	const char *why;
	int node[2], nodes = memory_nodes(node);

	for (path = paths; path->name; path++) {
		printf("%s (needs %s)\n", path->name, path->needs);
		for (writer = writers; writer->name; writer++) {
			why = unsupported(path, writer, features);
			if (!why && nodes < (int)writer->nodes)
				why = "this machine has one memory node only";
			printf("  %-10s %-36s %s%s\n", writer->name, writer->what,
			       why ? "no: " : "yes", why ? why : "");
		}
	}
}

static void defaults(struct options *opt)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (!opt->pages)
		opt->pages = opt->writer->pages;
	if (!opt->pages)
		opt->pages = opt->path->default_pages;
	if (opt->readers == -1U && opt->writer->readers)
		opt->readers = opt->writer->readers;
	if (opt->readers == -1U)
		opt->readers = cpus < 3 ? 2 : cpus > 8 ? 8 : cpus - 1;
	if (!opt->resolvers)
		opt->resolvers = opt->mode == MODE_LEGAL ? 3 : 1;
	if (!opt->writer->op)
		opt->writers = 0;
	if (opt->batch == -1U)
		opt->batch = opt->writer->batch;
	if (opt->mode == MODE_LEGAL && opt->pages < 2)
		usage("--mode legal needs --pages 2 at least: one to drop, one to keep");
	if (opt->writers > opt->pages)
		usage("--writers: %u writers cannot share %u pages", opt->writers,
		      opt->pages);
}

static void parse(int argc, char **argv, struct options *opt)
{
	static const char *const modes[] = { "truth", "legal", NULL };
	static const char *const expects[] = { "sound", "wrong", "any", NULL };
	int c, index;

	while ((c = getopt_long(argc, argv, "h", long_options, &index)) != -1) {
		const char *name = c >= OPT_PATH ? long_options[index].name : "";

		switch (c) {
		case OPT_PATH:
			opt->path = find_path(optarg);
			if (!opt->path)
				usage("--path: no path '%s', see --list", optarg);
			break;
		case OPT_WRITER:
			opt->writer = find_writer(optarg);
			if (!opt->writer)
				usage("--writer: no writer '%s', see --list", optarg);
			break;
		case OPT_MODE:
			opt->mode = keyword(name, optarg, modes);
			break;
		case OPT_EXPECT:
			opt->expect = keyword(name, optarg, expects);
			break;
		case OPT_SECONDS:
			opt->seconds = number(name, optarg, 1, 86400);
			break;
		case OPT_PAGES:
			opt->pages = number(name, optarg, 1, MAX_PAGES);
			break;
		case OPT_READERS:
			opt->readers = number(name, optarg, 0, MAX_THREADS);
			break;
		case OPT_RESOLVERS:
			opt->resolvers = number(name, optarg, 1, MAX_THREADS);
			break;
		case OPT_WRITERS:
			opt->writers = number(name, optarg, 1, MAX_THREADS);
			break;
		case OPT_BATCH:
			opt->batch = number(name, optarg, 0, MAX_PAGES);
			break;
		case OPT_COPY:
			opt->copy_every = number(name, optarg, 1, UINT32_MAX);
			break;
		case OPT_SEED:
			opt->seed = number(name, optarg, 0, UINT64_MAX);
			break;
		case OPT_SETTLE:
			opt->settle_ms = number(name, optarg, 0, 10000);
			break;
		case OPT_UNTIL:
			opt->until_wrong = number(name, optarg, 1, UINT64_MAX);
			break;
		case OPT_NO_SETUP:
			opt->setup = false;
			break;
		case OPT_LIST:
			list();
			exit(0);
		case OPT_VERSION:
			puts("stress (uffd_race) " VERSION);
			exit(0);
		case 'h':
			fputs(help_text, stdout);
			exit(0);
		default:
			fputs("Try --help.\n", stderr);
			exit(EXIT_USAGE);
		}
	}
	if (optind < argc)
		usage("unexpected argument '%s'", argv[optind]);
	defaults(opt);
}

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
	alarm(opt->seconds + GRACE_SECONDS);
}

static unsigned int points, failed;

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

static void report_points(const struct run *run)
{
	const char *path = run->path->name, *writer = run->writer->name;
	unsigned long long wrong = counted(C_wrong_events);

	switch (run->opt->expect) {
	case EXPECT_SOUND:
		point(!wrong, "%s/%s: no MISSING event on a page that was never removed",
		      path, writer);
		break;
	case EXPECT_WRONG:
		point(wrong, "%s/%s: MISSING events on pages that were never removed",
		      path, writer);
		break;
	case EXPECT_ANY:
		point(true, "%s/%s: %llu MISSING events on pages that were never removed",
		      path, writer, wrong);
	}
	point(!counted(C_write_flag_on_first_read),
	      "no MISSING event for a read carries the WRITE flag");
	point(!counted(C_bad_reads) && counted(C_reads),
	      "every read returned what the page holds");
	point(!counted(C_lost_pages), "no page was lost");
	point(!run->writer->op || counted(run->writer->proof),
	      "the writer did its work");
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
	printf("# readers %u\n# resolvers %u\n# writers %u\n", opt->readers,
	       opt->resolvers, opt->writers);
	for (i = 0; i < NR_COUNTS; i++)
		printf("# %s %llu\n", count_names[i], counted(i));
	printf("# windows_hit_per_million_ops %.0f\n",
	       per_million(counted(C_windows_hit), counted(C_writer_ops)));
	if (run->first_wrong_ns)
		printf("# first_wrong_ms %llu\n", run->first_wrong_ns / 1000000);
	printf("# stuck_threads %u\n", run->stuck);
	printf("# seconds %.3f\n", run->ran_ns / 1e9);
}

int main(int argc, char **argv)
{
	struct options opt = {
		.path = &paths[0],
		.writer = &writers[0],
		.seconds = 5,
		.writers = 1,
		.batch = -1U,
		.readers = -1U,
		.copy_every = 64,
		.settle_ms = 200,
		.seed = 1,
		.setup = true,
	};
	struct run run = { .opt = &opt, .memfd = -1 };
	const char *why;
	uint64_t features, want;
	int status;

	setvbuf(stdout, NULL, _IOLBF, 0);
	parse(argc, argv, &opt);
	puts("TAP version 13");
	features = kernel_features();
	run.path = opt.path;
	run.writer = opt.writer;
	run.page_size = path_page_size(opt.path);
	run.len = run.page_size * opt.pages;

	why = unsupported(run.path, run.writer, features);
	if (why) {
		printf("1..0 # SKIP %s/%s: %s\n", run.path->name,
		       run.writer->name, why);
		return 0;
	}

	atexit(setup_restore);
	handle_signals(&opt);
	status = setup_nodes(&run);
	if (!status)
		status = setup_hugepages(&run);
	if (!status) {
		run.uffd = uffd_open();
		if (run.uffd < 0)
			cannot_run();
		want = run.path->features;
		if (run.writer->reg_mode & UFFDIO_REGISTER_MODE_WP)
			want |= run.path->wp_features;
		if (uffd_handshake(run.uffd, want, NULL)) {
			puts("Bail out! UFFDIO_API refuses features it offered");
			return EXIT_NOT_OK;
		}
	}
	if (!status)
		status = run_stress(&run);
	if (status) {
		printf("Bail out! %s\n", setup_message);
		fprintf(stderr, "stress: %s\n", setup_message);
		return status;
	}

	puts("1..6");
	report_points(&run);
	report_facts(&run);
	return failed ? EXIT_NOT_OK : 0;
}
