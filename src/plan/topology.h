/*
 * The shape of a cluster, as written on a command line or in a test: who
 * could take part, without there being any such machine.
 */
#ifndef SC_PLAN_TOPOLOGY_H
#define SC_PLAN_TOPOLOGY_H

#include "base/error.h"

#include <stdint.h>

/*
 * Parse "nodes:N": N recipients (1 .. SC_NODES_MAX) beside the origin.
 * Fails, with a sentence for the user, if text is anything else; *recipients
 * is then left alone.
 */
int sc_topology_parse(const char *text, uint32_t *recipients, struct sc_error *);

#endif
