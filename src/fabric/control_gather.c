/*
 * Reports up the control tree: see tree.h.
 *
 * A report is a head, which says how long it is, and pieces.  Whoever still waits for its own
 * children sends heads that say "not yet", so that its parent waits as well, and the time
 * that a silent process costs is the same at any depth.  Memory that MPI may still
 * write to, for a child that was passed over, is left to it for good.
 */
#include "base/clock.h"
#include "fabric/control_tree.h"
#include "fabric/mpi_error.h"
#include "fabric/send.h"
#include "fabric/tags.h"
#include "fabric/wait.h"

#include <assert.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

/* Small enough to come within any sane timeout over the slowest link, and to be sent without
 * a rendezvous over TCP, with the default settings of world.c. */
enum { PIECE_BYTES = 256 << 10 };

static const uint64_t not_yet = UINT64_MAX;

/* "Not yet" is said so many times within the timeout. */
enum { PATIENCE = 4 };

struct child {
	uint64_t head;
	uint8_t *bytes; /* NULL before the head has come */
	size_t length;
	size_t used;
	uint64_t heard_ns;
	bool over;  /* it is whole, or the child was passed over */
	bool whole; /* bytes are its report */
};

struct gather {
	const struct sc_tree *tree;
	struct child *children; /* child_count of each of these */
	MPI_Request *requests;
	MPI_Status *statuses;
	int *indices;
	uint32_t left;  /* children that are not over */
	bool abandoned; /* MPI may still write to some of the children */
	uint64_t timeout_ns;
	uint64_t said_ns; /* when the parent last was told "not yet" */
};

/* Send a few bytes that stay where they are, and don't ask what became of them. */
static int
send_blindly(const void *bytes, size_t length, uint32_t rank, int tag, struct sc_error *err)
{
	MPI_Request request;
	bool lost;

	if (sc_mpi_send_begin(bytes, length, rank, tag, SC_SEND_PLAIN, &request, &lost, err) != 0)
		return -1;
	return lost ? 0 : sc_mpi_check(MPI_Request_free(&request), "MPI_Request_free", err);
}

/* The child's report is there, or it was passed over. */
static void
be_done_with(struct gather *gather, uint32_t child)
{
	assert(!gather->children[child].over);
	gather->children[child].over = true;
	gather->left--;
}

/* Post the receive for what a child says next. */
static int
listen(struct gather *gather, uint32_t i, struct sc_error *err)
{
	struct child *child = &gather->children[i];
	void *memory = &child->head;
	size_t length = sizeof(child->head);
	int code;

	if (child->bytes != NULL) {
		memory = child->bytes + child->used;
		length = child->length - child->used;
		if (length > PIECE_BYTES)
			length = PIECE_BYTES;
	}
	code = MPI_Irecv(memory, (int)length, MPI_BYTE, (int)gather->tree->children[i],
	    SC_TAG_REPORT, MPI_COMM_WORLD, &gather->requests[i]);
	if (!sc_mpi_is_process_failure(code))
		return sc_mpi_check(code, "MPI_Irecv", err);
	be_done_with(gather, i);
	return 0;
}

/* A head or a piece has come. */
static int
take(struct gather *gather, uint32_t i, MPI_Status *status, struct sc_error *err)
{
	struct child *child = &gather->children[i];
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
			return sc_fail(err, 0, "no memory for %zu bytes of reports", child->length);
	}
	if (child->bytes == NULL || child->used < child->length)
		return listen(gather, i, err);
	child->whole = true;
	be_done_with(gather, i);
	return send_blindly(NULL, 0, gather->tree->children[i], SC_TAG_REPORT_TAKEN, err);
}

/* Whatever has come.  *busy: something has. */
static int
look(struct gather *gather, bool *busy, struct sc_error *err)
{
	int done = 0;
	int code = MPI_Testsome((int)gather->tree->child_count, gather->requests, &done,
	    gather->indices, gather->statuses);

	if (done == MPI_UNDEFINED)
		done = 0;
	if (code != MPI_SUCCESS && done == 0)
		return sc_mpi_check(code, "MPI_Testsome", err);
	*busy = done > 0;
	for (int i = 0; i < done; i++) {
		uint32_t child = (uint32_t)gather->indices[i];
		int error = code == MPI_SUCCESS ? MPI_SUCCESS : gather->statuses[i].MPI_ERROR;

		if (sc_mpi_is_process_failure(error))
			be_done_with(gather, child);
		else if (sc_mpi_check(error, "MPI_Testsome", err) != 0 ||
		    take(gather, child, &gather->statuses[i], err) != 0)
			return -1;
	}
	return 0;
}

/* Wait no longer for those who have said nothing for too long; have the parent wait on. */
static int
keep_time(struct gather *gather, struct sc_error *err)
{
	uint64_t now_ns = sc_clock_now_ns();
	uint32_t parent = gather->tree->parent;

	for (uint32_t i = 0; i < gather->tree->child_count; i++) {
		const struct child *child = &gather->children[i];

		if (child->over || now_ns - child->heard_ns < gather->timeout_ns)
			continue;
		gather->abandoned = true;
		gather->requests[i] = MPI_REQUEST_NULL;
		be_done_with(gather, i);
	}
	if (parent == UINT32_MAX || now_ns - gather->said_ns < gather->timeout_ns / PATIENCE)
		return 0;
	gather->said_ns = now_ns;
	return send_blindly(&not_yet, sizeof(not_yet), parent, SC_TAG_REPORT, err);
}

static int
start(struct gather *gather, struct sc_error *err)
{
	uint32_t n = gather->tree->child_count;

	gather->children = calloc(n + 1, sizeof(*gather->children));
	gather->requests = malloc((n + 1) * sizeof(MPI_Request));
	gather->statuses = calloc(n + 1, sizeof(*gather->statuses));
	gather->indices = calloc(n + 1, sizeof(*gather->indices));
	if (gather->children == NULL || gather->requests == NULL || gather->statuses == NULL ||
	    gather->indices == NULL)
		return sc_fail(err, 0, "no memory for %u reports", n);
	gather->left = n;
	gather->said_ns = sc_clock_now_ns();
	for (uint32_t i = 0; i < n; i++) {
		gather->requests[i] = MPI_REQUEST_NULL;
		gather->children[i].heard_ns = gather->said_ns;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (listen(gather, i, err) != 0)
			return -1;
	}
	return 0;
}

static int
hear_children(struct gather *gather, struct sc_error *err)
{
	struct sc_wait wait = {.sleep_max_ns = SC_WAIT_SHORT_NS};

	if (start(gather, err) != 0)
		return -1;
	while (gather->left > 0) {
		bool busy = false;

		if (look(gather, &busy, err) != 0 || keep_time(gather, err) != 0)
			return -1;
		if (busy)
			wait = (struct sc_wait){.sleep_max_ns = SC_WAIT_SHORT_NS};
		else
			sc_wait_pause(&wait);
	}
	return 0;
}

/* This rank's own report and those that came whole. */
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
		return sc_fail(err, 0, "no memory for %zu bytes of reports", bytes);
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
	free(gather->requests);
	free(gather->statuses);
	free(gather->indices);
}

/* A request that takes the parent, or it is lost: wait for it as long as is allowed. */
static int
await_parent(MPI_Request *request, bool lost, uint32_t parent, uint64_t timeout_ns,
    struct sc_error *err)
{
	enum sc_waited waited = SC_WAITED_LOST;

	if (!lost &&
	    sc_mpi_wait_until(request, sc_clock_now_ns() + timeout_ns, SC_WAIT_SHORT_NS, &waited,
		err) != 0)
		return -1;
	if (waited == SC_WAITED_DONE)
		return 0;
	return sc_fail(err, 0, "rank %u, which collects the reports, %s", parent,
	    waited == SC_WAITED_LOST ? "has failed" : "does not answer");
}

static int
send_piece(const void *bytes, size_t length, uint32_t parent, uint64_t timeout_ns,
    struct sc_error *err)
{
	MPI_Request request;
	bool lost;

	if (sc_mpi_send_begin(bytes, length, parent, SC_TAG_REPORT, SC_SEND_PLAIN, &request, &lost,
		err) != 0)
		return -1;
	return await_parent(&request, lost, parent, timeout_ns, err);
}

/* Also waits for the word that it has come: what is under way when a process ends can be lost. */
static int
send_up(const uint8_t *bytes, size_t length, uint32_t parent, uint64_t timeout_ns,
    struct sc_error *err)
{
	uint64_t *head = malloc(sizeof(*head)); /* left to MPI if it doesn't get rid of it */
	MPI_Request request = MPI_REQUEST_NULL;
	bool lost;
	int code;

	if (head == NULL)
		return sc_fail(err, 0, "no memory for reports");
	*head = length;
	if (send_piece(head, sizeof(*head), parent, timeout_ns, err) != 0)
		return -1;
	free(head);
	for (size_t at = 0; at < length; at += PIECE_BYTES) {
		size_t rest = length - at;

		if (send_piece(bytes + at, rest < PIECE_BYTES ? rest : PIECE_BYTES, parent,
			timeout_ns, err) != 0)
			return -1;
	}
	code = MPI_Irecv(NULL, 0, MPI_BYTE, (int)parent, SC_TAG_REPORT_TAKEN, MPI_COMM_WORLD,
	    &request);
	lost = sc_mpi_is_process_failure(code);
	if (!lost && sc_mpi_check(code, "MPI_Irecv", err) != 0)
		return -1;
	return await_parent(&request, lost, parent, timeout_ns, err);
}

int
sc_tree_gather(const struct sc_tree *tree, const uint8_t *own, size_t own_bytes,
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
