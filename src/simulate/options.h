/*
 * The command line of stagecast-sim.
 */
#ifndef SC_SIMULATE_OPTIONS_H
#define SC_SIMULATE_OPTIONS_H

#include "cli/command.h"
#include "plan/plan.h"
#include "sim/machine.h"
#include "sim/sim.h"
#include "simulate/fail.h"

#include <stdbool.h>
#include <stdint.h>

enum sc_sim_mode {
	SC_SIM_RUN,
	SC_SIM_COMPARE,
	SC_SIM_SEARCH,
};

/* Texts point into argv. */
struct sc_sim_options {
	enum sc_sim_mode mode;
	uint32_t nodes; /* recipients */
	uint64_t size_bytes;
	struct sc_plan_request wishes;
	struct sc_machine machine; /* machine.slow is owned */
	struct sc_sim_fails fails; /* owned */
	uint32_t buddy;            /* 0: none */
	uint64_t heartbeat_ns;     /* 0: not given */
	uint64_t timeout_ns;       /* 0: not given */
	uint64_t seed;             /* of the jitter */
	uint32_t jobs;             /* simulations of a search at one time; 0: one a core */
	const char *trace;         /* or NULL */
	const char *timings;       /* or NULL */
};

/* For sc_command_begin, with a struct sc_sim_options, which is to be freed in any case. */
extern const struct sc_command sc_sim_command;
void sc_sim_options_free(struct sc_sim_options *);

/*
 * A staging by this plan on that machine.  Heartbeats are simulated where they
 * could matter: where nodes fail or are slow, or if they were asked for.
 * Faults (as sc_sim_fails_resolve has made them) are borrowed.
 */
struct sc_sim_config sc_sim_options_config(const struct sc_sim_options *, const struct sc_plan *,
    const struct sc_fault *faults);

#endif
