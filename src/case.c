// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict engine: the rules. See case.h for what it claims. Pure C, so
 * that the same file runs in the kernel, in unit tests, and under the model
 * check.
 */
#include "case_table.h"

static bool look_mapped(enum case_look look)
{
	return look == CASE_LOOK_MAPPED || look == CASE_LOOK_ANON;
}

static bool page_marked(const struct case_page *page)
{
	return page_waits(page, CASE_SEEN) || page_waits(page, CASE_MAPPED);
}

static bool write_in_flight(const struct case_page *page)
{
	const struct case_fault *f;

	for (f = page->faults; f; f = f->page_next)
		if (f->flags & CASE_F_WRITE)
			return true;
	return false;
}

/* What was mapped at some time since then, still is. */
static bool page_kept(struct case_engine *e, const struct case_page *page,
		      unsigned int flags, case_time since)
{
	return (flags & CASE_F_ZAPS_KNOWN) && page->zapped < since &&
	       !op_in_flight(e, page, CASE_OP_ZAP, e->clock);
}

/* Nothing but faults may have mapped it since then. */
static bool page_quiet(const struct case_page *page, case_time since)
{
	return page->installed < since && page->unsure < since &&
	       page->hole < since;
}

/*
 * The page is anonymous. So no file page was mapped since then, unless it was
 * copied on write, or dropped before something else was installed.
 */
static bool anon_proves(struct case_engine *e, const struct case_page *page,
			unsigned int flags, case_time since)
{
	return page->written < since && !write_in_flight(page) &&
	       (page_kept(e, page, flags, since) ||
		(page_quiet(page, since) &&
		 !op_in_flight(e, page, CASE_OP_INSTALL, e->clock)));
}

/* More events were seen mapped, the oldest of a fault that began at @since. */
static void page_mark(struct case_engine *e, struct case_page *page,
		      case_time since, enum case_look look, case_time stamp)
{
	bool recent = !page_marked(page) || stamp >= page->mark;

	if (!page_marked(page) || page->since > since)
		page->since = since;
	page->mark = e->clock;
	page->anon = look == CASE_LOOK_ANON && recent &&
		     anon_proves(e, page, page->flags, page->since);
}

/**
 * page_seen - a page was seen mapped
 * @e: the engine
 * @page: the page
 * @look: as what
 * @stamp: after every fact up to this time
 *
 * What was seen may have come from whatever is in flight now, so that has to
 * end first.
 */
void page_seen(struct case_engine *e, struct case_page *page,
	       enum case_look look, case_time stamp)
{
	if (page_waits(page, CASE_OPEN) && page->opened <= stamp) {
		page_mark(e, page, page->open_since, look, stamp);
		events_seen(page);
	} else if (look == CASE_LOOK_ANON && page_marked(page) &&
		   stamp >= page->mark &&
		   anon_proves(e, page, page->flags, page->since)) {
		page->anon = true;
	}
}

/* Faults of neighbours that may map this page too. */
static bool around_in_flight(const struct case_page *page)
{
	const struct case_fault *f;

	for (f = page->ctx->arounds; f; f = f->around_next)
		if (f->page != page && f->begin < page->mark &&
		    !((f->addr ^ page->addr) & -f->around))
			return true;
	return false;
}

/* A file page, by a fault that has ended or not, may be what was seen. */
static bool page_filed(const struct case_page *page)
{
	return !page->anon && (page->filed >= page->since ||
			       around_in_flight(page));
}

static void page_silent(struct case_engine *e, struct case_page *page)
{
	page_close(e, page, CASE_SEEN, CASE_UNDECIDED, CASE_WHY_SILENT);
	page_close(e, page, CASE_MAPPED, CASE_UNDECIDED, CASE_WHY_SILENT);
}

/**
 * page_settle - the heart: judge what can be judged
 * @e: the engine
 * @page: the page
 *
 * What was seen mapped by page->mark, with no install since its fault began,
 * was mapped all along; provided that nothing which might have installed the
 * page by then is still in flight.
 */
void page_settle(struct case_engine *e, struct case_page *page)
{
	const struct case_fault *f;

	if (!page_marked(page) && !page_waits(page, CASE_EXPOSED))
		return;
	if (op_in_flight(e, page, CASE_OP_INSTALL, page->mark))
		return;
	page_close(e, page, CASE_EXPOSED, CASE_BOGUS, 0);
	for (f = page->faults; f; f = f->page_next)
		if (f->begin < page->mark &&
		    !(f->flags & CASE_F_NEVER_INSTALLS) &&
		    !(page->anon && (f->flags & CASE_F_ANON_PROVES)))
			return;
	if (!page_filed(page)) {
		page_close(e, page, CASE_SEEN, CASE_BOGUS, 0);
		page_close(e, page, CASE_MAPPED, CASE_BOGUS, 0);
	} else if (!(page->flags & CASE_F_PRIVATE)) {
		page_silent(e, page);
	}
	/* else a later look may find an anonymous page */
}

/**
 * page_installed - an install has ended
 * @e: the engine
 * @page: what it has mapped
 * @begin: when it began
 */
void page_installed(struct case_engine *e, struct case_page *page,
		    case_time begin)
{
	page->installed = e->clock;
	page_close(e, page, CASE_OPEN, CASE_GENUINE, 0);
	if (begin >= page->mark)
		return;		/* too late to be what was seen */
	page_close(e, page, CASE_SEEN, CASE_GENUINE, 0);
	page_close(e, page, CASE_MAPPED, CASE_STALE, 0);
	page_close(e, page, CASE_EXPOSED, CASE_UNDECIDED, 0);
}

/**
 * page_unsure - something has ended, and may have been an install
 * @e: the engine
 * @page: of what
 * @begin: when it began
 * @why: what it was
 */
void page_unsure(struct case_engine *e, struct case_page *page,
		 case_time begin, enum case_why why)
{
	page->unsure = e->clock;
	page->unsure_why = why;
	page_close(e, page, CASE_OPEN, CASE_UNDECIDED, why);
	if (begin >= page->mark)
		return;
	page_close(e, page, CASE_SEEN, CASE_UNDECIDED, why);
	page_close(e, page, CASE_MAPPED, CASE_UNDECIDED, why);
	page_close(e, page, CASE_EXPOSED, CASE_UNDECIDED, why);
}

/*
 * Events are judged, and exposures counted, only if their fault's begin was
 * told, and if there are rules for what it may map.
 */
static bool fault_counts(const struct case_ctx *ctx, enum case_backing backing,
			 case_time begin)
{
	if (backing == CASE_OTHER)
		return false;
	return backing == CASE_HUGETLB || (ctx->watched && ctx->watched < begin);
}

/* A fault is over: it may have mapped file pages on its neighbours. */
static void fault_over(struct case_engine *e, const struct case_fault *f)
{
	unsigned long block = f->addr & -f->around;
	struct page_walk walk = page_walk(f->ctx, block, block + f->around);
	struct case_page *page;

	while ((page = page_walk_next(e, &walk)))
		if (page != f->page)
			page->filed = e->clock;
}

/* A fault has ended without an event: did it install, was it exposed? */
static void fault_silent(struct case_engine *e, struct case_fault *record,
			 bool nothing, enum case_look look, case_time stamp)
{
	struct case_fault f = *record;
	struct case_page *page = f.page;
	bool kept, anon;

	fault_free(e, record);
	fault_over(e, &f);
	if (!page) {
		f.ctx->changed = e->clock;
		return;
	}
	kept = page_kept(e, page, f.flags, f.begin);
	/* An anonymous page is not what this fault could have installed. */
	anon = (f.flags & CASE_F_ANON_PROVES) && look == CASE_LOOK_ANON &&
	       anon_proves(e, page, f.flags, f.begin);
	if (f.flags & CASE_F_WRITE)
		page->written = e->clock;

	/* It may have mapped a page, and then failed to copy it. */
	if ((f.flags & CASE_F_WRITE) && (f.flags & CASE_F_PRIVATE))
		nothing = false;
	if (f.flags & CASE_F_RETRY_MAPS)
		nothing = false;
	if (anon || (f.flags & CASE_F_NEVER_INSTALLS))
		nothing = true;
	/* It was mapped before, and nobody took it away. */
	if (look_mapped(f.look) && kept)
		nothing = true;

	if (!nothing) {
		f.ctx->changed = e->clock;
		if (f.flags & CASE_F_ANON_PROVES)
			page->filed = e->clock;
		else
			page_unsure(e, page, f.begin, CASE_WHY_SILENT);
	}
	if (look_mapped(look))
		page_seen(e, page, look, stamp);
	if (nothing && f.look == CASE_LOOK_NONE && page_quiet(page, f.begin) &&
	    fault_counts(f.ctx, f.backing, f.begin) &&
	    (anon || ((f.flags & CASE_F_NEVER_INSTALLS) && look_mapped(look)))) {
		page->wait[CASE_EXPOSED][f.type]++;
		page->mark = e->clock;
		page->looks = 0;
	}
	page_settle(e, page);
	page_put(e, page);
}

/**
 * case_fault_begin - a fault enters the kernel's handler
 * @e: the engine
 * @entry: what its hook knows
 */
void case_fault_begin(struct case_engine *e, const struct case_entry *entry)
{
	struct case_fault *f = fault_find(e, entry->task);
	struct case_page *page;
	struct case_ctx *ctx;

	e->clock++;
	event_ended(e, entry->task);
	if (f) {	/* its end was missed, but came before now */
		fault_silent(e, f, false, CASE_LOOK_UNKNOWN, 0);
		e->clock++;
	}

	ctx = ctx_find(e, entry->ctx);
	if (!ctx)
		return;
	if (!ctx->mm)
		ctx->mm = entry->mm;
	if (ctx->state == CTX_BLIND)
		return;
	f = fault_create(e, entry, ctx);
	if (!f) {
		case_ctx_blind(e, entry->ctx);
		return;
	}
	/* What has ended between look and now may have changed the page. */
	if (ctx->changed > entry->stamp)
		f->look = CASE_LOOK_UNKNOWN;

	page = f->page;
	if (!page)
		return;
	if (page->backing != entry->backing)	/* another mapping */
		page_close_all(e, page, CASE_WHY_CHANGED);
	if (entry->owner)
		page->owner = entry->owner;
	page->backing = entry->backing;
	page->flags = entry->flags;
	if (op_in_flight(e, page, CASE_OP_HOLE, e->clock))
		page->hole = e->clock;
	/* Mappings merge, and may share tables from then on. */
	if (entry->flags & CASE_F_SHARED_TABLE)
		page_unsure(e, page, 0, CASE_WHY_SHARED);
	if (look_mapped(entry->look))
		page_seen(e, page, entry->look, entry->stamp);
	page_settle(e, page);
}

/**
 * case_fault_end - a fault has ended
 * @e: the engine
 * @task: whose; no verdict depends on this if it raised an event
 * @nothing: its result says that it installed nothing
 * @look: what the pte is now
 * @stamp: the clock before that look
 */
void case_fault_end(struct case_engine *e, const void *task, bool nothing,
		    enum case_look look, case_time stamp)
{
	struct case_fault *f = fault_find(e, task);

	event_ended(e, task);
	if (!f)
		return;
	e->clock++;
	fault_silent(e, f, nothing, look, stamp);
}

/**
 * case_fault_event - a fault raises an event
 * @e: the engine
 * @entry: as for case_fault_begin(), with the look taken at the event
 *
 * With that the fault is over: it installs nothing any more.
 */
void case_fault_event(struct case_engine *e, const struct case_entry *entry)
{
	struct case_books *b = &e->stats.books[entry->backing][entry->type];
	struct case_ctx *ctx = ctx_find(e, entry->ctx);
	struct case_fault *f = fault_find(e, entry->task), was;
	enum case_verdict verdict = CASE_UNDECIDED;
	enum case_why why = CASE_WHY_NO_ENTRY;
	enum case_wait wait = CASE_OPEN;
	struct case_page *page = NULL;
	struct case_event *v = NULL;
	case_time begin = 0;

	e->clock++;
	b->events++;
	if (entry->flags & CASE_F_WRITE)
		b->writes++;
	event_ended(e, entry->task);
	if (ctx)
		v = event_create(e, ctx, entry);
	if (f && (f->ctx != ctx || f->addr != entry->addr)) {
		fault_silent(e, f, false, CASE_LOOK_UNKNOWN, 0);
	} else if (f) {
		why = CASE_WHY_NO_ROOM;
		page = f->page;
		begin = f->begin;
		was = *f;
		fault_free(e, f);
		fault_over(e, &was);
	}

	if (!ctx || ctx->state != CTX_KNOWN) {
		why = CASE_WHY_UNKNOWN_CTX;
		goto close;
	}
	if (!fault_counts(ctx, entry->backing, begin)) {
		why = CASE_WHY_NO_ENTRY;
		goto close;
	}
	if (!page)
		goto close;
	if (entry->flags & CASE_F_SHARED_TABLE)
		page_unsure(e, page, 0, CASE_WHY_SHARED);
	if (page->hole >= begin || page->backing != entry->backing) {
		why = CASE_WHY_CHANGED;
		goto close;
	}
	if (page->installed >= begin) {
		verdict = CASE_STALE;
		goto close;
	}
	if (page->unsure >= begin) {
		why = page->unsure_why;
		goto close;
	}
	if (page->zapped > entry->stamp) {
		why = CASE_WHY_DROPPED;
		goto close;
	}
	b->open++;
	if (look_mapped(entry->look)) {
		page_seen(e, page, entry->look, entry->stamp);
		page_mark(e, page, begin, entry->look, entry->stamp);
		wait = CASE_MAPPED;
	} else {
		if (!page_waits(page, CASE_OPEN) || page->open_since > begin)
			page->open_since = begin;
		page->opened = e->clock;
	}
	page->looks = 0;
	page->wait[wait][entry->type]++;
	event_waits(v, page, wait);
	goto settle;
close:
	b->verdict[verdict]++;
	if (verdict == CASE_UNDECIDED)
		e->stats.why[why]++;
	if (v)
		v->verdict = verdict;
	if (!page)
		return;
settle:
	page_settle(e, page);
	if (op_in_flight(e, page, CASE_OP_ZAP, e->clock))
		page_close_all(e, page, CASE_WHY_DROPPED);
	page_put(e, page);
}

/**
 * case_looked - the deferred look at a page
 * @e: the engine
 * @key: of its userfaultfd
 * @addr: its address
 * @look: what was found, under the page-table lock
 * @stamp: the clock before the look
 */
void case_looked(struct case_engine *e, const void *key, unsigned long addr,
		 enum case_look look, case_time stamp)
{
	struct case_ctx *ctx = ctx_find(e, key);
	struct case_page *page = ctx ? page_find(e, ctx, addr) : NULL;

	e->clock++;
	if (!page)
		return;
	if (look == CASE_LOOK_GONE)
		page_cut(e, page, CASE_WHY_CHANGED);
	else if (look_mapped(look))
		page_seen(e, page, look, stamp);
	else if (look == CASE_LOOK_NONE && page->opened <= stamp &&
		 (page->flags & CASE_F_ZAPS_KNOWN))
		page_close(e, page, CASE_OPEN, CASE_GENUINE, 0);
	page_settle(e, page);
	if (++page->looks >= CASE_MAX_LOOKS) {
		if (page_filed(page))
			page_silent(e, page);
		page_close_all(e, page, CASE_WHY_TIMEOUT);
	}
	page_put(e, page);
}
