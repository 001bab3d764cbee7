/*
 * The end of a tree: what is left to be made, what entries have besides their bytes, and their
 * names.  See sink_impl.h.
 */
#define _XOPEN_SOURCE 700 /* posix_fadvise */
#include "base/clock.h"
#include "beneath/system.h"
#include "file/transfer.h"
#include "tree/sink_impl.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 18, SLOW_DISK_NS_PER_BYTE = 125 };

/* Of a disk that writes nothing for so long nobody need wait to hear that it is slow. */
static const uint64_t sync_patience_ns = UINT64_C(600) * 1000 * 1000 * 1000;

/* Add length bytes of a file to the digest, past the cache as far as advice helps.  0, or -1
 * with errno. */
static int
digest_file(const struct sc_tree *tree, int fd, uint64_t length, uint8_t *buffer,
    struct sc_digest_stream *stream)
{
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	for (uint64_t offset = 0; offset < length;) {
		uint64_t rest = length - offset;
		size_t piece = rest < BUFFER_BYTES ? (size_t)rest : BUFFER_BYTES;
		ssize_t n = sc_read_at(fd, buffer, piece, offset);

		sc_tree_alive(tree);
		if (n < 0)
			return -1;
		if ((size_t)n < piece) {
			errno = EIO;
			return -1;
		}
		sc_digest_stream_add(stream, buffer, piece);
		offset += piece;
	}
	return 0;
}

int
sc_tree_verify(struct sc_backing *base, struct sc_digest *whole)
{
	struct sc_tree *tree = (struct sc_tree *)base;
	struct sc_digest_stream *stream = sc_digest_stream_new();
	uint8_t *buffer = malloc(BUFFER_BYTES);
	char path[SC_PATH_BYTES_MAX + 1];
	int rc = -1;

	errno = ENOMEM;
	if (stream != NULL && buffer != NULL)
		rc = digest_file(tree, tree->place.spool_fd, tree->facts.manifest_bytes, buffer,
		    stream);
	for (uint32_t i = 0; rc == 0 && i < tree->manifest.count; i++) {
		struct sc_error why;
		int fd, errnum;

		if (tree->manifest.entries[i].size_bytes == 0)
			continue;
		if (sc_beneath_open_reading(&tree->beneath[0], sc_tree_path(tree, i, path), &fd,
			&why) != 0) {
			errno = why.errnum != 0 ? why.errnum : EIO;
			rc = -1;
			break;
		}
		rc = digest_file(tree, fd, tree->manifest.entries[i].size_bytes, buffer, stream);
		errnum = errno;
		(void)close(fd); /* it was only read */
		errno = errnum;
	}
	if (rc == 0)
		*whole = sc_digest_stream_value(stream);
	free(buffer);
	sc_digest_stream_free(stream);
	return rc;
}

/* The system writes what others have left unwritten as well, and says nothing meanwhile: the thread
 * counts as alive for as long as that takes a slow disk. */
int
sc_tree_sync(const struct sc_tree *tree)
{
	uint64_t patience_ns = sc_system_unwritten_bytes() * SLOW_DISK_NS_PER_BYTE;
	int rc;

	if (patience_ns > sync_patience_ns)
		patience_ns = sync_patience_ns;
	if (tree->options.alive_ns != NULL)
		atomic_store(tree->options.alive_ns, sc_clock_now_ns() + patience_ns);
	rc = sc_system_sync(tree->base.part.fd);
	sc_tree_alive(tree);
	return rc;
}

/* Open a file that is there and describe it.  One without content that an earlier run did not get
 * to is made. */
static int
describe_file(struct sc_tree *tree, uint32_t index, struct sc_error *err)
{
	char buffer[SC_PATH_BYTES_MAX + 1];
	const char *path = sc_tree_path(tree, index, buffer);
	struct sc_error why;
	int fd, rc;

	if (tree->left && sc_beneath_admit(&tree->beneath[0], path, 0600, err) != 0)
		return -1;
	if (sc_beneath_open(&tree->beneath[0], path, &fd, &why) != 0) {
		if (why.errnum == ENOENT && tree->manifest.entries[index].size_bytes == 0)
			return sc_tree_put_leaf(tree, index, err);
		*err = why;
		return -1;
	}
	rc = sc_tree_describe(tree, &tree->beneath[0], index, fd, false, path, err);
	if (close(fd) != 0 && rc == 0)
		rc = sc_fail(err, errno, "cannot write %s/%s", tree->place.title, path);
	return rc;
}

static int
link_file(struct sc_tree *tree, uint32_t index, struct sc_error *err)
{
	uint32_t file = tree->manifest.entries[index].link;
	char buffer[SC_PATH_BYTES_MAX + 1];
	char file_buffer[SC_PATH_BYTES_MAX + 1];
	const char *path = sc_tree_path(tree, index, buffer);

	if (sc_tree_make_directory(tree, tree->manifest.entries[index].parent, err) != 0 ||
	    (tree->left && sc_beneath_unlink(&tree->beneath[0], path, err) != 0))
		return -1;
	return sc_beneath_link(&tree->beneath[0], path, sc_tree_path(tree, file, file_buffer), err);
}

/* Make what has not been made, and give each entry but directories what it lacks.  After a
 * resume nobody knows what that is. */
static int
complete(struct sc_tree *tree, uint32_t index, struct sc_error *err)
{
	const struct sc_entry *entry = &tree->manifest.entries[index];
	bool last = entry->offset == tree->manifest.content_bytes && entry->size_bytes == 0;

	switch ((enum sc_entry_kind)entry->kind) {
	case SC_ENTRY_DIRECTORY:
		return sc_tree_make_directory(tree, index, err);
	case SC_ENTRY_HARDLINK:
		return link_file(tree, index, err);
	case SC_ENTRY_SYMLINK:
		return last || tree->left ? sc_tree_put_leaf(tree, index, err) : 0;
	default:
		if (last && sc_tree_put_leaf(tree, index, err) != 0)
			return -1;
		if (tree->left || !sc_tree_describes_at_once(tree, entry))
			return describe_file(tree, index, err);
		return 0;
	}
}

static int
describe_directory(struct sc_tree *tree, uint32_t index, struct sc_error *err)
{
	char buffer[SC_PATH_BYTES_MAX + 1];
	const char *path = sc_tree_path(tree, index, buffer);
	int fd, rc;

	if (sc_beneath_open_directory(&tree->beneath[0], path, &fd, err) != 0)
		return -1;
	rc = sc_tree_describe(tree, &tree->beneath[0], index, fd, false, path, err);
	(void)close(fd); /* nothing was written through it */
	return rc;
}

int
sc_tree_finish(struct sc_backing *base, struct sc_error *err)
{
	struct sc_tree *tree = (struct sc_tree *)base;

	assert(tree->decoded && tree->early.count == 0);
	tree->finished = true;
	sc_tree_close_files(tree);
	for (uint32_t i = 0; i < tree->manifest.count; i++) {
		sc_tree_alive(tree);
		if (complete(tree, i, err) != 0)
			return -1;
	}
	/* Whatever is made in a directory changes its time, and its mode may forbid it: children
	 * come behind their parents. */
	for (uint32_t i = tree->manifest.count; i-- > 0;) {
		sc_tree_alive(tree);
		if (tree->manifest.entries[i].kind == SC_ENTRY_DIRECTORY &&
		    describe_directory(tree, i, err) != 0)
			return -1;
	}
	return 0;
}

int
sc_tree_publish(struct sc_backing *base, bool *published, struct sc_error *err)
{
	struct sc_tree *tree = (struct sc_tree *)base;
	uint32_t count = tree->manifest.roots;
	struct sc_place_name *names = calloc(count, sizeof(*names));
	int rc;

	*published = false;
	if (names == NULL)
		return sc_fail(err, ENOMEM, "cannot write %s", tree->place.title);
	for (uint32_t i = 0; i < count; i++) {
		const struct sc_entry *entry = &tree->manifest.entries[i];

		names[i].name = sc_manifest_name(&tree->manifest, i);
		names[i].directory = entry->kind == SC_ENTRY_DIRECTORY;
		names[i].unwritable = names[i].directory && !sc_tree_gives_write_bit(tree, entry);
	}
	rc = sc_place_publish(&tree->place, names, count, tree->options.force, published, err);
	free(names);
	/* From now on it is read by the names that it has there. */
	if (*published && tree->facts.several) {
		struct sc_error why;

		sc_beneath_free(&tree->reading);
		if (sc_beneath_init(&tree->reading, tree->base.part.dir_fd, tree->place.title,
			&why) != 0)
			tree->reading.root_fd = -1; /* what is asked for can't be had any more */
	}
	return rc;
}
