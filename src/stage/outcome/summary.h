/*
 * The summary at the end of a run, on standard output: as lines, or with --json as an object.
 */
#ifndef SC_STAGE_OUTCOME_SUMMARY_H
#define SC_STAGE_OUTCOME_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A node without a copy. */
struct sc_summary_failure {
	const char *host;
	uint32_t rank;
	bool lost;         /* the node itself failed */
	const char *cause; /* or NULL: it is that of the whole run */
	double seconds;    /* from the start to that; below 0: not known */
};

/* All texts are borrowed, and may hold any bytes. */
struct sc_summary {
	int status;         /* exit status */
	const char *source; /* the first one */
	size_t more_sources;
	const char *dest;
	const char *error; /* why nothing, or not all, was done; or NULL */
	bool begun;        /* what follows is known */
	uint64_t bytes;
	uint32_t wanted; /* copies that there were to be, those of before included */
	uint32_t staged; /* copies that there are */
	uint32_t already;
	double seconds;           /* below 0: the run did not come to its end */
	const char *digest;       /* XXH3-128 in hexadecimal; "": not known */
	const char *library_path; /* for LD_LIBRARY_PATH, or NULL: no libraries were sent */
	const char *leader_host;
	uint32_t leader_rank;
	bool taken_over; /* the leader is not the origin */
	const struct sc_summary_failure *failures;
	uint32_t failure_count;
};

/* The digest, the library path and the line "staged ..." of a run that has begun. */
void sc_summary_print_text(const struct sc_summary *);

/* A line of JSON, or an error if there is no memory for it. */
void sc_summary_print_json(const struct sc_summary *);

/* One line without its end, to be freed: valid UTF-8, where a byte that belongs to no character
 * has become U+FFFD.  NULL without memory. */
char *sc_summary_json(const struct sc_summary *);

#endif
