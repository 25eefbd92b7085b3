// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that are mapped after their event by something else than an ioctl of this
 * userfaultfd. Each event is legal.
 */
#define _GNU_SOURCE
#include "hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- retry ----------------------------------------------------------------- */

#define RETRIES 32

/*
 * Before 6.0 a shared write fault maps the page, drops the mmap lock to throttle
 * dirtying, and says VM_FAULT_RETRY. The page is in the page cache, clean, since
 * another mapping has read it.
 */
static bool map_by_write(char *page, char *elsewhere)
{
	(void)*(volatile char *)elsewhere;
	*(volatile char *)page = 1;
	return mapped_at(page);
}

static void run_retry(void)
{
	int memfd = memory_file(RETRIES * PAGE, 0), fd = uffd_with(0), i, mapped = 0;
	char *area = map_aligned(RETRIES * PAGE, PAGE, memfd, MAP_SHARED);
	char *other = map_aligned(RETRIES * PAGE, PAGE, memfd, MAP_SHARED);
	struct utsname uts;
	struct touch touch;
	struct uffd_msg msg;

	uname(&uts);
	if (atoi(uts.release) >= 6)
		skip("since 6.0 VM_FAULT_RETRY maps nothing");
	madvise(other, RETRIES * PAGE, MADV_RANDOM);
	uffd_register(fd, area, RETRIES * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	usleep(150000);
	for (i = 0; i < RETRIES; i++) {
		touch_start(&touch, area + i * PAGE, false);
		if (!uffd_event(fd, &msg, EVENT_MS))
			die("no event");
		mapped += map_by_write(area + i * PAGE, other + i * PAGE);
		usleep(20000);
		uffd_wake(fd, area + i * PAGE, PAGE);
		touch_end(&touch);
	}
	if (!mapped)
		skip("no write fault has mapped a page");
	tell("events", RETRIES);
	tell("mapped", mapped);
}

/* --- collapse -------------------------------------------------------------- */

#define REGIONS		48
#define TOUCHERS	(2 * (REGIONS - 1))
#define ROUNDS		3

static char *collapsing;
static atomic_int collapse_done;	/* errno + 1 */

static void *collapse(void *unused)
{
	int bad = madvise(collapsing, REGIONS * HUGE_PAGE, MADV_COLLAPSE);

	collapse_done = bad ? errno + 1 : 1;
	return unused;
}

/* One byte in each page of the file, through another mapping */
static void fill(int memfd, size_t len)
{
	char *all = map_aligned(len, PAGE, memfd, MAP_SHARED);
	size_t at;

	for (at = 0; at < len; at += PAGE)
		all[at] = 1;
	munmap(all, len);
}

/* Which of the events that were read are on pages that are mapped by now */
static long mapped_since(int fd, long *events)
{
	struct uffd_msg msg;
	long mapped = 0;

	while (uffd_event(fd, &msg, 100)) {
		++*events;
		mapped += mapped_at((void *)(uintptr_t)msg.arg.pagefault.address);
	}
	return mapped;
}

/* MADV_COLLAPSE is under way when the range is registered; it goes on */
static long collapse_round(long *events, long *under_way)
{
	size_t len = REGIONS * HUGE_PAGE;
	int memfd = memory_file(len, 0), fd = uffd_with(UFFD_FEATURE_MINOR_SHMEM), i;
	static struct touch touch[TOUCHERS];
	pthread_t thread;
	long mapped;

	fill(memfd, len);
	collapsing = map_aligned(len, HUGE_PAGE, memfd, MAP_SHARED);
	collapse_done = 0;
	pthread_create(&thread, NULL, collapse, NULL);
	usleep(3000);
	uffd_register(fd, collapsing, len, UFFDIO_REGISTER_MODE_MINOR);
	*under_way += !collapse_done;
	for (i = 0; i < TOUCHERS; i++) {
		touch_start(&touch[i], collapsing + (i / 2 + 1) * HUGE_PAGE +
			    (i % 2 * 37 + 5) * PAGE, false);
		usleep(300);
	}
	pthread_join(thread, NULL);
	usleep(20000);
	mapped = mapped_since(fd, events);
	uffd_unregister(fd, collapsing, len);
	uffd_wake(fd, collapsing, len);
	for (i = 0; i < TOUCHERS; i++)
		touch_end(&touch[i]);
	close(fd);
	munmap(collapsing, len);
	close(memfd);
	return mapped;
}

static void run_collapse(void)
{
	long events = 0, under_way = 0, mapped = 0;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		mapped += collapse_round(&events, &under_way);
		if (collapse_done == EINVAL + 1)
			skip("no MADV_COLLAPSE (6.1), or none of shared memory");
	}
	if (!under_way || !mapped)
		skip("no page was mapped by a collapse after its event (%ld events, %ld under way)",
		     events, under_way);
	tell("events", events);
	tell("mapped", mapped);
}

/* --- hshare ---------------------------------------------------------------- */

#define GIB	(1ul << 30)
#define FIRST	4	/* pages: that are touched */
#define SHARED	4

static int to_other[2], from_other[2];

/* A process without any userfaultfd: writes the huge pages it is told */
static pid_t other_writer(char *area)
{
	unsigned char page;
	pid_t pid;

	if (pipe(to_other) || pipe(from_other))
		die("pipe");
	pid = fork();
	if (pid)
		return pid;
	area[HUGE_PAGE] = 1;
	do {
		if (write(from_other[1], "d", 1) != 1)
			break;
		if (read(to_other[0], &page, 1) != 1)
			break;
		area[page * HUGE_PAGE] = 1;
	} while (1);
	_exit(0);
}

static void other_done(void)
{
	char done;

	if (read(from_other[0], &done, 1) != 1)
		die("the other process");
}

static void reserve_huge(int pages)
{
	FILE *file = fopen("/proc/sys/vm/nr_hugepages", "r+");
	int got = 0;

	if (file) {
		fprintf(file, "%d", pages);
		fflush(file);
		rewind(file);
		if (fscanf(file, "%d", &got) != 1)
			got = 0;
		fclose(file);
	}
	if (got < pages)
		skip("only %d huge pages", got);
}

/* It is shared if a page that the other process writes is mapped here, too */
static long one_shared(int fd, char *area, unsigned char page)
{
	char *at = area + page * HUGE_PAGE;
	struct touch touch;
	struct uffd_msg msg;
	long mapped;

	touch_start(&touch, at, false);
	if (!uffd_event(fd, &msg, EVENT_MS))
		die("no event");
	if (write(to_other[1], &page, 1) != 1)
		die("write");
	other_done();
	usleep(30000);
	mapped = mapped_at(at);
	uffd_wake(fd, at, HUGE_PAGE);
	touch_end(&touch);
	return mapped;
}

/* The range is all that one page table maps, or some pages of it */
static void share_table(bool split)
{
	int memfd, fd, i;
	long mapped = 0;
	char *area;
	pid_t pid;

	reserve_huge(16);
	memfd = memory_file(GIB, MFD_HUGETLB);
	area = map_aligned(GIB, GIB, memfd, MAP_SHARED | MAP_NORESERVE);
	area[0] = 1;
	pid = other_writer(area);
	other_done();
	fd = uffd_with(0);
	if (split)
		uffd_register(fd, area + FIRST * HUGE_PAGE, SHARED * HUGE_PAGE,
			      UFFDIO_REGISTER_MODE_MISSING);
	else
		uffd_register(fd, area, GIB, UFFDIO_REGISTER_MODE_MISSING);
	for (i = 0; i < SHARED; i++)
		mapped += one_shared(fd, area, FIRST + i);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	reserve_huge(0);
	if (!mapped)
		skip("the page table is not shared");
	tell("events", SHARED);
	tell("mapped", mapped);
}

static void run_hshare(void)
{
	share_table(false);
}

static void run_hsplit(void)
{
	share_table(true);
}

const struct mode map_modes[] = {
	{ "retry", "a shared write fault that maps, and says VM_FAULT_RETRY (before 6.0)",
	  "bogus = 0", run_retry },
	{ "collapse", "MADV_COLLAPSE is under way when the range is registered",
	  "bogus = 0 (load with look_ms=1000)", run_collapse },
	{ "hshare", "another process, without userfaultfd, writes in a shared page table",
	  "bogus = 0", run_hshare },
	{ "hsplit", "the same, where REGISTER splits the mapping, and leaves the table shared",
	  "bogus = 0", run_hsplit },
	{ 0 }
};
