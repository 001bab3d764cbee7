/*
 * Other ways to stage a file: see baseline.h.
 */
#include "sim/baseline.h"

#include "sim/disk.h"
#include "sim/network.h"

#include <assert.h>
#include <stdlib.h>

/* sbcast's block size; the others stream, in so many blocks that their ends don't show. */
enum { BLOCK_BYTES = 8 << 20, STREAM_BLOCKS = 64, TREE_WIDTH = 8, ACK_BYTES = 100 };

/* Blocks in flight to one child, so that its link never idles. */
enum { WINDOW = 2 };

struct rules {
	const char *name;
	bool whole;   /* a relay waits for the whole file */
	bool in_turn; /* one child after the other */
	bool barrier; /* block after block */
};

static const struct rules all_rules[SC_BASELINES] = {
	[SC_BASELINE_BINOMIAL] = {.name = "binomial tree", .whole = true, .in_turn = true},
	[SC_BASELINE_UNICAST] = {.name = "independent unicast"},
	[SC_BASELINE_BLOCKS] = {.name = "block tree (as sbcast)", .barrier = true},
};

struct relay {
	struct sc_disk disk; /* of the origin: its source */
	uint32_t held;       /* blocks that are on the disk, in order */
	uint32_t sent;       /* to this one, by its parent */
	uint32_t arrived;
	uint32_t acks; /* of children, for the block that is being acknowledged */
	uint32_t turn; /* the child that is being served */
	uint64_t done_ns;
	uint64_t bytes_sent;
};

struct baseline {
	enum sc_baseline kind;
	struct rules rules;
	const struct sc_machine *machine;
	uint32_t nodes;
	uint64_t size_bytes;
	uint64_t block_bytes;
	uint32_t blocks;
	uint32_t begun; /* blocks that the origin may send */
	struct sc_agenda agenda;
	struct sc_random random;
	struct sc_network *network;
	struct relay *relays;
	uint64_t message_ns;
};

const char *
sc_baseline_name(enum sc_baseline kind)
{
	return all_rules[kind].name;
}

/* A node's child of that index, or SC_NONE. */
static uint32_t
child_of(const struct baseline *baseline, uint32_t node, uint32_t index)
{
	uint64_t child = 0;

	switch (baseline->kind) {
	case SC_BASELINE_BINOMIAL:
		for (child = 1; child <= node; child *= 2)
			continue;
		child = index < 32 ? node + (child << index) : baseline->nodes;
		break;
	case SC_BASELINE_UNICAST:
		child = node == 0 ? index + UINT64_C(1) : baseline->nodes;
		break;
	default:
		child =
		    index < TREE_WIDTH ? (uint64_t)node * TREE_WIDTH + 1 + index : baseline->nodes;
		break;
	}
	return child < baseline->nodes ? (uint32_t)child : SC_NONE;
}

static uint32_t
parent_of(uint32_t node)
{
	return (node - 1) / TREE_WIDTH; /* of a tree of blocks: the others acknowledge nothing */
}

static uint64_t
block_length(const struct baseline *baseline, uint32_t block)
{
	uint64_t begin = block * baseline->block_bytes;
	uint64_t left = baseline->size_bytes - begin;

	return left < baseline->block_bytes ? left : baseline->block_bytes;
}

static void
ask_disk(struct baseline *baseline, uint32_t node, uint32_t block, double bytes_per_s)
{
	struct sc_disk_job job = {.chunk = block};
	double duration_ns = baseline->machine->operation_s * 1e9 +
	    (double)block_length(baseline, block) / bytes_per_s * 1e9;

	sc_disk_ask(&baseline->relays[node].disk, &baseline->agenda, node, baseline->agenda.now_ns,
	    (uint64_t)(duration_ns * sc_jitter(&baseline->random, baseline->machine)), job);
}

/* Send a child what it may have.  True if it has received everything. */
static bool
feed(struct baseline *baseline, uint32_t node, uint32_t child)
{
	struct relay *from = &baseline->relays[node];
	struct relay *to = &baseline->relays[child];
	uint32_t most = from->held;

	if (baseline->rules.whole && node != 0 && most < baseline->blocks)
		most = 0;
	if (baseline->rules.barrier && node == 0 && most > baseline->begun)
		most = baseline->begun;
	while (to->sent < most && to->sent - to->arrived < WINDOW) {
		struct sc_message_flight message = {.from = node, .to = child, .chunk = to->sent};

		message.bytes = (double)block_length(baseline, to->sent++);
		from->bytes_sent += (uint64_t)message.bytes;
		sc_network_send(baseline->network, &message,
		    baseline->agenda.now_ns + baseline->message_ns);
	}
	return to->arrived == baseline->blocks;
}

static void
feed_children(struct baseline *baseline, uint32_t node)
{
	struct relay *relay = &baseline->relays[node];
	uint32_t child;

	if (baseline->rules.in_turn) {
		while ((child = child_of(baseline, node, relay->turn)) != SC_NONE &&
		    feed(baseline, node, child))
			relay->turn++;
		return;
	}
	for (uint32_t i = 0; (child = child_of(baseline, node, i)) != SC_NONE; i++)
		(void)feed(baseline, node, child);
}

/* If a block is on the disk of this node and of all below it, tell the parent; the origin begins
 * the next block. */
static void
acknowledge(struct baseline *baseline, uint32_t node)
{
	struct relay *relay = &baseline->relays[node];
	uint32_t children = 0;

	while (child_of(baseline, node, children) != SC_NONE)
		children++;
	if (relay->held < (node == 0 ? baseline->begun : relay->arrived) || relay->acks < children)
		return;
	relay->acks = 0;
	if (node != 0) {
		uint64_t arrival_ns = sc_network_control(baseline->network, node, parent_of(node),
		    ACK_BYTES, baseline->agenda.now_ns + 2 * baseline->message_ns);

		sc_agenda_post(&baseline->agenda, arrival_ns, SC_AGENDA_CONTROL, parent_of(node));
	} else if (baseline->begun < baseline->blocks) {
		baseline->begun++;
		feed_children(baseline, 0);
	}
}

static void
on_sent(void *context, const struct sc_message_flight *message)
{
	(void)context;
	(void)message;
}

static void
on_arrived(void *context, const struct sc_message_flight *message)
{
	struct baseline *baseline = context;

	baseline->relays[message->to].arrived++;
	ask_disk(baseline, message->to, message->chunk, baseline->machine->base.disk_bytes_per_s);
	if (baseline->rules.in_turn)
		feed_children(baseline, message->from);
	else
		(void)feed(baseline, message->from, message->to);
}

static void
on_disk(struct baseline *baseline, uint32_t node)
{
	struct relay *relay = &baseline->relays[node];

	(void)sc_disk_done(&relay->disk, &baseline->agenda, node);
	if (++relay->held == baseline->blocks)
		relay->done_ns = baseline->agenda.now_ns;
	feed_children(baseline, node);
	if (baseline->rules.barrier && node != 0)
		acknowledge(baseline, node);
}

static void
happen(struct baseline *baseline, struct sc_agenda_entry entry)
{
	switch (entry.kind) {
	case SC_AGENDA_DISK:
		on_disk(baseline, entry.id);
		break;
	case SC_AGENDA_CONTROL:
		baseline->relays[entry.id].acks++;
		acknowledge(baseline, entry.id);
		break;
	default:
		sc_network_happen(baseline->network, entry);
		break;
	}
}

static void
sum_up(const struct baseline *baseline, struct sc_baseline_result *result)
{
	*result = (struct sc_baseline_result){.first_ns = UINT64_MAX};
	result->origin_bytes = baseline->relays[0].bytes_sent;
	for (uint32_t i = 1; i < baseline->nodes; i++) {
		const struct relay *relay = &baseline->relays[i];

		assert(relay->held == baseline->blocks);
		if (relay->done_ns < result->first_ns)
			result->first_ns = relay->done_ns;
		if (relay->done_ns > result->last_ns)
			result->last_ns = relay->done_ns;
		if (relay->bytes_sent > result->relay_bytes)
			result->relay_bytes = relay->bytes_sent;
	}
}

void
sc_baseline_run(enum sc_baseline kind, uint32_t recipients, uint64_t size_bytes,
    const struct sc_machine *machine, uint64_t seed, struct sc_baseline_result *result)
{
	struct baseline baseline = {
		.kind = kind,
		.rules = all_rules[kind],
		.machine = machine,
		.nodes = recipients + 1,
		.size_bytes = size_bytes,
		.begun = 1,
		.random = {.state = seed},
		.message_ns = (uint64_t)(machine->base.message_s * 1e9),
	};
	struct sc_network_listener listener = {
		.context = &baseline, .sent = on_sent, .arrived = on_arrived};

	baseline.block_bytes =
	    kind == SC_BASELINE_BLOCKS ? BLOCK_BYTES : size_bytes / STREAM_BLOCKS + 1;
	baseline.blocks =
	    (uint32_t)((size_bytes + baseline.block_bytes - 1) / baseline.block_bytes);
	baseline.relays = calloc(baseline.nodes, sizeof(*baseline.relays));
	if (baseline.relays == NULL)
		abort();
	baseline.network =
	    sc_network_new(&baseline.agenda, &baseline.random, machine, baseline.nodes, &listener);
	for (uint32_t i = 0; i < baseline.blocks; i++)
		ask_disk(&baseline, 0, i, machine->base.source_bytes_per_s);
	while (baseline.agenda.heap.count > 0)
		happen(&baseline, sc_agenda_next(&baseline.agenda));
	sum_up(&baseline, result);
	for (uint32_t i = 0; i < baseline.nodes; i++)
		sc_disk_free(&baseline.relays[i].disk);
	free(baseline.relays);
	sc_network_free(baseline.network);
	sc_agenda_free(&baseline.agenda);
}
