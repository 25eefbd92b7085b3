// SPDX-License-Identifier: GPL-2.0
/*
 * What the counters say, in words: for debugfs and for dmesg.
 */
#include "uffd_race.h"
#include "probe.h"
#include <linux/math64.h>

#define MOST_UNDECIDED	5	/* per cent of the events of a path that is cleared */

static const char * const backing_name[NR_BACKINGS] = {
	[BACKING_HUGETLB] = "hugetlb",
	[BACKING_SHMEM] = "shmem",
	[BACKING_ANON] = "anon",
	[BACKING_OTHER] = "other",
};

static const char * const type_name[NR_EVENT_TYPES] = {
	[EVENT_MISSING] = "missing",
	[EVENT_MINOR] = "minor",
};

static const char * const verdict_name[NR_VERDICTS] = {
	[VERDICT_GENUINE] = "genuine",
	[VERDICT_STALE] = "stale",
	[VERDICT_BOGUS] = "bogus",
	[VERDICT_UNDECIDED] = "undecided",
};

static const char * const why_name[NR_WHYS] = {
	[WHY_UNKNOWN_CTX] = "unknown_ctx",
	[WHY_NO_ENTRY] = "no_entry",
	[WHY_NO_ROOM] = "no_room",
	[WHY_LOST] = "lost",
	[WHY_CHANGED] = "changed",
	[WHY_DROPPED] = "dropped",
	[WHY_SILENT] = "silent",
	[WHY_PARTIAL] = "partial",
	[WHY_SHARED] = "shared",
	[WHY_TIMEOUT] = "timeout",
};

static bool convicted[NR_BACKINGS][NR_EVENT_TYPES];

static bool path_exists(int backing, int type)
{
	return backing != BACKING_ANON || type != EVENT_MINOR;
}

/**
 * report_counters - the debugfs file "counters"
 * @m: where to
 */
void report_counters(struct seq_file *m)
{
	struct verdict_stats s;
	int i, j, k;

	core_snapshot(&s);
	for (i = 0; i < NR_BACKINGS; i++) {
		for (j = 0; j < NR_EVENT_TYPES; j++) {
			const struct verdict_books *b = &s.books[i][j];
			const char *backing = backing_name[i], *type = type_name[j];

			if (!path_exists(i, j))
				continue;
			seq_printf(m, "%s_%s_events %llu\n", backing, type,
				   b->events);
			for (k = 0; k < NR_VERDICTS; k++)
				seq_printf(m, "%s_%s_%s %llu\n", backing, type,
					   verdict_name[k], b->verdict[k]);
			seq_printf(m, "%s_%s_open %llu\n", backing, type, b->open);
			for (k = 0; k < NR_VERDICTS; k++)
				seq_printf(m, "%s_%s_%s_delivered %llu\n",
					   backing, type, verdict_name[k],
					   b->delivered[k]);
			seq_printf(m, "%s_%s_write_events %llu\n", backing, type,
				   b->writes);
			seq_printf(m, "%s_%s_read_events %llu\n", backing, type,
				   b->events - b->writes);
			seq_printf(m, "%s_%s_exposures %llu\n", backing, type,
				   b->exposures);
		}
	}
	for (k = 0; k < NR_WHYS; k++)
		seq_printf(m, "undecided_%s %llu\n", why_name[k], s.why[k]);
	seq_printf(m, "events_not_judged %llu\n", count_read(COUNT_NOT_JUDGED));
	seq_printf(m, "events_not_raised %llu\n", count_read(COUNT_NOT_RAISED));
	seq_printf(m, "continue_hole_punched %llu\n", s.hole_punched);
	seq_printf(m, "resolve_raced %llu\n", s.raced);
	seq_printf(m, "resolve_raced_bogus %llu\n", s.raced_bogus);
	seq_printf(m, "resolve_raced_unknown %llu\n", s.raced_undecided);
	seq_printf(m, "install_clean %llu\n", count_read(COUNT_UNCLEAN));
	seq_printf(m, "delivered_unmatched %llu\n", s.unmatched);
	seq_printf(m, "delivered_unseen %llu\n", count_read(COUNT_UNSEEN));
	seq_printf(m, "hooks_switched %u\n", guard_switched());
	seq_printf(m, "lost_evidence %llu\n", s.lost);
	seq_printf(m, "blinded_ctxs %llu\n", s.blinded);
	seq_printf(m, "full_pages %llu\n", s.pages_full);
	seq_printf(m, "full_faults %llu\n", s.faults_full);
	seq_printf(m, "full_events %llu\n", s.events_full);
	seq_printf(m, "full_ops %llu\n", s.ops_full);
	seq_printf(m, "full_ctxs %llu\n", s.ctxs_full);
	seq_printf(m, "full_mms %llu\n", count_read(COUNT_MMS_FULL));
	seq_printf(m, "over_share %llu\n", count_read(COUNT_OVER_SHARE));
	seq_printf(m, "memory_bytes %zu\n", space_memory());
}

static unsigned int undecided_percent(const struct verdict_books *b)
{
	return b->events ? div64_u64(100 * b->verdict[VERDICT_UNDECIDED], b->events) : 0;
}

static bool too_much_undecided(const struct verdict_books *b)
{
	return 100 * b->verdict[VERDICT_UNDECIDED] > MOST_UNDECIDED * b->events;
}

static const char undecided[] = "undecided";

/*
 * Why a path without bogus events is not cleared; NULL: it is. No race seen
 * means nothing unless the window was open, and not much where events may have
 * escaped.
 */
static const char *doubt(const struct verdict_stats *s, const struct verdict_books *b,
			 int backing)
{
	if (!b->exposures && backing != BACKING_OTHER && !probes_tell_reads(backing))
		return "no proof of the kernel's own read";
	if (!b->exposures)
		return "no exposure";
	if (too_much_undecided(b))
		return undecided;
	if (s->pages_full || s->faults_full || s->events_full || s->ops_full ||
	    s->ctxs_full || count_read(COUNT_MMS_FULL))
		return "tables full";
	if (s->lost || s->blinded)
		return "evidence lost";
	return NULL;
}

static void show_path(struct seq_file *m, const struct verdict_stats *s, int backing,
		      int type, const char *blind)
{
	const struct verdict_books *b = &s->books[backing][type];
	const char *why = NULL;

	/* Convicted with evidence that was complete. */
	if (!b->verdict[VERDICT_BOGUS] && !blind)
		why = doubt(s, b, backing);

	seq_printf(m, "%s.%s %s exposures=%llu bogus=%llu undecided=%llu events=%llu",
		   backing_name[backing], type_name[type],
		   b->verdict[VERDICT_BOGUS] ? "VULNERABLE" :
		   blind ? "BLIND" : why ? "INCONCLUSIVE" : "PROTECTED", b->exposures,
		   b->verdict[VERDICT_BOGUS], b->verdict[VERDICT_UNDECIDED], b->events);
	if (why)
		seq_printf(m, ": %s", why);
	if (why == undecided)
		seq_printf(m, " %u%%", undecided_percent(b));
	if (blind)
		seq_printf(m, " blind=%s", blind);
	seq_putc(m, '\n');
}

/**
 * report_verdict - the debugfs file "verdict"
 * @m: where to
 */
void report_verdict(struct seq_file *m)
{
	const char *blind, *none;
	unsigned long long unclean;
	struct verdict_stats s;
	int i, j;

	guard_check();
	core_snapshot(&s);
	blind = guard_blind();
	none = blind ? "BLIND" : "none";
	for (i = 0; i < NR_BACKINGS; i++) {
		for (j = 0; j < NR_EVENT_TYPES; j++) {
			if (path_exists(i, j) &&
			    (i != BACKING_OTHER || s.books[i][j].events))
				show_path(m, &s, i, j, blind);
		}
	}
	seq_printf(m, "continue_hole_punched %s %llu\n",
		   s.hole_punched ? "LEGAL" : none, s.hole_punched);
	seq_printf(m, "resolve_raced %s %llu bogus=%llu\n", s.raced_bogus ?
		   "VULNERABLE" : s.raced ? "LEGAL" : none, s.raced, s.raced_bogus);
	unclean = count_read(COUNT_UNCLEAN);
	seq_printf(m, "install_clean %s %llu\n",
		   unclean ? "VULNERABLE" : none, unclean);
}

/**
 * report_first_bogus - tell dmesg about the first bogus event of each path
 *
 * Process context.
 */
void report_first_bogus(void)
{
	struct verdict_stats s;
	int i, j;

	core_snapshot(&s);
	for (i = 0; i < NR_BACKINGS; i++) {
		for (j = 0; j < NR_EVENT_TYPES; j++) {
			if (convicted[i][j] || !s.books[i][j].verdict[VERDICT_BOGUS])
				continue;
			convicted[i][j] = true;
			pr_warn("bogus %s events on %s: user space is told of missing pages that are mapped\n",
				type_name[j], backing_name[i]);
		}
	}
}

/**
 * report_reset - tell dmesg anew
 */
void report_reset(void)
{
	memset(convicted, 0, sizeof(convicted));
}
