// SPDX-License-Identifier: GPL-2.0
/* madvise(), by oneself and by others. */
#define _GNU_SOURCE
#include "innocent.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

static void say_span(const struct call *c, const struct span *s)
{
	say(c, "region%d+%zu len %zu", (int)(s->region - world.region),
	    (s->at - s->region->at) / s->region->page, s->len / s->region->page);
}

/* It costs the guest's memory: one page, not often, none of hugetlb. */
static bool costs_memory(int advice)
{
	return advice == ADV_HWPOISON || advice == ADV_SOFT_OFFLINE;
}

/*
 * MADV_GUARD_INSTALL never ends where a page of a file is marked as
 * write-protected: it zaps until nothing is there, and a zap keeps the mark.
 */
static bool never_ends(int advice, const struct region *r)
{
	return advice == ADV_GUARD_INSTALL && r->protect && r->kind != K_ANON &&
	       r->kind != K_THP;
}

OP(op_madvise)
{
	struct span s;

	if (!pick_span(c, &s) || never_ends(op->var, s.region))
		return OP_SKIPPED;
	if (costs_memory(op->var)) {
		if (s.region->page != PAGE || c->arg[3] % 4)
			return OP_SKIPPED;
		s.len = PAGE;
	}
	if (op->var == ADV_COLLAPSE) {
		s.at = s.region->at;
		s.len = s.region->len;
	}
	say_span(c, &s);
	return result(madvise(s.at, s.len, op->var));
}

OP(op_process_madvise)
{
	pid_t pid = world.shared->actor[0].pid;
	struct iovec iov;
	struct span s;
	int fd, err;

	if (!pick_span(c, &s))
		return OP_SKIPPED;
	if (getpid() == pid && c->arg[3] % 2 && world.shared->newest)
		pid = world.shared->newest;
	fd = syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return -errno;
	say_span(c, &s);
	iov = (struct iovec){ s.at, s.len };
	err = result(syscall(SYS_process_madvise, fd, &iov, 1, op->var, 0));
	close(fd);
	return err;
}
