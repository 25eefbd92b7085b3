// SPDX-License-Identifier: GPL-2.0
/*
 * Events that are answered rightly, one at a time, so that each is genuine,
 * while somebody switches hooks. Prints "name value" lines.
 *
 * usage: switched events N        N events, of one userfaultfd
 *        switched waits N FILE    N times: a userfaultfd, an event; and "0" is
 *                                 written to FILE before it is answered, and
 *                                 "1" after
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE	4096UL

static const char *file;
static int refused;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void write_switch(const char *value)
{
	int fd;

	if (!file)
		return;
	fd = open(file, O_WRONLY);
	if (fd < 0)
		die(file);
	if (write(fd, value, 1) != 1)
		refused++;
	close(fd);
}

static char *make_range(int *uffd, unsigned long len)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char *area = mmap(NULL, len, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (*uffd < 0 || area == MAP_FAILED || ioctl(*uffd, UFFDIO_API, &api))
		die("userfaultfd");
	madvise(area, len, MADV_NOHUGEPAGE);
	reg.range.start = (unsigned long)area;
	reg.range.len = len;
	if (ioctl(*uffd, UFFDIO_REGISTER, &reg))
		die("UFFDIO_REGISTER");
	return area;
}

static void *touch(void *page)
{
	(void)*(volatile char *)page;
	return NULL;
}

static void one_event(int uffd, char *page)
{
	static char source[PAGE] __attribute__((aligned(4096)));
	struct uffdio_copy copy = {
		.dst = (unsigned long)page, .src = (unsigned long)source,
		.len = PAGE,
	};
	struct uffd_msg msg;
	pthread_t thread;

	if (pthread_create(&thread, NULL, touch, page))
		die("pthread_create");
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg) ||
	    msg.event != UFFD_EVENT_PAGEFAULT)
		die("read");
	write_switch("0");
	if (ioctl(uffd, UFFDIO_COPY, &copy))
		die("UFFDIO_COPY");
	write_switch("1");
	pthread_join(thread, NULL);
}

static void events(int n)
{
	char *area;
	int i, uffd;

	area = make_range(&uffd, n * PAGE);
	for (i = 0; i < n; i++)
		one_event(uffd, area + i * PAGE);
	usleep(100000);		/* judged by now */
	close(uffd);
	munmap(area, n * PAGE);
}

/* The module looks at the page half a second after the event. */
static void waits(int n)
{
	char *area;
	int uffd;

	while (n--) {
		area = make_range(&uffd, PAGE);
		one_event(uffd, area);
		usleep(700000);
		close(uffd);
		munmap(area, PAGE);
	}
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[2]) : 0;

	if (n > 0 && !strcmp(argv[1], "events")) {
		events(n);
	} else if (n > 0 && argc > 3 && !strcmp(argv[1], "waits")) {
		file = argv[3];
		waits(n);
	} else {
		fprintf(stderr, "usage: switched events N | waits N FILE\n");
		return 2;
	}
	printf("raised %d\nrefused %d\n", n, refused);
	return 0;
}
