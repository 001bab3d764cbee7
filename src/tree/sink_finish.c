/*
 * The end of a directory tree's sink: making what is left to be made, giving entries what they have
 * besides their bytes, and names.  See sink_impl.h.
 */
#include "file/disk.h"
#include "tree/sink_impl.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Open a file that is there and describe it.  A file without content is made if the run that stored
 * the chunk around it was cut off before. */
static int
describe_file(struct sc_dirtree *tree, uint32_t index, struct sc_error *err)
{
	char buffer[SC_PATH_BYTES_MAX + 1];
	const char *path = sc_dirtree_path(tree, index, buffer);
	struct sc_error why;
	int fd, rc;

	if (tree->left && sc_beneath_admit(&tree->beneath[0], path, 0600, err) != 0)
		return -1;
	if (sc_beneath_open(&tree->beneath[0], path, &fd, &why) != 0) {
		if (why.errnum == ENOENT && tree->manifest.entries[index].size_bytes == 0)
			return sc_dirtree_put_leaf(tree, index, err);
		*err = why;
		return -1;
	}
	rc = sc_dirtree_describe(tree, &tree->beneath[0], index, fd, false, path, err);
	if (close(fd) != 0 && rc == 0)
		rc = sc_fail(err, errno, "cannot write %s/%s", tree->place.title, path);
	return rc;
}

static int
link_file(struct sc_dirtree *tree, uint32_t index, struct sc_error *err)
{
	uint32_t file = tree->manifest.entries[index].link;
	char buffer[SC_PATH_BYTES_MAX + 1];
	char file_buffer[SC_PATH_BYTES_MAX + 1];
	const char *path = sc_dirtree_path(tree, index, buffer);

	if (sc_dirtree_make_directory(tree, tree->manifest.entries[index].parent, err) != 0 ||
	    (tree->left && sc_beneath_unlink(&tree->beneath[0], path, err) != 0))
		return -1;
	return sc_beneath_link(&tree->beneath[0], path, sc_dirtree_path(tree, file, file_buffer),
	    err);
}

/* Make what has not been made, and give each entry but directories what it lacks.  What that is is
 * not known after a resume: then all entries get all. */
static int
complete(struct sc_dirtree *tree, uint32_t index, struct sc_error *err)
{
	const struct sc_entry *entry = &tree->manifest.entries[index];
	bool last = entry->offset == tree->manifest.content_bytes && entry->size_bytes == 0;

	switch ((enum sc_entry_kind)entry->kind) {
	case SC_ENTRY_DIRECTORY:
		return sc_dirtree_make_directory(tree, index, err);
	case SC_ENTRY_HARDLINK:
		return link_file(tree, index, err);
	case SC_ENTRY_SYMLINK:
		return last || tree->left ? sc_dirtree_put_leaf(tree, index, err) : 0;
	default:
		if (last && sc_dirtree_put_leaf(tree, index, err) != 0)
			return -1;
		if (tree->left || !sc_dirtree_describes_at_once(tree, entry))
			return describe_file(tree, index, err);
		return 0;
	}
}

static int
describe_directory(struct sc_dirtree *tree, uint32_t index, struct sc_error *err)
{
	char buffer[SC_PATH_BYTES_MAX + 1];
	const char *path = sc_dirtree_path(tree, index, buffer);
	int fd, rc;

	if (sc_beneath_open_directory(&tree->beneath[0], path, &fd, err) != 0)
		return -1;
	rc = sc_dirtree_describe(tree, &tree->beneath[0], index, fd, false, path, err);
	(void)close(fd); /* nothing was written through it */
	return rc;
}

int
sc_dirtree_finish(struct sc_backing *base, struct sc_error *err)
{
	struct sc_dirtree *tree = (struct sc_dirtree *)base;

	assert(tree->decoded && tree->early.count == 0);
	tree->finished = true;
	sc_dirtree_close_files(tree);
	for (uint32_t i = 0; i < tree->manifest.count; i++) {
		sc_disk_alive(tree->options.alive_ns);
		if (complete(tree, i, err) != 0)
			return -1;
	}
	/* Only now, for what is made in a directory changes the directory's time, and its mode may
	 * forbid it.  From the last entry to the first: children come behind their parents. */
	for (uint32_t i = tree->manifest.count; i-- > 0;) {
		sc_disk_alive(tree->options.alive_ns);
		if (tree->manifest.entries[i].kind == SC_ENTRY_DIRECTORY &&
		    describe_directory(tree, i, err) != 0)
			return -1;
	}
	return 0;
}

int
sc_dirtree_publish(struct sc_backing *base, bool *published, struct sc_error *err)
{
	struct sc_dirtree *tree = (struct sc_dirtree *)base;
	uint32_t count = tree->manifest.roots;
	struct sc_place_name *names = calloc(count, sizeof(*names));
	int rc;

	assert(tree->finished && count > 0);
	*published = false;
	if (names == NULL)
		return sc_fail(err, ENOMEM, "cannot write %s", tree->place.title);
	for (uint32_t i = 0; i < count; i++) {
		const struct sc_entry *entry = &tree->manifest.entries[i];

		names[i].name = sc_manifest_name(&tree->manifest, i);
		names[i].directory = entry->kind == SC_ENTRY_DIRECTORY;
		names[i].unwritable =
		    names[i].directory && !sc_dirtree_gives_write_bit(tree, entry);
	}
	rc = sc_place_publish(&tree->place, names, count, tree->options.force, published, err);
	free(names);
	/* From now on the roots are read by the names that they have in DEST's directory. */
	if (*published && tree->facts.several) {
		struct sc_error why;

		sc_beneath_free(&tree->reading);
		if (sc_beneath_init(&tree->reading, tree->base.part.dir_fd, tree->place.title,
			&why) != 0)
			tree->reading.root_fd = -1; /* reads fail from now on */
	}
	return rc;
}
