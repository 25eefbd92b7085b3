/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A slot that is written without a lock, in any context: nobody waits. Two who want
 * to write it do not both get it, and a reader finds out that what it has copied
 * was overwritten meanwhile. By its key, that is not used twice for other content.
 */
#ifndef UFFD_RACE_SLOT_H
#define UFFD_RACE_SLOT_H

#include <linux/atomic.h>
#include <linux/types.h>

/**
 * struct slot - in front of what is written
 * @key: of what is in it; 0: nothing, or it is being written
 * @busy: somebody writes it
 */
struct slot {
	u64 key;
	int busy;
};

/**
 * slot_begin - begin to write
 * @s: the slot
 *
 * Return: false if somebody else is at it; then it is his.
 */
static __always_inline bool slot_begin(struct slot *s)
{
	if (cmpxchg(&s->busy, 0, 1))
		return false;
	WRITE_ONCE(s->key, 0);
	smp_wmb();	/* pairs with smp_rmb() in slot_still() */
	return true;
}

/**
 * slot_end - all is written
 * @s: the slot, after slot_begin()
 * @key: of what is in it now
 */
static __always_inline void slot_end(struct slot *s, u64 key)
{
	/* pairs with smp_load_acquire() in slot_has() */
	smp_store_release(&s->key, key);
	/* pairs with cmpxchg() in slot_begin() */
	smp_store_release(&s->busy, 0);
}

/**
 * slot_has - is that in the slot?
 * @s: the slot
 * @key: of what is looked for; not 0
 *
 * Return: true if so. What is read now counts if slot_still() is true after it.
 */
static __always_inline bool slot_has(const struct slot *s, u64 key)
{
	/* pairs with smp_store_release() in slot_end() */
	return smp_load_acquire(&s->key) == key;
}

/**
 * slot_still - and was it all the time?
 * @s: the slot
 * @key: as for slot_has()
 *
 * Return: true if so.
 */
static __always_inline bool slot_still(const struct slot *s, u64 key)
{
	smp_rmb();	/* pairs with smp_wmb() in slot_begin() */
	return READ_ONCE(s->key) == key;
}

#endif /* UFFD_RACE_SLOT_H */
