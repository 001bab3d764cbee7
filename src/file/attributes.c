/*
 * What a copy has besides its bytes: see attributes.h.
 */
#include "file/attributes.h"

#include "beneath/beneath.h"
#include "beneath/system.h"

#include <sys/stat.h>

int
sc_attributes_give(int fd, const char *dest, const struct sc_source_facts *facts, bool preserve,
    struct sc_error *err)
{
	const struct sc_beneath itself = {.title = dest};
	const struct sc_beneath_facts given = {
		.mode = preserve ? facts->mode : facts->mode & 0777 & ~sc_system_umask(),
		.uid = facts->uid,
		.gid = facts->gid,
		.owner = preserve,
		.atime.tv_sec = (time_t)facts->atime_s,
		.atime.tv_nsec = preserve ? (long)facts->atime_ns : UTIME_OMIT,
		.mtime.tv_sec = (time_t)facts->mtime_s,
		.mtime.tv_nsec = preserve ? (long)facts->mtime_ns : UTIME_OMIT,
	};

	return sc_beneath_describe(&itself, fd, "", &given, err);
}
