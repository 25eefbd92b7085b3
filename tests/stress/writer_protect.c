// SPDX-License-Identifier: GPL-2.0
/* Writers that change what ptes permit: cleared, and set again with other bits. */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The area of the next batch */
static char *next_area(struct writer_thread *wt, size_t *len)
{
	struct run *run = wt->run;
	unsigned int first, nr = take_batch(wt, &first);

	*len = nr * run->page_size;
	return run->area + (wt->first + first) * run->page_size;
}

void wp_op(struct writer_thread *wt)
{
	struct uffdio_writeprotect wp = { 0 };
	size_t len;

	wp.range.start = (uintptr_t)next_area(wt, &len);
	wp.range.len = len;
	if (wt->flip)
		wp.mode = UFFDIO_WRITEPROTECT_MODE_WP;
	count(ioctl(wt->run->uffd, UFFDIO_WRITEPROTECT, &wp) ?
	      C_writer_errors : C_wp_changes);
}

void mprotect_op(struct writer_thread *wt)
{
	size_t len;
	char *at = next_area(wt, &len);

	count(mprotect(at, len, wt->flip ? PROT_READ : PROT_READ | PROT_WRITE) ?
	      C_writer_errors : C_protections);
}

uint64_t scan_features(const struct path *path)
{
	return path_wp_features(path) | UFFD_FEATURE_WP_UNPOPULATED |
	       UFFD_FEATURE_WP_HUGETLBFS_SHMEM | UFFD_FEATURE_WP_ASYNC;
}

const char *scan_unsupported(const struct path *path)
{
	struct stress_pm_scan scan = { .size = sizeof(scan) };
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), err = 0;

	(void)path;
	if (fd < 0)
		return "cannot open /proc/self/pagemap";
	if (ioctl(fd, STRESS_PAGEMAP_SCAN, &scan))
		err = errno;
	close(fd);
	return err == ENOTTY ? "no PAGEMAP_SCAN in this kernel" : NULL;
}

/*
 * Asks for present pages, not for written ones: then a pte is rewritten though
 * it is protected already, and nobody has to write in between.
 */
void scan_op(struct writer_thread *wt)
{
	struct stress_page_region regions[64];
	struct stress_pm_scan scan = {
		.size = sizeof(scan),
		.flags = STRESS_PM_SCAN_WP,
		.vec = (uintptr_t)regions,
		.vec_len = sizeof(regions) / sizeof(*regions),
		.category_mask = STRESS_PAGE_IS_PRESENT,
		.return_mask = STRESS_PAGE_IS_PRESENT,
	};
	int *fd = wt->private;
	size_t len;
	long ret;

	if (!fd) {
		fd = wt->private = malloc(sizeof(*fd));
		if (!fd)
			abort();
		*fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	}
	scan.start = (uintptr_t)next_area(wt, &len);
	scan.end = scan.start + len;
	ret = ioctl(*fd, STRESS_PAGEMAP_SCAN, &scan);
	if (ret < 0)
		count(C_writer_errors);
	else if (ret > 0)
		count(C_wp_changes);
}

void scan_end(struct writer_thread *wt)
{
	int *fd = wt->private;

	if (fd)
		close(*fd);
	free(fd);
}
