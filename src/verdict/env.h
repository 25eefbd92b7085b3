/* SPDX-License-Identifier: GPL-2.0 */
/* What the verdict engine takes from where it is built: types and memset(). */
#ifndef UFFD_RACE_VERDICT_ENV_H
#define UFFD_RACE_VERDICT_ENV_H

#ifdef __KERNEL__
#include <linux/string.h>
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#endif

#endif /* UFFD_RACE_VERDICT_ENV_H */
