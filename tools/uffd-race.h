/* SPDX-License-Identifier: GPL-2.0 */
/*
 * uffd-race: what a module says, for people and for programs. The files of the
 * module are read by their grammar, never by the number of a line or a column:
 * later modules add lines, words and files.
 */
#ifndef UFFD_RACE_TOOL_H
#define UFFD_RACE_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Exit statuses: one table for all commands of the project (README.md) */
enum status {
	PROTECTED, VULNERABLE, USAGE, NOT_KNOWN, CANNOT
};

const char *status_name(enum status status);

/* "NAME=VALUE", or "NAME VALUE" */
struct pair {
	char *name, *value;
};

struct pairs {
	struct pair *at;
	unsigned int nr;
};

/* "NAME WORD [KEY=VALUE]…[: WHY]": a line of verdict, or what check found of a path */
struct line {
	char *name, *word, *why;
	struct pairs pairs;
};

struct books {
	struct line *lines;
	unsigned int nr;
	struct pairs counters;
	struct pairs about;	/* module, kernel, parameters; what a command adds */
	bool all_asked;		/* a path on which nothing happened is in doubt, too */
};

enum format {
	FOR_PEOPLE, FOR_JSON, FOR_KTAP, FOR_PROMETHEUS
};

struct options {
	const char *dir, *module, *stressor, *paths, *writers, *junit;
	enum format format;
	bool stall, no_stall, verbose;
	double seconds, interval;
	unsigned int count;
	char **command;
};

extern struct options opt;

/* main.c */
__attribute__((noreturn, format(printf, 2, 3)))
void die(enum status status, const char *format, ...);
void *grow(void *at, size_t size);
char *copy(const char *text);
char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *advice(void);

/* where.c: the module's folder, its parameters, loading and unloading */
bool pretended(void);
bool module_loaded(void);
const char *folder(void);
char *read_file(const char *name);
char *read_path(const char *path);
void write_file(const char *name, const char *text);
bool has_file(const char *name);
void about_module(struct pairs *about);
void module_load(void);
void module_unload(void);
char *parameter(const char *name);
bool set_parameter(const char *name, const char *value);

/* books.c: the grammars */
void pair_add(struct pairs *pairs, const char *name, const char *value);
const char *pair_find(const struct pairs *pairs, const char *name);
unsigned long long pair_number(const struct pairs *pairs, const char *name);
struct line *line_add(struct books *books, const char *name, const char *word);
bool is_path(const struct line *line);
void books_parse_verdict(struct books *books, const char *text);
void books_parse_counters(struct books *books, const char *text);
void books_read(struct books *books);
enum status books_status(const struct books *books);
char *next_line(char **rest);
char *next_word(char **rest);

/* show.c: in the format that was asked for */
void show(const char *command, const struct books *books, enum status status);
void show_people(const struct books *books, enum status status);
const char *paint(const char *word);
const char *unpaint(void);

/* out.c: JSON, KTAP, JUnit, Prometheus */
void out_json(FILE *to, const char *command, const struct books *books,
	      enum status status);
void out_ktap(FILE *to, const struct books *books);
void out_junit(const char *file, const char *command, const struct books *books);
void out_prometheus(FILE *to, const struct books *books);
void json_string(FILE *to, const char *text);

/* the commands that take time */
extern volatile int interrupted;
void catch_signals(void);
enum status do_check(void);
enum status do_record(void);
enum status do_watch(void);

#endif
