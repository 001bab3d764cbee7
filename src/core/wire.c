/*
 * Control messages on the wire: see wire.h.
 */
#include "core/wire.h"

#include "base/bytes.h"

#include <assert.h>
#include <string.h>

enum { WIRE_VERSION = 1 };

static void
put_cause(struct sc_bytes_writer *writer, const char *cause)
{
	sc_bytes_put_text(writer, cause, strnlen(cause, SC_CAUSE_BYTES - 1));
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

size_t
sc_message_encode(const struct sc_message *message, uint8_t bytes[SC_CONTROL_BYTES])
{
	struct sc_bytes_writer writer = {.bytes = bytes, .capacity = SC_CONTROL_BYTES};

	sc_bytes_put(&writer, WIRE_VERSION, 1);
	sc_bytes_put(&writer, message->type, 1);
	switch (message->type) {
	case SC_MESSAGE_OFFER:
		put_offer(&writer, &message->u.offer);
		break;
	case SC_MESSAGE_CREDIT:
		sc_bytes_put(&writer, message->u.credit.subfile, 4);
		sc_bytes_put(&writer, message->u.credit.granted, 4);
		break;
	case SC_MESSAGE_SEAL:
		for (int i = 0; i < 2; i++)
			sc_bytes_put(&writer, message->u.seal.sum[i], 8);
		for (int i = 0; i < 2; i++)
			sc_bytes_put(&writer, message->u.seal.whole[i], 8);
		break;
	case SC_MESSAGE_FAILED:
		sc_bytes_put(&writer, message->u.failed.node, 4);
		sc_bytes_put(&writer, message->u.failed.fatal, 1);
		put_cause(&writer, message->u.failed.cause);
		break;
	case SC_MESSAGE_PROGRESS:
	case SC_MESSAGE_DONE:
		sc_bytes_put(&writer, message->u.tally.committed, 4);
		sc_bytes_put(&writer, message->u.tally.failed, 4);
		sc_bytes_put(&writer, message->u.tally.least, 4);
		break;
	case SC_MESSAGE_ABORT:
		put_cause(&writer, message->u.cause);
		break;
	case SC_MESSAGE_CLOSE:
		break;
	}
	return writer.used;
}

static void
get_failed(struct sc_bytes_reader *reader, struct sc_failed *failed)
{
	uint8_t fatal;

	failed->node = (uint32_t)sc_bytes_get(reader, 4);
	fatal = (uint8_t)sc_bytes_get(reader, 1);
	if (fatal > 1)
		reader->bad = true;
	failed->fatal = fatal != 0;
	sc_bytes_get_text(reader, failed->cause, SC_CAUSE_BYTES);
}

int
sc_message_decode(const uint8_t *bytes, size_t length, struct sc_message *message)
{
	struct sc_bytes_reader reader = {.bytes = bytes, .left = length};
	uint8_t version = (uint8_t)sc_bytes_get(&reader, 1);
	uint8_t type = (uint8_t)sc_bytes_get(&reader, 1);

	if (reader.bad || version != WIRE_VERSION)
		return -1;
	switch (type) {
	case SC_MESSAGE_OFFER:
		get_offer(&reader, &message->u.offer);
		break;
	case SC_MESSAGE_CREDIT:
		message->u.credit.subfile = (uint32_t)sc_bytes_get(&reader, 4);
		message->u.credit.granted = (uint32_t)sc_bytes_get(&reader, 4);
		break;
	case SC_MESSAGE_SEAL:
		for (int i = 0; i < 2; i++)
			message->u.seal.sum[i] = sc_bytes_get(&reader, 8);
		for (int i = 0; i < 2; i++)
			message->u.seal.whole[i] = sc_bytes_get(&reader, 8);
		break;
	case SC_MESSAGE_FAILED:
		get_failed(&reader, &message->u.failed);
		break;
	case SC_MESSAGE_PROGRESS:
	case SC_MESSAGE_DONE:
		message->u.tally.committed = (uint32_t)sc_bytes_get(&reader, 4);
		message->u.tally.failed = (uint32_t)sc_bytes_get(&reader, 4);
		message->u.tally.least = (uint32_t)sc_bytes_get(&reader, 4);
		break;
	case SC_MESSAGE_ABORT:
		sc_bytes_get_text(&reader, message->u.cause, SC_CAUSE_BYTES);
		break;
	case SC_MESSAGE_CLOSE:
		break;
	default:
		return -1;
	}
	if (reader.bad || reader.left != 0)
		return -1;
	message->type = (enum sc_message_type)type;
	return 0;
}
