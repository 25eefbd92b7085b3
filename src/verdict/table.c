// SPDX-License-Identifier: GPL-2.0
/*
 * Tables of fixed size, with hashes and lists over them. Every function here
 * is called under whatever serialises the engine, takes no lock, and walks
 * only lists that the sizes of the tables bound.
 */
#include "internal.h"

/* Where to find something in a table of @n, by its key and its address. */
unsigned int verdict_hash(const void *key, unsigned long addr, unsigned int n)
{
	unsigned long long h = (unsigned long)key ^ (addr >> 12) * 31;

	/* Fibonacci hashing: the entropy ends up in the high half. */
	return (unsigned int)(h * 0x9e3779b97f4a7c15ULL >> 32) % n;
}

static struct verdict_ctx **ctx_chain(struct verdict_engine *e, const void *key)
{
	return &e->ctx_hash[verdict_hash(key, 0, e->limits.ctxs)];
}

static struct verdict_page **page_chain(struct verdict_engine *e, const struct verdict_ctx *ctx,
					unsigned long addr)
{
	return &e->page_hash[verdict_hash(ctx, addr, e->limits.pages)];
}

static struct verdict_fault **fault_chain(struct verdict_engine *e, const void *task)
{
	return &e->fault_hash[verdict_hash(task, 0, e->limits.faults)];
}

/* Where a fault hangs besides: those of its page, or the orphans. */
static struct verdict_fault **page_faults(struct verdict_engine *e, const struct verdict_fault *f)
{
	return f->page ? &f->page->faults : &e->orphans;
}

/* Does anything wait for a look at it? */
static bool page_needed(const struct verdict_page *page)
{
	int w;

	for (w = 0; w < NR_WAITS; w++)
		if (page_waits(page, w))
			return true;
	return false;
}

/**
 * verdict_bytes - memory that an engine needs
 * @l: sizes of its tables
 *
 * Return: bytes, for verdict_init().
 */
size_t verdict_bytes(const struct verdict_limits *l)
{
	return l->pages * (sizeof(struct verdict_page) + sizeof(void *)) +
	       l->faults * (sizeof(struct verdict_fault) + sizeof(void *)) +
	       l->faults * (sizeof(struct verdict_event) + 2 * sizeof(void *)) +
	       l->ctxs * (sizeof(struct verdict_ctx) + sizeof(void *)) +
	       l->ops * sizeof(struct verdict_op);
}

/**
 * verdict_init - make an empty engine
 * @e: the engine
 * @l: sizes of its tables
 * @mem: verdict_bytes(@l) bytes, aligned for a pointer
 */
void verdict_init(struct verdict_engine *e, const struct verdict_limits *l, void *mem)
{
	struct verdict_page *pages = mem;
	struct verdict_fault *faults = (void *)(pages + l->pages);
	struct verdict_event *events = (void *)(faults + l->faults);
	struct verdict_ctx *ctxs = (void *)(events + l->faults);
	struct verdict_op *ops = (void *)(ctxs + l->ctxs);

	memset(e, 0, sizeof(*e));
	memset(mem, 0, verdict_bytes(l));
	e->limits = *l;
	e->clock = 1;		/* 0 is never */
	e->pages = pages;
	e->page_hash = (void *)(ops + l->ops);
	e->fault_hash = (void *)(e->page_hash + l->pages);
	e->events = events;
	e->event_hash = (void *)(e->fault_hash + l->faults);
	e->message_hash = (void *)(e->event_hash + l->faults);
	e->ctx_hash = (void *)(e->message_hash + l->faults);

	chain_fill(&e->free_pages, pages, l->pages, next);
	chain_fill(&e->free_faults, faults, l->faults, next);
	e->free_events_end = &events[l->faults - 1].next;
	chain_fill(&e->free_events, events, l->faults, next);
	chain_fill(&e->free_ctxs, ctxs, l->ctxs, next);
	chain_fill(&e->free_ops, ops, l->ops, next);
}

struct verdict_ctx *verdict_ctx_find(struct verdict_engine *e, const void *key)
{
	struct verdict_ctx *ctx = *ctx_chain(e, key);

	while (ctx && ctx->key != key)
		ctx = ctx->next;
	return ctx;
}

/* A new record, opening and empty, or NULL if the table is full. */
struct verdict_ctx *verdict_ctx_create(struct verdict_engine *e, const void *key)
{
	struct verdict_ctx *ctx = e->free_ctxs;

	if (!ctx)
		return NULL;
	e->free_ctxs = ctx->next;
	memset(ctx, 0, sizeof(*ctx));
	ctx->key = key;
	chain_push(ctx_chain(e, key), ctx, next);
	chain_push(&e->ctxs, ctx, all_next);
	return ctx;
}

/* Nothing refers to the record any more. */
void verdict_ctx_free(struct verdict_engine *e, struct verdict_ctx *ctx)
{
	chain_drop(ctx_chain(e, ctx->key), ctx, next);
	chain_drop(&e->ctxs, ctx, all_next);
	chain_push(&e->free_ctxs, ctx, next);
}

struct verdict_page *verdict_page_find(struct verdict_engine *e, const struct verdict_ctx *ctx,
				       unsigned long addr)
{
	struct verdict_page *page = *page_chain(e, ctx, addr);

	while (page && (page->ctx != ctx || page->addr != addr))
		page = page->next;
	return page;
}

/* Faults that found the table full may still install this page. */
static void adopt_orphans(struct verdict_engine *e, struct verdict_page *page)
{
	struct verdict_fault **link = &e->orphans, *f;

	while ((f = *link)) {
		if (f->ctx != page->ctx || f->addr != page->addr) {
			link = &f->page_next;
			continue;
		}
		chain_pop(link, page_next);
		f->page = page;
		chain_push(&page->faults, f, page_next);
		/* What has happened since it began was not recorded. */
		page->cut = e->clock;
		page->zapped = e->clock;
	}
}

/* A new record, empty, or NULL if the table is full (which is counted). */
struct verdict_page *verdict_page_create(struct verdict_engine *e, struct verdict_ctx *ctx,
					 unsigned long addr)
{
	struct verdict_page *page = e->free_pages;

	if (!page) {
		e->stats.pages_full++;
		return NULL;
	}
	e->free_pages = page->next;
	memset(page, 0, sizeof(*page));
	page->ctx = ctx;
	page->addr = addr;
	chain_push(page_chain(e, ctx, addr), page, next);
	list_push(&ctx->pages, page, ctx_next, ctx_prev);
	adopt_orphans(e, page);
	return page;
}

/* Gives a record back, unless something still needs it. */
void verdict_page_put(struct verdict_engine *e, struct verdict_page *page)
{
	if (page->faults || page_needed(page))
		return;
	chain_drop(page_chain(e, page->ctx, page->addr), page, next);
	list_drop(page, ctx_next, ctx_prev);
	page->ctx = NULL;
	chain_push(&e->free_pages, page, next);
}

/* A range of so many pages is searched page by page, a wider one by the list. */
#define WALK_BY_HASH	64UL
#define WALK_STEP	0x1000UL	/* no page is smaller */

/* Begins to walk over the pages of a range; @end is exclusive. */
struct verdict_page_walk verdict_page_walk(const struct verdict_ctx *ctx, unsigned long start,
					   unsigned long end)
{
	struct verdict_page_walk walk = {
		.ctx = ctx, .addr = start, .end = end, .next = ctx->pages,
		.by_hash = end - start <= WALK_BY_HASH * WALK_STEP,
	};

	return walk;
}

/* The next page, or NULL; the one before may be gone. */
struct verdict_page *verdict_page_walk_next(struct verdict_engine *e, struct verdict_page_walk *walk)
{
	struct verdict_page *page;

	while (walk->by_hash && walk->addr < walk->end) {
		page = verdict_page_find(e, walk->ctx, walk->addr);
		if (walk->end - walk->addr <= WALK_STEP)
			walk->addr = walk->end;
		else
			walk->addr += WALK_STEP;
		if (page)
			return page;
	}
	while (!walk->by_hash && (page = walk->next)) {
		walk->next = page->ctx_next;
		if (page->addr >= walk->addr && page->addr < walk->end)
			return page;
	}
	return NULL;
}

/* The fault that a task is in, or NULL. */
struct verdict_fault *verdict_fault_find(struct verdict_engine *e, const void *task)
{
	struct verdict_fault *f = *fault_chain(e, task);

	while (f && f->task != task)
		f = f->next;
	return f;
}

/*
 * A new record for a task that has none, linked to its page, or to the orphans if the
 * table of pages is full. Returns NULL if the table of faults is (both are counted).
 */
struct verdict_fault *verdict_fault_create(struct verdict_engine *e,
					   const struct verdict_entry *entry,
					   struct verdict_ctx *ctx)
{
	struct verdict_fault *f = e->free_faults;

	if (!f) {
		e->stats.faults_full++;
		return NULL;
	}
	e->free_faults = f->next;
	f->task = entry->task;
	f->ctx = ctx;
	f->addr = entry->addr;
	f->begin = e->clock;
	f->flags = entry->flags;
	f->backing = entry->backing;
	f->type = entry->type;
	f->look = entry->look;
	chain_push(fault_chain(e, f->task), f, next);

	f->around = entry->flags & FAULT_F_NEVER_INSTALLS ? 0 : entry->around;
	if (f->around)
		list_push(&ctx->arounds, f, around_next, around_prev);

	f->page = verdict_page_find(e, ctx, f->addr);
	if (!f->page)
		f->page = verdict_page_create(e, ctx, f->addr);
	chain_push(page_faults(e, f), f, page_next);
	return f;
}

void verdict_fault_free(struct verdict_engine *e, struct verdict_fault *f)
{
	chain_drop(fault_chain(e, f->task), f, next);
	chain_drop(page_faults(e, f), f, page_next);
	if (f->around)
		list_drop(f, around_next, around_prev);
	chain_push(&e->free_faults, f, next);
}

/**
 * verdict_next_todo - the next page that waits for a deferred look
 * @e: the engine
 * @cursor: 0 to begin with
 * @todo: filled in
 *
 * Return: false if there are no more.
 */
bool verdict_next_todo(struct verdict_engine *e, unsigned int *cursor,
		       struct verdict_todo *todo)
{
	while (*cursor < e->limits.pages) {
		const struct verdict_page *page = &e->pages[(*cursor)++];

		if (!page->ctx || !page_needed(page))
			continue;
		todo->ctx = page->ctx->key;
		todo->addr = page->addr;
		return true;
	}
	return false;
}
