/*
 * A small file that appears whole or not at all: see put.h.
 */
#include "beneath/put.h"

#include "beneath/growing.h"
#include "beneath/system.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
write_all(int fd, const unsigned char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno != EINTR)
			return -1;
		if (written > 0) {
			bytes += written;
			length -= (size_t)written;
		}
	}
	return fsync(fd);
}

/* ".NAME.part", or NULL. */
static char *
part_name(const char *name)
{
	static const char format[] = ".%s.part";
	size_t capacity = strlen(name) + sizeof(format);
	char *part = malloc(capacity);

	if (part != NULL)
		snprintf(part, capacity, format, name);
	return part;
}

/* The part file is open and locked.  It is renamed before it is closed, so that the lock guards
 * the name up to then. */
static int
fill(struct sc_growing *file, const void *bytes, size_t length, struct sc_error *err)
{
	int rc = write_all(file->fd, bytes, length);

	/* Until it is whole no other user may open it: a file that can be read can be locked. */
	if (rc != 0 || fchmod(file->fd, 0666 & ~sc_system_umask()) != 0)
		rc = sc_fail(err, errno, "cannot write it");
	else
		rc = sc_growing_publish(file, true, err);
	/* What can't be removed the next run removes. */
	if (rc != 0)
		(void)sc_growing_discard(file, NULL);
	return rc;
}

int
sc_put_file(const char *path, const void *bytes, size_t length, struct sc_error *err)
{
	static const struct sc_growing_how how = {.mode = 0600, .owner = SC_GROWING_ANY_OWNER};
	struct sc_growing file;
	int rc = -1;

	if (sc_growing_locate(&file, path, "part file", err) != 0)
		return -1;
	file.title = "it";
	file.temporary = part_name(file.name);
	if (file.temporary == NULL)
		(void)sc_fail(err, ENOMEM, "cannot write it");
	else if (sc_growing_check(&file, NULL, false, true, err) == 0 &&
	    sc_growing_begin(&file, &how, err) == 0)
		rc = fill(&file, bytes, length, err);
	/* After fsync nothing is left for close to report. */
	sc_growing_release(&file);
	return rc;
}
