/*
 * Control messages on the wire: see wire.h.
 */
#include "core/wire.h"

#include "base/bytes.h"

#include <assert.h>
#include <string.h>

enum { WIRE_VERSION = 4 };

static void
put_cause(struct sc_bytes_writer *writer, const char *cause)
{
	sc_bytes_put_text(writer, cause, strnlen(cause, SC_CAUSE_BYTES - 1));
}

static bool
get_bool(struct sc_bytes_reader *reader)
{
	uint8_t value = (uint8_t)sc_bytes_get(reader, 1);

	if (value > 1)
		reader->bad = true;
	return value == 1;
}

static void
put_offer(struct sc_bytes_writer *writer, const struct sc_offer *offer)
{
	assert(offer->count <= SC_RECEIVERS_MAX);
	sc_bytes_put(writer, offer->subfile, 4);
	sc_bytes_put(writer, offer->count, 2);
	for (uint32_t i = 0; i < offer->count; i++) {
		sc_bytes_put(writer, offer->receivers[i].node, 4);
		sc_bytes_put(writer, offer->receivers[i].kind, 1);
	}
}

static void
get_offer(struct sc_bytes_reader *reader, struct sc_offer *offer)
{
	offer->subfile = (uint32_t)sc_bytes_get(reader, 4);
	offer->count = (uint32_t)sc_bytes_get(reader, 2);
	if (offer->count > SC_RECEIVERS_MAX) {
		reader->bad = true;
		return;
	}
	for (uint32_t i = 0; i < offer->count; i++) {
		uint8_t kind;

		offer->receivers[i].node = (uint32_t)sc_bytes_get(reader, 4);
		kind = (uint8_t)sc_bytes_get(reader, 1);
		if (kind >= SC_EDGE_KINDS)
			reader->bad = true;
		else
			offer->receivers[i].kind = (enum sc_edge_kind)kind;
	}
}

static void
put_credit(struct sc_bytes_writer *writer, const struct sc_credit *credit)
{
	sc_bytes_put(writer, credit->subfile, 4);
	sc_bytes_put(writer, credit->granted, 4);
}

static void
get_credit(struct sc_bytes_reader *reader, struct sc_credit *credit)
{
	credit->subfile = (uint32_t)sc_bytes_get(reader, 4);
	credit->granted = (uint32_t)sc_bytes_get(reader, 4);
}

static void
put_seal(struct sc_bytes_writer *writer, const struct sc_seal *seal)
{
	for (int i = 0; i < 2; i++)
		sc_bytes_put(writer, seal->sum[i], 8);
	for (int i = 0; i < 2; i++)
		sc_bytes_put(writer, seal->whole[i], 8);
}

static void
get_seal(struct sc_bytes_reader *reader, struct sc_seal *seal)
{
	for (int i = 0; i < 2; i++)
		seal->sum[i] = sc_bytes_get(reader, 8);
	for (int i = 0; i < 2; i++)
		seal->whole[i] = sc_bytes_get(reader, 8);
}

static void
put_failed(struct sc_bytes_writer *writer, const struct sc_failed *failed)
{
	sc_bytes_put(writer, failed->node, 4);
	sc_bytes_put(writer, failed->fatal, 1);
	put_cause(writer, failed->cause);
}

static void
get_failed(struct sc_bytes_reader *reader, struct sc_failed *failed)
{
	failed->node = (uint32_t)sc_bytes_get(reader, 4);
	failed->fatal = get_bool(reader);
	sc_bytes_get_text(reader, failed->cause, SC_CAUSE_BYTES);
}

static void
put_want(struct sc_bytes_writer *writer, const struct sc_want *want)
{
	assert(want->count <= SC_WANT_BITS_MAX);
	sc_bytes_put(writer, want->subfile, 4);
	sc_bytes_put(writer, want->flags, 1);
	sc_bytes_put(writer, want->first, 4);
	sc_bytes_put(writer, want->count, 2);
	for (uint32_t i = 0; i < (want->count + 7) / 8; i++)
		sc_bytes_put(writer, want->bits[i], 1);
}

static void
get_want(struct sc_bytes_reader *reader, struct sc_want *want)
{
	want->subfile = (uint32_t)sc_bytes_get(reader, 4);
	want->flags = (uint32_t)sc_bytes_get(reader, 1);
	want->first = (uint32_t)sc_bytes_get(reader, 4);
	want->count = (uint32_t)sc_bytes_get(reader, 2);
	if (want->flags > (SC_WANT_BEGIN | SC_WANT_ASK) || want->count > SC_WANT_BITS_MAX ||
	    ((want->flags & SC_WANT_BEGIN) != 0 && want->first != 0)) {
		reader->bad = true;
		return;
	}
	for (uint32_t i = 0; i < (want->count + 7) / 8; i++)
		want->bits[i] = (uint8_t)sc_bytes_get(reader, 1);
}

static void
put_sent(struct sc_bytes_writer *writer, const struct sc_sent *sent)
{
	sc_bytes_put(writer, sent->subfile, 4);
	sc_bytes_put(writer, sent->sent, 4);
	sc_bytes_put(writer, sent->wants, 4);
}

static void
get_sent(struct sc_bytes_reader *reader, struct sc_sent *sent)
{
	sent->subfile = (uint32_t)sc_bytes_get(reader, 4);
	sent->sent = (uint32_t)sc_bytes_get(reader, 4);
	sent->wants = (uint32_t)sc_bytes_get(reader, 4);
}

static void
put_decline(struct sc_bytes_writer *writer, const struct sc_decline *decline)
{
	sc_bytes_put(writer, decline->subfile, 4);
	sc_bytes_put(writer, decline->request, 4);
}

static void
get_decline(struct sc_bytes_reader *reader, struct sc_decline *decline)
{
	decline->subfile = (uint32_t)sc_bytes_get(reader, 4);
	decline->request = (uint32_t)sc_bytes_get(reader, 4);
	if (decline->request == 0)
		reader->bad = true;
}

static void
put_declined(struct sc_bytes_writer *writer, const struct sc_declined *declined)
{
	sc_bytes_put(writer, declined->subfile, 4);
	sc_bytes_put(writer, declined->request, 4);
	sc_bytes_put(writer, declined->sent, 4);
}

static void
get_declined(struct sc_bytes_reader *reader, struct sc_declined *declined)
{
	declined->subfile = (uint32_t)sc_bytes_get(reader, 4);
	declined->request = (uint32_t)sc_bytes_get(reader, 4);
	declined->sent = (uint32_t)sc_bytes_get(reader, 4);
	if (declined->request == 0)
		reader->bad = true;
}

static void
put_notice(struct sc_bytes_writer *writer, const struct sc_notice *notice)
{
	assert(notice->count <= SC_NOTICE_MAX);
	sc_bytes_put(writer, notice->count, 2);
	for (uint32_t i = 0; i < notice->count; i++) {
		sc_bytes_put(writer, notice->entries[i].node, 4);
		sc_bytes_put(writer, notice->entries[i].trouble, 1);
	}
}

static void
get_notice(struct sc_bytes_reader *reader, struct sc_notice *notice)
{
	notice->count = (uint32_t)sc_bytes_get(reader, 2);
	if (notice->count > SC_NOTICE_MAX) {
		reader->bad = true;
		return;
	}
	for (uint32_t i = 0; i < notice->count; i++) {
		uint8_t trouble;

		notice->entries[i].node = (uint32_t)sc_bytes_get(reader, 4);
		trouble = (uint8_t)sc_bytes_get(reader, 1);
		if (trouble >= SC_TROUBLES)
			reader->bad = true;
		else
			notice->entries[i].trouble = (enum sc_trouble)trouble;
	}
}

static void
put_numbers(struct sc_bytes_writer *writer, const uint32_t *numbers, uint32_t count)
{
	sc_bytes_put(writer, count, 2);
	for (uint32_t i = 0; i < count; i++)
		sc_bytes_put(writer, numbers[i], 4);
}

static void
get_numbers(struct sc_bytes_reader *reader, uint32_t *numbers, uint32_t *count, uint32_t capacity)
{
	*count = (uint32_t)sc_bytes_get(reader, 2);
	if (*count > capacity) {
		reader->bad = true;
		return;
	}
	for (uint32_t i = 0; i < *count; i++)
		numbers[i] = (uint32_t)sc_bytes_get(reader, 4);
}

static void
put_tally(struct sc_bytes_writer *writer, const struct sc_tally *tally)
{
	sc_bytes_put(writer, tally->committed, 4);
	sc_bytes_put(writer, tally->failed, 4);
	sc_bytes_put(writer, tally->least, 4);
}

static void
get_tally(struct sc_bytes_reader *reader, struct sc_tally *tally)
{
	tally->committed = (uint32_t)sc_bytes_get(reader, 4);
	tally->failed = (uint32_t)sc_bytes_get(reader, 4);
	tally->least = (uint32_t)sc_bytes_get(reader, 4);
}

static void
put_done(struct sc_bytes_writer *writer, const struct sc_done *done)
{
	sc_bytes_put(writer, done->leader, 4);
	put_tally(writer, &done->tally);
}

static void
get_done(struct sc_bytes_reader *reader, struct sc_done *done)
{
	done->leader = (uint32_t)sc_bytes_get(reader, 4);
	get_tally(reader, &done->tally);
}

enum { BEAT_TORPID = 1, BEAT_COPY_FAILED = 2 };

static void
put_beat(struct sc_bytes_writer *writer, const struct sc_beat *beat)
{
	assert(beat->held_count <= SC_GROUP_SIZE_MAX && beat->list_count <= SC_BEAT_LIST_MAX);
	sc_bytes_put(writer,
	    (beat->torpid ? BEAT_TORPID : 0) | (beat->copy_failed ? BEAT_COPY_FAILED : 0), 1);
	sc_bytes_put(writer, beat->steps, 1);
	sc_bytes_put(writer, beat->tree, 4);
	sc_bytes_put(writer, beat->mark, 4);
	put_numbers(writer, beat->held, beat->held_count);
	put_numbers(writer, beat->list, beat->list_count);
}

static void
get_beat(struct sc_bytes_reader *reader, struct sc_beat *beat)
{
	uint8_t state = (uint8_t)sc_bytes_get(reader, 1);

	if (state > (BEAT_TORPID | BEAT_COPY_FAILED))
		reader->bad = true;
	beat->torpid = (state & BEAT_TORPID) != 0;
	beat->copy_failed = (state & BEAT_COPY_FAILED) != 0;
	beat->steps = (uint32_t)sc_bytes_get(reader, 1);
	beat->tree = (uint32_t)sc_bytes_get(reader, 4);
	beat->mark = (uint32_t)sc_bytes_get(reader, 4);
	get_numbers(reader, beat->held, &beat->held_count, SC_GROUP_SIZE_MAX);
	if (!reader->bad)
		get_numbers(reader, beat->list, &beat->list_count, SC_BEAT_LIST_MAX);
}

static void
put_body(struct sc_bytes_writer *writer, const struct sc_message *message)
{
	switch (message->type) {
	case SC_MESSAGE_OFFER:
		put_offer(writer, &message->u.offer);
		break;
	case SC_MESSAGE_CREDIT:
		put_credit(writer, &message->u.credit);
		break;
	case SC_MESSAGE_SEAL:
		put_seal(writer, &message->u.seal);
		break;
	case SC_MESSAGE_FAILED:
		put_failed(writer, &message->u.failed);
		break;
	case SC_MESSAGE_PROGRESS:
		put_tally(writer, &message->u.tally);
		break;
	case SC_MESSAGE_DONE:
		put_done(writer, &message->u.done);
		break;
	case SC_MESSAGE_ABORT:
		put_cause(writer, message->u.cause);
		break;
	case SC_MESSAGE_CLOSE:
		sc_bytes_put(writer, message->u.apart, 1);
		break;
	case SC_MESSAGE_WANT:
		put_want(writer, &message->u.want);
		break;
	case SC_MESSAGE_REFUSE:
	case SC_MESSAGE_SENT:
		put_sent(writer, &message->u.sent);
		break;
	case SC_MESSAGE_DECLINE:
		put_decline(writer, &message->u.decline);
		break;
	case SC_MESSAGE_DECLINED:
		put_declined(writer, &message->u.declined);
		break;
	case SC_MESSAGE_NOTICE:
		put_notice(writer, &message->u.notice);
		break;
	case SC_MESSAGE_BEAT:
		put_beat(writer, &message->u.beat);
		break;
	case SC_MESSAGE_BYE:
		break;
	}
}

size_t
sc_message_encode(const struct sc_message *message, uint8_t bytes[SC_CONTROL_BYTES])
{
	struct sc_bytes_writer writer = {.bytes = bytes, .capacity = SC_CONTROL_BYTES};

	sc_bytes_put(&writer, WIRE_VERSION, 1);
	sc_bytes_put(&writer, message->type, 1);
	put_body(&writer, message);
	return writer.used;
}

/* Of the type that is there; any may be. */
static void
get_body(struct sc_bytes_reader *reader, struct sc_message *message)
{
	switch (message->type) {
	case SC_MESSAGE_OFFER:
		get_offer(reader, &message->u.offer);
		break;
	case SC_MESSAGE_CREDIT:
		get_credit(reader, &message->u.credit);
		break;
	case SC_MESSAGE_SEAL:
		get_seal(reader, &message->u.seal);
		break;
	case SC_MESSAGE_FAILED:
		get_failed(reader, &message->u.failed);
		break;
	case SC_MESSAGE_PROGRESS:
		get_tally(reader, &message->u.tally);
		break;
	case SC_MESSAGE_DONE:
		get_done(reader, &message->u.done);
		break;
	case SC_MESSAGE_ABORT:
		sc_bytes_get_text(reader, message->u.cause, SC_CAUSE_BYTES);
		break;
	case SC_MESSAGE_CLOSE:
		message->u.apart = get_bool(reader);
		break;
	case SC_MESSAGE_WANT:
		get_want(reader, &message->u.want);
		break;
	case SC_MESSAGE_REFUSE:
	case SC_MESSAGE_SENT:
		get_sent(reader, &message->u.sent);
		break;
	case SC_MESSAGE_DECLINE:
		get_decline(reader, &message->u.decline);
		break;
	case SC_MESSAGE_DECLINED:
		get_declined(reader, &message->u.declined);
		break;
	case SC_MESSAGE_NOTICE:
		get_notice(reader, &message->u.notice);
		break;
	case SC_MESSAGE_BEAT:
		get_beat(reader, &message->u.beat);
		break;
	case SC_MESSAGE_BYE:
		break;
	default:
		reader->bad = true;
		break;
	}
}

int
sc_message_decode(const uint8_t *bytes, size_t length, struct sc_message *message)
{
	struct sc_bytes_reader reader = {.bytes = bytes, .left = length};
	uint8_t version = (uint8_t)sc_bytes_get(&reader, 1);

	message->type = (enum sc_message_type)sc_bytes_get(&reader, 1);
	if (reader.bad || version != WIRE_VERSION)
		return -1;
	get_body(&reader, message);
	return reader.bad || reader.left != 0 ? -1 : 0;
}
