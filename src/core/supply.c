/*
 * Which peer supplies what to a node: see supply.h.
 */
#include "core/supply.h"

#include "base/vector.h"
#include "plan/detour.h"

#include <assert.h>
#include <stdlib.h>

/* Chunks that a subfile lacks when it is late: so many windows, and this part of it. */
enum { LATE_WINDOWS = 4, LATE_PART = 16 };

void
sc_supply_init(struct sc_supply *supply, struct sc_in *in, struct sc_control *control)
{
	*supply = (struct sc_supply){.in = in, .control = control};
}

void
sc_supply_free(struct sc_supply *supply)
{
	for (uint32_t i = 0; supply->lists != NULL && i < supply->control->context->plan->subfiles;
	    i++)
		free(supply->lists[i].refusers);
	free(supply->lists);
	*supply = (struct sc_supply){0};
}

static const struct sc_supply_list *
list_of(const struct sc_supply *supply, uint32_t subfile)
{
	static const struct sc_supply_list none;

	return supply->lists == NULL ? &none : &supply->lists[subfile];
}

/* The list as one that can be changed. */
static struct sc_supply_list *
list_for(struct sc_supply *supply, uint32_t subfile)
{
	if (supply->lists == NULL)
		supply->lists =
		    calloc(supply->control->context->plan->subfiles, sizeof(*supply->lists));
	if (supply->lists == NULL)
		abort();
	return &supply->lists[subfile];
}

static bool
has_refused(const struct sc_supply_list *list, uint32_t supplier)
{
	for (uint32_t i = 0; i < list->count; i++) {
		if (list->refusers[i] == supplier)
			return true;
	}
	return false;
}

static void
note_refuser(struct sc_supply_list *list, uint32_t supplier)
{
	list->refusers = sc_vector_must32(list->refusers, list->count + 1, &list->capacity,
	    sizeof(*list->refusers));
	list->refusers[list->count++] = supplier;
}

static bool
accepts(const void *context, uint32_t supplier)
{
	return !has_refused(context, supplier);
}

/* The first on the list that has not refused; SC_NONE: none. */
static uint32_t
choose(const struct sc_supply *supply, uint32_t subfile)
{
	const struct sc_supply_list *list = list_of(supply, subfile);
	const struct sc_plan *plan = supply->control->context->plan;
	const struct sc_roster *roster = &supply->control->peers->roster;
	uint32_t self = supply->control->context->self;

	if (list->count == 0 && !list->late)
		return sc_detour_supplier(plan, roster, self, subfile);
	return sc_detour_first(plan, roster, self, subfile, list->late, accepts, list);
}

static uint32_t
lacks(const struct sc_supply *supply, uint32_t subfile)
{
	return sc_store_lacks(supply->in->store, subfile);
}

static bool
is_sound_list(const struct sc_supply *supply, const struct sc_offer *offer)
{
	for (uint32_t i = 0; i < offer->count; i++) {
		uint32_t receiver = offer->receivers[i].node;

		if (receiver == SC_ORIGIN ||
		    receiver > supply->control->context->plan->recipients ||
		    receiver == supply->control->context->self)
			return false;
	}
	return true;
}

int
sc_supply_on_offer(struct sc_supply *supply, uint32_t peer, const struct sc_offer *offer)
{
	struct sc_inbound *edge;
	bool was_asked;

	if (supply->control->context->is_origin ||
	    offer->subfile >= supply->control->context->plan->subfiles ||
	    supply->in->store->parts[offer->subfile].total == 0 || !is_sound_list(supply, offer))
		return -1;
	sc_out_list(supply->in->out, offer->subfile, offer->receivers, offer->count);
	edge = &supply->in->edges[offer->subfile];
	was_asked = edge->peer == peer;
	if (edge->peer == SC_NONE && choose(supply, offer->subfile) == peer &&
	    !sc_former_is(&supply->in->formers, peer, offer->subfile)) {
		edge->peer = peer;
		edge->begun = true;
	}
	if (edge->peer != peer ||
	    (lacks(supply, offer->subfile) == 0 && supply->in->store->copy != SC_COPY_OPENING)) {
		sc_former_decline(&supply->in->formers, peer, offer->subfile);
		return 0;
	}
	sc_context_record(supply->control->context,
	    was_asked ? SC_RECORD_DETOUR_BEGUN : SC_RECORD_RECEIVE_BEGUN, peer, offer->subfile,
	    was_asked ? lacks(supply, offer->subfile) : offer->count);
	sc_in_begin(supply->in, offer->subfile, was_asked);
	return 0;
}

void
sc_supply_pass_over(struct sc_supply *supply, uint32_t subfile, uint32_t sent)
{
	assert(supply->in->edges[subfile].peer != SC_NONE);
	note_refuser(list_for(supply, subfile), supply->in->edges[subfile].peer);
	sc_in_retire(supply->in, subfile, sent);
	sc_marks_add_one(&supply->in->formers.choose, subfile);
}

int
sc_supply_on_refuse(struct sc_supply *supply, uint32_t peer, const struct sc_sent *refusal)
{
	if (supply->control->context->is_origin ||
	    refusal->subfile >= supply->control->context->plan->subfiles)
		return -1;
	if (!sc_former_on_sent(&supply->in->formers, peer, refusal->subfile, refusal->sent, 0) &&
	    supply->in->edges[refusal->subfile].peer == peer && !supply->in->closed)
		sc_supply_pass_over(supply, refusal->subfile, refusal->sent);
	return 0;
}

int
sc_supply_on_declined(struct sc_supply *supply, uint32_t peer, const struct sc_declined *declined)
{
	if (supply->control->context->is_origin ||
	    declined->subfile >= supply->control->context->plan->subfiles || declined->request == 0)
		return -1;
	(void)sc_former_on_sent(&supply->in->formers, peer, declined->subfile, declined->sent,
	    declined->request);
	return 0;
}

int
sc_supply_on_sent(struct sc_supply *supply, uint32_t peer, const struct sc_sent *sent)
{
	struct sc_inbound *edge;

	if (supply->control->context->is_origin ||
	    sent->subfile >= supply->control->context->plan->subfiles)
		return -1;
	edge = &supply->in->edges[sent->subfile];
	if (edge->peer != peer || !edge->offered || edge->wants != sent->wants)
		return 0; /* of another time: there will be another */
	edge->coming = sent->sent;
	sc_marks_add_one(&supply->in->look, sent->subfile);
	return 0;
}

static void
resume_edge(struct sc_supply *supply, uint32_t subfile)
{
	struct sc_inbound *edge = &supply->in->edges[subfile];

	if (lacks(supply, subfile) == 0)
		sc_out_list_planned(supply->in->out, subfile);
	if (edge->offered && lacks(supply, subfile) == 0) {
		sc_former_decline(&supply->in->formers, edge->peer, subfile);
		edge->offered = false;
	} else if (edge->offered) {
		sc_in_begin(supply->in, subfile, false);
	} else {
		sc_marks_add_one(&supply->in->formers.choose, subfile);
	}
}

void
sc_supply_on_opened(struct sc_supply *supply, const struct sc_bitmap *held)
{
	if (supply->in->store->copy == SC_COPY_OPENING)
		sc_store_open(supply->in->store, held);
	if (supply->control->context->is_origin)
		return;
	if (supply->in->store->here.count > 0)
		sc_out_scatter(supply->in->out);
	for (uint32_t i = 0; i < supply->control->context->plan->subfiles; i++) {
		if (supply->in->store->parts[i].total > 0 &&
		    supply->in->store->parts[i].stored == supply->in->store->parts[i].total)
			sc_out_open_ready(supply->in->out, i);
		sc_in_update_need(supply->in, i);
		resume_edge(supply, i);
	}
}

/*
 * No supplier is left to ask.  If some have refused or sent nothing but damaged chunks, it is this
 * node that is at fault, and the rest goes on without it.
 */
static void
give_up(struct sc_supply *supply, uint32_t subfile)
{
	struct sc_control *control = supply->control;

	assert(supply->in->edges[subfile].peer == SC_NONE);
	if (control->run >= SC_RUN_CLOSING)
		return;
	if (list_of(supply, subfile)->count == 0 || sc_control_leads(control)) {
		sc_control_fatal(control,
		    "chunks that it lacks were lost with the nodes that had them");
		return;
	}
	sc_control_copy_failed(control, "no node could send it sound chunks");
	sc_context_record(supply->control->context, SC_RECORD_CUT_OFF, SC_NONE, SC_NONE, 0);
	sc_control_leave(control, SC_LEAVE_CUT_OFF);
}

/* Which peer has to supply a subfile now?  Ask if that is another than before. */
static void
resupply(struct sc_supply *supply, uint32_t subfile)
{
	const struct sc_supply_list *list = list_of(supply, subfile);
	struct sc_inbound *edge = &supply->in->edges[subfile];
	uint32_t self = supply->control->context->self;
	uint32_t supplier;

	if (lacks(supply, subfile) == 0)
		return;
	supplier = choose(supply, subfile);
	if (edge->peer != SC_NONE && (supplier == edge->peer || list->count > 0))
		return; /* a supplier that took over after a refusal keeps it */
	if (edge->peer == SC_NONE && list->count == 0 && !edge->begun &&
	    supplier == sc_plan_supplier(supply->control->context->plan, self, subfile).from)
		return; /* it will offer by itself */
	if (edge->peer != SC_NONE) {
		if (edge->peer != self)
			sc_former_decline(&supply->in->formers, edge->peer, subfile);
		sc_in_retire(supply->in, subfile, SC_NONE);
	}
	if (supplier == SC_NONE) {
		give_up(supply, subfile);
		return;
	}
	sc_out_list_planned(supply->in->out, subfile);
	if (sc_former_is(&supply->in->formers, supplier, subfile))
		return; /* asked once its last chunks have come */
	assert(!sc_peers_failed(supply->control->peers, supplier));
	sc_peers_add(supply->control->peers, supplier);
	sc_in_ask(supply->in, supplier, subfile);
}

bool
sc_supply_waits_for(const struct sc_supply *supply, uint32_t peer, uint32_t subfile)
{
	uint32_t in_force = supply->in->edges[subfile].peer;

	/* A leaf in relief that was refused asks those, too, which it relieves. */
	if (supply->control->context->has_source || lacks(supply, subfile) == 0)
		return false;
	return (in_force == SC_NONE ? choose(supply, subfile) : in_force) == peer;
}

/*
 * A leaf that relieves this node has the subfile by way of other nodes, of which one may be the
 * node that asks, as another has refused it: none but those two knows of that.
 */
void
sc_supply_do_without_relief(struct sc_supply *supply, uint32_t subfile)
{
	struct sc_inbound *edge = &supply->in->edges[subfile];
	struct sc_edge planned;

	if (supply->control->context->is_origin || lacks(supply, subfile) == 0)
		return;
	planned = sc_plan_supplier(supply->control->context->plan, supply->control->context->self,
	    subfile);
	if (planned.kind != SC_EDGE_RELIEF || has_refused(list_of(supply, subfile), planned.from) ||
	    (edge->peer != SC_NONE && edge->peer != planned.from))
		return;
	if (edge->peer == SC_NONE) {
		note_refuser(list_for(supply, subfile), planned.from);
		sc_marks_add_one(&supply->in->formers.choose, subfile);
		return;
	}
	sc_former_decline(&supply->in->formers, planned.from, subfile);
	sc_supply_pass_over(supply, subfile, SC_NONE);
}

void
sc_supply_on_losses(struct sc_supply *supply)
{
	for (uint32_t i = 0; i < supply->control->context->plan->subfiles; i++) {
		if (supply->lists != NULL && supply->in->edges[i].peer == SC_NONE)
			supply->lists[i].count = 0;
	}
	sc_in_choose_all(supply->in);
}

/*
 * Which chunk it was can't be known, as its number may be what is damaged; chunks come in order,
 * so it was most likely the next that is lacking.  If not, it is found out at the end: used_up.
 */
static void
replace_damaged(struct sc_supply *supply, uint32_t subfile)
{
	struct sc_inbound *edge = &supply->in->edges[subfile];
	uint32_t position = edge->expected;

	edge->damages_settled++;
	sc_out_scatter(supply->in->out);
	if (edge->damages_settled > SC_DAMAGES_MAX) {
		sc_former_decline(&supply->in->formers, edge->peer, subfile);
		sc_supply_pass_over(supply, subfile, SC_NONE);
		return;
	}
	while (position < supply->in->store->parts[subfile].total &&
	    sc_store_has(supply->in->store,
		sc_chunk_at(supply->control->context, subfile, position)))
		position++;
	if (position == supply->in->store->parts[subfile].total)
		return;
	edge->expected = position + 1;
	sc_in_ask_again(supply->in, subfile, position);
}

/*
 * The members of a group send their subfiles to each other at one time, and each has a part of the
 * links.  A subfile that comes later than the others, as the way to here was repaired, finds all
 * the links free but can only use that of its own member, for one receiver after the other.
 */
static void
look_for_late(struct sc_supply *supply)
{
	const struct sc_plan *plan = supply->control->context->plan;
	uint32_t complete = 0;

	if (sc_roster_is_whole(&supply->control->peers->roster) || plan->store_and_forward)
		return;
	for (uint32_t i = 0; i < plan->subfiles; i++)
		complete += lacks(supply, i) == 0;
	for (uint32_t i = 0; 2 * complete >= plan->subfiles && i < plan->subfiles; i++) {
		if (!list_of(supply, i)->late && lacks(supply, i) > LATE_WINDOWS * plan->window &&
		    lacks(supply, i) > supply->in->store->parts[i].total / LATE_PART) {
			list_for(supply, i)->late = true;
			sc_marks_add_one(&supply->in->formers.choose, i);
		}
	}
}

/* A subfile is complete: a supplier that doesn't know it has to be told. */
static void
complete(struct sc_supply *supply, uint32_t subfile)
{
	struct sc_inbound *edge = &supply->in->edges[subfile];

	look_for_late(supply);
	if (edge->peer == SC_NONE || edge->peer == supply->control->context->self)
		return;
	/* Asked again for less than it had credits for, a supplier has some left. */
	if (!edge->elsewhere && edge->granted == edge->got)
		return;
	sc_former_decline(&supply->in->formers, edge->peer, subfile);
	sc_in_retire(supply->in, subfile, SC_NONE);
}

/* Has all come that the supplier sends, although something is lacking? */
static bool
used_up(const struct sc_supply *supply, uint32_t subfile)
{
	const struct sc_inbound *edge = &supply->in->edges[subfile];

	return edge->peer != SC_NONE && edge->peer != supply->control->context->self &&
	    edge->offered && edge->coming != SC_NONE && edge->got >= edge->coming &&
	    lacks(supply, subfile) > 0;
}

/* Something has come of a subfile. */
static void
look(struct sc_supply *supply, uint32_t subfile)
{
	struct sc_inbound *edge = &supply->in->edges[subfile];

	if (edge->damages_settled < edge->damages)
		replace_damaged(supply, subfile);
	if (supply->in->store->parts[subfile].total > 0 && lacks(supply, subfile) == 0)
		complete(supply, subfile);
	else if (used_up(supply, subfile))
		sc_in_ask(supply->in, edge->peer, subfile);
}

/* This node takes nothing more, or can't ask yet. */
static bool
is_pausing(const struct sc_supply *supply)
{
	return supply->control->is_aborted || supply->control->run >= SC_RUN_LEAVING ||
	    supply->in->store->copy == SC_COPY_OPENING;
}

void
sc_supply_settle(struct sc_supply *supply)
{
	struct sc_in *in = supply->in;

	while ((sc_marks_any(&in->look) || sc_marks_any(&in->formers.choose)) &&
	    !is_pausing(supply)) {
		struct sc_marks looks = sc_marks_take(&in->look);
		struct sc_marks choices;

		for (uint32_t i = looks.first; i < looks.end; i++)
			look(supply, i);
		choices = sc_marks_take(&in->formers.choose);
		for (uint32_t i = choices.first; i < choices.end && !is_pausing(supply); i++)
			resupply(supply, i);
	}
}

void
sc_supply_check(const struct sc_supply *supply)
{
	for (uint32_t i = 0; i < supply->control->context->plan->subfiles; i++) {
		const struct sc_supply_list *list = list_of(supply, i);

		assert(list->count <= list->capacity);
		for (uint32_t j = 0; j < list->count; j++)
			assert(list->refusers[j] <= supply->control->context->plan->recipients);
		assert(supply->in->edges[i].peer == SC_NONE ||
		    !has_refused(list, supply->in->edges[i].peer));
	}
}
