/* SPDX-License-Identifier: GPL-2.0 */
#define trace_uffd_race_ioctl(...)	do { } while (0)
