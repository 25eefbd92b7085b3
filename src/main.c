// SPDX-License-Identifier: GPL-2.0
/*
 * uffd_race: catches userfaultfd MISSING and MINOR events that are raised on
 * unstable ptes. One ladder up, the same ladder down.
 */
#include "uffd_race.h"
#include "hooks/hooks.h"
#include <linux/module.h>

static unsigned int pages = 1024;
module_param(pages, uint, 0444);
MODULE_PARM_DESC(pages, "pages of an address space under judgement at once, 16..16384 (default 1024)");

static unsigned int faults = 1024;
module_param(faults, uint, 0444);
MODULE_PARM_DESC(faults, "faults of an address space in flight at once, blocked ones included, 16..16384 (default 1024)");

static unsigned int ops = 1024;
module_param(ops, uint, 0444);
MODULE_PARM_DESC(ops, "ioctls and zaps in flight at once, 16..1024 (default 1024)");

static unsigned int ctxs = 256;
module_param(ctxs, uint, 0444);
MODULE_PARM_DESC(ctxs, "userfaultfds of an address space watched at once, 1..1024 (default 256)");

static unsigned int mms = 256;
module_param(mms, uint, 0444);
MODULE_PARM_DESC(mms, "address spaces with userfaultfds watched at once, 1..1024 (default 256)");

static unsigned int look_ms = 5;
module_param(look_ms, uint, 0444);
MODULE_PARM_DESC(look_ms, "delay of the deferred look in ms, 1..1000 (default 5)");

static bool armed;
module_param(armed, bool, 0444);
MODULE_PARM_DESC(armed, "keep the hooks on page faults in place at all times (default: only while a userfaultfd has a range that is not hugetlb)");

static const struct {
	const char *name;
	const unsigned int *value;
	unsigned int min, max;
} bounds[] = {
	{ "pages", &pages, 16, 16384 },
	{ "faults", &faults, 16, 16384 },
	{ "ops", &ops, 16, 1024 },
	{ "ctxs", &ctxs, 1, 1024 },
	{ "mms", &mms, 1, 1024 },
	{ "look_ms", &look_ms, 1, 1000 },
};

static int check_params(void)
{
	int i, err = 0;

	for (i = 0; i < ARRAY_SIZE(bounds); i++) {
		if (*bounds[i].value >= bounds[i].min &&
		    *bounds[i].value <= bounds[i].max)
			continue;
		pr_err("%s=%u is out of range %u..%u\n", bounds[i].name,
		       *bounds[i].value, bounds[i].min, bounds[i].max);
		err = -EINVAL;
	}
	return err;
}

static int __init uffd_race_init(void)
{
	struct verdict_limits limits;
	int err;

	err = check_params();
	if (err)
		return err;
	limits = (struct verdict_limits) {
		.pages = pages, .faults = faults, .ops = ops, .ctxs = ctxs,
	};
	look_init(look_ms);
	share_init(faults, ops);
	demand_init(armed);
	err = work_init();
	if (err)
		return err;
	err = space_init(&limits, mms);
	if (err)
		goto no_spaces;
	err = watch_init();
	if (err)
		goto no_watch;
	/* Handlers run from here on, and find the engine closed. */
	guard_init(space_used());
	err = hooks_init(faults, ops);
	if (err)
		goto no_hooks;
	demand_start();
	probes_watching(false, armed);
	debugfs_init();
	inside_scan();
	core_open();
	guard_watch();
	inside_watch();
	pr_info("watching userfaultfds opened from now on\n");
	return 0;

no_hooks:
	watch_stop();
	core_disarm(true);
	core_disarm(false);
	probes_exit();
	guard_exit();
	inside_exit();
	watch_exit();
no_watch:
	look_stop();
	space_exit();
no_spaces:
	work_exit();
	return err;
}

static void __exit uffd_race_exit(void)
{
	watch_stop();
	/* From here on nothing is judged, queued, or armed. */
	core_stop();
	demand_stop();
	debugfs_exit();
	core_disarm(true);
	core_disarm(false);
	probes_exit();
	guard_exit();
	look_stop();
	inside_exit();
	watch_exit();
	space_exit();
	work_exit();
}

module_init(uffd_race_init);
module_exit(uffd_race_exit);

MODULE_DESCRIPTION("Catches userfaultfd events raised on unstable ptes");
MODULE_AUTHOR("uffd_race developers");
MODULE_LICENSE("GPL");
MODULE_VERSION(UFFD_RACE_VERSION);
