/*
 * Outbound edges: see out.h.
 */
#include "core/out.h"

#include "base/vector.h"

#include <assert.h>
#include <stdlib.h>

int
sc_out_init(struct sc_out *out, const struct sc_context *context, struct sc_pool *pool,
    const struct sc_store *store, const struct sc_peers *peers)
{
	*out = (struct sc_out){.context = context, .pool = pool, .store = store, .peers = peers};
	out->spans = calloc(context->plan->subfiles, sizeof(*out->spans));
	if (out->spans == NULL)
		return -1;
	for (uint32_t i = 0; i < context->plan->subfiles; i++)
		out->spans[i].first = out->spans[i].last = SC_NONE;
	return 0;
}

void
sc_out_free(struct sc_out *out)
{
	for (uint32_t i = 0; i < out->count; i++)
		sc_bitmap_free(&out->edges[i].want);
	free(out->edges);
	free(out->spans);
	*out = (struct sc_out){0};
}

void
sc_out_list_wants(struct sc_outbound *edge)
{
	if (edge->want.words != NULL)
		return;
	if (sc_bitmap_init(&edge->want, edge->total) != 0)
		abort();
	for (uint32_t position = edge->next; position < edge->total; position++)
		sc_bitmap_add(&edge->want, position);
}

struct sc_outbound *
sc_out_find(const struct sc_out *out, uint32_t peer, uint32_t subfile)
{
	if (subfile >= out->context->plan->subfiles)
		return NULL;
	for (uint32_t i = out->spans[subfile].first; i != SC_NONE; i = out->edges[i].sibling) {
		if (out->edges[i].peer == peer)
			return &out->edges[i];
	}
	return NULL;
}

void
sc_out_set_lagging(struct sc_out *out, struct sc_outbound *edge, bool lagging)
{
	if (edge->lagging == lagging)
		return;
	edge->lagging = lagging;
	if (lagging)
		out->lagging++;
	else
		out->lagging--;
}

void
sc_out_scatter(struct sc_out *out)
{
	if (out->scattered)
		return;
	out->scattered = true;
	for (uint32_t i = 0; i < out->count; i++) {
		struct sc_outbound *edge = &out->edges[i];

		if (edge->open && edge->next < edge->total)
			sc_out_set_lagging(out, edge, true);
	}
}

void
sc_out_mark_lagging(struct sc_out *out, uint32_t chunk)
{
	uint32_t position = sc_chunk_position(out->context, chunk);
	uint32_t i = out->spans[sc_chunk_subfile(out->context, chunk)].first;

	for (; i != SC_NONE; i = out->edges[i].sibling) {
		if (out->edges[i].open && sc_out_wants(&out->edges[i], position))
			sc_out_set_lagging(out, &out->edges[i], true);
	}
}

void
sc_out_open(struct sc_out *out, struct sc_outbound *edge)
{
	struct sc_message *message = sc_context_message(out->context, SC_MESSAGE_OFFER);
	struct sc_offer *offer = &message->u.offer;
	struct sc_edge edges[SC_RECEIVERS_MAX];

	assert(!out->closed && edge->peer != out->context->self);
	offer->subfile = edge->subfile;
	offer->count = sc_plan_receivers(out->context->plan, edge->peer, edge->subfile, edges);
	for (uint32_t i = 0; i < offer->count; i++)
		offer->receivers[i] = (struct sc_receiver){edges[i].to, edges[i].kind};
	edge->open = true;
	sc_out_set_lagging(out, edge,
	    edge->next < edge->total &&
		(out->scattered || out->store->parts[edge->subfile].arrived > 0));
	sc_context_send(out->context, edge->peer, message);
	sc_context_record(out->context, SC_RECORD_SEND_BEGUN, edge->peer, edge->subfile,
	    edge->total);
}

/* An edge that waits for the whole subfile waits no longer when nothing more
 * will be stored here: it is then served in fast-forward. */
static bool
may_open(const struct sc_out *out, const struct sc_outbound *edge)
{
	const struct sc_part *part = &out->store->parts[edge->subfile];
	struct sc_edge planned = {
		.from = out->context->self,
		.to = edge->peer,
		.subfile = edge->subfile,
		.kind = edge->kind,
	};

	return !sc_edge_waits_for_whole(out->context->plan, &planned) ||
	    part->stored == part->total || out->store->copy == SC_COPY_FAILED;
}

void
sc_out_open_ready(struct sc_out *out, uint32_t subfile)
{
	if (out->closed)
		return;
	for (uint32_t i = out->spans[subfile].first; i != SC_NONE; i = out->edges[i].sibling) {
		struct sc_outbound *edge = &out->edges[i];

		if (!edge->open && edge->next < edge->total && may_open(out, edge))
			sc_out_open(out, edge);
	}
}

void
sc_out_open_all(struct sc_out *out)
{
	for (uint32_t i = 0; i < out->context->plan->subfiles; i++)
		sc_out_open_ready(out, i);
	out->due = true;
}

static void
add_one(struct sc_out *out, uint32_t subfile, const struct sc_receiver *receiver)
{
	struct sc_span *span = &out->spans[subfile];
	uint32_t index = out->count;
	uint32_t total = sc_plan_subfile_chunks(out->context->plan, subfile);

	assert(receiver->node <= out->context->plan->recipients);
	assert(out->count < out->capacity);
	out->edges[out->count++] = (struct sc_outbound){
		.peer = receiver->node,
		.subfile = subfile,
		.kind = receiver->kind,
		.next = sc_peers_failed(out->peers, receiver->node) ? total : 0,
		.total = total,
		.sibling = SC_NONE,
	};
	if (span->first == SC_NONE)
		span->first = index;
	else
		out->edges[span->last].sibling = index;
	span->last = index;
}

void
sc_out_add(struct sc_out *out, uint32_t subfile, const struct sc_receiver *receivers,
    uint32_t count)
{
	out->edges =
	    sc_vector_must32(out->edges, out->count + count, &out->capacity, sizeof(*out->edges));
	for (uint32_t i = 0; i < count; i++) {
		assert(receivers[i].node != out->context->self);
		if (sc_out_find(out, receivers[i].node, subfile) == NULL)
			add_one(out, subfile, &receivers[i]);
	}
	sc_out_open_ready(out, subfile);
}

void
sc_out_list(struct sc_out *out, uint32_t subfile, const struct sc_receiver *receivers,
    uint32_t count)
{
	if (out->spans[subfile].listed)
		return;
	out->spans[subfile].listed = true;
	sc_out_add(out, subfile, receivers, count);
}

void
sc_out_list_planned(struct sc_out *out, uint32_t subfile)
{
	struct sc_edge edges[SC_RECEIVERS_MAX];
	struct sc_receiver receivers[SC_RECEIVERS_MAX];
	uint32_t count;

	if (out->spans[subfile].listed)
		return;
	count = sc_plan_receivers(out->context->plan, out->context->self, subfile, edges);
	for (uint32_t i = 0; i < count; i++)
		receivers[i] = (struct sc_receiver){edges[i].to, edges[i].kind};
	sc_out_list(out, subfile, receivers, count);
}

void
sc_out_end(struct sc_out *out, struct sc_outbound *edge)
{
	edge->next = edge->total;
	sc_out_set_lagging(out, edge, false);
	out->due = true; /* the turns of an origin can go on */
}

void
sc_out_forget(struct sc_out *out, uint32_t peer)
{
	for (uint32_t i = 0; i < out->count; i++) {
		if (out->edges[i].peer == peer)
			sc_out_end(out, &out->edges[i]);
	}
	/* What only this peer wanted need not stay, and what waited for it can go on. */
	sc_pool_touch_all(out->pool);
	out->due = true;
}

void
sc_out_close(struct sc_out *out)
{
	out->closed = true;
	out->due = false;
	sc_pool_touch_all(out->pool);
}

/* Is there a credit for this position, which the edge wants, and for all before it? */
static bool
has_credit(const struct sc_outbound *edge, uint32_t position)
{
	uint32_t credits = edge->granted - edge->sent;
	uint32_t at = edge->next;

	if (position - at < credits)
		return true;
	if (edge->want.words == NULL)
		return false;
	for (; credits > 0 && at < position; credits--)
		at = sc_out_next_want(edge, at + 1);
	return credits > 0;
}

/* Is what the edge is sent next here, or does it wait for that to arrive? */
static bool
can_proceed(const struct sc_out *out, const struct sc_outbound *edge)
{
	uint32_t chunk = sc_chunk_at(out->context, edge->subfile, edge->next);

	return sc_pool_find(out->pool, chunk) != SC_NONE ||
	    sc_store_can_load(out->store, chunk, edge->kind == SC_EDGE_DETOUR);
}

/* The origin keeps a chunk for a relay whose turn will come. */
static bool
has_a_turn(const struct sc_out *out, const struct sc_outbound *edge)
{
	return edge->kind == SC_EDGE_DISTRIBUTION && edge->passed_over == 0 &&
	    !sc_peers_torpid(out->peers, edge->peer);
}

bool
sc_out_needs(const struct sc_out *out, uint32_t chunk, uint32_t behind)
{
	uint32_t position = sc_chunk_position(out->context, chunk);
	uint32_t i = out->spans[sc_chunk_subfile(out->context, chunk)].first;

	for (; i != SC_NONE && !out->closed; i = out->edges[i].sibling) {
		const struct sc_outbound *edge = &out->edges[i];

		if (edge->open && sc_out_wants(edge, position) &&
		    (position - edge->next < behind ||
			(has_credit(edge, position) && can_proceed(out, edge)) ||
			has_a_turn(out, edge)))
			return true;
	}
	return false;
}

void
sc_out_tell_sent(const struct sc_out *out, const struct sc_outbound *edge,
    enum sc_message_type type)
{
	struct sc_message *message = sc_context_message(out->context, type);

	assert(type == SC_MESSAGE_SENT || type == SC_MESSAGE_REFUSE);
	message->u.sent =
	    (struct sc_sent){.subfile = edge->subfile, .sent = edge->sent, .wants = edge->wants};
	sc_context_send(out->context, edge->peer, message);
}

void
sc_out_check(const struct sc_out *out)
{
	uint32_t in_flight = 0;
	uint32_t lagging = 0;

	for (uint32_t i = 0; i < out->count; i++) {
		const struct sc_outbound *edge = &out->edges[i];

		assert(edge->sent <= edge->granted && edge->next <= edge->total);
		assert(sc_out_find(out, edge->peer, edge->subfile) == edge);
		assert(!edge->lagging || (edge->open && edge->next < edge->total));
		assert(edge->open || edge->in_flight == 0);
		assert(edge->want.words == NULL || edge->next == edge->total ||
		    sc_bitmap_has(&edge->want, edge->next));
		assert(!sc_peers_failed(out->peers, edge->peer) || edge->next == edge->total);
		in_flight += edge->in_flight;
		lagging += edge->lagging;
	}
	assert(in_flight == out->in_flight && lagging == out->lagging);
}
