/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The verdict engine: facts in, verdicts out.
 *
 * A *fact* is what one hook saw. The caller serialises all calls (one raw
 * spinlock in the kernel, nothing in user space), so the engine has a total
 * order of facts: its clock, one tick a fact about pages. No allocation, no locking, no
 * kernel state; every table is of fixed size.
 *
 * An event is *bogus* if the page was mapped from the entry of the fault until
 * the event. The engine says so when the page was seen mapped at or after the
 * event and nothing that could have mapped it ran in between: no install
 * ended, no install that began before that look is still in flight, nothing
 * was missed. A fault, of the page itself or of a neighbour, may map a page of
 * the file: only a look at an anonymous page can say that none has. See
 * page_settle().
 *
 * One mm may have several userfaultfds, and each of them can fill, empty and
 * unregister ranges of the others: their operations count wherever they may
 * be in the same mm.
 *
 * Looks at a pte are taken without the page-table lock and outside the
 * engine's lock, so a look may be old when it gets here. Each comes with a
 * *stamp*, the clock before it was taken, and only speaks about facts that are
 * older than its stamp.
 */
#ifndef UFFD_RACE_CASE_H
#define UFFD_RACE_CASE_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#endif

typedef unsigned long long case_time;	/* ticks of the engine's clock */

enum case_backing {
	CASE_HUGETLB, CASE_SHMEM, CASE_ANON,
	CASE_OTHER,		/* what it may map is not known: nothing is judged */
	CASE_NR_BACKINGS
};

enum case_type { CASE_MISSING, CASE_MINOR, CASE_NR_TYPES };

enum case_verdict {
	CASE_GENUINE,		/* nothing was mapped */
	CASE_STALE,		/* the page arrived between decision and event */
	CASE_BOGUS,		/* the page was mapped all along */
	CASE_UNDECIDED,		/* evidence was lost; see enum case_why */
	CASE_NR_VERDICTS
};

/** enum case_why - what an undecided event lacks */
enum case_why {
	CASE_WHY_UNKNOWN_CTX,	/* the userfaultfd was not watched from its birth */
	CASE_WHY_NO_ENTRY,	/* no record of the fault that raised the event, or of others, or no rules for its backing */
	CASE_WHY_NO_ROOM,	/* the table of pages was full */
	CASE_WHY_LOST,		/* a hook was missed: there may be unseen installs */
	CASE_WHY_CHANGED,	/* register, unregister, or close came first */
	CASE_WHY_DROPPED,	/* the page may have been zapped before it was judged */
	CASE_WHY_SILENT,	/* another fault may have installed the page */
	CASE_WHY_PARTIAL,	/* an install whose outcome is not known */
	CASE_WHY_SHARED,	/* the page table may be shared with another mm */
	CASE_WHY_TIMEOUT,	/* nothing decisive after CASE_MAX_LOOKS looks */
	CASE_NR_WHYS
};

/** enum case_look - what one look at a pte found */
enum case_look {
	CASE_LOOK_UNKNOWN,	/* could not look */
	CASE_LOOK_NONE,		/* none, or a marker */
	CASE_LOOK_MAPPED,	/* present, or a migration, swap or hwpoison entry */
	CASE_LOOK_ANON,		/* mapped, and the page is anonymous */
	CASE_LOOK_GONE,		/* the range is not watched by this ctx any more */
};

/* What the hook on fault entry knows about the fault and its vma. */
#define CASE_F_WRITE		0x01	/* a write fault */
#define CASE_F_PRIVATE		0x02	/* what is copied on write is anonymous */
#define CASE_F_ANON_PROVES	0x04	/* cannot install an anonymous page itself */
#define CASE_F_NEVER_INSTALLS	0x08	/* cannot install without an event */
#define CASE_F_ZAPS_KNOWN	0x10	/* every zap of this vma is reported */
#define CASE_F_SHARED_TABLE	0x20	/* the page table may serve another mm too */
#define CASE_F_RETRY_MAPS	0x40	/* may map its page, and not say so */

enum case_op_kind {
	CASE_OP_INSTALL,	/* may turn none into mapped */
	CASE_OP_ZAP,		/* may turn mapped into none */
	CASE_OP_HOLE,		/* the range starts or stops being watched */
};

/** enum case_outcome - how an operation ended */
enum case_outcome {
	CASE_NOTHING,		/* it certainly changed nothing */
	CASE_EXISTS,		/* nothing: something was found; it may be a marker */
	CASE_AGAIN,		/* nothing: something else has changed, try again */
	CASE_NO_PAGE,		/* nothing: CONTINUE found no page in the page cache */
	CASE_DONE,		/* it did all of [start, done_end) */
	CASE_UNSURE,		/* it may have done anything within its range */
};

#ifndef CASE_MAX_LOOKS	/* the model check makes do with fewer */
#define CASE_MAX_LOOKS		400
#endif

/**
 * struct case_books - what became of the events of one backing and type
 * @events: raised; always verdict[0] + ... + verdict[3] + open
 * @verdict: closed events, by enum case_verdict
 * @open: not judged yet
 * @delivered: those of @verdict that user space has read; see case_read()
 * @writes: events of write faults
 * @exposures: faults that met a none pte of a page that was mapped all along,
 *	and raised no event
 */
struct case_books {
	unsigned long long events;
	unsigned long long verdict[CASE_NR_VERDICTS];
	unsigned long long open;
	unsigned long long delivered[CASE_NR_VERDICTS];
	unsigned long long writes;
	unsigned long long exposures;
};

/**
 * struct case_stats - everything that is counted
 * @books: the books of each backing and type
 * @why: undecided events, by reason
 * @lost: times a missed hook made every known ctx unknown
 * @blinded: contexts that an operation or fault without a record made unknown
 * @pages_full: faults for which the table of pages had no room
 * @faults_full: faults for which the table of faults had no room
 * @ops_full: operations for which the table of operations had no room
 * @ctxs_full: contexts for which the table of contexts had no room, or no more
 *	for whoever made them
 * @events_full: events for which the table of events had no room: they are in
 *	the books, but not as delivered
 * @unmatched: messages that user space has read, and that belong to no record
 * @raced: installs that found a page, or had to be tried again: legal
 * @raced_bogus: installs that found a page because the event was bogus
 * @hole_punched: CONTINUE after a MINOR event whose page has left the page cache
 */
struct case_stats {
	struct case_books books[CASE_NR_BACKINGS][CASE_NR_TYPES];
	unsigned long long why[CASE_NR_WHYS];
	unsigned long long lost;
	unsigned long long blinded;
	unsigned long long pages_full;
	unsigned long long faults_full;
	unsigned long long ops_full;
	unsigned long long ctxs_full;
	unsigned long long events_full;
	unsigned long long unmatched;
	unsigned long long raced;
	unsigned long long raced_bogus;
	unsigned long long hole_punched;
};

/**
 * struct case_limits - sizes of the tables; all at least 1
 * @pages: pages with a fault in flight or an event to be judged
 * @faults: faults in flight that raised no event so far; and as many that did
 * @ops: operations in flight
 * @ctxs: userfaultfds
 */
struct case_limits {
	unsigned int pages, faults, ops, ctxs;
};

struct case_engine {
	case_time clock;
	struct case_limits limits;
	struct case_stats stats;
	struct case_page *pages, **page_hash, *free_pages;
	struct case_fault **fault_hash, *free_faults, *orphans;
	struct case_event *events, **event_hash, **message_hash;
	struct case_event *free_events, **free_events_end;
	struct case_ctx **ctx_hash, *free_ctxs, *ctxs;
	struct case_op *ops, *free_ops;
};

size_t case_bytes(const struct case_limits *limits);
void case_init(struct case_engine *e, const struct case_limits *limits, void *mem);
void case_reset(struct case_engine *e);

bool case_ctx_bear(struct case_engine *e, const void *key, unsigned long tag);
void case_ctx_born(struct case_engine *e, const void *key, bool ok);
void case_ctx_watched(struct case_engine *e, const void *key, bool on);
void case_ctx_gone(struct case_engine *e, const void *key);
bool case_ctx_over(struct case_engine *e, const void *key);
bool case_ctx_affords(struct case_engine *e, unsigned long payer);
void case_ctx_pays(struct case_engine *e, const void *key, unsigned long payer);
unsigned long case_ctx_payer(struct case_engine *e, const void *key);
unsigned long case_ctx_tag(struct case_engine *e, const void *key);
void case_ctx_belongs(struct case_engine *e, const void *key, const void *mm);
const void *case_ctx_mm(struct case_engine *e, const void *key);
void case_ctx_blind(struct case_engine *e, const void *key);
void case_lost(struct case_engine *e);
void case_switched(struct case_engine *e);

/**
 * struct case_entry - a fault, as seen at its entry
 * @task: who faults; one fault at a time
 * @ctx: the userfaultfd of the vma
 * @mm: the address space of the vma
 * @addr: page-aligned address
 * @size: of the page, in bytes; a power of two
 * @around: 0, or the aligned block, a power of two, within which the fault may
 *	map page-cache pages of its vma besides its own: fault-around, a huge pmd
 * @owner: the caller's handle on the process, for the deferred look; 0: none
 * @backing: of the vma
 * @type: the type that an exposure of this fault counts for
 * @flags: CASE_F_*
 * @look: what the pte was
 * @stamp: the clock before that look
 */
struct case_entry {
	const void *task;
	const void *ctx;
	const void *mm;
	unsigned long addr;
	unsigned long size;
	unsigned long around;
	unsigned long owner;
	enum case_backing backing;
	enum case_type type;
	unsigned int flags;
	enum case_look look;
	case_time stamp;
};

void case_fault_begin(struct case_engine *e, const struct case_entry *entry);
void case_fault_event(struct case_engine *e, const struct case_entry *entry);
void case_fault_end(struct case_engine *e, const void *task, bool nothing,
		    enum case_look look, case_time stamp);
void case_fault_spared(struct case_engine *e, const void *task, case_time shut);

void case_op_begin(struct case_engine *e, const void *task, const void *ctx,
		   enum case_op_kind kind, unsigned long start, unsigned long end);
void case_mm_op_begin(struct case_engine *e, const void *task, const void *mm,
		      enum case_op_kind kind, unsigned long start,
		      unsigned long end);
void case_op_end(struct case_engine *e, const void *task, const void *ctx,
		 enum case_op_kind kind, enum case_outcome outcome,
		 unsigned long done_end);
void case_op_begin_mm(struct case_engine *e, const void *task, const void *mm,
		      enum case_op_kind kind, unsigned long start,
		      unsigned long end);
bool case_kept(struct case_engine *e, const void *mm, case_time since);
void case_raced(struct case_engine *e, const void *key, unsigned long addr,
		enum case_outcome outcome);

void case_read(struct case_engine *e, const void *key, unsigned long addr,
	       enum case_type type);
void case_looked(struct case_engine *e, const void *ctx, unsigned long addr,
		 enum case_look look, case_time stamp);

/**
 * struct case_todo - a page whose events wait for a look
 * @ctx: key of its userfaultfd
 * @owner: the newest case_entry.owner that was not 0
 * @addr: the page
 */
struct case_todo {
	const void *ctx;
	unsigned long addr;
	unsigned long owner;
};

bool case_next_todo(struct case_engine *e, unsigned int *cursor,
		    struct case_todo *todo);

#endif /* UFFD_RACE_CASE_H */
