/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small world in user space: pages, threads that fault, writers, resolvers,
 * and everybody else who can change a pte. It knows the truth; the engine is
 * told only what the hooks would see, in an order in which they could see it.
 */
#ifndef WORLD_H
#define WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../src/verdict/internal.h"

typedef unsigned char u8;
typedef unsigned short u16;

#define MAX_CELLS	2
#define MAX_KEYS	3
#define MAX_ACTORS	8
#define MAX_CASES	16

/* What a pte holds, whether or not a writer has cleared it for a moment. */
enum content { NOTHING, FILE_PAGE, ANON_PAGE, POISON };

enum role {
	READER,		/* a thread that reads the page */
	WRITER,		/* a thread that writes to it */
	MOVER,		/* clears the pte under its lock, and puts it back */
	RESOLVER,	/* UFFDIO_COPY, CONTINUE, POISON */
	ZAPPER,		/* a drop with hooks on it; may punch the cache too */
	THIEF,		/* a drop that no hook sees */
	NEIGHBOUR,	/* another mm that installs into our page table */
	CACHE,		/* another process fills the page cache */
	UNREGISTER,	/* UFFDIO_UNREGISTER, and later REGISTER */
	CLOSER,		/* close, and a new userfaultfd at the same address */
	MISSED,		/* an install whose hook was missed */
	MREMAP,		/* a move: verdict_ctx_blind() */
	LOOKER,		/* the deferred look */
	ARMER,		/* arms and disarms the hook on fault entry */
	MONITOR,	/* reads messages */
	MARKER,		/* puts a marker that installs take for a page, or removes it */
	COLLAPSER,	/* MADV_COLLAPSE, whatever watches the range when it begins */
	HOSTILE,	/* UFFDIO_REGISTER and others, of a range that is not its own */
	NR_ROLES
};

enum { /* struct scenario.opts */
	O_SPLIT = 1,		/* stamp and look are two steps */
	O_LOSE_END = 2,		/* return probes may be lost */
	O_UNSURE = 4,		/* ioctls whose outcome nobody can tell */
	O_FAIL = 8,		/* ioctls and faults that fail */
	O_WIDE = 16,		/* ioctls over both cells */
	O_ANYCELL = 32,		/* faults choose their cell */
	O_TRYLOCK = 64,		/* the deferred look may see nothing */
	O_PUNCH = 128,		/* a zap empties the page cache too */
	O_DECISIVE = 256,	/* undecided is wrong, whatever the reason */
	O_UNMAPPED = 512,	/* the page starts unmapped ... */
	O_MAPPED = 1024,	/* ... or mapped; both: either */
	O_CACHED = 2048,	/* the page cache has it at the start */
	O_SMALL = 4096,		/* part of the small bound */
	O_MERGE = 8192,		/* the neighbour arrives after faults have begun */
	O_AROUND = 1 << 14,	/* read faults map other cells too */
	O_ARM = 1 << 15,	/* the hook on fault entry is not armed at first */
	O_READS = 1 << 16,	/* what user space has read is checked */
	O_BIRTH = 1 << 17,	/* others use a userfaultfd before UFFDIO_API returns */
	O_SECOND = 1 << 18,	/* another userfaultfd, without a page of its own */
	O_PLACED = 1 << 19,	/* ... and the engine knows its mm */
	O_SWIFT = 1 << 21,	/* nothing comes between a look and its fact */
	O_LATE = 1 << 20,	/* a message may be told when its fault has ended */
};

enum { DO_COPY = 1, DO_CONTINUE = 2, DO_POISON = 4 };

struct scenario {
	const char *name, *about;
	bool private, missing, minor, zaps_known, shared;
	unsigned int opts, ops;
	struct verdict_limits limits;
	u8 cells, max_open;
	enum verdict_backing backing;
	u8 key[MAX_CELLS];		/* which userfaultfd watches the cell */
	u8 mm[MAX_KEYS];		/* in which mm the userfaultfd is */
	struct { enum role role; u8 left, cell, via; } cast[MAX_ACTORS];
};

#define ANY	255	/* struct scenario.cast.left: no bound */

/* Why a verdict may be missing; the world's view of enum verdict_why. */
enum {
	W_ZAP = 1, W_RANGE = 2, W_SILENT = 4, W_UNSURE = 8, W_LOST = 16,
	W_ROOM = 32, W_SHARED = 64, W_UNKNOWN = 128, W_NOENTRY = 256,
};

enum { /* struct actor.ghost, of a fault: what it may not know */
	G_CONT = 1,	/* mapped, without a break, since its begin was told */
	G_HIT = 2,	/* its first look met a window; mapped ever since */
	G_INST = 4,	/* an ioctl that installed the page overlaps */
	G_TOLD = 8,	/* ... and its end was told after our begin */
	G_ZAP = 16,	/* a zap overlaps, counted from its first look */
	G_AGED = 32,	/* something ended between its first look and begin */
	G_DIRTY = 64,	/* something else may have made the page anonymous */
	G_ERROR = 128,	/* its result is an error */
	G_WROTE = 256,	/* a write fault that may have copied has ended */
	G_MAPS = 512,	/* it got as far as to map a page of the file */
	G_AROUND = 1024,	/* it has mapped neighbours */
	G_COPIES = 2048,	/* it may have copied its page */
};

struct actor {
	u8 pc, left, cell, look, entry_look, type, op, at, outcome, effect;
	u8 accept, lost, untold, verdict;
	u8 blocks;	/* cells that were seen mapped while it was in flight */
	u8 zero;	/* no padding: it is compared as bytes */
	u16 ghost, weak;
	verdict_time stamp;
};

struct cell {
	u8 content, locked, cache;
	u8 marker;	/* while it holds NOTHING: reads as none, but EEXIST */
};

struct userfault {
	u8 watched, open, known, merged, placed, armed;
};

/* An event that waits for its verdict, or an exposure for its confirmation. */
struct pending {
	u8 cell, type, label, accept;
	u8 read, holder;	/* user space has it; 1 + who has its message */
	u16 weak;
};

enum { NEW = NR_WAITS, NEW_EXPOSED };		/* struct pending.label */

struct world {
	struct cell cell[MAX_CELLS];
	struct userfault uffd[MAX_KEYS];
	struct actor actor[MAX_ACTORS];
	struct pending pending[MAX_CASES];
	u8 actors, missed, npending, nqueue;
	u8 queue[MAX_ACTORS];	/* whose messages can be read, oldest first */
};

extern struct world w;
extern const struct scenario *scen;
extern const struct scenario scenarios[];
extern struct verdict_engine eng;
extern bool swift;	/* O_SWIFT for all */

/* faults.c, resolve.c, life.c, world.c */
#define MAX_CHOICES	6
bool step_fault(struct actor *a, int choice);
bool step_resolver(struct actor *a, int choice);
bool step_unregister(struct actor *a, int choice, bool closes);
bool step_armer(struct actor *a, int choice);
bool step_monitor(struct actor *a, int choice);
bool spend(struct actor *a);
void rest(struct actor *a);
bool world_step(int who, int choice);
void world_start(const struct scenario *s, unsigned int variant);
bool world_has_variant(const struct scenario *s, unsigned int variant);
#define VARIANTS	4
const char *actor_name(int who);
bool faults(int who);
bool mmap_lock_free(int key);
int actor_index(const struct actor *a);
u8 pte(int cell);		/* what the pte reads, without its lock */
bool mapped(int cell);		/* logically */
void set_content(int cell, enum content content, bool by_op);
void mark_weak(int cell, u16 weak);
bool zap_in_flight(int cell);
bool fault_looked(const struct actor *a);
bool fault_begun(const struct actor *a);
bool fault_blocked(const struct actor *a);
bool actor_busy(const struct actor *a);
bool installs(int who);
enum verdict_look look_at(int cell);
unsigned long cell_addr(int cell);
const void *cell_key(int cell);
const void *uffd_key(int key);
const void *uffd_mm(int key);
const void *mm_name(int mm);
int op_key(const struct actor *a);	/* of its ioctls */
bool concerns(int key, int cell);	/* its ioctls, for all the engine knows */
void unqueue(int who);

/* judge.c: holds what the engine says against the truth */
extern char violation[256];
extern bool telling;		/* print the story */
extern bool forcing;		/* no more evidence is to come */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
extern struct verdict_stats before;
extern unsigned int delivered[NR_VERDICTS];		/* by the fact told now */
void fact_open(void);
void fact_close(void);
void check_prompt(void);
u8 accept_now(const struct actor *a);

/* tell.c: what the engine is told */
void tell_begin(struct actor *a);
void tell_end(struct actor *a);
void tell_unblocked(struct actor *a);
void tell_event(struct actor *a);
void tell_op_begin(struct actor *a, enum verdict_op_kind kind,
		   unsigned long start, unsigned long end);
void tell_op_end(struct actor *a, enum verdict_op_kind kind,
		 enum verdict_outcome outcome, unsigned long done_end);
void tell_collapse(struct actor *a, bool begins);
void tell_looked(struct actor *a);
void tell_gone(int cell);
void tell_opening(int key);
void tell_opened(int key, bool ok);
void tell_blind(int cell);
void tell_complete(int cell, bool on);
void tell_read(struct actor *a);
void check_every_case_closes(void);
void check_looks_decide(void);

/* canon.c, canon_event.c */
#define MAX_STATE	512
extern bool exact;
unsigned int state_encode(u8 *buf, u8 *order);
void state_decode(const u8 *buf);
void engine_fresh(void);
struct verdict_page *cell_page(int cell);
int addr_cell(const void *key, unsigned long addr);
u8 *put_events(u8 *p);
const u8 *get_events(const u8 *p);
void state_save(void);
void state_restore(void);

#endif /* WORLD_H */
