// SPDX-License-Identifier: GPL-2.0
/*
 * Module parameters of the watches. Most can be changed at any time: a
 * locked-down kernel lets nobody write to debugfs.
 */
#include "watch.h"
#include <linux/module.h>
#include <linux/moduleparam.h>

unsigned int watch_param_auto;
unsigned int watch_param_us = 200;
unsigned int watch_param_percent = 10;
unsigned int watch_param_ms = 100;
unsigned int watch_param_transitions = 256;

struct bounded {
	unsigned int *value;
	unsigned int min, max;
};

static DEFINE_MUTEX(ready_mutex);
static bool is_ready;

/* The worker is told of changes from now on, or nobody any more. */
void watch_param_ready(bool ready)
{
	mutex_lock(&ready_mutex);
	is_ready = ready;
	mutex_unlock(&ready_mutex);
	if (ready && watch_param_auto)
		watch_soon();
}

static int bounded_set(const char *text, const struct kernel_param *kp)
{
	const struct bounded *b = kp->arg;
	unsigned int n;
	int err;

	err = kstrtouint(text, 0, &n);
	if (!err && (n < b->min || n > b->max))
		err = -EINVAL;
	if (err) {
		pr_err("%s=%.20s is out of range %u..%u\n", kp->name, text,
		       b->min, b->max);
		return -EINVAL;
	}
	if (b->value == &watch_param_auto && n && !COMPAT_BREAKPOINTS)
		pr_warn("%s: no hardware breakpoints on kernel memory here\n",
			kp->name);
	WRITE_ONCE(*b->value, n);
	mutex_lock(&ready_mutex);
	if (is_ready)
		watch_soon();
	mutex_unlock(&ready_mutex);
	return 0;
}

static int bounded_get(char *buf, const struct kernel_param *kp)
{
	const struct bounded *b = kp->arg;

	return scnprintf(buf, PAGE_SIZE, "%u\n", READ_ONCE(*b->value));
}

static const struct kernel_param_ops bounded_ops = {
	.set = bounded_set,
	.get = bounded_get,
};

static const struct bounded bounded_auto = {
	&watch_param_auto, 0, NR_WATCHES - 1
};
module_param_cb(watch_auto, &bounded_ops, (void *)&bounded_auto, 0644);
MODULE_PARM_DESC(watch_auto, "pte breakpoints that the module places by itself, 0..3 (default 0: none)");

static const struct bounded bounded_us = {
	&watch_param_us, 0, WATCH_STALL_MAX
};
module_param_cb(stall_us, &bounded_ops, (void *)&bounded_us, 0644);
MODULE_PARM_DESC(stall_us, "hold who clears a pte that watch_auto has picked, 0..1000 us (default 200)");

static const struct bounded bounded_percent = { &watch_param_percent, 1, 50 };
module_param_cb(stall_percent, &bounded_ops, (void *)&bounded_percent, 0644);
MODULE_PARM_DESC(stall_percent, "share of its time that a CPU may be stalled, 1..50 (default 10)");

static const struct bounded bounded_ms = { &watch_param_ms, 10, 10000 };
module_param_cb(watch_ms, &bounded_ops, (void *)&bounded_ms, 0644);
MODULE_PARM_DESC(watch_ms, "how often watches are checked and moved on, 10..10000 ms (default 100)");

static const struct bounded bounded_transitions = {
	&watch_param_transitions, 16, 65536
};
module_param_cb(transitions, &bounded_ops, (void *)&bounded_transitions, 0444);
MODULE_PARM_DESC(transitions, "transitions of watched ptes that are kept, 16..65536 (default 256)");
