// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict engine: faults, the events that they raise, and looks at a page.
 */
#include "internal.h"

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

/* A fault has ended without an event: did it install, was it exposed? */
static void fault_silent(struct verdict_engine *e, struct verdict_fault *record,
			 enum verdict_result result, enum verdict_look look,
			 verdict_time stamp)
{
	const struct verdict_fault f = *record;
	struct verdict_page *page = f.page;
	bool installed, exposed;

	verdict_fault_free(e, record);
	if (result < RESULT_MAPPED_NOTHING)
		fault_over(e, &f);
	if (!page) {
		f.ctx->changed = e->clock;
		return;
	}
	installed = verdict_may_have_installed(e, &f, result, look);
	exposed = !installed && verdict_fault_exposed(e, &f, look);
	if ((f.flags & FAULT_F_WRITE) && result != RESULT_DID_NOTHING)
		page->written = e->clock;
	if (installed) {
		f.ctx->changed = e->clock;
		if (f.flags & FAULT_F_ANON_PROVES)
			page->file_mapped = e->clock;
		else
			verdict_page_unsure(e, page, f.begin, WHY_SILENT);
	}
	if (verdict_look_mapped(look))
		verdict_page_seen(e, page, look, stamp);
	if (exposed) {
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

	verdict_tick(e);
	verdict_event_ended(e, entry->task);
	if (f) {	/* its end was missed, but came before now */
		fault_silent(e, f, RESULT_MAY_HAVE_MAPPED, LOOK_UNKNOWN, 0);
		verdict_tick(e);
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
	if (verdict_look_mapped(entry->look))
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
	verdict_tick(e);
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

/*
 * A fault ends by an event, of a page that it leaves in @page: when has it begun?
 * 0: that was not told; the record is an older fault's, whose end was missed.
 */
static verdict_time fault_raises(struct verdict_engine *e, const struct verdict_entry *entry,
				 const struct verdict_ctx *ctx, struct verdict_page **page)
{
	struct verdict_fault *f = verdict_fault_find(e, entry->task), was;

	if (!f)
		return 0;
	if (f->ctx != ctx || f->addr != entry->addr) {
		fault_silent(e, f, RESULT_MAY_HAVE_MAPPED, LOOK_UNKNOWN, 0);
		return 0;
	}
	was = *f;
	verdict_fault_free(e, f);
	fault_over(e, &was);
	*page = was.page;
	return was.begin;
}

/* An event waits at its page. */
static void event_waits(struct verdict_engine *e, struct verdict_page *page,
			const struct verdict_entry *entry, struct verdict_event *v,
			verdict_time begin)
{
	bool mapped = verdict_look_mapped(entry->look);
	enum verdict_wait wait = mapped ? WAIT_MAPPED : WAIT_OPEN;

	if (mapped) {
		verdict_page_seen(e, page, entry->look, entry->stamp);
		verdict_page_mark(e, page, begin, entry->look, entry->stamp);
	} else {
		if (!page_waits(page, WAIT_OPEN) || page->open_since > begin)
			page->open_since = begin;
		page->opened = e->clock;
	}
	page->looks = 0;
	page->wait[wait][entry->type]++;
	verdict_event_waits(v, page, wait);
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
	struct verdict_ctx *ctx = verdict_ctx_find(e, entry->ctx);
	struct verdict_page *page = NULL;
	struct verdict_event *v = NULL;
	struct verdict_finding found;
	verdict_time begin;

	verdict_tick(e);
	verdict_event_ended(e, entry->task);
	if (ctx)
		v = verdict_event_create(e, ctx, entry);
	begin = fault_raises(e, entry, ctx, &page);

	found = verdict_event_finds(ctx, page, entry, begin);
	if (page && (entry->flags & FAULT_F_SHARED_TABLE) && ctx->state == CTX_KNOWN &&
	    verdict_event_counts(ctx, entry->backing, begin))
		verdict_page_unsure(e, page, 0, WHY_SHARED);
	verdict_event_book(e, v, entry, &found);
	if (found.waits)
		event_waits(e, page, entry, v, begin);
	if (!page)
		return;
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

	verdict_tick(e);
	if (!page)
		return;
	if (look == LOOK_GONE)
		verdict_page_cut(e, page, WHY_CHANGED);
	else if (verdict_look_mapped(look))
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
