/* SPDX-License-Identifier: GPL-2.0 */
/* A hook: one place where the module listens. */
#ifndef UFFD_RACE_PROBE_H
#define UFFD_RACE_PROBE_H

#include <linux/kprobes.h>
#include <linux/types.h>

/**
 * struct hook - one place where the module listens
 * @symbol: the kernel function
 * @newer: its name in newer kernels, with the same arguments, or NULL
 * @kp: set for an entry probe
 * @rp: set for an entry-and-return probe
 * @required: the module is useless without it
 * @on_demand: in place only while it is needed; see demand.c
 * @spares_hugetlb: what it sees is never done to hugetlb
 * @on_watch: in place only while there are watches, for it is in everybody's way
 * @evidence: without it nothing is known about any userfaultfd, or, if it is
 *	@on_demand or @spares_hugetlb, about ranges that are not hugetlb
 * @must_see: evidence is incomplete from the moment when a hit is missed
 * @absent_ok: a kernel without the function does not do the thing at all
 * @needless: this kernel tells without it
 * @inlined_ok: the compiler may have left no such function; hook_wait_* stand in
 * @reads: bits of the backings of which it tells that the kernel has read none
 * @lost: what is lost without it
 * @of_faults: its instances are held as long as a fault may sleep
 * @hits: how often its handler had something to do
 * @error: why it could not be placed, or 0
 * @armed: it is in place
 * @proven: it has been hit: what it tells does not pass it by, inlined
 * @missed: hits missed before it was last put in place
 */
struct hook {
	const char *symbol, *newer;
	struct kprobe kp;
	struct kretprobe rp;
	bool of_faults;
	bool required, on_demand, on_watch, spares_hugetlb, evidence, must_see;
	bool absent_ok, inlined_ok, needless;
	unsigned int reads;
	const char *lost;
	unsigned long __percpu *hits;
	int error;
	bool armed, proven;
	unsigned long missed;
};

int probes_init(struct hook * const *list, unsigned int nr,
		unsigned int faults, unsigned int ops);
void probes_exit(void);
bool probes_demand(void);
void probes_disarm(bool on_demand);
void probes_watching(bool on, bool keep);
void probes_fold_misses(bool on_demand);
bool probes_tell_reads(unsigned int backing);
bool probes_evidence(bool on_demand);
unsigned long probes_missed(void);

bool hook_is_return(const struct hook *h);
const struct kprobe *hook_kprobe(const struct hook *h);
unsigned long hook_missed(const struct hook *h);
bool hook_armed(struct hook *hook);
bool hook_proven(struct hook *hook);
void hook_hit(struct hook *hook);

#endif /* UFFD_RACE_PROBE_H */
