// SPDX-License-Identifier: GPL-2.0
/*
 * The world model: ptes, and everybody but the threads that fault.
 *
 * Writers exclude each other by the page-table lock, repeat without bound and
 * tell no facts: one of them stands for any number. UFFDIO_ZEROPAGE and the
 * destination of UFFDIO_MOVE are UFFDIO_COPY as far as facts and ptes go; the
 * source of a MOVE is a ZAPPER. The userfaultfds are 0 and 1; 2 is older than
 * the engine, which never knows it.
 */
#include "world.h"

struct world w;
bool swift;
const struct scenario *scen;

static const char * const role_names[NR_ROLES] = {
	[READER] = "reader", [WRITER] = "writer", [MOVER] = "mover",
	[RESOLVER] = "resolver", [ZAPPER] = "zapper",
	[THIEF] = "unseen zapper", [NEIGHBOUR] = "neighbour",
	[CACHE] = "other process", [UNREGISTER] = "unregister",
	[CLOSER] = "closer", [MISSED] = "missed hook", [MREMAP] = "mremap",
	[MARKER] = "marker", [COLLAPSER] = "collapse", [HOSTILE] = "hostile",
	[LOOKER] = "look worker", [ARMER] = "armer", [MONITOR] = "monitor",
};

int actor_index(const struct actor *a)
{
	return a - w.actor;
}

const char *actor_name(int who)
{
	static char name[32];

	snprintf(name, sizeof(name), "%s %c", role_names[scen->cast[who].role],
		 'A' + who);
	return name;
}

unsigned long cell_addr(int cell)
{
	/* Two pages of one mm, or the same address in two. */
	return cell && scen->mm[scen->key[cell]] == scen->mm[0] ? 0x2000 : 0x1000;
}

const void *uffd_key(int key)
{
	return (void *)(0x100UL + key);
}

const void *cell_key(int cell)
{
	return uffd_key(scen->key[cell]);
}

const void *mm_name(int mm)
{
	return (void *)(0x500UL + mm);
}

const void *uffd_mm(int key)
{
	return mm_name(scen->mm[key]);
}

int op_key(const struct actor *a)
{
	int via = scen->cast[actor_index(a)].via;

	return via ? via : scen->key[a->cell];
}

bool concerns(int key, int cell)
{
	int k = scen->key[cell];

	return key == k || !w.uffd[key].placed || !w.uffd[k].placed ||
	       scen->mm[key] == scen->mm[k];
}

u8 pte(int cell)
{
	return w.cell[cell].locked ? NOTHING : w.cell[cell].content;
}

bool mapped(int cell)
{
	return w.cell[cell].content != NOTHING;
}

enum verdict_look look_at(int cell)
{
	static const enum verdict_look looks[] = {
		[NOTHING] = LOOK_NONE, [FILE_PAGE] = LOOK_MAPPED,
		[ANON_PAGE] = LOOK_ANON, [POISON] = LOOK_NONE,
	};

	return looks[pte(cell)];
}

bool faults(int who)
{
	return scen->cast[who].role == READER || scen->cast[who].role == WRITER;
}

void set_content(int cell, enum content content, bool by_op)
{
	bool unmapped = content == NOTHING;
	int i;

	for (i = 0; i < w.actors; i++) {
		struct actor *a = &w.actor[i];

		if (!faults(i) || a->cell != cell || !fault_looked(a))
			continue;
		if (unmapped || !mapped(cell))
			a->ghost &= ~(G_CONT | G_HIT);
		if (by_op && fault_begun(a))
			a->ghost |= G_INST;
	}
	w.cell[cell].content = content;
}

void mark_weak(int cell, u16 weak)
{
	int i;

	for (i = 0; i < w.actors; i++) {
		struct actor *a = &w.actor[i];

		if (!faults(i) || a->cell != cell || !fault_looked(a))
			continue;
		a->weak |= weak;
		if (weak & W_ZAP)
			a->ghost |= G_ZAP;
	}
	for (i = 0; i < w.npending; i++)
		if (w.pending[i].cell == cell)
			w.pending[i].weak |= weak;
}

bool zap_in_flight(int cell)
{
	int i;

	for (i = 0; i < w.actors; i++)
		if (scen->cast[i].role == ZAPPER && w.actor[i].pc &&
		    w.actor[i].cell == cell)
			return true;
	return false;
}

bool actor_busy(const struct actor *a)
{
	return a->pc || a->lost;
}

/* Nobody is inside a fault or a zap, that is, holds the mmap lock. */
bool mmap_lock_free(int key)
{
	int i;

	for (i = 0; i < w.actors; i++)
		if ((faults(i) || scen->cast[i].role == ZAPPER) &&
		    w.actor[i].pc && !fault_blocked(&w.actor[i]) &&
		    scen->key[w.actor[i].cell] == key)
			return false;
	return true;
}

/* Whether the actor may act once more. */
bool spend(struct actor *a)
{
	if (!a->left)
		return false;
	if (a->left != ANY)
		a->left--;
	return true;
}

/* Back to where it began. */
void rest(struct actor *a)
{
	u8 left = a->left, lost = a->lost, cell = a->cell;
	u8 blocks = lost ? a->blocks : 0;

	*a = (struct actor) {
		.left = left, .lost = lost, .cell = cell, .blocks = blocks,
	};
}

static bool step_zapper(struct actor *a, int choice)
{
	struct cell *p = &w.cell[a->cell];
	unsigned long addr = cell_addr(a->cell);

	switch (a->pc) {
	case 0:
		if (choice || !w.uffd[scen->key[a->cell]].watched || !spend(a))
			return false;
		a->pc = 1;
		tell_op_begin(a, OP_ZAP, addr, addr + 0x1000);
		return true;
	case 1:
		if (p->locked || choice > !!(scen->opts & O_PUNCH))
			return false;
		if (choice)
			p->cache = 0;
		say("zaps the pte%s", choice ? ", and the page cache" : "");
		set_content(a->cell, NOTHING, false);
		a->pc = 2;
		return true;
	default:
		if (choice)
			return false;
		tell_op_end(a, OP_ZAP, OUTCOME_DONE, 0);
		rest(a);
		return true;
	}
}

static bool step_unseen(struct actor *a, int choice, enum role role)
{
	struct cell *p = &w.cell[a->cell];
	bool installs = role != THIEF && role != CACHE;

	if (choice || (role != CACHE && p->locked))
		return false;
	if (role == MISSED || role == MREMAP) {
		if (!a->pc) {
			if (!spend(a))
				return false;
			a->pc = 1;
			if (role == MREMAP)
				tell_blind(a->cell);
			else
				w.missed = 1;
			say("%s", role == MREMAP ? "moves ptes" : "a hook is missed");
			return true;
		}
		rest(a);
	} else if (role == THIEF && p->content == NOTHING) {
		return false;
	} else if (role == CACHE && p->cache) {
		return false;
	} else if (role == NEIGHBOUR && scen->opts & O_MERGE &&
		   !w.uffd[scen->key[a->cell]].merged) {
		if (!mmap_lock_free(scen->key[a->cell]))
			return false;
		w.uffd[scen->key[a->cell]].merged = 1;
		mark_weak(a->cell, W_SHARED | W_RANGE);
		say("mappings merge: the page table is shared from now on");
		return true;
	} else if (role == NEIGHBOUR && p->content != NOTHING) {
		return false;
	} else if (!spend(a)) {
		return false;
	}
	if (role == CACHE) {
		p->cache = 1;
		say("puts a page into the page cache");
	} else if (role == THIEF) {
		mark_weak(a->cell, W_ZAP);
		set_content(a->cell, NOTHING, false);
		say("drops the page, unseen");
	} else if (installs && p->content == NOTHING) {
		set_content(a->cell, scen->private ? ANON_PAGE : FILE_PAGE, false);
		say("installs the page, unseen");
	}
	return true;
}

static bool step_mover(struct actor *a, int choice)
{
	struct cell *p = &w.cell[a->cell];

	if (choice || (!p->locked && p->content != FILE_PAGE &&
		       p->content != ANON_PAGE))
		return false;
	p->locked = !p->locked;
	say("%s", p->locked ? "takes the lock, and clears the pte" :
	    "puts the pte back, and drops the lock");
	return true;
}

static bool step_marker(struct actor *a, int choice)
{
	struct cell *p = &w.cell[a->cell];

	if (choice || p->locked || p->content != NOTHING || !spend(a))
		return false;
	p->marker = !p->marker;
	say("%s", p->marker ? "puts a marker into the pte" : "clears the marker");
	return true;
}

/* It maps what the page cache has; nobody knows where. */
static bool step_collapser(struct actor *a, int choice)
{
	struct cell *p = &w.cell[a->cell];

	switch (a->pc) {
	case 0:
		if (choice || !spend(a))
			return false;
		a->pc = 1;
		tell_collapse(a, true);
		return true;
	case 1:
		if (choice > 1 || (!choice && (p->locked || !p->cache || !installs(actor_index(a)) ||
					       p->content != NOTHING)))
			return false;
		a->pc = 2;
		if (choice) {
			say("collapses nothing here");
			return true;
		}
		say("maps a huge page");
		set_content(a->cell, FILE_PAGE, false);
		return true;
	default:
		if (choice)
			return false;
		tell_collapse(a, false);
		rest(a);
		return true;
	}
}

static bool step_hostile(struct actor *a, int choice)
{
	if (choice || (!a->pc && !spend(a)))
		return false;
	if (!a->pc) {
		a->pc = 1;
		tell_op_begin(a, OP_RANGE, 0, -1UL);
	} else {
		tell_op_end(a, OP_RANGE, OUTCOME_DONE, -1UL);
		rest(a);
	}
	return true;
}

static bool todo_for(int cell)
{
	struct verdict_todo todo;
	unsigned int cursor = 0;

	while (verdict_next_todo(&eng, &cursor, &todo))
		if (todo.ctx == cell_key(cell) && todo.addr == cell_addr(cell))
			return true;
	return false;
}

static bool step_looker(struct actor *a, int choice)
{
	const struct cell *p = &w.cell[a->cell];

	switch (a->pc) {
	case 0:
		if (choice >= scen->cells || !todo_for(choice) || !spend(a))
			return false;
		a->cell = choice;
		a->stamp = eng.clock;
		a->pc = 1;
		say("begins a deferred look");
		return true;
	case 1:
		if (choice == 1 && scen->opts & O_TRYLOCK)
			a->look = LOOK_UNKNOWN;
		else if (choice)
			return false;
		else if (!w.uffd[scen->key[a->cell]].watched ||
			 w.uffd[scen->key[a->cell]].merged)
			a->look = LOOK_GONE;
		else if (p->locked)
			return false;
		else
			a->look = look_at(a->cell);
		say("takes the deferred look");
		a->pc = 2;
		if (!swift && !(scen->opts & O_SWIFT))
			return true;
		choice = 0;
		/* fall through */
	default:
		if (choice)
			return false;
		tell_looked(a);
		rest(a);
		a->cell = 0;
		return true;
	}
}

static bool step(int who, int choice)
{
	struct actor *a = &w.actor[who];

	switch (scen->cast[who].role) {
	case READER:
	case WRITER:
		return step_fault(a, choice);
	case MOVER:
		return step_mover(a, choice);
	case RESOLVER:
		return step_resolver(a, choice);
	case ZAPPER:
		return step_zapper(a, choice);
	case UNREGISTER:
	case CLOSER:
		return step_unregister(a, choice, scen->cast[who].role == CLOSER);
	case LOOKER:
		return step_looker(a, choice);
	case ARMER:
		return step_armer(a, choice);
	case MONITOR:
		return step_monitor(a, choice);
	case MARKER:
		return step_marker(a, choice);
	case COLLAPSER:
		return step_collapser(a, choice);
	case HOSTILE:
		return step_hostile(a, choice);
	default:
		return step_unseen(a, choice, scen->cast[who].role);
	}
}

/* Whether the step exists; it is taken if so. Choice 0 is the plain one. */
bool world_step(int who, int choice)
{
	if (!step(who, choice))
		return false;
	check_prompt();
	return true;
}

bool world_has_variant(const struct scenario *s, unsigned int variant)
{
	return (variant & 1 ? s->opts & O_MAPPED : s->opts & O_UNMAPPED) &&
	       (!(variant & 2) || s->opts & O_CACHED);
}

/* Variants: whether pages are mapped at the start, and in the page cache. */
void world_start(const struct scenario *s, unsigned int variant)
{
	int i;

	scen = s;
	memset(&w, 0, sizeof(w));
	engine_fresh();
	for (i = 0; i < MAX_ACTORS && s->cast[i].left; i++) {
		w.actor[i].left = s->cast[i].left;
		w.actor[i].cell = s->cast[i].cell;
		w.actors++;
	}
	for (i = 0; i < s->cells; i++) {
		w.cell[i].content = !(variant & 1) ? NOTHING :
				    s->private ? ANON_PAGE : FILE_PAGE;
		w.cell[i].cache = variant & 2 || (variant & 1 && !s->private);
		w.uffd[s->key[i]].watched = 1;
	}
	for (i = 0; i < MAX_KEYS; i++)
		if (w.uffd[i].watched || (i == 1 && s->opts & O_SECOND)) {
			tell_opening(i);
			w.uffd[i].open = 1;
			tell_opened(i, true);
			w.uffd[i].armed = !(s->opts & O_ARM);
			if (s->backing != BACKING_HUGETLB && w.uffd[i].armed)
				tell_complete(i, true);
			if (i == 1 && s->opts & O_PLACED) {
				verdict_ctx_find(&eng, uffd_key(i))->mm = uffd_mm(i);
				w.uffd[i].placed = 1;
			}
		}
	w.uffd[2].open = 1;	/* older than the engine */
}
