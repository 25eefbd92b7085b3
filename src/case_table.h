/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tables behind the verdict engine: what is in flight, and where to find
 * it. No judgement in here.
 */
#ifndef UFFD_RACE_CASE_TABLE_H
#define UFFD_RACE_CASE_TABLE_H

#include "case.h"

/* Events of a page that wait for evidence. */
enum case_wait {
	CASE_OPEN,		/* none at the event, nothing seen since */
	CASE_SEEN,		/* none at the event, seen mapped after it */
	CASE_MAPPED,		/* mapped at the event */
	CASE_EXPOSED,		/* not an event: an exposure to be confirmed */
	CASE_NR_WAITS
};

enum ctx_state {
	CTX_BORNE,		/* UFFDIO_API has not returned yet */
	CTX_KNOWN,		/* nothing was missed */
	CTX_BLIND,		/* something was missed: for life */
};

struct case_ctx {
	struct case_ctx *next;		/* hash chain or free list */
	struct case_ctx *all_next;	/* of all */
	const void *key;
	const void *mm;			/* NULL: not known yet */
	unsigned long tag;		/* the caller's */
	unsigned long sizes;		/* of pages that raised events, or-ed */
	enum ctx_state state;
	unsigned int births;		/* UFFDIO_API in flight */
	bool succeeded;			/* one of them was told to have succeeded */
	unsigned long payer;		/* whose share of the table it takes; 0: nobody's */
	case_time watched;		/* since when all faults are told; 0: not */
	case_time changed;		/* last time something ended that changes ptes */
	case_time emptied;		/* last begin or end of what takes pages away */
	struct case_page *pages;
	struct case_fault *arounds;	/* in flight, may map other pages too */
	struct case_event *events;
};

struct case_page {
	struct case_page *next;		/* hash chain or free list */
	struct case_page *ctx_next, *ctx_prev;
	struct case_ctx *ctx;
	struct case_fault *faults;	/* in flight, no event so far */
	struct case_event *events;	/* with records, that wait */
	unsigned long addr;
	unsigned long owner;
	enum case_backing backing;
	unsigned int flags;		/* CASE_F_* of the vma, not of a fault */
	unsigned int wait[CASE_NR_WAITS][CASE_NR_TYPES];
	unsigned int read[CASE_EXPOSED][CASE_NR_TYPES];	/* those delivered */
	unsigned int raced;		/* EEXIST, of whose event? */
	unsigned int looks;
	bool anon;			/* no file page can explain what was seen */
	case_time open_since;		/* oldest fault of those in wait[CASE_OPEN] */
	case_time opened;		/* newest event there */
	case_time since;		/* oldest fault of all others that wait */
	case_time mark;			/* newest look that found it mapped */
	case_time installed;		/* last end of an install */
	case_time unsure;		/* last end of what may have been one */
	enum case_why unsure_why;
	case_time filed;		/* last end of what may have mapped a file page */
	case_time hole;			/* last time the evidence was cut */
	case_time zapped;		/* last end of a zap */
	case_time written;		/* last end of a write fault that raised no event */
};

struct case_fault {
	struct case_fault *next;	/* hash chain or free list */
	struct case_fault *page_next;	/* chain of the page, or of orphans */
	struct case_page *page;		/* NULL: an orphan, the pages were full */
	struct case_ctx *ctx;
	const void *task;
	unsigned long addr;
	unsigned long around;		/* see struct case_entry; else 0 and: */
	struct case_fault *around_next, **around_prev;	/* of the ctx */
	case_time begin;
	unsigned int flags;
	enum case_backing backing;
	enum case_type type;
	enum case_look look;
};

/*
 * An event whose task waits in the kernel: a verdict does not depend on it,
 * but which of them user space has read, and whose fault an EEXIST is. When
 * the fault has ended, its record is free, and still found until it is used
 * again: the message may have been read before, and be told after that.
 */
struct case_event {
	struct case_event *next;	/* hash chain of tasks, or free list */
	struct case_event *message_next, **message_prev; /* hash chain, newest first */
	struct case_event *page_next;	/* while it waits */
	struct case_event *ctx_next, **ctx_prev;
	struct case_ctx *ctx;		/* NULL: not found any more */
	struct case_page *page;		/* NULL: judged */
	const void *task;
	unsigned long addr, size;
	enum case_backing backing;
	enum case_type type;
	enum case_wait wait;
	enum case_verdict verdict;
	bool read, ended, old;		/* old: of books that were reset */
};

/* An operation in flight, of a userfaultfd that may have no record. */
struct case_op {
	struct case_op *next;		/* of all, or free list */
	const void *key;
	const struct case_ctx *ctx;
	const void *mm;			/* whose range, whoever watches it; else NULL */
	bool collapse;
	const void *task;
	enum case_op_kind kind;
	unsigned long start, end;
	case_time begin;
};

static inline bool page_waits(const struct case_page *page, enum case_wait wait)
{
	return page->wait[wait][CASE_MISSING] || page->wait[wait][CASE_MINOR];
}

/* case_table.c */
unsigned int case_hash(const void *key, unsigned long addr, unsigned int n);
struct case_ctx *ctx_find(struct case_engine *e, const void *key);
struct case_ctx *ctx_create(struct case_engine *e, const void *key);
void ctx_free(struct case_engine *e, struct case_ctx *ctx);

struct case_page *page_find(struct case_engine *e, const struct case_ctx *ctx,
			    unsigned long addr);
struct case_page *page_create(struct case_engine *e, struct case_ctx *ctx,
			      unsigned long addr);
void page_put(struct case_engine *e, struct case_page *page);

/* struct page_walk - over the pages of @ctx in [@addr, @end) */
struct page_walk {
	const struct case_ctx *ctx;
	unsigned long addr, end;
	struct case_page *next;
	bool by_hash;
};

struct page_walk page_walk(const struct case_ctx *ctx, unsigned long start,
			   unsigned long end);
struct case_page *page_walk_next(struct case_engine *e, struct page_walk *walk);

struct case_fault *fault_find(struct case_engine *e, const void *task);
struct case_fault *fault_create(struct case_engine *e,
				const struct case_entry *entry,
				struct case_ctx *ctx);
void fault_free(struct case_engine *e, struct case_fault *f);

/* case.c */
void page_seen(struct case_engine *e, struct case_page *page,
	       enum case_look look, case_time stamp);
void page_settle(struct case_engine *e, struct case_page *page);
void page_installed(struct case_engine *e, struct case_page *page,
		    case_time begin);
void page_unsure(struct case_engine *e, struct case_page *page,
		 case_time begin, enum case_why why);

/* case_ctx.c */
void page_close_all(struct case_engine *e, struct case_page *page,
		    enum case_why why);
void page_cut(struct case_engine *e, struct case_page *page, enum case_why why);
void ctx_blind(struct case_engine *e, struct case_ctx *ctx);

/* case_op.c */
bool op_in_flight(struct case_engine *e, const struct case_page *page,
		  enum case_op_kind kind, case_time before);
void ops_free(struct case_engine *e, const void *key);
void ops_forget(struct case_engine *e, const struct case_ctx *ctx);

/* case_event.c */
void page_close(struct case_engine *e, struct case_page *page,
		enum case_wait wait, enum case_verdict verdict,
		enum case_why why);
struct case_event *event_create(struct case_engine *e, struct case_ctx *ctx,
				const struct case_entry *entry);
void event_ended(struct case_engine *e, const void *task);
void event_waits(struct case_event *v, struct case_page *page, enum case_wait wait);
void events_seen(struct case_page *page);
void events_free(struct case_engine *e, struct case_ctx *ctx);
void events_reset(struct case_engine *e);
void event_raced(struct case_engine *e, const struct case_ctx *ctx,
		 unsigned long addr, enum case_outcome outcome);

#endif /* UFFD_RACE_CASE_TABLE_H */
