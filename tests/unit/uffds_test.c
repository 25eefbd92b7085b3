// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict engine by example: the birth of a userfaultfd, and several of them
 * in one mm.
 */
#include "unit.h"

#define PRIVATE	(FAULT_F_PRIVATE | FAULT_F_ANON_PROVES | FAULT_F_ZAPS_KNOWN)

static void setup(unsigned int f)
{
	fresh(&(struct verdict_limits){ 8, 8, 4, 3 });
	flags = f;
	opened(UFFD, 42);
}

static void op2(void *task, const void *key, enum verdict_op_kind kind)
{
	verdict_op_begin(&engine, task, key, kind, PAGE, PAGE + 0x1000);
}

static void op2_done(void *task, const void *key, enum verdict_op_kind kind,
		     enum verdict_outcome outcome)
{
	verdict_op_end(&engine, task, key, kind, outcome, PAGE + 0x1000);
}

static const void *mm_of(const void *key)
{
	const struct verdict_ctx *ctx = verdict_ctx_find(&engine, key);

	return ctx ? ctx->mm : NULL;
}

/* --- Birth ------------------------------------------------------------------ */

static void ops_that_begin_before_api_returns_count(void **state)
{
	fresh(&(struct verdict_limits){ 4, 4, 4, 2 });
	flags = PRIVATE;
	assert_true(verdict_ctx_opening(&engine, UFFD, 42));
	op(R1, OP_INSTALL);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expect_undecided(WHY_UNKNOWN_CTX, 1);
	begin(T1, LOOK_NONE);
	verdict_ctx_opened(&engine, UFFD, true);
	event(T1, LOOK_ANON);
	expect_open(1);
	op_done(R1, OP_INSTALL, OUTCOME_DONE);
	expect_verdict(VERDICT_STALE, 1);
}

static void op_that_begins_before_api_is_entered(void **state)
{
	fresh(&(struct verdict_limits){ 4, 4, 4, 2 });
	flags = PRIVATE;
	op(R1, OP_INSTALL);
	opened(UFFD, 42);
	begin(T1, LOOK_NONE);
	op_done(R1, OP_INSTALL, OUTCOME_DONE);
	event(T1, LOOK_ANON);
	expect_verdict(VERDICT_STALE, 1);
}

static void api_that_fails_bears_nobody(void **state)
{
	fresh(&(struct verdict_limits){ 4, 4, 4, 2 });
	assert_true(verdict_ctx_opening(&engine, UFFD, 42));
	begin(T1, LOOK_NONE);
	op(R1, OP_INSTALL);
	verdict_ctx_opened(&engine, UFFD, false);
	assert_int_equal(verdict_ctx_tag(&engine, UFFD), 0);
	op_done(R1, OP_INSTALL, OUTCOME_DONE);
	expect_all_free(0);
	verdict_ctx_opened(&engine, UFFD, true);	/* of another call: too late */
	event(T1, LOOK_MAPPED);
	expect_undecided(WHY_UNKNOWN_CTX, 1);
}

/* It is older than the module, and fills the range of one that is not. */
static void api_that_fails_ends_no_operation(void **state)
{
	setup(PRIVATE);
	verdict_ctx_belongs(&engine, UFFD, MM);
	verdict_op_begin_at(&engine, R1, UFFD2, MM, OP_INSTALL, 0, ~0UL);
	assert_true(verdict_ctx_opening(&engine, UFFD2, 43));
	verdict_ctx_opened(&engine, UFFD2, false);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expect_open(1);
	verdict_op_end(&engine, R1, UFFD2, OP_INSTALL, OUTCOME_UNSURE, 0);
	expect_undecided(WHY_PARTIAL, 1);
}

static void second_api_call_harms_nobody(void **state)
{
	setup(PRIVATE);
	assert_true(verdict_ctx_opening(&engine, UFFD, 43));
	verdict_ctx_opened(&engine, UFFD, false);
	assert_int_equal(verdict_ctx_tag(&engine, UFFD), 42);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);
}

static void two_api_calls_at_once(void **state)
{
	fresh(&(struct verdict_limits){ 4, 4, 4, 2 });
	verdict_ctx_opening(&engine, UFFD, 42);
	verdict_ctx_opening(&engine, UFFD, 42);
	verdict_ctx_opened(&engine, UFFD, false);	/* the second, as it looks */
	verdict_ctx_opened(&engine, UFFD, true);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);
}

static void blind_before_its_birth(void **state)
{
	fresh(&(struct verdict_limits){ 4, 4, 4, 2 });
	verdict_ctx_opening(&engine, UFFD, 42);
	verdict_ctx_blind(&engine, UFFD);
	verdict_ctx_opened(&engine, UFFD, true);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expect_undecided(WHY_UNKNOWN_CTX, 1);
	begin(T1, LOOK_MAPPED);
	expect_all_free(1);
}

/* --- Its end, unseen ------------------------------------------------------- */

static void success_at_the_address_of_another_one(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	op(R1, OP_INSTALL);
	assert_true(verdict_ctx_opening(&engine, UFFD, 43));
	expect_open(1);
	verdict_ctx_opened(&engine, UFFD, true);
	expect_undecided(WHY_CHANGED, 1);
	assert_int_equal(verdict_ctx_tag(&engine, UFFD), 0);
	op_done(R1, OP_INSTALL, OUTCOME_EXISTS);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expect_undecided(WHY_UNKNOWN_CTX, 1);
}

static void what_is_in_flight_is_of_the_new_one(void **state)
{
	setup(PRIVATE);
	verdict_ctx_belongs(&engine, UFFD, MM);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	op(R1, OP_INSTALL);
	assert_true(verdict_ctx_over(&engine, UFFD));
	expect_undecided(WHY_CHANGED, 1);
	opened(UFFD, 43);
	assert_null(mm_of(UFFD));
	assert_int_equal(verdict_ctx_tag(&engine, UFFD), 43);
	begin(T2, LOOK_NONE);
	op_done(R1, OP_INSTALL, OUTCOME_DONE);
	event(T2, LOOK_ANON);
	expect_verdict(VERDICT_STALE, 1);
}

static void nothing_is_over_before_it_succeeds(void **state)
{
	fresh(&(struct verdict_limits){ 4, 4, 4, 2 });
	assert_false(verdict_ctx_over(&engine, UFFD));
	verdict_ctx_opening(&engine, UFFD, 42);
	assert_false(verdict_ctx_over(&engine, UFFD));
	verdict_ctx_opened(&engine, UFFD, true);
	begin(T1, LOOK_NONE);
	assert_true(verdict_ctx_over(&engine, UFFD));
	expect_all_free(0);
}

static void a_blind_one_is_over_too(void **state)
{
	setup(PRIVATE);
	verdict_ctx_blind(&engine, UFFD);
	assert_true(verdict_ctx_over(&engine, UFFD));
	opened(UFFD, 43);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);
}

/* --- An engine for each mm --------------------------------------------------- */

static struct verdict_engine strangers;
static _Alignas(16) char strangers_memory[1 << 12];

/* What the engine of an mm takes over: a fault there that COPY has resolved */
static void own_engine(void)
{
	const struct verdict_limits few = { 1, 1, 4, 1 };

	fresh(&(struct verdict_limits){ 8, 8, 4, 3 });
	flags = PRIVATE;
	assert_true(verdict_bytes(&few) <= sizeof(strangers_memory));
	verdict_init(&strangers, &few, strangers_memory);
}

static void what_was_in_flight_counts_in_the_new_engine(void **state)
{
	own_engine();
	verdict_op_begin_mm(&strangers, R1, MM, OP_INSTALL, PAGE, PAGE + 0x1000);
	verdict_op_begin_mm(&strangers, R2, (void *)0x600, OP_INSTALL, PAGE, PAGE + 0x1000);
	assert_true(verdict_ops_adopt(&engine, &strangers, MM));
	assert_ptr_equal(strangers.ops->mm, (void *)0x600);
	assert_null(strangers.ops->next);
	opened(UFFD, 42);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_ANON);
	expect_open(1);		/* not bogus: COPY may have been before the event */
	verdict_op_end(&engine, R1, MM, OP_INSTALL, OUTCOME_DONE, PAGE + 0x1000);
	expect_verdict(VERDICT_STALE, 1);
	assert_null(engine.ops);
}

static void the_end_of_what_was_adopted_ends_it(void **state)
{
	own_engine();
	verdict_op_begin_mm(&strangers, R1, MM, OP_INSTALL, PAGE, PAGE + 0x1000);
	assert_true(verdict_ops_adopt(&engine, &strangers, MM));
	opened(UFFD, 42);
	verdict_op_end(&engine, R1, MM, OP_INSTALL, OUTCOME_NOTHING, 0);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_ANON);
	expect_verdict(VERDICT_BOGUS, 1);
}

static void in_flight_where_nobody_knows(void **state)
{
	own_engine();
	verdict_op_begin(&strangers, R1, UFFD2, OP_INSTALL, PAGE, PAGE + 0x1000);
	assert_false(verdict_ops_adopt(&engine, &strangers, MM));
	assert_non_null(strangers.ops);
	assert_null(engine.ops);
}

static void an_mm_dies_with_all_that_it_has(void **state)
{
	setup(PRIVATE);
	opened(UFFD2, 0);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	verdict_all_gone(&engine);
	assert_null(engine.ctxs);
	expect_undecided(WHY_CHANGED, 1);
}

static void all_of_an_mm_are_complete_together(void **state)
{
	setup(PRIVATE);
	backing = BACKING_SHMEM;
	opened(UFFD2, 0);
	verdict_complete(&engine, true);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_ANON);
	expect_verdict(VERDICT_BOGUS, 1);
	verdict_complete(&engine, false);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_ANON);
	expect_undecided(WHY_NO_ENTRY, 1);
}

/* --- Several userfaultfds ------------------------------------------------------ */

/* UFFD2 has a fault in @mm, so the engine knows where it is. */
static void second_uffd(void *mm)
{
	struct verdict_entry x;

	opened(UFFD2, 0);
	x = entry(T3, LOOK_NONE);
	x.ctx = UFFD2;
	x.mm = mm;
	x.addr = PAGE + 0x5000;
	verdict_fault_begin(&engine, &x);
	end(T3, true, LOOK_UNKNOWN);
}

static void its_mm_is_known_from_the_first_fault(void **state)
{
	setup(PRIVATE);
	assert_null(mm_of(UFFD));
	assert_null(mm_of(UFFD2));
	begin(T1, LOOK_NONE);
	assert_ptr_equal(mm_of(UFFD), MM);
}

static void copy_through_another_userfaultfd_of_the_mm(void **state)
{
	setup(PRIVATE);
	second_uffd(MM);
	begin(T1, LOOK_NONE);
	op2(R1, UFFD2, OP_INSTALL);
	event(T1, LOOK_ANON);
	expect_open(1);
	op2_done(R1, UFFD2, OP_INSTALL, OUTCOME_DONE);
	expect_verdict(VERDICT_STALE, 1);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	op2(R1, UFFD2, OP_INSTALL);
	op2_done(R1, UFFD2, OP_INSTALL, OUTCOME_EXISTS);
	looked(LOOK_MAPPED);
	assert_int_equal(THE_BOOKS->verdict[VERDICT_BOGUS], 1);
}

static void one_thread_in_two_copies(void **state)
{
	setup(PRIVATE);
	second_uffd((void *)0x600);
	op(R1, OP_INSTALL);
	op2(R1, UFFD2, OP_INSTALL);
	begin(T1, LOOK_NONE);
	op2_done(R1, UFFD2, OP_INSTALL, OUTCOME_DONE);
	event(T1, LOOK_ANON);
	expect_open(1);
	op_done(R1, OP_INSTALL, OUTCOME_DONE);
	expect_verdict(VERDICT_STALE, 1);
}

static void unregister_of_a_wide_range(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	verdict_op_begin(&engine, R1, UFFD, OP_RANGE, PAGE - 0x100000, PAGE);
	expect_open(1);
	verdict_op_begin(&engine, R2, UFFD, OP_RANGE, PAGE - 0x100000, PAGE + 1);
	expect_undecided(WHY_CHANGED, 1);
}

static void copy_in_another_mm(void **state)
{
	setup(PRIVATE);
	second_uffd((void *)0x600);
	begin(T1, LOOK_NONE);
	op2(R1, UFFD2, OP_INSTALL);
	event(T1, LOOK_ANON);
	expect_verdict(VERDICT_BOGUS, 1);
	op2_done(R1, UFFD2, OP_INSTALL, OUTCOME_DONE);
}

static void copy_in_a_mm_that_is_not_known(void **state)
{
	setup(PRIVATE);
	opened(UFFD2, 0);
	begin(T1, LOOK_NONE);
	op2(R1, UFFD2, OP_INSTALL);
	event(T1, LOOK_ANON);
	expect_open(1);
	op2_done(R1, UFFD2, OP_INSTALL, OUTCOME_EXISTS);
	expect_verdict(VERDICT_BOGUS, 1);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	op2(R1, UFFD2, OP_INSTALL);
	op2_done(R1, UFFD2, OP_INSTALL, OUTCOME_EXISTS);
	expect_open(1);
	op2(R1, UFFD2, OP_INSTALL);
	op2_done(R1, UFFD2, OP_INSTALL, OUTCOME_DONE);
	expect_undecided(WHY_PARTIAL, 1);
}

static void copy_through_an_unknown_userfaultfd(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	op2(R1, UFFD2, OP_INSTALL);
	event(T1, LOOK_ANON);
	expect_open(1);
	op2_done(R1, UFFD2, OP_INSTALL, OUTCOME_DONE);
	expect_undecided(WHY_PARTIAL, 1);
	op2(R1, UFFD2, OP_INSTALL);
	op(R2, OP_INSTALL);
	verdict_ctx_gone(&engine, UFFD2);
	op_done(R2, OP_INSTALL, OUTCOME_DONE);
	expect_all_free(1);
}

static void copy_through_a_blind_userfaultfd(void **state)
{
	setup(PRIVATE);
	second_uffd(MM);
	op2(R1, UFFD2, OP_INSTALL);
	verdict_ctx_blind(&engine, UFFD2);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_ANON);
	expect_open(1);
	op2_done(R1, UFFD2, OP_INSTALL, OUTCOME_DONE);
	expect_verdict(VERDICT_STALE, 1);
}

/* UFFD2 may have been closed unseen, and its address be another one's. */
static void lost_is_where_a_userfaultfd_is(void **state)
{
	setup(PRIVATE);
	second_uffd((void *)0x600);
	verdict_ctx_gone(&engine, UFFD);
	verdict_lost(&engine);
	opened(UFFD, 0);
	begin(T1, LOOK_NONE);
	op2(R1, UFFD2, OP_INSTALL);
	event(T1, LOOK_ANON);
	expect_open(1);
	op2_done(R1, UFFD2, OP_INSTALL, OUTCOME_DONE);
	expect_undecided(WHY_PARTIAL, 1);
}

/* --- The hooks were switched off ------------------------------------------------ */

static void switched_hooks_close_all_cases(void **state)
{
	setup(PRIVATE);
	second_uffd(MM);
	begin(T2, LOOK_NONE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	expect_open(1);
	verdict_switched(&engine);
	expect_undecided(WHY_LOST, 1);
	assert_int_equal(engine.stats.lost, 1);
	assert_int_equal(verdict_ctx_tag(&engine, UFFD), 0);
	expect_all_free(0);
	looked(LOOK_ANON);
	event(T2, LOOK_ANON);
	expect_undecided(WHY_UNKNOWN_CTX, 1);
	assert_int_equal(THE_BOOKS->verdict[VERDICT_BOGUS], 0);
}

/* A userfaultfd that is opened later is judged, also at an address seen before. */
static void switched_hooks_are_forgotten_by_the_next(void **state)
{
	setup(PRIVATE);
	verdict_switched(&engine);
	opened(UFFD, 43);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	install(R1, OUTCOME_DONE);
	expect_verdict(VERDICT_GENUINE, 1);
}

/* Whose it was is not known any more; but not that it was. */
static void op_outlasts_switched_hooks(void **state)
{
	setup(PRIVATE);
	second_uffd((void *)0x600);
	op2(R1, UFFD2, OP_INSTALL);
	verdict_switched(&engine);
	opened(UFFD, 43);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_ANON);
	expect_open(1);
	op2_done(R1, UFFD2, OP_INSTALL, OUTCOME_DONE);
	expect_undecided(WHY_PARTIAL, 1);
	expect_all_free(1);
}

static void api_in_flight_while_hooks_are_switched(void **state)
{
	fresh(&(struct verdict_limits){ 4, 4, 4, 2 });
	assert_true(verdict_ctx_opening(&engine, UFFD, 42));
	verdict_switched(&engine);
	verdict_ctx_opened(&engine, UFFD, true);
	assert_int_equal(verdict_ctx_tag(&engine, UFFD), 0);
	expect_all_free(0);
}

static void no_room_for_the_op_of_another_userfaultfd(void **state)
{
	int i;

	setup(PRIVATE);
	second_uffd(MM);
	opened((void *)0x3000, 0);
	entry_ctx = (void *)0x3000;
	begin(T2, LOOK_NONE);
	verdict_ctx_find(&engine, entry_ctx)->mm = (void *)0x600;
	entry_ctx = UFFD;
	for (i = 0; i < 5; i++)
		op2((void *)(0x100UL + i), UFFD2, OP_INSTALL);
	assert_int_equal(engine.stats.ops_full, 1);
	assert_int_equal(engine.stats.blinded, 2);
	begin(T1, LOOK_MAPPED);
	event(T1, LOOK_MAPPED);
	expect_undecided(WHY_UNKNOWN_CTX, 1);
	entry_ctx = (void *)0x3000;
	event(T2, LOOK_MAPPED);
	assert_int_equal(THE_BOOKS->verdict[VERDICT_BOGUS], 1);
}

static void unregister_through_another_userfaultfd(void **state)
{
	setup(PRIVATE);
	second_uffd(MM);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	op2(R1, UFFD2, OP_RANGE);
	expect_undecided(WHY_CHANGED, 1);
}

static void move_takes_the_page_of_another_userfaultfd(void **state)
{
	setup(PRIVATE);
	second_uffd(MM);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	op2(R1, UFFD2, OP_ZAP);
	expect_undecided(WHY_DROPPED, 1);
}

/* Nobody has faulted under UFFD2 yet. */
static void mm_that_was_told(void **state)
{
	setup(PRIVATE);
	opened(UFFD2, 0);
	verdict_ctx_belongs(&engine, UFFD2, (void *)0x600);
	assert_ptr_equal(mm_of(UFFD2), (void *)0x600);
	begin(T1, LOOK_NONE);
	verdict_op_begin(&engine, R1, UFFD2, OP_INSTALL, 0, -1UL);
	event(T1, LOOK_ANON);
	expect_verdict(VERDICT_BOGUS, 1);
	verdict_op_end(&engine, R1, UFFD2, OP_INSTALL, OUTCOME_DONE, -1UL);
	verdict_ctx_belongs(&engine, UFFD2, MM);
	begin(T1, LOOK_NONE);
	verdict_op_begin(&engine, R1, UFFD2, OP_INSTALL, 0, -1UL);
	event(T1, LOOK_ANON);
	expect_open(1);
	verdict_op_end(&engine, R1, UFFD2, OP_INSTALL, OUTCOME_DONE, -1UL);
	expect_verdict(VERDICT_STALE, 1);
	verdict_ctx_belongs(&engine, (void *)0x777, MM);
	assert_null(mm_of((void *)0x777));
}

/* Whoever does it, and whatever range he names: only one mm is concerned. */
static void register_in_another_mm(void **state)
{
	setup(PRIVATE);
	verdict_ctx_belongs(&engine, UFFD, MM);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	verdict_op_begin_mm(&engine, R1, (void *)0x600, OP_RANGE, 0, -1UL);
	verdict_op_end(&engine, R1, (void *)0x600, OP_RANGE, OUTCOME_DONE, -1UL);
	expect_open(1);
	verdict_op_begin_mm(&engine, R1, MM, OP_RANGE, 0, -1UL);
	expect_undecided(WHY_CHANGED, 1);
	verdict_op_end(&engine, R1, MM, OP_RANGE, OUTCOME_DONE, -1UL);
}

/* The vma says whose range it is, though its userfaultfd has no record. */
static void zap_of_nobody_in_another_mm(void **state)
{
	setup(PRIVATE);
	verdict_ctx_belongs(&engine, UFFD, MM);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	verdict_op_begin_at(&engine, R1, (void *)0x999, (void *)0x600, OP_ZAP, 0, -1UL);
	verdict_op_end(&engine, R1, (void *)0x999, OP_ZAP, OUTCOME_DONE, 0);
	expect_open(1);
	verdict_op_begin_at(&engine, R1, (void *)0x999, MM, OP_ZAP, 0, -1UL);
	expect_undecided(WHY_DROPPED, 1);
	verdict_op_end(&engine, R1, (void *)0x999, OP_ZAP, OUTCOME_DONE, 0);
}

/* An event that is not judged ends its fault, and no older one as if it knew. */
static void fault_that_ends_unjudged(void **state)
{
	setup(0);
	begin(T1, LOOK_NONE);
	begin(T2, LOOK_NONE);
	event(T2, LOOK_NONE);
	verdict_fault_over(&engine, T1, UFFD, PAGE);
	expect_open(1);
	begin(T1, LOOK_NONE);
	verdict_fault_over(&engine, T1, UFFD, PAGE + 0x1000);
	expect_undecided(WHY_SILENT, 1);
	verdict_fault_over(&engine, T1, UFFD, PAGE);
}

static void unseen_in_one_mm(void **state)
{
	setup(PRIVATE);
	verdict_ctx_belongs(&engine, UFFD, MM);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	verdict_mm_blind(&engine, (void *)0x600);
	expect_open(1);
	verdict_mm_blind(&engine, MM);
	expect_undecided(WHY_LOST, 1);
}

static void unseen_in_any_mm(void **state)
{
	setup(PRIVATE);
	verdict_ctx_belongs(&engine, UFFD, MM);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	verdict_mm_blind(&engine, NULL);
	expect_undecided(WHY_LOST, 1);
}

static void fault_in_another_mm_than_known(void **state)
{
	setup(PRIVATE);
	verdict_ctx_belongs(&engine, UFFD, (void *)0x600);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	expect_undecided(WHY_UNKNOWN_CTX, 1);
}

/* --- Operations on an mm, whoever does them ---------------------------------- */

static void mm_begin(const void *mm, enum verdict_op_kind kind)
{
	verdict_op_begin_mm(&engine, R1, mm, kind, PAGE, PAGE + 0x2000);
}

static void mm_end(const void *mm, enum verdict_op_kind kind,
		   enum verdict_outcome outcome, unsigned long done_end)
{
	verdict_op_end(&engine, R1, mm, kind, outcome, done_end);
}

static void install_in_the_mm(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	mm_begin(MM, OP_INSTALL);
	event(T1, LOOK_ANON);
	expect_open(1);
	mm_end(MM, OP_INSTALL, OUTCOME_DONE, PAGE + 0x1000);
	expect_verdict(VERDICT_STALE, 1);
	expect_all_free(1);
}

static void install_in_the_mm_stops_before_the_page(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	mm_begin(MM, OP_INSTALL);
	event(T1, LOOK_ANON);
	expect_open(1);
	mm_end(MM, OP_INSTALL, OUTCOME_DONE, PAGE);
	expect_verdict(VERDICT_BOGUS, 1);
	begin(T1, LOOK_NONE);
	mm_begin(MM, OP_INSTALL);
	event(T1, LOOK_ANON);
	mm_end(MM, OP_INSTALL, OUTCOME_EXISTS, 0);
	expect_verdict(VERDICT_BOGUS, 2);
}

static void install_in_another_mm(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	mm_begin((void *)0x600, OP_INSTALL);
	event(T1, LOOK_ANON);
	expect_verdict(VERDICT_BOGUS, 1);
	mm_end(MM, OP_INSTALL, OUTCOME_DONE, PAGE + 0x1000);	/* nobody's */
	mm_end((void *)0x600, OP_INSTALL, OUTCOME_DONE, PAGE + 0x1000);
	expect_all_free(1);
}

/* The first fault under UFFD would tell whose it is. */
static void install_in_an_mm_before_the_first_fault(void **state)
{
	setup(PRIVATE);
	mm_begin(MM, OP_INSTALL);
	begin(T1, LOOK_NONE);
	mm_end(MM, OP_INSTALL, OUTCOME_DONE, PAGE + 0x1000);
	event(T1, LOOK_ANON);
	expect_verdict(VERDICT_STALE, 1);
}

static void install_in_an_mm_beside_a_userfaultfd_of_an_unknown_one(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	verdict_ctx_belongs(&engine, UFFD, NULL);
	mm_begin(MM, OP_INSTALL);
	mm_end(MM, OP_INSTALL, OUTCOME_DONE, PAGE + 0x1000);
	event(T1, LOOK_ANON);
	expect_undecided(WHY_PARTIAL, 1);
}

static void move_takes_a_page_of_the_mm(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	mm_begin((void *)0x600, OP_ZAP);
	expect_open(1);
	mm_begin(MM, OP_ZAP);
	expect_undecided(WHY_DROPPED, 1);
}

static void install_in_the_mm_whose_end_was_missed(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	mm_begin(MM, OP_INSTALL);
	event(T1, LOOK_ANON);
	mm_begin(MM, OP_INSTALL);
	expect_undecided(WHY_PARTIAL, 1);
	mm_end(MM, OP_INSTALL, OUTCOME_NOTHING, 0);
	expect_all_free(1);
}

/* A MOVE inside an ioctl that is not believed: each has its own end. */
static void operation_of_an_mm_inside_one_of_a_userfaultfd(void **state)
{
	setup(PRIVATE);
	op(R1, OP_INSTALL);
	begin(T1, LOOK_NONE);
	mm_begin(MM, OP_INSTALL);
	mm_end(MM, OP_INSTALL, OUTCOME_NOTHING, 0);
	event(T1, LOOK_ANON);
	expect_open(1);
	op_done(R1, OP_INSTALL, OUTCOME_UNSURE);
	expect_undecided(WHY_PARTIAL, 1);
}

static void no_room_for_an_operation_of_the_mm(void **state)
{
	fresh(&(struct verdict_limits){ 4, 4, 1, 2 });
	flags = PRIVATE;
	opened(UFFD, 42);
	begin(T1, LOOK_NONE);
	op2(R2, UFFD, OP_ZAP);
	mm_begin(MM, OP_INSTALL);
	event(T1, LOOK_ANON);
	expect_undecided(WHY_UNKNOWN_CTX, 1);
	assert_int_equal(engine.stats.ops_full, 1);
}

static void ioctl_that_lost_the_race(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_ANON);
	verdict_raced(&engine, UFFD, PAGE, OUTCOME_EXISTS);
	assert_int_equal(engine.stats.raced_bogus, 1);
	verdict_raced(&engine, UFFD, PAGE, OUTCOME_AGAIN);
	assert_int_equal(engine.stats.raced, 1);
	verdict_raced(&engine, UFFD, PAGE, OUTCOME_NOTHING);
	verdict_raced(&engine, UFFD, PAGE, OUTCOME_DONE);
	verdict_raced(&engine, UFFD2, PAGE, OUTCOME_EXISTS);
	assert_int_equal(engine.stats.raced, 1);
	assert_int_equal(engine.stats.raced_bogus, 1);
}

static void kept_unless_something_was_taken_away(void **state)
{
	verdict_time since;

	setup(PRIVATE);
	verdict_ctx_belongs(&engine, UFFD, MM);
	assert_false(verdict_kept(&engine, MM, engine.clock));	/* not watched */
	verdict_ctx_complete(&engine, UFFD, true);
	since = engine.clock;
	assert_true(verdict_kept(&engine, MM, since));
	assert_false(verdict_kept(&engine, (void *)0x600, since));
	op(R1, OP_INSTALL);
	assert_true(verdict_kept(&engine, MM, since));
	op_done(R1, OP_INSTALL, OUTCOME_DONE);
	assert_true(verdict_kept(&engine, MM, since));
	op(R1, OP_ZAP);
	assert_false(verdict_kept(&engine, MM, since));
	since = engine.clock;
	assert_false(verdict_kept(&engine, MM, since));	/* it goes on */
	op_done(R1, OP_ZAP, OUTCOME_DONE);
	assert_false(verdict_kept(&engine, MM, since));
	assert_true(verdict_kept(&engine, MM, engine.clock));
	op(R1, OP_RANGE);
	op_done(R1, OP_RANGE, OUTCOME_DONE);
	assert_false(verdict_kept(&engine, MM, since));
}

static void kept_only_where_everything_is_told(void **state)
{
	setup(PRIVATE);
	verdict_ctx_belongs(&engine, UFFD, MM);
	engine.clock++;
	assert_false(verdict_kept(&engine, MM, engine.clock));
	verdict_ctx_complete(&engine, UFFD, true);
	assert_false(verdict_kept(&engine, MM, engine.clock - 1));
	assert_true(verdict_kept(&engine, MM, engine.clock));
	opened(UFFD2, 0);			/* of an mm that is not known */
	assert_true(verdict_kept(&engine, MM, engine.clock));
	op2(R2, UFFD2, OP_ZAP);
	assert_false(verdict_kept(&engine, MM, engine.clock));
	op2_done(R2, UFFD2, OP_ZAP, OUTCOME_DONE);
	verdict_ctx_belongs(&engine, UFFD2, (void *)0x600);
	op2(R2, UFFD2, OP_ZAP);
	assert_true(verdict_kept(&engine, MM, engine.clock));
	verdict_ctx_blind(&engine, UFFD2);
	assert_true(verdict_kept(&engine, MM, engine.clock));
	verdict_ctx_blind(&engine, UFFD);
	assert_false(verdict_kept(&engine, MM, engine.clock));
}

/* --- What asks for no userfaultfd: a collapse ---------------------------------- */

static void collapse_of(void *mm)
{
	verdict_mm_op_begin(&engine, R1, mm, OP_INSTALL, PAGE, PAGE + 0x1000);
}

static void collapse_done(void *mm)
{
	verdict_op_end(&engine, R1, mm, OP_INSTALL, OUTCOME_UNSURE, 0);
}

static void collapse_from_before_the_userfaultfd(void **state)
{
	setup(FAULT_F_ZAPS_KNOWN | FAULT_F_NEVER_INSTALLS);
	verdict_ctx_gone(&engine, UFFD);
	collapse_of(MM);
	opened(UFFD, 0);
	verdict_ctx_complete(&engine, UFFD, true);
	backing = BACKING_SHMEM;
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	looked(LOOK_MAPPED);
	expect_open(1);
	collapse_done(MM);
	expect_undecided(WHY_PARTIAL, 1);
	expect_open(0);
}

static void collapse_in_another_mm(void **state)
{
	setup(FAULT_F_ZAPS_KNOWN | FAULT_F_NEVER_INSTALLS);
	verdict_ctx_complete(&engine, UFFD, true);
	backing = BACKING_SHMEM;
	begin(T1, LOOK_NONE);
	collapse_of((void *)0x600);
	event(T1, LOOK_NONE);
	looked(LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);
	collapse_done((void *)0x600);
	expect_all_free(1);
}

/* Hugetlb is left alone, and holes of an anonymous range stay holes. */
static void collapse_that_fills_no_hole(void **state)
{
	for (backing = BACKING_HUGETLB; backing < NR_BACKINGS; backing += 2) {
		enum verdict_backing b = backing;

		setup(FAULT_F_ZAPS_KNOWN | FAULT_F_NEVER_INSTALLS);
		verdict_ctx_complete(&engine, UFFD, true);
		backing = b;
		collapse_of(MM);
		begin(T1, LOOK_NONE);
		event(T1, LOOK_NONE);
		looked(LOOK_MAPPED);
		expect_verdict(VERDICT_BOGUS, 1);
		begin(T1, LOOK_NONE);
		event(T1, LOOK_NONE);
		collapse_done(MM);
		expect_open(1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ops_that_begin_before_api_returns_count),
		cmocka_unit_test(op_that_begins_before_api_is_entered),
		cmocka_unit_test(api_that_fails_bears_nobody),
		cmocka_unit_test(api_that_fails_ends_no_operation),
		cmocka_unit_test(second_api_call_harms_nobody),
		cmocka_unit_test(two_api_calls_at_once),
		cmocka_unit_test(blind_before_its_birth),
		cmocka_unit_test(its_mm_is_known_from_the_first_fault),
		cmocka_unit_test(copy_through_another_userfaultfd_of_the_mm),
		cmocka_unit_test(one_thread_in_two_copies),
		cmocka_unit_test(unregister_of_a_wide_range),
		cmocka_unit_test(copy_in_another_mm),
		cmocka_unit_test(copy_in_a_mm_that_is_not_known),
		cmocka_unit_test(copy_through_an_unknown_userfaultfd),
		cmocka_unit_test(copy_through_a_blind_userfaultfd),
		cmocka_unit_test(lost_is_where_a_userfaultfd_is),
		cmocka_unit_test(switched_hooks_close_all_cases),
		cmocka_unit_test(switched_hooks_are_forgotten_by_the_next),
		cmocka_unit_test(op_outlasts_switched_hooks),
		cmocka_unit_test(api_in_flight_while_hooks_are_switched),
		cmocka_unit_test(no_room_for_the_op_of_another_userfaultfd),
		cmocka_unit_test(unregister_through_another_userfaultfd),
		cmocka_unit_test(move_takes_the_page_of_another_userfaultfd),
		cmocka_unit_test(mm_that_was_told),
		cmocka_unit_test(success_at_the_address_of_another_one),
		cmocka_unit_test(what_is_in_flight_is_of_the_new_one),
		cmocka_unit_test(nothing_is_over_before_it_succeeds),
		cmocka_unit_test(a_blind_one_is_over_too),
		cmocka_unit_test(register_in_another_mm),
		cmocka_unit_test(zap_of_nobody_in_another_mm),
		cmocka_unit_test(fault_that_ends_unjudged),
		cmocka_unit_test(unseen_in_one_mm),
		cmocka_unit_test(unseen_in_any_mm),
		cmocka_unit_test(fault_in_another_mm_than_known),
		cmocka_unit_test(install_in_the_mm),
		cmocka_unit_test(install_in_the_mm_stops_before_the_page),
		cmocka_unit_test(install_in_another_mm),
		cmocka_unit_test(install_in_an_mm_before_the_first_fault),
		cmocka_unit_test(install_in_an_mm_beside_a_userfaultfd_of_an_unknown_one),
		cmocka_unit_test(move_takes_a_page_of_the_mm),
		cmocka_unit_test(install_in_the_mm_whose_end_was_missed),
		cmocka_unit_test(operation_of_an_mm_inside_one_of_a_userfaultfd),
		cmocka_unit_test(no_room_for_an_operation_of_the_mm),
		cmocka_unit_test(ioctl_that_lost_the_race),
		cmocka_unit_test(what_was_in_flight_counts_in_the_new_engine),
		cmocka_unit_test(the_end_of_what_was_adopted_ends_it),
		cmocka_unit_test(in_flight_where_nobody_knows),
		cmocka_unit_test(an_mm_dies_with_all_that_it_has),
		cmocka_unit_test(all_of_an_mm_are_complete_together),
		cmocka_unit_test(kept_unless_something_was_taken_away),
		cmocka_unit_test(kept_only_where_everything_is_told),
		cmocka_unit_test(collapse_from_before_the_userfaultfd),
		cmocka_unit_test(collapse_in_another_mm),
		cmocka_unit_test(collapse_that_fills_no_hole),
	};

	return cmocka_run_group_tests_name("uffds", tests, NULL, NULL);
}
