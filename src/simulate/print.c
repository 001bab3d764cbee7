/*
 * What stagecast-sim prints of a run: see print.h.
 */
#include "simulate/print.h"

#include "base/units.h"

#include <inttypes.h>
#include <stdlib.h>

/* So that a line can be read. */
enum { NODES_TOLD = 12 };

static int
compare_times(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static double
seconds(uint64_t ns)
{
	return (double)ns * 1e-9;
}

/* The node that led at the end says which nodes have the file. */
static bool
has_copy(const struct sc_sim_result *result, uint32_t node)
{
	const struct sc_sim_account *account = sc_sim_account_of(result, result->leader);

	return result->nodes[node].committed &&
	    (account == NULL ||
		!(sc_bitmap_has(&account->lost, node) || sc_bitmap_has(&account->failed, node)));
}

static bool
is_faulty(const struct sc_machine *machine, const struct sc_sim_result *result, uint32_t node)
{
	for (uint32_t i = 0; i < machine->slow_count; i++) {
		if (machine->slow[i].node == node && machine->slow[i].factor < 1)
			return true;
	}
	return result->nodes[node].struck;
}

void
sc_sim_summarise(const struct sc_plan *plan, const struct sc_machine *machine,
    const struct sc_sim_result *result, struct sc_sim_summary *summary)
{
	uint32_t first = plan->recipients > 0 ? 1 : 0;
	uint64_t *times = malloc((plan->recipients + 1) * sizeof(*times));

	*summary = (struct sc_sim_summary){0};
	if (times == NULL)
		abort();
	for (uint32_t i = first; i <= plan->recipients; i++) {
		const struct sc_sim_node *node = &result->nodes[i];
		bool faulty = is_faulty(machine, result, i);

		if (has_copy(result, i)) {
			times[summary->copies++] = node->committed_ns;
			if (!faulty && seconds(node->committed_ns) > summary->others_s)
				summary->others_s = seconds(node->committed_ns);
		}
		summary->uneven |= faulty;
		if (i != SC_ORIGIN && node->bytes_sent > summary->relay_bytes)
			summary->relay_bytes = node->bytes_sent;
	}
	summary->origin_bytes = result->nodes[SC_ORIGIN].bytes_sent;
	summary->floor_s = sc_cost_floor(plan->size_bytes, &machine->base);
	if (summary->copies > 0) {
		uint32_t last = summary->copies - 1;

		qsort(times, summary->copies, sizeof(*times), compare_times);
		summary->first_s = seconds(times[0]);
		summary->median_s = seconds(times[last / 2]);
		/* When 99 of 100 have it. */
		summary->p99_s = seconds(times[(uint64_t)last * 99 / 100]);
		summary->last_s = seconds(times[last]);
	}
	free(times);
}

static void
print_plan(FILE *out, const struct sc_plan *plan)
{
	char size[SC_UNIT_TEXT_BYTES];
	char chunk[SC_UNIT_TEXT_BYTES];

	fprintf(out, "plan        %s to %u nodes: k=%u m=%u b=%u, %u group%s, %u tree%s%s\n",
	    sc_format_size((double)plan->size_bytes, size), plan->recipients, plan->subfiles,
	    plan->tree_groups, plan->branching, plan->group_count,
	    plan->group_count == 1 ? "" : "s", plan->trees, plan->trees == 1 ? "" : "s",
	    plan->store_and_forward ? ", store and forward" : "");
	fprintf(out, "            %u chunks of %s, window %u, %u slots\n", plan->chunks,
	    sc_format_size(plan->chunk_bytes, chunk), plan->window, plan->slots);
}

static void
print_time(FILE *out, const char *what, double time_s, double floor_s)
{
	fprintf(out, "%-11s %.6f s", what, time_s);
	if (floor_s > 0)
		fprintf(out, "  %.4f", time_s / floor_s);
	fputc('\n', out);
}

static void
print_nodes(FILE *out, const char *what, const struct sc_bitmap *set)
{
	if (set->count == 0)
		return;
	fprintf(out, "%-11s node%s", what, set->count == 1 ? "" : "s");
	for (uint32_t i = 0, told = 0; i < set->size; i++) {
		if (!sc_bitmap_has(set, i))
			continue;
		if (told++ == NODES_TOLD) {
			fprintf(out, ", and %u more", set->count - NODES_TOLD);
			break;
		}
		fprintf(out, "%s %u", told == 1 ? "" : ",", i);
	}
	fputc('\n', out);
}

static void
print_faults(FILE *out, const struct sc_sim_result *result)
{
	const struct sc_sim_account *account = sc_sim_account_of(result, result->leader);

	if (account == NULL)
		return;
	print_nodes(out, "lost", &account->lost);
	print_nodes(out, "no copy", &account->failed);
	if (result->detours > 0)
		fprintf(out, "detours     %" PRIu64 "\n", result->detours);
	if (result->leader != SC_ORIGIN)
		fprintf(out, "led by      node %u at the end\n", result->leader);
	if (account->aborted)
		fprintf(out, "given up    the others can't have the file\n");
}

void
sc_sim_print(FILE *out, const struct sc_plan *plan, const struct sc_machine *machine,
    const struct sc_sim_result *result, const struct sc_sim_summary *summary)
{
	double predicted_s = sc_cost_predict(plan, &machine->base);
	char text[SC_UNIT_TEXT_BYTES];

	print_plan(out, plan);
	print_time(out, "floor", summary->floor_s, summary->floor_s);
	print_time(out, "first node", summary->first_s, summary->floor_s);
	print_time(out, "median node", summary->median_s, summary->floor_s);
	print_time(out, "p99 node", summary->p99_s, summary->floor_s);
	print_time(out, "last node", summary->last_s, summary->floor_s);
	if (summary->uneven)
		print_time(out, "the others", summary->others_s, summary->floor_s);
	fprintf(out, "predicted   %.6f s", predicted_s);
	if (summary->last_s > 0)
		fprintf(out, "  (%+.1f %%)", 100 * (predicted_s / summary->last_s - 1));
	fprintf(out, "\norigin sent %s\n", sc_format_size((double)summary->origin_bytes, text));
	fprintf(out, "relay sent  %s at most\n",
	    sc_format_size((double)summary->relay_bytes, text));
	if (result->loaded_back > 0)
		fprintf(out, "read back   %" PRIu64 " chunks, for slow receivers%s\n",
		    result->loaded_back, result->detours > 0 ? " and detours" : "");
	fprintf(out, "copies      %u of %u\n", summary->copies,
	    plan->recipients > 0 ? plan->recipients : 1);
	print_faults(out, result);
}
