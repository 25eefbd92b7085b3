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

static bool page_waits(const struct case_page *page, enum case_wait wait)
{
	return page->wait[wait][CASE_MISSING] || page->wait[wait][CASE_MINOR];
}

/*
 * The page was seen mapped, after every fact up to @stamp. What was seen may
 * have come from whatever is in flight now, so that has to end first.
 */
static void page_seen(struct case_engine *e, struct case_page *page,
		      case_time stamp)
{
	int t;

	if (!page_waits(page, CASE_OPEN) || page->opened > stamp)
		return;
	for (t = 0; t < CASE_NR_TYPES; t++) {
		page->wait[CASE_SEEN][t] += page->wait[CASE_OPEN][t];
		page->wait[CASE_OPEN][t] = 0;
	}
	page->mark = e->clock;
}

/*
 * The heart: what was seen mapped by page->mark, with no install since its
 * fault began, was mapped all along; provided that nothing which might have
 * installed the page by then is still in flight.
 */
static void page_settle(struct case_engine *e, struct case_page *page)
{
	const struct case_fault *f;

	if (!page_waits(page, CASE_SEEN) && !page_waits(page, CASE_MAPPED) &&
	    !page_waits(page, CASE_EXPOSED))
		return;
	if (op_in_flight(page, CASE_OP_INSTALL, page->mark))
		return;
	for (f = page->faults; f; f = f->page_next)
		if (f->begin < page->mark && !(f->flags & CASE_F_NEVER_INSTALLS))
			return;
	page_close(e, page, CASE_SEEN, CASE_BOGUS, 0);
	page_close(e, page, CASE_MAPPED, CASE_BOGUS, 0);
	page_close(e, page, CASE_EXPOSED, CASE_BOGUS, 0);
}

/* An install that began at @begin has ended. */
static void page_installed(struct case_engine *e, struct case_page *page,
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

/* Something that began at @begin has ended, and may have been an install. */
static void page_unsure(struct case_engine *e, struct case_page *page,
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

static bool write_in_flight(const struct case_page *page)
{
	const struct case_fault *f;

	for (f = page->faults; f; f = f->page_next)
		if (f->flags & CASE_F_WRITE)
			return true;
	return false;
}

/* A fault has ended without an event: did it install, was it exposed? */
static void fault_silent(struct case_engine *e, struct case_fault *record,
			 bool nothing, enum case_look look, case_time stamp)
{
	struct case_fault f = *record;
	struct case_page *page = f.page;
	bool quiet, kept, anon;

	fault_free(e, record);
	if (!page) {
		f.ctx->changed = e->clock;
		return;
	}
	quiet = page->installed < f.begin && page->unsure < f.begin &&
		page->hole < f.begin;
	/* What was mapped at some time since it began, still is. */
	kept = (f.flags & CASE_F_ZAPS_KNOWN) && page->zapped < f.begin &&
	       !op_in_flight(page, CASE_OP_ZAP, e->clock);
	/*
	 * An anonymous page is not what this fault could have installed; but
	 * copy on write, or an install after a drop, could have made it so.
	 */
	anon = (f.flags & CASE_F_ANON_PROVES) && look == CASE_LOOK_ANON &&
	       page->written < f.begin && !write_in_flight(page) &&
	       (kept || (quiet && !op_in_flight(page, CASE_OP_INSTALL, e->clock)));
	if (f.flags & CASE_F_WRITE)
		page->written = e->clock;

	/* It may have mapped a page, and then failed to copy it. */
	if ((f.flags & CASE_F_WRITE) && (f.flags & CASE_F_PRIVATE))
		nothing = false;
	if (anon || (f.flags & CASE_F_NEVER_INSTALLS))
		nothing = true;
	/* It was mapped before, and nobody took it away. */
	if (look_mapped(f.look) && kept)
		nothing = true;

	if (!nothing) {
		f.ctx->changed = e->clock;
		page_unsure(e, page, f.begin, CASE_WHY_SILENT);
	} else if (f.look == CASE_LOOK_NONE && quiet &&
		   !(f.flags & CASE_F_SHARED_TABLE) &&
		   (anon || ((f.flags & CASE_F_NEVER_INSTALLS) &&
			     look_mapped(look)))) {
		page->wait[CASE_EXPOSED][f.type]++;
		page->mark = e->clock;
	}
	if (look_mapped(look))
		page_seen(e, page, stamp);
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
	if (f) {	/* its end was missed, but came before now */
		fault_silent(e, f, false, CASE_LOOK_UNKNOWN, 0);
		e->clock++;
	}

	ctx = ctx_find(e, entry->ctx);
	if (!ctx || !ctx->known)
		return;
	f = fault_create(e, entry->task, ctx, entry->addr);
	if (!f) {
		case_ctx_blind(e, entry->ctx);
		return;
	}
	f->flags = entry->flags;
	f->type = entry->type;
	/* What has ended between look and now may have changed the page. */
	f->look = ctx->changed > entry->stamp ? CASE_LOOK_UNKNOWN : entry->look;

	page = f->page;
	if (!page)
		return;
	if (page->backing != entry->backing)	/* another mapping */
		page_close_all(e, page, CASE_WHY_CHANGED);
	if (entry->owner)
		page->owner = entry->owner;
	page->backing = entry->backing;
	page->flags = entry->flags;
	if (op_in_flight(page, CASE_OP_HOLE, e->clock))
		page->hole = e->clock;
	if (look_mapped(entry->look))
		page_seen(e, page, entry->stamp);
	page_settle(e, page);
}

/**
 * case_fault_end - a fault has ended
 * @e: the engine
 * @task: whose; nothing happens if it raised an event, or has no record
 * @nothing: its result says that it installed nothing
 * @look: what the pte is now
 * @stamp: the clock before that look
 */
void case_fault_end(struct case_engine *e, const void *task, bool nothing,
		    enum case_look look, case_time stamp)
{
	struct case_fault *f = fault_find(e, task);

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
	struct case_fault *f = fault_find(e, entry->task);
	enum case_verdict verdict = CASE_UNDECIDED;
	enum case_why why = CASE_WHY_NO_ENTRY;
	struct case_page *page = NULL;
	enum case_wait wait;
	case_time begin = 0;

	e->clock++;
	b->events++;
	if (f && (f->ctx != ctx || f->addr != entry->addr)) {
		fault_silent(e, f, false, CASE_LOOK_UNKNOWN, 0);
	} else if (f) {
		why = CASE_WHY_NO_ROOM;
		page = f->page;
		begin = f->begin;
		fault_free(e, f);
	}

	if (!ctx || !ctx->known) {
		why = CASE_WHY_UNKNOWN_CTX;
		goto close;
	}
	if (!page)
		goto close;
	if (page->hole >= begin || page->backing != entry->backing) {
		why = CASE_WHY_CHANGED;
		goto close;
	}
	if (page->flags & CASE_F_SHARED_TABLE) {
		why = CASE_WHY_SHARED;
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
	if (look_mapped(entry->look)) {
		page_seen(e, page, entry->stamp);
		page->mark = e->clock;
		wait = CASE_MAPPED;
	} else {
		page->opened = e->clock;
		page->looks = 0;
		wait = CASE_OPEN;
	}
	b->open++;
	page->wait[wait][entry->type]++;
	goto settle;
close:
	b->verdict[verdict]++;
	if (verdict == CASE_UNDECIDED)
		e->stats.why[why]++;
	if (!page)
		return;
settle:
	page_settle(e, page);
	if (op_in_flight(page, CASE_OP_ZAP, e->clock))
		page_close_all(e, page, CASE_WHY_DROPPED);
	page_put(e, page);
}

/**
 * case_op_begin - an operation on a range begins
 * @e: the engine
 * @task: who runs it; one of each kind at a time
 * @key: of the userfaultfd that watches the range
 * @kind: of operation
 * @start: of its range
 * @end: of its range, exclusive
 */
void case_op_begin(struct case_engine *e, const void *task, const void *key,
		   enum case_op_kind kind, unsigned long start, unsigned long end)
{
	struct case_ctx *ctx = ctx_find(e, key);
	struct case_page *page, *next;
	struct case_op *op;

	if (!ctx || !ctx->known)
		return;
	if (op_find(ctx, task, kind))	/* its end was missed */
		case_op_end(e, task, key, kind, CASE_UNSURE, 0);
	e->clock++;
	op = op_create(e, ctx);
	if (!op) {
		case_ctx_blind(e, key);
		return;
	}
	op->task = task;
	op->kind = kind;
	op->start = start;
	op->end = end;
	if (kind == CASE_OP_INSTALL)
		return;
	for (page = ctx->pages; page; page = next) {
		next = page->ctx_next;
		if (page->addr < start || page->addr >= end)
			continue;
		if (kind == CASE_OP_HOLE) {
			page_cut(e, page, CASE_WHY_CHANGED);
		} else {
			/* An install may succeed now that found a page before. */
			page_close_all(e, page, CASE_WHY_DROPPED);
		}
		page_put(e, page);
	}
}

static void install_end(struct case_engine *e, struct case_page *page,
			const struct case_op *op, enum case_outcome outcome,
			unsigned long done_end)
{
	switch (outcome) {
	case CASE_DONE:
		if (page->addr < done_end)
			page_installed(e, page, op->begin);
		break;
	case CASE_UNSURE:
		page_unsure(e, page, op->begin, CASE_WHY_PARTIAL);
		break;
	case CASE_EXISTS:
		/* Elsewhere it may only mean: in the page cache. */
		if ((page->flags & CASE_F_PRIVATE) && page->addr == op->start)
			page_seen(e, page, op->begin);
		break;
	case CASE_NOTHING:
		break;
	}
}

/**
 * case_op_end - an operation has ended
 * @e: the engine
 * @task: who ran it
 * @key: of its userfaultfd
 * @kind: of operation
 * @outcome: what it did
 * @done_end: for CASE_DONE: the end of what it has installed
 */
void case_op_end(struct case_engine *e, const void *task, const void *key,
		 enum case_op_kind kind, enum case_outcome outcome,
		 unsigned long done_end)
{
	struct case_ctx *ctx = ctx_find(e, key);
	struct case_page *page, *next;
	struct case_op *op, was;

	if (!ctx || !ctx->known)
		return;
	op = op_find(ctx, task, kind);
	if (!op)
		return;
	e->clock++;
	was = *op;
	op_free(e, ctx, op);
	if (kind != CASE_OP_INSTALL || outcome == CASE_DONE ||
	    outcome == CASE_UNSURE)
		ctx->changed = e->clock;
	for (page = ctx->pages; page; page = next) {
		next = page->ctx_next;
		if (page->addr < was.start || page->addr >= was.end)
			continue;
		if (kind == CASE_OP_INSTALL)
			install_end(e, page, &was, outcome, done_end);
		else if (kind == CASE_OP_ZAP)
			page->zapped = e->clock;
		else
			page_cut(e, page, CASE_WHY_CHANGED);
		page_settle(e, page);
		page_put(e, page);
	}
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
		page_seen(e, page, stamp);
	else if (look == CASE_LOOK_NONE && page->opened <= stamp &&
		 (page->flags & CASE_F_ZAPS_KNOWN))
		page_close(e, page, CASE_OPEN, CASE_GENUINE, 0);
	page_settle(e, page);
	if (++page->looks >= CASE_MAX_LOOKS)
		page_close_all(e, page, CASE_WHY_TIMEOUT);
	page_put(e, page);
}
