// SPDX-License-Identifier: GPL-2.0
/* Actors: threads, and the first threads of children, that do what they are told. */
#define _GNU_SOURCE
#include "innocent.h"

#include <linux/futex.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

static __thread sigjmp_buf *way_out;

/* That a page is broken is told to whoever has it, wherever he is. */
static void escape(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (way_out)
		siglongjmp(*way_out, 1);
	if (sig != SIGBUS || (info->si_code != BUS_MCEERR_AO &&
			      info->si_code != BUS_MCEERR_AR))
		_exit(3);
}

static void nothing(int sig)
{
	(void)sig;
}

void set_handlers(void)
{
	struct sigaction sa = {
		.sa_sigaction = escape, .sa_flags = SA_NODEFER | SA_SIGINFO
	};

	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	sa = (struct sigaction){ .sa_handler = nothing };
	sigaction(SIGUSR1, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);	/* nobody waits for children */
}

/* Touches memory that may not be there. Return: false if it ended in a signal. */
bool guarded(void (*what)(void *), void *arg)
{
	sigjmp_buf here;

	if (sigsetjmp(here, 1)) {
		way_out = NULL;
		return false;
	}
	way_out = &here;
	what(arg);
	way_out = NULL;
	return true;
}

static void wait_for_step(struct actor *self, int last)
{
	while (atomic_load(&self->go) == last)
		syscall(SYS_futex, &self->go, FUTEX_WAIT, last, NULL, NULL, 0);
}

void act(struct actor *self)
{
	int last = atomic_load(&self->go);

	self->tid = syscall(SYS_gettid);
	self->pid = getpid();
	atomic_store(&self->state, A_IDLE);
	for (;;) {
		const struct op *op;
		uint64_t one = 1;

		wait_for_step(self, last++);
		op = &ops[self->step.op];
		self->result = op->run(op, &(struct call){ self, self->step.arg });
		atomic_store(&self->state, A_IDLE);
		if (write(world.done, &one, sizeof(one)) != sizeof(one))
			_exit(4);
	}
}

static void *thread(void *arg)
{
	act(arg);
}

void start_threads(void)
{
	pthread_t id;
	int i;

	for (i = 0; i < NR_THREADS; i++)
		if (pthread_create(&id, NULL, thread, &world.shared->actor[i]))
			_exit(5);
	for (i = 0; i < NR_THREADS; i++)
		while (atomic_load(&world.shared->actor[i].state) != A_IDLE)
			usleep(100);
}
