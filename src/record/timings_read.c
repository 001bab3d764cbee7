/*
 * Reading a timings file back: see timings_read.h.
 *
 * As when it is written, HDF5 sees the file only in memory: a file that can't
 * be read is an errno like any other, and locks and links don't matter.
 */
#include "record/timings_read.h"

#include "base/limits.h"
#include "record/h5.h"
#include "record/h5_read.h"
#include "record/timings.h"
#include "record/timings_read_tables.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A million nodes, with hundreds of bytes and some dozens of events each. */
#define FILE_BYTES_MAX (INT64_C(4) << 30)

/* Nodes times subfiles, of 24 bytes each: a million nodes in groups of 16. */
enum { PARTS_MAX = 16 << 20 };

/* Read all of an open file.  The bytes (free them), or NULL. */
static void *
read_open_file(int fd, size_t *length, struct sc_error *err)
{
	struct stat facts;
	unsigned char *bytes = NULL;
	size_t size, used = 0;

	if (fstat(fd, &facts) != 0) {
		(void)sc_fail(err, errno, "can't be read");
		return NULL;
	}
	if (!S_ISREG(facts.st_mode) || facts.st_size > FILE_BYTES_MAX) {
		(void)sc_fail(err, 0, "not a timings file: %s",
		    S_ISREG(facts.st_mode) ? "too large" : "not a regular file");
		return NULL;
	}
	size = (size_t)facts.st_size;
	bytes = malloc(size + 1);
	if (bytes == NULL)
		(void)sc_fail(err, 0, "no memory for it");
	while (bytes != NULL && used < size) {
		ssize_t got = read(fd, bytes + used, size - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			(void)sc_fail(err, got < 0 ? errno : 0, "can't be read to its end");
			free(bytes);
			return NULL;
		}
		used += (size_t)got;
	}
	*length = size;
	return bytes;
}

static hid_t
open_file(const char *path, struct sc_error *err)
{
	/* A pipe without a writer must not hold us up before it is refused. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	hid_t file = H5I_INVALID_HID;
	size_t length;
	void *bytes;

	if (fd < 0) {
		(void)sc_fail(err, errno, "cannot open it");
		return file;
	}
	bytes = read_open_file(fd, &length, err);
	if (bytes != NULL && length == 0)
		(void)sc_fail(err, 0, "not a timings file: it is empty");
	else if (bytes != NULL)
		file = sc_h5_open_image(bytes, length, err);
	free(bytes);
	/* Nothing was written to it. */
	(void)close(fd);
	return file;
}

static int
check_version(hid_t file, struct sc_error *err)
{
	char *program = NULL;
	uint64_t version;
	int rc = 0;

	if (sc_h5_get_text(file, "program", false, &program, err) != 0)
		return -1;
	if (strcmp(program, "stagecast") != 0)
		rc = sc_fail(err, 0, "not a timings file of stagecast");
	free(program);
	if (rc == 0)
		rc = sc_h5_get_count(file, "schema_version", false, &version, err);
	if (rc == 0 && version != SC_TIMINGS_SCHEMA_VERSION)
		rc = sc_fail(err, 0,
		    "its schema has version %" PRIu64 ", and only version %d is known here",
		    version, SC_TIMINGS_SCHEMA_VERSION);
	return rc;
}

static int
get_texts(hid_t file, struct sc_past_run *run, struct sc_error *err)
{
	const struct {
		const char *name;
		char **text;
	} texts[] = {
		{"program_version", &run->program_version},
		{"mpi_version", &run->mpi_version},
		{"source", &run->source},
		{"source_digest", &run->source_digest},
		{"outcome", &run->outcome},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (sc_h5_get_text(file, texts[i].name, true, texts[i].text, err) != 0)
			return -1;
		if (*texts[i].text == NULL)
			*texts[i].text = strdup("");
		if (*texts[i].text == NULL)
			return sc_fail(err, 0, "no memory for %s", texts[i].name);
	}
	return sc_h5_get_texts(file, "argv", &run->argv, &run->argc, err);
}

/* A number without which there is nothing to say has a range. */
static int
get_numbers(hid_t file, struct sc_past_run *run, struct sc_error *err)
{
	uint64_t recipients = 0, subfiles = 0, store_and_forward = 0, origin_keeps_copy = 1;
	const struct {
		const char *name;
		uint64_t *value;
		uint64_t min, max; /* max 0: may be missing, or anything */
	} numbers[] = {
		{"recipients", &recipients, 0, SC_NODES_MAX},
		{"subfiles", &subfiles, 1, SC_GROUP_SIZE_MAX},
		{"size_bytes", &run->size_bytes, 0, UINT64_C(1) << 62},
		{"chunk_bytes", &run->chunk_bytes, 1, SC_CHUNK_BYTES_MAX},
		{"chunks", &run->chunks, 0, SC_CHUNKS_MAX},
		{"trees", &run->trees, 0, SC_NODES_MAX},
		{"groups", &run->groups, 0, SC_NODES_MAX},
		{"tree_groups", &run->tree_groups, 0, 0},
		{"branching", &run->branching, 0, 0},
		{"window", &run->window, 0, 0},
		{"slots", &run->slots, 0, 0},
		{"store_and_forward", &store_and_forward, 0, 0},
		{"exit_status", &run->exit_status, 0, 0},
		{"origin_keeps_copy", &origin_keeps_copy, 0, 0},
		{"had_it_before", &run->had_it_before, 0, 0},
		{"events_dropped", &run->events_dropped, 0, 0},
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (sc_h5_get_count(file, numbers[i].name, numbers[i].max == 0, numbers[i].value,
			err) != 0)
			return -1;
		if (numbers[i].max > 0 &&
		    (*numbers[i].value < numbers[i].min || *numbers[i].value > numbers[i].max))
			return sc_fail(err, 0, "%s is %" PRIu64 ", which can't be: damaged",
			    numbers[i].name, *numbers[i].value);
	}
	run->recipients = (uint32_t)recipients;
	run->subfiles = (uint32_t)subfiles;
	run->store_and_forward = store_and_forward != 0;
	run->origin_keeps_no_copy = origin_keeps_copy == 0;
	return 0;
}

/* A time that no run can have is a sign of damage. */
static int
get_times(hid_t file, struct sc_past_run *run, struct sc_error *err)
{
	run->started_unix_s = run->elapsed_s = run->predicted_s = NAN;
	if (sc_h5_get_double(file, "started_unix_s", true, &run->started_unix_s, err) != 0 ||
	    sc_h5_get_double(file, "elapsed_s", true, &run->elapsed_s, err) != 0 ||
	    sc_h5_get_double(file, "predicted_s", true, &run->predicted_s, err) != 0)
		return -1;
	if (!isnan(run->elapsed_s) && !(run->elapsed_s >= 0 && run->elapsed_s <= SC_PAST_S_MAX))
		return sc_fail(err, 0, "elapsed_s is %g, which can't be: damaged", run->elapsed_s);
	/* These are only told. */
	if (!(run->started_unix_s >= 0 && run->started_unix_s <= 1e11))
		run->started_unix_s = NAN;
	if (!(run->predicted_s >= 0 && run->predicted_s <= SC_PAST_S_MAX))
		run->predicted_s = NAN;
	return 0;
}

static int
allocate(struct sc_past_run *run, struct sc_error *err)
{
	size_t nodes = (size_t)run->recipients + 1;
	size_t parts = nodes * run->subfiles;
	const struct sc_past_node blank = {
		.rank = SC_NONE,
		.state = SC_NODE_STATE_UNKNOWN,
		.host = "",
		.cause = "",
		.group = SC_NONE,
		.member = SC_NONE,
		.tree = SC_NONE,
		.depth = SC_NONE,
		.first_chunk_s = NAN,
		.last_chunk_s = NAN,
		.stored_s = NAN,
		.committed_s = NAN,
		.network_stall_s = NAN,
		.storage_stall_s = NAN,
		.mark_s = {NAN, NAN, NAN, NAN},
		.send_begun_s = NAN,
		.send_ended_s = NAN,
		.failed_s = NAN,
		.detected_by = SC_NONE,
		.detour_s = NAN,
		.torpid_s = NAN,
		.last_detour = SC_NONE,
	};

	if (parts > PARTS_MAX)
		return sc_fail(err, 0, "%u recipients times %u subfiles are too many",
		    run->recipients, run->subfiles);
	run->nodes = calloc(nodes, sizeof(*run->nodes));
	run->parts = calloc(parts, sizeof(*run->parts));
	if (run->nodes == NULL || run->parts == NULL)
		return sc_fail(err, 0, "no memory for %u nodes", run->recipients);
	for (size_t i = 0; i < nodes; i++)
		run->nodes[i] = blank;
	for (size_t i = 0; i < parts; i++)
		run->parts[i] = (struct sc_past_part){SC_NONE, NAN, NAN, 0};
	return 0;
}

int
sc_timings_read(const char *path, struct sc_past_run *run, struct sc_error *err)
{
	struct sc_error why = {.text = ""};
	hid_t file;
	int rc = -1;

	*run = (struct sc_past_run){
		.leader = SC_NONE, .leader_before = SC_NONE, .takeover_s = (double)NAN};
	file = open_file(path, &why);
	if (file >= 0 && check_version(file, &why) == 0 && get_texts(file, run, &why) == 0 &&
	    get_numbers(file, run, &why) == 0 && get_times(file, run, &why) == 0 &&
	    allocate(run, &why) == 0)
		rc = sc_timings_take_tables(file, run, &why);
	(void)sc_h5_close(file, -1, NULL);
	if (rc != 0) {
		sc_past_run_free(run);
		(void)sc_fail(err, 0, "%s: %s", path, why.text);
		if (err != NULL)
			err->errnum = why.errnum;
	}
	return rc;
}

void
sc_past_run_free(struct sc_past_run *run)
{
	for (size_t i = 0; i < run->argc; i++)
		free(run->argv[i]);
	for (size_t i = 0; run->nodes != NULL && i <= run->recipients; i++) {
		/* Allocated with the row that told them. */
		if (run->nodes[i].reported) {
			free((char *)(uintptr_t)run->nodes[i].host);
			free((char *)(uintptr_t)run->nodes[i].cause);
		}
	}
	free(run->argv);
	free(run->program_version);
	free(run->mpi_version);
	free(run->source);
	free(run->source_digest);
	free(run->outcome);
	free(run->nodes);
	free(run->parts);
	free(run->detours);
	*run = (struct sc_past_run){0};
}

struct sc_past_part *
sc_past_part(const struct sc_past_run *run, uint32_t node, uint32_t subfile)
{
	assert(node <= run->recipients && subfile < run->subfiles);
	return &run->parts[(size_t)node * run->subfiles + subfile];
}
