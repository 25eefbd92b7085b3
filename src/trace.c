// SPDX-License-Identifier: GPL-2.0
/* The tracepoints are made here. */
#include "uffd_race.h"

#define CREATE_TRACE_POINTS
#include <trace/events/uffd_race.h>

/* What is printed has a name for every look. */
#undef X
#undef XEND
#define X(value, name)		+ 1
#define XEND(value, name)	+ 1
static_assert(uffd_race_looks == NR_LOOKS);
