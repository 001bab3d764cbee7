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

#include "record/h5.h"

#include <stdbool.h>

/* Open the bytes of a file, which are copied.  H5I_INVALID_HID if they are no
 * HDF5 file.  Turns off HDF5's own messages. */
hid_t sc_h5_open_image(void *bytes, size_t length, struct sc_error *);

/* Is there something of this name ("/nodes", "/plan/edges") in the file? */
bool sc_h5_has(hid_t file, const char *path);

/* Attributes of the root group.  An attribute that isn't there leaves *value
 * as it was, if it is optional.  A number gets the native type; a text is allocated (free it). */
int sc_h5_get_number(hid_t file, const char *name, bool optional, hid_t type, void *value,
    struct sc_error *);
int sc_h5_get_text(hid_t file, const char *name, bool optional, char **value, struct sc_error *);

/* An array of texts of variable length: *texts has *count of them, each of
 * them and the array to be freed.  No texts if there is no such attribute. */
int sc_h5_get_texts(hid_t file, const char *name, char ***texts, size_t *count, struct sc_error *);

/* Takes one row of a table; -1 with a sentence ends the reading. */
typedef int sc_h5_use_row(void *context, const void *row, struct sc_error *);

/* Hand the rows of a table to use_row, in order.  A number of rows out of the range is refused. */
int sc_h5_get_table(hid_t file, const struct sc_h5_table *, uint64_t rows_min, uint64_t rows_max,
    sc_h5_use_row *, void *context, struct sc_error *);

#endif
