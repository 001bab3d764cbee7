/*
 * Reading a timings file back: see timings_read.h.
 *
 * As when it is written, HDF5 sees the file only in memory: a file that can't
 * be read is an errno like any other, and locks and links don't matter.
 */
#include "record/timings_read.h"

#include "base/limits.h"
#include "record/h5_read.h"
#include "record/schema.h"
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
	/* Without O_NONBLOCK a pipe that has no writer would block before it is refused. */
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
		rc = sc_h5_get_number(file, "schema_version", false, H5T_NATIVE_UINT64, &version,
		    err);
	if (rc == 0 && version != SC_SCHEMA_VERSION)
		rc = sc_fail(err, 0,
		    "its schema has version %" PRIu64 ", and only version %d is known here",
		    version, SC_SCHEMA_VERSION);
	return rc;
}

static int
get_text(hid_t file, const char *name, const char **value, struct sc_error *err)
{
	char *text = NULL;

	if (sc_h5_get_text(file, name, true, &text, err) != 0)
		return -1;
	*value = text == NULL ? strdup("") : text;
	return *value == NULL ? sc_fail(err, 0, "no memory for %s", name) : 0;
}

/* A count that is needed has a range. */
static int
get_count(hid_t file, const struct sc_attribute *attribute, uint64_t *count, struct sc_error *err)
{
	if (sc_h5_get_number(file, attribute->name, attribute->max == 0, H5T_NATIVE_UINT64, count,
		err) != 0)
		return -1;
	if (attribute->max > 0 && (*count < attribute->min || *count > attribute->max))
		return sc_fail(err, 0, "%s is %" PRIu64 ", which can't be: damaged",
		    attribute->name, *count);
	return 0;
}

static int
get_attribute(hid_t file, const struct sc_attribute *attribute, struct sc_past_run *run,
    struct sc_error *err)
{
	void *value = (char *)run + attribute->offset;
	uint64_t count = 0;
	int rc = 0;

	switch (attribute->kind) {
	case SC_ATTRIBUTE_TEXT:
		return get_text(file, attribute->name, value, err);
	case SC_ATTRIBUTE_SECONDS:
		return sc_h5_get_number(file, attribute->name, true, H5T_NATIVE_DOUBLE, value, err);
	case SC_ATTRIBUTE_COUNT:
		return get_count(file, attribute, value, err);
	case SC_ATTRIBUTE_COUNT32:
		rc = get_count(file, attribute, &count, err);
		*(uint32_t *)value = (uint32_t)count;
		break;
	case SC_ATTRIBUTE_FLAG:
		count = *(bool *)value;
		rc = get_count(file, attribute, &count, err);
		*(bool *)value = count != 0;
		break;
	}
	return rc;
}

static int
get_attributes(hid_t file, struct sc_past_run *run, struct sc_error *err)
{
	for (size_t i = 0; i < SC_ATTRIBUTES; i++) {
		if (get_attribute(file, &sc_schema_attributes[i], run, err) != 0)
			return -1;
	}
	/* A time that no run can have is a sign of damage. */
	if (!isnan(run->elapsed_s) && !(run->elapsed_s >= 0 && run->elapsed_s <= SC_PAST_S_MAX))
		return sc_fail(err, 0, "elapsed_s is %g, which can't be: damaged", run->elapsed_s);
	/* These two are only printed. */
	if (!(run->started_unix_s >= 0 && run->started_unix_s <= 1e11))
		run->started_unix_s = NAN;
	if (!(run->predicted_s >= 0 && run->predicted_s <= SC_PAST_S_MAX))
		run->predicted_s = NAN;
	return sc_h5_get_texts(file, "argv", &run->argv, &run->argc, err);
}

static int
allocate(struct sc_past_run *run, struct sc_error *err)
{
	size_t nodes = (size_t)run->recipients + 1;
	size_t parts = nodes * run->subfiles;
	const struct sc_past_node blank = {
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
		run->parts[i] = (struct sc_past_part){SC_NONE, NAN, 0};
	return 0;
}

int
sc_timings_read(const char *path, struct sc_past_run *run, struct sc_error *err)
{
	struct sc_error why = {.text = ""};
	hid_t file;
	int rc = -1;

	*run = (struct sc_past_run){
		.origin_keeps_copy = true,
		.started_unix_s = NAN,
		.elapsed_s = NAN,
		.predicted_s = NAN,
		.leader = SC_NONE,
		.leader_before = SC_NONE,
		.takeover_s = NAN,
	};
	file = open_file(path, &why);
	if (file >= 0 && check_version(file, &why) == 0 && get_attributes(file, run, &why) == 0 &&
	    allocate(run, &why) == 0)
		rc = sc_timings_read_tables(file, run, &why);
	(void)sc_h5_close(file, -1, NULL);
	if (rc != 0) {
		sc_past_run_free(run);
		(void)sc_fail(err, 0, "%s: %s", path, why.text);
		if (err != NULL)
			err->errnum = why.errnum;
	}
	return rc;
}

static void
free_text(const char *text)
{
	free((char *)(uintptr_t)text);
}

void
sc_past_run_free(struct sc_past_run *run)
{
	for (size_t i = 0; i < SC_ATTRIBUTES; i++) {
		const struct sc_attribute *attribute = &sc_schema_attributes[i];

		if (attribute->kind == SC_ATTRIBUTE_TEXT)
			free_text(*(const char **)((char *)run + attribute->offset));
	}
	for (size_t i = 0; i < run->argc; i++)
		free(run->argv[i]);
	for (size_t i = 0; run->nodes != NULL && i <= run->recipients; i++) {
		/* Only those of nodes with a row are allocated. */
		if (run->nodes[i].reported) {
			free_text(run->nodes[i].host);
			free_text(run->nodes[i].cause);
		}
	}
	free(run->argv);
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
