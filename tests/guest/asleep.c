// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that sleep in userfaults, one for each diagnosis of "waiters", and one
 * that slept in one before, and sleeps elsewhere now. Says which has to be there, by
 * address, then what the file says; or, with an argument, stays for so many seconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <linux/userfaultfd.h>

#define PAGE	4096UL
#define FILE	"/sys/kernel/debug/uffd_race/waiters"

enum { UNANSWERED, NOT_WOKEN, REFUSED, RESOLVED, UNREAD, PROTECTED, PAGES };

static const char * const diagnosis[PAGES] = {
	[UNANSWERED] = "unanswered",
	[NOT_WOKEN] = "answered, not woken",
	[REFUSED] = "refused",
	[UNREAD] = "unread",
	[PROTECTED] = "write-protected",
};

static char *mem;
static int uffd;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void *touch(void *arg)
{
	volatile char *page = arg;

	if (page == mem + PROTECTED * PAGE)
		*page = 1;
	else
		(void)*page;
	pause();
	return NULL;
}

static void start(int page)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, touch, mem + page * PAGE))
		die("pthread_create");
}

static void copy(int page, const void *src, unsigned long mode)
{
	struct uffdio_copy arg = {
		.dst = (unsigned long)mem + page * PAGE, .src = (unsigned long)src,
		.len = PAGE, .mode = mode,
	};

	if (ioctl(uffd, UFFDIO_COPY, &arg) && errno != EFAULT)
		die("UFFDIO_COPY");
}

/* Until so many threads of ours sleep in the kernel for good, by what it says. */
static void read_messages(int n)
{
	struct uffd_msg msg;

	while (n) {
		if (read(uffd, &msg, sizeof(msg)) == sizeof(msg))
			n--;
		else if (errno == EAGAIN)
			usleep(1000);
		else
			die("read");
	}
}

static int pending(void)
{
	char path[64], text[1024], *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", uffd);
	fd = open(path, O_RDONLY);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	p = strstr(text, "pending:");
	return p ? atoi(p + strlen("pending:")) : -1;
}

static void set_up(void)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	struct uffdio_register reg = { .range.len = PAGES * PAGE };
	struct uffdio_writeprotect wp = { .mode = UFFDIO_WRITEPROTECT_MODE_WP };

	uffd = syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		die("userfaultfd");
	mem = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mem[PROTECTED * PAGE] = 1;
	reg.range.start = (unsigned long)mem;
	reg.mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP;
	if (ioctl(uffd, UFFDIO_REGISTER, &reg))
		die("UFFDIO_REGISTER");
	wp.range.start = (unsigned long)mem + PROTECTED * PAGE;
	wp.range.len = PAGE;
	if (ioctl(uffd, UFFDIO_WRITEPROTECT, &wp))
		die("UFFDIO_WRITEPROTECT");
}

int main(int argc, char **argv)
{
	static char page[PAGE] __attribute__((__aligned__(4096)));
	char text[4096];
	ssize_t n;
	int i, fd;

	set_up();
	sleep(1);	/* the hooks on faults come with the first range */
	for (i = UNANSWERED; i <= RESOLVED; i++)
		start(i);
	read_messages(RESOLVED + 1);
	copy(NOT_WOKEN, page, UFFDIO_COPY_MODE_DONTWAKE);
	copy(REFUSED, (void *)PAGE, 0);
	copy(RESOLVED, page, 0);
	start(PROTECTED);
	read_messages(1);
	start(UNREAD);
	while (pending() < 1)
		usleep(1000);
	usleep(100000);	/* queued, and about to sleep */

	for (i = 0; i < PAGES; i++)
		if (diagnosis[i])
			printf("expect %lx (%s)\n", (unsigned long)mem + i * PAGE, diagnosis[i]);
	fflush(stdout);
	if (argc > 1) {
		sleep(atoi(argv[1]));
		_exit(0);
	}
	fd = open(FILE, O_RDONLY);
	if (fd < 0)
		die(FILE);
	while ((n = read(fd, text, sizeof(text))) > 0)
		if (write(STDOUT_FILENO, text, n) != n)
			die("write");
	_exit(0);
}
