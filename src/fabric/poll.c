/*
 * From requests that are over to events: see fabric.h.
 *
 * The events of one poll come in this order: what needed no request; what succeeded; what was
 * let go of before; who has failed; what failed with them.  So whoever is told of a
 * failure has had all chunks that came before, and what ends for it comes after.
 */
#include "base/limits.h"
#include "fabric/impl.h"
#include "fabric/mpi_error.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char process_ended[] = "its process has ended";

int
sc_events_add(struct sc_event_list *list, const struct sc_fabric_event *event, struct sc_error *err)
{
	if (list->count == list->capacity) {
		size_t wanted = list->capacity == 0 ? 64 : 2 * list->capacity;
		struct sc_fabric_event *more = realloc(list->items, wanted * sizeof(*more));

		if (more == NULL)
			return sc_fail(err, 0, "no memory for %zu events", wanted);
		list->items = more;
		list->capacity = wanted;
	}
	list->items[list->count++] = *event;
	return 0;
}

static struct sc_fabric_event
event_of(const struct sc_op *op, enum sc_fabric_what what)
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
	case SC_OP_RECEIVE:
	case SC_OP_SEND:
		if (op->state == SC_OP_ENDED)
			return 0;
		event =
		    event_of(op, op->kind == SC_OP_SEND ? SC_FABRIC_SENT : SC_FABRIC_RECEIVE_ENDED);
		return sc_events_add(list, &event, err);
	case SC_OP_CONTROL_OUT:
		fabric->spare_buffers[fabric->spare_count++] = op->memory;
		return 0;
	case SC_OP_CONTROL_IN:
		fabric->consumed[fabric->consumed_count++] = op->memory;
		return 0;
	}
	return 0;
}

int
sc_fabric_let_go(struct sc_fabric *fabric, uint32_t peer, struct sc_error *err)
{
	for (int i = 0; i < fabric->count; i++) {
		struct sc_op *op = &fabric->ops[i];

		if (op->peer != peer || (op->kind != SC_OP_RECEIVE && op->kind != SC_OP_SEND) ||
		    op->state != SC_OP_UNDER_WAY || fabric->requests[i] == MPI_REQUEST_NULL)
			continue;
		op->state = SC_OP_LET_GO;
		/* A send can't be cancelled. */
		if (op->kind == SC_OP_RECEIVE && !op->cancelled &&
		    sc_mpi_check(MPI_Cancel(&fabric->requests[i]), "MPI_Cancel", err) != 0)
			return -1;
		op->cancelled = true;
	}
	return 0;
}

int
sc_fabric_lose(struct sc_fabric *fabric, struct sc_event_list *list, uint32_t peer,
    const char *cause, struct sc_error *err)
{
	struct sc_fabric_event event = {.what = SC_FABRIC_FAILED, .peer = peer, .cause = cause};

	if (cause == NULL)
		event.cause = process_ended;
	if (!fabric->peers[peer].failed && sc_events_add(list, &event, err) != 0)
		return -1;
	fabric->peers[peer].failed = true;
	fabric->peers[peer].forgotten = true;
	return sc_fabric_let_go(fabric, peer, err);
}

/* A receive or a send of a chunk will be over who knows when: the slot gets other memory, unless
 * it was given some for another one, and MPI keeps what it has. */
static int
abandon(struct sc_fabric *fabric, const struct sc_op *op, struct sc_error *err)
{
	const struct sc_fabric_memory *memory = &fabric->config.memory;

	if (memory->message(memory->slots, op->slot) != op->memory)
		return 0;
	return memory->renew(memory->slots, op->slot, op->length, err);
}

static int
take_chunk(struct sc_fabric *fabric, const struct sc_op *op, MPI_Status *status,
    struct sc_error *err)
{
	struct sc_fabric_event event = event_of(op, SC_FABRIC_ARRIVED);
	int cancelled = 0;
	int length = 0;

	if (op->cancelled &&
	    sc_mpi_check(MPI_Test_cancelled(status, &cancelled), "MPI_Test_cancelled", err) != 0)
		return -1;
	if (cancelled)
		return sc_op_end(fabric, &fabric->events, op, err);
	if (MPI_Get_count(status, MPI_BYTE, &length) != MPI_SUCCESS || length < 0)
		length = 0; /* no sound message has this length */
	fabric->bytes_received += (uint64_t)length;
	if (op->state != SC_OP_UNDER_WAY)
		return sc_op_end(fabric, &fabric->events, op, err);
	event.length = (size_t)length;
	return sc_events_add(&fabric->events, &event, err);
}

static int
take_control(struct sc_fabric *fabric, const struct sc_op *op, MPI_Status *status,
    struct sc_error *err)
{
	struct sc_fabric_event event = event_of(op, SC_FABRIC_CONTROL);
	int length = 0;

	fabric->consumed[fabric->consumed_count++] = op->memory;
	if (MPI_Get_count(status, MPI_BYTE, &length) != MPI_SUCCESS || length <= 0)
		return 0; /* nobody sends an empty one */
	fabric->bytes_received += (uint64_t)length;
	event.peer = fabric->nodes_of_ranks[status->MPI_SOURCE];
	event.bytes = op->memory;
	event.length = (size_t)length;
	assert(event.peer < fabric->config.nodes);
	return sc_events_add(&fabric->events, &event, err);
}

static int
take_success(struct sc_fabric *fabric, const struct sc_op *op, MPI_Status *status,
    struct sc_error *err)
{
	switch (op->kind) {
	case SC_OP_RECEIVE:
		return take_chunk(fabric, op, status, err);
	case SC_OP_CONTROL_IN:
		return take_control(fabric, op, status, err);
	case SC_OP_SEND:
	case SC_OP_CONTROL_OUT:
		return sc_op_end(fabric, &fabric->events, op, err);
	}
	return 0;
}

/* A request has failed, for another reason than its peer's end. */
static int
take_error(struct sc_fabric *fabric, const struct sc_op *op, int code, struct sc_error *err)
{
	struct sc_fabric_event event = event_of(op, SC_FABRIC_ARRIVED);
	struct sc_error cause;
	int class = MPI_SUCCESS;

	if (MPI_Error_class(code, &class) == MPI_SUCCESS && class == MPI_ERR_TRUNCATE) {
		/* The peer has sent more than any sound message has. */
		if (op->kind == SC_OP_RECEIVE && op->state == SC_OP_UNDER_WAY)
			return sc_events_add(&fabric->events, &event, err);
		return sc_op_end(fabric, &fabric->events, op, err);
	}
	if (op->kind == SC_OP_CONTROL_IN)
		return sc_mpi_check(code, "MPI_Irecv", err);
	if (op->state == SC_OP_UNDER_WAY) {
		(void)sc_mpi_check(code, "MPI", &cause);
		memcpy(fabric->cause, cause.text, sizeof(fabric->cause));
		if (sc_fabric_lose(fabric, &fabric->events, op->peer, fabric->cause, err) != 0)
			return -1;
	}
	return sc_op_end(fabric, &fabric->events, op, err);
}

static int
by_order(const void *a, const void *b)
{
	const struct sc_fabric_event *x = a;
	const struct sc_fabric_event *y = b;

	return (x->order > y->order) - (x->order < y->order);
}

static int
take_successes(struct sc_fabric *fabric, int done, bool all, struct sc_error *err)
{
	size_t first = fabric->events.count;

	for (int i = 0; i < done; i++) {
		struct sc_op *op = &fabric->ops[fabric->indices[i]];

		if (!all && fabric->statuses[i].MPI_ERROR != MPI_SUCCESS)
			continue;
		op->seen = true;
		if (take_success(fabric, op, &fabric->statuses[i], err) != 0)
			return -1;
	}
	if (fabric->events.count > first)
		qsort(fabric->events.items + first, fabric->events.count - first,
		    sizeof(*fabric->events.items), by_order);
	return 0;
}

/* What was let go of before, and MPI has not: the caller need not wait for it. */
static int
take_let_go(struct sc_fabric *fabric, struct sc_error *err)
{
	for (int i = 0; i < fabric->count; i++) {
		struct sc_op *op = &fabric->ops[i];

		if (op->state != SC_OP_LET_GO || fabric->requests[i] == MPI_REQUEST_NULL)
			continue;
		if (abandon(fabric, op, err) != 0 ||
		    sc_op_end(fabric, &fabric->events, op, err) != 0)
			return -1;
		op->state = SC_OP_ENDED;
	}
	return 0;
}

/* Whom does MPI list as failed that was not told of? */
static int
take_losses(struct sc_fabric *fabric, struct sc_error *err)
{
	uint32_t known = fabric->losses.count;

	if (sc_losses_ask(&fabric->losses, err) != 0)
		return -1;
	for (; known < fabric->losses.count; known++) {
		uint32_t node = fabric->nodes_of_ranks[fabric->losses.ranks[known]];

		if (node != UINT32_MAX &&
		    sc_fabric_lose(fabric, &fabric->events, node, NULL, err) != 0)
			return -1;
	}
	return 0;
}

static int
take_failures(struct sc_fabric *fabric, int done, struct sc_error *err)
{
	for (int i = 0; i < done; i++) {
		struct sc_op *op = &fabric->ops[fabric->indices[i]];
		int code = fabric->statuses[i].MPI_ERROR;

		/* A receive from anybody stays posted when somebody has failed. */
		if (code == MPI_SUCCESS || fabric->requests[fabric->indices[i]] != MPI_REQUEST_NULL)
			continue;
		op->seen = true;
		if (!sc_mpi_is_process_failure(code)) {
			if (take_error(fabric, op, code, err) != 0)
				return -1;
			continue;
		}
		if (op->kind != SC_OP_CONTROL_IN && op->state != SC_OP_ENDED &&
		    sc_fabric_lose(fabric, &fabric->events, op->peer, NULL, err) != 0)
			return -1;
		if (sc_op_end(fabric, &fabric->events, op, err) != 0)
			return -1;
	}
	return 0;
}

/*
 * When MPI_Testsome finds a failed request, Open MPI frees all that have an error set,
 * also one that it has not reported since a transfer from or to its memory has not been
 * stopped yet: it is gone, and the memory is not free.
 */
static int
take_orphans(struct sc_fabric *fabric, struct sc_error *err)
{
	for (int i = 0; i < fabric->count; i++) {
		struct sc_op *op = &fabric->ops[i];

		if (op->seen || fabric->requests[i] != MPI_REQUEST_NULL)
			continue;
		op->seen = true;
		if (op->kind == SC_OP_CONTROL_IN || op->kind == SC_OP_CONTROL_OUT) {
			op->memory = malloc(SC_CONTROL_BYTES);
			if (op->memory == NULL)
				return sc_fail(err, 0, "no memory for a control message");
		} else if (op->state != SC_OP_ENDED && abandon(fabric, op, err) != 0) {
			return -1;
		}
		if (sc_op_end(fabric, &fabric->events, op, err) != 0)
			return -1;
	}
	return 0;
}

/* Drop what is over from the table. */
static void
drop_seen(struct sc_fabric *fabric)
{
	for (int i = fabric->count; i-- > 0;) {
		if (!fabric->ops[i].seen)
			continue;
		assert(fabric->requests[i] == MPI_REQUEST_NULL);
		fabric->count--;
		fabric->requests[i] = fabric->requests[fabric->count];
		fabric->ops[i] = fabric->ops[fabric->count];
	}
}

/* Of the first `done` statuses and all requests.  MPI is asked for losses each time: it may have
 * learned of one just now, and fail a request of it only the next time, but a
 * message that is sent to it till then makes it crash. */
static int
take_all(struct sc_fabric *fabric, int done, bool failed, struct sc_error *err)
{
	if (take_successes(fabric, done, !failed, err) != 0 || take_let_go(fabric, err) != 0 ||
	    take_losses(fabric, err) != 0)
		return -1;
	if (failed && (take_failures(fabric, done, err) != 0 || take_orphans(fabric, err) != 0))
		return -1;
	if (done > 0 || failed)
		drop_seen(fabric);
	return 0;
}

/* What has ended since the last poll, without a request. */
static int
take_pending(struct sc_fabric *fabric, struct sc_error *err)
{
	fabric->events.count = 0;
	for (size_t i = 0; i < fabric->pending.count; i++) {
		if (sc_events_add(&fabric->events, &fabric->pending.items[i], err) != 0)
			return -1;
	}
	fabric->pending.count = 0;
	return 0;
}

int
sc_fabric_poll(struct sc_fabric *fabric, const struct sc_fabric_event **events,
    struct sc_error *err)
{
	int done = 0;
	int code;

	*events = NULL;
	if (take_pending(fabric, err) != 0)
		return -1;
	while (fabric->consumed_count > 0) {
		if (sc_fabric_post_control(fabric, fabric->consumed[--fabric->consumed_count],
			err) != 0)
			return -1;
	}
	if (fabric->count > 0) {
		code = MPI_Testsome(fabric->count, fabric->requests, &done, fabric->indices,
		    fabric->statuses);
		if (done == MPI_UNDEFINED)
			done = 0;
		if (code != MPI_SUCCESS && done == 0 && !sc_mpi_is_process_failure(code))
			return sc_mpi_check(code, "MPI_Testsome", err);
		if (take_all(fabric, done, code != MPI_SUCCESS, err) != 0)
			return -1;
	}
	*events = fabric->events.items;
	return (int)fabric->events.count;
}
