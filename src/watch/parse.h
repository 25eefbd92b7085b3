/* SPDX-License-Identifier: GPL-2.0 */
/* What may be written to the debugfs file "watch". */
#ifndef UFFD_RACE_WATCH_PARSE_H
#define UFFD_RACE_WATCH_PARSE_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#endif

#define WATCH_TEXT_MAX	80	/* characters, trailing newline included */
#define WATCH_STALL_MAX	1000	/* us: interrupts are off that long */

/**
 * struct watch_cmd - one command
 * @off: remove all watches; nothing else is set
 * @pid: process or thread, as the writer of the command numbers it
 * @addr: any address in the page
 * @stall_us: hold writers that long, 0: only look on
 */
struct watch_cmd {
	bool off;
	int pid;
	unsigned long addr;
	unsigned int stall_us;
};

int watch_parse(const char *text, size_t len, struct watch_cmd *cmd,
		const char **why);

#endif /* UFFD_RACE_WATCH_PARSE_H */
