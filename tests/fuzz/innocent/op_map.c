// SPDX-License-Identifier: GPL-2.0
/* Mappings that go, move, change; pages that migrate; what the host does. */
#define _GNU_SOURCE
#include "innocent.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static void say_span(const struct call *c, const struct span *s)
{
	say(c, "region%d+%zu len %zu", (int)(s->region - world.region),
	    (s->at - s->region->at) / s->region->page, s->len / s->region->page);
}

/* The file's pages go with its last mapping, or stay in the page cache. */
OP(op_munmap)
{
	struct span s;
	int err;

	(void)op;
	if (!pick_span(c, &s))
		return OP_SKIPPED;
	say_span(c, &s);
	if (s.at == s.region->at && s.len == s.region->len)
		s.region->at = NULL;
	err = result(munmap(s.at, s.len));
	if (s.region->at)
		return err;
	if (s.region->fd >= 0)
		close(s.region->fd);
	if (s.region->alias)
		munmap(s.region->alias, s.region->len);
	return err;
}

OP(op_mmap_over)
{
	struct span s;

	(void)op;
	if (!pick_span(c, &s))
		return OP_SKIPPED;
	say(c, "region%d", (int)(s.region - world.region));
	s.region->watched = false;
	s.region->protect = false;
	return map_region(s.region, s.region->at) ? 0 : -errno;
}

static int remap(char *from, size_t old_len, size_t new_len, int flags, char *to)
{
	return result(mremap(from, old_len, new_len, flags, to) == MAP_FAILED ? -1 : 0);
}

/* All of it moves; the old place is gone, or stays as an empty mapping. */
static int move_all(struct region *r, bool stay)
{
	char *to = reserve(r->len), *from = r->at;
	int err;

	if (!to)
		return -ENOMEM;
	err = remap(from, r->len, r->len,
		    MREMAP_MAYMOVE | MREMAP_FIXED | (stay ? MREMAP_DONTUNMAP : 0), to);
	if (err)
		munmap(to, r->len);
	else
		r->at = to;
	return err;
}

static int resize(struct region *r)
{
	size_t half = r->page > PAGE ? r->page : r->len / 2;

	r->watched = false;
	return remap(r->at, r->len, half, 0, NULL) ?: remap(r->at, half, r->len, 0, NULL);
}

/* A second mapping of the same shared pages, and away with it */
static int copy_mapping(struct region *r)
{
	char *p = mremap(r->at, 0, r->len, MREMAP_MAYMOVE);

	return p == MAP_FAILED ? -errno : result(munmap(p, r->len));
}

/* Some pages go elsewhere and come back. */
static int there_and_back(const struct span *s)
{
	char *to = reserve(s->len);
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED, err;

	if (!to)
		return -ENOMEM;
	err = remap(s->at, s->len, s->len, flags, to);
	if (err) {
		munmap(to, s->len);
		return err;
	}
	return remap(to, s->len, s->len, flags, s->at);
}

OP(op_mremap)
{
	struct span s;

	if (!pick_span(c, &s))
		return OP_SKIPPED;
	say_span(c, &s);
	switch (op->var) {
	case 0:
	case 1:
		return move_all(s.region, op->var);
	case 2:
		return resize(s.region);
	case 3:
		return copy_mapping(s.region);
	default:
		return there_and_back(&s);
	}
}

OP(op_mprotect)
{
	struct span s;

	if (!pick_span(c, &s))
		return OP_SKIPPED;
	say_span(c, &s);
	return result(mprotect(s.at, s.len, op->var));
}

#define MPOL_BIND	2
#define MPOL_MF_MOVE	2

OP(op_migrate)
{
	unsigned long nodes = 1UL << (c->arg[3] % 2);
	int node = c->arg[3] % 2, status;
	struct span s;
	void *page;

	if (!pick_span(c, &s))
		return OP_SKIPPED;
	say_span(c, &s);
	if (op->var)
		return result(syscall(SYS_mbind, s.at, s.len, MPOL_BIND, &nodes, 8,
				      MPOL_MF_MOVE));
	page = s.at;
	return result(syscall(SYS_move_pages, 0, 1UL, &page, &node, &status,
			      MPOL_MF_MOVE));
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = result(write(fd, text, strlen(text)));
	close(fd);
	return err;
}

/* What the kernel does by itself, done now, while nobody faults */
OP(op_host)
{
	int err;

	say(c, " ");
	switch (op->var) {
	case 0:
		return c->arg[0] % 8 ? OP_SKIPPED :	/* takes long */
			write_file("/proc/sys/vm/compact_memory", "1");
	case 1:
		return c->arg[0] % 4 ? OP_SKIPPED :
			write_file("/proc/sys/vm/drop_caches", "3");
	default:
		err = write_file("/sys/kernel/mm/ksm/run", "1");
		usleep(30000);
		return err ?: write_file("/sys/kernel/mm/ksm/run", "0");
	}
}
