/*
 * The sentences that both the summary and the picture have.  Texts of the file are made printable:
 * control characters are written as \xHH.
 */
#ifndef SC_REPORT_SENTENCES_H
#define SC_REPORT_SENTENCES_H

#include "report/diagnosis.h"

/* Returned by value, so that a text needs no buffer where it is used; a longer one is cut. */
struct sc_sentence {
	char text[1024];
};

struct sc_sentence sc_sentence(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Its first letter made a capital, and a full stop after it. */
struct sc_sentence sc_sentence_whole(const struct sc_sentence *);

/* A duration as sc_format_duration has it, but below a millisecond in "us"; and "1.00 GiB". */
struct sc_sentence sc_duration(double seconds);
struct sc_sentence sc_size(double bytes);

/* "" of one, "s" of several. */
const char *sc_plural(uint64_t count);

/* "node 7 (host17)" */
struct sc_sentence sc_node_name(const struct sc_past_run *, uint32_t node);

/* The name of the file that was staged, without folders; "" if there was none, as in a simulation.
 * Points into the run, and isn't made printable. */
const char *sc_source_name(const struct sc_past_run *);

bool sc_is_simulated(const struct sc_past_run *);

/* Why the slowest node was it. */
struct sc_sentence sc_reason_sentence(const struct sc_diagnosis *);

/* Of the brake, and of the pace of all; "" if there is nothing to add. */
struct sc_sentence sc_brake_sentence(const struct sc_diagnosis *);
struct sc_sentence sc_pace_sentence(const struct sc_diagnosis *);

/* Why a node has no copy: its cause, or that there is none. */
struct sc_sentence sc_cause(const struct sc_past_node *);

/* Of a node that was lost: why, when and what came of it. */
struct sc_sentence sc_lost_sentence(const struct sc_past_run *, uint32_t node);

/* Which node took over the lead, "" if none had to. */
struct sc_sentence sc_takeover_sentence(const struct sc_past_run *);

#endif
