/*
 * The timings file: see timings.h.  Its attributes and the plan are filled in here, the
 * rest in timings_tables.c.
 *
 * HDF5 makes it in memory and our own code writes it out.  So a full or
 * failing disk is an errno like any other, never an HDF5 file that can't be
 * closed any more; and how HDF5 opens files (links, locks) doesn't matter.
 */
#include "record/timings.h"

#include "beneath/put.h"
#include "record/h5.h"
#include "record/timings_tables.h"
#include "record/timings_types.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* The memory grows by this much at a time. */
enum { IMAGE_STEP_BYTES = 1 << 20 };

/* An attribute holds 64 KiB at most, of which an argument takes 16. */
enum { ARGUMENTS_MAX = 4000 };

/* HDF5 wants a name for the file in memory and looks whether there is such a
 * file on disk: there can't be. */
static const char image_name[] = "/dev/null/timings";

struct plan_node_row {
	int32_t node;
	int32_t group;
	int32_t member;
	int32_t tree;
	int32_t depth;
	int32_t parent;
};

struct edge_row {
	int32_t from;
	int32_t to;
	int32_t subfile;
	uint8_t kind;
};

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

static int
put_texts(hid_t file, const struct sc_timings_run *run, struct sc_error *err)
{
	char version[48];

	if (library_version(version, sizeof(version)) != 0)
		return sc_h5_fail(err, "hdf5_version");

	const struct {
		const char *name;
		const char *text;
	} texts[] = {
		{"program", "stagecast"},
		{"program_version", run->program_version},
		{"mpi_version", run->mpi_version},
		{"hdf5_version", version},
		{"source", run->source},
		{"source_digest", run->digest},
		{"outcome", run->outcome},
		{"time_unit", "s"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (sc_h5_put_text(file, texts[i].name, texts[i].text, err) != 0)
			return -1;
	}
	assert(run->argc >= 0);
	return sc_h5_put_texts(file, "argv", (const char *const *)run->argv,
	    (size_t)(run->argc < ARGUMENTS_MAX ? run->argc : ARGUMENTS_MAX), err);
}

static int
put_numbers(hid_t file, const struct sc_timings_run *run, const struct sc_plan *plan,
    uint64_t dropped, struct sc_error *err)
{
	const struct {
		const char *name;
		uint64_t value;
	} counts[] = {
		{"schema_version", SC_TIMINGS_SCHEMA_VERSION},
		{"size_bytes", plan->size_bytes},
		{"chunk_bytes", plan->chunk_bytes},
		{"chunks", plan->chunks},
		{"recipients", plan->recipients},
		{"subfiles", plan->subfiles},
		{"tree_groups", plan->tree_groups},
		{"branching", plan->branching},
		{"trees", plan->trees},
		{"groups", plan->group_count},
		{"window", plan->window},
		{"slots", plan->slots},
		{"store_and_forward", plan->store_and_forward},
		{"exit_status", run->exit_status},
		{"origin_keeps_copy", !run->origin_keeps_no_copy},
		{"had_it_before", run->had_it_before},
		{"events_dropped", dropped},
	};
	const struct {
		const char *name;
		double value;
	} times[] = {
		{"started_unix_s", (double)run->started_unix_ns / 1e9},
		{"elapsed_s", run->elapsed_s},
		{"predicted_s", run->predicted_s},
	};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		if (sc_h5_put_number(file, counts[i].name, H5T_NATIVE_UINT64, &counts[i].value,
			err) != 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		if (sc_h5_put_number(file, times[i].name, H5T_NATIVE_DOUBLE, &times[i].value,
			err) != 0)
			return -1;
	}
	return 0;
}

static void
fill_plan_node(void *out, uint64_t index, const void *context)
{
	const struct sc_plan *plan = context;
	struct plan_node_row *row = out;
	uint32_t node = (uint32_t)index;
	uint32_t group, member;

	if (node == SC_ORIGIN) {
		*row = (struct plan_node_row){SC_ORIGIN, -1, -1, -1, -1, -1};
		return;
	}
	group = sc_plan_group_of(plan, node, &member);
	row->node = sc_timings_number(node);
	row->group = sc_timings_number(group);
	row->member = sc_timings_number(member);
	row->tree = sc_timings_number(plan->groups[group].tree);
	row->depth = sc_timings_number(plan->groups[group].depth);
	row->parent = sc_timings_number(sc_plan_parent(plan, node));
}

/* Every recipient has one supplier of each subfile: these are all the edges. */
static void
fill_edge(void *out, uint64_t index, const void *context)
{
	const struct sc_plan *plan = context;
	struct edge_row *row = out;
	uint32_t node = (uint32_t)(index / plan->subfiles) + 1;
	uint32_t subfile = (uint32_t)(index % plan->subfiles);
	struct sc_edge edge = sc_plan_supplier(plan, node, subfile);

	assert(edge.to == node && edge.subfile == subfile);
	row->from = sc_timings_number(edge.from);
	row->to = sc_timings_number(edge.to);
	row->subfile = sc_timings_number(edge.subfile);
	row->kind = (uint8_t)edge.kind;
}

static int
put_plan(hid_t file, const struct sc_timings_types *types, const struct sc_plan *plan,
    struct sc_error *err)
{
	const struct sc_h5_column node_columns[] = {
		SC_H5_COLUMN(struct plan_node_row, node, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct plan_node_row, group, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct plan_node_row, member, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct plan_node_row, tree, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct plan_node_row, depth, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct plan_node_row, parent, H5T_NATIVE_INT32),
	};
	const struct sc_h5_column edge_columns[] = {
		SC_H5_COLUMN(struct edge_row, from, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct edge_row, to, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct edge_row, subfile, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct edge_row, kind, types->edge_kind),
	};
	const struct sc_h5_table nodes = {
		"nodes",
		node_columns,
		sizeof(node_columns) / sizeof(node_columns[0]),
		sizeof(struct plan_node_row),
		(uint64_t)plan->recipients + 1,
		fill_plan_node,
		plan,
	};
	const struct sc_h5_table edges = {
		"edges",
		edge_columns,
		sizeof(edge_columns) / sizeof(edge_columns[0]),
		sizeof(struct edge_row),
		(uint64_t)plan->recipients * plan->subfiles,
		fill_edge,
		plan,
	};
	hid_t group = H5Gcreate2(file, "plan", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	int status;

	if (group < 0)
		return sc_h5_fail(err, "plan");
	status = sc_h5_put_table(group, &nodes, err);
	if (status == 0)
		status = sc_h5_put_table(group, &edges, err);
	return sc_h5_close(group, status, err);
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
		file = H5Fcreate(image_name, H5F_ACC_TRUNC, H5P_DEFAULT, access);
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
    const struct sc_timings_reports *reports, struct sc_error *err)
{
	struct sc_timings_types types;
	uint64_t dropped = 0;
	int status = -1;

	for (uint32_t i = 0; i < reports->count; i++)
		dropped += reports->nodes[i]->timeline.dropped;
	if (put_texts(file, run, err) != 0 || put_numbers(file, run, plan, dropped, err) != 0)
		return -1;
	if (sc_timings_types_make(&types, file, err) == 0 &&
	    put_plan(file, &types, plan, err) == 0 &&
	    sc_timings_put_nodes(file, &types, reports, err) == 0 &&
	    sc_timings_put_events(file, &types, reports, err) == 0 &&
	    sc_timings_put_failures(file, plan, reports, err) == 0 &&
	    (run->strategy_count == 0 ||
		sc_timings_put_strategies(file, run->strategies, run->strategy_count, err) == 0))
		status = 0;
	return sc_timings_types_close(&types, status, err);
}

/* The bytes of the file (free them), or NULL. */
static void *
take_image(hid_t file, size_t *length, struct sc_error *err)
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
    const struct sc_timings_reports *reports, size_t *length, struct sc_error *err)
{
	hid_t file = create_image(err);
	void *bytes = NULL;

	if (file < 0)
		return NULL;
	if (fill_image(file, run, plan, reports, err) == 0)
		bytes = take_image(file, length, err);
	if (sc_h5_close(file, bytes == NULL ? -1 : 0, err) != 0) {
		free(bytes);
		return NULL;
	}
	return bytes;
}

static int
compare_nodes(const void *left, const void *right)
{
	const struct sc_timings_node *const *a = left, *const *b = right;

	return ((*a)->report.node > (*b)->report.node) - ((*a)->report.node < (*b)->report.node);
}

int
sc_timings_write(const char *path, const struct sc_timings_run *run, const struct sc_plan *plan,
    const struct sc_timings_node *nodes, uint32_t count, struct sc_error *err)
{
	struct sc_timings_reports reports = {.count = count, .started_ns = run->started_ns};
	struct sc_error why = {.text = "not enough memory"};
	void *bytes = NULL;
	size_t length;
	int status = -1;

	reports.nodes = malloc(((size_t)count + 1) * sizeof(*reports.nodes));
	if (reports.nodes == NULL)
		goto out;
	for (uint32_t i = 0; i < count; i++)
		reports.nodes[i] = &nodes[i];
	qsort(reports.nodes, count, sizeof(*reports.nodes), compare_nodes);

	if (H5Eset_auto2(H5E_DEFAULT, NULL, NULL) < 0) {
		(void)sc_h5_fail(&why, "its messages silent");
		goto out;
	}
	bytes = make_image(run, plan, &reports, &length, &why);
	if (bytes == NULL)
		goto out;
	status = sc_put_file(path, bytes, length, &why);
out:
	free(bytes);
	free(reports.nodes);
	if (status != 0) {
		(void)sc_fail(err, 0, "timings file %s: %s", path, why.text);
		if (err != NULL)
			err->errnum = why.errnum;
	}
	return status;
}
