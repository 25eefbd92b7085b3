// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict engine by example: what weakens evidence, and what
 * makes up for it.
 */
#include "unit.h"

static void setup_private(void)
{
	fresh(&(struct verdict_limits){ 4, 4, 4, 2 });
	flags = FAULT_F_PRIVATE | FAULT_F_ANON_PROVES | FAULT_F_ZAPS_KNOWN;
	opened(UFFD, 42);
}

/* --- Faults that end without an event ------------------------------------ */

static void fault_in_flight_blocks_judgement(void **state)
{
	setup_private();
	begin(T2, LOOK_NONE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expect_open(1);
	event(T2, LOOK_MAPPED);		/* so T2 has not installed it either */
	expect_verdict(VERDICT_BOGUS, 2);
	expect_all_free(1);
}

static void fault_that_may_have_hit_the_page_cache(void **state)
{
	setup_private();
	begin(T2, LOOK_NONE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	end(T2, false, LOOK_MAPPED);
	expire();
	expect_undecided(WHY_SILENT, 1);
	begin(T1, LOOK_NONE);
	begin(T2, LOOK_NONE);
	end(T2, false, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expire();
	expect_undecided(WHY_SILENT, 2);
	expect_exposures(0);
}

static void fault_that_failed_installed_nothing(void **state)
{
	setup_private();
	begin(T2, LOOK_NONE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	end(T2, true, LOOK_UNKNOWN);
	expect_verdict(VERDICT_BOGUS, 1);
}

/* hugetlb_no_page() maps the page-cache page before it copies it. */
static void write_fault_that_failed_may_have_mapped_a_page(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	flags = FAULT_F_PRIVATE | FAULT_F_WRITE | FAULT_F_ZAPS_KNOWN;
	begin(T2, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	end(T2, true, LOOK_UNKNOWN);
	expect_undecided(WHY_SILENT, 1);

	setup_private();
	flags = FAULT_F_WRITE;		/* there is nothing to copy */
	begin(T1, LOOK_NONE);
	begin(T2, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	end(T2, true, LOOK_UNKNOWN);
	expect_verdict(VERDICT_BOGUS, 1);
}

static void fault_that_began_on_a_mapped_pte(void **state)
{
	setup_private();
	begin(T2, LOOK_MAPPED);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	end(T2, false, LOOK_NONE);
	expect_verdict(VERDICT_BOGUS, 1);
}

static void fault_that_began_mapped_where_zaps_are_unknown(void **state)
{
	setup_private();
	flags &= ~FAULT_F_ZAPS_KNOWN;
	begin(T2, LOOK_MAPPED);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	end(T2, false, LOOK_MAPPED);
	expire();
	expect_undecided(WHY_SILENT, 1);
}

static void fault_that_began_mapped_and_a_zap(void **state)
{
	setup_private();
	begin(T2, LOOK_MAPPED);
	zap(R1);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	end(T2, false, LOOK_MAPPED);
	expire();
	expect_undecided(WHY_SILENT, 1);

	setup_private();
	begin(T2, LOOK_MAPPED);
	op(R1, OP_ZAP);
	begin(T1, LOOK_NONE);
	end(T2, false, LOOK_MAPPED);
	event(T1, LOOK_MAPPED);
	expect_undecided(WHY_DROPPED, 1);

	setup_private();
	op(R1, OP_ZAP);
	begin(T2, LOOK_MAPPED);
	begin(T1, LOOK_NONE);
	end(T2, false, LOOK_MAPPED);
	event(T1, LOOK_MAPPED);
	expect_undecided(WHY_DROPPED, 1);
}

static void first_look_that_was_old(void **state)
{
	struct verdict_entry x;

	setup_private();
	x = entry(T2, LOOK_MAPPED);
	zap(R1);
	verdict_fault_begin(&engine, &x);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	end(T2, false, LOOK_MAPPED);
	expire();
	expect_undecided(WHY_SILENT, 1);
}

static void first_look_before_a_silent_install(void **state)
{
	struct verdict_entry x;

	setup_private();
	x = entry(T1, LOOK_NONE);
	flags = FAULT_F_PRIVATE | FAULT_F_WRITE | FAULT_F_ZAPS_KNOWN;
	begin(T2, LOOK_NONE);
	end(T2, false, LOOK_ANON);
	verdict_fault_begin(&engine, &x);
	end(T1, false, LOOK_ANON);
	expect_exposures(0);
	flags = x.flags;
	x = entry(T1, LOOK_NONE);
	flags = FAULT_F_PRIVATE | FAULT_F_WRITE | FAULT_F_ZAPS_KNOWN;
	begin(T2, LOOK_MAPPED);
	end(T2, false, LOOK_ANON);	/* copied what was there before */
	verdict_fault_begin(&engine, &x);
	end(T1, false, LOOK_ANON);
	expect_exposures(1);
}

static void anonymous_page_is_no_page_cache_hit(void **state)
{
	setup_private();
	begin(T2, LOOK_NONE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	end(T2, false, LOOK_ANON);
	expect_verdict(VERDICT_BOGUS, 1);
	expect_exposures(1);
}

static void anonymous_page_by_copy_on_write(void **state)
{
	setup_private();
	begin(T2, LOOK_NONE);
	flags = FAULT_F_PRIVATE | FAULT_F_WRITE;
	begin(T3, LOOK_NONE);
	flags = FAULT_F_PRIVATE | FAULT_F_ANON_PROVES;
	end(T2, false, LOOK_ANON);
	end(T3, true, LOOK_UNKNOWN);
	expect_exposures(0);
	begin(T2, LOOK_NONE);
	flags = FAULT_F_PRIVATE | FAULT_F_WRITE;
	begin(T3, LOOK_NONE);
	event(T3, LOOK_NONE);
	flags = FAULT_F_PRIVATE | FAULT_F_ANON_PROVES;
	end(T2, false, LOOK_ANON);
	expect_exposures(1);	/* an event has copied nothing */
}

/* Silent install, unseen drop, and COPY: what is anonymous now says nothing. */
static void anonymous_page_by_a_copy_in_flight(void **state)
{
	setup_private();
	flags &= ~FAULT_F_ZAPS_KNOWN;
	begin(T2, LOOK_NONE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	op(R1, OP_INSTALL);
	end(T2, false, LOOK_ANON);
	expire();
	expect_undecided(WHY_SILENT, 1);
	expect_exposures(0);
}

static void anonymous_page_after_something_unsure(void **state)
{
	setup_private();
	begin(T2, LOOK_NONE);
	install(R1, OUTCOME_DONE);
	end(T2, false, LOOK_ANON);
	begin(T2, LOOK_NONE);
	install(R1, OUTCOME_UNSURE);
	end(T2, false, LOOK_ANON);
	begin(T2, LOOK_NONE);
	op(R1, OP_RANGE);
	op_done(R1, OP_RANGE, OUTCOME_DONE);
	end(T2, false, LOOK_ANON);
	expect_exposures(0);
	expect_all_free(1);
}

static void missing_and_minor_never_installs(void **state)
{
	setup_private();
	flags = FAULT_F_NEVER_INSTALLS;
	begin(T2, LOOK_NONE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);		/* T2 does not block it */
	expect_verdict(VERDICT_BOGUS, 1);
	end(T2, false, LOOK_MAPPED);
	expect_exposures(1);
	begin(T2, LOOK_NONE);
	end(T2, false, LOOK_NONE);
	expect_exposures(1);
	begin(T2, LOOK_MAPPED);
	end(T2, false, LOOK_MAPPED);
	expect_exposures(1);
}

static void exposure_waits_for_an_install_in_flight(void **state)
{
	setup_private();
	flags = FAULT_F_NEVER_INSTALLS;
	op(R1, OP_INSTALL);
	begin(T2, LOOK_NONE);
	end(T2, false, LOOK_MAPPED);
	expect_exposures(0);
	op_done(R1, OP_INSTALL, OUTCOME_DONE);
	expect_exposures(0);
	op(R1, OP_INSTALL);
	begin(T2, LOOK_NONE);
	end(T2, false, LOOK_MAPPED);
	op_done(R1, OP_INSTALL, OUTCOME_EXISTS);
	expect_exposures(1);
	expect_all_free(1);
}

/* --- Drops ----------------------------------------------------------------- */

static void zap_before_anything_was_seen(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	op(R1, OP_ZAP);
	expect_undecided(WHY_DROPPED, 1);
}

static void zap_in_flight_at_the_event(void **state)
{
	setup_private();
	op(R1, OP_ZAP);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	expect_undecided(WHY_DROPPED, 1);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);		/* was mapped, whatever comes */
	verdict_check(&engine);
	assert_int_equal(THE_BOOKS->verdict[VERDICT_BOGUS], 1);
}

static void zap_between_the_look_and_the_event(void **state)
{
	struct verdict_entry x;

	setup_private();
	begin(T1, LOOK_NONE);
	x = entry(T1, LOOK_NONE);
	zap(R1);
	verdict_fault_event(&engine, &x);
	expect_undecided(WHY_DROPPED, 1);
}

static void zap_elsewhere_or_earlier(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	zap(R1);
	event(T1, LOOK_NONE);
	verdict_op_begin(&engine, R1, UFFD, OP_ZAP, PAGE - 0x1000, PAGE);
	verdict_op_begin(&engine, R2, UFFD, OP_ZAP, PAGE + 0x1000, PAGE + 0x2000);
	expect_open(1);
	looked(LOOK_NONE);
	expect_verdict(VERDICT_GENUINE, 1);
}

/* COPY may succeed only because of the drop: it explains nothing any more. */
static void zap_under_a_copy_in_flight(void **state)
{
	setup_private();
	begin(T1, LOOK_ANON);
	op(R1, OP_INSTALL);
	event(T1, LOOK_ANON);
	expect_open(1);
	zap(R2);
	op_done(R1, OP_INSTALL, OUTCOME_DONE);
	expect_undecided(WHY_DROPPED, 1);

	setup_private();
	begin(T1, LOOK_ANON);
	op(R1, OP_INSTALL);
	op(R2, OP_ZAP);
	event(T1, LOOK_ANON);
	op_done(R1, OP_INSTALL, OUTCOME_DONE);
	expect_undecided(WHY_DROPPED, 1);
}

static void look_at_none_where_zaps_are_unknown(void **state)
{
	setup_private();
	flags &= ~FAULT_F_ZAPS_KNOWN;
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	looked(LOOK_NONE);
	expect_open(1);
}

/* --- Lost facts -------------------------------------------------------------- */

static void return_of_a_fault_was_missed(void **state)
{
	setup_private();
	begin(T2, LOOK_NONE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expect_open(1);
	begin(T2, LOOK_NONE);		/* so the last one has ended */
	expire();
	expect_undecided(WHY_SILENT, 1);
	event(T2, LOOK_MAPPED);		/* but before this one began */
	expect_verdict(VERDICT_BOGUS, 1);
	end(T1, false, LOOK_MAPPED);		/* has no record any more */
	expect_all_free(1);
}

static void return_of_an_ioctl_was_missed(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	op(R1, OP_INSTALL);
	op(R1, OP_INSTALL);
	expect_undecided(WHY_PARTIAL, 1);
	op_done(R1, OP_INSTALL, OUTCOME_DONE);
	op_done(R1, OP_INSTALL, OUTCOME_DONE);		/* of what? */
	expect_all_free(1);
}

static void hook_was_missed(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	begin(T2, LOOK_MAPPED);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	verdict_lost(&engine);
	expect_undecided(WHY_LOST, 1);
	assert_int_equal(engine.stats.lost, 1);
	event(T2, LOOK_MAPPED);
	begin(T1, LOOK_MAPPED);
	event(T1, LOOK_MAPPED);
	install(R1, OUTCOME_DONE);
	expect_undecided(WHY_UNKNOWN_CTX, 2);
	expect_all_free(1);
}

static void mremap_blinds_one_userfaultfd(void **state)
{
	setup_private();
	opened(UFFD2, 0);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	verdict_ctx_blind(&engine, UFFD);
	verdict_ctx_blind(&engine, UFFD);
	expect_undecided(WHY_LOST, 1);
	assert_int_equal(engine.stats.blinded, 1);
	entry_ctx = UFFD2;
	begin(T1, LOOK_MAPPED);
	event(T1, LOOK_MAPPED);
	assert_int_equal(THE_BOOKS->verdict[VERDICT_BOGUS], 1);
	verdict_ctx_blind(&engine, (void *)0x3000);
	assert_int_equal(engine.stats.blinded, 1);
}

static void timeout_when_nothing_decides(void **state)
{
	int i;

	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	for (i = 1; i < VERDICT_MAX_LOOKS; i++) {
		looked(LOOK_UNKNOWN);
		expect_open(1);
	}
	looked(LOOK_UNKNOWN);
	expect_undecided(WHY_TIMEOUT, 1);
	expect_all_free(1);
}

static void timeout_of_what_was_seen(void **state)
{
	setup_private();
	op(R1, OP_INSTALL);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expire();
	expect_undecided(WHY_TIMEOUT, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fault_in_flight_blocks_judgement),
		cmocka_unit_test(fault_that_may_have_hit_the_page_cache),
		cmocka_unit_test(fault_that_failed_installed_nothing),
		cmocka_unit_test(write_fault_that_failed_may_have_mapped_a_page),
		cmocka_unit_test(fault_that_began_on_a_mapped_pte),
		cmocka_unit_test(fault_that_began_mapped_where_zaps_are_unknown),
		cmocka_unit_test(fault_that_began_mapped_and_a_zap),
		cmocka_unit_test(first_look_that_was_old),
		cmocka_unit_test(first_look_before_a_silent_install),
		cmocka_unit_test(anonymous_page_is_no_page_cache_hit),
		cmocka_unit_test(anonymous_page_by_copy_on_write),
		cmocka_unit_test(anonymous_page_by_a_copy_in_flight),
		cmocka_unit_test(anonymous_page_after_something_unsure),
		cmocka_unit_test(missing_and_minor_never_installs),
		cmocka_unit_test(exposure_waits_for_an_install_in_flight),
		cmocka_unit_test(zap_before_anything_was_seen),
		cmocka_unit_test(zap_in_flight_at_the_event),
		cmocka_unit_test(zap_between_the_look_and_the_event),
		cmocka_unit_test(zap_elsewhere_or_earlier),
		cmocka_unit_test(zap_under_a_copy_in_flight),
		cmocka_unit_test(look_at_none_where_zaps_are_unknown),
		cmocka_unit_test(return_of_a_fault_was_missed),
		cmocka_unit_test(return_of_an_ioctl_was_missed),
		cmocka_unit_test(hook_was_missed),
		cmocka_unit_test(mremap_blinds_one_userfaultfd),
		cmocka_unit_test(timeout_when_nothing_decides),
		cmocka_unit_test(timeout_of_what_was_seen),
	};

	return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
