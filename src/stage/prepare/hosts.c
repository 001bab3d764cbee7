/*
 * The names of hosts: see hosts.h.
 */
#include "stage/prepare/hosts.h"

#include "fabric/world.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int
sc_hosts_share(struct sc_hosts *hosts, const struct sc_census *census,
    const struct sc_census_entry *entries, struct sc_error *err)
{
	uint64_t length = 0;
	char *name;

	hosts->names = malloc(census->nodes * sizeof(*hosts->names));
	hosts->bytes = malloc((size_t)census->nodes * SC_HOST_BYTES); /* mostly never touched */
	if (hosts->bytes == NULL || hosts->names == NULL) {
		sc_hosts_free(hosts);
		return sc_fail(err, 0, "no memory for the names of %u hosts", census->nodes);
	}
	for (uint32_t i = 0; entries != NULL && i < census->nodes; i++) {
		const char *host = entries[census->ranks[i]].host;
		size_t bytes = strnlen(host, SC_HOST_BYTES - 1);

		memcpy(hosts->bytes + length, host, bytes);
		hosts->bytes[length + bytes] = '\0';
		length += bytes + 1;
	}
	if (sc_world_broadcast(&length, sizeof(length), err) != 0 ||
	    sc_world_broadcast(hosts->bytes, length, err) != 0) {
		sc_hosts_free(hosts);
		return -1;
	}
	name = hosts->bytes;
	for (uint32_t i = 0; i < census->nodes; i++) {
		assert(name < hosts->bytes + length);
		hosts->names[i] = name;
		name += strlen(name) + 1;
	}
	return 0;
}

void
sc_hosts_free(struct sc_hosts *hosts)
{
	free(hosts->names);
	free(hosts->bytes);
	*hosts = (struct sc_hosts){0};
}
