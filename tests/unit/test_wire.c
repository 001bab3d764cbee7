/*
 * Control messages on the wire: what is written can be read, and nothing else.
 */
#include "base/random.h"
#include "core/wire.h"
#include "lib/suite.h"

#include <stdlib.h>
#include <string.h>

enum { MUTATIONS = 100000 };

/* A number at an extreme, or any. */
static uint32_t
number(struct sc_random *random)
{
	switch (sc_random_below(random, 4)) {
	case 0:
		return 0;
	case 1:
		return UINT32_MAX;
	case 2:
		return 0x7fffffff + (uint32_t)sc_random_below(random, 2);
	default:
		return (uint32_t)sc_random_next(random);
	}
}

/* None, the longest, or any: no byte of it is a zero. */
static void
fill_cause(struct sc_random *random, char cause[SC_CAUSE_BYTES])
{
	size_t length = (size_t)sc_random_below(random, SC_CAUSE_BYTES);

	switch (sc_random_below(random, 4)) {
	case 0:
		length = 0;
		break;
	case 1:
		length = SC_CAUSE_BYTES - 1;
		break;
	default:
		break;
	}
	memset(cause, 0, SC_CAUSE_BYTES);
	for (size_t i = 0; i < length; i++)
		cause[i] = (char)(1 + sc_random_below(random, 255));
}

static void
fill_offer(struct sc_random *random, struct sc_offer *offer)
{
	offer->subfile = number(random);
	offer->count = (uint32_t)sc_random_below(random, SC_RECEIVERS_MAX + 1);
	if (sc_random_below(random, 4) == 0)
		offer->count = SC_RECEIVERS_MAX;
	for (uint32_t i = 0; i < offer->count; i++) {
		offer->receivers[i].node = number(random);
		offer->receivers[i].kind =
		    (enum sc_edge_kind)sc_random_below(random, SC_EDGE_KINDS);
	}
}

/* None, as many as there may be, or any. */
static uint32_t
count_of(struct sc_random *random, uint32_t most)
{
	switch (sc_random_below(random, 4)) {
	case 0:
		return 0;
	case 1:
		return most;
	default:
		return (uint32_t)sc_random_below(random, most + 1);
	}
}

static void
fill_want(struct sc_random *random, struct sc_want *want)
{
	want->subfile = number(random);
	want->flags = (uint32_t)sc_random_below(random, (SC_WANT_BEGIN | SC_WANT_ASK) + 1);
	want->first = (want->flags & SC_WANT_BEGIN) != 0 ? 0 : number(random);
	want->count = count_of(random, SC_WANT_BITS_MAX);
	for (uint32_t i = 0; i < (want->count + 7) / 8; i++)
		want->bits[i] = (uint8_t)sc_random_next(random);
}

static void
fill_notice(struct sc_random *random, struct sc_notice *notice)
{
	notice->count = count_of(random, SC_NOTICE_MAX);
	for (uint32_t i = 0; i < notice->count; i++) {
		notice->entries[i].node = number(random);
		notice->entries[i].trouble = (enum sc_trouble)sc_random_below(random, SC_TROUBLES);
	}
}

static void
fill_beat(struct sc_random *random, struct sc_beat *beat)
{
	beat->torpid = sc_random_below(random, 2) != 0;
	beat->copy_failed = sc_random_below(random, 2) != 0;
	beat->steps = (uint32_t)sc_random_below(random, 256);
	beat->tree = number(random);
	beat->mark = number(random);
	beat->held_count = count_of(random, SC_GROUP_SIZE_MAX);
	for (uint32_t i = 0; i < beat->held_count; i++)
		beat->held[i] = number(random);
	beat->list_count = count_of(random, SC_BEAT_LIST_MAX);
	for (uint32_t i = 0; i < beat->list_count; i++)
		beat->list[i] = number(random);
}

static void
fill_tally(struct sc_random *random, struct sc_tally *tally)
{
	tally->committed = number(random);
	tally->failed = number(random);
	tally->least = number(random);
}

static void
fill(struct sc_random *random, enum sc_message_type type, struct sc_message *message)
{
	memset(message, 0, sizeof(*message));
	message->type = type;
	switch (type) {
	case SC_MESSAGE_OFFER:
		fill_offer(random, &message->u.offer);
		break;
	case SC_MESSAGE_CREDIT:
		message->u.credit.subfile = number(random);
		message->u.credit.granted = number(random);
		break;
	case SC_MESSAGE_SEAL:
		message->u.seal.sum.low = sc_random_next(random);
		message->u.seal.whole.low = (uint64_t)0 - sc_random_below(random, 2);
		message->u.seal.sum.high = sc_random_next(random);
		message->u.seal.whole.high = (uint64_t)0 - sc_random_below(random, 2);
		break;
	case SC_MESSAGE_FAILED:
		message->u.failed.node = number(random);
		message->u.failed.fatal = sc_random_below(random, 2) != 0;
		fill_cause(random, message->u.failed.cause);
		break;
	case SC_MESSAGE_PROGRESS:
		fill_tally(random, &message->u.tally);
		break;
	case SC_MESSAGE_DONE:
		message->u.done.leader = number(random);
		fill_tally(random, &message->u.done.tally);
		break;
	case SC_MESSAGE_ABORT:
		fill_cause(random, message->u.cause);
		break;
	case SC_MESSAGE_CLOSE:
		message->u.apart = sc_random_below(random, 2) != 0;
		break;
	case SC_MESSAGE_WANT:
		fill_want(random, &message->u.want);
		break;
	case SC_MESSAGE_REFUSE:
	case SC_MESSAGE_SENT:
		message->u.sent.subfile = number(random);
		message->u.sent.sent = number(random);
		message->u.sent.wants = number(random);
		break;
	case SC_MESSAGE_NOTICE:
		fill_notice(random, &message->u.notice);
		break;
	case SC_MESSAGE_BEAT:
		fill_beat(random, &message->u.beat);
		break;
	case SC_MESSAGE_DECLINE:
		message->u.decline.subfile = number(random);
		message->u.decline.request = 1 + number(random) / 2;
		break;
	case SC_MESSAGE_DECLINED:
		message->u.declined.subfile = number(random);
		message->u.declined.request = 1 + number(random) / 2;
		message->u.declined.sent = number(random);
		break;
	case SC_MESSAGE_BYE:
		break;
	}
}

/* Decode from a block of exactly this length: to read past its end is an error to the
 * sanitizers and valgrind. */
static int
decode(const uint8_t *bytes, size_t length, struct sc_message *message)
{
	uint8_t *exact = malloc(length > 0 ? length : 1);
	int rc;

	CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
	memcpy(exact, bytes, length);
	rc = sc_message_decode(exact, length, message);
	free(exact);
	return rc;
}

static void
test_what_is_written_is_read(void)
{
	struct sc_random random = {1};

	for (int type = SC_MESSAGE_OFFER; type <= SC_MESSAGE_DECLINED; type++) {
		for (int i = 0; i < 500; i++) {
			uint8_t bytes[SC_CONTROL_BYTES];
			struct sc_message in;
			struct sc_message out;
			size_t length;

			fill(&random, (enum sc_message_type)type, &in);
			length = sc_message_encode(&in, bytes);
			CU_ASSERT(length >= 2 && length <= SC_CONTROL_BYTES);
			memset(&out, 0, sizeof(out));
			CU_ASSERT_EQUAL(decode(bytes, length, &out), 0);
			CU_ASSERT_EQUAL(memcmp(&in, &out, sizeof(in)), 0);
		}
	}
}

/* Messages stay readable for ranks of the same version: the bytes are frozen. */
static void
test_the_bytes_are_frozen(void)
{
	static const uint8_t credit[] = {4, 2, 4, 3, 2, 1, 0xff, 0xff, 0xff, 0x7f};
	static const uint8_t offer[] = {4, 1, 7, 0, 0, 0, 2, 0, 9, 0, 0, 0, SC_EDGE_COLLECTION, 0,
		1, 0, 0, SC_EDGE_SECONDARY};
	static const uint8_t failed[] = {4, 4, 5, 0, 0, 0, 1, 4, 0, 'd', 'i', 's', 'k'};
	static const uint8_t done[] = {4, 6, 4, 1, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0};
	static const uint8_t closing[] = {4, 8, 1};
	static const uint8_t want[] = {4, 9, 7, 0, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0x81, 1};
	static const uint8_t refuse[] = {4, 10, 7, 0, 0, 0, 3, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
	static const uint8_t decline[] = {4, 15, 7, 0, 0, 0, 2, 1, 0, 0};
	static const uint8_t declined[] = {4, 16, 7, 0, 0, 0, 2, 1, 0, 0, 3, 0, 0, 0};
	static const uint8_t notice[] = {4, 11, 1, 0, 4, 1, 0, 0, SC_TROUBLE_SILENT};
	static const uint8_t beat[] = {
		4, 12, 1, 8, 2, 0, 0, 0, 4, 3, 2, 1, 1, 0, 9, 0, 0, 0, 1, 0, 5, 0, 0, 0};
	static const uint8_t bye[] = {4, 13};
	struct sc_message message = {.type = SC_MESSAGE_CREDIT,
		.u.credit = {.subfile = 0x01020304, .granted = 0x7fffffff}};
	uint8_t bytes[SC_CONTROL_BYTES];

	CU_ASSERT_EQUAL(sc_message_encode(&message, bytes), sizeof(credit));
	CU_ASSERT_EQUAL(memcmp(bytes, credit, sizeof(credit)), 0);
	message = (struct sc_message){.type = SC_MESSAGE_OFFER,
		.u.offer = {.subfile = 7,
			.count = 2,
			.receivers = {{9, SC_EDGE_COLLECTION}, {256, SC_EDGE_SECONDARY}}}};
	CU_ASSERT_EQUAL(sc_message_encode(&message, bytes), sizeof(offer));
	CU_ASSERT_EQUAL(memcmp(bytes, offer, sizeof(offer)), 0);
	message = (struct sc_message){
		.type = SC_MESSAGE_FAILED, .u.failed = {.node = 5, .fatal = true, .cause = "disk"}};
	CU_ASSERT_EQUAL(sc_message_encode(&message, bytes), sizeof(failed));
	CU_ASSERT_EQUAL(memcmp(bytes, failed, sizeof(failed)), 0);
	message = (struct sc_message){
		.type = SC_MESSAGE_DONE, .u.done = {.leader = 260, .tally = {8, 1, 7}}};
	CU_ASSERT_EQUAL(sc_message_encode(&message, bytes), sizeof(done));
	CU_ASSERT_EQUAL(memcmp(bytes, done, sizeof(done)), 0);
	message = (struct sc_message){.type = SC_MESSAGE_CLOSE, .u.apart = true};
	CU_ASSERT_EQUAL(sc_message_encode(&message, bytes), sizeof(closing));
	CU_ASSERT_EQUAL(memcmp(bytes, closing, sizeof(closing)), 0);
	message = (struct sc_message){.type = SC_MESSAGE_WANT,
		.u.want = {.subfile = 7, .first = 9, .count = 9, .bits = {0x81, 1}}};
	CU_ASSERT_EQUAL(sc_message_encode(&message, bytes), sizeof(want));
	CU_ASSERT_EQUAL(memcmp(bytes, want, sizeof(want)), 0);
	message = (struct sc_message){
		.type = SC_MESSAGE_REFUSE, .u.sent = {.subfile = 7, .sent = 3, .wants = SC_NONE}};
	CU_ASSERT_EQUAL(sc_message_encode(&message, bytes), sizeof(refuse));
	CU_ASSERT_EQUAL(memcmp(bytes, refuse, sizeof(refuse)), 0);
	message = (struct sc_message){
		.type = SC_MESSAGE_DECLINE, .u.decline = {.subfile = 7, .request = 258}};
	CU_ASSERT_EQUAL(sc_message_encode(&message, bytes), sizeof(decline));
	CU_ASSERT_EQUAL(memcmp(bytes, decline, sizeof(decline)), 0);
	message = (struct sc_message){.type = SC_MESSAGE_DECLINED,
		.u.declined = {.subfile = 7, .request = 258, .sent = 3}};
	CU_ASSERT_EQUAL(sc_message_encode(&message, bytes), sizeof(declined));
	CU_ASSERT_EQUAL(memcmp(bytes, declined, sizeof(declined)), 0);
	message = (struct sc_message){.type = SC_MESSAGE_NOTICE,
		.u.notice = {.count = 1, .entries = {{260, SC_TROUBLE_SILENT}}}};
	CU_ASSERT_EQUAL(sc_message_encode(&message, bytes), sizeof(notice));
	CU_ASSERT_EQUAL(memcmp(bytes, notice, sizeof(notice)), 0);
	message = (struct sc_message){.type = SC_MESSAGE_BEAT,
		.u.beat = {.torpid = true,
			.steps = SC_STEP_SECONDARY,
			.tree = 2,
			.mark = 0x01020304,
			.held_count = 1,
			.held = {9},
			.list_count = 1,
			.list = {5}}};
	CU_ASSERT_EQUAL(sc_message_encode(&message, bytes), sizeof(beat));
	CU_ASSERT_EQUAL(memcmp(bytes, beat, sizeof(beat)), 0);
	message = (struct sc_message){.type = SC_MESSAGE_BYE};
	CU_ASSERT_EQUAL(sc_message_encode(&message, bytes), sizeof(bye));
	CU_ASSERT_EQUAL(memcmp(bytes, bye, sizeof(bye)), 0);
}

static void
test_no_other_length_is_accepted(void)
{
	struct sc_random random = {2};

	for (int type = SC_MESSAGE_OFFER; type <= SC_MESSAGE_DECLINED; type++) {
		for (int i = 0; i < 20; i++) {
			uint8_t bytes[SC_CONTROL_BYTES + 8] = {0};
			struct sc_message message;
			size_t length;

			fill(&random, (enum sc_message_type)type, &message);
			length = sc_message_encode(&message, bytes);
			for (size_t cut = 0; cut < length; cut++)
				CU_ASSERT_EQUAL(decode(bytes, cut, &message), -1);
			for (size_t more = 1; more <= 8; more++)
				CU_ASSERT_EQUAL(decode(bytes, length + more, &message), -1);
		}
	}
}

static void
test_other_versions_and_types_are_refused(void)
{
	for (int version = 0; version < 256; version++) {
		for (int type = 0; type < 256; type++) {
			uint8_t bytes[] = {(uint8_t)version, (uint8_t)type};
			struct sc_message message;
			bool is_bye = version == 4 && type == SC_MESSAGE_BYE;

			CU_ASSERT_EQUAL(decode(bytes, sizeof(bytes), &message), is_bye ? 0 : -1);
		}
	}
}

/* Each of these is what a message has, but for one byte. */
static void
test_senseless_fields_are_refused(void)
{
	static const uint8_t bad_kind[] = {4, 1, 0, 0, 0, 0, 1, 0, 9, 0, 0, 0, SC_EDGE_KINDS};
	static const uint8_t bad_fatal[] = {4, 4, 5, 0, 0, 0, 2, 1, 0, 'x'};
	static const uint8_t zero_in_cause[] = {4, 7, 3, 0, 'a', 0, 'b'};
	static const uint8_t bad_apart[] = {4, 8, 2};
	static const uint8_t bad_trouble[] = {4, 11, 1, 0, 4, 1, 0, 0, SC_TROUBLES};
	static const uint8_t begins_later[] = {4, 9, 7, 0, 0, 0, SC_WANT_BEGIN, 9, 0, 0, 0, 0, 0};
	static const uint8_t bad_flags[] = {4, 9, 7, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0};
	static const uint8_t bad_state[] = {4, 12, 4, 8, 2, 0, 0, 0, 4, 3, 2, 1, 0, 0, 0, 0};
	uint8_t many[SC_CONTROL_BYTES] = {
		4, 1, 0, 0, 0, 0, (SC_RECEIVERS_MAX + 1) & 0xff, (SC_RECEIVERS_MAX + 1) >> 8};
	uint8_t longest[SC_CONTROL_BYTES] = {
		4, 7, SC_CAUSE_BYTES & 0xff, (SC_CAUSE_BYTES >> 8) & 0xff};
	struct sc_message message;

	CU_ASSERT_EQUAL(decode(bad_kind, sizeof(bad_kind), &message), -1);
	CU_ASSERT_EQUAL(decode(bad_fatal, sizeof(bad_fatal), &message), -1);
	CU_ASSERT_EQUAL(decode(zero_in_cause, sizeof(zero_in_cause), &message), -1);
	CU_ASSERT_EQUAL(decode(bad_apart, sizeof(bad_apart), &message), -1);
	CU_ASSERT_EQUAL(decode(bad_trouble, sizeof(bad_trouble), &message), -1);
	CU_ASSERT_EQUAL(decode(begins_later, sizeof(begins_later), &message), -1);
	CU_ASSERT_EQUAL(decode(bad_flags, sizeof(bad_flags), &message), -1);
	CU_ASSERT_EQUAL(decode(bad_state, sizeof(bad_state), &message), -1);
	CU_ASSERT_EQUAL(decode(many, 8 + 5 * (SC_RECEIVERS_MAX + 1), &message), -1);
	memset(longest + 4, 'x', SC_CAUSE_BYTES);
	CU_ASSERT_EQUAL(decode(longest, 4 + SC_CAUSE_BYTES, &message), -1);
}

/* Change some bytes, cut or lengthen.  Returns the new length. */
static size_t
mutate(struct sc_random *random, uint8_t bytes[SC_CONTROL_BYTES], size_t length)
{
	uint64_t changes = 1 + sc_random_below(random, 4);

	for (uint64_t i = 0; i < changes; i++) {
		/* Most of the sense is at the beginning. */
		size_t reach = sc_random_below(random, 2) == 0 && length > 10 ? 10 : length;

		switch (sc_random_below(random, 6)) {
		case 0:
			length = (size_t)sc_random_below(random, length + 1);
			break;
		case 1:
			while (length < SC_CONTROL_BYTES && sc_random_below(random, 8) != 0)
				bytes[length++] = (uint8_t)sc_random_next(random);
			break;
		case 2:
			if (length > 1)
				bytes[1] = (uint8_t)sc_random_below(random, SC_MESSAGE_SENT + 2);
			break;
		default:
			if (reach > 0)
				bytes[sc_random_below(random, reach)] ^=
				    (uint8_t)(1u << sc_random_below(random, 8));
			break;
		}
	}
	return length;
}

/* What is accepted is the only way to write that message. */
static void
test_mutations(void)
{
	struct sc_random random = {3};
	uint32_t accepted = 0;
	uint32_t refused = 0;
	uint32_t changed = 0;

	for (int i = 0; i < MUTATIONS; i++) {
		uint8_t bytes[SC_CONTROL_BYTES];
		uint8_t again[SC_CONTROL_BYTES];
		struct sc_message message;
		size_t length;

		fill(&random, (enum sc_message_type)(1 + sc_random_below(&random, SC_MESSAGE_SENT)),
		    &message);
		length = mutate(&random, bytes, sc_message_encode(&message, bytes));
		if (decode(bytes, length, &message) != 0) {
			refused++;
			continue;
		}
		accepted++;
		if (sc_message_encode(&message, again) != length ||
		    memcmp(bytes, again, length) != 0)
			changed++;
	}
	CU_ASSERT_EQUAL(changed, 0);
	/* Both ways were really taken. */
	CU_ASSERT(accepted > MUTATIONS / 20);
	CU_ASSERT(refused > MUTATIONS / 20);
}

int
main(void)
{
	static CU_TestInfo tests[] = {
		{"what is written is read", test_what_is_written_is_read},
		{"the bytes are frozen", test_the_bytes_are_frozen},
		{"no other length is accepted", test_no_other_length_is_accepted},
		{"other versions and types are refused", test_other_versions_and_types_are_refused},
		{"senseless fields are refused", test_senseless_fields_are_refused},
		{"100,000 mutations", test_mutations},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("wire", tests);
}
