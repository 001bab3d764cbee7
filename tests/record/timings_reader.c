/*
 * Reading a timings file as any program would: see timings_reader.h.
 */
#include "record/timings_reader.h"

#include "lib/suite.h"

#include <math.h>

double
read_number(hid_t file, const char *name)
{
	hid_t attribute = H5Aopen(file, name, H5P_DEFAULT);
	double value = NAN;

	CU_ASSERT_FATAL(attribute >= 0);
	CU_ASSERT_FATAL(H5Aread(attribute, H5T_NATIVE_DOUBLE, &value) >= 0);
	CU_ASSERT_FATAL(H5Aclose(attribute) >= 0);
	return value;
}

/* Compare an attribute of texts of variable length with those expected. */
void
check_texts(hid_t file, const char *name, const char *const *expected, hssize_t count)
{
	hid_t attribute = H5Aopen(file, name, H5P_DEFAULT);
	hid_t space = H5Aget_space(attribute);
	hid_t type = H5Tcopy(H5T_C_S1);
	char *texts[8] = {0};

	CU_ASSERT_FATAL(attribute >= 0 && space >= 0 && type >= 0);
	CU_ASSERT_FATAL(H5Tset_size(type, H5T_VARIABLE) >= 0);
	CU_ASSERT_FATAL(H5Tset_cset(type, H5T_CSET_UTF8) >= 0);
	CU_ASSERT_EQUAL_FATAL(H5Sget_simple_extent_npoints(space), count);
	CU_ASSERT_FATAL(count <= 8 && H5Aread(attribute, type, texts) >= 0);
	for (hssize_t i = 0; i < count; i++)
		CU_ASSERT_STRING_EQUAL(texts[i], expected[i]);
	CU_ASSERT(H5Dvlen_reclaim(type, space, H5P_DEFAULT, texts) >= 0);
	CU_ASSERT(H5Tclose(type) >= 0 && H5Sclose(space) >= 0 && H5Aclose(attribute) >= 0);
}

void
check_text(hid_t file, const char *name, const char *expected)
{
	check_texts(file, name, &expected, 1);
}

/* Read one column of numbers of a table of count rows. */
static void
read_column(hid_t file, const char *table, const char *column, hid_t number, size_t size,
    void *values, hssize_t count)
{
	hid_t dataset = H5Dopen2(file, table, H5P_DEFAULT);
	hid_t space = H5Dget_space(dataset);
	hid_t type = H5Tcreate(H5T_COMPOUND, size);

	CU_ASSERT_FATAL(dataset >= 0 && space >= 0 && type >= 0);
	CU_ASSERT_EQUAL_FATAL(H5Sget_simple_extent_npoints(space), count);
	CU_ASSERT_FATAL(H5Tinsert(type, column, 0, number) >= 0);
	CU_ASSERT_FATAL(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
	CU_ASSERT(H5Tclose(type) >= 0 && H5Sclose(space) >= 0 && H5Dclose(dataset) >= 0);
}

void
read_doubles(hid_t file, const char *table, const char *column, double *values, hssize_t count)
{
	read_column(file, table, column, H5T_NATIVE_DOUBLE, sizeof(*values), values, count);
}

void
read_integers(hid_t file, const char *table, const char *column, int64_t *values, hssize_t count)
{
	read_column(file, table, column, H5T_NATIVE_INT64, sizeof(*values), values, count);
}

void
read_texts(hid_t file, const char *table, const char *column, char (*values)[64], hssize_t count)
{
	hid_t type = H5Tcopy(H5T_C_S1);

	CU_ASSERT_FATAL(type >= 0 && H5Tset_size(type, 64) >= 0);
	CU_ASSERT_FATAL(H5Tset_cset(type, H5T_CSET_UTF8) >= 0);
	read_column(file, table, column, type, 64, values, count);
	CU_ASSERT(H5Tclose(type) >= 0);
}

/* Read a column of an enumeration as its names. */
void
read_names(hid_t file, const char *table, const char *column, const char *type_name,
    char (*values)[64], hssize_t count)
{
	hid_t type = H5Topen2(file, type_name, H5P_DEFAULT);
	uint8_t numbers[64];

	CU_ASSERT_FATAL(type >= 0 && count <= 64);
	read_column(file, table, column, type, 1, numbers, count);
	for (hssize_t i = 0; i < count; i++)
		CU_ASSERT_FATAL(H5Tenum_nameof(type, &numbers[i], values[i], 64) >= 0);
	CU_ASSERT(H5Tclose(type) >= 0);
}

hsize_t
stored_bytes(hid_t file, const char *table)
{
	hid_t dataset = H5Dopen2(file, table, H5P_DEFAULT);
	hsize_t bytes;

	CU_ASSERT_FATAL(dataset >= 0);
	bytes = H5Dget_storage_size(dataset);
	CU_ASSERT(H5Dclose(dataset) >= 0);
	return bytes;
}
