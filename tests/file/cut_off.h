/*
 * A run that was cut off, and the one that goes on with what it left: what the
 * tests of the resume share.
 */
#ifndef SC_TESTS_CUT_OFF_H
#define SC_TESTS_CUT_OFF_H

#include "lib/trial.h"

struct sc_cut {
	struct sc_trial s;
	char *journal; /* dir/.dest.stagecast.map */
	char *fresh;   /* dir/.dest.stagecast.new */
	uint8_t *bytes;
	size_t size;
	struct sc_source_facts facts;
};

/* Options with resume, without and with force. */
extern const struct sc_sink_options sc_cut_resume;
extern const struct sc_sink_options sc_cut_forced;

/* A source of size bytes, of which every fifth chunk is zeros. */
void sc_cut_set_up(struct sc_cut *, size_t size);
void sc_cut_tear_down(struct sc_cut *);

uint32_t sc_cut_chunks(const struct sc_cut *, uint32_t chunk_bytes);

/* Store a chunk of SC_TRIAL_CHUNK_BYTES, as it would arrive. */
void sc_cut_store(struct sc_cut *, struct sc_sink *, uint32_t chunk);

/* Open a sink, store the first chunks, and close it: what remains is as sc_sink_close leaves it. */
void sc_cut_run(struct sc_cut *, uint32_t chunks);

/* What the sink that is opened next holds, and that it loads what the source has. */
uint32_t sc_cut_held(struct sc_cut *, struct sc_sink *, uint32_t chunk_bytes);

/*
 * Go on to the end: open with chunks of this size, store what is not held,
 * commit; all must work, and dest is all that is left.  Returns how many
 * chunks were held; note (NULL, or as large as an error's text) gets the sink's.
 */
uint32_t sc_cut_finish(struct sc_cut *, uint32_t chunk_bytes, const struct sc_sink_options *,
    char *note);

/* The contents of a small file, to be freed. */
uint8_t *sc_cut_read(const char *path, size_t *length);

#endif
