// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict engine: the life of a userfaultfd, and everything that ends what
 * is known about it, or about one of its pages.
 */
#include "internal.h"

/* Closes all cases of @ctx, and forgets the faults in flight; or not hugetlb's. */
static void ctx_forget(struct verdict_engine *e, struct verdict_ctx *ctx,
		       enum verdict_why why, bool hugetlb)
{
	struct verdict_fault *f, *next_fault;
	struct verdict_page *page, *next;

	for (page = ctx->pages; page; page = next) {
		next = page->ctx_next;
		if (page->backing == BACKING_HUGETLB && !hugetlb)
			continue;
		verdict_page_cut(e, page, why);
		while (page->faults)
			verdict_fault_free(e, page->faults);
		verdict_page_put(e, page);
	}
	for (f = e->orphans; f; f = next_fault) {
		next_fault = f->page_next;
		if (f->ctx == ctx && (hugetlb || f->backing != BACKING_HUGETLB))
			verdict_fault_free(e, f);
	}
}

/* Something about a userfaultfd went unseen. */
void __verdict_ctx_blind(struct verdict_engine *e, struct verdict_ctx *ctx)
{
	if (ctx->state == CTX_BLIND)
		return;
	ctx->state = CTX_BLIND;
	e->stats.blinded++;
	ctx_forget(e, ctx, WHY_LOST, true);
}

/* What is in flight stays: it may be another one's at that address. */
static void record_end(struct verdict_engine *e, struct verdict_ctx *ctx)
{
	ctx_forget(e, ctx, WHY_CHANGED, true);
	verdict_events_free(e, ctx);
	verdict_ops_forget(e, ctx);
	verdict_ctx_free(e, ctx);
}

/**
 * verdict_ctx_gone - a userfaultfd ends: its cases close
 * @e: the engine
 * @key: its userfaultfd_ctx
 */
void verdict_ctx_gone(struct verdict_engine *e, const void *key)
{
	struct verdict_ctx *ctx = verdict_ctx_find(e, key);

	if (ctx)
		record_end(e, ctx);
	verdict_ops_free(e, key);
}

/**
 * verdict_ctx_over - a new userfaultfd has the address of one that ended unseen
 * @e: the engine
 * @key: the userfaultfd_ctx of both; of the new one no UFFDIO_API has succeeded
 *
 * What is in flight stays: it may be the new one's.
 *
 * Return: whether a record has ended.
 */
bool verdict_ctx_over(struct verdict_engine *e, const void *key)
{
	struct verdict_ctx *ctx = verdict_ctx_find(e, key);

	if (!ctx || !ctx->succeeded)
		return false;
	record_end(e, ctx);
	return true;
}

/**
 * verdict_all_gone - an mm has no users any more: all its userfaultfds end
 * @e: the engine of that mm
 */
void verdict_all_gone(struct verdict_engine *e)
{
	while (e->ctxs)
		verdict_ctx_gone(e, e->ctxs->key);
}

/**
 * verdict_ctx_blind - installs of this userfaultfd may go unseen from now on
 * @e: the engine
 * @key: its userfaultfd_ctx
 *
 * There is no telling when what has no record ends, so this is for life.
 */
void verdict_ctx_blind(struct verdict_engine *e, const void *key)
{
	struct verdict_ctx *ctx = verdict_ctx_find(e, key);

	if (ctx)
		__verdict_ctx_blind(e, ctx);
}

/**
 * verdict_mm_blind - something in an mm goes unseen from now on
 * @e: the engine
 * @mm: the mm; userfaultfds of an unknown one may be in it
 *
 * For the life of today's userfaultfds, as verdict_ctx_blind().
 */
void verdict_mm_blind(struct verdict_engine *e, const void *mm)
{
	struct verdict_ctx *ctx;

	for (ctx = e->ctxs; ctx; ctx = ctx->all_next)
		if (!mm || !ctx->mm || ctx->mm == mm)
			__verdict_ctx_blind(e, ctx);
}

/**
 * verdict_lost - a hook was missed: no record of installs is complete any more
 * @e: the engine
 *
 * What was missed may be an install that is still in flight, of any
 * userfaultfd. So all of today's are unknown from here on, for life.
 */
void verdict_lost(struct verdict_engine *e)
{
	struct verdict_ctx *ctx;

	e->stats.lost++;
	for (ctx = e->ctxs; ctx; ctx = ctx->all_next) {
		ctx->state = CTX_BLIND;
		ctx->mm = NULL;		/* perhaps it was closed: another one's */
		ctx_forget(e, ctx, WHY_LOST, true);
	}
}

/**
 * verdict_switched - the hooks were switched off: nobody is known any more
 * @e: the engine
 *
 * Any userfaultfd may have been closed unseen, and another one opened at its
 * address. So none of today's keeps a record, just as if it were older than the
 * module. Of operations in flight the end is still told.
 */
void verdict_switched(struct verdict_engine *e)
{
	struct verdict_ctx *ctx;

	e->stats.lost++;
	while ((ctx = e->ctxs)) {
		ctx_forget(e, ctx, WHY_LOST, true);
		verdict_events_free(e, ctx);
		verdict_ops_forget(e, ctx);
		verdict_ctx_free(e, ctx);
	}
}

/**
 * verdict_ctx_opening - a userfaultfd may begin its life: UFFDIO_API is entered
 * @e: the engine
 * @key: its userfaultfd_ctx; verdict_ctx_gone() was said of any older one there
 * @tag: the caller's, for verdict_ctx_tag()
 *
 * From here on, everything about it is recorded.
 *
 * Return: whether to tell the return, to verdict_ctx_opened(). If not, there is no
 * room for it: its events will be undecided.
 */
bool verdict_ctx_opening(struct verdict_engine *e, const void *key, unsigned long tag)
{
	struct verdict_ctx *ctx = verdict_ctx_find(e, key);

	if (!ctx) {
		ctx = verdict_ctx_create(e, key);
		if (!ctx) {
			e->stats.ctxs_full++;
			return false;
		}
		ctx->tag = tag;
	}
	ctx->openings++;
	return true;
}

/**
 * verdict_ctx_opened - UFFDIO_API returns
 * @e: the engine
 * @key: its userfaultfd_ctx; verdict_ctx_opening() has returned true
 * @ok: it has succeeded, which it does once in the life of a userfaultfd
 */
void verdict_ctx_opened(struct verdict_engine *e, const void *key, bool ok)
{
	struct verdict_ctx *ctx = verdict_ctx_find(e, key);

	if (!ctx)
		return;
	ctx->openings--;
	if (ok && ctx->succeeded) {
		verdict_ctx_over(e, key);	/* another one's: its events are unknown */
		return;
	}
	ctx->succeeded |= ok;
	if (ctx->state != CTX_OPENING)
		return;
	if (ok)
		ctx->state = CTX_KNOWN;
	else if (!ctx->openings)
		record_end(e, ctx);	/* perhaps it is older than we are, and in use */
}

/**
 * verdict_ctx_complete - whether all faults in ranges other than hugetlb are told
 * @e: the engine
 * @key: its userfaultfd_ctx
 * @on: if so, no fault is in flight there whose begin was not told
 */
void verdict_ctx_complete(struct verdict_engine *e, const void *key, bool on)
{
	struct verdict_ctx *ctx = verdict_ctx_find(e, key);

	if (!ctx)
		return;
	if (!on) {
		ctx->complete = 0;
		ctx_forget(e, ctx, WHY_CHANGED, false);
	} else if (!ctx->complete) {
		ctx->complete = e->clock;
	}
}

/**
 * verdict_complete - the same, of all userfaultfds
 * @e: the engine
 * @on: as above
 */
void verdict_complete(struct verdict_engine *e, bool on)
{
	struct verdict_ctx *ctx;

	for (ctx = e->ctxs; ctx; ctx = ctx->all_next)
		verdict_ctx_complete(e, ctx->key, on);
}

/**
 * verdict_ctx_belongs - whose address space a userfaultfd watches
 * @e: the engine
 * @key: its userfaultfd_ctx
 * @mm: the address space; it stays the same for life
 *
 * The first fault tells as well. Until then, what it installs may be anywhere.
 */
void verdict_ctx_belongs(struct verdict_engine *e, const void *key, const void *mm)
{
	struct verdict_ctx *ctx = verdict_ctx_find(e, key);

	if (ctx)
		ctx->mm = mm;
}

/**
 * verdict_ctx_tag - what the caller keeps with a userfaultfd
 * @e: the engine
 * @key: its userfaultfd_ctx
 *
 * Return: the tag, or 0 if the ctx has no record.
 */
unsigned long verdict_ctx_tag(struct verdict_engine *e, const void *key)
{
	struct verdict_ctx *ctx = verdict_ctx_find(e, key);

	return ctx ? ctx->tag : 0;
}
