/*
 * The fabric: see fabric.h.
 */
#include "base/limits.h"
#include "fabric/control.h"
#include "fabric/impl.h"
#include "fabric/mpi_error.h"
#include "fabric/tags.h"

#include <assert.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

enum { CONTROL_TAG = 0 };

/* Receives for control messages beyond one a peer: bursts of credits. */
enum { CONTROL_SPARE = 8 };

/* Control messages that may be under way at once to a peer that was forgotten: enough to tell
 * it so if it lives, and few to be kept for ever if it doesn't. */
enum { CONTROL_TRIES = 4 };

static int
grow(struct sc_fabric *fabric, struct sc_error *err)
{
	int wanted = fabric->capacity == 0 ? 256 : 2 * fabric->capacity;
	size_t n = (size_t)wanted;
	bool ok = true;

#define GROW(array) \
	do { \
		void *more = realloc(fabric->array, n * sizeof(*fabric->array)); \
		if (more != NULL) \
			fabric->array = more; \
		else \
			ok = false; \
	} while (0)
	GROW(requests);
	GROW(ops);
	GROW(indices);
	GROW(statuses);
	GROW(spare_buffers);
	GROW(consumed);
#undef GROW
	if (!ok)
		return sc_fail(err, 0, "no memory for %d MPI requests", wanted);
	fabric->capacity = wanted;
	return 0;
}

/* Room for one more request; its op. */
static struct sc_op *
add_op(struct sc_fabric *fabric, enum sc_op_kind kind, uint32_t peer, struct sc_error *err)
{
	struct sc_op *op;

	if (fabric->count == fabric->capacity && grow(fabric, err) != 0)
		return NULL;
	op = &fabric->ops[fabric->count];
	*op = (struct sc_op){.kind = kind, .peer = peer, .order = fabric->order++};
	fabric->requests[fabric->count] = MPI_REQUEST_NULL;
	return op;
}

int
sc_fabric_post_control(struct sc_fabric *fabric, uint8_t *buffer, struct sc_error *err)
{
	struct sc_op *op = add_op(fabric, SC_OP_CONTROL_IN, UINT32_MAX, err);

	if (op == NULL)
		return -1;
	op->memory = buffer;
	if (sc_mpi_check(MPI_Irecv(buffer, SC_CONTROL_BYTES, MPI_BYTE, MPI_ANY_SOURCE, CONTROL_TAG,
			     fabric->control, &fabric->requests[fabric->count]),
		"MPI_Irecv", err) != 0)
		return -1;
	fabric->count++;
	return 0;
}

static int
map_ranks(struct sc_fabric *fabric)
{
	const struct sc_fabric_config *config = &fabric->config;

	fabric->nodes_of_ranks = malloc(config->world_size * sizeof(*fabric->nodes_of_ranks));
	fabric->peers = calloc(config->nodes + 1, sizeof(*fabric->peers));
	if (fabric->nodes_of_ranks == NULL || fabric->peers == NULL)
		return -1;
	for (uint32_t i = 0; i < config->world_size; i++)
		fabric->nodes_of_ranks[i] = UINT32_MAX;
	for (uint32_t i = 0; i < config->nodes; i++) {
		assert(config->ranks[i] < config->world_size);
		fabric->nodes_of_ranks[config->ranks[i]] = i;
	}
	return 0;
}

int
sc_fabric_open(struct sc_fabric **opened, const struct sc_fabric_config *config,
    struct sc_error *err)
{
	struct sc_fabric *fabric;

	*opened = NULL;
	fabric = calloc(1, sizeof(*fabric));
	if (fabric == NULL)
		return sc_fail(err, 0, "no memory for the fabric");
	*opened = fabric;
	fabric->config = *config;
	fabric->control = sc_control_get();
	if (map_ranks(fabric) != 0)
		return sc_fail(err, 0, "no memory for %u ranks", config->world_size);
	if (sc_losses_init(&fabric->losses, fabric->control, config->world_size, err) != 0)
		return -1;
	if (config->nodes <= 1)
		return 0; /* nobody to talk to */
	for (uint32_t i = 0; i < config->peer_count + CONTROL_SPARE; i++) {
		uint8_t *buffer = malloc(SC_CONTROL_BYTES);

		if (buffer == NULL)
			return sc_fail(err, 0, "no memory for control messages");
		if (sc_fabric_post_control(fabric, buffer, err) != 0)
			return -1;
	}
	return 0;
}

/*
 * The request of a new op was started, or refused.  From here on the op ends in events, also
 * at once: MPI refuses what concerns a process of which it knows that it has failed.
 */
static int
begin(struct sc_fabric *fabric, int code, const char *call, struct sc_error *err)
{
	const struct sc_op *op = &fabric->ops[fabric->count];

	if (code == MPI_SUCCESS) {
		fabric->count++;
		if (op->kind != SC_OP_RECEIVE)
			fabric->bytes_sent += op->length;
		return 0;
	}
	if (!sc_mpi_is_process_failure(code))
		return sc_mpi_check(code, call, err);
	if (sc_fabric_lose(fabric, &fabric->pending, op->peer, NULL, err) != 0)
		return -1;
	return sc_op_end(fabric, &fabric->pending, op, err);
}

/* The op of a chunk, with its slot.  NULL: an error, or *refused, as its peer was forgotten. */
static struct sc_op *
add_chunk(struct sc_fabric *fabric, const struct sc_op *chunk, bool *refused, struct sc_error *err)
{
	const struct sc_fabric_memory *memory = &fabric->config.memory;
	struct sc_op *op = add_op(fabric, chunk->kind, chunk->peer, err);

	*refused = false;
	if (op == NULL)
		return NULL;
	op->slot = chunk->slot;
	op->subfile = chunk->subfile;
	op->length = chunk->length;
	op->memory = memory->message(memory->slots, op->slot);
	if (!fabric->peers[op->peer].forgotten)
		return op;
	*refused = sc_op_end(fabric, &fabric->pending, op, err) == 0;
	return NULL;
}

int
sc_fabric_receive(struct sc_fabric *fabric, uint32_t slot, uint32_t peer, uint32_t subfile,
    struct sc_error *err)
{
	struct sc_op chunk = {
		.kind = SC_OP_RECEIVE, .slot = slot, .peer = peer, .subfile = subfile};
	bool refused;
	struct sc_op *op = add_chunk(fabric, &chunk, &refused, err);
	int code;

	if (op == NULL)
		return refused ? 0 : -1;
	code = MPI_Irecv(op->memory, (int)fabric->config.message_bytes, MPI_BYTE,
	    (int)fabric->config.ranks[peer], SC_TAG_CHUNK + (int)subfile, MPI_COMM_WORLD,
	    &fabric->requests[fabric->count]);
	return begin(fabric, code, "MPI_Irecv", err);
}

int
sc_fabric_send(struct sc_fabric *fabric, uint32_t slot, size_t length, uint32_t peer,
    uint32_t subfile, struct sc_error *err)
{
	struct sc_op chunk = {.kind = SC_OP_SEND,
		.slot = slot,
		.peer = peer,
		.subfile = subfile,
		.length = length};
	bool refused;
	struct sc_op *op = add_chunk(fabric, &chunk, &refused, err);
	int code;

	if (op == NULL)
		return refused ? 0 : -1;
	assert(length <= fabric->config.message_bytes);
	code = MPI_Isend(op->memory, (int)length, MPI_BYTE, (int)fabric->config.ranks[peer],
	    SC_TAG_CHUNK + (int)subfile, MPI_COMM_WORLD, &fabric->requests[fabric->count]);
	return begin(fabric, code, "MPI_Isend", err);
}

/* May another control message be sent? */
static bool
is_worth_trying(const struct sc_fabric *fabric, uint32_t peer)
{
	int under_way = 0;

	if (!fabric->peers[peer].forgotten)
		return true;
	if (fabric->peers[peer].failed)
		return false;
	for (int i = 0; i < fabric->count; i++)
		under_way +=
		    fabric->ops[i].kind == SC_OP_CONTROL_OUT && fabric->ops[i].peer == peer;
	return under_way < CONTROL_TRIES;
}

int
sc_fabric_control(struct sc_fabric *fabric, uint32_t peer, const uint8_t *bytes, size_t length,
    struct sc_error *err)
{
	struct sc_op *op;
	int code;

	assert(length <= SC_CONTROL_BYTES);
	if (!is_worth_trying(fabric, peer))
		return 0;
	op = add_op(fabric, SC_OP_CONTROL_OUT, peer, err);
	if (op == NULL)
		return -1;
	if (fabric->spare_count > 0)
		op->memory = fabric->spare_buffers[--fabric->spare_count];
	else
		op->memory = malloc(SC_CONTROL_BYTES);
	if (op->memory == NULL)
		return sc_fail(err, 0, "no memory for a control message");
	if (length > 0)
		memcpy(op->memory, bytes, length);
	op->length = length;
	code = MPI_Isend(op->memory, (int)length, MPI_BYTE, (int)fabric->config.ranks[peer],
	    CONTROL_TAG, fabric->control, &fabric->requests[fabric->count]);
	return begin(fabric, code, "MPI_Isend", err);
}

int
sc_fabric_forget(struct sc_fabric *fabric, uint32_t peer, struct sc_error *err)
{
	for (size_t i = 0; i < fabric->events.count; i++) {
		struct sc_fabric_event *event = &fabric->events.items[i];

		if (event->what == SC_FABRIC_ARRIVED && event->peer == peer)
			event->what = SC_FABRIC_RECEIVE_ENDED;
	}
	fabric->peers[peer].forgotten = true;
	return sc_fabric_let_go(fabric, peer, err);
}

int
sc_fabric_withdraw(struct sc_fabric *fabric, uint32_t peer, uint32_t subfile, struct sc_error *err)
{
	for (int i = 0; i < fabric->count; i++) {
		struct sc_op *op = &fabric->ops[i];

		if (op->kind != SC_OP_RECEIVE || op->peer != peer || op->subfile != subfile ||
		    op->state != SC_OP_UNDER_WAY || op->cancelled)
			continue;
		if (sc_mpi_check(MPI_Cancel(&fabric->requests[i]), "MPI_Cancel", err) != 0)
			return -1;
		op->cancelled = true;
	}
	return 0;
}

bool
sc_fabric_is_busy(const struct sc_fabric *fabric)
{
	for (int i = 0; i < fabric->count; i++) {
		const struct sc_op *op = &fabric->ops[i];

		if (op->kind != SC_OP_CONTROL_IN && op->state != SC_OP_ENDED &&
		    (op->kind != SC_OP_CONTROL_OUT || !fabric->peers[op->peer].forgotten))
			return true;
	}
	return fabric->pending.count > 0;
}

uint64_t
sc_fabric_bytes_sent(const struct sc_fabric *fabric)
{
	return fabric->bytes_sent;
}

uint64_t
sc_fabric_bytes_received(const struct sc_fabric *fabric)
{
	return fabric->bytes_received;
}

int
sc_fabric_close(struct sc_fabric *fabric, struct sc_error *err)
{
	int rc = 0;

	if (fabric == NULL)
		return 0;
	for (int i = 0; i < fabric->count; i++) {
		enum sc_op_kind kind = fabric->ops[i].kind;

		if ((kind == SC_OP_RECEIVE || kind == SC_OP_CONTROL_IN) &&
		    sc_mpi_check(MPI_Cancel(&fabric->requests[i]), "MPI_Cancel", err) != 0)
			rc = -1;
	}
	if (rc == 0 && fabric->count > 0)
		rc = sc_mpi_check(MPI_Waitall(fabric->count, fabric->requests, fabric->statuses),
		    "MPI_Waitall", err);
	if (rc != 0)
		return rc; /* buffers may still be MPI's */

	for (int i = 0; i < fabric->count; i++) {
		enum sc_op_kind kind = fabric->ops[i].kind;

		if (kind == SC_OP_CONTROL_IN || kind == SC_OP_CONTROL_OUT)
			free(fabric->ops[i].memory);
	}
	for (int i = 0; i < fabric->spare_count; i++)
		free(fabric->spare_buffers[i]);
	for (int i = 0; i < fabric->consumed_count; i++)
		free(fabric->consumed[i]);
	sc_losses_free(&fabric->losses);
	free(fabric->nodes_of_ranks);
	free(fabric->peers);
	free(fabric->requests);
	free(fabric->ops);
	free(fabric->indices);
	free(fabric->statuses);
	free(fabric->events.items);
	free(fabric->pending.items);
	free(fabric->spare_buffers);
	free(fabric->consumed);
	free(fabric);
	return 0;
}
