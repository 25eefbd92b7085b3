/* SPDX-License-Identifier: GPL-2.0 */
/* Shorthand for facts and for what is expected of them. */
#ifndef UNIT_H
#define UNIT_H

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../src/verdict/internal.h"

#pragma GCC diagnostic ignored "-Wunused-function"

#define PAGE	0x200000UL
#define UFFD	((void *)0x1000)
#define UFFD2	((void *)0x2000)
#define MM	((void *)0x500)
#define T1	((void *)0x10)
#define T2	((void *)0x20)
#define T3	((void *)0x30)
#define R1	((void *)0x40)
#define R2	((void *)0x50)

static struct verdict_engine engine;
static _Alignas(16) char memory[1 << 16];
static unsigned int flags;
static unsigned long entry_addr;
static const void *entry_ctx;
static enum verdict_backing backing;
static enum verdict_type type;

/* The engine has checked its invariants. */
void verdict_broken(const char *what)
{
	fail_msg("not so: %s", what);
}

static inline void fresh(const struct verdict_limits *limits)
{
	assert_true(verdict_bytes(limits) <= sizeof(memory));
	memset(memory, 0xee, sizeof(memory));
	verdict_init(&engine, limits, memory);
	entry_addr = PAGE;
	entry_ctx = UFFD;
	backing = BACKING_HUGETLB;
	type = EVENT_MISSING;
	flags = 0;
}

/* UFFDIO_API, from its entry to its return. */
static inline bool opened(const void *key, unsigned long tag)
{
	if (!verdict_ctx_opening(&engine, key, tag))
		return false;
	verdict_ctx_opened(&engine, key, true);
	return true;
}

static inline struct verdict_entry entry(void *task, enum verdict_look look)
{
	return (struct verdict_entry){
		.task = task, .ctx = entry_ctx, .addr = entry_addr,
		.mm = MM, .size = 0x1000,
		.backing = backing, .type = type, .flags = flags, .look = look,
		.stamp = engine.clock,
	};
}

static inline void begin(void *task, enum verdict_look look)
{
	struct verdict_entry x = entry(task, look);

	verdict_fault_begin(&engine, &x);
}

static inline void event(void *task, enum verdict_look look)
{
	struct verdict_entry x = entry(task, look);

	verdict_fault_event(&engine, &x);
}

static inline void ended(void *task, enum verdict_result result, enum verdict_look look)
{
	verdict_fault_end(&engine, task, result, look, engine.clock);
}

static inline void end(void *task, bool failed, enum verdict_look look)
{
	ended(task, failed ? RESULT_FAILED : RESULT_MAY_HAVE_MAPPED, look);
}

static inline void looked(enum verdict_look look)
{
	verdict_looked(&engine, UFFD, PAGE, look, engine.clock);
}

/* Nothing decisive any more. */
static inline void expire(void)
{
	int i;

	for (i = 0; i < VERDICT_MAX_LOOKS; i++)
		looked(LOOK_UNKNOWN);
}

static inline void op(void *task, enum verdict_op_kind kind)
{
	verdict_op_begin(&engine, task, UFFD, kind, PAGE, PAGE + 0x1000);
}

static inline void op_done(void *task, enum verdict_op_kind kind,
			   enum verdict_outcome outcome)
{
	verdict_op_end(&engine, task, UFFD, kind, outcome, PAGE + 0x1000);
}

static inline void install(void *task, enum verdict_outcome outcome)
{
	op(task, OP_INSTALL);
	op_done(task, OP_INSTALL, outcome);
}

static inline void zap(void *task)
{
	op(task, OP_ZAP);
	op_done(task, OP_ZAP, OUTCOME_DONE);
}

#define THE_BOOKS	(&engine.stats.books[backing][type])

#define expect_open(n) do {						\
	verdict_check(&engine);						\
	assert_int_equal(THE_BOOKS->open, n);				\
} while (0)

#define expect_verdict(which, n) do {					\
	expect_open(0);							\
	assert_int_equal(THE_BOOKS->verdict[which], n);			\
} while (0)

#define expect_undecided(reason, n) do {				\
	verdict_check(&engine);						\
	assert_int_equal(engine.stats.why[reason], n);			\
} while (0)

#define expect_exposures(n)						\
	assert_int_equal(THE_BOOKS->exposures, n)

/* Nothing is in flight or waits: all records are back in their tables. */
#define expect_all_free(nctxs) do {					\
	unsigned int p_ = 0, f_ = 0, o_ = 0, c_ = 0;			\
	const struct verdict_page *page_ = engine.free_pages;		\
	const struct verdict_fault *fault_ = engine.free_faults;		\
	const struct verdict_op *op_ = engine.free_ops;			\
	const struct verdict_ctx *ctx_ = engine.free_ctxs;			\
									\
	for (; page_; page_ = page_->next)				\
		p_++;							\
	for (; fault_; fault_ = fault_->next)				\
		f_++;							\
	for (; op_; op_ = op_->next)					\
		o_++;							\
	for (; ctx_; ctx_ = ctx_->next)					\
		c_++;							\
	assert_int_equal(p_, engine.limits.pages);			\
	assert_int_equal(f_, engine.limits.faults);			\
	assert_int_equal(o_, engine.limits.ops);			\
	assert_int_equal(c_, engine.limits.ctxs - (nctxs));		\
	assert_null(engine.orphans);					\
} while (0)

#endif /* UNIT_H */
