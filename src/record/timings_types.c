/*
 * The named enumerations: see timings_types.h.
 */
#include "record/timings_types.h"

#include "core/record.h"
#include "plan/plan.h"
#include "record/h5.h"
#include "record/report.h"

static const char *
edge_kind_name(unsigned value)
{
	return sc_edge_kind_name((enum sc_edge_kind)value);
}

static const char *
node_state_name(unsigned value)
{
	return sc_node_state_name((enum sc_node_state)value);
}

static const char *
event_what_name(unsigned value)
{
	return sc_record_name((enum sc_record_what)value);
}

int
sc_timings_types_make(struct sc_timings_types *types, hid_t file, struct sc_error *err)
{
	hid_t group = H5Gcreate2(file, "types", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	int status = -1;

	*types = (struct sc_timings_types){H5I_INVALID_HID, H5I_INVALID_HID, H5I_INVALID_HID};
	if (group < 0)
		return sc_h5_fail(err, "types");
	types->edge_kind = sc_h5_make_enum(group, "edge_kind", SC_EDGE_KINDS, edge_kind_name, err);
	if (types->edge_kind < 0)
		goto out;
	types->node_state =
	    sc_h5_make_enum(group, "node_state", SC_NODE_STATES, node_state_name, err);
	if (types->node_state < 0)
		goto out;
	types->event_what =
	    sc_h5_make_enum(group, "event_what", SC_RECORD_KINDS, event_what_name, err);
	if (types->event_what < 0)
		goto out;
	status = 0;
out:
	return sc_h5_close(group, status, err);
}

int
sc_timings_types_close(struct sc_timings_types *types, int status, struct sc_error *err)
{
	status = sc_h5_close(types->edge_kind, status, err);
	status = sc_h5_close(types->node_state, status, err);
	return sc_h5_close(types->event_what, status, err);
}
