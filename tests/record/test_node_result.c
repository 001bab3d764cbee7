/*
 * The timeline, and results as bytes: what comes back is what went in, and
 * nothing that arrives can hurt.
 */
#include "base/random.h"
#include "lib/suite.h"
#include "plan/plan.h"
#include "record/node_result.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sc_node_result
example_result(void)
{
	return (struct sc_node_result){
		.node = 7,
		.rank = 23,
		.host = "node07.example",
		.cause = "cannot write /scratch/model.bin: No space left on device",
		.state = SC_NODE_FAILED,
		.clock_offset_ns = -123456789,
		.bytes_received = UINT64_C(0x0102030405060708),
		.bytes_sent = 2,
		.bytes_stored = 3,
		.first_chunk_ns = 4,
		.last_chunk_ns = 5,
		.stored_ns = 6,
		.committed_ns = 7,
		.network_stall_ns = 8,
		.storage_stall_ns = 9,
		.memory_peak_bytes = 10,
		.digest_low = UINT64_MAX,
		.digest_high = 12,
	};
}

static void
add_events(struct sc_timeline *timeline, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct sc_record record = {
			.what = (enum sc_record_what)(i % SC_RECORD_KINDS),
			.peer = i % 3 == 0 ? SC_NONE : i,
			.subfile = i % 5 == 0 ? SC_NONE : i % 200,
			.count = (uint64_t)i << 20,
		};

		sc_timeline_add(timeline, 1000 + i, &record);
	}
}

static void
check_same_result(const struct sc_node_result *a, const struct sc_node_result *b)
{
	CU_ASSERT_EQUAL(a->node, b->node);
	CU_ASSERT_EQUAL(a->rank, b->rank);
	CU_ASSERT_STRING_EQUAL(a->host, b->host);
	CU_ASSERT_STRING_EQUAL(a->cause, b->cause);
	CU_ASSERT_EQUAL(a->state, b->state);
	CU_ASSERT_EQUAL(a->clock_offset_ns, b->clock_offset_ns);
	CU_ASSERT_EQUAL(a->bytes_received, b->bytes_received);
	CU_ASSERT_EQUAL(a->bytes_sent, b->bytes_sent);
	CU_ASSERT_EQUAL(a->bytes_stored, b->bytes_stored);
	CU_ASSERT_EQUAL(a->first_chunk_ns, b->first_chunk_ns);
	CU_ASSERT_EQUAL(a->last_chunk_ns, b->last_chunk_ns);
	CU_ASSERT_EQUAL(a->stored_ns, b->stored_ns);
	CU_ASSERT_EQUAL(a->committed_ns, b->committed_ns);
	CU_ASSERT_EQUAL(a->network_stall_ns, b->network_stall_ns);
	CU_ASSERT_EQUAL(a->storage_stall_ns, b->storage_stall_ns);
	CU_ASSERT_EQUAL(a->memory_peak_bytes, b->memory_peak_bytes);
	CU_ASSERT_EQUAL(a->digest_low, b->digest_low);
	CU_ASSERT_EQUAL(a->digest_high, b->digest_high);
}

static void
check_same_timeline(const struct sc_timeline *a, const struct sc_timeline *b)
{
	CU_ASSERT_EQUAL(a->dropped, b->dropped);
	CU_ASSERT_EQUAL_FATAL(a->count, b->count);
	for (uint32_t i = 0; i < a->count; i++) {
		CU_ASSERT_EQUAL_FATAL(a->events[i].time_ns, b->events[i].time_ns);
		CU_ASSERT_EQUAL_FATAL(a->events[i].what, b->events[i].what);
		CU_ASSERT_EQUAL_FATAL(a->events[i].peer, b->events[i].peer);
		CU_ASSERT_EQUAL_FATAL(a->events[i].subfile, b->events[i].subfile);
		CU_ASSERT_EQUAL_FATAL(a->events[i].count, b->events[i].count);
	}
}

/* Encode, decode, compare. */
static void
check_round_trip(const struct sc_node_result *result, const struct sc_timeline *timeline)
{
	struct sc_node_result result2;
	struct sc_timeline timeline2;
	uint8_t *bytes;
	size_t length;

	CU_ASSERT_EQUAL_FATAL(sc_node_result_encode(result, timeline, &bytes, &length), 0);
	CU_ASSERT(length <= SC_NODE_RESULT_BYTES_MAX);
	CU_ASSERT_EQUAL_FATAL(sc_node_result_decode(bytes, length, &result2, &timeline2), length);
	check_same_result(result, &result2);
	check_same_timeline(timeline, &timeline2);
	sc_timeline_free(&timeline2);
	free(bytes);
}

static void
test_timeline_is_bounded(void)
{
	struct sc_timeline timeline = {0};

	add_events(&timeline, SC_TIMELINE_EVENTS_MAX + 3);
	CU_ASSERT_EQUAL(timeline.count, SC_TIMELINE_EVENTS_MAX);
	CU_ASSERT_EQUAL(timeline.capacity, SC_TIMELINE_EVENTS_MAX);
	CU_ASSERT_EQUAL(timeline.dropped, 3);
	CU_ASSERT_EQUAL(timeline.events[0].time_ns, 1000);
	CU_ASSERT_EQUAL(timeline.events[0].peer, SC_NONE);
	CU_ASSERT_EQUAL(timeline.events[65535].time_ns, 1000 + 65535);
	CU_ASSERT_EQUAL(timeline.events[65535].count, UINT64_C(65535) << 20);
	sc_timeline_free(&timeline);
	CU_ASSERT_PTR_NULL(timeline.events);
	CU_ASSERT_EQUAL(timeline.count, 0);
	sc_timeline_free(&timeline);
}

static void
test_round_trip(void)
{
	struct sc_node_result result = example_result();
	struct sc_timeline timeline = {0};

	check_round_trip(&result, &timeline);
	add_events(&timeline, 100);
	check_round_trip(&result, &timeline);
	add_events(&timeline, SC_TIMELINE_EVENTS_MAX);
	CU_ASSERT_EQUAL(timeline.dropped, 100);
	check_round_trip(&result, &timeline);
	sc_timeline_free(&timeline);
}

static void
test_round_trip_at_the_limits(void)
{
	struct sc_node_result result = {
		.node = SC_NODES_MAX,
		.rank = INT32_MAX,
		.state = SC_NODE_NO_COPY,
		.clock_offset_ns = INT64_MIN,
	};
	struct sc_timeline timeline = {0};

	check_round_trip(&result, &timeline);
	memset(result.host, 'h', sizeof(result.host) - 1);
	memset(result.cause, 'c', sizeof(result.cause) - 1);
	check_round_trip(&result, &timeline);
}

static void
test_results_follow_each_other(void)
{
	struct sc_node_result result = example_result(), result2;
	struct sc_timeline timeline = {0}, timeline2;
	uint8_t *first, *second, *both;
	size_t first_length, second_length, taken;

	CU_ASSERT_EQUAL_FATAL(sc_node_result_encode(&result, &timeline, &first, &first_length), 0);
	result.node = 8;
	add_events(&timeline, 5);
	CU_ASSERT_EQUAL_FATAL(sc_node_result_encode(&result, &timeline, &second, &second_length),
	    0);
	both = malloc(first_length + second_length);
	CU_ASSERT_PTR_NOT_NULL_FATAL(both);
	memcpy(both, first, first_length);
	memcpy(both + first_length, second, second_length);

	taken = sc_node_result_decode(both, first_length + second_length, &result2, &timeline2);
	CU_ASSERT_EQUAL_FATAL(taken, first_length);
	CU_ASSERT_EQUAL(result2.node, 7);
	CU_ASSERT_EQUAL(timeline2.count, 0);
	taken = sc_node_result_decode(both + taken, second_length, &result2, &timeline2);
	CU_ASSERT_EQUAL(taken, second_length);
	CU_ASSERT_EQUAL(result2.node, 8);
	check_same_timeline(&timeline, &timeline2);

	sc_timeline_free(&timeline2);
	sc_timeline_free(&timeline);
	free(both);
	free(second);
	free(first);
}

/* Decode a copy that ends exactly where the bytes do, so that the sanitizer
 * and valgrind see each step beyond.  What it takes for sound must be so. */
static bool
decodes(const uint8_t *bytes, size_t length)
{
	struct sc_node_result result;
	struct sc_timeline timeline;
	uint8_t *copy = malloc(length > 0 ? length : 1);
	size_t taken;

	CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
	memcpy(copy, bytes, length);
	taken = sc_node_result_decode(copy, length, &result, &timeline);
	free(copy);
	if (taken == 0) {
		CU_ASSERT_PTR_NULL(timeline.events);
		CU_ASSERT_EQUAL(timeline.count, 0);
		return false;
	}
	CU_ASSERT(taken <= length);
	CU_ASSERT(result.state < SC_NODE_STATES);
	CU_ASSERT(result.node <= SC_NODES_MAX);
	CU_ASSERT(result.rank <= INT32_MAX);
	CU_ASSERT_PTR_NOT_NULL(memchr(result.host, '\0', sizeof(result.host)));
	CU_ASSERT_PTR_NOT_NULL(memchr(result.cause, '\0', sizeof(result.cause)));
	CU_ASSERT(timeline.count <= SC_TIMELINE_EVENTS_MAX);
	for (uint32_t i = 0; i < timeline.count; i++)
		CU_ASSERT(timeline.events[i].what < SC_RECORD_KINDS);
	sc_timeline_free(&timeline);
	return true;
}

static void
test_truncated(void)
{
	struct sc_node_result result = example_result();
	struct sc_timeline timeline = {0};
	uint8_t *bytes;
	size_t length;

	add_events(&timeline, 3);
	CU_ASSERT_EQUAL_FATAL(sc_node_result_encode(&result, &timeline, &bytes, &length), 0);
	CU_ASSERT(decodes(bytes, length));
	for (size_t i = 0; i < length; i++) {
		CU_ASSERT_FALSE(decodes(bytes, i));
		/* The same, with a head that owns up to it. */
		if (i >= 16) {
			uint8_t saved[2] = {bytes[8], bytes[9]};

			bytes[8] = (uint8_t)i;
			bytes[9] = (uint8_t)(i >> 8);
			CU_ASSERT_FALSE(decodes(bytes, i));
			memcpy(bytes + 8, saved, sizeof(saved));
		}
	}
	CU_ASSERT(decodes(bytes, length));
	sc_timeline_free(&timeline);
	free(bytes);
}

/* Each field that has bounds, out of them; offsets as in node_result.c. */
static void
test_out_of_bounds(void)
{
	static const struct {
		const char *what;
		size_t offset;
		uint8_t value;
	} cases[] = {
		{"magic", 0, 0},
		{"version", 4, 2},
		{"longer than it is", 15, 1},
		{"node", 19, 1},
		{"rank", 23, 0x80},
		{"state", 24, SC_NODE_STATES},
		{"length of the host", 133, 0xff},
		{"end mark in the host", 134, 0},
		{"number of events", 14 + 134 + 2 + 56 + 8 + 3, 1},
		{"one event too many", 14 + 134 + 2 + 56 + 8, 4},
		{"kind of event", 14 + 134 + 2 + 56 + 12 + 16, SC_RECORD_KINDS},
		{"peer", 14 + 134 + 2 + 56 + 12 + 28 + 23, 1},
		{"subfile", 14 + 134 + 2 + 56 + 12 + 28 + 25, 1},
	};
	struct sc_node_result result = example_result();
	struct sc_timeline timeline = {0};
	uint8_t *bytes;
	size_t length;

	CU_ASSERT_EQUAL_FATAL(strlen(result.host), 14);
	CU_ASSERT_EQUAL_FATAL(strlen(result.cause), 56);
	add_events(&timeline, 3);
	CU_ASSERT_EQUAL_FATAL(sc_node_result_encode(&result, &timeline, &bytes, &length), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t saved = bytes[cases[i].offset];

		CU_ASSERT_NOT_EQUAL(saved, cases[i].value);
		bytes[cases[i].offset] = cases[i].value;
		if (decodes(bytes, length)) {
			fprintf(stderr, "taken for sound: %s\n", cases[i].what);
			CU_FAIL("taken for sound");
		}
		bytes[cases[i].offset] = saved;
	}
	CU_ASSERT(decodes(bytes, length));
	sc_timeline_free(&timeline);
	free(bytes);
}

static void
test_mutated(void)
{
	struct sc_node_result result = example_result();
	struct sc_timeline timeline = {0};
	struct sc_random random = {.state = 20260101};
	unsigned sound = 0, rounds = 20000;
	uint8_t *bytes, *mutant;
	size_t length;

	add_events(&timeline, 10);
	CU_ASSERT_EQUAL_FATAL(sc_node_result_encode(&result, &timeline, &bytes, &length), 0);
	mutant = malloc(length);
	CU_ASSERT_PTR_NOT_NULL_FATAL(mutant);
	for (unsigned i = 0; i < rounds; i++) {
		uint64_t changes = 1 + sc_random_below(&random, 4);
		size_t cut = length;

		memcpy(mutant, bytes, length);
		for (uint64_t j = 0; j < changes; j++)
			mutant[sc_random_below(&random, length)] = (uint8_t)sc_random_next(&random);
		if (sc_random_below(&random, 8) == 0)
			cut = sc_random_below(&random, length + 1);
		sound += decodes(mutant, cut);
	}
	/* Counters may take any value: some mutants are sound, and not all are. */
	CU_ASSERT(sound > 0 && sound < rounds);
	free(mutant);
	free(bytes);
	sc_timeline_free(&timeline);
}

static void
test_noise(void)
{
	struct sc_random random = {.state = 7};
	uint8_t noise[512];

	for (unsigned i = 0; i < 2000; i++) {
		for (size_t j = 0; j < sizeof(noise); j++)
			noise[j] = (uint8_t)sc_random_next(&random);
		CU_ASSERT_FALSE(decodes(noise, sc_random_below(&random, sizeof(noise) + 1)));
	}
}

/* Node 4 of a plan of two groups of three, at a time of its own. */
struct history {
	struct sc_plan plan;
	struct sc_timeline timeline;
	uint64_t now_ns;
	struct sc_timeline_detour *detours;
	uint32_t count;
};

enum { SELF = 4 };

static void
history_open(struct history *history)
{
	const struct sc_plan_shape shape = {3, 2, 1, 4096, 2, false};
	struct sc_error err;

	*history = (struct history){.now_ns = 1000};
	CU_ASSERT_EQUAL_FATAL(sc_plan_make(&history->plan, 6, 100001, &shape, 0, &err), 0);
}

static void
history_close(struct history *history)
{
	free(history->detours);
	sc_timeline_free(&history->timeline);
	sc_plan_free(&history->plan);
}

static void
happens(struct history *history, enum sc_record_what what, uint32_t peer, uint32_t subfile,
    uint64_t count)
{
	struct sc_record record = {what, peer, subfile, count};

	sc_timeline_add(&history->timeline, history->now_ns, &record);
}

static uint32_t
planned(const struct history *history, uint32_t subfile)
{
	return sc_plan_supplier(&history->plan, SELF, subfile).from;
}

static void
look(struct history *history, uint32_t self, uint32_t count)
{
	free(history->detours);
	history->detours =
	    sc_timeline_detours(&history->timeline, &history->plan, self, &history->count);
	CU_ASSERT_PTR_NOT_NULL_FATAL(history->detours);
	CU_ASSERT_EQUAL_FATAL(history->count, count);
}

static void
expect_detour(const struct history *history, uint32_t index, uint32_t around, uint32_t subfile,
    uint64_t chunks, uint64_t in_place_ns)
{
	const struct sc_timeline_detour *detour = &history->detours[index];

	CU_ASSERT_EQUAL(detour->around, around);
	CU_ASSERT_EQUAL(detour->subfile, subfile);
	CU_ASSERT_EQUAL(detour->chunks, chunks);
	CU_ASSERT_EQUAL(detour->in_place_ns, in_place_ns);
}

static void
test_detour_around_a_supplier(void)
{
	struct history history;

	history_open(&history);
	happens(&history, SC_RECORD_RECEIVE_BEGUN, planned(&history, 1), 1, 2);
	look(&history, SELF, 0);
	history.now_ns = 2000;
	happens(&history, SC_RECORD_PEER_FAILED, planned(&history, 1), SC_NONE, 0);
	look(&history, SELF, 0);
	happens(&history, SC_RECORD_DETOUR, 6, 1, 7);
	look(&history, SELF, 1);
	expect_detour(&history, 0, planned(&history, 1), 1, 7, 0);
	history.now_ns = 3000;
	happens(&history, SC_RECORD_DETOUR_BEGUN, 6, 1, 6);
	/* When all that it sent has come, it is asked again for what is lacking. */
	history.now_ns = 4000;
	happens(&history, SC_RECORD_DETOUR, 6, 1, 1);
	happens(&history, SC_RECORD_DETOUR_BEGUN, 6, 1, 1);
	look(&history, SELF, 1);
	expect_detour(&history, 0, planned(&history, 1), 1, 7, 3000);
	/* The origin takes none, nor does a node that isn't in the plan. */
	look(&history, SC_ORIGIN, 0);
	look(&history, 7, 0);
	history_close(&history);
}

static void
test_stand_ins_fail_and_refuse(void)
{
	struct history history;

	history_open(&history);
	happens(&history, SC_RECORD_PEER_FAILED, planned(&history, 2), SC_NONE, 1);
	happens(&history, SC_RECORD_DETOUR, 1, 2, 8);
	history.now_ns = 2000;
	happens(&history, SC_RECORD_DETOUR, 2, 2, 8); /* 1 has refused */
	look(&history, SELF, 1);
	history.now_ns = 3000;
	happens(&history, SC_RECORD_PEER_FAILED, 2, SC_NONE, 0);
	happens(&history, SC_RECORD_DETOUR, 3, 2, 5);
	look(&history, SELF, 2);
	history.now_ns = 4000;
	happens(&history, SC_RECORD_DETOUR_BEGUN, 3, 2, 5);
	look(&history, SELF, 2);
	expect_detour(&history, 0, planned(&history, 2), 2, 8, 4000);
	expect_detour(&history, 1, 2, 2, 5, 4000);
	/* The third one does not take the place of the first. */
	history.now_ns = 5000;
	happens(&history, SC_RECORD_PEER_FAILED, 3, SC_NONE, 0);
	happens(&history, SC_RECORD_DETOUR, SELF, 2, 4);
	look(&history, SELF, 3);
	expect_detour(&history, 0, planned(&history, 2), 2, 8, 4000);
	expect_detour(&history, 2, 3, 2, 4, 5000); /* a buddy needs no other's word */
	history_close(&history);
}

static void
test_detours_for_other_reasons(void)
{
	struct history history;

	history_open(&history);
	happens(&history, SC_RECORD_PEER_TORPID, planned(&history, 0), SC_NONE, 0);
	happens(&history, SC_RECORD_DETOUR, 1, 0, 9);
	look(&history, SELF, 0);
	/* Of one that did not supply this node: a relief edge may be void for it, but at once only. */
	history.now_ns = 2000;
	happens(&history, SC_RECORD_PEER_FAILED, 3, SC_NONE, 0);
	happens(&history, SC_RECORD_DETOUR, 2, 1, 3);
	history.now_ns = 3000;
	happens(&history, SC_RECORD_DETOUR, 1, 2, 3);
	look(&history, SELF, 1);
	expect_detour(&history, 0, 3, 1, 3, 0);
	history_close(&history);
}

static void
test_detours_that_make_no_sense(void)
{
	struct history history;
	struct sc_random random = {.state = 5};

	history_open(&history);
	for (unsigned i = 0; i < 3000; i++) {
		uint32_t peer = (uint32_t)sc_random_below(&random, 9);
		uint32_t subfile = (uint32_t)sc_random_below(&random, 5);

		history.now_ns += sc_random_below(&random, 2);
		happens(&history, (enum sc_record_what)sc_random_below(&random, SC_RECORD_KINDS),
		    peer == 8 ? SC_NONE : peer * 199999, subfile == 4 ? SC_NONE : subfile * 85,
		    UINT64_MAX);
	}
	history.detours =
	    sc_timeline_detours(&history.timeline, &history.plan, SELF, &history.count);
	CU_ASSERT_PTR_NOT_NULL(history.detours);
	CU_ASSERT(history.count > 0);
	for (uint32_t i = 0; i < history.count; i++)
		CU_ASSERT(history.detours[i].subfile < history.plan.subfiles);
	history_close(&history);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"a detour is around the supplier that failed", test_detour_around_a_supplier},
		{"stand-ins that fail or refuse", test_stand_ins_fail_and_refuse},
		{"detours for other reasons", test_detours_for_other_reasons},
		{"detours that make no sense do no harm", test_detours_that_make_no_sense},
		{"the timeline is bounded", test_timeline_is_bounded},
		{"a result comes back as it was", test_round_trip},
		{"so does one at the limits", test_round_trip_at_the_limits},
		{"results follow each other", test_results_follow_each_other},
		{"a truncated result is refused", test_truncated},
		{"a field out of bounds is refused", test_out_of_bounds},
		{"mutated results are refused or sound", test_mutated},
		{"noise is refused", test_noise},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("node result", tests);
}
