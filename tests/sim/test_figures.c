/*
 * Repairs as the figures of the source text show them: small simulated runs whose
 * detours are compared with tests/sim/figures/, line by line.
 *
 * Nodes have the names of the text, N3^2 being member 3 of group 2; N0 is the origin, F3 the third
 * subfile.  With a folder as argument the program writes its own files there instead,
 * with the comments of those that are there.
 */
#include "lib/staging.h"
#include "lib/suite.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES = 1 << 16, NAME_BYTES = 32, FAULTS = 2 };

struct figure {
	const char *name;
	uint32_t recipients;
	uint32_t tree_groups;
	uint32_t buddy;
	uint32_t fault_count;
	struct sc_fault faults[FAULTS];
};

static const uint64_t ms = 1000000;

static const struct figure figures[] = {
	{"9", 12, 3, 12, 1,
		{{.node = 3,
			.kind = SC_FAULT_CRASH,
			.trigger = SC_FAULT_AT_STORED,
			.at = 4,
			.actions = SC_NONE}}},
	{"9-origin", 12, 3, 0, 1,
		{{.node = 3,
			.kind = SC_FAULT_CRASH,
			.trigger = SC_FAULT_AT_STORED,
			.at = 4,
			.actions = SC_NONE}}},
	{"10", 12, 3, 12, 1,
		{{.node = 3,
			.kind = SC_FAULT_HANG,
			.trigger = SC_FAULT_AT_STORED,
			.at = 38,
			.duration_ns = SC_FAULT_FOR_EVER}}},
	{"11", 12, 3, 0, 1,
		{{.node = 7,
			.kind = SC_FAULT_CRASH,
			.trigger = SC_FAULT_AT_STORED,
			.at = 12,
			.actions = SC_NONE}}},
	{"12-secondary-initial", 12, 2, 8, 1,
		{{.node = 3,
			.kind = SC_FAULT_CRASH,
			.trigger = SC_FAULT_AT_STORED,
			.at = 48,
			.actions = SC_NONE}}},
	{"12-secondary-subsequent", 20, 2, 0, 1,
		{{.node = 7,
			.kind = SC_FAULT_CRASH,
			.trigger = SC_FAULT_AT_STORED,
			.at = 48,
			.actions = SC_NONE}}},
	{"stand-in", 12, 3, 0, 2,
		{{.node = 7,
			 .kind = SC_FAULT_CRASH,
			 .trigger = SC_FAULT_AT_STORED,
			 .at = 12,
			 .actions = SC_NONE},
			{.node = 3,
				.kind = SC_FAULT_CRASH,
				.trigger = SC_FAULT_AT_TIME,
				.at = 11 * ms,
				.actions = SC_NONE}}},
	{"origin", 8, 2, 8, 1,
		{{.node = 0,
			.kind = SC_FAULT_CRASH,
			.trigger = SC_FAULT_AT_STORED,
			.at = 20,
			.actions = SC_NONE}}},
};

/* What is told of a run. */
struct tale {
	const struct sc_plan *plan;
	char *text; /* TEXT_BYTES */
	size_t length;
};

static const char *
name_of(const struct tale *tale, uint32_t node, char name[NAME_BYTES])
{
	uint32_t member;
	uint32_t group;

	if (node == SC_ORIGIN) {
		snprintf(name, NAME_BYTES, "N0");
	} else {
		group = sc_plan_group_of(tale->plan, node, &member);
		snprintf(name, NAME_BYTES, "N%u^%u", member + 1, group + 1);
	}
	return name;
}

static void
tell(struct tale *tale, uint64_t time_ns, const char *format, ...)
{
	size_t left = TEXT_BYTES - tale->length;
	va_list arguments;
	int length;

	length = snprintf(tale->text + tale->length, left, "%9.3f ms  ", (double)time_ns * 1e-6);
	tale->length += (size_t)length;
	left -= (size_t)length;
	va_start(arguments, format);
	length = vsnprintf(tale->text + tale->length, left, format, arguments);
	va_end(arguments);
	if ((size_t)length + 1 >= left)
		abort();
	tale->length += (size_t)length;
	tale->text[tale->length++] = '\n';
	tale->text[tale->length] = '\0';
}

static void
on_struck(void *context, uint64_t time_ns, const struct sc_fault *fault)
{
	struct tale *tale = context;
	char name[NAME_BYTES];

	tell(tale, time_ns, "%s %s", name_of(tale, fault->node, name),
	    fault->kind == SC_FAULT_CRASH ? "crashes" : "hangs");
}

static void
on_record(void *context, uint32_t node, uint64_t time_ns, const struct sc_record *record)
{
	struct tale *tale = context;
	char self[NAME_BYTES];
	char peer[NAME_BYTES] = "";

	name_of(tale, node, self);
	if (record->peer != SC_NONE)
		name_of(tale, record->peer, peer);
	switch (record->what) {
	case SC_RECORD_PEER_FAILED:
		tell(tale, time_ns, "%s learns that %s %s", self, peer,
		    record->count == SC_FAILURE_ENDED ? "has ended" : "is silent");
		break;
	case SC_RECORD_DETOUR:
		tell(tale, time_ns, "%s asks %s for F%u, %" PRIu64 " chunk%s", self, peer,
		    record->subfile + 1, record->count, record->count == 1 ? "" : "s");
		break;
	case SC_RECORD_DETOUR_BEGUN:
		tell(tale, time_ns, "%s begins to send F%u to %s", peer, record->subfile + 1, self);
		break;
	case SC_RECORD_TAKEOVER:
		tell(tale, time_ns, "%s leads instead of %s", self, peer);
		break;
	case SC_RECORD_CUT_OFF:
		tell(tale, time_ns, "%s is out", self);
		break;
	case SC_RECORD_COMMITTED:
		tell(tale, time_ns, "%s has the file", self);
		break;
	default:
		break;
	}
}

/* The run of a figure, told into text.  Did all have the file but those with faults? */
static bool
run(const struct figure *figure, char *text)
{
	struct sc_staging staging;
	struct tale tale = {.plan = &staging.plan, .text = text};
	const struct sc_sim_result *result = &staging.result;
	bool good;

	sc_staging_set_up(&staging, figure->recipients, figure->tree_groups);
	staging.config.buddy = figure->buddy;
	staging.config.eager_bytes = 4096;
	staging.config.listener =
	    (struct sc_sim_listener){.context = &tale, .record = on_record, .struck = on_struck};
	good = sc_staging_run(&staging, figure->faults, figure->fault_count) == 0 &&
	    sc_sim_status(&staging.config, result) == 3 &&
	    result->committed == figure->recipients + 1 - figure->fault_count &&
	    result->failures_named == figure->fault_count;
	sc_staging_tear_down(&staging);
	return good;
}

static FILE *
open_figure(const char *folder, const char *name, const char *mode)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/figure-%s.txt", folder, name);
	return fopen(path, mode);
}

/* The lines of a file that are its comment, or the others.  False: there is no such file. */
static bool
read_figure(const char *folder, const char *name, bool comment, char *text)
{
	FILE *file = open_figure(folder, name, "r");
	char line[1024];
	size_t length = 0;
	bool good;

	text[0] = '\0';
	if (file == NULL)
		return false;
	while (fgets(line, sizeof(line), file) != NULL) {
		if ((line[0] == '#') == comment && length + strlen(line) < TEXT_BYTES)
			length += (size_t)snprintf(text + length, TEXT_BYTES - length, "%s", line);
	}
	good = ferror(file) == 0;
	return fclose(file) == 0 && good;
}

static void
check_figure(const struct figure *figure)
{
	const char *source = getenv("SRCDIR");
	char *text = calloc(2, TEXT_BYTES);
	char *expected = text + TEXT_BYTES;
	char folder[4096];

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	snprintf(folder, sizeof(folder), "%s/tests/sim/figures", source == NULL ? "." : source);
	CU_ASSERT_TRUE(run(figure, text));
	CU_ASSERT_TRUE(read_figure(folder, figure->name, false, expected));
	if (strcmp(text, expected) != 0)
		fprintf(stderr, "figure %s is told otherwise:\n%s", figure->name, text);
	CU_ASSERT_STRING_EQUAL(text, expected);
	free(text);
}

static void
test_figures(void)
{
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		check_figure(&figures[i]);
}

static int
write_figures(const char *folder)
{
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		char *text = calloc(2, TEXT_BYTES);
		char *comment = text + TEXT_BYTES;
		FILE *file;

		if (text == NULL || !run(&figures[i], text))
			return 1;
		(void)read_figure(folder, figures[i].name, true, comment);
		file = open_figure(folder, figures[i].name, "w");
		if (file == NULL || fputs(comment, file) < 0 || fputs(text, file) < 0)
			return 1;
		if (fclose(file) != 0)
			return 1;
		free(text);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	CU_TestInfo tests[] = {
		{"repairs follow the figures", test_figures},
		CU_TEST_INFO_NULL,
	};

	if (argc > 1)
		return write_figures(argv[1]);
	return sc_run_suite("figures", tests);
}
