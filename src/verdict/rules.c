// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict engine: the rules. See verdict.h for what it claims, and
 * docs/verdict.md for the tables that are to be read beside this file. Pure C, so
 * that the same file runs in the kernel, in unit tests, and under the model check.
 */
#include "internal.h"

bool verdict_look_mapped(enum verdict_look look)
{
	return look == LOOK_MAPPED || look == LOOK_ANON;
}

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

/* The fault ends on an anonymous page, which is not what it could have installed. */
static bool anon_proves_fault(struct verdict_engine *e, const struct verdict_fault *f,
			      enum verdict_look look)
{
	return look == LOOK_ANON && (f->flags & FAULT_F_ANON_PROVES) &&
	       verdict_anon_proves(e, f->page, f->flags, f->begin);
}

/*
 * Does its result prove that a fault has not mapped its page? In hugetlb a write
 * to a private mapping maps a page of the file, and may then fail to copy it.
 */
static bool result_proves(const struct verdict_fault *f, enum verdict_result result)
{
	const unsigned int copies = FAULT_F_WRITE | FAULT_F_PRIVATE;

	if (result != RESULT_FAILED)
		return result >= RESULT_MAPPED_NOTHING;
	if (f->flags & FAULT_F_RETRY_MAPS)
		return false;
	return f->backing != BACKING_HUGETLB || (f->flags & copies) != copies;
}

/* For all that the hooks can see: a fault that has ended, and raised no event. */
bool verdict_may_have_installed(struct verdict_engine *e, const struct verdict_fault *f,
				enum verdict_result result, enum verdict_look look)
{
	if (f->flags & FAULT_F_NEVER_INSTALLS)
		return false;
	if (result_proves(f, result))
		return false;
	/* It was mapped before, and nobody took it away. */
	if (verdict_look_mapped(f->look) && verdict_page_kept(e, f->page, f->flags, f->begin))
		return false;
	return !anon_proves_fault(e, f, look);
}

/*
 * A fault that has installed nothing, and raised no event: has it met the window
 * of a page that was mapped all along? Our look came before the kernel's own,
 * which may have met none.
 */
bool verdict_fault_exposed(struct verdict_engine *e, const struct verdict_fault *f,
			   enum verdict_look look)
{
	return f->look == LOOK_NONE && !(f->flags & FAULT_F_UNREAD) &&
	       verdict_page_quiet(f->page, f->begin) &&
	       verdict_event_counts(f->ctx, f->backing, f->begin) &&
	       (anon_proves_fault(e, f, look) ||
		((f->flags & FAULT_F_NEVER_INSTALLS) && verdict_look_mapped(look)));
}

/*
 * Events are judged, and exposures counted, only if their fault's begin was
 * told, and if there are rules for what it may map.
 */
bool verdict_event_counts(const struct verdict_ctx *ctx, enum verdict_backing of,
			  verdict_time begin)
{
	if (of == BACKING_OTHER)
		return false;
	return of == BACKING_HUGETLB || (ctx->complete && ctx->complete < begin);
}

static struct verdict_finding undecided(enum verdict_why why)
{
	return (struct verdict_finding){ .verdict = VERDICT_UNDECIDED, .why = why };
}

/*
 * What an event finds: the first line that holds. @begin: of its fault, 0: not
 * told; @page: its page, NULL: has no record.
 */
struct verdict_finding verdict_event_finds(const struct verdict_ctx *ctx,
					   const struct verdict_page *page,
					   const struct verdict_entry *entry,
					   verdict_time begin)
{
	if (!ctx || ctx->state != CTX_KNOWN)
		return undecided(WHY_UNKNOWN_CTX);
	if (!verdict_event_counts(ctx, entry->backing, begin) || !begin)
		return undecided(WHY_NO_ENTRY);
	if (!page)
		return undecided(WHY_NO_ROOM);
	if (page->cut >= begin || page->backing != entry->backing)
		return undecided(WHY_CHANGED);
	if (page->installed >= begin)
		return (struct verdict_finding){ .verdict = VERDICT_STALE };
	if (entry->flags & FAULT_F_SHARED_TABLE)
		return undecided(WHY_SHARED);
	if (page->unsure >= begin)
		return undecided(page->unsure_why);
	if (page->zapped > entry->stamp)
		return undecided(WHY_DROPPED);
	return (struct verdict_finding){ .waits = true };
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

/*
 * A page was seen mapped, after every fact up to @stamp. What was seen may have come
 * from whatever is in flight now, so that has to end first.
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

/* A fault of the page itself, begun before the mark, may yet be what was seen. */
static bool fault_may_install(const struct verdict_page *page)
{
	const struct verdict_fault *f;

	for (f = page->faults; f; f = f->page_next)
		if (f->begin < page->mark &&
		    !(f->flags & FAULT_F_NEVER_INSTALLS) &&
		    !(page->anon && (f->flags & FAULT_F_ANON_PROVES)))
			return true;
	return false;
}

/*
 * The heart: judge what can be judged. What was seen mapped by page->mark, with no
 * install since its fault began, was mapped all along; provided that nothing which
 * might have installed the page by then is still in flight.
 */
void verdict_page_settle(struct verdict_engine *e, struct verdict_page *page)
{
	if (!page_marked(page) && !page_waits(page, WAIT_EXPOSED))
		return;
	if (verdict_op_in_flight(e, page, OP_INSTALL, page->mark))
		return;
	verdict_page_close(e, page, WAIT_EXPOSED, VERDICT_BOGUS, 0);
	if (fault_may_install(page))
		return;
	if (!verdict_page_file_mapped(page)) {
		verdict_page_close(e, page, WAIT_SEEN, VERDICT_BOGUS, 0);
		verdict_page_close(e, page, WAIT_MAPPED, VERDICT_BOGUS, 0);
	} else if (!(page->flags & FAULT_F_PRIVATE)) {
		verdict_page_silent(e, page);
	}
	/* else a later look may find an anonymous page */
}

/* An install of a page has ended, that began at @begin. */
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

/* What began at @begin has ended, and may have been an install. */
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

/* All events of a page are undecided. */
void verdict_page_close_all(struct verdict_engine *e, struct verdict_page *page,
			    enum verdict_why why)
{
	int w;

	for (w = 0; w < NR_WAITS; w++)
		verdict_page_close(e, page, w, VERDICT_UNDECIDED, why);
}

/* Nothing that is known about a page counts any more. */
void verdict_page_cut(struct verdict_engine *e, struct verdict_page *page, enum verdict_why why)
{
	page->cut = e->clock;
	verdict_page_close_all(e, page, why);
}
