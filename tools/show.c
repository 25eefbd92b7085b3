// SPDX-License-Identifier: GPL-2.0
/* Tables for people; and which format it is to be. */
#include "uffd-race.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool coloured(void)
{
	static int is = -1;
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

	if (is < 0)
		is = isatty(STDOUT_FILENO) && !(no && *no) && term && strcmp(term, "dumb");
	return is;
}

const char *paint(const char *word)
{
	if (!coloured())
		return "";
	if (!strcmp(word, "VULNERABLE"))
		return "\033[1;31m";
	if (!strcmp(word, "PROTECTED"))
		return "\033[32m";
	if (!strcmp(word, "BLIND") || !strcmp(word, "INCONCLUSIVE"))
		return "\033[33m";
	return "";
}

const char *unpaint(void)
{
	return coloured() ? "\033[0m" : "";
}

/* The figures that have a column; whatever else a line has stands behind them. */
static const char *const columns[] = { "events", "bogus", "undecided", "exposures" };

#define NR_COLUMNS (sizeof(columns) / sizeof(*columns))

static bool has_column(const char *name)
{
	unsigned int i;

	for (i = 0; i < NR_COLUMNS; i++)
		if (!strcmp(columns[i], name))
			return true;
	return false;
}

static int widest(const struct books *books)
{
	unsigned int i;
	int width = 4;

	for (i = 0; i < books->nr; i++)
		if ((int)strlen(books->lines[i].name) > width)
			width = strlen(books->lines[i].name);
	return width;
}

static void show_line(const struct line *line, int width)
{
	unsigned int i;

	printf("%-*s  %s%-12s%s", width, line->name, paint(line->word), line->word,
	       paint(line->word)[0] ? unpaint() : "");
	for (i = 0; is_path(line) && i < NR_COLUMNS; i++)
		printf(" %9s", pair_find(&line->pairs, columns[i]) ?: "-");
	for (i = 0; i < line->pairs.nr; i++) {
		if (is_path(line) && (has_column(line->pairs.at[i].name) ||
				      !strcmp(line->pairs.at[i].value, "0")))
			continue;
		if (!strcmp(line->pairs.at[i].name, "count"))
			printf(" %s", line->pairs.at[i].value);
		else
			printf(" %s=%s", line->pairs.at[i].name, line->pairs.at[i].value);
	}
	if (line->why)
		printf("  %s", line->why);
	putchar('\n');
}

void show_people(const struct books *books, enum status status)
{
	int width = widest(books);
	unsigned int i;

	printf("%-*s  %-12s", width, "path", "verdict");
	for (i = 0; i < NR_COLUMNS; i++)
		printf(" %9s", columns[i]);
	putchar('\n');
	for (i = 0; i < books->nr; i++)
		if (is_path(&books->lines[i]))
			show_line(&books->lines[i], width);
	for (i = 0; i < books->nr; i++)
		if (!is_path(&books->lines[i]))
			show_line(&books->lines[i], width);
	if (status == VULNERABLE)
		fputs(advice(), stdout);
}

void show(const char *command, const struct books *books, enum status status)
{
	if (opt.junit)
		out_junit(opt.junit, command, books);
	switch (opt.format) {
	case FOR_JSON:
		out_json(stdout, command, books, status);
		break;
	case FOR_KTAP:
		out_ktap(stdout, books);
		break;
	case FOR_PROMETHEUS:
		out_prometheus(stdout, books);
		break;
	case FOR_PEOPLE:
		show_people(books, status);
	}
}
