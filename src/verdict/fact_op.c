// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict engine: operations on ranges. One userfaultfd may fill, move,
 * or stop watching a range of another one of the same mm. Which mm that is
 * becomes known with the first fault, or with verdict_ctx_belongs().
 */
#include "internal.h"

/* What begins may end the evidence about a page. */
static void page_op_begins(struct verdict_engine *e, struct verdict_page *page,
			   enum verdict_op_kind kind)
{
	if (kind == OP_RANGE)
		verdict_page_cut(e, page, WHY_CHANGED);
	else
		/* An install may succeed now that found a page before. */
		verdict_page_close_all(e, page, WHY_DROPPED);
	verdict_page_put(e, page);
}

static void op_begin(struct verdict_engine *e, const void *task, const void *key,
		     const void *mm, bool collapse, enum verdict_op_kind kind,
		     unsigned long start, unsigned long end)
{
	struct verdict_op op = {
		.key = key, .mm = mm, .collapse = collapse, .task = task,
		.kind = kind, .start = start, .end = end,
	};
	struct verdict_page_walk walk;
	struct verdict_page *page;
	struct verdict_ctx *ctx;
	bool full;

	if (*verdict_op_find(e, task, key, kind))	/* its end was missed */
		verdict_op_end(e, task, key, kind, OUTCOME_UNSURE, 0);
	verdict_tick(e);
	op.ctx = verdict_ctx_find(e, key);
	op.begin = e->clock;
	full = !verdict_op_create(e, &op);
	for (ctx = e->ctxs; ctx; ctx = ctx->all_next) {
		if (!verdict_op_concerns(&op, ctx))
			continue;
		if (full)
			__verdict_ctx_blind(e, ctx);
		if (kind == OP_INSTALL)
			continue;
		ctx->emptied = e->clock;
		walk = verdict_page_walk(ctx, start, end);
		while ((page = verdict_page_walk_next(e, &walk)))
			page_op_begins(e, page, kind);
	}
}

/**
 * verdict_op_begin - an operation on a range begins
 * @e: the engine
 * @task: who runs it; one of each kind at a time
 * @key: of the userfaultfd that does it, or that watches the range
 * @kind: of operation
 * @start: of its range
 * @end: of its range, exclusive
 */
void verdict_op_begin(struct verdict_engine *e, const void *task, const void *key,
		      enum verdict_op_kind kind, unsigned long start, unsigned long end)
{
	op_begin(e, task, key, NULL, false, kind, start, end);
}

/**
 * verdict_mm_op_begin - a collapse begins: it asks for no userfaultfd
 * @e: the engine
 * @task: who runs it; one of each kind at a time
 * @mm: where; the key for verdict_op_end()
 * @kind: of operation
 * @start: of its range
 * @end: of its range, exclusive
 *
 * It is about all userfaultfds of that mm, those that come later included.
 */
void verdict_mm_op_begin(struct verdict_engine *e, const void *task, const void *mm,
			 enum verdict_op_kind kind, unsigned long start,
			 unsigned long end)
{
	op_begin(e, task, mm, mm, true, kind, start, end);
}

/**
 * verdict_op_begin_mm - an operation on a range of an mm begins
 * @e: the engine
 * @task: who runs it; one of each kind at a time
 * @mm: whose range; the key for verdict_op_end()
 * @kind: of operation
 * @start: of its range
 * @end: of its range, exclusive
 *
 * For what is done through a userfaultfd, but says only where.
 */
void verdict_op_begin_mm(struct verdict_engine *e, const void *task, const void *mm,
			 enum verdict_op_kind kind, unsigned long start,
			 unsigned long end)
{
	op_begin(e, task, mm, mm, false, kind, start, end);
}

/**
 * verdict_op_begin_at - an operation of a userfaultfd begins, in a known mm
 * @e: the engine
 * @task: who runs it; one of each kind at a time
 * @key: of the userfaultfd that does it, or that watches the range: it may have
 *	no record; the key for verdict_op_end()
 * @mm: whose range; NULL if only the record may know
 * @kind: of operation
 * @start: of its range
 * @end: of its range, exclusive
 */
void verdict_op_begin_at(struct verdict_engine *e, const void *task, const void *key,
			 const void *mm, enum verdict_op_kind kind,
			 unsigned long start, unsigned long end)
{
	op_begin(e, task, key, mm, false, kind, start, end);
}

static void install_end(struct verdict_engine *e, struct verdict_page *page,
			const struct verdict_op *op, enum verdict_outcome outcome,
			unsigned long done_end, bool sure)
{
	switch (outcome) {
	case OUTCOME_DONE:
		if (page->addr >= done_end)
			break;
		if (sure)
			verdict_page_installed(e, page, op->begin);
		else
			verdict_page_unsure(e, page, op->begin, WHY_PARTIAL);
		break;
	case OUTCOME_UNSURE:
		verdict_page_unsure(e, page, op->begin, WHY_PARTIAL);
		break;
	case OUTCOME_EXISTS:	/* a page, or a marker: the next look will tell */
	case OUTCOME_AGAIN:
	case OUTCOME_NO_PAGE:
	case OUTCOME_NOTHING:
		break;
	}
}

/**
 * verdict_op_end - an operation has ended
 * @e: the engine
 * @task: who ran it
 * @key: of its userfaultfd, or its mm
 * @kind: of operation
 * @outcome: what it did
 * @done_end: for OUTCOME_DONE: the end of what it has installed
 */
void verdict_op_end(struct verdict_engine *e, const void *task, const void *key,
		    enum verdict_op_kind kind, enum verdict_outcome outcome,
		    unsigned long done_end)
{
	struct verdict_op **link = verdict_op_find(e, task, key, kind), was;
	struct verdict_page *page;
	struct verdict_page_walk walk;
	struct verdict_ctx *ctx;
	enum concern concern;

	if (!*link)
		return;
	verdict_tick(e);
	was = **link;
	verdict_op_free(e, link);
	for (ctx = e->ctxs; ctx; ctx = ctx->all_next) {
		concern = verdict_op_concerns(&was, ctx);
		if (!concern)
			continue;
		if (kind != OP_INSTALL || outcome >= OUTCOME_DONE)
			ctx->changed = e->clock;
		if (kind != OP_INSTALL)
			ctx->emptied = e->clock;
		else if (outcome == OUTCOME_DONE && concern == CONCERN_SURE)
			verdict_event_answered(e, ctx, was.start);
		walk = verdict_page_walk(ctx, was.start, was.end);
		while ((page = verdict_page_walk_next(e, &walk))) {
			if (verdict_op_spares(&was, page))
				;
			else if (kind == OP_INSTALL)
				install_end(e, page, &was, outcome, done_end,
					    concern == CONCERN_SURE);
			else if (kind == OP_ZAP)
				page->zapped = e->clock;
			else
				verdict_page_cut(e, page, WHY_CHANGED);
			verdict_page_settle(e, page);
			verdict_page_put(e, page);
		}
	}
	if (was.ctx && kind == OP_INSTALL && outcome < OUTCOME_DONE &&
	    outcome != OUTCOME_NOTHING)
		verdict_event_raced(e, was.ctx, was.start, outcome);
}

/**
 * verdict_raced - an ioctl that was to install something has done nothing
 * @e: the engine
 * @key: of its userfaultfd
 * @addr: the first page, as user space has named it
 * @outcome: why
 *
 * Counted, no verdict depends on it: what it did to pages comes from
 * verdict_op_end().
 */
void verdict_raced(struct verdict_engine *e, const void *key, unsigned long addr,
		   enum verdict_outcome outcome)
{
	const struct verdict_ctx *ctx = verdict_ctx_find(e, key);

	if (ctx && outcome < OUTCOME_DONE && outcome != OUTCOME_NOTHING)
		verdict_event_raced(e, ctx, addr, outcome);
}

/**
 * verdict_kept - is everything still mapped in an mm that was?
 * @e: the engine
 * @mm: the mm
 * @since: since when
 *
 * Return: true if no page of a userfaultfd's range was taken away, as far as
 * hooks tell, which they do of ranges whose userfaultfd is known.
 */
bool verdict_kept(struct verdict_engine *e, const void *mm, verdict_time since)
{
	const struct verdict_ctx *ctx;
	const struct verdict_op *op;
	bool known = false;

	for (ctx = e->ctxs; ctx; ctx = ctx->all_next) {
		if (ctx->mm && ctx->mm != mm)
			continue;
		if (ctx->emptied > since)
			return false;
		if (ctx->state != CTX_KNOWN)
			return false;
		known |= ctx->mm && ctx->complete && ctx->complete <= since;
		for (op = e->ops; op; op = op->next)
			if (op->kind != OP_INSTALL && verdict_op_concerns(op, ctx))
				return false;
	}
	return known;
}
