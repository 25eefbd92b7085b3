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

/* Closes all cases of @ctx, and forgets what is in flight. */
static void ctx_forget(struct case_engine *e, struct case_ctx *ctx,
		       enum case_why why)
{
	struct case_fault *f, *next_fault;
	struct case_page *page, *next;

	for (page = ctx->pages; page; page = next) {
		next = page->ctx_next;
		page_cut(e, page, why);
		while (page->faults)
			fault_free(e, page->faults);
		page_put(e, page);
	}
	for (f = e->orphans; f; f = next_fault) {
		next_fault = f->page_next;
		if (f->ctx == ctx)
			fault_free(e, f);
	}
	while (ctx->ops)
		op_free(e, ctx, ctx->ops);
	ctx->known = false;
}

/**
 * case_ctx_gone - a userfaultfd ends: its cases close
 * @e: the engine
 * @key: its userfaultfd_ctx
 */
void case_ctx_gone(struct case_engine *e, const void *key)
{
	struct case_ctx *ctx = ctx_find(e, key);

	e->clock++;
	if (!ctx)
		return;
	ctx_forget(e, ctx, CASE_WHY_CHANGED);
	ctx_free(e, ctx);
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

	e->clock++;
	if (!ctx || !ctx->known)
		return;
	e->stats.blinded++;
	ctx_forget(e, ctx, CASE_WHY_LOST);
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
	unsigned int i;

	e->clock++;
	e->stats.lost++;
	for (i = 0; i < e->limits.ctxs; i++)
		for (ctx = e->ctx_hash[i]; ctx; ctx = ctx->next)
			ctx_forget(e, ctx, CASE_WHY_LOST);
}

/**
 * case_ctx_born - a userfaultfd begins its life: nothing about it was missed
 * @e: the engine
 * @key: its userfaultfd_ctx; case_ctx_gone() was said of any older one there
 * @tag: the caller's, for case_ctx_tag()
 *
 * Return: false if there is no room: its events will be undecided.
 */
bool case_ctx_born(struct case_engine *e, const void *key, unsigned long tag)
{
	struct case_ctx *ctx;

	e->clock++;
	ctx = ctx_create(e, key);
	if (!ctx) {
		e->stats.ctxs_full++;
		return false;
	}
	ctx->tag = tag;
	return true;
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
