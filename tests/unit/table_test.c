// SPDX-License-Identifier: GPL-2.0
/* The verdict engine by example: its tables, and what readers see of it. */
#include "unit.h"

static void setup_private(void)
{
	fresh(&(struct case_limits){ 4, 4, 4, 2 });
	flags = CASE_F_PRIVATE | CASE_F_ANON_PROVES | CASE_F_ZAPS_KNOWN;
	born(UFFD, 42);
}

/* --- Tables that are full --------------------------------------------------- */

static void table_of_pages_is_full(void **state)
{
	fresh(&(struct case_limits){ 1, 4, 4, 1 });
	born(UFFD, 0);
	entry_addr = PAGE + 0x1000;
	begin(T1, CASE_LOOK_NONE);
	entry_addr = PAGE;
	begin(T2, CASE_LOOK_NONE);
	begin(T3, CASE_LOOK_NONE);
	assert_int_equal(engine.stats.pages_full, 2);
	event(T2, CASE_LOOK_MAPPED);
	expect_undecided(CASE_WHY_NO_ROOM, 1);
	end(T1, true, CASE_LOOK_UNKNOWN);	/* there is room again */
	begin(T2, CASE_LOOK_NONE);
	event(T2, CASE_LOOK_MAPPED);		/* but T3 was not recorded */
	expect_undecided(CASE_WHY_CHANGED, 1);
	begin(T2, CASE_LOOK_NONE);
	event(T2, CASE_LOOK_MAPPED);
	expect_open(1);				/* T3 blocks it, rightly */
	end(T3, false, CASE_LOOK_MAPPED);
	expect_undecided(CASE_WHY_SILENT, 1);
	expect_all_free(1);
}

static void orphan_ends_silently(void **state)
{
	struct case_entry x;

	fresh(&(struct case_limits){ 1, 4, 4, 1 });
	born(UFFD, 0);
	flags = CASE_F_ZAPS_KNOWN;
	entry_addr = PAGE + 0x1000;
	begin(T1, CASE_LOOK_NONE);
	entry_addr = PAGE;
	begin(T2, CASE_LOOK_NONE);
	x = entry(T3, CASE_LOOK_MAPPED);
	end(T2, false, CASE_LOOK_MAPPED);
	end(T1, true, CASE_LOOK_UNKNOWN);
	case_fault_begin(&engine, &x);	/* its look is older than T2's end */
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_MAPPED);
	end(T3, false, CASE_LOOK_MAPPED);
	expect_undecided(CASE_WHY_SILENT, 1);
	begin(T2, CASE_LOOK_NONE);
	entry_addr = PAGE + 0x1000;
	begin(T1, CASE_LOOK_NONE);
	case_ctx_gone(&engine, UFFD);
	expect_all_free(0);
}

static void table_of_faults_is_full(void **state)
{
	fresh(&(struct case_limits){ 4, 1, 4, 1 });
	born(UFFD, 0);
	begin(T1, CASE_LOOK_NONE);
	begin(T2, CASE_LOOK_NONE);
	assert_int_equal(engine.stats.faults_full, 1);
	assert_int_equal(engine.stats.blinded, 1);
	event(T1, CASE_LOOK_MAPPED);
	expect_undecided(CASE_WHY_UNKNOWN_CTX, 1);
}

static void table_of_operations_is_full(void **state)
{
	fresh(&(struct case_limits){ 4, 4, 1, 1 });
	born(UFFD, 0);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_NONE);
	op(R1, CASE_OP_INSTALL);
	op(R2, CASE_OP_INSTALL);
	assert_int_equal(engine.stats.ops_full, 1);
	expect_undecided(CASE_WHY_LOST, 1);
	op_done(R1, CASE_OP_INSTALL, CASE_DONE);
	expect_all_free(1);
}

static void table_of_userfaultfds_is_full(void **state)
{
	fresh(&(struct case_limits){ 4, 4, 4, 1 });
	assert_true(born(UFFD, 1));
	assert_false(born(UFFD2, 2));
	assert_int_equal(engine.stats.ctxs_full, 1);
	assert_int_equal(case_ctx_tag(&engine, UFFD2), 0);
	case_ctx_gone(&engine, UFFD2);
	case_ctx_gone(&engine, UFFD);
	assert_true(born(UFFD2, 2));
}

static void many_records_in_small_hashes(void **state)
{
	unsigned long i, n = 64;

	fresh(&(struct case_limits){ 64, 64, 4, 3 });
	for (i = 1; i <= 3; i++)
		assert_true(born((void *)(i << 12), i));
	for (i = 0; i < n; i++) {
		entry_ctx = (void *)((1 + i % 3) << 12);
		entry_addr = PAGE + (i << 12);
		begin((void *)(0x100 + i), CASE_LOOK_NONE);
	}
	for (i = 0; i < n; i++) {
		unsigned long j = i * 29 % n;

		entry_ctx = (void *)((1 + j % 3) << 12);
		entry_addr = PAGE + (j << 12);
		event((void *)(0x100 + j), CASE_LOOK_MAPPED);
	}
	expect_verdict(CASE_BOGUS, n);
	for (i = 1; i <= 3; i++)
		assert_int_equal(case_ctx_tag(&engine, (void *)(i << 12)), i);
	expect_all_free(3);
}

/* --- What readers see ------------------------------------------------------- */

static void todo_lists_what_waits(void **state)
{
	struct case_todo todo;
	unsigned int cursor = 0;

	setup_private();
	assert_false(case_next_todo(&engine, &cursor, &todo));
	entry_addr = PAGE - 0x1000;
	begin(T3, CASE_LOOK_NONE);
	entry_addr = PAGE;
	begin(T1, CASE_LOOK_NONE);
	type = CASE_MINOR;
	event(T1, CASE_LOOK_NONE);
	entry_addr = PAGE + 0x1000;
	begin(T2, CASE_LOOK_NONE);	/* waits for nothing */
	cursor = 0;
	assert_true(case_next_todo(&engine, &cursor, &todo));
	assert_ptr_equal(todo.ctx, UFFD);
	assert_int_equal(todo.addr, PAGE);
	assert_int_equal(todo.owner, 7);
	assert_false(case_next_todo(&engine, &cursor, &todo));
}

static void reset_keeps_what_is_open(void **state)
{
	setup_private();
	begin(T1, CASE_LOOK_MAPPED);
	event(T1, CASE_LOOK_MAPPED);
	begin(T1, CASE_LOOK_NONE);
	op(R1, CASE_OP_INSTALL);
	event(T1, CASE_LOOK_NONE);
	case_reset(&engine);
	expect_open(1);
	assert_int_equal(THE_BOOKS->events, 1);
	op_done(R1, CASE_OP_INSTALL, CASE_DONE);
	expect_verdict(CASE_GENUINE, 1);
	assert_int_equal(THE_BOOKS->verdict[CASE_BOGUS], 0);
}

static void reset_is_about_books_only(void **state)
{
	struct case_ctx one, two;

	setup_private();
	born(UFFD2, 43);
	one = *ctx_find(&engine, UFFD);
	two = *ctx_find(&engine, UFFD2);
	case_reset(&engine);
	assert_memory_equal(&one, ctx_find(&engine, UFFD), sizeof(one));
	assert_memory_equal(&two, ctx_find(&engine, UFFD2), sizeof(two));
}

static void books_are_kept_by_backing_and_type(void **state)
{
	setup_private();
	case_ctx_watched(&engine, UFFD, true);
	backing = CASE_SHMEM;
	type = CASE_MINOR;
	begin(T1, CASE_LOOK_MAPPED);
	event(T1, CASE_LOOK_MAPPED);
	expect_verdict(CASE_BOGUS, 1);
	backing = CASE_ANON;
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_NONE);
	looked(CASE_LOOK_NONE);
	expect_verdict(CASE_GENUINE, 1);
	assert_int_equal(engine.stats.books[CASE_SHMEM][CASE_MINOR].events, 1);
}

static void page_whose_backing_changes(void **state)
{
	setup_private();
	case_ctx_watched(&engine, UFFD, true);
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_NONE);
	backing = CASE_SHMEM;
	begin(T2, CASE_LOOK_NONE);
	check_books();
	assert_int_equal(engine.stats.why[CASE_WHY_CHANGED], 1);
	backing = CASE_ANON;
	event(T2, CASE_LOOK_MAPPED);
	expect_undecided(CASE_WHY_CHANGED, 2);
	expect_open(0);
}


static void orphans_find_their_page(void **state)
{
	fresh(&(struct case_limits){ 1, 6, 4, 1 });
	born(UFFD, 0);
	flags = CASE_F_ZAPS_KNOWN;
	entry_addr = PAGE + 0x1000;
	begin(T1, CASE_LOOK_NONE);
	entry_addr = PAGE;
	begin(T2, CASE_LOOK_MAPPED);
	begin(R1, CASE_LOOK_NONE);
	entry_addr = PAGE + 0x2000;
	begin(R2, CASE_LOOK_NONE);		/* of another page */
	zap(T1);				/* nobody can note it */
	end(T1, true, CASE_LOOK_UNKNOWN);
	entry_addr = PAGE;
	begin(T1, CASE_LOOK_NONE);		/* T2 and R1 are adopted */
	begin(T3, CASE_LOOK_NONE);
	event(T3, CASE_LOOK_MAPPED);
	end(T1, true, CASE_LOOK_UNKNOWN);
	end(R1, true, CASE_LOOK_UNKNOWN);
	expect_open(1);
	end(T2, false, CASE_LOOK_MAPPED);	/* may have come after the zap */
	expect_undecided(CASE_WHY_SILENT, 1);
	assert_ptr_equal(engine.orphans, fault_find(&engine, R2));
	case_ctx_gone(&engine, UFFD);
	expect_all_free(0);
}

static void orphans_when_the_hook_is_disarmed(void **state)
{
	fresh(&(struct case_limits){ 1, 4, 4, 1 });
	born(UFFD, 0);
	begin(T1, CASE_LOOK_NONE);
	entry_addr = PAGE + 0x1000;
	begin(T2, CASE_LOOK_NONE);
	backing = CASE_SHMEM;
	entry_addr = PAGE + 0x2000;
	begin(T3, CASE_LOOK_NONE);
	case_ctx_watched(&engine, UFFD, false);
	assert_non_null(fault_find(&engine, T1));
	assert_non_null(fault_find(&engine, T2));
	assert_null(fault_find(&engine, T3));
}

static void lost_is_about_every_userfaultfd(void **state)
{
	unsigned long i;

	fresh(&(struct case_limits){ 4, 4, 4, 8 });
	for (i = 1; i <= 8; i++)
		born((void *)(i << 12), 0);
	case_lost(&engine);
	for (i = 1; i <= 8; i++) {
		entry_ctx = (void *)(i << 12);
		begin(T1, CASE_LOOK_MAPPED);
		event(T1, CASE_LOOK_MAPPED);
	}
	expect_undecided(CASE_WHY_UNKNOWN_CTX, 8);
}

static void pages_of_a_closed_userfaultfd_are_all_found(void **state)
{
	unsigned long i;

	fresh(&(struct case_limits){ 8, 8, 4, 2 });
	born(UFFD, 0);
	for (i = 0; i < 6; i++) {
		entry_addr = PAGE + (i << 12);
		begin((void *)(0x100 + i), CASE_LOOK_NONE);
	}
	/* The first, the last and one in the middle go. */
	end((void *)0x105, true, CASE_LOOK_UNKNOWN);
	end((void *)0x100, true, CASE_LOOK_UNKNOWN);
	end((void *)0x103, true, CASE_LOOK_UNKNOWN);
	end((void *)0x104, true, CASE_LOOK_UNKNOWN);
	case_ctx_gone(&engine, UFFD);
	expect_all_free(0);
}

static void zap_gives_the_page_back(void **state)
{
	setup_private();
	begin(T1, CASE_LOOK_NONE);
	event(T1, CASE_LOOK_NONE);
	op(R1, CASE_OP_ZAP);
	assert_null(page_find(&engine, ctx_find(&engine, UFFD), PAGE));
	op_done(R1, CASE_OP_ZAP, CASE_DONE);
	expect_all_free(1);
}

static void facts_about_nothing(void **state)
{
	setup_private();
	looked(CASE_LOOK_MAPPED);
	case_looked(&engine, UFFD2, PAGE, CASE_LOOK_NONE, 0);
	case_op_begin(&engine, R1, UFFD2, CASE_OP_INSTALL, 0, -1UL);
	case_op_end(&engine, R1, UFFD2, CASE_OP_INSTALL, CASE_DONE, -1UL);
	end(T1, false, CASE_LOOK_MAPPED);
	check_books();
	expect_all_free(1);
}

/* --- Records of events ------------------------------------------------------ */

static void at(unsigned long addr, void *task, enum case_look look)
{
	entry_addr = addr;
	begin(task, CASE_LOOK_NONE);
	event(task, look);
}

static void read_at(unsigned long addr)
{
	case_read(&engine, UFFD, addr, CASE_MISSING);
}

static void setup_records(unsigned int n)
{
	fresh(&(struct case_limits){ 4, n, 4, 2 });
	flags = CASE_F_PRIVATE | CASE_F_ANON_PROVES | CASE_F_ZAPS_KNOWN;
	born(UFFD, 42);
}

static void record_used_again_while_its_event_waits(void **state)
{
	setup_records(1);
	at(PAGE, T1, CASE_LOOK_NONE);
	end(T1, false, CASE_LOOK_UNKNOWN);
	at(PAGE + 0x1000, T2, CASE_LOOK_NONE);
	install(R1, CASE_DONE);		/* decides about PAGE only */
	assert_int_equal(THE_BOOKS->verdict[CASE_GENUINE], 1);
	read_at(PAGE + 0x1000);
	case_looked(&engine, UFFD, PAGE + 0x1000, CASE_LOOK_ANON, engine.clock);
	assert_int_equal(THE_BOOKS->delivered[CASE_BOGUS], 1);
	assert_int_equal(THE_BOOKS->delivered[CASE_GENUINE], 0);
}

static void record_is_forgotten_once(void **state)
{
	setup_records(2);
	at(PAGE, T1, CASE_LOOK_ANON);
	read_at(PAGE);
	end(T1, false, CASE_LOOK_UNKNOWN);
	at(PAGE, T2, CASE_LOOK_ANON);
	at(PAGE + 0x1000, T3, CASE_LOOK_ANON);	/* in the record of T1 */
	read_at(PAGE);
	read_at(PAGE + 0x1000);
	assert_int_equal(engine.stats.unmatched, 0);
	assert_int_equal(THE_BOOKS->delivered[CASE_BOGUS], 3);
}

static void records_are_forgotten_in_any_order(void **state)
{
	int i;

	setup_records(3);
	at(PAGE, T1, CASE_LOOK_ANON);
	at(PAGE, T2, CASE_LOOK_ANON);
	at(PAGE, T3, CASE_LOOK_ANON);
	for (i = 0; i < 3; i++)
		read_at(PAGE);
	end(T2, false, CASE_LOOK_UNKNOWN);
	end(T1, false, CASE_LOOK_UNKNOWN);
	at(PAGE, T1, CASE_LOOK_ANON);
	at(PAGE, T2, CASE_LOOK_ANON);
	read_at(PAGE);
	read_at(PAGE);
	assert_int_equal(THE_BOOKS->delivered[CASE_BOGUS], 5);
	read_at(PAGE);			/* ends, whatever it finds */
	assert_int_equal(engine.stats.unmatched, 1);
}

static unsigned int records_found(void)
{
	const struct case_event *v;
	unsigned int i, n = 0;

	for (i = 0; i < engine.limits.faults; i++)
		for (v = engine.message_hash[i]; v; v = v->message_next)
			n++;
	return n;
}

/* A page may raise events for ever: its chain must not grow. */
static void record_of_which_all_is_known_is_not_found(void **state)
{
	setup_records(3);
	at(PAGE, T1, CASE_LOOK_ANON);
	read_at(PAGE);
	assert_int_equal(records_found(), 1);
	end(T1, false, CASE_LOOK_UNKNOWN);
	assert_int_equal(records_found(), 0);
	at(PAGE, T1, CASE_LOOK_ANON);
	end(T1, false, CASE_LOOK_UNKNOWN);
	read_at(PAGE);
	assert_int_equal(records_found(), 0);
	at(PAGE, T1, CASE_LOOK_NONE);
	read_at(PAGE);
	end(T1, false, CASE_LOOK_UNKNOWN);
	assert_int_equal(records_found(), 1);
	install(R1, CASE_DONE);
	assert_int_equal(records_found(), 0);
}

static void record_that_is_free_leads_to_no_other(void **state)
{
	void *other = T1;

	setup_records(2);
	while (other == T1 || case_hash(other, 0, 2) != case_hash(T1, 0, 2))
		other = (char *)other + 0x10;
	at(PAGE, T1, CASE_LOOK_ANON);
	at(PAGE, other, CASE_LOOK_ANON);
	end(other, false, CASE_LOOK_UNKNOWN);
	at(PAGE, other, CASE_LOOK_ANON);
	at(PAGE, (void *)0x9990, CASE_LOOK_ANON);
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
		cmocka_unit_test(record_of_which_all_is_known_is_not_found),
		cmocka_unit_test(record_that_is_free_leads_to_no_other),
	};

	return cmocka_run_group_tests_name("tables", tests, NULL, NULL);
}
