/*
 * The little of HDF5 that writing and reading a timings file have in common: what a table is,
 * types, and errors as sentences.  h5_write.h and h5_read.h do the rest.
 */
#ifndef SC_RECORD_H5_H
#define SC_RECORD_H5_H

#include "base/error.h"

#include <hdf5.h>
#include <stddef.h>
#include <stdint.h>

/* An enumeration of 0 .. count-1, a byte in the file and in the row. */
struct sc_h5_enum {
	const char *name; /* under which it is committed: "/types/node_state" */
	unsigned count;
	const char *(*name_of)(unsigned value);
};

/* A value that has no name here; at most so many have one. */
enum { SC_H5_NO_NAME = 255 };

enum sc_h5_kind {
	SC_H5_INT32,
	SC_H5_INT64,
	SC_H5_UINT32,
	SC_H5_UINT64,
	SC_H5_DOUBLE,
	SC_H5_ENUM,
	SC_H5_TEXT,     /* in the file as long as the longest of all rows */
	SC_H5_FULL_TEXT /* in the file as long as in the row */
};

/* What a reader does with a column.  A column that is optional and missing reads as -1, as 0
 * (unsigned), NaN, "" or SC_H5_NO_NAME. */
enum sc_h5_use { SC_H5_NOT_READ, SC_H5_OPTIONAL, SC_H5_NEEDED };

struct sc_h5_column {
	const char *name;
	enum sc_h5_kind kind;
	enum sc_h5_use use;
	size_t offset; /* of the value in the row */
	size_t bytes;  /* of the value in the row; a text's end mark included */
	const struct sc_h5_enum *names;
};

enum { SC_H5_COLUMNS_MAX = 24 };

struct sc_h5_table {
	const char *path; /* "/plan/nodes" */
	const struct sc_h5_column *columns;
	size_t column_count;
	size_t row_bytes;
};

/* Rows are written and read in slabs, which are also the unit of compression: large enough to
 * compress well, small enough to be read in part. */
enum { SC_H5_SLAB_BYTES = 256 << 10 };

/* HDF5 wants a name for a file in memory, and looks whether there is such a file on disk: there
 * can't be one of this name. */
extern const char sc_h5_image_name[];

/* Turn off HDF5's own messages.  0, or -1. */
int sc_h5_be_silent(void);

/* An HDF5 call failed: say what it was to make, and the first thing that HDF5 itself found wrong.
 * To be called before any other HDF5 call.  Returns -1. */
int sc_h5_fail(struct sc_error *, const char *purpose);

/* Let go of an identifier of any kind; an invalid one is fine.  Returns status, or -1 with the
 * reason if it was 0 and this failed: so it fits after out labels. */
int sc_h5_close(hid_t id, int status, struct sc_error *);

/* Types, to be closed; negative if that failed.  A text is UTF-8, of that many bytes with its end
 * mark, or H5T_VARIABLE. */
hid_t sc_h5_text_type(size_t bytes);
hid_t sc_h5_enum_type(const struct sc_h5_enum *);

/* The type of a column's value; of a text, with that many bytes. */
hid_t sc_h5_column_type(const struct sc_h5_column *, size_t text_bytes);

#endif
