/*
 * Bytes of all ranks up the control tree: see control_tree.h.
 *
 * What a rank sends is a head, which is the length of the rest, and pieces.  While a rank waits for
 * its own children it sends heads that say "not yet".  Then its parent waits as well, and the time
 * that a silent process costs is the same at any depth.  Memory that MPI may still write to, for a
 * child that was left out, is never freed.
 */
#include "base/clock.h"
#include "fabric/control_tree.h"
#include "fabric/mpi_error.h"
#include "fabric/request.h"
#include "fabric/tags.h"

#include <assert.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

/* Small enough to come within any sane timeout over the slowest link, and to be sent without
 * a rendezvous over TCP, with the default settings of world.c. */
enum { PIECE_BYTES = 256 << 10 };

static const uint64_t not_yet = UINT64_MAX;

/* "Not yet" is said so many times within the timeout. */
enum { NOT_YET_PER_TIMEOUT = 4 };

struct child {
	uint32_t rank;
	MPI_Request request; /* for what the child sends next */
	uint64_t head;
	uint8_t *bytes; /* NULL before the head has come */
	size_t length;
	size_t used;
	uint64_t heard_ns;
	bool over;  /* all has come, or the child is left out */
	bool whole; /* all has come */
};

struct gather {
	const struct sc_control_tree *tree;
	struct child *children; /* child_count of them */
	uint32_t left;          /* children that are not over */
	bool abandoned;         /* MPI may still write to some of the children */
	uint64_t timeout_ns;
	uint64_t said_ns; /* when the parent was last told "not yet" */
};

static size_t
piece_bytes(size_t rest)
{
	return rest < PIECE_BYTES ? rest : PIECE_BYTES;
}

/* Send a few bytes that stay where they are, and don't ask what became of them. */
static int
send_unwatched(const void *bytes, size_t length, uint32_t rank, int tag, struct sc_error *err)
{
	MPI_Request request;
	bool lost;

	if (sc_request_send(bytes, length, rank, tag, SC_SEND_PLAIN, &request, &lost, err) != 0)
		return -1;
	return lost ? 0 : sc_mpi_check(MPI_Request_free(&request), "MPI_Request_free", err);
}

static void
end_child(struct gather *gather, struct child *child)
{
	assert(!child->over);
	child->over = true;
	gather->left--;
}

/* Post the receive for what a child sends next. */
static int
listen(struct gather *gather, struct child *child, struct sc_error *err)
{
	bool head = child->bytes == NULL;
	void *memory = head ? (void *)&child->head : child->bytes + child->used;
	size_t length = head ? sizeof(child->head) : piece_bytes(child->length - child->used);
	bool lost;

	if (sc_request_receive(memory, length, child->rank, SC_TAG_RESULT, &child->request, &lost,
		err) != 0)
		return -1;
	if (lost)
		end_child(gather, child);
	return 0;
}

/* A head or a piece has come. */
static int
hear(struct gather *gather, struct child *child, MPI_Status *status, struct sc_error *err)
{
	int length = 0;

	child->heard_ns = sc_clock_now_ns();
	if (child->bytes != NULL) {
		if (sc_mpi_check(MPI_Get_count(status, MPI_BYTE, &length), "MPI_Get_count", err) !=
		    0)
			return -1;
		child->used += (size_t)length;
	} else if (child->head != not_yet) {
		child->length = (size_t)child->head;
		child->bytes = malloc(child->length + 1);
		if (child->bytes == NULL)
			return sc_fail(err, 0, "no memory for %zu bytes of results", child->length);
	}
	if (child->bytes == NULL || child->used < child->length)
		return listen(gather, child, err);
	child->whole = true;
	end_child(gather, child);
	return send_unwatched(NULL, 0, child->rank, SC_TAG_RESULT_RECEIVED, err);
}

/* Has something come from a child, has it failed, or been silent for too long?  *heard is set in
 * the first case. */
static int
look_at(struct gather *gather, struct child *child, bool *heard, struct sc_error *err)
{
	MPI_Status status;
	int done = 0;
	int code = MPI_Test(&child->request, &done, &status);

	if (sc_mpi_is_process_failure(code)) {
		end_child(gather, child);
		return 0;
	}
	if (sc_mpi_check(code, "MPI_Test", err) != 0)
		return -1;
	if (done) {
		*heard = true;
		return hear(gather, child, &status, err);
	}
	if (sc_clock_now_ns() - child->heard_ns >= gather->timeout_ns) {
		gather->abandoned = true;
		end_child(gather, child);
	}
	return 0;
}

static int
tell_parent_to_wait(struct gather *gather, struct sc_error *err)
{
	uint64_t now_ns = sc_clock_now_ns();

	if (gather->tree->parent == UINT32_MAX ||
	    now_ns - gather->said_ns < gather->timeout_ns / NOT_YET_PER_TIMEOUT)
		return 0;
	gather->said_ns = now_ns;
	return send_unwatched(&not_yet, sizeof(not_yet), gather->tree->parent, SC_TAG_RESULT, err);
}

static int
start(struct gather *gather, struct sc_error *err)
{
	uint32_t n = gather->tree->child_count;

	gather->children = calloc(n + 1, sizeof(*gather->children));
	if (gather->children == NULL)
		return sc_fail(err, 0, "no memory for the results of %u ranks", n);
	gather->left = n;
	gather->said_ns = sc_clock_now_ns();
	for (uint32_t i = 0; i < n; i++) {
		gather->children[i].rank = gather->tree->children[i];
		gather->children[i].heard_ns = gather->said_ns;
		if (listen(gather, &gather->children[i], err) != 0)
			return -1;
	}
	return 0;
}

static int
hear_children(struct gather *gather, struct sc_error *err)
{
	struct sc_backoff backoff = {.sleep_max_ns = SC_BACKOFF_SHORT_NS};

	if (start(gather, err) != 0)
		return -1;
	while (gather->left > 0) {
		bool heard = false;

		for (uint32_t i = 0; i < gather->tree->child_count; i++) {
			if (!gather->children[i].over &&
			    look_at(gather, &gather->children[i], &heard, err) != 0)
				return -1;
		}
		if (tell_parent_to_wait(gather, err) != 0)
			return -1;
		if (heard)
			backoff = (struct sc_backoff){.sleep_max_ns = SC_BACKOFF_SHORT_NS};
		else
			sc_backoff_pause(&backoff);
	}
	return 0;
}

/* This rank's own bytes and those that came whole. */
static int
join(const struct gather *gather, const uint8_t *own, size_t own_bytes, uint8_t **all,
    size_t *all_bytes, struct sc_error *err)
{
	size_t bytes = own_bytes;
	uint8_t *at;

	for (uint32_t i = 0; i < gather->tree->child_count; i++)
		bytes += gather->children[i].whole ? gather->children[i].length : 0;
	*all = malloc(bytes + 1);
	if (*all == NULL)
		return sc_fail(err, 0, "no memory for %zu bytes of results", bytes);
	*all_bytes = bytes;
	memcpy(*all, own, own_bytes);
	at = *all + own_bytes;
	for (uint32_t i = 0; i < gather->tree->child_count; i++) {
		const struct child *child = &gather->children[i];

		if (!child->whole)
			continue;
		memcpy(at, child->bytes, child->length);
		at += child->length;
	}
	return 0;
}

/* Free what MPI doesn't use. */
static void
finish(struct gather *gather, bool failed)
{
	bool keep = gather->abandoned || failed;

	for (uint32_t i = 0; gather->children != NULL && i < gather->tree->child_count; i++) {
		if (!keep || gather->children[i].whole)
			free(gather->children[i].bytes);
	}
	if (!keep)
		free(gather->children);
}

/* Wait, as long as is allowed, for a request that takes the parent. */
static int
await_parent(MPI_Request *request, bool lost, uint32_t parent, uint64_t timeout_ns,
    struct sc_error *err)
{
	enum sc_waited waited = SC_WAITED_LOST;

	if (!lost &&
	    sc_request_wait_until(request, sc_clock_now_ns() + timeout_ns, SC_BACKOFF_SHORT_NS,
		&waited, err) != 0)
		return -1;
	if (waited == SC_WAITED_DONE)
		return 0;
	return sc_fail(err, 0, "rank %u, which collects the results, %s", parent,
	    waited == SC_WAITED_LOST ? "has failed" : "does not answer");
}

static int
send_piece(const void *bytes, size_t length, uint32_t parent, uint64_t timeout_ns,
    struct sc_error *err)
{
	MPI_Request request;
	bool lost;

	if (sc_request_send(bytes, length, parent, SC_TAG_RESULT, SC_SEND_PLAIN, &request, &lost,
		err) != 0)
		return -1;
	return await_parent(&request, lost, parent, timeout_ns, err);
}

/* Ends when the parent has received all: what is under way when a process ends can be lost. */
static int
send_up(const uint8_t *bytes, size_t length, uint32_t parent, uint64_t timeout_ns,
    struct sc_error *err)
{
	uint64_t *head = malloc(sizeof(*head)); /* left to MPI if it doesn't get rid of it */
	MPI_Request request;
	bool lost;

	if (head == NULL)
		return sc_fail(err, 0, "no memory for results");
	*head = length;
	if (send_piece(head, sizeof(*head), parent, timeout_ns, err) != 0)
		return -1;
	free(head);
	for (size_t at = 0; at < length; at += PIECE_BYTES) {
		if (send_piece(bytes + at, piece_bytes(length - at), parent, timeout_ns, err) != 0)
			return -1;
	}
	if (sc_request_receive(NULL, 0, parent, SC_TAG_RESULT_RECEIVED, &request, &lost, err) != 0)
		return -1;
	return await_parent(&request, lost, parent, timeout_ns, err);
}

int
sc_control_tree_gather(const struct sc_control_tree *tree, const uint8_t *own, size_t own_bytes,
    uint64_t timeout_ns, uint8_t **all, size_t *all_bytes, struct sc_error *err)
{
	struct gather gather = {.tree = tree, .timeout_ns = timeout_ns};
	uint8_t *bytes = NULL;
	size_t length = 0;
	int rc = hear_children(&gather, err);

	*all = NULL;
	*all_bytes = 0;
	if (rc == 0)
		rc = join(&gather, own, own_bytes, &bytes, &length, err);
	finish(&gather, rc != 0);
	if (rc != 0)
		return -1;
	if (tree->parent == UINT32_MAX) {
		*all = bytes;
		*all_bytes = length;
		return 0;
	}
	rc = send_up(bytes, length, tree->parent, timeout_ns, err);
	if (rc == 0)
		free(bytes); /* else MPI may still read it */
	return rc;
}
