/*
 * The inside of a simulated run, shared by sim.c (events) and perform.c
 * (actions).
 */
#ifndef SC_SIM_SIM_IMPL_H
#define SC_SIM_SIM_IMPL_H

#include "base/random.h"
#include "core/node.h"
#include "sim/disk.h"
#include "sim/network.h"
#include "sim/rules.h"
#include "sim/sim.h"

enum { DISK_WRITER, DISK_READER, DISKS };

/* Most control messages are credits; longer ones are allocated. */
enum { LETTER_BYTES = 24 };

/* A control message on its way. */
struct letter {
	uint32_t from;
	uint32_t to;
	uint32_t length;
	uint32_t next_free;
	uint8_t *bytes; /* owned if longer than LETTER_BYTES */
	uint8_t body[LETTER_BYTES];
};

struct member {
	struct sc_node *core;
	uint64_t processor_ns; /* busy with messages until then */
	uint64_t timer_ns;     /* the deadline that is in the agenda; UINT64_MAX: none */
	struct sc_rules rules;
	struct sc_disk disks[DISKS];
	uint32_t sink_fails_after; /* SC_NONE: it doesn't */
	bool sink_failed;
	bool aborted;
};

struct sim {
	const struct sc_sim_config *config;
	const struct sc_plan *plan;
	const struct sc_machine *machine;
	struct sc_sim_result *result;
	struct sc_agenda agenda;
	struct sc_random random;
	struct sc_network *network;
	struct member *members;
	uint32_t nodes;
	uint32_t left;
	uint64_t message_ns;
	uint64_t operation_ns;
	struct letter *letters;
	uint32_t letter_count;
	uint32_t letter_capacity;
	uint32_t letter_free;
	struct sc_actions actions;
};

/* Count a broken rule (NULL: none is). */
void sim_broken(struct sim *, uint32_t node, const char *rule);

/* Have the actions of a step done, which the node's processor ended at time_ns. */
void sim_perform_all(struct sim *, uint32_t node, uint64_t time_ns);

#endif
