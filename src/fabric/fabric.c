/*
 * The fabric: see fabric.h.  Here requests are started; poll.c sees to those that are over.
 */
#include "fabric/fabric.h"

#include "base/limits.h"
#include "fabric/mpi_error.h"
#include "fabric/operations.h"
#include "fabric/tags.h"

#include <assert.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

/* Receives for control messages beyond one a peer: bursts of credits. */
enum { CONTROL_SPARE = 8 };

/* Control messages that may be under way at once to a peer that was forgotten: enough to tell
 * it so if it lives, and few to be kept for ever if it doesn't. */
enum { CONTROL_TRIES = 4 };

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
	struct sc_fabric *fabric = calloc(1, sizeof(*fabric));

	*opened = fabric;
	if (fabric == NULL)
		return sc_fail(err, 0, "no memory for the fabric");
	fabric->config = *config;
	fabric->control = sc_control_comm();
	if (map_ranks(fabric) != 0)
		return sc_fail(err, 0, "no memory for %u ranks", config->world_size);
	if (sc_failures_init(&fabric->failures, fabric->control, config->world_size, err) != 0)
		return -1;
	if (config->nodes <= 1)
		return 0; /* there are no peers */
	for (uint32_t i = 0; i < config->peer_count + CONTROL_SPARE; i++) {
		uint8_t *buffer = malloc(SC_CONTROL_BYTES);

		if (buffer == NULL)
			return sc_fail(err, 0, "no memory for control messages");
		if (sc_op_post_control(fabric, buffer, err) != 0)
			return -1;
	}
	return 0;
}

/*
 * MPI has started the request of a new operation, or refused to.  From here on the operation ends
 * in events, maybe at once: MPI refuses what concerns a process that it knows to have failed.
 */
static int
begin(struct sc_fabric *fabric, int code, const char *call, struct sc_error *err)
{
	const struct sc_op *op = &fabric->ops[fabric->count];

	if (code == MPI_SUCCESS) {
		fabric->count++;
		fabric->bytes_sent += op->length;
		return 0;
	}
	if (!sc_mpi_is_process_failure(code))
		return sc_mpi_check(code, call, err);
	if (sc_op_fail_peer(fabric, &fabric->pending, op->peer, NULL, err) != 0)
		return -1;
	return sc_op_end(fabric, &fabric->pending, op, err);
}

static int
begin_receive(struct sc_fabric *fabric, const struct sc_op *op, struct sc_error *err)
{
	int code = MPI_Irecv(op->memory, (int)fabric->config.message_bytes, MPI_BYTE,
	    (int)fabric->config.ranks[op->peer], SC_TAG_CHUNK + (int)op->subfile, MPI_COMM_WORLD,
	    &fabric->requests[fabric->count]);

	return begin(fabric, code, "MPI_Irecv", err);
}

static int
begin_send(struct sc_fabric *fabric, const struct sc_op *op, int tag, MPI_Comm comm,
    struct sc_error *err)
{
	int code = MPI_Isend(op->memory, (int)op->length, MPI_BYTE,
	    (int)fabric->config.ranks[op->peer], tag, comm, &fabric->requests[fabric->count]);

	return begin(fabric, code, "MPI_Isend", err);
}

/* A chunk between a slot and a peer; one that was forgotten ends it at once. */
static int
begin_chunk(struct sc_fabric *fabric, const struct sc_op *chunk, struct sc_error *err)
{
	const struct sc_fabric_memory *memory = &fabric->config.memory;
	struct sc_op *op = sc_op_add(fabric, chunk, err);

	if (op == NULL)
		return -1;
	op->memory = memory->message(memory->slots, op->slot);
	if (fabric->peers[op->peer].forgotten)
		return sc_op_end(fabric, &fabric->pending, op, err);
	if (op->kind == SC_OP_RECEIVE)
		return begin_receive(fabric, op, err);
	return begin_send(fabric, op, SC_TAG_CHUNK + (int)op->subfile, MPI_COMM_WORLD, err);
}

int
sc_fabric_receive(struct sc_fabric *fabric, uint32_t slot, uint32_t peer, uint32_t subfile,
    struct sc_error *err)
{
	const struct sc_op chunk = {
		.kind = SC_OP_RECEIVE, .slot = slot, .peer = peer, .subfile = subfile};

	return begin_chunk(fabric, &chunk, err);
}

int
sc_fabric_send(struct sc_fabric *fabric, uint32_t slot, size_t length, uint32_t peer,
    uint32_t subfile, struct sc_error *err)
{
	const struct sc_op chunk = {.kind = SC_OP_SEND,
		.slot = slot,
		.peer = peer,
		.subfile = subfile,
		.length = length};

	assert(length <= fabric->config.message_bytes);
	return begin_chunk(fabric, &chunk, err);
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
	const struct sc_op message = {.kind = SC_OP_CONTROL_OUT, .peer = peer, .length = length};
	struct sc_op *op;

	assert(length <= SC_CONTROL_BYTES);
	if (!is_worth_trying(fabric, peer))
		return 0;
	op = sc_op_add(fabric, &message, err);
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
	return begin_send(fabric, op, SC_TAG_CONTROL, fabric->control, err);
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
	return sc_op_stop_peer(fabric, peer, err);
}

int
sc_fabric_withdraw(struct sc_fabric *fabric, uint32_t peer, uint32_t subfile, struct sc_error *err)
{
	for (int i = 0; i < fabric->count; i++) {
		const struct sc_op *op = &fabric->ops[i];

		if (op->kind == SC_OP_RECEIVE && op->peer == peer && op->subfile == subfile &&
		    op->state == SC_OP_ACTIVE && sc_op_cancel(fabric, i, err) != 0)
			return -1;
	}
	return 0;
}

void
sc_fabric_traffic(const struct sc_fabric *fabric, uint64_t *bytes_sent, uint64_t *bytes_received)
{
	*bytes_sent = fabric->bytes_sent;
	*bytes_received = fabric->bytes_received;
}

/* Cancel all receives, and wait until MPI has done with all requests. */
static int
end_requests(struct sc_fabric *fabric, struct sc_error *err)
{
	int rc = 0;

	for (int i = 0; i < fabric->count; i++) {
		enum sc_op_kind kind = fabric->ops[i].kind;

		if ((kind == SC_OP_RECEIVE || kind == SC_OP_CONTROL_IN) &&
		    sc_mpi_check(MPI_Cancel(&fabric->requests[i]), "MPI_Cancel", err) != 0)
			rc = -1;
	}
	if (rc == 0 && fabric->count > 0)
		rc = sc_mpi_check(MPI_Waitall(fabric->count, fabric->requests, fabric->statuses),
		    "MPI_Waitall", err);
	return rc;
}

int
sc_fabric_close(struct sc_fabric *fabric, struct sc_error *err)
{
	if (fabric == NULL)
		return 0;
	if (end_requests(fabric, err) != 0)
		return -1; /* buffers may still be MPI's */
	for (int i = 0; i < fabric->count; i++) {
		enum sc_op_kind kind = fabric->ops[i].kind;

		if (kind == SC_OP_CONTROL_IN || kind == SC_OP_CONTROL_OUT)
			free(fabric->ops[i].memory);
	}
	for (int i = 0; i < fabric->spare_count; i++)
		free(fabric->spare_buffers[i]);
	for (int i = 0; i < fabric->read_count; i++)
		free(fabric->read_buffers[i]);
	sc_failures_free(&fabric->failures);
	free(fabric->nodes_of_ranks);
	free(fabric->peers);
	free(fabric->requests);
	free(fabric->ops);
	free(fabric->indices);
	free(fabric->statuses);
	free(fabric->events.items);
	free(fabric->pending.items);
	free(fabric->spare_buffers);
	free(fabric->read_buffers);
	free(fabric);
	return 0;
}
