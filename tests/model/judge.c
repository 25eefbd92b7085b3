// SPDX-License-Identifier: GPL-2.0
/*
 * Holds every verdict of the engine against the truth.
 *
 * 1. No false accusation. Bogus is said of an event only if the page was
 *    mapped, without a break, from the begin of its fault until the hook's
 *    look at the event; and an exposure is counted only if the fault's first
 *    look met a writer's window of a page that then stayed mapped until its
 *    last look. It is counted, too, if nothing else can explain it; see
 *    must_be_exposed().
 * 2. With complete evidence, the true verdict. The truth of an event is bogus
 *    as above, else stale if the page is mapped at the event, else genuine;
 *    the moment of the event lies between its look and its fact, so the truth
 *    of either is taken. If an ioctl that installed the page overlaps the
 *    fault, no order between the two can be seen: stale and genuine are both
 *    right, but only stale once the end of that ioctl was told before the
 *    event. Undecided is right only if the evidence is incomplete for the very
 *    reason that the engine gives, as the world knows it (see judge()): between
 *    the begin of the fault and the verdict
 *	UNKNOWN_CTX	the userfaultfd has no record, or a hook or a table lost
 *			something since its birth
 *	NO_ENTRY	the fault began while that was so
 *	NO_ROOM		the table of pages was full when the fault began
 *	LOST		a hook missed, a table overflowed, or mremap ran
 *	CHANGED		a register, unregister or close overlaps; or NO_ROOM
 *	DROPPED		a zap overlaps
 *	SILENT		another fault overlaps that may have installed the page
 *			for all that hooks can see; see may_have_installed().
 *			It counts for all events of the page that wait
 *	PARTIAL		an install whose outcome is unknowable overlaps
 *	SHARED		the page table is shared
 *	TIMEOUT		zaps are unseen, or something that may install the page
 *			has not ended yet, or the look could not be taken
 *    In a scenario with O_DECISIVE nothing is undecided but for PARTIAL or
 *    TIMEOUT. Genuine
 *    and stale are not held against zaps that no hook sees. A verdict does not
 *    wait, either, once all have ended who were in flight when the page was seen
 *    mapped; see check_prompt().
 * 3. The books balance after every fact, and what is open is what waits. What
 *    user space has read counts as delivered, once, with its own verdict; if
 *    that is told only after the fault has ended (O_LATE), which of several
 *    events of a page it was cannot always be known.
 * 4. Every case closes: from every state, after VERDICT_MAX_LOOKS looks whatever
 *    they find; and as soon as everybody who is in flight has finished, the
 *    next look that can be taken decides, as in 2.
 */
#include <stdarg.h>
#include "world.h"

char violation[256];
bool telling, forcing;

struct verdict_stats before;
unsigned int delivered[NR_VERDICTS];
static unsigned int closed[NR_VERDICTS];

static const char * const verdict_names[] = {
	"genuine", "stale", "BOGUS", "undecided"
};
static const char * const why_names[] = {
	"UNKNOWN_CTX", "NO_ENTRY", "NO_ROOM", "LOST", "CHANGED", "DROPPED",
	"SILENT", "PARTIAL", "SHARED", "TIMEOUT"
};

void say(const char *fmt, ...)
{
	va_list ap;

	if (!telling)
		return;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

#define violate(...) do {						\
	if (!violation[0])						\
		snprintf(violation, sizeof(violation), __VA_ARGS__);	\
} while (0)

/* An invariant of the engine, which checks them itself. */
void verdict_broken(const char *what)
{
	violate("an invariant: %s", what);
}

static u8 truth(const struct actor *a)
{
	if (a->ghost & G_CONT)
		return 1 << VERDICT_BOGUS;
	return 1 << (mapped(a->cell) ? VERDICT_STALE : VERDICT_GENUINE);
}

u8 accept_now(const struct actor *a)
{
	u8 t = truth(a);

	if (a->ghost & G_TOLD)
		return (t & 1 << VERDICT_BOGUS) | 1 << VERDICT_STALE;
	if (a->ghost & G_INST)
		return t | 1 << VERDICT_STALE | 1 << VERDICT_GENUINE;
	return t;
}

/* Of all events of a page that wait. */
static u16 shared_weak[MAX_CELLS];

static bool excused(const struct pending *p, enum verdict_why why)
{
	static const u16 reason[NR_WHYS] = {
		[WHY_UNKNOWN_CTX] = W_UNKNOWN, [WHY_NO_ENTRY] = W_NOENTRY,
		[WHY_NO_ROOM] = W_ROOM, [WHY_LOST] = W_LOST,
		[WHY_CHANGED] = W_RANGE | W_ROOM, [WHY_DROPPED] = W_ZAP,
		[WHY_SILENT] = W_SILENT, [WHY_PARTIAL] = W_UNSURE,
		[WHY_SHARED] = W_SHARED,
	};
	int i;

	if (why == WHY_LOST && eng.stats.blinded != before.blinded &&
	    (!eng.free_ops || !eng.free_faults))
		return true;	/* a table is full, right now */
	/* What may have mapped a file page counts for all events of a page. */
	if (why == WHY_SILENT)
		return (p->weak | shared_weak[p->cell]) & W_SILENT;
	if (why != WHY_TIMEOUT)
		return p->weak & reason[why];
	if (forcing || !scen->zaps_known || scen->opts & O_TRYLOCK)
		return true;
	for (i = 0; i < w.actors; i++)
		if ((faults(i) || installs(i)) && actor_busy(&w.actor[i]))
			return true;
	return false;
}

static void judge(const struct pending *p, enum verdict verdict,
		  enum verdict_why why)
{
	if (p->label == WAIT_EXPOSED || p->label == NEW_EXPOSED) {
		if (verdict == VERDICT_BOGUS && !p->accept)
			violate("theorem 1: an exposure was counted that was none");
		if (verdict != VERDICT_BOGUS && p->accept & 2 &&
		    !(p->weak & ~W_SILENT) && !excused(p, why))
			violate("theorem 2: an exposure was not counted");
		return;
	}
	if (p->holder)
		w.actor[p->holder - 1].verdict = 1 + verdict;
	if (p->read)
		delivered[verdict]++;
	say("      ==> verdict: %s%s%s", verdict_names[verdict],
	    verdict == VERDICT_UNDECIDED ? ", " : "",
	    verdict == VERDICT_UNDECIDED ? why_names[why] : "");
	if (verdict == VERDICT_UNDECIDED) {
		if (!excused(p, why) || (scen->opts & O_DECISIVE && !forcing &&
					why != WHY_PARTIAL && why != WHY_TIMEOUT))
			violate("theorem 2: undecided (%s), but the evidence is complete",
				why_names[why]);
		return;
	}
	if (p->accept & 1 << verdict)
		return;
	if (verdict == VERDICT_BOGUS)
		violate("theorem 1: bogus was said, but the page was not mapped all along");
	else if (!(p->weak & W_ZAP) || scen->zaps_known)
		violate("theorem 2: %s was said, which is not true",
			verdict_names[verdict]);
}

static unsigned int count(const struct verdict_page *page, int cell, u8 label, u8 type)
{
	unsigned int n = 0;
	int i;

	for (i = 0; i < w.npending; i++)
		n += w.pending[i].cell == cell && w.pending[i].label == label &&
		     w.pending[i].type == type;
	return n;
}

/* For all the engine knows, it may install there. */
static bool blocks(int who, int cell)
{
	const struct actor *a = &w.actor[who];

	if (a->lost)
		return true;
	if (installs(who))
		return a->pc;
	return faults(who) && fault_begun(a) && !a->untold &&
	       a->cell == cell && !(scen->missing && scen->minor);
}

/* What is in flight now may be what was seen. */
static void seen(int cell)
{
	int i;

	for (i = 0; i < w.actors; i++)
		if (blocks(i, cell))
			w.actor[i].blocks |= 1 << cell;
}

static void relabel(int cell, u8 from, u8 to, u8 type)
{
	int i;

	for (i = 0; i < w.npending; i++)
		if (w.pending[i].cell == cell && w.pending[i].label == from &&
		    w.pending[i].type == type) {
			w.pending[i].label = to;
			if (to != WAIT_OPEN)
				seen(cell);
		}
}

/*
 * All that may be what was seen have ended: what are they waiting for? For the
 * next look, if it turns out while an install is in flight that it is in
 * another mm: to find that out at its end, too, would cost each install a walk
 * over all userfaultfds.
 */
void check_prompt(void)
{
	u16 weak[MAX_CELLS] = { };
	int i, j;

	if (scen->mm[scen->key[0]] != scen->mm[scen->key[scen->cells - 1]])
		return;
	for (i = 0; i < w.npending; i++)
		weak[w.pending[i].cell] |= w.pending[i].weak;
	for (i = 0; i < w.npending; i++) {
		const struct pending *p = &w.pending[i];

		/* A later look may find an anonymous page. */
		if (p->label == WAIT_OPEN ||
		    (scen->private && weak[p->cell] & W_SILENT))
			continue;
		for (j = 0; j < w.actors; j++)
			if (w.actor[j].blocks & 1 << p->cell)
				break;
		if (j == w.actors)
			violate("theorem 2: the evidence is complete, but there is no verdict");
	}
}

/* Follow the engine: where do our events wait now? */
static void follow(const struct verdict_page *page, int cell)
{
	int t, to;

	for (t = 0; t < NR_EVENT_TYPES; t++) {
		if (!page->wait[WAIT_OPEN][t] && count(page, cell, WAIT_OPEN, t) &&
		    page->wait[WAIT_SEEN][t] > count(page, cell, WAIT_SEEN, t))
			relabel(cell, WAIT_OPEN, WAIT_SEEN, t);
		for (to = WAIT_OPEN; to < WAIT_EXPOSED; to++)
			if (page->wait[to][t] == count(page, cell, to, t) + 1)
				relabel(cell, NEW, to, t);
		if (page->wait[WAIT_EXPOSED][t] == count(page, cell, WAIT_EXPOSED, t) + 1)
			relabel(cell, NEW_EXPOSED, WAIT_EXPOSED, t);
	}
}

static void forget(int i)
{
	w.pending[i] = w.pending[--w.npending];
	memset(&w.pending[w.npending], 0, sizeof(w.pending[0]));
}

static int cell_of(const struct verdict_page *page)
{
	int c;

	for (c = 0; c < scen->cells; c++)
		if (page->ctx && page->ctx->key == cell_key(c) &&
		    page->addr == cell_addr(c))
			return c;
	return -1;
}

void __real_verdict_page_close(struct verdict_engine *e, struct verdict_page *page,
			       enum verdict_wait wait, enum verdict verdict,
			       enum verdict_why why);
void __wrap_verdict_page_close(struct verdict_engine *e, struct verdict_page *page,
			       enum verdict_wait wait, enum verdict verdict,
			       enum verdict_why why);

/* The linker has every verdict_page_close() of the engine pass here. */
void __wrap_verdict_page_close(struct verdict_engine *e, struct verdict_page *page,
			       enum verdict_wait wait, enum verdict verdict,
			       enum verdict_why why)
{
	int cell = cell_of(page), i, t;

	follow(page, cell);
	for (t = 0; t < NR_EVENT_TYPES; t++) {
		if (count(page, cell, wait, t) != page->wait[wait][t])
			violate("theorem 3: %u events wait, not %u",
				page->wait[wait][t], count(page, cell, wait, t));
		if (wait != WAIT_EXPOSED)
			closed[verdict] += page->wait[wait][t];
	}
	for (i = 0; i < w.npending; ) {
		if (w.pending[i].cell != cell || w.pending[i].label != wait) {
			i++;
			continue;
		}
		judge(&w.pending[i], verdict, why);
		forget(i);
	}
	__real_verdict_page_close(e, page, wait, verdict, why);
}

void fact_open(void)
{
	int c, i;

	if (w.missed) {		/* see core_lock() */
		w.missed = 0;
		fact_open();
		say("      fact: hooks were missed");
		for (c = 0; c < scen->cells; c++)
			mark_weak(c, W_LOST | W_UNKNOWN);
		for (c = 0; c < MAX_KEYS; c++)
			w.uffd[c].known = w.uffd[c].placed = 0;
		verdict_lost(&eng);
	}
	before = eng.stats;
	for (i = 0; i < NR_VERDICTS; i++)
		closed[i] = delivered[i] = 0;
	memset(shared_weak, 0, sizeof(shared_weak));
	for (i = 0; i < w.npending; i++)
		shared_weak[w.pending[i].cell] |= w.pending[i].weak;
}

void fact_close(void)
{
	unsigned int i, t, v, c;

	for (i = 0; i < eng.limits.pages; i++) {
		const struct verdict_page *page = &eng.pages[i];

		if (!page->ctx)
			continue;
		c = cell_of(page);
		follow(page, c);
		for (t = 0; t < NR_EVENT_TYPES; t++)
			for (v = 0; v < NR_WAITS; v++)
				if (page->wait[v][t] != count(page, c, v, t))
					violate("theorem 3: waits do not match events");
	}
	for (i = 0; i < w.npending; ) {
		struct pending *p = &w.pending[i];

		if (p->label == NEW)	/* closed without ever being open */
			for (v = 0; v < NR_VERDICTS; v++) {
				const struct verdict_stats *s = &eng.stats;
				unsigned long long n = s->books[scen->backing][p->type].verdict[v] -
					before.books[scen->backing][p->type].verdict[v];

				if (n <= closed[v])
					continue;
				for (c = 0; c + 1 < NR_WHYS; c++)
					if (s->why[c] != before.why[c])
						break;
				judge(p, v, c);
				closed[v]++;
				forget(i);
				goto next;
			}
		if (p->label == NEW)
			violate("theorem 3: an event is in nobody's books");
		if (p->label < NEW) {
			i++;
			continue;
		}
		if (p->label == NEW_EXPOSED)
			judge(p, VERDICT_UNDECIDED, WHY_NO_ROOM);
		forget(i);
next:		;
	}
	verdict_check(&eng);
	for (c = 0; c < scen->cells; c++)
		if (eng.stats.blinded != before.blinded) {
			w.uffd[scen->key[c]].known = 0;
			mark_weak(c, W_LOST | W_UNKNOWN);
		}
	for (v = 0; v < NR_VERDICTS; v++) {
		unsigned long long n = 0;

		for (t = 0; t < NR_EVENT_TYPES; t++)
			n += eng.stats.books[scen->backing][t].delivered[v] -
			     before.books[scen->backing][t].delivered[v];
		if (n != delivered[v] && !(scen->opts & O_LATE))
			violate("theorem 3: %llu %s events delivered, not %u",
				n, verdict_names[v], delivered[v]);
	}
	/* With records used again, a message may come too late. */
	if (eng.stats.unmatched != before.unmatched &&
	    !(scen->opts & O_LATE && scen->cast[0].left == ANY))
		violate("theorem 3: a message belongs to no event");
}
