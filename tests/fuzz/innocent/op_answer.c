// SPDX-License-Identifier: GPL-2.0
/* The ioctls that answer an event, or that nobody has asked for. */
#define _GNU_SOURCE
#include "innocent.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <string.h>

#define DONTWAKE	1
#define ANSWER_LEN	HUGE	/* more takes long; the source has room for two */

/**
 * struct target - where an answer goes
 * @uffd: to whom
 * @nr: its index
 * @at: address
 * @len: in bytes
 * @page: the size of a page there
 */
struct target {
	struct uffd *uffd;
	int nr;
	uint64_t at, len, page;
};

/* To the page that somebody waits for; perhaps some pages before, some behind */
static bool aim_at_event(const struct call *c, struct target *t)
{
	struct actor *a = pick_waiting(c->arg[1]);
	struct region *r = a ? region_at(a->addr) : NULL;
	unsigned int before = 0, pages = 1;

	if (!a)
		return false;
	t->nr = a->uffd;
	t->page = r ? r->page : PAGE;
	t->at = a->addr & -t->page;
	if (c->arg[2] % 4 == 3) {
		before = c->arg[2] / 4 % 3;
		pages = before + 1 + c->arg[2] / 12 % 4;
	}
	if (r && t->at - (uintptr_t)r->at < before * t->page)
		before = 0;
	t->at -= before * t->page;
	t->len = pages * t->page;
	return true;
}

/* Three of four go where somebody waits, if anybody does. */
static bool aim(const struct call *c, struct target *t)
{
	struct span s;

	if (c->arg[0] % 4 == 0 || !aim_at_event(c, t)) {
		t->uffd = pick_uffd(c->arg[3]);
		if (!t->uffd || !pick_span(c, &s))
			return false;
		t->nr = t->uffd - world.uffd;
		t->at = (uintptr_t)s.at;
		t->len = s.len;
		t->page = s.region->page;
	}
	t->uffd = &world.uffd[t->nr];
	if (t->uffd->fd < 0)
		return false;
	if (t->len > ANSWER_LEN)
		t->len = t->page == HUGE ? ANSWER_LEN : t->page;
	return true;
}

static void say_target(const struct call *c, const struct target *t, uint64_t mode)
{
	struct region *r = region_at(t->at);

	say(c, "uffd%d region%d+%lld len %lld%s", t->nr,
	    r ? (int)(r - world.region) : -1,
	    r ? (long long)((t->at - (uintptr_t)r->at) / t->page) : 0LL,
	    (long long)(t->len / t->page),
	    mode == 1 ? " DONTWAKE" : mode == 2 ? " WP" : mode ? " DONTWAKE WP" : "");
}

/* One in eight does not wake, one in eight write-protects. */
static uint64_t draw_mode(const struct call *c)
{
	return (c->arg[3] % 8 == 5 ? DONTWAKE : 0) | (c->arg[3] % 8 == 6 ? 2 : 0);
}

/* One in sixteen copies from memory that is watched itself. */
OP(op_copy)
{
	struct u_copy copy = { .src = (uintptr_t)world.source, .mode = draw_mode(c) };
	struct target t;
	struct span s;

	(void)op;
	if (!aim(c, &t))
		return OP_SKIPPED;
	copy.dst = t.at;
	copy.len = t.len;
	if (c->arg[3] % 16 == 15 && pick_span(c, &s) && s.len >= t.len)
		copy.src = (uintptr_t)s.at;
	say_target(c, &t, copy.mode);
	return result(ioctl(t.uffd->fd, U_COPY, &copy));
}

OP(op_fill)
{
	struct u_fill fill = { .mode = draw_mode(c) };
	struct target t;

	if (!aim(c, &t))
		return OP_SKIPPED;
	/* WP is for COPY, and for CONTINUE since 6.4 */
	if ((unsigned int)op->var != U_CONTINUE)
		fill.mode &= DONTWAKE;
	fill.range = (struct u_range){ t.at, t.len };
	say_target(c, &t, fill.mode);
	return result(ioctl(t.uffd->fd, (unsigned int)op->var, &fill));
}

OP(op_protect)
{
	struct u_protect p = { .mode = op->var };
	struct target t;

	if (!aim(c, &t))
		return OP_SKIPPED;
	if (!op->var && c->arg[3] % 8 == 5)
		p.mode |= 2;	/* DONTWAKE */
	p.range = (struct u_range){ t.at, t.len };
	say_target(c, &t, p.mode & 2 ? DONTWAKE : 0);
	return result(ioctl(t.uffd->fd, U_WRITEPROTECT, &p));
}

/* From memory of its own, or one in four from a region */
OP(op_move)
{
	struct u_copy move = { .mode = draw_mode(c) & DONTWAKE };
	char *source = NULL;
	struct target t;
	struct span s;
	int err;

	(void)op;
	if (!aim(c, &t))
		return OP_SKIPPED;
	if (t.len > 16 * PAGE)
		t.len = PAGE;
	if (c->arg[3] % 4 == 3 && pick_span(c, &s) && s.len >= t.len) {
		move.src = (uintptr_t)s.at;
	} else {
		source = mmap(NULL, t.len, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (source == MAP_FAILED)
			return -errno;
		memset(source, 0xa5, t.len);
		move.src = (uintptr_t)source;
	}
	move.dst = t.at;
	move.len = t.len;
	say_target(c, &t, move.mode);
	err = result(ioctl(t.uffd->fd, U_MOVE, &move));
	if (source)
		munmap(source, t.len);
	return err;
}

OP(op_wake)
{
	struct u_range range;
	struct target t;

	(void)op;
	if (!aim(c, &t))
		return OP_SKIPPED;
	range = (struct u_range){ t.at, t.len };
	say_target(c, &t, 0);
	return result(ioctl(t.uffd->fd, U_WAKE, &range));
}
