/*
 * An archive from an attacker: whatever is in it, nothing beside the directory that it is unpacked into
 * is made, changed or removed, and what is made there can be removed again.
 *
 * The first byte of an input says what is made right in it beforehand, since a fuzzer does not guess a
 * checksum, and how it is unpacked.  The rest is the archive.
 */
#define _GNU_SOURCE /* mkdtemp */
#include "archive/unpack.h"
#include "beneath/remove.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

enum {
	RIGHT_CHECKS = 1, /* of headers */
	PRESERVE = 2,
	SKIP = 4,
	BY_PIECES = 8, /* it comes in pieces of some bytes */
};

enum { ARCHIVE_BYTES_MAX = 1 << 15, BLOCK = 512 };

struct input {
	const uint8_t *bytes;
	size_t length;
	size_t piece;
};

static const char secret[] = "secret";
static char folder[256];
static int folder_fd;
static struct stat canary_before, secret_before;

static void
need(bool held, const char *what)
{
	if (held)
		return;
	perror(what);
	abort();
}

/* A folder, below $TMPDIR, with what is not to be touched.  It stays: libFuzzer ends without a
 * word to us. */
static void
make_folder(void)
{
	const char *parent = getenv("TMPDIR");
	int fd;

	snprintf(folder, sizeof(folder), "%.200s/stagecast-fuzz-XXXXXX",
	    parent != NULL ? parent : "/tmp");
	need(mkdtemp(folder) != NULL, folder);
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
	need(folder_fd >= 0 && mkdirat(folder_fd, "canary", 0755) == 0, folder);
	fd = openat(folder_fd, "canary/secret", O_WRONLY | O_CREAT | O_EXCL, 0644);
	need(fd >= 0 && write(fd, secret, sizeof(secret)) == sizeof(secret) && close(fd) == 0,
	    "canary");
	need(fstatat(folder_fd, "canary", &canary_before, 0) == 0 &&
		fstatat(folder_fd, "canary/secret", &secret_before, 0) == 0,
	    "canary");
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_mode == b->st_mode && a->st_uid == b->st_uid &&
	    a->st_nlink == b->st_nlink && a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* In the folder are these and nothing else, and the canary is as it was. */
static void
check_folder(bool with_tree)
{
	const struct dirent *entry;
	struct stat now;
	int names = 0;
	DIR *stream;

	need(fstatat(folder_fd, "canary", &now, 0) == 0 && is_same(&now, &canary_before), "canary");
	need(fstatat(folder_fd, "canary/secret", &now, 0) == 0 && is_same(&now, &secret_before),
	    "secret");
	stream = opendir(folder);
	need(stream != NULL, folder);
	while ((entry = readdir(stream)) != NULL)
		names++;
	need(closedir(stream) == 0 && names == 3 + with_tree, "names");
}

static uint64_t
octal(const uint8_t *field, size_t width)
{
	uint64_t value = 0;

	for (size_t i = 0; i < width && field[i] >= '0' && field[i] <= '7'; i++)
		value = 8 * value + (uint64_t)(field[i] - '0');
	return value;
}

/* Give each header, from the first one on, its checksum. */
static void
repair(uint8_t *bytes, size_t length)
{
	size_t at = 0;

	while (at + BLOCK <= length) {
		unsigned sum = 0;
		uint64_t size = octal(bytes + at + 124, 11);

		memset(bytes + at + 148, ' ', 8);
		for (size_t i = 0; i < BLOCK; i++)
			sum += bytes[at + i];
		/* A block of zeros is no header. */
		if (sum == 8 * ' ')
			memset(bytes + at + 148, 0, 8);
		else
			snprintf((char *)bytes + at + 148, 8, "%06o", sum);
		if (size > length)
			return;
		at += BLOCK + (size_t)((size + BLOCK - 1) / BLOCK * BLOCK);
	}
}

static ssize_t
read_input(void *context, void *bytes, size_t capacity, uint64_t offset, struct sc_error *err)
{
	const struct input *input = context;
	size_t left = offset < input->length ? input->length - (size_t)offset : 0;
	size_t n = left < capacity ? left : capacity;

	(void)err;
	if (n > input->piece)
		n = input->piece;
	if (n > 0)
		memcpy(bytes, input->bytes + offset, n);
	return (ssize_t)n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static uint8_t archive[ARCHIVE_BYTES_MAX];
	struct input input = {.bytes = archive};
	struct sc_unpack_options options = {
		.archive = "archive",
		.title = "tree",
		.umask = 022,
		.source = {read_input, &input},
	};
	struct sc_unpack_sum sum;
	struct sc_error err = {0};
	int root_fd, rc;

	if (length < 1 || length - 1 > sizeof(archive))
		return 0;
	if (folder[0] == '\0')
		make_folder();
	input.length = length - 1;
	input.piece = bytes[0] & BY_PIECES ? 7 : sizeof(archive);
	memcpy(archive, bytes + 1, input.length);
	if (bytes[0] & RIGHT_CHECKS)
		repair(archive, input.length);
	options.preserve = (bytes[0] & PRESERVE) != 0;
	options.skip_unreadable = (bytes[0] & SKIP) != 0;

	need(mkdirat(folder_fd, "tree", 0700) == 0, "tree");
	root_fd = openat(folder_fd, "tree", O_RDONLY | O_DIRECTORY);
	need(root_fd >= 0, "tree");
	rc = sc_unpack(root_fd, &options, &sum, &err);
	need(close(root_fd) == 0, "tree");
	need(rc == 0 || (rc == -1 && strncmp(err.text, "archive: ", 9) == 0), "what is said");
	check_folder(true);
	need(sc_remove_tree(folder_fd, "tree", "tree", NULL, &err) == 0, err.text);
	check_folder(false);
	return 0;
}
