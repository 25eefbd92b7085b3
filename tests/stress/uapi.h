/* SPDX-License-Identifier: GPL-2.0 */
/* UAPI that is newer than the oldest headers this builds with */
#ifndef STRESS_UAPI_H
#define STRESS_UAPI_H

#include <linux/userfaultfd.h>
#include <stdint.h>
#include <sys/ioctl.h>

#ifndef UFFD_FEATURE_MINOR_HUGETLBFS
#define UFFD_FEATURE_MINOR_HUGETLBFS	(1 << 9)	/* Linux 5.13 */
#endif
#ifndef UFFD_FEATURE_MINOR_SHMEM
#define UFFD_FEATURE_MINOR_SHMEM	(1 << 10)	/* Linux 5.14 */
#endif
#ifndef UFFDIO_REGISTER_MODE_MINOR
#define UFFDIO_REGISTER_MODE_MINOR	((uint64_t)1 << 2)
#endif
#ifndef UFFD_PAGEFAULT_FLAG_MINOR
#define UFFD_PAGEFAULT_FLAG_MINOR	(1 << 2)
#endif
#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM	(1 << 12)	/* Linux 5.19 */
#endif
#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED	(1 << 13)	/* Linux 6.4 */
#endif
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC		(1 << 15)	/* Linux 6.7 */
#endif
#ifndef USERFAULTFD_IOC_NEW
#define USERFAULTFD_IOC_NEW		_IO(0xAA, 0x00)	/* Linux 6.1 */
#endif

/* A name of our own: old headers lack struct uffdio_continue, new ones have it */
struct stress_continue {
	struct uffdio_range	range;
	uint64_t		mode;
	int64_t			mapped;
};
#define STRESS_CONTINUE_DONTWAKE 1
#define STRESS_UFFDIO_CONTINUE	_IOWR(UFFDIO, 0x07, struct stress_continue)

/* PAGEMAP_SCAN, Linux 6.7 */
struct stress_page_region {
	uint64_t	start;
	uint64_t	end;
	uint64_t	categories;
};

struct stress_pm_scan {
	uint64_t	size;
	uint64_t	flags;
	uint64_t	start;
	uint64_t	end;
	uint64_t	walk_end;
	uint64_t	vec;
	uint64_t	vec_len;
	uint64_t	max_pages;
	uint64_t	category_inverted;
	uint64_t	category_mask;
	uint64_t	category_anyof_mask;
	uint64_t	return_mask;
};
#define STRESS_PAGEMAP_SCAN	_IOWR('f', 16, struct stress_pm_scan)
#define STRESS_PM_SCAN_WP	(1 << 0)
#define STRESS_PAGE_IS_PRESENT	(1 << 3)

#ifndef MADV_COLD
#define MADV_COLD		20	/* Linux 5.4 */
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT		21	/* Linux 5.4 */
#endif
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif

#endif /* STRESS_UAPI_H */
