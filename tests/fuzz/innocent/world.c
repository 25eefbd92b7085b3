// SPDX-License-Identifier: GPL-2.0
/* One program, in a process of its own: all that it has made ends with it. */
#define _GNU_SOURCE
#include "innocent.h"

#include <linux/futex.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOURCE_LEN	(2 * HUGE)
#define LIMIT_S		60	/* for a program */
#define LOOK_MS		20	/* for a verdict; the deferred look comes after 5 */
#define SETTLE_MS	2000	/* for the last verdicts */

struct world world;

/*
 * Nobody runs beside anybody else here, and under emulation to wake another CPU
 * takes long. So all share one, but for one program of eight.
 */
static void pin(uint64_t seed)
{
	cpu_set_t all, one;
	int cpu, left;

	if (seed % 8 == 0 || sched_getaffinity(0, sizeof(all), &all))
		return;
	left = seed / 8 % CPU_COUNT(&all);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && left-- == 0)
			break;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void make_world(struct shared *shared)
{
	int i;

	world.shared = shared;
	for (i = 0; i < NR_REGIONS; i++)
		world.region[i] = (struct region){ .fd = -1 };
	for (i = 0; i < NR_UFFDS; i++)
		world.uffd[i] = (struct uffd){ .fd = -1 };
	world.done = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (world.done < 0 ||
	    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		       world.post))
		_exit(6);
	world.source = mmap(NULL, SOURCE_LEN, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (world.source == MAP_FAILED)
		_exit(7);
	memset(world.source, 0x5a, SOURCE_LEN);
	set_handlers();
	start_threads();
}

static bool may_run(const struct op *op, unsigned int nr)
{
	if (atomic_load(&world.shared->actor[nr].state) != A_IDLE)
		return false;
	return nr < NR_THREADS ? !op->child : !op->parent;
}

/* The actor whom the step names, or another one that has time */
static struct actor *find_actor(const struct step *step)
{
	unsigned int i, nr;

	for (i = 0; i < NR_ACTORS; i++) {
		nr = (step->actor + i) % NR_ACTORS;
		if (may_run(&ops[step->op], nr))
			return &world.shared->actor[nr];
	}
	return NULL;
}

static unsigned int idle_threads(void)
{
	unsigned int nr, idle = 0;

	for (nr = 0; nr < NR_THREADS; nr++)
		idle += atomic_load(&world.shared->actor[nr].state) == A_IDLE;
	return idle;
}

/* The last thread that is awake answers, whatever it was to do. */
static struct step answer_instead(const struct step *step)
{
	const struct actor *a = pick_waiting(step->arg[1]);
	struct step answer = *step;
	const char *how = "copy";

	if (idle_threads() > 1 || !a)
		return answer;
	if (a->flags & U_FAULT_WP)
		how = "unprotect";
	else if (is_mapped(world.uffd[a->uffd].owner, a->addr))
		how = "wake";
	else if (a->flags & U_FAULT_MINOR)
		how = "continue";
	answer.op = find_op(how, strlen(how));
	answer.arg[0] = 1;
	if (step->arg[3] % 2)
		answer.arg[3] = 0;
	return answer;
}

static void start_step(struct actor *a, const struct step *step)
{
	a->step = *step;
	a->text[0] = 0;
	a->waits = false;
	atomic_store(&a->state, A_BUSY);
	atomic_fetch_add(&a->go, 1);
	syscall(SYS_futex, &a->go, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void count_step(const struct step *step, const struct actor *a,
		       const struct counters *now)
{
	struct op_stats *st = &world.shared->op[step->op];
	struct counters *seen = &world.shared->seen;
	bool blocked = atomic_load(&a->state) == A_BUSY;

	st->times++;
	st->skipped += !blocked && a->result == OP_SKIPPED;
	st->failed += !blocked && a->result < 0;
	st->judged += (now->events - now->open) - (seen->events - seen->open);
	st->undecided += now->undecided - seen->undecided;
}

static void print_step(unsigned int nr, const struct step *step,
		       const struct actor *a, const struct counters *now)
{
	const struct counters *seen = &world.shared->seen;

	printf("%3u %c%d %s %s", nr, a - world.shared->actor < NR_THREADS ? 't' : 'c',
	       (int)(a - world.shared->actor), ops[step->op].name, a->text);
	if (atomic_load(&a->state) == A_BUSY)
		printf(" ... sleeps");
	else if (a->result < 0)
		printf(" = %s", strerrorname_np(-a->result));
	printf(a->result == OP_SKIPPED ? " (nothing to do)" : "");
#define TELL(what)	if (now->what != seen->what) printf(" %s%+lld", #what, \
				(long long)(now->what - seen->what))
	TELL(events);
	TELL(open);
	TELL(genuine);
	TELL(stale);
	TELL(bogus);
	TELL(undecided);
	printf("\n");
}

/* Where nothing was open, and no event has come, nothing has changed. */
static bool look(struct counters *now, uint64_t read)
{
	struct shared *s = world.shared;

	if (s->seen.open || s->read != read || s->hold || world.verbose)
		return read_counters(now);
	*now = s->seen;
	return true;
}

/*
 * Most events have the time to be judged by the deferred look; in one program of
 * four it all goes too fast for that.
 */
static bool let_judge(const struct step *step, struct counters *now)
{
	int ms;

	if (now->open <= world.shared->seen.open || world.hurry ||
	    step->arg[3] % 8 == 0)
		return true;
	for (ms = 0; now->open > world.shared->seen.open && ms < LOOK_MS; ms++) {
		usleep(1000);
		if (!read_counters(now))
			return false;
	}
	return true;
}

static enum fail do_step(unsigned int nr, const struct step *drawn,
			 const struct counters *start)
{
	struct step answer = answer_instead(drawn), *step = &answer;
	struct actor *a = find_actor(step);
	uint64_t begin = now_us(), read = world.shared->read;
	struct counters now;
	enum fail fail;

	if (!a)
		return FAIL_NONE;
	start_step(a, step);
	fail = settle();
	if (fail)
		return fail;
	if (!look(&now, read) || !let_judge(step, &now))
		return FAIL_BOOKS;
	count_step(step, a, &now);
	world.shared->op[step->op].us += now_us() - begin;
	if (world.verbose)
		print_step(nr, step, a, &now);
	world.shared->seen = now;
	books_lie(start, &now, world.shared, &fail);
	return fail;
}

/* Who still sleeps gets its page, so that its event can be judged. */
static enum fail wake_all(unsigned int nr, const struct counters *start)
{
	static const char *const how[] = { "copy", "continue", "unprotect", "wake" };
	unsigned int round, k;
	struct step step = { .arg = { 1, 0, 0, 0 } };
	enum fail fail = FAIL_NONE;

	world.shared->released = world.shared->hold;
	world.shared->hold = false;
	for (round = 0; !fail && round < 2 * NR_ACTORS; round++) {
		step.arg[1] = round;
		for (k = 0; !fail && pick_waiting(0) && k < 4; k++) {
			step.op = find_op(how[k], strlen(how[k]));
			fail = do_step(nr, &step, start);
		}
	}
	/* Who could not be woken may fault once more, while he dies. */
	for (k = 0; k < NR_ACTORS; k++)
		if (atomic_load(&world.shared->actor[k].state) == A_BUSY)
			world.shared->held = true;
	return fail;
}

static void live(const struct program *p, const struct counters *start)
{
	struct shared *s = world.shared;
	enum fail fail = FAIL_NONE;
	unsigned int i;

	for (i = 0; !fail && i < p->nr; i++) {
		fail = do_step(i, &p->step[i], start);
		s->failed_step = i;
	}
	if (!fail)
		fail = wake_all(p->nr, start);
	s->fail = fail;
}

static void reset_shared(struct shared *s)
{
	struct op_stats keep[MAX_OPS];

	memcpy(keep, s->op, sizeof(keep));
	memset(s, 0, sizeof(*s));
	memcpy(s->op, keep, sizeof(keep));
}

/* All that belonged to it is gone: now everything has to be judged. */
static enum fail judge_rest(const struct counters *start, struct shared *s)
{
	struct counters now;
	enum fail fail = FAIL_NONE;
	int ms;

	for (ms = 0; read_counters(&now) && now.open > start->open; ms += 5) {
		if (ms > SETTLE_MS)
			return FAIL_OPEN;
		usleep(5000);
	}
	s->op[nr_ops].judged += (now.events - now.open) -
				(s->seen.events - s->seen.open);
	s->op[nr_ops].undecided += now.undecided - s->seen.undecided;
	s->seen = now;
	if (books_lie(start, &now, s, &fail))
		return fail;
	if (!has_counters())
		return FAIL_NONE;
	if (now.delivered - start->delivered != s->read ||
	    now.unmatched != start->unmatched) {
		snprintf(s->note, TEXT, "read %llu delivered %llu unmatched %llu",
			 (long long)s->read,
			 (long long)(now.delivered - start->delivered),
			 (long long)(now.unmatched - start->unmatched));
		return FAIL_DELIVERY;
	}
	if (!s->held && now.events - start->events != s->read) {
		snprintf(s->note, TEXT, "read %llu raised %llu", (long long)s->read,
			 (long long)(now.events - start->events));
		return FAIL_RAISED;
	}
	return FAIL_NONE;
}

bool in_a_hurry(const struct program *p)
{
	return p->seed % 4 == 0;
}

enum fail run_program(const struct program *p, struct shared *shared, bool verbose)
{
	uint64_t begin = now_us();
	struct counters start;
	int status = 0;
	pid_t pid;

	reset_shared(shared);
	if (!read_counters(&start))
		return FAIL_BOOKS;
	shared->seen = start;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(LIMIT_S);
		world.verbose = verbose;
		world.hurry = in_a_hurry(p);
		pin(p->seed);
		make_world(shared);
		live(p, &start);
		fflush(stdout);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return FAIL_DIED;
	kill(-pid, SIGKILL);
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		snprintf(shared->note, TEXT, "status %x", status);
		return FAIL_DIED;
	}
	shared->fail = shared->fail ?: judge_rest(&start, shared);
	shared->op[nr_ops].us += now_us() - begin;
	return shared->fail;
}
