/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tables behind the verdict engine: what is in flight, and where to find
 * it. No judgement in here.
 */
#ifndef UFFD_RACE_VERDICT_INTERNAL_H
#define UFFD_RACE_VERDICT_INTERNAL_H

#include "verdict.h"
#include "chain.h"

/* Events of a page that wait for evidence. */
enum verdict_wait {
	WAIT_OPEN,		/* none at the event, nothing seen since */
	WAIT_SEEN,		/* none at the event, seen mapped after it */
	WAIT_MAPPED,		/* mapped at the event */
	WAIT_EXPOSED,		/* not an event: an exposure to be confirmed */
	NR_WAITS
};

enum ctx_state {
	CTX_OPENING,		/* UFFDIO_API has not returned yet */
	CTX_KNOWN,		/* nothing was missed */
	CTX_BLIND,		/* something was missed: for life */
};

struct verdict_ctx {
	struct verdict_ctx *next;	/* hash chain or free list */
	struct verdict_ctx *all_next;	/* of all */
	const void *key;
	const void *mm;			/* NULL: not known yet */
	unsigned long tag;		/* the caller's */
	unsigned long sizes;		/* of pages that raised events, or-ed */
	enum ctx_state state;
	unsigned int openings;		/* UFFDIO_API in flight */
	bool succeeded;			/* one of them was told to have succeeded */
	verdict_time complete;		/* since when all faults are told; 0: not */
	verdict_time changed;		/* last time something ended that changes ptes */
	verdict_time emptied;		/* last begin or end of what takes pages away */
	struct verdict_page *pages;
	struct verdict_fault *arounds;	/* in flight, may map other pages too */
	struct verdict_event *events;
};

struct verdict_page {
	struct verdict_page *next;	/* hash chain or free list */
	struct verdict_page *ctx_next, **ctx_prev;
	struct verdict_ctx *ctx;
	struct verdict_fault *faults;	/* in flight, no event so far */
	struct verdict_event *events;	/* with records, that wait */
	unsigned long addr;
	enum verdict_backing backing;
	unsigned int flags;		/* FAULT_F_* of the vma, not of a fault */
	unsigned int wait[NR_WAITS][NR_EVENT_TYPES];
	unsigned int read[WAIT_EXPOSED][NR_EVENT_TYPES];	/* those delivered */
	unsigned int looks;
	bool anon;			/* no file page can explain what was seen */
	verdict_time open_since;	/* oldest fault of those in wait[WAIT_OPEN] */
	verdict_time opened;		/* newest event there */
	verdict_time since;		/* oldest fault of all others that wait */
	verdict_time mark;		/* newest look that found it mapped */
	verdict_time installed;		/* last end of an install */
	verdict_time unsure;		/* last end of what may have been one */
	enum verdict_why unsure_why;
	verdict_time file_mapped;	/* last end of what may have mapped a file page */
	verdict_time cut;		/* last time the evidence was cut */
	verdict_time zapped;		/* last end of a zap */
	verdict_time written;		/* last end of a write fault that raised no event */
};

struct verdict_fault {
	struct verdict_fault *next;	/* hash chain or free list */
	struct verdict_fault *page_next;	/* chain of the page, or of orphans */
	struct verdict_page *page;	/* NULL: an orphan, the pages were full */
	struct verdict_ctx *ctx;
	const void *task;
	unsigned long addr;
	unsigned long around;		/* see struct verdict_entry; else 0 and: */
	struct verdict_fault *around_next, **around_prev;	/* of the ctx */
	verdict_time begin;
	unsigned int flags;
	enum verdict_backing backing;
	enum verdict_type type;
	enum verdict_look look;
};

/*
 * An event whose task waits in the kernel: a verdict does not depend on it,
 * but which of them user space has read, and whose fault an EEXIST is. When
 * the fault has ended, its record is free, and still found until it is used
 * again: the message may have been read before, and be told after that.
 */
struct verdict_event {
	struct verdict_event *next;	/* hash chain of tasks, or free list */
	struct verdict_event *message_next, **message_prev; /* hash chain, newest first */
	struct verdict_event *page_next;	/* while it waits */
	struct verdict_event *ctx_next, **ctx_prev;
	struct verdict_ctx *ctx;	/* NULL: not found any more */
	struct verdict_page *page;	/* NULL: judged */
	const void *task;
	unsigned long addr, size;
	enum verdict_backing backing;
	enum verdict_type type;
	enum verdict_wait wait;
	enum verdict verdict;
	unsigned int raced;	/* EEXIST in answer to it, while it waits */
	bool read, ended, answered, refused;
	unsigned long long when;	/* the caller's */
	bool old;		/* of books that were reset */
};

/* An operation in flight, of a userfaultfd that may have no record. */
struct verdict_op {
	struct verdict_op *next;	/* of all, or free list */
	const void *key;
	const struct verdict_ctx *ctx;
	const void *mm;			/* whose range, whoever watches it; else NULL */
	bool collapse;
	const void *task;
	enum verdict_op_kind kind;
	unsigned long start, end;
	verdict_time begin;
};

static inline bool page_waits(const struct verdict_page *page, enum verdict_wait wait)
{
	return page->wait[wait][EVENT_MISSING] || page->wait[wait][EVENT_MINOR];
}

/* A fact: all that came before has to be in order. */
static inline void verdict_tick(struct verdict_engine *e)
{
	verdict_check(e);
	e->clock++;
}

/* struct verdict_page_walk - over the pages of @ctx in [@addr, @end) */
struct verdict_page_walk {
	const struct verdict_ctx *ctx;
	unsigned long addr, end;
	struct verdict_page *next;
	bool by_hash;
};

/* What an event finds: a verdict, or it waits for one. */
struct verdict_finding {
	enum verdict verdict;
	enum verdict_why why;		/* of VERDICT_UNDECIDED */
	bool waits;
};

enum concern { CONCERN_NONE, CONCERN_MAYBE, CONCERN_SURE };

/* table.c */
unsigned int verdict_hash(const void *key, unsigned long addr, unsigned int n);
struct verdict_ctx *verdict_ctx_find(struct verdict_engine *e, const void *key);
struct verdict_ctx *verdict_ctx_create(struct verdict_engine *e, const void *key);
void verdict_ctx_free(struct verdict_engine *e, struct verdict_ctx *ctx);
struct verdict_page *verdict_page_find(struct verdict_engine *e, const struct verdict_ctx *ctx,
				       unsigned long addr);
struct verdict_page *verdict_page_create(struct verdict_engine *e, struct verdict_ctx *ctx,
					 unsigned long addr);
void verdict_page_put(struct verdict_engine *e, struct verdict_page *page);
struct verdict_page_walk verdict_page_walk(const struct verdict_ctx *ctx, unsigned long start,
					   unsigned long end);
struct verdict_page *verdict_page_walk_next(struct verdict_engine *e, struct verdict_page_walk *walk);
struct verdict_fault *verdict_fault_find(struct verdict_engine *e, const void *task);
struct verdict_fault *verdict_fault_create(struct verdict_engine *e,
					   const struct verdict_entry *entry,
					   struct verdict_ctx *ctx);
void verdict_fault_free(struct verdict_engine *e, struct verdict_fault *f);

/* op.c */
enum concern verdict_op_concerns(const struct verdict_op *op,
				 const struct verdict_ctx *ctx);
bool verdict_op_spares(const struct verdict_op *op, const struct verdict_page *page);
bool verdict_op_in_flight(struct verdict_engine *e, const struct verdict_page *page,
			  enum verdict_op_kind kind, verdict_time before);
struct verdict_op **verdict_op_find(struct verdict_engine *e, const void *task,
				    const void *key, enum verdict_op_kind kind);
struct verdict_op *verdict_op_create(struct verdict_engine *e, const struct verdict_op *of);
void verdict_op_free(struct verdict_engine *e, struct verdict_op **link);
void verdict_ops_free(struct verdict_engine *e, const void *key);
void verdict_ops_forget(struct verdict_engine *e, const struct verdict_ctx *ctx);

/* books.c */
void verdict_page_close(struct verdict_engine *e, struct verdict_page *page,
			enum verdict_wait wait, enum verdict verdict,
			enum verdict_why why);
struct verdict_event *verdict_event_create(struct verdict_engine *e, struct verdict_ctx *ctx,
					   const struct verdict_entry *entry);
void verdict_event_ended(struct verdict_engine *e, const void *task);
void verdict_event_book(struct verdict_engine *e, struct verdict_event *v,
			const struct verdict_entry *entry, const struct verdict_finding *found);
void verdict_event_waits(struct verdict_event *v, struct verdict_page *page, enum verdict_wait wait);
void verdict_events_seen(struct verdict_page *page);
void verdict_events_free(struct verdict_engine *e, struct verdict_ctx *ctx);
void verdict_events_reset(struct verdict_engine *e);
void verdict_event_answered(struct verdict_engine *e, const struct verdict_ctx *ctx,
			    unsigned long addr);
void verdict_event_raced(struct verdict_engine *e, const struct verdict_ctx *ctx,
			 unsigned long addr, enum verdict_outcome outcome);

/* rules.c */
bool verdict_look_mapped(enum verdict_look look);
bool verdict_may_have_installed(struct verdict_engine *e, const struct verdict_fault *f,
				enum verdict_result result, enum verdict_look look);
bool verdict_fault_exposed(struct verdict_engine *e, const struct verdict_fault *f,
			   enum verdict_look look);
bool verdict_event_counts(const struct verdict_ctx *ctx, enum verdict_backing of,
			  verdict_time begin);
struct verdict_finding verdict_event_finds(const struct verdict_ctx *ctx,
					   const struct verdict_page *page,
					   const struct verdict_entry *entry,
					   verdict_time begin);
void verdict_page_seen(struct verdict_engine *e, struct verdict_page *page,
		       enum verdict_look look, verdict_time stamp);
void verdict_page_settle(struct verdict_engine *e, struct verdict_page *page);
void verdict_page_installed(struct verdict_engine *e, struct verdict_page *page,
			    verdict_time begin);
void verdict_page_unsure(struct verdict_engine *e, struct verdict_page *page,
			 verdict_time begin, enum verdict_why why);
void verdict_page_close_all(struct verdict_engine *e, struct verdict_page *page,
			    enum verdict_why why);
void verdict_page_cut(struct verdict_engine *e, struct verdict_page *page, enum verdict_why why);
bool verdict_page_kept(struct verdict_engine *e, const struct verdict_page *page,
		       unsigned int flags, verdict_time since);
bool verdict_page_quiet(const struct verdict_page *page, verdict_time since);
bool verdict_anon_proves(struct verdict_engine *e, const struct verdict_page *page,
			 unsigned int flags, verdict_time since);
void verdict_page_mark(struct verdict_engine *e, struct verdict_page *page,
		       verdict_time since, enum verdict_look look, verdict_time stamp);
bool verdict_page_file_mapped(const struct verdict_page *page);
void verdict_page_silent(struct verdict_engine *e, struct verdict_page *page);

/* fact_ctx.c */
void __verdict_ctx_blind(struct verdict_engine *e, struct verdict_ctx *ctx);

#endif /* UFFD_RACE_VERDICT_INTERNAL_H */
