/*
 * Reading attributes and tables: see h5_read.h.
 */
#include "record/h5_read.h"

#include "record/h5.h"
#include "record/h5_heap.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows are read in slabs of this size. */
enum { SLAB_BYTES = 256 << 10 };

/* No part of a timings file that is read at once comes near to this: more is
 * a damaged file, and would only be a waste of memory. */
enum { PIECE_BYTES_MAX = 16 << 20 };

/* Texts of an attribute: the writer keeps 4000 arguments. */
enum { TEXTS_MAX = 16384 };

/* HDF5 wants a name for a file in memory; there can't be such a file. */
static const char image_name[] = "/dev/null/timings";

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
	/* No message of HDF5's, and no code from elsewhere for a filter that the
	 * file asks for. */
	if (H5Eset_auto2(H5E_DEFAULT, NULL, NULL) >= 0 && H5PLset_loading_state(0) >= 0)
		access = H5Pcreate(H5P_FILE_ACCESS);
	if (access >= 0 && H5Pset_fapl_core(access, 1 << 20, 0) >= 0 &&
	    H5Pset_file_image(access, bytes, length) >= 0)
		file = H5Fopen(image_name, H5F_ACC_RDONLY, access);
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
	/* What is there but can't be looked at is for those to find who read it. */
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

/* 1: it isn't there. */
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

static int
get_number(hid_t file, const char *name, bool optional, hid_t number, void *value,
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
	else if (H5Aread(attribute.id, number, value) < 0)
		rc = damaged(err, name);
	close_attribute(&attribute);
	return rc;
}

int
sc_h5_get_count(hid_t file, const char *name, bool optional, uint64_t *value, struct sc_error *err)
{
	return get_number(file, name, optional, H5T_NATIVE_UINT64, value, err);
}

int
sc_h5_get_double(hid_t file, const char *name, bool optional, double *value, struct sc_error *err)
{
	return get_number(file, name, optional, H5T_NATIVE_DOUBLE, value, err);
}

static bool
is_variable_text(hid_t type)
{
	return H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) > 0;
}

/* Texts of variable length, as HDF5 allocates them: copy and let it free its own. */
static int
read_texts(const struct attribute *attribute, const char *name, char **texts, struct sc_error *err)
{
	size_t count = (size_t)attribute->count;
	char **theirs = calloc(count + 1, sizeof(*theirs));
	int rc = 0;

	if (theirs == NULL)
		return sc_fail(err, 0, "no memory for %s", name);
	if (H5Aread(attribute->id, attribute->type, theirs) < 0)
		rc = damaged(err, name);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		texts[i] = strdup(theirs[i] == NULL ? "" : theirs[i]);
		if (texts[i] == NULL)
			rc = sc_fail(err, 0, "no memory for %s", name);
	}
	(void)H5Dvlen_reclaim(attribute->type, attribute->space, H5P_DEFAULT, theirs);
	free(theirs);
	return rc;
}

int
sc_h5_get_text(hid_t file, const char *name, bool optional, char **value, struct sc_error *err)
{
	struct attribute attribute;
	int rc = open_attribute(&attribute, file, name, optional, err);

	if (rc != 0)
		return rc > 0 ? 0 : -1;
	if (attribute.count != 1 || !is_variable_text(attribute.type))
		rc = unexpected(err, name);
	else
		rc = read_texts(&attribute, name, value, err);
	close_attribute(&attribute);
	return rc;
}

int
sc_h5_get_texts(hid_t file, const char *name, char ***texts, size_t *count, struct sc_error *err)
{
	struct attribute attribute;
	int rc = open_attribute(&attribute, file, name, true, err);

	if (rc != 0)
		return rc > 0 ? 0 : -1;
	if (attribute.count > TEXTS_MAX || !is_variable_text(attribute.type)) {
		rc = unexpected(err, name);
	} else {
		*texts = calloc((size_t)attribute.count + 1, sizeof(**texts));
		if (*texts == NULL) {
			rc = sc_fail(err, 0, "no memory for %s", name);
		} else {
			*count = (size_t)attribute.count;
			rc = read_texts(&attribute, name, *texts, err);
		}
	}
	close_attribute(&attribute);
	return rc;
}

/* A table while it is read. */
struct table {
	const struct sc_h5_reading *reading;
	hid_t dataset;
	hid_t space;
	hid_t file_type;
	hid_t row_type; /* of the rows in memory, with the columns that there are */
	hsize_t rows;
	bool *missing;           /* by field */
	uint8_t (*numbers)[256]; /* by field: ours for the file's, of enumerations */
};

static void
close_table(struct table *table)
{
	(void)sc_h5_close(table->row_type, -1, NULL);
	(void)sc_h5_close(table->file_type, -1, NULL);
	(void)sc_h5_close(table->space, -1, NULL);
	(void)sc_h5_close(table->dataset, -1, NULL);
	free(table->missing);
	free(table->numbers);
}

/* Its bytes must be in this file, and in pieces that can be read. */
static bool
has_sound_layout(hid_t dataset)
{
	hid_t plist = H5Dget_create_plist(dataset);
	hsize_t piece = 0;
	H5D_layout_t layout = H5D_LAYOUT_ERROR;
	bool sound = false;

	if (plist >= 0)
		layout = H5Pget_layout(plist);
	if (layout == H5D_CHUNKED)
		sound = H5Pget_chunk(plist, 1, &piece) == 1 && piece <= PIECE_BYTES_MAX;
	else if (layout == H5D_CONTIGUOUS)
		sound = H5Pget_external_count(plist) == 0;
	else
		sound = layout == H5D_COMPACT;
	(void)sc_h5_close(plist, -1, NULL);
	return sound;
}

static int
open_table(struct table *table, hid_t file, struct sc_error *err)
{
	const struct sc_h5_reading *reading = table->reading;
	size_t row_bytes;

	table->dataset = H5Dopen2(file, reading->path, H5P_DEFAULT);
	if (table->dataset < 0 && sc_h5_has(file, reading->path))
		return damaged(err, reading->path);
	if (table->dataset < 0)
		return sc_fail(err, 0, "there is no table %s: not a timings file", reading->path);
	table->space = H5Dget_space(table->dataset);
	table->file_type = H5Dget_type(table->dataset);
	if (table->space < 0 || table->file_type < 0)
		return damaged(err, reading->path);
	if (H5Tget_class(table->file_type) != H5T_COMPOUND ||
	    H5Sget_simple_extent_ndims(table->space) != 1)
		return unexpected(err, reading->path);
	row_bytes = H5Tget_size(table->file_type);
	if (H5Sget_simple_extent_dims(table->space, &table->rows, NULL) != 1 || row_bytes == 0 ||
	    row_bytes > PIECE_BYTES_MAX || !has_sound_layout(table->dataset))
		return damaged(err, reading->path);
	if (table->rows < reading->rows_min || table->rows > reading->rows_max)
		return sc_fail(err, 0, "%s has %" PRIu64 " rows, which can't be", reading->path,
		    (uint64_t)table->rows);
	return 0;
}

static uint8_t
number_of(const struct sc_h5_field *field, const char *name)
{
	for (unsigned i = 0; i < field->names; i++) {
		if (strcmp(field->name_of(i), name) == 0)
			return (uint8_t)i;
	}
	return SC_H5_NO_NAME;
}

/* Our numbers for those of the file's enumeration. */
static int
map_names(const struct sc_h5_field *field, hid_t type, uint8_t numbers[256], struct sc_error *err)
{
	int members = H5Tget_nmembers(type);

	assert(field->names < SC_H5_NO_NAME);
	memset(numbers, SC_H5_NO_NAME, 256);
	for (int i = 0; i < members; i++) {
		char *name = H5Tget_member_name(type, (unsigned)i);
		uint8_t value;

		if (name == NULL || H5Tget_member_value(type, (unsigned)i, &value) < 0) {
			if (name != NULL)
				(void)H5free_memory(name);
			return damaged(err, field->name);
		}
		numbers[value] = number_of(field, name);
		(void)H5free_memory(name);
	}
	return 0;
}

/* The type that a field's value has in the row, given the column's; to be closed. */
static hid_t
field_type(const struct sc_h5_field *field, hid_t column)
{
	H5T_class_t class = H5Tget_class(column);
	hid_t type = H5I_INVALID_HID;

	if (field->name_of != NULL)
		return class == H5T_ENUM && H5Tget_size(column) == 1 ? H5Tcopy(column) : type;
	if (field->text_bytes == 0)
		return class == H5T_INTEGER || class == H5T_FLOAT ? H5Tcopy(field->type) : type;
	if (class != H5T_STRING || is_variable_text(column))
		return type;
	type = H5Tcopy(H5T_C_S1);
	if (type >= 0 && H5Tset_size(type, field->text_bytes) >= 0 &&
	    H5Tset_cset(type, H5Tget_cset(column)) >= 0)
		return type;
	(void)sc_h5_close(type, -1, NULL);
	return H5I_INVALID_HID;
}

static int
add_field(struct table *table, size_t number, struct sc_error *err)
{
	const struct sc_h5_field *field = &table->reading->fields[number];
	int index = H5Tget_member_index(table->file_type, field->name);
	hid_t column, type;
	int rc = 0;

	if (index < 0) {
		table->missing[number] = true;
		if (field->optional)
			return 0;
		return sc_fail(err, 0, "%s has no column %s", table->reading->path, field->name);
	}
	column = H5Tget_member_type(table->file_type, (unsigned)index);
	type = column < 0 ? column : field_type(field, column);
	if (type < 0)
		rc = unexpected(err, field->name);
	else if (H5Tinsert(table->row_type, field->name, field->offset, type) < 0)
		rc = damaged(err, field->name);
	else if (field->name_of != NULL)
		rc = map_names(field, column, table->numbers[number], err);
	(void)sc_h5_close(type, -1, NULL);
	(void)sc_h5_close(column, -1, NULL);
	return rc;
}

static size_t
field_bytes(const struct sc_h5_field *field)
{
	if (field->name_of != NULL)
		return 1;
	return field->text_bytes > 0 ? field->text_bytes : H5Tget_size(field->type);
}

/* What HDF5 doesn't do: columns that are missing, our numbers, end marks. */
static void
complete_row(const struct table *table, unsigned char *row)
{
	const struct sc_h5_reading *reading = table->reading;
	const unsigned char *blank = reading->blank;

	for (size_t i = 0; i < reading->field_count; i++) {
		const struct sc_h5_field *field = &reading->fields[i];
		unsigned char *value = row + field->offset;

		if (table->missing[i])
			memcpy(value, blank + field->offset, field_bytes(field));
		else if (field->name_of != NULL)
			*value = table->numbers[i][*value];
		else if (field->text_bytes > 0)
			value[field->text_bytes - 1] = '\0';
	}
}

static int
read_slab(const struct table *table, hsize_t start, hsize_t count, unsigned char *slab,
    struct sc_error *err)
{
	const struct sc_h5_reading *reading = table->reading;
	hid_t block = H5Screate_simple(1, &count, NULL);
	bool good = block >= 0 &&
	    H5Sselect_hyperslab(table->space, H5S_SELECT_SET, &start, NULL, &count, NULL) >= 0 &&
	    H5Dread(table->dataset, table->row_type, block, table->space, H5P_DEFAULT, slab) >= 0;
	int rc = good ? 0 : damaged(err, reading->path);

	(void)sc_h5_close(block, -1, NULL);
	for (hsize_t i = 0; rc == 0 && i < count; i++) {
		complete_row(table, slab + i * reading->row_bytes);
		rc = reading->take(reading->context, slab + i * reading->row_bytes, err);
	}
	return rc;
}

static int
read_rows(const struct table *table, struct sc_error *err)
{
	size_t row_bytes = table->reading->row_bytes;
	hsize_t slab_rows = SLAB_BYTES / row_bytes;
	unsigned char *slab;
	int rc = 0;

	assert(slab_rows > 0);
	slab = calloc(slab_rows, row_bytes);
	if (slab == NULL)
		return sc_fail(err, 0, "no memory for %s", table->reading->path);
	for (hsize_t start = 0; rc == 0 && start < table->rows; start += slab_rows) {
		hsize_t left = table->rows - start;

		rc = read_slab(table, start, left < slab_rows ? left : slab_rows, slab, err);
	}
	free(slab);
	return rc;
}

int
sc_h5_get_table(hid_t file, const struct sc_h5_reading *reading, struct sc_error *err)
{
	struct table table = {reading, H5I_INVALID_HID, H5I_INVALID_HID, H5I_INVALID_HID,
		H5I_INVALID_HID, 0, NULL, NULL};
	int rc = -1;

	table.missing = calloc(reading->field_count, sizeof(*table.missing));
	table.numbers = calloc(reading->field_count, sizeof(*table.numbers));
	if (table.missing == NULL || table.numbers == NULL) {
		(void)sc_fail(err, 0, "no memory for %s", reading->path);
		goto out;
	}
	rc = open_table(&table, file, err);
	if (rc != 0)
		goto out;
	table.row_type = H5Tcreate(H5T_COMPOUND, reading->row_bytes);
	if (table.row_type < 0)
		rc = damaged(err, reading->path);
	for (size_t i = 0; rc == 0 && i < reading->field_count; i++)
		rc = add_field(&table, i, err);
	if (rc == 0)
		rc = read_rows(&table, err);
out:
	close_table(&table);
	return rc;
}
