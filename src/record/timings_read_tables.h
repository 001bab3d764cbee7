/*
 * The tables of a timings file that is read: /plan/nodes, /plan/edges, /nodes,
 * /events and /failures.
 */
#ifndef SC_RECORD_TIMINGS_READ_TABLES_H
#define SC_RECORD_TIMINGS_READ_TABLES_H

#include "base/error.h"
#include "record/timings_read.h"

#include <hdf5.h>

/* Fill in what the tables say.  The run's numbers are set, its nodes and parts
 * allocated and blank.  0, or -1 with a sentence that doesn't name the file. */
int sc_timings_read_tables(hid_t file, struct sc_past_run *, struct sc_error *);

#endif
