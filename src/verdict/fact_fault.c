// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict engine: faults, the events that they raise, and looks at a page.
 */
#include "internal.h"

static bool look_mapped(enum verdict_look look)
{
	return look == LOOK_MAPPED || look == LOOK_ANON;
}

/*
 * Events are judged, and exposures counted, only if their fault's begin was
 * told, and if there are rules for what it may map.
 */
static bool fault_counts(const struct verdict_ctx *ctx, enum verdict_backing backing,
			 verdict_time begin)
{
	if (backing == BACKING_OTHER)
		return false;
	return backing == BACKING_HUGETLB || (ctx->complete && ctx->complete < begin);
}

/* A fault is over: it may have mapped file pages on its neighbours. */
static void fault_over(struct verdict_engine *e, const struct verdict_fault *f)
{
	unsigned long block = f->addr & -f->around;
	struct verdict_page_walk walk = verdict_page_walk(f->ctx, block, block + f->around);
	struct verdict_page *page;

	while ((page = verdict_page_walk_next(e, &walk)))
		if (page != f->page)
			page->file_mapped = e->clock;
}

/*
 * Does its result prove that a fault has not mapped its page? In hugetlb a write
 * to a private mapping maps a page of the file, and may then fail to copy it.
 */
static bool fault_proves(const struct verdict_fault *f, enum verdict_result result)
{
	const unsigned int copies = FAULT_F_WRITE | FAULT_F_PRIVATE;

	if (result != RESULT_FAILED)
		return result >= RESULT_MAPPED_NOTHING;
	if (f->flags & FAULT_F_RETRY_MAPS)
		return false;
	return f->backing != BACKING_HUGETLB || (f->flags & copies) != copies;
}

/* A fault has ended without an event: did it install, was it exposed? */
static void fault_silent(struct verdict_engine *e, struct verdict_fault *record,
			 enum verdict_result result, enum verdict_look look,
			 verdict_time stamp)
{
	struct verdict_fault f = *record;
	struct verdict_page *page = f.page;
	bool kept, anon, nothing;

	verdict_fault_free(e, record);
	if (result < RESULT_MAPPED_NOTHING)
		fault_over(e, &f);
	if (!page) {
		f.ctx->changed = e->clock;
		return;
	}
	kept = verdict_page_kept(e, page, f.flags, f.begin);
	/* An anonymous page is not what this fault could have installed. */
	anon = (f.flags & FAULT_F_ANON_PROVES) && look == LOOK_ANON &&
	       verdict_anon_proves(e, page, f.flags, f.begin);
	if ((f.flags & FAULT_F_WRITE) && result != RESULT_DID_NOTHING)
		page->written = e->clock;

	nothing = fault_proves(&f, result) || anon ||
		  (f.flags & FAULT_F_NEVER_INSTALLS);
	/* It was mapped before, and nobody took it away. */
	if (look_mapped(f.look) && kept)
		nothing = true;

	if (!nothing) {
		f.ctx->changed = e->clock;
		if (f.flags & FAULT_F_ANON_PROVES)
			page->file_mapped = e->clock;
		else
			verdict_page_unsure(e, page, f.begin, WHY_SILENT);
	}
	if (look_mapped(look))
		verdict_page_seen(e, page, look, stamp);
	/* Our look came before the kernel's own, which may have met no window. */
	if (nothing && f.look == LOOK_NONE && !(f.flags & FAULT_F_UNREAD) &&
	    verdict_page_quiet(page, f.begin) &&
	    fault_counts(f.ctx, f.backing, f.begin) &&
	    (anon || ((f.flags & FAULT_F_NEVER_INSTALLS) && look_mapped(look)))) {
		page->wait[WAIT_EXPOSED][f.type]++;
		page->mark = e->clock;
		page->looks = 0;
	}
	verdict_page_settle(e, page);
	verdict_page_put(e, page);
}

/**
 * verdict_fault_begin - a fault enters the kernel's handler
 * @e: the engine
 * @entry: what its hook knows
 */
void verdict_fault_begin(struct verdict_engine *e, const struct verdict_entry *entry)
{
	struct verdict_fault *f = verdict_fault_find(e, entry->task);
	struct verdict_page *page;
	struct verdict_ctx *ctx;

	e->clock++;
	verdict_event_ended(e, entry->task);
	if (f) {	/* its end was missed, but came before now */
		fault_silent(e, f, RESULT_MAY_HAVE_MAPPED, LOOK_UNKNOWN, 0);
		e->clock++;
	}

	ctx = verdict_ctx_find(e, entry->ctx);
	if (!ctx)
		return;
	if (!ctx->mm)
		ctx->mm = entry->mm;
	if (ctx->mm != entry->mm) {	/* another one's by now: its end went unseen */
		__verdict_ctx_blind(e, ctx);
		ctx->mm = entry->mm;
	}
	if (ctx->state == CTX_BLIND)
		return;
	f = verdict_fault_create(e, entry, ctx);
	if (!f) {
		verdict_ctx_blind(e, entry->ctx);
		return;
	}
	/* What has ended between look and now may have changed the page. */
	if (ctx->changed > entry->stamp)
		f->look = LOOK_UNKNOWN;

	page = f->page;
	if (!page)
		return;
	if (page->backing != entry->backing)	/* another mapping */
		verdict_page_close_all(e, page, WHY_CHANGED);
	page->backing = entry->backing;
	page->flags = entry->flags;
	if (verdict_op_in_flight(e, page, OP_RANGE, e->clock))
		page->cut = e->clock;
	/* Mappings merge, and may share tables from then on. */
	if (entry->flags & FAULT_F_SHARED_TABLE)
		verdict_page_unsure(e, page, 0, WHY_SHARED);
	if (look_mapped(entry->look))
		verdict_page_seen(e, page, entry->look, entry->stamp);
	verdict_page_settle(e, page);
}

/**
 * verdict_fault_end - a fault has ended
 * @e: the engine
 * @task: whose; no verdict depends on this if it raised an event
 * @result: what that says of what it has mapped
 * @look: what the pte is now
 * @stamp: the clock before that look
 */
void verdict_fault_end(struct verdict_engine *e, const void *task,
		       enum verdict_result result, enum verdict_look look,
		       verdict_time stamp)
{
	struct verdict_fault *f = verdict_fault_find(e, task);

	verdict_event_ended(e, task);
	if (!f)
		return;
	e->clock++;
	fault_silent(e, f, result, look, stamp);
}

/**
 * verdict_fault_over - a fault raises an event that is not judged
 * @e: the engine
 * @task: of the fault
 * @key: of its userfaultfd
 * @addr: of its page
 *
 * Its begin may not have been told: then the record is an older fault's.
 */
void verdict_fault_over(struct verdict_engine *e, const void *task,
			const void *key, unsigned long addr)
{
	const struct verdict_fault *f = verdict_fault_find(e, task);
	bool same = f && f->ctx->key == key && f->addr == addr;

	verdict_fault_end(e, task, same ? RESULT_FAILED : RESULT_MAY_HAVE_MAPPED,
			  LOOK_UNKNOWN, 0);
}

/**
 * verdict_fault_event - a fault raises an event
 * @e: the engine
 * @entry: as for verdict_fault_begin(), with the look taken at the event
 *
 * With that the fault is over: it installs nothing any more.
 */
void verdict_fault_event(struct verdict_engine *e, const struct verdict_entry *entry)
{
	struct verdict_books *b = &e->stats.books[entry->backing][entry->type];
	struct verdict_ctx *ctx = verdict_ctx_find(e, entry->ctx);
	struct verdict_fault *f = verdict_fault_find(e, entry->task), was;
	enum verdict verdict = VERDICT_UNDECIDED;
	enum verdict_why why = WHY_NO_ENTRY;
	enum verdict_wait wait = WAIT_OPEN;
	struct verdict_page *page = NULL;
	struct verdict_event *v = NULL;
	verdict_time begin = 0;

	e->clock++;
	b->events++;
	if (entry->flags & FAULT_F_WRITE)
		b->writes++;
	verdict_event_ended(e, entry->task);
	if (ctx)
		v = verdict_event_create(e, ctx, entry);
	if (f && (f->ctx != ctx || f->addr != entry->addr)) {
		fault_silent(e, f, RESULT_MAY_HAVE_MAPPED, LOOK_UNKNOWN, 0);
	} else if (f) {
		why = WHY_NO_ROOM;
		page = f->page;
		begin = f->begin;
		was = *f;
		verdict_fault_free(e, f);
		fault_over(e, &was);
	}

	if (!ctx || ctx->state != CTX_KNOWN) {
		why = WHY_UNKNOWN_CTX;
		goto close;
	}
	if (!fault_counts(ctx, entry->backing, begin)) {
		why = WHY_NO_ENTRY;
		goto close;
	}
	if (!page)
		goto close;
	if (entry->flags & FAULT_F_SHARED_TABLE)
		verdict_page_unsure(e, page, 0, WHY_SHARED);
	if (page->cut >= begin || page->backing != entry->backing) {
		why = WHY_CHANGED;
		goto close;
	}
	if (page->installed >= begin) {
		verdict = VERDICT_STALE;
		goto close;
	}
	if (page->unsure >= begin) {
		why = page->unsure_why;
		goto close;
	}
	if (page->zapped > entry->stamp) {
		why = WHY_DROPPED;
		goto close;
	}
	b->open++;
	if (look_mapped(entry->look)) {
		verdict_page_seen(e, page, entry->look, entry->stamp);
		verdict_page_mark(e, page, begin, entry->look, entry->stamp);
		wait = WAIT_MAPPED;
	} else {
		if (!page_waits(page, WAIT_OPEN) || page->open_since > begin)
			page->open_since = begin;
		page->opened = e->clock;
	}
	page->looks = 0;
	page->wait[wait][entry->type]++;
	verdict_event_waits(v, page, wait);
	goto settle;
close:
	b->verdict[verdict]++;
	if (verdict == VERDICT_UNDECIDED)
		e->stats.why[why]++;
	if (v)
		v->verdict = verdict;
	if (!page)
		return;
settle:
	verdict_page_settle(e, page);
	if (verdict_op_in_flight(e, page, OP_ZAP, e->clock))
		verdict_page_close_all(e, page, WHY_DROPPED);
	verdict_page_put(e, page);
}

/**
 * verdict_looked - the deferred look at a page
 * @e: the engine
 * @key: of its userfaultfd
 * @addr: its address
 * @look: what was found, under the page-table lock
 * @stamp: the clock before the look
 */
void verdict_looked(struct verdict_engine *e, const void *key, unsigned long addr,
		    enum verdict_look look, verdict_time stamp)
{
	struct verdict_ctx *ctx = verdict_ctx_find(e, key);
	struct verdict_page *page = ctx ? verdict_page_find(e, ctx, addr) : NULL;

	e->clock++;
	if (!page)
		return;
	if (look == LOOK_GONE)
		verdict_page_cut(e, page, WHY_CHANGED);
	else if (look_mapped(look))
		verdict_page_seen(e, page, look, stamp);
	else if (look == LOOK_NONE && page->opened <= stamp &&
		 (page->flags & FAULT_F_ZAPS_KNOWN))
		verdict_page_close(e, page, WAIT_OPEN, VERDICT_GENUINE, 0);
	verdict_page_settle(e, page);
	if (++page->looks >= VERDICT_MAX_LOOKS) {
		if (verdict_page_file_mapped(page))
			verdict_page_silent(e, page);
		verdict_page_close_all(e, page, WHY_TIMEOUT);
	}
	verdict_page_put(e, page);
}

/**
 * verdict_fault_read - the kernel has read the entry of a fault, and found it none
 * @e: the engine
 * @task: of the fault
 *
 * Told by what the fault path calls in that case only, or while it waits for who
 * has cleared the entry.
 */
void verdict_fault_read(struct verdict_engine *e, const void *task)
{
	struct verdict_fault *f = verdict_fault_find(e, task);

	if (f)
		f->flags &= ~FAULT_F_UNREAD;
}

/**
 * verdict_fault_unread - a fault that is no exposure, whatever the kernel has read
 * @e: the engine
 * @task: of the fault, which is about to end
 */
void verdict_fault_unread(struct verdict_engine *e, const void *task)
{
	struct verdict_fault *f = verdict_fault_find(e, task);

	if (f)
		f->flags |= FAULT_F_UNREAD;
}

/**
 * verdict_fault_spared - a fault found its entry cleared, which was then set again
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
void verdict_fault_spared(struct verdict_engine *e, const void *task, verdict_time shut)
{
	struct verdict_fault *f = verdict_fault_find(e, task);
	struct verdict_page *page = f ? f->page : NULL;

	if (!page || shut < f->begin || !(f->flags & FAULT_F_ZAPS_KNOWN) ||
	    (!(f->flags & FAULT_F_PRIVATE) && f->type == EVENT_MISSING))
		return;
	if (page->zapped < f->begin &&
	    !verdict_op_in_flight(e, page, OP_ZAP, e->clock + 1))
		f->flags |= FAULT_F_NEVER_INSTALLS;
}
