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

struct case_ctx {
	struct case_ctx *next;		/* hash chain or free list */
	const void *key;
	unsigned long tag;		/* the caller's */
	bool known;
	case_time changed;		/* last time an op or a silent fault ended */
	struct case_page *pages;
	struct case_op *ops;
};

struct case_page {
	struct case_page *next;		/* hash chain or free list */
	struct case_page *ctx_next, *ctx_prev;
	struct case_ctx *ctx;
	struct case_fault *faults;	/* in flight, no event so far */
	unsigned long addr;
	unsigned long owner;
	enum case_backing backing;
	unsigned int flags;		/* CASE_F_* of the vma, not of a fault */
	unsigned int wait[CASE_NR_WAITS][CASE_NR_TYPES];
	unsigned int looks;
	case_time opened;		/* newest event in wait[CASE_OPEN] */
	case_time mark;			/* newest look that found it mapped */
	case_time installed;		/* last end of an install */
	case_time unsure;		/* last end of what may have been one */
	enum case_why unsure_why;
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
	case_time begin;
	unsigned int flags;
	enum case_type type;
	enum case_look look;
};

struct case_op {
	struct case_op *next;		/* of the ctx, or free list */
	const void *task;
	enum case_op_kind kind;
	unsigned long start, end;
	case_time begin;
};

struct case_ctx *ctx_find(struct case_engine *e, const void *key);
struct case_ctx *ctx_create(struct case_engine *e, const void *key);
void ctx_free(struct case_engine *e, struct case_ctx *ctx);

struct case_page *page_find(struct case_engine *e, const struct case_ctx *ctx,
			    unsigned long addr);
struct case_page *page_create(struct case_engine *e, struct case_ctx *ctx,
			      unsigned long addr);
void page_put(struct case_engine *e, struct case_page *page);
void page_close(struct case_engine *e, struct case_page *page,
		enum case_wait wait, enum case_verdict verdict,
		enum case_why why);

/* case_ctx.c */
void page_close_all(struct case_engine *e, struct case_page *page,
		    enum case_why why);
void page_cut(struct case_engine *e, struct case_page *page, enum case_why why);

struct case_fault *fault_find(struct case_engine *e, const void *task);
struct case_fault *fault_create(struct case_engine *e, const void *task,
				struct case_ctx *ctx, unsigned long addr);
void fault_free(struct case_engine *e, struct case_fault *f);

struct case_op *op_create(struct case_engine *e, struct case_ctx *ctx);
struct case_op *op_find(const struct case_ctx *ctx, const void *task,
			enum case_op_kind kind);
void op_free(struct case_engine *e, struct case_ctx *ctx, struct case_op *op);
bool op_in_flight(const struct case_page *page, enum case_op_kind kind,
		  case_time before);

#endif /* UFFD_RACE_CASE_TABLE_H */
