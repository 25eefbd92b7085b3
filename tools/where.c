// SPDX-License-Identifier: GPL-2.0
/*
 * Where the module's files are, and why not; loading and unloading. A folder that
 * is given (--dir, UFFD_RACE_DIR) stands for debugfs', and nothing is loaded then.
 */
#define _GNU_SOURCE
#include "uffd-race.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <dirent.h>
#include <unistd.h>

#define SYS_MODULE	"/sys/module/uffd_race"

/* Hooks that come and go with each run of the stressor cost half of its time. */
#define ARMED		"armed=1"

static bool loaded_here;

bool pretended(void)
{
	return opt.dir;
}

bool module_loaded(void)
{
	return !access(SYS_MODULE, F_OK);
}

/* Where debugfs is mounted; NULL: nowhere */
static const char *debugfs(void)
{
	static char where[256];
	char line[1024], type[64];
	FILE *mounts = fopen("/proc/mounts", "r");
	bool found = false;

	while (mounts && !found && fgets(line, sizeof(line), mounts))
		found = sscanf(line, "%*s %255s %63s", where, type) == 2 &&
			!strcmp(type, "debugfs");
	if (mounts)
		fclose(mounts);
	return found ? where : NULL;
}

/* The module's folder; ends the program with the reason if there is none */
const char *folder(void)
{
	static char *dir;
	const char *debug;

	if (dir)
		return dir;
	if (pretended()) {
		if (access(opt.dir, X_OK))
			die(CANNOT, "%s: %s", opt.dir, strerror(errno));
		return dir = copy(opt.dir);
	}
	if (!module_loaded())
		die(CANNOT, "the module is not loaded: modprobe uffd_race (check does it by itself)");
	debug = debugfs();
	if (!debug)
		die(CANNOT, "debugfs is not mounted: mount -t debugfs none /sys/kernel/debug");
	dir = text_of("%s/uffd_race", debug);
	if (!access(dir, X_OK))
		return dir;
	if (errno == EACCES)
		die(CANNOT, "only root may look into %s", debug);
	die(CANNOT, "the module is loaded, but has no files: is debugfs off on the kernel's command line?");
}

/* All of a file, whatever its size says; NULL: errno tells */
char *read_path(const char *path)
{
	size_t len = 0, room = 4096;
	char *text = NULL;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	do {
		text = grow(text, room + 1);
		n = read(fd, text + len, room - len);
		if (n > 0)
			len += n;
		if (len == room)
			room *= 2;
	} while (n > 0);
	close(fd);
	if (n < 0) {
		free(text);
		return NULL;
	}
	text[len] = 0;
	return text;
}

bool has_file(const char *name)
{
	char *path = text_of("%s/%s", folder(), name);
	bool has = !access(path, F_OK);

	free(path);
	return has;
}

char *read_file(const char *name)
{
	char *path = text_of("%s/%s", folder(), name), *text;

	text = read_path(path);
	if (!text && errno == ENOENT)
		die(CANNOT, "this module has no file %s", name);
	if (!text)
		die(CANNOT, "%s: %s%s", path, strerror(errno),
		    errno == EPERM ? " (locked down?)" : "");
	free(path);
	return text;
}

static int write_path(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | (pretended() ? O_CREAT | O_TRUNC : 0), 0644);
	int err = 0;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err = errno;
	if (fd >= 0)
		close(fd);
	return err;
}

void write_file(const char *name, const char *text)
{
	char *path = text_of("%s/%s", folder(), name);
	int err = write_path(path, text);

	if (err)
		die(CANNOT, "%s: %s%s", path, strerror(err),
		    err == EPERM ? " (locked down?)" : err == EACCES ? " (only root may)" : "");
	free(path);
}

static char *parameter_path(const char *name)
{
	return pretended() ? text_of("%s/../parameters/%s", opt.dir, name) :
			     text_of(SYS_MODULE "/parameters/%s", name);
}

/* NULL: there is none */
char *parameter(const char *name)
{
	char *path = parameter_path(name), *value = read_path(path);

	if (value)
		value[strcspn(value, "\n")] = 0;
	free(path);
	return value;
}

bool set_parameter(const char *name, const char *value)
{
	char *path = parameter_path(name);
	bool done = !write_path(path, value);

	free(path);
	return done;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

void about_module(struct pairs *about)
{
	struct dirent **list = NULL;
	struct utsname uts;
	char *dir, *value;
	int i, n;

	uname(&uts);
	pair_add(about, "kernel", uts.release);
	pair_add(about, "machine", uts.machine);
	value = pretended() ? NULL : read_path(SYS_MODULE "/version");
	if (value) {
		value[strcspn(value, "\n")] = 0;
		pair_add(about, "module", value);
		free(value);
	}
	dir = parameter_path("");
	n = scandir(dir, &list, NULL, by_name);
	for (i = 0; i < n; i++) {
		value = list[i]->d_name[0] == '.' ? NULL : parameter(list[i]->d_name);
		if (value)
			pair_add(about, list[i]->d_name, value);
		free(value);
		free(list[i]);
	}
	free(list);
	free(dir);
}

static int run_modprobe(char *const argv[])
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		execvp(argv[0], argv);
		execv("/sbin/modprobe", argv);	/* su leaves a PATH without it */
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void load_file(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		die(CANNOT, "%s: %s", file, strerror(errno));
	if (!syscall(SYS_finit_module, fd, ARMED, 0) || errno == EEXIST) {
		close(fd);
		return;
	}
	err = errno;
	die(CANNOT, "%s does not load: %s%s; dmesg may say more", file, strerror(err),
	    err == EPERM ? " (loading is switched off?)" :
	    err == ENOKEY || err == EKEYREJECTED ? " (not signed by a key that this kernel trusts)" :
	    err == ENOEXEC ? " (built for another kernel?)" : "");
}

static void mount_debugfs(void)
{
	if (!debugfs() && mount("none", "/sys/kernel/debug", "debugfs", 0, NULL))
		die(CANNOT, "no debugfs: %s", strerror(errno));
}

void module_load(void)
{
	static char *const modprobe[] = { "modprobe", "uffd_race", ARMED, NULL };
	char *disabled;
	int status;

	if (pretended())
		return;
	if (geteuid())
		die(CANNOT, "needs root, to load the module and to read what it says");
	if (access("/proc/modules", F_OK))
		die(CANNOT, "this kernel takes no modules (no CONFIG_MODULES)");
	mount_debugfs();
	if (module_loaded())
		return;
	disabled = read_path("/proc/sys/kernel/modules_disabled");
	if (disabled && *disabled == '1')
		die(CANNOT, "loading of modules is switched off (kernel.modules_disabled)");
	free(disabled);
	if (opt.module) {
		load_file(opt.module);
	} else {
		status = run_modprobe(modprobe);
		if (status == 127)
			die(CANNOT, "no modprobe here: name the module with --module FILE");
		if (status)
			die(CANNOT, "modprobe uffd_race has failed; is it installed for this kernel (make install), or else --module FILE?");
	}
	loaded_here = true;
}

/* Only what was loaded here; at the end of the program, whatever its end */
void module_unload(void)
{
	if (loaded_here && syscall(SYS_delete_module, "uffd_race", O_NONBLOCK))
		fprintf(stderr, "uffd-race: cannot unload the module: %s\n", strerror(errno));
	loaded_here = false;
}
