/*
 * Unpacking: see unpack.h.  Only here and in unpack_*.c is libarchive called; of its parts only
 * the reader of tar is used, and nothing of it writes to a disk.
 */
#define _GNU_SOURCE /* newlocale */
#include "archive/unpack.h"

#include "archive/unpack_impl.h"
#include "file/disk.h"

#include <assert.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A tar ends with two blocks of zeros; readers are content with one. */
enum { TAR_BLOCK_BYTES = 512 };

int
sc_unpack_go_on(struct sc_unpack *unpack)
{
	const struct sc_unpack_options *options = unpack->options;

	sc_disk_alive(options->alive_ns);
	if (options->cancel != NULL && atomic_load(options->cancel))
		return sc_fail(unpack->err, ECANCELED, "was not unpacked to its end");
	return 0;
}

int
sc_unpack_fail_archive(struct sc_unpack *unpack, const char *where)
{
	const char *why = archive_error_string(unpack->archive);

	if (unpack->stream_failed)
		return -1;
	return sc_fail(unpack->err, 0, "%s: %s", where, why != NULL ? why : "no reason given");
}

int
sc_unpack_fail_entry(struct sc_unpack *unpack, const char *name, const char *why)
{
	char shown[SC_BENEATH_SHOWN_BYTES];

	return sc_fail(unpack->err, 0, "its entry \"%s\" %s", sc_beneath_show(name, shown), why);
}

/* The next bytes of the tar.  As sc_unpack_stream_read. */
static ssize_t
read_stream(struct sc_unpack *unpack, const void **bytes)
{
	ssize_t n = -1;

	if (sc_unpack_go_on(unpack) == 0)
		n = sc_unpack_stream_read(unpack->stream, bytes, unpack->err);
	sc_disk_alive(unpack->options->alive_ns);
	return n;
}

/* An archive_read_callback. */
static la_ssize_t
feed(struct archive *archive, void *context, const void **bytes)
{
	struct sc_unpack *unpack = context;
	ssize_t n = read_stream(unpack, bytes);

	if (n >= 0)
		return n;
	unpack->stream_failed = true;
	archive_set_error(archive, EIO, "the archive can't be read");
	return -1;
}

static int
unpack_entry(struct sc_unpack *unpack, struct archive_entry *entry)
{
	const char *path = archive_entry_pathname(entry);
	const char *why = sc_unpack_name(path, unpack->name);

	if (why != NULL)
		return sc_unpack_fail_entry(unpack, path != NULL ? path : "", why);
	if (sc_unpack_make(unpack, entry) != 0)
		return -1;
	/* Links and entries that are left out may have bytes, too. */
	if (archive_read_data_skip(unpack->archive) != ARCHIVE_OK)
		return sc_unpack_fail_archive(unpack, "its bytes");
	unpack->end = archive_filter_bytes(unpack->archive, 0);
	unpack->sum->entries++;
	return 0;
}

/* Behind the last entry: was the mark of the end there, and is what is compressed whole?  Without
 * the first an archive that was cut off between two entries would be taken for a whole one. */
static int
check_end(struct sc_unpack *unpack)
{
	const void *bytes;
	ssize_t n;

	if (archive_filter_bytes(unpack->archive, 0) - unpack->end < TAR_BLOCK_BYTES)
		return sc_fail(unpack->err, 0,
		    "it ends early: the mark of a tar's end is missing after %llu entries",
		    (unsigned long long)unpack->sum->entries);
	do
		n = read_stream(unpack, &bytes);
	while (n > 0);
	return n < 0 ? -1 : 0;
}

static int
unpack_entries(struct sc_unpack *unpack)
{
	struct archive_entry *entry;
	int rc;

	while ((rc = archive_read_next_header(unpack->archive, &entry)) == ARCHIVE_OK) {
		sc_disk_alive(unpack->options->alive_ns);
		if (unpack_entry(unpack, entry) != 0)
			return -1;
	}
	if (rc == ARCHIVE_EOF)
		return check_end(unpack);
	return sc_unpack_fail_archive(unpack,
	    rc == ARCHIVE_WARN ? "a header that can't be relied on"
			       : "it is damaged, or ends early");
}

static int
open_archive(struct sc_unpack *unpack)
{
	if (sc_unpack_stream_open(&unpack->stream, &unpack->options->source, unpack->err) != 0)
		return -1;
	unpack->archive = archive_read_new();
	if (unpack->archive == NULL)
		return sc_fail(unpack->err, ENOMEM, "it can't be read");
	if (archive_read_support_format_tar(unpack->archive) != ARCHIVE_OK)
		return sc_unpack_fail_archive(unpack, "it can't be read");
	if (archive_read_open(unpack->archive, unpack, NULL, feed, NULL) == ARCHIVE_OK)
		return 0;
	return unpack->stream_failed
	    ? -1
	    : sc_fail(unpack->err, 0,
		  "it is no tar, plain or compressed with gzip, zstd, xz or bzip2");
}

static int
unpack_all(struct sc_unpack *unpack, int root_fd)
{
	const struct sc_unpack_options *options = unpack->options;
	struct sc_beneath_facts root = {
		.mode = 0777 & ~options->umask,
		.atime = {.tv_nsec = UTIME_OMIT},
		.mtime = {.tv_nsec = UTIME_OMIT},
	};

	if (sc_beneath_init(&unpack->beneath, root_fd, options->title, unpack->err) != 0)
		return -1;
	/* What the directory itself is given, unless the archive has an entry for it. */
	if (sc_directories_open(&unpack->directories, &unpack->beneath, unpack->err) != 0 ||
	    sc_directories_note(unpack->directories, "", &root, unpack->err) != 0 ||
	    open_archive(unpack) != 0 || unpack_entries(unpack) != 0)
		return -1;
	return sc_directories_apply(unpack->directories, unpack->err);
}

/* Set archive before what went wrong. */
static void
name_archive(const char *archive, struct sc_error *err)
{
	struct sc_error cause = *err;
	size_t used, room;

	(void)sc_fail(err, 0, "%.200s", archive);
	err->errnum = cause.errnum;
	used = strlen(err->text);
	room = sizeof(err->text) - used;
	snprintf(err->text + used, room, ": %.*s", (int)room - 3, cause.text);
}

/* Is this node at fault?  Then another node, or another run, may unpack the same archive. */
static bool
is_own_fault(int errnum)
{
	static const int own[] = {
		ENOSPC, EDQUOT, EIO, ENOMEM, EROFS, EMFILE, ENFILE, ECANCELED, EOPNOTSUPP};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (errnum == own[i])
			return true;
	}
	return false;
}

int
sc_unpack(int root_fd, const struct sc_unpack_options *options, struct sc_unpack_sum *sum,
    struct sc_error *err)
{
	struct sc_unpack *unpack = calloc(1, sizeof(*unpack));
	/* Names in a tar's newer headers are UTF-8, which libarchive must not convert. */
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = utf8 != (locale_t)0 ? uselocale(utf8) : (locale_t)0;
	int rc = -1;

	assert(root_fd >= 0 && options->archive != NULL && options->title != NULL);
	*sum = (struct sc_unpack_sum){0};
	if (unpack == NULL) {
		(void)sc_fail(err, ENOMEM, "it can't be unpacked");
	} else {
		unpack->options = options;
		unpack->sum = sum;
		unpack->err = err;
		rc = unpack_all(unpack, root_fd);
		sc_directories_close(unpack->directories);
		sc_beneath_free(&unpack->beneath);
		/* Its status is about writing. */
		if (unpack->archive != NULL)
			(void)archive_read_free(unpack->archive);
		sc_unpack_stream_close(unpack->stream);
		sc_unpack_facts_free(&unpack->facts);
	}
	free(unpack);
	if (before != (locale_t)0)
		(void)uselocale(before);
	if (utf8 != (locale_t)0)
		freelocale(utf8);
	if (rc != 0) {
		sum->ill_archive = !is_own_fault(err->errnum);
		name_archive(options->archive, err);
	}
	return rc;
}
