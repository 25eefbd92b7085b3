// SPDX-License-Identifier: GPL-2.0
/*
 * src/ledger.c reads what user space says it wants of an ioctl, and what the
 * kernel wrote back. Any command, any words, in memory that can be read or
 * not, and that may change meanwhile: what it tells the engine must be sane.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static struct { int tgid; } self;
#define current (&self)
#include "../../src/ledger.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define USER	0x7000UL
#define check(x) do {							\
	if (!(x)) {							\
		printf("not so: %s\n", #x);				\
		abort();						\
	}								\
} while (0)

struct case_engine engine;
static uint8_t user[64];
static size_t readable;
static int in_flight[3];
static long ret;
static bool unseen;
static bool known_mm;
static int file_mm;

long copy_from_user_nofault(void *to, const void *from, size_t size)
{
	unsigned long at = (unsigned long)from - USER;

	if (at > readable || size > readable - at)
		return -EFAULT;
	memcpy(to, user + at, size);
	return 0;
}

bool engine_lock(unsigned long *flags)
{
	*flags = 0;
	return true;
}

void engine_unlock(unsigned long flags)
{
}

void probe_hit(enum hook_id id)
{
}

void case_op_begin(struct case_engine *e, const void *task, const void *ctx,
		   enum case_op_kind kind, unsigned long start, unsigned long end)
{
	/* What user space says of a range to be registered is not believed. */
	check(kind != CASE_OP_HOLE || (start == 0 && end == ULONG_MAX));
	in_flight[kind]++;
	check(in_flight[kind] == 1);
	check(start <= end);
	/* Whatever the argument says, it may be rewritten. */
	check(kind == CASE_OP_HOLE || (unseen && !start && end == ULONG_MAX));
}

void case_op_end(struct case_engine *e, const void *task, const void *ctx,
		 enum case_op_kind kind, enum case_outcome outcome,
		 unsigned long done_end)
{
	check(in_flight[kind] == 1);
	in_flight[kind]--;
	check(kind != CASE_OP_INSTALL || outcome == CASE_UNSURE);
}

void case_raced(struct case_engine *e, const void *key, unsigned long addr,
		enum case_outcome outcome)
{
	check(outcome == CASE_EXISTS ? ret == -EEXIST :
	      outcome == CASE_AGAIN ? ret == -EAGAIN :
	      outcome == CASE_NO_PAGE && ret == -EFAULT);
}

bool installs_unseen(unsigned int nr)
{
	return unseen;
}

void case_op_begin_mm(struct case_engine *e, const void *task, const void *mm,
		      enum case_op_kind kind, unsigned long start,
		      unsigned long end)
{
	case_op_begin(e, task, NULL, kind, start, end);
}

void case_ctx_gone(struct case_engine *e, const void *key)
{
}

bool case_ctx_bear(struct case_engine *e, const void *key, unsigned long tag)
{
	return true;
}

void case_ctx_born(struct case_engine *e, const void *key, bool ok)
{
	check(ok == !ret);
}

bool case_ctx_over(struct case_engine *e, const void *key)
{
	return false;
}

bool case_ctx_affords(struct case_engine *e, unsigned long payer)
{
	check(payer);
	return true;
}

void case_ctx_pays(struct case_engine *e, const void *key, unsigned long payer)
{
}

void case_ctx_belongs(struct case_engine *e, const void *key, const void *mm)
{
}

unsigned long case_ctx_tag(struct case_engine *e, const void *key)
{
	return 0;
}

bool uffd_look(const void *ctx, struct uffd_facts *facts)
{
	return false;
}

const void *uffd_mm(const void *ctx)
{
	return known_mm ? &file_mm : NULL;
}

bool uffd_new(const void *ctx)
{
	return false;
}

void uffd_succeeded(const void *ctx, u64 features)
{
	check(!ret);
}

void case_ctx_blind(struct case_engine *e, const void *key)
{
}

bool probes_evidence(bool on_demand)
{
	return true;
}

bool guard_sighted(void)
{
	return true;
}

unsigned int guard_generation(void)
{
	return 0;
}

void guard_watch(void)
{
}

unsigned int ranges_armed(void)
{
	return 1;
}

void ranges_registered(const void *ctx, unsigned int since)
{
	check(!ret && since);
}

void ranges_released(const void *ctx)
{
}

void stall_saw(pid_t tgid, const void *ctx, unsigned long addr)
{
}

void stall_gone(const void *ctx, unsigned long start, unsigned long end)
{
	check(start <= end);
}

void ioctls_count(unsigned int nr, long result)
{
	check(result == ret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const long rets[] = { 0, 0, -EEXIST, -EAGAIN, -EAGAIN, -EFAULT, -ENOENT, -EINVAL };
	struct file file = { &file };
	struct kretprobe_instance ri;
	struct pt_regs regs = { };
	size_t n;

	if (size < 4)
		return 0;
	memset(user, 0, sizeof(user));
	memset(&ri, 0xee, sizeof(ri));
	memset(in_flight, 0, sizeof(in_flight));
	readable = data[0] % (sizeof(user) + 1);
	unseen = data[0] & 0x80;
	ret = rets[data[2] % 8];
	known_mm = data[3] & 8;
	regs.arg[0] = (unsigned long)&file;
	regs.arg[1] = data[3] & 1 ? data[1] << 8 | data[2] : UFFDIO << 8 | data[1];
	regs.arg[2] = data[3] & 2 ? 0 : USER + (data[3] & 4 ? 24 : 0);
	n = size - 4 < sizeof(user) ? size - 4 : sizeof(user);
	memcpy(user, data + 4, n);
	if (ledger_ioctl_entry(&ri, &regs))
		check(!in_flight[0] && !in_flight[1] && !in_flight[2]);
	else {
		if (size > 4 + n)	/* another thread writes to it */
			memcpy(user, data + 4 + n, size - 4 - n < sizeof(user) ?
			       size - 4 - n : sizeof(user));
		regs.ret = ret;
		ledger_ioctl_return(&ri, &regs);
		check(!in_flight[0] && !in_flight[1] && !in_flight[2]);
	}
	return 0;
}
