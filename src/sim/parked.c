/*
 * A simulated run: what waits for a process that hangs or a link that is down,
 * and what nobody takes any more.
 *
 * All that waits is in one list, in the order in which it would have happened.
 * When something changes the whole list is gone through again: the order
 * of what is for one node, or between two, stays as it was.
 */
#include "sim/impl.h"

#include <assert.h>
#include <stdlib.h>

enum fate { FATE_TAKEN, FATE_WAITS, FATE_LOST };

static uint32_t
new_happening(struct sim *sim, const struct happening *what)
{
	uint32_t index = sim->happening_free;

	if (index == SC_NONE) {
		if (sim->happening_count == sim->happening_capacity) {
			sim->happening_capacity =
			    sim->happening_capacity == 0 ? 64 : 2 * sim->happening_capacity;
			sim->happenings = realloc(sim->happenings,
			    sim->happening_capacity * sizeof(*sim->happenings));
			if (sim->happenings == NULL)
				abort();
		}
		index = sim->happening_count++;
	} else {
		sim->happening_free = sim->happenings[index].next;
	}
	sim->happenings[index] = *what;
	sim->happenings[index].next = SC_NONE;
	return index;
}

void
sim_later(struct sim *sim, uint64_t time_ns, const struct happening *what)
{
	sc_agenda_post(&sim->agenda, time_ns, SC_AGENDA_LATER, new_happening(sim, what));
}

struct happening
sim_take_later(struct sim *sim, uint32_t index)
{
	struct happening what = sim->happenings[index];

	sim->happenings[index].next = sim->happening_free;
	sim->happening_free = index;
	return what;
}

static bool
link_is_down(const struct sim *sim, uint32_t node)
{
	return sim->members[node].ailment != NULL && sim->members[node].ailment->cuts > 0;
}

static bool
hangs(const struct sim *sim, uint32_t node)
{
	return sim->members[node].ailment != NULL && sim->members[node].ailment->hangs > 0;
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
disk_is_stuck(const struct sim *sim, const struct happening *what)
{
	return sim->members[what->node].ailment != NULL &&
	    sim->members[what->node].ailment->stuck_disk &&
	    (what->id == DISK_WRITER || !sim_has_source(sim, what->node));
}

static bool
must_wait(const struct sim *sim, const struct happening *what)
{
	if (hangs(sim, what->node))
		return true;
	switch (what->what) {
	case HAPPENS_ARRIVAL:
		return is_cut(sim, what->message.from, what->message.to);
	case HAPPENS_CONTROL:
		return is_cut(sim, what->peer, what->node);
	case HAPPENS_SENT:
		return send_waits(sim, &what->message);
	case HAPPENS_PEER_FAILED:
		/* MPI uses the same links. */
		return link_is_down(sim, what->node) || link_is_down(sim, what->peer);
	case HAPPENS_DISK:
		return disk_is_stuck(sim, what);
	default:
		return false;
	}
}

static enum fate
fate_of(const struct sim *sim, const struct happening *what)
{
	/* Of one that has left it must be told if it was too early. */
	if (sim->result->nodes[what->node].left)
		return FATE_TAKEN;
	if (sim_has_ended(sim, what->node))
		return FATE_LOST;
	return must_wait(sim, what) ? FATE_WAITS : FATE_TAKEN;
}

static void
park(struct sim *sim, const struct happening *what)
{
	uint32_t index = new_happening(sim, what);

	if (sim->parked_first == SC_NONE)
		sim->parked_first = index;
	else
		sim->happenings[sim->parked_last].next = index;
	sim->parked_last = index;
}

bool
sim_parks(struct sim *sim, const struct happening *what)
{
	enum fate fate = fate_of(sim, what);

	if (fate == FATE_WAITS)
		park(sim, what);
	if (fate == FATE_LOST && what->what == HAPPENS_CONTROL) {
		free(sim->letters[what->id].bytes);
		sim_free_letter(sim, what->id);
	}
	return fate != FATE_TAKEN;
}

void
sim_release(struct sim *sim)
{
	uint32_t at = sim->parked_first;

	sim->parked_first = SC_NONE;
	while (at != SC_NONE) {
		uint32_t next = sim->happenings[at].next;
		struct happening what = sim_take_later(sim, at);

		if (!sim_parks(sim, &what))
			sim_deliver(sim, &what);
		at = next;
	}
}
