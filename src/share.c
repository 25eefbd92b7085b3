// SPDX-License-Identifier: GPL-2.0
/*
 * Whose return probes are in flight. Whoever sleeps in an ioctl holds one, and
 * there are only so many: without shares any user could make all others' be
 * missed, which would cost everybody his evidence.
 */
#include "uffd_race.h"
#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/user_namespace.h>

#define SHARE_BITS	6
#define SHARES		(1 << SHARE_BITS)

/* The upper half is of hooks on demand: once these go, no return is seen. */
static atomic_t in_flight[2 * SHARES];
static unsigned int most;

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
 * @on_demand: its hook comes and goes
 *
 * Any context. A user may keep at most half of what there is.
 *
 * Return: true if so; else it is to be given back at once.
 */
bool share_hold(u8 *share, bool on_demand)
{
	*share = hash_32(share_payer(), SHARE_BITS) + (on_demand ? SHARES : 0);
	if (atomic_inc_return(&in_flight[*share]) +
	    atomic_read(&in_flight[*share ^ SHARES]) <= most)
		return true;
	atomic_dec(&in_flight[*share]);
	count_add(COUNT_OVER_SHARE, 1);
	return false;
}
NOKPROBE_SYMBOL(share_hold);

/**
 * share_let_go - the return of what share_hold() has allowed
 * @share: whose it was
 */
void share_let_go(u8 share)
{
	atomic_dec(&in_flight[share]);
}
NOKPROBE_SYMBOL(share_let_go);

/**
 * share_disarmed - the hooks on demand have gone: no return of theirs is seen
 */
void share_disarmed(void)
{
	int i;

	for (i = SHARES; i < 2 * SHARES; i++)
		atomic_set(&in_flight[i], 0);
}

/**
 * share_init - before any hook is in place
 * @ops: return probes that there are
 */
void share_init(unsigned int ops)
{
	most = ops / 2;
}
