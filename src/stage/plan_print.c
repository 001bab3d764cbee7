/*
 * --plan: see plan_print.h.
 */
#include "stage/plan_print.h"

#include "base/log.h"
#include "base/units.h"
#include "cli/topology.h"
#include "stage/outcome/status.h"
#include "stage/prepare/sources.h"

#include <inttypes.h>

/* More edges or groups than this are printed only if they are asked for. */
enum { EDGES_SHOWN = 120 };

static void
print_numbers(FILE *out, const struct sc_plan *plan)
{
	char text[SC_UNIT_TEXT_BYTES];
	char memory[SC_UNIT_TEXT_BYTES];

	fprintf(out, "recipients        %u, besides the origin\n", plan->recipients);
	fprintf(out, "file              %s (%" PRIu64 " bytes), %u chunk%s of %s\n",
	    sc_format_size((double)plan->size_bytes, text), plan->size_bytes, plan->chunks,
	    plan->chunks == 1 ? "" : "s", sc_format_size(plan->chunk_bytes, memory));
	fprintf(out, "subfiles (k)      %u\n", plan->subfiles);
	fprintf(out, "groups            %u", plan->group_count);
	if (plan->full_groups < plan->group_count)
		fprintf(out, ": %u of %u, %u of %u", plan->full_groups, plan->subfiles,
		    plan->group_count - plan->full_groups, plan->subfiles - 1);
	fprintf(out, "\ntrees             %u of at most %u groups (m), %u next group%s at most\n",
	    plan->trees, plan->tree_groups, plan->branching, plan->branching == 1 ? "" : "s");
	fprintf(out, "window            %u chunks an edge\n", plan->window);
	fprintf(out, "slots             %u a rank, %s\n", plan->slots,
	    sc_format_size((double)plan->slots * plan->chunk_bytes, text));
	if (plan->store_and_forward)
		fprintf(out, "mode              store and forward\n");
}

static void
print_group(FILE *out, const struct sc_plan *plan, uint32_t index)
{
	const struct sc_group *group = &plan->groups[index];

	if (group->tree == 0)
		fprintf(out, "group %u: primary tree", index);
	else
		fprintf(out, "group %u: secondary tree %u", index, group->tree);
	fprintf(out, ", depth %u, nodes %u-%u, from ", group->depth, group->first_node,
	    group->first_node + group->size - 1);
	if (group->parent == SC_NONE)
		fprintf(out, "the origin");
	else
		fprintf(out, "group %u", group->parent);
	for (int i = 0; i < SC_BRANCHING_MAX; i++) {
		if (group->next[i] != SC_NONE)
			fprintf(out, ", %s group %u", i == 0 ? "to" : "and", group->next[i]);
	}
	if (group->relieved_by != SC_NONE)
		fprintf(out, ", relieved by group %u", group->relieved_by);
	if (group->feeds != SC_NONE)
		fprintf(out, ", then to group %u", group->feeds);
	fputc('\n', out);
}

static uint64_t
print_edges(FILE *out, const struct sc_plan *plan, const char *const *names)
{
	struct sc_edge edges[SC_RECEIVERS_MAX];
	uint64_t total = 0;

	for (uint32_t node = 0; node <= plan->recipients; node++) {
		for (uint32_t subfile = 0; subfile < plan->subfiles; subfile++) {
			uint32_t count = sc_plan_receivers(plan, node, subfile, edges);

			for (uint32_t i = 0; i < count && out != NULL; i++) {
				fprintf(out, "subfile %u: %u -> %u  %s", subfile, node, edges[i].to,
				    sc_edge_kind_name(edges[i].kind));
				if (names != NULL)
					fprintf(out, "  %s -> %s", names[node], names[edges[i].to]);
				fputc('\n', out);
			}
			total += count;
		}
	}
	return total;
}

void
sc_plan_print(FILE *out, const struct sc_plan *plan, const struct sc_cost_machine *machine,
    const char *measured, const char *const *names, bool all)
{
	double floor_s = sc_cost_floor(plan->size_bytes, machine);
	double predicted_s = sc_cost_predict(plan, machine);
	uint64_t edges = plan->recipients == 0 ? 0 : print_edges(NULL, plan, names);
	char link[SC_UNIT_TEXT_BYTES];
	char predicted[SC_UNIT_TEXT_BYTES];
	char floor_text[SC_UNIT_TEXT_BYTES];

	print_numbers(out, plan);
	fprintf(out, "predicted         %s for the last node; one node alone %s",
	    sc_format_duration(predicted_s, predicted), sc_format_duration(floor_s, floor_text));
	if (floor_s > 0)
		fprintf(out, " (%.3f times)", predicted_s / floor_s);
	fprintf(out, "\n                  %s links of %s each way and %.0f us latency",
	    measured == NULL ? "assuming" : "with", sc_format_rate(machine->link_bytes_per_s, link),
	    machine->latency_s * 1e6);
	if (measured != NULL)
		fprintf(out, ", as measured to %s", measured);
	fputc('\n', out);
	for (uint32_t i = 0; i < plan->group_count && (all || i < EDGES_SHOWN); i++)
		print_group(out, plan, i);
	if (plan->group_count > EDGES_SHOWN && !all)
		fprintf(out, "... and %u more groups\n", plan->group_count - EDGES_SHOWN);
	if (all || edges <= EDGES_SHOWN)
		(void)(plan->recipients == 0 ? 0 : print_edges(out, plan, names));
	else
		fprintf(out, "%" PRIu64 " edges: -v lists them\n", edges);
}

int
sc_stage_plan(const struct sc_options *options)
{
	struct sc_source_facts facts = {.size_bytes = options->size_bytes};
	struct sc_source *source = NULL;
	struct sc_plan plan = {0};
	struct sc_error err;
	uint32_t recipients;
	int status = SC_EXIT_USAGE;

	if (sc_topology_parse(options->topology, &recipients, &err) != 0)
		goto out;
	if (options->source != NULL) {
		status = SC_EXIT_NOTHING;
		if (sc_sources_open(&source, options, &facts, &err) != 0)
			goto out;
		status = SC_EXIT_USAGE;
	}
	if (sc_cost_choose(&plan, recipients, facts.size_bytes, &options->wishes,
		&sc_cost_machine_default, &err) != 0)
		goto out;
	sc_plan_print(stdout, &plan, &sc_cost_machine_default, NULL, NULL, options->verbose > 0);
	status = fflush(stdout) == 0 ? 0 : SC_EXIT_NOTHING;
out:
	if (status != 0)
		sc_log(SC_LOG_ERROR, "%s", err.text);
	sc_source_close(source);
	sc_plan_free(&plan);
	return status;
}
