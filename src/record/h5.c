/*
 * Attributes, enumerations and tables: see h5.h.
 */
#include "record/h5.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A slab is written at once and is also the unit of compression: large enough
 * to compress well, small enough to be read in part. */
enum { SLAB_BYTES = 256 << 10 };

/* Tables below this aren't worth the index of a chunked dataset. */
enum { COMPRESSED_BYTES_MIN = 64 << 10 };

/* Above this the time grows much faster than the file shrinks. */
enum { DEFLATE_LEVEL = 4 };

static herr_t
take_description(unsigned depth, const H5E_error2_t *entry, void *reason)
{
	(void)depth;
	if (entry->desc == NULL || entry->desc[0] == '\0')
		return 0;
	*(const char **)reason = entry->desc;
	return 1;
}

int
sc_h5_fail(struct sc_error *err, const char *purpose)
{
	const char *reason = NULL;

	if (H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_description, &reason) < 0 || reason == NULL)
		reason = "no reason given";
	return sc_fail(err, 0, "HDF5 failed to make %s (%s)", purpose, reason);
}

int
sc_h5_close(hid_t id, int status, struct sc_error *err)
{
	if (id >= 0 && H5Idec_ref(id) < 0 && status == 0)
		return sc_h5_fail(err, "an object complete");
	return status;
}

static int
put_attribute(hid_t where, const char *name, hid_t type, hid_t space, const void *value,
    struct sc_error *err)
{
	hid_t attribute = H5Acreate2(where, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
	int status = 0;

	if (attribute < 0 || H5Awrite(attribute, type, value) < 0)
		status = sc_h5_fail(err, name);
	return sc_h5_close(attribute, status, err);
}

int
sc_h5_put_number(hid_t where, const char *name, hid_t type, const void *value, struct sc_error *err)
{
	hid_t space = H5Screate(H5S_SCALAR);
	int status;

	if (space < 0)
		return sc_h5_fail(err, name);
	status = put_attribute(where, name, type, space, value, err);
	return sc_h5_close(space, status, err);
}

/* A text in UTF-8 of size bytes, with its end mark, or of variable length (H5T_VARIABLE). */
static hid_t
make_text_type(const char *name, size_t size, struct sc_error *err)
{
	hid_t type = H5Tcopy(H5T_C_S1);

	if (type >= 0 && H5Tset_size(type, size) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0)
		return type;
	(void)sc_h5_close(type, sc_h5_fail(err, name), NULL);
	return H5I_INVALID_HID;
}

static int
put_texts_of(hid_t where, const char *name, hid_t space, const char *const *texts,
    struct sc_error *err)
{
	hid_t type = make_text_type(name, H5T_VARIABLE, err);
	int status;

	if (type < 0)
		return -1;
	status = put_attribute(where, name, type, space, texts, err);
	return sc_h5_close(type, status, err);
}

int
sc_h5_put_text(hid_t where, const char *name, const char *text, struct sc_error *err)
{
	hid_t space = H5Screate(H5S_SCALAR);
	int status;

	if (space < 0)
		return sc_h5_fail(err, name);
	status = put_texts_of(where, name, space, &text, err);
	return sc_h5_close(space, status, err);
}

int
sc_h5_put_texts(hid_t where, const char *name, const char *const *texts, size_t count,
    struct sc_error *err)
{
	hsize_t size = count;
	hid_t space = H5Screate_simple(1, &size, NULL);
	int status;

	if (space < 0)
		return sc_h5_fail(err, name);
	status = put_texts_of(where, name, space, texts, err);
	return sc_h5_close(space, status, err);
}

hid_t
sc_h5_make_enum(hid_t where, const char *name, unsigned count,
    const char *(*name_of)(unsigned value), struct sc_error *err)
{
	hid_t type = H5Tenum_create(H5T_NATIVE_UINT8);

	if (type < 0)
		goto fail;
	for (unsigned i = 0; i < count; i++) {
		uint8_t value = (uint8_t)i;

		if (H5Tenum_insert(type, name_of(i), &value) < 0)
			goto fail;
	}
	if (H5Tcommit2(where, name, type, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT) < 0)
		goto fail;
	return type;
fail:
	(void)sc_h5_close(type, sc_h5_fail(err, name), NULL);
	return H5I_INVALID_HID;
}

/* Bytes of a column in the file.  Texts keep their end mark, without which
 * h5dump would show the padding of the shorter ones. */
static size_t
column_file_bytes(const struct sc_h5_column *column)
{
	if (column->text_bytes > 0)
		return column->text_longest + 1;
	return H5Tget_size(column->type);
}

/* Add a column to the rows' types in memory and in the file. */
static int
insert_column(const struct sc_h5_column *column, hid_t memory, hid_t file, size_t file_offset,
    struct sc_error *err)
{
	hid_t in_memory = column->type, in_file = column->type;
	bool text = column->text_bytes > 0;
	int status = 0;

	assert(!text || column->text_longest < column->text_bytes);
	if (text) {
		in_memory = make_text_type(column->name, column->text_bytes, err);
		if (in_memory < 0)
			return -1;
		in_file = make_text_type(column->name, column_file_bytes(column), err);
		if (in_file < 0)
			return sc_h5_close(in_memory, -1, NULL);
	}
	if (H5Tinsert(memory, column->name, column->offset, in_memory) < 0 ||
	    H5Tinsert(file, column->name, file_offset, in_file) < 0)
		status = sc_h5_fail(err, column->name);
	if (text) {
		status = sc_h5_close(in_memory, status, err);
		status = sc_h5_close(in_file, status, err);
	}
	return status;
}

/* The rows' type in memory, and in the file, where it is packed. */
static int
make_row_types(const struct sc_h5_table *table, hid_t *memory, hid_t *file, struct sc_error *err)
{
	size_t file_bytes = 0, used = 0;

	for (size_t i = 0; i < table->column_count; i++)
		file_bytes += column_file_bytes(&table->columns[i]);
	*memory = H5Tcreate(H5T_COMPOUND, table->row_bytes);
	if (*memory < 0)
		return sc_h5_fail(err, table->name);
	*file = H5Tcreate(H5T_COMPOUND, file_bytes);
	if (*file < 0)
		return sc_h5_fail(err, table->name);

	for (size_t i = 0; i < table->column_count; i++) {
		const struct sc_h5_column *column = &table->columns[i];

		if (insert_column(column, *memory, *file, used, err) != 0)
			return -1;
		used += column_file_bytes(column);
	}
	assert(used == file_bytes);
	return 0;
}

/* How the rows lie in the file: one block, or compressed slabs. */
static hid_t
make_layout(const struct sc_h5_table *table, hsize_t slab_rows, size_t row_bytes,
    struct sc_error *err)
{
	hid_t layout = H5Pcreate(H5P_DATASET_CREATE);

	if (slab_rows > table->rows)
		slab_rows = table->rows;
	if (layout >= 0 &&
	    (table->rows * row_bytes < COMPRESSED_BYTES_MIN ||
		H5Zfilter_avail(H5Z_FILTER_DEFLATE) <= 0))
		return layout;
	if (layout >= 0 && H5Pset_chunk(layout, 1, &slab_rows) >= 0 &&
	    H5Pset_shuffle(layout) >= 0 && H5Pset_deflate(layout, DEFLATE_LEVEL) >= 0)
		return layout;
	(void)sc_h5_close(layout, sc_h5_fail(err, table->name), NULL);
	return H5I_INVALID_HID;
}

/* Fill in and write count rows from start on. */
static int
write_slab(hid_t dataset, hid_t space, hid_t memory, const struct sc_h5_table *table, hsize_t start,
    hsize_t count, unsigned char *slab, struct sc_error *err)
{
	hid_t block = H5Screate_simple(1, &count, NULL);
	int status = 0;

	memset(slab, 0, count * table->row_bytes);
	for (hsize_t i = 0; i < count; i++)
		table->fill(slab + i * table->row_bytes, start + i, table->context);
	if (block < 0 ||
	    H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &count, NULL) < 0 ||
	    H5Dwrite(dataset, memory, block, space, H5P_DEFAULT, slab) < 0)
		status = sc_h5_fail(err, table->name);
	return sc_h5_close(block, status, err);
}

static int
write_rows(hid_t dataset, hid_t space, hid_t memory, const struct sc_h5_table *table,
    hsize_t slab_rows, struct sc_error *err)
{
	unsigned char *slab;
	int status = 0;

	if (slab_rows > table->rows)
		slab_rows = table->rows;
	if (slab_rows == 0)
		return 0;
	slab = malloc(slab_rows * table->row_bytes);
	if (slab == NULL)
		return sc_fail(err, 0, "not enough memory for %s", table->name);
	for (hsize_t start = 0; status == 0 && start < table->rows; start += slab_rows) {
		hsize_t left = table->rows - start;

		status = write_slab(dataset, space, memory, table, start,
		    left < slab_rows ? left : slab_rows, slab, err);
	}
	free(slab);
	return status;
}

int
sc_h5_put_table(hid_t where, const struct sc_h5_table *table, struct sc_error *err)
{
	hid_t memory = H5I_INVALID_HID, file = H5I_INVALID_HID, space = H5I_INVALID_HID;
	hid_t layout = H5I_INVALID_HID, dataset = H5I_INVALID_HID;
	hsize_t rows = table->rows, slab_rows;
	size_t row_bytes;
	int status = -1;

	if (make_row_types(table, &memory, &file, err) != 0)
		goto out;
	row_bytes = H5Tget_size(file);
	assert(row_bytes > 0 && row_bytes <= SLAB_BYTES);
	slab_rows = SLAB_BYTES / row_bytes;
	layout = make_layout(table, slab_rows, row_bytes, err);
	if (layout < 0)
		goto out;
	space = H5Screate_simple(1, &rows, NULL);
	if (space >= 0)
		dataset =
		    H5Dcreate2(where, table->name, file, space, H5P_DEFAULT, layout, H5P_DEFAULT);
	if (dataset < 0) {
		(void)sc_h5_fail(err, table->name);
		goto out;
	}
	status = write_rows(dataset, space, memory, table, slab_rows, err);
out:
	status = sc_h5_close(dataset, status, err);
	status = sc_h5_close(layout, status, err);
	status = sc_h5_close(space, status, err);
	status = sc_h5_close(file, status, err);
	return sc_h5_close(memory, status, err);
}
