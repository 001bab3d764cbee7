/*
 * The table of MPI requests under way: see operations.h.
 */
#include "fabric/operations.h"

#include "base/limits.h"
#include "base/vector.h"
#include "fabric/mpi_error.h"
#include "fabric/tags.h"

#include <assert.h>

int
sc_events_add(struct sc_event_list *list, const struct sc_fabric_event *event, struct sc_error *err)
{
	struct sc_fabric_event *items =
	    sc_vector_room(list->items, list->count + 1, &list->capacity, sizeof(*items));

	if (items == NULL)
		return sc_fail(err, 0, "no memory for %zu events", list->count + 1);
	list->items = items;
	list->items[list->count++] = *event;
	return 0;
}

/* The arrays all get the same capacity; one that has more than that after a failure is harmless. */
static int
grow(struct sc_fabric *fabric, size_t needed, struct sc_error *err)
{
	size_t room = 0;
	void *items;

#define GROW(array) \
	(room = fabric->capacity, \
	    items = sc_vector_room(fabric->array, needed, &room, sizeof(*fabric->array)), \
	    items != NULL && (fabric->array = items, true))

	if (!GROW(requests) || !GROW(ops) || !GROW(indices) || !GROW(statuses) ||
	    !GROW(spare_buffers) || !GROW(read_buffers))
		return sc_fail(err, 0, "no memory for %zu MPI requests", needed);
#undef GROW
	fabric->capacity = room;
	return 0;
}

struct sc_op *
sc_op_add(struct sc_fabric *fabric, const struct sc_op *op, struct sc_error *err)
{
	struct sc_op *added;

	if ((size_t)fabric->count == fabric->capacity &&
	    grow(fabric, fabric->capacity + 1, err) != 0)
		return NULL;
	added = &fabric->ops[fabric->count];
	*added = *op;
	added->order = fabric->order++;
	fabric->requests[fabric->count] = MPI_REQUEST_NULL;
	return added;
}

int
sc_op_post_control(struct sc_fabric *fabric, uint8_t *buffer, struct sc_error *err)
{
	const struct sc_op op = {.kind = SC_OP_CONTROL_IN, .peer = UINT32_MAX, .memory = buffer};

	if (sc_op_add(fabric, &op, err) == NULL)
		return -1;
	if (sc_mpi_check(MPI_Irecv(buffer, SC_CONTROL_BYTES, MPI_BYTE, MPI_ANY_SOURCE,
			     SC_TAG_CONTROL, fabric->control, &fabric->requests[fabric->count]),
		"MPI_Irecv", err) != 0)
		return -1;
	fabric->count++;
	return 0;
}

struct sc_fabric_event
sc_op_event(const struct sc_op *op, enum sc_fabric_what what)
{
	return (struct sc_fabric_event){.what = what,
		.peer = op->peer,
		.subfile = op->subfile,
		.slot = op->slot,
		.order = op->order};
}

int
sc_op_end(struct sc_fabric *fabric, struct sc_event_list *list, const struct sc_op *op,
    struct sc_error *err)
{
	struct sc_fabric_event event;

	switch (op->kind) {
	case SC_OP_CONTROL_OUT:
		fabric->spare_buffers[fabric->spare_count++] = op->memory;
		return 0;
	case SC_OP_CONTROL_IN:
		fabric->read_buffers[fabric->read_count++] = op->memory;
		return 0;
	case SC_OP_RECEIVE:
	case SC_OP_SEND:
		break;
	}
	if (op->state == SC_OP_DETACHED)
		return 0;
	event = sc_op_event(op, op->kind == SC_OP_SEND ? SC_FABRIC_SENT : SC_FABRIC_RECEIVE_ENDED);
	return sc_events_add(list, &event, err);
}

int
sc_op_cancel(struct sc_fabric *fabric, int index, struct sc_error *err)
{
	struct sc_op *op = &fabric->ops[index];

	assert(op->kind == SC_OP_RECEIVE);
	if (op->cancelled)
		return 0;
	op->cancelled = true;
	return sc_mpi_check(MPI_Cancel(&fabric->requests[index]), "MPI_Cancel", err);
}

int
sc_op_stop_peer(struct sc_fabric *fabric, uint32_t peer, struct sc_error *err)
{
	for (int i = 0; i < fabric->count; i++) {
		struct sc_op *op = &fabric->ops[i];

		if (op->peer != peer || (op->kind != SC_OP_RECEIVE && op->kind != SC_OP_SEND) ||
		    op->state != SC_OP_ACTIVE || fabric->requests[i] == MPI_REQUEST_NULL)
			continue;
		op->state = SC_OP_STOPPING;
		/* A send can't be cancelled. */
		if (op->kind == SC_OP_RECEIVE && sc_op_cancel(fabric, i, err) != 0)
			return -1;
	}
	return 0;
}

int
sc_op_fail_peer(struct sc_fabric *fabric, struct sc_event_list *list, uint32_t peer,
    const char *cause, struct sc_error *err)
{
	struct sc_fabric_event event = {.what = SC_FABRIC_FAILED,
		.peer = peer,
		.cause = cause == NULL ? "its process has ended" : cause};

	if (!fabric->peers[peer].failed && sc_events_add(list, &event, err) != 0)
		return -1;
	fabric->peers[peer].failed = true;
	fabric->peers[peer].forgotten = true;
	return sc_op_stop_peer(fabric, peer, err);
}
