// SPDX-License-Identifier: GPL-2.0
/* How pages are mapped, filled, dropped and installed. */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* asm-generic/hugetlb_encode.h: log2 of the size, above the flags */
#define HUGE_FLAG(kb)	((unsigned int)(__builtin_ctz(kb) + 10) << 26)

#define THP_DIR		"/sys/kernel/mm/transparent_hugepage/"

/* linux/mount.h of Linux 5.2, and the numbers that all architectures share */
#define NR_fsopen	430
#define NR_fsconfig	431
#define NR_fsmount	432
#define CONFIG_STRING	1
#define CONFIG_CREATE	6

const char *map_problem;

/* A file on a tmpfs of huge pages that is mounted nowhere, so nothing to undo */
static int open_huge_tmpfs(void)
{
	int fs, mnt, fd = -1, err = 0;

	fs = syscall(NR_fsopen, "tmpfs", 1);
	if (fs < 0)
		return -errno;
	if (syscall(NR_fsconfig, fs, CONFIG_STRING, "huge", "always", 0) ||
	    syscall(NR_fsconfig, fs, CONFIG_CREATE, NULL, NULL, 0)) {
		err = -errno;
	} else {
		mnt = syscall(NR_fsmount, fs, 1, 0);
		if (mnt >= 0)
			fd = openat(mnt, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		if (fd < 0)
			err = -errno;
		if (mnt >= 0)
			close(mnt);
	}
	close(fs);
	return err ?: fd;
}

static int open_backing(const struct path *path)
{
	unsigned int flags = MFD_CLOEXEC;
	int fd;

	if (path->backing == SHMEM && path->flags & PATH_THP)
		return open_huge_tmpfs();
	if (path->backing == HUGETLB)
		flags |= MFD_HUGETLB | HUGE_FLAG(path->huge_kb);
	fd = memfd_create("stress", flags);
	return fd < 0 ? -errno : fd;
}

const char *map_unsupported(const struct path *path)
{
	char text[64];
	int fd;

	if (path->backing == ANON) {
		if (path->flags & PATH_THP &&
		    (!read_text(THP_DIR "enabled", text, sizeof(text)) ||
		     strstr(text, "[never]")))
			return "no transparent huge pages (" THP_DIR "enabled)";
		return NULL;
	}
	fd = open_backing(path);
	if (fd >= 0) {
		close(fd);
		return NULL;
	}
	if (path->backing == HUGETLB)
		return "no huge pages of this size in this kernel or CPU";
	if (fd == -EPERM)
		return "needs the right to mount a tmpfs of huge pages";
	return "no tmpfs of huge pages in this kernel";
}

/*
 * Aligned, so that a huge page fits, and alone: what lies beside belongs to
 * nobody, and no VMA merges with it.
 */
static char *reserve(size_t len, size_t align)
{
	char *at = mmap(NULL, len + 2 * align, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	return (char *)(((uintptr_t)at + 2 * align - 1) & ~(align - 1));
}

int map_area(struct run *run)
{
	const struct path *path = run->path;
	int flags = path->flags & PATH_SHARED ? MAP_SHARED : MAP_PRIVATE;
	char *at = reserve(run->len, run->page_size);

	if (!at)
		return -ENOMEM;
	/*
	 * A file even for private hugetlb, because a hole punched into it also
	 * zaps private mappings of hugetlb: the only way to drop a page before
	 * MADV_DONTNEED learnt hugetlb (Linux 5.18).
	 */
	if (path->backing == ANON) {
		flags |= MAP_ANONYMOUS;
	} else {
		run->memfd = open_backing(path);
		if (run->memfd < 0)
			return run->memfd;
		if (ftruncate(run->memfd, run->len))
			return -errno;
	}
	run->area = mmap(at, run->len, PROT_READ | PROT_WRITE, flags | MAP_FIXED,
			 run->memfd, 0);
	if (run->area == MAP_FAILED) {
		run->area = NULL;
		return -errno;
	}
	/*
	 * khugepaged may collapse what it likes in here, and then clears page
	 * tables of shmem: that would make MINOR events right.
	 */
	if (path->backing != HUGETLB)
		madvise(run->area, run->len,
			path->flags & PATH_TOUCHED && path->flags & PATH_THP ?
			MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	return 0;
}

/* How much of the mapping at @at is mapped by huge pmds, by its smaps */
static size_t huge_bytes(const char *at)
{
	char line[256], start[32];
	unsigned long kb, sum = 0;
	bool here = false;
	FILE *file = fopen("/proc/self/smaps", "re");

	if (!file)
		return 0;
	snprintf(start, sizeof(start), "%lx-", (unsigned long)at);
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, start, strlen(start)))
			here = true;
		else if (here && !strncmp(line, "VmFlags:", 8))
			break;
		else if (here && (sscanf(line, "AnonHugePages: %lu", &kb) == 1 ||
				  sscanf(line, "ShmemPmdMapped: %lu", &kb) == 1))
			sum += kb << 10;
	}
	fclose(file);
	return sum;
}

static int fill(struct run *run, char *to)
{
	unsigned int page;

	for (page = 0; page < run->opt->pages; page++)
		memcpy(to + page * run->page_size,
		       run->source + page * run->page_size, run->page_size);
	if (run->path->flags & PATH_THP && huge_bytes(to) < run->len) {
		map_problem = "the kernel gave no transparent huge pages";
		return -ENOMEM;
	}
	return 0;
}

/* Through a mapping of its own, which is gone before anything begins */
static int fill_page_cache(struct run *run)
{
	char *at = reserve(run->len, run->page_size), *map;
	int err;

	if (!at)
		return -ENOMEM;
	map = mmap(at, run->len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		   run->memfd, 0);
	if (map == MAP_FAILED)
		return -errno;
	if (run->path->flags & PATH_THP)
		madvise(map, run->len, MADV_HUGEPAGE);
	err = fill(run, map);
	munmap(map, run->len);
	return err;
}

/* What is there before the range is registered */
int map_contents(struct run *run)
{
	const volatile char *at = run->area;
	size_t offset;
	int err = 0;

	if (run->path->flags & PATH_CACHED)
		err = fill_page_cache(run);
	else if (run->path->flags & PATH_TOUCHED)
		err = fill(run, run->area);
	if (!err && run->path->flags & PATH_TOUCHED)
		for (offset = 0; offset < run->len; offset += run->page_size)
			(void)at[offset];
	return err;
}

int drop_page(struct run *run, unsigned int page, unsigned int way)
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

static int64_t copy_some(struct run *run, size_t offset, size_t len)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)run->area + offset,
		.src = (uintptr_t)run->source + offset,
		.len = len,
	};

	if (!ioctl(run->fill_uffd, UFFDIO_COPY, &copy))
		return len;
	return copy.copy > 0 ? copy.copy : -errno;
}

static int64_t continue_some(struct run *run, size_t offset, size_t len)
{
	struct stress_continue cont = {
		.range = { .start = (uintptr_t)run->area + offset, .len = len },
	};

	if (!ioctl(run->fill_uffd, STRESS_UFFDIO_CONTINUE, &cont))
		return len;
	return cont.mapped > 0 ? cont.mapped : -errno;
}

/*
 * One page of ours may be many of the kernel's, and some of these there
 * already, when two race: step over them, else nobody ever provides the rest.
 * 0 if anything was installed; that wakes who waits for it.
 */
static int install(struct run *run, unsigned int page,
		   int64_t (*some)(struct run *run, size_t offset, size_t len))
{
	size_t step = run->path->huge_kb ? run->page_size :
					   (size_t)sysconf(_SC_PAGESIZE);
	size_t at = page * run->page_size, end = at + run->page_size;
	int err = -EEXIST;
	int64_t done;

	while (at < end) {
		done = some(run, at, end - at);
		if (done > 0) {
			err = 0;
			at += done;
		} else if (done == -EEXIST) {
			at += step;
		} else {
			return done;
		}
	}
	return err;
}

int install_copy(struct run *run, unsigned int page)
{
	return install(run, page, copy_some);
}

int install_continue(struct run *run, unsigned int page)
{
	return install(run, page, continue_some);
}
