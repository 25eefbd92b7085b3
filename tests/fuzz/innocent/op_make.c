// SPDX-License-Identifier: GPL-2.0
/* Memory, userfaultfds, and what watches what. */
#define _GNU_SOURCE
#include "innocent.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MFD_HUGETLB
#define MFD_HUGETLB	4U
#endif

static const struct {
	const char *name;
	size_t len, page;
	int flags, memfd;	/* of mmap(), of memfd_create() or -1 */
	bool thp;
} kinds[NR_KINDS] = {
	[K_ANON] = { "anon", 16 * PAGE, PAGE, MAP_PRIVATE, -1, false },
	[K_ANON_SHARED] = { "anon-shared", 16 * PAGE, PAGE, MAP_SHARED, -1, false },
	[K_MEMFD_SHARED] = { "memfd-shared", 16 * PAGE, PAGE, MAP_SHARED, 0, false },
	[K_MEMFD_PRIVATE] = { "memfd-private", 16 * PAGE, PAGE, MAP_PRIVATE, 0, false },
	[K_HUGE_ANON] = { "hugetlb-anon", 3 * HUGE, HUGE, MAP_PRIVATE | MAP_HUGETLB,
			  -1, false },
	[K_HUGE_SHARED] = { "hugetlb-shared", 3 * HUGE, HUGE, MAP_SHARED, MFD_HUGETLB,
			    false },
	[K_HUGE_PRIVATE] = { "hugetlb-private", 3 * HUGE, HUGE, MAP_PRIVATE,
			     MFD_HUGETLB, false },
	[K_THP] = { "anon-thp", HUGE, PAGE, MAP_PRIVATE, -1, true },
	[K_MEMFD_THP] = { "memfd-thp", HUGE, PAGE, MAP_SHARED, 0, true },
};

/* Maps a region, anew if it has an address. Return: where, or NULL */
char *map_region(struct region *r, char *at)
{
	int flags = kinds[r->kind].flags | (r->fd < 0 ? MAP_ANONYMOUS : 0);
	char *to = at ?: reserve(r->len), *p;

	if (!to)
		return NULL;
	p = mmap(to, r->len, PROT_READ | PROT_WRITE, flags | MAP_FIXED, r->fd, 0);
	if (p == MAP_FAILED) {
		if (!at)
			munmap(to, r->len);
		return NULL;
	}
	if (kinds[r->kind].thp)
		madvise(p, r->len, MADV_HUGEPAGE);
	return p;
}

static int open_file(struct region *r)
{
	int flags = kinds[r->kind].memfd;

	if (flags < 0)
		return 0;
	r->fd = memfd_create("innocent", flags | MFD_CLOEXEC);
	if (r->fd < 0 || ftruncate(r->fd, r->len))
		return -errno;
	r->alias = mmap(NULL, r->len, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
	if (r->alias == MAP_FAILED)
		r->alias = NULL;
	return 0;
}

static int make_region(struct region *r, enum kind kind)
{
	struct region new = {
		.kind = kind, .fd = -1, .len = kinds[kind].len,
		.page = kinds[kind].page
	};
	int err = open_file(&new);

	if (!err)
		new.at = map_region(&new, NULL);
	if (!new.at) {
		err = err ?: -errno;
		if (new.fd >= 0)
			close(new.fd);
		return err;
	}
	*r = new;
	return 0;
}

/* Huge pages may be used up: some other memory then */
OP(op_region)
{
	struct region *r = &world.region[c->arg[1] % NR_REGIONS];
	int err;

	(void)op;
	if (r->at)
		return OP_SKIPPED;
	err = make_region(r, c->arg[0] % NR_KINDS);
	if (err)
		err = make_region(r, c->arg[0] % K_HUGE_ANON);
	if (err)
		return err;
	say(c, "region%d %s at %p", (int)(r - world.region), kinds[r->kind].name, r->at);
	return 0;
}

#define OF_CHANGES	(U_FEAT_FORK | U_FEAT_REMAP | U_FEAT_REMOVE | U_FEAT_UNMAP)

/* What it asks for: the basis for all memory, more by chance */
static uint64_t draw_features(const uint32_t *arg)
{
	static const struct {
		uint64_t feature;
		unsigned int one_in;
	} more[] = {
		{ U_FEAT_WP, 1 }, { U_FEAT_FORK, 2 }, { U_FEAT_REMAP, 2 },
		{ U_FEAT_REMOVE, 2 }, { U_FEAT_UNMAP, 2 }, { U_FEAT_SIGBUS, 20 },
		{ U_FEAT_THREAD_ID, 1 }, { U_FEAT_MINOR_HUGETLB, 1 },
		{ U_FEAT_MINOR_SHMEM, 1 }, { U_FEAT_EXACT, 2 },
		{ U_FEAT_WP_FILES, 1 }, { U_FEAT_WP_UNPOPULATED, 2 },
		{ U_FEAT_POISON, 1 }, { U_FEAT_WP_ASYNC, 10 }, { U_FEAT_MOVE, 1 },
		{ 1 << 4, 1 }, { 1 << 5, 1 },
	};
	uint64_t state = arg[0] * 1000 + arg[1], features = 0;
	unsigned int i;

	for (i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		if (!(next_random(&state) % more[i].one_in))
			features |= more[i].feature;
	if (next_random(&state) % 2)
		features &= ~OF_CHANGES;
	if (next_random(&state) % 4 == 0)
		features &= ~U_FEAT_THREAD_ID;
	return features & kernel_features;
}

static int say_api(int fd, uint64_t features)
{
	struct u_api api = { .api = 0xaa, .features = features };

	return result(ioctl(fd, U_API, &api));
}

/* One in forty stays without UFFDIO_API for now: perhaps a child will say it. */
OP(op_uffd)
{
	int flags = O_CLOEXEC | O_NONBLOCK | op->var;
	uint64_t features = draw_features(c->arg);
	bool raw = c->arg[3] % 40 == 1;
	int fd, err, nr;

	fd = syscall(SYS_userfaultfd, flags);
	if (fd < 0)
		return -errno;
	err = raw ? 0 : say_api(fd, features);
	if (err) {
		close(fd);
		return err;
	}
	nr = add_uffd(fd, getpid(), features, raw);
	say(c, "uffd%d features %llx%s%s", nr, (long long)features,
	    flags & U_USER_MODE_ONLY ? " user mode only" : "", raw ? " no API" : "");
	return nr < 0 ? OP_SKIPPED : 0;
}

OP(op_api)
{
	struct uffd *u = pick_uffd(c->arg[0]), *raw;
	uint64_t features = c->arg[1] % 4 ? u ? u->features : 0 : 1ULL << 60;
	int err;

	(void)op;
	for (raw = world.uffd; raw < world.uffd + NR_UFFDS; raw++)
		if (raw->fd >= 0 && raw->raw)
			u = raw;
	if (!u)
		return OP_SKIPPED;
	say(c, "uffd%d features %llx", (int)(u - world.uffd), (long long)features);
	err = say_api(u->fd, features);
	if (!err)
		u->raw = false;
	return err;
}

OP(op_close)
{
	struct uffd *u = pick_uffd(c->arg[0]);
	int fd;

	(void)op;
	if (!u)
		return OP_SKIPPED;
	say(c, "uffd%d", (int)(u - world.uffd));
	/* Whoever else has it does not read from it. */
	if (world.shared->lent)
		world.shared->held = true;
	fd = u->fd;
	u->fd = -1;
	return result(close(fd));
}

/* Three of four go to a region that is not watched yet, if there is one. */
static void find_unwatched(struct span *s, uint32_t arg)
{
	unsigned int i;

	for (i = 0; s->region->watched && arg % 4 && i < NR_REGIONS; i++) {
		struct region *r = &world.region[(arg + i) % NR_REGIONS];

		if (r->at && !r->watched)
			*s = (struct span){ r, r->at, r->len };
	}
}

/* Mostly all of a region, with all that it can have */
OP(op_register)
{
	static const uint8_t modes[] = { 1, 7, 3, 5, 4, 1, 7, 6, 3, 1, 1, 5, 7, 3, 4, 2 };
	unsigned int mode = modes[c->arg[3] % sizeof(modes)];
	struct uffd *u = pick_uffd(c->arg[1]);
	struct call whole = { c->self, (uint32_t[]){ c->arg[0], 0, 7, 0 } };
	struct u_register r = { 0 };
	struct span s;
	int err;

	(void)op;
	if (!u || !pick_span(c->arg[2] % 3 ? &whole : c, &s))
		return OP_SKIPPED;
	find_unwatched(&s, c->arg[0]);
	do {
		r.range = (struct u_range){ (uintptr_t)s.at, s.len };
		r.mode = mode;
		say(c, "uffd%d region%d+%zu len %zu mode %x", (int)(u - world.uffd),
		    (int)(s.region - world.region),
		    (s.at - s.region->at) / s.region->page, s.len / s.region->page,
		    mode);
		err = result(ioctl(u->fd, U_REGISTER, &r));
		/* 5.10 has no MINOR, and WP for anonymous memory only. */
		mode &= mode - 1 ? mode & U_MODE_MINOR ? ~U_MODE_MINOR : ~U_MODE_WP : 0;
	} while (err == -EINVAL && mode);
	if (!err && r.mode & U_MODE_WP)
		s.region->protect = true;
	if (!err && r.mode & ~U_MODE_WP)
		s.region->watched = true;
	return err;
}

OP(op_unregister)
{
	struct uffd *u = pick_uffd(c->arg[3]);
	struct u_range r;
	struct span s;

	(void)op;
	if (!u || !pick_span(c, &s))
		return OP_SKIPPED;
	r = (struct u_range){ (uintptr_t)s.at, s.len };
	say(c, "uffd%d region%d+%zu len %zu", (int)(u - world.uffd),
	    (int)(s.region - world.region), (s.at - s.region->at) / s.region->page,
	    s.len / s.region->page);
	if (s.len == s.region->len)
		s.region->watched = false;
	return result(ioctl(u->fd, U_UNREGISTER, &r));
}
