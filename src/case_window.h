/* SPDX-License-Identifier: GPL-2.0 */
/* What the engine learns from windows that were watched. */
#ifndef UFFD_RACE_CASE_WINDOW_H
#define UFFD_RACE_CASE_WINDOW_H

#include "case.h"

void case_fault_spared(struct case_engine *e, const void *task, case_time shut);

#endif /* UFFD_RACE_CASE_WINDOW_H */
