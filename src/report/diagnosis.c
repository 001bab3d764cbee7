/*
 * Which node was the slowest, and why: see diagnosis.h.
 *
 * A staging holds itself back: a node that can't take more makes its suppliers wait, and these
 * theirs.  So the last node is often only the last in line, and a slow one drags others along.
 * What tells a slow node from those that it drags is its group: all members get the same chunks
 * from the same nodes.
 */
#include "report/diagnosis.h"

#include <math.h>
#include <stdlib.h>

/* Less than this part of the run is not late: even runs differ by as much. */
static const double late_part = 0.03;
static const double late_s_min = 5e-3;

/* A lag that holds up other nodes, and is not the noise of an even run: so many times what is
 * usual, and so much of the run; more where there are few nodes to compare with. */
static const double lag_times = 5;
static const double lag_part = 0.002;
static const double lag_part_few = 0.01;
static const double lag_s_min = 1e-3;
enum { FEW_NODES = 3 };

/* This part of all buffers still full when the last chunk arrives: the storage
 * is slower than the network. */
static const double backlog_part = 0.4;

/* This part of a subfile read back for a receiver: it could not keep up. */
static const double served_part = 0.5;

/* What passes between a node's start and its copy. */
enum phase { PHASE_WAIT, PHASE_RECEIVE, PHASE_STORE, PHASE_COMMIT, PHASES, PHASE_ALL = PHASES };

static double
phase_s(const struct sc_past_node *node, enum phase phase)
{
	switch (phase) {
	case PHASE_WAIT:
		return node->first_chunk_s;
	case PHASE_RECEIVE:
		return node->last_chunk_s - node->first_chunk_s;
	case PHASE_STORE:
		return node->stored_s - node->last_chunk_s;
	case PHASE_COMMIT:
		return node->committed_s - node->stored_s;
	default:
		return node->committed_s;
	}
}

/* The median over the first quarter of the recipients that have a copy; where
 * none of them has that phase (the origin receives nothing): 0. */
static double
early_phase_s(const struct sc_statistics *statistics, enum phase phase, double *numbers)
{
	uint32_t quarter = (statistics->copies + 3) / 4;
	uint32_t count = 0;
	double median;

	for (uint32_t i = statistics->copies; i > 0 && count < quarter; i--) {
		uint32_t node = statistics->slowest_first[i - 1];

		if (node != SC_ORIGIN || statistics->run->recipients == 0)
			numbers[count++] = phase_s(&statistics->run->nodes[node], phase);
	}
	median = sc_median(numbers, count);
	return isnan(median) ? 0 : median;
}

/* Were most of a node's buffers still to be stored when it had received all? */
static bool
is_backlog(const struct sc_past_run *run, double backlog_s)
{
	double size = (double)run->size_bytes;
	double buffers = (double)run->slots * (double)run->chunk_bytes;
	double left = run->elapsed_s > 0 ? backlog_s * size / run->elapsed_s : 0;

	return buffers > 0 && buffers < size / 2 && left >= backlog_part * buffers;
}

/* Was a node's own storage slower than the network, and than the storage of other nodes?  A stall
 * on storage is no sign of that: while a node waits for the network, it is often storing a chunk,
 * too. */
static bool
is_held_by_storage(const struct sc_statistics *statistics, uint32_t number)
{
	const struct sc_past_node *node = &statistics->run->nodes[number];
	double backlog_s = node->stored_s - node->last_chunk_s;

	return is_backlog(statistics->run, backlog_s) &&
	    backlog_s >= 3 * statistics->usual_backlog_s;
}

static void
find_brake(struct sc_diagnosis *diagnosis)
{
	const struct sc_statistics *statistics = diagnosis->statistics;
	uint32_t n = diagnosis->run->recipients;
	double elapsed_s = diagnosis->run->elapsed_s;
	uint32_t known = 0;

	diagnosis->brake = SC_NONE;
	for (uint32_t i = 1; i <= n; i++) {
		if (isnan(statistics->lag_s[i]))
			continue;
		known++;
		if (diagnosis->brake == SC_NONE || statistics->lag_s[i] > diagnosis->brake_lag_s) {
			diagnosis->brake = i;
			diagnosis->brake_lag_s = statistics->lag_s[i];
		}
	}
	if (diagnosis->brake == SC_NONE)
		return;
	if (!(diagnosis->brake_lag_s >= lag_times * statistics->usual_lag_s &&
		diagnosis->brake_lag_s >=
		    (known > FEW_NODES ? lag_part : lag_part_few) * elapsed_s &&
		diagnosis->brake_lag_s >= lag_s_min)) {
		diagnosis->brake = SC_NONE;
		return;
	}
	diagnosis->brake_on_storage = is_held_by_storage(statistics, diagnosis->brake);
}

/* The subfile that a node held last; SC_NONE: not told. */
static uint32_t
last_subfile(const struct sc_past_run *run, uint32_t node)
{
	uint32_t last = SC_NONE;

	for (uint32_t i = 0; i < run->subfiles; i++) {
		double held_s = sc_past_part(run, node, i)->held_s;

		if (!isnan(held_s) &&
		    (last == SC_NONE || held_s > sc_past_part(run, node, last)->held_s))
			last = i;
	}
	return last;
}

/* Is a node among those on which another one depends for a subfile? */
static bool
find_on_way(struct sc_diagnosis *diagnosis, uint32_t wanted, uint32_t subfile)
{
	const struct sc_past_run *run = diagnosis->run;
	uint32_t node = diagnosis->slowest;

	for (uint32_t hops = 0; hops <= run->recipients && node != SC_NONE; hops++) {
		if (node == wanted && hops > 0) {
			diagnosis->culprit = node;
			diagnosis->subfile = subfile;
			diagnosis->hops = hops;
			return true;
		}
		node = node == SC_ORIGIN ? SC_NONE : sc_past_part(run, node, subfile)->supplier;
	}
	return false;
}

/* Is the brake on one of the ways to the slowest node?  That of the last subfile is tried first. */
static bool
find_brake_on_way(struct sc_diagnosis *diagnosis)
{
	const struct sc_past_run *run = diagnosis->run;
	uint32_t last = last_subfile(run, diagnosis->slowest);

	if (diagnosis->brake == SC_NONE || !run->has_edges)
		return false;
	if (last != SC_NONE && find_on_way(diagnosis, diagnosis->brake, last))
		return true;
	for (uint32_t i = 0; i < run->subfiles; i++) {
		if (find_on_way(diagnosis, diagnosis->brake, i))
			return true;
	}
	return false;
}

/* Follow the way of the subfile that came last to the origin.  The culprit is the first node found
 * that could not take what its supplier had: it held back those before it.  Else it is the node
 * that was the most behind its supplier, if that is most of the delay.  May be the slowest itself. */
static bool
find_step_on_way(struct sc_diagnosis *diagnosis)
{
	const struct sc_past_run *run = diagnosis->run;
	uint32_t subfile = last_subfile(run, diagnosis->slowest);
	uint32_t node = diagnosis->slowest, found = SC_NONE;
	double most_s = diagnosis->late_s / 2;

	if (subfile == SC_NONE || !run->has_edges)
		return false;
	diagnosis->subfile = subfile;
	for (uint32_t hops = 0; hops <= run->recipients && node != SC_ORIGIN; hops++) {
		const struct sc_past_part *part = sc_past_part(run, node, subfile);
		double step_s = NAN;

		if (part->supplier == SC_NONE)
			break;
		if (part->supplier != SC_ORIGIN)
			step_s = part->held_s - sc_past_part(run, part->supplier, subfile)->held_s;
		if (step_s > most_s) {
			most_s = step_s;
			found = node;
			diagnosis->hops = hops;
		}
		if ((double)part->chunks_from_store * run->subfiles >=
			served_part * (double)run->chunks &&
		    step_s > 0) {
			found = node;
			diagnosis->hops = hops;
			break;
		}
		node = part->supplier;
	}
	diagnosis->culprit = found;
	return found != SC_NONE;
}

/* The median wait for the first chunk of others at the same depth. */
static double
wait_of_depth(const struct sc_past_run *run, uint32_t number, double *numbers)
{
	const struct sc_past_node *node = &run->nodes[number];
	size_t count = 0;

	for (uint32_t i = 1; i <= run->recipients; i++) {
		if (i != number && run->nodes[i].tree == node->tree &&
		    run->nodes[i].depth == node->depth)
			numbers[count++] = run->nodes[i].first_chunk_s;
	}
	return sc_median(numbers, count);
}

static void
explain_wait(struct sc_diagnosis *diagnosis, double *numbers)
{
	const struct sc_past_node *node = &diagnosis->run->nodes[diagnosis->slowest];

	diagnosis->took_s = node->first_chunk_s;
	diagnosis->usual_s = wait_of_depth(diagnosis->run, diagnosis->slowest, numbers);
	if (diagnosis->usual_s < diagnosis->took_s - diagnosis->late_s / 2)
		diagnosis->reason = SC_REASON_BEGIN;
	else if (node->tree != 0 && node->tree != SC_NONE)
		diagnosis->reason = SC_REASON_TREE;
	else
		diagnosis->reason = node->depth > 0 ? SC_REASON_DEPTH : SC_REASON_BEGIN;
}

static void
explain_receiving(struct sc_diagnosis *diagnosis)
{
	const struct sc_past_node *node = &diagnosis->run->nodes[diagnosis->slowest];

	if (is_held_by_storage(diagnosis->statistics, diagnosis->slowest)) {
		diagnosis->reason = SC_REASON_STORAGE;
		diagnosis->took_s = phase_s(node, PHASE_STORE);
		diagnosis->usual_s = diagnosis->statistics->usual_backlog_s;
	} else if (diagnosis->brake == diagnosis->slowest) {
		diagnosis->reason = SC_REASON_LINK;
		diagnosis->took_s = diagnosis->brake_lag_s;
	} else if (find_brake_on_way(diagnosis)) {
		diagnosis->reason = SC_REASON_SUPPLIER;
	} else if (find_step_on_way(diagnosis)) {
		diagnosis->reason =
		    diagnosis->culprit == diagnosis->slowest ? SC_REASON_LINK : SC_REASON_SUPPLIER;
	}
}

/* In which phase did the slowest node lose the time?  If none shows it, as the origin receives
 * nothing: in that of receiving. */
static void
explain_late(struct sc_diagnosis *diagnosis, double *numbers)
{
	const struct sc_past_node *node = &diagnosis->run->nodes[diagnosis->slowest];
	enum phase longest = PHASE_RECEIVE;
	double excess_s = diagnosis->late_s / (double)PHASES, early_s = 0;

	for (unsigned i = 0; i < PHASES; i++) {
		double early = early_phase_s(diagnosis->statistics, (enum phase)i, numbers);
		double more_s = phase_s(node, (enum phase)i) - early;

		if (more_s >= excess_s) {
			longest = (enum phase)i;
			excess_s = more_s;
			early_s = early;
		}
	}
	if (longest == PHASE_WAIT) {
		explain_wait(diagnosis, numbers);
	} else if (longest == PHASE_RECEIVE) {
		explain_receiving(diagnosis);
	} else {
		diagnosis->reason = longest == PHASE_STORE ? SC_REASON_STORAGE : SC_REASON_COMMIT;
		diagnosis->took_s = phase_s(node, longest);
		diagnosis->usual_s = early_s;
	}
}

int
sc_diagnosis_find(struct sc_diagnosis *diagnosis, const struct sc_statistics *statistics)
{
	const struct sc_past_run *run = statistics->run;
	double *numbers = calloc((size_t)run->recipients + 1, sizeof(*numbers));

	if (numbers == NULL)
		return -1;
	*diagnosis = (struct sc_diagnosis){
		.run = run,
		.statistics = statistics,
		.slowest = statistics->copies > 0 ? statistics->slowest_first[0] : SC_NONE,
		.reason = SC_REASON_NONE,
		.late_s = NAN,
		.took_s = NAN,
		.usual_s = NAN,
		.culprit = SC_NONE,
		.subfile = SC_NONE,
		.storage_bound = is_backlog(run, statistics->usual_backlog_s),
	};
	find_brake(diagnosis);
	if (diagnosis->slowest != SC_NONE && statistics->copies > 1) {
		diagnosis->late_s = run->nodes[diagnosis->slowest].committed_s -
		    early_phase_s(statistics, PHASE_ALL, numbers);
		if (diagnosis->late_s >= late_part * run->elapsed_s &&
		    diagnosis->late_s >= late_s_min) {
			diagnosis->reason = SC_REASON_UNKNOWN;
			explain_late(diagnosis, numbers);
		}
	}
	free(numbers);
	return 0;
}
