/* SPDX-License-Identifier: GPL-2.0 */
/*
 * UAPI of every kernel from 5.10 on, under names of our own: the headers that
 * this builds with may be older than the kernel it runs on.
 */
#ifndef INNOCENT_UAPI_H
#define INNOCENT_UAPI_H

#include <linux/ioctl.h>
#include <stdint.h>

struct u_range {
	uint64_t start, len;
};

struct u_api {
	uint64_t api, features, ioctls;
};

struct u_register {
	struct u_range range;
	uint64_t mode, ioctls;
};

/* UFFDIO_COPY and UFFDIO_MOVE */
struct u_copy {
	uint64_t dst, src, len, mode;
	int64_t done;
};

struct u_protect {
	struct u_range range;
	uint64_t mode;
};

/* UFFDIO_ZEROPAGE, UFFDIO_CONTINUE and UFFDIO_POISON */
struct u_fill {
	struct u_range range;
	uint64_t mode;
	int64_t done;
};

struct u_msg {
	uint8_t event, pad[7];
	union {
		struct {
			uint64_t flags, address;
			uint32_t ptid;
		} fault;
		uint32_t fork_fd;
		uint64_t words[3];
	};
};

#define U_API		_IOWR(0xaa, 0x3f, struct u_api)
#define U_REGISTER	_IOWR(0xaa, 0x00, struct u_register)
#define U_UNREGISTER	_IOR(0xaa, 0x01, struct u_range)
#define U_WAKE		_IOR(0xaa, 0x02, struct u_range)
#define U_COPY		_IOWR(0xaa, 0x03, struct u_copy)
#define U_ZEROPAGE	_IOWR(0xaa, 0x04, struct u_fill)
#define U_MOVE		_IOWR(0xaa, 0x05, struct u_copy)
#define U_WRITEPROTECT	_IOWR(0xaa, 0x06, struct u_protect)
#define U_CONTINUE	_IOWR(0xaa, 0x07, struct u_fill)
#define U_POISON	_IOWR(0xaa, 0x08, struct u_fill)

#define U_EVENT_FAULT	0x12
#define U_EVENT_FORK	0x13

#define U_MODE_MISSING	1
#define U_MODE_WP	2
#define U_MODE_MINOR	4

#define U_FAULT_WP	2
#define U_FAULT_MINOR	4

#define U_USER_MODE_ONLY 1

#define U_FEAT_WP		(1ULL << 0)
#define U_FEAT_FORK		(1ULL << 1)
#define U_FEAT_REMAP		(1ULL << 2)
#define U_FEAT_REMOVE		(1ULL << 3)
#define U_FEAT_UNMAP		(1ULL << 6)
#define U_FEAT_SIGBUS		(1ULL << 7)
#define U_FEAT_THREAD_ID	(1ULL << 8)
#define U_FEAT_MINOR_HUGETLB	(1ULL << 9)	/* Linux 5.13 */
#define U_FEAT_MINOR_SHMEM	(1ULL << 10)	/* Linux 5.14 */
#define U_FEAT_EXACT		(1ULL << 11)	/* Linux 5.18 */
#define U_FEAT_WP_FILES		(1ULL << 12)	/* Linux 5.19 */
#define U_FEAT_WP_UNPOPULATED	(1ULL << 13)	/* Linux 6.4 */
#define U_FEAT_POISON		(1ULL << 14)	/* Linux 6.6 */
#define U_FEAT_WP_ASYNC		(1ULL << 15)	/* Linux 6.7 */
#define U_FEAT_MOVE		(1ULL << 16)	/* Linux 6.8 */

/* The newest advice, by number */
#define ADV_FREE		8
#define ADV_REMOVE		9
#define ADV_DONTFORK		10
#define ADV_DOFORK		11
#define ADV_MERGEABLE		12
#define ADV_UNMERGEABLE		13
#define ADV_HUGEPAGE		14
#define ADV_NOHUGEPAGE		15
#define ADV_DONTDUMP		16
#define ADV_DODUMP		17
#define ADV_WIPEONFORK		18
#define ADV_KEEPONFORK		19
#define ADV_COLD		20	/* Linux 5.4 */
#define ADV_PAGEOUT		21	/* Linux 5.4 */
#define ADV_POPULATE_READ	22	/* Linux 5.14 */
#define ADV_POPULATE_WRITE	23	/* Linux 5.14 */
#define ADV_DONTNEED_LOCKED	24	/* Linux 5.18 */
#define ADV_COLLAPSE		25	/* Linux 6.1 */
#define ADV_HWPOISON		100
#define ADV_SOFT_OFFLINE	101
#define ADV_GUARD_INSTALL	102	/* Linux 6.13 */
#define ADV_GUARD_REMOVE	103	/* Linux 6.13 */

#endif /* INNOCENT_UAPI_H */
