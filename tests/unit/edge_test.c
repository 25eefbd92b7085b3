// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict engine by example: the order of facts. Most of these are mutants
 * that nothing else had noticed.
 */
#include "unit.h"

static void setup(unsigned int f)
{
	fresh(&(struct verdict_limits){ 4, 4, 4, 2 });
	flags = f;
	opened(UFFD, 42);
}

#define PRIVATE	(FAULT_F_PRIVATE | FAULT_F_ANON_PROVES | FAULT_F_ZAPS_KNOWN)
#define BOTH	(FAULT_F_NEVER_INSTALLS | FAULT_F_ZAPS_KNOWN)

static void begin_with(const struct verdict_entry *x)
{
	verdict_fault_begin(&engine, x);
}

/* --- Seen, but not settled ------------------------------------------------ */

static void seen_while_a_copy_is_in_flight(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	op(R1, OP_INSTALL);
	looked(LOOK_MAPPED);
	expect_open(1);
	op_done(R1, OP_INSTALL, OUTCOME_UNSURE);
	expect_open(0);
	expect_undecided(WHY_PARTIAL, 1);
}

static void seen_twice_while_a_copy_is_in_flight(void **state)
{
	setup(PRIVATE);
	op(R1, OP_INSTALL);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	looked(LOOK_MAPPED);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	looked(LOOK_MAPPED);
	expect_open(2);
	op_done(R1, OP_INSTALL, OUTCOME_EXISTS);
	expect_verdict(VERDICT_BOGUS, 2);
}

static void seen_by_the_next_event(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	begin(T2, LOOK_NONE);
	event(T1, LOOK_NONE);
	expect_open(1);
	event(T2, LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 2);
}

static void unsure_that_begins_after_the_look_does_not_explain_it(void **state)
{
	setup(PRIVATE);
	begin(T2, LOOK_NONE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	install(R1, OUTCOME_UNSURE);
	expect_open(1);
	end(T2, true, LOOK_UNKNOWN);
	expect_verdict(VERDICT_BOGUS, 1);
}

static void copy_before_entry_explains_nothing(void **state)
{
	setup(BOTH);
	begin(T2, LOOK_NONE);		/* keeps the record of the page */
	install(R1, OUTCOME_DONE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);

	/* Time goes on, whatever is told of other userfaultfds. */
	setup(BOTH);
	opened(UFFD2, 0);
	begin(T2, LOOK_NONE);
	install(R1, OUTCOME_DONE);
	verdict_ctx_blind(&engine, UFFD2);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);
	install(R1, OUTCOME_DONE);
	verdict_ctx_gone(&engine, UFFD2);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 2);
}

static void missed_return_is_before_the_new_fault(void **state)
{
	setup(PRIVATE);
	begin(T3, LOOK_NONE);
	begin(T2, LOOK_NONE);
	begin(T2, LOOK_NONE);
	event(T2, LOOK_MAPPED);
	expect_open(1);
	end(T3, true, LOOK_UNKNOWN);
	expect_verdict(VERDICT_BOGUS, 1);
}

static void missed_return_is_no_exposure(void **state)
{
	setup(BOTH);
	begin(T2, LOOK_NONE);
	begin(T2, LOOK_NONE);
	expect_exposures(0);
	entry_addr = PAGE + 0x1000;
	event(T2, LOOK_MAPPED);
	expect_exposures(0);
}

static void event_elsewhere_leaves_its_fault_unsure(void **state)
{
	setup(PRIVATE);
	begin(T3, LOOK_NONE);
	begin(T1, LOOK_NONE);
	entry_addr = PAGE + 0x1000;
	event(T1, LOOK_NONE);
	entry_addr = PAGE;
	event(T3, LOOK_MAPPED);
	expire();
	expect_undecided(WHY_SILENT, 1);
}

/* --- Looks that are older than what they are held against ------------------- */

static void old_look_at_the_begin_of_a_fault(void **state)
{
	struct verdict_entry x;

	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	x = entry(T2, LOOK_MAPPED);
	event(T1, LOOK_NONE);
	begin_with(&x);
	expect_open(1);
}

static void old_look_at_the_end_of_a_fault(void **state)
{
	verdict_time early;

	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	begin(T2, LOOK_MAPPED);
	early = engine.clock;
	event(T1, LOOK_NONE);
	verdict_fault_end(&engine, T2, RESULT_MAY_HAVE_MAPPED, LOOK_MAPPED, early);
	expect_open(1);
}

static void old_look_at_an_event(void **state)
{
	struct verdict_entry x;

	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	begin(T2, LOOK_NONE);
	x = entry(T2, LOOK_MAPPED);
	event(T1, LOOK_NONE);
	verdict_fault_event(&engine, &x);
	expect_open(1);
	assert_int_equal(THE_BOOKS->verdict[VERDICT_BOGUS], 1);
}

static void zap_that_ends_between_the_look_and_the_event(void **state)
{
	struct verdict_entry x;

	setup(PRIVATE);
	op(R1, OP_ZAP);
	begin(T1, LOOK_NONE);
	x = entry(T1, LOOK_NONE);
	op_done(R1, OP_ZAP, OUTCOME_DONE);
	verdict_fault_event(&engine, &x);
	expect_undecided(WHY_DROPPED, 1);
}

static void zap_that_ends_inside_a_fault(void **state)
{
	setup(PRIVATE);
	op(R1, OP_ZAP);
	begin(T2, LOOK_MAPPED);
	begin(T1, LOOK_NONE);
	op_done(R1, OP_ZAP, OUTCOME_DONE);
	end(T2, false, LOOK_MAPPED);
	event(T1, LOOK_MAPPED);
	expire();
	expect_undecided(WHY_SILENT, 1);
}

static void zap_before_the_look(void **state)
{
	setup(PRIVATE);
	zap(R1);
	begin(T2, LOOK_MAPPED);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	end(T2, false, LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);
}

/* --- What ends between the first look of a fault and its begin --------------- */

static void exposed_after(enum verdict_outcome outcome, unsigned int n)
{
	struct verdict_entry x;

	setup(PRIVATE);
	op(R1, OP_INSTALL);
	x = entry(T2, LOOK_NONE);
	op_done(R1, OP_INSTALL, outcome);
	begin_with(&x);
	end(T2, false, LOOK_ANON);
	expect_exposures(n);
}

static void copy_ends_before_the_begin(void **state)
{
	exposed_after(OUTCOME_DONE, 0);
	exposed_after(OUTCOME_UNSURE, 0);
	exposed_after(OUTCOME_EXISTS, 1);
	exposed_after(OUTCOME_NOTHING, 1);
}

static void register_ends_before_the_begin(void **state)
{
	struct verdict_entry x;

	setup(PRIVATE);
	x = entry(T2, LOOK_NONE);
	op(R1, OP_RANGE);
	op_done(R1, OP_RANGE, OUTCOME_DONE);
	begin_with(&x);
	end(T2, false, LOOK_ANON);
	expect_exposures(0);
}

static void write_fault_ends_before_the_begin(void **state)
{
	struct verdict_entry x;

	setup(PRIVATE);
	x = entry(T2, LOOK_NONE);
	flags = FAULT_F_PRIVATE | FAULT_F_WRITE | FAULT_F_ZAPS_KNOWN;
	begin(T3, LOOK_NONE);
	end(T3, false, LOOK_ANON);
	begin_with(&x);
	end(T2, false, LOOK_ANON);
	expect_exposures(0);
}

static void register_is_in_flight_at_the_begin(void **state)
{
	setup(PRIVATE);
	op(R1, OP_RANGE);
	begin(T2, LOOK_NONE);
	end(T2, false, LOOK_ANON);
	expect_exposures(0);
}

/* --- Exposures ------------------------------------------------------------------ */

static void exposure_and_a_copy_of_unknown_outcome(void **state)
{
	setup(BOTH);
	op(R1, OP_INSTALL);
	begin(T2, LOOK_NONE);
	end(T2, false, LOOK_MAPPED);
	op_done(R1, OP_INSTALL, OUTCOME_UNSURE);
	expect_exposures(0);
	expect_all_free(1);
}

static void exposures_add_up_by_type(void **state)
{
	setup(BOTH);
	type = EVENT_MINOR;
	begin(T1, LOOK_NONE);
	end(T1, false, LOOK_MAPPED);
	begin(T1, LOOK_NONE);
	end(T1, false, LOOK_MAPPED);
	expect_exposures(2);
}

static void anonymous_page_beside_an_older_write_fault(void **state)
{
	setup(PRIVATE);
	flags = FAULT_F_PRIVATE | FAULT_F_WRITE | FAULT_F_ZAPS_KNOWN;
	begin(T3, LOOK_MAPPED);
	flags = PRIVATE;
	begin(T2, LOOK_NONE);
	end(T2, false, LOOK_ANON);		/* T3 may have copied it */
	end(T3, true, LOOK_UNKNOWN);
	expect_exposures(0);

	begin(T2, LOOK_NONE);
	flags = FAULT_F_PRIVATE | FAULT_F_WRITE | FAULT_F_ZAPS_KNOWN;
	begin(T3, LOOK_MAPPED);
	end(T3, false, LOOK_ANON);		/* has copied it */
	flags = PRIVATE;
	end(T2, false, LOOK_ANON);
	expect_exposures(0);

	begin(T3, LOOK_MAPPED);			/* a read copies nothing */
	begin(T2, LOOK_NONE);
	end(T3, false, LOOK_ANON);
	end(T2, false, LOOK_ANON);
	expect_exposures(1);
}

/* Had T2 mapped a page-cache page, it would still be there. */
static void anonymous_page_beside_a_copy_where_nothing_was_zapped(void **state)
{
	setup(PRIVATE);
	begin(T2, LOOK_NONE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	op(R1, OP_INSTALL);
	end(T2, false, LOOK_ANON);
	expect_open(1);		/* what T2 has seen may be R1's page */
	op_done(R1, OP_INSTALL, OUTCOME_EXISTS);
	expect_verdict(VERDICT_BOGUS, 1);
	expect_exposures(1);

	setup(PRIVATE);
	begin(T2, LOOK_NONE);
	zap(R2);
	begin(T1, LOOK_NONE);
	install(R1, OUTCOME_UNSURE);
	begin(T3, LOOK_NONE);
	end(T2, false, LOOK_ANON);
	event(T3, LOOK_MAPPED);
	expire();
	expect_undecided(WHY_SILENT, 1);
}

static void anonymous_page_beside_a_read_fault(void **state)
{
	setup(PRIVATE);
	begin(T3, LOOK_NONE);
	begin(T2, LOOK_NONE);
	end(T2, false, LOOK_ANON);
	end(T3, true, LOOK_UNKNOWN);
	expect_exposures(1);
}

static void anonymous_page_proves_nothing_of_a_private_minor_fault(void **state)
{
	setup(FAULT_F_PRIVATE);
	begin(T2, LOOK_NONE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	end(T2, false, LOOK_ANON);
	expect_undecided(WHY_SILENT, 1);
}

/* --- Ranges and looks ------------------------------------------------------------ */

static void unknown_outcome_elsewhere(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	verdict_op_begin(&engine, R1, UFFD, OP_INSTALL, PAGE - 0x1000, PAGE);
	verdict_op_end(&engine, R1, UFFD, OP_INSTALL, OUTCOME_UNSURE, 0);
	verdict_op_begin(&engine, R1, UFFD, OP_INSTALL, PAGE + 0x1000, PAGE + 0x2000);
	verdict_op_end(&engine, R1, UFFD, OP_INSTALL, OUTCOME_UNSURE, 0);
	expect_open(1);
}

static void new_event_has_all_its_looks(void **state)
{
	int i;

	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	looked(LOOK_UNKNOWN);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	for (i = 1; i < VERDICT_MAX_LOOKS; i++)
		looked(LOOK_UNKNOWN);
	expect_open(2);
	looked(LOOK_UNKNOWN);
	expect_undecided(WHY_TIMEOUT, 2);
}

/* A thread that hangs in a fault keeps the record of the page. */
static void every_event_gets_all_its_looks(void **state)
{
	setup(PRIVATE);
	begin(T2, LOOK_NONE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expire();
	expect_undecided(WHY_TIMEOUT, 1);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	looked(LOOK_UNKNOWN);
	expect_open(1);
	looked(LOOK_ANON);
	expect_verdict(VERDICT_BOGUS, 1);
}

static void every_exposure_gets_all_its_looks(void **state)
{
	setup(FAULT_F_ZAPS_KNOWN | FAULT_F_NEVER_INSTALLS);
	op(R1, OP_INSTALL);
	begin(T2, LOOK_NONE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expire();
	expect_undecided(WHY_TIMEOUT, 1);
	begin(T1, LOOK_NONE);
	end(T1, false, LOOK_MAPPED);
	looked(LOOK_UNKNOWN);
	op_done(R1, OP_INSTALL, OUTCOME_NOTHING);
	expect_exposures(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seen_while_a_copy_is_in_flight),
		cmocka_unit_test(seen_twice_while_a_copy_is_in_flight),
		cmocka_unit_test(seen_by_the_next_event),
		cmocka_unit_test(unsure_that_begins_after_the_look_does_not_explain_it),
		cmocka_unit_test(copy_before_entry_explains_nothing),
		cmocka_unit_test(missed_return_is_before_the_new_fault),
		cmocka_unit_test(missed_return_is_no_exposure),
		cmocka_unit_test(event_elsewhere_leaves_its_fault_unsure),
		cmocka_unit_test(old_look_at_the_begin_of_a_fault),
		cmocka_unit_test(old_look_at_the_end_of_a_fault),
		cmocka_unit_test(old_look_at_an_event),
		cmocka_unit_test(zap_that_ends_between_the_look_and_the_event),
		cmocka_unit_test(zap_that_ends_inside_a_fault),
		cmocka_unit_test(zap_before_the_look),
		cmocka_unit_test(copy_ends_before_the_begin),
		cmocka_unit_test(register_ends_before_the_begin),
		cmocka_unit_test(write_fault_ends_before_the_begin),
		cmocka_unit_test(register_is_in_flight_at_the_begin),
		cmocka_unit_test(exposure_and_a_copy_of_unknown_outcome),
		cmocka_unit_test(exposures_add_up_by_type),
		cmocka_unit_test(anonymous_page_beside_an_older_write_fault),
		cmocka_unit_test(anonymous_page_beside_a_copy_where_nothing_was_zapped),
		cmocka_unit_test(anonymous_page_beside_a_read_fault),
		cmocka_unit_test(anonymous_page_proves_nothing_of_a_private_minor_fault),
		cmocka_unit_test(unknown_outcome_elsewhere),
		cmocka_unit_test(new_event_has_all_its_looks),
		cmocka_unit_test(every_event_gets_all_its_looks),
		cmocka_unit_test(every_exposure_gets_all_its_looks),
	};

	return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
