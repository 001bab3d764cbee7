/*
 * A run that was cut off, for tests: see cut_off.h.
 */
#include "file/cut_off.h"

#include "lib/suite.h"
#include "lib/tempdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct sc_sink_options sc_cut_resume = {.resume = true};
const struct sc_sink_options sc_cut_forced = {.resume = true, .force = true};

void
sc_cut_set_up(struct sc_cut *cut, size_t size)
{
	sc_trial_set_up(&cut->s);
	cut->journal = sc_tempdir_path(cut->s.dir, ".dest.stagecast.map");
	cut->fresh = sc_tempdir_path(cut->s.dir, ".dest.stagecast.new");
	cut->size = size;
	cut->bytes = sc_test_bytes(size, 7);
	for (size_t i = 0; i < size; i++) {
		if (i / SC_TRIAL_CHUNK_BYTES % 5 == 3)
			cut->bytes[i] = 0;
	}
	cut->facts = sc_trial_facts(size);
}

void
sc_cut_tear_down(struct sc_cut *cut)
{
	free(cut->bytes);
	free(cut->fresh);
	free(cut->journal);
	sc_trial_tear_down(&cut->s);
}

uint32_t
sc_cut_chunks(const struct sc_cut *cut, uint32_t chunk_bytes)
{
	return (uint32_t)((cut->size + chunk_bytes - 1) / chunk_bytes);
}

/* Put a chunk into slot 0; one of zeros without its bytes. */
static void
fill(const struct sc_cut *cut, const struct sc_slots *slots, uint32_t chunk)
{
	size_t offset = (size_t)chunk * slots->chunk_bytes;
	size_t rest = cut->size - offset;
	size_t length = rest < slots->chunk_bytes ? rest : slots->chunk_bytes;
	bool zero = true;

	for (size_t i = 0; i < length; i++)
		zero = zero && cut->bytes[offset + i] == 0;
	if (zero)
		memset(sc_slots_payload(slots, 0), 0xee, length);
	else
		memcpy(sc_slots_payload(slots, 0), cut->bytes + offset, length);
	sc_slots_seal(slots, 0, chunk, (uint32_t)length, zero);
}

void
sc_cut_store(struct sc_cut *cut, struct sc_sink *sink, uint32_t chunk)
{
	struct sc_error err = {0};

	fill(cut, &cut->s.slots, chunk);
	if (sc_sink_store(sink, &cut->s.slots, 0, &err) != 0)
		fprintf(stderr, "%s\n", err.text);
	CU_ASSERT_EQUAL_FATAL(err.text[0], '\0');
}

void
sc_cut_run(struct sc_cut *cut, uint32_t chunks)
{
	struct sc_sink *sink = sc_trial_open(&cut->s, &cut->facts, &sc_cut_resume);

	for (uint32_t chunk = 0; chunk < chunks; chunk++)
		sc_cut_store(cut, sink, chunk);
	sc_sink_close(sink);
}

static bool
loads_right(const struct sc_cut *cut, struct sc_sink *sink, const struct sc_slots *slots,
    uint32_t chunk)
{
	size_t offset = (size_t)chunk * slots->chunk_bytes;
	struct sc_chunk_header header;

	return sc_sink_load(sink, slots, 0, chunk, NULL) == 0 &&
	    sc_slots_check(slots, 0, sc_slots_message_bytes(slots, 0), &header) &&
	    memcmp(sc_slots_payload(slots, 0), cut->bytes + offset, header.length) == 0;
}

static uint32_t
count_held(struct sc_cut *cut, struct sc_sink *sink, const struct sc_slots *slots)
{
	const struct sc_bitmap *held = sc_sink_held(sink);
	uint32_t count = 0;

	CU_ASSERT_EQUAL_FATAL(held->size, sc_cut_chunks(cut, slots->chunk_bytes));
	for (uint32_t chunk = 0; chunk < held->size; chunk++) {
		if (!sc_bitmap_has(held, chunk))
			continue;
		count++;
		CU_ASSERT(loads_right(cut, sink, slots, chunk));
	}
	CU_ASSERT_EQUAL(count, held->count);
	return count;
}

uint32_t
sc_cut_held(struct sc_cut *cut, struct sc_sink *sink, uint32_t chunk_bytes)
{
	struct sc_slots slots;
	uint32_t count;

	CU_ASSERT_EQUAL_FATAL(sc_slots_init(&slots, 1, chunk_bytes, NULL), 0);
	count = count_held(cut, sink, &slots);
	sc_slots_free(&slots);
	return count;
}

uint32_t
sc_cut_finish(struct sc_cut *cut, uint32_t chunk_bytes, const struct sc_sink_options *options,
    char *note)
{
	struct sc_seal seal = {.whole = sc_digest_chunk(cut->bytes, cut->size, 0)};
	struct sc_sink *sink;
	struct sc_slots slots;
	struct sc_error err = {0};
	uint32_t held;

	CU_ASSERT_EQUAL_FATAL(sc_slots_init(&slots, 1, chunk_bytes, NULL), 0);
	if (sc_sink_open(&sink, cut->s.dest, &cut->facts, chunk_bytes, options, &err) != 0)
		fprintf(stderr, "%s\n", err.text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(sink);
	if (note != NULL)
		strcpy(note, sc_sink_note(sink));
	held = count_held(cut, sink, &slots);
	for (uint32_t chunk = 0; chunk < sc_cut_chunks(cut, chunk_bytes); chunk++) {
		fill(cut, &slots, chunk);
		sc_digest_sum_add(&seal.sum, chunk, sc_slots_header(&slots, 0).digest);
		if (!sc_bitmap_has(sc_sink_held(sink), chunk))
			CU_ASSERT_EQUAL_FATAL(sc_sink_store(sink, &slots, 0, NULL), 0);
	}
	if (sc_sink_commit(sink, &seal, &err) != 0)
		fprintf(stderr, "%s\n", err.text);
	sc_sink_close(sink);
	sc_slots_free(&slots);
	CU_ASSERT(sc_test_file_equals(cut->s.dest, cut->bytes, cut->size));
	CU_ASSERT_EQUAL(sc_tempdir_entries(cut->s.dir), 1);
	return held;
}

uint8_t *
sc_cut_read(const char *path, size_t *length)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(1 << 20);

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
	*length = fread(bytes, 1, 1 << 20, file);
	CU_ASSERT(*length < 1 << 20);
	CU_ASSERT_EQUAL(fclose(file), 0);
	return bytes;
}
