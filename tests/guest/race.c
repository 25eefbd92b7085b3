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
 * usage: race [SECONDS [move|wp]]    exit status 1 if there were wrong events
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

#define PAGES	64
#define READERS	3
#define SIZE	4096UL

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
		for (page = 0; page < PAGES; page++)
			(void)*(volatile char *)(area + page * SIZE);
		reads[me]++;
	}
	return NULL;
}

/* To node 1, and back */
static void *mover(void *arg)
{
	void *page[PAGES];
	int node[PAGES], status[PAGES], i, to = 0;

	(void)arg;
	while (!stop_writer) {
		to = !to;
		for (i = 0; i < PAGES; i++) {
			page[i] = area + i * SIZE;
			node[i] = to;
		}
		if (syscall(SYS_move_pages, 0, (unsigned long)PAGES, page, node, status, 2) < 0)
			die("move_pages: two nodes are needed, or \"wp\"");
	}
	return NULL;
}

/* No bits change that anybody has to look at: nobody writes. */
static void *protector(void *arg)
{
	struct uffdio_writeprotect wp = { { (uintptr_t)area, PAGES * SIZE }, 0 };

	(void)arg;
	while (!stop_writer) {
		wp.mode ^= UFFDIO_WRITEPROTECT_MODE_WP;
		if (ioctl(uffd, UFFDIO_WRITEPROTECT, &wp))
			die("UFFDIO_WRITEPROTECT");
	}
	return NULL;
}

static int copy(unsigned long at, unsigned long size)
{
	struct uffdio_copy copy = { .dst = at, .src = (uintptr_t)source, .len = size };

	return ioctl(uffd, UFFDIO_COPY, &copy) ? errno : 0;
}

static void wake(unsigned long at, unsigned long size)
{
	struct uffdio_range range = { at, size };

	if (ioctl(uffd, UFFDIO_WAKE, &range))
		die("UFFDIO_WAKE");
}

static void setup(int wp)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int memfd = memfd_create("race", MFD_CLOEXEC);

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (uffd < 0 || memfd < 0 || ftruncate(memfd, PAGES * SIZE))
		die("userfaultfd, memfd");
	if (wp)
		reg.mode |= UFFDIO_REGISTER_MODE_WP;
	area = mmap(NULL, PAGES * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, memfd, 0);
	source = mmap(NULL, PAGES * SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED || source == MAP_FAILED)
		die("mmap");
	memset(source, 'x', PAGES * SIZE);
	reg.range.start = (uintptr_t)area;
	reg.range.len = PAGES * SIZE;
	if (ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg))
		die("UFFDIO_API, UFFDIO_REGISTER");
	if (copy((uintptr_t)area, PAGES * SIZE))
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
	int seconds = argc > 1 ? atoi(argv[1]) : 10, wp = argc > 2 && !strcmp(argv[2], "wp");
	unsigned long events = 0, exist = 0, n;
	struct pollfd poll_fd = { .events = POLLIN };
	time_t end = time(NULL) + seconds;
	pthread_t writer, readers[READERS];
	struct uffd_msg msg;

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
		if (msg.event != UFFD_EVENT_PAGEFAULT ||
		    msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP)
			continue;
		events++;
		exist += copy(msg.arg.pagefault.address & ~(SIZE - 1), SIZE) == EEXIST;
	}
	stop_writer = 1;
	pthread_join(writer, NULL);
	printf("wrong_events %lu\neexist %lu\nasleep %d\n", events, exist, asleep());
	print_fdinfo();
	wake((uintptr_t)area, PAGES * SIZE);
	printf("asleep_after_wake %d\n", asleep());
	stop_readers = 1;
	wake((uintptr_t)area, PAGES * SIZE);
	for (n = 0; n < READERS; n++)
		pthread_join(readers[n], NULL);
	return !!events;
}
