/*
 * The command line.
 */
#ifndef SC_STAGE_OPTIONS_H
#define SC_STAGE_OPTIONS_H

#include "cli/command.h"
#include "fabric/census.h"
#include "plan/plan.h"
#include "tree/walk.h"

#include <stdbool.h>
#include <stdint.h>

enum sc_progress_mode {
	SC_PROGRESS_AUTO,
	SC_PROGRESS_ALWAYS,
	SC_PROGRESS_NEVER,
};

/* Which rank stands in for the origin. */
enum sc_buddy_mode {
	SC_BUDDY_AUTO, /* one that sees the same source, if there is one on another host */
	SC_BUDDY_NONE,
	SC_BUDDY_RANK,
};

/* Texts point into argv. */
struct sc_options {
	bool plan; /* print the plan, stage nothing */
	bool force;
	bool preserve;
	bool recursive; /* directories may be among the sources */
	enum sc_on_unreadable on_unreadable;
	bool verify;
	bool unpack; /* SOURCE is an archive, DEST the tree that is in it */
	bool resume; /* go on where an earlier run was cut off; be ready to be cut off */
	bool quiet;
	bool json; /* the summary is to be an object of JSON */
	int verbose;
	bool send_libs;           /* SOURCE is a program, and its libraries go with it */
	const char *libs_exclude; /* for libraries.h */
	const char *libs[SC_LIBS_GIVEN_MAX];
	size_t lib_count;
	enum sc_copies copies;
	enum sc_progress_mode progress;
	struct sc_plan_request wishes;
	enum sc_buddy_mode buddy;
	uint32_t buddy_rank;      /* of SC_BUDDY_RANK */
	uint64_t heartbeat_ns;    /* 0: to be chosen, see timeouts.h */
	uint64_t timeout_ns;      /* the same; over two heartbeats if both are given */
	const char *timings;      /* or NULL */
	const char *failed_hosts; /* or NULL */
	const char *status_file;  /* or NULL */
	const char *trace;        /* or NULL: the beginning of each rank's file */
	const char *job;          /* or NULL: the Slurm job in which this has to be */
	const char *topology;     /* or NULL: the ranks of this job */
	uint64_t size_bytes;      /* --size, for a plan without a source; otherwise see wishes */
	bool has_size;
	const char *source; /* the first one, or NULL */
	char *const *sources;
	size_t source_count;
	const char *dest; /* a template: see dest.h */
};

/* For sc_command_begin, with a struct sc_options. */
extern const struct sc_command sc_stage_command;

#endif
