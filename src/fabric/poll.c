/*
 * From requests that are over to events: see fabric.h.
 *
 * The events of one poll come in this order: what needed no request; what succeeded; what was
 * stopped earlier; which peers have failed; what failed with them.  So a failure is told after
 * all chunks that came before it, and before the ends of what was under way with that peer.
 */
#include "base/limits.h"
#include "fabric/mpi_error.h"
#include "fabric/operations.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* MPI may keep the request of a chunk for ever: the slot gets other memory, and MPI keeps what it
 * has, unless the slot got other memory already because of another request. */
static int
leave_memory_to_mpi(struct sc_fabric *fabric, const struct sc_op *op, struct sc_error *err)
{
	const struct sc_fabric_memory *memory = &fabric->config.memory;

	if (memory->message(memory->slots, op->slot) != op->memory)
		return 0;
	return memory->renew(memory->slots, op->slot, op->length, err);
}

static int
receive_done(struct sc_fabric *fabric, const struct sc_op *op, MPI_Status *status,
    struct sc_error *err)
{
	struct sc_fabric_event event = sc_op_event(op, SC_FABRIC_ARRIVED);
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
	if (op->state != SC_OP_ACTIVE)
		return sc_op_end(fabric, &fabric->events, op, err);
	event.length = (size_t)length;
	return sc_events_add(&fabric->events, &event, err);
}

static int
control_arrived(struct sc_fabric *fabric, const struct sc_op *op, MPI_Status *status,
    struct sc_error *err)
{
	struct sc_fabric_event event = sc_op_event(op, SC_FABRIC_CONTROL);
	int length = 0;

	fabric->read_buffers[fabric->read_count++] = op->memory;
	if (MPI_Get_count(status, MPI_BYTE, &length) != MPI_SUCCESS || length <= 0)
		return 0; /* no node sends an empty one */
	fabric->bytes_received += (uint64_t)length;
	event.peer = fabric->nodes_of_ranks[status->MPI_SOURCE];
	event.bytes = op->memory;
	event.length = (size_t)length;
	assert(event.peer < fabric->config.nodes);
	return sc_events_add(&fabric->events, &event, err);
}

static int
request_succeeded(struct sc_fabric *fabric, const struct sc_op *op, MPI_Status *status,
    struct sc_error *err)
{
	switch (op->kind) {
	case SC_OP_RECEIVE:
		return receive_done(fabric, op, status, err);
	case SC_OP_CONTROL_IN:
		return control_arrived(fabric, op, status, err);
	case SC_OP_SEND:
	case SC_OP_CONTROL_OUT:
		return sc_op_end(fabric, &fabric->events, op, err);
	}
	return 0;
}

/* A request has failed, for another reason than the end of its peer's process. */
static int
request_broken(struct sc_fabric *fabric, const struct sc_op *op, int code, struct sc_error *err)
{
	struct sc_fabric_event event = sc_op_event(op, SC_FABRIC_ARRIVED);
	struct sc_error cause;
	int class = MPI_SUCCESS;

	if (MPI_Error_class(code, &class) == MPI_SUCCESS && class == MPI_ERR_TRUNCATE) {
		/* The peer has sent more than any sound message has. */
		if (op->kind == SC_OP_RECEIVE && op->state == SC_OP_ACTIVE)
			return sc_events_add(&fabric->events, &event, err);
		return sc_op_end(fabric, &fabric->events, op, err);
	}
	if (op->kind == SC_OP_CONTROL_IN)
		return sc_mpi_check(code, "MPI_Irecv", err);
	if (op->state == SC_OP_ACTIVE) {
		(void)sc_mpi_check(code, "MPI", &cause);
		memcpy(fabric->cause, cause.text, sizeof(fabric->cause));
		if (sc_op_fail_peer(fabric, &fabric->events, op->peer, fabric->cause, err) != 0)
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
see_to_successes(struct sc_fabric *fabric, int done, bool all, struct sc_error *err)
{
	size_t first = fabric->events.count;

	for (int i = 0; i < done; i++) {
		struct sc_op *op = &fabric->ops[fabric->indices[i]];

		if (!all && fabric->statuses[i].MPI_ERROR != MPI_SUCCESS)
			continue;
		op->finished = true;
		if (request_succeeded(fabric, op, &fabric->statuses[i], err) != 0)
			return -1;
	}
	if (fabric->events.count > first)
		qsort(fabric->events.items + first, fabric->events.count - first,
		    sizeof(*fabric->events.items), by_order);
	return 0;
}

/* What was stopped earlier, and MPI still has: the caller need not wait for that. */
static int
detach_stopped(struct sc_fabric *fabric, struct sc_error *err)
{
	for (int i = 0; i < fabric->count; i++) {
		struct sc_op *op = &fabric->ops[i];

		if (op->state != SC_OP_STOPPING || fabric->requests[i] == MPI_REQUEST_NULL)
			continue;
		if (leave_memory_to_mpi(fabric, op, err) != 0 ||
		    sc_op_end(fabric, &fabric->events, op, err) != 0)
			return -1;
		op->state = SC_OP_DETACHED;
	}
	return 0;
}

/*
 * Tell of the peers that MPI lists as failed.  MPI is asked in every poll: it may have learned of
 * a failure just now, and fail a request because of it only the next time, but a message that is
 * sent to that process meanwhile makes MPI crash.
 */
static int
report_failed_peers(struct sc_fabric *fabric, struct sc_error *err)
{
	uint32_t known = fabric->failures.count;

	if (sc_failures_update(&fabric->failures, err) != 0)
		return -1;
	for (; known < fabric->failures.count; known++) {
		uint32_t node = fabric->nodes_of_ranks[fabric->failures.ranks[known]];

		if (node != UINT32_MAX &&
		    sc_op_fail_peer(fabric, &fabric->events, node, NULL, err) != 0)
			return -1;
	}
	return 0;
}

static int
see_to_failures(struct sc_fabric *fabric, int done, struct sc_error *err)
{
	for (int i = 0; i < done; i++) {
		struct sc_op *op = &fabric->ops[fabric->indices[i]];
		int code = fabric->statuses[i].MPI_ERROR;

		/* A receive from any rank stays posted when one has failed. */
		if (code == MPI_SUCCESS || fabric->requests[fabric->indices[i]] != MPI_REQUEST_NULL)
			continue;
		op->finished = true;
		if (!sc_mpi_is_process_failure(code)) {
			if (request_broken(fabric, op, code, err) != 0)
				return -1;
			continue;
		}
		if (op->kind != SC_OP_CONTROL_IN && op->state != SC_OP_DETACHED &&
		    sc_op_fail_peer(fabric, &fabric->events, op->peer, NULL, err) != 0)
			return -1;
		if (sc_op_end(fabric, &fabric->events, op, err) != 0)
			return -1;
	}
	return 0;
}

/*
 * When MPI_Testsome finds a failed request, Open MPI frees all requests that have an error set.
 * Among these may be one that MPI_Testsome does not report, as a transfer from or to its memory is
 * still going on: that request is gone, and its memory is not free.
 */
static int
see_to_orphans(struct sc_fabric *fabric, struct sc_error *err)
{
	for (int i = 0; i < fabric->count; i++) {
		struct sc_op *op = &fabric->ops[i];

		if (op->finished || fabric->requests[i] != MPI_REQUEST_NULL)
			continue;
		op->finished = true;
		if (op->kind == SC_OP_CONTROL_IN || op->kind == SC_OP_CONTROL_OUT) {
			op->memory = malloc(SC_CONTROL_BYTES);
			if (op->memory == NULL)
				return sc_fail(err, 0, "no memory for a control message");
		} else if (op->state != SC_OP_DETACHED &&
		    leave_memory_to_mpi(fabric, op, err) != 0) {
			return -1;
		}
		if (sc_op_end(fabric, &fabric->events, op, err) != 0)
			return -1;
	}
	return 0;
}

static void
remove_finished(struct sc_fabric *fabric)
{
	for (int i = fabric->count; i-- > 0;) {
		if (!fabric->ops[i].finished)
			continue;
		assert(fabric->requests[i] == MPI_REQUEST_NULL);
		fabric->count--;
		fabric->requests[i] = fabric->requests[fabric->count];
		fabric->ops[i] = fabric->ops[fabric->count];
	}
}

/* What MPI_Testsome has said: of the first `done` statuses, and of all requests if one failed. */
static int
see_to_requests(struct sc_fabric *fabric, int done, bool failed, struct sc_error *err)
{
	if (see_to_successes(fabric, done, !failed, err) != 0 || detach_stopped(fabric, err) != 0 ||
	    report_failed_peers(fabric, err) != 0)
		return -1;
	if (failed && (see_to_failures(fabric, done, err) != 0 || see_to_orphans(fabric, err) != 0))
		return -1;
	if (done > 0 || failed)
		remove_finished(fabric);
	return 0;
}

/* Begin with what has ended since the last poll without a request. */
static void
begin_with_pending(struct sc_fabric *fabric)
{
	struct sc_event_list last = fabric->events;

	fabric->events = fabric->pending;
	fabric->pending = last;
	fabric->pending.count = 0;
}

int
sc_fabric_poll(struct sc_fabric *fabric, const struct sc_fabric_event **events,
    struct sc_error *err)
{
	int done = 0;
	int code;

	*events = NULL;
	begin_with_pending(fabric);
	while (fabric->read_count > 0) {
		if (sc_op_post_control(fabric, fabric->read_buffers[--fabric->read_count], err) !=
		    0)
			return -1;
	}
	if (fabric->count > 0) {
		code = MPI_Testsome(fabric->count, fabric->requests, &done, fabric->indices,
		    fabric->statuses);
		if (done == MPI_UNDEFINED)
			done = 0;
		if (code != MPI_SUCCESS && done == 0 && !sc_mpi_is_process_failure(code))
			return sc_mpi_check(code, "MPI_Testsome", err);
		if (see_to_requests(fabric, done, code != MPI_SUCCESS, err) != 0)
			return -1;
	}
	*events = fabric->events.items;
	return (int)fabric->events.count;
}
