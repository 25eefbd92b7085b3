// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict engine: the life of a userfaultfd, and everything that ends what
 * is known about it, or about one of its pages.
 */
#include "case_table.h"

/**
 * page_close_all - all events of a page are undecided
 * @e: the engine
 * @page: the page
 * @why: what is lacking
 */
void page_close_all(struct case_engine *e, struct case_page *page,
		    enum case_why why)
{
	int w;

	for (w = 0; w < CASE_NR_WAITS; w++)
		page_close(e, page, w, CASE_UNDECIDED, why);
}

/**
 * page_cut - nothing that is known about a page counts any more
 * @e: the engine
 * @page: the page
 * @why: what has happened
 */
void page_cut(struct case_engine *e, struct case_page *page, enum case_why why)
{
	page->hole = e->clock;
	page_close_all(e, page, why);
}

/* Closes all cases of @ctx, and forgets the faults in flight; or not hugetlb's. */
static void ctx_forget(struct case_engine *e, struct case_ctx *ctx,
		       enum case_why why, bool hugetlb)
{
	struct case_fault *f, *next_fault;
	struct case_page *page, *next;

	for (page = ctx->pages; page; page = next) {
		next = page->ctx_next;
		if (page->backing == CASE_HUGETLB && !hugetlb)
			continue;
		page_cut(e, page, why);
		while (page->faults)
			fault_free(e, page->faults);
		page_put(e, page);
	}
	for (f = e->orphans; f; f = next_fault) {
		next_fault = f->page_next;
		if (f->ctx == ctx && (hugetlb || f->backing != CASE_HUGETLB))
			fault_free(e, f);
	}
}

/**
 * ctx_blind - something about a userfaultfd went unseen
 * @e: the engine
 * @ctx: which
 */
void ctx_blind(struct case_engine *e, struct case_ctx *ctx)
{
	if (ctx->state == CTX_BLIND)
		return;
	ctx->state = CTX_BLIND;
	e->stats.blinded++;
	ctx_forget(e, ctx, CASE_WHY_LOST, true);
}

static void ctx_end(struct case_engine *e, struct case_ctx *ctx)
{
	ctx_forget(e, ctx, CASE_WHY_CHANGED, true);
	events_free(e, ctx);
	ops_free(e, ctx->key);
	ctx_free(e, ctx);
}

/**
 * case_ctx_gone - a userfaultfd ends: its cases close
 * @e: the engine
 * @key: its userfaultfd_ctx
 */
void case_ctx_gone(struct case_engine *e, const void *key)
{
	struct case_ctx *ctx = ctx_find(e, key);

	if (ctx)
		ctx_end(e, ctx);
	else
		ops_free(e, key);
}

/**
 * case_ctx_over - a new userfaultfd has the address of one that ended unseen
 * @e: the engine
 * @key: the userfaultfd_ctx of both; of the new one no UFFDIO_API has succeeded
 *
 * What is in flight stays: it may be the new one's.
 *
 * Return: whether a record has ended.
 */
bool case_ctx_over(struct case_engine *e, const void *key)
{
	struct case_ctx *ctx = ctx_find(e, key);

	if (!ctx || !ctx->succeeded)
		return false;
	ctx_forget(e, ctx, CASE_WHY_CHANGED, true);
	events_free(e, ctx);
	ops_forget(e, ctx);
	ctx_free(e, ctx);
	return true;
}

/**
 * case_ctx_affords - may somebody have one more userfaultfd recorded?
 * @e: the engine
 * @payer: who; not 0
 *
 * He gets at most half of what all others leave him, so that something is left
 * for whoever comes next.
 *
 * Return: true if so; if not, that is counted.
 */
bool case_ctx_affords(struct case_engine *e, unsigned long payer)
{
	unsigned int own = 0, others = 0;
	struct case_ctx *ctx;

	for (ctx = e->ctxs; ctx; ctx = ctx->all_next)
		if (ctx->payer == payer)
			own++;
		else
			others++;
	if (own < (e->limits.ctxs - others + 1) / 2)
		return true;
	e->stats.ctxs_full++;
	return false;
}

/**
 * case_ctx_pays - whose share of the table a userfaultfd takes
 * @e: the engine
 * @key: its userfaultfd_ctx
 * @payer: who, for case_ctx_affords()
 */
void case_ctx_pays(struct case_engine *e, const void *key, unsigned long payer)
{
	struct case_ctx *ctx = ctx_find(e, key);

	if (ctx)
		ctx->payer = payer;
}

/**
 * case_ctx_payer - whose share of the table a userfaultfd takes
 * @e: the engine
 * @key: its userfaultfd_ctx
 *
 * Return: as was told, or 0.
 */
unsigned long case_ctx_payer(struct case_engine *e, const void *key)
{
	struct case_ctx *ctx = ctx_find(e, key);

	return ctx ? ctx->payer : 0;
}

/**
 * case_ctx_blind - installs of this userfaultfd may go unseen from now on
 * @e: the engine
 * @key: its userfaultfd_ctx
 *
 * There is no telling when what has no record ends, so this is for life.
 */
void case_ctx_blind(struct case_engine *e, const void *key)
{
	struct case_ctx *ctx = ctx_find(e, key);

	if (ctx)
		ctx_blind(e, ctx);
}

/**
 * case_lost - a hook was missed: no ledger is complete any more
 * @e: the engine
 *
 * What was missed may be an install that is still in flight, of any
 * userfaultfd. So all of today's are unknown from here on, for life.
 */
void case_lost(struct case_engine *e)
{
	struct case_ctx *ctx;

	e->stats.lost++;
	for (ctx = e->ctxs; ctx; ctx = ctx->all_next) {
		ctx->state = CTX_BLIND;
		ctx->mm = NULL;		/* perhaps it was closed: another one's */
		ctx_forget(e, ctx, CASE_WHY_LOST, true);
	}
}

/**
 * case_switched - the hooks were switched off: nobody is known any more
 * @e: the engine
 *
 * Any userfaultfd may have been closed unseen, and another one opened at its
 * address. So none of today's keeps a record, just as if it were older than the
 * module. Of operations in flight the end is still told.
 */
void case_switched(struct case_engine *e)
{
	struct case_ctx *ctx;

	e->stats.lost++;
	while ((ctx = e->ctxs)) {
		ctx_forget(e, ctx, CASE_WHY_LOST, true);
		events_free(e, ctx);
		ops_forget(e, ctx);
		ctx_free(e, ctx);
	}
}

/**
 * case_ctx_bear - a userfaultfd may begin its life: UFFDIO_API is entered
 * @e: the engine
 * @key: its userfaultfd_ctx; case_ctx_gone() was said of any older one there
 * @tag: the caller's, for case_ctx_tag()
 *
 * From here on, everything about it is recorded.
 *
 * Return: whether to tell the return, to case_ctx_born(). If not, there is no
 * room for it: its events will be undecided.
 */
bool case_ctx_bear(struct case_engine *e, const void *key, unsigned long tag)
{
	struct case_ctx *ctx = ctx_find(e, key);

	if (!ctx) {
		ctx = ctx_create(e, key);
		if (!ctx) {
			e->stats.ctxs_full++;
			return false;
		}
		ctx->tag = tag;
	}
	ctx->births++;
	return true;
}

/**
 * case_ctx_born - UFFDIO_API returns
 * @e: the engine
 * @key: its userfaultfd_ctx; case_ctx_bear() has returned true
 * @ok: it has succeeded, which it does once in the life of a userfaultfd
 */
void case_ctx_born(struct case_engine *e, const void *key, bool ok)
{
	struct case_ctx *ctx = ctx_find(e, key);

	if (!ctx)
		return;
	ctx->births--;
	if (ok && ctx->succeeded) {
		case_ctx_over(e, key);	/* another one's: its events are unknown */
		return;
	}
	ctx->succeeded |= ok;
	if (ctx->state != CTX_BORNE)
		return;
	if (ok)
		ctx->state = CTX_KNOWN;
	else if (!ctx->births)
		ctx_end(e, ctx);	/* perhaps it is older than we are */
}

/**
 * case_ctx_watched - whether all faults in ranges other than hugetlb are told
 * @e: the engine
 * @key: its userfaultfd_ctx
 * @on: if so, no fault is in flight there whose begin was not told
 */
void case_ctx_watched(struct case_engine *e, const void *key, bool on)
{
	struct case_ctx *ctx = ctx_find(e, key);

	if (!ctx)
		return;
	if (!on) {
		ctx->watched = 0;
		ctx_forget(e, ctx, CASE_WHY_CHANGED, false);
	} else if (!ctx->watched) {
		ctx->watched = e->clock;
	}
}

/**
 * case_ctx_belongs - whose address space a userfaultfd watches
 * @e: the engine
 * @key: its userfaultfd_ctx
 * @mm: the address space; it stays the same for life
 *
 * The first fault tells as well. Until then, what it installs may be anywhere.
 */
void case_ctx_belongs(struct case_engine *e, const void *key, const void *mm)
{
	struct case_ctx *ctx = ctx_find(e, key);

	if (ctx)
		ctx->mm = mm;
}

/**
 * case_ctx_mm - whose address space a userfaultfd watches
 * @e: the engine
 * @key: its userfaultfd_ctx
 *
 * Return: the mm, or NULL if it is not known yet.
 */
const void *case_ctx_mm(struct case_engine *e, const void *key)
{
	struct case_ctx *ctx = ctx_find(e, key);

	return ctx ? ctx->mm : NULL;
}

/**
 * case_ctx_tag - what the caller keeps with a userfaultfd
 * @e: the engine
 * @key: its userfaultfd_ctx
 *
 * Return: the tag, or 0 if the ctx has no record.
 */
unsigned long case_ctx_tag(struct case_engine *e, const void *key)
{
	struct case_ctx *ctx = ctx_find(e, key);

	return ctx ? ctx->tag : 0;
}
