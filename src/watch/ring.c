// SPDX-License-Identifier: GPL-2.0
/*
 * The last transitions of watched entries. Whoever writes one waits for nobody, and a
 * reader finds out that what it has copied was overwritten meanwhile.
 */
#include "watch.h"
#include <linux/vmalloc.h>

static struct watch_transition *ring;
static unsigned int ring_size;
static atomic64_t ring_head, ring_dropped;

/* The place of the next transition in the ring, or NULL. */
struct watch_transition *watch_ring_begin(u64 *nr)
{
	struct watch_transition *t;

	*nr = atomic64_inc_return(&ring_head) - 1;
	t = &ring[*nr % ring_size];
	/* Somebody may have been at it for a whole turn of the ring. */
	if (!slot_begin(&t->slot)) {
		atomic64_inc(&ring_dropped);
		return NULL;
	}
	return t;
}
NOKPROBE_SYMBOL(watch_ring_begin);

void watch_ring_end(struct watch_transition *t, u64 nr)
{
	slot_end(&t->slot, nr + 1);
}
NOKPROBE_SYMBOL(watch_ring_end);

/* For so many transitions. 0, also if there is one already, or -ENOMEM. */
int watch_ring_make(unsigned int nr)
{
	if (ring)
		return 0;
	ring = vzalloc(array_size(nr, sizeof(*ring)));
	if (!ring)
		return -ENOMEM;
	ring_size = nr;
	return 0;
}

/* Nobody writes or reads it any more. */
void watch_ring_free(void)
{
	vfree(ring);
	ring = NULL;
}

/* How many transitions there were: the number of the next one. */
u64 watch_ring_head(void)
{
	return atomic64_read(&ring_head);
}

/* The oldest one that may still be there. */
u64 watch_ring_tail(u64 head)
{
	return head > ring_size ? head - ring_size : 0;
}

/* Copy a transition; false if it is overwritten, or not complete yet. */
bool watch_ring_get(u64 nr, struct watch_transition *copy)
{
	const struct watch_transition *t = &ring[nr % ring_size];

	if (!slot_has(&t->slot, nr + 1))
		return false;
	memcpy(copy, t, sizeof(*copy));
	return slot_still(&t->slot, nr + 1);
}

/* Transitions that found no place. */
u64 watch_ring_dropped(void)
{
	return atomic64_read(&ring_dropped);
}
