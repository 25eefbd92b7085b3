// SPDX-License-Identifier: GPL-2.0
/*
 * The world model: the life of a userfaultfd, from UFFDIO_API to close, the
 * hook that is armed for it, and whoever reads its messages.
 */
#include "world.h"

/* Whatever happens to a range that is not watched, no hook tells. */
static bool unwatched(struct actor *a, int choice)
{
	static const enum content becomes[] = { NOTHING, ANON_PAGE, FILE_PAGE };
	enum content content = becomes[choice - 1];

	if (w.cell[a->cell].content == content || w.cell[a->cell].locked ||
	    (content == ANON_PAGE && !scen->private))
		return false;
	w.cell[a->cell].content = content;
	say("the page, not watched, becomes %s", content ? "mapped" : "unmapped");
	return true;
}

enum { U_IDLE, U_BEGIN, U_END, U_OFF, U_BORNE, U_READY, U_AGAIN, U_WATCHED };

bool step_unregister(struct actor *a, int choice, bool closes)
{
	struct userfault *u = &w.uffd[scen->key[a->cell]];
	unsigned long addr = cell_addr(a->cell);
	int i;

	if (choice == 4) {		/* UFFDIO_API returns, rather late */
		if (!a->at || a->pc < U_READY)
			return false;
		a->at = 0;
		tell_opened(scen->key[a->cell], true);
		return true;
	}
	if (choice == 5) {		/* and fails */
		if (a->pc != U_BORNE || !(scen->opts & O_BIRTH))
			return false;
		a->pc = U_OFF;
		tell_opened(scen->key[a->cell], false);
		return true;
	}
	if (choice)
		return a->pc == U_OFF && choice <= 3 && unwatched(a, choice);
	switch (a->pc) {
	case U_IDLE:
		for (i = 0; closes && i < w.actors; i++)
			if (scen->cast[i].role == RESOLVER && w.actor[i].pc)
				return false;	/* holds the file */
		if (!spend(a))
			return false;
		a->pc = U_BEGIN;
		if (closes)
			tell_gone(a->cell);
		else
			tell_op_begin(a, OP_RANGE, addr, addr + 0x1000);
		break;
	case U_BEGIN:
		if (!mmap_lock_free(scen->key[a->cell]))
			return false;
		u->watched = 0;
		say("the range is not watched any more");
		a->pc = closes ? U_OFF : U_END;
		break;
	case U_END:
		a->pc = U_OFF;
		tell_op_end(a, OP_RANGE, OUTCOME_DONE, addr + 0x1000);
		break;
	case U_OFF:
		if (closes) {
			a->pc = U_BORNE;
			tell_opening(scen->key[a->cell]);
			break;
		}
		a->pc = U_AGAIN;
		tell_op_begin(a, OP_RANGE, addr, addr + 0x1000);
		break;
	case U_BORNE:
		say("UFFDIO_API succeeds");
		u->open = 1;
		a->at = 1;
		a->pc = U_READY;
		break;
	case U_READY:
		if (a->at && !(scen->opts & O_BIRTH))
			return step_unregister(a, 4, closes);
		a->pc = U_AGAIN;
		tell_op_begin(a, OP_RANGE, addr, addr + 0x1000);
		break;
	case U_AGAIN:
		u->watched = 1;
		say("the range is watched again");
		a->pc = U_WATCHED;
		break;
	case U_WATCHED:
		if (a->at)
			return step_unregister(a, 4, closes);
		tell_op_end(a, OP_RANGE, OUTCOME_DONE, addr + 0x1000);
		if (closes && scen->backing != BACKING_HUGETLB) {
			u->armed = 1;	/* they were all along */
			tell_complete(a->cell, true);
		}
		rest(a);
		break;
	}
	return true;
}

bool step_armer(struct actor *a, int choice)
{
	struct userfault *u = &w.uffd[scen->key[a->cell]];
	int i;

	if (choice || !a->left)
		return false;
	for (i = 0; i < w.actors; i++)
		if (!u->armed && w.actor[i].untold)
			return false;	/* see verdict_ctx_complete() */
	spend(a);
	if (u->armed)
		for (i = 0; i < w.actors; i++)
			if (faults(i) && w.actor[i].pc)
				w.actor[i].untold = 1;
	u->armed = !u->armed;
	tell_complete(a->cell, u->armed);
	return true;
}

/* Nobody can read the message of an actor any more. */
void unqueue(int who)
{
	int i, n = 0;

	for (i = 0; i < w.nqueue; i++)
		if (w.queue[i] != who)
			w.queue[n++] = w.queue[i];
	while (w.nqueue > n)
		w.queue[--w.nqueue] = 0;
}

bool step_monitor(struct actor *a, int choice)
{
	int i, who = w.queue[0];

	if (choice)
		return false;
	if (a->pc) {
		tell_read(a);
		rest(a);
		return true;
	}
	if (!w.nqueue || !spend(a))
		return false;
	say("reads the message of %s", actor_name(who));
	a->pc = 1;
	a->at = 1 + who;
	a->cell = w.actor[who].cell;
	a->type = w.actor[who].type;
	a->verdict = w.actor[who].verdict;
	for (i = 0; i < w.npending; i++)
		if (w.pending[i].holder == 1 + who)
			w.pending[i].holder = 1 + actor_index(a);
	unqueue(who);
	return true;
}
