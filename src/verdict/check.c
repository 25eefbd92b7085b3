// SPDX-License-Identifier: GPL-2.0
/*
 * The invariants of docs/verdict.md, checked before each fact; not in the kernel.
 * Who links the engine says in verdict_broken() what happens if one does not hold.
 */
#include "internal.h"

#define holds(x) do {							\
	if (!(x))							\
		verdict_broken(#x);					\
} while (0)

/* Each event is in the books once; and what is open, waits. */
static void check_books(const struct verdict_engine *e)
{
	unsigned long long open = 0, waits = 0, why = 0, undecided = 0;
	unsigned int i, t, v;

	for (i = 0; i < NR_BACKINGS; i++)
		for (t = 0; t < NR_EVENT_TYPES; t++) {
			const struct verdict_books *b = &e->stats.books[i][t];
			unsigned long long sum = b->open;

			for (v = 0; v < NR_VERDICTS; v++) {
				sum += b->verdict[v];
				holds(b->delivered[v] <= b->verdict[v]);
			}
			holds(sum == b->events);
			open += b->open;
			undecided += b->verdict[VERDICT_UNDECIDED];
		}
	for (i = 0; i < NR_WHYS; i++)
		why += e->stats.why[i];
	for (i = 0; i < e->limits.pages; i++)
		for (t = 0; e->pages[i].ctx && t < NR_EVENT_TYPES; t++)
			for (v = 0; v < WAIT_EXPOSED; v++) {
				waits += e->pages[i].wait[v][t];
				holds(e->pages[i].read[v][t] <= e->pages[i].wait[v][t]);
			}
	holds(open == waits);
	holds(why == undecided);
}

/* No time is to come, and what is compared as before or after is never the same. */
static void check_times(const struct verdict_engine *e, const struct verdict_page *page)
{
	const struct verdict_fault *f;

	holds(page->mark <= e->clock && page->cut <= e->clock && page->zapped <= e->clock);
	holds(page->installed <= e->clock && page->unsure <= e->clock);
	holds(page->written <= e->clock && page->file_mapped <= e->clock);
	if (page_waits(page, WAIT_OPEN))
		holds(page->open_since && page->open_since < page->opened &&
		      page->opened <= e->clock);
	if (page_waits(page, WAIT_SEEN) || page_waits(page, WAIT_MAPPED))
		holds(page->since && page->since < page->mark);
	for (f = page->faults; f; f = f->page_next)
		holds(f->begin != page->installed && f->begin != page->file_mapped);
}

/* A task is in one fault at a time; what is compared with its begin is never the same. */
static void check_fault(struct verdict_engine *e, const struct verdict_fault *f)
{
	const struct verdict_op *op;

	holds(f->begin && f->begin <= e->clock);
	holds(verdict_fault_find(e, f->task) == f);
	for (op = e->ops; op; op = op->next)
		holds(op->begin != f->begin);
}

/* A page has a record while a fault is in flight there, or something waits. */
static unsigned int check_page(struct verdict_engine *e, const struct verdict_page *page)
{
	unsigned int waits = 0, records = 0, faults = 0, w, t;
	const struct verdict_fault *f, *g;
	const struct verdict_event *v;

	for (w = 0; w < NR_WAITS; w++)
		for (t = 0; t < NR_EVENT_TYPES; t++)
			waits += page->wait[w][t];
	holds(page->faults || waits);
	holds(!waits || page->looks < VERDICT_MAX_LOOKS);
	holds(verdict_page_find(e, page->ctx, page->addr) == page);
	for (f = page->faults; f; f = f->page_next) {
		faults++;
		holds(f->page == page && f->ctx == page->ctx);
		check_fault(e, f);
		for (g = f->page_next; g; g = g->page_next)
			holds(g->begin != f->begin);
	}
	for (v = page->events; v; v = v->page_next) {
		records++;
		holds(v->page == page && v->ctx == page->ctx && page->wait[v->wait][v->type]);
	}
	holds(records <= waits);
	check_times(e, page);
	return faults;
}

/* Of a userfaultfd of which something was missed, nothing is believed any more. */
static void check_ctx(struct verdict_engine *e, const struct verdict_ctx *ctx)
{
	const struct verdict_fault *f;
	const struct verdict_event *v;

	holds(verdict_ctx_find(e, ctx->key) == ctx);
	holds(ctx->state != CTX_BLIND || !ctx->pages);
	for (f = ctx->arounds; f; f = f->around_next)
		holds(f->around && f->ctx == ctx && *f->around_prev == f);
	for (v = ctx->events; v; v = v->ctx_next)
		holds(v->ctx == ctx && *v->ctx_prev == v && *v->message_prev == v);
}

/* A task is in one operation of a kind and userfaultfd at a time. */
static unsigned int check_ops(const struct verdict_engine *e)
{
	const struct verdict_op *op, *other;
	unsigned int n = 0;

	for (op = e->ops; op; op = op->next) {
		n++;
		holds(op->begin && op->begin <= e->clock);
		for (other = op->next; other; other = other->next)
			holds(op->task != other->task || op->key != other->key ||
			      op->kind != other->kind);
	}
	return n;
}

/* Every record is in use or free, once. */
static void check_free(const struct verdict_engine *e, const struct verdict_limits *used,
		       unsigned int events_used)
{
	unsigned int ctxs = used->ctxs, pages = used->pages;
	unsigned int faults = used->faults, ops = used->ops, events = events_used;
	const struct verdict_event *v;
	const struct verdict_page *page;
	const struct verdict_fault *f;
	const struct verdict_ctx *ctx;
	const struct verdict_op *op;

	for (page = e->free_pages; page; page = page->next)
		pages++;
	for (f = e->free_faults; f; f = f->next)
		faults++;
	for (op = e->free_ops; op; op = op->next)
		ops++;
	for (ctx = e->free_ctxs; ctx; ctx = ctx->next)
		ctxs++;
	for (v = e->free_events; v; v = v->next)
		events++;
	holds(pages == e->limits.pages);
	holds(faults == e->limits.faults);
	holds(ops == e->limits.ops);
	holds(ctxs == e->limits.ctxs);
	holds(events == e->limits.faults);
	holds(!*e->free_events_end);
}

void verdict_check(struct verdict_engine *e)
{
	struct verdict_limits used = { .ops = check_ops(e) };
	const struct verdict_page *page;
	const struct verdict_event *v;
	const struct verdict_fault *f;
	const struct verdict_ctx *ctx;
	unsigned int events = 0;

	check_books(e);
	for (ctx = e->ctxs; ctx; ctx = ctx->all_next) {
		used.ctxs++;
		check_ctx(e, ctx);
		for (page = ctx->pages; page; page = page->ctx_next) {
			used.pages++;
			holds(page->ctx == ctx);
			used.faults += check_page(e, page);
		}
		for (v = ctx->events; v; v = v->ctx_next)
			events += !v->ended;
	}
	for (f = e->orphans; f; f = f->page_next) {
		used.faults++;
		check_fault(e, f);
		holds(!f->page && !verdict_page_find(e, f->ctx, f->addr));
	}
	check_free(e, &used, events);
}
