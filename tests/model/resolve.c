// SPDX-License-Identifier: GPL-2.0
/* The world model: UFFDIO_COPY, CONTINUE and POISON, on one page or two. */
#include "world.h"

enum { R_IDLE, R_BEGUN, R_FILLED, R_DONE };

static void op_range(const struct actor *a, unsigned long *start,
		     unsigned long *end)
{
	bool wide = a->op & 8;

	*start = cell_addr(wide ? 0 : a->cell);
	*end = cell_addr(wide ? scen->cells - 1 : a->cell) + 0x1000;
}

/* The ioctl at its cell a->at. */
static bool resolve(struct actor *a, int choice)
{
	int kind = a->op & 7, c = a->at;
	struct cell *p = &w.cell[c];
	bool room = p->content == NOTHING || p->content == POISON;

	if (!w.uffd[scen->key[c]].watched) {
		say("the range is not registered: ENOENT");
		a->outcome = OUTCOME_NOTHING;
		a->pc = R_DONE;
		return true;
	}
	if (p->locked)
		return false;
	if (kind == DO_POISON)
		room = p->content == NOTHING;
	if (p->content == NOTHING && p->marker)
		room = false;
	if (kind == DO_COPY && !scen->private && a->pc == R_BEGUN) {
		if (!p->cache) {
			p->cache = 1;
			a->pc = R_FILLED;
			say("puts the new page into the page cache");
			return true;
		}
		room = false;
	}
	if (kind == DO_CONTINUE && !p->cache) {
		say("finds nothing in the page cache: EFAULT");
		a->outcome = a->effect ? OUTCOME_UNSURE : OUTCOME_NO_PAGE;
		a->pc = R_DONE;
		return true;
	}
	if (!room) {
		say("finds %s there: EEXIST", mapped(c) ? "a page" : "a marker");
		a->outcome = c == (a->op & 8 ? 0 : a->cell) ? OUTCOME_EXISTS : OUTCOME_DONE;
		a->pc = R_DONE;
		return true;
	}
	a->effect |= 1 << c;
	say("installs the page");
	set_content(c, kind == DO_POISON ? POISON : kind == DO_COPY &&
		    scen->private ? ANON_PAGE : FILE_PAGE, true);
	a->outcome = OUTCOME_DONE;
	a->pc = R_DONE;
	if (a->op & 8 && c + 1 < scen->cells) {
		a->at++;
		a->pc = R_BEGUN;
	}
	return true;
}

bool step_resolver(struct actor *a, int choice)
{
	static const u8 kinds[] = { DO_COPY, DO_CONTINUE, DO_POISON };
	unsigned long start, end;

	switch (a->pc) {
	case R_IDLE:
		if (!(scen->ops & kinds[choice % 3]) ||
		    (choice >= 3 && !(scen->opts & O_WIDE)) ||
		    !w.uffd[op_key(a)].open || !spend(a))
			return false;
		a->op = kinds[choice % 3] | (choice >= 3 ? 8 : 0);
		a->at = choice >= 3 ? 0 : a->cell;
		a->pc = R_BEGUN;
		op_range(a, &start, &end);
		tell_op_begin(a, OP_INSTALL, start, end);
		return true;
	case R_BEGUN:
	case R_FILLED:
		if (!choice)
			return resolve(a, choice);
		if (a->pc != R_BEGUN || a->effect || choice > 2 ||
		    !(scen->opts & (choice == 1 ? O_FAIL : O_UNSURE)))
			return false;
		a->outcome = choice == 1 ? OUTCOME_NOTHING : OUTCOME_UNSURE;
		say("fails, %s", choice == 1 ? "surely" : "nobody knows how far");
		a->pc = R_DONE;
		return true;
	case R_DONE:
		if (choice == 1) {
			if (!(scen->opts & O_UNSURE) || a->outcome != OUTCOME_DONE)
				return false;
			a->outcome = OUTCOME_UNSURE;
		} else if (choice == 2) {
			if (!(scen->opts & O_LOSE_END))
				return false;
			say("returns from its ioctl; the hook misses it");
			a->lost = 1;
			rest(a);
			return true;
		} else if (choice) {
			return false;
		}
		op_range(a, &start, &end);
		if (a->effect && a->outcome == OUTCOME_DONE && a->op & 8 &&
		    !(a->effect & (1 << (scen->cells - 1))))
			end = cell_addr(a->at);
		tell_op_end(a, OP_INSTALL, a->outcome, end);
		rest(a);
		return true;
	}
	return false;
}
