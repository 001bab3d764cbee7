/*
 * The files that stagecast-sim writes: see files.h.
 */
#include "simulate/files.h"

#include "config.h"
#include "record/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void
on_record(void *context, uint32_t node, uint64_t time_ns, const struct sc_record *record)
{
	struct sc_sim_files *files = context;

	sc_timeline_add(&files->nodes[node].timeline, time_ns, record);
}

static void
on_step(void *context, uint32_t node, const struct sc_event *event,
    const struct sc_actions *actions)
{
	struct sc_sim_files *files = context;

	if (files->trace_errno == 0 && sc_trace_step(files->trace, node, event, actions) != 0)
		files->trace_errno = errno;
}

static int
begin_trace(struct sc_sim_files *files, const struct sc_sim_config *config)
{
	if (sc_trace_begin(files->trace, config->plan) != 0)
		return -1;
	for (uint32_t i = 0; i <= config->plan->recipients; i++) {
		struct sc_node_config node = sc_sim_node_config(config, i);

		if (sc_trace_node(files->trace, &node) != 0)
			return -1;
	}
	return 0;
}

int
sc_sim_files_open(struct sc_sim_files *files, const char *trace_path, const char *timings_path,
    struct sc_sim_config *config, struct sc_error *err)
{
	config->listener.context = files;
	if (trace_path != NULL) {
		files->trace_path = trace_path;
		files->trace = fopen(trace_path, "w");
		if (files->trace == NULL || begin_trace(files, config) != 0)
			return sc_fail(err, errno, "%s", trace_path);
		config->listener.step = on_step;
	}
	if (timings_path != NULL) {
		files->timings_path = timings_path;
		files->count = config->plan->recipients + 1;
		files->nodes = calloc(files->count, sizeof(*files->nodes));
		if (files->nodes == NULL)
			return sc_fail(err, 0, "no memory for the timelines of %u nodes",
			    files->count);
		config->listener.record = on_record;
	}
	return 0;
}

static void
fill_reports(struct sc_sim_files *files, const struct sc_sim_config *config,
    const struct sc_sim_result *result)
{
	for (uint32_t i = 0; i < files->count; i++) {
		struct sc_node_result *report = &files->nodes[i].result;
		const struct sc_sim_node *node = &result->nodes[i];

		report->node = report->rank = i;
		snprintf(report->host, sizeof(report->host), "node%u", i);
		report->state = node->committed ? SC_NODE_COMMITTED : SC_NODE_FAILED;
		if (i == SC_ORIGIN && config->origin_keeps_no_copy)
			report->state = SC_NODE_NO_COPY;
		report->bytes_received = node->bytes_received;
		report->bytes_sent = node->bytes_sent;
		report->bytes_stored = node->bytes_stored;
		report->first_chunk_ns = node->first_chunk_ns;
		report->last_chunk_ns = node->last_chunk_ns;
		report->stored_ns = node->stored_ns;
		report->committed_ns = node->committed_ns;
	}
}

int
sc_sim_files_write(struct sc_sim_files *files, const struct sc_sim_config *config,
    const struct sc_sim_result *result, const struct sc_sim_comparison *compared, int argc,
    char *const *argv, struct sc_error *err)
{
	uint32_t copies = config->plan->recipients + (config->origin_keeps_no_copy ? 0 : 1);
	uint64_t last_ns = 0;
	struct sc_timings_run run = {
		.program_version = PACKAGE_VERSION,
		.mpi_version = "simulated",
		.argc = argc,
		.argv = argv,
		.source = "",
		.digest = "",
		.predicted_s = sc_cost_predict(config->plan, &config->machine->base),
		.strategies = compared->rows,
		.strategy_count = compared->count,
	};

	if (files->timings_path == NULL)
		return 0;
	fill_reports(files, config, result);
	for (uint32_t i = 0; i < files->count; i++) {
		if (result->nodes[i].committed_ns > last_ns)
			last_ns = result->nodes[i].committed_ns;
	}
	run.elapsed_s = (double)last_ns * 1e-9;
	run.outcome = result->commits == copies ? "complete"
	    : result->commits > 0               ? "partial"
						: "failed";
	run.exit_status = result->commits == copies ? 0 : result->commits > 0 ? 3 : 1;
	return sc_timings_write(files->timings_path, &run, config->plan, files->nodes, files->count,
	    err);
}

int
sc_sim_files_close(struct sc_sim_files *files, int status, struct sc_error *err)
{
	if (files->trace != NULL && fclose(files->trace) != 0 && files->trace_errno == 0)
		files->trace_errno = errno;
	files->trace = NULL;
	if (files->trace_errno != 0 && status == 0)
		status = sc_fail(err, files->trace_errno, "%s", files->trace_path);
	for (uint32_t i = 0; files->nodes != NULL && i < files->count; i++)
		sc_timeline_free(&files->nodes[i].timeline);
	free(files->nodes);
	files->nodes = NULL;
	return status;
}
