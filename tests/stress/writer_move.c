// SPDX-License-Identifier: GPL-2.0
/*
 * Writers that move pages: a pte is cleared, becomes a migration entry, and
 * after the copy a pte again.  It is none for a moment, and never in between.
 */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MPOL_MF_MOVE	(1 << 1)	/* linux/mempolicy.h */

const char *migrate_unsupported(const struct path *path)
{
	(void)path;
	/* no page at all: only tells whether the system call exists */
	if (syscall(SYS_move_pages, 0, 0UL, NULL, NULL, NULL, MPOL_MF_MOVE) &&
	    errno == ENOSYS)
		return "no move_pages(2) in this kernel";
	return NULL;
}

/* Where the pages are to begin with: what is there already has not moved */
static void locate_pages(struct writer_thread *wt)
{
	struct run *run = wt->run;
	void *addr;
	unsigned int i;
	int status;

	for (i = 0; i < wt->nr; i++) {
		addr = run->area + (wt->first + i) * run->page_size;
		status = -1;
		syscall(SYS_move_pages, 0, 1UL, &addr, NULL, &status, 0);
		wt->where[i] = status == run->node[0] ? 0 :
			       status == run->node[1] ? 1 : -1;
	}
}

static void account_migrated(struct writer_thread *wt, unsigned int page,
			     int status)
{
	switch (status) {
	case -EBUSY:
		count(C_migrate_busy);
		break;
	case -ENOMEM:
		count(C_migrate_nomem);
		break;
	case -ENOENT:
	case -EFAULT:
		count(C_migrate_absent);	/* dropped at the moment */
		break;
	default:
		if (status == -EAGAIN || (status == wt->run->node[wt->flip] &&
					  wt->where[page] == !wt->flip))
			count(C_migrate_tried);
		if (status != wt->run->node[wt->flip]) {
			count(status == -EAGAIN ? C_migrate_again : C_migrate_other);
			if (status < 0)
				atomic_store(&counts[C_migrate_errno], -status);
		} else if (wt->where[page] == !wt->flip) {
			count(C_migrated_pages);
		}
		if (status == wt->run->node[0] || status == wt->run->node[1])
			wt->where[page] = status == wt->run->node[1];
	}
}

void migrate_op(struct writer_thread *wt)
{
	struct run *run = wt->run;
	void *addr[64];
	int node[64], status[64];
	unsigned int first, nr, i;
	long ret;

	if (!wt->located) {
		locate_pages(wt);
		wt->located = true;
		wt->flip = wt->where[0] == 1;	/* changes with the first pass */
	}
	/* a larger batch is a larger call for nothing: this is plenty */
	nr = take_batch(wt, &first);
	if (nr > 64) {
		wt->next -= nr - 64;
		nr = 64;
	}
	for (i = 0; i < nr; i++) {
		addr[i] = run->area +
			  (wt->first + first + i) * run->page_size;
		node[i] = run->node[wt->flip];
		status[i] = -EAGAIN;	/* not every failure stores one */
	}
	ret = syscall(SYS_move_pages, 0, (unsigned long)nr, addr, node, status,
		      MPOL_MF_MOVE);
	if (ret < 0 && errno != ENOENT)
		count(C_writer_errors);
	count(C_migrate_calls);
	for (i = 0; i < nr; i++)
		account_migrated(wt, first + i, status[i]);
}

/*
 * A pipe that holds a reference to each page, so that it cannot be moved.  The
 * kernel finds that out late: it has cleared the pte by then, and puts it back.  It
 * tries often, at last without batching TLB flushes: these lie in the window then.
 */
const char *pinned_unsupported(const struct path *path)
{
	if (path->huge_kb > 2048)
		return "a failed move of 1 GiB is that of a smaller page, but slow";
	return migrate_unsupported(path);
}

/* A page that is dropped is not pinned: it would stay, and nobody would own it */
static int pin_pages(struct writer_thread *wt)
{
	struct run *run = wt->run;
	unsigned int i;
	int fd[2];

	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	fcntl(fd[1], F_SETPIPE_SZ, wt->nr * sysconf(_SC_PAGESIZE));
	for (i = 0; i < wt->nr; i++) {
		unsigned int page = wt->first + i;
		struct iovec one = {
			.iov_base = run->area + page * run->page_size,
			.iov_len = 1,
		};

		if (!page_is_dropped(run, page) && vmsplice(fd[1], &one, 1, 0) != 1)
			return -errno;
	}
	return 0;	/* the pipe stays until the process ends */
}

void pinned_op(struct writer_thread *wt)
{
	if (!wt->private) {
		wt->private = wt;
		if (pin_pages(wt))
			count(C_writer_errors);
	}
	migrate_op(wt);
}

/*
 * Compaction moves pages from the low end of a zone into free ones at the high
 * end.  Who is there stays there: so memory that is freed in between, and taken by
 * nobody, gives it little more to do, and the first operation is the one that counts.
 */
#define COMPACT		"/proc/sys/vm/compact_memory"

struct compact {
	int		control;
	int		pagemap;
	uint64_t	*frames;	/* of our pages, as they were last */
};

const char *compact_unsupported(const struct path *path)
{
	if (path->backing == HUGETLB)
		return "compaction leaves hugetlb pages alone";
	if (access(COMPACT, W_OK))
		return "cannot write " COMPACT " (CONFIG_COMPACTION, and root)";
	return NULL;
}

static void look_for_moves(struct writer_thread *wt, struct compact *c)
{
	const uint64_t present = 1ULL << 63, frame = (1ULL << 55) - 1;
	size_t small = sysconf(_SC_PAGESIZE);
	struct run *run = wt->run;
	uint64_t entry;
	unsigned int i;

	for (i = 0; i < wt->nr; i++) {
		uintptr_t at = (uintptr_t)run->area +
			       (wt->first + i) * run->page_size;

		if (pread(c->pagemap, &entry, sizeof(entry),
			  at / small * sizeof(entry)) != sizeof(entry) ||
		    !(entry & present) || !(entry & frame))
			continue;
		if (c->frames[i] && c->frames[i] != (entry & frame))
			count(C_moved_pages);
		c->frames[i] = entry & frame;
	}
}

static struct compact *compact_begin(struct writer_thread *wt)
{
	struct compact *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	c->frames = calloc(wt->nr, sizeof(*c->frames));
	if (!c->frames)
		abort();
	c->control = open(COMPACT, O_WRONLY | O_CLOEXEC);
	c->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	look_for_moves(wt, c);
	wt->private = c;
	return c;
}

void compact_op(struct writer_thread *wt)
{
	struct compact *c = wt->private ?: compact_begin(wt);

	if (write(c->control, "1", 1) == 1)
		count(C_compactions);
	else
		count(C_writer_errors);
	look_for_moves(wt, c);
}

void compact_end(struct writer_thread *wt)
{
	struct compact *c = wt->private;

	if (!c)
		return;
	close(c->control);
	close(c->pagemap);
	free(c->frames);
	free(c);
}

/*
 * Every page taken off line is lost until the next boot, so a handful, spread
 * over the time.  A mapped page is moved, never dropped: only clean pages that
 * nobody maps may be.
 */
#define MAX_OFFLINE	64
#define MAX_HUGE_OFFLINE 3

const char *offline_unsupported(const struct path *path)
{
	if (path->huge_kb > 2048)
		return "would take 1 GiB of memory away until the next boot";
	if (geteuid() ||
	    access("/proc/sys/vm/memory_failure_recovery", F_OK))
		return "no soft offlining (CONFIG_MEMORY_FAILURE, and root)";
	return NULL;
}

/* To take one page off line, a huge one is split */
const char *offline_no_truth(const struct path *path)
{
	if (path->flags & PATH_THP && path->reg_mode & UFFDIO_REGISTER_MODE_MINOR)
		return "a huge page of the page cache is unmapped to be split: MINOR is right then";
	return NULL;
}

void offline_op(struct writer_thread *wt)
{
	struct run *run = wt->run;
	bool huge = run->page_size > (size_t)sysconf(_SC_PAGESIZE);
	unsigned int most = huge ? MAX_HUGE_OFFLINE : MAX_OFFLINE, first;

	if (counted(C_offlined_pages) + counted(C_offline_errors) >= most) {
		usleep(10000);
		return;
	}
	take_batch(wt, &first);
	count(C_offline_calls);
	if (!madvise(run->area + (wt->first + first) * run->page_size,
		     sysconf(_SC_PAGESIZE), MADV_SOFT_OFFLINE)) {
		count(C_offlined_pages);
	} else {
		count(C_offline_errors);
		count(errno == EBUSY ? C_offline_busy : C_offline_other);
	}
	usleep(run->opt->seconds * 1e6 / 2 / most);
}
