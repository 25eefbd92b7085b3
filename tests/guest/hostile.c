// SPDX-License-Identifier: GPL-2.0
/*
 * Small programs which a detector of wrong events may take for proof of a bug, or
 * be blinded by: what any user may do, and kernels are right to do. Each prints
 * "name value" lines of what user space knows; "skip REASON" if what it relies on
 * did not happen here.
 */
#define _GNU_SOURCE
#include "hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COUNTERS "/sys/kernel/debug/uffd_race/counters"

static const struct mode *const groups[] = {
	marker_modes, map_modes, life_modes, many_modes,
};
#define NR_GROUPS (sizeof(groups) / sizeof(*groups))

char **victim_command;

void die(const char *what)
{
	printf("failed %s: %s\n", what, strerror(errno));
	_exit(1);
}

void skip(const char *format, ...)
{
	va_list args;

	printf("skip ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	exit(0);
}

void tell(const char *name, long value)
{
	printf("%s %ld\n", name, value);
}

/* --- memory ---------------------------------------------------------------- */

void *map_anon(size_t len)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		die("mmap");
	madvise(at, len, MADV_NOHUGEPAGE);
	return at;
}

char *map_aligned(size_t len, size_t align, int fd, int flags)
{
	char *at = mmap(NULL, len + align, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		die("mmap");
	at = (char *)(((uintptr_t)at + align - 1) & -align);
	at = mmap(at, len, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);
	if (at == MAP_FAILED)
		die("mmap of a file");
	return at;
}

int memory_file(size_t len, unsigned int flags)
{
	int fd = memfd_create("hostile", flags);

	if (fd < 0 || ftruncate(fd, len))
		die("memfd_create");
	return fd;
}

void pin_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* By the kernel's own word, without a fault */
bool mapped_at(const volatile void *at)
{
	static int fd = -1;
	uint64_t entry = 0;

	if (fd < 0)
		fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (pread(fd, &entry, sizeof(entry),
		  (uintptr_t)at / PAGE * sizeof(entry)) != sizeof(entry))
		die("pagemap");
	return entry >> 63;
}

/* --- userfaultfd ----------------------------------------------------------- */

int uffd_new(int flags)
{
	return syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | flags);
}

int uffd_api(int fd, unsigned long features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };

	return ioctl(fd, UFFDIO_API, &api);
}

static unsigned long uffd_offered(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = uffd_new(0);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
		die("userfaultfd");
	close(fd);
	return api.features;
}

/*
 * A userfaultfd with these features, or none of this mode. Opens no other one,
 * unless it must: which memory the next one gets matters to some.
 */
int uffd_with(unsigned long features)
{
	int fd = uffd_new(0);

	if (fd < 0)
		die("userfaultfd");
	if (uffd_api(fd, features))
		skip("this kernel lacks the features %#lx", features & ~uffd_offered());
	return fd;
}

int uffd_try_register(int fd, void *at, size_t len, int mode)
{
	struct uffdio_register reg = {
		.range = { (uintptr_t)at, len }, .mode = mode,
	};

	return ioctl(fd, UFFDIO_REGISTER, &reg);
}

void uffd_register(int fd, void *at, size_t len, int mode)
{
	if (uffd_try_register(fd, at, len, mode))
		die("UFFDIO_REGISTER");
}

void uffd_unregister(int fd, void *at, size_t len)
{
	struct uffdio_range range = { (uintptr_t)at, len };

	if (ioctl(fd, UFFDIO_UNREGISTER, &range))
		die("UFFDIO_UNREGISTER");
}

/* Reads one event, if one comes in time */
bool uffd_event(int fd, struct uffd_msg *msg, int ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	while (poll(&poll_fd, 1, ms) > 0) {
		if (read(fd, msg, sizeof(*msg)) == sizeof(*msg))
			return true;
		if (errno != EAGAIN)
			break;
	}
	return false;
}

int uffd_copy(int fd, void *at)
{
	static char source[PAGE] __attribute__((aligned(4096))) = "copied";
	struct uffdio_copy copy = {
		.dst = (uintptr_t)at, .src = (uintptr_t)source, .len = PAGE,
	};

	return ioctl(fd, UFFDIO_COPY, &copy) ? errno : 0;
}

int uffd_zero(int fd, void *at)
{
	struct uffdio_zeropage zero = { .range = { (uintptr_t)at, PAGE } };

	return ioctl(fd, UFFDIO_ZEROPAGE, &zero) ? errno : 0;
}

void uffd_wake(int fd, void *at, size_t len)
{
	struct uffdio_range range = { (uintptr_t)at, len };

	ioctl(fd, UFFDIO_WAKE, &range);
}

/* --- threads --------------------------------------------------------------- */

static void *touch_it(void *arg)
{
	struct touch *touch = arg;

	if (touch->write)
		*touch->at = 1;
	else
		(void)*touch->at;
	return NULL;
}

void touch_start(struct touch *touch, volatile void *at, bool write)
{
	pthread_attr_t attr;

	touch->at = at;
	touch->write = write;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	errno = pthread_create(&touch->thread, &attr, touch_it, touch);
	if (errno)
		die("pthread_create");
}

void touch_end(struct touch *touch)
{
	pthread_join(touch->thread, NULL);
}

/*
 * What every user of userfaultfd does: each page is missing, raises one event, and
 * is copied in hold_ms later. Returns how many events were read; *fd stays open.
 */
unsigned int plain_events(int *fd, unsigned int pages, int hold_ms)
{
	char *area = map_anon(pages * PAGE);
	struct touch touch;
	struct uffd_msg msg;
	unsigned int i;

	*fd = uffd_with(0);
	uffd_register(*fd, area, pages * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	usleep(150000);		/* README: hooks take some 50 ms */
	for (i = 0; i < pages; i++) {
		touch_start(&touch, area + i * PAGE, i & 1);
		if (!uffd_event(*fd, &msg, EVENT_MS))
			die("no event");
		usleep(hold_ms * 1000);
		if (uffd_copy(*fd, area + i * PAGE))
			die("UFFDIO_COPY");
		touch_end(&touch);
	}
	return pages;
}

/* What the module says; -1: it does not say */
long counter(const char *name)
{
	FILE *file = fopen(COUNTERS, "r");
	size_t n = strlen(name);
	char line[200];
	long value = -1;

	if (!file)
		die(COUNTERS);
	while (value < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, n) && line[n] == ' ')
			value = atol(line + n);
	fclose(file);
	return value;
}

/* --- the command line ------------------------------------------------------ */

static void usage(void)
{
	const struct mode *mode;
	unsigned int i;

	puts("usage: hostile MODE [COMMAND [ARG]...]\n\n"
	     "Runs in a guest, as root, with uffd_race loaded. Prints what user space knows as\n"
	     "\"name value\", or \"skip REASON\". Where a mode has a victim, COMMAND is run in\n"
	     "its place. Modes, what each does, and the right answer:\n");
	for (i = 0; i < NR_GROUPS; i++)
		for (mode = groups[i]; mode->name; mode++)
			printf("  %-10s %s\n             -> %s\n", mode->name,
			       mode->what, mode->right);
}

static const struct mode *find(const char *name)
{
	const struct mode *mode;
	unsigned int i;

	for (i = 0; i < NR_GROUPS; i++)
		for (mode = groups[i]; mode->name; mode++)
			if (!strcmp(mode->name, name))
				return mode;
	return NULL;
}

int main(int argc, char **argv)
{
	const struct mode *mode = argc > 1 ? find(argv[1]) : NULL;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))) {
		usage();
		return 0;
	}
	if (!mode) {
		fprintf(stderr, "usage: hostile MODE [COMMAND [ARG]...]    (--help)\n");
		return 2;
	}
	if (argc > 2)
		victim_command = argv + 2;
	mode->run();
	return 0;
}
