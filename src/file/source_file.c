/*
 * One regular file as a stream: see source.h.
 */
#include "beneath/system.h"
#include "file/source.h"
#include "file/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct file_stream {
	int fd;
	char *path;
	struct stat opened;

	/* The last answer about holes: from asked to data is one, and from data to end is none.
	 * One search serves all chunks up to end. */
	bool has_holes;
	uint64_t asked;
	uint64_t data;
	uint64_t end;
};

static const char *
kind_name(mode_t mode)
{
	if (S_ISDIR(mode))
		return "a directory";
	if (S_ISFIFO(mode))
		return "a named pipe";
	return "not a regular file";
}

static void
fill_facts(const struct stat *st, struct sc_source_facts *facts)
{
	*facts = (struct sc_source_facts){
		.size_bytes = (uint64_t)st->st_size,
		.allocated_bytes = (uint64_t)st->st_blocks * 512,
		.mtime_s = st->st_mtim.tv_sec,
		.atime_s = st->st_atim.tv_sec,
		.mtime_ns = (uint32_t)st->st_mtim.tv_nsec,
		.atime_ns = (uint32_t)st->st_atim.tv_nsec,
		.mode = st->st_mode & 07777,
		.uid = st->st_uid,
		.gid = st->st_gid,
	};
}

/* Is there nothing but a hole? */
static bool
is_hole(struct file_stream *file, uint64_t offset, uint32_t length)
{
	if (!file->has_holes)
		return false;
	if (offset < file->asked || offset >= file->end) {
		file->asked = offset;
		sc_system_next_data(file->fd, offset, (uint64_t)file->opened.st_size, &file->data,
		    &file->end);
	}
	return offset + length <= file->data;
}

static int
read_file(void *stream, uint8_t *bytes, uint32_t length, uint64_t offset, bool *zero,
    struct sc_error *err)
{
	struct file_stream *file = stream;
	ssize_t n;

	*zero = is_hole(file, offset, length);
	if (*zero)
		return 0;
	n = sc_read_at(file->fd, bytes, length, offset);
	if (n < 0)
		return sc_fail(err, errno, "cannot read %s", file->path);
	if ((size_t)n < length)
		return sc_fail(err, 0, "%s shrank while it was read", file->path);
	return 0;
}

static bool
same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool
sc_source_is_same(const struct stat *before, const struct stat *now)
{
	return now->st_dev == before->st_dev && now->st_ino == before->st_ino &&
	    now->st_size == before->st_size && same_time(now->st_mtim, before->st_mtim) &&
	    same_time(now->st_ctim, before->st_ctim);
}

static int
check_file(void *stream, struct sc_error *err)
{
	const struct file_stream *file = stream;
	struct stat now;

	if (fstat(file->fd, &now) != 0)
		return sc_fail(err, errno, "cannot examine %s", file->path);
	if (!sc_source_is_same(&file->opened, &now))
		return sc_fail(err, 0, "%s changed while it was read", file->path);
	return 0;
}

static bool
is_file(const void *stream, dev_t dev, ino_t ino)
{
	const struct file_stream *file = stream;

	return file->opened.st_dev == dev && file->opened.st_ino == ino;
}

static void
close_file(void *stream)
{
	struct file_stream *file = stream;

	if (file == NULL)
		return;
	/* Nothing was written, so nothing is lost if this fails. */
	if (file->fd >= 0)
		(void)close(file->fd);
	free(file->path);
	free(file);
}

int
sc_source_open(struct sc_source **out, const char *path, struct sc_source_facts *facts,
    struct sc_error *err)
{
	static const struct sc_stream_ops ops = {
		.read = read_file,
		.check = check_file,
		.is = is_file,
		.close = close_file,
	};
	struct file_stream *file = calloc(1, sizeof(*file));

	*out = NULL;
	if (file == NULL)
		return sc_fail(err, ENOMEM, "cannot open %s", path);
	file->fd = -1;
	file->path = strdup(path);
	if (file->path == NULL) {
		(void)sc_fail(err, ENOMEM, "cannot open %s", path);
		goto out;
	}
	/* Without O_NONBLOCK the open of a named pipe would wait for a writer. */
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file->fd < 0 || fstat(file->fd, &file->opened) != 0) {
		(void)sc_fail(err, errno, "cannot open %s", path);
		goto out;
	}
	if (!S_ISREG(file->opened.st_mode)) {
		(void)sc_fail(err, 0, "%s is %s", path, kind_name(file->opened.st_mode));
		goto out;
	}
	fill_facts(&file->opened, facts);
	file->has_holes = facts->allocated_bytes < facts->size_bytes;
	/* Advice: a system that doesn't take it is only slower. */
	(void)posix_fadvise(file->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return sc_source_over(out, &ops, file, facts->size_bytes, err);
out:
	close_file(file);
	return -1;
}
