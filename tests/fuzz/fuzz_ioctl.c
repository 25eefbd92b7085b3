// SPDX-License-Identifier: GPL-2.0
/*
 * src/hooks/ioctl.c reads what user space says it wants of an ioctl, and what the
 * kernel wrote back. Any command, any words, in memory that can be read or
 * not, and that may change meanwhile: what it tells the engine must be sane.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static struct { int tgid; } self;
#define current (&self)
#include "../../src/hooks/ioctl.c"

unsigned long share_payer(void)
{
	return 1;
}

bool share_hold(u16 *share, enum share_pool pool)
{
	*share = 0;
	return true;
}

void share_let_go(u16 share)
{
}

void core_unseen(const void *mm)
{
}

bool core_all_seen(const void *mm)
{
	return true;
}

bool inside_nobody(void)
{
	return true;
}

void inside_watch(void)
{
}

void inside_left(void)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define USER	0x7000UL
#define check(x) do {							\
	if (!(x)) {							\
		printf("not so: %s\n", #x);				\
		abort();						\
	}								\
} while (0)

static struct verdict_engine engine;
static uint8_t user[64];
static size_t readable;
static int in_flight[3];
static long ret;
static bool unseen, proven;	/* installs; by now */
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

struct verdict_engine *core_lock(const void *mm, unsigned long *flags)
{
	*flags = 0;
	return &engine;
}

struct verdict_engine *core_lock_new(const void *mm, unsigned long payer,
				     unsigned long *flags)
{
	check(mm && payer);
	return core_lock(mm, flags);
}

void core_unlock(struct verdict_engine *e, unsigned long flags)
{
	check(e == &engine);
}

void hook_hit(struct hook *hook)
{
}

void verdict_op_begin(struct verdict_engine *e, const void *task, const void *ctx,
		      enum verdict_op_kind kind, unsigned long start, unsigned long end)
{
	/* What user space says of a range to be registered is not believed. */
	check(kind != OP_RANGE || (start == 0 && end == ULONG_MAX));
	in_flight[kind]++;
	check(in_flight[kind] == 1);
	check(start <= end);
	/* Whatever the argument says, it may be rewritten. */
	check(kind == OP_RANGE || (unseen && !start && end == ULONG_MAX));
}

void verdict_op_end(struct verdict_engine *e, const void *task, const void *ctx,
		    enum verdict_op_kind kind, enum verdict_outcome outcome,
		    unsigned long done_end)
{
	check(in_flight[kind] == 1);
	in_flight[kind]--;
	check(kind != OP_INSTALL ||
	      outcome == (proven ? OUTCOME_NOTHING : OUTCOME_UNSURE));
}

void verdict_raced(struct verdict_engine *e, const void *key, unsigned long addr,
		   enum verdict_outcome outcome)
{
	check(outcome == OUTCOME_EXISTS ? ret == -EEXIST :
	      outcome == OUTCOME_AGAIN ? ret == -EAGAIN :
	      outcome == OUTCOME_NO_PAGE && ret == -EFAULT);
}

void verdict_refused(struct verdict_engine *e, const void *key, unsigned long addr)
{
	check(ret);
}

bool installs_unseen(unsigned int nr)
{
	return unseen && !proven && nr >= NR_COPY && nr <= NR_POISON && nr != NR_WRITEPROTECT;
}

void verdict_ctx_gone(struct verdict_engine *e, const void *key)
{
}

bool verdict_ctx_opening(struct verdict_engine *e, const void *key, unsigned long tag)
{
	return true;
}

void verdict_ctx_opened(struct verdict_engine *e, const void *key, bool ok)
{
	check(ok == !ret);
}

bool verdict_ctx_over(struct verdict_engine *e, const void *key)
{
	return false;
}

void verdict_ctx_belongs(struct verdict_engine *e, const void *key, const void *mm)
{
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

void verdict_ctx_blind(struct verdict_engine *e, const void *key)
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

unsigned int demand_armed(void)
{
	return 1;
}

void demand_registered(const void *mm, unsigned int since, bool hugetlb)
{
	check(!ret && since);
}

void watch_saw(pid_t tgid, const void *ctx, unsigned long addr)
{
}

void watch_gone(const void *ctx, unsigned long start, unsigned long end)
{
	check(start <= end);
}

void ioctl_stats_count(unsigned int nr, long result)
{
	check(result == ret);
}

void core_op_begin(const void *ctx, const void *mm, enum verdict_op_kind kind,
		   unsigned long start, unsigned long end)
{
	check(mm ? known_mm : !known_mm);
	verdict_op_begin(&engine, current, ctx, kind, start, end);
}

void core_op_end(const void *ctx, const void *mm, enum verdict_op_kind kind,
		 enum verdict_outcome outcome, unsigned long done_end)
{
	verdict_op_end(&engine, current, ctx, kind, outcome, done_end);
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
	proven = false;
	regs.arg[0] = (unsigned long)&file;
	regs.arg[1] = data[3] & 1 ? data[1] << 8 | data[2] : UFFDIO << 8 | data[1];
	regs.arg[2] = data[3] & 2 ? 0 : USER + (data[3] & 4 ? 24 : 0);
	n = size - 4 < sizeof(user) ? size - 4 : sizeof(user);
	memcpy(user, data + 4, n);
	if (ioctl_entry(&ri, &regs))
		check(!in_flight[0] && !in_flight[1] && !in_flight[2]);
	else {
		if (size > 4 + n)	/* another thread writes to it */
			memcpy(user, data + 4 + n, size - 4 - n < sizeof(user) ?
			       size - 4 - n : sizeof(user));
		proven = data[3] & 16;
		regs.ret = ret;
		ioctl_return(&ri, &regs);
		check(!in_flight[0] && !in_flight[1] && !in_flight[2]);
	}
	return 0;
}
