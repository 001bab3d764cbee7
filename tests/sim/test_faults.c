/*
 * Faults in the simulator: what each kind does to a small run.
 */
#include "lib/staging.h"
#include "lib/suite.h"

static const uint64_t ms = 1000000;

static void
stage(struct sc_staging *staging, const struct sc_fault *faults, uint32_t count)
{
	CU_ASSERT_EQUAL(sc_staging_run(staging, faults, count), 0);
	CU_ASSERT_TRUE(staging->result.ended);
}

/* A process or a link that is back before the timeout: the node and those behind it are later by
 * that, and no node is lost. */
static void
test_passing(void)
{
	struct sc_fault fault = {
		.node = 3, .trigger = SC_FAULT_AT_TIME, .at = ms, .duration_ns = 50 * ms};
	static const enum sc_fault_kind kinds[] = {SC_FAULT_HANG, SC_FAULT_CUT, SC_FAULT_CUT_PAIR};

	for (int i = 0; i < 3; i++) {
		struct sc_staging staging;

		fault.kind = kinds[i];
		sc_staging_set_up(&staging, 8, 3);
		stage(&staging, &fault, 1);
		CU_ASSERT_EQUAL(sc_sim_status(&staging.config, &staging.result), 0);
		CU_ASSERT_EQUAL(staging.result.failures_named, 0);
		CU_ASSERT_TRUE(staging.result.nodes[3].struck);
		CU_ASSERT(staging.result.nodes[3].committed_ns > 51 * ms);
		CU_ASSERT(staging.result.nodes[3].committed_ns < 60 * ms);
		CU_ASSERT(staging.result.nodes[8].committed_ns > 51 * ms);
		sc_staging_tear_down(&staging);
	}
}

/* For ever: the node is lost, by silence or by the dead-man timer, and no other node is. */
static void
test_for_ever(void)
{
	struct sc_fault fault = {
		.node = 3,
		.trigger = SC_FAULT_AT_TIME,
		.at = ms,
		.duration_ns = SC_FAULT_FOR_EVER,
	};

	for (int i = 0; i < 3; i++) {
		struct sc_staging staging;

		sc_staging_set_up(&staging, 8, 3);
		fault.kind = i == 0 ? SC_FAULT_CUT : SC_FAULT_HANG;
		if (i == 2)
			staging.config.deadman_ns = 30 * ms;
		stage(&staging, &fault, 1);
		CU_ASSERT_EQUAL(sc_sim_status(&staging.config, &staging.result), 3);
		CU_ASSERT_EQUAL(staging.result.failures_named, 1);
		CU_ASSERT_FALSE(staging.result.nodes[3].committed);
		CU_ASSERT_EQUAL(staging.result.nodes[3].ended, i == 2);
		/* A node that hears no other one leaves in the end. */
		CU_ASSERT_EQUAL(staging.result.nodes[3].left, i == 0);
		if (i == 0)
			CU_ASSERT_EQUAL(staging.result.nodes[3].leave, SC_LEAVE_CUT_OFF);
		CU_ASSERT(staging.result.nodes[8].committed_ns > (i == 2 ? 35u : 100u) * ms);
		CU_ASSERT(staging.result.nodes[8].committed_ns < (i == 2 ? 95u : 135u) * ms);
		sc_staging_tear_down(&staging);
	}
}

/* Between two actions of a step, at every one of the first steps of every node. */
static void
test_every_step(void)
{
	for (uint32_t node = 0; node <= 8; node++) {
		for (uint32_t step = 1; step <= 60; step++) {
			struct sc_fault fault = {
				.node = node,
				.kind = SC_FAULT_CRASH,
				.trigger = SC_FAULT_AT_STEP,
				.at = step,
				.actions = step % 5,
			};
			struct sc_staging staging;

			sc_staging_set_up(&staging, 8, 3);
			staging.config.buddy = 6;
			stage(&staging, &fault, 1);
			CU_ASSERT_TRUE(staging.result.nodes[node].ended);
			CU_ASSERT_EQUAL(sc_sim_status(&staging.config, &staging.result), 3);
			CU_ASSERT_EQUAL(staging.result.committed, 8);
			CU_ASSERT_EQUAL(staging.result.leader, node == 0 ? 6 : 0);
			sc_staging_tear_down(&staging);
		}
	}
}

/* The origin is lost, and no other node has the source. */
static void
test_no_source(void)
{
	struct sc_fault fault = {
		.kind = SC_FAULT_CRASH,
		.trigger = SC_FAULT_AT_STORED,
		.at = 20,
		.actions = SC_NONE,
	};
	struct sc_staging staging;

	sc_staging_set_up(&staging, 8, 3);
	stage(&staging, &fault, 1);
	CU_ASSERT_TRUE(staging.result.aborted);
	CU_ASSERT_EQUAL(sc_sim_status(&staging.config, &staging.result), 1);
	CU_ASSERT_EQUAL(staging.result.commits, 0);
	CU_ASSERT_EQUAL(staging.result.leader, 1);
	sc_staging_tear_down(&staging);
}

/* Only the copy is lost: the node goes on relaying. */
static void
test_disks(void)
{
	static const enum sc_fault_kind kinds[] = {
		SC_FAULT_NO_COPY, SC_FAULT_FULL_DISK, SC_FAULT_STUCK_DISK, SC_FAULT_BAD_COMMIT};

	for (int i = 0; i < 4; i++) {
		struct sc_fault fault = {
			.node = 3, .kind = kinds[i], .trigger = SC_FAULT_AT_STORED, .at = 10};
		struct sc_staging staging;

		sc_staging_set_up(&staging, 8, 3);
		staging.config.stall_ns = 40 * ms;
		stage(&staging, &fault, 1);
		CU_ASSERT_EQUAL(sc_sim_status(&staging.config, &staging.result), 3);
		CU_ASSERT_EQUAL(staging.result.committed, 8);
		CU_ASSERT_TRUE(staging.result.nodes[3].copy_failed);
		CU_ASSERT_FALSE(staging.result.nodes[3].renamed);
		CU_ASSERT_EQUAL(staging.result.detours, 0);
		CU_ASSERT_EQUAL(staging.result.nodes[3].bytes_received, 48 * 65536);
		sc_staging_tear_down(&staging);
	}
}

/* Damaged chunks are sent again, and only they. */
static void
test_damage(void)
{
	struct sc_fault fault = {
		.node = 3, .kind = SC_FAULT_DAMAGE, .trigger = SC_FAULT_AT_STORED, .at = 10};

	for (fault.count = 1; fault.count < SC_DAMAGES_MAX; fault.count++) {
		struct sc_staging staging;

		sc_staging_set_up(&staging, 8, 3);
		stage(&staging, &fault, 1);
		CU_ASSERT_EQUAL(sc_sim_status(&staging.config, &staging.result), 0);
		CU_ASSERT_EQUAL(staging.result.nodes[3].bytes_received, (48 + fault.count) * 65536);
		CU_ASSERT_EQUAL(staging.result.nodes[8].bytes_received, 48 * 65536);
		sc_staging_tear_down(&staging);
	}
}

/* Only what an earlier run has not left is sent. */
static void
test_resume(void)
{
	struct sc_bitmap held[9] = {{0}};
	struct sc_staging staging;

	sc_staging_set_up(&staging, 8, 3);
	for (uint32_t i = 0; i <= 8; i++) {
		CU_ASSERT_EQUAL_FATAL(sc_bitmap_init(&held[i], 48), 0);
		for (uint32_t chunk = 0; chunk < 6 * i; chunk++)
			sc_bitmap_add(&held[i], chunk * 7 % 48);
	}
	staging.config.held = held;
	staging.config.open_ns = ms;
	stage(&staging, NULL, 0);
	CU_ASSERT_EQUAL(sc_sim_status(&staging.config, &staging.result), 0);
	for (uint32_t i = 1; i <= 8; i++) {
		CU_ASSERT_EQUAL(staging.result.nodes[i].bytes_received, (48 - 6 * i) * 65536);
		sc_bitmap_free(&held[i]);
	}
	sc_bitmap_free(&held[0]);
	sc_staging_tear_down(&staging);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"a fault that passes costs no node its copy", test_passing},
		{"one that does not pass costs one node its copy", test_for_ever},
		{"a crash at every step", test_every_step},
		{"no node is left that has the source", test_no_source},
		{"disks", test_disks},
		{"damaged chunks", test_damage},
		{"resume", test_resume},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("faults", tests);
}
