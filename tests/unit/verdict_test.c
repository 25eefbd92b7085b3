// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict engine by example: one test for each situation that the design
 * names, in the order in which the hooks would tell it.
 */
#include "unit.h"

static void setup_private(void)
{
	fresh(&(struct verdict_limits){ 4, 4, 4, 2 });
	flags = FAULT_F_PRIVATE | FAULT_F_ANON_PROVES | FAULT_F_ZAPS_KNOWN;
	assert_true(opened(UFFD, 42));
}

/* --- The four verdicts ------------------------------------------------- */

static void genuine_when_copy_succeeds_later(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	expect_open(1);
	install(R1, OUTCOME_DONE);
	expect_verdict(VERDICT_GENUINE, 1);
}

static void genuine_when_the_deferred_look_finds_none(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	looked(LOOK_NONE);
	expect_verdict(VERDICT_GENUINE, 1);
}

static void stale_when_copy_ends_between_entry_and_event(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	install(R1, OUTCOME_DONE);
	event(T1, LOOK_ANON);
	expect_verdict(VERDICT_STALE, 1);
}

static void stale_when_copy_is_in_flight_at_the_event(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	op(R1, OP_INSTALL);
	event(T1, LOOK_ANON);
	expect_open(1);		/* the outcome is not known yet */
	op_done(R1, OP_INSTALL, OUTCOME_DONE);
	expect_verdict(VERDICT_STALE, 1);
}

static void bogus_when_mapped_at_the_event_without_an_install(void **state)
{
	setup_private();
	begin(T1, LOOK_ANON);
	event(T1, LOOK_ANON);
	expect_verdict(VERDICT_BOGUS, 1);
}

static void bogus_when_seen_by_the_deferred_look(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	looked(LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);
}

static void bogus_when_seen_by_the_next_fault(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	begin(T2, LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);
}

static void bogus_when_seen_by_the_end_of_another_fault(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	begin(T2, LOOK_NONE);
	event(T1, LOOK_NONE);
	end(T2, false, LOOK_ANON);
	expect_verdict(VERDICT_BOGUS, 1);
	expect_exposures(1);
}

/* ZEROPAGE and MOVE find uffd-wp markers, COPY finds those of guard regions. */
static void eexist_may_be_a_marker(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	install(R1, OUTCOME_EXISTS);
	expect_open(1);
	looked(LOOK_NONE);
	expect_verdict(VERDICT_GENUINE, 1);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	install(R1, OUTCOME_EXISTS);
	looked(LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);
}

static void bogus_hundreds_share_one_fate(void **state)
{
	int i;

	setup_private();
	for (i = 0; i < 300; i++) {
		begin(T1, LOOK_NONE);
		event(T1, LOOK_NONE);
	}
	expect_open(300);
	looked(LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 300);
}

/* --- Evidence that is too old or too new -------------------------------- */

static void look_from_before_the_event_says_nothing(void **state)
{
	verdict_time early;

	setup_private();
	begin(T1, LOOK_NONE);
	early = engine.clock;
	event(T1, LOOK_NONE);
	verdict_looked(&engine, UFFD, PAGE, LOOK_MAPPED, early);
	expect_open(1);
	verdict_looked(&engine, UFFD, PAGE, LOOK_NONE, early);
	expect_open(1);
}

static void look_that_failed_says_nothing(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	looked(LOOK_UNKNOWN);
	expect_open(1);
}

static void eexist_waits_for_another_copy_in_flight(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	op(R1, OP_INSTALL);
	looked(LOOK_MAPPED);		/* R1 may have been first */
	install(R2, OUTCOME_EXISTS);
	expect_open(1);
	op_done(R1, OP_INSTALL, OUTCOME_DONE);
	expect_verdict(VERDICT_GENUINE, 1);
}

static void eexist_of_all_in_flight_proves_it(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	op(R1, OP_INSTALL);
	looked(LOOK_MAPPED);
	install(R2, OUTCOME_EXISTS);
	op_done(R1, OP_INSTALL, OUTCOME_EXISTS);
	expect_verdict(VERDICT_BOGUS, 1);
}

static void copy_that_begins_after_the_look_does_not_explain_it(void **state)
{
	setup_private();
	begin(T2, LOOK_NONE);		/* blocks judgement */
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	op(R1, OP_INSTALL);
	op_done(R1, OP_INSTALL, OUTCOME_DONE);
	expect_open(1);
	end(T2, true, LOOK_UNKNOWN);
	expect_verdict(VERDICT_BOGUS, 1);
}

/* 5.10: a shared write fault maps the page, and says VM_FAULT_RETRY. */
static void retry_that_may_have_mapped(void **state)
{
	setup_private();
	flags = FAULT_F_ZAPS_KNOWN;
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	flags |= FAULT_F_WRITE | FAULT_F_RETRY_MAPS;
	begin(T2, LOOK_NONE);
	end(T2, true, LOOK_UNKNOWN);
	looked(LOOK_MAPPED);
	expect_undecided(WHY_SILENT, 1);
}

/* An event, and another fault of its page that ends without one. */
static void result_of_a_neighbour(unsigned int f, enum verdict_result result,
				  enum verdict_look look)
{
	setup_private();
	verdict_ctx_complete(&engine, UFFD, true);
	backing = BACKING_SHMEM;
	flags = FAULT_F_ZAPS_KNOWN;
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	flags |= f;
	begin(T2, LOOK_NONE);
	ended(T2, result, look);
	looked(LOOK_MAPPED);
}

static void result_that_tells(void **state)
{
	const unsigned int copies = FAULT_F_PRIVATE | FAULT_F_WRITE;

	result_of_a_neighbour(FAULT_F_WRITE, RESULT_MAPPED_NOTHING, LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);
	result_of_a_neighbour(copies, RESULT_MAPPED_NOTHING, LOOK_ANON);
	expect_verdict(VERDICT_BOGUS, 1);
	result_of_a_neighbour(copies, RESULT_FAILED, LOOK_UNKNOWN);
	expect_verdict(VERDICT_BOGUS, 1);
	result_of_a_neighbour(FAULT_F_WRITE, RESULT_FAILED, LOOK_UNKNOWN);
	expect_verdict(VERDICT_BOGUS, 1);
}

static void result_that_does_not_tell(void **state)
{
	const unsigned int copies = FAULT_F_PRIVATE | FAULT_F_WRITE;

	result_of_a_neighbour(FAULT_F_WRITE, RESULT_MAY_HAVE_MAPPED, LOOK_MAPPED);
	expect_undecided(WHY_SILENT, 1);
	result_of_a_neighbour(copies, RESULT_MAY_HAVE_MAPPED, LOOK_ANON);
	expect_undecided(WHY_SILENT, 1);
}

/* It may have mapped the page that it then could not copy. */
static void failed_write_in_hugetlb(void **state)
{
	setup_private();
	flags = FAULT_F_ZAPS_KNOWN;
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	flags |= FAULT_F_PRIVATE | FAULT_F_WRITE;
	begin(T2, LOOK_NONE);
	end(T2, true, LOOK_UNKNOWN);
	looked(LOOK_MAPPED);
	expect_undecided(WHY_SILENT, 1);
}

/* What it has copied may be a page that a third one has mapped. */
static void write_beside_a_fault_that_maps(enum verdict_result result)
{
	setup_private();
	verdict_ctx_complete(&engine, UFFD, true);
	backing = BACKING_SHMEM;
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	begin(T3, LOOK_NONE);
	flags = FAULT_F_PRIVATE | FAULT_F_WRITE | FAULT_F_ZAPS_KNOWN;
	begin(T2, LOOK_MAPPED);
	ended(T2, result, LOOK_ANON);
	ended(T3, RESULT_MAY_HAVE_MAPPED, LOOK_ANON);
	looked(LOOK_ANON);
}

static void write_that_may_have_copied(void **state)
{
	write_beside_a_fault_that_maps(RESULT_MAPPED_NOTHING);
	expect_open(1);
	write_beside_a_fault_that_maps(RESULT_DID_NOTHING);
	expect_verdict(VERDICT_BOGUS, 1);
}

static void copy_that_ended_before_the_page(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	verdict_op_begin(&engine, R1, UFFD, OP_INSTALL, PAGE - 0x1000, PAGE + 0x1000);
	verdict_op_end(&engine, R1, UFFD, OP_INSTALL, OUTCOME_DONE, PAGE);
	expect_open(1);
	verdict_op_begin(&engine, R1, UFFD, OP_INSTALL, PAGE - 0x1000, PAGE + 0x1000);
	verdict_op_end(&engine, R1, UFFD, OP_INSTALL, OUTCOME_DONE, PAGE + 1);
	expect_verdict(VERDICT_GENUINE, 1);
}

static void copy_elsewhere(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	verdict_op_begin(&engine, R1, UFFD, OP_INSTALL, PAGE - 0x1000, PAGE);
	verdict_op_begin(&engine, R2, UFFD, OP_INSTALL, PAGE + 0x1000, PAGE + 0x2000);
	looked(LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);
	verdict_op_end(&engine, R1, UFFD, OP_INSTALL, OUTCOME_DONE, PAGE);
	verdict_op_end(&engine, R2, UFFD, OP_INSTALL, OUTCOME_DONE, PAGE + 0x2000);
	expect_verdict(VERDICT_BOGUS, 1);
}

static void copy_that_failed(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	install(R1, OUTCOME_NOTHING);
	expect_open(1);
	looked(LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);
}

static void copy_with_an_unknown_outcome(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	install(R1, OUTCOME_UNSURE);
	expect_undecided(WHY_PARTIAL, 1);
	begin(T1, LOOK_NONE);
	install(R1, OUTCOME_UNSURE);
	event(T1, LOOK_ANON);
	expect_undecided(WHY_PARTIAL, 2);
}

/* --- Ways to accuse an innocent kernel (design.md, section 2) ------------ */

static void shared_page_table(void **state)
{
	setup_private();
	flags = FAULT_F_ZAPS_KNOWN | FAULT_F_SHARED_TABLE | FAULT_F_NEVER_INSTALLS;
	begin(T1, LOOK_NONE);
	begin(T2, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expect_undecided(WHY_SHARED, 1);
	end(T2, false, LOOK_MAPPED);
	expect_exposures(0);
}

static void unregister_closes_cases_at_its_entry(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	op(R1, OP_RANGE);
	expect_undecided(WHY_CHANGED, 1);
	op_done(R1, OP_RANGE, OUTCOME_DONE);
}

static void unregister_elsewhere(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	verdict_op_begin(&engine, R1, UFFD, OP_RANGE, PAGE - 0x1000, PAGE);
	verdict_op_begin(&engine, R2, UFFD, OP_RANGE, PAGE + 0x1000, PAGE + 0x2000);
	expect_open(1);
}

static void fault_across_a_register(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	op(R1, OP_RANGE);
	begin(T2, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	event(T2, LOOK_MAPPED);
	expect_undecided(WHY_CHANGED, 2);
	begin(T1, LOOK_NONE);
	op_done(R1, OP_RANGE, OUTCOME_DONE);
	event(T1, LOOK_MAPPED);
	expect_undecided(WHY_CHANGED, 3);
}

static void range_found_not_watched(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	looked(LOOK_GONE);
	expect_undecided(WHY_CHANGED, 1);
}

static void close_of_the_userfaultfd(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	begin(T2, LOOK_NONE);
	op(R1, OP_INSTALL);
	verdict_ctx_gone(&engine, UFFD);
	expect_undecided(WHY_CHANGED, 1);
	event(T2, LOOK_NONE);
	expect_undecided(WHY_UNKNOWN_CTX, 1);
	expect_all_free(0);
}

static void userfaultfd_at_the_address_of_an_old_one(void **state)
{
	setup_private();
	begin(T2, LOOK_NONE);
	verdict_ctx_gone(&engine, UFFD);
	assert_int_equal(verdict_ctx_tag(&engine, UFFD), 0);
	opened(UFFD, 43);
	assert_int_equal(verdict_ctx_tag(&engine, UFFD), 43);
	event(T2, LOOK_MAPPED);
	expect_undecided(WHY_NO_ENTRY, 1);
}

static void fork_child_is_another_userfaultfd(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	entry_ctx = UFFD2;	/* never born before our eyes */
	begin(T2, LOOK_MAPPED);
	event(T2, LOOK_MAPPED);
	expect_undecided(WHY_UNKNOWN_CTX, 1);
	expect_open(1);		/* the parent's */
}

static void collapse_is_an_install(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	op(R1, OP_INSTALL);		/* khugepaged: who knows what it did */
	event(T1, LOOK_MAPPED);
	op_done(R1, OP_INSTALL, OUTCOME_UNSURE);
	expect_undecided(WHY_PARTIAL, 1);
}

static void no_record_of_the_fault(void **state)
{
	setup_private();
	event(T1, LOOK_MAPPED);
	expect_undecided(WHY_NO_ENTRY, 1);
}

static void retry_is_a_new_fault(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	install(R1, OUTCOME_DONE);
	begin(T1, LOOK_ANON);
	event(T1, LOOK_ANON);
	expect_verdict(VERDICT_GENUINE, 1);
	expect_verdict(VERDICT_BOGUS, 1);
}

static void event_of_another_page_than_the_fault(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	entry_addr = PAGE + 0x1000;
	event(T1, LOOK_MAPPED);
	expect_undecided(WHY_NO_ENTRY, 1);
	expect_all_free(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(genuine_when_copy_succeeds_later),
		cmocka_unit_test(genuine_when_the_deferred_look_finds_none),
		cmocka_unit_test(stale_when_copy_ends_between_entry_and_event),
		cmocka_unit_test(stale_when_copy_is_in_flight_at_the_event),
		cmocka_unit_test(bogus_when_mapped_at_the_event_without_an_install),
		cmocka_unit_test(bogus_when_seen_by_the_deferred_look),
		cmocka_unit_test(bogus_when_seen_by_the_next_fault),
		cmocka_unit_test(bogus_when_seen_by_the_end_of_another_fault),
		cmocka_unit_test(eexist_may_be_a_marker),
		cmocka_unit_test(bogus_hundreds_share_one_fate),
		cmocka_unit_test(look_from_before_the_event_says_nothing),
		cmocka_unit_test(look_that_failed_says_nothing),
		cmocka_unit_test(eexist_waits_for_another_copy_in_flight),
		cmocka_unit_test(eexist_of_all_in_flight_proves_it),
		cmocka_unit_test(copy_that_begins_after_the_look_does_not_explain_it),
		cmocka_unit_test(retry_that_may_have_mapped),
		cmocka_unit_test(result_that_tells),
		cmocka_unit_test(result_that_does_not_tell),
		cmocka_unit_test(failed_write_in_hugetlb),
		cmocka_unit_test(write_that_may_have_copied),
		cmocka_unit_test(copy_that_ended_before_the_page),
		cmocka_unit_test(copy_elsewhere),
		cmocka_unit_test(copy_that_failed),
		cmocka_unit_test(copy_with_an_unknown_outcome),
		cmocka_unit_test(shared_page_table),
		cmocka_unit_test(unregister_closes_cases_at_its_entry),
		cmocka_unit_test(unregister_elsewhere),
		cmocka_unit_test(fault_across_a_register),
		cmocka_unit_test(range_found_not_watched),
		cmocka_unit_test(close_of_the_userfaultfd),
		cmocka_unit_test(userfaultfd_at_the_address_of_an_old_one),
		cmocka_unit_test(fork_child_is_another_userfaultfd),
		cmocka_unit_test(collapse_is_an_install),
		cmocka_unit_test(no_record_of_the_fault),
		cmocka_unit_test(retry_is_a_new_fault),
		cmocka_unit_test(event_of_another_page_than_the_fault),
	};

	return cmocka_run_group_tests_name("verdicts", tests, NULL, NULL);
}
