/*
 * What directories are given at the end: see directories.h.
 */
#include "archive/directories.h"

#include "base/vector.h"
#include "file/transfer.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Slashes of the longest name, and two more: the root, and a name without. */
enum { DEPTHS = SC_BENEATH_NAME_MAX / 2 + 3 };

/* Of a directory's attributes, with their names: what a file system takes is less. */
enum { XATTR_BYTES_MAX = 1 << 20 };

#define NONE UINT64_MAX

/* Behind it come facts.xattrs, the name with its NUL, and of each attribute its name with the NUL
 * and its value.  Pointers in it mean nothing: they are set again by the process that wrote it. */
struct record {
	uint64_t next; /* the next one of this depth, or NONE */
	size_t bytes;  /* with what is behind it */
	struct sc_beneath_facts facts;
};

struct sc_directories {
	struct sc_beneath *beneath;
	int fd;
	uint64_t used;
	uint64_t heads[DEPTHS]; /* the records of a depth, in the order in which they came */
	uint64_t tails[DEPTHS];
	uint8_t *bytes; /* of one record */
	size_t capacity;
};

static int
fail(const struct sc_directories *directories, int errnum, struct sc_error *err)
{
	return sc_fail(err, errnum, "cannot keep the modes and times of the directories of %s",
	    directories->beneath->title);
}

int
sc_directories_open(struct sc_directories **out, struct sc_beneath *beneath, struct sc_error *err)
{
	static const char name[] = ".stagecast-directories";
	struct sc_directories *directories = calloc(1, sizeof(*directories));

	*out = NULL;
	if (directories == NULL)
		return sc_fail(err, ENOMEM, "cannot write %s", beneath->title);
	directories->beneath = beneath;
	directories->fd = -1;
	for (size_t i = 0; i < DEPTHS; i++)
		directories->heads[i] = directories->tails[i] = NONE;
	if (sc_beneath_create(beneath, name, &directories->fd, err) != 0 ||
	    sc_beneath_unlink(beneath, name, err) != 0) {
		sc_directories_close(directories);
		return -1;
	}
	*out = directories;
	return 0;
}

static size_t
depth_of(const char *name)
{
	size_t depth = name[0] != '\0';

	for (; *name != '\0'; name++)
		depth += *name == '/';
	assert(depth < DEPTHS);
	return depth;
}

/* Room in directories->bytes.  0, or -1 with errno. */
static int
reserve(struct sc_directories *directories, size_t bytes)
{
	uint8_t *more = sc_vector_room(directories->bytes, bytes, &directories->capacity, 1);

	if (more == NULL) {
		errno = ENOMEM;
		return -1;
	}
	directories->bytes = more;
	return 0;
}

/* Put bytes at *at, and *at behind them. */
static void
append(uint8_t **at, const void *bytes, size_t length)
{
	if (length > 0)
		memcpy(*at, bytes, length);
	*at += length;
}

/* Make a record in directories->bytes.  0, or -1 with errno. */
static int
encode(struct sc_directories *directories, const char *name, const struct sc_beneath_facts *facts)
{
	struct record record = {.next = NONE, .facts = *facts};
	size_t xattr_bytes = 0;
	uint8_t *at;

	for (size_t i = 0; i < facts->xattr_count; i++) {
		const struct sc_beneath_xattr *xattr = &facts->xattrs[i];

		xattr_bytes += sizeof(*xattr) + strlen(xattr->name) + 1;
		/* The archive says how long they are: it may not choose how much memory is
		 * taken. */
		if (xattr->length > XATTR_BYTES_MAX || xattr_bytes > XATTR_BYTES_MAX) {
			errno = E2BIG;
			return -1;
		}
		xattr_bytes += xattr->length;
	}
	record.bytes = sizeof(record) + strlen(name) + 1 + xattr_bytes;
	if (reserve(directories, record.bytes) != 0)
		return -1;
	at = directories->bytes;
	append(&at, &record, sizeof(record));
	append(&at, facts->xattrs, facts->xattr_count * sizeof(*facts->xattrs));
	append(&at, name, strlen(name) + 1);
	for (size_t i = 0; i < facts->xattr_count; i++) {
		append(&at, facts->xattrs[i].name, strlen(facts->xattrs[i].name) + 1);
		append(&at, facts->xattrs[i].value, facts->xattrs[i].length);
	}
	assert((size_t)(at - directories->bytes) == record.bytes);
	return 0;
}

int
sc_directories_note(struct sc_directories *directories, const char *name,
    const struct sc_beneath_facts *facts, struct sc_error *err)
{
	size_t depth = depth_of(name);
	uint64_t at = directories->used;
	struct record record;

	if (encode(directories, name, facts) != 0)
		return fail(directories, errno, err);
	memcpy(&record, directories->bytes, sizeof(record));
	if (sc_write_at(directories->fd, directories->bytes, record.bytes, at) != 0)
		return fail(directories, errno, err);
	if (directories->heads[depth] == NONE)
		directories->heads[depth] = at;
	else if (sc_write_at(directories->fd, &at, sizeof(at),
		     directories->tails[depth] + offsetof(struct record, next)) != 0)
		return fail(directories, errno, err);
	directories->tails[depth] = at;
	directories->used += record.bytes;
	return 0;
}

/* Read the record at this place into directories->bytes, and set its pointers and *name.  NULL with
 * errno. */
static struct record *
read_record(struct sc_directories *directories, uint64_t place, const char **name)
{
	struct sc_beneath_xattr *xattrs;
	struct record *record;
	struct record head;
	const char *at;

	errno = EIO; /* unless a call says more */
	if (sc_read_at(directories->fd, &head, sizeof(head), place) != (ssize_t)sizeof(head) ||
	    reserve(directories, head.bytes) != 0 ||
	    sc_read_at(directories->fd, directories->bytes, head.bytes, place) !=
		(ssize_t)head.bytes)
		return NULL;
	record = (struct record *)(void *)directories->bytes;
	xattrs = (struct sc_beneath_xattr *)(record + 1);
	*name = at = (const char *)(xattrs + record->facts.xattr_count);
	at += strlen(at) + 1;
	for (size_t i = 0; i < record->facts.xattr_count; i++) {
		xattrs[i].name = at;
		at += strlen(at) + 1;
		xattrs[i].value = at;
		at += xattrs[i].length;
	}
	assert((size_t)(at - (const char *)record) == record->bytes);
	record->facts.xattrs = xattrs;
	return record;
}

int
sc_directories_apply(struct sc_directories *directories, struct sc_error *err)
{
	struct sc_beneath *beneath = directories->beneath;

	for (size_t depth = DEPTHS; depth-- > 0;) {
		uint64_t place = directories->heads[depth];

		while (place != NONE) {
			const char *name;
			const struct record *record = read_record(directories, place, &name);
			int rc, fd;

			if (record == NULL)
				return fail(directories, errno, err);
			if (sc_beneath_open_directory(beneath, name, &fd, err) != 0)
				return -1;
			rc = sc_beneath_describe(beneath, fd, name, &record->facts, err);
			(void)close(fd); /* nothing was written through it */
			if (rc != 0)
				return -1;
			place = record->next;
		}
	}
	return 0;
}

void
sc_directories_close(struct sc_directories *directories)
{
	if (directories == NULL)
		return;
	if (directories->fd >= 0)
		(void)close(directories->fd); /* nothing outlives it */
	free(directories->bytes);
	free(directories);
}
