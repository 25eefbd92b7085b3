// SPDX-License-Identifier: GPL-2.0
/* Options, their defaults, and what this kernel makes of them. */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VERSION		"0.2"

enum {
	OPT_PATH = 256, OPT_WRITER, OPT_MODE, OPT_EXPECT, OPT_SECONDS, OPT_PAGES,
	OPT_READERS, OPT_WRITE, OPT_RESOLVERS, OPT_WRITERS, OPT_BATCH, OPT_COPY, OPT_SEED, OPT_SETTLE,
	OPT_UNTIL, OPT_READ_BATCH, OPT_RESOLVER_PROCESS, OPT_SECOND_UFFD,
	OPT_FORK, OPT_PUNCH, OPT_BLOCKED, OPT_NO_SETUP, OPT_LIST, OPT_VERSION,
};

static const struct option long_options[] = {
	{ "path",		required_argument, NULL, OPT_PATH },
	{ "writer",		required_argument, NULL, OPT_WRITER },
	{ "mode",		required_argument, NULL, OPT_MODE },
	{ "expect",		required_argument, NULL, OPT_EXPECT },
	{ "seconds",		required_argument, NULL, OPT_SECONDS },
	{ "pages",		required_argument, NULL, OPT_PAGES },
	{ "readers",		required_argument, NULL, OPT_READERS },
	{ "write",		required_argument, NULL, OPT_WRITE },
	{ "resolvers",		required_argument, NULL, OPT_RESOLVERS },
	{ "writers",		required_argument, NULL, OPT_WRITERS },
	{ "batch",		required_argument, NULL, OPT_BATCH },
	{ "copy-every",		required_argument, NULL, OPT_COPY },
	{ "seed",		required_argument, NULL, OPT_SEED },
	{ "settle-ms",		required_argument, NULL, OPT_SETTLE },
	{ "until-wrong",	required_argument, NULL, OPT_UNTIL },
	{ "read-batch",		required_argument, NULL, OPT_READ_BATCH },
	{ "resolver-process",	no_argument,	   NULL, OPT_RESOLVER_PROCESS },
	{ "second-uffd",	no_argument,	   NULL, OPT_SECOND_UFFD },
	{ "fork",		no_argument,	   NULL, OPT_FORK },
	{ "punch",		no_argument,	   NULL, OPT_PUNCH },
	{ "blocked",		required_argument, NULL, OPT_BLOCKED },
	{ "no-setup",		no_argument,	   NULL, OPT_NO_SETUP },
	{ "list",		no_argument,	   NULL, OPT_LIST },
	{ "help",		no_argument,	   NULL, 'h' },
	{ "version",		no_argument,	   NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 }
};

static const char help_text[] =
"Usage: stress [OPTION]...\n"
"Drive path x writer under userfaultfd, and count the events that are wrong:\n"
"MISSING or MINOR, on a page that was installed once and never removed.\n"
"\n"
"  --path NAME       what the pages are (hugetlb-private-missing), see --list\n"
"  --writer NAME     who changes the ptes (migrate), see --list\n"
"  --mode MODE       truth: no page is ever removed, so every event is wrong;\n"
"                    legal: even pages are dropped and provided again, in\n"
"                    bursts, by resolvers that race each other; odd ones stay (truth)\n"
"  --expect WHAT     sound: a wrong event is a failure; wrong: none is one;\n"
"                    any: only report (sound)\n"
"  --seconds N       how long (5); all is ended 45 s after that at the latest,\n"
"                    with pages of 1 GiB and --blocked 150 s\n"
"  --until-wrong N   stop early once N wrong events were seen\n"
"  --pages N         pages (base pages: 64, 2 MiB: 8, 1 GiB: 1, legal 2; but\n"
"                    wp, pagemap-wp, mprotect, cold: 512 base, 64 hugetlb ones,\n"
"                    compact: 8192 base pages)\n"
"  --readers N       threads that read the pages (wp, pagemap-wp, cold, compact\n"
"                    and shmem-thp-minor: 1, else one a CPU but one, 2 to 8)\n"
"  --write N         that many of the readers write what the page holds, over\n"
"                    and over, and read nothing (0)\n"
"  --resolvers N     threads that answer events (truth: 1, legal: 3)\n"
"  --writers N       threads of the writer, each with its share of the pages (1)\n"
"  --batch N         pages in one operation of the writer, 0: all its pages\n"
"                    (migrate, migrate-pinned: 64 base pages, 1 huge one;\n"
"                    soft-offline: 1; else 0)\n"
"  --copy-every N    truth: answer every Nth event by UFFDIO_COPY or CONTINUE\n"
"                    (-EEXIST), the others by UFFDIO_WAKE alone, which is faster (64)\n"
"  --read-batch N    messages in one read of the userfaultfd, 1 to 1024 (64)\n"
"  --settle-ms N     stay registered that long after the last event (200)\n"
"  --seed N          of all random choices (1)\n"
"  --resolver-process   another process reads the events and answers them\n"
"  --second-uffd     pages are installed through a second userfaultfd, whose\n"
"                    own range is elsewhere; the first one only wakes\n"
"  --fork            children read the pages as well, under userfaultfds of\n"
"                    their own (UFFD_FEATURE_EVENT_FORK)\n"
"  --punch           legal: punch a hole where a MINOR event was, before\n"
"                    UFFDIO_CONTINUE, every second time (its EFAULT)\n"
"  --blocked N       nothing of the above: N threads fault on a page of their\n"
"                    own each, and are answered once all have raised an event\n"
"  --no-setup        do not reserve huge pages; else root does, and restores\n"
"                    the previous number at the end\n"
"  --list            what this kernel supports, a line each: PATH WRITER TRUTH\n"
"                    LEGAL [REASON], where TRUTH and LEGAL (the modes) are ok or\n"
"                    SKIP, and REASON says why not\n"
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

/* Less than a second is for who has many combinations to try. */
static double duration(const char *name, const char *text)
{
	double value;
	char *end;

	value = strtod(text, &end);
	if (end == text || *end || !(value >= 0.1 && value <= 86400))
		usage("--%s: '%s' is not a number from 0.1 to 86400", name, text);
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
void cannot_run(void)
{
	printf("Bail out! %s\n", setup_message);
	fprintf(stderr, "stress: %s\n", setup_message);
	exit(EXIT_NEEDS);
}

/* What the kernel offers; exits if there is no userfaultfd to be had */
uint64_t kernel_features(void)
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

const char *combination_unsupported(const struct path *path,
				    const struct writer *writer,
				    uint64_t features)
{
	return path_unsupported(path, features) ?:
	       writer_unsupported(writer, path, features);
}

static bool is_base(const struct path *path)
{
	return !path->huge_kb && !(path->flags & PATH_THP);
}

static void default_pages(struct options *opt)
{
	const struct path *path = opt->path;

	/* many ptes are what a writer asks for, and a THP has them */
	if (!opt->pages && is_base(path))
		opt->pages = opt->writer->base_pages;
	else if (!opt->pages && path->huge_kb == 2048)
		opt->pages = opt->writer->pages;
	if (!opt->pages)
		opt->pages = path->default_pages;
	if (opt->mode == MODE_LEGAL && opt->pages == 1 && path->default_pages == 1)
		opt->pages = 2;
	if (opt->pages > path_max_pages(path))
		usage("--pages: %s takes %u at most", path->name, path_max_pages(path));
}

static void defaults(struct options *opt)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (opt->blocked) {
		if (opt->path->flags & PATH_TOUCHED)
			usage("--blocked: the pages of %s are there from the start",
			      opt->path->name);
		opt->pages = opt->blocked;
		opt->writer = find_writer("none");
		opt->mode = MODE_TRUTH;
	}

	default_pages(opt);
	/* thousands of ptes in one operation, and each waits for all readers' CPUs */
	if (opt->readers == -1U && opt->path->flags & PATH_THP &&
	    opt->path->reg_mode & UFFDIO_REGISTER_MODE_MINOR)
		opt->readers = 1;
	if (opt->readers == -1U && opt->writer->readers)
		opt->readers = opt->writer->readers;
	if (opt->readers == -1U)
		opt->readers = cpus < 3 ? 2 : cpus > 8 ? 8 : cpus - 1;
	/* What a write to it raises is neither MISSING nor MINOR, or a signal. */
	if (opt->write && (opt->writer->reg_mode || !strcmp(opt->writer->name, "mprotect")))
		usage("--write: not with %s, which forbids it", opt->writer->name);
	if (opt->write > opt->readers)
		usage("--write: there are %u readers", opt->readers);
	if (!opt->resolvers)
		opt->resolvers = opt->mode == MODE_LEGAL ? 3 : 1;
	if (!opt->writer->op)
		opt->writers = 0;
	if (opt->batch == -1U && is_base(opt->path) && opt->writer->base_batch)
		opt->batch = opt->writer->base_batch;
	if (opt->batch == -1U)
		opt->batch = opt->writer->batch;
	if (opt->mode == MODE_LEGAL && opt->pages < 2)
		usage("--mode legal needs --pages 2 at least: one to drop, one to keep");
	if (opt->writers > opt->pages)
		usage("--writers: %u writers cannot share %u pages", opt->writers,
		      opt->pages);
}

void parse_options(int argc, char **argv, struct options *opt)
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
			opt->seconds = duration(name, optarg);
			break;
		case OPT_PAGES:
			opt->pages = number(name, optarg, 1, MAX_PAGES);
			break;
		case OPT_READERS:
			opt->readers = number(name, optarg, 0, MAX_THREADS);
			break;
		case OPT_WRITE:
			opt->write = number(name, optarg, 0, MAX_THREADS);
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
		case OPT_READ_BATCH:
			opt->read_batch = number(name, optarg, 1, MAX_READ_BATCH);
			break;
		case OPT_RESOLVER_PROCESS:
			opt->resolver_process = true;
			break;
		case OPT_SECOND_UFFD:
			opt->second_uffd = true;
			break;
		case OPT_FORK:
			opt->fork = true;
			break;
		case OPT_PUNCH:
			opt->punch = true;
			break;
		case OPT_BLOCKED:
			opt->blocked = number(name, optarg, 1, MAX_PAGES);
			break;
		case OPT_NO_SETUP:
			opt->setup = false;
			break;
		case OPT_LIST:
			list_table();
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

