// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict engine by example: faults inside windows that were watched.
 */
#include "unit.h"

static void setup_minor(void)
{
	fresh(&(struct verdict_limits){ 4, 4, 4, 2 });
	flags = FAULT_F_ZAPS_KNOWN;
	type = EVENT_MINOR;
	opened(UFFD, 42);
}

/* The window closes now, and the fault ends behind it. */
static void spared(void *task)
{
	verdict_fault_spared(&engine, task, engine.clock);
}

static void exposure_where_a_fault_could_install(void **state)
{
	setup_minor();
	begin(T1, LOOK_NONE);
	end(T1, false, LOOK_MAPPED);
	expect_exposures(0);
	begin(T1, LOOK_NONE);
	spared(T1);
	end(T1, false, LOOK_MAPPED);
	expect_exposures(1);
	expect_all_free(1);
}

static void it_is_no_install_for_others_either(void **state)
{
	setup_minor();
	begin(T2, LOOK_NONE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expect_open(1);
	spared(T2);
	end(T2, false, LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);
	expect_exposures(1);
}

static void window_that_has_closed_before(void **state)
{
	verdict_time shut;

	setup_minor();
	shut = engine.clock;
	begin(T1, LOOK_NONE);
	verdict_fault_spared(&engine, T1, shut);
	end(T1, false, LOOK_MAPPED);
	begin(T1, LOOK_NONE);
	verdict_fault_spared(&engine, T1, 0);	/* or never */
	end(T1, false, LOOK_MAPPED);
	expect_exposures(0);
}

static void fault_that_did_not_find_none(void **state)
{
	setup_minor();
	begin(T1, LOOK_MAPPED);
	spared(T1);
	end(T1, false, LOOK_MAPPED);
	begin(T1, LOOK_UNKNOWN);
	spared(T1);
	end(T1, false, LOOK_MAPPED);
	expect_exposures(0);
}

static void page_that_was_taken_away_since(void **state)
{
	setup_minor();
	begin(T2, LOOK_NONE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	begin(T3, LOOK_NONE);
	op(R1, OP_ZAP);			/* closes what waits */
	spared(T2);
	end(T2, false, LOOK_MAPPED);
	op_done(R1, OP_ZAP, OUTCOME_DONE);
	spared(T3);
	end(T3, false, LOOK_MAPPED);
	expect_exposures(0);

	setup_minor();			/* and what comes after the zap */
	begin(T2, LOOK_NONE);
	zap(R1);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	spared(T2);
	end(T2, false, LOOK_MAPPED);
	expire();
	expect_undecided(WHY_SILENT, 1);
}

static void zap_that_begins_with_the_last_fact(void **state)
{
	setup_minor();
	begin(T1, LOOK_NONE);
	op(R1, OP_ZAP);
	spared(T1);
	end(T1, false, LOOK_MAPPED);
	expect_exposures(0);
}

static void zaps_that_are_unknown(void **state)
{
	setup_minor();
	flags = 0;
	begin(T1, LOOK_NONE);
	spared(T1);
	end(T1, false, LOOK_MAPPED);
	expect_exposures(0);
}

static void range_that_was_registered_anew(void **state)
{
	setup_minor();
	begin(T1, LOOK_NONE);
	op(R1, OP_RANGE);
	op_done(R1, OP_RANGE, OUTCOME_DONE);
	spared(T1);
	end(T1, false, LOOK_MAPPED);
	expect_exposures(0);
}

static void table_that_is_shared(void **state)
{
	setup_minor();
	flags |= FAULT_F_SHARED_TABLE;
	begin(T1, LOOK_NONE);
	spared(T1);
	end(T1, false, LOOK_MAPPED);
	expect_exposures(0);
}

/* The page is in the page cache: with MISSING alone there is no event of it. */
static void range_that_raises_nothing_anyway(void **state)
{
	setup_minor();
	type = EVENT_MISSING;
	begin(T1, LOOK_NONE);
	spared(T1);
	end(T1, false, LOOK_MAPPED);
	expect_exposures(0);
	flags |= FAULT_F_PRIVATE;
	begin(T1, LOOK_NONE);
	spared(T1);
	end(T1, false, LOOK_MAPPED);
	expect_exposures(1);
}

static void install_meanwhile(void **state)
{
	setup_minor();
	begin(T1, LOOK_NONE);
	install(R1, OUTCOME_DONE);
	spared(T1);
	end(T1, false, LOOK_MAPPED);
	expect_exposures(0);

	setup_minor();
	op(R1, OP_INSTALL);
	begin(T1, LOOK_NONE);
	spared(T1);
	end(T1, false, LOOK_MAPPED);
	expect_exposures(0);
	op_done(R1, OP_INSTALL, OUTCOME_EXISTS);
	expect_exposures(1);
}

static void fault_without_a_record(void **state)
{
	setup_minor();
	spared(T1);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	spared(T1);
	end(T1, true, LOOK_UNKNOWN);
	expect_exposures(0);
	expect_open(1);
}

/* Whether it raises anything, the kernel's own look decides, not ours. */
static void what_the_kernel_has_read(void **state)
{
	fresh(&(struct verdict_limits){ 4, 4, 4, 2 });
	flags = FAULT_F_ZAPS_KNOWN | FAULT_F_NEVER_INSTALLS | FAULT_F_UNREAD;
	opened(UFFD, 42);
	begin(T1, LOOK_NONE);
	end(T1, false, LOOK_MAPPED);
	expect_exposures(0);
	verdict_fault_read(&engine, T1);	/* of another file */
	begin(T1, LOOK_NONE);
	verdict_fault_read(&engine, T1);
	end(T1, false, LOOK_MAPPED);
	expect_exposures(1);
	begin(T1, LOOK_NONE);
	verdict_fault_read(&engine, T1);
	verdict_fault_unread(&engine, T1);
	end(T1, false, LOOK_MAPPED);
	verdict_fault_unread(&engine, T1);
	expect_exposures(1);
	expect_all_free(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exposure_where_a_fault_could_install),
		cmocka_unit_test(it_is_no_install_for_others_either),
		cmocka_unit_test(window_that_has_closed_before),
		cmocka_unit_test(fault_that_did_not_find_none),
		cmocka_unit_test(page_that_was_taken_away_since),
		cmocka_unit_test(zap_that_begins_with_the_last_fact),
		cmocka_unit_test(zaps_that_are_unknown),
		cmocka_unit_test(range_that_was_registered_anew),
		cmocka_unit_test(table_that_is_shared),
		cmocka_unit_test(range_that_raises_nothing_anyway),
		cmocka_unit_test(install_meanwhile),
		cmocka_unit_test(fault_without_a_record),
		cmocka_unit_test(what_the_kernel_has_read),
	};

	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
