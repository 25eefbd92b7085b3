// SPDX-License-Identifier: GPL-2.0
/*
 * Hooks as kprobes: arming, disarming, hits and misses. Mechanism only: which there
 * are is said by hooks/table.c.
 */
#include "uffd_race.h"
#include "probe.h"
#include "compat.h"
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/seqlock.h>

#define MAX_HOOKS	32

static struct hook * const *hooks;
static unsigned int nr_hooks;
/* Misses are moved from one number to another; their sum must not. */
static seqcount_t folding = SEQCNT_ZERO(folding);

bool hook_is_return(const struct hook *h)
{
	return h->rp.handler;
}

const struct kprobe *hook_kprobe(const struct hook *h)
{
	return hook_is_return(h) ? &h->rp.kp : &h->kp;
}

unsigned long hook_missed(const struct hook *h)
{
	return h->missed + READ_ONCE(hook_kprobe(h)->nmissed) +
	       READ_ONCE(h->rp.nmissed);
}
NOKPROBE_SYMBOL(hook_missed);

/**
 * hook_armed - is a hook in place?
 * @hook: which
 *
 * Return: true if it is.
 */
bool hook_armed(struct hook *hook)
{
	return READ_ONCE(hook->armed);
}
NOKPROBE_SYMBOL(hook_armed);

/**
 * probes_tell_reads - is there a hook that tells what the kernel itself has read?
 * @backing: of the faults
 *
 * Return: false if none could be placed.
 */
bool probes_tell_reads(unsigned int backing)
{
	int i;

	for (i = 0; i < nr_hooks; i++)
		if ((hooks[i]->reads & BIT(backing)) && !READ_ONCE(hooks[i]->error))
			return true;
	return false;
}

/**
 * hook_proven - has a hook ever been hit?
 * @hook: which
 *
 * A function may be there for others, and be inlined where it matters.
 *
 * Return: true if it has, and is in place.
 */
bool hook_proven(struct hook *hook)
{
	return hook_armed(hook) && READ_ONCE(hook->proven);
}
NOKPROBE_SYMBOL(hook_proven);

/**
 * hook_hit - count a hit
 * @hook: which
 *
 * From its handler.
 */
void hook_hit(struct hook *hook)
{
	if (unlikely(!READ_ONCE(hook->proven)))
		WRITE_ONCE(hook->proven, true);
	this_cpu_inc(*hook->hits);
}
NOKPROBE_SYMBOL(hook_hit);

/**
 * probes_missed - how often evidence was lost
 *
 * A probe misses when it is hit inside another probe's handler, a return probe
 * also when all its instances are taken. Return probes on faults are left out:
 * blocked threads hold their instances, and what it costs is one verdict.
 *
 * Any context.
 *
 * Return: misses since the module was loaded.
 */
unsigned long probes_missed(void)
{
	unsigned int seq;
	unsigned long n;
	int i;

	do {
		/* The writer is never interrupted: see probes_fold_misses(). */
		seq = raw_read_seqcount_begin(&folding);
		for (n = 0, i = 0; i < nr_hooks; i++)
			if (hooks[i]->must_see)
				n += hook_missed(hooks[i]);
	} while (read_seqcount_retry(&folding, seq));
	return n;
}
NOKPROBE_SYMBOL(probes_missed);

/**
 * probes_evidence - are all hooks in place that a verdict needs?
 * @on_demand: for ranges that are not hugetlb, or for any
 *
 * Return: true if so.
 */
bool probes_evidence(bool on_demand)
{
	int i;

	for (i = 0; i < nr_hooks; i++) {
		const struct hook *h = hooks[i];

		if (!h->evidence ||
		    ((h->on_demand || h->spares_hugetlb) && !on_demand))
			continue;
		if (!READ_ONCE(h->armed) && !(h->error == -ENOENT && h->absent_ok))
			return false;
	}
	return true;
}
NOKPROBE_SYMBOL(probes_evidence);

static int hook_register(struct hook *h, const char *symbol)
{
	/* Both are left as they were used last. */
	if (hook_is_return(h)) {
		h->rp.kp.addr = NULL;
		h->rp.kp.flags = 0;
		h->rp.kp.symbol_name = symbol;
		return register_kretprobe(&h->rp);
	}
	h->kp.addr = NULL;
	h->kp.flags = 0;
	h->kp.symbol_name = symbol;
	return register_kprobe(&h->kp);
}

static int hook_arm(struct hook *h)
{
	int err, before = h->error;

	if (h->needless)
		return 0;
	err = hook_register(h, h->symbol);
	if (err == -ENOENT && h->newer) {
		err = hook_register(h, h->newer);
		if (!err)
			h->symbol = h->newer;
	}
	h->error = err;
	WRITE_ONCE(h->armed, !err);
	if (!err || (err == -ENOENT && (h->absent_ok || h->inlined_ok)))
		return 0;
	if (err != before)
		pr_warn("no %sprobe on %s (%d); lost: %s\n",
			hook_is_return(h) ? "return " : "", h->symbol, err, h->lost);
	return h->required ? err : 0;
}

/**
 * probes_disarm - remove hooks
 * @on_demand: those on demand, or the others
 *
 * All at once: each unregister call waits for a grace period. When it returns no
 * handler of theirs runs any more. Process context, may sleep.
 */
void probes_disarm(bool on_demand)
{
	struct kretprobe *rps[MAX_HOOKS];
	struct kprobe *kps[MAX_HOOKS];
	int i, nr_rps = 0, nr_kps = 0;

	for (i = nr_hooks; i--; ) {
		struct hook *h = hooks[i];

		if (!h->armed || h->on_watch || h->on_demand != on_demand)
			continue;
		WRITE_ONCE(h->armed, false);
		if (hook_is_return(h))
			rps[nr_rps++] = &h->rp;
		else
			kps[nr_kps++] = &h->kp;
	}
	unregister_kretprobes(rps, nr_rps);
	unregister_kprobes(kps, nr_kps);
}

/**
 * probes_fold_misses - keep what disarmed hooks have missed
 * @on_demand: those on demand, or the others
 *
 * After probes_disarm(); one at a time.
 */
void probes_fold_misses(bool on_demand)
{
	unsigned long flags;
	int i;

	local_irq_save(flags);
	raw_write_seqcount_begin(&folding);
	for (i = 0; i < nr_hooks; i++) {
		struct hook *h = hooks[i];

		if (h->armed || h->on_watch || h->on_demand != on_demand)
			continue;
		h->missed = hook_missed(h);
		h->kp.nmissed = 0;
		h->rp.kp.nmissed = 0;
		h->rp.nmissed = 0;
	}
	raw_write_seqcount_end(&folding);
	local_irq_restore(flags);
}

/* What this kernel can't do; anything else may go well next time. */
static bool fails_forever(int error)
{
	return error == -ENOENT || error == -EINVAL || error == -EOPNOTSUPP;
}

/**
 * probes_demand - put the hooks in place that are only armed on demand
 *
 * Process context, may sleep. What can't be placed is reported, once, and what
 * could not be placed for want of something that comes and goes is tried again.
 *
 * Return: whether any was placed.
 */
bool probes_demand(void)
{
	bool placed = false;
	int i;

	for (i = 0; i < nr_hooks; i++) {
		if (!hooks[i]->on_demand || hooks[i]->armed ||
		    fails_forever(hooks[i]->error))
			continue;
		hook_arm(hooks[i]);
		placed |= hooks[i]->armed;
	}
	return placed;
}

static DEFINE_MUTEX(watching_mutex);
static bool watching_ready, watching_keep;

/* None of them is a must_see hook: what they miss are exposures. */
static void watching_arm(bool on)
{
	int i;

	lockdep_assert_held(&watching_mutex);
	for (i = 0; i < nr_hooks && watching_ready; i++) {
		struct hook *h = hooks[i];

		if (!h->on_watch || h->armed == on || h->error)
			continue;
		if (on) {
			hook_arm(h);
			continue;
		}
		WRITE_ONCE(h->armed, false);
		unregister_kprobe(&h->kp);
	}
}

/**
 * probes_watching - are there watches, or soon?
 * @on: so
 * @keep: from now on, what is in place stays in place
 *
 * Process context, may sleep.
 */
void probes_watching(bool on, bool keep)
{
	mutex_lock(&watching_mutex);
	watching_keep |= keep;
	if (on || !watching_keep)
		watching_arm(on);
	mutex_unlock(&watching_mutex);
}

/**
 * probes_init - arm all hooks but those on demand
 * @list: all hooks, in the order in which they are armed
 * @nr: how many
 * @faults: faults that may be in flight at once, blocked ones included
 * @ops: ioctls and zaps that may be in flight at once
 *
 * A hook that can't be placed is reported, and the module has less to say.
 *
 * Return: 0, or why a required hook could not be placed.
 */
int probes_init(struct hook * const *list, unsigned int nr,
		unsigned int faults, unsigned int ops)
{
	int i, err;

	if (WARN_ON(nr > MAX_HOOKS))
		return -EINVAL;
	hooks = list;
	nr_hooks = nr;
	for (i = 0; i < nr_hooks; i++) {
		hooks[i]->hits = alloc_percpu(unsigned long);
		if (!hooks[i]->hits)
			return -ENOMEM;
		if (!hook_is_return(hooks[i]))
			continue;
		hooks[i]->rp.maxactive = hooks[i]->of_faults ? faults : ops;
	}
	for (i = 0; i < nr_hooks; i++) {
		if (hooks[i]->on_demand || hooks[i]->on_watch)
			continue;
		err = hook_arm(hooks[i]);
		if (err)
			return err;
	}
	mutex_lock(&watching_mutex);
	watching_ready = true;
	mutex_unlock(&watching_mutex);
	return 0;
}

/**
 * probes_exit - forget all hooks, which are disarmed
 */
void probes_exit(void)
{
	int i;

	mutex_lock(&watching_mutex);
	watching_arm(false);
	watching_ready = false;
	mutex_unlock(&watching_mutex);
	for (i = 0; i < nr_hooks; i++) {
		free_percpu(hooks[i]->hits);
		hooks[i]->hits = NULL;
	}
}
