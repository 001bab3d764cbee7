/*
 * The option --topology.
 */
#include "cli/topology.h"
#include "lib/suite.h"

#include <string.h>

static void
test_topology(void)
{
	static const char *const wrong[] = {"", "nodes", "nodes:", "nodes:0", "nodes:-1",
		"nodes:1000001", "nodes:4294967297", "nodes:10x", "nodes: 10", "racks:10", "10"};
	struct sc_error err;
	uint32_t recipients = 77;

	for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		CU_ASSERT(sc_topology_parse(wrong[i], &recipients, &err) == -1);
		CU_ASSERT(strstr(err.text, "--topology=") != NULL);
	}
	CU_ASSERT(recipients == 77);
	CU_ASSERT(sc_topology_parse("nodes:1", &recipients, &err) == 0 && recipients == 1);
	CU_ASSERT(sc_topology_parse("nodes:1000000", &recipients, NULL) == 0 &&
	    recipients == SC_NODES_MAX);
}

int
main(void)
{
	static CU_TestInfo tests[] = {
		{"topologies", test_topology},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("topology", tests);
}
