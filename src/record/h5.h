/*
 * The little of HDF5 that the timings file needs: attributes, enumerations
 * and tables, with errors as sentences.
 *
 * Every function that returns an int returns 0, or -1 with the reason in the
 * sc_error.  The reason is the first thing that HDF5 itself found wrong.
 */
#ifndef SC_RECORD_H5_H
#define SC_RECORD_H5_H

#include "base/error.h"

#include <hdf5.h>
#include <stddef.h>
#include <stdint.h>

/* An HDF5 call failed: say what it was for, and why.  To be called before any
 * other HDF5 call.  Returns -1. */
int sc_h5_fail(struct sc_error *, const char *purpose);

/* Let go of an identifier of any kind; an invalid one is fine.  Returns
 * status, or -1 if it was 0 and this failed: so it fits after out labels. */
int sc_h5_close(hid_t id, int status, struct sc_error *);

/* Attributes: one number (value is of the native type), one text, and an
 * array of texts; texts are UTF-8 strings of variable length. */
int sc_h5_put_number(hid_t where, const char *name, hid_t type, const void *value,
    struct sc_error *);
int sc_h5_put_text(hid_t where, const char *name, const char *text, struct sc_error *);
int sc_h5_put_texts(hid_t where, const char *name, const char *const *texts, size_t count,
    struct sc_error *);

/* An enumeration of 0 .. count-1 in a byte, committed under name in where.
 * H5I_INVALID_HID if it failed. */
hid_t sc_h5_make_enum(hid_t where, const char *name, unsigned count,
    const char *(*name_of)(unsigned value), struct sc_error *);

struct sc_h5_column {
	const char *name;
	size_t offset;       /* in the row */
	hid_t type;          /* of a number; unused for a text */
	size_t text_bytes;   /* of a text's array in the row; 0: not a text */
	size_t text_longest; /* longest text of all rows, without its end mark */
};

/* A column of a struct's member, which is called as it is. */
#define SC_H5_COLUMN(row, member, number_type) \
	{.name = #member, .offset = offsetof(row, member), .type = (number_type)}
#define SC_H5_TEXT_COLUMN(row, member, longest) \
	{.name = #member, \
		.offset = offsetof(row, member), \
		.text_bytes = sizeof(((row *)0)->member), \
		.text_longest = (longest)}

struct sc_h5_table {
	const char *name;
	const struct sc_h5_column *columns;
	size_t column_count;
	size_t row_bytes;
	uint64_t rows;
	void (*fill)(void *row, uint64_t index, const void *context); /* row is all zero */
	const void *context;
};

/* Write a table as a dataset of compound rows, slab by slab; compressed if it
 * is long.  One allocation of at most a few MiB. */
int sc_h5_put_table(hid_t where, const struct sc_h5_table *, struct sc_error *);

#endif
