// SPDX-License-Identifier: GPL-2.0
/* The table of operations, and what they have in common. */
#define _GNU_SOURCE
#include "innocent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ADVICE(what, name, weight)						\
	{ name, op_madvise, weight, 0, ADV_##what, ADV_##what, false, false }
#define PLAIN(name, fn, weight, var)						\
	{ name, fn, weight, 0, -1, var, false, false }

const struct op ops[] = {
	{ "region", op_region, 2, 0, -1, 0, true, false },
	{ "uffd", op_uffd, 2, 0, -1, 0, true, false },
	{ "uffd_user", op_uffd, 1, 0, -1, U_USER_MODE_ONLY, true, false },
	PLAIN("api", op_api, 1, 0),
	{ "close", op_close, 1, 0, -1, 0, true, false },
	PLAIN("register", op_register, 12, 0),
	PLAIN("unregister", op_unregister, 2, 0),
	PLAIN("copy", op_copy, 30, 0),
	PLAIN("zeropage", op_fill, 8, U_ZEROPAGE),
	{ "continue", op_fill, 10, U_FEAT_MINOR_HUGETLB, -1, U_CONTINUE, false, false },
	{ "poison", op_fill, 3, U_FEAT_POISON, -1, U_POISON, false, false },
	{ "protect", op_protect, 4, 0, -1, 1, false, false },
	{ "unprotect", op_protect, 4, 0, -1, 0, false, false },
	{ "move", op_move, 4, U_FEAT_MOVE, -1, 0, false, false },
	PLAIN("wake", op_wake, 3, 0),
	PLAIN("read", op_touch, 40, 0),
	PLAIN("write", op_touch, 40, 1),
	PLAIN("from_user", op_user, 6, 0),
	PLAIN("to_user", op_user, 6, 1),
	PLAIN("vmsplice", op_kernel, 5, 0),
	PLAIN("direct", op_kernel, 5, 1),
	PLAIN("futex", op_kernel, 4, 2),
	PLAIN("vm_read", op_remote, 5, 0),
	PLAIN("vm_write", op_remote, 5, 1),
	PLAIN("mem_read", op_remote, 4, 2),
	PLAIN("mem_write", op_remote, 4, 3),
	PLAIN("mlock", op_lock, 2, 0),
	PLAIN("mlock_onfault", op_lock, 2, 1),
	PLAIN("munlock", op_lock, 3, 2),
	PLAIN("dontneed", op_madvise, 25, 4),
	PLAIN("willneed", op_madvise, 1, 3),
	PLAIN("random", op_madvise, 1, 1),
	PLAIN("normal", op_madvise, 1, 0),
	ADVICE(FREE, "free", 2),
	ADVICE(REMOVE, "remove", 4),
	ADVICE(DONTFORK, "dontfork", 1),
	ADVICE(DOFORK, "dofork", 1),
	ADVICE(MERGEABLE, "mergeable", 1),
	ADVICE(UNMERGEABLE, "unmergeable", 1),
	ADVICE(HUGEPAGE, "hugepage", 1),
	ADVICE(NOHUGEPAGE, "nohugepage", 1),
	ADVICE(DONTDUMP, "dontdump", 1),
	ADVICE(DODUMP, "dodump", 1),
	ADVICE(WIPEONFORK, "wipeonfork", 1),
	ADVICE(KEEPONFORK, "keeponfork", 1),
	ADVICE(COLD, "cold", 1),
	ADVICE(PAGEOUT, "pageout", 4),
	ADVICE(POPULATE_READ, "populate_read", 3),
	ADVICE(POPULATE_WRITE, "populate_write", 3),
	ADVICE(DONTNEED_LOCKED, "dontneed_locked", 1),
	ADVICE(COLLAPSE, "collapse", 3),
	ADVICE(SOFT_OFFLINE, "soft_offline", 1),
	ADVICE(HWPOISON, "hwpoison", 1),
	ADVICE(GUARD_INSTALL, "guard_install", 4),
	ADVICE(GUARD_REMOVE, "guard_remove", 3),
	PLAIN("remote_cold", op_process_madvise, 1, ADV_COLD),
	PLAIN("remote_pageout", op_process_madvise, 2, ADV_PAGEOUT),
	PLAIN("remote_willneed", op_process_madvise, 1, 3),
	PLAIN("remote_collapse", op_process_madvise, 1, ADV_COLLAPSE),
	PLAIN("remote_dontneed", op_process_madvise, 1, 4),
	PLAIN("munmap", op_munmap, 1, 0),
	PLAIN("mmap_over", op_mmap_over, 2, 0),
	PLAIN("mremap_move", op_mremap, 2, 0),
	PLAIN("mremap_dontunmap", op_mremap, 2, 1),
	PLAIN("mremap_resize", op_mremap, 2, 2),
	PLAIN("mremap_copy", op_mremap, 1, 3),
	PLAIN("mremap_part", op_mremap, 2, 4),
	PLAIN("mprotect_none", op_mprotect, 1, PROT_NONE),
	PLAIN("mprotect_read", op_mprotect, 1, PROT_READ),
	PLAIN("mprotect_write", op_mprotect, 3, PROT_READ | PROT_WRITE),
	PLAIN("move_pages", op_migrate, 3, 0),
	PLAIN("mbind", op_migrate, 1, 1),
	PLAIN("compact", op_host, 1, 0),
	PLAIN("drop_caches", op_host, 1, 1),
	PLAIN("ksm", op_host, 1, 2),
	PLAIN("punch", op_punch, 8, 1),
	PLAIN("allocate", op_punch, 2, 0),
	PLAIN("truncate", op_truncate, 3, 0),
	PLAIN("file_write", op_file_io, 6, 1),
	PLAIN("file_read", op_file_io, 2, 0),
	PLAIN("alias_write", op_alias, 6, 1),
	PLAIN("alias_read", op_alias, 3, 0),
	{ "fork", op_fork, 3, 0, -1, 0, true, false },
	{ "vfork", op_vfork, 1, 0, -1, 0, true, false },
	{ "exec", op_exec, 1, 0, -1, 0, false, true },
	{ "exit", op_exit, 1, 0, -1, 0, false, true },
	{ "kill", op_kill, 1, 0, -1, 0, true, false },
	PLAIN("signal", op_signal, 2, 0),
	{ "post", op_post, 1, 0, -1, 0, true, false },
	{ "receive", op_receive, 1, 0, -1, 0, false, true },
	{ "child_uffd", op_child_uffd, 2, 0, -1, 0, false, true },
	{ "hold", op_hold, 1, 0, -1, 1, false, false },
	{ "release", op_hold, 3, 0, -1, 0, false, false },
	PLAIN("pause", op_pause, 2, 0),
};

const unsigned int nr_ops = sizeof(ops) / sizeof(ops[0]);
bool op_lacks[MAX_OPS], op_off[MAX_OPS];
uint64_t kernel_features;

int find_op(const char *name, size_t len)
{
	unsigned int i;

	for (i = 0; i < nr_ops; i++)
		if (strlen(ops[i].name) == len && !memcmp(ops[i].name, name, len))
			return i;
	return -1;
}

/* Advice that a kernel knows may still not do for this memory: not EINVAL then. */
static bool advice_known(int advice)
{
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bool known = true;

	if (advice == ADV_COLLAPSE)
		known = !access("/sys/kernel/mm/transparent_hugepage/khugepaged", F_OK) &&
			(madvise(world.source, HUGE, advice) == 0 || errno != EINVAL);
	else if (advice > ADV_KEEPONFORK && advice != ADV_HWPOISON)
		known = madvise(p, PAGE, advice) == 0 || errno != EINVAL;
	munmap(p, PAGE);
	return known;
}

bool probe_ops(void)
{
	struct u_api api = { .api = 0xaa };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	unsigned int i;

	if (nr_ops >= MAX_OPS || fd < 0 || ioctl(fd, U_API, &api))
		return false;
	close(fd);
	kernel_features = api.features;
	world.source = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	world.source = (char *)(((uintptr_t)world.source + HUGE - 1) & -HUGE);
	*world.source = 1;
	for (i = 0; i < nr_ops; i++)
		op_lacks[i] = (ops[i].features & ~kernel_features) ||
			(ops[i].advice >= 0 && !advice_known(ops[i].advice));
	return true;
}

/* For the trace: what the operation is about to do */
void say(const struct call *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(c->self->text, TEXT, format, args);
	va_end(args);
}

/* Of the living ones; NULL if there is none */
static struct region *pick_region(uint32_t arg)
{
	unsigned int i;

	for (i = 0; i < NR_REGIONS; i++) {
		struct region *r = &world.region[(arg + i) % NR_REGIONS];

		if (r->at)
			return r;
	}
	return NULL;
}

/* Where somebody waits for a page; false if nobody does */
static bool where_waited(const struct call *c, struct span *span)
{
	struct actor *a = pick_waiting(c->arg[1]);
	struct region *r = a ? region_at(a->addr) : NULL;

	if (!r)
		return false;
	*span = (struct span){ r, (char *)(a->addr & -r->page), r->page };
	return true;
}

/*
 * One of four goes where somebody waits. Else the first argument draws the
 * region, the second the page, the third how many.
 */
bool pick_span(const struct call *c, struct span *span)
{
	struct region *r = pick_region(c->arg[0]);
	size_t page, nr, pages;

	if (c->arg[2] % 8 < 2 && where_waited(c, span))
		return true;
	if (!r)
		return false;
	pages = r->len / r->page;
	page = c->arg[1] % (pages < 16 ? pages : 16);
	nr = c->arg[2] % 8 < 5 ? 1 : c->arg[2] % 8 < 7 ? 1 + c->arg[2] % 5 : pages;
	if (nr == pages)
		page = 0;
	if (nr > pages - page)
		nr = pages - page;
	span->region = r;
	span->at = r->at + page * r->page;
	span->len = nr * r->page;
	return true;
}

struct uffd *pick_uffd(uint32_t arg)
{
	unsigned int i;

	for (i = 0; i < NR_UFFDS; i++) {
		struct uffd *u = &world.uffd[(arg + i) % NR_UFFDS];

		if (u->fd >= 0)
			return u;
	}
	return NULL;
}

/* Who sleeps after an event, of a userfaultfd that we know */
struct actor *pick_waiting(uint32_t arg)
{
	unsigned int i;

	for (i = 0; i < NR_ACTORS; i++) {
		struct actor *a = &world.shared->actor[(arg + i) % NR_ACTORS];

		if (atomic_load(&a->state) == A_BUSY && a->waits &&
		    world.uffd[a->uffd].fd >= 0)
			return a;
	}
	return NULL;
}

struct region *region_at(uint64_t addr)
{
	struct region *r;

	for (r = world.region; r < world.region + NR_REGIONS; r++)
		if (r->at && addr - (uintptr_t)r->at < r->len)
			return r;
	return NULL;
}

/* Return: its index, or -1 if there is no room for it, and it is closed */
int add_uffd(int fd, pid_t owner, uint64_t features, bool raw)
{
	int i;

	for (i = 0; i < NR_UFFDS; i++) {
		if (world.uffd[i].fd >= 0)
			continue;
		world.uffd[i] = (struct uffd){ fd, owner, features, raw };
		return i;
	}
	close(fd);
	return -1;
}

int result(long ret)
{
	return ret < 0 ? -errno : 0;
}

/* Address space at a multiple of 2 MiB */
char *reserve(size_t len)
{
	char *p = mmap(NULL, len + HUGE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *at = (char *)(((uintptr_t)p + HUGE - 1) & -HUGE);

	if (p == MAP_FAILED)
		return NULL;
	if (at > p)
		munmap(p, at - p);
	if (p + HUGE > at)
		munmap(at + len, p + HUGE - at);
	return at;
}

int send_fd(int socket, int fd)
{
	pid_t from = getpid();
	struct iovec iov = { &from, sizeof(from) };
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	return result(sendmsg(socket, &msg, MSG_DONTWAIT));
}

int receive_fd(int socket, pid_t *from)
{
	struct iovec iov = { from, sizeof(*from) };
	char control[CMSG_SPACE(sizeof(int))];
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *head;
	int fd = -1;

	if (recvmsg(socket, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0)
		return -1;
	head = CMSG_FIRSTHDR(&msg);
	if (head && head->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}
