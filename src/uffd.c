// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel itself knows of a userfaultfd: whose address space it is for,
 * which was settled when it was made, its features, and who still holds it.
 *
 * Where the kernel keeps the struct to itself, a copy is believed after one
 * userfaultfd was seen when it was made (its mm is then the caller's); all else
 * when its first UFFDIO_API had succeeded, too.
 */
#include "uffd_race.h"
#include "hooks/hooks.h"
#include "compat.h"
#include <linux/fcntl.h>
#include <linux/hash.h>
#include <linux/uaccess.h>

/* In the features of a userfaultfd whose UFFDIO_API has succeeded. */
#define INITIALIZED	BIT(31)

/* By hash: was as it should be, when it was made. Others are made beside it. */
#define MADE_BITS	6
static const void *made[1 << MADE_BITS];
static bool mm_believed = COMPAT_UFFD_PUBLIC;
static bool believed = COMPAT_UFFD_PUBLIC;
static bool initialized_seen;

/* Whoever calls holds a reference; nevertheless nothing is taken for granted. */
static bool read_uffd(const void *ctx, struct uffd_facts *facts)
{
	const struct compat_uffd *uffd = ctx;

	return !copy_from_kernel_nofault(&facts->mm, &uffd->mm, sizeof(facts->mm)) &&
	       !copy_from_kernel_nofault(&facts->refs, &uffd->refcount,
					 sizeof(facts->refs)) &&
	       !copy_from_kernel_nofault(&facts->flags, &uffd->flags,
					 sizeof(facts->flags)) &&
	       !copy_from_kernel_nofault(&facts->features, &uffd->features,
					 sizeof(facts->features));
}
NOKPROBE_SYMBOL(read_uffd);

/**
 * uffd_look - what the kernel knows of a userfaultfd
 * @ctx: its userfaultfd_ctx; it can't be freed meanwhile
 * @facts: filled in
 *
 * Any context.
 *
 * Return: false if that is not known.
 */
bool uffd_look(const void *ctx, struct uffd_facts *facts)
{
	return READ_ONCE(believed) && read_uffd(ctx, facts);
}
NOKPROBE_SYMBOL(uffd_look);

/**
 * uffd_mm - whose address space a userfaultfd is for
 * @ctx: its userfaultfd_ctx; it can't be freed meanwhile
 *
 * Any context.
 *
 * Return: the mm, a mere name; NULL if that is not known.
 */
const void *uffd_mm(const void *ctx)
{
	struct uffd_facts facts;

	return READ_ONCE(mm_believed) && read_uffd(ctx, &facts) ? facts.mm : NULL;
}
NOKPROBE_SYMBOL(uffd_mm);

/**
 * uffd_new - has no UFFDIO_API of a userfaultfd succeeded so far?
 * @ctx: its userfaultfd_ctx; it can't be freed meanwhile
 *
 * Any context.
 *
 * Return: true if that is certain.
 */
bool uffd_new(const void *ctx)
{
	struct uffd_facts facts;

	return READ_ONCE(initialized_seen) && uffd_look(ctx, &facts) &&
	       !(facts.features & INITIALIZED);
}
NOKPROBE_SYMBOL(uffd_new);

/**
 * uffd_silent - does a fault raise no event, by what its userfaultfd is?
 * @ctx: its userfaultfd_ctx; it can't be freed meanwhile
 * @fault_flags: FAULT_FLAG_*
 *
 * Any context.
 *
 * Return: true if so.
 */
bool uffd_silent(const void *ctx, unsigned int fault_flags)
{
	struct uffd_facts facts;

	if (!uffd_look(ctx, &facts))
		return false;
	if (facts.features & CTX_TAG_SIGBUS)
		return true;
	return (facts.flags & COMPAT_UFFD_USER_MODE_ONLY) &&
	       !(fault_flags & FAULT_FLAG_USER);
}
NOKPROBE_SYMBOL(uffd_silent);

/**
 * uffd_succeeded - UFFDIO_API has succeeded
 * @ctx: the userfaultfd
 * @features: that were asked for
 *
 * From the handler on ioctls.
 */
void uffd_succeeded(const void *ctx, u64 features)
{
	struct uffd_facts facts;

	if (READ_ONCE(initialized_seen) || !read_uffd(ctx, &facts) ||
	    !(facts.features & INITIALIZED) || features & ~(u64)facts.features)
		return;
	if (!COMPAT_UFFD_PUBLIC && READ_ONCE(made[hash_ptr(ctx, MADE_BITS)]) != ctx)
		return;
	WRITE_ONCE(initialized_seen, true);
	WRITE_ONCE(believed, true);
}
NOKPROBE_SYMBOL(uffd_succeeded);

/**
 * uffd_made - the file of a userfaultfd is made: (name, fops, ctx, flags)
 * @p: the probe
 * @regs: the arguments
 *
 * By userfaultfd(2), whose caller it is for, or by a read() that brings a fork's
 * child, whose mm is another one: that proves nothing.
 *
 * Return: 0.
 */
static int uffd_made(struct kprobe *p, struct pt_regs *regs)
{
	static const char wanted[] = "[userfaultfd]";
	const void *ctx = (void *)regs_get_kernel_argument(regs, 2);
	unsigned int flags = regs_get_kernel_argument(regs, 3);
	struct uffd_facts facts;
	char name[sizeof(wanted)];

	if (READ_ONCE(believed) ||
	    copy_from_kernel_nofault(name, (void *)regs_get_kernel_argument(regs, 0),
				     sizeof(name)) ||
	    memcmp(name, wanted, sizeof(name)))
		return 0;
	hook_hit(&hook_made);
	if (current->mm && read_uffd(ctx, &facts) && facts.mm == current->mm &&
	    facts.refs == 1 && !facts.features &&
	    !((facts.flags ^ flags) & (O_CLOEXEC | O_NONBLOCK))) {
		WRITE_ONCE(made[hash_ptr(ctx, MADE_BITS)], ctx);
		WRITE_ONCE(mm_believed, true);
	}
	return 0;
}
NOKPROBE_SYMBOL(uffd_made);

struct hook hook_made = {
	.symbol = COMPAT_UFFD_MAKER,
	.kp.pre_handler = uffd_made,
	.needless = COMPAT_UFFD_PUBLIC,
	.lost = "all events are undecided: whose userfaultfds are is not known",
};
