// SPDX-License-Identifier: GPL-2.0
/*
 * Anything may be written to "watch". What is understood must mean the same
 * when it is written down again; what is not, must not be.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../src/watch/parse.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "VIOLATION: %s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct watch_cmd untouched, cmd, again;
	const char *why = NULL;
	char text[100];
	int err;

	/* Padding included */
	memset(&untouched, 0x55, sizeof(untouched));
	memset(&cmd, 0x55, sizeof(cmd));
	err = watch_parse((const char *)data, size, &cmd, &why);
	must(why != NULL, "no reason");
	if (err) {
		must(err < 0, "positive error");
		must(!memcmp(&cmd, &untouched, sizeof(cmd)), "half understood");
		return 0;
	}
	must(size <= WATCH_TEXT_MAX, "too long");
	must(!memchr(data, 0, size), "NUL");
	if (cmd.off)
		return 0;
	must(cmd.pid > 0 && cmd.stall_us <= WATCH_STALL_MAX, "out of range");
	snprintf(text, sizeof(text), "%d %lx stall=%u", cmd.pid, cmd.addr,
		 cmd.stall_us);
	must(!watch_parse(text, strlen(text), &again, &why), "not understood again");
	must(again.pid == cmd.pid && again.addr == cmd.addr &&
	     again.stall_us == cmd.stall_us && !again.off, "another meaning");
	return 0;
}
