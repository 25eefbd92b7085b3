/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ioctls of a userfaultfd. Their numbers are UAPI, and written down here, since
 * a kernel's own <linux/userfaultfd.h> may be older than the ioctl.
 */
#ifndef UFFD_RACE_UFFDIO_H
#define UFFD_RACE_UFFDIO_H

/* X(number, name) for each, and XEND() for the last */
#define UFFDIO_IOCTLS(X, XEND)		\
	X(0x00, REGISTER)		\
	X(0x01, UNREGISTER)		\
	X(0x02, WAKE)			\
	X(0x03, COPY)			\
	X(0x04, ZEROPAGE)		\
	X(0x05, MOVE)			\
	X(0x06, WRITEPROTECT)		\
	X(0x07, CONTINUE)		\
	X(0x08, POISON)			\
	X(0x09, RWPROTECT)		\
	X(0x0a, SET_MODE)		\
	XEND(0x3f, API)

#define UFFDIO_NR(nr, name)	NR_##name = nr,
enum uffdio_nr {
	UFFDIO_IOCTLS(UFFDIO_NR, UFFDIO_NR)
};

#endif /* UFFD_RACE_UFFDIO_H */
