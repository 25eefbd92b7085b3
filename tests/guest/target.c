// SPDX-License-Identifier: GPL-2.0
/*
 * A process to be watched: has a userfaultfd range, and does to it what it is
 * told on standard input, one command a line. Answers "ok" or "errno N" to each.
 *
 *   toggle N     change the protection of the range N times, to and fro
 *   hammer N     the same for N seconds
 *   drop         drop the page
 *   unregister, unmap, close, exit
 *   perf N       take N hardware breakpoints, as perf does; "perf 0": give them back
 *
 * usage: target          prints PID PAGE HOLE PLAIN (addresses), then "ready"
 *        target churn N  8 writers place watches on processes that come and
 *                        go, until N were placed; prints outcomes
 *        target holes SECONDS
 *                        prints PID and PAGE, of hugetlb registered for MINOR,
 *                        waits for a line, then punches the page and fills it
 *                        again by a fault, while other threads read it
 *        target time COUNTER COMMAND [ARG]...
 *                        ms from the start of COMMAND until COUNTER of the
 *                        module is more than 0, or "never"; then ends COMMAND
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <linux/memfd.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGES	8	/* the last one is a hole */
#define PAGE	4096UL
#define WATCH	"/sys/kernel/debug/uffd_race/watch"

static char *area;
static int uffd = -1;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void make_range(void)
{
	static char source[PAGE] __attribute__((aligned(4096))) = "installed";
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range.len = PAGES * PAGE, .mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int i;

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (uffd < 0 || area == MAP_FAILED || ioctl(uffd, UFFDIO_API, &api))
		die("userfaultfd");
	madvise(area, PAGES * PAGE, MADV_NOHUGEPAGE);
	reg.range.start = (unsigned long)area;
	if (ioctl(uffd, UFFDIO_REGISTER, &reg))
		die("UFFDIO_REGISTER");
	for (i = 0; i < PAGES - 1; i++) {
		struct uffdio_copy copy = {
			.dst = (unsigned long)area + i * PAGE,
			.src = (unsigned long)source, .len = PAGE,
		};

		if (ioctl(uffd, UFFDIO_COPY, &copy))
			die("UFFDIO_COPY");
	}
}

static int toggle(int n)
{
	while (n--) {
		if (mprotect(area, PAGES * PAGE, PROT_READ) ||
		    mprotect(area, PAGES * PAGE, PROT_READ | PROT_WRITE))
			return -1;
	}
	return 0;
}

static int hammer(int seconds)
{
	time_t end = time(NULL) + seconds;

	while (time(NULL) < end)
		if (toggle(10))
			return -1;
	return 0;
}

static int take_breakpoints(unsigned int n)
{
	static int fds[16];
	static unsigned int taken;
	static long watched[16];

	while (taken > n)
		close(fds[--taken]);
	while (taken < n) {
		struct perf_event_attr attr = {
			.type = PERF_TYPE_BREAKPOINT, .size = sizeof(attr),
			.bp_type = HW_BREAKPOINT_W, .bp_len = HW_BREAKPOINT_LEN_8,
			.bp_addr = (unsigned long)&watched[taken],
			.exclude_kernel = 1, .pinned = 1,
		};

		fds[taken] = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
		if (fds[taken] < 0)
			return -1;
		taken++;
	}
	return 0;
}

static int obey(char *line)
{
	struct uffdio_range range = { (unsigned long)area, PAGES * PAGE };

	line[strcspn(line, "\n")] = 0;
	if (!strncmp(line, "toggle ", 7))
		return toggle(atoi(line + 7));
	if (!strncmp(line, "hammer ", 7))
		return hammer(atoi(line + 7));
	if (!strncmp(line, "perf ", 5))
		return take_breakpoints(atoi(line + 5));
	if (!strcmp(line, "drop"))
		return madvise(area, PAGE, MADV_DONTNEED);
	if (!strcmp(line, "unregister"))
		return ioctl(uffd, UFFDIO_UNREGISTER, &range);
	if (!strcmp(line, "unmap"))
		return munmap(area, PAGES * PAGE);
	if (!strcmp(line, "close"))
		return close(uffd);
	if (!strcmp(line, "exit"))
		exit(0);
	errno = ENOSYS;
	return -1;
}

static int serve(void)
{
	static char plain[2 * PAGE] = { 1 };
	char line[100];

	make_range();
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%d %lx %lx %lx\nready\n", getpid(), (unsigned long)area,
	       (unsigned long)area + (PAGES - 1) * PAGE,
	       ((unsigned long)plain + PAGE) & ~(PAGE - 1));
	while (fgets(line, sizeof(line), stdin)) {
		if (obey(line))
			printf("errno %d\n", errno);
		else
			puts("ok");
	}
	return 0;
}

/* --- churn ----------------------------------------------------------------- */

#define WRITERS	8
#define VICTIMS	4

static struct shared {
	_Atomic unsigned long victim[VICTIMS];	/* pid << 1, 0: none */
	_Atomic unsigned long page[VICTIMS];
	atomic_ulong placed, removed, outcome[200];
	atomic_bool over;
} *shared;

/* Lives for a moment, its ptes in motion, and is gone without a word. */
static void victim(int slot, unsigned int seed)
{
	int n;

	make_range();
	shared->page[slot] = (unsigned long)area;
	shared->victim[slot] = getpid();
	for (n = 20 + rand_r(&seed) % 100; n; n--) {
		toggle(3);
		usleep(2000);
	}
	if (rand_r(&seed) % 4 == 0)
		close(uffd);
	if (rand_r(&seed) % 4 == 0)
		munmap(area, PAGES * PAGE);
	_exit(0);
}

static void keep_victims(int slot)
{
	unsigned int n = 0;
	pid_t pid;

	while (!shared->over) {
		pid = fork();
		if (!pid)
			victim(slot, slot * 1000 + n);
		n++;
		waitpid(pid, NULL, 0);
	}
	_exit(0);
}

static void writer(unsigned int seed, unsigned long goal)
{
	int fd = open(WATCH, O_WRONLY), len, slot;
	char text[100];

	if (fd < 0)
		_exit(1);
	while (shared->placed < goal || shared->removed < goal / 10) {
		slot = rand_r(&seed) % VICTIMS;
		if (rand_r(&seed) % 8 == 0) {
			if (write(fd, "off", 3) == 3)
				shared->removed++;
			continue;
		}
		len = snprintf(text, sizeof(text), "%lu %lx stall=%d\n",
			       shared->victim[slot],
			       shared->page[slot] + rand_r(&seed) % PAGES * PAGE,
			       rand_r(&seed) % 2 ? 100 : 0);
		if (write(fd, text, len) == len)
			shared->placed++;
		else if (errno < 200)
			shared->outcome[errno]++;
		usleep(rand_r(&seed) % 2000);
	}
	_exit(0);
}

static int churn(unsigned long goal)
{
	pid_t writers[WRITERS];
	int i, status, bad = 0;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("mmap");
	for (i = 0; i < VICTIMS; i++)
		if (!fork())
			keep_victims(i);
	for (i = 0; i < WRITERS; i++) {
		writers[i] = fork();
		if (!writers[i])
			writer(i, goal);
	}
	for (i = 0; i < WRITERS; i++) {
		waitpid(writers[i], &status, 0);
		bad |= status;
	}
	shared->over = true;
	while (wait(NULL) > 0)
		;
	printf("placed %lu\nremoved %lu\n", shared->placed, shared->removed);
	for (i = 0; i < 200; i++)
		if (shared->outcome[i])
			printf("errno_%d %lu %s\n", i, shared->outcome[i], strerror(i));
	return !!bad;
}

/* --- holes ----------------------------------------------------------------- */

#define HUGE_PAGE	(2UL << 20)

static void *answer(void *unused)
{
	struct uffd_msg msg;

	while (read(uffd, &msg, sizeof(msg)) == sizeof(msg)) {
		struct uffdio_continue cont = {
			.range = { (unsigned long)area, HUGE_PAGE },
		};

		if (ioctl(uffd, UFFDIO_CONTINUE, &cont))
			ioctl(uffd, UFFDIO_WAKE, &cont.range);
	}
	return unused;
}

static void *look(void *unused)
{
	for (;;)
		(void)*(volatile char *)area;
	return unused;
}

static int holes(int seconds)
{
	int fd = memfd_create("holes", MFD_HUGETLB | MFD_HUGE_2MB), i;
	struct uffdio_api api = {
		.api = UFFD_API, .features = UFFD_FEATURE_MINOR_HUGETLBFS,
	};
	struct uffdio_register reg = {
		.range.len = HUGE_PAGE, .mode = UFFDIO_REGISTER_MODE_MINOR,
	};
	unsigned long punched = 0;
	pthread_t thread;
	time_t end;

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) ||
	    fd < 0 || ftruncate(fd, HUGE_PAGE))
		die("userfaultfd or hugetlb");
	area = mmap(NULL, HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (area == MAP_FAILED)
		die("mmap");
	*area = 1;
	reg.range.start = (unsigned long)area;
	if (ioctl(uffd, UFFDIO_REGISTER, &reg))
		die("UFFDIO_REGISTER");
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%d %lx\n", getpid(), (unsigned long)area);
	getchar();
	pthread_create(&thread, NULL, answer, NULL);
	for (i = 0; i < 2; i++)
		pthread_create(&thread, NULL, look, NULL);
	for (end = time(NULL) + seconds; time(NULL) < end; punched++) {
		if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      0, HUGE_PAGE))
			die("fallocate");
		*(volatile char *)area;
	}
	printf("punched %lu\n", punched);
	return 0;
}

/* --- time ------------------------------------------------------------------ */

#define COUNTERS	"/sys/kernel/debug/uffd_race/counters"

static bool counter_is_set(int fd, const char *name)
{
	static char text[16384];
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);
	size_t n = strlen(name);
	char *line;

	if (len < 0)
		die(COUNTERS);
	text[len] = 0;
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (!strncmp(line, name, n) && line[n] == ' ')
			return atol(line + n);
	errno = ENOENT;
	die(name);
	return false;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000L + now.tv_nsec / 1000000;
}

static int time_until(const char *counter, char **command)
{
	int fd = open(COUNTERS, O_RDONLY), status;
	bool over = false, set = false;
	long start = now_ms(), end;
	pid_t pid = fork();

	if (!pid) {
		execv(command[0], command);
		_exit(127);
	}
	while (!set && !over) {
		over = waitpid(pid, &status, WNOHANG) == pid;
		set = counter_is_set(fd, counter);
		if (!set)
			usleep(10000);
	}
	end = now_ms();
	if (!over) {
		kill(pid, SIGINT);
		waitpid(pid, &status, 0);
	}
	if (set)
		printf("%ld\n", end - start);
	else
		puts("never");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	if (argc > 3 && !strcmp(argv[1], "time"))
		return time_until(argv[2], argv + 3);
	if (argc == 3 && !strcmp(argv[1], "holes"))
		return holes(atoi(argv[2]));
	if (argc == 3 && !strcmp(argv[1], "churn"))
		return churn(atol(argv[2]));
	return serve();
}
