// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict engine: a fault inside a window that was watched. Pure C, as all
 * of it.
 */
#include "case_table.h"

/**
 * case_fault_spared - a fault found its entry cleared, which was then set again
 * @e: the engine
 * @task: of the fault, which is about to end
 * @shut: no later than the entry was set again, by who had cleared it and in the
 *	same go; 0: never
 *
 * If that came after the fault had begun, and nobody has taken the page away
 * since, the fault has installed nothing, and without an event it counts as an
 * exposure. Not if there is none to be raised anyway: what is shared is in the
 * page cache, which a range that is registered for MISSING alone is filled from.
 */
void case_fault_spared(struct case_engine *e, const void *task, case_time shut)
{
	struct case_fault *f = fault_find(e, task);
	struct case_page *page = f ? f->page : NULL;

	if (!page || shut < f->begin || !(f->flags & CASE_F_ZAPS_KNOWN) ||
	    (!(f->flags & CASE_F_PRIVATE) && f->type == CASE_MISSING))
		return;
	if (page->zapped < f->begin &&
	    !op_in_flight(e, page, CASE_OP_ZAP, e->clock + 1))
		f->flags |= CASE_F_NEVER_INSTALLS;
}
