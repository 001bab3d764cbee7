/*
 * What an archive says of a file besides its bytes: see unpack_impl.h.
 */
#include "archive/unpack_impl.h"
#include "base/vector.h"

#include <archive.h>
#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The system takes an ACL as an attribute: version, then entries of tag, permissions and id, all
 * little-endian, in the order of their tags. */
enum {
	ACL_VERSION = 2,
	ACL_HEAD_BYTES = 4,
	ACL_ENTRY_BYTES = 8,
	ACL_ENTRIES_MAX = 4096, /* more than any file system keeps */
};

/* For looking up a name: more than a line of the user database has. */
enum { LOOKUP_BYTES = 16384 };

static const struct {
	int tag; /* libarchive's */
	uint16_t number;
	bool has_id;
} acl_tags[] = {
	{ARCHIVE_ENTRY_ACL_USER_OBJ, 0x01, false},
	{ARCHIVE_ENTRY_ACL_USER, 0x02, true},
	{ARCHIVE_ENTRY_ACL_GROUP_OBJ, 0x04, false},
	{ARCHIVE_ENTRY_ACL_GROUP, 0x08, true},
	{ARCHIVE_ENTRY_ACL_MASK, 0x10, false},
	{ARCHIVE_ENTRY_ACL_OTHER, 0x20, false},
};

enum { ACL_TAGS = sizeof(acl_tags) / sizeof(acl_tags[0]) };

static const struct {
	int type;
	const char *attribute;
} acl_kinds[SC_UNPACK_ACLS] = {
	{ARCHIVE_ENTRY_ACL_TYPE_ACCESS, "system.posix_acl_access"},
	{ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, "system.posix_acl_default"},
};

/* The number of a user or group that an ACL names.  -1: unknown here. */
static int64_t
find_id(int tag, const char *name)
{
	static const char digits[] = "0123456789";
	char *buffer;
	int64_t id = -1;

	if (name == NULL || name[0] == '\0')
		return -1;
	if (strspn(name, digits) == strlen(name) && strlen(name) <= 10)
		return strtoll(name, NULL, 10);
	buffer = malloc(LOOKUP_BYTES);
	if (buffer == NULL)
		return -1;
	if (tag == ARCHIVE_ENTRY_ACL_USER) {
		struct passwd entry, *found;

		if (getpwnam_r(name, &entry, buffer, LOOKUP_BYTES, &found) == 0 && found != NULL)
			id = entry.pw_uid;
	} else {
		struct group entry, *found;

		if (getgrnam_r(name, &entry, buffer, LOOKUP_BYTES, &found) == 0 && found != NULL)
			id = entry.gr_gid;
	}
	free(buffer);
	return id;
}

static uint8_t *
put_le(uint8_t *at, uint64_t value, int width)
{
	for (int i = 0; i < width; i++)
		*at++ = (uint8_t)(value >> (8 * i));
	return at;
}

/* The entries of one tag, in their order. */
static int
encode_tag(struct archive_entry *entry, int kind, size_t which, uint8_t **at, const uint8_t *end,
    struct sc_error *err)
{
	int type, permissions, tag, id, rc;
	const char *name;

	(void)archive_entry_acl_reset(entry, acl_kinds[kind].type);
	while ((rc = archive_entry_acl_next(entry, acl_kinds[kind].type, &type, &permissions, &tag,
		    &id, &name)) == ARCHIVE_OK) {
		int64_t number = UINT32_MAX;

		if (tag != acl_tags[which].tag)
			continue;
		if (acl_tags[which].has_id)
			number = id >= 0 ? id : find_id(tag, name);
		if (number < 0)
			return sc_fail(err, 0, "has an ACL for a user or group unknown here, %s",
			    name != NULL ? name : "without a name");
		if (end - *at < ACL_ENTRY_BYTES)
			return sc_fail(err, 0, "has an ACL that is too long");
		*at = put_le(*at, acl_tags[which].number, 2);
		*at = put_le(*at, (uint64_t)permissions & 7, 2);
		*at = put_le(*at, (uint64_t)number, 4);
	}
	if (rc != ARCHIVE_EOF)
		return sc_fail(err, 0, "has an ACL that makes no sense");
	return 0;
}

static int
add(struct sc_unpack_facts *out, const char *name, const void *value, size_t length)
{
	size_t count = out->facts.xattr_count;
	struct sc_beneath_xattr *xattrs =
	    sc_vector_room(out->xattrs, count + 1, &out->capacity, sizeof(*xattrs));

	if (xattrs == NULL)
		return -1;
	xattrs[count] = (struct sc_beneath_xattr){name, value, length};
	out->xattrs = xattrs;
	out->facts.xattrs = xattrs;
	out->facts.xattr_count++;
	return 0;
}

/* With an ACL the mode's bits of the group are those of its mask; libarchive has put there what the
 * ACL says of the group alone. */
static uint32_t
mode_with_mask(uint32_t mode, const uint8_t *acl, const uint8_t *end)
{
	for (const uint8_t *at = acl + ACL_HEAD_BYTES; at < end; at += ACL_ENTRY_BYTES) {
		if (at[0] == 0x10)
			return (mode & ~(uint32_t)070) | (uint32_t)(at[2] & 7) << 3;
	}
	return mode;
}

static int
read_acl(struct sc_unpack_facts *out, struct archive_entry *entry, int kind, struct sc_error *err)
{
	int count = archive_entry_acl_reset(entry, acl_kinds[kind].type);
	size_t capacity;
	uint8_t *at;

	/* None but what the mode says. */
	if (count <= 0)
		return 0;
	if (count > ACL_ENTRIES_MAX)
		return sc_fail(err, 0, "has an ACL that is too long");
	/* The three that the mode gives may not be counted. */
	capacity = ACL_HEAD_BYTES + ((size_t)count + 3) * ACL_ENTRY_BYTES;
	free(out->acls[kind]);
	out->acls[kind] = malloc(capacity);
	if (out->acls[kind] == NULL)
		return sc_fail(err, ENOMEM, "has an ACL");
	at = put_le(out->acls[kind], ACL_VERSION, ACL_HEAD_BYTES);
	for (size_t which = 0; which < ACL_TAGS; which++) {
		if (encode_tag(entry, kind, which, &at, out->acls[kind] + capacity, err) != 0)
			return -1;
	}
	if (kind == 0)
		out->facts.mode = mode_with_mask(out->facts.mode, out->acls[kind], at);
	if (add(out, acl_kinds[kind].attribute, out->acls[kind], (size_t)(at - out->acls[kind])) !=
	    0)
		return sc_fail(err, ENOMEM, "has an ACL");
	return 0;
}

/* Is this an attribute to be given?  A user may give those of users; root gives all but those for
 * which the system has calls (ACLs) or rules (labels) of its own. */
static bool
may_be_given(const char *name)
{
	if (strncmp(name, "user.", 5) == 0)
		return true;
	return geteuid() == 0 && strncmp(name, "system.", 7) != 0 &&
	    strcmp(name, "security.selinux") != 0;
}

static int
read_xattrs(struct sc_unpack_facts *out, struct archive_entry *entry, struct sc_error *err)
{
	const char *name;
	const void *value;
	size_t length;

	(void)archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &length) == ARCHIVE_OK) {
		if (name != NULL && may_be_given(name) && add(out, name, value, length) != 0)
			return sc_fail(err, ENOMEM, "has attributes");
	}
	for (int kind = 0; kind < SC_UNPACK_ACLS; kind++) {
		if (read_acl(out, entry, kind, err) != 0)
			return -1;
	}
	return 0;
}

static struct timespec
time_of(time_t seconds, long nanoseconds)
{
	struct timespec time = {.tv_sec = seconds, .tv_nsec = nanoseconds};

	/* Or an archive could say UTIME_NOW or UTIME_OMIT. */
	if (nanoseconds < 0 || nanoseconds > 999999999)
		time.tv_nsec = 0;
	return time;
}

int
sc_unpack_read_facts(struct sc_unpack_facts *out, struct archive_entry *entry,
    const struct sc_unpack_options *options, struct sc_error *err)
{
	la_int64_t uid = archive_entry_uid(entry);
	la_int64_t gid = archive_entry_gid(entry);
	mode_t mode = archive_entry_perm(entry);

	assert((options->umask & ~(mode_t)0777) == 0);
	out->facts = (struct sc_beneath_facts){
		.mode = options->preserve ? mode & 07777 : mode & 0777 & ~options->umask,
		.uid = (uint32_t)uid,
		.gid = (uint32_t)gid,
		.owner = options->preserve,
		.atime = {.tv_nsec = UTIME_OMIT},
		.mtime = {.tv_nsec = UTIME_OMIT},
	};
	/* UINT32_MAX would be -1, by which chown leaves an owner as it is. */
	if (options->preserve && (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX))
		return sc_fail(err, 0, "has an owner that can't be: %lld:%lld", (long long)uid,
		    (long long)gid);
	if (archive_entry_atime_is_set(entry))
		out->facts.atime =
		    time_of(archive_entry_atime(entry), archive_entry_atime_nsec(entry));
	if (archive_entry_mtime_is_set(entry))
		out->facts.mtime =
		    time_of(archive_entry_mtime(entry), archive_entry_mtime_nsec(entry));
	/* A symbolic link has no attributes. */
	if (!options->preserve || archive_entry_filetype(entry) == AE_IFLNK)
		return 0;
	return read_xattrs(out, entry, err);
}

void
sc_unpack_facts_free(struct sc_unpack_facts *out)
{
	for (int kind = 0; kind < SC_UNPACK_ACLS; kind++)
		free(out->acls[kind]);
	free(out->xattrs);
	*out = (struct sc_unpack_facts){0};
}
