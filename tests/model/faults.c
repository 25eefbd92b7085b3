// SPDX-License-Identifier: GPL-2.0
/* The world model: threads that fault, step by step as hugetlb_fault() does. */
#include "world.h"

enum { F_IDLE, F_STAMPED, F_LOOKED, F_KERNEL, F_INSTALL, F_COW, F_RETURN,
       F_RSTAMPED, F_ENDING, F_EVENT, F_ESTAMPED, F_RAISING, F_BLOCKED };

bool fault_looked(const struct actor *a)
{
	return a->pc >= F_LOOKED && a->pc != F_BLOCKED;
}

bool fault_begun(const struct actor *a)
{
	return a->pc >= F_KERNEL && a->pc != F_BLOCKED;
}

/* In handle_userfault(), its event raised. */
bool fault_blocked(const struct actor *a)
{
	return a->pc == F_BLOCKED;
}

/* Read, but not told yet. */
static bool message_in_hand(const struct actor *a)
{
	int i;

	for (i = 0; i < w.actors; i++)
		if (scen->cast[i].role == MONITOR &&
		    w.actor[i].at == 1 + actor_index(a))
			return true;
	return false;
}

static bool is_writer(const struct actor *a)
{
	return scen->cast[actor_index(a)].role == WRITER;
}

static void entry_look(struct actor *a)
{
	int c = a->cell;

	a->entry_look = look_at(c);
	a->ghost &= G_AGED;	/* since its stamp */
	if (a->entry_look == LOOK_NONE &&
	    (w.cell[c].content == FILE_PAGE || w.cell[c].content == ANON_PAGE))
		a->ghost |= G_HIT;
	if (zap_in_flight(c))
		a->ghost |= G_ZAP;
	a->pc = F_LOOKED;
	say("enters the fault handler; hook looks at the pte: %s",
	    a->entry_look == LOOK_NONE ? "none" : "mapped");
}

static bool step_idle(struct actor *a, int choice)
{
	int c = scen->opts & O_ANYCELL ? choice : scen->cast[actor_index(a)].cell;

	bool untold = scen->opts & O_ARM && choice;

	if (untold && (choice > 1 || w.uffd[scen->key[c]].armed))
		return false;	/* told, perhaps, for the sake of others */
	if (!(scen->opts & O_ANYCELL) && choice && !untold)
		return false;
	if (c >= scen->cells || !a->left || !w.uffd[scen->key[c]].watched)
		return false;
	if (a->left != ANY)
		a->left--;
	a->cell = c;
	a->untold = untold;
	a->stamp = eng.clock;
	if (scen->opts & O_SPLIT) {
		say("enters the fault handler; hook takes its stamp");
		a->pc = F_STAMPED;
	} else {
		entry_look(a);
	}
	return true;
}

/* Fault-around: whatever the page cache has for the other cells is mapped. */
static bool map_around(struct actor *a)
{
	int c, n = 0;

	if (!(scen->opts & O_AROUND) || is_writer(a))
		return false;
	for (c = 0; c < scen->cells; c++) {
		struct cell *p = &w.cell[c];

		if (c == a->cell || scen->key[c] != scen->key[a->cell] ||
		    p->locked || p->content != NOTHING || !p->cache)
			continue;
		if (!n++)
			say("kernel maps page-cache pages around");
		a->ghost |= G_AROUND;
		set_content(c, FILE_PAGE, false);
	}
	return n;
}

/* The kernel reads the pte without its lock, and decides. */
static bool step_kernel(struct actor *a, int choice)
{
	const struct cell *p = &w.cell[a->cell];
	u8 seen = pte(a->cell);

	if (choice == 1) {
		if (!(scen->opts & O_FAIL))
			return false;
		a->ghost |= G_ERROR;
		a->pc = F_RETURN;
		say("gives up (no memory, a lock not taken, no event allowed)");
		return true;
	}
	if (choice == 2)
		return seen == NOTHING && map_around(a);
	if (choice)
		return false;
	if (seen == POISON) {
		a->ghost |= G_ERROR;
		a->pc = F_RETURN;
		say("kernel finds a poison marker: an error");
	} else if (seen != NOTHING) {
		a->pc = seen == FILE_PAGE && scen->private && is_writer(a) ?
			F_COW : F_RETURN;
		say("kernel finds the page mapped: no event");
	} else if (scen->minor ? (p->cache || scen->missing) : !p->cache) {
		if (w.npending >= scen->max_open)
			return false;
		a->type = p->cache ? EVENT_MINOR : EVENT_MISSING;
		a->pc = F_EVENT;
		say("kernel reads none%s: a %s event it will be",
		    p->locked ? " (inside a writer's window)" : "",
		    a->type ? "MINOR" : "MISSING");
	} else {
		a->pc = F_INSTALL;
		say("kernel reads none, and will install a page by itself");
	}
	return true;
}

static bool step_install(struct actor *a, int choice)
{
	struct cell *p = &w.cell[a->cell];
	bool copies = scen->private && is_writer(a);

	if (p->locked)
		return false;
	if (p->content != NOTHING) {
		if (choice)
			return false;
		a->pc = F_RETURN;
		a->ghost |= G_MAPS;
		say("kernel takes the lock, finds the pte not none, backs off");
		return true;
	}
	if (!p->cache && scen->missing) {
		if (choice)
			return false;
		a->pc = F_KERNEL;
		say("the page cache is empty by now: the kernel starts over");
		return true;
	}
	if (choice > (scen->opts & O_FAIL ? is_writer(a) : copies))
		return false;
	p->cache = 1;
	a->pc = F_RETURN;
	a->ghost |= G_MAPS;
	if (choice && !copies) {
		a->ghost |= G_ERROR;
		say("kernel maps the page, drops its lock: VM_FAULT_RETRY");
		set_content(a->cell, FILE_PAGE, false);
	} else if (choice) {
		a->ghost |= G_ERROR;
		say("kernel maps the page-cache page, fails to copy it: error");
		set_content(a->cell, FILE_PAGE, false);
	} else {
		say("kernel installs %s silently", copies ? "a copy" : "the page");
		set_content(a->cell, copies ? ANON_PAGE : FILE_PAGE, false);
	}
	return true;
}

static bool step_cow(struct actor *a, int choice)
{
	if (w.cell[a->cell].locked || choice)
		return false;
	if (w.cell[a->cell].content == FILE_PAGE) {
		a->ghost |= G_COPIES;
		set_content(a->cell, ANON_PAGE, false);
		say("kernel copies the page on write");
	} else {
		say("kernel takes the lock, finds nothing to copy");
	}
	a->pc = F_RETURN;
	return true;
}

static void idle(struct actor *a)
{
	u8 left = a->left, lost = a->lost, blocks = lost ? a->blocks : 0;

	*a = (struct actor) { .left = left, .lost = lost, .blocks = blocks };
}

static void return_look(struct actor *a)
{
	a->look = a->ghost & G_ERROR ? LOOK_UNKNOWN : look_at(a->cell);
	a->accept = !!(a->ghost & G_HIT);
	a->pc = F_ENDING;
	say("returns without an event; hook looks: %s",
	    a->look == LOOK_UNKNOWN ? "not at all, after an error" :
	    a->look == LOOK_NONE ? "none" : "mapped");
}

static void event_look(struct actor *a)
{
	a->look = look_at(a->cell);
	a->accept = accept_now(a);
	a->pc = F_RAISING;
	say("handle_userfault(); hook looks at the pte: %s",
	    a->look == LOOK_NONE ? "none" : "mapped");
}

static bool step_one(struct actor *a, int choice)
{
	switch (a->pc) {
	case F_IDLE:
		return step_idle(a, choice);
	case F_KERNEL:
		return step_kernel(a, choice);
	case F_INSTALL:
		return step_install(a, choice);
	case F_COW:
		return step_cow(a, choice);
	case F_RETURN:
		if (choice == 1 && scen->opts & O_LOSE_END) {
			say("returns without an event; the hook misses it");
			a->lost = 1;
			idle(a);
			return true;
		}
		if (choice || w.npending + 4 > MAX_CASES)	/* those in flight */
			return false;
		if (a->untold) {
			idle(a);
			return true;
		}
		a->stamp = eng.clock;
		if (scen->opts & O_SPLIT)
			a->pc = F_RSTAMPED;
		else
			return_look(a);
		return true;
	default:
		break;
	}
	if (choice)
		return false;
	switch (a->pc) {
	case F_BLOCKED:
		if (!(scen->opts & O_LATE) && message_in_hand(a))
			return false;
		say("leaves handle_userfault()");
		unqueue(actor_index(a));
		tell_unblocked(a);
		idle(a);
		break;
	case F_STAMPED:
		entry_look(a);
		break;
	case F_LOOKED:
		a->pc = F_KERNEL;
		tell_begin(a);
		break;
	case F_RSTAMPED:
		return_look(a);
		break;
	case F_ENDING:
		tell_end(a);
		idle(a);
		break;
	case F_EVENT:
		a->stamp = eng.clock;
		if (scen->opts & O_SPLIT)
			a->pc = F_ESTAMPED;
		else
			event_look(a);
		break;
	case F_ESTAMPED:
		event_look(a);
		break;
	case F_RAISING:
		tell_event(a);
		if (scen->opts & O_READS)
			a->pc = F_BLOCKED;
		else
			idle(a);
		break;
	default:
		return false;
	}
	return true;
}

/* Choice 0 is always the way on without a mishap. */
bool step_fault(struct actor *a, int choice)
{
	if (!step_one(a, choice))
		return false;
	if ((swift || scen->opts & O_SWIFT) && (a->pc == F_LOOKED || a->pc == F_ENDING || a->pc == F_RAISING))
		step_one(a, 0);
	return true;
}
