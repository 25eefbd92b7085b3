// SPDX-License-Identifier: GPL-2.0
/*
 * Ioctls whose argument another thread rewrites in flight, and restores. Nothing
 * is mapped where a thread faults, and nobody but one of these ioctls maps
 * anything there: so each event is right, and whatever the module calls bogus
 * is a false accusation.
 *
 * usage: flip still|flip copy|zeropage|move|poison TRIALS
 *                each trial answers one event of a userfaultfd of its own, by an
 *                ioctl on that page or, half of the time, on another one
 *        flip part TRIALS
 *                each trial faults in pages 2 and 7 of 8, of which page 5 is
 *                there, copies all 8, then page 7
 *        prints "done", or "SKIP" where there is no such ioctl
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in the UAPI; the headers may be older than the kernel. */
struct api { __u64 api, features, ioctls; };
struct reg { __u64 start, len, mode, ioctls; };
struct range { __u64 start, len; };
struct copy { __u64 dst, src, len, mode; __s64 done; };
struct fill { __u64 start, len, mode; __s64 done; };
struct msg { __u8 event, pad[7]; __u64 flags, address, ptid; };
#define IO(nr, type)	_IOWR(0xaa, nr, type)
#define API		IO(0x3f, struct api)
#define REGISTER	IO(0x00, struct reg)
#define UNREGISTER	_IOR(0xaa, 0x01, struct range)
#define COPY		IO(0x03, struct copy)
#define ZEROPAGE	IO(0x04, struct fill)
#define MOVE		IO(0x05, struct copy)
#define POISON		IO(0x08, struct fill)

#define PAGE	4096UL
#define BLOCK	8

static char *area, *other, *source;
static int uffd;
static volatile bool flips;
static volatile __u64 *volatile word, value[2];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static char *map(size_t len)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	madvise(p, len, MADV_NOHUGEPAGE);
	return p;
}

static void watch(char *p, size_t len)
{
	struct reg reg = { (uintptr_t)p, len, 1, 0 };

	if (ioctl(uffd, REGISTER, &reg))
		die("UFFDIO_REGISTER");
}

static void birth(void)
{
	struct api api = { .api = 0xaa };

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0 || ioctl(uffd, API, &api))
		die("userfaultfd");
}

static void *touch(void *page)
{
	(void)*(volatile char *)page;
	return NULL;
}

static pthread_t fault(char *page)
{
	struct msg msg;
	pthread_t thread;

	pthread_create(&thread, NULL, touch, page);
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg))
		die("read");
	return thread;
}

static void *flipper(void *unused)
{
	unsigned int i = 0, n;

	while (1) {
		volatile __u64 *w = word;

		if (flips && w)
			*w = value[i++ & 1];
		/* No "pause": that is slow where the CPU is emulated. */
		for (n = rand() % 64; n; n--)
			__asm__ volatile("");
	}
	return NULL;
}

/* One ioctl; its argument is static, for the flipper. */
static int answer(const char *op, char *page)
{
	static union { struct copy copy; struct fill fill; } arg;
	bool copies = !strcmp(op, "copy") || !strcmp(op, "move");
	unsigned long cmd = !strcmp(op, "copy") ? COPY :
		!strcmp(op, "move") ? MOVE :
		!strcmp(op, "poison") ? POISON : ZEROPAGE;
	int err;

	memset(&arg, 0, sizeof(arg));
	if (copies)
		arg.copy = (struct copy){ (uintptr_t)page, (uintptr_t)source,
					  PAGE };
	else
		arg.fill = (struct fill){ (uintptr_t)page, PAGE };
	value[0] = (uintptr_t)page;
	word = &arg.copy.dst;
	err = ioctl(uffd, cmd, &arg) ? errno : 0;
	word = NULL;
	return err;
}

static void trial(const char *op, char *page, bool flip)
{
	bool poison = !strcmp(op, "poison");
	pthread_t thread;
	int err, tries;

	birth();
	watch(page, PAGE);
	watch(other, PAGE);
	thread = fault(page);
	value[1] = (uintptr_t)page;
	flips = flip;
	for (tries = 0; tries < 100000; tries++) {
		/* Enough of that: it has to end on busy machines, too. */
		if (tries == 100)
			flip = flips = false;
		*source = 1;
		err = answer(op, flip ? other : page);
		if (err == EINVAL || err == ENOTTY) {
			puts("SKIP");
			exit(0);
		}
		if (err && err != EEXIST && err != EAGAIN) {
			errno = err;
			die(op);
		}
		/* EEXIST: on the other page, which has to go, or on this one. */
		if (!pthread_tryjoin_np(thread, NULL))
			break;
		if (!err)
			usleep(1000);
		if (!pthread_tryjoin_np(thread, NULL))
			break;
		if (madvise(other, PAGE, MADV_DONTNEED))
			die("madvise");
	}
	flips = false;
	if (!poison)
		usleep(30000);	/* have it looked at */
	close(uffd);
	madvise(other, PAGE, MADV_DONTNEED);
}

static void part(char *block)
{
	struct copy all = { (uintptr_t)block, (uintptr_t)source, BLOCK * PAGE };
	struct copy one = { (uintptr_t)block + 5 * PAGE, (uintptr_t)source, PAGE };
	pthread_t early, late;

	birth();
	watch(block, BLOCK * PAGE);
	if (ioctl(uffd, COPY, &one))
		die("UFFDIO_COPY of page 5");
	early = fault(block + 2 * PAGE);
	late = fault(block + 7 * PAGE);
	if (!ioctl(uffd, COPY, &all) || all.done != 5 * PAGE)
		die("UFFDIO_COPY of 8 pages");
	/* It wakes nobody where it has done only a part. */
	if (ioctl(uffd, _IOR(0xaa, 2, struct range),
		  &(struct range){ (uintptr_t)block, 5 * PAGE }))
		die("UFFDIO_WAKE");
	pthread_join(early, NULL);
	usleep(30000);
	one.dst = (uintptr_t)block + 7 * PAGE;
	if (ioctl(uffd, COPY, &one))
		die("UFFDIO_COPY of page 7");
	pthread_join(late, NULL);
	usleep(30000);
	close(uffd);
}

static void killed(int sig, siginfo_t *info, void *context)
{
	syscall(SYS_exit, 0);	/* the thread alone: its page is poisoned */
}

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_sigaction = killed, .sa_flags = SA_SIGINFO };
	int i, n = argc > 2 ? atoi(argv[argc - 1]) : 0;
	pthread_t thread;

	area = map((size_t)n * BLOCK * PAGE);
	other = map(PAGE);
	source = map(BLOCK * PAGE);
	memset(source, 1, BLOCK * PAGE);
	sigaction(SIGBUS, &act, NULL);
	pthread_create(&thread, NULL, flipper, NULL);
	for (i = 0; i < n; i++)
		if (!strcmp(argv[1], "part"))
			part(area + i * BLOCK * PAGE);
		else
			trial(argv[2], area + 2 * i * PAGE, !strcmp(argv[1], "flip"));
	puts("done");
	return 0;
}
