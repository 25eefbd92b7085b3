// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict engine: one event at a time. Which of them has user space read,
 * and whose fault is it that an ioctl found a page? Verdicts do not depend on
 * any of this.
 */
#include "internal.h"

static struct verdict_event **task_chain(struct verdict_engine *e, const void *task)
{
	return &e->event_hash[verdict_hash(task, 0, e->limits.faults)];
}

static struct verdict_event **message_chain(struct verdict_engine *e,
					    const struct verdict_ctx *ctx,
					    unsigned long addr)
{
	return &e->message_hash[verdict_hash(ctx, addr, e->limits.faults)];
}

/* From one of a chain on: the first of a page of that size and address. */
static struct verdict_event *event_of(struct verdict_event *first,
				      const struct verdict_ctx *ctx,
				      unsigned long addr, unsigned long size)
{
	struct verdict_event *v;

	for (v = first; v; v = v->message_next)
		if (v->ctx == ctx && v->size == size && v->addr == addr)
			return v;
	return NULL;
}

/*
 * The next record whose page holds an address, newest first; pages of each
 * size for themselves.
 */
static struct verdict_event *event_at(struct verdict_engine *e,
				      const struct verdict_ctx *ctx,
				      unsigned long addr,
				      const struct verdict_event *last)
{
	unsigned long sizes, size, start;
	struct verdict_event *v;

	if (last) {
		v = event_of(last->message_next, ctx, addr & -last->size, last->size);
		if (v)
			return v;
	}
	sizes = last ? ctx->sizes & -last->size & ~last->size : ctx->sizes;
	for (; (size = sizes & -sizes); sizes -= size) {
		start = addr & -size;
		v = event_of(*message_chain(e, ctx, start), ctx, start, size);
		if (v)
			return v;
	}
	return NULL;
}

/* Whose fault was it that so many installs found a page? */
static void count_raced(struct verdict_engine *e, enum verdict verdict, unsigned int n)
{
	if (verdict == VERDICT_BOGUS)
		e->stats.raced_bogus += n;
	else if (verdict == VERDICT_UNDECIDED)
		e->stats.raced_undecided += n;
	else
		e->stats.raced += n;
}

/* It waits no more, and no message finds it any more. */
static void event_forget(struct verdict_engine *e, struct verdict_event *v)
{
	count_raced(e, VERDICT_UNDECIDED, v->raced);
	v->raced = 0;
	if (v->page) {
		chain_drop(&v->page->events, v, page_next);
		v->page = NULL;
	}
	list_drop(v, message_next, message_prev);
	list_drop(v, ctx_next, ctx_prev);
	v->ctx = NULL;
}

/* Only an answer may still be about it, if that comes late. */
static bool is_done(const struct verdict_event *v)
{
	return v->ended && v->read && !v->page;
}

#define KEEP_DONE	4	/* of one page: its chain must not grow for nothing */

static void event_done(struct verdict_engine *e, const struct verdict_event *done)
{
	const struct verdict_ctx *ctx = done->ctx;
	unsigned long addr = done->addr, size = done->size;
	struct verdict_event *v, *next;
	unsigned int n = 0;

	if (!is_done(done))
		return;
	for (v = *message_chain(e, ctx, addr); v; v = next) {
		next = v->message_next;
		if (v->ctx == ctx && v->addr == addr && v->size == size &&
		    is_done(v) && ++n > KEEP_DONE)
			event_forget(e, v);
	}
}

/* The newest free record is the last to be used again. */
static void event_free(struct verdict_engine *e, struct verdict_event *v)
{
	chain_drop(task_chain(e, v->task), v, next);
	v->next = NULL;
	v->ended = true;
	*e->free_events_end = v;
	e->free_events_end = &v->next;
}

/* The fault of a task has ended; nothing happens if it has raised no event. */
void verdict_event_ended(struct verdict_engine *e, const void *task)
{
	struct verdict_event *v = *task_chain(e, task);

	while (v && v->task != task)
		v = v->next;
	if (!v)
		return;
	event_free(e, v);
	event_done(e, v);
}

/* A userfaultfd ends. */
void verdict_events_free(struct verdict_engine *e, struct verdict_ctx *ctx)
{
	struct verdict_event *v;

	while ((v = ctx->events)) {
		if (!v->ended)
			event_free(e, v);
		event_forget(e, v);
	}
}

#define SPARE_TRIES	64U

/*
 * There is no free record: one whose event was read and judged is needed no more,
 * though its task may sleep for as long as it likes.
 */
static void event_spare(struct verdict_engine *e, const struct verdict_entry *entry)
{
	unsigned int at = verdict_hash(entry->task, entry->addr, e->limits.faults);
	unsigned int i, n = e->limits.faults;
	struct verdict_event *v;

	if (n > SPARE_TRIES)
		n = SPARE_TRIES;
	for (i = 0; i < n; i++) {
		v = &e->events[(at + i) % e->limits.faults];
		if (v->read && !v->page) {
			event_free(e, v);
			return;
		}
	}
}

/*
 * A record, not judged, of an event whose task has no other one. Returns NULL if the
 * table is full (which is counted).
 */
struct verdict_event *verdict_event_create(struct verdict_engine *e, struct verdict_ctx *ctx,
					   const struct verdict_entry *entry)
{
	struct verdict_event *v;

	if (!e->free_events)
		event_spare(e, entry);
	v = e->free_events;
	if (!v) {
		e->stats.events_full++;
		return NULL;
	}
	e->free_events = v->next;
	if (!e->free_events)
		e->free_events_end = &e->free_events;
	if (v->ctx)
		event_forget(e, v);
	v->ctx = ctx;
	v->task = entry->task;
	v->addr = entry->addr;
	v->size = entry->size;
	v->backing = entry->backing;
	v->type = entry->type;
	v->read = false;
	v->ended = false;
	v->answered = false;
	v->refused = false;
	v->when = entry->when;
	v->old = false;

	chain_push(task_chain(e, v->task), v, next);
	list_push(message_chain(e, ctx, v->addr), v, message_next, message_prev);
	list_push(&ctx->events, v, ctx_next, ctx_prev);
	ctx->sizes |= entry->size;
	return v;
}

/* An event is in the books from now on, with its verdict or as open; @v: its record, or NULL. */
void verdict_event_book(struct verdict_engine *e, struct verdict_event *v,
			const struct verdict_entry *entry, const struct verdict_finding *found)
{
	struct verdict_books *b = &e->stats.books[entry->backing][entry->type];

	b->events++;
	if (entry->flags & FAULT_F_WRITE)
		b->writes++;
	if (found->waits) {
		b->open++;
		return;
	}
	b->verdict[found->verdict]++;
	if (found->verdict == VERDICT_UNDECIDED)
		e->stats.why[found->why]++;
	if (v)
		v->verdict = found->verdict;
}

/* An event is not judged yet; @v: its record, or NULL. */
void verdict_event_waits(struct verdict_event *v, struct verdict_page *page, enum verdict_wait wait)
{
	if (!v)
		return;
	v->page = page;
	v->wait = wait;
	chain_push(&page->events, v, page_next);
}

/* The events of a page that were open have been seen. */
void verdict_events_seen(struct verdict_page *page)
{
	struct verdict_event *v;
	int t;

	for (v = page->events; v; v = v->page_next)
		if (v->wait == WAIT_OPEN)
			v->wait = WAIT_SEEN;
	for (t = 0; t < NR_EVENT_TYPES; t++) {
		page->wait[WAIT_SEEN][t] += page->wait[WAIT_OPEN][t];
		page->wait[WAIT_OPEN][t] = 0;
		page->read[WAIT_SEEN][t] += page->read[WAIT_OPEN][t];
		page->read[WAIT_OPEN][t] = 0;
	}
}

/* File the verdict on those events of a page that wait as @wait. */
void verdict_page_close(struct verdict_engine *e, struct verdict_page *page,
			enum verdict_wait wait, enum verdict verdict,
			enum verdict_why why)
{
	struct verdict_event **link = &page->events, *v;
	unsigned int closed = 0;
	int t;

	for (t = 0; t < NR_EVENT_TYPES; t++) {
		struct verdict_books *b = &e->stats.books[page->backing][t];
		unsigned int n = page->wait[wait][t];

		page->wait[wait][t] = 0;
		if (wait == WAIT_EXPOSED) {
			/* Not an event: counted if confirmed, else dropped. */
			if (verdict == VERDICT_BOGUS)
				b->exposures += n;
			continue;
		}
		b->open -= n;
		b->verdict[verdict] += n;
		b->delivered[verdict] += page->read[wait][t];
		page->read[wait][t] = 0;
		closed += n;
	}
	if (!closed)
		return;
	if (verdict == VERDICT_UNDECIDED)
		e->stats.why[why] += closed;
	while ((v = *link)) {
		if (v->wait == wait) {
			chain_pop(link, page_next);
			v->page = NULL;
			v->verdict = verdict;
			count_raced(e, verdict, v->raced);
			v->raced = 0;
			event_done(e, v);
		} else {
			link = &v->page_next;
		}
	}
}

/**
 * verdict_read - user space has read a message
 * @e: the engine
 * @key: of the userfaultfd
 * @addr: the address in the message
 * @type: of the event
 */
void verdict_read(struct verdict_engine *e, const void *key, unsigned long addr,
		  enum verdict_type type)
{
	struct verdict_ctx *ctx = verdict_ctx_find(e, key);
	struct verdict_event *found = NULL, *v = NULL;

	while (ctx && (v = event_at(e, ctx, addr, v))) {
		if (v->type != type || v->read)
			continue;
		/* The oldest whose task still waits, else the last whose did. */
		if (!v->ended || !found)
			found = v;
	}
	if (!found) {
		e->stats.unmatched++;
		return;
	}
	found->read = true;
	if (found->page)
		found->page->read[found->wait][type]++;
	else if (!found->old)
		e->stats.books[found->backing][type].delivered[found->verdict]++;
	event_done(e, found);
}

/*
 * Which event does an install at an address answer? They are read in the order in
 * which they were raised, and answered in the order in which they are read: so the
 * oldest that was read, and has no answer yet. Or the newest gets one more.
 */
static struct verdict_event *event_asking(struct verdict_engine *e,
					  const struct verdict_ctx *ctx,
					  unsigned long addr)
{
	struct verdict_event *oldest = NULL, *newest = NULL, *waits = NULL;
	struct verdict_event *any = NULL, *v = NULL;

	while ((v = event_at(e, ctx, addr, v))) {
		if (!any)
			any = v;
		if (!waits && !v->ended)
			waits = v;
		if (!newest && v->read)
			newest = v;
		if (v->read && !v->answered)
			oldest = v;
	}
	if (oldest)
		return oldest;
	/* Not told what was read? Who waits comes first. */
	return newest ? newest : waits ? waits : any;
}

/**
 * verdict_event_answered - an install at an address has succeeded
 * @e: the engine
 * @ctx: of its userfaultfd
 * @addr: the address
 */
void verdict_event_answered(struct verdict_engine *e, const struct verdict_ctx *ctx,
			    unsigned long addr)
{
	struct verdict_event *v = event_asking(e, ctx, addr);

	if (v && v->read) {
		v->answered = true;
		v->refused = false;
	}
}

/**
 * verdict_refused - an ioctl that was to install something has failed
 * @e: the engine
 * @key: of its userfaultfd
 * @addr: the first page, as user space has named it
 *
 * Counted nowhere; for verdict_waits().
 */
void verdict_refused(struct verdict_engine *e, const void *key, unsigned long addr)
{
	const struct verdict_ctx *ctx = verdict_ctx_find(e, key);
	struct verdict_event *v = ctx ? event_asking(e, ctx, addr) : NULL;

	if (v && v->read)
		v->refused = true;
}

/**
 * verdict_waits - what is known of the event that a task waits in
 * @e: the engine
 * @task: the task
 * @key: of the userfaultfd
 * @info: filled in
 *
 * Return: false if there is no record of it.
 */
bool verdict_waits(struct verdict_engine *e, const void *task, const void *key,
		   struct verdict_wait_info *info)
{
	const struct verdict_event *v = *task_chain(e, task);

	while (v && v->task != task)
		v = v->next;
	if (!v || !v->ctx || v->ctx->key != key)
		return false;
	*info = (struct verdict_wait_info) {
		.addr = v->addr, .when = v->when,
		.judged = !v->page, .verdict = v->verdict,
		.read = v->read, .answered = v->answered, .refused = v->refused,
	};
	return true;
}

static bool minor_waits(struct verdict_engine *e, const struct verdict_ctx *ctx,
			unsigned long addr)
{
	struct verdict_event *v = NULL;

	while ((v = event_at(e, ctx, addr, v)))
		if (!v->ended && v->type == EVENT_MINOR)
			return true;
	return false;
}

/* An install at an address has done nothing: whose fault is that? */
void verdict_event_raced(struct verdict_engine *e, const struct verdict_ctx *ctx,
			 unsigned long addr, enum verdict_outcome outcome)
{
	struct verdict_event *v;

	if (outcome == OUTCOME_NO_PAGE) {
		e->stats.hole_punched += minor_waits(e, ctx, addr);
		return;
	}
	if (outcome == OUTCOME_AGAIN) {
		e->stats.raced++;
		return;
	}
	v = event_asking(e, ctx, addr);
	if (!v) {
		e->stats.raced++;
		return;
	}
	v->answered |= v->read;
	if (v->page)
		v->raced++;
	else
		count_raced(e, v->verdict, 1);
}

/* Messages about events of the old books count no more. */
void verdict_events_reset(struct verdict_engine *e)
{
	unsigned int i;

	for (i = 0; i < e->limits.faults; i++)
		if (!e->events[i].page)
			e->events[i].old = true;
}

/**
 * verdict_reset - zero the books
 * @e: the engine
 *
 * What is in flight stays: events not judged yet open the new books.
 */
void verdict_reset(struct verdict_engine *e)
{
	struct verdict_stats new = { };
	int i, j;

	for (i = 0; i < NR_BACKINGS; i++) {
		for (j = 0; j < NR_EVENT_TYPES; j++) {
			new.books[i][j].open = e->stats.books[i][j].open;
			new.books[i][j].events = new.books[i][j].open;
		}
	}
	e->stats = new;
	verdict_events_reset(e);
}
