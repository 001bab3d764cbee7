/*
 * The disks of a simulation: see disk.h.
 */
#include "sim/disk.h"

#include <assert.h>
#include <stdlib.h>

void
sc_disk_free(struct sc_disk *disk)
{
	free(disk->jobs);
	*disk = (struct sc_disk){0};
}

static void
grow(struct sc_disk *disk)
{
	uint32_t capacity = disk->capacity == 0 ? 4 : 2 * disk->capacity;
	struct sc_disk_job *jobs = malloc(capacity * sizeof(*jobs));

	if (jobs == NULL)
		abort();
	for (uint32_t i = 0; i < disk->count; i++)
		jobs[i] = disk->jobs[(disk->first + i) & (disk->capacity - 1)];
	free(disk->jobs);
	disk->jobs = jobs;
	disk->capacity = capacity;
	disk->first = 0;
}

void
sc_disk_ask(struct sc_disk *disk, struct sc_agenda *agenda, uint32_t id, uint64_t time_ns,
    uint64_t duration_ns, struct sc_disk_job job)
{
	if (disk->count == disk->capacity)
		grow(disk);
	if (disk->free_ns < time_ns)
		disk->free_ns = time_ns;
	disk->free_ns += duration_ns;
	job.done_ns = disk->free_ns;
	disk->jobs[(disk->first + disk->count++) & (disk->capacity - 1)] = job;
	if (disk->count == 1)
		sc_agenda_post(agenda, job.done_ns, SC_AGENDA_DISK, id);
}

struct sc_disk_job
sc_disk_done(struct sc_disk *disk, struct sc_agenda *agenda, uint32_t id)
{
	struct sc_disk_job job;

	assert(disk->count > 0);
	job = disk->jobs[disk->first];
	assert(job.done_ns == agenda->now_ns);
	disk->first = (disk->first + 1) & (disk->capacity - 1);
	disk->count--;
	if (disk->count > 0)
		sc_agenda_post(agenda, disk->jobs[disk->first].done_ns, SC_AGENDA_DISK, id);
	return job;
}
