/*
 * Writing attributes, enumerations and tables: see h5_write.h.
 */
#include "record/h5_write.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Tables below this aren't worth the index of a chunked dataset. */
enum { COMPRESSED_BYTES_MIN = 64 << 10 };

/* Above this the time grows much faster than the file shrinks. */
enum { DEFLATE_LEVEL = 4 };

/* Closes space and type. */
static int
put_attribute(hid_t where, const char *name, hid_t space, hid_t type, const void *value,
    struct sc_error *err)
{
	hid_t attribute = H5I_INVALID_HID;
	int status = 0;

	if (space >= 0 && type >= 0)
		attribute = H5Acreate2(where, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
	if (attribute < 0 || H5Awrite(attribute, type, value) < 0)
		status = sc_h5_fail(err, name);
	status = sc_h5_close(attribute, status, err);
	status = sc_h5_close(type, status, err);
	return sc_h5_close(space, status, err);
}

int
sc_h5_put_number(hid_t where, const char *name, hid_t type, const void *value, struct sc_error *err)
{
	return put_attribute(where, name, H5Screate(H5S_SCALAR), H5Tcopy(type), value, err);
}

int
sc_h5_put_text(hid_t where, const char *name, const char *text, struct sc_error *err)
{
	return put_attribute(where, name, H5Screate(H5S_SCALAR), sc_h5_text_type(H5T_VARIABLE),
	    &text, err);
}

int
sc_h5_put_texts(hid_t where, const char *name, const char *const *texts, size_t count,
    struct sc_error *err)
{
	hsize_t size = count;

	return put_attribute(where, name, H5Screate_simple(1, &size, NULL),
	    sc_h5_text_type(H5T_VARIABLE), texts, err);
}

int
sc_h5_put_group(hid_t file, const char *path, struct sc_error *err)
{
	hid_t group = H5Gcreate2(file, path, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

	return group < 0 ? sc_h5_fail(err, path) : sc_h5_close(group, 0, err);
}

int
sc_h5_put_enum(hid_t file, const struct sc_h5_enum *names, struct sc_error *err)
{
	hid_t type = sc_h5_enum_type(names);
	int status = 0;

	if (type < 0 ||
	    H5Tcommit2(file, names->name, type, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT) < 0)
		status = sc_h5_fail(err, names->name);
	return sc_h5_close(type, status, err);
}

/* A table while it is written. */
struct writing {
	const struct sc_h5_table *table;
	uint64_t rows;
	sc_h5_fill *fill;
	const void *context;
	size_t file_bytes[SC_H5_COLUMNS_MAX]; /* of each column */
	size_t file_row_bytes;
	hid_t memory_row, file_row, space, dataset;
};

/* How long the texts are in the file.  Texts keep their end mark, without which h5dump would show
 * the padding of the shorter ones. */
static int
measure_texts(struct writing *writing, struct sc_error *err)
{
	const struct sc_h5_table *table = writing->table;
	unsigned char *row = malloc(table->row_bytes);

	if (row == NULL)
		return sc_fail(err, 0, "not enough memory for %s", table->path);
	for (uint64_t i = 0; i < writing->rows; i++) {
		memset(row, 0, table->row_bytes);
		writing->fill(row, i, writing->context);
		for (size_t j = 0; j < table->column_count; j++) {
			const struct sc_h5_column *column = &table->columns[j];
			size_t *bytes = &writing->file_bytes[j];
			size_t length;

			if (column->kind != SC_H5_TEXT)
				continue;
			length = strlen((const char *)row + column->offset);
			assert(length < column->bytes);
			*bytes = length + 1 > *bytes ? length + 1 : *bytes;
		}
	}
	free(row);
	return 0;
}

static int
measure_columns(struct writing *writing, struct sc_error *err)
{
	const struct sc_h5_table *table = writing->table;
	bool texts = false;

	assert(table->column_count <= SC_H5_COLUMNS_MAX);
	for (size_t i = 0; i < table->column_count; i++) {
		bool text = table->columns[i].kind == SC_H5_TEXT;

		writing->file_bytes[i] = text ? 1 : table->columns[i].bytes;
		texts |= text;
	}
	if (texts && measure_texts(writing, err) != 0)
		return -1;
	for (size_t i = 0; i < table->column_count; i++)
		writing->file_row_bytes += writing->file_bytes[i];
	assert(writing->file_row_bytes > 0 && writing->file_row_bytes <= SC_H5_SLAB_BYTES);
	return 0;
}

/* The rows' types in memory, and in the file, where they are packed. */
static int
make_row_types(struct writing *writing, struct sc_error *err)
{
	const struct sc_h5_table *table = writing->table;
	size_t used = 0;

	writing->memory_row = H5Tcreate(H5T_COMPOUND, table->row_bytes);
	writing->file_row = H5Tcreate(H5T_COMPOUND, writing->file_row_bytes);
	for (size_t i = 0; i < table->column_count; i++) {
		const struct sc_h5_column *column = &table->columns[i];
		hid_t memory = sc_h5_column_type(column, column->bytes);
		hid_t file = sc_h5_column_type(column, writing->file_bytes[i]);
		int status = 0;

		if (H5Tinsert(writing->memory_row, column->name, column->offset, memory) < 0 ||
		    H5Tinsert(writing->file_row, column->name, used, file) < 0)
			status = sc_h5_fail(err, column->name);
		used += writing->file_bytes[i];
		status = sc_h5_close(memory, status, err);
		if (sc_h5_close(file, status, err) != 0)
			return -1;
	}
	return 0;
}

static hsize_t
slab_rows(const struct writing *writing)
{
	hsize_t fit = SC_H5_SLAB_BYTES / writing->file_row_bytes;

	return fit < writing->rows ? fit : writing->rows;
}

/* The rows lie in one block, or in compressed slabs. */
static int
create_dataset(struct writing *writing, hid_t file, struct sc_error *err)
{
	const struct sc_h5_table *table = writing->table;
	hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
	hsize_t rows = writing->rows, slab = slab_rows(writing);
	bool good = layout >= 0;
	int status = 0;

	if (rows * writing->file_row_bytes >= COMPRESSED_BYTES_MIN &&
	    H5Zfilter_avail(H5Z_FILTER_DEFLATE) > 0)
		good = good && H5Pset_chunk(layout, 1, &slab) >= 0 && H5Pset_shuffle(layout) >= 0 &&
		    H5Pset_deflate(layout, DEFLATE_LEVEL) >= 0;
	if (good)
		writing->space = H5Screate_simple(1, &rows, NULL);
	if (writing->space >= 0)
		writing->dataset = H5Dcreate2(file, table->path, writing->file_row, writing->space,
		    H5P_DEFAULT, layout, H5P_DEFAULT);
	if (writing->dataset < 0)
		status = sc_h5_fail(err, table->path);
	return sc_h5_close(layout, status, err);
}

/* Fill in and write count rows from start on. */
static int
write_slab(const struct writing *writing, hsize_t start, hsize_t count, unsigned char *slab,
    struct sc_error *err)
{
	size_t row_bytes = writing->table->row_bytes;
	hid_t block = H5Screate_simple(1, &count, NULL);
	int status = 0;

	memset(slab, 0, count * row_bytes);
	for (hsize_t i = 0; i < count; i++)
		writing->fill(slab + i * row_bytes, start + i, writing->context);
	if (block < 0 ||
	    H5Sselect_hyperslab(writing->space, H5S_SELECT_SET, &start, NULL, &count, NULL) < 0 ||
	    H5Dwrite(writing->dataset, writing->memory_row, block, writing->space, H5P_DEFAULT,
		slab) < 0)
		status = sc_h5_fail(err, writing->table->path);
	return sc_h5_close(block, status, err);
}

static int
write_rows(const struct writing *writing, struct sc_error *err)
{
	hsize_t at_once = slab_rows(writing);
	unsigned char *slab;
	int status = 0;

	if (at_once == 0)
		return 0;
	slab = malloc(at_once * writing->table->row_bytes);
	if (slab == NULL)
		return sc_fail(err, 0, "not enough memory for %s", writing->table->path);
	for (hsize_t start = 0; status == 0 && start < writing->rows; start += at_once) {
		hsize_t left = writing->rows - start;

		status = write_slab(writing, start, left < at_once ? left : at_once, slab, err);
	}
	free(slab);
	return status;
}

int
sc_h5_put_table(hid_t file, const struct sc_h5_table *table, uint64_t rows, sc_h5_fill *fill,
    const void *context, struct sc_error *err)
{
	struct writing writing = {
		.table = table,
		.rows = rows,
		.fill = fill,
		.context = context,
		.memory_row = H5I_INVALID_HID,
		.file_row = H5I_INVALID_HID,
		.space = H5I_INVALID_HID,
		.dataset = H5I_INVALID_HID,
	};
	int status = -1;

	if (measure_columns(&writing, err) == 0 && make_row_types(&writing, err) == 0 &&
	    create_dataset(&writing, file, err) == 0)
		status = write_rows(&writing, err);
	status = sc_h5_close(writing.dataset, status, err);
	status = sc_h5_close(writing.space, status, err);
	status = sc_h5_close(writing.file_row, status, err);
	return sc_h5_close(writing.memory_row, status, err);
}
