// SPDX-License-Identifier: GPL-2.0
/*
 * Who reads the events, and who answers them.
 *
 * One listener reads them all, so that they are counted in one order.  With one
 * resolver it also answers them.  With several, every event goes to every one of
 * them, and they race: one installs the page, the others get -EEXIST, as where
 * several sources feed one postcopy.
 */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define RING	256

struct event {
	unsigned int	page;
	uint64_t	flags;
	bool		provide;	/* or wake only */
};

/* An event leaves the ring when all have taken it: none is ever lost */
static struct {
	pthread_mutex_t	lock;
	pthread_cond_t	more;
	pthread_cond_t	room;
	struct event	ring[RING];
	unsigned long	head;
	unsigned long	tail[MAX_THREADS];
	bool		closed;
} fan = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.more = PTHREAD_COND_INITIALIZER,
	.room = PTHREAD_COND_INITIALIZER,
};

static struct resolver {
	struct run	*run;
	unsigned int	nr;
	uint64_t	random;
	pthread_t	thread;
} resolver[MAX_THREADS];

static pthread_t listener_thread;
static pid_t resolver_process;

static bool fan_full(unsigned int nr)
{
	while (nr--)
		if (fan.head - fan.tail[nr] == RING)
			return true;
	return false;
}

static void fan_put(struct run *run, struct event event)
{
	pthread_mutex_lock(&fan.lock);
	while (fan_full(run->opt->resolvers))
		pthread_cond_wait(&fan.room, &fan.lock);
	fan.ring[fan.head++ % RING] = event;
	pthread_cond_broadcast(&fan.more);
	pthread_mutex_unlock(&fan.lock);
}

static bool fan_get(unsigned int nr, struct event *event)
{
	bool got;

	pthread_mutex_lock(&fan.lock);
	while (fan.tail[nr] == fan.head && !fan.closed)
		pthread_cond_wait(&fan.more, &fan.lock);
	got = fan.tail[nr] != fan.head;
	if (got) {
		*event = fan.ring[fan.tail[nr]++ % RING];
		pthread_cond_signal(&fan.room);
	}
	pthread_mutex_unlock(&fan.lock);
	return got;
}

/* Where the outcomes of an install are counted, success first */
static const enum count copy_counts[] = {
	C_copies, C_copy_eexist, C_copy_eagain, C_copy_enoent, C_copy_enomem,
	C_copy_other, C_copy_other,
};
static const enum count continue_counts[] = {
	C_continues, C_continue_eexist, C_continue_eagain, C_continue_enoent,
	C_continue_enomem, C_continue_efault, C_continue_other,
};

int provide(struct run *run, unsigned int page, bool minor)
{
	static const int errors[] = {
		0, -EEXIST, -EAGAIN, -ENOENT, -ENOMEM, -EFAULT,
	};
	const enum count *to = minor ? continue_counts : copy_counts;
	int err = minor ? install_continue(run, page) : install_copy(run, page);
	unsigned int i;

	for (i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (err == errors[i])
			break;
	count(to[i]);
	if (!err && !page_may_go(run, page))
		count(C_lost_pages);
	return err;
}

/* The page leaves the page cache after its MINOR event. */
static void punch(struct run *run, const struct event *event)
{
	static atomic_uint nr;

	if (run->opt->punch && run->opt->mode == MODE_LEGAL &&
	    event->flags & UFFD_PAGEFAULT_FLAG_MINOR &&
	    page_may_go(run, event->page) && atomic_fetch_add(&nr, 1) % 2 == 0)
		drop_page(run, event->page, DROP_PUNCH);
}

static void resolve(struct run *run, const struct event *event)
{
	size_t offset = event->page * run->page_size;
	struct uffdio_range range = {
		.start = (uintptr_t)run->area + offset,
		.len = run->page_size,
	};
	struct uffdio_writeprotect wp = { .range = range };

	punch(run, event);
	if (event->flags & UFFD_PAGEFAULT_FLAG_WP) {
		if (!ioctl(run->uffd, UFFDIO_WRITEPROTECT, &wp))
			return;
	} else if (event->provide &&
		   !provide(run, event->page,
			    event->flags & UFFD_PAGEFAULT_FLAG_MINOR) &&
		   run->fill_uffd == run->uffd) {
		return;
	}
	/*
	 * Only a success wakes by itself, and only who waits at that userfaultfd.
	 * After anything else let the faulting thread look again: if the page is
	 * still missing, it says so again.
	 */
	if (!ioctl(run->uffd, UFFDIO_WAKE, &range))
		count(C_wakes);
}

static void take_message(struct run *run, const struct uffd_msg *msg)
{
	uint64_t offset = msg->arg.pagefault.address - (uintptr_t)run->area;
	struct event event;

	count(C_events_received);
	if (msg->event == UFFD_EVENT_FORK) {
		adopt_child(run, msg->arg.fork.ufd);
		return;
	}
	if (msg->event != UFFD_EVENT_PAGEFAULT || offset >= run->len) {
		count(C_other_events);
		return;
	}
	event.page = offset / run->page_size;
	event.flags = msg->arg.pagefault.flags;
	if (event.flags & UFFD_PAGEFAULT_FLAG_WP)
		count(C_wp_events);
	else
		account_fault(run, event.page, event.flags);
	/*
	 * Inside the window UFFDIO_COPY sees none as well, and copies a whole huge
	 * page before it looks under the lock: the window has closed by then, and
	 * shows one event instead of hundreds.  So in truth mode most events
	 * are only woken.  The first is not: its -EEXIST proves that the page was there.
	 */
	event.provide = run->opt->mode == MODE_LEGAL ||
			counted(C_wrong_events) % run->opt->copy_every ==
			1 % run->opt->copy_every;

	if (run->opt->resolvers == 1)
		resolve(run, &event);
	else
		fan_put(run, event);
}

/* An event in a child, answered at once: COPY into a child, whose pages are ours */
void take_child_message(struct run *run, int uffd, const struct uffd_msg *msg)
{
	uint64_t at = msg->arg.pagefault.address - (uintptr_t)run->area;
	struct run as_child = { .path = run->path, .area = run->area,
				.source = run->source, .page_size = run->page_size,
				.fill_uffd = uffd };
	bool minor = msg->arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_MINOR;
	unsigned int page = at / run->page_size;
	struct uffdio_range range = {
		.start = (uintptr_t)run->area + page * run->page_size,
		.len = run->page_size,
	};

	count(C_events_received);
	if (msg->event != UFFD_EVENT_PAGEFAULT || at >= run->len) {
		count(C_other_events);
		return;
	}
	count(C_child_events);
	/* what is shared need not be copied at fork, so a MINOR event is right */
	if (!minor && !(run->path->flags & PATH_SHARED) && !page_may_go(run, page)) {
		count(C_wrong_events);
		count(C_child_wrong_events);
	}
	if (minor)
		install_continue(&as_child, page);
	else
		install_copy(&as_child, page);
	ioctl(uffd, UFFDIO_WAKE, &range);
}

static void *listener(void *arg)
{
	struct run *run = arg;
	struct pollfd pfd = { .fd = run->uffd, .events = POLLIN };
	struct uffd_msg msg[MAX_READ_BATCH];
	size_t size = run->opt->read_batch * sizeof(*msg);
	bool last = false;
	ssize_t len, i;

	/* after the stop one more look, for what was queued just before it */
	for (;;) {
		len = read(run->uffd, msg, size);
		if (len > 0) {
			for (i = 0; i < len / (ssize_t)sizeof(*msg); i++)
				take_message(run, &msg[i]);
			last = false;
			continue;
		}
		if (last)
			return NULL;
		last = atomic_load(&run->stop_resolvers);
		poll(&pfd, 1, last ? 0 : 50);
	}
}

static void *resolver_thread(void *arg)
{
	struct resolver *me = arg;
	struct event event;

	while (fan_get(me->nr, &event)) {
		/* some come late, on purpose */
		if (!(next_random(&me->random) & 3))
			usleep(next_random(&me->random) % 500);
		resolve(me->run, &event);
	}
	return NULL;
}

/*
 * Provides pages nobody has asked for, like the background stream of postcopy:
 * so a page may arrive between a fault and its event.
 */
void *prefetcher(void *arg)
{
	struct run *run = arg;
	bool missing = run->path->reg_mode & UFFDIO_REGISTER_MODE_MISSING;
	bool minor = run->path->reg_mode & UFFDIO_REGISTER_MODE_MINOR;
	uint64_t random = seed_for(run->opt, 'p', 0);
	unsigned int page;

	while (!atomic_load_explicit(&run->stop_writers, memory_order_relaxed)) {
		if (wait_for_burst(run))
			continue;
		page = next_random(&random) % run->opt->pages;
		if (page_is_dropped(run, page) &&
		    !provide(run, page, minor && (!missing || next_random(&random) & 1)))
			count(C_prefetches);
		if (!(next_random(&random) & 3))
			usleep(next_random(&random) % 500);
	}
	return NULL;
}

static int start_here(struct run *run)
{
	unsigned int i;
	int err;

	for (i = 0; run->opt->resolvers > 1 && i < run->opt->resolvers; i++) {
		resolver[i].run = run;
		resolver[i].nr = i;
		resolver[i].random = seed_for(run->opt, 'e', i);
		err = pthread_create(&resolver[i].thread, NULL, resolver_thread,
				     &resolver[i]);
		if (err)
			return -err;
	}
	return -pthread_create(&listener_thread, NULL, listener, run);
}

static void stop_here(struct run *run)
{
	unsigned int i;

	run->stuck += join_before(listener_thread, run->patience);
	adopted_end();

	pthread_mutex_lock(&fan.lock);
	fan.closed = true;
	pthread_cond_broadcast(&fan.more);
	pthread_mutex_unlock(&fan.lock);
	for (i = 0; run->opt->resolvers > 1 && i < run->opt->resolvers; i++)
		run->stuck += join_before(resolver[i].thread, run->patience);
}

/*
 * Another process does it all, as where a helper serves a guest's memory.  It has
 * no copy of the range: pages with two owners would not be migrated.
 */
static int start_process(struct run *run)
{
	madvise(run->area, run->len, MADV_DONTFORK);
	resolver_process = fork();
	if (resolver_process) {
		madvise(run->area, run->len, MADV_DOFORK);
		return resolver_process < 0 ? -errno : 0;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (start_here(run))
		_exit(1);
	while (!atomic_load(&run->stop_resolvers))
		usleep(5000);
	stop_here(run);
	_exit(0);
}

int resolvers_start(struct run *run)
{
	return run->opt->resolver_process ? start_process(run) : start_here(run);
}

void resolvers_stop(struct run *run)
{
	unsigned int ms = 2000 * run->patience;
	int status = -1;

	atomic_store(&run->stop_resolvers, true);
	if (!run->opt->resolver_process) {
		stop_here(run);
		return;
	}
	while (waitpid(resolver_process, &status, WNOHANG) != resolver_process && ms--)
		usleep(1000);
	if (status) {
		kill(resolver_process, SIGKILL);
		run->stuck++;
	}
}
