/*
 * The fabric: see fabric.h.
 */
#include "fabric/fabric.h"

#include "base/limits.h"
#include "config.h"
#include "fabric/control.h"
#include "fabric/mpi_error.h"
#include "fabric/tags.h"

#include <assert.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_ULFM
#include <mpi-ext.h>
#endif

enum { CONTROL_TAG = 0 };

/* Receives for control messages beyond one a peer: bursts of credits. */
enum { CONTROL_SPARE = 8 };

enum op_kind {
	OP_RECEIVE,
	OP_SEND,
	OP_CONTROL_IN,
	OP_CONTROL_OUT,
};

/* What a request is for.  ops[i] belongs to requests[i]. */
struct op {
	enum op_kind kind;
	uint32_t peer;
	uint32_t subfile;
	uint32_t slot;
	uint8_t *buffer; /* of a control message */
	uint64_t order;
};

struct sc_fabric {
	struct sc_fabric_config config;
	MPI_Comm control;
	uint32_t *nodes_of_ranks;
	MPI_Request *requests;
	struct op *ops;
	int *indices;
	MPI_Status *statuses;
	struct sc_fabric_event *events;
	int count;
	int capacity;
	int control_ins;
	uint64_t order;
	uint8_t **spare_buffers; /* for control messages that go out */
	int spare_count;
	uint8_t **consumed; /* received, handed to the caller, to be posted again */
	int consumed_count;
	uint64_t bytes_sent;
	uint64_t bytes_received;
};

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
	GROW(events);
	GROW(spare_buffers);
	GROW(consumed);
#undef GROW
	if (!ok)
		return sc_fail(err, 0, "no memory for %d MPI requests", wanted);
	fabric->capacity = wanted;
	return 0;
}

/* Room for one more request; its op. */
static struct op *
add_op(struct sc_fabric *fabric, enum op_kind kind, uint32_t peer, struct sc_error *err)
{
	struct op *op;

	if (fabric->count == fabric->capacity && grow(fabric, err) != 0)
		return NULL;
	op = &fabric->ops[fabric->count];
	*op = (struct op){.kind = kind, .peer = peer, .order = fabric->order++};
	fabric->requests[fabric->count] = MPI_REQUEST_NULL;
	return op;
}

static int
post_control(struct sc_fabric *fabric, uint8_t *buffer, struct sc_error *err)
{
	struct op *op = add_op(fabric, OP_CONTROL_IN, UINT32_MAX, err);

	if (op == NULL)
		return -1;
	op->buffer = buffer;
	if (sc_mpi_check(MPI_Irecv(buffer, SC_CONTROL_BYTES, MPI_BYTE, MPI_ANY_SOURCE, CONTROL_TAG,
			     fabric->control, &fabric->requests[fabric->count]),
		"MPI_Irecv", err) != 0)
		return -1;
	fabric->count++;
	fabric->control_ins++;
	return 0;
}

static int
map_ranks(struct sc_fabric *fabric)
{
	const struct sc_fabric_config *config = &fabric->config;

	fabric->nodes_of_ranks = malloc(config->world_size * sizeof(*fabric->nodes_of_ranks));
	if (fabric->nodes_of_ranks == NULL)
		return -1;
	for (uint32_t i = 0; i < config->world_size; i++)
		fabric->nodes_of_ranks[i] = UINT32_MAX;
	for (uint32_t i = 0; i < config->nodes; i++) {
		assert(config->ranks[i] < config->world_size);
		fabric->nodes_of_ranks[config->ranks[i]] = i;
	}
	return 0;
}

/*
 * MPI opens a connection with the first message, and asks the launcher for the
 * peer's address before: all do so now, at the same time, and not one after the
 * other as the first chunk comes along.  One of a pair is enough.
 */
static int
greet(struct sc_fabric *fabric, struct sc_error *err)
{
	const struct sc_fabric_config *config = &fabric->config;

	for (uint32_t i = 0; i < config->peer_count; i++) {
		if (config->peers[i] > config->self &&
		    sc_fabric_control(fabric, config->peers[i], NULL, 0, err) != 0)
			return -1;
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
	if (config->nodes <= 1)
		return 0; /* nobody to talk to */
	for (uint32_t i = 0; i < config->peer_count + CONTROL_SPARE; i++) {
		uint8_t *buffer = malloc(SC_CONTROL_BYTES);

		if (buffer == NULL || post_control(fabric, buffer, err) != 0)
			return sc_fail(err, 0, "no memory for control messages");
	}
	return greet(fabric, err);
}

static uint8_t *
slot_message(const struct sc_fabric *fabric, uint32_t slot)
{
	assert(slot < fabric->config.slot_count);
	return fabric->config.slots + slot * fabric->config.slot_stride_bytes;
}

int
sc_fabric_receive(struct sc_fabric *fabric, uint32_t slot, uint32_t peer, uint32_t subfile,
    struct sc_error *err)
{
	struct op *op = add_op(fabric, OP_RECEIVE, peer, err);

	if (op == NULL)
		return -1;
	op->slot = slot;
	op->subfile = subfile;
	if (sc_mpi_check(MPI_Irecv(slot_message(fabric, slot), (int)fabric->config.message_bytes,
			     MPI_BYTE, (int)fabric->config.ranks[peer], SC_TAG_CHUNK + (int)subfile,
			     MPI_COMM_WORLD, &fabric->requests[fabric->count]),
		"MPI_Irecv", err) != 0)
		return -1;
	fabric->count++;
	return 0;
}

int
sc_fabric_send(struct sc_fabric *fabric, uint32_t slot, size_t length, uint32_t peer,
    uint32_t subfile, struct sc_error *err)
{
	struct op *op = add_op(fabric, OP_SEND, peer, err);

	if (op == NULL)
		return -1;
	assert(length <= fabric->config.message_bytes);
	op->slot = slot;
	op->subfile = subfile;
	if (sc_mpi_check(MPI_Isend(slot_message(fabric, slot), (int)length, MPI_BYTE,
			     (int)fabric->config.ranks[peer], SC_TAG_CHUNK + (int)subfile,
			     MPI_COMM_WORLD, &fabric->requests[fabric->count]),
		"MPI_Isend", err) != 0)
		return -1;
	fabric->count++;
	fabric->bytes_sent += length;
	return 0;
}

int
sc_fabric_control(struct sc_fabric *fabric, uint32_t peer, const uint8_t *bytes, size_t length,
    struct sc_error *err)
{
	struct op *op = add_op(fabric, OP_CONTROL_OUT, peer, err);

	if (op == NULL)
		return -1;
	assert(length <= SC_CONTROL_BYTES);
	if (fabric->spare_count > 0)
		op->buffer = fabric->spare_buffers[--fabric->spare_count];
	else
		op->buffer = malloc(SC_CONTROL_BYTES);
	if (op->buffer == NULL)
		return sc_fail(err, 0, "no memory for a control message");
	if (length > 0)
		memcpy(op->buffer, bytes, length);
	if (sc_mpi_check(MPI_Isend(op->buffer, (int)length, MPI_BYTE,
			     (int)fabric->config.ranks[peer], CONTROL_TAG, fabric->control,
			     &fabric->requests[fabric->count]),
		"MPI_Isend", err) != 0)
		return -1;
	fabric->count++;
	fabric->bytes_sent += length;
	return 0;
}

/* Which node failed, as far as MPI tells: the one of a request, or, for a
 * receive from anybody, one that it lists as failed. */
static uint32_t
failed_node(struct sc_fabric *fabric, const struct op *op)
{
	uint32_t node = op->peer;
#ifdef HAVE_ULFM
	MPI_Group failed = MPI_GROUP_NULL;
	MPI_Group world = MPI_GROUP_NULL;
	int size = 0;
	int first = 0;
	int rank = MPI_UNDEFINED;

	if (node != UINT32_MAX)
		return node;
	if (MPIX_Comm_failure_ack(fabric->control) != MPI_SUCCESS ||
	    MPIX_Comm_failure_get_acked(fabric->control, &failed) != MPI_SUCCESS)
		return node;
	if (MPI_Group_size(failed, &size) == MPI_SUCCESS && size > 0 &&
	    MPI_Comm_group(fabric->control, &world) == MPI_SUCCESS) {
		if (MPI_Group_translate_ranks(failed, 1, &first, world, &rank) == MPI_SUCCESS &&
		    rank != MPI_UNDEFINED)
			node = fabric->nodes_of_ranks[rank];
		(void)MPI_Group_free(&world);
	}
	(void)MPI_Group_free(&failed);
#else
	(void)fabric;
#endif
	return node;
}

static void
add_failure(struct sc_fabric *fabric, struct sc_fabric_event *event, const struct op *op, int code)
{
	static char cause[SC_ERROR_TEXT_BYTES];
	struct sc_error err;

	(void)sc_mpi_check(code, "MPI", &err);
	memcpy(cause, err.text, sizeof(cause));
	*event = (struct sc_fabric_event){
		.what = SC_FABRIC_FAILED,
		.peer = failed_node(fabric, op),
		.cause = sc_mpi_is_process_failure(code) ? "its process has ended" : cause,
		.order = op->order,
	};
}

/* Turn the completion of a request into an event.  False: nothing for the
 * caller. */
static bool
complete(struct sc_fabric *fabric, const struct op *op, MPI_Status *status,
    struct sc_fabric_event *event)
{
	int length = 0;

	*event = (struct sc_fabric_event){
		.peer = op->peer, .subfile = op->subfile, .slot = op->slot, .order = op->order};
	switch (op->kind) {
	case OP_CONTROL_OUT:
		fabric->spare_buffers[fabric->spare_count++] = op->buffer;
		return false;
	case OP_SEND:
		event->what = SC_FABRIC_SENT;
		return true;
	case OP_RECEIVE:
	case OP_CONTROL_IN:
		if (MPI_Get_count(status, MPI_BYTE, &length) != MPI_SUCCESS || length < 0)
			length = 0; /* no sound message has this length */
		event->length = (size_t)length;
		fabric->bytes_received += (uint64_t)length;
		event->what = SC_FABRIC_ARRIVED;
		break;
	}
	if (op->kind == OP_CONTROL_IN) {
		event->what = SC_FABRIC_CONTROL;
		event->bytes = op->buffer;
		event->peer = fabric->nodes_of_ranks[status->MPI_SOURCE];
		fabric->consumed[fabric->consumed_count++] = op->buffer;
		fabric->control_ins--;
		return length > 0; /* else a greeting */
	}
	return true;
}

static int
descending(const void *a, const void *b)
{
	const int *x = a;
	const int *y = b;

	return (*x < *y) - (*x > *y);
}

static int
by_order(const void *a, const void *b)
{
	const struct sc_fabric_event *x = a;
	const struct sc_fabric_event *y = b;

	return (x->order > y->order) - (x->order < y->order);
}

/* Drop the requests at the given places from the table. */
static void
forget(struct sc_fabric *fabric, int done)
{
	/* From the end, so that what moves into a gap has been looked at. */
	qsort(fabric->indices, (size_t)done, sizeof(*fabric->indices), descending);
	for (int i = 0; i < done; i++) {
		int at = fabric->indices[i];

		/* A receive from anybody stays posted when somebody has failed. */
		if (fabric->requests[at] != MPI_REQUEST_NULL)
			continue;
		fabric->count--;
		fabric->requests[at] = fabric->requests[fabric->count];
		fabric->ops[at] = fabric->ops[fabric->count];
	}
}

int
sc_fabric_poll(struct sc_fabric *fabric, const struct sc_fabric_event **events,
    struct sc_error *err)
{
	int done = 0;
	int found = 0;
	int code;

	*events = fabric->events;
	while (fabric->consumed_count > 0) {
		if (post_control(fabric, fabric->consumed[--fabric->consumed_count], err) != 0)
			return -1;
	}
	if (fabric->count == 0)
		return 0;
	code =
	    MPI_Testsome(fabric->count, fabric->requests, &done, fabric->indices, fabric->statuses);
	if (code != MPI_SUCCESS && code != MPI_ERR_IN_STATUS && !sc_mpi_is_process_failure(code))
		return sc_mpi_check(code, "MPI_Testsome", err);
	if (done == MPI_UNDEFINED)
		return 0;
	for (int i = 0; i < done; i++) {
		const struct op *op = &fabric->ops[fabric->indices[i]];
		MPI_Status *status = &fabric->statuses[i];
		int error = code == MPI_SUCCESS ? MPI_SUCCESS : status->MPI_ERROR;

		if (error == MPI_ERR_PENDING)
			continue;
		if (error != MPI_SUCCESS)
			add_failure(fabric, &fabric->events[found++], op, error);
		else if (complete(fabric, op, status, &fabric->events[found]))
			found++;
	}
	forget(fabric, done);
	qsort(fabric->events, (size_t)found, sizeof(*fabric->events), by_order);
	*events = fabric->events;
	return found;
}

bool
sc_fabric_is_busy(const struct sc_fabric *fabric)
{
	return fabric->count > fabric->control_ins;
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
		enum op_kind kind = fabric->ops[i].kind;

		if ((kind == OP_RECEIVE || kind == OP_CONTROL_IN) &&
		    sc_mpi_check(MPI_Cancel(&fabric->requests[i]), "MPI_Cancel", err) != 0)
			rc = -1;
	}
	if (rc == 0 && fabric->count > 0)
		rc = sc_mpi_check(MPI_Waitall(fabric->count, fabric->requests, fabric->statuses),
		    "MPI_Waitall", err);
	if (rc != 0)
		return rc; /* buffers may still be MPI's */

	for (int i = 0; i < fabric->count; i++)
		free(fabric->ops[i].buffer);
	for (int i = 0; i < fabric->spare_count; i++)
		free(fabric->spare_buffers[i]);
	for (int i = 0; i < fabric->consumed_count; i++)
		free(fabric->consumed[i]);
	free(fabric->nodes_of_ranks);
	free(fabric->requests);
	free(fabric->ops);
	free(fabric->indices);
	free(fabric->statuses);
	free(fabric->events);
	free(fabric->spare_buffers);
	free(fabric->consumed);
	free(fabric);
	return 0;
}
