// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict engine by example: which events user space has read, and why its
 * ioctls have failed.
 */
#include "unit.h"

#define PRIVATE	(FAULT_F_PRIVATE | FAULT_F_ANON_PROVES | FAULT_F_ZAPS_KNOWN)

static void setup(unsigned int f)
{
	fresh(&(struct verdict_limits){ 8, 8, 4, 3 });
	flags = f;
	opened(UFFD, 42);
}

/* --- What user space has read --------------------------------------------------------- */

static void delivered(unsigned int genuine, unsigned int bogus,
		      unsigned int undecided, unsigned int unmatched)
{
	verdict_check(&engine);
	assert_int_equal(THE_BOOKS->delivered[VERDICT_GENUINE], genuine);
	assert_int_equal(THE_BOOKS->delivered[VERDICT_BOGUS], bogus);
	assert_int_equal(THE_BOOKS->delivered[VERDICT_UNDECIDED], undecided);
	assert_int_equal(engine.stats.unmatched, unmatched);
}

static void read_before_and_after_the_verdict(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	delivered(0, 0, 0, 0);
	verdict_read(&engine, UFFD, PAGE + 0xfff, EVENT_MISSING);
	delivered(0, 1, 0, 0);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	delivered(0, 1, 0, 1);

	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	begin(T2, LOOK_NONE);
	event(T2, LOOK_NONE);
	verdict_read(&engine, UFFD, PAGE, EVENT_MINOR);
	verdict_read(&engine, UFFD, PAGE + 0x1000, EVENT_MISSING);
	verdict_read(&engine, UFFD2, PAGE, EVENT_MISSING);
	delivered(0, 1, 0, 4);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	install(R1, OUTCOME_DONE);
	delivered(1, 1, 0, 4);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	delivered(2, 1, 0, 4);
}

static void read_event_is_judged_after_its_fault(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	end(T1, false, LOOK_UNKNOWN);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	delivered(0, 0, 0, 0);
	looked(LOOK_ANON);
	delivered(0, 1, 0, 0);
	assert_int_equal(THE_BOOKS->verdict[VERDICT_BOGUS], 2);
}

static void read_is_told_after_the_fault_has_ended(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	end(T1, false, LOOK_UNKNOWN);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	begin(T2, LOOK_NONE);
	event(T2, LOOK_NONE);
	install(R1, OUTCOME_DONE);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);	/* who waits comes first */
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	delivered(2, 0, 0, 0);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	delivered(2, 1, 0, 0);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	delivered(2, 1, 0, 1);
}

static void read_event_that_was_stale(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	install(R1, OUTCOME_DONE);
	event(T1, LOOK_ANON);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	assert_int_equal(THE_BOOKS->delivered[VERDICT_STALE], 1);
}

static void delivered_pages_of_two_sizes(void **state)
{
	struct verdict_entry x;

	setup(PRIVATE);
	x = entry(T1, LOOK_NONE);
	x.size = 0x200000;
	verdict_fault_begin(&engine, &x);
	verdict_fault_event(&engine, &x);
	entry_addr = PAGE + 0x205000;
	event(T2, LOOK_NONE);			/* undecided */
	verdict_read(&engine, UFFD, PAGE + 0x205123, EVENT_MISSING);
	delivered(0, 0, 1, 0);
	verdict_read(&engine, UFFD, PAGE + 0x5123, EVENT_MISSING);
	install(R1, OUTCOME_DONE);
	delivered(1, 0, 1, 0);
}

static void room_for_one_event(void **state)
{
	fresh(&(struct verdict_limits){ 2, 1, 1, 1 });
	opened(UFFD, 0);
	event(T1, LOOK_NONE);
	event(T2, LOOK_NONE);
	assert_int_equal(engine.stats.events_full, 1);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	delivered(0, 0, 1, 1);
	end(T1, true, LOOK_UNKNOWN);
	event(T2, LOOK_NONE);
	assert_int_equal(engine.stats.events_full, 1);
	verdict_ctx_gone(&engine, UFFD);
	opened(UFFD, 0);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	delivered(0, 0, 1, 2);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	verdict_read(&engine, UFFD, PAGE + 0x1000, EVENT_MISSING);
	delivered(0, 0, 1, 3);
	verdict_ctx_gone(&engine, UFFD);
	opened(UFFD, 0);
	event(T2, LOOK_NONE);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	delivered(0, 0, 2, 3);
	expect_all_free(1);
}

static void records_are_used_again(void **state)
{
	const struct verdict_event *v;
	unsigned long i, n = 0;

	fresh(&(struct verdict_limits){ 2, 4, 1, 1 });
	opened(UFFD, 0);
	for (i = 0; i < 200; i++) {
		entry_addr = PAGE + (i * 5 % 3 << 12);
		event((void *)(0x10 + i * 7 % 3), LOOK_NONE);
		if (i % 2)
			end((void *)(0x10 + i * 5 % 3), true, LOOK_UNKNOWN);
		for (v = verdict_ctx_find(&engine, UFFD)->events; v; v = v->ctx_next) {
			assert_ptr_equal(*v->ctx_prev, v);
			assert_ptr_equal(*v->message_prev, v);
		}
	}
	assert_int_equal(engine.stats.events_full, 0);
	for (v = verdict_ctx_find(&engine, UFFD)->events; v; v = v->ctx_next) {
		assert_ptr_equal(*v->ctx_prev, v);
		assert_ptr_equal(*v->message_prev, v);
		n++;
	}
	assert_int_equal(n, 4);
	verdict_ctx_gone(&engine, UFFD);
	for (n = 0, v = engine.free_events; v; v = v->next)
		n++;
	assert_int_equal(n, 4);
}

static void waiting_record_is_used_again(void **state)
{
	fresh(&(struct verdict_limits){ 2, 2, 2, 1 });
	opened(UFFD, 0);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	end(T1, true, LOOK_UNKNOWN);
	begin(T2, LOOK_NONE);
	event(T2, LOOK_NONE);
	event(T1, LOOK_NONE);			/* has no entry */
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	delivered(0, 0, 1, 0);
	install(R1, OUTCOME_DONE);
	delivered(1, 0, 1, 0);
}

static void reset_is_about_all_records(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	begin(T2, LOOK_NONE);
	event(T2, LOOK_MAPPED);
	verdict_reset(&engine);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	delivered(0, 0, 0, 0);

	fresh(&(struct verdict_limits){ 2, 1, 1, 1 });
	opened(UFFD, 0);
	event(T1, LOOK_NONE);
	verdict_reset(&engine);
	event(T1, LOOK_NONE);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	delivered(0, 0, 1, 0);
}

static void read_event_counts_once(void **state)
{
	setup(PRIVATE);
	flags |= FAULT_F_NEVER_INSTALLS;
	begin(T3, LOOK_NONE);		/* keeps the record of the page */
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	install(R1, OUTCOME_DONE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	install(R1, OUTCOME_DONE);
	delivered(1, 0, 0, 0);
}

static void event_that_waits_without_a_record(void **state)
{
	fresh(&(struct verdict_limits){ 2, 1, 1, 1 });
	opened(UFFD, 0);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	begin(T2, LOOK_NONE);
	event(T2, LOOK_NONE);
	install(R1, OUTCOME_DONE);
	expect_verdict(VERDICT_GENUINE, 2);
}

static void delivered_by_backing(void **state)
{
	setup(PRIVATE);
	backing = BACKING_SHMEM;
	event(T1, LOOK_NONE);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	delivered(0, 0, 1, 0);
}

static void read_one_after_the_other(void **state)
{
	setup(PRIVATE);
	op(R1, OP_INSTALL);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	looked(LOOK_ANON);
	begin(T2, LOOK_NONE);
	event(T2, LOOK_NONE);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	looked(LOOK_ANON);
	op_done(R1, OP_INSTALL, OUTCOME_NOTHING);
	delivered(0, 2, 0, 0);
}

static void reset_and_what_is_read_later(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	begin(T2, LOOK_NONE);
	event(T2, LOOK_NONE);
	verdict_reset(&engine);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);	/* of the old books */
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	delivered(0, 0, 0, 0);
	looked(LOOK_ANON);
	delivered(0, 1, 0, 0);
}

static void writes_are_counted(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	flags = FAULT_F_PRIVATE | FAULT_F_WRITE;
	begin(T2, LOOK_NONE);
	event(T2, LOOK_NONE);
	event(T3, LOOK_NONE);
	assert_int_equal(THE_BOOKS->writes, 2);
}

/* --- Why user space's ioctl has failed -------------------------------------------------- */

static void raced(unsigned int legal, unsigned int kernels, unsigned int punched)
{
	assert_int_equal(engine.stats.raced, legal);
	assert_int_equal(engine.stats.raced_bogus, kernels);
	assert_int_equal(engine.stats.hole_punched, punched);
}

static void eexist_of_a_bogus_event(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	install(R1, OUTCOME_EXISTS);	/* judged before */
	raced(0, 1, 0);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	install(R1, OUTCOME_EXISTS);	/* judged by the look that follows */
	raced(0, 1, 0);
	looked(LOOK_MAPPED);
	raced(0, 2, 0);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	op(R1, OP_INSTALL);
	looked(LOOK_MAPPED);
	install(R2, OUTCOME_EXISTS);
	raced(0, 2, 0);
	op_done(R1, OP_INSTALL, OUTCOME_EXISTS);	/* judged by its end */
	raced(0, 4, 0);
}

static void eexist_of_a_genuine_event(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	op(R1, OP_INSTALL);
	install(R2, OUTCOME_EXISTS);
	raced(0, 0, 0);
	op_done(R1, OP_INSTALL, OUTCOME_DONE);
	raced(1, 0, 0);
	install(R1, OUTCOME_EXISTS);
	raced(2, 0, 0);
	end(T1, true, LOOK_UNKNOWN);
	install(R1, OUTCOME_EXISTS);	/* nobody waits for it */
	install(R1, OUTCOME_AGAIN);
	raced(4, 0, 0);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	op(R1, OP_INSTALL);
	install(R2, OUTCOME_EXISTS);
	op_done(R1, OP_INSTALL, OUTCOME_DONE);
	raced(5, 0, 0);
}

static void eexist_waits_for_the_last_event(void **state)
{
	int seen;

	for (seen = 0; seen < 2; seen++) {
		setup(FAULT_F_ZAPS_KNOWN | FAULT_F_NEVER_INSTALLS);
		op(R1, OP_INSTALL);
		begin(T1, LOOK_NONE);
		event(T1, seen ? LOOK_NONE : LOOK_MAPPED);
		if (seen)
			looked(LOOK_MAPPED);
		install(R2, OUTCOME_EXISTS);	/* in the page cache, perhaps */
		begin(T2, LOOK_NONE);
		event(T2, LOOK_NONE);
		install(R2, OUTCOME_DONE);
		expect_open(1);
		raced(0, 0, 0);
		op_done(R1, OP_INSTALL, OUTCOME_NOTHING);
		raced(0, 1, 0);
	}
}

static void eexist_and_an_exposure(void **state)
{
	setup(FAULT_F_ZAPS_KNOWN | FAULT_F_NEVER_INSTALLS);
	begin(T2, LOOK_NONE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	install(R2, OUTCOME_EXISTS);
	verdict_fault_end(&engine, T2, RESULT_MAY_HAVE_MAPPED, LOOK_MAPPED, 0);
	expect_exposures(1);
	raced(0, 0, 0);
	looked(LOOK_NONE);
	raced(1, 0, 0);
}

static void eexist_when_the_task_faults_again(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	begin(T1, LOOK_MAPPED);
	install(R1, OUTCOME_EXISTS);
	raced(0, 1, 0);
}

static void read_one(void)
{
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
}

/* Each answer is about the event that was read before it, whoever went on. */
static void eexist_in_the_order_of_reading(void **state)
{
	setup(PRIVATE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);		/* genuine */
	begin(T2, LOOK_NONE);
	read_one();
	install(R1, OUTCOME_DONE);
	event(T2, LOOK_ANON);		/* stale */
	read_one();
	end(T1, true, LOOK_UNKNOWN);
	end(T2, true, LOOK_UNKNOWN);
	begin(T3, LOOK_NONE);
	event(T3, LOOK_ANON);		/* bogus */
	read_one();
	install(R1, OUTCOME_EXISTS);
	raced(1, 0, 0);
	end(T3, true, LOOK_UNKNOWN);
	install(R1, OUTCOME_EXISTS);
	raced(1, 1, 0);
	install(R1, OUTCOME_EXISTS);	/* once more */
	raced(1, 2, 0);
}

/* What is long done is forgotten, but for the last of each page. */
static void eexist_of_events_long_done(void **state)
{
	const struct verdict_event *v;
	int i, n = 0;

	fresh(&(struct verdict_limits){ 8, 32, 4, 3 });
	flags = PRIVATE;
	opened(UFFD, 0);
	for (i = 0; i < 10; i++) {
		begin(T1, LOOK_NONE);
		event(T1, LOOK_MAPPED);
		read_one();
		end(T1, true, LOOK_UNKNOWN);
	}
	for (v = verdict_ctx_find(&engine, UFFD)->events; v; v = v->ctx_next)
		n++;
	assert_int_equal(n, 4);
	for (i = 1; i <= 6; i++) {
		install(R1, OUTCOME_EXISTS);
		raced(0, i, 0);
	}
}

/* Its record is needed for another one, before it is judged. */
static void eexist_of_an_event_that_is_forgotten(void **state)
{
	fresh(&(struct verdict_limits){ 8, 1, 4, 3 });
	flags = PRIVATE;
	opened(UFFD, 0);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	install(R1, OUTCOME_EXISTS);
	end(T1, true, LOOK_UNKNOWN);
	begin(T2, LOOK_NONE);
	event(T2, LOOK_NONE);
	raced(0, 0, 0);
	assert_int_equal(engine.stats.raced_undecided, 1);
	looked(LOOK_ANON);
	raced(0, 0, 0);
}

static void continue_finds_no_page(void **state)
{
	setup(FAULT_F_ZAPS_KNOWN);
	type = EVENT_MINOR;
	install(R1, OUTCOME_NO_PAGE);
	raced(0, 0, 0);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	install(R1, OUTCOME_NO_PAGE);
	raced(0, 0, 1);
	expect_open(1);
	install(R1, OUTCOME_NOTHING);
	raced(0, 0, 1);
	end(T1, true, LOOK_UNKNOWN);
	install(R1, OUTCOME_NO_PAGE);
	raced(0, 0, 1);
}

static void eexist_while_only_some_are_judged(void **state)
{
	struct verdict_entry x;

	setup(FAULT_F_ZAPS_KNOWN);
	begin(T1, LOOK_NONE);
	x = entry(T3, LOOK_NONE);
	x.addr = PAGE + 0x1000;
	x.around = 0x10000;
	verdict_fault_begin(&engine, &x);
	end(T3, false, LOOK_MAPPED);
	begin(T2, LOOK_NONE);
	op(R1, OP_INSTALL);
	event(T1, LOOK_MAPPED);
	event(T2, LOOK_NONE);
	install(R2, OUTCOME_EXISTS);
	op_done(R1, OP_INSTALL, OUTCOME_NOTHING);
	expect_undecided(WHY_SILENT, 1);
	expect_open(1);
	raced(0, 0, 0);
	looked(LOOK_MAPPED);
	expect_open(0);
	assert_int_equal(THE_BOOKS->verdict[VERDICT_BOGUS], 1);
	raced(0, 1, 0);
}

/* A thread that hangs in a fault keeps the record of the page. */
static void eexist_of_an_older_event(void **state)
{
	setup(PRIVATE);
	begin(T3, LOOK_NONE);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	install(R1, OUTCOME_EXISTS);
	looked(LOOK_MAPPED);
	expire();
	expect_undecided(WHY_TIMEOUT, 1);
	assert_int_equal(engine.stats.raced, 0);
	assert_int_equal(engine.stats.raced_undecided, 1);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_ANON);
	assert_int_equal(THE_BOOKS->verdict[VERDICT_BOGUS], 1);
	assert_int_equal(engine.stats.raced_bogus, 0);
}

/* --- Who sleeps, and what he waits for ---------------------------------------- */

static void what_is_known_of_a_sleeper(void **state)
{
	struct verdict_wait_info info;

	setup(0);
	assert_false(verdict_waits(&engine, T1, UFFD, &info));
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	verdict_refused(&engine, UFFD2, PAGE);		/* nobody's */
	verdict_refused(&engine, UFFD, PAGE);		/* not read so far */
	assert_false(verdict_waits(&engine, T1, UFFD2, &info));
	assert_true(verdict_waits(&engine, T1, UFFD, &info));
	assert_int_equal(info.addr, PAGE);
	assert_false(info.judged || info.read || info.answered || info.refused);
	verdict_read(&engine, UFFD, PAGE, EVENT_MISSING);
	verdict_refused(&engine, UFFD, PAGE);
	assert_true(verdict_waits(&engine, T1, UFFD, &info));
	assert_true(info.read && info.refused && !info.answered);
	op(R1, OP_INSTALL);
	op_done(R1, OP_INSTALL, OUTCOME_DONE);
	assert_true(verdict_waits(&engine, T1, UFFD, &info));
	assert_true(info.answered && !info.refused);
	end(T1, true, LOOK_UNKNOWN);
	assert_false(verdict_waits(&engine, T1, UFFD, &info));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_known_of_a_sleeper),
		cmocka_unit_test(read_before_and_after_the_verdict),
		cmocka_unit_test(read_event_is_judged_after_its_fault),
		cmocka_unit_test(read_is_told_after_the_fault_has_ended),
		cmocka_unit_test(read_event_that_was_stale),
		cmocka_unit_test(delivered_pages_of_two_sizes),
		cmocka_unit_test(room_for_one_event),
		cmocka_unit_test(records_are_used_again),
		cmocka_unit_test(waiting_record_is_used_again),
		cmocka_unit_test(reset_is_about_all_records),
		cmocka_unit_test(read_event_counts_once),
		cmocka_unit_test(event_that_waits_without_a_record),
		cmocka_unit_test(delivered_by_backing),
		cmocka_unit_test(read_one_after_the_other),
		cmocka_unit_test(reset_and_what_is_read_later),
		cmocka_unit_test(writes_are_counted),
		cmocka_unit_test(eexist_of_a_bogus_event),
		cmocka_unit_test(eexist_of_a_genuine_event),
		cmocka_unit_test(eexist_waits_for_the_last_event),
		cmocka_unit_test(eexist_and_an_exposure),
		cmocka_unit_test(eexist_when_the_task_faults_again),
		cmocka_unit_test(eexist_in_the_order_of_reading),
		cmocka_unit_test(eexist_of_events_long_done),
		cmocka_unit_test(eexist_of_an_event_that_is_forgotten),
		cmocka_unit_test(continue_finds_no_page),
		cmocka_unit_test(eexist_while_only_some_are_judged),
		cmocka_unit_test(eexist_of_an_older_event),
	};

	return cmocka_run_group_tests_name("messages", tests, NULL, NULL);
}
