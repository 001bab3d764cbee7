/*
 * Creating and writing the entries of a directory tree: see sink_impl.h.
 */
#define _XOPEN_SOURCE 700 /* UTIME_OMIT */
#include "beneath/system.h"
#include "file/disk.h"
#include "file/transfer.h"
#include "tree/sink_impl.h"

#include <assert.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

const char *
sc_dirtree_path(const struct sc_dirtree *tree, uint32_t entry, char buffer[SC_PATH_BYTES_MAX + 1])
{
	size_t root;

	sc_manifest_path(&tree->manifest, entry, buffer);
	if (tree->facts.several)
		return buffer;
	root = tree->manifest.entries[0].name_length;
	return entry == 0 ? buffer + root : buffer + root + 1;
}

int
sc_dirtree_make_directory(struct sc_dirtree *tree, uint32_t entry, struct sc_error *err)
{
	const struct sc_entry *entries = tree->manifest.entries;
	char buffer[SC_PATH_BYTES_MAX + 1];

	while (entry != SC_NO_ENTRY && !sc_bitmap_has(&tree->made, entry)) {
		uint32_t top = entry; /* of those that are missing */

		while (entries[top].parent != SC_NO_ENTRY &&
		    !sc_bitmap_has(&tree->made, entries[top].parent))
			top = entries[top].parent;
		/* The only root is the tree itself. */
		if ((tree->facts.several || top != 0) &&
		    sc_beneath_mkdir(&tree->beneath[0], sc_dirtree_path(tree, top, buffer), 0700,
			tree->left, err) != 0)
			return -1;
		sc_bitmap_add(&tree->made, top);
	}
	return 0;
}

/* Is all of the file's content in one chunk? */
static bool
is_in_one_chunk(const struct sc_dirtree *tree, const struct sc_entry *entry)
{
	uint64_t begin = tree->facts.manifest_bytes + entry->offset;

	return entry->size_bytes == 0 ||
	    begin / tree->chunk_bytes == (begin + entry->size_bytes - 1) / tree->chunk_bytes;
}

/* The mode that an entry gets in the end. */
static uint32_t
final_mode(const struct sc_dirtree *tree, const struct sc_entry *entry)
{
	return tree->options.preserve ? entry->mode : entry->mode & 0777 & ~tree->umask;
}

/* A file that its owner can't read once it has its mode could be neither verified nor loaded: it
 * gets its mode at the end. */
bool
sc_dirtree_describes_at_once(const struct sc_dirtree *tree, const struct sc_entry *entry)
{
	return is_in_one_chunk(tree, entry) &&
	    ((final_mode(tree, entry) & 0400) != 0 || geteuid() == 0);
}

bool
sc_dirtree_gives_write_bit(const struct sc_dirtree *tree, const struct sc_entry *entry)
{
	return (final_mode(tree, entry) & 0200) != 0;
}

int
sc_dirtree_describe(const struct sc_dirtree *tree, struct sc_beneath *beneath, uint32_t index,
    int fd, bool keeps_mode, const char *path, struct sc_error *err)
{
	const struct sc_entry *entry = &tree->manifest.entries[index];
	bool preserve = tree->options.preserve;
	struct sc_beneath_xattr xattrs[SC_XATTRS_MAX];
	struct sc_beneath_facts facts = {
		.mode = final_mode(tree, entry),
		.keeps_mode = keeps_mode,
		.uid = entry->uid,
		.gid = entry->gid,
		.owner = preserve,
		.atime = {.tv_nsec = UTIME_OMIT},
		.mtime = {.tv_sec = (time_t)entry->mtime_s, .tv_nsec = (long)entry->mtime_ns},
	};

	if (entry->kind == SC_ENTRY_SYMLINK)
		return sc_beneath_describe_link(beneath, path, &facts, err);
	/* A root is still to be renamed, for which its owner has to be able to write to it. */
	if (entry->kind == SC_ENTRY_DIRECTORY && entry->parent == SC_NO_ENTRY)
		facts.mode |= 0200;
	if (preserve && entry->xattrs > 0) {
		facts.xattr_count = sc_manifest_xattrs(&tree->manifest, index, xattrs);
		facts.xattrs = xattrs;
	}
	return sc_beneath_describe(beneath, fd, path, &facts, err);
}

/* Remove what an earlier run may have left of an entry that is to be made. */
static int
clear_name(const struct sc_dirtree *tree, struct sc_beneath *beneath, const char *path,
    struct sc_error *err)
{
	return tree->left ? sc_beneath_unlink(beneath, path, err) : 0;
}

static int
fail_write(const struct sc_dirtree *tree, const char *path, struct sc_error *err)
{
	return sc_fail(err, errno, "cannot write %s/%s", tree->place.title, path);
}

/* Write what a chunk has of a file.  fresh: the file reads as zeros there. */
static int
write_piece(const struct sc_entry *entry, int fd, const uint8_t *bytes, size_t length,
    uint64_t offset, bool fresh)
{
	if (!fresh && (bytes == NULL || entry->sparse) &&
	    (!entry->sparse || sc_system_punch(fd, offset, length) != 0) &&
	    sc_write_zeros_at(fd, length, offset) != 0)
		return -1;
	if (bytes == NULL)
		return 0;
	if (entry->sparse)
		return sc_write_sparse_at(fd, bytes, length, offset);
	return sc_write_at(fd, bytes, length, offset);
}

/* Make a file whose content is all in one chunk: create, write, describe and close it. */
static int
put_whole_file(const struct sc_dirtree *tree, struct sc_beneath *beneath, uint32_t index,
    const uint8_t *bytes, struct sc_error *err)
{
	const struct sc_entry *entry = &tree->manifest.entries[index];
	char buffer[SC_PATH_BYTES_MAX + 1];
	const char *path = sc_dirtree_path(tree, index, buffer);
	bool describe = sc_dirtree_describes_at_once(tree, entry);
	/* Saves a call for each of many files; a mode under the umask comes with the creation. */
	bool keeps_mode = describe && !tree->options.preserve;
	int rc = 0;
	int fd;

	if (clear_name(tree, beneath, path, err) != 0 ||
	    sc_beneath_create_as(beneath, path, keeps_mode ? entry->mode & 0777 : 0600, &fd, err) !=
		0)
		return -1;
	if ((bytes == NULL || entry->sparse) && entry->size_bytes > 0 &&
	    ftruncate(fd, (off_t)entry->size_bytes) != 0)
		rc = fail_write(tree, path, err);
	if (rc == 0 && write_piece(entry, fd, bytes, (size_t)entry->size_bytes, 0, true) != 0)
		rc = fail_write(tree, path, err);
	if (rc == 0 && describe)
		rc = sc_dirtree_describe(tree, beneath, index, fd, keeps_mode, path, err);
	if (close(fd) != 0 && rc == 0)
		rc = fail_write(tree, path, err);
	return rc;
}

int
sc_dirtree_close_file(struct sc_dirtree_file *file)
{
	int rc = file->fd >= 0 ? close(file->fd) : 0;

	*file = (struct sc_dirtree_file){.entry = SC_NO_ENTRY, .fd = -1};
	return rc;
}

void
sc_dirtree_close_files(struct sc_dirtree *tree)
{
	/* A write that failed shows when the file system is synced, or when the file is read back
	 * and has the wrong digest. */
	for (size_t i = 0; i < SC_DIRTREE_OPEN_FILES; i++)
		(void)sc_dirtree_close_file(&tree->files[i]);
}

/* Open a file of several pieces for the first of them that comes.  One that an earlier run left is
 * kept: chunks of it that were found good are not sent again. */
static int
begin_file(struct sc_dirtree *tree, uint32_t index, const char *path, int *fd, struct sc_error *err)
{
	const struct sc_entry *entry = &tree->manifest.entries[index];
	struct sc_error why = {.errnum = ENOENT};

	*fd = -1;
	if (sc_dirtree_make_directory(tree, entry->parent, err) != 0)
		return -1;
	if (tree->left) {
		if (sc_beneath_admit(&tree->beneath[0], path, 0600, err) != 0)
			return -1;
		if (sc_beneath_open(&tree->beneath[0], path, fd, &why) != 0 &&
		    why.errnum != ENOENT) {
			*err = why;
			return -1;
		}
	}
	if (*fd < 0 && sc_beneath_create(&tree->beneath[0], path, fd, err) != 0)
		return -1;
	if (ftruncate(*fd, (off_t)entry->size_bytes) != 0) {
		(void)fail_write(tree, path, err);
		(void)close(*fd);
		return -1;
	}
	sc_bitmap_add(&tree->made, index);
	return 0;
}

/* A piece of a file that has more of them. */
static int
put_piece(struct sc_dirtree *tree, uint32_t index, const uint8_t *bytes, size_t length,
    uint64_t offset, struct sc_error *err)
{
	struct sc_dirtree_file *file = &tree->files[index % SC_DIRTREE_OPEN_FILES];
	char buffer[SC_PATH_BYTES_MAX + 1];
	const char *path = sc_dirtree_path(tree, index, buffer);

	if (file->entry != index) {
		int rc;

		/* A file system may say only now that it could not write. */
		if (sc_dirtree_close_file(file) != 0)
			return fail_write(tree, path, err);
		assert(file->entry == SC_NO_ENTRY && file->fd < 0);
		if (sc_bitmap_has(&tree->made, index))
			rc = sc_beneath_open(&tree->beneath[0], path, &file->fd, err);
		else
			rc = begin_file(tree, index, path, &file->fd, err);
		if (rc != 0) {
			file->fd = -1;
			return -1;
		}
		file->entry = index;
	}
	if (write_piece(&tree->manifest.entries[index], file->fd, bytes, length, offset,
		!tree->left) != 0)
		return fail_write(tree, path, err);
	return 0;
}

static int
put_symlink(const struct sc_dirtree *tree, struct sc_beneath *beneath, uint32_t index,
    struct sc_error *err)
{
	char buffer[SC_PATH_BYTES_MAX + 1];
	const char *path = sc_dirtree_path(tree, index, buffer);

	if (clear_name(tree, beneath, path, err) != 0 ||
	    sc_beneath_symlink(beneath, path, sc_manifest_target(&tree->manifest, index), err) != 0)
		return -1;
	return sc_dirtree_describe(tree, beneath, index, -1, false, path, err);
}

int
sc_dirtree_put_leaf(struct sc_dirtree *tree, uint32_t index, struct sc_error *err)
{
	const struct sc_entry *entry = &tree->manifest.entries[index];

	assert(entry->size_bytes == 0);
	if (sc_dirtree_make_directory(tree, entry->parent, err) != 0)
		return -1;
	if (entry->kind == SC_ENTRY_FILE)
		return put_whole_file(tree, &tree->beneath[0], index, NULL, err);
	assert(entry->kind == SC_ENTRY_SYMLINK);
	return put_symlink(tree, &tree->beneath[0], index, err);
}

/* The bytes that are being written, for all threads. */
struct load {
	struct sc_dirtree *tree;
	const uint8_t *bytes; /* NULL: zeros */
	uint64_t begin;       /* where they belong among the contents */
	uint64_t end;
};

/* Make the directories that entries are in, and write the pieces of large files: what only one thread
 * may do, as it changes `made` and the open files. */
static int
prepare(const struct load *load, uint32_t first, uint32_t end, struct sc_error *err)
{
	struct sc_dirtree *tree = load->tree;

	for (uint32_t i = first; i < end; i++) {
		const struct sc_entry *entry = &tree->manifest.entries[i];
		uint64_t from = entry->offset > load->begin ? entry->offset : load->begin;
		uint64_t to = entry->offset + entry->size_bytes;

		if (entry->kind == SC_ENTRY_HARDLINK)
			continue; /* linked at the end, when all files are there */
		if (sc_dirtree_make_directory(tree,
			entry->kind == SC_ENTRY_DIRECTORY ? i : entry->parent, err) != 0)
			return -1;
		if (is_in_one_chunk(tree, entry))
			continue;
		if (to > load->end)
			to = load->end;
		if (put_piece(tree, i,
			load->bytes == NULL ? NULL : load->bytes + (from - load->begin),
			(size_t)(to - from), from - entry->offset, err) != 0)
			return -1;
		sc_disk_alive(tree->options.alive_ns);
	}
	return 0;
}

/* A sc_crew_piece: an entry that is whole in this chunk, or without content. */
static int
put_entry(void *context, unsigned thread, uint32_t index, struct sc_error *err)
{
	const struct load *load = context;
	struct sc_dirtree *tree = load->tree;
	const struct sc_entry *entry = &tree->manifest.entries[index];
	const uint8_t *bytes = NULL;

	sc_disk_alive(tree->options.alive_ns);
	if (entry->kind == SC_ENTRY_SYMLINK)
		return put_symlink(tree, &tree->beneath[thread], index, err);
	if (entry->kind != SC_ENTRY_FILE || !is_in_one_chunk(tree, entry))
		return 0;
	if (load->bytes != NULL && entry->size_bytes > 0)
		bytes = load->bytes + (entry->offset - load->begin);
	return put_whole_file(tree, &tree->beneath[thread], index, bytes, err);
}

int
sc_dirtree_put(struct sc_dirtree *tree, const uint8_t *bytes, size_t length, uint64_t offset,
    struct sc_error *err)
{
	const struct sc_manifest *manifest = &tree->manifest;
	struct load load = {.tree = tree, .bytes = bytes, .begin = offset, .end = offset + length};
	uint32_t first = sc_manifest_from(manifest, offset);
	uint32_t end = sc_manifest_from(manifest, load.end);

	assert(length > 0 && load.end <= manifest->content_bytes);
	/* The file before may reach into these bytes. */
	if (first > 0 &&
	    manifest->entries[first - 1].offset + manifest->entries[first - 1].size_bytes > offset)
		first--;
	if (prepare(&load, first, end, err) != 0)
		return -1;
	return sc_crew_work(tree->threads, put_entry, &load, first, end, err);
}
