// SPDX-License-Identifier: GPL-2.0
/* What is done to the file behind a range: page cache without ptes. */
#define _GNU_SOURCE
#include "innocent.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static bool pick_file(const struct call *c, struct span *s)
{
	if (!pick_span(c, s) || s->region->fd < 0)
		return false;
	say(c, "region%d+%zu len %zu", (int)(s->region - world.region),
	    (s->at - s->region->at) / s->region->page, s->len / s->region->page);
	return true;
}

OP(op_punch)
{
	struct span s;

	if (!pick_file(c, &s))
		return OP_SKIPPED;
	return result(fallocate(s.region->fd, op->var ? FALLOC_FL_PUNCH_HOLE |
				FALLOC_FL_KEEP_SIZE : 0, s.at - s.region->at, s.len));
}

/* Cut off, and as long again */
OP(op_truncate)
{
	struct span s;

	(void)op;
	if (!pick_file(c, &s))
		return OP_SKIPPED;
	if (ftruncate(s.region->fd, s.at - s.region->at))
		return -errno;
	return result(ftruncate(s.region->fd, s.region->len));
}

OP(op_file_io)
{
	off_t at;
	char byte = 3;
	struct span s;

	if (!pick_file(c, &s))
		return OP_SKIPPED;
	at = s.at - s.region->at;
	return result(op->var ? pwrite(s.region->fd, &byte, 1, at) :
		      pread(s.region->fd, &byte, 1, at));
}

static void load(void *at)
{
	(void)*(volatile char *)at;
}

static void store(void *at)
{
	*(volatile char *)at = 4;
}

/* Through a mapping that nobody watches */
OP(op_alias)
{
	struct span s;

	if (!pick_file(c, &s) || !s.region->alias)
		return OP_SKIPPED;
	return guarded(op->var ? store : load,
		       s.region->alias + (s.at - s.region->at)) ? 0 : -EFAULT;
}
