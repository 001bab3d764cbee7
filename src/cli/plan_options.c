/*
 * Options of the plan: see plan_options.h.
 */
#include "cli/plan_options.h"

#include "plan/plan.h"

#define SC_OPTIONS struct sc_plan_request

const struct sc_option sc_plan_options[] = {
	{"chunk-size", 's', SC_SIZE_OR_AUTO(chunk_bytes, SC_CHUNK_BYTES_MIN, SC_CHUNK_BYTES_MAX),
		"bytes that are sent, checked and stored at once"},
	{"group-size", 'k', SC_NUMBER_OR_AUTO("K", group_size, SC_GROUP_SIZE_MAX, NULL),
		"at most K nodes in a group"},
	{"tree-groups", 'm', SC_NUMBER_OR_AUTO("M", tree_groups, SC_NODES_MAX, NULL),
		"at most M groups in a multicast tree"},
	{"branching", 'b', SC_NUMBER_OR_AUTO("1|2", branching, SC_BRANCHING_MAX, NULL),
		"next groups that a group passes the file on to"},
	/* With one connection nothing can be passed on. */
	{"max-connections", 0, SC_NUMBER("D", max_connections, 2, SC_RECEIVERS_MAX),
		"peers that a node talks to at once (default 30)"},
	{"window", 'w',
		SC_NUMBER_OR_AUTO("W", window, SC_WINDOW_MAX,
		    "; a list of nodes, as sbcast's -w takes it, is for --hosts of stagecast-run"),
		"chunks in flight between two nodes"},
	{"memory", 0, SC_SIZE(memory_bytes, SC_MEMORY_BYTES_MIN, UINT64_C(1) << 40),
		"memory of a rank for chunks (default 128MiB)"},
	{"store-and-forward", 0, SC_ON(store_and_forward),
		"pass a subfile on only when it is complete"},
	SC_OPTIONS_END,
};
