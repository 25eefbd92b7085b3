// SPDX-License-Identifier: GPL-2.0
/* What "watch" understands, what it refuses, and with which errno. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../src/watch/parse.c"

/* Without a NUL behind, so that the sanitizer sees who reads too far */
static int parse(const char *text, size_t len, struct watch_cmd *cmd)
{
	char *copy = malloc(len ? len : 1);
	struct watch_cmd untouched;
	const char *why = NULL;
	int err;

	memcpy(copy, text, len);
	/* Padding included */
	memset(&untouched, 0x55, sizeof(untouched));
	memset(cmd, 0x55, sizeof(*cmd));
	err = watch_parse(copy, len, cmd, &why);
	free(copy);
	assert_non_null(why);
	if (err)
		assert_memory_equal(cmd, &untouched, sizeof(*cmd));
	return err;
}

static void places(const char *text, int pid, unsigned long addr,
		   unsigned int us)
{
	struct watch_cmd cmd;

	assert_int_equal(parse(text, strlen(text), &cmd), 0);
	assert_false(cmd.off);
	assert_int_equal(cmd.pid, pid);
	assert_true(cmd.addr == addr);
	assert_int_equal(cmd.stall_us, us);
}

static void refuses(const char *text, int err)
{
	struct watch_cmd cmd;

	assert_int_equal(parse(text, strlen(text), &cmd), err);
}

static void place(void **state)
{
	places("1 0", 1, 0, 0);
	places("42 7f12c0000000\n", 42, 0x7f12c0000000, 0);
	places("42 0x7F12c000000a", 42, 0x7f12c000000a, 0);
	places("42 0X10 stall=0", 42, 16, 0);
	places(" \t42  10\tstall=1000 \t\n", 42, 16, 1000);
	places("00042 0010 stall=0007", 42, 16, 7);
	places("2147483647 ffffffffffffffff", INT_MAX, ULONG_MAX, 0);
}

static void off(void **state)
{
	struct watch_cmd cmd;

	assert_int_equal(parse("off", 3, &cmd), 0);
	assert_true(cmd.off);
	assert_int_equal(parse(" off \n", 6, &cmd), 0);
	assert_true(cmd.off);
	refuses("off off", -EINVAL);
	refuses("offf", -EINVAL);
	refuses("of", -EINVAL);
	refuses("OFF", -EINVAL);
}

static void garbage(void **state)
{
	refuses("", -EINVAL);
	refuses("\n", -EINVAL);
	refuses(" \t \n", -EINVAL);
	refuses("1", -EINVAL);
	refuses("1 ", -EINVAL);
	refuses("0 10", -EINVAL);
	refuses("-1 10", -EINVAL);
	refuses("+1 10", -EINVAL);
	refuses("a 10", -EINVAL);
	refuses("0x1 10", -EINVAL);
	refuses("1 g", -EINVAL);
	refuses("1 0x", -EINVAL);
	refuses("1 0x0x1", -EINVAL);
	refuses("1 -10", -EINVAL);
	refuses("1 10 stall", -EINVAL);
	refuses("1 10 stall=", -EINVAL);
	refuses("1 10 stall=a", -EINVAL);
	refuses("1 10 stall=0x1", -EINVAL);
	refuses("1 10 stall=-1", -EINVAL);
	refuses("1 10 Stall=1", -EINVAL);
	refuses("1 10 stall=1 1", -EINVAL);
	refuses("1 10\n\n", -EINVAL);
	refuses("1 10\n1 10", -EINVAL);
	refuses("1\n10", -EINVAL);
}

static void too_large(void **state)
{
	refuses("2147483648 10", -ERANGE);
	refuses("99999999999999999999999999 10", -ERANGE);
	refuses("1 10000000000000000", -ERANGE);
	refuses("1 10 stall=1001", -ERANGE);
	refuses("1 10 stall=18446744073709551616", -ERANGE);
	/* no number at all, however large it begins */
	refuses("99999999999x 10", -EINVAL);
}

static void nul_is_no_end(void **state)
{
	struct watch_cmd cmd;

	assert_int_equal(parse("1 10\0", 5, &cmd), -EINVAL);
	assert_int_equal(parse("off\0", 4, &cmd), -EINVAL);
	assert_int_equal(parse("\0", 1, &cmd), -EINVAL);
}

static void too_long(void **state)
{
	char text[WATCH_TEXT_MAX + 1];
	struct watch_cmd cmd;

	memset(text, ' ', sizeof(text));
	memcpy(text, "1 10", 4);
	assert_int_equal(parse(text, WATCH_TEXT_MAX, &cmd), 0);
	assert_int_equal(parse(text, WATCH_TEXT_MAX + 1, &cmd), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(place),
		cmocka_unit_test(off),
		cmocka_unit_test(garbage),
		cmocka_unit_test(too_large),
		cmocka_unit_test(nul_is_no_end),
		cmocka_unit_test(too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
