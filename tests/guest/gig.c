// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of 1 GiB whose contents look like page tables: whoever walks on below a
 * huge page reads them as such. COPY and CONTINUE are what the module looks at
 * after they have ended.
 *
 * usage: gig copy | continue PAGES WORD
 * says: resolved PAGES, or SKIP and why
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef UFFDIO_CONTINUE
struct uffdio_continue {
	struct uffdio_range range;
	__u64 mode;
	__s64 mapped;
};
#define UFFDIO_CONTINUE			_IOWR(UFFDIO, 7, struct uffdio_continue)
#define UFFDIO_REGISTER_MODE_MINOR	4
#endif
#ifndef UFFD_FEATURE_MINOR_HUGETLBFS
#define UFFD_FEATURE_MINOR_HUGETLBFS	(1 << 9)
#endif

#define GIG	(1UL << 30)
#define HUGETLB	4u		/* MFD_HUGETLB */
#define HUGE_1G	(30u << 26)

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void skip(const char *why)
{
	printf("SKIP %s\n", why);
	exit(0);
}

static char *map(int fd, size_t len)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static int userfaultfd(char *area, size_t len, __u64 mode)
{
	struct uffdio_register reg = {
		.range = { (uintptr_t)area, len }, .mode = mode,
	};
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		die("userfaultfd");
	if (mode & UFFDIO_REGISTER_MODE_MINOR)
		api.features = UFFD_FEATURE_MINOR_HUGETLBFS;
	if (ioctl(fd, UFFDIO_API, &api))
		skip("no MINOR events of hugetlb");
	if (ioctl(fd, UFFDIO_REGISTER, &reg))
		die("UFFDIO_REGISTER");
	return fd;
}

static void *touch(void *p)
{
	(void)*(volatile char *)p;
	return NULL;
}

static long copy(int fd, char *area, size_t len, unsigned long word)
{
	char *from = mmap(NULL, len, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct uffdio_copy copy = {
		.dst = (uintptr_t)area, .src = (uintptr_t)from, .len = len,
	};
	size_t at;

	if (from == MAP_FAILED)
		die("mmap");
	/* Its first pages alone: more does not fit into the guest's memory. */
	for (at = 0; at < len; at += GIG)
		*(unsigned long *)(from + at) = word;
	if (ioctl(fd, UFFDIO_COPY, &copy))
		die("UFFDIO_COPY");
	return copy.copy;
}

static long resume(int fd, char *area, size_t len)
{
	struct uffdio_continue cont = { .range = { (uintptr_t)area, len } };

	if (ioctl(fd, UFFDIO_CONTINUE, &cont))
		die("UFFDIO_CONTINUE");
	return cont.mapped;
}

int main(int argc, char **argv)
{
	unsigned long word = argc > 3 ? strtoul(argv[3], NULL, 16) : 0;
	size_t len = argc > 2 ? atol(argv[2]) * GIG : 0, at;
	int memfd, fd, minor;
	pthread_t thread;
	struct uffd_msg msg;
	char *area;
	long done;

	if (!len)
		return 2;
	minor = !strcmp(argv[1], "continue");
	memfd = syscall(SYS_memfd_create, "gig", HUGETLB | HUGE_1G);
	if (memfd < 0 || ftruncate(memfd, len))
		skip("no pages of 1 GiB");
	area = map(memfd, len);
	if (minor) {
		char *other = map(memfd, len);

		for (at = 0; at < len; at += GIG)
			*(volatile unsigned long *)(other + at) = word;
	}
	fd = userfaultfd(area, len, minor ? UFFDIO_REGISTER_MODE_MINOR :
					    UFFDIO_REGISTER_MODE_MISSING);
	pthread_create(&thread, NULL, touch, area + 4096);
	if (read(fd, &msg, sizeof(msg)) != sizeof(msg))
		die("read");
	done = minor ? resume(fd, area, len) : copy(fd, area, len, word);
	pthread_join(thread, NULL);
	for (at = 0; at < len; at += GIG)
		if (*(volatile unsigned long *)(area + at) != word)
			die("contents");
	printf("resolved %lu\n", done / GIG);
	return 0;
}
