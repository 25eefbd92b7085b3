// SPDX-License-Identifier: GPL-2.0
/*
 * The writers: each changes ptes under the page-table lock, so that for a
 * moment they read none though the page is there all along.  They never sleep:
 * every operation less is a window less.
 */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MPOL_MF_MOVE	(1 << 1)	/* linux/mempolicy.h */

static const char *migrate_unsupported(const struct path *path, uint64_t features)
{
	(void)path, (void)features;
	/* no page at all: only tells whether the system call exists */
	if (syscall(SYS_move_pages, 0, 0UL, NULL, NULL, NULL, MPOL_MF_MOVE) &&
	    errno == ENOSYS)
		return "no move_pages(2) in this kernel";
	return NULL;
}

static const char *wp_unsupported(const struct path *path, uint64_t features)
{
	if (path->wp_features & ~features)
		return path->features ?
			"no userfaultfd write protection for this kind of memory in this kernel (hugetlb, shmem: Linux 5.19)" :
			"no userfaultfd write protection in this kernel";
	return NULL;
}

/* The next pages this writer works on, all of them before any one again */
static unsigned int take_batch(struct writer_thread *wt, unsigned int *first)
{
	unsigned int nr = wt->run->opt->batch;

	if (wt->next >= wt->nr) {
		wt->next = 0;
		wt->flip = !wt->flip;
	}
	if (!nr || nr > wt->nr - wt->next)
		nr = wt->nr - wt->next;
	*first = wt->next;
	wt->next += nr;
	return nr;
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
		if (status != wt->run->node[wt->flip])
			count(C_migrate_other);
		else if (wt->where[page] != wt->flip)
			count(C_migrated_pages);
		if (status == wt->run->node[0] || status == wt->run->node[1])
			wt->where[page] = status == wt->run->node[1];
	}
}

static void migrate_op(struct writer_thread *wt)
{
	struct run *run = wt->run;
	void *addr[64];
	int node[64], status[64];
	unsigned int first, nr, i;
	long ret;

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
	for (i = 0; i < nr; i++)
		account_migrated(wt, first + i, status[i]);
}

static void wp_op(struct writer_thread *wt)
{
	struct run *run = wt->run;
	struct uffdio_writeprotect wp = { 0 };
	unsigned int first, nr;

	nr = take_batch(wt, &first);
	wp.range.start = (uintptr_t)run->area +
			 (wt->first + first) * run->page_size;
	wp.range.len = nr * run->page_size;
	if (wt->flip)
		wp.mode = UFFDIO_WRITEPROTECT_MODE_WP;
	count(ioctl(run->uffd, UFFDIO_WRITEPROTECT, &wp) ?
	      C_writer_errors : C_wp_changes);
}

const struct writer writers[] = {
	{
		.name		= "migrate",
		.what		= "move_pages(2) between two nodes",
		.nodes		= 2,
		.batch		= 1,
		.proof		= C_migrated_pages,
		.unsupported	= migrate_unsupported,
		.op		= migrate_op,
	},
	{
		.name		= "wp",
		.what		= "UFFDIO_WRITEPROTECT, on and off",
		.reg_mode	= UFFDIO_REGISTER_MODE_WP,
		/*
		 * Its window is a few instructions a page: many pages, and few
		 * CPUs whose TLB it has to wait for.
		 */
		.pages		= 64,
		.readers	= 1,
		.proof		= C_wp_changes,
		.unsupported	= wp_unsupported,
		.op		= wp_op,
	},
	{
		.name		= "none",
		.what		= "no writer",
	},
	{ .name = NULL }
};

const struct writer *find_writer(const char *name)
{
	const struct writer *writer;

	for (writer = writers; writer->name; writer++)
		if (!strcmp(writer->name, name))
			return writer;
	return NULL;
}

void *writer_thread(void *arg)
{
	struct writer_thread *wt = arg;
	struct run *run = wt->run;
	unsigned long long ops = 0;

	wt->where = calloc(wt->nr, sizeof(*wt->where));
	if (!wt->where)
		abort();
	wt->next = wt->nr;	/* a first pass begins */
	while (!atomic_load_explicit(&run->stop_writers, memory_order_relaxed)) {
		atomic_fetch_add(&run->ops_begun, 1);
		run->writer->op(wt);
		ops++;
	}
	count_add(C_writer_ops, ops);
	free(wt->where);
	return NULL;
}
