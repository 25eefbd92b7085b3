// SPDX-License-Identifier: GPL-2.0
/* The verdict engine by example: its tables, and what readers see of it. */
#include "unit.h"

static void setup_private(void)
{
	fresh(&(struct verdict_limits){ 4, 4, 4, 2 });
	flags = FAULT_F_PRIVATE | FAULT_F_ANON_PROVES | FAULT_F_ZAPS_KNOWN;
	opened(UFFD, 42);
}

/* --- Tables that are full --------------------------------------------------- */

static void table_of_pages_is_full(void **state)
{
	fresh(&(struct verdict_limits){ 1, 4, 4, 1 });
	opened(UFFD, 0);
	entry_addr = PAGE + 0x1000;
	begin(T1, LOOK_NONE);
	entry_addr = PAGE;
	begin(T2, LOOK_NONE);
	begin(T3, LOOK_NONE);
	assert_int_equal(engine.stats.pages_full, 2);
	event(T2, LOOK_MAPPED);
	expect_undecided(WHY_NO_ROOM, 1);
	end(T1, true, LOOK_UNKNOWN);		/* there is room again */
	begin(T2, LOOK_NONE);
	event(T2, LOOK_MAPPED);			/* but T3 was not recorded */
	expect_undecided(WHY_CHANGED, 1);
	begin(T2, LOOK_NONE);
	event(T2, LOOK_MAPPED);
	expect_open(1);				/* T3 blocks it, rightly */
	end(T3, false, LOOK_MAPPED);
	expect_undecided(WHY_SILENT, 1);
	expect_all_free(1);
}

static void orphan_ends_silently(void **state)
{
	struct verdict_entry x;

	fresh(&(struct verdict_limits){ 1, 4, 4, 1 });
	opened(UFFD, 0);
	flags = FAULT_F_ZAPS_KNOWN;
	entry_addr = PAGE + 0x1000;
	begin(T1, LOOK_NONE);
	entry_addr = PAGE;
	begin(T2, LOOK_NONE);
	x = entry(T3, LOOK_MAPPED);
	end(T2, false, LOOK_MAPPED);
	end(T1, true, LOOK_UNKNOWN);
	verdict_fault_begin(&engine, &x);	/* its look is older than T2's end */
	begin(T1, LOOK_NONE);
	event(T1, LOOK_MAPPED);
	end(T3, false, LOOK_MAPPED);
	expect_undecided(WHY_SILENT, 1);
	begin(T2, LOOK_NONE);
	entry_addr = PAGE + 0x1000;
	begin(T1, LOOK_NONE);
	verdict_ctx_gone(&engine, UFFD);
	expect_all_free(0);
}

static void table_of_faults_is_full(void **state)
{
	fresh(&(struct verdict_limits){ 4, 1, 4, 1 });
	opened(UFFD, 0);
	begin(T1, LOOK_NONE);
	begin(T2, LOOK_NONE);
	assert_int_equal(engine.stats.faults_full, 1);
	assert_int_equal(engine.stats.blinded, 1);
	event(T1, LOOK_MAPPED);
	expect_undecided(WHY_UNKNOWN_CTX, 1);
}

static void table_of_operations_is_full(void **state)
{
	fresh(&(struct verdict_limits){ 4, 4, 1, 1 });
	opened(UFFD, 0);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	op(R1, OP_INSTALL);
	op(R2, OP_INSTALL);
	assert_int_equal(engine.stats.ops_full, 1);
	expect_undecided(WHY_LOST, 1);
	op_done(R1, OP_INSTALL, OUTCOME_DONE);
	expect_all_free(1);
}

static void table_of_userfaultfds_is_full(void **state)
{
	fresh(&(struct verdict_limits){ 4, 4, 4, 1 });
	assert_true(opened(UFFD, 1));
	assert_false(opened(UFFD2, 2));
	assert_int_equal(engine.stats.ctxs_full, 1);
	assert_int_equal(verdict_ctx_tag(&engine, UFFD2), 0);
	verdict_ctx_gone(&engine, UFFD2);
	verdict_ctx_gone(&engine, UFFD);
	assert_true(opened(UFFD2, 2));
}

static void many_records_in_small_hashes(void **state)
{
	unsigned long i, n = 64;

	fresh(&(struct verdict_limits){ 64, 64, 4, 3 });
	for (i = 1; i <= 3; i++)
		assert_true(opened((void *)(i << 12), i));
	for (i = 0; i < n; i++) {
		entry_ctx = (void *)((1 + i % 3) << 12);
		entry_addr = PAGE + (i << 12);
		begin((void *)(0x100 + i), LOOK_NONE);
	}
	for (i = 0; i < n; i++) {
		unsigned long j = i * 29 % n;

		entry_ctx = (void *)((1 + j % 3) << 12);
		entry_addr = PAGE + (j << 12);
		event((void *)(0x100 + j), LOOK_MAPPED);
	}
	expect_verdict(VERDICT_BOGUS, n);
	for (i = 1; i <= 3; i++)
		assert_int_equal(verdict_ctx_tag(&engine, (void *)(i << 12)), i);
	expect_all_free(3);
}

/* --- What readers see ------------------------------------------------------- */

static void todo_lists_what_waits(void **state)
{
	struct verdict_todo todo;
	unsigned int cursor = 0;

	setup_private();
	assert_false(verdict_next_todo(&engine, &cursor, &todo));
	entry_addr = PAGE - 0x1000;
	begin(T3, LOOK_NONE);
	entry_addr = PAGE;
	begin(T1, LOOK_NONE);
	type = EVENT_MINOR;
	event(T1, LOOK_NONE);
	entry_addr = PAGE + 0x1000;
	begin(T2, LOOK_NONE);		/* waits for nothing */
	cursor = 0;
	assert_true(verdict_next_todo(&engine, &cursor, &todo));
	assert_ptr_equal(todo.ctx, UFFD);
	assert_int_equal(todo.addr, PAGE);
	assert_false(verdict_next_todo(&engine, &cursor, &todo));
}

static void reset_keeps_what_is_open(void **state)
{
	setup_private();
	begin(T1, LOOK_MAPPED);
	event(T1, LOOK_MAPPED);
	begin(T1, LOOK_NONE);
	op(R1, OP_INSTALL);
	event(T1, LOOK_NONE);
	verdict_reset(&engine);
	expect_open(1);
	assert_int_equal(THE_BOOKS->events, 1);
	op_done(R1, OP_INSTALL, OUTCOME_DONE);
	expect_verdict(VERDICT_GENUINE, 1);
	assert_int_equal(THE_BOOKS->verdict[VERDICT_BOGUS], 0);
}

static void reset_is_about_books_only(void **state)
{
	struct verdict_ctx one, two;

	setup_private();
	opened(UFFD2, 43);
	one = *verdict_ctx_find(&engine, UFFD);
	two = *verdict_ctx_find(&engine, UFFD2);
	verdict_reset(&engine);
	assert_memory_equal(&one, verdict_ctx_find(&engine, UFFD), sizeof(one));
	assert_memory_equal(&two, verdict_ctx_find(&engine, UFFD2), sizeof(two));
}

static void books_are_kept_by_backing_and_type(void **state)
{
	setup_private();
	verdict_ctx_complete(&engine, UFFD, true);
	backing = BACKING_SHMEM;
	type = EVENT_MINOR;
	begin(T1, LOOK_MAPPED);
	event(T1, LOOK_MAPPED);
	expect_verdict(VERDICT_BOGUS, 1);
	backing = BACKING_ANON;
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	looked(LOOK_NONE);
	expect_verdict(VERDICT_GENUINE, 1);
	assert_int_equal(engine.stats.books[BACKING_SHMEM][EVENT_MINOR].events, 1);
}

static void page_whose_backing_changes(void **state)
{
	setup_private();
	verdict_ctx_complete(&engine, UFFD, true);
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	backing = BACKING_SHMEM;
	begin(T2, LOOK_NONE);
	verdict_check(&engine);
	assert_int_equal(engine.stats.why[WHY_CHANGED], 1);
	backing = BACKING_ANON;
	event(T2, LOOK_MAPPED);
	expect_undecided(WHY_CHANGED, 2);
	expect_open(0);
}


static void orphans_find_their_page(void **state)
{
	fresh(&(struct verdict_limits){ 1, 6, 4, 1 });
	opened(UFFD, 0);
	flags = FAULT_F_ZAPS_KNOWN;
	entry_addr = PAGE + 0x1000;
	begin(T1, LOOK_NONE);
	entry_addr = PAGE;
	begin(T2, LOOK_MAPPED);
	begin(R1, LOOK_NONE);
	entry_addr = PAGE + 0x2000;
	begin(R2, LOOK_NONE);			/* of another page */
	zap(T1);				/* nobody can note it */
	end(T1, true, LOOK_UNKNOWN);
	entry_addr = PAGE;
	begin(T1, LOOK_NONE);			/* T2 and R1 are adopted */
	begin(T3, LOOK_NONE);
	event(T3, LOOK_MAPPED);
	end(T1, true, LOOK_UNKNOWN);
	end(R1, true, LOOK_UNKNOWN);
	expect_open(1);
	end(T2, false, LOOK_MAPPED);		/* may have come after the zap */
	expect_undecided(WHY_SILENT, 1);
	assert_ptr_equal(engine.orphans, verdict_fault_find(&engine, R2));
	verdict_ctx_gone(&engine, UFFD);
	expect_all_free(0);
}

static void orphans_when_the_hook_is_disarmed(void **state)
{
	fresh(&(struct verdict_limits){ 1, 4, 4, 1 });
	opened(UFFD, 0);
	begin(T1, LOOK_NONE);
	entry_addr = PAGE + 0x1000;
	begin(T2, LOOK_NONE);
	backing = BACKING_SHMEM;
	entry_addr = PAGE + 0x2000;
	begin(T3, LOOK_NONE);
	verdict_ctx_complete(&engine, UFFD, false);
	assert_non_null(verdict_fault_find(&engine, T1));
	assert_non_null(verdict_fault_find(&engine, T2));
	assert_null(verdict_fault_find(&engine, T3));
}

static void lost_is_about_every_userfaultfd(void **state)
{
	unsigned long i;

	fresh(&(struct verdict_limits){ 4, 4, 4, 8 });
	for (i = 1; i <= 8; i++)
		opened((void *)(i << 12), 0);
	verdict_lost(&engine);
	for (i = 1; i <= 8; i++) {
		entry_ctx = (void *)(i << 12);
		begin(T1, LOOK_MAPPED);
		event(T1, LOOK_MAPPED);
	}
	expect_undecided(WHY_UNKNOWN_CTX, 8);
}

static void pages_of_a_closed_userfaultfd_are_all_found(void **state)
{
	unsigned long i;

	fresh(&(struct verdict_limits){ 8, 8, 4, 2 });
	opened(UFFD, 0);
	for (i = 0; i < 6; i++) {
		entry_addr = PAGE + (i << 12);
		begin((void *)(0x100 + i), LOOK_NONE);
	}
	/* The first, the last and one in the middle go. */
	end((void *)0x105, true, LOOK_UNKNOWN);
	end((void *)0x100, true, LOOK_UNKNOWN);
	end((void *)0x103, true, LOOK_UNKNOWN);
	end((void *)0x104, true, LOOK_UNKNOWN);
	verdict_ctx_gone(&engine, UFFD);
	expect_all_free(0);
}

static void zap_gives_the_page_back(void **state)
{
	setup_private();
	begin(T1, LOOK_NONE);
	event(T1, LOOK_NONE);
	op(R1, OP_ZAP);
	assert_null(verdict_page_find(&engine, verdict_ctx_find(&engine, UFFD), PAGE));
	op_done(R1, OP_ZAP, OUTCOME_DONE);
	expect_all_free(1);
}

static void facts_about_nothing(void **state)
{
	setup_private();
	looked(LOOK_MAPPED);
	verdict_looked(&engine, UFFD2, PAGE, LOOK_NONE, 0);
	verdict_op_begin(&engine, R1, UFFD2, OP_INSTALL, 0, -1UL);
	verdict_op_end(&engine, R1, UFFD2, OP_INSTALL, OUTCOME_DONE, -1UL);
	end(T1, false, LOOK_MAPPED);
	verdict_check(&engine);
	expect_all_free(1);
}

/* --- Records of events ------------------------------------------------------ */

static void at(unsigned long addr, void *task, enum verdict_look look)
{
	entry_addr = addr;
	begin(task, LOOK_NONE);
	event(task, look);
}

static void read_at(unsigned long addr)
{
	verdict_read(&engine, UFFD, addr, EVENT_MISSING);
}

static void setup_records(unsigned int n)
{
	fresh(&(struct verdict_limits){ 4, n, 4, 2 });
	flags = FAULT_F_PRIVATE | FAULT_F_ANON_PROVES | FAULT_F_ZAPS_KNOWN;
	opened(UFFD, 42);
}

static void record_used_again_while_its_event_waits(void **state)
{
	setup_records(1);
	at(PAGE, T1, LOOK_NONE);
	end(T1, false, LOOK_UNKNOWN);
	at(PAGE + 0x1000, T2, LOOK_NONE);
	install(R1, OUTCOME_DONE);	/* decides about PAGE only */
	assert_int_equal(THE_BOOKS->verdict[VERDICT_GENUINE], 1);
	read_at(PAGE + 0x1000);
	verdict_looked(&engine, UFFD, PAGE + 0x1000, LOOK_ANON, engine.clock);
	assert_int_equal(THE_BOOKS->delivered[VERDICT_BOGUS], 1);
	assert_int_equal(THE_BOOKS->delivered[VERDICT_GENUINE], 0);
}

static void record_is_forgotten_once(void **state)
{
	setup_records(2);
	at(PAGE, T1, LOOK_ANON);
	read_at(PAGE);
	end(T1, false, LOOK_UNKNOWN);
	at(PAGE, T2, LOOK_ANON);
	at(PAGE + 0x1000, T3, LOOK_ANON);	/* in the record of T1 */
	read_at(PAGE);
	read_at(PAGE + 0x1000);
	assert_int_equal(engine.stats.unmatched, 0);
	assert_int_equal(THE_BOOKS->delivered[VERDICT_BOGUS], 3);
}

static void records_are_forgotten_in_any_order(void **state)
{
	int i;

	setup_records(3);
	at(PAGE, T1, LOOK_ANON);
	at(PAGE, T2, LOOK_ANON);
	at(PAGE, T3, LOOK_ANON);
	for (i = 0; i < 3; i++)
		read_at(PAGE);
	end(T2, false, LOOK_UNKNOWN);
	end(T1, false, LOOK_UNKNOWN);
	at(PAGE, T1, LOOK_ANON);
	at(PAGE, T2, LOOK_ANON);
	read_at(PAGE);
	read_at(PAGE);
	assert_int_equal(THE_BOOKS->delivered[VERDICT_BOGUS], 5);
	read_at(PAGE);			/* ends, whatever it finds */
	assert_int_equal(engine.stats.unmatched, 1);
}

static unsigned int records_found(void)
{
	const struct verdict_event *v;
	unsigned int i, n = 0;

	for (i = 0; i < engine.limits.faults; i++)
		for (v = engine.message_hash[i]; v; v = v->message_next)
			n++;
	return n;
}

/* More sleep than there are records for: what is read in time counts as read. */
static void record_of_who_sleeps_on_is_used_again(void **state)
{
	unsigned long i;

	setup_records(2);
	for (i = 1; i <= 5; i++) {
		at(PAGE, (void *)(i * 0x10), LOOK_ANON);
		read_at(PAGE);
	}
	assert_int_equal(engine.stats.events_full, 0);
	assert_int_equal(THE_BOOKS->delivered[VERDICT_BOGUS], 5);
	at(PAGE + 0x1000, T1, LOOK_NONE);	/* not judged */
	read_at(PAGE + 0x1000);
	at(PAGE, T2, LOOK_ANON);		/* not read */
	at(PAGE, T3, LOOK_ANON);
	assert_int_equal(engine.stats.events_full, 1);
	for (i = 1; i <= 5; i++)
		end((void *)(i * 0x10), true, LOOK_UNKNOWN);
	at(PAGE, T3, LOOK_ANON);
	assert_int_equal(engine.stats.events_full, 1);
	verdict_ctx_gone(&engine, UFFD);
	expect_all_free(0);
}

/* A page may raise events for ever: its chain must not grow. */
static void record_of_which_all_is_known_is_soon_not_found(void **state)
{
	unsigned int i;

	setup_records(12);
	for (i = 1; i <= 6; i++) {
		at(PAGE, T1, LOOK_ANON);
		read_at(PAGE);
		end(T1, false, LOOK_UNKNOWN);
		assert_int_equal(records_found(), i < 4 ? i : 4);
	}
	at(PAGE, T1, LOOK_ANON);
	end(T1, false, LOOK_UNKNOWN);
	assert_int_equal(records_found(), 5);	/* not read yet */
	read_at(PAGE);
	assert_int_equal(records_found(), 4);
	at(PAGE, T1, LOOK_NONE);
	read_at(PAGE);
	end(T1, false, LOOK_UNKNOWN);
	assert_int_equal(records_found(), 5);	/* not judged yet */
	install(R1, OUTCOME_DONE);
	assert_int_equal(records_found(), 4);
}

static void record_that_is_free_leads_to_no_other(void **state)
{
	void *other = T1;

	setup_records(2);
	while (other == T1 || verdict_hash(other, 0, 2) != verdict_hash(T1, 0, 2))
		other = (char *)other + 0x10;
	at(PAGE, T1, LOOK_ANON);
	at(PAGE, other, LOOK_ANON);
	end(other, false, LOOK_UNKNOWN);
	at(PAGE, other, LOOK_ANON);
	at(PAGE, (void *)0x9990, LOOK_ANON);
	assert_int_equal(engine.stats.events_full, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_of_pages_is_full),
		cmocka_unit_test(orphan_ends_silently),
		cmocka_unit_test(table_of_faults_is_full),
		cmocka_unit_test(table_of_operations_is_full),
		cmocka_unit_test(table_of_userfaultfds_is_full),
		cmocka_unit_test(many_records_in_small_hashes),
		cmocka_unit_test(todo_lists_what_waits),
		cmocka_unit_test(reset_keeps_what_is_open),
		cmocka_unit_test(reset_is_about_books_only),
		cmocka_unit_test(books_are_kept_by_backing_and_type),
		cmocka_unit_test(page_whose_backing_changes),
		cmocka_unit_test(orphans_find_their_page),
		cmocka_unit_test(orphans_when_the_hook_is_disarmed),
		cmocka_unit_test(lost_is_about_every_userfaultfd),
		cmocka_unit_test(pages_of_a_closed_userfaultfd_are_all_found),
		cmocka_unit_test(zap_gives_the_page_back),
		cmocka_unit_test(facts_about_nothing),
		cmocka_unit_test(record_used_again_while_its_event_waits),
		cmocka_unit_test(record_is_forgotten_once),
		cmocka_unit_test(records_are_forgotten_in_any_order),
		cmocka_unit_test(record_of_who_sleeps_on_is_used_again),
		cmocka_unit_test(record_of_which_all_is_known_is_soon_not_found),
		cmocka_unit_test(record_that_is_free_leads_to_no_other),
	};

	return cmocka_run_group_tests_name("tables", tests, NULL, NULL);
}
