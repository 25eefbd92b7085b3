// SPDX-License-Identifier: GPL-2.0
/*
 * Whose return probes are in flight. Whoever sleeps in an ioctl or in a fault
 * holds one, and there are only so many of each: without shares any user could
 * make all others' be missed, which would cost everybody his evidence.
 */
#include "uffd_race.h"
#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/user_namespace.h>

#define SHARE_BITS	10
#define SHARES		(1 << SHARE_BITS)

static atomic_t in_flight[NR_SHARE_POOLS][SHARES];
/* What a user may keep of a pool. */
static unsigned int most[NR_SHARE_POOLS];

/**
 * share_payer - who pays for what the current task uses up
 *
 * Any context. The users of a user namespace are the one who made it.
 *
 * Return: the user's number, and never 0.
 */
unsigned long share_payer(void)
{
	const struct user_namespace *ns = current_user_ns();
	kuid_t uid = current_uid();

	while (ns->parent) {
		uid = ns->owner;
		ns = ns->parent;
	}
	return 1UL + __kuid_val(uid);
}
NOKPROBE_SYMBOL(share_payer);

/**
 * share_hold - may an instance of a return probe be kept until the return?
 * @share: set to what share_let_go() needs
 * @pool: of what
 *
 * Any context. A user may keep at most half of what there is.
 *
 * Return: true if so; else it is to be given back at once.
 */
bool share_hold(u16 *share, enum share_pool pool)
{
	unsigned int who = hash_32(share_payer(), SHARE_BITS);

	BUILD_BUG_ON(NR_SHARE_POOLS * SHARES > U16_MAX);
	*share = pool * SHARES + who;
	if (atomic_inc_return(&in_flight[pool][who]) <= most[pool])
		return true;
	atomic_dec(&in_flight[pool][who]);
	count_add(COUNT_OVER_SHARE, 1);
	return false;
}
NOKPROBE_SYMBOL(share_hold);

/**
 * share_let_go - the return of what share_hold() has allowed
 * @share: whose it was
 */
void share_let_go(u16 share)
{
	atomic_dec(&in_flight[share / SHARES][share % SHARES]);
}
NOKPROBE_SYMBOL(share_let_go);

/**
 * share_disarmed - the hooks on demand have gone: no return of theirs is seen
 */
void share_disarmed(void)
{
	int i;

	for (i = 0; i < SHARES; i++) {
		atomic_set(&in_flight[SHARE_ZAPS][i], 0);
		atomic_set(&in_flight[SHARE_FAULTS][i], 0);
	}
}

/**
 * share_init - before any hook is in place
 * @faults: return probes that there are on faults
 * @ops: and on operations
 */
void share_init(unsigned int faults, unsigned int ops)
{
	most[SHARE_OPS] = ops / 2;
	most[SHARE_ZAPS] = ops / 2;
	most[SHARE_HUGETLB_FAULTS] = faults / 2;
	most[SHARE_FAULTS] = faults / 2;
}
