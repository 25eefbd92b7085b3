// SPDX-License-Identifier: GPL-2.0
/* Writers of memory reclaim: it ages ptes, and takes them away. */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static int advise_next(struct writer_thread *wt, int advice)
{
	struct run *run = wt->run;
	unsigned int first, nr = take_batch(wt, &first);

	return madvise(run->area + (wt->first + first) * run->page_size,
		       nr * run->page_size, advice);
}

static bool knows(int advice)
{
	return !madvise(NULL, 0, advice);
}

/* Old kernels clear a pte and set it again, without the bit that says young */
const char *cold_unsupported(const struct path *path)
{
	if (path->backing == HUGETLB)
		return "MADV_COLD does not take hugetlb";
	return knows(MADV_COLD) ? NULL : "no MADV_COLD in this kernel";
}

const char *cold_no_truth(const struct path *path)
{
	if (path->flags & PATH_THP && path->reg_mode & UFFDIO_REGISTER_MODE_MINOR)
		return "may split a huge page of the page cache, and so unmap it: MINOR is right then";
	return NULL;
}

void cold_op(struct writer_thread *wt)
{
	count(advise_next(wt, MADV_COLD) ? C_writer_errors : C_protections);
}

/* A headline, then a line each */
static bool has_swap(void)
{
	FILE *file = fopen("/proc/swaps", "re");
	unsigned int lines = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		lines++;
	if (file)
		fclose(file);
	return lines > 1;
}

const char *pageout_unsupported(const struct path *path)
{
	if (path->backing == HUGETLB)
		return "hugetlb pages are not reclaimed";
	if (!knows(MADV_PAGEOUT))
		return "no MADV_PAGEOUT in this kernel";
	if (!has_swap())
		return "no swap space here: swapon some";
	return NULL;
}

/* A pte of the page cache is simply cleared, that of a private page is not */
const char *pageout_no_truth(const struct path *path)
{
	if (path->backing == SHMEM && path->reg_mode & UFFDIO_REGISTER_MODE_MINOR)
		return "reclaim may unmap pages of the page cache: MINOR is right then";
	return NULL;
}

void pageout_op(struct writer_thread *wt)
{
	unsigned long long before = vmstat("pswpout");

	count(advise_next(wt, MADV_PAGEOUT) ? C_writer_errors : C_pageouts);
	count_add(C_swapped_out, vmstat("pswpout") - before);
}
