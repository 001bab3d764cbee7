/*
 * The little of HDF5 that reading a timings file needs: a file, attributes and
 * tables.  Nothing that the file says is trusted: types, counts and sizes are
 * looked at before anything is read.
 *
 * Every function that returns an int returns 0, or -1 with a sentence that
 * names what could not be read, but not the file.
 */
#ifndef SC_RECORD_H5_READ_H
#define SC_RECORD_H5_READ_H

#include "base/error.h"

#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Open the bytes of a file, which are copied.  H5I_INVALID_HID if they are no
 * HDF5 file.  Turns off HDF5's own messages. */
hid_t sc_h5_open_image(void *bytes, size_t length, struct sc_error *);

/* Is there something of this name ("/nodes", "/plan/edges") in the file? */
bool sc_h5_has(hid_t file, const char *path);

/* Attributes of the root group.  An attribute that isn't there leaves *value
 * as it was, if it is optional.  A text is allocated (free it). */
int sc_h5_get_count(hid_t file, const char *name, bool optional, uint64_t *value,
    struct sc_error *);
int sc_h5_get_double(hid_t file, const char *name, bool optional, double *value, struct sc_error *);
int sc_h5_get_text(hid_t file, const char *name, bool optional, char **value, struct sc_error *);

/* An array of texts of variable length: *texts has *count of them, each of
 * them and the array to be freed.  No texts if there is no such attribute. */
int sc_h5_get_texts(hid_t file, const char *name, char ***texts, size_t *count, struct sc_error *);

/* A value of an enumeration whose name isn't known here. */
enum { SC_H5_NO_NAME = 255 };

struct sc_h5_field {
	const char *name;
	size_t offset;     /* in the row */
	hid_t type;        /* of a number */
	size_t text_bytes; /* of a text's array in the row, or 0; longer ones are cut */
	/* Of an enumeration of names 0 .. names-1, a byte in the row; or NULL. */
	const char *(*name_of)(unsigned value);
	unsigned names;
	bool optional; /* if there is no such column, the row has the blank one's value */
};

struct sc_h5_reading {
	const char *path;
	const struct sc_h5_field *fields;
	size_t field_count;
	size_t row_bytes;
	const void *blank;
	uint64_t rows_min;
	uint64_t rows_max;
	int (*take)(void *context, const void *row, struct sc_error *);
	void *context;
};

/* Hand the rows of a table to take, in order, until it returns -1. */
int sc_h5_get_table(hid_t file, const struct sc_h5_reading *, struct sc_error *);

#endif
