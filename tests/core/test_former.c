/*
 * Suppliers that are no longer in force: src/core/former.h.
 */
#include "core/former.h"

#include "core/parts.h"
#include "lib/suite.h"

#include <stdlib.h>

/* Of subfile 0 node 3 had sent `got` chunks, and `posted` receives have not ended. */
static struct sc_formers
with_one(const struct parts *parts, uint32_t got, uint32_t sent, uint32_t posted)
{
	struct sc_formers formers = {.context = &parts->context};
	struct sc_former former = {.peer = 3, .got = got, .sent = sent, .posted = posted};

	sc_former_add(&formers, &former);
	return formers;
}

static void
end(struct parts *parts, struct sc_formers *formers)
{
	sc_former_check(formers);
	free(formers->items);
	parts_free(parts);
}

static void
test_receives_end_when_all_has_come(void)
{
	struct parts *parts = parts_new(PARTS_CONTEXT, &(struct parts_config){.self = 1});
	struct sc_formers formers = with_one(parts, 1, 3, 4);

	sc_former_on_received(&formers, 3, 0, true);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_WITHDRAW), 0);
	sc_former_on_received(&formers, 3, 0, true);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_WITHDRAW), 1);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_WITHDRAW)->peer, 3);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_WITHDRAW)->subfile, 0);
	sc_former_on_received(&formers, 3, 0, false);
	CU_ASSERT_TRUE(sc_former_is(&formers, 3, 0));
	CU_ASSERT_FALSE(sc_marks_any(&formers.choose));
	sc_former_on_received(&formers, 3, 0, false);
	CU_ASSERT_FALSE(sc_former_is(&formers, 3, 0));
	CU_ASSERT(formers.choose.first == 0 && formers.choose.end == 1); /* it may be asked again */
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_WITHDRAW), 1);
	end(parts, &formers);
}

static void
test_it_may_say_later_what_it_sent(void)
{
	struct parts *parts = parts_new(PARTS_CONTEXT, &(struct parts_config){.self = 1});
	struct sc_formers formers = with_one(parts, 2, SC_NONE, 2);

	CU_ASSERT_FALSE(sc_former_on_sent(&formers, 4, 0, 2, 0));
	CU_ASSERT_FALSE(sc_former_on_sent(&formers, 3, 1, 2, 0));
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_WITHDRAW), 0);
	CU_ASSERT_TRUE(sc_former_on_sent(&formers, 3, 0, 2, 0));
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_WITHDRAW), 1);
	end(parts, &formers);
}

static void
test_all_may_have_come_before(void)
{
	struct parts *parts = parts_new(PARTS_CONTEXT, &(struct parts_config){.self = 1});
	struct sc_formers formers = with_one(parts, 2, 2, 1);

	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_WITHDRAW), 1);
	sc_former_on_received(&formers, 3, 0, false);
	CU_ASSERT_EQUAL(formers.count, 0);
	end(parts, &formers);
}

static void
test_without_receives_there_is_nothing_to_end(void)
{
	struct parts *parts = parts_new(PARTS_CONTEXT, &(struct parts_config){.self = 1});
	struct sc_formers formers = with_one(parts, 2, SC_NONE, 0);

	CU_ASSERT_TRUE(sc_former_on_sent(&formers, 3, 0, 2, 0));
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_WITHDRAW), 0);
	CU_ASSERT_FALSE(sc_former_is(&formers, 3, 0));
	end(parts, &formers);
}

static void
test_a_declined_supplier_has_to_answer(void)
{
	struct parts *parts = parts_new(PARTS_CONTEXT, &(struct parts_config){.self = 1});
	struct sc_formers formers = {.context = &parts->context};

	sc_former_decline(&formers, 3, 0);
	CU_ASSERT_EQUAL(parts_message(parts, 3, SC_MESSAGE_DECLINE)->u.decline.request, 1);
	sc_former_decline(&formers, 3, 0);
	CU_ASSERT_EQUAL(parts_message(parts, 3, SC_MESSAGE_DECLINE)->u.decline.request, 2);
	CU_ASSERT_EQUAL(formers.count, 1);
	CU_ASSERT_TRUE(sc_former_on_sent(&formers, 3, 0, 0, 1)); /* of the first one */
	CU_ASSERT_TRUE(sc_former_is(&formers, 3, 0));
	CU_ASSERT_TRUE(sc_former_on_sent(&formers, 3, 0, 0, 2));
	CU_ASSERT_FALSE(sc_former_is(&formers, 3, 0));
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_WITHDRAW), 0);
	end(parts, &formers);
}

/* It waits for both: the answer, and what is under way. */
static void
test_a_declined_supplier_with_chunks_under_way(void)
{
	struct parts *parts = parts_new(PARTS_CONTEXT, &(struct parts_config){.self = 1});
	struct sc_formers formers = {.context = &parts->context};
	struct sc_former former = {.peer = 3, .got = 1, .sent = SC_NONE, .posted = 2};

	sc_former_decline(&formers, 3, 0);
	sc_former_add(&formers, &former);
	CU_ASSERT_EQUAL(formers.count, 1);
	CU_ASSERT_TRUE(sc_former_on_sent(&formers, 3, 0, 2, 1));
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_WITHDRAW), 0);
	sc_former_on_received(&formers, 3, 0, true);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_WITHDRAW), 1);
	sc_former_on_received(&formers, 3, 0, false);
	CU_ASSERT_EQUAL(formers.count, 0);
	end(parts, &formers);
}

static void
test_a_lost_one_is_forgotten(void)
{
	struct parts *parts = parts_new(PARTS_CONTEXT, &(struct parts_config){.self = 1});
	struct sc_formers formers = with_one(parts, 0, SC_NONE, 2);

	sc_former_decline(&formers, 3, 1);
	sc_former_decline(&formers, 4, 1);
	sc_former_forget(&formers, 3);
	CU_ASSERT_FALSE(sc_former_is(&formers, 3, 0));
	CU_ASSERT_FALSE(sc_former_is(&formers, 3, 1));
	CU_ASSERT_TRUE(sc_former_is(&formers, 4, 1));
	sc_former_on_received(&formers, 3, 0, false); /* harmless */
	end(parts, &formers);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"receives end when all has come that was sent",
			test_receives_end_when_all_has_come},
		{"a supplier may say later what it sent", test_it_may_say_later_what_it_sent},
		{"all may have come before", test_all_may_have_come_before},
		{"without receives there is nothing to end",
			test_without_receives_there_is_nothing_to_end},
		{"a declined supplier has to answer the last request",
			test_a_declined_supplier_has_to_answer},
		{"a declined supplier with chunks under way",
			test_a_declined_supplier_with_chunks_under_way},
		{"a lost one is forgotten", test_a_lost_one_is_forgotten},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("core/former", tests);
}
