/*
 * The summary as JSON, read back by the library's own parser, which takes valid UTF-8 only.
 */
#include "lib/suite.h"
#include "stage/outcome/status.h"
#include "stage/outcome/summary.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct sc_summary_failure failures[] = {
	{"node5", 5, false, "/local/x needs 2 MiB", 0.25},
	{"node6", 6, true, NULL, -1},
};

static const struct sc_summary partial = {
	.status = SC_EXIT_PARTIAL,
	.source = "in/model.bin",
	.dest = "/local/model.bin",
	.error = "the rest",
	.begun = true,
	.bytes = UINT64_C(1) << 42,
	.wanted = 9,
	.staged = 7,
	.already = 2,
	.seconds = 2,
	.digest = "35d6f7a85cad7cd7c15a0fa6773c1426",
	.library_path = "/local/prog",
	.leader_host = "node8",
	.leader_rank = 8,
	.taken_over = true,
	.failures = failures,
	.failure_count = 2,
};

/* The object, to be given up; it is one line. */
static json_t *
parse(const struct sc_summary *summary)
{
	char *line = sc_summary_json(summary);
	json_error_t error;
	json_t *json;

	CU_ASSERT_PTR_NOT_NULL_FATAL(line);
	CU_ASSERT_PTR_NULL(strchr(line, '\n'));
	json = json_loads(line, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		printf("%s: %s\n", error.text, line);
	CU_ASSERT_PTR_NOT_NULL_FATAL(json);
	free(line);
	return json;
}

static const char *
text_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	return text;
}

static json_int_t
count_of(const json_t *json, const char *key)
{
	CU_ASSERT_TRUE(json_is_integer(json_object_get(json, key)));
	return json_integer_value(json_object_get(json, key));
}

static double
number_of(const json_t *json, const char *key)
{
	CU_ASSERT_TRUE(json_is_real(json_object_get(json, key)));
	return json_real_value(json_object_get(json, key));
}

static void
test_all_is_told(void)
{
	json_t *json = parse(&partial);
	const json_t *nodes = json_object_get(json, "nodes");
	const json_t *leader = json_object_get(json, "leader");
	const json_t *rates = json_object_get(json, "bytes_per_s");
	const json_t *failed = json_object_get(json, "failed");

	CU_ASSERT_STRING_EQUAL(text_of(json, "state"), "partial");
	CU_ASSERT_EQUAL(count_of(json, "status"), 3);
	CU_ASSERT_STRING_EQUAL(text_of(json, "source"), "in/model.bin");
	CU_ASSERT_STRING_EQUAL(text_of(json, "dest"), "/local/model.bin");
	CU_ASSERT_STRING_EQUAL(text_of(json, "error"), "the rest");
	CU_ASSERT_EQUAL(count_of(json, "bytes"), (json_int_t)1 << 42);
	CU_ASSERT_EQUAL(count_of(nodes, "wanted"), 9);
	CU_ASSERT_EQUAL(count_of(nodes, "staged"), 7);
	CU_ASSERT_EQUAL(count_of(nodes, "already"), 2);
	CU_ASSERT_EQUAL(number_of(json, "seconds"), 2);
	/* Six digits of 2^41, and of five times that. */
	CU_ASSERT_DOUBLE_EQUAL(number_of(rates, "node"), 0x1p41, 0x1p41 * 1e-5);
	CU_ASSERT_DOUBLE_EQUAL(number_of(rates, "all"), 5 * 0x1p41, 5 * 0x1p41 * 1e-5);
	CU_ASSERT_STRING_EQUAL(text_of(json, "xxh3_128"), "35d6f7a85cad7cd7c15a0fa6773c1426");
	CU_ASSERT_STRING_EQUAL(text_of(json, "ld_library_path"), "/local/prog");
	CU_ASSERT_STRING_EQUAL(text_of(leader, "host"), "node8");
	CU_ASSERT_EQUAL(count_of(leader, "rank"), 8);
	CU_ASSERT_TRUE(json_is_true(json_object_get(leader, "taken_over")));
	CU_ASSERT_EQUAL_FATAL(json_array_size(failed), 2);
	CU_ASSERT_STRING_EQUAL(text_of(json_array_get(failed, 0), "host"), "node5");
	CU_ASSERT_EQUAL(count_of(json_array_get(failed, 0), "rank"), 5);
	CU_ASSERT_TRUE(json_is_false(json_object_get(json_array_get(failed, 0), "lost")));
	CU_ASSERT_STRING_EQUAL(text_of(json_array_get(failed, 0), "cause"), "/local/x needs 2 MiB");
	CU_ASSERT_EQUAL(number_of(json_array_get(failed, 0), "seconds"), 0.25);
	CU_ASSERT_TRUE(json_is_true(json_object_get(json_array_get(failed, 1), "lost")));
	CU_ASSERT_STRING_EQUAL(text_of(json_array_get(failed, 1), "cause"), "the rest");
	CU_ASSERT_TRUE(json_is_null(json_object_get(json_array_get(failed, 1), "seconds")));
	json_decref(json);
}

static void
test_states(void)
{
	static const char *const states[] = {"complete", "nothing", "nothing", "partial"};
	struct sc_summary summary = partial;

	for (int status = 0; status <= 3; status++) {
		json_t *json;

		summary.status = status;
		json = parse(&summary);
		CU_ASSERT_STRING_EQUAL(text_of(json, "state"), states[status]);
		CU_ASSERT_EQUAL(count_of(json, "status"), status);
		json_decref(json);
	}
}

static void
test_what_is_not_known_is_null(void)
{
	struct sc_summary summary = partial;
	json_t *json;

	summary.error = NULL;
	summary.seconds = -1;
	summary.digest = "";
	summary.library_path = NULL;
	summary.staged = 0;
	summary.already = 0;
	json = parse(&summary);
	CU_ASSERT_TRUE(json_is_null(json_object_get(json, "error")));
	CU_ASSERT_TRUE(json_is_null(json_object_get(json, "seconds")));
	CU_ASSERT_TRUE(json_is_null(json_object_get(json, "bytes_per_s")));
	CU_ASSERT_TRUE(json_is_null(json_object_get(json, "xxh3_128")));
	CU_ASSERT_TRUE(json_is_null(json_object_get(json, "ld_library_path")));
	json_decref(json);
	/* What hasn't begun has no nodes. */
	json = parse(&(struct sc_summary){
		.status = SC_EXIT_NOTHING, .source = "a", .dest = "b", .error = "cannot open a"});
	CU_ASSERT_STRING_EQUAL(text_of(json, "error"), "cannot open a");
	CU_ASSERT_PTR_NULL(json_object_get(json, "nodes"));
	CU_ASSERT_PTR_NULL(json_object_get(json, "failed"));
	json_decref(json);
}

/* Every byte that a name may have, alone and in pairs. */
static void
test_any_bytes(void)
{
	char name[3] = "";
	struct sc_summary summary = partial;
	struct sc_summary_failure failure = failures[0];
	json_t *json;

	summary.source = summary.dest = summary.error = summary.leader_host = name;
	summary.library_path = name;
	failure.host = failure.cause = name;
	summary.failures = &failure;
	summary.failure_count = 1;
	for (int first = 1; first < 256; first++) {
		for (int second = 0; second < 256; second += second < 0x7f ? 9 : 1) {
			name[0] = (char)first;
			name[1] = (char)second;
			json_decref(parse(&summary));
		}
	}
	name[0] = '"';
	name[1] = '\\';
	json = parse(&summary);
	CU_ASSERT_STRING_EQUAL(text_of(json, "source"), "\"\\");
	json_decref(json);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"all is told", test_all_is_told},
		{"states", test_states},
		{"what is not known is null", test_what_is_not_known_is_null},
		{"any bytes", test_any_bytes},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("summary", tests);
}
