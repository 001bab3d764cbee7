/*
 * The inside of the swarm, shared by stagings.c (stagings at random), faults.c (what
 * goes wrong in them) and judge.c (what must come of them).
 */
#ifndef SC_TESTS_SWARM_IMPL_H
#define SC_TESTS_SWARM_IMPL_H

#include "base/random.h"
#include "swarm/swarm.h"

#include <stdarg.h>

/* What goes wrong on purpose. */
enum theme {
	THEME_NONE,
	THEME_COPIES, /* those of some nodes fail */
	THEME_ALL_COPIES,
	THEME_SOURCE,
	THEME_DATA, /* chunks that arrive damaged, or can't be read back */
	THEME_CRASHES,
	THEME_SILENCE, /* processes that hang, links that are down */
	THEME_PASSING, /* the same, but too short for a node to be lost */
	THEME_SLOW,    /* links and disks, from a moment on */
	THEME_MIX,     /* anything */
	THEMES,
};

enum { SLOW_MAX = 3 };

struct trial {
	struct sc_random random;
	struct sc_plan plan;
	struct sc_machine machine;
	struct sc_slow slow[SLOW_MAX];
	enum theme theme;
	struct sc_fault *faults; /* owned */
	uint32_t fault_count;
	uint32_t fault_capacity;
	struct sc_bitmap *held; /* owned, plan.recipients + 1; or NULL */
	double run_s;           /* what it takes, about */
	uint64_t passing_ns;    /* the longest silence for which no node is lost */
	struct sc_sim_config config;
	struct sc_swarm_verdict *verdict;
};

/* stagings.c */
uint32_t trial_below(struct trial *, uint32_t bound);
/* A number whose size is even on a logarithmic scale. */
double trial_between(struct trial *, double low, double high);
void trial_broken(struct trial *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* faults.c */
/* No fault makes a link slower than this. */
static const double trial_least_factor = 0.02;
void trial_make_faults(struct trial *);
const char *trial_theme_name(enum theme);

/* judge.c */
void trial_judge(struct trial *, const struct sc_sim_result *);

#endif
