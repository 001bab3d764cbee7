/*
 * Which nodes are there: see peers.h.
 */
#include "core/peers.h"

#include "base/vector.h"

#include <assert.h>
#include <stdlib.h>

void
sc_peers_init(struct sc_peers *peers, const struct sc_context *context, uint32_t buddy,
    uint64_t heartbeat_ns, uint64_t timeout_ns)
{
	assert(heartbeat_ns == 0 || timeout_ns > 2 * heartbeat_ns);
	*peers = (struct sc_peers){
		.context = context,
		.leader = SC_ORIGIN,
		.heartbeat_ns = heartbeat_ns,
		.timeout_ns = timeout_ns,
		.next_beat_ns = UINT64_MAX,
		.torpid_from = SC_NONE,
	};
	sc_roster_init(&peers->roster, context->plan, buddy);
}

void
sc_peers_free(struct sc_peers *peers)
{
	sc_roster_free(&peers->roster);
	free(peers->items);
	free(peers->torpid);
	*peers = (struct sc_peers){0};
}

struct sc_peer *
sc_peers_find(const struct sc_peers *peers, uint32_t node)
{
	for (uint32_t i = 0; i < peers->count; i++) {
		if (peers->items[i].node == node)
			return &peers->items[i];
	}
	return NULL;
}

void
sc_peers_add(struct sc_peers *peers, uint32_t node)
{
	if (node == peers->context->self || sc_peers_failed(peers, node) ||
	    sc_peers_find(peers, node) != NULL)
		return;
	peers->items = sc_vector_must32(peers->items, peers->count + 1, &peers->capacity,
	    sizeof(*peers->items));
	peers->items[peers->count++] =
	    (struct sc_peer){.node = node, .heard_ns = peers->context->now_ns};
}

void
sc_peers_start(struct sc_peers *peers)
{
	uint32_t nodes[SC_PEERS_MAX];
	uint32_t count = sc_plan_peers(peers->context->plan, peers->context->self, nodes);

	peers->items =
	    sc_vector_must32(peers->items, count, &peers->capacity, sizeof(*peers->items));
	for (uint32_t i = 0; i < count; i++)
		sc_peers_add(peers, nodes[i]);
	peers->heard_ns = peers->beat_ns = peers->context->now_ns;
	if (peers->heartbeat_ns != 0)
		peers->next_beat_ns = peers->context->now_ns + peers->heartbeat_ns;
}

void
sc_peers_heard(struct sc_peers *peers, uint32_t node)
{
	struct sc_peer *peer;

	if (peers->heartbeat_ns == 0)
		return;
	peers->heard_ns = peers->context->now_ns;
	peer = sc_peers_find(peers, node);
	if (peer != NULL)
		peer->heard_ns = peers->context->now_ns;
}

void
sc_peers_on_left(struct sc_peers *peers, uint32_t node)
{
	struct sc_peer *peer = sc_peers_find(peers, node);

	if (peer != NULL)
		peer->left = true;
}

bool
sc_peers_has_left(const struct sc_peers *peers, uint32_t node)
{
	const struct sc_peer *peer = sc_peers_find(peers, node);

	return peer != NULL && peer->left;
}

static void
drop(struct sc_peers *peers, uint32_t node)
{
	struct sc_peer *peer = sc_peers_find(peers, node);

	if (peer != NULL)
		*peer = peers->items[--peers->count];
}

void
sc_peers_fail(struct sc_peers *peers, uint32_t node, enum sc_failure_cause cause)
{
	assert(node != peers->context->self && node <= peers->context->plan->recipients);
	if (sc_peers_has_left(peers, node) || !sc_roster_fail(&peers->roster, node, cause))
		return;
	/* Should it be there after all, it has to know before it sees the others leave. */
	if (cause == SC_FAILURE_SILENT && sc_peers_find(peers, node) != NULL)
		sc_peers_tell_out(peers, node);
	sc_context_act(peers->context, SC_ACTION_FORGET)->peer = node;
	drop(peers, node);
}

void
sc_peers_slow(struct sc_peers *peers, uint32_t node, uint32_t from)
{
	assert(node <= peers->context->plan->recipients && from != peers->context->self);
	if (!sc_roster_slow(&peers->roster, node))
		return;
	peers->torpid = sc_vector_must32(peers->torpid, peers->torpid_count + 1,
	    &peers->torpid_capacity, sizeof(*peers->torpid));
	peers->torpid[peers->torpid_count++] = node;
	peers->torpid_from = from;
	sc_context_record(peers->context, SC_RECORD_PEER_TORPID, node, SC_NONE, 0);
}

int
sc_peers_on_notice(struct sc_peers *peers, uint32_t from, const struct sc_notice *notice)
{
	for (uint32_t i = 0; i < notice->count; i++) {
		if (notice->entries[i].node > peers->context->plan->recipients)
			return -1;
	}
	for (uint32_t i = 0; i < notice->count; i++) {
		uint32_t node = notice->entries[i].node;

		if (notice->entries[i].trouble == SC_TROUBLE_TORPID) {
			sc_peers_slow(peers, node, from);
		} else if (node == peers->context->self) {
			sc_context_record(peers->context, SC_RECORD_CUT_OFF, from, SC_NONE, 0);
			peers->reach = SC_REACH_OUT;
			return 0;
		} else {
			sc_peers_fail(peers, node,
			    notice->entries[i].trouble == SC_TROUBLE_ENDED ? SC_FAILURE_ENDED
									   : SC_FAILURE_SILENT);
		}
	}
	return 0;
}

static void
add_entry(struct sc_notice *notice, uint32_t node, enum sc_trouble trouble)
{
	notice->entries[notice->count].node = node;
	notice->entries[notice->count++].trouble = trouble;
}

void
sc_peers_tell(const struct sc_peers *peers, uint32_t peer, uint32_t first_loss)
{
	const struct sc_roster *roster = &peers->roster;
	struct sc_message *message = sc_context_message(peers->context, SC_MESSAGE_NOTICE);
	struct sc_notice *notice = &message->u.notice;
	uint32_t loss = first_loss;
	uint32_t slow = 0;

	for (;;) {
		notice->count = 0;
		for (; loss < roster->failed.count && notice->count < SC_NOTICE_MAX; loss++)
			add_entry(notice, roster->losses[loss].node,
			    roster->losses[loss].cause == SC_FAILURE_ENDED ? SC_TROUBLE_ENDED
									   : SC_TROUBLE_SILENT);
		for (; slow < peers->torpid_count && notice->count < SC_NOTICE_MAX; slow++)
			add_entry(notice, peers->torpid[slow], SC_TROUBLE_TORPID);
		if (notice->count == 0)
			return;
		sc_context_send(peers->context, peer, message);
	}
}

void
sc_peers_tell_all(const struct sc_peers *peers, uint32_t first_loss, uint32_t except)
{
	for (uint32_t i = 0; i < peers->count; i++) {
		if (peers->items[i].node != except)
			sc_peers_tell(peers, peers->items[i].node, first_loss);
	}
}

void
sc_peers_tell_out(const struct sc_peers *peers, uint32_t node)
{
	struct sc_message *message = sc_context_message(peers->context, SC_MESSAGE_NOTICE);

	message->u.notice.count = 0;
	add_entry(&message->u.notice, node, SC_TROUBLE_SILENT);
	sc_context_send(peers->context, node, message);
}

static uint64_t
least_ns(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * This process did not run for a while (it was stopped, or its host was): then the
 * silence is of its own making.
 */
static void
excuse_absence(struct sc_peers *peers)
{
	uint64_t now_ns = peers->context->now_ns;
	uint64_t away_ns = now_ns - peers->beat_ns - peers->heartbeat_ns;

	if (now_ns - peers->beat_ns <= 3 * peers->heartbeat_ns)
		return;
	peers->heard_ns = least_ns(peers->heard_ns + away_ns, now_ns);
	for (uint32_t i = 0; i < peers->count; i++)
		peers->items[i].heard_ns = least_ns(peers->items[i].heard_ns + away_ns, now_ns);
}

static bool
is_silent(const struct sc_peers *peers, const struct sc_peer *peer)
{
	uint64_t patience_ns = peers->timeout_ns;

	if (peers->context->self > peer->node)
		patience_ns += peers->timeout_ns / 2;
	return peers->context->now_ns - peer->heard_ns > patience_ns;
}

static void
look_for_silence(struct sc_peers *peers)
{
	uint64_t silence_ns = peers->context->now_ns - peers->heard_ns;
	uint32_t silent = 0;

	for (uint32_t i = 0; i < peers->count; i++)
		silent += is_silent(peers, &peers->items[i]);
	if (silent == 0)
		return;
	if (silence_ns > 2 * peers->timeout_ns + peers->timeout_ns / 2) {
		sc_context_record(peers->context, SC_RECORD_CUT_OFF, SC_NONE, SC_NONE, 0);
		peers->reach = SC_REACH_ALONE;
		return;
	}
	/* Some peer says something in every heartbeat; if none does, it is more likely this node
	 * that can't be reached. */
	if (peers->count > 1 && silence_ns > 2 * peers->heartbeat_ns)
		return;
	/* A peer that fails is replaced by the last one, which has been looked at. */
	for (uint32_t i = peers->count; i-- > 0;) {
		if (is_silent(peers, &peers->items[i]))
			sc_peers_fail(peers, peers->items[i].node, SC_FAILURE_SILENT);
	}
}

bool
sc_peers_beat_is_due(const struct sc_peers *peers)
{
	return peers->context->now_ns >= peers->next_beat_ns;
}

void
sc_peers_beat(struct sc_peers *peers, const struct sc_message *beat)
{
	assert(sc_peers_beat_is_due(peers) && beat->type == SC_MESSAGE_BEAT);
	excuse_absence(peers);
	peers->beat_ns = peers->context->now_ns;
	peers->next_beat_ns = peers->context->now_ns + peers->heartbeat_ns;
	for (uint32_t i = 0; i < peers->count; i++)
		sc_context_send(peers->context, peers->items[i].node, beat);
	look_for_silence(peers);
}

void
sc_peers_check(const struct sc_peers *peers)
{
	assert(peers->losses_settled <= peers->roster.failed.count);
	assert(peers->torpid_settled <= peers->torpid_count);
	assert(peers->torpid_count == peers->roster.torpid.count);
	for (uint32_t i = 0; i < peers->count; i++) {
		assert(peers->items[i].node <= peers->context->plan->recipients);
		assert(peers->items[i].node != peers->context->self);
		assert(!sc_peers_failed(peers, peers->items[i].node));
		assert(sc_peers_find(peers, peers->items[i].node) == &peers->items[i]);
		assert(peers->items[i].heard_ns <= peers->context->now_ns);
	}
}
