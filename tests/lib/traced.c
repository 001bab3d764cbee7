/*
 * The trace of a simulation: see traced.h.
 */
#include "lib/traced.h"

#include "record/trace.h"

static void
on_step(void *context, uint32_t node, const struct sc_event *event,
    const struct sc_actions *actions)
{
	struct sc_traced *traced = context;

	if (sc_trace_step(traced->file, node, event, actions) != 0)
		traced->failed = true;
}

int
sc_traced_begin(struct sc_traced *traced, struct sc_sim_config *config)
{
	if (sc_trace_begin(traced->file, config->plan) != 0)
		return -1;
	for (uint32_t i = 0; i <= config->plan->recipients; i++) {
		struct sc_node_config node = sc_sim_node_config(config, i);

		if (sc_trace_node(traced->file, &node) != 0)
			return -1;
	}
	config->listener.context = traced;
	config->listener.step = on_step;
	return 0;
}
