/* SPDX-License-Identifier: GPL-2.0 */
/* As much of a kernel as src/hooks/ioctl.c needs to build in user space. */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/ioctl.h>
#include <linux/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint64_t u64;
typedef int64_t s64;

#define __user
#define __percpu
#define PAGE_SIZE		4096UL
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define NOKPROBE_SYMBOL(f)	struct nokprobe_##f
#define BITS_PER_LONG		64
#define BIT_ULL(n)		(1ULL << (n))
#define fallthrough		__attribute__((__fallthrough__))

struct seq_file;
struct dentry;
struct delayed_work;
struct pt_regs { unsigned long arg[6], ret; };
struct kretprobe_instance { _Alignas(16) char data[128]; };
struct kprobe {
	int (*pre_handler)(struct kprobe *p, struct pt_regs *regs);
};
struct kretprobe {
	int (*entry_handler)(struct kretprobe_instance *ri, struct pt_regs *regs);
	int (*handler)(struct kretprobe_instance *ri, struct pt_regs *regs);
	size_t data_size;
};
struct file { void *private_data; };
struct inode;
struct vm_area_struct { struct { void *ctx; } vm_userfaultfd_ctx; };

static inline unsigned long regs_get_kernel_argument(struct pt_regs *regs, int n)
{
	return regs->arg[n];
}

static inline unsigned long regs_return_value(struct pt_regs *regs)
{
	return regs->ret;
}

typedef struct { unsigned int val; } kuid_t;

static inline kuid_t current_uid(void)
{
	return (kuid_t){ 0 };
}

#define __kuid_val(uid)	((uid).val)

long copy_from_user_nofault(void *to, const void *from, size_t size);

#endif /* FAKE_KERNEL_H */
