/*
 * The names of hosts: see hosts.h.
 */
#include "stage/prepare/hosts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Rank 0: one after the other, each with its end. */
static size_t
pack(const struct sc_census_entry *entries, const uint32_t *ranks, uint32_t count, char *bytes)
{
	size_t length = 0;

	for (uint32_t i = 0; i < count; i++) {
		size_t name_bytes = strnlen(entries[ranks[i]].host, SC_HOST_BYTES - 1) + 1;

		if (bytes != NULL) {
			memcpy(bytes + length, entries[ranks[i]].host, name_bytes);
			bytes[length + name_bytes - 1] = '\0';
		}
		length += name_bytes;
	}
	return length;
}

static void
find_names(struct sc_hosts *hosts, uint64_t length)
{
	const char *name = hosts->bytes;

	for (uint32_t i = 0; i < hosts->count; i++) {
		assert(name < hosts->bytes + length);
		hosts->names[i] = name;
		name += strlen(name) + 1;
	}
	(void)length;
}

int
sc_hosts_share(struct sc_hosts *hosts, const struct sc_world *world,
    const struct sc_census_entry *entries, const uint32_t *ranks, uint32_t count,
    struct sc_error *err)
{
	uint64_t length = 0;

	*hosts = (struct sc_hosts){.count = count};
	if (world->rank == 0)
		length = pack(entries, ranks, count, NULL);
	if (sc_world_broadcast(&length, sizeof(length), err) != 0)
		return -1;
	hosts->bytes = malloc(length + 1);
	hosts->names = malloc((count + 1) * sizeof(*hosts->names));
	if (hosts->bytes == NULL || hosts->names == NULL) {
		sc_hosts_free(hosts);
		return sc_fail(err, 0, "no memory for the names of %u hosts", count);
	}
	if (world->rank == 0)
		(void)pack(entries, ranks, count, hosts->bytes);
	if (sc_world_broadcast(hosts->bytes, length, err) != 0) {
		sc_hosts_free(hosts);
		return -1;
	}
	find_names(hosts, length);
	return 0;
}

void
sc_hosts_free(struct sc_hosts *hosts)
{
	free(hosts->names);
	free(hosts->bytes);
	*hosts = (struct sc_hosts){0};
}
