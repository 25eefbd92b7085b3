/* SPDX-License-Identifier: GPL-2.0 */
/* What the hostile programs share */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../stress/uapi.h"

#define PAGE		4096ul
#define HUGE_PAGE	(2ul << 20)
#define NOBODY		65534
#define EVENT_MS	5000	/* no event comes later than this */

/* UAPI that is newer than the oldest headers this builds with */
#define FEATURE_MOVE	(1ul << 16)		/* Linux 6.8 */
struct hostile_move {
	uint64_t dst, src, len, mode;
	int64_t move;
};
#define HOSTILE_MOVE	_IOWR(UFFDIO, 0x05, struct hostile_move)
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY	1		/* Linux 5.11 */
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25		/* Linux 6.1 */
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL	102		/* Linux 6.13 */
#define MADV_GUARD_REMOVE	103
#endif

/**
 * struct mode - one hostile program
 * @name: its name on the command line
 * @what: what it does
 * @right: what is the right answer of the module
 * @run: does it; prints "name value" lines
 */
struct mode {
	const char *name, *what, *right;
	void (*run)(void);
};

/* Each ends with a mode without a name */
extern const struct mode marker_modes[], map_modes[], life_modes[], many_modes[];

/* Instead of the victim that some modes have; NULL-terminated, or NULL */
extern char **victim_command;

/* A thread that touches one byte */
struct touch {
	pthread_t thread;
	volatile char *at;
	bool write;
};

void die(const char *what) __attribute__((noreturn));
void skip(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void tell(const char *name, long value);

void *map_anon(size_t len);
char *map_aligned(size_t len, size_t align, int fd, int flags);
int memory_file(size_t len, unsigned int flags);
void pin_to(int cpu);
bool mapped_at(const volatile void *at);

int uffd_new(int flags);
int uffd_with(unsigned long features);
int uffd_api(int fd, unsigned long features);
int uffd_try_register(int fd, void *at, size_t len, int mode);
void uffd_register(int fd, void *at, size_t len, int mode);
void uffd_unregister(int fd, void *at, size_t len);
bool uffd_event(int fd, struct uffd_msg *msg, int ms);
int uffd_copy(int fd, void *at);
int uffd_zero(int fd, void *at);
void uffd_wake(int fd, void *at, size_t len);

void touch_start(struct touch *touch, volatile void *at, bool write);
void touch_end(struct touch *touch);
unsigned int plain_events(int *fd, unsigned int pages, int hold_ms);
long counter(const char *name);

#endif /* HOSTILE_H */
