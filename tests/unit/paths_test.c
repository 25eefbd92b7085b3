// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict engine by example: what one path has and others have not.
 * Fault-around, page tables that become shareable, hooks that are armed late.
 */
#include "unit.h"

#define PRIVATE	(FAULT_F_PRIVATE | FAULT_F_ANON_PROVES | FAULT_F_ZAPS_KNOWN)
#define BLOCK	0x10000UL

static void setup(unsigned int f)
{
	fresh(&(struct verdict_limits){ 8, 8, 4, 3 });
	flags = f;
	opened(UFFD, 42);
}

/* --- Fault-around -------------------------------------------------------------- */

static void around(void *task, unsigned long addr)
{
	struct verdict_entry x = entry(task, LOOK_NONE);

	x.addr = addr;
	x.around = BLOCK;
	verdict_fault_begin(&engine, &x);
}

static void around_that_has_ended(void **state)
{
	setup(FAULT_F_ZAPS_KNOWN);
	begin(T1, LOOK_NONE);
	around(T2, PAGE + 0x3000);
	end(T2, false, LOOK_MAPPED);
	event(T1, LOOK_MAPPED);
	expect_undecided(WHY_SILENT, 1);
	begin(T1, LOOK_NONE);		/* later than that */
	around(T2, PAGE + BLOCK);	/* another block */
	event(T1, LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);
	end(T2, false, LOOK_MAPPED);
	expect_all_free(1);
}

static void around_in_flight(void **state)
{
	setup(FAULT_F_ZAPS_KNOWN);
	begin(T1, LOOK_NONE);
	around(T2, PAGE + 0x3000);
	event(T1, LOOK_MAPPED);
	expect_undecided(WHY_SILENT, 1);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	looked(LOOK_MAPPED);
	expect_undecided(WHY_SILENT, 2);
	end(T2, false, LOOK_MAPPED);
}

static void around_of_a_fault_that_raises_an_event(void **state)
{
	setup(FAULT_F_ZAPS_KNOWN);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	around(T2, PAGE + 0x3000);
	entry_addr = PAGE + 0x3000;
	event(T2, LOOK_MAPPED);		/* for itself it has installed nothing */
	assert_int_equal(THE_BOOKS->verdict[VERDICT_BOGUS], 1);
	looked(LOOK_MAPPED);
	expect_undecided(WHY_SILENT, 1);
}

static void around_installs_no_anonymous_page(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	around(T2, PAGE + 0x3000);
	event(T1, LOOK_ANON);
	expect_verdict(VERDICT_BOGUS, 1);
	begin(T1, LOOK_NONE);
	end(T2, false, LOOK_ANON);
	event(T1, LOOK_MAPPED);		/* under migration, say */
	expect_open(1);
	looked(LOOK_ANON);
	expect_verdict(VERDICT_BOGUS, 2);
	begin(T1, LOOK_NONE);
	around(T2, PAGE + 0x3000);
	event(T1, LOOK_NONE);
	looked(LOOK_MAPPED);
	expect_open(1);
	looked(LOOK_ANON);
	expect_verdict(VERDICT_BOGUS, 3);
}

static void around_and_copy_on_write(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	around(T2, PAGE + 0x3000);
	end(T2, false, LOOK_ANON);
	flags = FAULT_F_PRIVATE | FAULT_F_WRITE | FAULT_F_ZAPS_KNOWN;
	begin(T3, LOOK_MAPPED);
	end(T3, false, LOOK_ANON);
	flags = PRIVATE;
	event(T1, LOOK_ANON);
	expire();
	expect_undecided(WHY_SILENT, 1);
}

static void around_before_an_older_look(void **state)
{
	verdict_time early;

	setup(PRIVATE & ~FAULT_F_ZAPS_KNOWN);
	early = engine.clock;
	begin(T1, LOOK_NONE);
	around(T2, PAGE + 0x3000);
	event(T1, LOOK_MAPPED);
	verdict_looked(&engine, UFFD, PAGE, LOOK_ANON, early);
	expect_open(1);
	verdict_looked(&engine, UFFD, PAGE, LOOK_ANON, engine.clock - 2);
	expect_open(1);
}

static void around_and_a_look_older_than_an_event(void **state)
{
	struct verdict_entry x;

	setup(PRIVATE & ~FAULT_F_ZAPS_KNOWN);
	begin(T1, LOOK_NONE);
	begin(T2, LOOK_NONE);
	around(T3, PAGE + 0x3000);
	end(T3, false, LOOK_ANON);
	x = entry(T2, LOOK_ANON);
	event(T1, LOOK_MAPPED);
	verdict_fault_event(&engine, &x);
	expect_open(2);
	looked(LOOK_ANON);
	expect_verdict(VERDICT_BOGUS, 2);
}

static void around_and_a_look_older_than_one_event(void **state)
{
	struct verdict_entry x;
	verdict_time early;

	setup(PRIVATE & ~FAULT_F_ZAPS_KNOWN);
	begin(T1, LOOK_NONE);
	begin(T2, LOOK_NONE);
	around(T3, PAGE + 0x3000);
	end(T3, false, LOOK_ANON);
	x = entry(T1, LOOK_MAPPED);
	event(T2, LOOK_NONE);
	early = engine.clock;
	verdict_fault_event(&engine, &x);
	verdict_looked(&engine, UFFD, PAGE, LOOK_ANON, early);
	expect_open(2);
}

static void around_and_an_event_that_decides_for_all(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	begin(T2, LOOK_NONE);
	around(T3, PAGE + 0x3000);
	event(T1, LOOK_MAPPED);
	expect_open(1);
	event(T2, LOOK_ANON);
	expect_verdict(VERDICT_BOGUS, 2);
}

static void around_before_one_of_two_events(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	around(T3, PAGE + 0x3000);
	end(T3, false, LOOK_ANON);
	begin(T2, LOOK_NONE);
	event(T1, LOOK_NONE);
	event(T2, LOOK_NONE);
	looked(LOOK_MAPPED);
	expect_open(2);
	expire();
	expect_undecided(WHY_SILENT, 2);
}

static void around_where_no_fault_installs(void **state)
{
	setup(FAULT_F_ZAPS_KNOWN | FAULT_F_NEVER_INSTALLS);
	begin(T1, LOOK_NONE);
	around(T2, PAGE + 0x3000);
	event(T1, LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);
}

static void around_a_huge_block(void **state)
{
	struct verdict_entry x;

	setup(FAULT_F_ZAPS_KNOWN);
	begin(T1, LOOK_NONE);
	entry_addr = PAGE + 0x400000;
	begin(T3, LOOK_NONE);
	x = entry(T2, LOOK_NONE);
	x.addr = PAGE + 0x1ff000;
	x.around = 0x200000;
	verdict_fault_begin(&engine, &x);
	end(T2, false, LOOK_MAPPED);
	event(T3, LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);
	entry_addr = PAGE;
	event(T1, LOOK_MAPPED);
	expect_undecided(WHY_SILENT, 1);
}

/* --- A silent fault, and a look that decides later -------------------------------- */

static void silent_fault_and_a_page_under_migration(void **state)
{
	setup(PRIVATE);
	begin(T2, LOOK_NONE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	end(T2, false, LOOK_MAPPED);
	expect_open(1);
	looked(LOOK_ANON);
	expect_verdict(VERDICT_BOGUS, 1);
}

/* --- Page tables that become shareable ---------------------------------------------- */

static void no_exposure_in_a_shared_table(void **state)
{
	setup(FAULT_F_ZAPS_KNOWN | FAULT_F_NEVER_INSTALLS | FAULT_F_SHARED_TABLE);
	begin(T1, LOOK_NONE);
	end(T1, false, LOOK_MAPPED);
	expect_exposures(0);
}

static void mappings_merge(void **state)
{
	setup(FAULT_F_ZAPS_KNOWN | FAULT_F_NEVER_INSTALLS);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	begin(T1, LOOK_NONE);
	flags |= FAULT_F_SHARED_TABLE;
	begin(T2, LOOK_MAPPED);
	expect_undecided(WHY_SHARED, 1);
	flags &= ~FAULT_F_SHARED_TABLE;
	event(T1, LOOK_MAPPED);		/* an install may have gone unseen */
	expect_undecided(WHY_SHARED, 2);
	end(T2, false, LOOK_MAPPED);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);
	begin(T1, LOOK_NONE);
	flags |= FAULT_F_SHARED_TABLE;
	event(T1, LOOK_MAPPED);
	expect_undecided(WHY_SHARED, 3);
}

/* --- Hooks that are armed late ------------------------------------------------------- */

static void faults_before_the_hook_was_armed(void **state)
{
	setup(FAULT_F_ZAPS_KNOWN | FAULT_F_NEVER_INSTALLS);
	backing = BACKING_SHMEM;
	begin(T1, LOOK_NONE);
	begin(T2, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expect_undecided(WHY_NO_ENTRY, 1);
	begin(T1, LOOK_NONE);
	verdict_ctx_complete(&engine, UFFD, true);
	event(T1, LOOK_MAPPED);
	expect_undecided(WHY_NO_ENTRY, 2);
	end(T2, false, LOOK_MAPPED);
	expect_exposures(0);
	begin(T1, LOOK_NONE);
	verdict_ctx_complete(&engine, UFFD, true);	/* it was */
	event(T1, LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);
	expect_all_free(1);
}

static void hook_is_disarmed(void **state)
{
	setup(FAULT_F_ZAPS_KNOWN | FAULT_F_NEVER_INSTALLS);
	verdict_ctx_complete(&engine, UFFD, true);
	begin(T2, LOOK_NONE);			/* hugetlb */
	entry_addr = PAGE + 0x1000;
	backing = BACKING_SHMEM;
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	begin(T1, LOOK_NONE);
	expect_open(1);
	verdict_ctx_complete(&engine, UFFD, false);
	expect_undecided(WHY_CHANGED, 1);
	event(T1, LOOK_MAPPED);
	expect_undecided(WHY_NO_ENTRY, 1);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	expect_undecided(WHY_NO_ENTRY, 2);
	entry_addr = PAGE;
	backing = BACKING_HUGETLB;
	event(T2, LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);
	verdict_ctx_complete(&engine, UFFD2, true);
	expect_all_free(1);
}

/* --- Memory of which nothing is known ------------------------------------------------ */

static void backing_without_rules(void **state)
{
	setup(FAULT_F_ZAPS_KNOWN | FAULT_F_NEVER_INSTALLS);
	verdict_ctx_complete(&engine, UFFD, true);
	backing = BACKING_OTHER;
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	install(R1, OUTCOME_DONE);
	expect_undecided(WHY_NO_ENTRY, 2);
	begin(T1, LOOK_NONE);
	end(T1, false, LOOK_MAPPED);
	expect_exposures(0);
	expect_all_free(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
		cmocka_unit_test(backing_without_rules),
	};

	return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
