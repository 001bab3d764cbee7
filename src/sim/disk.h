/*
 * The disks of a simulation: queues that are served one after the other, at
 * a rate and with a fixed cost for each operation.
 */
#ifndef SC_SIM_DISK_H
#define SC_SIM_DISK_H

#include "sim/agenda.h"

#include <stdint.h>

enum sc_disk_what { SC_DISK_LOAD, SC_DISK_STORE, SC_DISK_FINISH, SC_DISK_COMMIT };

struct sc_disk_job {
	enum sc_disk_what what;
	uint32_t slot;
	uint32_t chunk;
	uint64_t done_ns;
};

/* Start with an all-zero struct. */
struct sc_disk {
	uint64_t free_ns;         /* when all its jobs will be done */
	struct sc_disk_job *jobs; /* owned; a ring */
	uint32_t capacity;        /* a power of two, or 0 */
	uint32_t first;
	uint32_t count;
};

void sc_disk_free(struct sc_disk *);

/* Have a job done that is asked for at time_ns (not before now) and takes duration_ns.  When it is
 * done, DISK comes out of the agenda with this id. */
void sc_disk_ask(struct sc_disk *, struct sc_agenda *, uint32_t id, uint64_t time_ns,
    uint64_t duration_ns, struct sc_disk_job);

/* Take out the job whose entry has come out of the agenda. */
struct sc_disk_job sc_disk_done(struct sc_disk *, struct sc_agenda *, uint32_t id);

#endif
