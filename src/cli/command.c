/*
 * The command line of a program: see command.h.
 */
#include "cli/command.h"

#include <assert.h>
#include <getopt.h>
#include <string.h>

enum { OPTIONS_MAX = 80, FIRST_VALUE = 256 };

/* The options of a table and of those within it, as getopt_long takes them.  It returns FIRST_VALUE
 * and the number of an option, or its letter. */
struct parser {
	struct option longs[OPTIONS_MAX + 3];
	char letters[3 * OPTIONS_MAX + 4];
	const struct sc_option *options[OPTIONS_MAX];
	char *bases[OPTIONS_MAX]; /* what an option's offset is counted from */
	int count;
};

static void
add_letter(struct parser *parser, char letter, int has_arg)
{
	size_t length = strlen(parser->letters);

	parser->letters[length++] = letter;
	for (int i = 0; i < has_arg; i++)
		parser->letters[length++] = ':';
}

static void
add_options(struct parser *parser, const struct sc_option *option, char *base)
{
	for (; option->value.kind != SC_VALUE_END; option++) {
		const char *argument = option->value.argument;
		int has_arg = argument == NULL ? no_argument
		    : argument[0] == '['       ? optional_argument
					       : required_argument;

		if (option->value.kind == SC_VALUE_TABLE)
			add_options(parser, option->value.table, base + option->value.offset);
		if (option->name == NULL)
			continue;
		assert(parser->count < OPTIONS_MAX);
		parser->options[parser->count] = option;
		parser->bases[parser->count] = base;
		parser->longs[parser->count] =
		    (struct option){option->name, has_arg, NULL, FIRST_VALUE + parser->count};
		parser->count++;
		if (option->letter != 0)
			add_letter(parser, option->letter, has_arg);
	}
}

/* getopt_long returned ':' or '?': say what is wrong. */
static int
refuse(const struct parser *parser, int returned, char **argv, struct sc_error *err)
{
	if (returned == ':')
		return sc_fail(err, 0, "%s needs a value", argv[optind - 1]);
	/* A long option that was given a value but takes none has a letter that exists. */
	if (optopt > 0 && optopt < FIRST_VALUE && strchr(parser->letters, optopt) == NULL)
		return sc_fail(err, 0, "there is no option -%c", optopt);
	return sc_fail(err, 0, "%s: no such option, or it takes no value", argv[optind - 1]);
}

/* An option that getopt_long has found. */
static int
read_option(const struct parser *parser, int returned, struct sc_error *err)
{
	int i = returned - FIRST_VALUE;

	if (returned < FIRST_VALUE) {
		for (i = 0; parser->options[i]->letter != returned; i++)
			assert(i + 1 < parser->count);
	}
	return sc_value_read(parser->options[i], parser->bases[i], optarg, err);
}

int
sc_command_parse(const struct sc_command *command, void *options, int argc, char **argv,
    struct sc_error *err)
{
	struct parser parser = {.letters = ":hV"};
	int request = SC_REQUEST_RUN;
	int returned;

	memset(options, 0, command->bytes);
	if (command->prepare != NULL)
		command->prepare(options);
	add_options(&parser, command->options, options);
	parser.longs[parser.count] = (struct option){"version", no_argument, NULL, 'V'};
	parser.longs[parser.count + 1] = (struct option){"help", no_argument, NULL, 'h'};
	optind = 1;
	while ((returned = getopt_long(argc, argv, parser.letters, parser.longs, NULL)) != -1) {
		if (returned == ':' || returned == '?')
			return refuse(&parser, returned, argv, err);
		if (returned == 'V' || returned == 'h')
			request = returned == 'V' ? SC_REQUEST_VERSION : SC_REQUEST_HELP;
		else if (read_option(&parser, returned, err) != 0)
			return -1;
	}
	if (request != SC_REQUEST_RUN)
		return request;
	return command->check(options, argc - optind, argv + optind, err);
}

bool
sc_command_begin(const struct sc_command *command, void *options, int argc, char **argv,
    void (*print_version)(void), int *status)
{
	struct sc_error err;
	int request = sc_command_parse(command, options, argc, argv, &err);

	*status = 0;
	if (request == SC_REQUEST_RUN)
		return true;
	if (print_version == NULL)
		return false;
	if (request < 0) {
		fprintf(stderr, "%s: %s\nTry '%s --help'.\n", command->name, err.text,
		    command->name);
		*status = 2;
		return false;
	}
	if (request == SC_REQUEST_VERSION)
		print_version();
	else
		sc_command_help(command, stdout);
	if (fflush(stdout) != 0)
		*status = 1;
	return false;
}
