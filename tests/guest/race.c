// SPDX-License-Identifier: GPL-2.0
/*
 * The race of shmem by itself, without the module: docs/shmem-race.md.
 *
 * Every page of a private mapping of a memfd is installed by UFFDIO_COPY, and never
 * removed. Threads read them, while another moves them between two nodes, or (wp)
 * switches their write protection. Every MISSING event from then on is wrong. The
 * monitor answers by UFFDIO_COPY, and takes EEXIST for "somebody was first", as many
 * do: so nobody is woken.
 *
 * With "huge" it is the story of hugetlb's fix: private huge pages, write protection,
 * and threads that write. A MISSING event by a write, of a page that UFFDIO_COPY has
 * installed, is what the kernel's own selftest calls "unexpected write fault".
 *
 * usage: race [SECONDS [move|wp|huge]]    exit status 1 if there were wrong events
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_PAGES 64
#define READERS	3

static unsigned long pages = MAX_PAGES, size = 4096;
static int huge;
static char *area, *source;
static int uffd;
static atomic_int stop_writer, stop_readers;
static atomic_ulong reads[READERS];

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void *reader(void *arg)
{
	unsigned long me = (unsigned long)arg, page;

	while (!stop_readers) {
		for (page = 0; page < pages; page++) {
			volatile char *at = area + page * size;

			if (huge)
				*at = 'x';
			else
				(void)*at;
		}
		reads[me]++;
	}
	return NULL;
}

/* To node 1, and back */
static void *mover(void *arg)
{
	int node[MAX_PAGES], status[MAX_PAGES], to = 0;
	void *page[MAX_PAGES];
	unsigned long i;

	(void)arg;
	while (!stop_writer) {
		to = !to;
		for (i = 0; i < pages; i++) {
			page[i] = area + i * size;
			node[i] = to;
		}
		if (syscall(SYS_move_pages, 0, pages, page, node, status, 2) < 0)
			die("move_pages: two nodes are needed, or \"wp\"");
	}
	return NULL;
}

/* Who writes waits for the monitor, or for the next time that it is off. */
static void protect(unsigned long at, unsigned long len, int on)
{
	struct uffdio_writeprotect wp = { { at, len }, on ? UFFDIO_WRITEPROTECT_MODE_WP : 0 };

	if (ioctl(uffd, UFFDIO_WRITEPROTECT, &wp))
		die("UFFDIO_WRITEPROTECT");
}

static void *protector(void *arg)
{
	int on = 0;

	(void)arg;
	while (!stop_writer) {
		on = !on;
		protect((uintptr_t)area, pages * size, on);
	}
	protect((uintptr_t)area, pages * size, 0);
	return NULL;
}

static int copy(unsigned long at, unsigned long len)
{
	struct uffdio_copy copy = { .dst = at, .src = (uintptr_t)source, .len = len };

	return ioctl(uffd, UFFDIO_COPY, &copy) ? errno : 0;
}

static void wake(unsigned long at, unsigned long len)
{
	struct uffdio_range range = { at, len };

	if (ioctl(uffd, UFFDIO_WAKE, &range))
		die("UFFDIO_WAKE");
}

static void setup(int wp)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int memfd = memfd_create("race", MFD_CLOEXEC | (huge ? MFD_HUGETLB : 0));

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (uffd < 0 || memfd < 0 || ftruncate(memfd, pages * size))
		die("userfaultfd, memfd");
	if (wp)
		reg.mode |= UFFDIO_REGISTER_MODE_WP;
	area = mmap(NULL, pages * size, PROT_READ | PROT_WRITE, MAP_PRIVATE, memfd, 0);
	source = mmap(NULL, pages * size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED || source == MAP_FAILED)
		die("mmap");
	memset(source, 'x', pages * size);
	reg.range.start = (uintptr_t)area;
	reg.range.len = pages * size;
	if (ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg))
		die("UFFDIO_API, UFFDIO_REGISTER");
	if (copy((uintptr_t)area, pages * size))
		die("UFFDIO_COPY");
}

/* Readers that do nothing for a second, though nobody disturbs them */
static int asleep(void)
{
	unsigned long before[READERS];
	int i, n = 0;

	for (i = 0; i < READERS; i++)
		before[i] = reads[i];
	sleep(1);
	for (i = 0; i < READERS; i++)
		n += reads[i] == before[i];
	return n;
}

static void print_fdinfo(void)
{
	char name[64], line[256];
	FILE *file;

	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", uffd);
	file = fopen(name, "r");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "pending", 7) || !strncmp(line, "total", 5))
			printf("fdinfo %s", line);
	if (file)
		fclose(file);
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 10;
	int wp = argc > 2 && strcmp(argv[2], "move");
	unsigned long events = 0, writes = 0, exist = 0, at, n;
	struct pollfd poll_fd = { .events = POLLIN };
	time_t end = time(NULL) + seconds;
	pthread_t writer, readers[READERS];
	struct uffd_msg msg;

	if (wp && !strcmp(argv[2], "huge")) {
		huge = 1;
		pages = 4;
		size = 2 << 20;
	}
	setup(wp);
	poll_fd.fd = uffd;
	for (n = 0; n < READERS; n++)
		if (pthread_create(&readers[n], NULL, reader, (void *)n))
			die("pthread_create");
	if (pthread_create(&writer, NULL, wp ? protector : mover, NULL))
		die("pthread_create");

	while (time(NULL) < end && events < READERS) {
		if (poll(&poll_fd, 1, 100) != 1 || read(uffd, &msg, sizeof(msg)) != sizeof(msg))
			continue;
		at = msg.arg.pagefault.address & ~(size - 1);
		if (msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP) {
			protect(at, size, 0);
			continue;
		}
		events++;
		writes += !!(msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WRITE);
		exist += copy(at, size) == EEXIST;
	}
	stop_writer = 1;
	pthread_join(writer, NULL);
	printf("wrong_events %lu\nby_writes %lu\neexist %lu\nasleep %d\n", events, writes,
	       exist, asleep());
	print_fdinfo();
	wake((uintptr_t)area, pages * size);
	printf("asleep_after_wake %d\n", asleep());
	stop_readers = 1;
	wake((uintptr_t)area, pages * size);
	for (n = 0; n < READERS; n++)
		pthread_join(readers[n], NULL);
	return !!events;
}
