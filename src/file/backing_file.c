/*
 * One regular file: its chunks grow in the part file, see backing.h.
 */
#include "beneath/system.h"
#include "file/attributes.h"
#include "file/backing.h"
#include "file/disk.h"
#include "file/sink.h"
#include "file/transfer.h"
#include "file/verify.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct file_backing {
	struct sc_backing base;
	struct sc_source_facts facts;
	bool force;
	bool preserve;
	bool sparse; /* the source has holes */
	bool fresh;  /* where nothing was stored, the part file reads as zeros */
};

static struct file_backing *
file_of(struct sc_backing *base)
{
	return (struct file_backing *)base;
}

/* Give the part file its size, and reserve the space for it if the source has no holes.  With
 * holes only look if there is enough. */
static int
begin(struct sc_backing *base, const struct sc_bitmap *held, struct sc_error *err)
{
	struct file_backing *file = file_of(base);
	const struct sc_growing *part = &base->part;
	uint64_t size = file->facts.size_bytes;
	uint64_t needed = file->sparse ? file->facts.allocated_bytes : size;
	struct sc_disk_free available;
	uint64_t taken;
	struct stat st;

	file->fresh = held->count == 0;
	if (sc_disk_free(part->fd, &available) != 0 || fstat(part->fd, &st) != 0)
		return sc_fail(err, errno, "cannot learn how much space there is for %s",
		    part->dest);
	taken = (uint64_t)st.st_blocks * 512; /* by an earlier run */
	needed = needed > taken ? needed - taken : 0;
	if (needed > available.bytes)
		return sc_disk_fail_space(part->dest, needed, available.bytes, err);
	if (ftruncate(part->fd, (off_t)size) != 0)
		return sc_fail(err, errno, "cannot make the part file of %s as large as it is",
		    part->dest);
	if (file->sparse || size == 0 || sc_system_reserve(part->fd, size) == 0 ||
	    errno == EOPNOTSUPP)
		return 0;
	if (errno == ENOSPC)
		return sc_disk_fail_space(part->dest, needed, available.bytes, err);
	return sc_fail(err, errno, "cannot reserve the space for %s", part->dest);
}

static int
empty(struct sc_backing *base)
{
	return ftruncate(base->part.fd, 0);
}

/* Remove what an earlier run left at a chunk that is not written as a whole. */
static int
clear(const struct file_backing *file, uint64_t offset, uint32_t length)
{
	if (file->sparse && sc_system_punch(file->base.part.fd, offset, length) == 0)
		return 0;
	return sc_write_zeros_at(file->base.part.fd, length, offset);
}

static int
store(struct sc_backing *base, const uint8_t *bytes, uint32_t length, uint64_t offset,
    struct sc_error *err)
{
	struct file_backing *file = file_of(base);
	int rc = 0;

	/* What isn't written reads as zeros. */
	if (!file->fresh && (bytes == NULL || file->sparse))
		rc = clear(file, offset, length);
	if (rc == 0 && bytes != NULL && file->sparse)
		rc = sc_write_sparse_at(base->part.fd, bytes, length, offset);
	else if (rc == 0 && bytes != NULL)
		rc = sc_write_at(base->part.fd, bytes, length, offset);
	if (rc != 0)
		return sc_fail(err, errno, "cannot write %s", base->part.dest);
	return 0;
}

static ssize_t
read_back(struct sc_backing *base, void *bytes, size_t length, uint64_t offset)
{
	return sc_read_at(base->part.fd, bytes, length, offset);
}

static int
sync_part(struct sc_backing *base)
{
	return fsync(base->part.fd);
}

static int
verify(struct sc_backing *base, struct sc_digest *whole)
{
	const struct sc_growing *part = &base->part;

	return sc_verify_read(part->fd, part->dir_fd, part->temporary,
	    file_of(base)->facts.size_bytes, whole);
}

static int
finish(struct sc_backing *base, struct sc_error *err)
{
	const struct file_backing *file = file_of(base);

	return sc_attributes_give(base->part.fd, base->part.dest, &file->facts, file->preserve,
	    err);
}

static int
publish(struct sc_backing *base, bool *published, struct sc_error *err)
{
	return sc_part_publish(&base->part, file_of(base)->force, published, err);
}

static void
close_file(struct sc_backing *base, bool keep)
{
	sc_part_close(&base->part, keep);
	free(base);
}

int
sc_backing_open_file(struct sc_backing **out, const char *dest, const struct sc_source_facts *facts,
    uint32_t chunk_bytes, const struct sc_sink_options *options, struct sc_error *err)
{
	static const struct sc_backing_ops ops = {
		.empty = empty,
		.begin = begin,
		.store = store,
		.read = read_back,
		.sync = sync_part,
		.verify = verify,
		.finish = finish,
		.publish = publish,
		.close = close_file,
	};
	const struct sc_part_options part_options = {
		.force = options->force,
		.resume = options->resume,
		.owner = options->preserve ? facts->uid : geteuid(),
		.directory = options->directory,
	};
	struct file_backing *file = calloc(1, sizeof(*file));

	(void)chunk_bytes; /* of any size */
	*out = NULL;
	if (file == NULL)
		return sc_fail(err, ENOMEM, "cannot write %s", dest);
	file->base.ops = &ops;
	file->facts = *facts;
	file->force = options->force;
	file->preserve = options->preserve;
	file->sparse = facts->allocated_bytes < facts->size_bytes;
	if (sc_part_open(&file->base.part, dest, &part_options, err) != 0) {
		free(file);
		return -1;
	}
	*out = &file->base;
	return 0;
}
