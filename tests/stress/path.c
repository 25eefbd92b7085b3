// SPDX-License-Identifier: GPL-2.0
/* The paths: what the pages are, how they are mapped, dropped and installed. */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* asm-generic/hugetlb_encode.h: log2 of the size, above the flags */
#define HUGE_FLAG(kb)	((unsigned int)(__builtin_ctz(kb) + 10) << 26)

static int map_area(struct run *run, int fd, int flags)
{
	run->memfd = fd;
	run->area = mmap(NULL, run->len, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (run->area == MAP_FAILED) {
		run->area = NULL;
		return -errno;
	}
	return 0;
}

static int map_memfd(struct run *run, unsigned int memfd_flags, int flags)
{
	int fd = memfd_create("stress", MFD_CLOEXEC | memfd_flags);

	if (fd < 0)
		return -errno;
	run->memfd = fd;
	if (ftruncate(fd, run->len))
		return -errno;
	return map_area(run, fd, flags);
}

/*
 * A memfd rather than MAP_ANONYMOUS, because a hole punched into the file also
 * zaps private mappings of hugetlb: the only way to drop a page before
 * MADV_DONTNEED learnt hugetlb (Linux 5.18).
 */
static int map_hugetlb_private(struct run *run)
{
	return map_memfd(run, MFD_HUGETLB | HUGE_FLAG(run->path->huge_kb),
			 MAP_PRIVATE);
}

static int map_shmem_private(struct run *run)
{
	return map_memfd(run, 0, MAP_PRIVATE);
}

static int map_anon(struct run *run)
{
	int err = map_area(run, -1, MAP_PRIVATE | MAP_ANONYMOUS);

	/* base pages are what this path is about */
	if (!err)
		madvise(run->area, run->len, MADV_NOHUGEPAGE);
	return err;
}

static int drop_page(struct run *run, unsigned int page, unsigned int way)
{
	size_t offset = page * run->page_size;
	int err;

	if (way == DROP_PUNCH)
		err = fallocate(run->memfd,
				FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				offset, run->page_size);
	else
		err = madvise(run->area + offset, run->page_size, MADV_DONTNEED);
	return err ? -errno : 0;
}

/* UFFDIO_COPY of one page; a success wakes who waits for it */
static int install_copy(struct run *run, unsigned int page)
{
	size_t offset = page * run->page_size;
	struct uffdio_copy copy = {
		.dst = (uintptr_t)run->area + offset,
		.src = (uintptr_t)run->source + offset,
		.len = run->page_size,
	};

	return ioctl(run->uffd, UFFDIO_COPY, &copy) ? -errno : 0;
}

const struct path paths[] = {
	{
		.name		= "hugetlb-private-missing",
		.needs		= "2 MiB huge pages",
		.huge_kb	= 2048,
		.default_pages	= 8,
		.reg_mode	= UFFDIO_REGISTER_MODE_MISSING,
		.features	= UFFD_FEATURE_MISSING_HUGETLBFS,
		.wp_features	= UFFD_FEATURE_PAGEFAULT_FLAG_WP |
				  UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
		.drop_ways	= DROP_DONTNEED | DROP_PUNCH,
		.map		= map_hugetlb_private,
		.drop		= drop_page,
		.install	= install_copy,
	},
	{
		/* a hole in the file leaves the private copies alone */
		.name		= "shmem-private-missing",
		.needs		= "nothing",
		.default_pages	= 64,
		.reg_mode	= UFFDIO_REGISTER_MODE_MISSING,
		.features	= UFFD_FEATURE_MISSING_SHMEM,
		.wp_features	= UFFD_FEATURE_PAGEFAULT_FLAG_WP |
				  UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
		.drop_ways	= DROP_DONTNEED,
		.map		= map_shmem_private,
		.drop		= drop_page,
		.install	= install_copy,
	},
	{
		.name		= "anon-missing",
		.needs		= "nothing",
		.default_pages	= 64,
		.reg_mode	= UFFDIO_REGISTER_MODE_MISSING,
		.wp_features	= UFFD_FEATURE_PAGEFAULT_FLAG_WP,
		.drop_ways	= DROP_DONTNEED,
		.map		= map_anon,
		.drop		= drop_page,
		.install	= install_copy,
	},
	{ .name = NULL }
};

const struct path *find_path(const char *name)
{
	const struct path *path;

	for (path = paths; path->name; path++)
		if (!strcmp(path->name, name))
			return path;
	return NULL;
}

size_t path_page_size(const struct path *path)
{
	if (path->huge_kb)
		return (size_t)path->huge_kb << 10;
	return sysconf(_SC_PAGESIZE);
}

const char *path_unsupported(const struct path *path, uint64_t features)
{
	int fd;

	if (path->features & ~features)
		return "no userfaultfd for this kind of memory in this kernel";
	if (path->huge_kb) {
		fd = memfd_create("stress", MFD_CLOEXEC | MFD_HUGETLB |
				  HUGE_FLAG(path->huge_kb));
		if (fd < 0)
			return "no huge pages of this size in this kernel";
		close(fd);
	}
	return NULL;
}
