/*
 * Making one entry of an archive: see unpack.h.
 */
#include "archive/unpack_impl.h"
#include "base/units.h"
#include "file/disk.h"
#include "file/transfer.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A file that says it is larger is compared with the free space before it is begun. */
static const int64_t look_ahead_bytes = INT64_C(4) << 20;

const char *
sc_unpack_name(const char *in, char out[SC_BENEATH_NAME_MAX + 1])
{
	size_t used = 0;

	if (in == NULL || in[0] == '\0')
		return "is empty";
	if (in[0] == '/')
		return "is absolute";
	while (*in != '\0') {
		size_t length = strcspn(in, "/");

		if (length > 0 && !(length == 1 && in[0] == '.')) {
			if (used + (used > 0) + length > SC_BENEATH_NAME_MAX)
				return "is too long";
			if (used > 0)
				out[used++] = '/';
			memcpy(out + used, in, length);
			used += length;
		}
		in += length + (in[length] == '/');
	}
	assert(used <= SC_BENEATH_NAME_MAX);
	out[used] = '\0';
	return used == 0 ? NULL : sc_beneath_refuses(out, used);
}

/* A file that can't fit fails at once, not when the disk is full.  How much of one with holes is
 * written is not known. */
static int
check_space(struct sc_unpack *unpack, struct archive_entry *entry, const char *name, int fd)
{
	int64_t size = archive_entry_size(entry);
	char needs[SC_UNIT_TEXT_BYTES];
	char has[SC_UNIT_TEXT_BYTES];
	char shown[SC_BENEATH_SHOWN_BYTES];
	struct sc_disk_free available;

	if (size < look_ahead_bytes || archive_entry_sparse_reset(entry) > 0)
		return 0;
	if (sc_disk_free(fd, &available) != 0 || (uint64_t)size <= available.bytes)
		return 0;
	return sc_fail(unpack->err, ENOSPC, "its entry \"%s\" needs %s, %s are free below %s",
	    sc_beneath_show(name, shown), sc_format_size((double)size, needs),
	    sc_format_size((double)available.bytes, has), unpack->options->title);
}

static int
fail_write(struct sc_unpack *unpack, const char *name)
{
	char done[SC_UNIT_TEXT_BYTES];
	char shown[SC_BENEATH_SHOWN_BYTES];

	return sc_fail(unpack->err, errno, "cannot write %s/%s, after %s in %llu entries",
	    unpack->options->title, sc_beneath_show(name, shown),
	    sc_format_size((double)unpack->sum->bytes, done),
	    (unsigned long long)unpack->sum->entries);
}

/* Write the bytes of a file, which come in order.  What is left out between them are holes. */
static int
write_data(struct sc_unpack *unpack, struct archive_entry *entry, const char *name, int fd)
{
	int64_t size = archive_entry_size(entry);
	int64_t done = 0;

	for (;;) {
		const void *bytes = NULL;
		size_t length = 0;
		la_int64_t offset = 0;
		int rc = archive_read_data_block(unpack->archive, &bytes, &length, &offset);

		if (rc == ARCHIVE_EOF)
			break;
		if (rc != ARCHIVE_OK)
			return sc_unpack_fail_archive(unpack, "its bytes");
		if (length == 0)
			continue;
		/* An offset is the archive's to say: it may not make a file of any size. */
		if (offset < done || offset > size || (uint64_t)(size - offset) < length)
			return sc_unpack_fail_entry(unpack, name, "has bytes where none can be");
		if (sc_unpack_go_on(unpack) != 0)
			return -1;
		if (sc_write_at(fd, bytes, length, (uint64_t)offset) != 0)
			return fail_write(unpack, name);
		done = offset + (int64_t)length;
		unpack->sum->bytes += length;
	}
	if (done < size && ftruncate(fd, (off_t)size) != 0)
		return fail_write(unpack, name);
	return 0;
}

static int
write_file(struct sc_unpack *unpack, struct archive_entry *entry, const char *name, int fd)
{
	if (check_space(unpack, entry, name, fd) != 0 || write_data(unpack, entry, name, fd) != 0)
		return -1;
	return sc_beneath_describe(&unpack->beneath, fd, name, &unpack->facts.facts, unpack->err);
}

/* Making an entry failed: was the name an earlier entry's, which is removed now, so that trying again
 * is worth it? */
static bool
removed_earlier(struct sc_unpack *unpack, const char *name)
{
	return unpack->err->errnum == EEXIST &&
	    sc_beneath_unlink(&unpack->beneath, name, unpack->err) == 0;
}

static int
make_file(struct sc_unpack *unpack, struct archive_entry *entry, const char *name)
{
	struct sc_beneath *beneath = &unpack->beneath;
	int rc, fd;

	if (!archive_entry_size_is_set(entry) || archive_entry_size(entry) < 0)
		return sc_unpack_fail_entry(unpack, name, "has no size that can be");
	if (sc_beneath_create(beneath, name, &fd, unpack->err) != 0 &&
	    (!removed_earlier(unpack, name) ||
		sc_beneath_create(beneath, name, &fd, unpack->err) != 0))
		return -1;
	rc = write_file(unpack, entry, name, fd);
	if (close(fd) != 0 && rc == 0)
		rc = fail_write(unpack, name);
	return rc;
}

static int
make_directory(struct sc_unpack *unpack, const char *name)
{
	/* Until it is filled its owner may write to it; what it gets at the end is noted. */
	if (name[0] != '\0' &&
	    sc_beneath_mkdir(&unpack->beneath, name, 0700, true, unpack->err) != 0)
		return -1;
	return sc_directories_note(unpack->directories, name, &unpack->facts.facts, unpack->err);
}

static int
make_symlink(struct sc_unpack *unpack, struct archive_entry *entry, const char *name)
{
	struct sc_beneath *beneath = &unpack->beneath;
	const char *target = archive_entry_symlink(entry);

	if (target == NULL || target[0] == '\0')
		return sc_unpack_fail_entry(unpack, name, "is a symbolic link to nothing");
	if (sc_beneath_symlink(beneath, name, target, unpack->err) != 0 &&
	    (!removed_earlier(unpack, name) ||
		sc_beneath_symlink(beneath, name, target, unpack->err) != 0))
		return -1;
	return sc_beneath_describe_link(beneath, name, &unpack->facts.facts, unpack->err);
}

/* A further name of an earlier entry, whose facts it shares. */
static int
make_hardlink(struct sc_unpack *unpack, const char *name, const char *target)
{
	struct sc_beneath *beneath = &unpack->beneath;
	const char *why = sc_unpack_name(target, unpack->target);
	char shown[SC_BENEATH_SHOWN_BYTES];

	if (why == NULL && unpack->target[0] == '\0')
		why = "is empty";
	if (why != NULL)
		return sc_fail(unpack->err, 0, "its entry \"%s\" is a hard link to a name that %s",
		    sc_beneath_show(name, shown), why);
	if (sc_beneath_link(beneath, name, unpack->target, unpack->err) == 0)
		return 0;
	/* A file that was given to tar twice is a link to itself, and must not be removed. */
	if (unpack->err->errnum == EEXIST && strcmp(name, unpack->target) == 0)
		return 0;
	return removed_earlier(unpack, name)
	    ? sc_beneath_link(beneath, name, unpack->target, unpack->err)
	    : -1;
}

/* What is neither file, directory nor link is an error, or left out. */
static int
leave_out(struct sc_unpack *unpack, struct archive_entry *entry, const char *name)
{
	const char *what = "is of a kind that is not known";
	char shown[SC_BENEATH_SHOWN_BYTES];
	struct sc_error sentence;

	switch (archive_entry_filetype(entry)) {
	case AE_IFCHR:
	case AE_IFBLK:
		what = "is a device";
		break;
	case AE_IFIFO:
		what = "is a named pipe";
		break;
	case AE_IFSOCK:
		what = "is a socket";
		break;
	}
	if (!unpack->options->skip_unreadable)
		return sc_unpack_fail_entry(unpack, name, what);
	if (unpack->options->tell != NULL) {
		(void)sc_fail(&sentence, 0, "%s in %s %s: left out", sc_beneath_show(name, shown),
		    unpack->options->archive, what);
		unpack->options->tell(unpack->options->tell_context, sentence.text);
	}
	return 0;
}

int
sc_unpack_make(struct sc_unpack *unpack, struct archive_entry *entry)
{
	const char *hardlink = archive_entry_hardlink(entry);
	const char *name = unpack->name;

	if (name[0] == '\0' && (hardlink != NULL || archive_entry_filetype(entry) != AE_IFDIR))
		return sc_unpack_fail_entry(unpack, archive_entry_pathname(entry),
		    "is no directory");
	if (name[0] != '\0' &&
	    sc_beneath_mkdir_parents(&unpack->beneath, name,
		(0777 & ~unpack->options->umask) | 0700, unpack->err) != 0)
		return -1;
	if (hardlink != NULL)
		return make_hardlink(unpack, name, hardlink);
	if (sc_unpack_read_facts(&unpack->facts, entry, unpack->options, unpack->err) != 0) {
		struct sc_error why = *unpack->err;

		return sc_unpack_fail_entry(unpack, name, why.text);
	}
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return make_file(unpack, entry, name);
	case AE_IFDIR:
		return make_directory(unpack, name);
	case AE_IFLNK:
		return make_symlink(unpack, entry, name);
	default:
		return leave_out(unpack, entry, name);
	}
}
