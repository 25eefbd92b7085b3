// SPDX-License-Identifier: GPL-2.0
/* record: the verdict of a period or of a command. watch: a live view. */
#define _GNU_SOURCE
#include "uffd-race.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void sleep_for(double seconds)
{
	struct timespec ts = { .tv_sec = seconds,
			       .tv_nsec = (seconds - (long)seconds) * 1e9 };

	while (!interrupted && nanosleep(&ts, &ts) && errno == EINTR)
		;
}

/* Its exit status, or 128 + signal, as shells say it */
static int run_command(char **command)
{
	int status = 0, report[2], err = 0;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC))
		die(CANNOT, "pipe: %s", strerror(errno));
	fflush(NULL);
	pid = fork();
	if (!pid) {
		/* Its output is its own, but ours is for a program to read. */
		if (opt.format != FOR_PEOPLE)
			dup2(STDERR_FILENO, STDOUT_FILENO);
		execvp(command[0], command);
		err = errno;
		if (write(report[1], &err, sizeof(err)) < 0)
			_exit(126);
		_exit(127);
	}
	if (pid < 0)
		die(CANNOT, "fork: %s", strerror(errno));
	close(report[1]);
	if (read(report[0], &err, sizeof(err)) == sizeof(err)) {
		waitpid(pid, &status, 0);
		die(CANNOT, "%s: %s", command[0], strerror(err));
	}
	close(report[0]);
	/* Ctrl-C is for it; so is its end for us. */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

enum status do_record(void)
{
	struct books books = { 0 };
	struct timespec begin, end;
	enum status status;
	char *text;

	folder();
	catch_signals();
	write_file("reset", "1");
	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (opt.command) {
		text = text_of("%d", run_command(opt.command));
		pair_add(&books.about, "command_status", text);
		free(text);
	} else {
		if (opt.seconds < 0 && isatty(STDERR_FILENO))
			fputs("uffd-race: recording, Ctrl-C ends it\n", stderr);
		sleep_for(opt.seconds < 0 ? 1e9 : opt.seconds);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	text = text_of("%.3f", end.tv_sec - begin.tv_sec +
		       (end.tv_nsec - begin.tv_nsec) / 1e9);
	pair_add(&books.about, "recorded_seconds", text);
	free(text);
	books_read(&books);
	status = books_status(&books);
	show("record", &books, status);
	return status;
}

/* Which counters have grown since the last look */
static void show_growth(const struct pairs *now, const struct pairs *before)
{
	unsigned int i;

	for (i = 0; i < now->nr; i++) {
		const char *name = now->at[i].name;
		unsigned long long is = pair_number(now, name);
		unsigned long long was = pair_number(before, name);

		if (before->nr && is > was)
			printf("%-36s %llu (+%llu)\n", name, is, is - was);
	}
}

enum status do_watch(void)
{
	bool redraw = isatty(STDOUT_FILENO) && opt.format == FOR_PEOPLE;
	struct books books = { 0 }, last;
	enum status status;
	unsigned int n = 0;
	time_t now;

	folder();
	catch_signals();
	do {
		if (n)
			sleep_for(opt.interval);
		if (n && interrupted)
			break;
		last = books;		/* what a look takes is some kB; it is kept */
		books = (struct books){ 0 };
		books_read(&books);
		status = books_status(&books);
		if (opt.format != FOR_PEOPLE) {
			show("watch", &books, status);
			fflush(stdout);
			continue;
		}
		now = time(NULL);
		printf("%suffd_race on %s: %s   %s", redraw ? "\033[H\033[2J" : "",
		       pair_find(&books.about, "kernel"), status_name(status), ctime(&now));
		show_people(&books, NOT_KNOWN);
		show_growth(&books.counters, &last.counters);
		fflush(stdout);
	} while (++n != opt.count);
	return status;
}
