// SPDX-License-Identifier: GPL-2.0
/*
 * Operations in flight: who is in one, and which pages it may be about.
 */
#include "internal.h"

/* Whether an operation is about the pages of a userfaultfd too. */
enum concern verdict_op_concerns(const struct verdict_op *op,
				 const struct verdict_ctx *ctx)
{
	const void *mm = op->mm || !op->ctx ? op->mm : op->ctx->mm;

	/* First: an address of a ctx may be another one's by now. */
	if (op->mm && ctx->mm)
		return op->mm == ctx->mm ? CONCERN_SURE : CONCERN_NONE;
	if (op->key == ctx->key)
		return CONCERN_SURE;
	if (!mm || !ctx->mm)
		return CONCERN_MAYBE;
	return mm == ctx->mm ? CONCERN_SURE : CONCERN_NONE;
}

/*
 * A collapse leaves hugetlb alone, and fills no hole of an anonymous range for which a
 * userfaultfd is armed: __collapse_huge_page_isolate(), with the mmap lock held for
 * writing until all is done.
 */
bool verdict_op_spares(const struct verdict_op *op, const struct verdict_page *page)
{
	return op->collapse && page->backing != BACKING_SHMEM;
}

/* Is there one that may be about a page, and began before that? */
bool verdict_op_in_flight(struct verdict_engine *e, const struct verdict_page *page,
			  enum verdict_op_kind kind, verdict_time before)
{
	const struct verdict_op *op;

	for (op = e->ops; op; op = op->next)
		if (op->kind == kind && op->begin < before &&
		    page->addr >= op->start && page->addr < op->end &&
		    verdict_op_concerns(op, page->ctx) && !verdict_op_spares(op, page))
			return true;
	return false;
}

/* The link to it; to nothing, if there is none. */
struct verdict_op **verdict_op_find(struct verdict_engine *e, const void *task,
				    const void *key, enum verdict_op_kind kind)
{
	struct verdict_op **link = &e->ops, *op;

	while ((op = *link) && (op->task != task || op->key != key ||
				op->kind != kind))
		link = &op->next;
	return link;
}

/* A copy of a new one. Returns NULL if the table is full (which is counted). */
struct verdict_op *verdict_op_create(struct verdict_engine *e, const struct verdict_op *of)
{
	struct verdict_op *op = e->free_ops;

	if (!op) {
		e->stats.ops_full++;
		return NULL;
	}
	e->free_ops = op->next;
	*op = *of;
	chain_push(&e->ops, op, next);
	return op;
}

void verdict_op_free(struct verdict_engine *e, struct verdict_op **link)
{
	struct verdict_op *op = chain_pop(link, next);

	chain_push(&e->free_ops, op, next);
}

/**
 * verdict_ops_adopt - an mm gets an engine of its own: what is in flight there?
 * @e: that engine, which has been told nothing so far
 * @from: the engine that was told before
 * @mm: the mm
 *
 * Return: false, and nothing has moved, if it is too much, or if there is
 * something of which nobody knows where it is.
 */
bool verdict_ops_adopt(struct verdict_engine *e, struct verdict_engine *from, const void *mm)
{
	struct verdict_op **link, *was, *op;
	unsigned int n = 0;

	for (op = from->ops; op; op = op->next) {
		if (!op->mm)
			return false;
		n += op->mm == mm;
	}
	if (n > e->limits.ops)
		return false;
	for (link = &from->ops; (was = *link); ) {
		if (was->mm != mm) {
			link = &was->next;
			continue;
		}
		op = verdict_op_create(e, was);
		op->ctx = NULL;
		op->begin = e->clock;
		verdict_op_free(from, link);
	}
	return true;
}

/*
 * A userfaultfd ends: nobody is in an operation of it any more. But a zap of its
 * range may still run, as by who truncates the file.
 */
void verdict_ops_free(struct verdict_engine *e, const void *key)
{
	struct verdict_op **link = &e->ops;

	while (*link)
		if ((*link)->key == key && !(*link)->mm)
			verdict_op_free(e, link);
		else
			link = &(*link)->next;
}

/* A record ends, while its userfaultfd may be in operations. */
void verdict_ops_forget(struct verdict_engine *e, const struct verdict_ctx *ctx)
{
	struct verdict_op *op;

	for (op = e->ops; op; op = op->next)
		if (op->ctx == ctx)
			op->ctx = NULL;
}
