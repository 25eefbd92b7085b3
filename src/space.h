/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A space: an address space (mm) with userfaultfds, with an engine of its own.
 * For core.c, which tells them facts.
 */
#ifndef UFFD_RACE_SPACE_H
#define UFFD_RACE_SPACE_H

#include "uffd_race.h"
#include <linux/list.h>
#include <linux/spinlock.h>

enum space_state {
	SPACE_EMPTY,		/* no memory */
	SPACE_SPARE,		/* ready to be used */
	SPACE_USED,
	SPACE_OVER,		/* used no more; for the worker */
	SPACE_STRANGERS,	/* of all mms that have none */
};

/**
 * struct space_seen - what has been lost so far, as a space knows
 * @missed: probes_missed()
 * @generation: guard_generation()
 * @unseen: core.c's count of what may have been anywhere
 */
struct space_seen {
	unsigned long missed;
	unsigned int generation, unseen;
};

/**
 * struct space - an address space with userfaultfds, or room for one
 * @node: in the index, while it is used
 * @lock: raw: taken in probe handlers, for a few table lookups
 * @mm: whose; pinned, so that its address means nobody else. NULL: nobody's
 * @payer: who has made its first userfaultfd
 * @state: SPACE_USED begins and ends under @lock
 * @fresh: the worker has not heard of it yet
 * @settled: and has made a new spare since
 * @looks: some of its pages may wait for a look
 * @dying: the worker's: it is being buried
 * @seen: under @lock
 * @demand: see demand.c
 * @engine: its verdicts; under @lock
 * @memory: of @engine
 */
struct space {
	struct hlist_node node;
	raw_spinlock_t lock;
	struct mm_struct *mm;
	unsigned long payer;
	enum space_state state;
	bool fresh, settled, looks, dying;
	struct space_seen seen;
	struct demand_mm demand;
	struct verdict_engine engine;
	void *memory;
};

static __always_inline struct space *space_of(struct verdict_engine *e)
{
	return container_of(e, struct space, engine);
}

struct space *space_find(const void *mm);
struct space *space_lock(const void *mm);
struct space *space_make(struct mm_struct *mm, unsigned long payer,
			 const struct space_seen *seen);
void space_unlock(struct space *s, unsigned long flags);
unsigned int space_nr(void);
struct space *space_at(unsigned int i);
void space_books(struct verdict_stats *stats);

#endif /* UFFD_RACE_SPACE_H */
