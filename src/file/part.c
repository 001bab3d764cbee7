/*
 * The part file: see part.h.
 */
#include "file/part.h"

#include "file/digest.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ".", NAME, suffix; a NAME that leaves no room for the longest one is cut and
 * told from others with the same beginning by its digest. */
static char *
make_name(const char *name, size_t name_max, const char *suffix)
{
	size_t length = strlen(name);
	size_t capacity = name_max + sizeof(SC_PART_SUFFIX) + SC_DIGEST_TEXT_BYTES + 2;
	size_t extra = 1 + strlen(SC_PART_SUFFIX);
	char digest[SC_DIGEST_TEXT_BYTES];
	char *out = malloc(length + capacity);

	if (out == NULL)
		return NULL;
	if (length + extra <= name_max) {
		snprintf(out, length + capacity, ".%s%s", name, suffix);
		return out;
	}
	sc_digest_text(sc_digest_chunk(name, length, 0), digest);
	extra += strlen(digest) + 1;
	length = name_max > extra ? name_max - extra : 0;
	/* Not in the middle of a character: some file systems refuse that. */
	while (length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80)
		length--;
	snprintf(out, length + capacity, ".%.*s~%s%s", (int)length, name, digest, suffix);
	return out;
}

char *
sc_part_beside(const struct sc_growing *part, const char *suffix)
{
	long limit = fpathconf(part->dir_fd, _PC_NAME_MAX);
	size_t name_max = limit > 0 ? (size_t)limit : NAME_MAX;

	assert(strlen(suffix) <= strlen(SC_PART_SUFFIX));
	return make_name(part->name, name_max, suffix);
}

int
sc_part_locate(struct sc_growing *part, const char *dest, const char *kind, struct sc_error *err)
{
	if (sc_growing_locate(part, dest, kind, err) != 0)
		return -1;
	part->temporary = sc_part_beside(part, SC_PART_SUFFIX);
	if (part->temporary != NULL)
		return 0;
	sc_growing_release(part);
	return sc_fail(err, ENOMEM, "cannot write %s", dest);
}

/* May the part file become dest?  A link is replaced itself, but not one to something that no
 * file may replace. */
static int
check_dest(const struct sc_growing *part, bool force, struct sc_error *err)
{
	struct stat st;

	if (fstatat(part->dir_fd, part->name, &st, 0) == 0) {
		if (S_ISDIR(st.st_mode))
			return sc_fail(err, 0, "%s is a directory", part->dest);
		if (!S_ISREG(st.st_mode))
			return sc_fail(err, 0, "%s is not a regular file", part->dest);
	} else if (errno != ENOENT && errno != ELOOP) {
		return sc_fail(err, errno, "cannot examine %s", part->dest);
	}
	return sc_growing_check(part, NULL, false, force, err);
}

void
sc_part_remove_journal(const struct sc_growing *part)
{
	static const char *const suffixes[] = {SC_PART_JOURNAL_SUFFIX, SC_PART_NEW_SUFFIX};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char *name = sc_part_beside(part, suffixes[i]);

		/* What can't be removed isn't ours, and will not be read as if it were. */
		if (name != NULL)
			(void)unlinkat(part->dir_fd, name, 0);
		free(name);
	}
}

int
sc_part_open(struct sc_growing *part, const char *dest, const struct sc_part_options *options,
    struct sc_error *err)
{
	const struct sc_growing_how how = {
		.mode = 0600,
		.resume = options->resume,
		.owner = options->owner,
	};

	if (sc_part_locate(part, dest, "part file", err) != 0)
		return -1;
	if ((options->directory ? sc_growing_check(part, NULL, true, options->force, err)
				: check_dest(part, options->force, err)) == 0 &&
	    sc_growing_begin(part, &how, err) == 0) {
		if (!part->left)
			sc_part_remove_journal(part);
		return 0;
	}
	sc_growing_release(part);
	return -1;
}

int
sc_part_publish(struct sc_growing *part, bool force, bool *published, struct sc_error *err)
{
	*published = check_dest(part, force, err) == 0 && sc_growing_publish(part, force, err) == 0;
	if (!*published)
		return -1;
	/* After the rename: if we are killed between the two, a part without a journal would be
	 * worth nothing to the next run.  By now the journal may be that of another run, which has
	 * just begun to replace dest: then that run can't be resumed, but nothing worse. */
	sc_part_remove_journal(part);
	return sc_growing_sync(part, err);
}

int
sc_part_discard(struct sc_growing *part, struct sc_error *err)
{
	if (sc_growing_expect_named(part, err) != 0)
		return -1;
	sc_part_remove_journal(part);
	return sc_growing_discard(part, err);
}

void
sc_part_close(struct sc_growing *part, bool keep)
{
	/* While it is locked, so that it can't be a newer run's.  If this fails, the next run
	 * removes it. */
	if (!keep && part->fd >= 0 && part->temporary != NULL)
		(void)sc_part_discard(part, NULL);
	/* A commit that failed at its end may have made it what dest would be.
	 * Where this fails the next run does it, or starts from the beginning. */
	if (keep && part->fd >= 0 && part->temporary != NULL) {
		if (geteuid() == 0)
			(void)fchown(part->fd, 0, (gid_t)-1);
		(void)fchmod(part->fd, 0600);
	}
	sc_growing_release(part);
}
