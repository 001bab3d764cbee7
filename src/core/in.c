/*
 * Inbound edges: see in.h.
 */
#include "core/in.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void
sc_in_update_need(struct sc_in *in, uint32_t subfile)
{
	const struct sc_inbound *edge = &in->edges[subfile];
	uint32_t lacks = edge->peer == in->context->self ? 0 : sc_store_lacks(in->store, subfile);
	uint32_t posted = edge->granted - edge->got;

	sc_pool_expect(in->pool, subfile, lacks > posted ? lacks - posted : 0);
	sc_marks_add_one(&in->grants, subfile);
}

int
sc_in_init(struct sc_in *in, const struct sc_context *context, struct sc_pool *pool,
    struct sc_store *store, struct sc_out *out, const struct sc_peers *peers)
{
	*in = (struct sc_in){
		.context = context,
		.pool = pool,
		.store = store,
		.out = out,
		.peers = peers,
		.formers.context = context,
	};
	in->edges = calloc(context->plan->subfiles, sizeof(*in->edges));
	if (in->edges == NULL)
		return -1;
	for (uint32_t i = 0; i < context->plan->subfiles; i++) {
		in->edges[i].peer = in->edges[i].coming = SC_NONE;
		if (!context->is_origin)
			sc_in_update_need(in, i);
	}
	return 0;
}

void
sc_in_free(struct sc_in *in)
{
	free(in->edges);
	free(in->formers.items);
	*in = (struct sc_in){0};
}

/*
 * Has the edge a slot for one more receive?  It has its window, and whatever edges that are
 * complete have left: a subfile that comes late, by a detour, is the last under way, and
 * a window of it alone would leave the link idle between two round trips.
 */
static bool
has_room(const struct sc_in *in, uint32_t subfile)
{
	const struct sc_plan *plan = in->context->plan;

	return in->pool->accounts[subfile].charged < plan->window ||
	    in->pool->loads_used + plan->load_slots < sc_pool_load_quota(in->pool);
}

/* Post receives as far as the window allows; returns their number. */
static uint32_t
post_receives(struct sc_in *in, uint32_t subfile)
{
	struct sc_inbound *edge = &in->edges[subfile];
	uint32_t count = 0;

	if (!edge->offered || edge->peer == in->context->self)
		return 0;
	while (edge->granted - edge->got < sc_store_lacks(in->store, subfile) &&
	    has_room(in, subfile)) {
		uint32_t slot = sc_pool_take(in->pool, subfile, SC_SLOT_RECEIVING);
		struct sc_action *action;

		if (slot == SC_NONE) {
			in->short_of_slots = true;
			break;
		}
		in->pool->slots[slot].peer = edge->peer;
		action = sc_context_act(in->context, SC_ACTION_RECEIVE);
		action->slot = slot;
		action->peer = edge->peer;
		action->subfile = subfile;
		edge->granted++;
		count++;
		sc_in_update_need(in, subfile);
	}
	return count;
}

/* When credits that the supplier does not know of are half a window, when it has less than that
 * left, or when there will be no more. */
static bool
credits_are_due(const struct sc_in *in, uint32_t subfile)
{
	const struct sc_inbound *edge = &in->edges[subfile];
	uint32_t posted = edge->granted - edge->got;
	uint32_t window = in->context->plan->window;

	return edge->offered && edge->untold > 0 &&
	    (2 * edge->untold >= window || 2 * posted < window + 2 * edge->untold ||
		posted == sc_store_lacks(in->store, subfile));
}

static void
tell_credits(struct sc_in *in, uint32_t subfile)
{
	struct sc_inbound *edge = &in->edges[subfile];
	struct sc_message *message = sc_context_message(in->context, SC_MESSAGE_CREDIT);

	assert(edge->untold <= edge->granted - edge->got);
	edge->untold = 0;
	message->u.credit = (struct sc_credit){.subfile = subfile, .granted = edge->granted};
	sc_context_send(in->context, edge->peer, message);
}

/* Subfiles that may be granted credits: those that are marked, and where slots were short, all. */
static struct sc_marks
take_grants(struct sc_in *in)
{
	struct sc_marks freed = sc_marks_take(&in->pool->freed);

	if (sc_marks_any(&freed))
		sc_marks_add(&in->grants, freed.first, freed.end);
	if (in->short_of_slots && in->pool->free != SC_NONE) {
		in->short_of_slots = false;
		sc_marks_add(&in->grants, 0, in->context->plan->subfiles);
	}
	return sc_marks_take(&in->grants);
}

void
sc_in_settle(struct sc_in *in)
{
	struct sc_marks marks;

	if (in->context->is_origin || in->closed || in->store->copy == SC_COPY_OPENING)
		return;
	marks = take_grants(in);
	for (uint32_t i = marks.first; i < marks.end; i++) {
		in->edges[i].untold += post_receives(in, i);
		if (credits_are_due(in, i))
			tell_credits(in, i);
	}
	(void)sc_marks_take(&in->grants); /* posting has used what it marked */
}

uint32_t
sc_in_outlook(const struct sc_in *in, uint32_t subfile)
{
	const struct sc_inbound *edge = &in->edges[subfile];
	uint32_t charged = in->pool->accounts[subfile].charged;
	uint32_t window = in->context->plan->window;
	uint32_t room = charged < window ? window - charged : 0;
	uint32_t unused = in->pool->count - in->pool->used;

	return edge->granted - edge->got + (room < unused ? room : unused);
}

/* One message's worth of what is lacking, from a position on. */
static void
fill_wants(const struct sc_in *in, struct sc_want *want, uint32_t first)
{
	uint32_t left = in->store->parts[want->subfile].total - first;

	want->first = first;
	want->count = left < SC_WANT_BITS_MAX ? left : SC_WANT_BITS_MAX;
	memset(want->bits, 0, sizeof(want->bits));
	for (uint32_t i = 0; i < want->count; i++) {
		if (!sc_store_has(in->store, sc_chunk_at(in->context, want->subfile, first + i)))
			want->bits[i / 8] |= (uint8_t)(1u << (i % 8));
	}
}

/* Tell a supplier which chunks of a subfile are lacking. */
static void
tell_wants(struct sc_in *in, uint32_t peer, uint32_t subfile, uint32_t flags)
{
	struct sc_inbound *edge = &in->edges[subfile];
	struct sc_message *message = sc_context_message(in->context, SC_MESSAGE_WANT);
	struct sc_want *want = &message->u.want;
	uint32_t first = 0;

	assert((flags & SC_WANT_BEGIN) != 0 && sc_store_lacks(in->store, subfile) > 0);
	edge->expected = 0;
	edge->wants = 0;
	edge->elsewhere = false;
	do {
		want->subfile = subfile;
		want->flags = first == 0 ? flags : 0;
		edge->wants += first != 0;
		fill_wants(in, want, first);
		first += want->count;
		sc_context_send(in->context, peer, message);
	} while (first < in->store->parts[subfile].total);
}

/* Receives that are still posted serve the new beginning, too. */
static void
count_anew(struct sc_in *in, uint32_t subfile)
{
	struct sc_inbound *edge = &in->edges[subfile];

	assert(edge->got <= edge->granted);
	edge->granted -= edge->got;
	edge->got = 0;
	sc_in_update_need(in, subfile);
}

void
sc_in_begin(struct sc_in *in, uint32_t subfile, bool was_asked)
{
	struct sc_inbound *edge = &in->edges[subfile];

	assert(!in->closed && edge->peer != SC_NONE && edge->peer != in->context->self);
	count_anew(in, subfile);
	edge->coming = SC_NONE;
	edge->offered = true;
	edge->untold = edge->granted;
	if (in->store->copy == SC_COPY_OPENING || was_asked)
		return;
	edge->elsewhere = false;
	if (in->store->parts[subfile].arrived > 0)
		tell_wants(in, edge->peer, subfile, SC_WANT_BEGIN);
}

void
sc_in_ask(struct sc_in *in, uint32_t peer, uint32_t subfile)
{
	struct sc_inbound *edge = &in->edges[subfile];

	assert(peer != SC_NONE && sc_store_lacks(in->store, subfile) > 0);
	edge->peer = peer;
	edge->begun = true;
	edge->offered = peer == in->context->self;
	count_anew(in, subfile);
	sc_out_scatter(in->out);
	sc_context_record(in->context, SC_RECORD_DETOUR, peer, subfile,
	    sc_store_lacks(in->store, subfile));
	if (peer == in->context->self)
		edge->expected = 0; /* the first that load.h may read */
	else
		tell_wants(in, peer, subfile, SC_WANT_BEGIN | SC_WANT_ASK);
}

void
sc_in_ask_again(struct sc_in *in, uint32_t subfile, uint32_t position)
{
	struct sc_inbound *edge = &in->edges[subfile];
	struct sc_message *message = sc_context_message(in->context, SC_MESSAGE_WANT);

	assert(edge->offered && edge->peer != in->context->self);
	message->u.want = (struct sc_want){.subfile = subfile, .first = position, .count = 1};
	message->u.want.bits[0] = 1;
	edge->wants++;
	edge->coming = SC_NONE;
	edge->elsewhere = true; /* the first one may be under way still */
	sc_context_send(in->context, edge->peer, message);
}

/* The receives that are posted for a supplier. */
static uint32_t
count_posted(const struct sc_in *in, uint32_t peer, uint32_t subfile)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < in->pool->count; i++) {
		const struct sc_slot *slot = &in->pool->slots[i];

		count += slot->state == SC_SLOT_RECEIVING && slot->peer == peer &&
		    slot->charged == subfile;
	}
	return count;
}

void
sc_in_retire(struct sc_in *in, uint32_t subfile, uint32_t sent)
{
	struct sc_inbound *edge = &in->edges[subfile];
	uint32_t posted = count_posted(in, edge->peer, subfile);

	assert(edge->peer != SC_NONE);
	if (!sc_peers_failed(in->peers, edge->peer) &&
	    (posted > 0 || sc_former_is(&in->formers, edge->peer, subfile))) {
		sc_former_add(&in->formers,
		    &(struct sc_former){
			    .peer = edge->peer,
			    .subfile = subfile,
			    .got = edge->got,
			    .sent = sent,
			    .posted = posted,
		    });
	}
	*edge = (struct sc_inbound){
		.peer = SC_NONE,
		.coming = SC_NONE,
		.begun = edge->begun,
		.elsewhere = edge->elsewhere,
		.expected = edge->expected,
	};
	sc_in_update_need(in, subfile);
}

void
sc_in_forget(struct sc_in *in, uint32_t peer)
{
	sc_former_forget(&in->formers, peer);
	for (uint32_t i = 0; !in->context->is_origin && i < in->context->plan->subfiles; i++) {
		if (in->edges[i].peer == peer)
			sc_in_retire(in, i, SC_NONE);
	}
}

void
sc_in_accept(struct sc_in *in, uint32_t slot, uint32_t chunk, bool from_supplier)
{
	uint32_t subfile = sc_chunk_subfile(in->context, chunk);

	assert(in->pool->slots[slot].chunk == chunk && in->pool->slots[slot].peer == SC_NONE);
	sc_store_add(in->store, chunk);
	if (!from_supplier)
		in->edges[subfile].elsewhere = true;
	in->pool->slots[slot].state = SC_SLOT_HOLDING;
	sc_store_put(in->store, slot);
	sc_pool_touch(in->pool, slot);
	sc_in_update_need(in, subfile);
	sc_marks_add_one(&in->look, subfile);
	in->out->due = true;
}

/* Is this a chunk that may have been meant? */
static bool
is_sound(const struct sc_in *in, const struct sc_event *event)
{
	return event->intact && event->chunk < in->context->plan->chunks &&
	    sc_chunk_subfile(in->context, event->chunk) == event->subfile;
}

/* Chunks come in order, but from a supplier that does not get or keep them so. */
static void
note_order(struct sc_in *in, uint32_t subfile, uint32_t position)
{
	struct sc_inbound *edge = &in->edges[subfile];

	while (edge->expected < position &&
	    sc_store_has(in->store, sc_chunk_at(in->context, subfile, edge->expected)))
		edge->expected++;
	if (edge->expected != position)
		sc_out_scatter(in->out);
	edge->expected = position + 1;
}

/* A sound chunk has come that was not here. */
static void
accept_new(struct sc_in *in, const struct sc_event *event, bool current)
{
	if (in->store->parts[event->subfile].arrived == 0)
		sc_context_record(in->context, SC_RECORD_FIRST_CHUNK, event->peer, event->subfile,
		    event->chunk);
	if (current)
		note_order(in, event->subfile, sc_chunk_position(in->context, event->chunk));
	sc_pool_assign(in->pool, event->slot, event->chunk);
	sc_in_accept(in, event->slot, event->chunk, current);
}

static void
note_damage(struct sc_in *in, const struct sc_event *event, bool current)
{
	sc_context_record(in->context, SC_RECORD_CHUNK_DAMAGED, event->peer, event->subfile, 0);
	if (current && in->edges[event->subfile].damages <= SC_DAMAGES_MAX)
		in->edges[event->subfile].damages++;
	sc_pool_release(in->pool, event->slot);
}

void
sc_in_on_arrived(struct sc_in *in, const struct sc_event *event)
{
	struct sc_inbound *edge = &in->edges[event->subfile];
	struct sc_slot *slot = &in->pool->slots[event->slot];
	bool current = edge->peer == event->peer && edge->got < edge->granted;

	assert(event->subfile < in->context->plan->subfiles && event->slot < in->pool->count);
	assert(slot->state == SC_SLOT_RECEIVING && slot->charged == event->subfile);
	assert(slot->peer == event->peer);
	slot->peer = SC_NONE; /* the receive is over */
	if (current)
		edge->got++;
	else
		sc_former_on_received(&in->formers, event->peer, event->subfile, true);
	sc_in_update_need(in, event->subfile);
	sc_marks_add_one(&in->look, event->subfile);
	if (in->closed || sc_peers_failed(in->peers, event->peer))
		sc_pool_release(in->pool, event->slot);
	else if (!is_sound(in, event))
		note_damage(in, event, current);
	else if (sc_store_has(in->store, event->chunk) ||
	    sc_pool_find(in->pool, event->chunk) != SC_NONE)
		sc_pool_release(in->pool, event->slot); /* it comes by another way, too */
	else
		accept_new(in, event, current);
}

void
sc_in_on_receive_ended(struct sc_in *in, const struct sc_event *event)
{
	struct sc_slot *slot = &in->pool->slots[event->slot];

	assert(slot->state == SC_SLOT_RECEIVING && slot->peer == event->peer);
	slot->peer = SC_NONE;
	sc_former_on_received(&in->formers, event->peer, slot->charged, false);
	sc_pool_release(in->pool, event->slot);
}

void
sc_in_choose_all(struct sc_in *in)
{
	if (!in->context->is_origin)
		sc_marks_add(&in->formers.choose, 0, in->context->plan->subfiles);
}

void
sc_in_close(struct sc_in *in)
{
	in->closed = true;
}

void
sc_in_check(const struct sc_in *in)
{
	for (uint32_t i = 0; i < in->context->plan->subfiles; i++) {
		const struct sc_inbound *edge = &in->edges[i];

		assert(edge->got <= edge->granted);
		assert(edge->peer != SC_NONE || (!edge->offered && edge->granted == 0));
		assert(edge->peer == SC_NONE || !sc_peers_failed(in->peers, edge->peer));
		assert(edge->damages_settled <= edge->damages);
		assert(in->closed || edge->peer == SC_NONE || edge->peer == in->context->self ||
		    edge->granted - edge->got == count_posted(in, edge->peer, i) ||
		    sc_former_is(&in->formers, edge->peer, i));
	}
	sc_former_check(&in->formers);
	for (uint32_t i = 0; i < in->formers.count; i++) {
		const struct sc_former *former = &in->formers.items[i];

		assert(!sc_peers_failed(in->peers, former->peer));
		assert(in->edges[former->subfile].peer == former->peer ||
		    former->posted == count_posted(in, former->peer, former->subfile));
	}
}
