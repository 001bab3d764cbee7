/*
 * The command line of a program, by its table of options.  Every program has --version and --help;
 * they are in no table.
 */
#ifndef SC_CLI_COMMAND_H
#define SC_CLI_COMMAND_H

#include "cli/option.h"

#include <stdio.h>

struct sc_command {
	const char *name;
	const char *intro; /* of --help: usage, and what the program does; ends with a newline */
	const char *outro; /* of --help: what follows the options */
	const struct sc_option *options;
	size_t bytes; /* of the struct that the options are read into */
	/* Set defaults; options are all zero before.  NULL: none. */
	void (*prepare)(void *options);
	/* After all options: do they fit together, and what are the operands?  0, or -1 with *err. */
	int (*check)(void *options, int count, char **operands, struct sc_error *err);
};

/* What a command line asks for. */
enum { SC_REQUEST_RUN, SC_REQUEST_HELP, SC_REQUEST_VERSION };

/*
 * Parse argv, whose operands are moved to its end.  Texts point into argv.  Returns the request, or
 * -1 with a sentence for the user.  `check` is called only if the request is to run.
 */
int sc_command_parse(const struct sc_command *, void *options, int argc, char **argv,
    struct sc_error *);

/* Print --help: no line is longer than 80 columns if intro and outro are not. */
void sc_command_help(const struct sc_command *, FILE *);

/*
 * Begin a program: parse its command line, tell what is wrong with it on standard error, print what
 * --help or --version ask for.  True: the program goes on.  False: *status is its exit status, 2
 * for a mistake.  print_version is NULL in a process that is not to speak: its status is 0 then.
 */
bool sc_command_begin(const struct sc_command *, void *options, int argc, char **argv,
    void (*print_version)(void), int *status);

#endif
