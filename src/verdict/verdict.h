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
 * verdict_page_settle().
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
#ifndef UFFD_RACE_VERDICT_H
#define UFFD_RACE_VERDICT_H

#include "env.h"

typedef unsigned long long verdict_time;	/* ticks of the engine's clock */

enum verdict_backing {
	BACKING_HUGETLB, BACKING_SHMEM, BACKING_ANON,
	BACKING_OTHER,		/* what it may map is not known: nothing is judged */
	NR_BACKINGS
};

enum verdict_type { EVENT_MISSING, EVENT_MINOR, NR_EVENT_TYPES };

enum verdict {
	VERDICT_GENUINE,	/* nothing was mapped */
	VERDICT_STALE,		/* the page arrived between decision and event */
	VERDICT_BOGUS,		/* the page was mapped all along */
	VERDICT_UNDECIDED,	/* evidence was lost; see enum verdict_why */
	NR_VERDICTS
};

/** enum verdict_why - what an undecided event lacks */
enum verdict_why {
	WHY_UNKNOWN_CTX,	/* the userfaultfd is not known from its birth */
	WHY_NO_ENTRY,		/* no record of the fault that raised the event, or of others, or no rules for its backing */
	WHY_NO_ROOM,		/* the table of pages was full */
	WHY_LOST,		/* a hook was missed: there may be unseen installs */
	WHY_CHANGED,		/* register, unregister, or close came first */
	WHY_DROPPED,		/* the page may have been zapped before it was judged */
	WHY_SILENT,		/* another fault may have installed the page */
	WHY_PARTIAL,		/* an install whose outcome is not known */
	WHY_SHARED,		/* the page table may be shared with another mm */
	WHY_TIMEOUT,		/* nothing decisive after VERDICT_MAX_LOOKS looks */
	NR_WHYS
};

/** enum verdict_look - what one look at a pte found */
enum verdict_look {
	LOOK_UNKNOWN,		/* could not look */
	LOOK_NONE,		/* none, or a marker */
	LOOK_MAPPED,		/* present, or a migration, swap or hwpoison entry */
	LOOK_ANON,		/* mapped, and the page is anonymous */
	LOOK_GONE,		/* the range is not watched by this ctx any more */
	NR_LOOKS
};

/* What the hook on fault entry knows about the fault and its vma. */
#define FAULT_F_WRITE		0x01	/* a write fault */
#define FAULT_F_PRIVATE		0x02	/* what is copied on write is anonymous */
#define FAULT_F_ANON_PROVES	0x04	/* cannot install an anonymous page itself */
#define FAULT_F_NEVER_INSTALLS	0x08	/* cannot install without an event */
#define FAULT_F_ZAPS_KNOWN	0x10	/* every zap of this vma is reported */
#define FAULT_F_SHARED_TABLE	0x20	/* the page table may serve another mm too */
#define FAULT_F_RETRY_MAPS	0x40	/* may map its page, and not say so */
#define FAULT_F_UNREAD		0x100	/* the kernel was not seen to read it as none */

enum verdict_op_kind {
	OP_INSTALL,		/* may turn none into mapped */
	OP_ZAP,			/* may turn mapped into none */
	OP_RANGE,		/* the range starts or stops being watched */
};

/** enum verdict_outcome - how an operation ended */
enum verdict_outcome {
	OUTCOME_NOTHING,	/* it certainly changed nothing */
	OUTCOME_EXISTS,		/* nothing: something was found; it may be a marker */
	OUTCOME_AGAIN,		/* nothing: something else has changed, try again */
	OUTCOME_NO_PAGE,	/* nothing: CONTINUE found no page in the page cache */
	OUTCOME_DONE,		/* it did all of [start, done_end) */
	OUTCOME_UNSURE,		/* it may have done anything within its range */
};

/** enum verdict_result - what is known of a fault that has ended without an event */
enum verdict_result {
	RESULT_MAY_HAVE_MAPPED,	/* its page, or its neighbours */
	RESULT_FAILED,		/* not its page; its neighbours, perhaps */
	RESULT_MAPPED_NOTHING,	/* nor its neighbours; it may have copied its page */
	RESULT_DID_NOTHING,	/* nor that */
};

#ifndef VERDICT_MAX_LOOKS	/* the model check makes do with fewer */
#define VERDICT_MAX_LOOKS		400
#endif

/**
 * struct verdict_books - what became of the events of one backing and type
 * @events: raised; always verdict[0] + ... + verdict[3] + open
 * @verdict: closed events, by enum verdict
 * @open: not judged yet
 * @delivered: those of @verdict that user space has read; see verdict_read()
 * @writes: events of write faults
 * @exposures: faults that met a none pte of a page that was mapped all along,
 *	and raised no event
 */
struct verdict_books {
	unsigned long long events;
	unsigned long long verdict[NR_VERDICTS];
	unsigned long long open;
	unsigned long long delivered[NR_VERDICTS];
	unsigned long long writes;
	unsigned long long exposures;
};

/**
 * struct verdict_stats - everything that is counted
 * @books: the books of each backing and type
 * @why: undecided events, by reason
 * @lost: times a missed hook made every known ctx unknown
 * @blinded: contexts that an operation or fault without a record made unknown
 * @pages_full: faults for which the table of pages had no room
 * @faults_full: faults for which the table of faults had no room
 * @ops_full: operations for which the table of operations had no room
 * @ctxs_full: contexts for which the table of contexts had no room
 * @events_full: events for which the table of events had no room: they are in
 *	the books, but not as delivered
 * @unmatched: messages that user space has read, and that belong to no record
 * @raced: installs that found a page, or had to be tried again: legal
 * @raced_bogus: installs that found a page because the event was bogus
 * @raced_undecided: installs that found a page, after an event that is undecided
 * @hole_punched: CONTINUE after a MINOR event whose page has left the page cache
 */
struct verdict_stats {
	struct verdict_books books[NR_BACKINGS][NR_EVENT_TYPES];
	unsigned long long why[NR_WHYS];
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
	unsigned long long raced_undecided;
	unsigned long long hole_punched;
};

/**
 * struct verdict_limits - sizes of the tables; all at least 1
 * @pages: pages with a fault in flight or an event to be judged
 * @faults: faults in flight that raised no event so far; and as many that did
 * @ops: operations in flight
 * @ctxs: userfaultfds
 */
struct verdict_limits {
	unsigned int pages, faults, ops, ctxs;
};

struct verdict_engine {
	verdict_time clock;
	struct verdict_limits limits;
	struct verdict_stats stats;
	struct verdict_page *pages, **page_hash, *free_pages;
	struct verdict_fault **fault_hash, *free_faults, *orphans;
	struct verdict_event *events, **event_hash, **message_hash;
	struct verdict_event *free_events, **free_events_end;
	struct verdict_ctx **ctx_hash, *free_ctxs, *ctxs;
	struct verdict_op *ops, *free_ops;
};

size_t verdict_bytes(const struct verdict_limits *limits);
void verdict_init(struct verdict_engine *e, const struct verdict_limits *limits, void *mem);
void verdict_reset(struct verdict_engine *e);

bool verdict_ctx_opening(struct verdict_engine *e, const void *key, unsigned long tag);
void verdict_ctx_opened(struct verdict_engine *e, const void *key, bool ok);
void verdict_ctx_complete(struct verdict_engine *e, const void *key, bool on);
void verdict_complete(struct verdict_engine *e, bool on);
void verdict_ctx_gone(struct verdict_engine *e, const void *key);
bool verdict_ctx_over(struct verdict_engine *e, const void *key);
void verdict_all_gone(struct verdict_engine *e);
bool verdict_ops_adopt(struct verdict_engine *e, struct verdict_engine *from, const void *mm);
unsigned long verdict_ctx_tag(struct verdict_engine *e, const void *key);
void verdict_ctx_belongs(struct verdict_engine *e, const void *key, const void *mm);
void verdict_ctx_blind(struct verdict_engine *e, const void *key);
void verdict_lost(struct verdict_engine *e);
void verdict_switched(struct verdict_engine *e);

/**
 * struct verdict_entry - a fault, as seen at its entry
 * @task: who faults; one fault at a time
 * @ctx: the userfaultfd of the vma
 * @mm: the address space of the vma
 * @addr: page-aligned address
 * @size: of the page, in bytes; a power of two
 * @around: 0, or the aligned block, a power of two, within which the fault may
 *	map page-cache pages of its vma besides its own: fault-around, a huge pmd
 * @backing: of the vma
 * @type: the type that an exposure of this fault counts for
 * @when: the caller's, for verdict_waits()
 * @flags: FAULT_F_*
 * @look: what the pte was
 * @stamp: the clock before that look
 */
struct verdict_entry {
	const void *task;
	const void *ctx;
	const void *mm;
	unsigned long addr;
	unsigned long size;
	unsigned long around;
	unsigned long long when;
	enum verdict_backing backing;
	enum verdict_type type;
	unsigned int flags;
	enum verdict_look look;
	verdict_time stamp;
};

void verdict_fault_begin(struct verdict_engine *e, const struct verdict_entry *entry);
void verdict_fault_event(struct verdict_engine *e, const struct verdict_entry *entry);
void verdict_fault_read(struct verdict_engine *e, const void *task);
void verdict_fault_over(struct verdict_engine *e, const void *task,
			const void *key, unsigned long addr);
void verdict_fault_unread(struct verdict_engine *e, const void *task);
void verdict_fault_end(struct verdict_engine *e, const void *task,
		       enum verdict_result result, enum verdict_look look,
		       verdict_time stamp);
void verdict_fault_spared(struct verdict_engine *e, const void *task, verdict_time shut);

void verdict_op_begin_at(struct verdict_engine *e, const void *task, const void *key,
			 const void *mm, enum verdict_op_kind kind,
			 unsigned long start, unsigned long end);
void verdict_mm_blind(struct verdict_engine *e, const void *mm);
void verdict_op_begin(struct verdict_engine *e, const void *task, const void *ctx,
		      enum verdict_op_kind kind, unsigned long start, unsigned long end);
void verdict_mm_op_begin(struct verdict_engine *e, const void *task, const void *mm,
			 enum verdict_op_kind kind, unsigned long start,
			 unsigned long end);
void verdict_op_end(struct verdict_engine *e, const void *task, const void *ctx,
		    enum verdict_op_kind kind, enum verdict_outcome outcome,
		    unsigned long done_end);
void verdict_op_begin_mm(struct verdict_engine *e, const void *task, const void *mm,
			 enum verdict_op_kind kind, unsigned long start,
			 unsigned long end);
bool verdict_kept(struct verdict_engine *e, const void *mm, verdict_time since);
void verdict_raced(struct verdict_engine *e, const void *key, unsigned long addr,
		   enum verdict_outcome outcome);

void verdict_read(struct verdict_engine *e, const void *key, unsigned long addr,
		  enum verdict_type type);
void verdict_looked(struct verdict_engine *e, const void *ctx, unsigned long addr,
		    enum verdict_look look, verdict_time stamp);

/**
 * struct verdict_todo - a page whose events wait for a look
 * @ctx: key of its userfaultfd
 * @addr: the page
 */
struct verdict_todo {
	const void *ctx;
	unsigned long addr;
};

/**
 * struct verdict_wait_info - an event whose task waits for an answer
 * @addr: its page
 * @when: verdict_entry.when of the event
 * @verdict: its verdict, if @judged
 * @judged: it has one
 * @read: user space has read it
 * @answered: an ioctl has found or installed the page since
 * @refused: the last ioctl that was to answer it has failed otherwise
 */
struct verdict_wait_info {
	unsigned long addr;
	unsigned long long when;
	enum verdict verdict;
	bool judged, read, answered, refused;
};

bool verdict_waits(struct verdict_engine *e, const void *task, const void *key,
		   struct verdict_wait_info *info);
void verdict_refused(struct verdict_engine *e, const void *key, unsigned long addr);

bool verdict_next_todo(struct verdict_engine *e, unsigned int *cursor,
		       struct verdict_todo *todo);

#endif /* UFFD_RACE_VERDICT_H */
