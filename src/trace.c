// SPDX-License-Identifier: GPL-2.0
/* The tracepoints are made here. */
#include "uffd_race.h"

#define CREATE_TRACE_POINTS
#include <trace/events/uffd_race.h>
