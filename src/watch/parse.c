// SPDX-License-Identifier: GPL-2.0
/*
 * Parses what user space writes to "watch". Pure C without any state, so that
 * the same file is fuzzed in user space.
 */
#include "parse.h"

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/string.h>
#else
#include <errno.h>
#include <limits.h>
#include <string.h>
#endif

/* One word, and what is left of the text behind it. */
struct scan {
	const char *at, *end;
	const char *word;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool next_word(struct scan *s)
{
	while (s->at < s->end && is_blank(*s->at))
		s->at++;
	s->word = s->at;
	while (s->at < s->end && !is_blank(*s->at))
		s->at++;
	s->len = s->at - s->word;
	return s->len;
}

static bool skip_prefix(struct scan *s, const char *prefix)
{
	size_t len = strlen(prefix);

	if (s->len < len || memcmp(s->word, prefix, len))
		return false;
	s->word += len;
	s->len -= len;
	return true;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* All of the word, and no sign: -ERANGE only if it is a number at all. @max > 16 */
static int number(const struct scan *s, unsigned int base, unsigned long max,
		  unsigned long *value)
{
	unsigned long n = 0;
	int err = 0;
	size_t i;

	if (!s->len)
		return -EINVAL;
	for (i = 0; i < s->len; i++) {
		unsigned int d = digit(s->word[i]);

		if (d >= base)
			return -EINVAL;
		if (n > (max - d) / base)
			err = -ERANGE;
		else
			n = n * base + d;
	}
	*value = n;
	return err;
}

static int parse_place(struct scan *s, struct watch_cmd *cmd, const char **why)
{
	unsigned long value;
	int err;

	*why = "PID is no positive decimal number";
	err = number(s, 10, INT_MAX, &value);
	if (err)
		return err;
	if (!value)
		return -EINVAL;
	cmd->pid = value;

	*why = "ADDR is missing or no hexadecimal number";
	next_word(s);
	if (!skip_prefix(s, "0x"))
		skip_prefix(s, "0X");
	err = number(s, 16, ULONG_MAX, &cmd->addr);
	if (err || !next_word(s))
		return err;

	*why = "expected stall=US";
	if (!skip_prefix(s, "stall="))
		return -EINVAL;
	*why = "stall=US is no number from 0 to 1000";
	err = number(s, 10, WATCH_STALL_MAX, &value);
	if (err)
		return err;
	cmd->stall_us = value;
	return 0;
}

/**
 * watch_parse - understand one command
 * @text: "PID ADDR [stall=US]" or "off", and perhaps a newline
 * @len: of it; there need be no NUL behind
 * @cmd: what it says; only if it is understood
 * @why: what is wrong with it, otherwise
 *
 * PID is decimal, ADDR hexadecimal as in /proc/PID/maps.
 *
 * Return: 0, -E2BIG, -EINVAL, or -ERANGE for a number that is too large.
 */
int watch_parse(const char *text, size_t len, struct watch_cmd *cmd,
		const char **why)
{
	struct watch_cmd got = { .off = false };
	struct scan s;
	bool newline;
	int err;

	*why = "text is too long";
	if (len > WATCH_TEXT_MAX)
		return -E2BIG;
	newline = len && text[len - 1] == '\n';
	s = (struct scan) { .at = text, .end = text + len - newline };

	*why = "expected PID ADDR [stall=US], or off";
	if (!next_word(&s))
		return -EINVAL;
	if (s.len == 3 && !memcmp(s.word, "off", 3)) {
		got.off = true;
	} else {
		err = parse_place(&s, &got, why);
		if (err)
			return err;
	}
	*why = "there is something behind the command";
	if (next_word(&s))
		return -EINVAL;
	*cmd = got;
	return 0;
}
