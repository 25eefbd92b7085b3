// SPDX-License-Identifier: GPL-2.0
/* The table of paths: what the pages are, and which events they may raise. */
#define _GNU_SOURCE
#include "stress.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define MISSING		UFFDIO_REGISTER_MODE_MISSING
#define MINOR		UFFDIO_REGISTER_MODE_MINOR
#define ANY_WAY		(DROP_DONTNEED | DROP_PUNCH)

#define M2		2048
#define G1		1048576

/*
 * MADV_DONTNEED on what is shared leaves the page in the page cache: no event
 * if MISSING is all that is registered, a MINOR one otherwise.  A hole in a range
 * that is registered MINOR only would be filled by the kernel, with zeroes.  A hole
 * in the file leaves private copies of shmem alone, not those of hugetlb.
 */
const struct path paths[] = {
	{ "hugetlb-private-missing",   HUGETLB, 0, M2, 8, MISSING, ANY_WAY },
	{ "hugetlb-shared-missing",    HUGETLB, PATH_SHARED, M2, 8, MISSING, ANY_WAY },
	{ "hugetlb-shared-minor",      HUGETLB, PATH_SHARED | PATH_CACHED, M2, 8,
	  MINOR, DROP_DONTNEED },
	{ "hugetlb-shared-both",       HUGETLB, PATH_SHARED | PATH_CACHED, M2, 8,
	  MISSING | MINOR, ANY_WAY },
	{ "hugetlb1g-private-missing", HUGETLB, 0, G1, 1, MISSING, ANY_WAY },
	{ "hugetlb1g-shared-missing",  HUGETLB, PATH_SHARED, G1, 1, MISSING, ANY_WAY },
	{ "hugetlb1g-shared-minor",    HUGETLB, PATH_SHARED | PATH_CACHED, G1, 1,
	  MINOR, DROP_DONTNEED },
	{ "shmem-private-missing",     SHMEM, 0, 0, 64, MISSING, DROP_DONTNEED },
	{ "shmem-shared-missing",      SHMEM, PATH_SHARED, 0, 64, MISSING, ANY_WAY },
	{ "shmem-shared-minor",        SHMEM, PATH_SHARED | PATH_CACHED, 0, 64,
	  MINOR, DROP_DONTNEED },
	{ "shmem-shared-both",         SHMEM, PATH_SHARED | PATH_CACHED, 0, 64,
	  MISSING | MINOR, ANY_WAY },
	{ "shmem-private-minor",       SHMEM, PATH_CACHED, 0, 64, MINOR, DROP_DONTNEED },
	{ "shmem-thp-missing",         SHMEM, PATH_SHARED | PATH_CACHED | PATH_THP |
	  PATH_TOUCHED, 0, 8, MISSING, ANY_WAY },
	{ "shmem-thp-minor",           SHMEM, PATH_SHARED | PATH_CACHED | PATH_THP, 0, 8,
	  MINOR, DROP_DONTNEED },
	{ "anon-missing",              ANON, 0, 0, 64, MISSING, DROP_DONTNEED },
	{ "anon-thp-missing",          ANON, PATH_THP | PATH_TOUCHED, 0, 8, MISSING,
	  DROP_DONTNEED },
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
	if (path->flags & PATH_THP)
		return 2UL << 20;
	return sysconf(_SC_PAGESIZE);
}

/* What a machine of a test has room for */
unsigned int path_max_pages(const struct path *path)
{
	if (path->huge_kb == G1)
		return 16;
	if (path->huge_kb || path->flags & PATH_THP)
		return 4096;
	return MAX_PAGES;
}

uint64_t path_features(const struct path *path)
{
	uint64_t features = 0;

	if (path->backing == ANON)
		return 0;
	if (path->reg_mode & MISSING)
		features |= path->backing == HUGETLB ?
			UFFD_FEATURE_MISSING_HUGETLBFS : UFFD_FEATURE_MISSING_SHMEM;
	if (path->reg_mode & MINOR)
		features |= path->backing == HUGETLB ?
			UFFD_FEATURE_MINOR_HUGETLBFS : UFFD_FEATURE_MINOR_SHMEM;
	return features;
}

uint64_t path_wp_features(const struct path *path)
{
	uint64_t features = UFFD_FEATURE_PAGEFAULT_FLAG_WP;

	if (path->backing != ANON)
		features |= UFFD_FEATURE_WP_HUGETLBFS_SHMEM;
	return features;
}

/*
 * UFFDIO_COPY took the entry of a huge page on the move for a page table, until
 * 71c186efc1b2 ("userfaultfd: fix checks for huge PMDs"), v6.11 and stable
 * kernels.  5.10.262 has been seen to crash, with and without the module.
 */
const char *legal_unsupported(const struct path *path, const struct writer *writer)
{
	unsigned int major, minor;
	struct utsname uts;

	if (!(path->flags & PATH_THP) || !writer->moves || uname(&uts) ||
	    sscanf(uts.release, "%u.%u", &major, &minor) != 2 ||
	    major > 5 || minor > 10)
		return NULL;
	return "UFFDIO_COPY where a huge page moves may crash this kernel";
}

const char *path_unsupported(const struct path *path, uint64_t features)
{
	uint64_t lacks = path_features(path) & ~features;

	if (lacks & UFFD_FEATURE_MINOR_HUGETLBFS)
		return "no MINOR events on hugetlb in this kernel (UFFD_FEATURE_MINOR_HUGETLBFS)";
	if (lacks & UFFD_FEATURE_MINOR_SHMEM)
		return "no MINOR events on shmem in this kernel (UFFD_FEATURE_MINOR_SHMEM)";
	if (lacks)
		return "no userfaultfd for this kind of memory in this kernel";
	return map_unsupported(path);
}
