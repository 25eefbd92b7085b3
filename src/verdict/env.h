/* SPDX-License-Identifier: GPL-2.0 */
/* What the verdict engine takes from where it is built: types and memset(). */
#ifndef UFFD_RACE_VERDICT_ENV_H
#define UFFD_RACE_VERDICT_ENV_H

struct verdict_engine;

#ifdef __KERNEL__
#include <linux/string.h>
#include <linux/types.h>

static inline void verdict_check(struct verdict_engine *e) { }
#else
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

void verdict_check(struct verdict_engine *e);
void verdict_broken(const char *what);	/* by who links the engine */
#endif

#endif /* UFFD_RACE_VERDICT_ENV_H */
