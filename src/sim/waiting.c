/*
 * A simulated run: what has to wait for a process that hangs or a link that is down, and what no
 * node takes any more.
 *
 * All that waits is in one list, in the order in which it would have happened.  When something
 * changes the whole list is gone through again: the order of what is for one node, or between
 * two nodes, stays as it was.
 */
#include "sim/impl.h"

#include <stdlib.h>

static bool
link_is_down(const struct sim *sim, uint32_t node)
{
	return sim->members[node].condition != NULL && sim->members[node].condition->cuts > 0;
}

static bool
hangs(const struct sim *sim, uint32_t node)
{
	return sim->members[node].condition != NULL && sim->members[node].condition->hangs > 0;
}

static bool
is_cut(const struct sim *sim, uint32_t a, uint32_t b)
{
	if (link_is_down(sim, a) || link_is_down(sim, b))
		return true;
	for (uint32_t i = 0; i < sim->pair_cut_count; i++) {
		const struct pair_cut *cut = &sim->pair_cuts[i];

		if ((cut->a == a && cut->b == b) || (cut->a == b && cut->b == a))
			return true;
	}
	return false;
}

/* A small chunk is sent when it has left; a large one is when it was taken, or when
 * it is known that it never will be. */
static bool
send_waits(const struct sim *sim, const struct sc_message_flight *message)
{
	if (message->bytes <= sim->config->eager_bytes ||
	    sim_forgot(sim, message->from, message->to))
		return false;
	return is_cut(sim, message->from, message->to) || hangs(sim, message->to) ||
	    sim_has_ended(sim, message->to);
}

/* A source is another disk than that of the copy. */
static bool
disk_is_stuck(const struct sim *sim, const struct sim_event *event)
{
	return sim->members[event->node].condition != NULL &&
	    sim->members[event->node].condition->stuck_disk &&
	    (event->id == DISK_WRITER || !sim_has_source(sim, event->node));
}

static bool
must_wait(const struct sim *sim, const struct sim_event *event)
{
	if (hangs(sim, event->node))
		return true;
	switch (event->kind) {
	case SIM_CHUNK_ARRIVED:
		return is_cut(sim, event->message.from, event->message.to);
	case SIM_CONTROL_ARRIVED:
		return is_cut(sim, event->peer, event->node);
	case SIM_CHUNK_SENT:
		return send_waits(sim, &event->message);
	case SIM_PEER_FAILED:
		/* MPI uses the same links. */
		return link_is_down(sim, event->node) || link_is_down(sim, event->peer);
	case SIM_DISK_DONE:
		return disk_is_stuck(sim, event);
	default:
		return false;
	}
}

static void
wait_in_list(struct sim *sim, const struct sim_event *event)
{
	uint32_t index = sim_keep_event(sim, event);

	if (sim->waiting_first == SC_NONE)
		sim->waiting_first = index;
	else
		sim->events[sim->waiting_last].next = index;
	sim->waiting_last = index;
}

static void
drop(struct sim *sim, const struct sim_event *event)
{
	if (event->kind == SIM_CONTROL_ARRIVED) {
		free(sim->controls[event->id].bytes);
		sim_free_control(sim, event->id);
	}
}

void
sim_offer(struct sim *sim, const struct sim_event *event)
{
	/* To a node that has left it is delivered all the same: perhaps it left too early. */
	if (!sim->impaired || sim->result->nodes[event->node].left)
		sim_deliver(sim, event);
	else if (sim_has_ended(sim, event->node))
		drop(sim, event);
	else if (must_wait(sim, event))
		wait_in_list(sim, event);
	else
		sim_deliver(sim, event);
}

void
sim_release(struct sim *sim)
{
	uint32_t at = sim->waiting_first;

	sim->waiting_first = SC_NONE;
	while (at != SC_NONE) {
		uint32_t next = sim->events[at].next;
		struct sim_event event = sim_take_event(sim, at);

		sim_offer(sim, &event);
		at = next;
	}
}
