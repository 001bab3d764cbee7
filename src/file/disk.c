/*
 * Free space, signs of life and long writes: see disk.h.
 */
#include "file/disk.h"

#include "base/clock.h"
#include "base/units.h"
#include "beneath/system.h"

#include <stdbool.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A slow disk: 8 MB/s. */
enum { SLOW_DISK_NS_PER_BYTE = 125 };

/* A disk that writes nothing for so long has failed, however much it has to write. */
static const uint64_t patience_max_ns = UINT64_C(600) * 1000 * 1000 * 1000;

int
sc_disk_free(int fd, struct sc_disk_free *free_now)
{
	bool root = geteuid() == 0; /* may fill what file systems keep in reserve */
	struct statvfs fs;

	*free_now = (struct sc_disk_free){UINT64_MAX, UINT64_MAX};
	if (fstatvfs(fd, &fs) != 0)
		return -1;
	if (fs.f_blocks != 0)
		free_now->bytes = (uint64_t)fs.f_frsize * (root ? fs.f_bfree : fs.f_bavail);
	if (fs.f_files != 0)
		free_now->inodes = root ? fs.f_ffree : fs.f_favail;
	return 0;
}

int
sc_disk_fail_space(const char *what, uint64_t needed_bytes, uint64_t free_bytes,
    struct sc_error *err)
{
	char needs[SC_UNIT_TEXT_BYTES];
	char has[SC_UNIT_TEXT_BYTES];

	return sc_fail(err, 0, "%s needs %s, %s are free", what,
	    sc_format_size((double)needed_bytes, needs), sc_format_size((double)free_bytes, has));
}

void
sc_disk_alive(atomic_uint_fast64_t *alive_ns)
{
	if (alive_ns != NULL)
		atomic_store(alive_ns, sc_clock_now_ns());
}

int
sc_disk_sync(int fd, atomic_uint_fast64_t *alive_ns)
{
	uint64_t patience_ns = sc_system_unwritten_bytes() * SLOW_DISK_NS_PER_BYTE;
	int rc;

	if (patience_ns > patience_max_ns)
		patience_ns = patience_max_ns;
	if (alive_ns != NULL)
		atomic_store(alive_ns, sc_clock_now_ns() + patience_ns);
	rc = sc_system_sync(fd);
	sc_disk_alive(alive_ns);
	return rc;
}
