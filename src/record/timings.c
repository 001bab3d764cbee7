/*
 * The timings file: see timings.h.  Its attributes are filled in here, its tables in
 * timings_tables.c and timings_failures.c.
 *
 * HDF5 makes it in memory and our own code writes it out.  So a full or
 * failing disk is an errno like any other, never an HDF5 file that can't be
 * closed any more; and how HDF5 opens files (links, locks) doesn't matter.
 */
#include "record/timings.h"

#include "beneath/put.h"
#include "record/h5_write.h"
#include "record/schema.h"
#include "record/timings_read.h"
#include "record/timings_tables.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* The memory grows by this much at a time. */
enum { IMAGE_STEP_BYTES = 1 << 20 };

/* An attribute holds 64 KiB at most, of which an argument takes 16 bytes. */
enum { ARGUMENTS_MAX = 4000 };

static int
library_version(char *text, size_t capacity)
{
	unsigned major, minor, release;

	if (H5get_libversion(&major, &minor, &release) < 0)
		return -1;
	snprintf(text, capacity, "%u.%u.%u", major, minor, release);
	return 0;
}

const char *
sc_timings_library(void)
{
	static char text[64];
	char version[48];

	if (library_version(version, sizeof(version)) != 0)
		return "HDF5";
	snprintf(text, sizeof(text), "HDF5 %s", version);
	return text;
}

/* The attributes, as the reader of the file gets them; texts are borrowed. */
static struct sc_past_run
attributes(const struct sc_timings_run *run, const struct sc_plan *plan,
    const struct sc_timings_results *results)
{
	struct sc_past_run past = {
		.program_version = run->program_version,
		.mpi_version = run->mpi_version,
		.source = run->source,
		.source_digest = run->digest,
		.outcome = run->outcome,
		.size_bytes = plan->size_bytes,
		.chunk_bytes = plan->chunk_bytes,
		.chunks = plan->chunks,
		.recipients = plan->recipients,
		.subfiles = plan->subfiles,
		.tree_groups = plan->tree_groups,
		.branching = plan->branching,
		.trees = plan->trees,
		.groups = plan->group_count,
		.window = plan->window,
		.slots = plan->slots,
		.store_and_forward = plan->store_and_forward,
		.exit_status = run->exit_status,
		.origin_keeps_copy = !run->origin_keeps_no_copy,
		.had_it_before = run->had_it_before,
		.started_unix_s = (double)run->started_unix_ns / 1e9,
		.elapsed_s = run->elapsed_s,
		.predicted_s = run->predicted_s,
	};

	for (uint32_t i = 0; i < results->count; i++)
		past.events_dropped += results->nodes[i].timeline.dropped;
	return past;
}

static int
put_attribute(hid_t file, const struct sc_attribute *attribute, const struct sc_past_run *run,
    struct sc_error *err)
{
	const void *value = (const char *)run + attribute->offset;
	uint64_t count = 0;

	switch (attribute->kind) {
	case SC_ATTRIBUTE_TEXT:
		return sc_h5_put_text(file, attribute->name, *(const char *const *)value, err);
	case SC_ATTRIBUTE_SECONDS:
		return sc_h5_put_number(file, attribute->name, H5T_NATIVE_DOUBLE, value, err);
	case SC_ATTRIBUTE_COUNT:
		count = *(const uint64_t *)value;
		break;
	case SC_ATTRIBUTE_COUNT32:
		count = *(const uint32_t *)value;
		break;
	case SC_ATTRIBUTE_FLAG:
		count = *(const bool *)value;
		break;
	}
	return sc_h5_put_number(file, attribute->name, H5T_NATIVE_UINT64, &count, err);
}

static int
put_attributes(hid_t file, const struct sc_past_run *run, int argc, char *const *argv,
    struct sc_error *err)
{
	const uint64_t version = SC_SCHEMA_VERSION;
	char library[48];

	assert(argc >= 0);
	if (library_version(library, sizeof(library)) != 0)
		return sc_h5_fail(err, "hdf5_version");
	if (sc_h5_put_text(file, "program", "stagecast", err) != 0 ||
	    sc_h5_put_text(file, "hdf5_version", library, err) != 0 ||
	    sc_h5_put_text(file, "time_unit", "s", err) != 0 ||
	    sc_h5_put_number(file, "schema_version", H5T_NATIVE_UINT64, &version, err) != 0)
		return -1;
	for (size_t i = 0; i < SC_ATTRIBUTES; i++) {
		if (put_attribute(file, &sc_schema_attributes[i], run, err) != 0)
			return -1;
	}
	return sc_h5_put_texts(file, "argv", (const char *const *)argv,
	    (size_t)(argc < ARGUMENTS_MAX ? argc : ARGUMENTS_MAX), err);
}

/* A file in memory.  Its format is the oldest one, HDF5's default: of newer
 * ones H5Fget_file_image gives, up to HDF5 1.14, an image whose checksum is
 * wrong (HDFGroup/hdf5 #1915). */
static hid_t
create_image(struct sc_error *err)
{
	hid_t access = H5Pcreate(H5P_FILE_ACCESS);
	hid_t file = H5I_INVALID_HID;

	if (access >= 0 && H5Pset_fapl_core(access, IMAGE_STEP_BYTES, 0) >= 0)
		file = H5Fcreate(sc_h5_image_name, H5F_ACC_TRUNC, H5P_DEFAULT, access);
	if (file < 0)
		(void)sc_h5_fail(err, "a file in memory");
	if (sc_h5_close(access, file < 0 ? -1 : 0, err) != 0) {
		(void)sc_h5_close(file, -1, NULL);
		return H5I_INVALID_HID;
	}
	return file;
}

static int
fill_image(hid_t file, const struct sc_timings_run *run, const struct sc_plan *plan,
    const struct sc_timings_results *results, struct sc_error *err)
{
	const struct sc_past_run past = attributes(run, plan, results);

	if (put_attributes(file, &past, run->argc, run->argv, err) != 0 ||
	    sc_h5_put_group(file, "/types", err) != 0)
		return -1;
	for (size_t i = 0; i < SC_SCHEMA_ENUMS; i++) {
		if (sc_h5_put_enum(file, &sc_schema_enums[i], err) != 0)
			return -1;
	}
	if (sc_timings_put_plan(file, plan, err) != 0 ||
	    sc_timings_put_nodes(file, results, err) != 0 ||
	    sc_timings_put_events(file, results, err) != 0 ||
	    sc_timings_put_failures(file, plan, results, err) != 0)
		return -1;
	if (run->strategy_count == 0)
		return 0;
	return sc_timings_put_strategies(file, run->strategies, run->strategy_count, err);
}

/* The bytes of the file (free them), or NULL. */
static void *
copy_image(hid_t file, size_t *length, struct sc_error *err)
{
	void *bytes;
	ssize_t size = -1;

	if (H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0)
		size = H5Fget_file_image(file, NULL, 0);
	if (size <= 0) {
		(void)sc_h5_fail(err, "an image");
		return NULL;
	}
	bytes = malloc((size_t)size);
	if (bytes == NULL) {
		(void)sc_fail(err, 0, "not enough memory for it");
		return NULL;
	}
	if (H5Fget_file_image(file, bytes, (size_t)size) != size) {
		(void)sc_h5_fail(err, "an image");
		free(bytes);
		return NULL;
	}
	*length = (size_t)size;
	return bytes;
}

static void *
make_image(const struct sc_timings_run *run, const struct sc_plan *plan,
    const struct sc_timings_results *results, size_t *length, struct sc_error *err)
{
	hid_t file = create_image(err);
	void *bytes = NULL;

	if (file < 0)
		return NULL;
	if (fill_image(file, run, plan, results, err) == 0)
		bytes = copy_image(file, length, err);
	if (sc_h5_close(file, bytes == NULL ? -1 : 0, err) != 0) {
		free(bytes);
		return NULL;
	}
	return bytes;
}

int
sc_timings_write(const char *path, const struct sc_timings_run *run, const struct sc_plan *plan,
    const struct sc_timings_node *nodes, uint32_t count, struct sc_error *err)
{
	const struct sc_timings_results results = {nodes, count, run->started_ns};
	struct sc_error why;
	void *bytes = NULL;
	size_t length;
	int status = -1;

	if (sc_h5_be_silent() != 0)
		(void)sc_h5_fail(&why, "its messages silent");
	else
		bytes = make_image(run, plan, &results, &length, &why);
	if (bytes != NULL)
		status = sc_put_file(path, bytes, length, &why);
	free(bytes);
	if (status != 0) {
		(void)sc_fail(err, 0, "timings file %s: %s", path, why.text);
		if (err != NULL)
			err->errnum = why.errnum;
	}
	return status;
}
