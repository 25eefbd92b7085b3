/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The innocent world: random sequences over all that user space can do to a
 * range that a userfaultfd watches. One operation at a time, and the next one
 * only when everybody is asleep or done: so nothing can race, and no event is
 * wrong, on any kernel. Whoever says otherwise is wrong himself.
 */
#ifndef INNOCENT_H
#define INNOCENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "uapi.h"

#define NR_THREADS	4	/* actors in the world's own process */
#define NR_ACTORS	8	/* those, and the first thread of each child */
#define NR_REGIONS	8
#define NR_UFFDS	8
#define NR_ARGS		4
#define MAX_STEPS	256
#define MAX_OPS		128
#define TEXT		160

#define PAGE		4096UL
#define HUGE		(2UL << 20)

/* What an operation says of itself; else 0, or the negative errno it got */
#define OP_SKIPPED	1	/* there was nothing to do it to */

enum kind {
	K_ANON, K_ANON_SHARED, K_MEMFD_SHARED, K_MEMFD_PRIVATE, K_HUGE_ANON,
	K_HUGE_SHARED, K_HUGE_PRIVATE, K_THP, K_MEMFD_THP, NR_KINDS
};

/**
 * struct region - memory that may be watched
 * @at: where, or NULL
 * @alias: another mapping of the same file, never watched; or NULL
 * @len: of both
 * @page: the size of a page
 * @kind: of memory
 * @fd: of its file, or -1
 * @watched: was registered for MISSING or MINOR
 * @protect: was registered for write protection
 */
struct region {
	char *at, *alias;
	size_t len, page;
	enum kind kind;
	int fd;
	bool watched, protect;
};

/**
 * struct uffd - a userfaultfd
 * @fd: or -1
 * @owner: the process whose memory it watches; 0: the newest child
 * @features: it was opened with
 * @raw: UFFDIO_API was not said yet
 */
struct uffd {
	int fd;
	pid_t owner;
	uint64_t features;
	bool raw;
};

struct step {
	uint8_t op, actor;
	uint32_t arg[NR_ARGS];
};

struct program {
	uint64_t seed;
	unsigned int nr;
	struct step step[MAX_STEPS];
};

enum actor_state { A_NONE, A_BORN, A_IDLE, A_BUSY, A_GONE };

/**
 * struct actor - a thread that runs operations, and may fall asleep in them
 * @state: enum actor_state
 * @go: futex: a new @step is there
 * @tid: of the thread
 * @pid: of its process
 * @step: what to do
 * @result: what came of it
 * @waits: it sleeps after an event
 * @uffd: index of the userfaultfd that the event came from
 * @addr: of the event
 * @flags: of the event
 * @text: what it does, in words
 */
struct actor {
	atomic_int state, go;
	pid_t tid, pid;
	struct step step;
	int result;
	bool waits;
	int uffd;
	uint64_t addr, flags;
	char text[TEXT];
};

struct op_stats {
	uint64_t times, skipped, failed, judged, undecided, us;
};

struct counters {
	uint64_t events, genuine, stale, bogus, undecided, open, delivered;
	uint64_t unmatched, unseen, full;
	bool balanced;
};

enum fail {
	FAIL_NONE, FAIL_BOGUS, FAIL_STALE, FAIL_BOOKS, FAIL_DELIVERY, FAIL_RAISED, FAIL_OPEN,
	FAIL_STUCK, FAIL_DIED, NR_FAILS
};

/* What the processes of a world share */
struct shared {
	struct actor actor[NR_ACTORS];
	struct op_stats op[MAX_OPS];
	struct counters seen;	/* the last look at them */
	uint64_t read;		/* events that user space has read */
	uint64_t wrong;		/* those whose page was mapped: the kernel's fault */
	uint64_t protect;	/* write-protection events, which nobody judges */
	enum fail fail;
	unsigned int failed_step;
	bool hold;		/* nobody reads any message now */
	bool released;		/* what is read now is old */
	bool lent;		/* others have our userfaultfds too */
	bool held;		/* some messages may never be read */
	pid_t newest;		/* the last fork's child; 0: not known yet */
	char note[TEXT];
};

/* Of one process; a fork's child has a copy */
struct world {
	struct shared *shared;
	struct region region[NR_REGIONS];
	struct uffd uffd[NR_UFFDS];
	int done;		/* eventfd: an actor has finished */
	int post[2];		/* socketpair for descriptors: parent's, child's end */
	char *source;		/* what pages are filled with */
	bool verbose, hurry;
};

extern struct world world;

/* What an operation is given */
struct call {
	struct actor *self;
	const uint32_t *arg;
};

/**
 * struct op - an operation
 * @name: for people
 * @run: does it
 * @weight: how often it is drawn
 * @features: of userfaultfd that it needs
 * @advice: of madvise() that it needs, or -1
 * @var: for @run, where one function serves several operations
 * @parent: only threads of the world's own process may do it
 * @child: only children may do it
 */
struct op {
	const char *name;
	int (*run)(const struct op *op, const struct call *c);
	unsigned int weight;
	uint64_t features;
	int advice;
	int var;
	bool parent, child;
};

extern const struct op ops[];
extern const unsigned int nr_ops;
extern bool op_lacks[MAX_OPS], op_off[MAX_OPS];
extern uint64_t kernel_features;

int find_op(const char *name, size_t len);
bool probe_ops(void);

/* The operations, by file: op_*.c */
#define OP(name) int name(const struct op *op, const struct call *c)
OP(op_region);
OP(op_uffd);
OP(op_api);
OP(op_close);
OP(op_register);
OP(op_unregister);
OP(op_copy);
OP(op_fill);
OP(op_protect);
OP(op_move);
OP(op_wake);
OP(op_touch);
OP(op_user);
OP(op_kernel);
OP(op_remote);
OP(op_lock);
OP(op_madvise);
OP(op_process_madvise);
OP(op_munmap);
OP(op_mmap_over);
OP(op_mremap);
OP(op_mprotect);
OP(op_migrate);
OP(op_host);
OP(op_punch);
OP(op_truncate);
OP(op_file_io);
OP(op_alias);
OP(op_fork);
OP(op_vfork);
OP(op_exec);
OP(op_exit);
OP(op_kill);
OP(op_signal);
OP(op_post);
OP(op_receive);
OP(op_child_uffd);
OP(op_hold);
OP(op_pause);

/* Helpers of operations: ops.c */
struct span {
	struct region *region;
	char *at;
	size_t len;
};

void say(const struct call *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool pick_span(const struct call *c, struct span *span);
struct uffd *pick_uffd(uint32_t arg);
struct actor *pick_waiting(uint32_t arg);
struct region *region_at(uint64_t addr);
int add_uffd(int fd, pid_t owner, uint64_t features, bool raw);
int result(long ret);
char *map_region(struct region *r, char *at);
char *reserve(size_t len);
int send_fd(int socket, int fd);
int receive_fd(int socket, pid_t *from);

/* actor.c */
void start_threads(void);
void act(struct actor *self) __attribute__((noreturn));
bool guarded(void (*what)(void *), void *arg);
void set_handlers(void);

/* settle.c */
uint64_t now_us(void);
void probe_where(void);
enum fail settle(void);

/* world.c */
bool in_a_hurry(const struct program *p);
enum fail run_program(const struct program *p, struct shared *shared, bool verbose);

/* program.c */
uint64_t next_random(uint64_t *state);
void draw_program(struct program *p, uint64_t seed, unsigned int nr);
void print_program(const struct program *p);
bool parse_program(struct program *p, const char *text);

/* counters.c */
bool read_counters(struct counters *c);
void no_counters(void);
bool has_counters(void);
bool books_lie(const struct counters *was, const struct counters *now,
	       const struct shared *s, enum fail *how);
const char *fail_name(enum fail fail);

/* truth.c */
bool is_mapped(pid_t pid, uint64_t addr);

/* shrink.c */
void shrink(struct program *p, struct shared *shared, enum fail fail);

#endif /* INNOCENT_H */
