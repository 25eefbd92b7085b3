// SPDX-License-Identifier: GPL-2.0
/*
 * Thousands of threads blocked in one userfaultfd at once: each touches a missing
 * page of its own, and none is answered before all of them have raised an event.
 *
 * usage: blocked THREADS [FILE]
 *
 * FILE is printed while all are blocked, and the figures as "name value". Exit
 * status 0 if each thread raised one event, and each got its page.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STACK		(16ul << 10)	/* PTHREAD_STACK_MIN */
#define MAX_THREADS	30000		/* pid_max is 32768 */
#define FILL		0x5a
#define BATCH		64

static unsigned long page_size;
static char *area;

__attribute__((noreturn, format(printf, 1, 2)))
static void fail(const char *format, ...)
{
	int error = errno;
	va_list args;

	fprintf(stderr, "blocked: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(error));
	exit(1);
}

static char *map(size_t size)
{
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		fail("mmap of %zu bytes", size);
	return at;
}

static int watch(unsigned long pages)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (unsigned long)area, pages * page_size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		fail("userfaultfd");
	if (ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg))
		fail("UFFDIO_API, UFFDIO_REGISTER");
	return fd;
}

/* Touches page number arg */
static void *reader(void *arg)
{
	volatile char *page = area + (unsigned long)arg * page_size;

	return (void *)(uintptr_t)(*page == FILL);
}

/* One mapping for all stacks: thousands of guard pages would be too many */
static pthread_t *start(unsigned long threads)
{
	pthread_t *thread = calloc(threads, sizeof(*thread));
	char *stacks = map(threads * STACK);
	pthread_attr_t attr;
	unsigned long i;
	int err;

	pthread_attr_init(&attr);
	for (i = 0; i < threads; i++) {
		pthread_attr_setstack(&attr, stacks + i * STACK, STACK);
		err = pthread_create(&thread[i], &attr, reader, (void *)i);
		if (err) {
			errno = err;
			fail("thread %lu", i);
		}
	}
	return thread;
}

/* An event is read after its thread was queued: a seen page has a blocked thread */
static unsigned long wait_for_all(int fd, unsigned long threads)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	unsigned long distinct = 0, events = 0, page;
	char *seen = calloc(threads, 1);
	struct uffd_msg msg[BATCH];
	ssize_t got, i;

	while (distinct < threads) {
		if (poll(&pollfd, 1, -1) < 0)
			fail("poll");
		got = read(fd, msg, sizeof(msg));
		if (got < 0 && errno == EAGAIN)
			continue;
		if (got < 0)
			fail("read");
		for (i = 0; i < got / (ssize_t)sizeof(*msg); i++) {
			if (msg[i].event != UFFD_EVENT_PAGEFAULT)
				fail("event %#x", msg[i].event);
			page = (msg[i].arg.pagefault.address - (unsigned long)area) /
			       page_size;
			if (page >= threads)
				fail("page %lu", page);
			events++;
			distinct += !seen[page]++;
		}
	}
	free(seen);
	return events;
}

static void show(const char *name)
{
	char buf[4096];
	ssize_t got;
	int fd = open(name, O_RDONLY);

	if (fd < 0)
		fail("%s", name);
	puts("blocked");
	fflush(stdout);
	while ((got = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, got, stdout);
	close(fd);
}

static unsigned long answer(int fd, unsigned long threads)
{
	char *source = map(page_size);
	unsigned long i, copied = 0;

	memset(source, FILL, page_size);
	for (i = 0; i < threads; i++) {
		struct uffdio_copy copy = {
			.dst = (unsigned long)area + i * page_size,
			.src = (unsigned long)source,
			.len = page_size,
		};

		if (ioctl(fd, UFFDIO_COPY, &copy))
			fail("UFFDIO_COPY of page %lu", i);
		copied++;
	}
	return copied;
}

int main(int argc, char **argv)
{
	unsigned long threads, i, events, copied, joined = 0;
	pthread_t *thread;
	void *right;
	int fd;

	threads = argc > 1 ? strtoul(argv[1], NULL, 0) : 0;
	if (argc > 3 || threads < 1 || threads > MAX_THREADS) {
		fprintf(stderr, "usage: blocked THREADS [FILE]    (1 to %u threads)\n",
			MAX_THREADS);
		return 2;
	}
	page_size = sysconf(_SC_PAGESIZE);
	area = map(threads * page_size);
	fd = watch(threads);
	thread = start(threads);
	events = wait_for_all(fd, threads);
	if (argc > 2)
		show(argv[2]);
	copied = answer(fd, threads);
	for (i = 0; i < threads; i++) {
		pthread_join(thread[i], &right);
		joined += !!right;
	}
	close(fd);
	printf("threads %lu\nevents_read %lu\ncopied %lu\nright_pages %lu\n",
	       threads, events, copied, joined);
	return events != threads || joined != threads;
}
