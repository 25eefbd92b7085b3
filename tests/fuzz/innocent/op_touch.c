// SPDX-License-Identifier: GPL-2.0
/* Faults of every kind: by user space, by the kernel, by others. */
#define _GNU_SOURCE
#include "innocent.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define DISK	"/dev/ram0"	/* the guest's swap: read only */

/* Seven of eight go where an event is likely: watched, and nothing mapped */
static void aim(struct span *s, uint32_t arg)
{
	struct region *r = s->region;
	size_t pages = r->len / r->page < 16 ? r->len / r->page : 16, i, page;

	for (i = 0; i < NR_REGIONS && !(r->at && r->watched); i++)
		r = &world.region[(arg + i) % NR_REGIONS];
	if (!r->at || !r->watched)
		return;
	if (r != s->region) {
		*s = (struct span){ r, r->at, r->page };
		pages = r->len / r->page < 16 ? r->len / r->page : 16;
	}
	page = (s->at - r->at) / r->page;
	for (i = 0; i < pages; i++) {
		s->at = r->at + (page + i) % pages * r->page;
		if (!is_mapped(getpid(), (uintptr_t)s->at))
			return;
	}
}

/* One page, and a place in it that is not its beginning */
static bool pick_byte(const struct call *c, struct span *s)
{
	if (!pick_span(c, s))
		return false;
	if (c->arg[2] % 8 > 1 && c->arg[3] % 8)
		aim(s, c->arg[3]);
	say(c, "region%d+%zu", (int)(s->region - world.region),
	    (s->at - s->region->at) / s->region->page);
	s->at += c->arg[3] * 4 % s->region->page;
	return true;
}

static void load(void *at)
{
	(void)*(volatile char *)at;
}

static void store(void *at)
{
	*(volatile char *)at = 1;
}

OP(op_touch)
{
	struct span s;

	if (!pick_byte(c, &s))
		return OP_SKIPPED;
	return guarded(op->var ? store : load, s.at) ? 0 : -EFAULT;
}

/* The kernel copies from it, or to it. */
OP(op_user)
{
	int fd[2], err;
	struct span s;

	if (!pick_byte(c, &s))
		return OP_SKIPPED;
	if (op->var) {
		fd[0] = open("/dev/zero", O_RDONLY | O_CLOEXEC);
		err = result(read(fd[0], s.at, 1));
		close(fd[0]);
		return err;
	}
	if (pipe2(fd, O_CLOEXEC))
		return -errno;
	err = result(write(fd[1], s.at, 1));
	close(fd[0]);
	close(fd[1]);
	return err;
}

static int splice_page(char *at)
{
	struct iovec iov = { at, 1 };
	int fd[2], err;

	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	err = result(vmsplice(fd[1], &iov, 1, 0));
	close(fd[0]);
	close(fd[1]);
	return err;
}

static int read_disk(char *at)
{
	int fd = open(DISK, O_RDONLY | O_DIRECT | O_CLOEXEC), err;

	if (fd < 0)
		return OP_SKIPPED;
	err = result(pread(fd, (char *)((uintptr_t)at & -PAGE), PAGE, 0));
	close(fd);
	return err;
}

/* The kernel takes the page itself: get_user_pages() */
OP(op_kernel)
{
	struct span s;

	if (!pick_byte(c, &s))
		return OP_SKIPPED;
	switch (op->var) {
	case 0:
		return splice_page(s.at);
	case 1:
		return read_disk(s.at);
	default:
		return result(syscall(SYS_futex, (uintptr_t)s.at & -4UL, FUTEX_WAKE, 1,
				      NULL, NULL, 0));
	}
}

/* Whose memory? Our own, our parent's, or that of the newest child */
static pid_t draw_pid(uint32_t arg)
{
	if (arg % 2 == 0)
		return getpid();
	if (getpid() != world.shared->actor[0].pid)
		return world.shared->actor[0].pid;
	return world.shared->newest ?: getpid();
}

static int through_file(pid_t pid, char *at, bool write)
{
	char path[40], byte = 2;
	int fd, err;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = result(write ? pwrite(fd, &byte, 1, (off_t)(uintptr_t)at) :
		     pread(fd, &byte, 1, (off_t)(uintptr_t)at));
	close(fd);
	return err;
}

/* Another process's memory, or our own from the outside */
OP(op_remote)
{
	pid_t pid = draw_pid(c->arg[3]);
	char byte = 2;
	struct iovec here = { &byte, 1 }, there = { NULL, 1 };
	struct span s;

	if (!pick_byte(c, &s))
		return OP_SKIPPED;
	there.iov_base = s.at;
	switch (op->var) {
	case 0:
		return result(process_vm_readv(pid, &here, 1, &there, 1, 0));
	case 1:
		return result(process_vm_writev(pid, &here, 1, &there, 1, 0));
	default:
		return through_file(pid, s.at, op->var == 3);
	}
}

OP(op_lock)
{
	struct span s;

	if (!pick_span(c, &s))
		return OP_SKIPPED;
	say(c, "region%d+%zu len %zu", (int)(s.region - world.region),
	    (s.at - s.region->at) / s.region->page, s.len / s.region->page);
	switch (op->var) {
	case 0:
		return result(mlock(s.at, s.len));
	case 1:
		return result(syscall(SYS_mlock2, s.at, s.len, 1));
	default:
		return result(munlock(s.at, s.len));
	}
}
