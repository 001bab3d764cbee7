/*
 * What goes wrong in a simulation: faults that strike a node at a chosen
 * moment.
 */
#ifndef SC_SIM_FAULTS_H
#define SC_SIM_FAULTS_H

#include "plan/plan.h"

#include <stdint.h>

enum sc_fault_kind {
	SC_FAULT_CRASH,     /* the process ends; MPI tells the others some time later */
	SC_FAULT_HANG,      /* duration: the process stands still, and takes afterwards what came */
	SC_FAULT_CUT,       /* duration: its link is down, which only silence tells the others */
	SC_FAULT_CUT_PAIR,  /* peer, duration: nothing passes between these two */
	SC_FAULT_SLOW_LINK, /* factor: what is left of its link's rate */
	SC_FAULT_SLOW_DISK, /* factor */
	SC_FAULT_NO_COPY,   /* at the start only: its copy can't even be created */
	SC_FAULT_FULL_DISK, /* nothing more can be stored */
	SC_FAULT_STUCK_DISK, /* its operations are given up after some time, and fail */
	SC_FAULT_BAD_LOADS,  /* count: so many chunks can't be read back */
	SC_FAULT_BAD_COMMIT, /* the copy does not get its name */
	SC_FAULT_DAMAGE,     /* count: so many chunks arrive damaged */
	SC_FAULT_KINDS,
};

/* When: at a time (ns), once the node has taken so many events, or once it has so
 * many chunks in its store. */
enum sc_fault_trigger { SC_FAULT_AT_TIME, SC_FAULT_AT_STEP, SC_FAULT_AT_STORED };

#define SC_FAULT_FOR_EVER UINT64_MAX

struct sc_fault {
	uint32_t node;
	enum sc_fault_kind kind;
	enum sc_fault_trigger trigger;
	uint64_t at;
	uint64_t duration_ns; /* or SC_FAULT_FOR_EVER */
	uint32_t peer;
	uint32_t count;
	uint32_t
	    actions; /* of a crash at a step: so many of its actions are still done; SC_NONE: all */
	double factor;
};

#endif
