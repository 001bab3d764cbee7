/*
 * Control messages on the wire: see wire.h.
 *
 * Each message is described once, by a function that writes its fields or reads them: the two ways
 * can't differ.  What is written is not changed.
 */
#include "core/wire.h"

#include "base/bytes.h"

#include <assert.h>
#include <string.h>

enum { WIRE_VERSION = 4 };

/* One of the two is there. */
struct wire {
	struct sc_bytes_writer *writer;
	struct sc_bytes_reader *reader;
};

/* A value must fulfil this: else it is our bug if it is written, and a bad message if it is read. */
static bool
require(struct wire *wire, bool sound)
{
	assert(sound || wire->reader != NULL);
	if (!sound)
		wire->reader->bad = true;
	return sound && (wire->reader == NULL || !wire->reader->bad);
}

static void
code64(struct wire *wire, uint64_t *value)
{
	if (wire->writer != NULL)
		sc_bytes_put(wire->writer, *value, 8);
	else
		*value = sc_bytes_get(wire->reader, 8);
}

static void
code(struct wire *wire, uint32_t *value, size_t width)
{
	if (wire->writer != NULL)
		sc_bytes_put(wire->writer, *value, width);
	else
		*value = (uint32_t)sc_bytes_get(wire->reader, width);
}

/* A number from 0 to most - 1. */
static void
code_below(struct wire *wire, uint32_t *value, uint32_t most)
{
	code(wire, value, 1);
	if (!require(wire, *value < most))
		*value = 0;
}

static void
code_flag(struct wire *wire, bool *flag)
{
	uint32_t value = wire->writer != NULL && *flag;

	code_below(wire, &value, 2);
	if (wire->reader != NULL)
		*flag = value != 0;
}

/* How many items follow, at most so many.  False: none can be read. */
static bool
code_count(struct wire *wire, uint32_t *count, uint32_t most)
{
	code(wire, count, 2);
	return require(wire, *count <= most);
}

static void
code_cause(struct wire *wire, char cause[SC_CAUSE_BYTES])
{
	if (wire->writer != NULL)
		sc_bytes_put_text(wire->writer, cause, strnlen(cause, SC_CAUSE_BYTES - 1));
	else
		sc_bytes_get_text(wire->reader, cause, SC_CAUSE_BYTES);
}

static void
code_numbers(struct wire *wire, uint32_t *numbers, uint32_t *count, uint32_t most)
{
	if (!code_count(wire, count, most))
		return;
	for (uint32_t i = 0; i < *count; i++)
		code(wire, &numbers[i], 4);
}

static void
code_offer(struct wire *wire, struct sc_offer *offer)
{
	code(wire, &offer->subfile, 4);
	if (!code_count(wire, &offer->count, SC_RECEIVERS_MAX))
		return;
	for (uint32_t i = 0; i < offer->count; i++) {
		struct sc_receiver *receiver = &offer->receivers[i];
		uint32_t kind = receiver->kind;

		code(wire, &receiver->node, 4);
		code_below(wire, &kind, SC_EDGE_KINDS);
		if (wire->reader != NULL)
			receiver->kind = (enum sc_edge_kind)kind;
	}
}

static void
code_credit(struct wire *wire, struct sc_credit *credit)
{
	code(wire, &credit->subfile, 4);
	code(wire, &credit->granted, 4);
}

static void
code_seal(struct wire *wire, struct sc_seal *seal)
{
	code64(wire, &seal->sum.low);
	code64(wire, &seal->sum.high);
	code64(wire, &seal->whole.low);
	code64(wire, &seal->whole.high);
}

static void
code_failed(struct wire *wire, struct sc_failed *failed)
{
	code(wire, &failed->node, 4);
	code_flag(wire, &failed->fatal);
	code_cause(wire, failed->cause);
}

static void
code_want(struct wire *wire, struct sc_want *want)
{
	code(wire, &want->subfile, 4);
	code_below(wire, &want->flags, (SC_WANT_BEGIN | SC_WANT_ASK) + 1);
	code(wire, &want->first, 4);
	if (!code_count(wire, &want->count, SC_WANT_BITS_MAX) ||
	    !require(wire, (want->flags & SC_WANT_BEGIN) == 0 || want->first == 0))
		return;
	for (uint32_t i = 0; i < (want->count + 7) / 8; i++) {
		uint32_t bits = want->bits[i];

		code(wire, &bits, 1);
		if (wire->reader != NULL)
			want->bits[i] = (uint8_t)bits;
	}
}

static void
code_sent(struct wire *wire, struct sc_sent *sent)
{
	code(wire, &sent->subfile, 4);
	code(wire, &sent->sent, 4);
	code(wire, &sent->wants, 4);
}

static void
code_decline(struct wire *wire, struct sc_decline *decline)
{
	code(wire, &decline->subfile, 4);
	code(wire, &decline->request, 4);
	(void)require(wire, decline->request != 0);
}

static void
code_declined(struct wire *wire, struct sc_declined *declined)
{
	code(wire, &declined->subfile, 4);
	code(wire, &declined->request, 4);
	code(wire, &declined->sent, 4);
	(void)require(wire, declined->request != 0);
}

static void
code_notice(struct wire *wire, struct sc_notice *notice)
{
	if (!code_count(wire, &notice->count, SC_NOTICE_MAX))
		return;
	for (uint32_t i = 0; i < notice->count; i++) {
		uint32_t trouble = notice->entries[i].trouble;

		code(wire, &notice->entries[i].node, 4);
		code_below(wire, &trouble, SC_TROUBLES);
		if (wire->reader != NULL)
			notice->entries[i].trouble = (enum sc_trouble)trouble;
	}
}

static void
code_tally(struct wire *wire, struct sc_tally *tally)
{
	code(wire, &tally->committed, 4);
	code(wire, &tally->failed, 4);
	code(wire, &tally->least, 4);
}

static void
code_done(struct wire *wire, struct sc_done *done)
{
	code(wire, &done->leader, 4);
	code_tally(wire, &done->tally);
}

enum { BEAT_TORPID = 1, BEAT_COPY_FAILED = 2 };

static void
code_beat(struct wire *wire, struct sc_beat *beat)
{
	uint32_t state = 0;

	if (wire->writer != NULL)
		state =
		    (beat->torpid ? BEAT_TORPID : 0u) | (beat->copy_failed ? BEAT_COPY_FAILED : 0u);
	code_below(wire, &state, (BEAT_TORPID | BEAT_COPY_FAILED) + 1);
	if (wire->reader != NULL) {
		beat->torpid = (state & BEAT_TORPID) != 0;
		beat->copy_failed = (state & BEAT_COPY_FAILED) != 0;
	}
	code(wire, &beat->steps, 1);
	code(wire, &beat->tree, 4);
	code(wire, &beat->mark, 4);
	code_numbers(wire, beat->held, &beat->held_count, SC_GROUP_SIZE_MAX);
	code_numbers(wire, beat->list, &beat->list_count, SC_BEAT_LIST_MAX);
}

/* Of the type that is there; any may be. */
static void
code_body(struct wire *wire, struct sc_message *message)
{
	switch (message->type) {
	case SC_MESSAGE_OFFER:
		code_offer(wire, &message->u.offer);
		return;
	case SC_MESSAGE_CREDIT:
		code_credit(wire, &message->u.credit);
		return;
	case SC_MESSAGE_SEAL:
		code_seal(wire, &message->u.seal);
		return;
	case SC_MESSAGE_FAILED:
		code_failed(wire, &message->u.failed);
		return;
	case SC_MESSAGE_PROGRESS:
		code_tally(wire, &message->u.tally);
		return;
	case SC_MESSAGE_DONE:
		code_done(wire, &message->u.done);
		return;
	case SC_MESSAGE_ABORT:
		code_cause(wire, message->u.cause);
		return;
	case SC_MESSAGE_CLOSE:
		code_flag(wire, &message->u.apart);
		return;
	case SC_MESSAGE_WANT:
		code_want(wire, &message->u.want);
		return;
	case SC_MESSAGE_REFUSE:
	case SC_MESSAGE_SENT:
		code_sent(wire, &message->u.sent);
		return;
	case SC_MESSAGE_DECLINE:
		code_decline(wire, &message->u.decline);
		return;
	case SC_MESSAGE_DECLINED:
		code_declined(wire, &message->u.declined);
		return;
	case SC_MESSAGE_NOTICE:
		code_notice(wire, &message->u.notice);
		return;
	case SC_MESSAGE_BEAT:
		code_beat(wire, &message->u.beat);
		return;
	case SC_MESSAGE_BYE:
		return;
	}
	(void)require(wire, false);
}

size_t
sc_message_encode(const struct sc_message *message, uint8_t bytes[SC_CONTROL_BYTES])
{
	struct sc_bytes_writer writer = {.bytes = bytes, .capacity = SC_CONTROL_BYTES};
	struct wire wire = {.writer = &writer};

	sc_bytes_put(&writer, WIRE_VERSION, 1);
	sc_bytes_put(&writer, message->type, 1);
	code_body(&wire, (struct sc_message *)(uintptr_t)message);
	return writer.used;
}

int
sc_message_decode(const uint8_t *bytes, size_t length, struct sc_message *message)
{
	struct sc_bytes_reader reader = {.bytes = bytes, .left = length};
	struct wire wire = {.reader = &reader};
	uint8_t version = (uint8_t)sc_bytes_get(&reader, 1);

	message->type = (enum sc_message_type)sc_bytes_get(&reader, 1);
	if (reader.bad || version != WIRE_VERSION)
		return -1;
	code_body(&wire, message);
	return reader.bad || reader.left != 0 ? -1 : 0;
}
