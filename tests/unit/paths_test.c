// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict engine by example: birth, several userfaultfds in one mm,
 * fault-around, and hooks that are armed late.
 */
#include "unit.h"

#define PRIVATE	(CASE_F_PRIVATE | CASE_F_ANON_PROVES | CASE_F_ZAPS_KNOWN)
#define BLOCK	0x10000UL

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
	expect_open(1);			/* it is not about this page, perhaps */
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

/* --- Fault-around -------------------------------------------------------------- */

static void around(void *task, unsigned long addr)
{
	struct case_entry x = entry(task, CASE_LOOK_NONE);

	x.addr = addr;
	x.around = BLOCK;
	case_fault_begin(&engine, &x);
}

static void around_that_has_ended(void **state)
{
	setup(CASE_F_ZAPS_KNOWN);
	begin(T1, CASE_LOOK_NONE);
	around(T2, PAGE + 0x3000);
	end(T2, false, CASE_LOOK_MAPPED);
	event(T1, CASE_LOOK_MAPPED);
	expect_undecided(CASE_WHY_SILENT, 1);
	begin(T1, CASE_LOOK_NONE);	/* later than that */
	around(T2, PAGE + BLOCK);	/* another block */
	event(T1, CASE_LOOK_MAPPED);
	expect_verdict(CASE_BOGUS, 1);
	end(T2, false, CASE_LOOK_MAPPED);
	expect_all_free(1);
}

static void around_in_flight(void **state)
{
	setup(CASE_F_ZAPS_KNOWN);
	begin(T1, CASE_LOOK_NONE);
	around(T2, PAGE + 0x3000);
	event(T1, CASE_LOOK_MAPPED);
	expect_undecided(CASE_WHY_SILENT, 1);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_NONE);
	looked(CASE_LOOK_MAPPED);
	expect_undecided(CASE_WHY_SILENT, 2);
	end(T2, false, CASE_LOOK_MAPPED);
}

static void around_of_a_fault_that_raises_an_event(void **state)
{
	setup(CASE_F_ZAPS_KNOWN);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_NONE);
	around(T2, PAGE + 0x3000);
	entry_addr = PAGE + 0x3000;
	event(T2, CASE_LOOK_MAPPED);	/* for itself it has installed nothing */
	assert_int_equal(THE_BOOKS->verdict[CASE_BOGUS], 1);
	looked(CASE_LOOK_MAPPED);
	expect_undecided(CASE_WHY_SILENT, 1);
}

static void around_installs_no_anonymous_page(void **state)
{
	setup(PRIVATE);
	begin(T1, CASE_LOOK_NONE);
	around(T2, PAGE + 0x3000);
	event(T1, CASE_LOOK_ANON);
	expect_verdict(CASE_BOGUS, 1);
	begin(T1, CASE_LOOK_NONE);
	end(T2, false, CASE_LOOK_ANON);
	event(T1, CASE_LOOK_MAPPED);	/* under migration, say */
	expect_open(1);
	looked(CASE_LOOK_ANON);
	expect_verdict(CASE_BOGUS, 2);
	begin(T1, CASE_LOOK_NONE);
	around(T2, PAGE + 0x3000);
	event(T1, CASE_LOOK_NONE);
	looked(CASE_LOOK_MAPPED);
	expect_open(1);
	looked(CASE_LOOK_ANON);
	expect_verdict(CASE_BOGUS, 3);
}

static void around_and_copy_on_write(void **state)
{
	setup(PRIVATE);
	begin(T1, CASE_LOOK_NONE);
	around(T2, PAGE + 0x3000);
	end(T2, false, CASE_LOOK_ANON);
	flags = CASE_F_PRIVATE | CASE_F_WRITE | CASE_F_ZAPS_KNOWN;
	begin(T3, CASE_LOOK_MAPPED);
	end(T3, false, CASE_LOOK_ANON);
	flags = PRIVATE;
	event(T1, CASE_LOOK_ANON);
	expire();
	expect_undecided(CASE_WHY_SILENT, 1);
}

static void around_before_an_older_look(void **state)
{
	case_time early;

	setup(PRIVATE & ~CASE_F_ZAPS_KNOWN);
	early = engine.clock;
	begin(T1, CASE_LOOK_NONE);
	around(T2, PAGE + 0x3000);
	event(T1, CASE_LOOK_MAPPED);
	case_looked(&engine, UFFD, PAGE, CASE_LOOK_ANON, early);
	expect_open(1);
	case_looked(&engine, UFFD, PAGE, CASE_LOOK_ANON, engine.clock - 2);
	expect_open(1);
}

static void around_and_a_look_older_than_an_event(void **state)
{
	struct case_entry x;

	setup(PRIVATE & ~CASE_F_ZAPS_KNOWN);
	begin(T1, CASE_LOOK_NONE);
	begin(T2, CASE_LOOK_NONE);
	around(T3, PAGE + 0x3000);
	end(T3, false, CASE_LOOK_ANON);
	x = entry(T2, CASE_LOOK_ANON);
	event(T1, CASE_LOOK_MAPPED);
	case_fault_event(&engine, &x);
	expect_open(2);
	looked(CASE_LOOK_ANON);
	expect_verdict(CASE_BOGUS, 2);
}

static void around_and_a_look_older_than_one_event(void **state)
{
	struct case_entry x;
	case_time early;

	setup(PRIVATE & ~CASE_F_ZAPS_KNOWN);
	begin(T1, CASE_LOOK_NONE);
	begin(T2, CASE_LOOK_NONE);
	around(T3, PAGE + 0x3000);
	end(T3, false, CASE_LOOK_ANON);
	x = entry(T1, CASE_LOOK_MAPPED);
	event(T2, CASE_LOOK_NONE);
	early = engine.clock;
	case_fault_event(&engine, &x);
	case_looked(&engine, UFFD, PAGE, CASE_LOOK_ANON, early);
	expect_open(2);
}

static void around_and_an_event_that_decides_for_all(void **state)
{
	setup(PRIVATE);
	begin(T1, CASE_LOOK_NONE);
	begin(T2, CASE_LOOK_NONE);
	around(T3, PAGE + 0x3000);
	event(T1, CASE_LOOK_MAPPED);
	expect_open(1);
	event(T2, CASE_LOOK_ANON);
	expect_verdict(CASE_BOGUS, 2);
}

static void around_before_one_of_two_events(void **state)
{
	setup(PRIVATE);
	begin(T1, CASE_LOOK_NONE);
	around(T3, PAGE + 0x3000);
	end(T3, false, CASE_LOOK_ANON);
	begin(T2, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_NONE);
	event(T2, CASE_LOOK_NONE);
	looked(CASE_LOOK_MAPPED);
	expect_open(2);
	expire();
	expect_undecided(CASE_WHY_SILENT, 2);
}

static void around_where_no_fault_installs(void **state)
{
	setup(CASE_F_ZAPS_KNOWN | CASE_F_NEVER_INSTALLS);
	begin(T1, CASE_LOOK_NONE);
	around(T2, PAGE + 0x3000);
	event(T1, CASE_LOOK_MAPPED);
	expect_verdict(CASE_BOGUS, 1);
}

static void around_a_huge_block(void **state)
{
	struct case_entry x;

	setup(CASE_F_ZAPS_KNOWN);
	begin(T1, CASE_LOOK_NONE);
	entry_addr = PAGE + 0x400000;
	begin(T3, CASE_LOOK_NONE);
	x = entry(T2, CASE_LOOK_NONE);
	x.addr = PAGE + 0x1ff000;
	x.around = 0x200000;
	case_fault_begin(&engine, &x);
	end(T2, false, CASE_LOOK_MAPPED);
	event(T3, CASE_LOOK_MAPPED);
	expect_verdict(CASE_BOGUS, 1);
	entry_addr = PAGE;
	event(T1, CASE_LOOK_MAPPED);
	expect_undecided(CASE_WHY_SILENT, 1);
}

/* --- A silent fault, and a look that decides later -------------------------------- */

static void silent_fault_and_a_page_under_migration(void **state)
{
	setup(PRIVATE);
	begin(T2, CASE_LOOK_NONE);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_MAPPED);
	end(T2, false, CASE_LOOK_MAPPED);
	expect_open(1);
	looked(CASE_LOOK_ANON);
	expect_verdict(CASE_BOGUS, 1);
}

/* --- Page tables that become shareable ---------------------------------------------- */

static void no_exposure_in_a_shared_table(void **state)
{
	setup(CASE_F_ZAPS_KNOWN | CASE_F_NEVER_INSTALLS | CASE_F_SHARED_TABLE);
	begin(T1, CASE_LOOK_NONE);
	end(T1, false, CASE_LOOK_MAPPED);
	expect_exposures(0);
}

static void mappings_merge(void **state)
{
	setup(CASE_F_ZAPS_KNOWN | CASE_F_NEVER_INSTALLS);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_NONE);
	begin(T1, CASE_LOOK_NONE);
	flags |= CASE_F_SHARED_TABLE;
	begin(T2, CASE_LOOK_MAPPED);
	expect_undecided(CASE_WHY_SHARED, 1);
	flags &= ~CASE_F_SHARED_TABLE;
	event(T1, CASE_LOOK_MAPPED);	/* an install may have gone unseen */
	expect_undecided(CASE_WHY_SHARED, 2);
	end(T2, false, CASE_LOOK_MAPPED);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_MAPPED);
	expect_verdict(CASE_BOGUS, 1);
	begin(T1, CASE_LOOK_NONE);
	flags |= CASE_F_SHARED_TABLE;
	event(T1, CASE_LOOK_MAPPED);
	expect_undecided(CASE_WHY_SHARED, 3);
}

/* --- Hooks that are armed late ------------------------------------------------------- */

static void faults_before_the_hook_was_armed(void **state)
{
	setup(CASE_F_ZAPS_KNOWN | CASE_F_NEVER_INSTALLS);
	backing = CASE_SHMEM;
	begin(T1, CASE_LOOK_NONE);
	begin(T2, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_MAPPED);
	expect_undecided(CASE_WHY_NO_ENTRY, 1);
	begin(T1, CASE_LOOK_NONE);
	case_ctx_watched(&engine, UFFD, true);
	event(T1, CASE_LOOK_MAPPED);
	expect_undecided(CASE_WHY_NO_ENTRY, 2);
	end(T2, false, CASE_LOOK_MAPPED);
	expect_exposures(0);
	begin(T1, CASE_LOOK_NONE);
	case_ctx_watched(&engine, UFFD, true);	/* it was */
	event(T1, CASE_LOOK_MAPPED);
	expect_verdict(CASE_BOGUS, 1);
	expect_all_free(1);
}

static void hook_is_disarmed(void **state)
{
	setup(CASE_F_ZAPS_KNOWN | CASE_F_NEVER_INSTALLS);
	case_ctx_watched(&engine, UFFD, true);
	begin(T2, CASE_LOOK_NONE);		/* hugetlb */
	entry_addr = PAGE + 0x1000;
	backing = CASE_SHMEM;
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_NONE);
	begin(T1, CASE_LOOK_NONE);
	expect_open(1);
	case_ctx_watched(&engine, UFFD, false);
	expect_undecided(CASE_WHY_CHANGED, 1);
	event(T1, CASE_LOOK_MAPPED);
	expect_undecided(CASE_WHY_NO_ENTRY, 1);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_MAPPED);
	expect_undecided(CASE_WHY_NO_ENTRY, 2);
	entry_addr = PAGE;
	backing = CASE_HUGETLB;
	event(T2, CASE_LOOK_MAPPED);
	expect_verdict(CASE_BOGUS, 1);
	case_ctx_watched(&engine, UFFD2, true);
	expect_all_free(1);
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
		cmocka_unit_test(copy_through_another_userfaultfd_of_the_mm),
		cmocka_unit_test(one_thread_in_two_copies),
		cmocka_unit_test(unregister_of_a_wide_range),
		cmocka_unit_test(copy_in_another_mm),
		cmocka_unit_test(copy_in_a_mm_that_is_not_known),
		cmocka_unit_test(copy_through_an_unknown_userfaultfd),
		cmocka_unit_test(copy_through_a_blind_userfaultfd),
		cmocka_unit_test(lost_is_where_a_userfaultfd_is),
		cmocka_unit_test(no_room_for_the_op_of_another_userfaultfd),
		cmocka_unit_test(unregister_through_another_userfaultfd),
		cmocka_unit_test(move_takes_the_page_of_another_userfaultfd),
		cmocka_unit_test(around_that_has_ended),
		cmocka_unit_test(around_in_flight),
		cmocka_unit_test(around_of_a_fault_that_raises_an_event),
		cmocka_unit_test(around_installs_no_anonymous_page),
		cmocka_unit_test(around_and_copy_on_write),
		cmocka_unit_test(around_before_an_older_look),
		cmocka_unit_test(around_and_a_look_older_than_an_event),
		cmocka_unit_test(around_and_a_look_older_than_one_event),
		cmocka_unit_test(around_and_an_event_that_decides_for_all),
		cmocka_unit_test(around_before_one_of_two_events),
		cmocka_unit_test(around_where_no_fault_installs),
		cmocka_unit_test(around_a_huge_block),
		cmocka_unit_test(silent_fault_and_a_page_under_migration),
		cmocka_unit_test(no_exposure_in_a_shared_table),
		cmocka_unit_test(mappings_merge),
		cmocka_unit_test(faults_before_the_hook_was_armed),
		cmocka_unit_test(hook_is_disarmed),
	};

	return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
