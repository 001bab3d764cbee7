/*
 * The named enumerations of the timings file, under /types.
 */
#ifndef SC_RECORD_TIMINGS_TYPES_H
#define SC_RECORD_TIMINGS_TYPES_H

#include "base/error.h"

#include <hdf5.h>

struct sc_timings_types {
	hid_t edge_kind;
	hid_t node_state;
	hid_t event_what;
};

/* Commit them.  Release with sc_timings_types_close, also if this failed. */
int sc_timings_types_make(struct sc_timings_types *, hid_t file, struct sc_error *);

/* Returns status, or -1 if it was 0 and this failed. */
int sc_timings_types_close(struct sc_timings_types *, int status, struct sc_error *);

#endif
