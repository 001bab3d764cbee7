/*
 * The option --topology: see topology.h.
 */
#include "cli/topology.h"

#include "base/units.h"

#include <string.h>

int
sc_topology_parse(const char *text, uint32_t *recipients, struct sc_error *err)
{
	static const char prefix[] = "nodes:";
	const size_t len = sizeof(prefix) - 1;

	if (strncmp(text, prefix, len) != 0)
		return sc_fail(err, 0, "--topology=%s: it takes nodes:N", text);
	if (sc_parse_count(text + len, 1, SC_NODES_MAX, recipients) != 0)
		return sc_fail(err, 0, "--topology=%s: N must be a number of 1 to %d", text,
		    SC_NODES_MAX);
	return 0;
}
