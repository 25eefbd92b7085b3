// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict engine by example: where two records look alike, and the wrong one
 * would do. Addresses that are used again, operations that outlive a record, facts
 * of the same moment.
 */
#include "unit.h"

#define UFFD3	((void *)0x3000)
#define MM2	((void *)0x600)

static void setup(unsigned int f)
{
	fresh(&(struct verdict_limits){ 8, 8, 4, 3 });
	flags = f;
	opened(UFFD, 42);
}

/* The address of a record, too, is used again. */
static void record_that_ends_with_an_operation_in_flight(void **state)
{
	setup(0);
	verdict_ctx_belongs(&engine, UFFD, MM);
	op(R1, OP_INSTALL);
	assert_true(verdict_ctx_over(&engine, UFFD));
	opened(UFFD2, 42);
	entry_ctx = UFFD2;
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	op_done(R1, OP_INSTALL, OUTCOME_DONE);	/* in which mm? */
	expect_undecided(WHY_PARTIAL, 1);
}

static void others_keep_their_operations(void **state)
{
	setup(0);
	opened(UFFD2, 42);
	opened(UFFD3, 42);
	verdict_ctx_belongs(&engine, UFFD2, MM);
	entry_ctx = UFFD3;
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	verdict_op_begin(&engine, R1, UFFD2, OP_INSTALL, PAGE, PAGE + 0x1000);
	assert_true(verdict_ctx_over(&engine, UFFD));
	verdict_op_end(&engine, R1, UFFD2, OP_INSTALL, OUTCOME_DONE, PAGE + 0x1000);
	expect_verdict(VERDICT_GENUINE, 1);
}

static void operation_of_another_one_at_that_address(void **state)
{
	setup(0);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	verdict_op_begin_at(&engine, R1, UFFD, MM2, OP_ZAP, PAGE, PAGE + 0x1000);
	op_done(R1, OP_ZAP, OUTCOME_DONE);
	expect_open(1);
}

static void operation_in_a_known_mm_is_no_collapse(void **state)
{
	setup(0);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	verdict_op_begin_at(&engine, R1, UFFD2, MM, OP_INSTALL, PAGE, PAGE + 0x1000);
	verdict_op_end(&engine, R1, UFFD2, OP_INSTALL, OUTCOME_DONE, PAGE + 0x1000);
	expect_verdict(VERDICT_GENUINE, 1);
}

static void zap_that_outlives_its_userfaultfd(void **state)
{
	verdict_time since;

	setup(0);
	verdict_ctx_complete(&engine, UFFD, true);
	verdict_ctx_belongs(&engine, UFFD, MM);
	opened(UFFD2, 42);
	verdict_ctx_belongs(&engine, UFFD2, MM);
	since = engine.clock;
	assert_true(verdict_kept(&engine, MM, since));
	verdict_op_begin_at(&engine, R1, UFFD2, MM, OP_ZAP, PAGE, PAGE + 0x1000);
	verdict_ctx_gone(&engine, UFFD2);
	assert_false(verdict_kept(&engine, MM, engine.clock));
	verdict_op_end(&engine, R1, UFFD2, OP_ZAP, OUTCOME_DONE, 0);
	assert_false(verdict_kept(&engine, MM, since));
	assert_true(verdict_kept(&engine, MM, engine.clock));
}

static void blind_in_its_new_mm(void **state)
{
	struct verdict_entry x;

	setup(0);
	opened(UFFD2, 42);
	verdict_ctx_belongs(&engine, UFFD2, MM2);
	verdict_ctx_complete(&engine, UFFD2, true);
	begin(T1, LOOK_NONE);
	end(T1, true, LOOK_NONE);
	assert_true(verdict_kept(&engine, MM2, engine.clock));
	x = entry(T1, LOOK_NONE);
	x.mm = MM2;
	verdict_fault_begin(&engine, &x);
	assert_int_equal(engine.stats.blinded, 1);
	assert_false(verdict_kept(&engine, MM2, engine.clock));
}

static void exposure_that_began_with_completeness(void **state)
{
	setup(FAULT_F_NEVER_INSTALLS | FAULT_F_ZAPS_KNOWN);
	backing = BACKING_SHMEM;
	begin(T1, LOOK_NONE);
	verdict_ctx_complete(&engine, UFFD, true);	/* no tick */
	end(T1, false, LOOK_MAPPED);
	expect_exposures(0);
	begin(T1, LOOK_NONE);
	end(T1, false, LOOK_MAPPED);
	expect_exposures(1);
}

static void event_that_is_not_judged_is_no_exposure(void **state)
{
	setup(FAULT_F_NEVER_INSTALLS);
	begin(T1, LOOK_NONE);
	verdict_fault_over(&engine, T1, UFFD, PAGE);
	expect_exposures(0);
	expect_all_free(1);
}

static void fault_that_has_mapped_no_neighbour(void **state)
{
	struct verdict_entry x;

	setup(FAULT_F_ZAPS_KNOWN);
	begin(T1, LOOK_NONE);
	x = entry(T2, LOOK_NONE);
	x.addr = PAGE + 0x1000;
	x.around = 0x10000;
	verdict_fault_begin(&engine, &x);
	ended(T2, RESULT_MAPPED_NOTHING, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);
}

static void table_that_is_shared_since_the_fault_began(void **state)
{
	setup(0);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	begin(T2, LOOK_NONE);
	flags = FAULT_F_SHARED_TABLE;
	event(T2, LOOK_NONE);
	expect_undecided(WHY_SHARED, 2);
	expect_all_free(1);
}

static void reset_leaves_the_next_table_alone(void **state)
{
	struct verdict_ctx was;

	fresh(&(struct verdict_limits){ 1, 1, 1, 1 });
	verdict_ctx_opening(&engine, UFFD, 0);
	was = *engine.ctxs;
	verdict_reset(&engine);
	assert_memory_equal(&was, engine.ctxs, sizeof(was));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(record_that_ends_with_an_operation_in_flight),
		cmocka_unit_test(others_keep_their_operations),
		cmocka_unit_test(operation_of_another_one_at_that_address),
		cmocka_unit_test(operation_in_a_known_mm_is_no_collapse),
		cmocka_unit_test(zap_that_outlives_its_userfaultfd),
		cmocka_unit_test(blind_in_its_new_mm),
		cmocka_unit_test(exposure_that_began_with_completeness),
		cmocka_unit_test(event_that_is_not_judged_is_no_exposure),
		cmocka_unit_test(fault_that_has_mapped_no_neighbour),
		cmocka_unit_test(table_that_is_shared_since_the_fault_began),
		cmocka_unit_test(reset_leaves_the_next_table_alone),
	};

	return cmocka_run_group_tests_name("doubts", tests, NULL, NULL);
}
