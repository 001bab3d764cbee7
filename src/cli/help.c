/*
 * The text of --help, from the table of options: see command.h.
 */
#include "cli/command.h"

#include <string.h>

/* Where what is said of an option begins, and where lines end. */
enum { TEXT_COLUMN = 27, WIDTH = 80 };

/* Print words from TEXT_COLUMN on; `column` is where the line ends so far. */
static void
print_text(FILE *out, const char *text, int column)
{
	/* Completion in bash tells the text from the option by the two blanks between them. */
	bool is_fresh = column + 2 <= TEXT_COLUMN;

	if (is_fresh)
		fprintf(out, "%*s", TEXT_COLUMN - column, "");
	column = is_fresh ? TEXT_COLUMN : WIDTH;
	while (*text != '\0') {
		int length = (int)strcspn(text, " ");

		if (column + 1 + length > WIDTH) {
			fprintf(out, "\n%*s", TEXT_COLUMN, "");
			column = TEXT_COLUMN;
			is_fresh = true;
		}
		column += fprintf(out, "%s%.*s", is_fresh ? "" : " ", length, text);
		is_fresh = false;
		text += length + (text[length] == ' ');
	}
	fputc('\n', out);
}

static void
print_option(FILE *out, char letter, const char *name, const char *argument, const char *text)
{
	int column = letter == 0 ? fprintf(out, "      ") : fprintf(out, "  -%c, ", letter);

	column += fprintf(out, "--%s%s", name, argument == NULL ? "" : argument);
	print_text(out, text, column);
}

static void
print_table(FILE *out, const struct sc_option *option)
{
	for (; option->value.kind != SC_VALUE_END; option++) {
		if (option->value.kind == SC_VALUE_HEADING)
			fprintf(out, "\n%s\n", option->help);
		else if (option->value.kind == SC_VALUE_TABLE)
			print_table(out, option->value.table);
		else if (option->help != NULL)
			print_option(out, option->letter, option->name, option->value.argument,
			    option->help);
	}
}

void
sc_command_help(const struct sc_command *command, FILE *out)
{
	fputs(command->intro, out);
	print_table(out, command->options);
	print_option(out, 'V', "version", NULL, "print the version, and those of libraries");
	print_option(out, 'h', "help", NULL, "print this text");
	fputs(command->outro, out);
}
