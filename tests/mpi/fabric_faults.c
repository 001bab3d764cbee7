/*
 * One rank of a test of the fabric under faults: tests/mpi/fabric_faults.sh runs it.
 *
 *     fabric_faults SCENARIO MESSAGE-BYTES
 *
 * Every node keeps receives posted and sends under way with every other one.  Then something
 * happens to the last node, the victim, and the others compare all that the fabric tells them with
 * what it promises.  Each prints "ok" if the promises are kept, and ends at once with a sentence if
 * they are not.  No node sleeps to hit a moment: one that stops says so before.
 */
#include "base/clock.h"
#include "base/limits.h"
#include "fabric/fabric.h"
#include "fabric/world.h"
#include "file/slots.h"
#include "mpi/tree_faults.h"
#include "mpi/withdraw.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NODES_MAX = 8, WINDOW = 2, SLOTS_A_PEER = 2 * WINDOW };

/* Chunks that the victim takes from node 0 before it happens, and that every survivor takes
 * from every other one after it. */
enum { CHUNKS_BEFORE = 6, CHUNKS_AFTER = 12 };

/* Polls after which all that was under way with the victim has ended. */
enum { POLLS_AFTER_FORGET = 1, POLLS_AFTER_FAILURE = 2 };

/* What a process needs to stop once it has said that it will. */
static const uint64_t stopping_ns = 200 * 1000 * 1000;

/* The words of control messages. */
enum word {
	CREDIT = 1,
	I_STOP,    /* the victim, to all */
	I_AM_BACK, /* the same */
	YOU_ARE_OUT,
	DONE,  /* to node 0: all slots are back, and all survivors go on */
	HEARD, /* to node 0: of what the victim did after that */
	LEAVE, /* node 0, to all */
	BYE,
};

enum slot_state { FREE, RECEIVING, SENDING };

static struct {
	const char *scenario;
	struct sc_world world;
	struct sc_slots slots;
	struct sc_fabric *fabric;
	uint32_t nodes;
	uint32_t self;
	uint32_t victim;
	uint32_t ranks[NODES_MAX];
	pid_t pids[NODES_MAX];
	enum slot_state states[NODES_MAX * SLOTS_A_PEER];
	uint32_t credits[NODES_MAX];
	uint32_t received[NODES_MAX];
	uint32_t sent[NODES_MAX];
	uint32_t wanted[NODES_MAX]; /* of received, before this node is done */
	uint32_t renewed;
	uint32_t failures; /* that were told */
	uint64_t stops_ns; /* when the victim said that it stops */
	int polls_left;    /* until all slots must be back; -1: nothing has happened yet */
	bool victim_is_out;
	bool is_back; /* the victim said so */
	bool told_done;
	bool told_heard;
	uint32_t done;
	uint32_t heard;
	uint32_t byes;
	uint32_t outs;
	bool leaving;
} my;

static void
must(bool holds, const char *what, struct sc_error *err)
{
	if (holds)
		return;
	fprintf(stderr, "node %u: %s%s%s\n", my.self, what, err == NULL ? "" : ": ",
	    err == NULL ? "" : err->text);
	sc_world_exit(1);
}

/* It took too long: say what this node waits for. */
static void
give_up(int signal_number)
{
	(void)signal_number;
	fprintf(stderr,
	    "node %u hangs: out %d, polls left %d, back %d, done %d %u, heard %d %u, "
	    "outs %u, byes %u, leaving %d, failures %u; chunks %u %u %u %u %u\n",
	    my.self, my.victim_is_out, my.polls_left, my.is_back, my.told_done, my.done,
	    my.told_heard, my.heard, my.outs, my.byes, my.leaving, my.failures, my.received[0],
	    my.received[1], my.received[2], my.received[3], my.received[4]);
	_exit(1);
}

static uint8_t *
message(void *slots, uint32_t slot)
{
	return sc_slots_message(slots, slot);
}

static int
renew(void *slots, uint32_t slot, size_t kept_bytes, struct sc_error *err)
{
	my.renewed++;
	return sc_slots_renew(slots, slot, kept_bytes, err);
}

static uint32_t
slot_of(uint32_t peer, uint32_t place)
{
	return peer * SLOTS_A_PEER + place;
}

static void
say(uint32_t peer, enum word word)
{
	uint8_t byte = (uint8_t)word;
	struct sc_error err;

	must(sc_fabric_control(my.fabric, peer, &byte, 1, &err) == 0, "control", &err);
}

static void
say_to_all(enum word word)
{
	for (uint32_t i = 0; i < my.nodes; i++) {
		if (i != my.self)
			say(i, word);
	}
}

static void
receive(uint32_t slot)
{
	struct sc_error err;

	must(my.states[slot] == FREE, "a slot to receive into is not free", NULL);
	my.states[slot] = RECEIVING;
	must(sc_fabric_receive(my.fabric, slot, slot / SLOTS_A_PEER, my.self, &err) == 0, "receive",
	    &err);
}

static void
send_chunk(uint32_t slot)
{
	uint32_t peer = slot / SLOTS_A_PEER;
	struct sc_error err;

	must(my.states[slot] == FREE, "a slot to send from is not free", NULL);
	my.states[slot] = SENDING;
	memset(sc_slots_payload(&my.slots, slot), (int)my.sent[peer] + 1, my.slots.chunk_bytes);
	sc_slots_seal(&my.slots, slot, my.sent[peer]++, my.slots.chunk_bytes, false);
	must(sc_fabric_send(my.fabric, slot, sc_slots_message_bytes(&my.slots, slot), peer, peer,
		 &err) == 0,
	    "send", &err);
}

static void
send_for_credits(uint32_t peer)
{
	for (uint32_t i = WINDOW; i < SLOTS_A_PEER && my.credits[peer] > 0 && !my.leaving; i++) {
		if (my.states[slot_of(peer, i)] != FREE || (peer == my.victim && my.victim_is_out))
			continue;
		my.credits[peer]--;
		send_chunk(slot_of(peer, i));
	}
}

/* From here on nothing is to be had from the victim, and the others go on. */
static void
be_without_victim(int polls)
{
	struct sc_error err;

	my.victim_is_out = true;
	must(sc_fabric_forget(my.fabric, my.victim, &err) == 0, "forget", &err);
	if (my.polls_left >= 0)
		return;
	my.polls_left = polls;
	for (uint32_t i = 0; i < my.nodes; i++)
		my.wanted[i] = my.received[i] + CHUNKS_AFTER;
}

static void
on_arrival(const struct sc_fabric_event *event)
{
	uint32_t peer = event->peer;
	struct sc_chunk_header header;

	must(my.states[event->slot] == RECEIVING, "a chunk in a slot that receives nothing", NULL);
	must(event->slot / SLOTS_A_PEER == peer, "a chunk in another peer's slot", NULL);
	must(peer != my.victim || !my.victim_is_out, "a chunk of a forgotten peer", NULL);
	must(sc_slots_check(&my.slots, event->slot, event->length, &header), "a damaged chunk",
	    NULL);
	must(header.chunk == my.received[peer], "not the next chunk", NULL);
	my.received[peer]++;
	my.states[event->slot] = FREE;
	if (my.leaving)
		return;
	receive(event->slot);
	say(peer, CREDIT);
}

static void
on_end(const struct sc_fabric_event *event, enum slot_state state)
{
	must(my.states[event->slot] == state, "the end of what was not under way", NULL);
	must(event->slot / SLOTS_A_PEER == event->peer, "the end of another peer's", NULL);
	must(state == SENDING || my.leaving || (event->peer == my.victim && my.victim_is_out),
	    "a receive from a peer that lives has ended", NULL);
	my.states[event->slot] = FREE;
	send_for_credits(event->peer);
}

static void
on_control(const struct sc_fabric_event *event)
{
	switch ((enum word)event->bytes[0]) {
	case CREDIT:
		my.credits[event->peer]++;
		send_for_credits(event->peer);
		break;
	case I_STOP:
		my.stops_ns = sc_clock_now_ns();
		break;
	case I_AM_BACK:
		my.is_back = true;
		say(event->peer, YOU_ARE_OUT);
		break;
	case YOU_ARE_OUT:
		my.outs++;
		break;
	case DONE:
		my.done++;
		break;
	case HEARD:
		my.heard++;
		break;
	case LEAVE:
		my.leaving = true;
		break;
	case BYE:
		my.byes++;
		break;
	}
}

static void
on_failure(const struct sc_fabric_event *event)
{
	if (my.leaving || my.self == my.victim)
		return; /* a node that leaves early fails */
	if (event->peer != my.victim)
		fprintf(stderr, "node %u: node %u has failed\n", my.self, event->peer);
	must(event->peer == my.victim, "another node has failed", NULL);
	must(event->cause != NULL, "a failure without a cause", NULL);
	my.failures++;
	must(my.failures == 1, "a failure is told twice", NULL);
	be_without_victim(POLLS_AFTER_FAILURE);
}

/* A turn of the run loop; returns the number of events. */
static int
turn(void)
{
	const struct sc_fabric_event *events;
	struct sc_error err;
	int count = sc_fabric_poll(my.fabric, &events, &err);

	must(count >= 0, "poll", &err);
	for (int i = 0; i < count; i++) {
		must(events[i].peer < my.nodes && events[i].peer != my.self,
		    "an event of an unknown peer", NULL);
		switch (events[i].what) {
		case SC_FABRIC_ARRIVED:
			on_arrival(&events[i]);
			break;
		case SC_FABRIC_RECEIVE_ENDED:
			on_end(&events[i], RECEIVING);
			break;
		case SC_FABRIC_SENT:
			on_end(&events[i], SENDING);
			break;
		case SC_FABRIC_CONTROL:
			on_control(&events[i]);
			break;
		case SC_FABRIC_FAILED:
			on_failure(&events[i]);
			break;
		}
	}
	if (count == 0)
		sc_clock_sleep_ns(50 * 1000);
	return count;
}

static void
slots_must_be_back(void)
{
	for (uint32_t i = 0; i < SLOTS_A_PEER; i++)
		must(my.states[slot_of(my.victim, i)] == FREE, "a slot is not back", NULL);
}

/* What is asked of a forgotten peer ends as well, once. */
static void
ask_in_vain(void)
{
	uint32_t in = slot_of(my.victim, 0);
	uint32_t out = slot_of(my.victim, WINDOW);

	receive(in);
	send_chunk(out);
	say(my.victim, YOU_ARE_OUT);
	turn();
	must(my.states[in] == FREE && my.states[out] == FREE,
	    "what was asked of a forgotten peer goes on", NULL);
}

static bool
survivors_go_on(void)
{
	for (uint32_t i = 0; i < my.nodes; i++) {
		if (i != my.self && i != my.victim && my.received[i] < my.wanted[i])
			return false;
	}
	return true;
}

/* Has this node seen what the victim did after it was forgotten? */
static bool
has_heard(void)
{
	if (strcmp(my.scenario, "stopped") == 0)
		return my.is_back;
	return my.failures == 1;
}

/* What a survivor does between two turns. */
static void
survive(void)
{
	if (my.polls_left < 0 && my.stops_ns != 0 &&
	    sc_clock_now_ns() - my.stops_ns > stopping_ns) {
		be_without_victim(POLLS_AFTER_FORGET);
	} else if (my.polls_left > 0 && --my.polls_left == 0) {
		slots_must_be_back();
		ask_in_vain();
	}
	if (my.polls_left == 0 && !my.told_done && survivors_go_on()) {
		my.told_done = true;
		my.done++;
		if (my.self != 0)
			say(0, DONE);
	}
	if (my.told_done && !my.told_heard && has_heard()) {
		my.told_heard = true;
		my.heard++;
		if (my.self != 0)
			say(0, HEARD);
	}
}

/* Node 0: what comes next, for all. */
static void
lead(void)
{
	static uint64_t acted_ns;
	uint32_t survivors = my.nodes - 1;

	if (my.done == survivors && sc_clock_now_ns() - acted_ns > stopping_ns) {
		/* More than once: if it stops only now, it shall go on. */
		if (strcmp(my.scenario, "stopped") == 0)
			(void)kill(my.pids[my.victim], SIGCONT);
		else if (strcmp(my.scenario, "stopped-killed") == 0)
			(void)kill(my.pids[my.victim], SIGKILL);
		acted_ns = sc_clock_now_ns();
	}
	if (acted_ns != 0 && my.heard == survivors && !my.leaving) {
		my.leaving = true;
		for (uint32_t i = 1; i < my.victim; i++)
			say(i, LEAVE);
	}
}

static void
live_on(void)
{
	while (!my.leaving) {
		turn();
		survive();
		if (my.self == 0)
			lead();
	}
	slots_must_be_back();
	if (my.self != 0)
		say(0, BYE);
	for (uint64_t end_ns = sc_clock_now_ns() + stopping_ns; sc_clock_now_ns() < end_ns;)
		turn();
	while (my.self == 0 && my.byes < my.nodes - 2)
		turn();
	printf("node %u: ok, %u slots renewed\n", my.self, my.renewed);
	fflush(stdout);
	if (my.self == 0)
		sc_clock_sleep_ns(stopping_ns); /* the last one */
	sc_world_exit(0);
}

/* Then it is connected to all nodes, and its last messages arrive. */
static bool
all_have_sent(void)
{
	for (uint32_t i = 0; i < my.nodes; i++) {
		if (i != my.self && my.received[i] < CHUNKS_BEFORE)
			return false;
	}
	return true;
}

static void
be_victim(void)
{
	while (!all_have_sent())
		turn();
	if (strcmp(my.scenario, "killed") == 0)
		raise(SIGKILL);
	say_to_all(I_STOP);
	for (int i = 0; i < 100; i++)
		turn();
	raise(SIGSTOP);
	say_to_all(I_AM_BACK);
	while (my.outs < my.nodes - 1)
		turn();
	printf("node %u: ok, it is out\n", my.self);
	fflush(stdout);
	sc_world_exit(0);
}

static void
exchange(void)
{
	for (uint32_t peer = 0; peer < my.nodes; peer++) {
		for (uint32_t i = 0; i < WINDOW && peer != my.self; i++) {
			receive(slot_of(peer, i));
			say(peer, CREDIT);
		}
	}
	if (my.self == my.victim)
		be_victim();
	else
		live_on();
}

static void
start(int *argc, char ***argv)
{
	struct sc_error err;
	uint32_t message_bytes = (uint32_t)strtoul((*argv)[2], NULL, 10);
	pid_t pid = getpid();
	struct sc_fabric_config config = {.memory = {&my.slots, message, renew}};

	my.scenario = (*argv)[1];
	my.polls_left = -1;
	must(sc_world_start(&my.world, argc, argv, &err) == 0, "start", &err);
	must(my.world.size > 2 && my.world.size <= NODES_MAX, "this takes 3 to 8 ranks", NULL);
	my.self = my.world.rank;
	my.nodes = my.world.size;
	my.victim = my.nodes - 1;
	must(sc_world_gather(&pid, sizeof(pid), my.pids, &err) == 0 &&
		sc_world_broadcast(my.pids, my.nodes * sizeof(pid), &err) == 0,
	    "pids", &err);
	must(sc_slots_init(&my.slots, my.nodes * SLOTS_A_PEER,
		 message_bytes - SC_CHUNK_HEADER_BYTES, &err) == 0,
	    "slots", &err);
	for (uint32_t i = 0; i < my.nodes; i++)
		my.ranks[i] = i;
	config.peer_count = my.nodes - 1;
	config.ranks = my.ranks;
	config.nodes = config.world_size = my.nodes;
	config.self = my.self;
	config.message_bytes = message_bytes;
	must(sc_fabric_open(&my.fabric, &config, &err) == 0, "open", &err);
}

int
main(int argc, char **argv)
{
	if (argc == 2)
		return sc_tree_faults(argv[1], argc, argv);
	if (argc != 3) {
		fputs("usage: fabric_faults SCENARIO [MESSAGE-BYTES]\n", stderr);
		return 2;
	}
	(void)signal(SIGALRM, give_up);
	(void)alarm(100);
	start(&argc, &argv);
	if (strcmp(my.scenario, "withdrawn") == 0)
		sc_withdraw_test(my.fabric, &my.slots, my.self, my.nodes);
	else
		exchange();
	return 0;
}
