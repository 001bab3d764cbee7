/*
 * A sink and its bytes, for tests: see trial.h.
 */
#include "lib/trial.h"

#include "lib/suite.h"
#include "lib/tempdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct sc_sink_options sc_trial_plain = {.verify = true};
const struct sc_sink_options sc_trial_forced = {.force = true, .verify = true};

void
sc_trial_set_up(struct sc_trial *s)
{
	s->dir = sc_tempdir_make();
	s->dest = sc_tempdir_path(s->dir, "dest");
	s->part = sc_tempdir_path(s->dir, ".dest.stagecast.part");
	CU_ASSERT_EQUAL_FATAL(sc_slots_init(&s->slots, 2, SC_TRIAL_CHUNK_BYTES, NULL), 0);
}

void
sc_trial_tear_down(struct sc_trial *s)
{
	sc_slots_free(&s->slots);
	free(s->part);
	free(s->dest);
	sc_tempdir_remove(s->dir);
}

struct sc_source_facts
sc_trial_facts(size_t size)
{
	return (struct sc_source_facts){
		.size_bytes = size,
		.allocated_bytes = size,
		.mode = 0644,
		.uid = geteuid(),
		.gid = getegid(),
		.mtime_s = 1000,
		.atime_s = 2000,
	};
}

struct sc_sink *
sc_trial_open(struct sc_trial *s, const struct sc_source_facts *facts,
    const struct sc_sink_options *options)
{
	struct sc_sink *sink;
	struct sc_error err = {0};

	if (sc_sink_open(&sink, s->dest, facts, SC_TRIAL_CHUNK_BYTES, options, &err) != 0)
		fprintf(stderr, "%s\n", err.text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(sink);
	return sink;
}

void
sc_trial_refused(const char *path, const struct sc_source_facts *facts,
    const struct sc_sink_options *options, const char *why)
{
	struct sc_sink *sink;
	struct sc_error err = {0};

	CU_ASSERT_EQUAL(sc_sink_open(&sink, path, facts, SC_TRIAL_CHUNK_BYTES, options, &err), -1);
	CU_ASSERT_PTR_NULL(sink);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, why));
	if (strstr(err.text, why) == NULL)
		fprintf(stderr, "not \"%s\" but \"%s\"\n", why, err.text);
}

size_t
sc_trial_length(size_t size, uint32_t chunk)
{
	size_t rest = size - (size_t)chunk * SC_TRIAL_CHUNK_BYTES;

	return rest < SC_TRIAL_CHUNK_BYTES ? rest : SC_TRIAL_CHUNK_BYTES;
}

void
sc_trial_fill(struct sc_trial *s, const uint8_t *bytes, size_t size, uint32_t chunk, bool as_zero)
{
	size_t length = sc_trial_length(size, chunk);

	memcpy(sc_slots_payload(&s->slots, 0), bytes + (size_t)chunk * SC_TRIAL_CHUNK_BYTES,
	    length);
	sc_slots_seal(&s->slots, 0, chunk, (uint32_t)length, as_zero);
}

struct sc_seal
sc_trial_store(struct sc_trial *s, struct sc_sink *sink, const uint8_t *bytes, size_t size)
{
	uint32_t chunks = (uint32_t)((size + SC_TRIAL_CHUNK_BYTES - 1) / SC_TRIAL_CHUNK_BYTES);
	struct sc_seal seal = {.whole = sc_digest_chunk(bytes, size, 0)};

	for (uint32_t i = 0; i < 2 * chunks; i++) {
		uint32_t chunk = i % chunks;

		if ((i < chunks) != (chunk % 2 == 1))
			continue;
		sc_trial_fill(s, bytes, size, chunk, false);
		CU_ASSERT_EQUAL_FATAL(sc_sink_store(sink, &s->slots, 0, NULL), 0);
		sc_digest_sum_add(&seal.sum, chunk, sc_slots_header(&s->slots, 0).digest);
	}
	return seal;
}

void
sc_trial_file(struct sc_trial *s, const uint8_t *bytes, size_t size,
    const struct sc_source_facts *facts, const struct sc_sink_options *options)
{
	struct sc_sink *sink = sc_trial_open(s, facts, options);
	struct sc_seal seal = sc_trial_store(s, sink, bytes, size);
	struct sc_error err = {0};
	int rc = sc_sink_commit(sink, &seal, &err);

	CU_ASSERT_EQUAL(rc, 0);
	if (rc != 0)
		fprintf(stderr, "%s\n", err.text);
	sc_sink_close(sink);
}
