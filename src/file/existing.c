/*
 * A DEST that exists already: see existing.h.
 */
#include "file/existing.h"

#include "file/attributes.h"
#include "file/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sc_existing {
	int fd;
	char *dest;
	struct stat opened;
	uint64_t size_bytes;
};

int
sc_existing_open(struct sc_existing **out, const char *dest, uint64_t size_bytes,
    struct sc_error *err)
{
	struct sc_existing *existing = calloc(1, sizeof(*existing));

	*out = NULL;
	if (existing == NULL)
		return sc_fail(err, ENOMEM, "cannot look at %s", dest);
	existing->fd = open(dest, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	existing->dest = strdup(dest);
	if (existing->dest == NULL) {
		sc_existing_close(existing);
		return sc_fail(err, ENOMEM, "cannot look at %s", dest);
	}
	if (existing->fd < 0 || fstat(existing->fd, &existing->opened) != 0 ||
	    !S_ISREG(existing->opened.st_mode) ||
	    (uint64_t)existing->opened.st_size != size_bytes) {
		sc_existing_close(existing);
		return 0;
	}
	existing->size_bytes = size_bytes;
	*out = existing;
	return 0;
}

void
sc_existing_close(struct sc_existing *existing)
{
	if (existing == NULL)
		return;
	if (existing->fd >= 0)
		(void)close(existing->fd); /* nothing was written */
	free(existing->dest);
	free(existing);
}

int
sc_existing_digest(const struct sc_existing *existing, struct sc_digest *whole,
    struct sc_error *err)
{
	if (sc_verify_digest(existing->fd, false, existing->size_bytes, whole) != 0)
		return sc_fail(err, errno, "cannot read %s", existing->dest);
	return 0;
}

bool
sc_existing_unchanged(const struct sc_existing *existing)
{
	struct stat now;

	return lstat(existing->dest, &now) == 0 && sc_source_is_same(&existing->opened, &now);
}

struct timespec
sc_existing_mtime(const struct sc_existing *existing)
{
	return existing->opened.st_mtim;
}

int
sc_existing_preserve(const struct sc_existing *existing, const struct sc_source_facts *facts,
    struct sc_error *err)
{
	return sc_attributes_give(existing->fd, existing->dest, facts, true, err);
}
