// SPDX-License-Identifier: GPL-2.0
/*
 * The worlds that are explored. Each is finite by itself (ANY: an actor may
 * repeat without bound) or by how often its actors may act.
 *
 * Bounds: two threads that fault, any number of writers (one that repeats stands
 * for all, see world.c), two resolvers, one who installs from outside. What
 * needs more (a third fault or thread, a second page) has O_SWIFT or one
 * resolver less, so that each world takes seconds, not minutes: that a look and
 * its fact are two steps is explored beside everything else, but not beside
 * that. The small bound (O_SMALL) has no such steps at all.
 */
#include "world.h"

#define ROOM	.limits = { .pages = 1, .faults = 2, .ops = 4, .ctxs = 1 }, .cells = 1
#define EITHER	(O_UNMAPPED | O_MAPPED)

const struct scenario scenarios[] = {
	{
		.name = "private",
		.about = "MISSING, private: 2 threads, writers, 2 resolvers",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL, .ops = DO_COPY,
		ROOM, .max_open = 2,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { RESOLVER, 1 }, { LOOKER, 1 },
		},
	}, {
		.name = "private2",
		.about = "the same, 3 faults",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_SWIFT, .ops = DO_COPY,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 2 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { LOOKER, 1 },
		},
	}, {
		.name = "zap",
		.about = "drops by another thread",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL, .ops = DO_COPY,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { ZAPPER, 1 }, { LOOKER, 1 },
		},
	}, {
		.name = "silent",
		.about = "page-cache hits that map without an event",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_CACHED, .ops = DO_COPY,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { ZAPPER, 1 }, { CACHE, ANY }, { LOOKER, 1 },
		},
	}, {
		.name = "silent-write",
		.about = "the same, with write faults, and errors",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_CACHED | O_FAIL, .ops = DO_COPY,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { WRITER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { CACHE, ANY }, { LOOKER, 1 },
		},
	}, {
		.name = "shared",
		.about = "MISSING, shared mapping: COPY fills the page cache",
		.missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_CACHED, .ops = DO_COPY,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { RESOLVER, 1 }, { CACHE, ANY }, { LOOKER, 1 },
		},
	}, {
		.name = "minor",
		.about = "MINOR: CONTINUE maps what the page cache has",
		.minor = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_CACHED, .ops = DO_CONTINUE,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { RESOLVER, 1 }, { CACHE, ANY }, { LOOKER, 1 },
		},
	}, {
		.name = "both",
		.about = "MISSING and MINOR: no fault installs, all is decided",
		.missing = true, .minor = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_CACHED | O_DECISIVE,
		.ops = DO_COPY | DO_CONTINUE,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { RESOLVER, 1 }, { CACHE, ANY }, { LOOKER, 1 },
		},
	}, {
		.name = "both2",
		.about = "the same, 4 faults",
		.missing = true, .minor = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_SWIFT | O_CACHED | O_DECISIVE,
		.ops = DO_CONTINUE,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 2 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { CACHE, ANY }, { LOOKER, 1 },
		},
	}, {
		.name = "split",
		.about = "stamps and looks apart",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_SPLIT, .ops = DO_COPY,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { ZAPPER, 1 }, { LOOKER, 1 },
		},
	}, {
		.name = "unsure",
		.about = "ioctls that fail, or end unknown; return probes lost",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_UNSURE | O_FAIL | O_LOSE_END, .ops = DO_COPY,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 2 }, { LOOKER, 1 },
		},
	}, {
		.name = "lost-ends",
		.about = "return probes lost, and the next fault of that thread",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_SWIFT | O_LOSE_END, .ops = DO_COPY,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 2 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { LOOKER, 1 },
		},
	}, {
		.name = "poison",
		.about = "UFFDIO_POISON: a marker reads as none",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL, .ops = DO_COPY | DO_POISON,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { RESOLVER, 1 }, { LOOKER, 1 },
		},
	}, {
		.name = "unseen-zap",
		.about = "drops that no hook sees (ZAPS_KNOWN is not set)",
		.private = true, .missing = true,
		.opts = EITHER | O_SMALL | O_CACHED, .ops = DO_COPY,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { THIEF, 1 }, { CACHE, 1 }, { LOOKER, 1 },
		},
	}, {
		.name = "table",
		.about = "a shared page table: another mm installs",
		.missing = true, .zaps_known = true, .shared = true,
		.opts = EITHER | O_SMALL | O_CACHED, .ops = DO_COPY,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { NEIGHBOUR, ANY }, { LOOKER, 1 },
		},
	}, {
		.name = "unregister",
		.about = "the range stops being watched for a while",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL, .ops = DO_COPY,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { UNREGISTER, 1 }, { LOOKER, 1 },
		},
	}, {
		.name = "close",
		.about = "close, and a new userfaultfd at the same address",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL, .ops = DO_COPY,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { CLOSER, 1 }, { LOOKER, 1 },
		},
	}, {
		.name = "missed",
		.about = "a hook was missed: an install nobody saw",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL, .ops = DO_COPY,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { MISSED, 1 }, { LOOKER, 1 },
		},
	}, {
		.name = "mremap",
		.about = "ptes are moved in",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL, .ops = DO_COPY,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { MREMAP, 1 }, { LOOKER, 1 },
		},
	}, {
		.name = "pages-full",
		.about = "two pages, room for one",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_SWIFT | O_ANYCELL | O_CACHED, .ops = DO_COPY,
		.limits = { .pages = 1, .faults = 3, .ops = 4, .ctxs = 1 },
		.cells = 2, .max_open = 3,
		.cast = {
			{ READER, 2 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { LOOKER, 1 },
		},
	}, {
		.name = "faults-full",
		.about = "room for one fault",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_CACHED, .ops = DO_COPY,
		.limits = { .pages = 1, .faults = 1, .ops = 4, .ctxs = 1 },
		.cells = 1, .max_open = 3,
		.cast = {
			{ READER, 2 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { LOOKER, 1 },
		},
	}, {
		.name = "ops-full",
		.about = "room for one operation",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL, .ops = DO_COPY,
		.limits = { .pages = 1, .faults = 2, .ops = 1, .ctxs = 1 },
		.cells = 1, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { RESOLVER, 1 }, { LOOKER, 1 },
		},
	}, {
		.name = "fork",
		.about = "two userfaultfds, room for one: the child's has no record",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL, .ops = DO_COPY,
		.limits = { .pages = 2, .faults = 2, .ops = 4, .ctxs = 1 },
		.cells = 2, .key = { 0, 1 }, .mm = { 0, 1 }, .max_open = 3,
		.cast = {
			{ READER, 1, 0 }, { READER, 1, 1 }, { MOVER, ANY, 0 },
			{ MOVER, ANY, 1 }, { RESOLVER, 1, 0 }, { RESOLVER, 1, 1 },
			{ LOOKER, 1 },
		},
	}, {
		.name = "wide",
		.about = "one ioctl over two pages, which may do only the first",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_SWIFT | O_WIDE, .ops = DO_COPY,
		.limits = { .pages = 2, .faults = 2, .ops = 4, .ctxs = 1 },
		.cells = 2, .max_open = 3,
		.cast = {
			{ READER, 1, 1 }, { READER, 1, 1 }, { MOVER, ANY, 1 },
			{ RESOLVER, 1, 1 }, { RESOLVER, 1, 0 }, { LOOKER, 1 },
		},
	}, {
		.name = "two-mms",
		.about = "the same address in two mms",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL, .ops = DO_COPY,
		.limits = { .pages = 2, .faults = 2, .ops = 4, .ctxs = 2 },
		.cells = 2, .key = { 0, 1 }, .mm = { 0, 1 }, .max_open = 3,
		.cast = {
			{ READER, 1, 0 }, { READER, 1, 1 }, { MOVER, ANY, 0 },
			{ RESOLVER, 1, 0 }, { RESOLVER, 1, 1 }, { LOOKER, 1 },
		},
	}, {
		.name = "second",
		.about = "another userfaultfd of the mm installs here",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_SECOND | O_PLACED, .ops = DO_COPY,
		.limits = { .pages = 1, .faults = 2, .ops = 4, .ctxs = 2 },
		.cells = 1, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { RESOLVER, 1, 0, 1 }, { LOOKER, 1 },
		},
	}, {
		.name = "elsewhere",
		.about = "the same, but it may be in another mm",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_SECOND, .ops = DO_COPY,
		.limits = { .pages = 1, .faults = 2, .ops = 4, .ctxs = 2 },
		.cells = 1, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { RESOLVER, 1, 0, 1 }, { LOOKER, 1 },
		},
	}, {
		.name = "stranger",
		.about = "a userfaultfd older than the engine installs here",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_SWIFT | O_UNSURE | O_LOSE_END,
		.ops = DO_COPY,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { RESOLVER, 1, 0, 2 }, { LOOKER, 1 },
		},
	}, {
		.name = "around",
		.about = "fault-around beside anonymous pages: all is decided",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_AROUND | O_DECISIVE, .ops = DO_COPY,
		.limits = { .pages = 2, .faults = 2, .ops = 4, .ctxs = 1 },
		.cells = 2, .max_open = 3,
		.cast = {
			{ READER, 1, 0 }, { READER, 1, 1 }, { MOVER, ANY, 0 },
			{ RESOLVER, 1, 0 }, { RESOLVER, 1, 0 }, { LOOKER, 1 },
		},
	}, {
		.name = "around2",
		.about = "the same, 3 threads",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_SWIFT | O_AROUND | O_DECISIVE,
		.ops = DO_COPY,
		.limits = { .pages = 2, .faults = 3, .ops = 4, .ctxs = 1 },
		.cells = 2, .max_open = 3,
		.cast = {
			{ READER, 1, 0 }, { READER, 1, 0 }, { READER, 1, 1 },
			{ MOVER, ANY, 0 }, { RESOLVER, 1, 0 }, { LOOKER, 1 },
		},
	}, {
		.name = "around-file",
		.about = "fault-around in a private mapping, and writes",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SWIFT | O_AROUND | O_CACHED, .ops = DO_COPY,
		.limits = { .pages = 2, .faults = 3, .ops = 4, .ctxs = 1 },
		.cells = 2, .max_open = 3,
		.cast = {
			{ READER, 1, 0 }, { WRITER, 1, 0 }, { READER, 1, 1 },
			{ MOVER, ANY, 0 }, { RESOLVER, 1, 0 }, { CACHE, 1, 0 },
			{ LOOKER, 1 },
		},
	}, {
		.name = "around-zap",
		.about = "fault-around in a private mapping, and drops unseen",
		.private = true, .missing = true,
		.opts = EITHER | O_SMALL | O_AROUND | O_CACHED, .ops = DO_COPY,
		.limits = { .pages = 2, .faults = 2, .ops = 4, .ctxs = 1 },
		.cells = 2, .max_open = 3,
		.cast = {
			{ READER, 1, 0 }, { READER, 1, 1 }, { MOVER, ANY, 0 },
			{ RESOLVER, 1, 0 }, { THIEF, 1, 0 }, { CACHE, 1, 0 },
			{ LOOKER, 1 },
		},
	}, {
		.name = "around-shared",
		.about = "fault-around in a shared mapping",
		.missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_AROUND | O_CACHED, .ops = DO_COPY,
		.limits = { .pages = 2, .faults = 2, .ops = 4, .ctxs = 1 },
		.cells = 2, .max_open = 3,
		.cast = {
			{ READER, 1, 0 }, { READER, 1, 1 }, { MOVER, ANY, 0 },
			{ RESOLVER, 1, 0 }, { RESOLVER, 1, 0 }, { CACHE, 1, 0 },
			{ LOOKER, 1 },
		},
	}, {
		.name = "around-shared2",
		.about = "the same, 3 threads",
		.missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_SWIFT | O_AROUND | O_CACHED,
		.ops = DO_COPY,
		.limits = { .pages = 2, .faults = 3, .ops = 4, .ctxs = 1 },
		.cells = 2, .max_open = 3,
		.cast = {
			{ READER, 1, 0 }, { READER, 1, 0 }, { READER, 1, 1 },
			{ MOVER, ANY, 0 }, { RESOLVER, 1, 0 }, { CACHE, 1, 0 },
			{ LOOKER, 1 },
		},
	}, {
		.name = "merge",
		.about = "a page table that is shared from some time on",
		.missing = true, .zaps_known = true, .shared = true,
		.opts = EITHER | O_SMALL | O_CACHED | O_MERGE, .ops = DO_COPY,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 2 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { NEIGHBOUR, ANY }, { LOOKER, 1 },
		},
	}, {
		.name = "arm",
		.about = "the hook on fault entry is armed late, and disarmed",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_CACHED | O_ARM, .ops = DO_COPY,
		.backing = BACKING_SHMEM,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { ARMER, 3 }, { LOOKER, 1 },
		},
	}, {
		.name = "birth",
		.about = "a userfaultfd in use before UFFDIO_API has returned",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_BIRTH, .ops = DO_COPY,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { CLOSER, 1 }, { LOOKER, 1 },
		},
	}, {
		.name = "reads",
		.about = "messages that user space reads, or not",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_READS, .ops = DO_COPY,
		.limits = { .pages = 1, .faults = 4, .ops = 4, .ctxs = 1 },
		.cells = 1, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { MONITOR, 2 }, { LOOKER, 1 },
		},
	}, {
		.name = "reads-late",
		.about = "the same, and faults may end before that is told",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_READS | O_LATE, .ops = DO_COPY,
		.limits = { .pages = 1, .faults = 4, .ops = 4, .ctxs = 1 },
		.cells = 1, .max_open = 3,
		.cast = {
			{ READER, 2 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { MONITOR, 2 }, { LOOKER, 1 },
		},
	},
	{
		.name = "markers",
		.about = "markers: EEXIST where nothing is mapped",
		.private = true, .missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL, .ops = DO_COPY,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { RESOLVER, 1 }, { MARKER, ANY }, { LOOKER, 1 },
		},
	}, {
		.name = "retry",
		.about = "shared writes that map, and say that they have not",
		.missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_CACHED | O_FAIL, .ops = DO_COPY,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { WRITER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { CACHE, 1 }, { LOOKER, 1 },
		},
	}, {
		.name = "results",
		.about = "writes beside reads, in private memory of a file",
		.private = true,
		.missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_CACHED | O_FAIL, .ops = DO_COPY,
		.backing = BACKING_SHMEM,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { WRITER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { CACHE, ANY }, { LOOKER, 1 },
		},
	}, {
		.name = "results-shared",
		.about = "the same, in shared memory",
		.missing = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_CACHED | O_FAIL, .ops = DO_COPY,
		.backing = BACKING_SHMEM,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { WRITER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { CACHE, ANY }, { LOOKER, 1 },
		},
	}, {
		.name = "results-around",
		.about = "the same in private memory, with fault-around",
		.private = true,
		.missing = true, .zaps_known = true,
		.opts = EITHER | O_SWIFT | O_AROUND | O_CACHED | O_FAIL, .ops = DO_COPY,
		.backing = BACKING_SHMEM,
		.limits = { .pages = 2, .faults = 3, .ops = 4, .ctxs = 1 },
		.cells = 2, .max_open = 3,
		.cast = {
			{ READER, 1, 0 }, { WRITER, 1, 0 }, { READER, 1, 1 },
			{ MOVER, ANY, 0 }, { RESOLVER, 1, 0 }, { CACHE, 1, 0 },
			{ LOOKER, 1 },
		},
	}, {
		.name = "collapse",
		.about = "a collapse that begins before the range is watched",
		.minor = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_CACHED, .ops = DO_CONTINUE,
		.backing = BACKING_SHMEM,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ COLLAPSER, 1 }, { CLOSER, 1 }, { LOOKER, 1 },
		},
	}, {
		.name = "collapse-anon",
		.about = "a collapse that fills no hole: all is decided",
		.private = true, .missing = true, .minor = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_DECISIVE, .ops = DO_COPY,
		.backing = BACKING_ANON,
		ROOM, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ COLLAPSER, 1 }, { RESOLVER, 1 }, { LOOKER, 1 },
		},
	}, {
		.name = "hostile",
		.about = "another mm's userfaultfd, in ranges that are not its own",
		.missing = true, .minor = true, .zaps_known = true,
		.opts = EITHER | O_SMALL | O_SECOND | O_PLACED | O_DECISIVE,
		.ops = DO_CONTINUE | DO_COPY,
		.limits = { .pages = 1, .faults = 2, .ops = 4, .ctxs = 2 },
		.cells = 1, .mm = { 0, 1 }, .max_open = 3,
		.cast = {
			{ READER, 1 }, { READER, 1 }, { MOVER, ANY },
			{ RESOLVER, 1 }, { HOSTILE, 2, 0, 1 }, { LOOKER, 1 },
		},
	},
	{ }
};
