/*
 * The option --topology: a cluster that need not exist, to plan for.
 */
#ifndef SC_CLI_TOPOLOGY_H
#define SC_CLI_TOPOLOGY_H

#include "base/error.h"

#include <stdint.h>

/*
 * Parse "nodes:N": N recipients (1 .. SC_NODES_MAX) beside the origin.
 * 0, or -1 with a sentence for the user if text is anything else; *recipients is then left
 * alone.
 */
int sc_topology_parse(const char *text, uint32_t *recipients, struct sc_error *);

#endif
