/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The facts that the verdicts are made of, for perf, trace-cmd and bpftrace.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM uffd_race

#if !defined(_TRACE_UFFD_RACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_UFFD_RACE_H

#include <linux/tracepoint.h>
#include "uffdio.h"

/* Of enum verdict_look, see src/verdict/verdict.h, which is included before */
#define uffd_race_looks				\
	X(LOOK_UNKNOWN, "unknown")		\
	X(LOOK_NONE, "none")		\
	X(LOOK_MAPPED, "mapped")		\
	X(LOOK_ANON, "anon")		\
	XEND(LOOK_GONE, "gone")

/* User space is told the values: it has the format as text only. */
#undef X
#undef XEND
#define X(value, name)		TRACE_DEFINE_ENUM(value);
#define XEND(value, name)	TRACE_DEFINE_ENUM(value);
uffd_race_looks
#undef X
#undef XEND
#define X(value, name)		{ value, name },
#define XEND(value, name)	{ value, name }

/* handle_userfault() is about to raise an event */
TRACE_EVENT(uffd_race_event,
	TP_PROTO(const void *ctx, unsigned long address, bool minor, int look),
	TP_ARGS(ctx, address, minor, look),
	TP_STRUCT__entry(
		__field(const void *, ctx)
		__field(unsigned long, address)
		__field(bool, minor)
		__field(int, look)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->address = address;
		__entry->minor = minor;
		__entry->look = look;
	),
	TP_printk("ctx=%p address=0x%lx type=%s pte=%s", __entry->ctx,
		  __entry->address, __entry->minor ? "minor" : "missing",
		  __print_symbolic(__entry->look, uffd_race_looks))
);

#define uffd_race_ioctl_name(nr, name)	{ nr, #name },
#define uffd_race_last_ioctl(nr, name)	{ nr, #name }

/* An UFFDIO_* ioctl on a range returns */
TRACE_EVENT(uffd_race_ioctl,
	TP_PROTO(const void *ctx, unsigned int nr, unsigned long start,
		 unsigned long end, long ret),
	TP_ARGS(ctx, nr, start, end, ret),
	TP_STRUCT__entry(
		__field(const void *, ctx)
		__field(unsigned int, nr)
		__field(unsigned long, start)
		__field(unsigned long, end)
		__field(long, ret)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->nr = nr;
		__entry->start = start;
		__entry->end = end;
		__entry->ret = ret;
	),
	TP_printk("ctx=%p ioctl=%s range=0x%lx-0x%lx ret=%ld", __entry->ctx,
		  __print_symbolic(__entry->nr, UFFDIO_IOCTLS(uffd_race_ioctl_name,
						  uffd_race_last_ioctl)),
		  __entry->start, __entry->end, __entry->ret)
);

#endif /* _TRACE_UFFD_RACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH trace/events
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE uffd_race
#include <trace/define_trace.h>
