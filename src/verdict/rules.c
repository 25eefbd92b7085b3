// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict engine: the rules. See verdict.h for what it claims. Pure C, so
 * that the same file runs in the kernel, in unit tests, and under the model
 * check.
 */
#include "internal.h"

static bool page_marked(const struct verdict_page *page)
{
	return page_waits(page, WAIT_SEEN) || page_waits(page, WAIT_MAPPED);
}

static bool write_in_flight(const struct verdict_page *page)
{
	const struct verdict_fault *f;

	for (f = page->faults; f; f = f->page_next)
		if (f->flags & FAULT_F_WRITE)
			return true;
	return false;
}

/* What was mapped at some time since then, still is. */
bool verdict_page_kept(struct verdict_engine *e, const struct verdict_page *page,
		       unsigned int flags, verdict_time since)
{
	return (flags & FAULT_F_ZAPS_KNOWN) && page->zapped < since &&
	       !verdict_op_in_flight(e, page, OP_ZAP, e->clock);
}

/* Nothing but faults may have mapped it since then. */
bool verdict_page_quiet(const struct verdict_page *page, verdict_time since)
{
	return page->installed < since && page->unsure < since &&
	       page->cut < since;
}

/*
 * The page is anonymous. So no file page was mapped since then, unless it was
 * copied on write, or dropped before something else was installed.
 */
bool verdict_anon_proves(struct verdict_engine *e, const struct verdict_page *page,
			 unsigned int flags, verdict_time since)
{
	return page->written < since && !write_in_flight(page) &&
	       (verdict_page_kept(e, page, flags, since) ||
		(verdict_page_quiet(page, since) &&
		 !verdict_op_in_flight(e, page, OP_INSTALL, e->clock)));
}

/* More events were seen mapped, the oldest of a fault that began at @since. */
void verdict_page_mark(struct verdict_engine *e, struct verdict_page *page,
		       verdict_time since, enum verdict_look look, verdict_time stamp)
{
	bool recent = !page_marked(page) || stamp >= page->mark;

	if (!page_marked(page) || page->since > since)
		page->since = since;
	page->mark = e->clock;
	page->anon = look == LOOK_ANON && recent &&
		     verdict_anon_proves(e, page, page->flags, page->since);
}

/**
 * verdict_page_seen - a page was seen mapped
 * @e: the engine
 * @page: the page
 * @look: as what
 * @stamp: after every fact up to this time
 *
 * What was seen may have come from whatever is in flight now, so that has to
 * end first.
 */
void verdict_page_seen(struct verdict_engine *e, struct verdict_page *page,
		       enum verdict_look look, verdict_time stamp)
{
	if (page_waits(page, WAIT_OPEN) && page->opened <= stamp) {
		verdict_page_mark(e, page, page->open_since, look, stamp);
		verdict_events_seen(page);
	} else if (look == LOOK_ANON && page_marked(page) &&
		   stamp >= page->mark &&
		   verdict_anon_proves(e, page, page->flags, page->since)) {
		page->anon = true;
	}
}

/* Faults of neighbours that may map this page too. */
static bool around_in_flight(const struct verdict_page *page)
{
	const struct verdict_fault *f;

	for (f = page->ctx->arounds; f; f = f->around_next)
		if (f->page != page && f->begin < page->mark &&
		    !((f->addr ^ page->addr) & -f->around))
			return true;
	return false;
}

/* A file page, by a fault that has ended or not, may be what was seen. */
bool verdict_page_file_mapped(const struct verdict_page *page)
{
	return !page->anon && (page->file_mapped >= page->since ||
			       around_in_flight(page));
}

void verdict_page_silent(struct verdict_engine *e, struct verdict_page *page)
{
	verdict_page_close(e, page, WAIT_SEEN, VERDICT_UNDECIDED, WHY_SILENT);
	verdict_page_close(e, page, WAIT_MAPPED, VERDICT_UNDECIDED, WHY_SILENT);
}

/**
 * verdict_page_settle - the heart: judge what can be judged
 * @e: the engine
 * @page: the page
 *
 * What was seen mapped by page->mark, with no install since its fault began,
 * was mapped all along; provided that nothing which might have installed the
 * page by then is still in flight.
 */
void verdict_page_settle(struct verdict_engine *e, struct verdict_page *page)
{
	const struct verdict_fault *f;

	if (!page_marked(page) && !page_waits(page, WAIT_EXPOSED))
		return;
	if (verdict_op_in_flight(e, page, OP_INSTALL, page->mark))
		return;
	verdict_page_close(e, page, WAIT_EXPOSED, VERDICT_BOGUS, 0);
	for (f = page->faults; f; f = f->page_next)
		if (f->begin < page->mark &&
		    !(f->flags & FAULT_F_NEVER_INSTALLS) &&
		    !(page->anon && (f->flags & FAULT_F_ANON_PROVES)))
			return;
	if (!verdict_page_file_mapped(page)) {
		verdict_page_close(e, page, WAIT_SEEN, VERDICT_BOGUS, 0);
		verdict_page_close(e, page, WAIT_MAPPED, VERDICT_BOGUS, 0);
	} else if (!(page->flags & FAULT_F_PRIVATE)) {
		verdict_page_silent(e, page);
	}
	/* else a later look may find an anonymous page */
}

/**
 * verdict_page_installed - an install has ended
 * @e: the engine
 * @page: what it has mapped
 * @begin: when it began
 */
void verdict_page_installed(struct verdict_engine *e, struct verdict_page *page,
			    verdict_time begin)
{
	page->installed = e->clock;
	verdict_page_close(e, page, WAIT_OPEN, VERDICT_GENUINE, 0);
	if (begin >= page->mark)
		return;		/* too late to be what was seen */
	verdict_page_close(e, page, WAIT_SEEN, VERDICT_GENUINE, 0);
	verdict_page_close(e, page, WAIT_MAPPED, VERDICT_STALE, 0);
	verdict_page_close(e, page, WAIT_EXPOSED, VERDICT_UNDECIDED, 0);
}

/**
 * verdict_page_unsure - something has ended, and may have been an install
 * @e: the engine
 * @page: of what
 * @begin: when it began
 * @why: what it was
 */
void verdict_page_unsure(struct verdict_engine *e, struct verdict_page *page,
			 verdict_time begin, enum verdict_why why)
{
	page->unsure = e->clock;
	page->unsure_why = why;
	verdict_page_close(e, page, WAIT_OPEN, VERDICT_UNDECIDED, why);
	if (begin >= page->mark)
		return;
	verdict_page_close(e, page, WAIT_SEEN, VERDICT_UNDECIDED, why);
	verdict_page_close(e, page, WAIT_MAPPED, VERDICT_UNDECIDED, why);
	verdict_page_close(e, page, WAIT_EXPOSED, VERDICT_UNDECIDED, why);
}

/**
 * verdict_page_close_all - all events of a page are undecided
 * @e: the engine
 * @page: the page
 * @why: what is lacking
 */
void verdict_page_close_all(struct verdict_engine *e, struct verdict_page *page,
			    enum verdict_why why)
{
	int w;

	for (w = 0; w < NR_WAITS; w++)
		verdict_page_close(e, page, w, VERDICT_UNDECIDED, why);
}

/**
 * verdict_page_cut - nothing that is known about a page counts any more
 * @e: the engine
 * @page: the page
 * @why: what has happened
 */
void verdict_page_cut(struct verdict_engine *e, struct verdict_page *page, enum verdict_why why)
{
	page->cut = e->clock;
	verdict_page_close_all(e, page, why);
}
