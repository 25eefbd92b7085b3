// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict engine by example: the birth of a userfaultfd, and several of them
 * in one mm.
 */
#include "unit.h"

#define PRIVATE	(CASE_F_PRIVATE | CASE_F_ANON_PROVES | CASE_F_ZAPS_KNOWN)

static void setup(unsigned int f)
{
	fresh(&(struct case_limits){ 8, 8, 4, 3 });
	flags = f;
	born(UFFD, 42);
}

static void op2(void *task, const void *key, enum case_op_kind kind)
{
	case_op_begin(&engine, task, key, kind, PAGE, PAGE + 0x1000);
}

static void op2_done(void *task, const void *key, enum case_op_kind kind,
		     enum case_outcome outcome)
{
	case_op_end(&engine, task, key, kind, outcome, PAGE + 0x1000);
}

/* --- Birth ------------------------------------------------------------------ */

static void ops_that_begin_before_api_returns_count(void **state)
{
	fresh(&(struct case_limits){ 4, 4, 4, 2 });
	flags = PRIVATE;
	assert_true(case_ctx_bear(&engine, UFFD, 42));
	op(R1, CASE_OP_INSTALL);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_MAPPED);
	expect_undecided(CASE_WHY_UNKNOWN_CTX, 1);
	begin(T1, CASE_LOOK_NONE);
	case_ctx_born(&engine, UFFD, true);
	event(T1, CASE_LOOK_ANON);
	expect_open(1);
	op_done(R1, CASE_OP_INSTALL, CASE_DONE);
	expect_verdict(CASE_STALE, 1);
}

static void op_that_begins_before_api_is_entered(void **state)
{
	fresh(&(struct case_limits){ 4, 4, 4, 2 });
	flags = PRIVATE;
	op(R1, CASE_OP_INSTALL);
	born(UFFD, 42);
	begin(T1, CASE_LOOK_NONE);
	op_done(R1, CASE_OP_INSTALL, CASE_DONE);
	event(T1, CASE_LOOK_ANON);
	expect_verdict(CASE_STALE, 1);
}

static void api_that_fails_bears_nobody(void **state)
{
	fresh(&(struct case_limits){ 4, 4, 4, 2 });
	assert_true(case_ctx_bear(&engine, UFFD, 42));
	begin(T1, CASE_LOOK_NONE);
	op(R1, CASE_OP_INSTALL);
	case_ctx_born(&engine, UFFD, false);
	assert_int_equal(case_ctx_tag(&engine, UFFD), 0);
	expect_all_free(0);
	case_ctx_born(&engine, UFFD, true);	/* of another call: too late */
	event(T1, CASE_LOOK_MAPPED);
	expect_undecided(CASE_WHY_UNKNOWN_CTX, 1);
}

static void second_api_call_harms_nobody(void **state)
{
	setup(PRIVATE);
	assert_true(case_ctx_bear(&engine, UFFD, 43));
	case_ctx_born(&engine, UFFD, false);
	assert_int_equal(case_ctx_tag(&engine, UFFD), 42);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_MAPPED);
	expect_verdict(CASE_BOGUS, 1);
}

static void two_api_calls_at_once(void **state)
{
	fresh(&(struct case_limits){ 4, 4, 4, 2 });
	case_ctx_bear(&engine, UFFD, 42);
	case_ctx_bear(&engine, UFFD, 42);
	case_ctx_born(&engine, UFFD, false);	/* the second, as it looks */
	case_ctx_born(&engine, UFFD, true);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_MAPPED);
	expect_verdict(CASE_BOGUS, 1);
}

static void blind_before_its_birth(void **state)
{
	fresh(&(struct case_limits){ 4, 4, 4, 2 });
	case_ctx_bear(&engine, UFFD, 42);
	case_ctx_blind(&engine, UFFD);
	case_ctx_born(&engine, UFFD, true);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_MAPPED);
	expect_undecided(CASE_WHY_UNKNOWN_CTX, 1);
	begin(T1, CASE_LOOK_MAPPED);
	expect_all_free(1);
}

/* --- Its end, unseen ------------------------------------------------------- */

static void success_at_the_address_of_another_one(void **state)
{
	setup(PRIVATE);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_NONE);
	op(R1, CASE_OP_INSTALL);
	assert_true(case_ctx_bear(&engine, UFFD, 43));
	expect_open(1);
	case_ctx_born(&engine, UFFD, true);
	expect_undecided(CASE_WHY_CHANGED, 1);
	assert_int_equal(case_ctx_tag(&engine, UFFD), 0);
	op_done(R1, CASE_OP_INSTALL, CASE_EXISTS);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_MAPPED);
	expect_undecided(CASE_WHY_UNKNOWN_CTX, 1);
}

static void what_is_in_flight_is_of_the_new_one(void **state)
{
	setup(PRIVATE);
	case_ctx_belongs(&engine, UFFD, MM);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_NONE);
	op(R1, CASE_OP_INSTALL);
	assert_true(case_ctx_over(&engine, UFFD));
	expect_undecided(CASE_WHY_CHANGED, 1);
	born(UFFD, 43);
	assert_null(case_ctx_mm(&engine, UFFD));
	assert_int_equal(case_ctx_tag(&engine, UFFD), 43);
	begin(T2, CASE_LOOK_NONE);
	op_done(R1, CASE_OP_INSTALL, CASE_DONE);
	event(T2, CASE_LOOK_ANON);
	expect_verdict(CASE_STALE, 1);
}

static void nothing_is_over_before_it_succeeds(void **state)
{
	fresh(&(struct case_limits){ 4, 4, 4, 2 });
	assert_false(case_ctx_over(&engine, UFFD));
	case_ctx_bear(&engine, UFFD, 42);
	assert_false(case_ctx_over(&engine, UFFD));
	case_ctx_born(&engine, UFFD, true);
	begin(T1, CASE_LOOK_NONE);
	assert_true(case_ctx_over(&engine, UFFD));
	expect_all_free(0);
}

static void a_blind_one_is_over_too(void **state)
{
	setup(PRIVATE);
	case_ctx_blind(&engine, UFFD);
	assert_true(case_ctx_over(&engine, UFFD));
	born(UFFD, 43);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_MAPPED);
	expect_verdict(CASE_BOGUS, 1);
}

/* --- Shares ------------------------------------------------------------------ */

static bool pays(const void *key, unsigned long payer)
{
	if (!case_ctx_affords(&engine, payer))
		return false;
	born(key, 1);
	case_ctx_pays(&engine, key, payer);
	return true;
}

static void nobody_gets_more_than_half_of_the_rest(void **state)
{
	fresh(&(struct case_limits){ 4, 4, 4, 8 });
	assert_true(pays((void *)0x10, 1));
	assert_true(pays((void *)0x20, 1));
	assert_true(pays((void *)0x30, 1));
	assert_true(pays((void *)0x40, 1));
	assert_false(pays((void *)0x50, 1));
	assert_int_equal(engine.stats.ctxs_full, 1);
	assert_true(pays((void *)0x60, 2));
	assert_true(pays((void *)0x70, 2));
	assert_false(pays((void *)0x80, 2));
	assert_true(pays((void *)0x80, 3));
	assert_int_equal(case_ctx_payer(&engine, (void *)0x70), 2);
	assert_int_equal(case_ctx_payer(&engine, (void *)0x90), 0);
	case_ctx_gone(&engine, (void *)0x20);
	assert_false(pays((void *)0x20, 1));
	case_ctx_gone(&engine, (void *)0x10);
	case_ctx_gone(&engine, (void *)0x60);
	assert_true(pays((void *)0x10, 1));
	case_ctx_pays(&engine, (void *)0x99, 1);	/* no record: no bill */
}

static void the_only_place_is_for_anybody(void **state)
{
	fresh(&(struct case_limits){ 4, 4, 4, 1 });
	assert_true(pays((void *)0x10, 1));
	assert_false(pays((void *)0x20, 1));
	assert_false(pays((void *)0x20, 2));
}

/* --- Several userfaultfds ------------------------------------------------------ */

/* UFFD2 has a fault in @mm, so the engine knows where it is. */
static void second_uffd(void *mm)
{
	struct case_entry x;

	born(UFFD2, 0);
	x = entry(T3, CASE_LOOK_NONE);
	x.ctx = UFFD2;
	x.mm = mm;
	x.addr = PAGE + 0x5000;
	case_fault_begin(&engine, &x);
	end(T3, true, CASE_LOOK_UNKNOWN);
}

static void its_mm_is_known_from_the_first_fault(void **state)
{
	setup(PRIVATE);
	assert_null(case_ctx_mm(&engine, UFFD));
	assert_null(case_ctx_mm(&engine, UFFD2));
	begin(T1, CASE_LOOK_NONE);
	assert_ptr_equal(case_ctx_mm(&engine, UFFD), MM);
}

static void copy_through_another_userfaultfd_of_the_mm(void **state)
{
	setup(PRIVATE);
	second_uffd(MM);
	begin(T1, CASE_LOOK_NONE);
	op2(R1, UFFD2, CASE_OP_INSTALL);
	event(T1, CASE_LOOK_ANON);
	expect_open(1);
	op2_done(R1, UFFD2, CASE_OP_INSTALL, CASE_DONE);
	expect_verdict(CASE_STALE, 1);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_NONE);
	op2(R1, UFFD2, CASE_OP_INSTALL);
	op2_done(R1, UFFD2, CASE_OP_INSTALL, CASE_EXISTS);
	looked(CASE_LOOK_MAPPED);
	assert_int_equal(THE_BOOKS->verdict[CASE_BOGUS], 1);
}

static void one_thread_in_two_copies(void **state)
{
	setup(PRIVATE);
	second_uffd((void *)0x600);
	op(R1, CASE_OP_INSTALL);
	op2(R1, UFFD2, CASE_OP_INSTALL);
	begin(T1, CASE_LOOK_NONE);
	op2_done(R1, UFFD2, CASE_OP_INSTALL, CASE_DONE);
	event(T1, CASE_LOOK_ANON);
	expect_open(1);
	op_done(R1, CASE_OP_INSTALL, CASE_DONE);
	expect_verdict(CASE_STALE, 1);
}

static void unregister_of_a_wide_range(void **state)
{
	setup(PRIVATE);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_NONE);
	case_op_begin(&engine, R1, UFFD, CASE_OP_HOLE, PAGE - 0x100000, PAGE);
	expect_open(1);
	case_op_begin(&engine, R2, UFFD, CASE_OP_HOLE, PAGE - 0x100000, PAGE + 1);
	expect_undecided(CASE_WHY_CHANGED, 1);
}

static void copy_in_another_mm(void **state)
{
	setup(PRIVATE);
	second_uffd((void *)0x600);
	begin(T1, CASE_LOOK_NONE);
	op2(R1, UFFD2, CASE_OP_INSTALL);
	event(T1, CASE_LOOK_ANON);
	expect_verdict(CASE_BOGUS, 1);
	op2_done(R1, UFFD2, CASE_OP_INSTALL, CASE_DONE);
}

static void copy_in_a_mm_that_is_not_known(void **state)
{
	setup(PRIVATE);
	born(UFFD2, 0);
	begin(T1, CASE_LOOK_NONE);
	op2(R1, UFFD2, CASE_OP_INSTALL);
	event(T1, CASE_LOOK_ANON);
	expect_open(1);
	op2_done(R1, UFFD2, CASE_OP_INSTALL, CASE_EXISTS);
	expect_verdict(CASE_BOGUS, 1);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_NONE);
	op2(R1, UFFD2, CASE_OP_INSTALL);
	op2_done(R1, UFFD2, CASE_OP_INSTALL, CASE_EXISTS);
	expect_open(1);
	op2(R1, UFFD2, CASE_OP_INSTALL);
	op2_done(R1, UFFD2, CASE_OP_INSTALL, CASE_DONE);
	expect_undecided(CASE_WHY_PARTIAL, 1);
}

static void copy_through_an_unknown_userfaultfd(void **state)
{
	setup(PRIVATE);
	begin(T1, CASE_LOOK_NONE);
	op2(R1, UFFD2, CASE_OP_INSTALL);
	event(T1, CASE_LOOK_ANON);
	expect_open(1);
	op2_done(R1, UFFD2, CASE_OP_INSTALL, CASE_DONE);
	expect_undecided(CASE_WHY_PARTIAL, 1);
	op2(R1, UFFD2, CASE_OP_INSTALL);
	op(R2, CASE_OP_INSTALL);
	case_ctx_gone(&engine, UFFD2);
	op_done(R2, CASE_OP_INSTALL, CASE_DONE);
	expect_all_free(1);
}

static void copy_through_a_blind_userfaultfd(void **state)
{
	setup(PRIVATE);
	second_uffd(MM);
	op2(R1, UFFD2, CASE_OP_INSTALL);
	case_ctx_blind(&engine, UFFD2);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_ANON);
	expect_open(1);
	op2_done(R1, UFFD2, CASE_OP_INSTALL, CASE_DONE);
	expect_verdict(CASE_STALE, 1);
}

/* UFFD2 may have been closed unseen, and its address be another one's. */
static void lost_is_where_a_userfaultfd_is(void **state)
{
	setup(PRIVATE);
	second_uffd((void *)0x600);
	case_ctx_gone(&engine, UFFD);
	case_lost(&engine);
	born(UFFD, 0);
	begin(T1, CASE_LOOK_NONE);
	op2(R1, UFFD2, CASE_OP_INSTALL);
	event(T1, CASE_LOOK_ANON);
	expect_open(1);
	op2_done(R1, UFFD2, CASE_OP_INSTALL, CASE_DONE);
	expect_undecided(CASE_WHY_PARTIAL, 1);
}

/* --- The hooks were switched off ------------------------------------------------ */

static void switched_hooks_close_all_cases(void **state)
{
	setup(PRIVATE);
	second_uffd(MM);
	begin(T2, CASE_LOOK_NONE);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_NONE);
	expect_open(1);
	case_switched(&engine);
	expect_undecided(CASE_WHY_LOST, 1);
	assert_int_equal(engine.stats.lost, 1);
	assert_int_equal(case_ctx_tag(&engine, UFFD), 0);
	expect_all_free(0);
	looked(CASE_LOOK_ANON);
	event(T2, CASE_LOOK_ANON);
	expect_undecided(CASE_WHY_UNKNOWN_CTX, 1);
	assert_int_equal(THE_BOOKS->verdict[CASE_BOGUS], 0);
}

/* A userfaultfd that is opened later is judged, also at an address seen before. */
static void switched_hooks_are_forgotten_by_the_next(void **state)
{
	setup(PRIVATE);
	case_switched(&engine);
	born(UFFD, 43);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_NONE);
	install(R1, CASE_DONE);
	expect_verdict(CASE_GENUINE, 1);
}

/* Whose it was is not known any more; but not that it was. */
static void op_outlasts_switched_hooks(void **state)
{
	setup(PRIVATE);
	second_uffd((void *)0x600);
	op2(R1, UFFD2, CASE_OP_INSTALL);
	case_switched(&engine);
	born(UFFD, 43);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_ANON);
	expect_open(1);
	op2_done(R1, UFFD2, CASE_OP_INSTALL, CASE_DONE);
	expect_undecided(CASE_WHY_PARTIAL, 1);
	expect_all_free(1);
}

static void api_in_flight_while_hooks_are_switched(void **state)
{
	fresh(&(struct case_limits){ 4, 4, 4, 2 });
	assert_true(case_ctx_bear(&engine, UFFD, 42));
	case_switched(&engine);
	case_ctx_born(&engine, UFFD, true);
	assert_int_equal(case_ctx_tag(&engine, UFFD), 0);
	expect_all_free(0);
}

static void no_room_for_the_op_of_another_userfaultfd(void **state)
{
	int i;

	setup(PRIVATE);
	second_uffd(MM);
	born((void *)0x3000, 0);
	entry_ctx = (void *)0x3000;
	begin(T2, CASE_LOOK_NONE);
	ctx_find(&engine, entry_ctx)->mm = (void *)0x600;
	entry_ctx = UFFD;
	for (i = 0; i < 5; i++)
		op2((void *)(0x100UL + i), UFFD2, CASE_OP_INSTALL);
	assert_int_equal(engine.stats.ops_full, 1);
	assert_int_equal(engine.stats.blinded, 2);
	begin(T1, CASE_LOOK_MAPPED);
	event(T1, CASE_LOOK_MAPPED);
	expect_undecided(CASE_WHY_UNKNOWN_CTX, 1);
	entry_ctx = (void *)0x3000;
	event(T2, CASE_LOOK_MAPPED);
	assert_int_equal(THE_BOOKS->verdict[CASE_BOGUS], 1);
}

static void unregister_through_another_userfaultfd(void **state)
{
	setup(PRIVATE);
	second_uffd(MM);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_NONE);
	op2(R1, UFFD2, CASE_OP_HOLE);
	expect_undecided(CASE_WHY_CHANGED, 1);
}

static void move_takes_the_page_of_another_userfaultfd(void **state)
{
	setup(PRIVATE);
	second_uffd(MM);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_NONE);
	op2(R1, UFFD2, CASE_OP_ZAP);
	expect_undecided(CASE_WHY_DROPPED, 1);
}

/* Nobody has faulted under UFFD2 yet. */
static void mm_that_was_told(void **state)
{
	setup(PRIVATE);
	born(UFFD2, 0);
	case_ctx_belongs(&engine, UFFD2, (void *)0x600);
	assert_ptr_equal(case_ctx_mm(&engine, UFFD2), (void *)0x600);
	begin(T1, CASE_LOOK_NONE);
	case_op_begin(&engine, R1, UFFD2, CASE_OP_INSTALL, 0, -1UL);
	event(T1, CASE_LOOK_ANON);
	expect_verdict(CASE_BOGUS, 1);
	case_op_end(&engine, R1, UFFD2, CASE_OP_INSTALL, CASE_DONE, -1UL);
	case_ctx_belongs(&engine, UFFD2, MM);
	begin(T1, CASE_LOOK_NONE);
	case_op_begin(&engine, R1, UFFD2, CASE_OP_INSTALL, 0, -1UL);
	event(T1, CASE_LOOK_ANON);
	expect_open(1);
	case_op_end(&engine, R1, UFFD2, CASE_OP_INSTALL, CASE_DONE, -1UL);
	expect_verdict(CASE_STALE, 1);
	case_ctx_belongs(&engine, (void *)0x777, MM);
	assert_null(case_ctx_mm(&engine, (void *)0x777));
}

/* Whoever does it, and whatever range he names: only one mm is concerned. */
static void register_in_another_mm(void **state)
{
	setup(PRIVATE);
	case_ctx_belongs(&engine, UFFD, MM);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_NONE);
	case_op_begin_mm(&engine, R1, (void *)0x600, CASE_OP_HOLE, 0, -1UL);
	case_op_end(&engine, R1, (void *)0x600, CASE_OP_HOLE, CASE_DONE, -1UL);
	expect_open(1);
	case_op_begin_mm(&engine, R1, MM, CASE_OP_HOLE, 0, -1UL);
	expect_undecided(CASE_WHY_CHANGED, 1);
	case_op_end(&engine, R1, MM, CASE_OP_HOLE, CASE_DONE, -1UL);
}

/* --- Operations on an mm, whoever does them ---------------------------------- */

static void mm_begin(const void *mm, enum case_op_kind kind)
{
	case_op_begin_mm(&engine, R1, mm, kind, PAGE, PAGE + 0x2000);
}

static void mm_end(const void *mm, enum case_op_kind kind,
		   enum case_outcome outcome, unsigned long done_end)
{
	case_op_end(&engine, R1, mm, kind, outcome, done_end);
}

static void install_in_the_mm(void **state)
{
	setup(PRIVATE);
	begin(T1, CASE_LOOK_NONE);
	mm_begin(MM, CASE_OP_INSTALL);
	event(T1, CASE_LOOK_ANON);
	expect_open(1);
	mm_end(MM, CASE_OP_INSTALL, CASE_DONE, PAGE + 0x1000);
	expect_verdict(CASE_STALE, 1);
	expect_all_free(1);
}

static void install_in_the_mm_stops_before_the_page(void **state)
{
	setup(PRIVATE);
	begin(T1, CASE_LOOK_NONE);
	mm_begin(MM, CASE_OP_INSTALL);
	event(T1, CASE_LOOK_ANON);
	expect_open(1);
	mm_end(MM, CASE_OP_INSTALL, CASE_DONE, PAGE);
	expect_verdict(CASE_BOGUS, 1);
	begin(T1, CASE_LOOK_NONE);
	mm_begin(MM, CASE_OP_INSTALL);
	event(T1, CASE_LOOK_ANON);
	mm_end(MM, CASE_OP_INSTALL, CASE_EXISTS, 0);
	expect_verdict(CASE_BOGUS, 2);
}

static void install_in_another_mm(void **state)
{
	setup(PRIVATE);
	begin(T1, CASE_LOOK_NONE);
	mm_begin((void *)0x600, CASE_OP_INSTALL);
	event(T1, CASE_LOOK_ANON);
	expect_verdict(CASE_BOGUS, 1);
	mm_end(MM, CASE_OP_INSTALL, CASE_DONE, PAGE + 0x1000);	/* nobody's */
	mm_end((void *)0x600, CASE_OP_INSTALL, CASE_DONE, PAGE + 0x1000);
	expect_all_free(1);
}

/* The first fault under UFFD would tell whose it is. */
static void install_in_an_mm_before_the_first_fault(void **state)
{
	setup(PRIVATE);
	mm_begin(MM, CASE_OP_INSTALL);
	begin(T1, CASE_LOOK_NONE);
	mm_end(MM, CASE_OP_INSTALL, CASE_DONE, PAGE + 0x1000);
	event(T1, CASE_LOOK_ANON);
	expect_verdict(CASE_STALE, 1);
}

static void install_in_an_mm_beside_a_userfaultfd_of_an_unknown_one(void **state)
{
	setup(PRIVATE);
	begin(T1, CASE_LOOK_NONE);
	case_ctx_belongs(&engine, UFFD, NULL);
	mm_begin(MM, CASE_OP_INSTALL);
	mm_end(MM, CASE_OP_INSTALL, CASE_DONE, PAGE + 0x1000);
	event(T1, CASE_LOOK_ANON);
	expect_undecided(CASE_WHY_PARTIAL, 1);
}

static void move_takes_a_page_of_the_mm(void **state)
{
	setup(PRIVATE);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_NONE);
	mm_begin((void *)0x600, CASE_OP_ZAP);
	expect_open(1);
	mm_begin(MM, CASE_OP_ZAP);
	expect_undecided(CASE_WHY_DROPPED, 1);
}

static void install_in_the_mm_whose_end_was_missed(void **state)
{
	setup(PRIVATE);
	begin(T1, CASE_LOOK_NONE);
	mm_begin(MM, CASE_OP_INSTALL);
	event(T1, CASE_LOOK_ANON);
	mm_begin(MM, CASE_OP_INSTALL);
	expect_undecided(CASE_WHY_PARTIAL, 1);
	mm_end(MM, CASE_OP_INSTALL, CASE_NOTHING, 0);
	expect_all_free(1);
}

/* A MOVE inside an ioctl that is not believed: each has its own end. */
static void operation_of_an_mm_inside_one_of_a_userfaultfd(void **state)
{
	setup(PRIVATE);
	op(R1, CASE_OP_INSTALL);
	begin(T1, CASE_LOOK_NONE);
	mm_begin(MM, CASE_OP_INSTALL);
	mm_end(MM, CASE_OP_INSTALL, CASE_NOTHING, 0);
	event(T1, CASE_LOOK_ANON);
	expect_open(1);
	op_done(R1, CASE_OP_INSTALL, CASE_UNSURE);
	expect_undecided(CASE_WHY_PARTIAL, 1);
}

static void no_room_for_an_operation_of_the_mm(void **state)
{
	fresh(&(struct case_limits){ 4, 4, 1, 2 });
	flags = PRIVATE;
	born(UFFD, 42);
	begin(T1, CASE_LOOK_NONE);
	op2(R2, UFFD, CASE_OP_ZAP);
	mm_begin(MM, CASE_OP_INSTALL);
	event(T1, CASE_LOOK_ANON);
	expect_undecided(CASE_WHY_UNKNOWN_CTX, 1);
	assert_int_equal(engine.stats.ops_full, 1);
}

static void ioctl_that_lost_the_race(void **state)
{
	setup(PRIVATE);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_ANON);
	case_raced(&engine, UFFD, PAGE, CASE_EXISTS);
	assert_int_equal(engine.stats.raced_bogus, 1);
	case_raced(&engine, UFFD, PAGE, CASE_AGAIN);
	assert_int_equal(engine.stats.raced, 1);
	case_raced(&engine, UFFD, PAGE, CASE_NOTHING);
	case_raced(&engine, UFFD, PAGE, CASE_DONE);
	case_raced(&engine, UFFD2, PAGE, CASE_EXISTS);
	assert_int_equal(engine.stats.raced, 1);
	assert_int_equal(engine.stats.raced_bogus, 1);
}

static void kept_unless_something_was_taken_away(void **state)
{
	case_time since;

	setup(PRIVATE);
	case_ctx_belongs(&engine, UFFD, MM);
	assert_false(case_kept(&engine, MM, engine.clock));	/* not watched */
	case_ctx_watched(&engine, UFFD, true);
	since = engine.clock;
	assert_true(case_kept(&engine, MM, since));
	assert_false(case_kept(&engine, (void *)0x600, since));
	op(R1, CASE_OP_INSTALL);
	assert_true(case_kept(&engine, MM, since));
	op_done(R1, CASE_OP_INSTALL, CASE_DONE);
	assert_true(case_kept(&engine, MM, since));
	op(R1, CASE_OP_ZAP);
	assert_false(case_kept(&engine, MM, since));
	since = engine.clock;
	assert_false(case_kept(&engine, MM, since));	/* it goes on */
	op_done(R1, CASE_OP_ZAP, CASE_DONE);
	assert_false(case_kept(&engine, MM, since));
	assert_true(case_kept(&engine, MM, engine.clock));
	op(R1, CASE_OP_HOLE);
	op_done(R1, CASE_OP_HOLE, CASE_DONE);
	assert_false(case_kept(&engine, MM, since));
}

static void kept_only_where_everything_is_told(void **state)
{
	setup(PRIVATE);
	case_ctx_belongs(&engine, UFFD, MM);
	engine.clock++;
	assert_false(case_kept(&engine, MM, engine.clock));
	case_ctx_watched(&engine, UFFD, true);
	assert_false(case_kept(&engine, MM, engine.clock - 1));
	assert_true(case_kept(&engine, MM, engine.clock));
	born(UFFD2, 0);				/* of an mm that is not known */
	assert_true(case_kept(&engine, MM, engine.clock));
	op2(R2, UFFD2, CASE_OP_ZAP);
	assert_false(case_kept(&engine, MM, engine.clock));
	op2_done(R2, UFFD2, CASE_OP_ZAP, CASE_DONE);
	case_ctx_belongs(&engine, UFFD2, (void *)0x600);
	op2(R2, UFFD2, CASE_OP_ZAP);
	assert_true(case_kept(&engine, MM, engine.clock));
	case_ctx_blind(&engine, UFFD2);
	assert_true(case_kept(&engine, MM, engine.clock));
	case_ctx_blind(&engine, UFFD);
	assert_false(case_kept(&engine, MM, engine.clock));
}

/* --- What asks for no userfaultfd: a collapse ---------------------------------- */

static void collapse_of(void *mm)
{
	case_mm_op_begin(&engine, R1, mm, CASE_OP_INSTALL, PAGE, PAGE + 0x1000);
}

static void collapse_done(void *mm)
{
	case_op_end(&engine, R1, mm, CASE_OP_INSTALL, CASE_UNSURE, 0);
}

static void collapse_from_before_the_userfaultfd(void **state)
{
	setup(CASE_F_ZAPS_KNOWN | CASE_F_NEVER_INSTALLS);
	case_ctx_gone(&engine, UFFD);
	collapse_of(MM);
	born(UFFD, 0);
	case_ctx_watched(&engine, UFFD, true);
	backing = CASE_SHMEM;
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_NONE);
	looked(CASE_LOOK_MAPPED);
	expect_open(1);
	collapse_done(MM);
	expect_undecided(CASE_WHY_PARTIAL, 1);
	expect_open(0);
}

static void collapse_in_another_mm(void **state)
{
	setup(CASE_F_ZAPS_KNOWN | CASE_F_NEVER_INSTALLS);
	case_ctx_watched(&engine, UFFD, true);
	backing = CASE_SHMEM;
	begin(T1, CASE_LOOK_NONE);
	collapse_of((void *)0x600);
	event(T1, CASE_LOOK_NONE);
	looked(CASE_LOOK_MAPPED);
	expect_verdict(CASE_BOGUS, 1);
	collapse_done((void *)0x600);
	expect_all_free(1);
}

/* Hugetlb is left alone, and holes of an anonymous range stay holes. */
static void collapse_that_fills_no_hole(void **state)
{
	for (backing = CASE_HUGETLB; backing < CASE_NR_BACKINGS; backing += 2) {
		enum case_backing b = backing;

		setup(CASE_F_ZAPS_KNOWN | CASE_F_NEVER_INSTALLS);
		case_ctx_watched(&engine, UFFD, true);
		backing = b;
		collapse_of(MM);
		begin(T1, CASE_LOOK_NONE);
		event(T1, CASE_LOOK_NONE);
		looked(CASE_LOOK_MAPPED);
		expect_verdict(CASE_BOGUS, 1);
		begin(T1, CASE_LOOK_NONE);
		event(T1, CASE_LOOK_NONE);
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
		cmocka_unit_test(nobody_gets_more_than_half_of_the_rest),
		cmocka_unit_test(the_only_place_is_for_anybody),
		cmocka_unit_test(register_in_another_mm),
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
		cmocka_unit_test(kept_unless_something_was_taken_away),
		cmocka_unit_test(kept_only_where_everything_is_told),
		cmocka_unit_test(collapse_from_before_the_userfaultfd),
		cmocka_unit_test(collapse_in_another_mm),
		cmocka_unit_test(collapse_that_fills_no_hole),
	};

	return cmocka_run_group_tests_name("uffds", tests, NULL, NULL);
}
