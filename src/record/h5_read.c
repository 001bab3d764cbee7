/*
 * Reading attributes and tables: see h5_read.h.
 */
#include "record/h5_read.h"

#include "record/h5_heap.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No part of a timings file that is read at once comes near to this: more is
 * a damaged file, and would only be a waste of memory. */
enum { PIECE_BYTES_MAX = 16 << 20 };

/* Texts of an attribute: the writer keeps 4000 arguments. */
enum { TEXTS_MAX = 16384 };

static int
damaged(struct sc_error *err, const char *what)
{
	return sc_fail(err, 0, "%s can't be read: the file is damaged", what);
}

static int
unexpected(struct sc_error *err, const char *what)
{
	return sc_fail(err, 0, "%s is not of the kind that it should be", what);
}

hid_t
sc_h5_open_image(void *bytes, size_t length, struct sc_error *err)
{
	hid_t access = H5I_INVALID_HID, file = H5I_INVALID_HID;

	if (!sc_h5_has_sound_heaps(bytes, length)) {
		(void)sc_fail(err, 0, "it is not an HDF5 file, or damaged");
		return file;
	}
	/* No messages of HDF5, and no plugin for a filter that the file asks for. */
	if (sc_h5_be_silent() == 0 && H5PLset_loading_state(0) >= 0)
		access = H5Pcreate(H5P_FILE_ACCESS);
	if (access >= 0 && H5Pset_fapl_core(access, 1 << 20, 0) >= 0 &&
	    H5Pset_file_image(access, bytes, length) >= 0)
		file = H5Fopen(sc_h5_image_name, H5F_ACC_RDONLY, access);
	if (file < 0)
		(void)sc_fail(err, 0, "it is not an HDF5 file, or damaged");
	(void)sc_h5_close(access, -1, NULL);
	return file;
}

bool
sc_h5_has(hid_t file, const char *path)
{
	const char *slash = strchr(path + 1, '/');
	char group[64];

	if (slash != NULL) {
		snprintf(group, sizeof(group), "%.*s", (int)(slash - path), path);
		if (!sc_h5_has(file, group))
			return false;
	}
	/* What is there but can't be looked at fails when it is read. */
	return H5Lexists(file, path, H5P_DEFAULT) != 0;
}

/* An attribute, its type and how many values it has. */
struct attribute {
	hid_t id;
	hid_t type;
	hid_t space;
	hssize_t count;
};

static void
close_attribute(struct attribute *attribute)
{
	(void)sc_h5_close(attribute->space, -1, NULL);
	(void)sc_h5_close(attribute->type, -1, NULL);
	(void)sc_h5_close(attribute->id, -1, NULL);
}

/* 0, -1, or 1 if it isn't there and is optional. */
static int
open_attribute(struct attribute *attribute, hid_t file, const char *name, bool optional,
    struct sc_error *err)
{
	htri_t there = H5Aexists(file, name);

	*attribute = (struct attribute){H5I_INVALID_HID, H5I_INVALID_HID, H5I_INVALID_HID, 0};
	if (there < 0)
		return damaged(err, name);
	if (there == 0 && optional)
		return 1;
	if (there == 0)
		return sc_fail(err, 0, "there is no attribute %s: not a timings file", name);
	attribute->id = H5Aopen(file, name, H5P_DEFAULT);
	if (attribute->id >= 0)
		attribute->type = H5Aget_type(attribute->id);
	if (attribute->type >= 0)
		attribute->space = H5Aget_space(attribute->id);
	if (attribute->space >= 0)
		attribute->count = H5Sget_simple_extent_npoints(attribute->space);
	if (attribute->space >= 0 && attribute->count >= 0)
		return 0;
	close_attribute(attribute);
	return damaged(err, name);
}

int
sc_h5_get_number(hid_t file, const char *name, bool optional, hid_t type, void *value,
    struct sc_error *err)
{
	struct attribute attribute;
	H5T_class_t class;
	int rc = open_attribute(&attribute, file, name, optional, err);

	if (rc != 0)
		return rc > 0 ? 0 : -1;
	class = H5Tget_class(attribute.type);
	if (attribute.count != 1 || (class != H5T_INTEGER && class != H5T_FLOAT))
		rc = unexpected(err, name);
	else if (H5Aread(attribute.id, type, value) < 0)
		rc = damaged(err, name);
	close_attribute(&attribute);
	return rc;
}

static bool
is_variable_text(hid_t type)
{
	return H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) > 0;
}

/* HDF5 allocates texts of variable length with malloc, unless it is told otherwise. */
static int
get_texts(hid_t file, const char *name, bool optional, size_t min, size_t max, char ***texts,
    size_t *count, struct sc_error *err)
{
	struct attribute attribute;
	char **all = NULL;
	int rc = open_attribute(&attribute, file, name, optional, err);

	if (rc != 0)
		return rc > 0 ? 0 : -1;
	*count = (size_t)attribute.count;
	if (*count < min || *count > max || !is_variable_text(attribute.type))
		rc = unexpected(err, name);
	else if ((all = calloc(*count + 1, sizeof(*all))) == NULL)
		rc = sc_fail(err, 0, "no memory for %s", name);
	else if (H5Aread(attribute.id, attribute.type, all) < 0)
		rc = damaged(err, name);
	for (size_t i = 0; rc == 0 && i < *count; i++) {
		if (all[i] == NULL && (all[i] = strdup("")) == NULL)
			rc = sc_fail(err, 0, "no memory for %s", name);
	}
	if (rc != 0) {
		*count = 0;
		if (all != NULL)
			(void)H5Dvlen_reclaim(attribute.type, attribute.space, H5P_DEFAULT, all);
		free(all);
		all = NULL;
	}
	*texts = all;
	close_attribute(&attribute);
	return rc;
}

int
sc_h5_get_text(hid_t file, const char *name, bool optional, char **value, struct sc_error *err)
{
	char **texts = NULL;
	size_t count = 0;

	if (get_texts(file, name, optional, 1, 1, &texts, &count, err) != 0)
		return -1;
	if (count == 1)
		*value = texts[0];
	free(texts);
	return 0;
}

int
sc_h5_get_texts(hid_t file, const char *name, char ***texts, size_t *count, struct sc_error *err)
{
	return get_texts(file, name, true, 0, TEXTS_MAX, texts, count, err);
}

/* A table while it is read. */
struct reading {
	const struct sc_h5_table *table;
	hid_t dataset;
	hid_t space;
	hid_t file_row;
	hid_t memory_row; /* of the columns that are read and there */
	hsize_t rows;
	bool missing[SC_H5_COLUMNS_MAX];         /* but optional */
	uint8_t numbers[SC_H5_COLUMNS_MAX][256]; /* of enumerations: ours for the file's */
};

/* A table's bytes must be in this file, and in pieces that can be read. */
static bool
has_sound_layout(hid_t dataset)
{
	hid_t plist = H5Dget_create_plist(dataset);
	hsize_t piece = 0;
	bool sound = false;

	switch (plist < 0 ? H5D_LAYOUT_ERROR : H5Pget_layout(plist)) {
	case H5D_CHUNKED:
		sound = H5Pget_chunk(plist, 1, &piece) == 1 && piece <= PIECE_BYTES_MAX;
		break;
	case H5D_CONTIGUOUS:
		sound = H5Pget_external_count(plist) == 0;
		break;
	case H5D_COMPACT:
		sound = true;
		break;
	default:
		break;
	}
	(void)sc_h5_close(plist, -1, NULL);
	return sound;
}

static int
open_table(struct reading *reading, hid_t file, struct sc_error *err)
{
	const char *path = reading->table->path;
	size_t row_bytes;

	reading->dataset = H5Dopen2(file, path, H5P_DEFAULT);
	if (reading->dataset < 0 && sc_h5_has(file, path))
		return damaged(err, path);
	if (reading->dataset < 0)
		return sc_fail(err, 0, "there is no table %s: not a timings file", path);
	reading->space = H5Dget_space(reading->dataset);
	reading->file_row = H5Dget_type(reading->dataset);
	if (reading->space < 0 || reading->file_row < 0)
		return damaged(err, path);
	if (H5Tget_class(reading->file_row) != H5T_COMPOUND ||
	    H5Sget_simple_extent_ndims(reading->space) != 1)
		return unexpected(err, path);
	row_bytes = H5Tget_size(reading->file_row);
	if (H5Sget_simple_extent_dims(reading->space, &reading->rows, NULL) != 1 ||
	    row_bytes == 0 || row_bytes > PIECE_BYTES_MAX || !has_sound_layout(reading->dataset))
		return damaged(err, path);
	return 0;
}

static uint8_t
number_of(const struct sc_h5_enum *names, const char *name)
{
	for (unsigned i = 0; i < names->count; i++) {
		if (strcmp(names->name_of(i), name) == 0)
			return (uint8_t)i;
	}
	return SC_H5_NO_NAME;
}

/* Our numbers for those of the file's enumeration. */
static int
map_names(const struct sc_h5_column *column, hid_t type, uint8_t numbers[256], struct sc_error *err)
{
	int members = H5Tget_nmembers(type);
	int rc = 0;

	memset(numbers, SC_H5_NO_NAME, 256);
	for (int i = 0; rc == 0 && i < members; i++) {
		char *name = H5Tget_member_name(type, (unsigned)i);
		uint8_t value;

		if (name == NULL || H5Tget_member_value(type, (unsigned)i, &value) < 0)
			rc = damaged(err, column->name);
		else
			numbers[value] = number_of(column->names, name);
		if (name != NULL)
			(void)H5free_memory(name);
	}
	return rc;
}

static bool
is_of_kind(const struct sc_h5_column *column, hid_t in_file)
{
	H5T_class_t class = H5Tget_class(in_file);

	switch (column->kind) {
	case SC_H5_ENUM:
		return class == H5T_ENUM && H5Tget_size(in_file) == 1;
	case SC_H5_TEXT:
	case SC_H5_FULL_TEXT:
		return class == H5T_STRING && !is_variable_text(in_file);
	default:
		return class == H5T_INTEGER || class == H5T_FLOAT;
	}
}

/* The type of a column's value in memory, given that in the file; to be closed. */
static hid_t
memory_type(const struct sc_h5_column *column, hid_t in_file)
{
	hid_t type;

	if (column->kind == SC_H5_ENUM)
		return H5Tcopy(in_file);
	type = sc_h5_column_type(column, column->bytes);
	if (H5Tget_class(in_file) == H5T_STRING)
		(void)H5Tset_cset(type, H5Tget_cset(in_file));
	return type;
}

static int
add_column(struct reading *reading, size_t number, struct sc_error *err)
{
	const struct sc_h5_column *column = &reading->table->columns[number];
	int index = H5Tget_member_index(reading->file_row, column->name);
	hid_t in_file, type = H5I_INVALID_HID;
	int rc = 0;

	if (column->use == SC_H5_NOT_READ)
		return 0;
	reading->missing[number] = index < 0;
	if (index < 0 && column->use == SC_H5_OPTIONAL)
		return 0;
	if (index < 0)
		return sc_fail(err, 0, "%s has no column %s", reading->table->path, column->name);
	in_file = H5Tget_member_type(reading->file_row, (unsigned)index);
	if (in_file >= 0 && is_of_kind(column, in_file))
		type = memory_type(column, in_file);
	if (type < 0)
		rc = unexpected(err, column->name);
	else if (H5Tinsert(reading->memory_row, column->name, column->offset, type) < 0)
		rc = damaged(err, column->name);
	else if (column->kind == SC_H5_ENUM)
		rc = map_names(column, in_file, reading->numbers[number], err);
	(void)sc_h5_close(type, -1, NULL);
	(void)sc_h5_close(in_file, -1, NULL);
	return rc;
}

static void
set_missing(const struct sc_h5_column *column, unsigned char *value)
{
	const double none = NAN;

	switch (column->kind) {
	case SC_H5_DOUBLE:
		memcpy(value, &none, sizeof(none));
		break;
	case SC_H5_INT32:
	case SC_H5_INT64:
	case SC_H5_ENUM:
		/* -1, and SC_H5_NO_NAME. */
		memset(value, 0xff, column->bytes);
		break;
	default:
		memset(value, 0, column->bytes);
	}
}

/* What HDF5 doesn't do: columns that are missing, our numbers, end marks. */
static void
complete_row(const struct reading *reading, unsigned char *row)
{
	for (size_t i = 0; i < reading->table->column_count; i++) {
		const struct sc_h5_column *column = &reading->table->columns[i];
		unsigned char *value = row + column->offset;

		if (reading->missing[i])
			set_missing(column, value);
		else if (column->kind == SC_H5_ENUM)
			*value = reading->numbers[i][*value];
		else if (column->kind == SC_H5_TEXT || column->kind == SC_H5_FULL_TEXT)
			value[column->bytes - 1] = '\0';
	}
}

static int
read_slab(const struct reading *reading, hsize_t start, hsize_t count, unsigned char *slab,
    struct sc_error *err)
{
	hid_t block = H5Screate_simple(1, &count, NULL);
	int rc = 0;

	if (block < 0 ||
	    H5Sselect_hyperslab(reading->space, H5S_SELECT_SET, &start, NULL, &count, NULL) < 0 ||
	    H5Dread(reading->dataset, reading->memory_row, block, reading->space, H5P_DEFAULT,
		slab) < 0)
		rc = damaged(err, reading->table->path);
	(void)sc_h5_close(block, -1, NULL);
	return rc;
}

static int
read_rows(const struct reading *reading, sc_h5_use_row *use_row, void *context,
    struct sc_error *err)
{
	size_t row_bytes = reading->table->row_bytes;
	hsize_t at_once = SC_H5_SLAB_BYTES / row_bytes;
	unsigned char *slab;
	int rc = 0;

	assert(at_once > 0);
	slab = calloc(at_once, row_bytes);
	if (slab == NULL)
		return sc_fail(err, 0, "no memory for %s", reading->table->path);
	for (hsize_t start = 0; rc == 0 && start < reading->rows; start += at_once) {
		hsize_t left = reading->rows - start;
		hsize_t count = left < at_once ? left : at_once;

		rc = read_slab(reading, start, count, slab, err);
		for (hsize_t i = 0; rc == 0 && i < count; i++) {
			complete_row(reading, slab + i * row_bytes);
			rc = use_row(context, slab + i * row_bytes, err);
		}
	}
	free(slab);
	return rc;
}

int
sc_h5_get_table(hid_t file, const struct sc_h5_table *table, uint64_t rows_min, uint64_t rows_max,
    sc_h5_use_row *use_row, void *context, struct sc_error *err)
{
	struct reading reading = {
		.table = table,
		.dataset = H5I_INVALID_HID,
		.space = H5I_INVALID_HID,
		.file_row = H5I_INVALID_HID,
		.memory_row = H5I_INVALID_HID,
	};
	int rc = open_table(&reading, file, err);

	assert(table->column_count <= SC_H5_COLUMNS_MAX);
	if (rc == 0 && (reading.rows < rows_min || reading.rows > rows_max))
		rc = sc_fail(err, 0, "%s has %" PRIu64 " rows, which can't be", table->path,
		    (uint64_t)reading.rows);
	if (rc == 0) {
		reading.memory_row = H5Tcreate(H5T_COMPOUND, table->row_bytes);
		if (reading.memory_row < 0)
			rc = damaged(err, table->path);
	}
	for (size_t i = 0; rc == 0 && i < table->column_count; i++)
		rc = add_column(&reading, i, err);
	if (rc == 0)
		rc = read_rows(&reading, use_row, context, err);
	(void)sc_h5_close(reading.memory_row, -1, NULL);
	(void)sc_h5_close(reading.file_row, -1, NULL);
	(void)sc_h5_close(reading.space, -1, NULL);
	(void)sc_h5_close(reading.dataset, -1, NULL);
	return rc;
}
