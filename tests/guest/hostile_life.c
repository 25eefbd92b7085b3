// SPDX-License-Identifier: GPL-2.0
/*
 * Whose userfaultfd is it, since when, until when; and what did the kernel read of
 * an argument that changes in flight?
 */
#define _GNU_SOURCE
#include "hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- forkkill -------------------------------------------------------------- */

#define KILLED	40
#define HEIRS	12
#define EACH	10

static void *fork_once(void *unused)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	return unused;
}

/* fork() waits until somebody reads its FORK event; nobody does */
static void fork_unread(void)
{
	int fd = uffd_with(UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_SIGBUS);
	pthread_t thread;

	uffd_register(fd, map_anon(PAGE), PAGE, UFFDIO_REGISTER_MODE_MISSING);
	pthread_create(&thread, NULL, fork_once, NULL);
	pause();
}

static void run_forkkill(void)
{
	int i, fds[HEIRS];
	long events = 0;
	pid_t pid;

	/* One CPU has one list of free memory: the next ctx gets what was freed */
	pin_to(0);
	for (i = 0; i < KILLED; i++) {
		pid = fork();
		if (!pid)
			fork_unread();
		usleep(30000);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	for (i = 0; i < HEIRS; i++)
		events += plain_events(&fds[i], EACH, 0);
	usleep(100000);
	tell("events", events);
}

/* --- usermode -------------------------------------------------------------- */

#define KERNEL_FAULTS 64

static void run_usermode(void)
{
	int fd = uffd_new(UFFD_USER_MODE_ONLY), zero = open("/dev/zero", O_RDONLY), i;
	char *area = map_anon(KERNEL_FAULTS * PAGE);
	struct uffd_msg msg;
	int refused = 0;

	if (fd < 0 && errno == EINVAL)
		skip("no UFFD_USER_MODE_ONLY (5.11)");
	if (fd < 0 || uffd_api(fd, 0))
		die("userfaultfd");
	uffd_register(fd, area, KERNEL_FAULTS * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	usleep(150000);
	for (i = 0; i < KERNEL_FAULTS; i++)
		refused += read(zero, area + i * PAGE, 1) < 0 && errno == EFAULT;
	if (refused != KERNEL_FAULTS)
		skip("only %d of %d reads failed", refused, KERNEL_FAULTS);
	tell("events", uffd_event(fd, &msg, 200));
	tell("efault", refused);
}

/* --- apichild, scm --------------------------------------------------------- */

#define ROUNDS	32

/* What an agent, another process, does with our userfaultfd */
struct order {
	unsigned long cmd;
	union {
		struct uffdio_api api;
		struct uffdio_register reg;
		struct uffdio_range range;
		struct uffdio_copy copy;
	};
};

static int agent_socket;
static char page_source[PAGE] __attribute__((aligned(4096))) = "copied";

static int receive_fd(int socket)
{
	char room[CMSG_SPACE(sizeof(int))] = { 0 }, byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = room, .msg_controllen = sizeof(room),
	};
	struct cmsghdr *cmsg;
	int fd;

	if (recvmsg(socket, &msg, 0) != 1)
		_exit(0);
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg)
		_exit(1);
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

static void send_fd(int socket, int fd)
{
	char room[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = room, .msg_controllen = sizeof(room),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	if (sendmsg(socket, &msg, 0) != 1)
		die("sendmsg");
}

static void obey(int socket, int fd)
{
	struct order order;
	int error;

	while (recv(socket, &order, sizeof(order), 0) == sizeof(order)) {
		error = ioctl(fd, order.cmd, &order.api) ? errno : 0;
		if (send(socket, &error, sizeof(error), 0) != sizeof(error))
			break;
	}
	_exit(0);
}

/* fd < 0: it will be sent. The agent's memory is a copy of ours. */
static void start_agent(int fd)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		die("socketpair");
	if (!fork()) {
		close(pair[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		obey(pair[1], fd < 0 ? receive_fd(pair[1]) : fd);
	}
	close(pair[1]);
	agent_socket = pair[0];
}

static void ask(const struct order *order)
{
	int error;

	if (send(agent_socket, order, sizeof(*order), 0) != sizeof(*order) ||
	    recv(agent_socket, &error, sizeof(error), 0) != sizeof(error))
		die("the agent");
	if (error) {
		errno = error;
		die("an ioctl of the agent");
	}
}

/* By us, or by the agent */
static void act(bool agent, int fd, struct order order)
{
	if (agent)
		ask(&order);
	else if (ioctl(fd, order.cmd, &order.api))
		die("an ioctl");
}

static struct order api_order(void)
{
	return (struct order) { .cmd = UFFDIO_API, .api.api = UFFD_API };
}

static struct order register_order(char *area)
{
	return (struct order) {
		.cmd = UFFDIO_REGISTER,
		.reg = {
			.range = { (uintptr_t)area, ROUNDS * PAGE },
			.mode = UFFDIO_REGISTER_MODE_MISSING,
		},
	};
}

static struct order unregister_order(char *area)
{
	return (struct order) {
		.cmd = UFFDIO_UNREGISTER, .range = { (uintptr_t)area, ROUNDS * PAGE },
	};
}

static struct order copy_order(char *page)
{
	return (struct order) {
		.cmd = UFFDIO_COPY,
		.copy = {
			.dst = (uintptr_t)page, .src = (uintptr_t)page_source,
			.len = PAGE,
		},
	};
}

/*
 * Every second page is copied in. For the others the range is unregistered, so
 * that the fault itself maps them, and registered anew before the module looks.
 */
static void foreign_rounds(int fd, char *area, bool agent)
{
	struct touch touch;
	struct uffd_msg msg;
	bool in_agent;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		in_agent = agent && i % 4 < 2;
		touch_start(&touch, area + i * PAGE, i & 1);
		if (!uffd_event(fd, &msg, EVENT_MS))
			die("no event");
		act(in_agent, fd, i & 1 ? unregister_order(area) :
					  copy_order(area + i * PAGE));
		touch_end(&touch);
		if (i & 1)
			act(in_agent, fd, register_order(area));
		usleep(20000);
	}
	tell("events", ROUNDS);
}

/* The handshake is the child's, all else ours */
static void run_apichild(void)
{
	char *area = map_anon(ROUNDS * PAGE);
	int fd = uffd_new(0);

	if (fd < 0)
		die("userfaultfd");
	start_agent(fd);
	act(true, fd, api_order());
	act(false, fd, register_order(area));
	usleep(150000);
	foreign_rounds(fd, area, false);
}

/* Every second pair of ioctls comes from a process that was sent the file */
static void run_scm(void)
{
	char *area = map_anon(ROUNDS * PAGE);
	int fd;

	start_agent(-1);
	fd = uffd_new(0);
	if (fd < 0)
		die("userfaultfd");
	send_fd(agent_socket, fd);
	act(true, fd, api_order());
	act(true, fd, register_order(area));
	usleep(150000);
	foreign_rounds(fd, area, true);
}

/* --- flipzero, flipunreg --------------------------------------------------- */

#define FLIP_SECONDS	5
#define FLIP_ENOUGH	10
#define TRIES		100	/* ioctls an event */

/* The argument of the ioctl: both begin with the range */
static union {
	struct uffdio_range range;
	struct uffdio_zeropage zero;
} flipping;
static char *pair;		/* two pages: one meant, one said */
static atomic_uint flip_round;
static _Atomic uint64_t flip_ticks = 10000;	/* how long the last ioctl took */
static _Atomic uint64_t flip_delay, flip_good;	/* the last one; one that has worked */
static atomic_bool flip_over;

static void wait_ticks(uint64_t ticks)
{
	uint64_t start = __builtin_ia32_rdtsc();

	while (__builtin_ia32_rdtsc() - start < ticks)
		;
}

/* At random within the ioctl, and every second time about where it has worked */
static uint64_t choose_delay(unsigned int *seed)
{
	uint64_t ticks = flip_ticks, good = flip_good;

	if (!good || rand_r(seed) % 2)
		return rand_r(seed) % ticks;
	return good * 15 / 16 + rand_r(seed) % (good / 8 + 1);
}

/* Says the second page; means the first, for a moment in each ioctl */
static void *flipper(void *unused)
{
	volatile __u64 *start = &flipping.range.start;
	unsigned int seen = 0, now, seed = 1;

	while (!flip_over) {
		now = flip_round;
		if (now == seen)
			continue;
		seen = now;
		flip_delay = choose_delay(&seed);
		wait_ticks(flip_delay);
		*start = (uintptr_t)pair;
		wait_ticks(flip_ticks / 32);
		*start = (uintptr_t)pair + PAGE;
	}
	return unused;
}

static void flip_ioctl(int fd, unsigned long cmd)
{
	uint64_t start;

	flipping.range.start = (uintptr_t)pair + PAGE;
	flipping.range.len = PAGE;
	flipping.zero.mode = 0;
	flip_round++;
	start = __builtin_ia32_rdtsc();
	ioctl(fd, cmd, &flipping);
	flip_ticks = __builtin_ia32_rdtsc() - start + 1;
}

/* Whether the fault at the first page was answered: the kernel read that one */
static bool flip_one_event(int fd, unsigned long cmd)
{
	bool flipped = false;
	struct touch touch;
	struct uffd_msg msg;
	int i;

	touch_start(&touch, pair, false);
	if (!uffd_event(fd, &msg, EVENT_MS))
		die("no event");
	for (i = 0; i < TRIES && !flipped; i++) {
		flip_ioctl(fd, cmd);
		if (cmd == UFFDIO_UNREGISTER)
			usleep(100);	/* the fault maps it, not the ioctl */
		flipped = mapped_at(pair);
	}
	if (flipped)
		flip_good = flip_delay;
	else
		uffd_copy(fd, pair);
	touch_end(&touch);
	if (flipped)
		usleep(300000);	/* the module looks, and finds a page */
	return flipped;
}

static void flip(unsigned long cmd)
{
	int fd = uffd_with(0), flipped = 0;
	pthread_t thread;
	long events = 0;
	time_t end;

	pair = map_anon(2 * PAGE);
	uffd_register(fd, pair, 2 * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	usleep(150000);
	pthread_create(&thread, NULL, flipper, NULL);
	end = time(NULL) + FLIP_SECONDS;
	for (; time(NULL) < end && flipped < FLIP_ENOUGH; events++) {
		flipped += flip_one_event(fd, cmd);
		madvise(pair, 2 * PAGE, MADV_DONTNEED);
		if (cmd == UFFDIO_UNREGISTER)
			uffd_register(fd, pair, 2 * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	}
	flip_over = true;
	pthread_join(thread, NULL);
	if (!flipped)
		skip("beside %ld events no argument was caught in flight", events);
	tell("events", events);
	tell("flipped", flipped);
}

static void run_flipzero(void)
{
	flip(UFFDIO_ZEROPAGE);
}

static void run_flipunreg(void)
{
	flip(UFFDIO_UNREGISTER);
}

/* --- churn ----------------------------------------------------------------- */

#define CHURNERS	3

static atomic_long *lives;	/* of all processes: lives, and events read */

/* Opens, registers, faults, forks, and dies in the middle of it */
static void one_life(unsigned int seed)
{
	unsigned long features = seed % 4 ? 0 : UFFD_FEATURE_EVENT_FORK;
	int fd = uffd_new(0), i;
	struct touch touch[4];
	struct uffd_msg msg;
	pthread_t thread;
	char *area;

	if (fd < 0 || uffd_api(fd, features))
		_exit(1);
	area = map_anon(4 * PAGE);
	uffd_register(fd, area, 4 * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	for (i = 0; i < 4; i++)
		touch_start(&touch[i], area + i * PAGE, i & 1);
	for (i = 0; i < 3 && uffd_event(fd, &msg, 1000); i++) {
		uffd_copy(fd, (void *)((uintptr_t)msg.arg.pagefault.address & -PAGE));
		lives[1]++;
	}
	pthread_create(&thread, NULL, fork_once, NULL);
	usleep(seed % 7 * 500);
	if (seed % 3 == 0)
		close(fd);
	lives[0]++;
	_exit(0);
}

static void churner(unsigned int n)
{
	pid_t pid;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;; n += CHURNERS) {
		pid = fork();
		if (!pid)
			one_life(n);
		if (n % 5 == 0) {
			usleep(n % 11 * 1000);
			kill(pid, SIGKILL);
		}
		waitpid(pid, NULL, 0);
		usleep(2000);
	}
}

static void run_churn(void)
{
	pid_t pid[CHURNERS];
	sigset_t set;
	int i, sig;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	lives = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	if (lives == MAP_FAILED)
		die("mmap");
	for (i = 0; i < CHURNERS; i++) {
		pid[i] = fork();
		if (!pid[i])
			churner(i);
	}
	sigwait(&set, &sig);
	for (i = 0; i < CHURNERS; i++)
		kill(pid[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	tell("lives", lives[0]);
	tell("events", lives[1]);
}

/* --- insider --------------------------------------------------------------- */

#define INSIDERS	4

struct insider {
	pthread_t thread;
	int fd;
	char *from, *to;
	int ret;
};

static void *copy_in(void *arg)
{
	struct insider *in = arg;
	struct uffdio_copy copy = {
		.dst = (unsigned long)in->to, .src = (unsigned long)in->from,
		.len = PAGE,
	};

	in->ret = ioctl(in->fd, UFFDIO_COPY, &copy);
	return NULL;
}

/* Its source is missing: it sleeps until that comes, and fills the range then */
static void insider_enters(struct insider *in, int fd, int source, char *from, char *to)
{
	struct uffd_msg msg;

	*in = (struct insider){ .fd = fd, .from = from, .to = to };
	if (pthread_create(&in->thread, NULL, copy_in, in))
		die("pthread_create");
	if (!uffd_event(source, &msg, EVENT_MS))
		die("no event of the source");
}

static void run_insider(void)
{
	int old = uffd_with(0), source = uffd_with(0), new, fd, i;
	char *from = map_anon(INSIDERS * PAGE), *to = map_anon(INSIDERS * PAGE);
	struct insider in[INSIDERS];
	struct touch touch;
	struct uffd_msg msg;

	uffd_register(source, from, INSIDERS * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	uffd_register(old, to, INSIDERS * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	for (i = 0; i < INSIDERS; i++)
		insider_enters(&in[i], old, source, from + i * PAGE, to + i * PAGE);
	/* The module comes while they are inside */
	if (system("rmmod uffd_race && insmod ./uffd_race.ko armed=1 look_ms=200"))
		die("rmmod, insmod");
	uffd_unregister(old, to, INSIDERS * PAGE);
	new = uffd_with(0);
	uffd_register(new, to, INSIDERS * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	for (i = 0; i < INSIDERS; i++) {
		touch_start(&touch, to + i * PAGE, false);
		if (!uffd_event(new, &msg, EVENT_MS))
			die("no event");
		if (uffd_copy(source, from + i * PAGE))
			die("UFFDIO_COPY of the source");
		pthread_join(in[i].thread, NULL);
		if (in[i].ret)
			die("UFFDIO_COPY that was inside");
		usleep(500000);
		uffd_wake(new, to + i * PAGE, PAGE);
		touch_end(&touch);
	}
	/* They have left: what is opened now is judged */
	usleep(300000);
	tell("later", plain_events(&fd, 2 * INSIDERS, 0));
	usleep(500000);
}

const struct mode life_modes[] = {
	{ "insider", "UFFDIO_COPY is under way when the module is loaded",
	  "bogus = 0, and what is opened later is judged (loads the module anew)", run_insider },
	{ "forkkill", "forks are killed, their FORK event unread; then plain userfaultfds",
	  "every later event is judged: none inherits", run_forkkill },
	{ "usermode", "kernel-mode faults in a range of UFFD_USER_MODE_ONLY",
	  "0 events", run_usermode },
	{ "apichild", "UFFDIO_API by a forked child; the range unregistered amid events",
	  "bogus = 0; what is copied in is genuine", run_apichild },
	{ "scm", "half of the ioctls come from a process that got the file by SCM_RIGHTS",
	  "bogus = 0; what is copied in is genuine", run_scm },
	{ "flipzero", "the argument of ZEROPAGE names another page, but while the kernel reads it",
	  "bogus = 0 (load with look_ms=200)", run_flipzero },
	{ "flipunreg", "the same of UNREGISTER",
	  "bogus = 0 (load with look_ms=200)", run_flipunreg },
	{ "churn", "processes open, register, fault, fork and die, until SIGTERM",
	  "whatever is loaded and unloaded meanwhile: no splat, bogus = 0", run_churn },
	{ 0 }
};
