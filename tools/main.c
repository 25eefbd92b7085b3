// SPDX-License-Identifier: GPL-2.0
/* Options, and the commands that only show. */
#define _GNU_SOURCE
#include "uffd-race.h"

#include <errno.h>
#include <getopt.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef VERSION
#define VERSION "unknown"
#endif

struct options opt = { .paths = ".*", .writers = ".*", .seconds = -1, .interval = 1 };

volatile int interrupted;

static const char help_text[] =
"Usage: uffd-race COMMAND [OPTION]... [-- CMD [ARG]...]\n"
"Userfaultfd events on pages that are there: is this kernel affected?\n"
"\n"
"  check      load the module, stress all paths with all writers, say what it\n"
"             found of each path, unload; zeroes the counters\n"
"  status     is it loaded, which version, which hooks work\n"
"  verdict    what the module says of the events so far\n"
"  counters   the counters, those that are not 0 (-v: all)\n"
"  probes, ioctls, watches, transitions, reports, waiters\n"
"             the module's file of that name, where it has one\n"
"  watch      the verdict, redrawn, and which counters grow\n"
"  record     the verdict of a period or a command: zeroes the counters, runs\n"
"             CMD, or waits --seconds, or for Ctrl-C\n"
"\n"
"  --json            a document, see uffd-race(8)\n"
"  --ktap            a test a path\n"
"  --junit FILE      the same in a file, beside the output\n"
"  --prometheus      for the textfile collector\n"
"  --path REGEX      check: only these paths of the stressor\n"
"  --writer REGEX    check: only these writers\n"
"  --stall           check: hold who clears a pte, so that rare races happen\n"
"                    soon; for a test machine, and the default in a guest\n"
"  --no-stall        not in a guest either\n"
"  --seconds N       check: begin no run after N (40); record: how long\n"
"  --module FILE     check: load this .ko, not modprobe's\n"
"  --stressor FILE   check: this one\n"
"  --interval N      watch: seconds between two looks (1)\n"
"  --count N         watch: end after N looks\n"
"  --dir DIR         read DIR as if it were /sys/kernel/debug/uffd_race, and\n"
"                    load nothing (also $UFFD_RACE_DIR)\n"
"  -v, --verbose     check: say what runs; counters: all of them\n"
"  --help, --version\n"
"\n"
"Exit status: 0 protected (or shown), 1 vulnerable, 2 usage, 3 not known,\n"
"4 could not run.\n";

const char *status_name(enum status status)
{
	static const char *const names[] = {
		[PROTECTED] = "protected", [VULNERABLE] = "vulnerable",
		[USAGE] = "usage", [NOT_KNOWN] = "not known",
		[CANNOT] = "could not run",
	};

	return names[status];
}

const char *advice(void)
{
	return "\n"
"VULNERABLE: this kernel raises events on pages that are there.\n"
"  hugetlb: fixed in v6.1 (\"mm/hugetlb: fix race condition of uffd missing/minor\n"
"  handling\"); 5.10 does not have it. shmem: fixed in no kernel so far.\n"
"  What a monitor must do: take EEXIST in answer to an event for \"it is there\",\n"
"  and UFFDIO_WAKE the range, or its reader sleeps for ever.\n";
}

void die(enum status status, const char *format, ...)
{
	va_list args;

	if (opt.format == FOR_PROMETHEUS && status == CANNOT)
		out_prometheus(stdout, NULL);
	fflush(stdout);
	fputs("uffd-race: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs(status == USAGE ? " (--help)\n" : "\n", stderr);
	exit(status);
}

void *grow(void *at, size_t size)
{
	at = realloc(at, size);
	if (!at)
		die(CANNOT, "no memory");
	return at;
}

char *copy(const char *text)
{
	return strcpy(grow(NULL, strlen(text) + 1), text);
}

char *text_of(const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		die(CANNOT, "no memory");
	return text;
}

/* The first one ends what runs, in good order; the second one the program. */
static void on_signal(int sig)
{
	if (interrupted)
		_exit(128 + sig);
	interrupted = sig;
}

void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
}

static enum status do_verdict(void)
{
	struct books books = { 0 };
	enum status status;

	books_read(&books);
	status = books_status(&books);
	show("verdict", &books, status);
	return status;
}

static enum status do_counters(void)
{
	struct books books = { 0 };
	unsigned int i;

	books_read(&books);
	if (opt.format != FOR_PEOPLE) {
		show("counters", &books, books_status(&books));
		return PROTECTED;
	}
	for (i = 0; i < books.counters.nr; i++)
		if (opt.verbose || strcmp(books.counters.at[i].value, "0"))
			printf("%-36s %s\n", books.counters.at[i].name,
			       books.counters.at[i].value);
	return PROTECTED;
}

/* How many hooks are attached in which way, by the column that is called so */
static void count_hooks(struct books *books, char *text)
{
	char *line = next_line(&text), *word;
	int how = -1, i;

	for (i = 0; line && (word = next_word(&line)); i++)
		if (!strcmp(word, "how"))
			how = i;
	if (how < 0)
		return;
	while ((line = next_line(&text))) {
		struct pairs *about = &books->about;
		char *name, *nr;

		for (i = 0; i <= how && (word = next_word(&line)); i++)
			;
		if (!word)
			continue;
		name = text_of("hooks_%s", word);
		nr = text_of("%llu", pair_number(about, name) + 1);
		if (!pair_find(about, name))
			pair_add(about, name, nr);
		for (i = 0; i < (int)about->nr; i++)
			if (!strcmp(about->at[i].name, name))
				about->at[i].value = copy(nr);
		free(name);
		free(nr);
	}
}

static enum status do_status(void)
{
	struct books books = { 0 };
	enum status status;
	unsigned int i;

	books_read(&books);
	if (has_file("probes"))
		count_hooks(&books, read_file("probes"));
	status = books_status(&books);
	pair_add(&books.about, "says", status_name(status));
	if (opt.format != FOR_PEOPLE) {
		show("status", &books, status);
		return PROTECTED;
	}
	for (i = 0; i < books.about.nr; i++)
		printf("%-16s %s\n", books.about.at[i].name, books.about.at[i].value);
	return PROTECTED;
}

/* A file as it is; as JSON, its lines */
static enum status do_file(const char *name)
{
	char *text, *rest, *line;
	const char *between = "";

	if (opt.format == FOR_KTAP || opt.format == FOR_PROMETHEUS || opt.junit)
		die(USAGE, "%s: only as it is, or as --json", name);
	text = rest = read_file(name);
	if (opt.format == FOR_PEOPLE) {
		fputs(text, stdout);
		return PROTECTED;
	}
	printf("{\n  \"schema\": 1,\n  \"command\": \"%s\",\n  \"status\": 0,\n"
	       "  \"status_name\": \"%s\",\n  \"lines\": [", name, status_name(PROTECTED));
	while ((line = next_line(&rest))) {
		printf("%s\n    ", between);
		json_string(stdout, line);
		between = ",";
	}
	puts("\n  ]\n}");
	return PROTECTED;
}

enum {
	OPT_JSON = 256, OPT_KTAP, OPT_JUNIT, OPT_PROMETHEUS, OPT_PATH, OPT_WRITER,
	OPT_STALL, OPT_NO_STALL, OPT_SECONDS, OPT_MODULE, OPT_STRESSOR, OPT_INTERVAL,
	OPT_COUNT, OPT_DIR, OPT_VERSION,
};

static const struct option long_options[] = {
	{ "json",	no_argument,	   NULL, OPT_JSON },
	{ "ktap",	no_argument,	   NULL, OPT_KTAP },
	{ "junit",	required_argument, NULL, OPT_JUNIT },
	{ "prometheus",	no_argument,	   NULL, OPT_PROMETHEUS },
	{ "path",	required_argument, NULL, OPT_PATH },
	{ "writer",	required_argument, NULL, OPT_WRITER },
	{ "stall",	no_argument,	   NULL, OPT_STALL },
	{ "no-stall",	no_argument,	   NULL, OPT_NO_STALL },
	{ "seconds",	required_argument, NULL, OPT_SECONDS },
	{ "module",	required_argument, NULL, OPT_MODULE },
	{ "stressor",	required_argument, NULL, OPT_STRESSOR },
	{ "interval",	required_argument, NULL, OPT_INTERVAL },
	{ "count",	required_argument, NULL, OPT_COUNT },
	{ "dir",	required_argument, NULL, OPT_DIR },
	{ "verbose",	no_argument,	   NULL, 'v' },
	{ "help",	no_argument,	   NULL, 'h' },
	{ "version",	no_argument,	   NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 }
};

static double number(const char *name, const char *text, double min, double max)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= min && value <= max))
		die(USAGE, "--%s wants a number from %g to %g, not '%s'", name, min, max, text);
	return value;
}

static const char *pattern(const char *name, const char *text)
{
	regex_t regex;

	if (regcomp(&regex, text, REG_EXTENDED | REG_NOSUB))
		die(USAGE, "--%s: no regular expression: '%s'", name, text);
	regfree(&regex);
	return text;
}

static void format_is(enum format format)
{
	if (opt.format != FOR_PEOPLE && opt.format != format)
		die(USAGE, "--json, --ktap and --prometheus exclude each other");
	opt.format = format;
}

static void option(int c, const char *name)
{
	switch (c) {
	case OPT_JSON:
		format_is(FOR_JSON);
		break;
	case OPT_KTAP:
		format_is(FOR_KTAP);
		break;
	case OPT_PROMETHEUS:
		format_is(FOR_PROMETHEUS);
		break;
	case OPT_JUNIT:
		opt.junit = optarg;
		break;
	case OPT_PATH:
		opt.paths = pattern(name, optarg);
		break;
	case OPT_WRITER:
		opt.writers = pattern(name, optarg);
		break;
	case OPT_STALL:
		opt.stall = true;
		break;
	case OPT_NO_STALL:
		opt.no_stall = true;
		break;
	case OPT_SECONDS:
		opt.seconds = number(name, optarg, 0.1, 864000);
		break;
	case OPT_MODULE:
		opt.module = optarg;
		break;
	case OPT_STRESSOR:
		opt.stressor = optarg;
		break;
	case OPT_INTERVAL:
		opt.interval = number(name, optarg, 0.01, 86400);
		break;
	case OPT_COUNT:
		opt.count = number(name, optarg, 1, 1e9);
		break;
	case OPT_DIR:
		opt.dir = optarg;
		break;
	case 'v':
		opt.verbose = true;
		break;
	case 'h':
		fputs(help_text, stdout);
		exit(0);
	case OPT_VERSION:
		puts("uffd-race " VERSION);
		exit(0);
	default:
		fputs("Try --help.\n", stderr);
		exit(USAGE);
	}
}

static enum status run_command(const char *name)
{
	static const char *const files[] = {
		"probes", "ioctls", "watches", "transitions", "reports", "waiters",
	};
	static const struct {
		const char *name;
		enum status (*run)(void);
	} commands[] = {
		{ "check", do_check }, { "status", do_status }, { "verdict", do_verdict },
		{ "counters", do_counters }, { "watch", do_watch }, { "record", do_record },
	};
	unsigned int i;

	if (opt.command && strcmp(name, "record"))
		die(USAGE, "%s takes no command: '%s'", name, opt.command[0]);
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(name, commands[i].name))
			return commands[i].run();
	for (i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (!strcmp(name, files[i]))
			return do_file(name);
	die(USAGE, "unknown command '%s'", name);
}

int main(int argc, char **argv)
{
	const char *name;
	enum status status;
	int c, index = 0;

	opt.dir = getenv("UFFD_RACE_DIR");
	if (opt.dir && !*opt.dir)
		opt.dir = NULL;
	/* "+": what follows the command's name is parsed below, up to "--" */
	while ((c = getopt_long(argc, argv, "+vh", long_options, &index)) != -1)
		option(c, long_options[index].name);
	if (optind >= argc)
		die(USAGE, "which command?");
	name = argv[optind++];
	while ((c = getopt_long(argc, argv, "+vh", long_options, &index)) != -1)
		option(c, long_options[index].name);
	if (optind < argc)
		opt.command = argv + optind;
	status = run_command(name);
	if (fflush(stdout) || ferror(stdout))
		die(CANNOT, "cannot write: %s", strerror(errno));
	return status;
}
