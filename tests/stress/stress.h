/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stress - drives path x writer under userfaultfd, and counts the truth itself
 *
 * A page that was installed once and never removed cannot be missing.  So a
 * MISSING event on such a page is wrong, whatever anybody else says about it.
 */
#ifndef STRESS_H
#define STRESS_H

#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* UAPI newer than the oldest headers this builds with */
#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM	(1 << 12)	/* Linux 5.19 */
#endif
#ifndef USERFAULTFD_IOC_NEW
#define USERFAULTFD_IOC_NEW		_IO(0xAA, 0x00)	/* Linux 6.1 */
#endif

/* exit status */
#define EXIT_NOT_OK	1
#define EXIT_USAGE	2
#define EXIT_NEEDS	3	/* huge pages, nodes or rights are missing */

#define MAX_PAGES	4096
#define MAX_THREADS	64	/* of each kind */

enum mode { MODE_TRUTH, MODE_LEGAL };
enum expect { EXPECT_SOUND, EXPECT_WRONG, EXPECT_ANY };

struct options {
	const struct path	*path;
	const struct writer	*writer;
	enum mode		mode;
	enum expect		expect;
	unsigned int		seconds;
	unsigned int		pages;
	unsigned int		readers;
	unsigned int		resolvers;
	unsigned int		writers;
	unsigned int		batch;		/* pages in one writer operation */
	unsigned int		copy_every;	/* wrong events, the others are woken */
	unsigned int		settle_ms;
	uint64_t		until_wrong;	/* 0: run the whole time */
	uint64_t		seed;
	bool			setup;
};

/*
 * What is counted, and the name it is reported by.  Programs read these names:
 * append only.
 */
#define COUNTS(X)							\
	X(events_received)	/* all messages read */			\
	X(missing_events)						\
	X(wrong_events)		/* MISSING, page never removed */	\
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
	X(lost_pages)		/* copied though never removed */

#define COUNT_ENUM(name)	C_##name,
enum count { COUNTS(COUNT_ENUM) NR_COUNTS };

extern atomic_ullong counts[NR_COUNTS];
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
	int			memfd;
	char			*area;
	char			*source;	/* page n of it is what page n holds */
	size_t			page_size;
	size_t			len;
	unsigned int		drop_ways;	/* DROP_*, what works here */
	int			node[2];	/* where migrate moves to and fro */

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
	unsigned int		stuck;		/* threads that did not end */
};

/* Ways to drop a page */
#define DROP_DONTNEED	(1U << 0)
#define DROP_PUNCH	(1U << 1)

/* What a page is mapped by, and how it comes and goes */
struct path {
	const char	*name;
	const char	*needs;			/* for people */
	unsigned int	huge_kb;		/* hugetlb page size, 0: base pages */
	unsigned int	default_pages;
	uint64_t	reg_mode;		/* UFFDIO_REGISTER_MODE_* */
	uint64_t	features;		/* UFFD_FEATURE_* it needs */
	uint64_t	wp_features;		/* and to write-protect it */
	unsigned int	drop_ways;
	int		(*map)(struct run *run);
	int		(*drop)(struct run *run, unsigned int page,
				unsigned int way);
	int		(*install)(struct run *run, unsigned int page);
};

/* Per-thread state of a writer: it owns pages first to first + nr - 1 */
struct writer_thread {
	struct run	*run;
	unsigned int	first;
	unsigned int	nr;
	unsigned int	next;			/* of its own pages */
	bool		flip;			/* node 1 or 0, protect or not */
	int8_t		*where;			/* node of each page, as far as known */
};

/* Who changes ptes while holding the page-table lock */
struct writer {
	const char	*name;
	const char	*what;			/* for people */
	uint64_t	reg_mode;		/* added to the path's */
	unsigned int	nodes;			/* with memory, that it needs */
	unsigned int	batch;			/* default pages in an operation, 0: all */
	unsigned int	pages;			/* default, 0: the path's */
	unsigned int	readers;		/* default, 0: by the number of CPUs */
	enum count	proof;			/* not 0 once it has done its work */
	/* NULL, or why this kernel cannot: that is a SKIP */
	const char	*(*unsupported)(const struct path *path,
					uint64_t features);
	/* one operation; NULL: no writer at all */
	void		(*op)(struct writer_thread *wt);
};

extern const struct path paths[];
extern const struct writer writers[];
const struct path *find_path(const char *name);
const struct writer *find_writer(const char *name);
const char *path_unsupported(const struct path *path, uint64_t features);
size_t path_page_size(const struct path *path);

/* setup.c */
extern char setup_message[512];
int uffd_open(void);
int uffd_handshake(int fd, uint64_t want, uint64_t *have);
int memory_nodes(int node[2]);
int setup_nodes(struct run *run);
int setup_hugepages(struct run *run);
void setup_restore(void);

/* truth.c */
uint64_t now_ns(void);
uint64_t next_random(uint64_t *state);
uint64_t seed_for(const struct options *opt, unsigned int kind, unsigned int nr);
uint64_t pattern(unsigned int page, size_t word);
void fill_source(struct run *run);
bool page_is_dropped(const struct run *run, unsigned int page);
bool wait_for_burst(const struct run *run);
void account_missing(struct run *run, unsigned int page, uint64_t flags);

/* resolve.c */
int resolvers_start(struct run *run);
void resolvers_stop(struct run *run);
void *prefetcher(void *arg);

/* writer.c */
void *writer_thread(void *arg);

/* run.c: 0, or an exit status with setup_message saying why */
extern const char *volatile run_phase;
extern atomic_bool run_interrupted;
int run_stress(struct run *run);
int join_before(pthread_t thread, unsigned int seconds);

#endif /* STRESS_H */
