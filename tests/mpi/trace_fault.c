/*
 * A fault at an exact moment.  Loaded into a rank ahead of the C library (LD_PRELOAD), this sees
 * each line of the rank's trace as it is written, and sends a signal when the one that it waits
 * for has come.  A step's lines are written between the step and its actions: so a rank that is killed
 * at one has decided, and done nothing of it.
 *
 * Environment: FAULT, "SIGNAL COUNT PATTERN": a number, which of the lines that match, and an
 * extended regular expression; FAULT_AT, a file that is made when it has come; FAULT_PIDS, the
 * files that hold the process numbers of the victims.
 */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <regex.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static struct {
	FILE *real;
	int signal;
	int left; /* lines that match until it comes */
	regex_t pattern;
	char buffer[1 << 16]; /* of the stream: a line is never longer */
	char line[1 << 16];
} fault;

/* For our own mistakes: the test sees that the moment never came. */
static _Noreturn void
give_up(const char *what)
{
	fprintf(stderr, "trace_fault: %s\n", what);
	abort();
}

static void
send_signals(void)
{
	char *files = strdup(getenv("FAULT_PIDS"));
	int at = open(getenv("FAULT_AT"), O_WRONLY | O_CREAT, 0600);

	if (files == NULL || at < 0)
		give_up("no memory, or no file");
	close(at);
	for (char *path = strtok(files, " "); path != NULL; path = strtok(NULL, " ")) {
		FILE *file = fopen(path, "r");
		int process;

		if (file == NULL || fscanf(file, "%d", &process) != 1)
			give_up("no victim");
		fclose(file);
		kill(process, fault.signal);
	}
	free(files);
}

/* Whole lines, as the stream's buffer is written at the end of each. */
static ssize_t
take_lines(void *cookie, const char *bytes, size_t length)
{
	size_t used = 0;

	(void)cookie;
	if (fwrite(bytes, 1, length, fault.real) != length || fflush(fault.real) != 0)
		return 0;
	while (used < length) {
		const char *end = memchr(bytes + used, '\n', length - used);
		size_t line = end == NULL ? length - used : (size_t)(end - bytes) - used;

		memcpy(fault.line, bytes + used, line);
		fault.line[line] = '\0';
		used += line + 1;
		if (fault.left > 0 && regexec(&fault.pattern, fault.line, 0, NULL, 0) == 0 &&
		    --fault.left == 0)
			send_signals();
	}
	return (ssize_t)length;
}

static int
close_real(void *cookie)
{
	(void)cookie;
	return fclose(fault.real);
}

static void
parse(const char *text)
{
	int used = 0;

	if (sscanf(text, "%d %d %n", &fault.signal, &fault.left, &used) != 2 || used == 0 ||
	    regcomp(&fault.pattern, text + used, REG_EXTENDED | REG_NOSUB) != 0)
		give_up("no such fault");
}

/* The only file that a rank opens in this way for writing ends in its number, after ".trace". */
static bool
is_trace(const char *path, const char *mode)
{
	const char *dot = strrchr(path, '.');

	return mode[0] == 'w' && dot != NULL && dot - path >= 6 &&
	    strncmp(dot - 6, ".trace", 6) == 0;
}

FILE *
fopen64(const char *path, const char *mode)
{
	FILE *(*real_fopen)(const char *, const char *);
	cookie_io_functions_t functions = {.write = take_lines, .close = close_real};
	FILE *file;

	*(void **)&real_fopen = dlsym(RTLD_NEXT, "fopen64");
	file = real_fopen(path, mode);
	if (file == NULL || getenv("FAULT") == NULL || !is_trace(path, mode))
		return file;
	parse(getenv("FAULT"));
	fault.real = file;
	file = fopencookie(NULL, "w", functions);
	if (file == NULL || setvbuf(file, fault.buffer, _IOLBF, sizeof(fault.buffer)) != 0)
		give_up("no stream");
	return file;
}

FILE *
fopen(const char *path, const char *mode)
{
	return fopen64(path, mode);
}
