// SPDX-License-Identifier: GPL-2.0
/*
 * Tables of fixed size, with hashes and lists over them. Every function here
 * is called under whatever serialises the engine, takes no lock, and walks
 * only lists that the sizes of the tables bound.
 */
#include "internal.h"

/* Whether an operation is about the pages of a userfaultfd too. */
enum concern verdict_op_concerns(const struct verdict_op *op,
				 const struct verdict_ctx *ctx)
{
	const void *mm = op->mm;

	/* First: an address of a ctx may be another one's by now. */
	if (mm && ctx->mm)
		return mm == ctx->mm ? CONCERN_SURE : CONCERN_NONE;
	if (op->key == ctx->key)
		return CONCERN_SURE;
	if (!mm && op->ctx)
		mm = op->ctx->mm;
	if (!mm || !ctx->mm)
		return CONCERN_MAYBE;
	return mm == ctx->mm ? CONCERN_SURE : CONCERN_NONE;
}

/*
 * A collapse leaves hugetlb alone, and fills no hole of an anonymous range for which a userfaultfd is armed:
 * __collapse_huge_page_isolate(), with the mmap lock held for writing until all
 * is done.
 */
bool verdict_op_spares(const struct verdict_op *op, const struct verdict_page *page)
{
	return op->collapse && page->backing != BACKING_SHMEM;
}

/**
 * verdict_op_in_flight - is there an operation that may be about a page?
 * @e: the engine
 * @page: the page
 * @kind: of operation
 * @before: only those that began before this time
 *
 * Return: true if there is one.
 */
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

struct verdict_op **verdict_op_find(struct verdict_engine *e, const void *task,
				    const void *key, enum verdict_op_kind kind)
{
	struct verdict_op **link = &e->ops, *op;

	while ((op = *link) && (op->task != task || op->key != key ||
				op->kind != kind))
		link = &op->next;
	return link;
}

void verdict_op_free(struct verdict_engine *e, struct verdict_op **link)
{
	struct verdict_op *op = *link;

	*link = op->next;
	op->next = e->free_ops;
	e->free_ops = op;
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
		op = e->free_ops;
		e->free_ops = op->next;
		*op = *was;
		op->ctx = NULL;
		op->begin = e->clock;
		op->next = e->ops;
		e->ops = op;
		verdict_op_free(from, link);
	}
	return true;
}

/**
 * verdict_ops_free - a userfaultfd ends: nobody is in an operation of it any more
 * @e: the engine
 * @key: its userfaultfd_ctx
 */
void verdict_ops_free(struct verdict_engine *e, const void *key)
{
	struct verdict_op **link = &e->ops;

	while (*link)
		if ((*link)->key == key)
			verdict_op_free(e, link);
		else
			link = &(*link)->next;
}

/**
 * verdict_ops_forget - a record ends, while its userfaultfd may be in operations
 * @e: the engine
 * @ctx: the record
 */
void verdict_ops_forget(struct verdict_engine *e, const struct verdict_ctx *ctx)
{
	struct verdict_op *op;

	for (op = e->ops; op; op = op->next)
		if (op->ctx == ctx)
			op->ctx = NULL;
}

/**
 * verdict_hash - where to find something
 * @key: by its key
 * @addr: and its address
 * @n: size of the hash table
 *
 * Return: the index.
 */
unsigned int verdict_hash(const void *key, unsigned long addr, unsigned int n)
{
	unsigned long long h = (unsigned long)key ^ (addr >> 12) * 31;

	/* Fibonacci hashing: the entropy ends up in the high half. */
	return (unsigned int)(h * 0x9e3779b97f4a7c15ULL >> 32) % n;
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
	unsigned int i;

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

	for (i = l->pages; i--; e->free_pages = &pages[i])
		pages[i].next = e->free_pages;
	for (i = l->faults; i--; e->free_faults = &faults[i])
		faults[i].next = e->free_faults;
	e->free_events_end = &events[l->faults - 1].next;
	for (i = l->faults; i--; e->free_events = &events[i])
		events[i].next = e->free_events;
	for (i = l->ctxs; i--; e->free_ctxs = &ctxs[i])
		ctxs[i].next = e->free_ctxs;
	for (i = l->ops; i--; e->free_ops = &ops[i])
		ops[i].next = e->free_ops;
}

/**
 * verdict_ctx_find - the record of a userfaultfd
 * @e: the engine
 * @key: its userfaultfd_ctx
 *
 * Return: the record, or NULL.
 */
struct verdict_ctx *verdict_ctx_find(struct verdict_engine *e, const void *key)
{
	struct verdict_ctx *ctx = e->ctx_hash[verdict_hash(key, 0, e->limits.ctxs)];

	while (ctx && ctx->key != key)
		ctx = ctx->next;
	return ctx;
}

/**
 * verdict_ctx_create - a new record, opening and empty
 * @e: the engine
 * @key: of a userfaultfd that has no record
 *
 * Return: the record, or NULL if the table is full.
 */
struct verdict_ctx *verdict_ctx_create(struct verdict_engine *e, const void *key)
{
	struct verdict_ctx **head = &e->ctx_hash[verdict_hash(key, 0, e->limits.ctxs)];
	struct verdict_ctx *ctx = e->free_ctxs;

	if (!ctx)
		return NULL;
	e->free_ctxs = ctx->next;
	memset(ctx, 0, sizeof(*ctx));
	ctx->key = key;
	ctx->next = *head;
	*head = ctx;
	ctx->all_next = e->ctxs;
	e->ctxs = ctx;
	return ctx;
}

/**
 * verdict_ctx_free - give a record back
 * @e: the engine
 * @ctx: the record; nothing refers to it any more
 */
void verdict_ctx_free(struct verdict_engine *e, struct verdict_ctx *ctx)
{
	struct verdict_ctx **link = &e->ctx_hash[verdict_hash(ctx->key, 0, e->limits.ctxs)];

	while (*link != ctx)
		link = &(*link)->next;
	*link = ctx->next;
	for (link = &e->ctxs; *link != ctx; )
		link = &(*link)->all_next;
	*link = ctx->all_next;
	ctx->next = e->free_ctxs;
	e->free_ctxs = ctx;
}

/**
 * verdict_page_find - the record of a page
 * @e: the engine
 * @ctx: its userfaultfd
 * @addr: its address
 *
 * Return: the record, or NULL.
 */
struct verdict_page *verdict_page_find(struct verdict_engine *e, const struct verdict_ctx *ctx,
				       unsigned long addr)
{
	struct verdict_page *page = e->page_hash[verdict_hash(ctx, addr, e->limits.pages)];

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
		*link = f->page_next;
		f->page = page;
		f->page_next = page->faults;
		page->faults = f;
		/* What has happened since it began was not recorded. */
		page->cut = e->clock;
		page->zapped = e->clock;
	}
}

/**
 * verdict_page_create - a new record, empty
 * @e: the engine
 * @ctx: its userfaultfd
 * @addr: its address; it has no record
 *
 * Return: the record, or NULL if the table is full (which is counted).
 */
struct verdict_page *verdict_page_create(struct verdict_engine *e, struct verdict_ctx *ctx,
					 unsigned long addr)
{
	struct verdict_page **head = &e->page_hash[verdict_hash(ctx, addr, e->limits.pages)];
	struct verdict_page *page = e->free_pages;

	if (!page) {
		e->stats.pages_full++;
		return NULL;
	}
	e->free_pages = page->next;
	memset(page, 0, sizeof(*page));
	page->ctx = ctx;
	page->addr = addr;
	page->next = *head;
	*head = page;
	page->ctx_next = ctx->pages;
	if (ctx->pages)
		ctx->pages->ctx_prev = page;
	ctx->pages = page;
	adopt_orphans(e, page);
	return page;
}

/**
 * verdict_page_put - give a record back, unless something still needs it
 * @e: the engine
 * @page: the record
 */
void verdict_page_put(struct verdict_engine *e, struct verdict_page *page)
{
	struct verdict_page **link;
	int w, t;

	if (page->faults)
		return;
	for (w = 0; w < NR_WAITS; w++)
		for (t = 0; t < NR_EVENT_TYPES; t++)
			if (page->wait[w][t])
				return;

	link = &e->page_hash[verdict_hash(page->ctx, page->addr, e->limits.pages)];
	while (*link != page)
		link = &(*link)->next;
	*link = page->next;
	if (page->ctx_prev)
		page->ctx_prev->ctx_next = page->ctx_next;
	else
		page->ctx->pages = page->ctx_next;
	if (page->ctx_next)
		page->ctx_next->ctx_prev = page->ctx_prev;
	page->ctx = NULL;
	page->next = e->free_pages;
	e->free_pages = page;
}

/* A range of so many pages is searched page by page, a wider one by the list. */
#define WALK_BY_HASH	64UL
#define WALK_STEP	0x1000UL	/* no page is smaller */

/**
 * verdict_page_walk - begin to walk over the pages of a range
 * @ctx: their userfaultfd
 * @start: of the range
 * @end: of the range, exclusive
 *
 * Return: for verdict_page_walk_next().
 */
struct verdict_page_walk verdict_page_walk(const struct verdict_ctx *ctx, unsigned long start,
					   unsigned long end)
{
	struct verdict_page_walk walk = {
		.ctx = ctx, .addr = start, .end = end, .next = ctx->pages,
		.by_hash = end - start <= WALK_BY_HASH * WALK_STEP,
	};

	return walk;
}

/**
 * verdict_page_walk_next - the next page of a range
 * @e: the engine
 * @walk: from verdict_page_walk(); the page before may be gone
 *
 * Return: the page, or NULL.
 */
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

/**
 * verdict_fault_find - the fault that a task is in
 * @e: the engine
 * @task: the task
 *
 * Return: the record, or NULL.
 */
struct verdict_fault *verdict_fault_find(struct verdict_engine *e, const void *task)
{
	struct verdict_fault *f = e->fault_hash[verdict_hash(task, 0, e->limits.faults)];

	while (f && f->task != task)
		f = f->next;
	return f;
}

/**
 * verdict_fault_create - a new record, linked to its page, or to the orphans
 * @e: the engine
 * @entry: the fault; its task has no record
 * @ctx: its userfaultfd
 *
 * Return: the record, or NULL if the table is full (which is counted). Its
 * page is NULL if the table of pages is full.
 */
struct verdict_fault *verdict_fault_create(struct verdict_engine *e,
					   const struct verdict_entry *entry,
					   struct verdict_ctx *ctx)
{
	struct verdict_fault **head = &e->fault_hash[verdict_hash(entry->task, 0, e->limits.faults)];
	struct verdict_fault *f = e->free_faults, **chain = &e->orphans;

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
	f->next = *head;
	*head = f;

	f->around = entry->flags & FAULT_F_NEVER_INSTALLS ? 0 : entry->around;
	if (f->around) {
		f->around_next = ctx->arounds;
		if (f->around_next)
			f->around_next->around_prev = &f->around_next;
		f->around_prev = &ctx->arounds;
		ctx->arounds = f;
	}

	f->page = verdict_page_find(e, ctx, f->addr);
	if (!f->page)
		f->page = verdict_page_create(e, ctx, f->addr);
	if (f->page)
		chain = &f->page->faults;
	f->page_next = *chain;
	*chain = f;
	return f;
}

/**
 * verdict_fault_free - give a record back
 * @e: the engine
 * @f: the record
 */
void verdict_fault_free(struct verdict_engine *e, struct verdict_fault *f)
{
	struct verdict_fault **link;

	link = &e->fault_hash[verdict_hash(f->task, 0, e->limits.faults)];
	while (*link != f)
		link = &(*link)->next;
	*link = f->next;
	link = f->page ? &f->page->faults : &e->orphans;
	while (*link != f)
		link = &(*link)->page_next;
	*link = f->page_next;
	if (f->around) {
		*f->around_prev = f->around_next;
		if (f->around_next)
			f->around_next->around_prev = f->around_prev;
	}
	f->next = e->free_faults;
	e->free_faults = f;
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
		int w;

		for (w = 0; page->ctx && w < NR_WAITS; w++) {
			if (!page->wait[w][EVENT_MISSING] &&
			    !page->wait[w][EVENT_MINOR])
				continue;
			todo->ctx = page->ctx->key;
			todo->addr = page->addr;
			return true;
		}
	}
	return false;
}
