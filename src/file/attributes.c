/*
 * What a copy has besides its bytes: see attributes.h.
 */
#include "file/attributes.h"

#include "beneath/system.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* The owner is set before the mode: that clears the set-id bits. */
static int
give_owner_and_mode(int fd, const char *dest, const struct sc_source_facts *facts, bool preserve,
    struct sc_error *err)
{
	mode_t mode = facts->mode & 0777 & ~sc_system_umask();
	struct stat st;

	if (preserve) {
		if (geteuid() == 0 && fchown(fd, facts->uid, facts->gid) != 0)
			return sc_fail(err, errno, "cannot give %s its owner", dest);
		if (fstat(fd, &st) != 0)
			return sc_fail(err, errno, "cannot examine %s", dest);
		mode = facts->mode & 07777;
		if (st.st_uid != facts->uid)
			mode &= ~(mode_t)S_ISUID;
		if (st.st_gid != facts->gid)
			mode &= ~(mode_t)S_ISGID;
	}
	if (fchmod(fd, mode) != 0)
		return sc_fail(err, errno, "cannot give %s its mode", dest);
	return 0;
}

int
sc_attributes_give(int fd, const char *dest, const struct sc_source_facts *facts, bool preserve,
    struct sc_error *err)
{
	const struct timespec times[2] = {
		{.tv_sec = (time_t)facts->atime_s, .tv_nsec = (long)facts->atime_ns},
		{.tv_sec = (time_t)facts->mtime_s, .tv_nsec = (long)facts->mtime_ns},
	};

	if (give_owner_and_mode(fd, dest, facts, preserve, err) != 0)
		return -1;
	if (preserve && futimens(fd, times) != 0)
		return sc_fail(err, errno, "cannot give %s its times", dest);
	return 0;
}
