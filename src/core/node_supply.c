/*
 * Who supplies what to a node: the plan's own supplier, who offers without being
 * asked; and when that has failed, is torpid or refuses, whoever stands in for it
 * (detour.h), who is asked for exactly what is lacking.
 */
#include "core/node_impl.h"

#include <assert.h>
#include <string.h>

/* Chunks that a subfile lacks when it is late: so many windows, and this part of it. */
enum { LATE_WINDOWS = 4, LATE_PART = 16 };

/* One message's worth of the list, from a position on. */
static void
fill_wants(const struct sc_node *node, struct sc_want *want, uint32_t first)
{
	const struct inbound *edge = &node->inbound[want->subfile];

	want->first = first;
	want->count =
	    edge->total - first < SC_WANT_BITS_MAX ? edge->total - first : SC_WANT_BITS_MAX;
	memset(want->bits, 0, sizeof(want->bits));
	for (uint32_t i = 0; i < want->count; i++) {
		uint32_t chunk = (first + i) * node->plan->subfiles + want->subfile;

		if (!sc_bitmap_has(&node->here, chunk))
			want->bits[i / 8] |= (uint8_t)(1u << (i % 8));
	}
}

void
node_tell_wants(struct sc_node *node, uint32_t peer, uint32_t subfile, uint32_t flags)
{
	struct inbound *edge = &node->inbound[subfile];
	struct sc_want *want = &node->actions->message.u.want;
	uint32_t first = 0;

	assert((flags & SC_WANT_BEGIN) != 0 && inbound_lacks(edge) > 0);
	edge->expected = 0;
	edge->wants = 0;
	edge->elsewhere = false;
	do {
		node->actions->message.type = SC_MESSAGE_WANT;
		want->subfile = subfile;
		want->flags = first == 0 ? flags : 0;
		edge->wants += first != 0;
		fill_wants(node, want, first);
		first += want->count;
		node_control(node, peer, &node->actions->message);
	} while (first < edge->total);
}

/* The receives that are posted for the supplier in force. */
static uint32_t
count_posted(const struct sc_node *node, uint32_t peer, uint32_t subfile)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < node->slot_count; i++) {
		const struct slot *slot = &node->slots[i];

		if (slot->state == SLOT_RECEIVING && slot->peer == peer && slot->charged == subfile)
			count++;
	}
	return count;
}

static struct former *
find_former(const struct sc_node *node, uint32_t peer, uint32_t subfile)
{
	for (uint32_t i = 0; i < node->former_count; i++) {
		if (node->formers[i].peer == peer && node->formers[i].subfile == subfile)
			return &node->formers[i];
	}
	return NULL;
}

static struct former *
former_for(struct sc_node *node, uint32_t peer, uint32_t subfile)
{
	struct former *former = find_former(node, peer, subfile);

	if (former != NULL)
		return former;
	node->formers = node_grown(node->formers, node->former_count, &node->former_capacity,
	    sizeof(*node->formers));
	former = &node->formers[node->former_count++];
	*former = (struct former){.peer = peer, .subfile = subfile, .sent = SC_NONE};
	return former;
}

void
node_decline(struct sc_node *node, uint32_t peer, uint32_t subfile)
{
	struct sc_want *want = &node->actions->message.u.want;

	node->actions->message.type = SC_MESSAGE_WANT;
	want->subfile = subfile;
	want->flags = SC_WANT_BEGIN;
	want->first = 0;
	want->count = 0;
	node_control(node, peer, &node->actions->message);
	former_for(node, peer, subfile)->answers++;
}

bool
node_former_is(const struct sc_node *node, uint32_t peer, uint32_t subfile)
{
	return find_former(node, peer, subfile) != NULL;
}

/* Once all that it sent has come, nothing is under way, and its receives can end. */
static void
withdraw_if_ready(struct sc_node *node, struct former *former)
{
	struct sc_action *action;

	if (former->withdrawn || former->got != former->sent)
		return;
	former->withdrawn = true;
	if (former->posted == 0)
		return;
	action = sc_actions_add(node->actions, SC_ACTION_WITHDRAW);
	action->peer = former->peer;
	action->subfile = former->subfile;
}

static void
drop_former(struct sc_node *node, struct former *former)
{
	*former = node->formers[--node->former_count];
}

/* Is it over?  Then it may be asked again. */
static void
settle_former(struct sc_node *node, struct former *former)
{
	uint32_t subfile = former->subfile;

	withdraw_if_ready(node, former);
	if (!former->withdrawn || former->posted > 0 || former->answers > 0)
		return;
	drop_former(node, former);
	node_resupply(node, subfile);
}

/* The supplier in force is so no longer.  sent: as in struct former. */
static void
retire_supplier(struct sc_node *node, uint32_t subfile, uint32_t sent)
{
	struct inbound *edge = &node->inbound[subfile];
	uint32_t posted = count_posted(node, edge->peer, subfile);
	struct former *former;

	if (!node_failed(node, edge->peer) &&
	    (posted > 0 || node_former_is(node, edge->peer, subfile))) {
		former = former_for(node, edge->peer, subfile);
		former->got = edge->got;
		former->sent = sent;
		former->posted = posted;
		withdraw_if_ready(node, former);
	}
	edge->peer = SC_NONE;
	edge->offered = false;
	edge->granted = edge->got = edge->untold = 0;
	edge->damages = 0;
	edge->wants = 0;
	node_reserve(node, subfile);
}

void
node_former_got(struct sc_node *node, uint32_t peer, uint32_t subfile, bool chunk)
{
	struct former *former = find_former(node, peer, subfile);

	if (former == NULL)
		return;
	assert(former->posted > 0);
	former->posted--;
	if (chunk)
		former->got++;
	settle_former(node, former);
}

void
node_forget_supplier(struct sc_node *node, uint32_t peer)
{
	for (uint32_t i = node->former_count; i-- > 0;) {
		if (node->formers[i].peer == peer)
			drop_former(node, &node->formers[i]);
	}
	for (uint32_t i = 0; !node_is_origin(node) && i < node->plan->subfiles; i++) {
		if (node->inbound[i].peer == peer)
			retire_supplier(node, i, SC_NONE);
	}
}

static bool
has_refused(const struct inbound *edge, uint32_t supplier)
{
	for (uint32_t i = 0; i < edge->refusals; i++) {
		if (edge->refusers[i] == supplier)
			return true;
	}
	return false;
}

static bool
has_not_refused(const void *edge, uint32_t supplier)
{
	return !has_refused(edge, supplier);
}

uint32_t
node_supplier(const struct sc_node *node, uint32_t subfile)
{
	const struct inbound *edge = &node->inbound[subfile];

	if (edge->refusals == 0 && !edge->late)
		return sc_detour_supplier(node->plan, &node->roster, node->self, subfile);
	return sc_detour_first(node->plan, &node->roster, node->self, subfile, edge->late,
	    has_not_refused, edge);
}

/* Ask a stand-in for all that is lacking. */
static void
ask(struct sc_node *node, uint32_t supplier, uint32_t subfile)
{
	struct inbound *edge = &node->inbound[subfile];

	edge->peer = supplier;
	edge->begun = true;
	edge->granted -= edge->got;
	edge->got = 0;
	node_scatter(node);
	node_record(node, SC_RECORD_DETOUR, supplier, subfile, inbound_lacks(edge));
	if (supplier == node->self) {
		edge->offered = true; /* a buddy takes it from its own source: see node_load */
		edge->expected = 0;
		node_reserve(node, subfile);
		return;
	}
	node_add_peer(node, supplier);
	node_tell_wants(node, supplier, subfile, SC_WANT_BEGIN | SC_WANT_ASK);
}

/*
 * Nobody is left to ask.  If others have refused or sent nothing but damaged chunks, it is this
 * node that is at fault, and the rest goes on without it.
 */
static void
give_up(struct sc_node *node, const struct inbound *edge)
{
	if (node->closing || node->leaving)
		return;
	if (edge->refusals == 0 || node_leads(node)) {
		node_on_fatal(node, "chunks that it lacks were lost with the nodes that had them");
		return;
	}
	node_on_copy_failed(node, "nobody could send it sound chunks");
	node_record(node, SC_RECORD_CUT_OFF, SC_NONE, SC_NONE, 0);
	node_leave(node, SC_LEAVE_CUT_OFF);
}

void
node_resupply(struct sc_node *node, uint32_t subfile)
{
	struct inbound *edge = &node->inbound[subfile];
	uint32_t planned = sc_plan_supplier(node->plan, node->self, subfile).from;
	uint32_t supplier;

	if (node->aborted || node->awaits_store || inbound_lacks(edge) == 0)
		return;
	supplier = node_supplier(node, subfile);
	if (edge->peer != SC_NONE && (supplier == edge->peer || edge->refusals > 0))
		return; /* whoever took over after a refusal keeps it */
	if (edge->peer == SC_NONE && supplier == planned && edge->refusals == 0 && !edge->begun)
		return; /* it will offer by itself */
	if (edge->peer != SC_NONE) {
		if (edge->peer != node->self)
			node_decline(node, edge->peer, subfile);
		retire_supplier(node, subfile, SC_NONE);
	}
	if (supplier == SC_NONE) {
		give_up(node, edge);
		return;
	}
	node_make_edges(node, subfile);
	if (!node_former_is(node, supplier, subfile))
		ask(node, supplier, subfile);
}

static void
pass_over(struct inbound *edge, uint32_t supplier)
{
	edge->refusers = node_grown(edge->refusers, edge->refusals, &edge->refusal_capacity,
	    sizeof(*edge->refusers));
	edge->refusers[edge->refusals++] = supplier;
}

void
node_on_refused(struct sc_node *node, uint32_t subfile, uint32_t sent)
{
	struct inbound *edge = &node->inbound[subfile];

	pass_over(edge, edge->peer);
	retire_supplier(node, subfile, sent);
	node_resupply(node, subfile);
}

/*
 * A leaf that relieves this node has the subfile by way of others, of whom one may be the one
 * who asks, as another has refused it: nobody but those two knows of that.
 */
void
node_do_without_relief(struct sc_node *node, uint32_t subfile)
{
	struct inbound *edge = &node->inbound[subfile];
	struct sc_edge planned;

	if (node_is_origin(node) || node->aborted || inbound_lacks(edge) == 0)
		return;
	planned = sc_plan_supplier(node->plan, node->self, subfile);
	if (planned.kind != SC_EDGE_RELIEF || has_refused(edge, planned.from) ||
	    (edge->peer != SC_NONE && edge->peer != planned.from))
		return;
	if (edge->peer == SC_NONE) {
		pass_over(edge, planned.from);
		node_resupply(node, subfile);
		return;
	}
	node_decline(node, planned.from, subfile);
	node_on_refused(node, subfile, SC_NONE);
}

int
node_on_refuse(struct sc_node *node, uint32_t peer, const struct sc_refusal *refusal)
{
	struct former *former;
	struct inbound *edge;

	if (node_is_origin(node) || refusal->subfile >= node->plan->subfiles)
		return -1;
	former = find_former(node, peer, refusal->subfile);
	if (former != NULL) {
		if (refusal->wants == SC_NONE && former->answers > 0)
			former->answers--;
		former->sent = refusal->sent;
		settle_former(node, former);
		return 0;
	}
	edge = &node->inbound[refusal->subfile];
	if (edge->peer != peer || refusal->wants == SC_NONE || node->aborted)
		return 0;
	node_on_refused(node, refusal->subfile, refusal->sent);
	return 0;
}

int
node_on_all_sent(struct sc_node *node, uint32_t peer, const struct sc_refusal *all)
{
	if (node_is_origin(node) || all->subfile >= node->plan->subfiles)
		return -1;
	if (node->inbound[all->subfile].peer != peer || !node->inbound[all->subfile].offered ||
	    node->inbound[all->subfile].wants != all->wants)
		return 0; /* of another time: there will be another */
	node->inbound[all->subfile].coming = all->sent;
	node_check_used_up(node, all->subfile);
	return 0;
}

void
node_ask_again(struct sc_node *node, uint32_t subfile, uint32_t position)
{
	struct sc_want *want = &node->actions->message.u.want;

	node->actions->message.type = SC_MESSAGE_WANT;
	want->subfile = subfile;
	want->flags = 0;
	want->first = position;
	want->count = 1;
	want->bits[0] = 1;
	node->inbound[subfile].wants++;
	node->inbound[subfile].coming = SC_NONE;
	node->inbound[subfile].elsewhere = true; /* the first one may be under way still */
	node_control(node, node->inbound[subfile].peer, &node->actions->message);
}

/*
 * Which chunk it was can't be known, as its number may be what is damaged; chunks
 * come in order, so it was most likely the next that is lacking.  If not, it is
 * found out at the end: node_check_used_up.
 */
void
node_on_damage(struct sc_node *node, uint32_t subfile)
{
	struct inbound *edge = &node->inbound[subfile];
	uint32_t position = edge->expected;

	node_scatter(node);
	if (++edge->damages > SC_DAMAGES_MAX) {
		node_decline(node, edge->peer, subfile);
		node_on_refused(node, subfile, SC_NONE);
		return;
	}
	while (position < edge->total &&
	    sc_bitmap_has(&node->here, position * node->plan->subfiles + subfile))
		position++;
	if (position == edge->total)
		return;
	edge->expected = position + 1;
	node_ask_again(node, subfile, position);
}

/*
 * The members of a group send their subfiles to each other at one time, and each has a part of the
 * links.  One that comes later than the others, as the way to here was repaired, finds all the
 * links free but can only use that of its own member, for one receiver after the other.
 */
static void
look_for_late(struct sc_node *node)
{
	uint32_t complete = 0;

	if (sc_roster_is_whole(&node->roster) || node->plan->store_and_forward)
		return;
	for (uint32_t i = 0; i < node->plan->subfiles; i++)
		complete += inbound_lacks(&node->inbound[i]) == 0;
	if (2 * complete < node->plan->subfiles)
		return;
	for (uint32_t i = 0; i < node->plan->subfiles; i++) {
		struct inbound *edge = &node->inbound[i];
		uint32_t lacks = inbound_lacks(edge);

		if (!edge->late && lacks > LATE_WINDOWS * node->plan->window &&
		    lacks > edge->total / LATE_PART) {
			edge->late = true;
			node_resupply(node, i);
		}
	}
}

void
node_on_complete(struct sc_node *node, uint32_t subfile)
{
	struct inbound *edge = &node->inbound[subfile];

	look_for_late(node);
	if (edge->peer == SC_NONE || edge->peer == node->self)
		return;
	/* Asked again for less than it had credits for, a supplier has some left. */
	if (!edge->elsewhere && edge->granted == edge->got)
		return;
	node_decline(node, edge->peer, subfile);
	retire_supplier(node, subfile, SC_NONE);
}

void
node_check_used_up(struct sc_node *node, uint32_t subfile)
{
	struct inbound *edge = &node->inbound[subfile];

	if (node->aborted || edge->peer == SC_NONE || edge->peer == node->self || !edge->offered ||
	    edge->coming == SC_NONE || edge->got < edge->coming || inbound_lacks(edge) == 0)
		return;
	edge->offered = false;
	ask(node, edge->peer, subfile);
}
