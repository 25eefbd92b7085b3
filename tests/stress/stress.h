/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stress - drives path x writer under userfaultfd, and counts the truth itself
 *
 * A page that was installed once and never removed cannot be missing.  So a
 * MISSING or MINOR event on such a page is wrong, whatever anybody else says.
 */
#ifndef STRESS_H
#define STRESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uapi.h"

/* exit status */
#define EXIT_NOT_OK	1
#define EXIT_USAGE	2
#define EXIT_NEEDS	3	/* huge pages, nodes or rights are missing */

#define MAX_PAGES	16384
#define MAX_READ_BATCH	1024
#define MAX_THREADS	64	/* of each kind */

enum mode { MODE_TRUTH, MODE_LEGAL };
enum expect { EXPECT_SOUND, EXPECT_WRONG, EXPECT_ANY };

struct options {
	const struct path	*path;
	const struct writer	*writer;
	enum mode		mode;
	enum expect		expect;
	double			seconds;
	unsigned int		pages;
	unsigned int		readers;
	unsigned int		write;		/* so many of those write */
	unsigned int		resolvers;
	unsigned int		writers;
	unsigned int		batch;		/* pages in one writer operation */
	unsigned int		copy_every;	/* wrong events, the others are woken */
	unsigned int		settle_ms;
	uint64_t		until_wrong;	/* 0: run the whole time */
	uint64_t		seed;
	unsigned int		read_batch;	/* messages in one read() */
	unsigned int		blocked;	/* 0: the ordinary run */
	bool			resolver_process;
	bool			second_uffd;
	bool			fork;
	bool			punch;
	bool			setup;
};

/*
 * What is counted, and the name it is reported by.  Programs read these names:
 * append only.
 */
#define COUNTS(X)							\
	X(events_received)	/* all messages read */			\
	X(missing_events)						\
	X(wrong_events)		/* the page was never removed */	\
	X(wrong_with_write_flag)					\
	X(write_flag_on_first_read)	/* readers only ever read */	\
	X(wp_events)							\
	X(other_events)							\
	X(writer_ops)							\
	X(writer_errors)						\
	X(wp_changes)							\
	X(windows_hit)		/* operations with a wrong event */	\
	X(migrated_pages)						\
	X(migrate_busy)							\
	X(migrate_nomem)						\
	X(migrate_absent)						\
	X(migrate_other)						\
	X(reads)							\
	X(bad_reads)							\
	X(drops)							\
	X(drop_errors)							\
	X(copies)							\
	X(copy_eexist)							\
	X(copy_eagain)							\
	X(copy_enoent)							\
	X(copy_enomem)							\
	X(copy_other)							\
	X(prefetches)		/* of the copies: asked by nobody */	\
	X(wakes)							\
	X(lost_pages)		/* installed though never removed */	\
	X(minor_events)							\
	X(wrong_missing_events)						\
	X(wrong_minor_events)						\
	X(continues)							\
	X(continue_eexist)						\
	X(continue_efault)	/* a hole was punched since the event */\
	X(continue_eagain)						\
	X(continue_enoent)						\
	X(continue_enomem)						\
	X(continue_other)						\
	X(truth_doubts)		/* the kernel may have removed pages */	\
	X(protections)							\
	X(compactions)							\
	X(moved_pages)		/* whose frame has changed */		\
	X(offlined_pages)						\
	X(offline_errors)						\
	X(pageouts)							\
	X(migrate_calls)						\
	X(swapped_out)		/* by the whole machine */		\
	X(forks)							\
	X(fork_events)							\
	X(child_reads)							\
	X(child_events)		/* MISSING and MINOR, in children */	\
	X(child_wrong_events)	/* they are in wrong_events, too */	\
	X(blocked)		/* threads that raised an event */	\
	X(blocked_again)	/* events besides those */		\
	X(offline_busy)							\
	X(offline_other)						\
	X(offline_calls)						\
	X(migrate_again)	/* gave up: somebody holds the page */	\
	X(migrate_errno)	/* of the last of migrate_other */	\
	X(migrate_tried)	/* moved, or unmapped and put back */

#define COUNT_ENUM(name)	C_##name,
enum count { COUNTS(COUNT_ENUM) NR_COUNTS };

extern atomic_ullong *counts;	/* shared with processes that help */
extern const char *const count_names[NR_COUNTS];

static inline void count_add(enum count c, unsigned long long n)
{
	atomic_fetch_add_explicit(&counts[c], n, memory_order_relaxed);
}

static inline void count(enum count c)
{
	count_add(c, 1);
}

static inline unsigned long long counted(enum count c)
{
	return atomic_load_explicit(&counts[c], memory_order_relaxed);
}

/* One run: a mapping, its userfaultfd, and who works on it. */
struct run {
	const struct options	*opt;
	const struct path	*path;
	const struct writer	*writer;

	int			uffd;
	int			fill_uffd;	/* the one that installs */
	bool			dont_wake;	/* who installs wakes later */
	int			memfd;
	char			*area;
	char			*source;	/* page n of it is what page n holds */
	size_t			page_size;	/* what is dropped and installed at once */
	size_t			len;
	unsigned int		drop_ways;	/* DROP_*, what works here */
	int			node[2];	/* where migrate moves to and fro */
	unsigned int		patience;	/* seconds a thread may take to end */

	/*
	 * Writer operations are numbered across all writers.  An event belongs
	 * to the newest operation that had begun when it was received.
	 */
	atomic_ullong		ops_begun;
	unsigned long long	last_window;	/* the listener's */

	uint64_t		start_ns;
	atomic_ullong		first_wrong_ns;	/* after the start; 0: none */
	uint64_t		ran_ns;

	atomic_bool		stop_writers;	/* droppers and prefetcher, too */
	atomic_bool		stop_readers;
	atomic_bool		stop_resolvers;
	atomic_ulong		children_done;
	unsigned int		stuck;		/* threads that did not end */
};

/* Ways to drop a page */
#define DROP_DONTNEED	(1U << 0)
#define DROP_PUNCH	(1U << 1)

enum backing { HUGETLB, SHMEM, ANON };

/* How a path's pages come to be mapped; the default is UFFDIO_COPY */
#define PATH_SHARED	(1U << 0)
#define PATH_CACHED	(1U << 1)	/* in the page cache from the start */
#define PATH_THP	(1U << 2)
#define PATH_TOUCHED	(1U << 3)	/* mapped by touch, before registering */

/* What a page is mapped by, and how it comes and goes */
struct path {
	const char	*name;
	enum backing	backing;
	unsigned int	flags;			/* PATH_* */
	unsigned int	huge_kb;		/* hugetlb page size */
	unsigned int	default_pages;
	uint64_t	reg_mode;		/* UFFDIO_REGISTER_MODE_* */
	unsigned int	drop_ways;
};

/* Per-thread state of a writer: it owns pages first to first + nr - 1 */
struct writer_thread {
	struct run	*run;
	unsigned int	first;
	unsigned int	nr;
	unsigned int	next;			/* of its own pages */
	bool		flip;			/* node 1 or 0, protect or not */
	int8_t		*where;			/* node of each page, -1: not known */
	bool		located;
	void		*private;		/* the writer's own */
};

/* Who changes ptes while holding the page-table lock */
struct writer {
	const char	*name;
	const char	*what;			/* for people */
	uint64_t	reg_mode;		/* added to the path's */
	unsigned int	nodes;			/* with memory, that it needs */
	unsigned int	batch;			/* default pages in an operation, 0: all */
	unsigned int	base_batch;		/* the same for base pages, 0: batch */
	unsigned int	pages;			/* default, 0: the path's */
	unsigned int	base_pages;
	unsigned int	readers;		/* default, 0: by the number of CPUs */
	bool		moves;			/* pages to other memory */
	enum count	proof;			/* not 0 once it has done its work */
	/* UFFD_FEATURE_*, besides the path's */
	uint64_t	(*features)(const struct path *path);
	/* NULL, or why this kernel cannot, or it makes no sense: that is a SKIP */
	const char	*(*unsupported)(const struct path *path);
	/* NULL, or why an event on a page nobody dropped may be right */
	const char	*(*no_truth)(const struct path *path);
	/* one operation; NULL: no writer at all */
	void		(*op)(struct writer_thread *wt);
	void		(*end)(struct writer_thread *wt);
};

/* path.c */
extern const struct path paths[];
const struct path *find_path(const char *name);
uint64_t path_features(const struct path *path);
const char *legal_unsupported(const struct path *path, const struct writer *writer);
uint64_t path_wp_features(const struct path *path);
const char *path_unsupported(const struct path *path, uint64_t features);
size_t path_page_size(const struct path *path);
unsigned int path_max_pages(const struct path *path);

/* map.c */
extern const char *map_problem;		/* not NULL: a SKIP */
const char *map_unsupported(const struct path *path);
int map_area(struct run *run);
int map_contents(struct run *run);
int drop_page(struct run *run, unsigned int page, unsigned int way);
int install_copy(struct run *run, unsigned int page);
int install_continue(struct run *run, unsigned int page);

/* writer.c */
extern const struct writer writers[];
const struct writer *find_writer(const char *name);
uint64_t writer_features(const struct writer *writer, const struct path *path);
const char *writer_unsupported(const struct writer *writer,
			       const struct path *path, uint64_t features);
unsigned int take_batch(struct writer_thread *wt, unsigned int *first);
void *writer_thread(void *arg);

/* writer_move.c */
const char *migrate_unsupported(const struct path *path);
void migrate_op(struct writer_thread *wt);
const char *pinned_unsupported(const struct path *path);
void pinned_op(struct writer_thread *wt);
const char *compact_unsupported(const struct path *path);
void compact_op(struct writer_thread *wt);
void compact_end(struct writer_thread *wt);
const char *offline_unsupported(const struct path *path);
const char *offline_no_truth(const struct path *path);
void offline_op(struct writer_thread *wt);

/* writer_protect.c */
void wp_op(struct writer_thread *wt);
uint64_t scan_features(const struct path *path);
const char *scan_unsupported(const struct path *path);
void scan_op(struct writer_thread *wt);
void scan_end(struct writer_thread *wt);
void mprotect_op(struct writer_thread *wt);

/* writer_reclaim.c */
const char *pageout_unsupported(const struct path *path);
const char *pageout_no_truth(const struct path *path);
void pageout_op(struct writer_thread *wt);
const char *cold_unsupported(const struct path *path);
const char *cold_no_truth(const struct path *path);
void cold_op(struct writer_thread *wt);

/* setup.c */
extern char setup_message[512];
int uffd_open(void);
int uffd_handshake(int fd, uint64_t want, uint64_t *have);
int memory_nodes(int node[2]);
int setup_nodes(struct run *run);
int setup_hugepages(struct run *run);
void setup_restore(void);
bool read_text(const char *path, char *text, size_t size);
bool write_text(const char *path, const char *text);
unsigned long long vmstat(const char *name);

/* truth.c */
uint64_t now_ns(void);
uint64_t next_random(uint64_t *state);
uint64_t seed_for(const struct options *opt, unsigned int kind, unsigned int nr);
uint64_t pattern(unsigned int page, size_t word);
int make_source(struct run *run);
bool page_is_dropped(const struct run *run, unsigned int page);
bool page_may_go(const struct run *run, unsigned int page);
bool wait_for_burst(const struct run *run);
void account_fault(struct run *run, unsigned int page, uint64_t flags);
void watch_doubts(struct run *run, bool end);

/* resolve.c */
int resolvers_start(struct run *run);
void resolvers_stop(struct run *run);
void *prefetcher(void *arg);
int provide(struct run *run, unsigned int page, bool minor);
void take_child_message(struct run *run, int uffd, const struct uffd_msg *msg);

/* forker.c */
void *forker(void *arg);
void adopt_child(struct run *run, int uffd);
void adopted_end(void);

/* blocked.c */
int run_blocked(struct run *run);

/* options.c */
void parse_options(int argc, char **argv, struct options *opt);
uint64_t kernel_features(void);
const char *combination_unsupported(const struct path *path,
				    const struct writer *writer,
				    uint64_t features);
__attribute__((noreturn)) void cannot_run(void);

/* list.c */
void list_table(void);

/* run.c: 0, or an exit status with setup_message saying why */
extern const char *volatile run_phase;
extern atomic_bool run_interrupted;
int run_stress(struct run *run);
__attribute__((format(printf, 2, 3)))
int fail(int status, const char *format, ...);
int join_before(pthread_t thread, unsigned int seconds);

#endif /* STRESS_H */
