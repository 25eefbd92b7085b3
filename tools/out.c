// SPDX-License-Identifier: GPL-2.0
/* JSON (uffd-race.schema.json), KTAP, JUnit, and Prometheus' text format. */
#include "uffd-race.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void json_string(FILE *to, const char *text)
{
	putc('"', to);
	for (; *text; text++) {
		unsigned char c = *text;

		if (c == '"' || c == '\\')
			fprintf(to, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)	/* names of processes may be anything */
			fprintf(to, "\\u%04x", c);
		else
			putc(c, to);
	}
	putc('"', to);
}

static bool is_digits(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

/* No leading zero, and no more than all readers keep exactly */
static bool is_number(const char *text)
{
	return is_digits(text) && strlen(text) <= 15 && (*text != '0' || !text[1]);
}

static void json_value(FILE *to, const char *text)
{
	if (is_number(text))
		fputs(text, to);
	else
		json_string(to, text);
}

static void json_pairs(FILE *to, const struct pairs *pairs, const char *before)
{
	unsigned int i;

	for (i = 0; i < pairs->nr; i++) {
		fputs(i ? ", " : before, to);
		json_string(to, pairs->at[i].name);
		fputs(": ", to);
		json_value(to, pairs->at[i].value);
	}
}

static void json_lines(FILE *to, const struct books *books, bool paths)
{
	const char *between = "\n";
	unsigned int i;

	for (i = 0; i < books->nr; i++) {
		const struct line *line = &books->lines[i];

		if (is_path(line) != paths)
			continue;
		fprintf(to, "%s    {%s: ", between, paths ? "\"path\"" : "\"fact\"");
		json_string(to, line->name);
		fputs(", \"verdict\": ", to);
		json_string(to, line->word);
		if (line->why) {
			fputs(", \"why\": ", to);
			json_string(to, line->why);
		}
		json_pairs(to, &line->pairs, ", ");
		putc('}', to);
		between = ",\n";
	}
}

void out_json(FILE *to, const char *command, const struct books *books,
	      enum status status)
{
	fputs("{\n  \"schema\": 1,\n  \"command\": ", to);
	json_string(to, command);
	fprintf(to, ",\n  \"status\": %d,\n  \"status_name\": ", status);
	json_string(to, status_name(status));
	fputs(",\n  \"about\": {", to);
	json_pairs(to, &books->about, "");
	fputs("},\n  \"paths\": [", to);
	json_lines(to, books, true);
	fputs("\n  ],\n  \"facts\": [", to);
	json_lines(to, books, false);
	fputs("\n  ],\n  \"counters\": {", to);
	json_pairs(to, &books->counters, "");
	fputs("}\n}\n", to);
}

static bool is_bad(const struct line *line)
{
	return !strcmp(line->word, "VULNERABLE");
}

static bool is_good(const struct line *line)
{
	return !strcmp(line->word, "PROTECTED");
}

/* A fact is a test only if it convicts. */
static bool is_test(const struct line *line)
{
	return is_path(line) || is_bad(line);
}

static void told(FILE *to, const struct line *line)
{
	unsigned int i;

	for (i = 0; i < line->pairs.nr; i++)
		fprintf(to, " %s=%s", line->pairs.at[i].name, line->pairs.at[i].value);
}

void out_ktap(FILE *to, const struct books *books)
{
	unsigned int i, n = 0;

	for (i = 0; i < books->nr; i++)
		n += is_test(&books->lines[i]);
	fprintf(to, "KTAP version 1\n1..%u\n", n);
	for (i = n = 0; i < books->nr; i++) {
		const struct line *line = &books->lines[i];

		if (!is_test(line))
			continue;
		fprintf(to, "# %s: %s", line->name, line->word);
		told(to, line);
		fprintf(to, "\n%sok %u %s", is_bad(line) ? "not " : "", ++n, line->name);
		if (!is_bad(line) && !is_good(line))
			fprintf(to, " # SKIP %s%s%s", line->word, line->why ? ": " : "",
				line->why ?: "");
		putc('\n', to);
	}
}

static void xml(FILE *to, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", to);
			break;
		case '&':
			fputs("&amp;", to);
			break;
		case '"':
			fputs("&quot;", to);
			break;
		default:
			/* XML has no way to say most control characters. */
			if ((unsigned char)*text < 0x7f)
				putc((unsigned char)*text < 0x20 ? ' ' : *text, to);
			else
				fprintf(to, "&#%u;", (unsigned char)*text);
		}
	}
}

static void junit_case(FILE *to, const char *command, const struct line *line)
{
	fprintf(to, "  <testcase classname=\"uffd-race.%s\" name=\"", command);
	xml(to, line->name);
	fputs("\">", to);
	if (is_bad(line) || !is_good(line)) {
		fprintf(to, "<%s message=\"", is_bad(line) ? "failure" : "skipped");
		xml(to, line->word);
		if (line->why) {
			fputs(": ", to);
			xml(to, line->why);
		}
		fputs("\"/>", to);
	}
	fputs("<system-out>", to);
	xml(to, line->word);
	for (unsigned int i = 0; i < line->pairs.nr; i++) {
		putc(' ', to);
		xml(to, line->pairs.at[i].name);
		putc('=', to);
		xml(to, line->pairs.at[i].value);
	}
	fputs("</system-out></testcase>\n", to);
}

void out_junit(const char *file, const char *command, const struct books *books)
{
	unsigned int i, tests = 0, bad = 0, good = 0;
	FILE *to = fopen(file, "w");

	if (!to)
		die(CANNOT, "%s: %s", file, strerror(errno));
	for (i = 0; i < books->nr; i++) {
		if (!is_test(&books->lines[i]))
			continue;
		tests++;
		bad += is_bad(&books->lines[i]);
		good += is_good(&books->lines[i]);
	}
	fprintf(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuites>\n <testsuite name=\"uffd-race %s\" tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"%u\">\n",
		command, tests, bad, tests - bad - good);
	for (i = 0; i < books->nr; i++)
		if (is_test(&books->lines[i]))
			junit_case(to, command, &books->lines[i]);
	fputs(" </testsuite>\n</testsuites>\n", to);
	if (fclose(to))
		die(CANNOT, "%s: %s", file, strerror(errno));
}

/* A label's value: backslash, quote and newline are the only ones to escape. */
static void label(FILE *to, const char *name, const char *value, const char *end)
{
	fprintf(to, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			putc('\\', to);
		/* UTF-8 is asked for, and what stands here is ASCII but for errors. */
		putc(*value == '\n' ? ' ' : *value & 0x80 ? '?' : *value, to);
	}
	fprintf(to, "\"%s", end);
}

/* "BACKING_TYPE_NAME", cut up; false for other counters */
static bool path_counter(const char *name, char backing[16], char type[16], const char **rest)
{
	int n = 0;

	if (sscanf(name, "%15[a-z0-9]_%15[a-z]_%n", backing, type, &n) != 2 || !n ||
	    (strcmp(type, "missing") && strcmp(type, "minor")))
		return false;
	*rest = name + n;
	return true;
}

static void prometheus_counters(FILE *to, const struct books *books, bool paths)
{
	char backing[16], type[16];
	const char *rest;
	unsigned int i;

	for (i = 0; i < books->counters.nr; i++) {
		const struct pair *pair = &books->counters.at[i];
		bool is = path_counter(pair->name, backing, type, &rest);

		if (is != paths || !is_digits(pair->value))
			continue;
		fputs(is ? "uffd_race_path_value{" : "uffd_race_value{", to);
		if (is) {
			label(to, "backing", backing, ",");
			label(to, "type", type, ",");
		}
		label(to, "name", is ? rest : pair->name, "} ");
		fprintf(to, "%s\n", pair->value);
	}
}

/*
 * Gauges, as reset zeroes them. NULL: there are no books to be read, which the
 * first metric tells.
 */
void out_prometheus(FILE *to, const struct books *books)
{
	unsigned int i;

	fprintf(to, "# HELP uffd_race_up Whether the module's books can be read.\n"
		"# TYPE uffd_race_up gauge\nuffd_race_up %d\n", !!books);
	if (!books)
		return;
	fputs("# HELP uffd_race_verdict The verdict of a path or fact: 1 for the one that holds.\n"
	      "# TYPE uffd_race_verdict gauge\n", to);
	for (i = 0; i < books->nr; i++) {
		fputs("uffd_race_verdict{", to);
		label(to, "path", books->lines[i].name, ",");
		label(to, "verdict", books->lines[i].word, "} 1\n");
	}
	if (!books->counters.nr)
		return;
	fputs("# HELP uffd_race_path_value Counters of a path, since the last reset.\n"
	      "# TYPE uffd_race_path_value gauge\n", to);
	prometheus_counters(to, books, true);
	fputs("# HELP uffd_race_value All other counters, since the last reset.\n"
	      "# TYPE uffd_race_value gauge\n", to);
	prometheus_counters(to, books, false);
}
