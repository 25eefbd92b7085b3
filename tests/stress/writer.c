// SPDX-License-Identifier: GPL-2.0
/*
 * The table of writers: each changes ptes under the page-table lock, so that
 * for a moment they read none though the page is there all along.  They never
 * sleep: every operation less is a window less.
 */
#define _GNU_SOURCE
#include "stress.h"

#include <stdlib.h>
#include <string.h>

const struct writer writers[] = {
	{
		.name		= "migrate",
		.what		= "move_pages(2) between two nodes",
		.moves		= true,
		.nodes		= 2,
		.batch		= 1,		/* the kernel drains LRU lists before it */
		.base_batch	= 64,
		.proof		= C_migrate_tried,
		.unsupported	= migrate_unsupported,
		.op		= migrate_op,
	},
	{
		.name		= "migrate-pinned",
		.what		= "move_pages(2) of pages that cannot move",
		.moves		= true,
		.nodes		= 2,
		.batch		= 1,
		.base_batch	= 64,
		.proof		= C_migrate_calls,
		.unsupported	= pinned_unsupported,
		.op		= pinned_op,
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
		.base_pages	= 512,
		.readers	= 1,
		.proof		= C_wp_changes,
		.features	= path_wp_features,
		.op		= wp_op,
	},
	{
		.name		= "pagemap-wp",
		.what		= "PAGEMAP_SCAN with PM_SCAN_WP_MATCHING",
		.reg_mode	= UFFDIO_REGISTER_MODE_WP,
		.pages		= 64,
		.base_pages	= 512,
		.readers	= 1,
		.proof		= C_wp_changes,
		.features	= scan_features,
		.unsupported	= scan_unsupported,
		.op		= scan_op,
		.end		= scan_end,
	},
	{
		/* under the mmap lock for writing, so no fault sees its windows */
		.name		= "mprotect",
		.what		= "mprotect(2), read only and back",
		.pages		= 64,
		.base_pages	= 512,
		.proof		= C_protections,
		.op		= mprotect_op,
	},
	{
		.name		= "cold",
		.what		= "madvise(MADV_COLD)",
		.pages		= 64,
		.base_pages	= 512,
		.readers	= 1,
		.proof		= C_protections,
		.unsupported	= cold_unsupported,
		.no_truth	= cold_no_truth,
		.op		= cold_op,
	},
	{
		.name		= "compact",
		.what		= "/proc/sys/vm/compact_memory",
		.moves		= true,
		.base_pages	= 8192,
		.readers	= 1,
		.proof		= C_compactions,
		.unsupported	= compact_unsupported,
		.op		= compact_op,
		.end		= compact_end,
	},
	{
		.name		= "soft-offline",
		.what		= "madvise(MADV_SOFT_OFFLINE), a few pages",
		.moves		= true,
		.batch		= 1,
		.proof		= C_offline_calls,
		.unsupported	= offline_unsupported,
		.no_truth	= offline_no_truth,
		.op		= offline_op,
	},
	{
		.name		= "pageout",
		.what		= "madvise(MADV_PAGEOUT), to swap",
		.proof		= C_swapped_out,
		.unsupported	= pageout_unsupported,
		.no_truth	= pageout_no_truth,
		.op		= pageout_op,
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

uint64_t writer_features(const struct writer *writer, const struct path *path)
{
	return writer->features ? writer->features(path) : 0;
}

const char *writer_unsupported(const struct writer *writer,
			       const struct path *path, uint64_t features)
{
	uint64_t lacks = writer_features(writer, path) & ~features;

	if (lacks & UFFD_FEATURE_PAGEFAULT_FLAG_WP)
		return "no userfaultfd write protection in this kernel (UFFD_FEATURE_PAGEFAULT_FLAG_WP)";
	if (lacks & UFFD_FEATURE_WP_HUGETLBFS_SHMEM)
		return "no userfaultfd write protection of hugetlb and shmem in this kernel (UFFD_FEATURE_WP_HUGETLBFS_SHMEM)";
	if (lacks)
		return "no asynchronous write protection in this kernel (UFFD_FEATURE_WP_ASYNC)";
	return writer->unsupported ? writer->unsupported(path) : NULL;
}

/* The next pages this writer works on, all of them before any one again */
unsigned int take_batch(struct writer_thread *wt, unsigned int *first)
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
	if (run->writer->end)
		run->writer->end(wt);
	free(wt->where);
	return NULL;
}
