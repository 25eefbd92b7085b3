// SPDX-License-Identifier: GPL-2.0
/*
 * One state as a string of bytes, and back.
 *
 * Two states that differ only in the following behave alike, and have the same
 * string: the absolute time (all times are replaced by their rank: the engine
 * only ever compares them); which slot of a table, and which place in a list,
 * a record has; which of two actors with the same part is which. Unless @exact
 * is set, a time that nothing can be compared with any more counts as never:
 * page.opened while nothing is open, page.mark while nothing was seen, other
 * times of a page that are older than all its faults in flight or judged,
 * ctx.changed if no look is older, and page.looks while nothing waits.
 */
#include "world.h"

struct verdict_engine eng;
bool exact;

#define MAX_TIMES 64

static verdict_time times[MAX_TIMES];
static unsigned int ntimes;
static _Alignas(16) u8 memory[4096];

void engine_fresh(void)
{
	if (verdict_bytes(&scen->limits) > sizeof(memory))
		abort();
	verdict_init(&eng, &scen->limits, memory);
}

/* The engine's records of the faults of all actors, looked up once a state. */
static const struct verdict_fault *fault_of[MAX_ACTORS];

static void find_faults(void)
{
	int i;

	for (i = 0; i < w.actors; i++)
		fault_of[i] = faults(i) ? verdict_fault_find(&eng, &w.actor[i]) : NULL;
}

static void time_add(verdict_time t)
{
	unsigned int i;

	for (i = ntimes; i && times[i - 1] > t; i--)
		;
	if (!t || (i && times[i - 1] == t))
		return;
	memmove(&times[i + 1], &times[i], (ntimes++ - i) * sizeof(t));
	times[i] = t;
}

static u8 rank(verdict_time t)
{
	unsigned int i = 0;

	if (!t)
		return 0;
	while (times[i] != t)
		i++;
	return i + 1;
}

static bool marked(const struct verdict_page *page)
{
	return page_waits(page, WAIT_SEEN) || page_waits(page, WAIT_MAPPED);
}

/* Forget what no rule of rules.c can look at any more. */
static void drop_dead_times(void)
{
	struct verdict_ctx *ctx;
	unsigned int i;

	for (i = 0; i < eng.limits.pages; i++) {
		struct verdict_page *page = &eng.pages[i];
		verdict_time oldest = eng.clock + 1;
		struct verdict_fault *f;

		if (!page->ctx)
			continue;
		for (f = page->faults; f; f = f->page_next)
			if (f->begin < oldest)
				oldest = f->begin;
		if (!page_waits(page, WAIT_OPEN))
			page->opened = page->open_since = 0;
		else if (page->open_since < oldest)
			oldest = page->open_since;
		if (!marked(page) && !page_waits(page, WAIT_EXPOSED)) {
			page->mark = 0;
			if (!page_waits(page, WAIT_OPEN))
				page->looks = 0;
		}
		if (!marked(page))
			page->since = page->anon = 0;
		else if (page->since < oldest)
			oldest = page->since;
		if (page->installed < oldest)
			page->installed = 0;
		if (page->unsure < oldest)
			page->unsure = page->unsure_why = 0;
		if (page->file_mapped < oldest)
			page->file_mapped = 0;
		if (page->cut < oldest)
			page->cut = 0;
		if (page->zapped < oldest)
			page->zapped = 0;
		if (page->written < oldest)
			page->written = 0;
	}
	for (ctx = eng.ctxs; ctx; ctx = ctx->all_next) {
		verdict_time oldest = eng.clock, begin = eng.clock + 1;

		for (i = 0; i < w.actors; i++) {
			const struct verdict_fault *f = fault_of[i];

			if (w.actor[i].stamp && w.actor[i].stamp < oldest)
				oldest = w.actor[i].stamp;
			if (f && f->ctx == ctx && f->begin < begin)
				begin = f->begin;
		}
		if (ctx->changed <= oldest)
			ctx->changed = 0;
		if (ctx->complete && ctx->complete < begin)
			ctx->complete = 1;
	}
}

static void collect(void)
{
	const struct verdict_ctx *ctx;
	const struct verdict_op *op;
	unsigned int i;

	ntimes = 0;
	time_add(eng.clock);
	for (i = 0; i < eng.limits.pages; i++) {
		const struct verdict_page *page = &eng.pages[i];

		if (!page->ctx)
			continue;
		time_add(page->since);
		time_add(page->open_since);
		time_add(page->opened);
		time_add(page->mark);
		time_add(page->installed);
		time_add(page->unsure);
		time_add(page->file_mapped);
		time_add(page->cut);
		time_add(page->zapped);
		time_add(page->written);
	}
	for (ctx = eng.ctxs; ctx; ctx = ctx->all_next) {
		time_add(ctx->changed);
		time_add(ctx->complete);
	}
	for (op = eng.ops; op; op = op->next)
		time_add(op->begin);
	for (i = 0; i < w.actors; i++) {
		const struct verdict_fault *f = fault_of[i];

		time_add(w.actor[i].stamp);
		if (f)
			time_add(f->begin);
	}
}

struct verdict_page *cell_page(int cell)
{
	struct verdict_ctx *ctx = verdict_ctx_find(&eng, cell_key(cell));

	return ctx ? verdict_page_find(&eng, ctx, cell_addr(cell)) : NULL;
}

int addr_cell(const void *key, unsigned long addr)
{
	int c;

	for (c = 0; c + 1 < scen->cells; c++)
		if (cell_key(c) == key && cell_addr(c) == addr)
			break;
	return c;
}

/* Operations are of userfaultfds, and of the mms of those. */
static const void *op_key_of(int key)
{
	return key < MAX_KEYS ? uffd_key(key) : mm_name(key - MAX_KEYS);
}

/* An actor, and what the engine knows of it. */
static u8 *put_actor(u8 *p, int who)
{
	const struct actor *a = &w.actor[who];
	const struct verdict_fault *f = fault_of[who];
	enum verdict_op_kind kind;
	int key;

	memcpy(p, a, offsetof(struct actor, stamp));
	p += offsetof(struct actor, stamp);
	*p++ = rank(a->stamp);
	if (f) {
		*p++ = f->page ? 1 : 2;
		*p++ = addr_cell(f->ctx->key, f->addr);
		*p++ = rank(f->begin);
		*p++ = f->flags;
		*p++ = f->type;
		*p++ = f->look;
		*p++ = f->around >> 12;
	} else {
		*p++ = 0;
	}
	for (key = 0; key < 2 * MAX_KEYS && eng.ops; key++)
		for (kind = 0; kind <= OP_RANGE; kind++) {
			const struct verdict_op *op = eng.ops;

			while (op && (op->task != a || op->kind != kind ||
				      op->key != op_key_of(key)))
				op = op->next;
			if (!op)
				continue;
			*p++ = 1 + kind;
			*p++ = key << 1 | !op->ctx;
			*p++ = op->start >> 12;
			*p++ = op->end >> 12;
			*p++ = rank(op->begin);
		}
	*p++ = 0;
	return p;
}

static u8 *put_page(u8 *p, const struct verdict_page *page)
{
	int v;

	*p++ = !!page;
	if (!page)
		return p;
	*p++ = page->flags;
	for (v = 0; v < NR_WAITS; v++) {
		*p++ = page->wait[v][0];
		*p++ = page->wait[v][1];
	}
	*p++ = page->looks;
	*p++ = page->anon;
	*p++ = rank(page->since);
	*p++ = rank(page->open_since);
	*p++ = rank(page->file_mapped);
	*p++ = rank(page->opened);
	*p++ = rank(page->mark);
	*p++ = rank(page->installed);
	*p++ = rank(page->unsure);
	*p++ = page->unsure_why;
	*p++ = rank(page->cut);
	*p++ = rank(page->zapped);
	*p++ = rank(page->written);
	return p;
}

static void sort_pending(void)
{
	int i, j;

	for (i = 1; i < w.npending; i++)
		for (j = i; j && memcmp(&w.pending[j - 1], &w.pending[j],
					sizeof(w.pending[0])) > 0; j--) {
			struct pending tmp = w.pending[j];

			w.pending[j] = w.pending[j - 1];
			w.pending[j - 1] = tmp;
		}
}

/* @order: whose part of the string comes first, second, ... */
unsigned int state_encode(u8 *buf, u8 *order)
{
	u8 actors[MAX_ACTORS][64], len[MAX_ACTORS];
	int i, j, c;
	u8 *p = buf;

	find_faults();
	if (!exact)
		drop_dead_times();
	collect();
	sort_pending();
	*p++ = rank(eng.clock);
	*p++ = w.missed;
	*p++ = w.npending;
	memcpy(p, w.pending, w.npending * sizeof(w.pending[0]));
	p += w.npending * sizeof(w.pending[0]);
	for (c = 0; c < scen->cells; c++) {
		memcpy(p, &w.cell[c], sizeof(w.cell[c]));
		p += sizeof(w.cell[c]);
	}
	for (c = 0; c < MAX_KEYS; c++) {
		const struct verdict_ctx *ctx = verdict_ctx_find(&eng, uffd_key(c));

		memcpy(p, &w.uffd[c], sizeof(w.uffd[c]));
		p += sizeof(w.uffd[c]);
		*p++ = ctx ? 1 + ctx->state : 0;
		if (!ctx)
			continue;
		*p++ = !!ctx->mm;
		*p++ = ctx->openings << 1 | ctx->succeeded;
		*p++ = rank(ctx->changed);
		*p++ = rank(ctx->complete);
	}
	for (c = 0; c < scen->cells; c++)
		p = put_page(p, cell_page(c));
	for (i = 0; i < w.actors; i++) {
		len[i] = put_actor(actors[i], i) - actors[i];
		for (j = i; j; j--) {
			int o = order[j - 1];

			if (scen->opts & O_READS ||
			    scen->cast[o].role != scen->cast[i].role ||
			    scen->cast[o].left != scen->cast[i].left ||
			    scen->cast[o].cell != scen->cast[i].cell ||
			    scen->cast[o].via != scen->cast[i].via ||
			    len[o] < len[i] || (len[o] == len[i] &&
			    memcmp(actors[o], actors[i], len[i]) <= 0))
				break;
			order[j] = o;
		}
		order[j] = i;
	}
	for (i = 0; i < w.actors; i++) {
		memcpy(p, actors[order[i]], len[order[i]]);
		p += len[order[i]];
	}
	if (scen->opts & O_READS)
		p = put_events(p);
	return p - buf;
}

static const u8 *get_actor(const u8 *p, int who)
{
	struct actor *a = &w.actor[who];

	memcpy(a, p, offsetof(struct actor, stamp));
	p += offsetof(struct actor, stamp);
	a->stamp = *p++;
	if (*p) {
		struct verdict_page *room = eng.free_pages;
		struct verdict_entry entry = {
			.task = a, .addr = cell_addr(p[1]), .flags = p[3],
			.type = p[4], .look = p[5], .around = p[6] << 12,
			.backing = scen->backing,
		};

		if (*p == 2)
			eng.free_pages = NULL;
		verdict_fault_create(&eng, &entry, verdict_ctx_find(&eng, cell_key(p[1])))->begin = p[2];
		eng.free_pages = room;
		p += 7;
	} else {
		p++;
	}
	for (; *p; p += 5) {
		struct verdict_op *op = eng.free_ops;

		eng.free_ops = op->next;
		op->task = a;
		op->kind = p[0] - 1;
		op->key = op_key_of(p[1] >> 1);
		op->mm = p[1] >> 1 < MAX_KEYS ? NULL : op->key;
		op->collapse = op->mm;
		op->ctx = p[1] & 1 ? NULL : verdict_ctx_find(&eng, op->key);
		op->start = (unsigned long)p[2] << 12;
		op->end = (unsigned long)p[3] << 12;
		op->begin = p[4];
		op->next = eng.ops;
		eng.ops = op;
	}
	return p + 1;
}

static const u8 *get_page(const u8 *p, int cell)
{
	struct verdict_page *page;
	int v, t;

	if (!*p++)
		return p;
	page = verdict_page_create(&eng, verdict_ctx_find(&eng, cell_key(cell)), cell_addr(cell));
	page->backing = scen->backing;
	page->flags = *p++;
	for (v = 0; v < NR_WAITS; v++)
		for (t = 0; t < NR_EVENT_TYPES; t++) {
			page->wait[v][t] = *p++;
			if (v == WAIT_EXPOSED)
				continue;
			eng.stats.books[scen->backing][t].open += page->wait[v][t];
			eng.stats.books[scen->backing][t].events += page->wait[v][t];
		}
	page->looks = *p++;
	page->anon = *p++;
	page->since = *p++;
	page->open_since = *p++;
	page->file_mapped = *p++;
	page->opened = *p++;
	page->mark = *p++;
	page->installed = *p++;
	page->unsure = *p++;
	page->unsure_why = *p++;
	page->cut = *p++;
	page->zapped = *p++;
	page->written = *p++;
	return p;
}

void state_decode(const u8 *p)
{
	int i, c;

	memset(&w.pending, 0, sizeof(w.pending));
	engine_fresh();
	eng.clock = *p++;
	w.missed = *p++;
	w.npending = *p++;
	memcpy(w.pending, p, w.npending * sizeof(w.pending[0]));
	p += w.npending * sizeof(w.pending[0]);
	for (c = 0; c < scen->cells; c++) {
		memcpy(&w.cell[c], p, sizeof(w.cell[c]));
		p += sizeof(w.cell[c]);
	}
	for (c = 0; c < MAX_KEYS; c++) {
		struct verdict_ctx *ctx;

		memcpy(&w.uffd[c], p, sizeof(w.uffd[c]));
		p += sizeof(w.uffd[c]);
		if (!*p++)
			continue;
		ctx = verdict_ctx_create(&eng, uffd_key(c));
		ctx->state = p[-1] - 1;
		ctx->mm = *p++ ? uffd_mm(c) : NULL;
		ctx->openings = *p >> 1;
		ctx->succeeded = *p++ & 1;
		ctx->changed = *p++;
		ctx->complete = *p++;
	}
	for (c = 0; c < scen->cells; c++)
		p = get_page(p, c);
	for (i = 0; i < w.actors; i++)
		p = get_actor(p, i);
	if (scen->opts & O_READS)
		get_events(p);
	eng.stats.pages_full = 0;
}

static struct world saved_world;
static struct verdict_engine saved_engine;
static u8 saved_memory[sizeof(memory)];

void state_save(void)
{
	saved_world = w;
	saved_engine = eng;
	memcpy(saved_memory, memory, verdict_bytes(&scen->limits));
}

void state_restore(void)
{
	w = saved_world;
	eng = saved_engine;
	memcpy(memory, saved_memory, verdict_bytes(&scen->limits));
}
