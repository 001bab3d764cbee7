/*
 * Writing attributes, enumerations and tables with HDF5.
 *
 * Every function returns 0, or -1 with the reason in the sc_error.
 */
#ifndef SC_RECORD_H5_WRITE_H
#define SC_RECORD_H5_WRITE_H

#include "record/h5.h"

/* Attributes: one number (value is of the native type), one text, and an array of texts; texts
 * are UTF-8 strings of variable length. */
int sc_h5_put_number(hid_t where, const char *name, hid_t type, const void *value,
    struct sc_error *);
int sc_h5_put_text(hid_t where, const char *name, const char *text, struct sc_error *);
int sc_h5_put_texts(hid_t where, const char *name, const char *const *texts, size_t count,
    struct sc_error *);

int sc_h5_put_group(hid_t file, const char *path, struct sc_error *);

/* Commit a named enumeration; its group is there. */
int sc_h5_put_enum(hid_t file, const struct sc_h5_enum *, struct sc_error *);

/* Fill in a row, which is all zero.  Called in the order of rows; twice for each row of a table
 * with texts. */
typedef void sc_h5_fill(void *row, uint64_t index, const void *context);

/* Write a table as a dataset of compound rows, slab by slab; compressed if it is long.  Its group
 * is there.  One allocation of at most a few MiB. */
int sc_h5_put_table(hid_t file, const struct sc_h5_table *, uint64_t rows, sc_h5_fill *,
    const void *context, struct sc_error *);

#endif
