// SPDX-License-Identifier: GPL-2.0
/* Tells the engine what the hooks would tell it; keeps what only the world knows. */
#include "world.h"

static bool range_in_flight(int cell)
{
	int i;

	for (i = 0; i < w.actors; i++)
		if ((scen->cast[i].role == UNREGISTER && w.actor[i].pc &&
		     w.actor[i].pc != 3 && w.actor[i].cell == cell) ||
		    (scen->cast[i].role == CLOSER && w.actor[i].pc > 5 &&
		     w.actor[i].cell == cell))
			return true;
	return false;
}

/* Marks all other faults: in flight there, or not begun in that userfaultfd. */
static void mark_faults(const struct actor *but, int cell, u16 ghost, bool begun)
{
	int i;

	for (i = 0; i < w.actors; i++) {
		struct actor *a = &w.actor[i];

		if (scen->cast[i].role > WRITER || a == but || !a->pc ||
		    fault_blocked(a) ||
		    fault_begun(a) != begun ||
		    (begun ? a->cell != cell : scen->key[a->cell] != scen->key[cell]))
			continue;
		a->ghost |= ghost;
	}
}

/* Not hugetlb, and no holes of anonymous ranges. */
bool installs(int who)
{
	return scen->cast[who].role == RESOLVER ||
	       (scen->cast[who].role == COLLAPSER && scen->backing == BACKING_SHMEM);
}

static bool is_writer(const struct actor *a)
{
	return scen->cast[actor_index(a)].role == WRITER;
}

/*
 * As fault_result() has it. Who maps around goes on to the page itself, so it has
 * failed if it did not get there.
 */
static enum verdict_result result_of(const struct actor *a)
{
	bool tells = scen->backing == BACKING_SHMEM;

	if (tells && a->ghost & G_MAPS)
		return RESULT_MAY_HAVE_MAPPED;
	if (a->ghost & G_ERROR)
		return RESULT_FAILED;
	if (!tells || a->ghost & G_AROUND)
		return RESULT_MAY_HAVE_MAPPED;
	return a->ghost & G_COPIES ? RESULT_MAPPED_NOTHING : RESULT_DID_NOTHING;
}

/*
 * For all that the hooks can see. It did not if its result says so, or if it has failed (but a write
 * fault may fail after it has mapped the page it then can't copy); if it
 * began on a mapped pte and nobody zapped it (if the page had no record, who
 * knows?); or if it ends on an anonymous
 * page, which is not what it installs: either nobody zapped what it may have
 * installed, and nobody wrote to it; or nobody else can have made the page.
 */
static bool may_have_installed(const struct actor *a)
{
	bool kept = scen->zaps_known && !(a->ghost & G_ZAP) && !(a->weak & W_ROOM);
	bool busy = false, writes = a->ghost & G_WROTE;
	int i;

	for (i = 0; i < w.actors; i++)
		if (installs(i) && actor_busy(&w.actor[i]))
			busy = true;
		else if (scen->cast[i].role == WRITER && fault_begun(&w.actor[i]))
			writes = true;
	if (scen->missing && scen->minor)
		return false;
	if (result_of(a) >= RESULT_MAPPED_NOTHING)
		return false;
	if (result_of(a) == RESULT_FAILED)
		return is_writer(a) && scen->backing == BACKING_HUGETLB;
	if (a->entry_look >= LOOK_MAPPED && kept && !(a->ghost & G_AGED))
		return false;
	return !scen->private || !scen->missing || is_writer(a) || writes ||
	       a->look != LOOK_ANON ||
	       (!kept && (busy || a->ghost & G_DIRTY));
}

static struct verdict_entry entry_of(const struct actor *a)
{
	struct verdict_entry entry = {
		.task = a,
		.ctx = cell_key(a->cell),
		.mm = uffd_mm(scen->key[a->cell]),
		.addr = cell_addr(a->cell),
		.size = 0x1000,
		.backing = scen->backing,
		.type = scen->missing ? EVENT_MISSING : EVENT_MINOR,
		.stamp = a->stamp,
	};

	if (scen->opts & O_AROUND && !is_writer(a))
		entry.around = 0x4000;
	if (is_writer(a))
		entry.flags |= FAULT_F_WRITE;
	if (scen->private)
		entry.flags |= FAULT_F_PRIVATE;
	if (scen->private && scen->missing && !is_writer(a))
		entry.flags |= FAULT_F_ANON_PROVES;
	if (!scen->private && is_writer(a) && scen->opts & O_FAIL &&
	    scen->backing == BACKING_HUGETLB)
		entry.flags |= FAULT_F_RETRY_MAPS;
	if (scen->missing && scen->minor)
		entry.flags |= FAULT_F_NEVER_INSTALLS;
	if (scen->zaps_known)
		entry.flags |= FAULT_F_ZAPS_KNOWN;
	if (scen->shared && (!(scen->opts & O_MERGE) ||
			     w.uffd[scen->key[a->cell]].merged))
		entry.flags |= FAULT_F_SHARED_TABLE;
	return entry;
}

void tell_begin(struct actor *a)
{
	struct verdict_entry entry;
	int i, c;

	fact_open();
	if (a->untold)
		goto told;
	if (a->lost)
		for (c = 0; c < scen->cells; c++) {
			mark_weak(c, W_SILENT);
			mark_faults(NULL, c, G_AGED, false);
			mark_faults(NULL, c, G_DIRTY, true);
		}
	if (a->lost)
		a->ghost |= G_AGED;	/* ... by itself */
	a->lost = 0;
told:
	a->ghost &= G_HIT | G_ZAP | G_AGED;
	a->weak = zap_in_flight(a->cell) ? W_ZAP : 0;
	if (mapped(a->cell))
		a->ghost |= G_CONT;
	if (range_in_flight(a->cell)) {
		a->weak |= W_RANGE;
		a->ghost |= G_DIRTY;
	}
	if (!w.uffd[scen->key[a->cell]].known)
		a->weak |= W_UNKNOWN | W_NOENTRY;
	if (!w.uffd[scen->key[a->cell]].armed)
		a->weak |= W_NOENTRY;
	for (i = 0; i < w.actors; i++) {
		const struct actor *b = &w.actor[i];

		if (scen->cast[i].role == RESOLVER && b->effect & 1 << a->cell)
			a->ghost |= G_INST;
		if (scen->cast[i].role <= WRITER && b != a && b->weak & W_ROOM &&
		    b->cell == a->cell)
			a->weak |= W_ROOM;
		if (scen->opts & O_AROUND && scen->cast[i].role == READER &&
		    fault_begun(b) && b->cell != a->cell)
			a->weak |= W_SILENT;
	}
	for (c = 0; c < scen->cells && scen->opts & O_AROUND && !is_writer(a); c++)
		if (c != a->cell)
			mark_weak(c, W_SILENT);
	entry = entry_of(a);
	entry.look = a->entry_look;
	if (!a->untold) {
		say("      fact: its fault begins");
		w.uffd[scen->key[a->cell]].placed =
			!!verdict_ctx_find(&eng, cell_key(a->cell));
		verdict_fault_begin(&eng, &entry);
	}
	if (eng.stats.pages_full != before.pages_full)
		a->weak |= W_ROOM;
	fact_close();
	a->blocks = 0;		/* nothing that was seen before */
}

static void add_pending(const struct actor *a, u8 label, u8 type)
{
	w.pending[w.npending++] = (struct pending) {
		.cell = a->cell, .type = type, .label = label,
		.accept = a->accept, .weak = a->weak,
		.holder = label == NEW && scen->opts & O_READS ?
			  1 + actor_index(a) : 0,
	};
}

/*
 * Its first look met a writer's window, and for all that hooks can see no
 * other could have mapped the page: such an exposure has to be counted.
 */
static bool must_be_exposed(const struct actor *a)
{
	bool busy = false, writes = false;
	int i;

	for (i = 0; i < w.actors; i++)
		if (installs(i) && actor_busy(&w.actor[i]))
			busy = true;
		else if (scen->cast[i].role == WRITER && fault_begun(&w.actor[i]))
			writes = true;
	if (!(a->ghost & G_HIT) || a->weak & ~W_SILENT || a->ghost &
	    (G_AGED | G_INST | G_TOLD | G_DIRTY | G_WROTE | G_ERROR))
		return false;
	if (scen->missing && scen->minor)
		return a->look >= LOOK_MAPPED;
	return scen->private && scen->missing && !is_writer(a) && !writes &&
	       a->look == LOOK_ANON &&
	       ((scen->zaps_known && !(a->ghost & G_ZAP)) || !busy);
}

void tell_end(struct actor *a)
{
	bool may = may_have_installed(a);
	bool wrote = is_writer(a) && result_of(a) != RESULT_DID_NOTHING;
	u8 weak = may ? W_SILENT : 0;

	a->accept |= must_be_exposed(a) << 1;
	fact_open();
	mark_weak(a->cell, weak);
	if (may || a->weak & W_ROOM)
		mark_faults(a, a->cell, G_AGED, false);
	if (may || wrote)
		mark_faults(a, a->cell, (may ? G_DIRTY : 0) | (wrote ? G_WROTE : 0), true);
	say("      fact: its fault has ended");
	add_pending(a, NEW_EXPOSED, scen->missing ? EVENT_MISSING : EVENT_MINOR);
	verdict_fault_end(&eng, a, result_of(a), a->look, a->stamp);
	fact_close();
}

void tell_unblocked(struct actor *a)
{
	int i;

	for (i = 0; i < w.npending; i++)
		if (w.pending[i].holder == 1 + actor_index(a))
			w.pending[i].holder = 0;
	fact_open();
	say("      fact: its fault has ended");
	verdict_fault_end(&eng, a, RESULT_MAY_HAVE_MAPPED, LOOK_UNKNOWN, eng.clock);
	fact_close();
}

void tell_event(struct actor *a)
{
	struct verdict_entry entry;

	fact_open();
	a->accept |= accept_now(a);
	if (scen->shared && (!(scen->opts & O_MERGE) ||
			     w.uffd[scen->key[a->cell]].merged))
		a->weak |= W_SHARED;
	if (!w.uffd[scen->key[a->cell]].known)
		a->weak |= W_UNKNOWN;
	say("      fact: a %s event", a->type ? "MINOR" : "MISSING");
	entry = entry_of(a);
	entry.type = a->type;
	entry.look = a->look;
	add_pending(a, NEW, a->type);
	if (scen->opts & O_READS)
		w.queue[w.nqueue++] = actor_index(a);
	verdict_fault_event(&eng, &entry);
	fact_close();
}

void tell_read(struct actor *a)
{
	int i;

	fact_open();
	say("      fact: a message was read");
	if (a->verdict)
		delivered[a->verdict - 1]++;
	for (i = 0; i < w.npending; i++)
		if (w.pending[i].holder == 1 + actor_index(a)) {
			w.pending[i].holder = 0;
			w.pending[i].read = 1;
		}
	verdict_read(&eng, cell_key(a->cell), cell_addr(a->cell), a->type);
	fact_close();
}

static bool in_range(int cell, unsigned long start, unsigned long end)
{
	return cell_addr(cell) >= start && cell_addr(cell) < end;
}

static void mark_range(int key, unsigned long start, unsigned long end, u16 weak)
{
	int c;

	for (c = 0; c < scen->cells; c++)
		if (concerns(key, c) && in_range(c, start, end)) {
			mark_weak(c, weak);
			if (weak & (W_UNSURE | W_RANGE))
				mark_faults(NULL, c, G_DIRTY, true);
		}
}

/* What has ended may have changed what faults saw that have not begun yet. */
static void age(int key)
{
	int c;

	for (c = 0; c < scen->cells; c++)
		if (concerns(key, c))
			mark_faults(NULL, c, G_AGED, false);
}

void tell_op_begin(struct actor *a, enum verdict_op_kind kind,
		   unsigned long start, unsigned long end)
{
	int key = op_key(a);

	fact_open();
	if (a->lost) {
		mark_range(key, 0, -1UL, W_UNSURE);
		age(key);
	}
	a->lost = 0;
	if (kind == OP_ZAP)
		mark_range(key, start, end, W_ZAP);
	if (kind == OP_RANGE)
		mark_range(key, start, end, W_RANGE);
	say("      fact: %s begins", kind == OP_INSTALL ? "an install" :
	    kind == OP_ZAP ? "a zap" : "a change of what is watched");
	verdict_op_begin(&eng, a, uffd_key(key), kind, start, end);
	fact_close();
	a->blocks = 0;
}

void tell_op_end(struct actor *a, enum verdict_op_kind kind,
		 enum verdict_outcome outcome, unsigned long done_end)
{
	static const char * const outcomes[] = {
		"nothing", "EEXIST", "EAGAIN", "no page", "done", "unsure"
	};
	int key = op_key(a), c;
	bool changed = kind != OP_INSTALL || outcome >= OUTCOME_DONE;

	fact_open();
	if (changed)
		age(key);
	if (kind == OP_ZAP)
		mark_weak(a->cell, W_ZAP);
	else if (kind == OP_RANGE)
		mark_range(key, cell_addr(a->cell), cell_addr(a->cell) + 1, W_RANGE);
	else if (outcome == OUTCOME_UNSURE)
		mark_range(key, 0, -1UL, W_UNSURE);
	for (c = 0; c < scen->cells && outcome == OUTCOME_DONE; c++)
		if (kind == OP_INSTALL && scen->key[c] != key &&
		    (!w.uffd[key].placed || !w.uffd[scen->key[c]].placed) &&
		    in_range(c, cell_addr(a->cell), done_end)) {
			mark_weak(c, W_UNSURE);
			mark_faults(NULL, c, G_DIRTY, true);
		}
	for (c = 0; c < scen->cells && kind == OP_INSTALL; c++)
		if (a->effect & 1 << c && outcome == OUTCOME_DONE)
			mark_faults(NULL, c, G_INST | G_TOLD | G_DIRTY, true);
	say("      fact: %s has ended: %s", kind == OP_INSTALL ?
	    "an install" : kind == OP_ZAP ? "a zap" :
	    "a change of what is watched", outcomes[outcome]);
	verdict_op_end(&eng, a, uffd_key(key), kind, outcome, done_end);
	fact_close();
}

/* By the mm alone: which userfaultfd there is, or will be, is not known. */
void tell_collapse(struct actor *a, bool begins)
{
	const void *mm = uffd_mm(scen->key[a->cell]);
	int c;

	fact_open();
	for (c = 0; c < scen->cells && !begins; c++) {
		if (scen->mm[scen->key[c]] != scen->mm[scen->key[a->cell]] &&
		    w.uffd[scen->key[c]].placed)
			continue;
		/* A look from before is old, whatever it may have mapped. */
		mark_faults(NULL, c, G_AGED, false);
		if (!installs(actor_index(a)))
			continue;
		mark_weak(c, W_UNSURE);
		mark_faults(NULL, c, G_DIRTY, true);
	}
	say("      fact: a collapse %s", begins ? "begins" : "has ended");
	if (begins)
		verdict_mm_op_begin(&eng, a, mm, OP_INSTALL, 0, -1UL);
	else
		verdict_op_end(&eng, a, mm, OP_INSTALL, OUTCOME_UNSURE, 0);
	fact_close();
	a->blocks = 0;
}

void tell_looked(struct actor *a)
{
	static const char * const looks[] = {
		"could not look", "none", "mapped", "mapped", "not watched any more"
	};

	fact_open();
	if (a->look == LOOK_GONE)
		mark_weak(a->cell, W_RANGE);
	say("      fact: the deferred look: %s", looks[a->look]);
	verdict_looked(&eng, cell_key(a->cell), cell_addr(a->cell), a->look, a->stamp);
	fact_close();
}

void tell_gone(int cell)
{
	int c;

	fact_open();
	for (c = 0; c < scen->cells; c++)
		if (scen->key[c] == scen->key[cell])
			mark_weak(c, W_RANGE | W_UNKNOWN);
	w.uffd[scen->key[cell]].open = 0;
	w.uffd[scen->key[cell]].known = 0;
	w.uffd[scen->key[cell]].placed = 0;
	if (scen->backing != BACKING_HUGETLB)
		w.uffd[scen->key[cell]].armed = 0;
	say("      fact: the userfaultfd is gone");
	verdict_ctx_gone(&eng, cell_key(cell));
	fact_close();
}

void tell_opening(int key)
{
	fact_open();
	say("      fact: UFFDIO_API begins");
	verdict_ctx_opening(&eng, uffd_key(key), 0);
	fact_close();
}

void tell_opened(int key, bool ok)
{
	const struct verdict_ctx *ctx;

	fact_open();
	say("      fact: UFFDIO_API has %s", ok ? "succeeded" : "failed");
	verdict_ctx_opened(&eng, uffd_key(key), ok);
	ctx = verdict_ctx_find(&eng, uffd_key(key));
	w.uffd[key].known = ctx && ctx->state == CTX_KNOWN;
	fact_close();
}

void tell_complete(int cell, bool on)
{
	int c;

	fact_open();
	for (c = 0; c < scen->cells && !on; c++)
		if (scen->key[c] == scen->key[cell])
			mark_weak(c, W_RANGE | W_NOENTRY);
	say("      fact: %s", on ? "all faults are told from now on" :
	    "faults are not told any more");
	verdict_ctx_complete(&eng, cell_key(cell), on);
	fact_close();
}

void tell_blind(int cell)
{
	int c;

	fact_open();
	for (c = 0; c < scen->cells; c++)
		if (scen->key[c] == scen->key[cell])
			mark_weak(c, W_LOST | W_UNKNOWN);
	w.uffd[scen->key[cell]].known = 0;
	say("      fact: what moves is not seen");
	verdict_ctx_blind(&eng, cell_key(cell));
	fact_close();
}

/* Theorem 4, first half: no evidence comes any more. Changes the state. */
void check_every_case_closes(void)
{
	struct verdict_todo todo;
	unsigned int cursor;
	int i;

	forcing = true;
	for (i = 0; i < VERDICT_MAX_LOOKS; i++)
		for (cursor = 0; verdict_next_todo(&eng, &cursor, &todo); ) {
			fact_open();
			verdict_looked(&eng, todo.ctx, todo.addr,
				       LOOK_UNKNOWN, eng.clock);
			fact_close();
		}
	forcing = false;
	if (w.npending)
		snprintf(violation, sizeof(violation),
			 "theorem 4: %u cases never close", w.npending);
}

/*
 * The second half, for states in which nobody is in flight. However all others
 * finish, they come by such a state. Changes the state.
 */
void check_looks_decide(void)
{
	int i;

	for (i = 0; i < w.actors; i++)
		if (w.actor[i].lost || w.cell[w.actor[i].cell].locked ||
		    (w.actor[i].pc && scen->cast[i].role != LOOKER))
			return;
	for (i = 0; i < w.actors; i++) {
		if (scen->cast[i].role != LOOKER)
			continue;
		w.actor[i].left = ANY;
		while (world_step(i, 0) || (!w.actor[i].pc && world_step(i, 1)))
			;
		if (w.npending && scen->zaps_known && !scen->shared)
			snprintf(violation, sizeof(violation),
				 "theorem 4: all have finished and been looked at, and %u cases are open",
				 w.npending);
	}
}
