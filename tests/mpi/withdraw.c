/*
 * Withdrawing receives: see withdraw.h.
 */
#include "mpi/withdraw.h"

#include "fabric/world.h"

#include <stdbool.h>
#include <stdio.h>

static void
must(bool holds, const char *what, struct sc_error *err)
{
	if (holds)
		return;
	fprintf(stderr, "%s%s%s\n", what, err == NULL ? "" : ": ", err == NULL ? "" : err->text);
	sc_world_exit(1);
}

/* Wait for one event; more than one of a poll are kept for the next calls. */
static struct sc_fabric_event
next_event(struct sc_fabric *fabric)
{
	static const struct sc_fabric_event *events;
	static int left;
	struct sc_error err;

	while (left == 0) {
		left = sc_fabric_poll(fabric, &events, &err);
		must(left >= 0, "poll", &err);
	}
	left--;
	return *events++;
}

/* Of two receives from the next node one is withdrawn, and the other goes on. */
void
sc_withdraw_test(struct sc_fabric *fabric, struct sc_slots *slots, uint32_t self, uint32_t nodes)
{
	uint32_t from = (self + 1) % nodes;
	uint32_t to = (self + nodes - 1) % nodes;
	struct sc_fabric_event event;
	struct sc_error err;
	uint8_t ready = 1;
	bool asked = false, arrived = false, sent = false, ended = false;

	must(sc_fabric_receive(fabric, 0, from, 7, &err) == 0, "receive", &err);
	must(sc_fabric_receive(fabric, 1, from, 8, &err) == 0, "receive", &err);
	must(sc_fabric_withdraw(fabric, from, 7, &err) == 0, "withdraw", &err);
	must(sc_fabric_withdraw(fabric, from, 7, &err) == 0, "withdraw again", &err);
	must(sc_fabric_control(fabric, from, &ready, 1, &err) == 0, "control", &err);
	while (!asked || !arrived || !sent || !ended) {
		event = next_event(fabric);
		switch (event.what) {
		case SC_FABRIC_CONTROL:
			must(event.peer == to && !asked, "not asked by the node that I send to",
			    NULL);
			asked = true;
			sc_slots_seal(slots, 2, 1, slots->chunk_bytes, false);
			must(sc_fabric_send(fabric, 2, sc_slots_message_bytes(slots, 2), to, 8,
				 &err) == 0,
			    "send", &err);
			break;
		case SC_FABRIC_RECEIVE_ENDED:
			must(event.peer == from && event.subfile == 7 && event.slot == 0 && !ended,
			    "not the end of what was withdrawn", NULL);
			ended = true;
			break;
		case SC_FABRIC_ARRIVED:
			must(event.peer == from && event.subfile == 8 && event.slot == 1,
			    "not what was not withdrawn", NULL);
			arrived = true;
			break;
		case SC_FABRIC_SENT:
			sent = true;
			break;
		case SC_FABRIC_FAILED:
			must(false, "no node has failed", NULL);
		}
	}
	must(sc_fabric_close(fabric, &err) == 0, "close", &err);
	sc_slots_free(slots);
	printf("node %u: ok\n", self);
	fflush(stdout);
	must(sc_world_finish(0, &err) == 0, "finish", &err);
}
