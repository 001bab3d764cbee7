/*
 * What directories are given at the end: see directories.h.
 */
#include "archive/directories.h"

#include "file/transfer.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Slashes of the longest name, and two more: the root, and a name without. */
enum { DEPTHS = SC_BENEATH_NAME_MAX / 2 + 3 };

/* Of a directory's attributes, with their names: what a file system takes is less. */
enum { XATTR_BYTES_MAX = 1 << 20 };

#define NONE UINT64_MAX

/* Behind it come the name with its end, then name with its end and value of each attribute.  Read by
 * the process that wrote it. */
struct record {
	uint64_t next; /* the next one of this depth, or NONE */
	uint32_t length;
	uint32_t name_length;
	uint32_t xattr_count;
	struct sc_beneath_facts facts; /* but for xattrs */
};

struct xattr_record {
	uint32_t name_length;
	uint32_t length;
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
	for (size_t i = 0; i < DEPTHS; i++)
		directories->heads[i] = directories->tails[i] = NONE;
	if (sc_beneath_create(beneath, name, &directories->fd, err) != 0)
		goto out;
	if (sc_beneath_unlink(beneath, name, err) != 0)
		goto out;
	*out = directories;
	return 0;
out:
	sc_directories_close(directories);
	return -1;
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

static int
reserve(struct sc_directories *directories, size_t length)
{
	uint8_t *bytes;

	if (length <= directories->capacity)
		return 0;
	bytes = realloc(directories->bytes, length);
	if (bytes == NULL)
		return -1;
	directories->bytes = bytes;
	directories->capacity = length;
	return 0;
}

static uint8_t *
append(uint8_t *at, const void *bytes, size_t length)
{
	if (length > 0)
		memcpy(at, bytes, length);
	return at + length;
}

/* Make a record in directories->bytes; its length, or 0 with errno. */
static size_t
encode(struct sc_directories *directories, const char *name, const struct sc_beneath_facts *facts)
{
	struct record record = {.next = NONE, .facts = *facts};
	size_t length = sizeof(record) + strlen(name) + 1;
	uint8_t *at;

	for (size_t i = 0; i < facts->xattr_count; i++) {
		size_t more = facts->xattrs[i].length + strlen(facts->xattrs[i].name) + 1;

		if (more > XATTR_BYTES_MAX || length > XATTR_BYTES_MAX) {
			errno = E2BIG;
			return 0;
		}
		length += sizeof(struct xattr_record) + more;
	}
	if (reserve(directories, length) != 0)
		return 0;
	record.length = (uint32_t)length;
	record.name_length = (uint32_t)strlen(name);
	record.xattr_count = (uint32_t)facts->xattr_count;
	record.facts.xattrs = NULL;
	record.facts.xattr_count = 0;
	at = append(directories->bytes, &record, sizeof(record));
	at = append(at, name, record.name_length + 1);
	for (size_t i = 0; i < facts->xattr_count; i++) {
		const struct sc_beneath_xattr *xattr = &facts->xattrs[i];
		struct xattr_record head = {(uint32_t)strlen(xattr->name), (uint32_t)xattr->length};

		at = append(at, &head, sizeof(head));
		at = append(at, xattr->name, head.name_length + 1);
		at = append(at, xattr->value, xattr->length);
	}
	assert((size_t)(at - directories->bytes) == length);
	return length;
}

int
sc_directories_note(struct sc_directories *directories, const char *name,
    const struct sc_beneath_facts *facts, struct sc_error *err)
{
	size_t depth = depth_of(name);
	size_t length = encode(directories, name, facts);
	uint64_t at = directories->used;

	if (length == 0)
		return fail(directories, errno, err);
	if (sc_write_at(directories->fd, directories->bytes, length, at) != 0)
		return fail(directories, errno, err);
	if (directories->heads[depth] == NONE)
		directories->heads[depth] = at;
	else if (sc_write_at(directories->fd, &at, sizeof(at),
		     directories->tails[depth] + offsetof(struct record, next)) != 0)
		return fail(directories, errno, err);
	directories->tails[depth] = at;
	directories->used += length;
	return 0;
}

/* Read the record at this place into directories->bytes.  0, or -1 with errno. */
static int
read_record(struct sc_directories *directories, uint64_t at, struct record *record)
{
	ssize_t n = sc_read_at(directories->fd, record, sizeof(*record), at);

	if (n == (ssize_t)sizeof(*record)) {
		if (reserve(directories, record->length) != 0)
			return -1;
		n = sc_read_at(directories->fd, directories->bytes, record->length, at);
		if (n == (ssize_t)record->length)
			return 0;
	}
	if (n >= 0)
		errno = EIO;
	return -1;
}

static int
apply_record(struct sc_directories *directories, struct record *record, struct sc_error *err)
{
	const uint8_t *at = directories->bytes + sizeof(*record);
	const char *name = (const char *)at;
	struct sc_beneath_xattr *xattrs = NULL;
	int rc, fd;

	if (record->xattr_count > 0) {
		xattrs = calloc(record->xattr_count, sizeof(*xattrs));
		if (xattrs == NULL)
			return fail(directories, ENOMEM, err);
	}
	at += record->name_length + 1;
	for (uint32_t i = 0; i < record->xattr_count; i++) {
		struct xattr_record head;

		memcpy(&head, at, sizeof(head));
		at += sizeof(head);
		xattrs[i].name = (const char *)at;
		at += head.name_length + 1;
		xattrs[i].value = at;
		xattrs[i].length = head.length;
		at += head.length;
	}
	record->facts.xattrs = xattrs;
	record->facts.xattr_count = record->xattr_count;
	rc = sc_beneath_open_directory(directories->beneath, name, &fd, err);
	if (rc == 0) {
		rc = sc_beneath_describe(directories->beneath, fd, name, &record->facts, err);
		(void)close(fd); /* nothing was written through it */
	}
	free(xattrs);
	return rc;
}

int
sc_directories_apply(struct sc_directories *directories, struct sc_error *err)
{
	struct record record;

	for (size_t depth = DEPTHS; depth-- > 0;) {
		for (uint64_t at = directories->heads[depth]; at != NONE; at = record.next) {
			if (read_record(directories, at, &record) != 0)
				return fail(directories, errno, err);
			if (apply_record(directories, &record, err) != 0)
				return -1;
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
		(void)close(directories->fd); /* it ends with that */
	free(directories->bytes);
	free(directories);
}
