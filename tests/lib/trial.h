/*
 * A sink in a temporary folder, and bytes to stage there: what the tests of
 * the sink share.
 */
#ifndef SC_TESTS_TRIAL_H
#define SC_TESTS_TRIAL_H

#include "file/sink.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SC_TRIAL_CHUNK_BYTES = 16384 };

struct sc_trial {
	char *dir;
	char *dest;            /* dir/dest */
	char *part;            /* where its part file is */
	struct sc_slots slots; /* two of them */
};

/* Options with verification, without and with force. */
extern const struct sc_sink_options sc_trial_plain;
extern const struct sc_sink_options sc_trial_forced;

void sc_trial_set_up(struct sc_trial *);
void sc_trial_tear_down(struct sc_trial *);

/* Facts of a dense file of this size, of this user. */
struct sc_source_facts sc_trial_facts(size_t size);

/* Open a sink for dest, which must work. */
struct sc_sink *sc_trial_open(struct sc_trial *, const struct sc_source_facts *,
    const struct sc_sink_options *);

/* Opening path must fail with a sentence that has why in it. */
void sc_trial_refused(const char *path, const struct sc_source_facts *,
    const struct sc_sink_options *, const char *why);

/* The length of a chunk of size bytes. */
size_t sc_trial_length(size_t size, uint32_t chunk);

/* Put a chunk of bytes into slot 0, as it would arrive. */
void sc_trial_fill(struct sc_trial *, const uint8_t *bytes, size_t size, uint32_t chunk,
    bool as_zero);

/* Store all chunks, the odd ones first.  Returns their sum. */
struct sc_seal sc_trial_store(struct sc_trial *, struct sc_sink *, const uint8_t *bytes,
    size_t size);

/* Stage bytes to dest from beginning to end, which must work. */
void sc_trial_file(struct sc_trial *, const uint8_t *bytes, size_t size,
    const struct sc_source_facts *, const struct sc_sink_options *);

#endif
