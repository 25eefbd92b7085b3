// SPDX-License-Identifier: GPL-2.0
/*
 * A pte marker is no page, and yet ioctls say EEXIST of it. Nothing is mapped
 * when any of these events is raised.
 */
#define _GNU_SOURCE
#include "hostile.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGES 16

static char *area, *source;

static int answer_zero(int fd, char *page)
{
	return uffd_zero(fd, page);
}

static int answer_move(int fd, char *page)
{
	struct hostile_move move = {
		.dst = (uintptr_t)page, .src = (uintptr_t)source + (page - area),
		.len = PAGE,
	};

	return ioctl(fd, HOSTILE_MOVE, &move) ? errno : 0;
}

/* The marker stands in the pte while COPY is tried, and is gone before the next */
static int answer_guarded(int fd, char *page)
{
	int error;

	if (madvise(page, PAGE, MADV_GUARD_INSTALL))
		skip("no MADV_GUARD_INSTALL (6.13)");
	error = uffd_copy(fd, page);
	if (madvise(page, PAGE, MADV_GUARD_REMOVE))
		die("MADV_GUARD_REMOVE");
	return error;
}

static void mark(int fd)
{
	struct uffdio_writeprotect wp = {
		.range = { (uintptr_t)area, PAGES * PAGE },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};

	if (ioctl(fd, UFFDIO_WRITEPROTECT, &wp))
		die("UFFDIO_WRITEPROTECT");
}

static void one_page(int fd, char *page, int (*answer)(int, char *), int *refused)
{
	struct touch touch;
	struct uffd_msg msg;
	int error;

	touch_start(&touch, page, false);
	if (!uffd_event(fd, &msg, EVENT_MS))
		die("no event");
	error = answer(fd, page);
	*refused += error == EEXIST;
	if (error && error != EEXIST) {
		errno = error;
		die("the answer");
	}
	if (error && uffd_copy(fd, page))
		die("UFFDIO_COPY over a marker");
	touch_end(&touch);
}

static void all_pages(int fd, int (*answer)(int, char *))
{
	int i, refused = 0;

	for (i = 0; i < PAGES; i++)
		one_page(fd, area + i * PAGE, answer, &refused);
	if (!refused)
		skip("EEXIST was never said");
	tell("events", PAGES);
	tell("eexist", refused);
}

/* With uffd-wp markers in all of the area */
static void wp_marked(unsigned long features, int (*answer)(int, char *))
{
	int fd = uffd_with(features | UFFD_FEATURE_PAGEFAULT_FLAG_WP);

	source = map_anon(PAGES * PAGE);
	memset(source, 7, PAGES * PAGE);
	uffd_register(fd, area, PAGES * PAGE, UFFDIO_REGISTER_MODE_MISSING |
					      UFFDIO_REGISTER_MODE_WP);
	mark(fd);
	all_pages(fd, answer);
}

static void run_zero(void)
{
	area = map_anon(PAGES * PAGE);
	wp_marked(UFFD_FEATURE_WP_UNPOPULATED, answer_zero);
}

/* Files have had markers before WP_UNPOPULATED */
static void run_zeroshm(void)
{
	int memfd = memory_file(PAGES * PAGE, 0);

	area = map_aligned(PAGES * PAGE, PAGE, memfd, MAP_PRIVATE);
	wp_marked(UFFD_FEATURE_WP_HUGETLBFS_SHMEM, answer_zero);
}

static void run_move(void)
{
	area = map_anon(PAGES * PAGE);
	wp_marked(UFFD_FEATURE_WP_UNPOPULATED | FEATURE_MOVE, answer_move);
}

static void run_guard(void)
{
	int fd = uffd_with(0);

	area = map_anon(PAGES * PAGE);
	uffd_register(fd, area, PAGES * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	all_pages(fd, answer_guarded);
}

const struct mode marker_modes[] = {
	{ "zero", "anonymous pages with uffd-wp markers, answered by ZEROPAGE: EEXIST",
	  "bogus = 0: nothing was mapped", run_zero },
	{ "zeroshm", "the same in a private mapping of a memfd",
	  "bogus = 0", run_zeroshm },
	{ "move", "uffd-wp markers, answered by MOVE: EEXIST",
	  "bogus = 0", run_move },
	{ "guard", "MADV_GUARD_INSTALL between event and COPY: EEXIST",
	  "bogus = 0", run_guard },
	{ 0 }
};
