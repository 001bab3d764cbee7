/*
 * Types and errors of HDF5: see h5.h.
 */
#include "record/h5.h"

#include <stdbool.h>

const char sc_h5_image_name[] = "/dev/null/timings";

int
sc_h5_be_silent(void)
{
	return H5Eset_auto2(H5E_DEFAULT, NULL, NULL) < 0 ? -1 : 0;
}

static herr_t
keep_description(unsigned depth, const H5E_error2_t *entry, void *reason)
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

	if (H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_description, &reason) < 0 || reason == NULL)
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

/* The type, or none if what was done with it last failed. */
static hid_t
keep_if(bool good, hid_t type)
{
	if (good)
		return type;
	(void)sc_h5_close(type, -1, NULL);
	return H5I_INVALID_HID;
}

hid_t
sc_h5_text_type(size_t bytes)
{
	hid_t type = H5Tcopy(H5T_C_S1);

	return keep_if(type >= 0 && H5Tset_size(type, bytes) >= 0 &&
		H5Tset_cset(type, H5T_CSET_UTF8) >= 0,
	    type);
}

hid_t
sc_h5_enum_type(const struct sc_h5_enum *names)
{
	hid_t type = H5Tenum_create(H5T_NATIVE_UINT8);
	bool good = type >= 0;

	for (unsigned i = 0; good && i < names->count; i++) {
		uint8_t value = (uint8_t)i;

		good = H5Tenum_insert(type, names->name_of(i), &value) >= 0;
	}
	return keep_if(good, type);
}

hid_t
sc_h5_column_type(const struct sc_h5_column *column, size_t text_bytes)
{
	switch (column->kind) {
	case SC_H5_INT32:
		return H5Tcopy(H5T_NATIVE_INT32);
	case SC_H5_INT64:
		return H5Tcopy(H5T_NATIVE_INT64);
	case SC_H5_UINT32:
		return H5Tcopy(H5T_NATIVE_UINT32);
	case SC_H5_UINT64:
		return H5Tcopy(H5T_NATIVE_UINT64);
	case SC_H5_DOUBLE:
		return H5Tcopy(H5T_NATIVE_DOUBLE);
	case SC_H5_ENUM:
		return sc_h5_enum_type(column->names);
	case SC_H5_TEXT:
	case SC_H5_FULL_TEXT:
		break;
	}
	return sc_h5_text_type(text_bytes);
}
