/*
 * The network of a simulation: see network.h.
 *
 * A server's virtual time is the number of bytes that it has served of every
 * flow that was never without work.  A flow's head is done when virtual time reaches
 * its finish, which flows that come later can't change.  So a server need not look at its other
 * flows when one comes or goes: it needs only a heap of finishes.
 */
#include "sim/network.h"

#include "base/foresee.h"
#include "base/vector.h"
#include "sim/links.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Virtual times are sums of many roundings; a message that lacks less than
 * this is done. */
static const double tolerance_bytes = 0.01;

struct head {
	double finish;
	uint32_t link;
};

struct server {
	double rate; /* bytes a nanosecond */
	double virtual_bytes;
	double charged_bytes; /* control messages that the next chunk pays for */
	uint64_t at_ns;
	uint64_t posted_ns; /* its entry in the agenda; UINT64_MAX: none */
	struct head *heads; /* a heap */
	uint32_t count;
	uint32_t capacity;
};

struct sc_network {
	struct sc_agenda *agenda;
	struct sc_random *random;
	const struct sc_machine *machine;
	struct sc_network_listener listener;
	uint32_t nodes;
	double latency_ns;
	struct server *servers; /* out and in of each node, then up and down of each rack */
	uint32_t server_count;
	struct sc_links links;
	struct sc_message_flight *messages;
	uint32_t message_count;
	uint32_t message_capacity;
	uint32_t message_free; /* a list through next[0] */
};

static void *
make(size_t count, size_t item_bytes)
{
	void *array = calloc(count + 1, item_bytes);

	if (array == NULL)
		abort();
	return array;
}

double
sc_jitter(struct sc_random *random, const struct sc_machine *machine)
{
	if (machine->jitter <= 0)
		return 1;
	return 1 + machine->jitter * (2 * ldexp((double)(sc_random_next(random) >> 11), -53) - 1);
}

static void
set_rates(struct sc_network *network)
{
	const struct sc_machine *machine = network->machine;
	double link = machine->base.link_bytes_per_s * 1e-9;
	double uplink = machine->uplink_bytes_per_s * 1e-9;

	if (uplink <= 0)
		uplink = link * machine->rack_nodes;
	for (uint32_t i = 0; i < network->server_count; i++)
		network->servers[i].rate = i < 2 * network->nodes ? link : uplink;
	for (uint32_t i = 0; i < machine->slow_count; i++) {
		if (machine->slow[i].node >= network->nodes)
			continue;
		network->servers[2 * machine->slow[i].node].rate = link * machine->slow[i].factor;
		network->servers[2 * machine->slow[i].node + 1].rate =
		    link * machine->slow[i].factor;
	}
}

struct sc_network *
sc_network_new(struct sc_agenda *agenda, struct sc_random *random, const struct sc_machine *machine,
    uint32_t nodes, const struct sc_network_listener *listener)
{
	struct sc_network *network = make(1, sizeof(*network));
	uint32_t racks = machine->rack_nodes == 0 ? 0 : (nodes - 1) / machine->rack_nodes + 1;

	network->agenda = agenda;
	network->random = random;
	network->machine = machine;
	network->listener = *listener;
	network->nodes = nodes;
	network->latency_ns = machine->base.latency_s * 1e9;
	network->server_count = 2 * (nodes + racks);
	network->servers = make(network->server_count, sizeof(*network->servers));
	sc_links_init(&network->links, nodes, machine->rack_nodes);
	network->message_free = SC_LINK_NOTHING;
	for (uint32_t i = 0; i < network->server_count; i++)
		network->servers[i].posted_ns = UINT64_MAX;
	set_rates(network);
	return network;
}

void
sc_network_free(struct sc_network *network)
{
	if (network == NULL)
		return;
	for (uint32_t i = 0; i < network->server_count; i++)
		free(network->servers[i].heads);
	free(network->servers);
	sc_links_free(&network->links);
	free(network->messages);
	free(network);
}

static struct server *
server_of(struct sc_network *network, const struct sc_link *link, enum sc_stage stage)
{
	uint32_t rack = network->machine->rack_nodes;

	switch (stage) {
	case SC_STAGE_OUT:
		return &network->servers[2 * link->from];
	case SC_STAGE_IN:
		return &network->servers[2 * link->to + 1];
	case SC_STAGE_UP:
		return &network->servers[2 * (network->nodes + link->from / rack)];
	default:
		return &network->servers[2 * (network->nodes + link->to / rack) + 1];
	}
}

static enum sc_stage
stage_of(const struct sc_network *network, uint32_t server)
{
	if (server < 2 * network->nodes)
		return server % 2 == 0 ? SC_STAGE_OUT : SC_STAGE_IN;
	return server % 2 == 0 ? SC_STAGE_UP : SC_STAGE_DOWN;
}

static bool
earlier(struct head a, struct head b)
{
	return a.finish < b.finish || (a.finish <= b.finish && a.link < b.link);
}

static void
heads_rise(struct server *server, uint32_t at, struct head head)
{
	while (at > 0 && earlier(head, server->heads[(at - 1) / 2])) {
		server->heads[at] = server->heads[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	server->heads[at] = head;
}

/* Put a head in place of the first one. */
static void
heads_replace(struct server *server, struct head head)
{
	uint32_t at = 0;
	uint32_t child;

	while ((child = 2 * at + 1) < server->count) {
		if (child + 1 < server->count &&
		    earlier(server->heads[child + 1], server->heads[child]))
			child++;
		if (!earlier(server->heads[child], head))
			break;
		server->heads[at] = server->heads[child];
		at = child;
	}
	server->heads[at] = head;
}

/* Bring a server's virtual time up to now. */
static void
advance(const struct sc_network *network, struct server *server)
{
	uint64_t now_ns = network->agenda->now_ns;

	if (server->count > 0)
		server->virtual_bytes +=
		    (double)(now_ns - server->at_ns) * server->rate / server->count;
	server->at_ns = now_ns;
}

/* Post an entry for when the first head will be done, unless there is one that comes earlier: to
 * find then that it is too early costs less than to move it at every change. */
static void
post(struct sc_network *network, struct server *server)
{
	double left_bytes;
	uint64_t done_ns;

	if (server->count == 0)
		return;
	left_bytes = server->heads[0].finish - server->virtual_bytes;
	done_ns = server->at_ns + 1;
	if (left_bytes > 0)
		done_ns = server->at_ns + (uint64_t)ceil(left_bytes * server->count / server->rate);
	if (done_ns >= server->posted_ns)
		return;
	server->posted_ns = done_ns;
	sc_agenda_post(network->agenda, done_ns, SC_AGENDA_SERVER,
	    (uint32_t)(server - network->servers));
}

static void
enter(struct sc_network *network, uint32_t message, enum sc_stage stage)
{
	uint32_t index = network->messages[message].link;
	struct sc_link *link = &network->links.links[index];
	struct server *server = server_of(network, link, stage);
	struct sc_flow *flow = sc_links_flow(&network->links, link, stage);

	network->messages[message].stages++;
	network->messages[message].next[stage] = SC_LINK_NOTHING;
	if (flow->head != SC_LINK_NOTHING) {
		network->messages[flow->tail].next[stage] = message;
		flow->tail = message;
		return;
	}
	advance(network, server);
	flow->head = flow->tail = message;
	flow->finish = server->virtual_bytes + server->charged_bytes +
	    network->messages[message].bytes * sc_jitter(network->random, network->machine);
	server->charged_bytes = 0;
	server->heads = sc_vector_must32(server->heads, server->count + 1, &server->capacity,
	    sizeof(*server->heads));
	heads_rise(server, server->count++, (struct head){flow->finish, index});
	post(network, server);
}

static void
start(struct sc_network *network, uint32_t message)
{
	enter(network, message, SC_STAGE_OUT);
	if (network->links.links[network->messages[message].link].uplink != SC_LINK_NOTHING) {
		enter(network, message, SC_STAGE_UP);
		enter(network, message, SC_STAGE_DOWN);
	}
	enter(network, message, SC_STAGE_IN);
}

/* A server is done with the first of its heads: the flow's next one follows. */
static uint32_t
take_head(struct sc_network *network, struct server *server, enum sc_stage stage)
{
	uint32_t index = server->heads[0].link;
	struct sc_flow *flow = sc_links_flow(&network->links, &network->links.links[index], stage);
	uint32_t message = flow->head;

	flow->head = network->messages[message].next[stage];
	if (flow->head == SC_LINK_NOTHING) {
		server->count--;
		if (server->count > 0)
			heads_replace(server, server->heads[server->count]);
		return message;
	}
	flow->finish += server->charged_bytes +
	    network->messages[flow->head].bytes * sc_jitter(network->random, network->machine);
	server->charged_bytes = 0;
	heads_replace(server, (struct head){flow->finish, index});
	return message;
}

static void
served(struct sc_network *network, uint32_t message, enum sc_stage stage)
{
	struct sc_message_flight copy;
	struct sc_link *link = &network->links.links[network->messages[message].link];
	uint64_t arrival_ns;

	if (--network->messages[message].stages == 0) {
		arrival_ns = network->agenda->now_ns +
		    (uint64_t)(network->latency_ns * sc_jitter(network->random, network->machine));
		if (arrival_ns < link->arrived_ns)
			arrival_ns = link->arrived_ns;
		link->arrived_ns = arrival_ns;
		sc_agenda_post(network->agenda, arrival_ns, SC_AGENDA_ARRIVE, message);
	}
	if (stage == SC_STAGE_OUT) {
		copy = network->messages[message];
		network->listener.sent(network->listener.context, &copy);
	}
}

static void
serve(struct sc_network *network, uint32_t index)
{
	struct server *server = &network->servers[index];
	enum sc_stage stage = stage_of(network, index);

	if (network->agenda->now_ns != server->posted_ns)
		return;
	server->posted_ns = UINT64_MAX;
	advance(network, server);
	while (server->count > 0 &&
	    server->heads[0].finish <= server->virtual_bytes + tolerance_bytes)
		served(network, take_head(network, server, stage), stage);
	post(network, server);
}

void
sc_network_send(struct sc_network *network, const struct sc_message_flight *message,
    uint64_t time_ns)
{
	uint32_t index = network->message_free;

	if (index == SC_LINK_NOTHING) {
		network->messages = sc_vector_must32(network->messages, network->message_count + 1,
		    &network->message_capacity, sizeof(*network->messages));
		index = network->message_count++;
	} else {
		network->message_free = network->messages[index].next[0];
	}
	network->messages[index] = *message;
	network->messages[index].stages = 0;
	network->messages[index].link =
	    sc_links_between(&network->links, message->from, message->to);
	if (time_ns > network->agenda->now_ns)
		sc_agenda_post(network->agenda, time_ns, SC_AGENDA_START, index);
	else
		start(network, index);
}

uint64_t
sc_network_control(struct sc_network *network, uint32_t from, uint32_t to, double bytes,
    uint64_t time_ns)
{
	uint32_t index = sc_links_between(&network->links, from, to);
	struct sc_link *link = &network->links.links[index];
	enum sc_stage last = link->uplink == SC_LINK_NOTHING ? SC_STAGE_IN : SC_STAGE_DOWN;
	double way_ns = network->latency_ns * sc_jitter(network->random, network->machine);
	uint64_t arrival_ns;

	for (enum sc_stage stage = SC_STAGE_OUT; stage <= last; stage++) {
		struct server *server = server_of(network, link, stage);

		server->charged_bytes += bytes;
		/* All servers are passed at once: the last bit waits for the slowest. */
		way_ns =
		    fmax(way_ns, network->latency_ns + bytes * (server->count + 1) / server->rate);
	}
	arrival_ns = time_ns + (uint64_t)way_ns;
	if (arrival_ns < link->control_ns)
		arrival_ns = link->control_ns;
	link->control_ns = arrival_ns;
	return arrival_ns;
}

/* Charge what goes back to the sender of a chunk that has come. */
static void
acknowledge(struct sc_network *network, const struct sc_message_flight *message)
{
	uint32_t index = sc_links_between(&network->links, message->to, message->from);
	const struct sc_link *back = &network->links.links[index];
	enum sc_stage last = back->uplink == SC_LINK_NOTHING ? SC_STAGE_IN : SC_STAGE_DOWN;

	for (enum sc_stage stage = SC_STAGE_OUT; stage <= last; stage++) {
		struct server *server = server_of(network, back, stage);

		if (server->count > 0)
			server->charged_bytes += message->bytes * network->machine->ack_part;
	}
}

void
sc_network_slow(struct sc_network *network, uint32_t node, double factor)
{
	for (uint32_t i = 2 * node; i <= 2 * node + 1; i++) {
		struct server *server = &network->servers[i];

		advance(network, server);
		server->rate = network->machine->base.link_bytes_per_s * 1e-9 * factor;
		post(network, server);
	}
}

void
sc_network_happen(struct sc_network *network, struct sc_agenda_entry entry)
{
	struct sc_message_flight copy;

	switch (entry.kind) {
	case SC_AGENDA_SERVER:
		serve(network, entry.id);
		break;
	case SC_AGENDA_START:
		start(network, entry.id);
		break;
	case SC_AGENDA_ARRIVE:
		copy = network->messages[entry.id];
		network->messages[entry.id].next[0] = network->message_free;
		network->message_free = entry.id;
		if (network->machine->ack_part > 0)
			acknowledge(network, &copy);
		network->listener.arrived(network->listener.context, &copy);
		break;
	default:
		assert(0);
	}
}

static void
foresee_server(struct sc_network *network, uint32_t index, enum sc_agenda_nearness nearness)
{
	const struct server *server = &network->servers[index];
	const struct sc_link *link;

	if (nearness == SC_AGENDA_FAR) {
		sc_foresee(server, sizeof(*server));
		return;
	}
	if (server->count == 0)
		return;
	if (nearness == SC_AGENDA_NEAR) {
		sc_foresee(server->heads, SC_CACHE_LINE_BYTES);
		return;
	}
	link = &network->links.links[server->heads[0].link];
	sc_foresee(link, sizeof(*link));
}

void
sc_network_foresee(struct sc_network *network, struct sc_agenda_entry entry,
    enum sc_agenda_nearness nearness)
{
	const struct sc_message_flight *message;

	if (entry.kind == SC_AGENDA_SERVER) {
		foresee_server(network, entry.id, nearness);
		return;
	}
	message = &network->messages[entry.id];
	if (nearness == SC_AGENDA_FAR) {
		sc_foresee(message, sizeof(*message));
	} else if (nearness == SC_AGENDA_NEAR && entry.kind == SC_AGENDA_START) {
		sc_foresee(&network->links.links[message->link], sizeof(struct sc_link));
		sc_foresee(&network->servers[2 * message->from], sizeof(struct server));
		sc_foresee(&network->servers[2 * message->to + 1], sizeof(struct server));
	}
}

uint32_t
sc_network_concerns(const struct sc_network *network, struct sc_agenda_entry entry)
{
	if (entry.kind == SC_AGENDA_ARRIVE)
		return network->messages[entry.id].to;
	if (entry.kind == SC_AGENDA_SERVER && stage_of(network, entry.id) == SC_STAGE_OUT)
		return entry.id / 2;
	return UINT32_MAX;
}
