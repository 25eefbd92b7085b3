// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict engine: operations on ranges. One userfaultfd may fill, move,
 * or stop watching a range of another one of the same mm. Which mm that is
 * becomes known with the first fault, or with case_ctx_belongs().
 */
#include "case_table.h"

enum concern { NONE, MAYBE, SURE };

/* Whether an operation is about the pages of a userfaultfd too. */
static enum concern op_concerns(const struct case_op *op,
				const struct case_ctx *ctx)
{
	const void *mm = op->mm;

	if (op->key == ctx->key)
		return SURE;
	if (!mm && op->ctx)
		mm = op->ctx->mm;
	if (!mm || !ctx->mm)
		return MAYBE;
	return mm == ctx->mm ? SURE : NONE;
}

/*
 * A collapse leaves hugetlb alone, and fills no hole of an anonymous range for which a userfaultfd is armed:
 * __collapse_huge_page_isolate(), with the mmap lock held for writing until all
 * is done.
 */
static bool op_spares(const struct case_op *op, const struct case_page *page)
{
	return op->collapse && page->backing != CASE_SHMEM;
}

/**
 * op_in_flight - is there an operation that may be about a page?
 * @e: the engine
 * @page: the page
 * @kind: of operation
 * @before: only those that began before this time
 *
 * Return: true if there is one.
 */
bool op_in_flight(struct case_engine *e, const struct case_page *page,
		  enum case_op_kind kind, case_time before)
{
	const struct case_op *op;

	for (op = e->ops; op; op = op->next)
		if (op->kind == kind && op->begin < before &&
		    page->addr >= op->start && page->addr < op->end &&
		    op_concerns(op, page->ctx) && !op_spares(op, page))
			return true;
	return false;
}

static struct case_op **op_find(struct case_engine *e, const void *task,
				const void *key, enum case_op_kind kind)
{
	struct case_op **link = &e->ops, *op;

	while ((op = *link) && (op->task != task || op->key != key ||
				op->kind != kind))
		link = &op->next;
	return link;
}

static void op_free(struct case_engine *e, struct case_op **link)
{
	struct case_op *op = *link;

	*link = op->next;
	op->next = e->free_ops;
	e->free_ops = op;
}

/**
 * ops_free - a userfaultfd ends: nobody is in an operation of it any more
 * @e: the engine
 * @key: its userfaultfd_ctx
 */
void ops_free(struct case_engine *e, const void *key)
{
	struct case_op **link = &e->ops;

	while (*link)
		if ((*link)->key == key)
			op_free(e, link);
		else
			link = &(*link)->next;
}

/**
 * ops_forget - a record ends, while its userfaultfd may be in operations
 * @e: the engine
 * @ctx: the record
 */
void ops_forget(struct case_engine *e, const struct case_ctx *ctx)
{
	struct case_op *op;

	for (op = e->ops; op; op = op->next)
		if (op->ctx == ctx)
			op->ctx = NULL;
}

/* What begins may end the evidence about a page. */
static void page_op_begins(struct case_engine *e, struct case_page *page,
			   enum case_op_kind kind)
{
	if (kind == CASE_OP_HOLE)
		page_cut(e, page, CASE_WHY_CHANGED);
	else
		/* An install may succeed now that found a page before. */
		page_close_all(e, page, CASE_WHY_DROPPED);
	page_put(e, page);
}

static void op_begin(struct case_engine *e, const void *task, const void *key,
		     const void *mm, bool collapse, enum case_op_kind kind,
		     unsigned long start, unsigned long end)
{
	struct case_op *op, full = { };
	struct case_page *page;
	struct page_walk walk;
	struct case_ctx *ctx;

	if (*op_find(e, task, key, kind))	/* its end was missed */
		case_op_end(e, task, key, kind, CASE_UNSURE, 0);
	e->clock++;
	op = e->free_ops;
	if (op) {
		e->free_ops = op->next;
		op->next = e->ops;
		e->ops = op;
	} else {
		e->stats.ops_full++;
		op = &full;
	}
	op->ctx = ctx_find(e, key);
	op->key = key;
	op->mm = mm;
	op->collapse = collapse;
	op->task = task;
	op->kind = kind;
	op->start = start;
	op->end = end;
	op->begin = e->clock;
	for (ctx = e->ctxs; ctx; ctx = ctx->all_next) {
		if (!op_concerns(op, ctx))
			continue;
		if (op == &full)
			ctx_blind(e, ctx);
		if (kind == CASE_OP_INSTALL)
			continue;
		ctx->emptied = e->clock;
		walk = page_walk(ctx, start, end);
		while ((page = page_walk_next(e, &walk)))
			page_op_begins(e, page, kind);
	}
}

/**
 * case_op_begin - an operation on a range begins
 * @e: the engine
 * @task: who runs it; one of each kind at a time
 * @key: of the userfaultfd that does it, or that watches the range
 * @kind: of operation
 * @start: of its range
 * @end: of its range, exclusive
 */
void case_op_begin(struct case_engine *e, const void *task, const void *key,
		   enum case_op_kind kind, unsigned long start, unsigned long end)
{
	op_begin(e, task, key, NULL, false, kind, start, end);
}

/**
 * case_mm_op_begin - a collapse begins: it asks for no userfaultfd
 * @e: the engine
 * @task: who runs it; one of each kind at a time
 * @mm: where; the key for case_op_end()
 * @kind: of operation
 * @start: of its range
 * @end: of its range, exclusive
 *
 * It is about all userfaultfds of that mm, those that come later included.
 */
void case_mm_op_begin(struct case_engine *e, const void *task, const void *mm,
		      enum case_op_kind kind, unsigned long start,
		      unsigned long end)
{
	op_begin(e, task, mm, mm, true, kind, start, end);
}

/**
 * case_op_begin_mm - an operation on a range of an mm begins
 * @e: the engine
 * @task: who runs it; one of each kind at a time
 * @mm: whose range; the key for case_op_end()
 * @kind: of operation
 * @start: of its range
 * @end: of its range, exclusive
 *
 * For what is done through a userfaultfd, but says only where.
 */
void case_op_begin_mm(struct case_engine *e, const void *task, const void *mm,
		      enum case_op_kind kind, unsigned long start,
		      unsigned long end)
{
	op_begin(e, task, mm, mm, false, kind, start, end);
}

static void install_end(struct case_engine *e, struct case_page *page,
			const struct case_op *op, enum case_outcome outcome,
			unsigned long done_end, bool sure)
{
	switch (outcome) {
	case CASE_DONE:
		if (page->addr >= done_end)
			break;
		if (sure)
			page_installed(e, page, op->begin);
		else
			page_unsure(e, page, op->begin, CASE_WHY_PARTIAL);
		break;
	case CASE_UNSURE:
		page_unsure(e, page, op->begin, CASE_WHY_PARTIAL);
		break;
	case CASE_EXISTS:	/* a page, or a marker: the next look will tell */
	case CASE_AGAIN:
	case CASE_NO_PAGE:
	case CASE_NOTHING:
		break;
	}
}

/**
 * case_op_end - an operation has ended
 * @e: the engine
 * @task: who ran it
 * @key: of its userfaultfd, or its mm
 * @kind: of operation
 * @outcome: what it did
 * @done_end: for CASE_DONE: the end of what it has installed
 */
void case_op_end(struct case_engine *e, const void *task, const void *key,
		 enum case_op_kind kind, enum case_outcome outcome,
		 unsigned long done_end)
{
	struct case_op **link = op_find(e, task, key, kind), was;
	struct case_page *page;
	struct page_walk walk;
	struct case_ctx *ctx;
	enum concern concern;

	if (!*link)
		return;
	e->clock++;
	was = **link;
	op_free(e, link);
	for (ctx = e->ctxs; ctx; ctx = ctx->all_next) {
		concern = op_concerns(&was, ctx);
		if (!concern)
			continue;
		if (kind != CASE_OP_INSTALL || outcome >= CASE_DONE)
			ctx->changed = e->clock;
		if (kind != CASE_OP_INSTALL)
			ctx->emptied = e->clock;
		walk = page_walk(ctx, was.start, was.end);
		while ((page = page_walk_next(e, &walk))) {
			if (op_spares(&was, page))
				;
			else if (kind == CASE_OP_INSTALL)
				install_end(e, page, &was, outcome, done_end,
					    concern == SURE);
			else if (kind == CASE_OP_ZAP)
				page->zapped = e->clock;
			else
				page_cut(e, page, CASE_WHY_CHANGED);
			page_settle(e, page);
			page_put(e, page);
		}
	}
	if (was.ctx && kind == CASE_OP_INSTALL && outcome < CASE_DONE &&
	    outcome != CASE_NOTHING)
		event_raced(e, was.ctx, was.start, outcome);
}

/**
 * case_raced - an ioctl that was to install something has done nothing
 * @e: the engine
 * @key: of its userfaultfd
 * @addr: the first page, as user space has named it
 * @outcome: why
 *
 * Counted, no verdict depends on it: what it did to pages comes from
 * case_op_end().
 */
void case_raced(struct case_engine *e, const void *key, unsigned long addr,
		enum case_outcome outcome)
{
	const struct case_ctx *ctx = ctx_find(e, key);

	if (ctx && outcome < CASE_DONE && outcome != CASE_NOTHING)
		event_raced(e, ctx, addr, outcome);
}

/**
 * case_kept - is everything still mapped in an mm that was?
 * @e: the engine
 * @mm: the mm
 * @since: since when
 *
 * Return: true if no page of a userfaultfd's range was taken away, as far as
 * hooks tell, which they do of ranges whose userfaultfd is known.
 */
bool case_kept(struct case_engine *e, const void *mm, case_time since)
{
	const struct case_ctx *ctx;
	const struct case_op *op;
	bool known = false;

	for (ctx = e->ctxs; ctx; ctx = ctx->all_next) {
		if (ctx->mm && ctx->mm != mm)
			continue;
		if (ctx->emptied > since)
			return false;
		if (ctx->state != CTX_KNOWN)
			return false;
		known |= ctx->mm && ctx->watched && ctx->watched <= since;
		for (op = e->ops; op; op = op->next)
			if (op->kind != CASE_OP_INSTALL && op_concerns(op, ctx))
				return false;
	}
	return known;
}
