/*
 * A directory tree as a source: see source.h.
 */
#define _XOPEN_SOURCE 700 /* PATH_MAX */
#include "tree/source.h"

#include "beneath/system.h"
#include "file/transfer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = SC_PATH_BYTES_MAX + PATH_MAX + 2 };

struct tree_stream {
	struct sc_manifest manifest;
	struct sc_root *roots; /* owned, with their texts */
	struct stat *root_stats;
	size_t root_count;
	uint8_t *encoded;
	size_t encoded_bytes;

	/* The directory and the file that were used last: the next bytes are mostly of the same. */
	uint32_t directory;
	int directory_fd;
	uint32_t file;
	int file_fd;
	struct stat file_opened;
};

static const char *
path_of(const struct tree_stream *tree, uint32_t entry, char path[PATH_BYTES])
{
	if (sc_walk_path(&tree->manifest, tree->roots, entry, path, PATH_BYTES) != 0)
		return sc_manifest_name(&tree->manifest, entry);
	return path;
}

static int
fail_changed(const struct tree_stream *tree, uint32_t entry, struct sc_error *err)
{
	char path[PATH_BYTES];

	return sc_fail(err, 0, "%s changed while it was read", path_of(tree, entry, path));
}

static void
close_file(struct tree_stream *tree)
{
	if (tree->file_fd >= 0)
		(void)close(tree->file_fd); /* it was only read */
	tree->file_fd = -1;
	tree->file = SC_NO_ENTRY;
}

/* Have the directory of an entry open, and set *name to what the entry is called there; of a root
 * to its path, The descriptor, or -1 with errno. */
static int
directory_of(struct tree_stream *tree, uint32_t entry, const char **name)
{
	const struct sc_root *root = sc_walk_root(&tree->manifest, tree->roots, entry);
	uint32_t parent = tree->manifest.entries[entry].parent;
	char path[PATH_BYTES];

	if (root != NULL) {
		*name = root->path;
		return AT_FDCWD;
	}
	*name = sc_manifest_name(&tree->manifest, entry);
	if (tree->directory == parent)
		return tree->directory_fd;
	if (tree->directory_fd >= 0)
		(void)close(tree->directory_fd);
	tree->directory = SC_NO_ENTRY;
	tree->directory_fd = sc_system_open_directory(path_of(tree, parent, path));
	if (tree->directory_fd >= 0)
		tree->directory = parent;
	return tree->directory_fd;
}

static bool
is_unchanged(const struct sc_entry *entry, const struct stat *st)
{
	return S_ISREG(st->st_mode) && (uint64_t)st->st_size == entry->size_bytes &&
	    st->st_mtim.tv_sec == entry->mtime_s &&
	    (uint32_t)st->st_mtim.tv_nsec == entry->mtime_ns;
}

static int
open_file(struct tree_stream *tree, uint32_t index, struct sc_error *err)
{
	const struct sc_entry *entry = &tree->manifest.entries[index];
	int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
	char path[PATH_BYTES];
	const char *name;
	int dir_fd;

	if (tree->file == index)
		return 0;
	close_file(tree);
	dir_fd = directory_of(tree, index, &name);
	if (dir_fd == -1)
		return sc_fail(err, errno, "cannot open %s", path_of(tree, index, path));
	if (sc_walk_root(&tree->manifest, tree->roots, index) == NULL)
		flags |= O_NOFOLLOW;
	tree->file_fd = openat(dir_fd, name, flags);
	if (tree->file_fd < 0 || fstat(tree->file_fd, &tree->file_opened) != 0)
		return sc_fail(err, errno, "cannot open %s", path_of(tree, index, path));
	tree->file = index;
	return is_unchanged(entry, &tree->file_opened) ? 0 : fail_changed(tree, index, err);
}

/* A file was read to its end: has it stayed what it was when it was opened? */
static int
check_open_file(const struct tree_stream *tree, struct sc_error *err)
{
	struct stat now;

	if (fstat(tree->file_fd, &now) != 0 || !sc_source_is_same(&tree->file_opened, &now))
		return fail_changed(tree, tree->file, err);
	return 0;
}

/* Read a piece of a file with holes, which are not read.  *zero: the piece is all hole. */
static int
read_sparse(const struct tree_stream *tree, uint8_t *bytes, size_t length, uint64_t offset,
    bool *zero)
{
	uint64_t size = (uint64_t)tree->file_opened.st_size;
	size_t done = 0;

	*zero = true;
	while (done < length) {
		uint64_t data, end, begin = offset + done;
		size_t hole, piece;

		sc_system_next_data(tree->file_fd, begin, size, &data, &end);
		assert(data >= begin && end >= data);
		hole = data - begin < length - done ? (size_t)(data - begin) : length - done;
		memset(bytes + done, 0, hole);
		done += hole;
		piece = end - data < length - done ? (size_t)(end - data) : length - done;
		if (piece == 0 && hole == 0) {
			errno = EIO; /* the file changes while it is read */
			return -1;
		}
		if (piece > 0) {
			*zero = false;
			if (sc_read_at(tree->file_fd, bytes + done, piece, data) != (ssize_t)piece)
				return -1;
		}
		done += piece;
	}
	return 0;
}

/* Read length bytes at offset of a file. */
static int
read_piece(struct tree_stream *tree, uint32_t index, uint8_t *bytes, size_t length, uint64_t offset,
    bool *zero, struct sc_error *err)
{
	const struct sc_entry *entry = &tree->manifest.entries[index];
	char path[PATH_BYTES];
	ssize_t n;

	*zero = false;
	if (open_file(tree, index, err) != 0)
		return -1;
	errno = 0;
	if (entry->sparse)
		n = read_sparse(tree, bytes, length, offset, zero) == 0 ? (ssize_t)length : -1;
	else
		n = sc_read_at(tree->file_fd, bytes, length, offset);
	if (n < 0 && errno != 0)
		return sc_fail(err, errno, "cannot read %s", path_of(tree, index, path));
	if (n < 0 || (size_t)n < length)
		return sc_fail(err, 0, "%s shrank while it was read", path_of(tree, index, path));
	if (offset + length < entry->size_bytes)
		return 0;
	return check_open_file(tree, err);
}

static int
read_tree(void *stream, uint8_t *bytes, uint32_t length, uint64_t offset, bool *zero,
    struct sc_error *err)
{
	struct tree_stream *tree = stream;
	size_t done = 0;

	*zero = false;
	if (offset < tree->encoded_bytes) {
		done = tree->encoded_bytes - (size_t)offset;
		done = done < length ? done : length;
		memcpy(bytes, tree->encoded + offset, done);
	}
	while (done < length) {
		uint64_t from = offset + done - tree->encoded_bytes;
		size_t piece = length - done;
		uint64_t at;
		uint32_t index = sc_manifest_piece(&tree->manifest, from, &piece, &at);

		assert(piece > 0); /* or the read is beyond the stream */
		if (read_piece(tree, index, bytes + done, piece, at, zero, err) != 0)
			return -1;
		*zero = *zero && piece == length;
		done += piece;
	}
	return 0;
}

static int
check_tree(void *stream, struct sc_error *err)
{
	struct tree_stream *tree = stream;

	for (uint32_t i = 0; i < tree->manifest.count; i++) {
		const struct sc_entry *entry = &tree->manifest.entries[i];
		bool root = sc_walk_root(&tree->manifest, tree->roots, i) != NULL;
		const char *name;
		struct stat st;
		int dir_fd;

		if (entry->kind != SC_ENTRY_FILE)
			continue;
		dir_fd = directory_of(tree, i, &name);
		if (dir_fd == -1 ||
		    fstatat(dir_fd, name, &st, root ? 0 : AT_SYMLINK_NOFOLLOW) != 0 ||
		    !is_unchanged(entry, &st))
			return fail_changed(tree, i, err);
	}
	return 0;
}

static bool
is_root(const void *stream, dev_t dev, ino_t ino)
{
	const struct tree_stream *tree = stream;

	/* Roots that get into a virtual directory may be in DEST already: none of them is DEST. */
	for (size_t i = 0; !tree->roots[0].within && i < tree->root_count; i++) {
		if (tree->root_stats[i].st_dev == dev && tree->root_stats[i].st_ino == ino)
			return true;
	}
	return false;
}

static void
close_tree(void *stream)
{
	struct tree_stream *tree = stream;

	close_file(tree);
	if (tree->directory_fd >= 0)
		(void)close(tree->directory_fd); /* nothing was written */
	for (size_t i = 0; tree->roots != NULL && i < tree->root_count; i++) {
		free((char *)tree->roots[i].path);
		free((char *)tree->roots[i].name);
	}
	free(tree->roots);
	free(tree->root_stats);
	free(tree->encoded);
	sc_manifest_free(&tree->manifest);
	free(tree);
}

/* Copy the roots, in order, and remember which files they are. */
static int
copy_roots(struct tree_stream *tree, const struct sc_root *roots, size_t count,
    struct sc_error *err)
{
	tree->roots = calloc(count, sizeof(*tree->roots));
	tree->root_stats = calloc(count, sizeof(*tree->root_stats));
	if (tree->roots == NULL || tree->root_stats == NULL)
		return sc_fail(err, ENOMEM, "cannot open %s", roots[0].path);
	tree->root_count = count;
	for (size_t i = 0; i < count; i++) {
		struct sc_root *root = &tree->roots[i];

		*root = roots[i];
		root->path = strdup(roots[i].path);
		root->name = strdup(roots[i].name);
		if (root->path == NULL || root->name == NULL)
			return sc_fail(err, ENOMEM, "cannot open %s", roots[i].path);
	}
	sc_walk_sort(tree->roots, count);
	for (size_t i = 0; i < count; i++) {
		const struct sc_root *root = &tree->roots[i];

		if (fstatat(AT_FDCWD, root->path, &tree->root_stats[i],
			root->keep_link ? AT_SYMLINK_NOFOLLOW : 0) != 0)
			return sc_fail(err, errno, "cannot open %s", root->path);
	}
	return 0;
}

static void
leave_out(struct sc_entry *entry, unsigned without)
{
	if ((without & SC_DIRTREE_WITHOUT_HOLES) != 0)
		entry->sparse = false;
	if ((without & SC_DIRTREE_WITHOUT_OWNER) != 0)
		entry->uid = entry->gid = 0;
	if ((without & SC_DIRTREE_WITHOUT_MODES) != 0)
		entry->mode = 0;
	if ((without & SC_DIRTREE_WITHOUT_TIMES) != 0) {
		entry->mtime_s = 0;
		entry->mtime_ns = 0;
	}
}

/* When files are read, their times are compared with the entries': what is left out of the stream is
 * left out of a copy of the entries. */
static int
encode(struct tree_stream *tree, unsigned without, struct sc_error *err)
{
	struct sc_manifest told = tree->manifest;
	int rc;

	if (without == 0)
		return sc_manifest_encode(&told, &tree->encoded, &tree->encoded_bytes, err);
	told.entries = malloc(told.count * sizeof(*told.entries));
	if (told.entries == NULL)
		return sc_fail(err, ENOMEM, "%s", tree->roots[0].path);
	for (uint32_t i = 0; i < told.count; i++) {
		told.entries[i] = tree->manifest.entries[i];
		leave_out(&told.entries[i], without);
	}
	rc = sc_manifest_encode(&told, &tree->encoded, &tree->encoded_bytes, err);
	free(told.entries);
	return rc;
}

static int
make_manifest(struct tree_stream *tree, const struct sc_walk_options *options, unsigned without,
    uint64_t *allocated_bytes, struct sc_error *err)
{
	if (sc_walk(&tree->manifest, tree->roots, tree->root_count, options, allocated_bytes,
		err) != 0 ||
	    encode(tree, without, err) != 0)
		return -1;
	if (tree->encoded_bytes > SC_MANIFEST_BYTES_MAX ||
	    tree->manifest.content_bytes > INT64_MAX - tree->encoded_bytes)
		return sc_fail(err, EFBIG, "%s", tree->roots[0].path);
	return 0;
}

int
sc_dirtree_source_open(struct sc_source **out, const struct sc_root *roots, size_t count,
    bool several, const struct sc_walk_options *options, unsigned without,
    struct sc_source_facts *facts, struct sc_error *err)
{
	static const struct sc_stream_ops ops = {
		.read = read_tree,
		.check = check_tree,
		.is = is_root,
		.close = close_tree,
	};
	struct tree_stream *tree = calloc(1, sizeof(*tree));
	uint64_t allocated_bytes;

	assert(count > 0 && (several || count == 1 || roots[0].within));
	*out = NULL;
	if (tree == NULL)
		return sc_fail(err, ENOMEM, "cannot open %s", roots[0].path);
	tree->directory = tree->file = SC_NO_ENTRY;
	tree->directory_fd = tree->file_fd = -1;
	if (copy_roots(tree, roots, count, err) != 0 ||
	    make_manifest(tree, options, without, &allocated_bytes, err) != 0) {
		close_tree(tree);
		return -1;
	}
	*facts = (struct sc_source_facts){
		.size_bytes = tree->encoded_bytes + tree->manifest.content_bytes,
		.allocated_bytes = tree->encoded_bytes + allocated_bytes,
		.manifest_bytes = tree->encoded_bytes,
		.manifest = sc_digest_chunk(tree->encoded, tree->encoded_bytes, 0),
		.entries = tree->manifest.count,
		.several = several,
	};
	return sc_source_over(out, &ops, tree, facts->size_bytes, err);
}
