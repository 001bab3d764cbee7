/*
 * Reading a timings file through HDF5's own functions, as any program would.
 * Whatever is missing or of another length is a failed assertion of CUnit.
 */
#ifndef SC_TESTS_TIMINGS_READER_H
#define SC_TESTS_TIMINGS_READER_H

#include <hdf5.h>
#include <stdint.h>

/* Attributes of the root group. */
double read_number(hid_t file, const char *name);
void check_text(hid_t file, const char *name, const char *expected);
void check_texts(hid_t file, const char *name, const char *const *expected, hssize_t count);

/* A column of a table, which must have exactly count rows. */
void read_doubles(hid_t file, const char *table, const char *column, double *values,
    hssize_t count);
void read_integers(hid_t file, const char *table, const char *column, int64_t *values,
    hssize_t count);
void read_texts(hid_t file, const char *table, const char *column, char (*values)[64],
    hssize_t count);

/* A column of the named enumeration, as its names; at most 64 rows. */
void read_names(hid_t file, const char *table, const char *column, const char *type_name,
    char (*values)[64], hssize_t count);

/* What a table takes in the file. */
hsize_t stored_bytes(hid_t file, const char *table);

#endif
