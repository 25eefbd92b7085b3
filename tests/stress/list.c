// SPDX-License-Identifier: GPL-2.0
/* --list: the table path x writer, and what this machine supports of it. */
#define _GNU_SOURCE
#include "stress.h"

#include <stdio.h>

/* 1 GiB: whether the kernel has them is one thing, whether it has some another */
static const char *gigantic_problem(const struct path *path)
{
	static bool asked, missing;
	struct options opt = { .pages = 1, .resolvers = 1, .setup = true };
	struct run run = { .opt = &opt, .path = path, .writer = find_writer("none") };

	if (path->huge_kb <= 2048)
		return NULL;
	if (!asked)
		missing = setup_nodes(&run) || setup_hugepages(&run);
	setup_restore();
	asked = true;
	return missing ? "no 2 huge pages of 1 GiB free: boot with hugepagesz=1G hugepages=4" :
			 NULL;
}

/* "PATH WRITER TRUTH LEGAL [REASON]": programs read this */
static void list_line(const struct path *path, const struct writer *writer,
		      const char *path_problem, uint64_t features, int nodes)
{
	const char *why = path_problem, *no_truth = NULL, *no_legal = NULL;

	if (!why)
		why = writer_unsupported(writer, path, features);
	if (!why && nodes < (int)writer->nodes)
		why = "needs two memory nodes";
	if (!why && writer->no_truth)
		no_truth = writer->no_truth(path);
	if (!why)
		no_legal = legal_unsupported(path, writer);
	printf("%-25s %-14s %-5s %-5s", path->name, writer->name,
	       why || no_truth ? "SKIP" : "ok", why || no_legal ? "SKIP" : "ok");
	why = why ?: no_truth ?: no_legal;
	printf("%s%s\n", why ? " " : "", why ?: "");
}

void list_table(void)
{
	uint64_t features = kernel_features();
	const struct writer *writer;
	const struct path *path;
	const char *problem;
	int node[2], nodes = memory_nodes(node);

	for (path = paths; path->name; path++) {
		problem = path_unsupported(path, features) ?: gigantic_problem(path);
		for (writer = writers; writer->name; writer++)
			list_line(path, writer, problem, features, nodes);
	}
}
