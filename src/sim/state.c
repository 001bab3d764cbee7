/*
 * A simulated run: what all its parts share.
 */
#include "base/vector.h"
#include "sim/impl.h"

#include <stdio.h>
#include <stdlib.h>

void
sim_broken(struct sim *sim, uint32_t node, const char *rule)
{
	if (rule == NULL || sim->result->violations++ > 0)
		return;
	snprintf(sim->result->violation, sizeof(sim->result->violation),
	    "node %u, at %.9f s, step %llu: %s", node, (double)sim->agenda.now_ns * 1e-9,
	    (unsigned long long)sim->result->steps, rule);
}

void
sim_excuse(struct sim *sim, uint32_t node)
{
	if (sim->members[node].excused)
		return;
	sim->members[node].excused = true;
	sim->awaited--;
}

struct condition *
sim_condition(struct sim *sim, uint32_t node)
{
	struct member *member = &sim->members[node];

	if (member->condition == NULL) {
		member->condition = calloc(1, sizeof(*member->condition));
		if (member->condition == NULL)
			abort();
		member->condition->disk_factor = 1;
	}
	return member->condition;
}

uint32_t
sim_new_control(struct sim *sim)
{
	uint32_t index = sim->control_free;

	if (index != SC_NONE) {
		sim->control_free = sim->controls[index].next_free;
		return index;
	}
	sim->controls = sc_vector_must32(sim->controls, sim->control_count + 1,
	    &sim->control_capacity, sizeof(*sim->controls));
	return sim->control_count++;
}

void
sim_free_control(struct sim *sim, uint32_t index)
{
	sim->controls[index].bytes = NULL;
	sim->controls[index].next_free = sim->control_free;
	sim->control_free = index;
}

uint32_t
sim_keep_event(struct sim *sim, const struct sim_event *event)
{
	uint32_t index = sim->event_free;

	if (index != SC_NONE) {
		sim->event_free = sim->events[index].next;
	} else {
		sim->events = sc_vector_must32(sim->events, sim->event_count + 1,
		    &sim->event_capacity, sizeof(*sim->events));
		index = sim->event_count++;
	}
	sim->events[index] = *event;
	sim->events[index].next = SC_NONE;
	return index;
}

struct sim_event
sim_take_event(struct sim *sim, uint32_t index)
{
	struct sim_event event = sim->events[index];

	sim->events[index].next = sim->event_free;
	sim->event_free = index;
	return event;
}

void
sim_post(struct sim *sim, uint64_t time_ns, const struct sim_event *event)
{
	sc_agenda_post(&sim->agenda, time_ns, SC_AGENDA_LATER, sim_keep_event(sim, event));
}
