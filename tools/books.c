// SPDX-License-Identifier: GPL-2.0
/* The grammars of verdict and counters. What is not known is kept, not refused. */
#include "uffd-race.h"

#include <stdlib.h>
#include <string.h>

/* The next line that is not empty, cut out of the text; NULL at its end */
char *next_line(char **rest)
{
	char *line = strsep(rest, "\n");

	while (line && !*line)
		line = strsep(rest, "\n");
	return line;
}

char *next_word(char **rest)
{
	char *word = strsep(rest, " \t");

	while (word && !*word)
		word = strsep(rest, " \t");
	return word;
}

void pair_add(struct pairs *pairs, const char *name, const char *value)
{
	pairs->at = grow(pairs->at, (pairs->nr + 1) * sizeof(*pairs->at));
	pairs->at[pairs->nr++] = (struct pair){ copy(name), copy(value) };
}

const char *pair_find(const struct pairs *pairs, const char *name)
{
	unsigned int i;

	for (i = 0; i < pairs->nr; i++)
		if (!strcmp(pairs->at[i].name, name))
			return pairs->at[i].value;
	return NULL;
}

unsigned long long pair_number(const struct pairs *pairs, const char *name)
{
	const char *value = pair_find(pairs, name);

	return value ? strtoull(value, NULL, 10) : 0;
}

struct line *line_add(struct books *books, const char *name, const char *word)
{
	books->lines = grow(books->lines, (books->nr + 1) * sizeof(*books->lines));
	books->lines[books->nr] = (struct line){ copy(name), copy(word), NULL, { 0 } };
	return &books->lines[books->nr++];
}

/* "BACKING.TYPE" of the module, "BACKING-…" of the stressor; facts have neither */
bool is_path(const struct line *line)
{
	return strpbrk(line->name, ".-");
}

/* "NAME WORD [KEY=VALUE | NUMBER | other words]… [: WHY]" */
static void parse_line(struct books *books, char *text)
{
	char *rest = text, *why = strstr(text, ": "), *word, *value;
	char *name, *says;
	struct line *line;

	if (why) {
		*why = 0;
		why += 2;
	}
	name = next_word(&rest);
	says = next_word(&rest);
	if (!name || *name == '#' || !says)
		return;
	line = line_add(books, name, says);
	line->why = why ? copy(why) : NULL;
	while ((word = next_word(&rest))) {
		value = strchr(word, '=');
		if (value) {
			*value = 0;
			pair_add(&line->pairs, word, value + 1);
		} else if (strspn(word, "0123456789") == strlen(word) &&
			   !pair_find(&line->pairs, "count")) {
			pair_add(&line->pairs, "count", word);
		}
	}
}

void books_parse_verdict(struct books *books, const char *text)
{
	char *all = copy(text), *rest = all, *line;

	while ((line = next_line(&rest)))
		parse_line(books, line);
	free(all);
}

void books_parse_counters(struct books *books, const char *text)
{
	char *all = copy(text), *rest = all, *line, *name, *value;

	while ((line = next_line(&rest))) {
		name = next_word(&line);
		value = next_word(&line);
		if (name && value && *name != '#')
			pair_add(&books->counters, name, value);
	}
	free(all);
}

void books_read(struct books *books)
{
	char *text;

	about_module(&books->about);
	text = read_file("verdict");
	books_parse_verdict(books, text);
	free(text);
	text = read_file("counters");
	books_parse_counters(books, text);
	free(text);
}

/*
 * A path on which nothing happened says nothing about the kernel, unless nothing
 * has happened at all. A word that this program does not know clears nobody.
 */
enum status books_status(const struct books *books)
{
	bool cleared = false, doubt = false;
	unsigned int i;

	for (i = 0; i < books->nr; i++) {
		const struct line *line = &books->lines[i];

		if (!strcmp(line->word, "VULNERABLE"))
			return VULNERABLE;
		if (!strcmp(line->word, "BLIND"))
			doubt = true;
		if (!is_path(line) || !strcmp(line->word, "SKIP"))
			continue;
		if (!strcmp(line->word, "PROTECTED"))
			cleared = true;
		else if (books->all_asked || !pair_find(&line->pairs, "events") ||
			 pair_number(&line->pairs, "events") ||
			 pair_number(&line->pairs, "exposures"))
			doubt = true;
	}
	return cleared && !doubt ? PROTECTED : NOT_KNOWN;
}
