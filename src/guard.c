// SPDX-License-Identifier: GPL-2.0
/*
 * Hooks can be switched off behind our back: all kprobes by debugfs
 * (kprobes/enabled), and those which stand by ftrace by kernel.ftrace_enabled.
 * What happens then goes unseen, and looks as if nothing had happened.
 *
 * So the switches are hooked themselves. Each writer raises the generation
 * before it acts; what was known in an older generation does not count. And
 * there is a canary for each way in which a hook can be placed: a function of
 * our own whose probe has to fire when it is called. That tells when the hooks
 * are back, and finds out, if late, what no hooked switch has done.
 *
 * Not affected: set_ftrace_filter and set_ftrace_notrace, tracing_on, other
 * people's probes, and livepatch, which lets the probe at a function's entry
 * be (and forbids kernel.ftrace_enabled=0). ftrace that kills itself, after a
 * bug, never comes back: the canary is enough.
 */
#include "uffd_race.h"
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#define PERIOD		msecs_to_jiffies(1000)
#define PERIOD_BLIND	msecs_to_jiffies(100)

enum { SWITCH_KPROBES, SWITCH_FTRACE };

/**
 * struct guard_switch - a function that switches hooks
 * @symbol: the function
 * @rp: its hook
 * @lost: what is lost without it
 * @hits: how often somebody switched
 * @error: why it could not be placed, or 0
 */
struct guard_switch {
	const char *symbol;
	struct kretprobe rp;
	const char *lost;
	unsigned long hits;
	int error;
};

/**
 * struct guard_canary - one way in which a hook can be placed
 * @name: of the function
 * @sing: the function
 * @kp: the probe on it
 * @off: in the word of the verdict, when the probe does not fire
 * @lost: what is lost without it
 * @heard: how often the probe has fired
 * @error: why it could not be placed, or 0
 * @dead: it did not fire when its function was called last
 */
struct guard_canary {
	const char *name;
	void (*sing)(void);
	struct kprobe kp;
	const char *off;
	const char *lost;
	unsigned long heard;
	int error;
	bool dead;
};

static int switch_kprobes(struct kretprobe_instance *ri, struct pt_regs *regs);
static int switch_ftrace(struct kretprobe_instance *ri, struct pt_regs *regs);
static int switch_return(struct kretprobe_instance *ri, struct pt_regs *regs);
static int canary_heard(struct kprobe *p, struct pt_regs *regs);

static struct guard_switch switches[] = {
	[SWITCH_KPROBES] = {
		.symbol = "write_enabled_file_bool",
		.rp.entry_handler = switch_kprobes,
		.lost = "kprobes/enabled turned off and on within a second goes unnoticed",
	},
	[SWITCH_FTRACE] = {
		.symbol = "ftrace_enable_sysctl",
		.rp.entry_handler = switch_ftrace,
		.lost = "kernel.ftrace_enabled turned off and on within a second goes unnoticed",
	},
};

static unsigned int song;

/* Where the compiler has left room for ftrace, as in all functions we hook... */
static noinline void guard_canary_ftrace(void)
{
	WRITE_ONCE(song, 1);
}

/* ... and where it has not, as in ftrace's own. */
static noinline notrace void guard_canary_int3(void)
{
	WRITE_ONCE(song, 2);
}

static struct guard_canary canaries[] = {
	{
		.name = "guard_canary_int3",
		.sing = guard_canary_int3,
		.off = "kprobes_off",
		.lost = "all kprobes turned off unseen go unnoticed",
	}, {
		.name = "guard_canary_ftrace",
		.sing = guard_canary_ftrace,
		.off = "ftrace_off",
		.lost = "ftrace turned off unseen goes unnoticed",
	},
};

static atomic_t generation;
static atomic_t acting;			/* writers within a switch */
static unsigned int opened = -1;	/* the generation in which all hooks are in place */
static unsigned int at_reset;
static DEFINE_MUTEX(check_mutex);
/* Not 0 while any userfaultfd is judged; a hint. */
static const unsigned int *judged;

static void guard_worker(struct work_struct *work);
static DECLARE_DELAYED_WORK(guard_work, guard_worker);

/* A switch was entered, and there is no telling when it returns. */
static unsigned long switches_missed(void)
{
	unsigned long n = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(switches); i++)
		n += READ_ONCE(switches[i].rp.nmissed) +
		     READ_ONCE(switches[i].rp.kp.nmissed);
	return n;
}
NOKPROBE_SYMBOL(switches_missed);

/**
 * guard_generation - moves before any hook is switched, and after
 *
 * Any context.
 *
 * Return: a number; what was known when it was another one does not count.
 */
unsigned int guard_generation(void)
{
	return atomic_read(&generation) + switches_missed();
}
NOKPROBE_SYMBOL(guard_generation);

/**
 * guard_sighted - are all hooks in place that we have placed?
 *
 * Any context.
 *
 * Return: true if so, as far as is known.
 */
bool guard_sighted(void)
{
	return READ_ONCE(opened) == guard_generation();
}
NOKPROBE_SYMBOL(guard_sighted);

/* Before the switch acts; ordered, so that who misses a hook sees it. */
static void switch_begin(struct guard_switch *s)
{
	s->hits++;
	atomic_inc_return(&acting);
	atomic_inc_return(&generation);
}
NOKPROBE_SYMBOL(switch_begin);

/* write_enabled_file_bool(file, buf, count, pos) */
static int switch_kprobes(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	switch_begin(&switches[SWITCH_KPROBES]);
	return 0;
}
NOKPROBE_SYMBOL(switch_kprobes);

/* ftrace_enable_sysctl(table, write, ...): anybody may read it. */
static int switch_ftrace(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (!(int)regs_get_kernel_argument(regs, 1))
		return 1;
	switch_begin(&switches[SWITCH_FTRACE]);
	return 0;
}
NOKPROBE_SYMBOL(switch_ftrace);

/* Returns are seen though the probe on the entry may be gone by now. */
static int switch_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	atomic_dec_return(&acting);
	work_queue(&guard_work, 0);
	return 0;
}
NOKPROBE_SYMBOL(switch_return);

static int canary_heard(struct kprobe *p, struct pt_regs *regs)
{
	container_of(p, struct guard_canary, kp)->heard++;
	return 0;
}
NOKPROBE_SYMBOL(canary_heard);

static bool canary_sings(struct guard_canary *c)
{
	unsigned long before = READ_ONCE(c->heard);

	if (c->error)
		return true;	/* nothing is known, and "probes" says so */
	c->sing();
	WRITE_ONCE(c->dead, READ_ONCE(c->heard) == before);
	/* It may have been caught disabled, see wait_for_switches(). */
	if (c->dead)
		enable_kprobe(&c->kp);
	return !c->dead;
}

static bool canaries_sing(void)
{
	bool all = true;
	int i;

	for (i = 0; i < ARRAY_SIZE(canaries); i++)
		all &= canary_sings(&canaries[i]);
	return all;
}

/*
 * A canary may be back before all hooks are. Who switches holds locks until it
 * is done; to switch one probe takes the same.
 */
static void wait_for_switches(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(canaries); i++) {
		if (canaries[i].error)
			continue;
		disable_kprobe(&canaries[i].kp);
		enable_kprobe(&canaries[i].kp);
	}
}

/*
 * The hooks are back, unless somebody has begun to switch again. The generation
 * moves once more: what was told meanwhile does not count either.
 */
static void open_eyes(void)
{
	int then = atomic_read(&generation);

	if (switches_missed() || atomic_read(&acting))
		return;
	wait_for_switches();
	/* What began meanwhile was not seen, and is not while it lasts. */
	inside_scan();
	if (canaries_sing() &&
	    atomic_cmpxchg(&generation, then, then + 1) == then)
		WRITE_ONCE(opened, then + 1);
}

/**
 * guard_check - are the hooks in place?
 *
 * Process context, may sleep. What was switched off unseen is found out here,
 * and so is that it has come back.
 *
 * Return: true if they are.
 */
bool guard_check(void)
{
	bool sing, sighted;

	mutex_lock(&check_mutex);
	sing = canaries_sing();
	if (sing && !guard_sighted())
		open_eyes();
	else if (!sing && guard_sighted())
		atomic_inc_return(&generation);
	sighted = guard_sighted();
	mutex_unlock(&check_mutex);
	return sighted;
}

static void guard_worker(struct work_struct *work)
{
	if (!guard_check())
		work_queue(&guard_work, PERIOD_BLIND);
	else if (READ_ONCE(*judged))
		work_queue(&guard_work, PERIOD);
}

/**
 * guard_watch - there is a userfaultfd to be judged, or would be
 *
 * Any context but NMI; not under core_lock().
 */
void guard_watch(void)
{
	if (!delayed_work_pending(&guard_work))
		work_queue(&guard_work, guard_sighted() ? PERIOD : 0);
}
NOKPROBE_SYMBOL(guard_watch);

/**
 * guard_blind - why no verdict can be given on the present books
 *
 * After guard_check().
 *
 * Return: one word, or NULL if one can.
 */
const char *guard_blind(void)
{
	int i;

	if (switches_missed())
		return "switch_missed";
	for (i = 0; i < ARRAY_SIZE(canaries); i++)
		if (READ_ONCE(canaries[i].dead))
			return canaries[i].off;
	if (!guard_sighted())
		return "being_switched";
	return guard_switched() ? "were_switched" : NULL;
}

/**
 * guard_switched - how often the generation has moved in the present books
 *
 * Return: 0 if the hooks were in place all the time.
 */
unsigned int guard_switched(void)
{
	return guard_generation() - READ_ONCE(at_reset);
}

/**
 * guard_reset - the books begin anew
 */
void guard_reset(void)
{
	guard_check();
	WRITE_ONCE(at_reset, guard_generation());
}

/**
 * guard_off - does nothing fire that is placed like this probe?
 * @kp: the probe
 *
 * Return: true if so, at the last guard_check().
 */
bool guard_off(const struct kprobe *kp)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(canaries); i++)
		if (READ_ONCE(canaries[i].dead) &&
		    !((canaries[i].kp.flags ^ kp->flags) & KPROBE_FLAG_FTRACE))
			return true;
	return false;
}

/**
 * guard_init - look after the hooks
 * @used: points to 0 while no userfaultfd is judged
 *
 * Before any of them is placed, and before the engine opens. Failing to place
 * anything is no error: "probes" says what is unguarded.
 */
void guard_init(const unsigned int *used)
{
	int i;

	judged = used;
	for (i = 0; i < ARRAY_SIZE(switches); i++) {
		struct guard_switch *s = &switches[i];

		s->rp.kp.symbol_name = s->symbol;
		s->rp.handler = switch_return;
		/* Anybody may read the second: an instance a CPU, for a moment. */
		s->rp.maxactive = 64 + num_possible_cpus();
		s->error = register_kretprobe(&s->rp);
		if (s->error)
			pr_warn("no probe on %s (%d): %s\n", s->symbol, s->error,
				s->lost);
	}
	for (i = 0; i < ARRAY_SIZE(canaries); i++) {
		struct guard_canary *c = &canaries[i];

		c->kp.addr = (kprobe_opcode_t *)c->sing;
		c->kp.pre_handler = canary_heard;
		c->error = register_kprobe(&c->kp);
		if (c->error)
			pr_warn("no probe on %s (%d): %s\n", c->name, c->error,
				c->lost);
	}
	guard_reset();
}

/**
 * guard_exit - nobody needs to be looked after any more
 *
 * After core_stop(), and after the last hook has gone.
 */
void guard_exit(void)
{
	int i;

	cancel_delayed_work_sync(&guard_work);
	for (i = 0; i < ARRAY_SIZE(canaries); i++)
		if (!canaries[i].error)
			unregister_kprobe(&canaries[i].kp);
	for (i = 0; i < ARRAY_SIZE(switches); i++)
		if (!switches[i].error)
			unregister_kretprobe(&switches[i].rp);
}

static void show(struct seq_file *m, const char *symbol, const char *what,
		 const struct kprobe *kp, int error, unsigned long hits,
		 const char *lost)
{
	const char *how = kp->flags & KPROBE_FLAG_FTRACE ? "ftrace" : "int3";

	if (error)
		how = error == -ENOENT ? "absent" : "failed";
	else if (guard_off(kp))
		how = "off";
	seq_printf(m, "%-25s %-6s %-6s %10lu %8lu  %s%s\n", symbol, what, how,
		   hits, kp->nmissed, error ? "UNGUARDED: " : "", lost);
}

/**
 * guard_show - its part of the debugfs file "probes"
 * @m: where to
 *
 * After guard_check().
 */
void guard_show(struct seq_file *m)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(switches); i++)
		show(m, switches[i].symbol, "switch", &switches[i].rp.kp,
		     switches[i].error, switches[i].hits, switches[i].lost);
	for (i = 0; i < ARRAY_SIZE(canaries); i++)
		show(m, canaries[i].name, "canary", &canaries[i].kp,
		     canaries[i].error, canaries[i].heard, canaries[i].lost);
}
