// SPDX-License-Identifier: GPL-2.0
/*
 * check: load, stress each path that the kernel has with each writer, judge, unload.
 * Writers in the outer loop, and paths without a verdict before those with one, so
 * that each has its verdict when time is over; a path that is convicted is done with.
 */
#define _GNU_SOURCE
#include "uffd-race.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_SECONDS	40
#define LONG_RUN	1.0	/* of the two best writers, which decide most paths */
#define SHORT_RUN	0.4	/* of the others; what is shorter meets no window */

/* Best first: by how soon they convict on the kernels that we know; one takes seconds. */
static const char *const writer_order[] = {
	"migrate", "wp", "pagemap-wp", "migrate-pinned", "cold", "pageout", "mprotect",
	"compact", "soft-offline",
};

#define NR_WRITERS (sizeof(writer_order) / sizeof(*writer_order))

/* What the stressor offers: "PATH WRITER ok|SKIP ok|SKIP [REASON]" */
struct combination {
	char *path, *writer, *skip;
	unsigned int ran;	/* so many times */
};

static struct combination *table;
static unsigned int nr_table;
static bool stalls;
static const char *const stall[][2] = {
	{ "stall_us", "500" }, { "stall_percent", "30" }, { "watch_auto", "3" },
};
#define NR_STALL (sizeof(stall) / sizeof(*stall))
static char *stall_was[NR_STALL];
static pid_t running;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void clean_up(void)
{
	int i;

	if (running > 0) {
		kill(running, SIGTERM);
		waitpid(running, NULL, 0);
	}
	for (i = NR_STALL - 1; i >= 0; i--)
		if (stall_was[i])
			set_parameter(stall[i][0], stall_was[i]);
	module_unload();
}

static bool in_guest(void)
{
	char *cpu = read_path("/proc/cpuinfo");
	bool is = cpu && strstr(cpu, " hypervisor");

	free(cpu);
	return is;
}

static void stall_on(void)
{
	unsigned int i;

	for (i = 0; i < NR_STALL; i++) {
		stall_was[i] = parameter(stall[i][0]);
		if (!stall_was[i] || !set_parameter(stall[i][0], stall[i][1]))
			die(CANNOT, "--stall: this module has no %s that can be set", stall[i][0]);
	}
}

static const char *find_stressor(void)
{
	static char *file;
	/* where make has put it, in a guest, and in the sources */
	const char *const beside[] = {
		"../libexec/uffd-race/stress", "stress", "../tests/stress/stress"
	};
	char self[4096], *slash;
	unsigned int i;
	ssize_t n;

	if (opt.stressor) {
		if (access(opt.stressor, X_OK))
			die(CANNOT, "%s: %s", opt.stressor, strerror(errno));
		return opt.stressor;
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[n > 0 ? n : 0] = 0;
	slash = strrchr(self, '/');
	for (i = 0; slash && i < sizeof(beside) / sizeof(*beside); i++) {
		file = text_of("%.*s/%s", (int)(slash - self), self, beside[i]);
		if (!access(file, X_OK))
			return file;
		free(file);
	}
	die(CANNOT, "no stressor (../libexec/uffd-race/stress): make install, or --stressor FILE");
}

/* run ARG…: what it prints, on both outputs; *status as waitpid has it */
static char *run(char *const argv[], int *status)
{
	size_t len = 0, room = 4096;
	char *text = grow(NULL, room + 1);
	int out[2];
	ssize_t n;

	if (pipe2(out, O_CLOEXEC))
		die(CANNOT, "pipe: %s", strerror(errno));
	fflush(NULL);
	running = fork();
	if (!running) {
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	if (running < 0)
		die(CANNOT, "fork: %s", strerror(errno));
	close(out[1]);
	while ((n = read(out[0], text + len, room - len))) {
		if (n < 0 && errno != EINTR)
			break;
		if (interrupted)
			kill(running, SIGTERM);
		len += n > 0 ? n : 0;
		if (len == room)
			text = grow(text, (room *= 2) + 1);
	}
	close(out[0]);
	text[len] = 0;
	while (waitpid(running, status, 0) < 0 && errno == EINTR)
		;
	running = 0;
	return text;
}

static bool matches(const char *regex, const char *name)
{
	char *whole = text_of("^(%s)$", regex);
	regex_t compiled;
	bool is;

	if (regcomp(&compiled, whole, REG_EXTENDED | REG_NOSUB))
		die(USAGE, "no regular expression: '%s'", regex);
	is = !regexec(&compiled, name, 0, NULL, 0);
	regfree(&compiled);
	free(whole);
	return is;
}

/* What does not come back by itself is for guests, or for who asks for it. */
static const char *unkind(const char *writer)
{
	if (strcmp(writer, "soft-offline") || !strcmp(opt.writers, writer) ||
	    pretended() || in_guest())
		return NULL;
	return "takes pages out of use until the next boot: --writer soft-offline";
}

static void list(const char *stressor)
{
	char *const argv[] = { (char *)stressor, "--list", NULL };
	char *text, *rest, *line, *path, *writer, *truth;
	int status = 0;

	text = rest = run(argv, &status);
	if (status)
		die(CANNOT, "%s --list has failed: %s", stressor, text);
	while ((line = next_line(&rest))) {
		const char *skip = NULL;

		path = next_word(&line);
		writer = next_word(&line);
		truth = next_word(&line);
		next_word(&line);
		/* without a writer there is no window */
		if (!truth || !strcmp(writer, "none") || !matches(opt.paths, path) ||
		    !matches(opt.writers, writer))
			continue;
		skip = strcmp(truth, "ok") ? line ? line + strspn(line, " ") : "not here" :
					     unkind(writer);
		table = grow(table, (nr_table + 1) * sizeof(*table));
		table[nr_table++] = (struct combination){ copy(path), copy(writer),
							  skip ? copy(skip) : NULL, 0 };
	}
	free(text);
	if (!nr_table)
		die(USAGE, "the stressor has no such path and writer");
}

static struct line *line_of(struct books *books, const char *path)
{
	unsigned int i;

	for (i = 0; i < books->nr; i++)
		if (!strcmp(books->lines[i].name, path))
			return &books->lines[i];
	return NULL;
}

static int rank(const char *word)
{
	static const char *const words[] = {
		"UNTRIED", "SKIP", "INCONCLUSIVE", "PROTECTED", "BLIND", "VULNERABLE",
	};
	int i;

	for (i = 0; i < (int)(sizeof(words) / sizeof(*words)); i++)
		if (!strcmp(words[i], word))
			return i;
	return 2;	/* a word of a later module */
}

static void replace(char **text, const char *by)
{
	free(*text);
	*text = by ? copy(by) : NULL;
}

static void set_number(struct pairs *pairs, const char *name, unsigned long long value)
{
	char *text = text_of("%llu", value);
	unsigned int i;

	for (i = 0; i < pairs->nr; i++) {
		if (strcmp(pairs->at[i].name, name))
			continue;
		replace(&pairs->at[i].value, text);
		free(text);
		return;
	}
	pair_add(pairs, name, text);
	free(text);
}

static void add_number(struct pairs *pairs, const char *name, unsigned long long more)
{
	set_number(pairs, name, pair_number(pairs, name) + more);
}

/* "# NAME VALUE" of the stressor's output */
static bool figure(const char *text, const char *name, unsigned long long *value)
{
	char *start = text_of("# %s ", name), *at;
	bool found;

	at = strstr(text, start);
	found = at && sscanf(at + strlen(start), "%llu", value) == 1;
	free(start);
	return found;
}

/* The first line that says what went wrong */
static char *complaint(char *text)
{
	char *line, *rest = text;

	while ((line = next_line(&rest)))
		if (!strncmp(line, "not ok", 6) || !strncmp(line, "Bail", 4) ||
		    !strncmp(line, "stress:", 7))
			return line;
	return "it gave no reason";
}

/* The module's word for the backing of this path, and its figures */
static const char *judge(struct line *line, char **why)
{
	static const char *const figures[] = { "events", "bogus", "undecided", "exposures" };
	struct books books = { 0 };
	const char *word = "INCONCLUSIVE";
	char *text = read_file("verdict");
	unsigned int i, j;

	*why = NULL;
	books_parse_verdict(&books, text);
	for (i = 0; i < books.nr; i++) {
		const struct line *said = &books.lines[i];
		size_t len = strcspn(said->name, ".");

		if (!is_path(said) || strncmp(said->name, line->name, len))
			continue;
		for (j = 0; j < sizeof(figures) / sizeof(*figures); j++)
			add_number(&line->pairs, figures[j],
				   pair_number(&said->pairs, figures[j]));
		if (!*why || rank(said->word) > rank(word) ||
		    pair_number(&said->pairs, "events")) {
			if (rank(said->word) >= rank(word)) {
				word = said->word;
				replace(why, said->why ?: pair_find(&said->pairs, "blind"));
			}
		}
	}
	free(text);
	return word;
}

static void run_one(struct books *books, const char *stressor, struct combination *c,
		    double seconds)
{
	char *length = text_of("%.1f", seconds);
	char *seed = c->ran ? "2" : "1";
	char *const argv[] = {
		(char *)stressor, "--seed", seed, "--expect", "any", "--path", c->path, "--writer", c->writer,
		"--seconds", length, "--until-wrong", "5", "--settle-ms", "100", NULL
	};
	struct line *line = line_of(books, c->path);
	unsigned long long wrong = 0, doubts = 0, first;
	const char *word = "INCONCLUSIVE";
	char *text, *why = NULL;
	int status = 0;

	write_file("reset", "1");
	text = run(argv, &status);
	free(length);
	c->ran++;
	figure(text, "wrong_events", &wrong);
	figure(text, "truth_doubts", &doubts);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 3) {
		c->skip = copy(complaint(text));
		word = "SKIP";
		why = copy(c->skip);
	} else {
		word = judge(line, &why);
		add_number(&line->pairs, "wrong", wrong);
		/* The stressor has seen what makes MINOR events right. */
		add_number(&line->pairs, "doubts", doubts);
		if (wrong && figure(text, "first_wrong_ms", &first) &&
		    !pair_find(&line->pairs, "writer")) {
			pair_add(&line->pairs, "writer", c->writer);
			set_number(&line->pairs, "first_ms", first);
		}
		if (status && !interrupted && strcmp(word, "VULNERABLE")) {
			word = "INCONCLUSIVE";
			why = text_of("%s: the stressor failed: %s", c->writer, complaint(text));
		}
	}
	free(text);
	if (rank(word) >= rank(line->word)) {
		replace(&line->word, word);
		replace(&line->why, why);
	}
	free(why);
}

static void progress(double left, const struct combination *c)
{
	if (opt.verbose)
		fprintf(stderr, "uffd-race: %s %s, at most %.0f s left\n", c->path, c->writer, left);
	else if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K%s %s, at most %.0f s left", c->path, c->writer, left);
}

/* MISSING only, over a page cache: what is there raises no event, nor an exposure */
static bool shows_nothing(const char *path)
{
	return strstr(path, "-shared-missing") || strstr(path, "-thp-missing");
}

struct pass {
	unsigned int writer;	/* NR_WRITERS: those that the order does not know */
	bool cleared;		/* of paths that have a verdict already, or of the others */
	bool again;		/* for the second time */
};

static bool to_run(struct books *books, const struct combination *c, const struct pass *pass)
{
	const char *word = line_of(books, c->path)->word;

	if (c->skip || c->ran != pass->again || !strcmp(word, "VULNERABLE") ||
	    !strcmp(word, "PROTECTED") != pass->cleared)
		return false;
	if (pass->again && shows_nothing(c->path))
		return false;
	return pass->writer == NR_WRITERS || !strcmp(c->writer, writer_order[pass->writer]);
}

static void run_pass(struct books *books, const char *stressor, double end,
		     const struct pass *pass)
{
	double length = pass->writer < 2 ? LONG_RUN : SHORT_RUN;
	unsigned int i;

	for (i = 0; i < nr_table && !interrupted && now() < end; i++) {
		if (!to_run(books, &table[i], pass))
			continue;
		progress(end - now(), &table[i]);
		run_one(books, stressor, &table[i], length);
	}
}

/* The two best writers decide most paths, and races are a matter of luck. */
static void stress(struct books *books, const char *stressor)
{
	static const struct pass first[] = {
		{ 0, false, false }, { 1, false, false }, { 0, false, true }, { 1, false, true },
		{ 0, true, false }, { 1, true, false },
	};
	double end = now() + (opt.seconds < 0 ? DEFAULT_SECONDS : opt.seconds);
	unsigned int i, writer;

	for (i = 0; i < sizeof(first) / sizeof(*first); i++)
		run_pass(books, stressor, end, &first[i]);
	for (writer = 2; writer <= NR_WRITERS; writer++) {
		run_pass(books, stressor, end, &(struct pass){ writer, false, false });
		run_pass(books, stressor, end, &(struct pass){ writer, true, false });
	}
	if (isatty(STDERR_FILENO) && !opt.verbose)
		fputs("\r\033[K", stderr);
}

static void add_paths(struct books *books)
{
	unsigned int i;

	for (i = 0; i < nr_table; i++) {
		struct line *line = line_of(books, table[i].path);

		if (!line) {
			line = line_add(books, table[i].path, "SKIP");
			line->why = table[i].skip ? copy(table[i].skip) : NULL;
		}
		if (!table[i].skip && strcmp(line->word, "UNTRIED")) {
			replace(&line->word, "UNTRIED");
			replace(&line->why, "time was over: --seconds");
		}
	}
}

/* Which writers a path that is not convicted has not met, and what would help */
static void explain(struct books *books)
{
	unsigned int i, missed = 0;

	for (i = 0; i < nr_table; i++)
		missed += !table[i].skip && !table[i].ran &&
			  strcmp(line_of(books, table[i].path)->word, "VULNERABLE");
	if (missed) {
		char *text = text_of("%u", missed);

		pair_add(&books->about, "runs_left_out", text);
		fprintf(stderr, "uffd-race: time was over before %u of the runs: --seconds\n",
			missed);
		free(text);
	}
	for (i = 0; i < books->nr; i++) {
		struct line *line = &books->lines[i];
		unsigned long long wrong = pair_number(&line->pairs, "wrong");
		char *why = line->why ? line->why : NULL;

		if (wrong && !pair_number(&line->pairs, "doubts") &&
		    strcmp(line->word, "VULNERABLE")) {
			replace(&line->word, "INCONCLUSIVE");
			line->why = text_of("user space received %llu wrong events that the module does not call bogus", wrong);
			continue;
		}
		if (strcmp(line->word, "INCONCLUSIVE"))
			continue;
		if (!why)
			line->why = copy(stalls ? "longer (--seconds) may tell" :
					 "--stall may tell (on a test machine)");
		else if (!stalls)
			line->why = text_of("%s; --stall may tell (on a test machine)", why);
	}
}

enum status do_check(void)
{
	struct books books = { 0 };
	const char *stressor = find_stressor();
	enum status status;

	catch_signals();
	atexit(clean_up);
	module_load();
	folder();
	stalls = !opt.no_stall && (opt.stall || in_guest());
	list(stressor);
	about_module(&books.about);
	pair_add(&books.about, "stall", stalls ? "yes" : "no");
	if (stalls && (!pretended() || opt.stall))
		stall_on();
	books.all_asked = true;
	add_paths(&books);
	stress(&books, stressor);
	if (interrupted)
		die(CANNOT, "interrupted");
	explain(&books);
	status = books_status(&books);
	show("check", &books, status);
	if (opt.format == FOR_PEOPLE)
		printf("\nuffd-race check: %s (status %d)\n", status_name(status), status);
	return status;
}
