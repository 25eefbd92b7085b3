// SPDX-License-Identifier: GPL-2.0
/* What a run needs from the machine: rights, memory nodes, huge pages. */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NODE_DIR	"/sys/devices/system/node"

char setup_message[512];

/* Huge page counts as they were, in a form that a signal handler can restore */
static struct saved {
	char	path[128];
	char	count[24];
} saved[3];
static unsigned int nr_saved;

__attribute__((format(printf, 1, 2)))
static int needs(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(setup_message, sizeof(setup_message), format, args);
	va_end(args);
	return EXIT_NEEDS;
}

/* A userfaultfd, or -errno with setup_message */
int uffd_open(void)
{
	int dev, err, fd;

	fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		return fd;
	err = errno;
	dev = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
	if (dev >= 0) {
		fd = ioctl(dev, USERFAULTFD_IOC_NEW, O_CLOEXEC | O_NONBLOCK);
		close(dev);
		if (fd >= 0)
			return fd;
	}
	if (err == EPERM)
		needs("needs the right to use userfaultfd: run as root, or: echo 1 > /proc/sys/vm/unprivileged_userfaultfd");
	else if (err == ENOSYS)
		needs("no userfaultfd in this kernel (CONFIG_USERFAULTFD)");
	else
		needs("userfaultfd: %s", strerror(err));
	return -err;
}

int uffd_handshake(int fd, uint64_t want, uint64_t *have)
{
	struct uffdio_api api = { .api = UFFD_API, .features = want };

	if (ioctl(fd, UFFDIO_API, &api))
		return -errno;
	if (have)
		*have = api.features;
	return 0;
}

bool read_text(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	bool ok;

	if (!file)
		return false;
	ok = fgets(text, size, file);
	fclose(file);
	return ok;
}

static bool read_long(const char *path, long *value)
{
	char text[32];

	if (!read_text(path, text, sizeof(text)))
		return false;
	*value = strtol(text, NULL, 10);
	return true;
}

/* 0 if there is no such counter */
unsigned long long vmstat(const char *name)
{
	unsigned long long value = 0;
	char key[64];
	FILE *file = fopen("/proc/vmstat", "re");

	if (!file)
		return 0;
	while (fscanf(file, "%63s %llu", key, &value) == 2 && strcmp(key, name))
		value = 0;
	fclose(file);
	return value;
}

bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return false;
	len = write(fd, text, strlen(text));
	close(fd);
	return len > 0;
}

/* The first two nodes with memory; returns how many there are */
int memory_nodes(int node[2])
{
	char text[256], *at = text;
	long from, to;
	int nr = 0;

	node[0] = node[1] = 0;
	/* "0-1,3"; some kernels only have the second file */
	if (!read_text(NODE_DIR "/has_memory", text, sizeof(text)) &&
	    !read_text(NODE_DIR "/has_normal_memory", text, sizeof(text)))
		return 1;
	while (*at >= '0' && *at <= '9') {
		from = to = strtol(at, &at, 10);
		if (*at == '-')
			to = strtol(at + 1, &at, 10);
		for (; from <= to; from++, nr++)
			if (nr < 2)
				node[nr] = from;
		if (*at == ',')
			at++;
	}
	return nr;
}

int setup_nodes(struct run *run)
{
	int nr = memory_nodes(run->node);

	if (nr < (int)run->writer->nodes)
		return needs("%s needs %u nodes with memory, found %d: boot with numa=fake=2 (CONFIG_NUMA_EMU), or give the virtual machine a second node",
			     run->writer->name, run->writer->nodes, nr);
	return 0;
}

#define ANY_NODE	-1

static void huge_path(char *path, size_t size, int node, unsigned int kb,
		      const char *name)
{
	if (node == ANY_NODE || access(NODE_DIR "/node0", F_OK))
		snprintf(path, size, "/sys/kernel/mm/hugepages/hugepages-%ukB/%s",
			 kb, name);
	else
		snprintf(path, size, NODE_DIR "/node%d/hugepages/hugepages-%ukB/%s",
			 node, kb, name);
}

static int setup_node_hugepages(struct run *run, int node, long need)
{
	unsigned int kb = run->path->huge_kb;
	char nr_path[128], free_path[128], text[24];
	struct saved *save = &saved[nr_saved];
	long nr, nr_free;

	huge_path(nr_path, sizeof(nr_path), node, kb, "nr_hugepages");
	huge_path(free_path, sizeof(free_path), node, kb, "free_hugepages");
	if (!read_long(nr_path, &nr) || !read_long(free_path, &nr_free))
		return needs("cannot read %s: is sysfs mounted?", nr_path);
	if (nr_free >= need)
		return 0;

	if (run->opt->setup) {
		snprintf(save->path, sizeof(save->path), "%s", nr_path);
		snprintf(save->count, sizeof(save->count), "%ld", nr);
		snprintf(text, sizeof(text), "%ld", nr + need - nr_free);
		nr_saved++;
		if (!write_text(nr_path, text))
			nr_saved--;
		if (read_long(free_path, &nr_free) && nr_free >= need)
			return 0;
	}
	return needs("needs %ld free huge pages of %u kB%s, found %ld: echo %ld > %s%s",
		     need, kb, node == ANY_NODE ? "" : " on one node", nr_free,
		     nr + need - nr_free, nr_path,
		     run->opt->setup && !geteuid() ?
		     " (was tried; echo 1 > /proc/sys/vm/compact_memory may help)" : "");
}

/*
 * Room for every page on each node, as they all move there, and a few for
 * copies in flight: UFFDIO_COPY allocates before it looks under the lock.  Of the
 * largest ones a machine has few: one page in flight, and wherever it is.
 */
int setup_hugepages(struct run *run)
{
	unsigned int kb = run->path->huge_kb, i;
	long need = run->opt->pages, reserved = 0;
	char path[128];
	int err = 0;

	if (!kb)
		return 0;
	/* what others have reserved is still free, but not for us */
	snprintf(path, sizeof(path),
		 "/sys/kernel/mm/hugepages/hugepages-%ukB/resv_hugepages", kb);
	read_long(path, &reserved);
	if (kb > 2048) {
		err = setup_node_hugepages(run, ANY_NODE, need + 1 + reserved);
	} else {
		need += run->opt->resolvers + 4;
		err = setup_node_hugepages(run, run->node[0], need + reserved);
	}
	for (i = kb > 2048 ? 0 : 1; !err && i < run->writer->nodes; i++)
		err = setup_node_hugepages(run, run->node[i], need);
	return err;
}

/* Only open, write and close: the watchdog calls it from a signal handler */
void setup_restore(void)
{
	while (nr_saved) {
		nr_saved--;
		write_text(saved[nr_saved].path, saved[nr_saved].count);
	}
}
