/*
 * Checksums against known answers, xxhsum, and each other.
 */
#include "file/digest.h"
#include "lib/suite.h"
#include "lib/tempdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sc_digest
stream_of(const void *bytes, size_t length, size_t piece)
{
	struct sc_digest_stream *stream = sc_digest_stream_new();
	struct sc_digest value;

	CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
	for (size_t done = 0; done < length; done += piece) {
		size_t n = length - done < piece ? length - done : piece;

		sc_digest_stream_add(stream, (const uint8_t *)bytes + done, n);
	}
	value = sc_digest_stream_value(stream);
	sc_digest_stream_free(stream);
	return value;
}

static void
empty_has_the_known_digest(void)
{
	char text[SC_DIGEST_TEXT_BYTES];

	CU_ASSERT_STRING_EQUAL(sc_digest_text(stream_of("", 0, 1), text),
	    "99aa06d3014798d86001c324468d497f");
	CU_ASSERT_STRING_EQUAL(sc_digest_text(sc_digest_chunk("", 0, 0), text),
	    "99aa06d3014798d86001c324468d497f");
}

/* What xxhsum prints of a file, or "" if there is no xxhsum. */
static void
ask_xxhsum(const char *path, char text[SC_DIGEST_TEXT_BYTES])
{
	char command[512];
	FILE *pipe;

	snprintf(command, sizeof(command), "xxhsum -H2 '%s' 2>/dev/null", path);
	pipe = popen(command, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(pipe);
	if (fgets(text, SC_DIGEST_TEXT_BYTES, pipe) == NULL)
		text[0] = '\0';
	(void)pclose(pipe);
}

static void
stream_agrees_with_xxhsum(void)
{
	static const size_t lengths[] = {0, 1, 16, 17, 240, 241, 4095, 1048577};
	char *dir = sc_tempdir_make();
	char *path = sc_tempdir_path(dir, "bytes");

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		uint8_t *bytes = sc_test_bytes(lengths[i], i);
		char theirs[SC_DIGEST_TEXT_BYTES];
		char ours[SC_DIGEST_TEXT_BYTES];

		sc_test_file_write(path, bytes, lengths[i]);
		ask_xxhsum(path, theirs);
		if (theirs[0] == '\0') {
			printf(" (SKIPPED: there is no xxhsum) ");
			free(bytes);
			break;
		}
		CU_ASSERT_STRING_EQUAL(sc_digest_text(stream_of(bytes, lengths[i], 1000), ours),
		    theirs);
		free(bytes);
	}
	free(path);
	sc_tempdir_remove(dir);
}

static void
pieces_do_not_matter(void)
{
	uint8_t *bytes = sc_test_bytes(100000, 7);
	struct sc_digest whole = sc_digest_chunk(bytes, 100000, 0);

	for (size_t piece = 1; piece < 200000; piece = piece * 3 + 1)
		CU_ASSERT(sc_digest_equal(stream_of(bytes, 100000, piece), whole));
	free(bytes);
}

static void
zeros_are_digested_as_if_they_were_there(void)
{
	static const size_t lengths[] = {1, 15, 240, 241, 4096, 16383, 16384, 16385, 100001};
	uint8_t *zeros = calloc(1, 100001);

	CU_ASSERT_PTR_NOT_NULL_FATAL(zeros);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct sc_digest_stream *stream = sc_digest_stream_new();

		CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
		for (uint32_t chunk = 0; chunk < 3; chunk++)
			CU_ASSERT(sc_digest_equal(sc_digest_zeros(lengths[i], chunk),
			    sc_digest_chunk(zeros, lengths[i], chunk)));
		sc_digest_stream_add_zeros(stream, lengths[i]);
		CU_ASSERT(sc_digest_equal(sc_digest_stream_value(stream),
		    stream_of(zeros, lengths[i], lengths[i])));
		sc_digest_stream_free(stream);
	}
	free(zeros);
}

static void
chunk_at_the_wrong_place_is_a_wrong_chunk(void)
{
	CU_ASSERT(sc_digest_equal(sc_digest_chunk("abc", 3, 5), sc_digest_chunk("abc", 3, 5)));
	CU_ASSERT(!sc_digest_equal(sc_digest_chunk("abc", 3, 5), sc_digest_chunk("abc", 3, 6)));
	CU_ASSERT(!sc_digest_equal(sc_digest_zeros(4096, 5), sc_digest_zeros(4096, 6)));
}

static void
equality_looks_at_both_halves(void)
{
	struct sc_digest a = {.low = 1, .high = 2};
	struct sc_digest b = {.low = 1, .high = 3};
	struct sc_digest c = {.low = 3, .high = 2};

	CU_ASSERT(sc_digest_equal(a, a));
	CU_ASSERT(!sc_digest_equal(a, b));
	CU_ASSERT(!sc_digest_equal(a, c));
}

static void
sum_is_the_same_in_any_order(void)
{
	struct sc_digest forward = {0}, backward = {0};

	for (uint32_t i = 0; i < 1000; i++)
		sc_digest_sum_add(&forward, i, sc_digest_zeros(10, i));
	for (uint32_t i = 1000; i-- > 0;)
		sc_digest_sum_add(&backward, i, sc_digest_zeros(10, i));
	CU_ASSERT(sc_digest_equal(forward, backward));
}

static void
sum_notices_a_missing_a_doubled_and_a_swapped_chunk(void)
{
	struct sc_digest x = sc_digest_chunk("x", 1, 0), y = sc_digest_chunk("y", 1, 0);
	struct sc_digest both = {0}, one = {0}, twice = {0}, swapped = {0};

	sc_digest_sum_add(&both, 0, x);
	sc_digest_sum_add(&both, 1, y);
	sc_digest_sum_add(&one, 0, x);
	sc_digest_sum_add(&twice, 0, x);
	sc_digest_sum_add(&twice, 0, x);
	sc_digest_sum_add(&swapped, 0, y);
	sc_digest_sum_add(&swapped, 1, x);
	CU_ASSERT(!sc_digest_equal(both, one));
	CU_ASSERT(!sc_digest_equal(both, twice));
	CU_ASSERT(!sc_digest_equal(both, swapped));
}

static void
sum_carries_into_its_high_half(void)
{
	struct sc_digest from_zero = {0}, from_full = {.low = UINT64_MAX, .high = 0};
	struct sc_digest digest = {.low = 1, .high = 1};

	sc_digest_sum_add(&from_zero, 9, digest);
	sc_digest_sum_add(&from_full, 9, digest);
	/* The term is not 0, so adding it to the full low half carries. */
	CU_ASSERT(from_zero.low != 0);
	CU_ASSERT_EQUAL(from_full.low, from_zero.low - 1);
	CU_ASSERT_EQUAL(from_full.high, from_zero.high + 1);
}

static CU_TestInfo tests[] = {
	{"the empty input has the known digest", empty_has_the_known_digest},
	{"a stream agrees with xxhsum", stream_agrees_with_xxhsum},
	{"the pieces of a stream do not matter", pieces_do_not_matter},
	{"zeros are digested as if they were there", zeros_are_digested_as_if_they_were_there},
	{"a chunk at the wrong place is wrong", chunk_at_the_wrong_place_is_a_wrong_chunk},
	{"equality looks at both halves", equality_looks_at_both_halves},
	{"a sum is the same in any order", sum_is_the_same_in_any_order},
	{"a sum notices missing, doubled, swapped",
		sum_notices_a_missing_a_doubled_and_a_swapped_chunk},
	{"a sum carries into its high half", sum_carries_into_its_high_half},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("digest", tests);
}
