// SPDX-License-Identifier: GPL-2.0
/* The part of a state that is only about messages: see canon.c. */
#include "world.h"

/*
 * Records of events, oldest first, and which of them are free: only where it is
 * checked what user space has read. No verdict depends on them.
 */
u8 *put_events(u8 *p)
{
	const struct verdict_event *list[16], *v;
	int n = 0, c, i, first;

	for (c = 0; c < scen->cells; c++) {
		struct verdict_ctx *ctx = verdict_ctx_find(&eng, cell_key(c));

		first = n;
		for (v = ctx ? ctx->events : NULL; v; v = v->ctx_next)
			if (v->addr == cell_addr(c) && !(v->ended && v->read))
				list[n++] = v;
		for (i = 0; i < (n - first) / 2; i++) {
			v = list[first + i];
			list[first + i] = list[n - 1 - i];
			list[n - 1 - i] = v;
		}
	}
	*p++ = n;
	for (i = 0; i < n; i++) {
		v = list[i];
		*p++ = addr_cell(v->ctx->key, v->addr);
		*p++ = (const struct actor *)v->task - w.actor;
		*p++ = v->type | v->read << 1 | v->ended << 2 | !!v->page << 3;
		*p++ = v->page ? (u8)v->wait : (u8)v->verdict;
	}
	for (v = eng.free_events; v; v = v->next) {
		for (i = 0; i < n && list[i] != v; i++)
			;
		*p++ = i < n ? i : 255;
	}
	*p++ = 254;
	for (c = 0; c < scen->cells; c++)
		for (i = 0; cell_page(c) && i < WAIT_EXPOSED; i++) {
			*p++ = cell_page(c)->read[i][0];
			*p++ = cell_page(c)->read[i][1];
		}
	*p++ = w.nqueue;
	memcpy(p, w.queue, sizeof(w.queue));
	return p + sizeof(w.queue);
}

/* Its verdict is in the books, for whatever reason. */
static void book(const struct verdict_event *v)
{
	struct verdict_books *b = &eng.stats.books[v->backing][v->type];

	b->events++;
	b->verdict[v->verdict]++;
	eng.stats.why[WHY_LOST] += v->verdict == VERDICT_UNDECIDED;
}

const u8 *get_events(const u8 *p)
{
	struct verdict_event *list[16], *plain[16], *v;
	int n = *p++, i, c, nplain = 0;

	for (i = 0; i < n; i++, p += 4) {
		struct verdict_entry entry = {
			.task = &w.actor[p[1]], .addr = cell_addr(p[0]),
			.size = 0x1000, .type = p[2] & 1, .backing = scen->backing,
		};

		v = list[i] = verdict_event_create(&eng, verdict_ctx_find(&eng, cell_key(p[0])), &entry);
		v->read = p[2] >> 1 & 1;
		if (p[2] & 4)
			verdict_event_ended(&eng, entry.task);
		v->verdict = p[3];
		if (p[2] & 8)
			verdict_event_waits(v, cell_page(p[0]), p[3]);
		else
			book(v);
	}
	for (v = eng.free_events; v; v = v->next)
		if (!v->ctx)
			plain[nplain++] = v;
	eng.free_events_end = &eng.free_events;
	for (; *p != 254; p++) {
		v = *p == 255 ? plain[--nplain] : list[*p];
		*eng.free_events_end = v;
		eng.free_events_end = &v->next;
	}
	*eng.free_events_end = NULL;
	p++;
	for (c = 0; c < scen->cells; c++)
		for (i = 0; cell_page(c) && i < WAIT_EXPOSED; i++) {
			cell_page(c)->read[i][0] = *p++;
			cell_page(c)->read[i][1] = *p++;
		}
	w.nqueue = *p++;
	memcpy(w.queue, p, sizeof(w.queue));
	return p + sizeof(w.queue);
}
