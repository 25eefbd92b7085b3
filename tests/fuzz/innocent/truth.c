// SPDX-License-Identifier: GPL-2.0
/*
 * What is mapped. The page table says so in /proc/PID/pagemap, and nobody
 * changes it while we look: present, or a swap entry. The markers of userfaultfd
 * and of guard regions look like swap entries too, of a type that no swap device
 * has; they are no page.
 */
#define _GNU_SOURCE
#include "innocent.h"

#include <fcntl.h>
#include <unistd.h>

#define PM_PRESENT	(1ULL << 63)
#define PM_SWAP		(1ULL << 62)
#define SWAP_TYPE	0x1f
#define SWAP_DEVICES	20	/* more than we have, fewer than any kernel allows */

bool is_mapped(pid_t pid, uint64_t addr)
{
	uint64_t entry = 0;
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (pread(fd, &entry, sizeof(entry), addr / PAGE * sizeof(entry)) !=
	    sizeof(entry))
		entry = 0;
	close(fd);
	if (entry & PM_PRESENT)
		return true;
	return (entry & PM_SWAP) && (entry & SWAP_TYPE) < SWAP_DEVICES;
}
