/*
 * A tree as what a sink makes of its chunks: see sink.h.
 */
#include "tree/sink.h"

#include "beneath/system.h"
#include "file/disk.h"
#include "file/transfer.h"
#include "tree/sink_impl.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static struct sc_dirtree *
tree_of(struct sc_backing *base)
{
	return (struct sc_dirtree *)base;
}

size_t
sc_dirtree_manifest_part(const struct sc_dirtree *tree, size_t length, uint64_t offset)
{
	uint64_t rest = tree->facts.manifest_bytes;

	rest = rest > offset ? rest - offset : 0;
	return rest < length ? (size_t)rest : length;
}

/* Is the manifest that was decoded one of what the facts say, and is there memory for it? */
static int
accept_manifest(struct sc_dirtree *tree, struct sc_error *err)
{
	const struct sc_manifest *manifest = &tree->manifest;

	/* The tree itself becomes DEST then: it has to be a directory. */
	if (!tree->facts.several &&
	    (manifest->roots != 1 || manifest->entries[0].kind != SC_ENTRY_DIRECTORY))
		return sc_fail(err, 0, "the manifest is damaged: no tree of one root");
	if (sc_bitmap_init(&tree->made, manifest->count) != 0)
		return sc_fail(err, ENOMEM, "no memory");
	return 0;
}

/* Read the manifest from the spool.  1: it isn't there, or not the right one. */
static int
decode(struct sc_dirtree *tree, struct sc_error *err)
{
	size_t length = (size_t)tree->facts.manifest_bytes;
	uint8_t *bytes = malloc(length);
	struct sc_error why;
	int rc = 1;

	if (bytes == NULL)
		return sc_fail(err, ENOMEM, "the manifest of %s", tree->place.title);
	/* The origin's digest: what an earlier run or another program left there is not it. */
	if (sc_read_at(tree->place.spool_fd, bytes, length, 0) == (ssize_t)length &&
	    sc_digest_equal(sc_digest_chunk(bytes, length, 0), tree->facts.manifest)) {
		rc = sc_manifest_decode(&tree->manifest, bytes, length, tree->facts.size_bytes,
		    &why);
		if (rc == 0)
			rc = accept_manifest(tree, &why);
		if (rc != 0)
			(void)sc_fail(err, 0, "cannot write %s: %s", tree->place.title, why.text);
	}
	free(bytes);
	if (rc != 0) {
		sc_manifest_free(&tree->manifest);
		return rc;
	}
	sc_monitor_lock(&tree->lock);
	tree->decoded = true;
	sc_monitor_unlock(&tree->lock);
	return 0;
}

/* With several roots the manifest is the first to tell which names have to be free. */
static int
check_names(const struct sc_dirtree *tree, struct sc_error *err)
{
	for (uint32_t i = 0; tree->facts.several && i < tree->manifest.roots; i++) {
		if (sc_place_check(&tree->place, sc_manifest_name(&tree->manifest, i),
			tree->manifest.entries[i].kind == SC_ENTRY_DIRECTORY, tree->options.force,
			err) != 0)
			return -1;
	}
	return 0;
}

/* Write what a chunk that is in the spool has of files. */
static int
unpack(struct sc_dirtree *tree, uint32_t chunk, uint8_t *bytes, struct sc_error *err)
{
	uint64_t begin = (uint64_t)chunk * tree->chunk_bytes;
	uint64_t rest = tree->facts.size_bytes - begin;
	size_t length = rest < tree->chunk_bytes ? (size_t)rest : tree->chunk_bytes;
	size_t ahead = sc_dirtree_manifest_part(tree, length, begin);

	begin += ahead;
	length -= ahead;
	if (length > 0) {
		if (sc_read_at(tree->place.spool_fd, bytes, length, begin) != (ssize_t)length)
			return sc_fail(err, errno, "cannot read back what arrived of %s",
			    tree->place.title);
		if (sc_dirtree_put(tree, sc_zeros_only(bytes, length) ? NULL : bytes, length,
			begin - tree->facts.manifest_bytes, err) != 0)
			return -1;
	}
	sc_monitor_lock(&tree->lock);
	sc_bitmap_remove(&tree->early, chunk);
	/* Only to save space. */
	if (length > 0)
		(void)sc_system_punch(tree->place.spool_fd, begin, length);
	sc_monitor_unlock(&tree->lock);
	return 0;
}

/* The manifest is whole: write what has arrived already. */
static int
unpack_all(struct sc_dirtree *tree, struct sc_error *err)
{
	uint8_t *bytes;
	int rc = decode(tree, err);

	if (rc == 1)
		return sc_fail(err, 0, "the manifest of %s is not the source's", tree->place.title);
	if (rc != 0 || check_names(tree, err) != 0)
		return -1;
	bytes = malloc(tree->chunk_bytes);
	if (bytes == NULL)
		return sc_fail(err, ENOMEM, "cannot write %s", tree->place.title);
	for (uint32_t chunk = sc_bitmap_next(&tree->early, 0); rc == 0 && chunk < tree->early.size;
	    chunk = sc_bitmap_next(&tree->early, chunk + 1))
		rc = unpack(tree, chunk, bytes, err);
	free(bytes);
	return rc;
}

/* Write to the spool; zeros too, as an earlier run may have left other bytes there. */
static int
spool(const struct sc_dirtree *tree, const uint8_t *bytes, size_t length, uint64_t offset,
    struct sc_error *err)
{
	int rc;

	if (bytes != NULL)
		rc = sc_write_at(tree->place.spool_fd, bytes, length, offset);
	else
		rc = sc_write_zeros_at(tree->place.spool_fd, length, offset);
	if (rc != 0)
		return sc_fail(err, errno, "cannot write what arrives of %s", tree->place.title);
	return 0;
}

static int
store(struct sc_backing *base, const uint8_t *bytes, uint32_t length, uint64_t offset,
    struct sc_error *err)
{
	struct sc_dirtree *tree = tree_of(base);
	size_t ahead = sc_dirtree_manifest_part(tree, length, offset);

	assert(offset % tree->chunk_bytes == 0 && length <= tree->chunk_bytes);
	if (!tree->decoded) {
		if (spool(tree, bytes, length, offset, err) != 0)
			return -1;
		sc_monitor_lock(&tree->lock);
		sc_bitmap_add(&tree->early, (uint32_t)(offset / tree->chunk_bytes));
		sc_monitor_unlock(&tree->lock);
		tree->missing -= ahead > 0;
		return tree->missing == 0 ? unpack_all(tree, err) : 0;
	}
	/* After a resume: the manifest was there, the rest of its last chunk was not. */
	if (ahead > 0 && spool(tree, bytes, ahead, offset, err) != 0)
		return -1;
	if (ahead == length)
		return 0;
	return sc_dirtree_put(tree, bytes == NULL ? NULL : bytes + ahead, length - ahead,
	    offset + ahead - tree->facts.manifest_bytes, err);
}

/* Let the beneaths begin with the tree as it is now. */
static int
open_beneath(struct sc_dirtree *tree, struct sc_error *err)
{
	int fd = tree->place.tree_fd;
	int rc = sc_beneath_init(&tree->reading, fd, tree->place.title, err);

	for (unsigned i = 0; i < tree->threads; i++) {
		if (sc_beneath_init(&tree->beneath[i], fd, tree->place.title, err) != 0)
			rc = -1;
	}
	return rc;
}

static void
close_beneath(struct sc_dirtree *tree)
{
	sc_dirtree_close_files(tree);
	(void)sc_dirtree_close_file(&tree->last); /* it was only read */
	for (unsigned i = 0; i < tree->threads; i++)
		sc_beneath_free(&tree->beneath[i]);
	sc_beneath_free(&tree->reading);
}

static int
empty(struct sc_backing *base)
{
	struct sc_dirtree *tree = tree_of(base);
	struct sc_error why;

	close_beneath(tree);
	sc_manifest_free(&tree->manifest);
	sc_bitmap_free(&tree->made);
	tree->decoded = false;
	if (sc_place_empty(&tree->place) != 0)
		return -1;
	return open_beneath(tree, &why);
}

/* Is there room for what is still to come, bytes and names? */
static int
check_space(const struct sc_dirtree *tree, uint64_t held_bytes, struct sc_error *err)
{
	uint64_t needed = tree->facts.allocated_bytes;
	struct sc_disk_free available;

	needed = needed > held_bytes ? needed - held_bytes : 0;
	if (sc_disk_free(tree->base.part.fd, &available) != 0)
		return sc_fail(err, errno, "cannot learn how much space there is for %s",
		    tree->place.title);
	if (needed > available.bytes)
		return sc_disk_fail_space(tree->place.title, needed, available.bytes, err);
	/* How many of the names an earlier run has made is not known. */
	if (!tree->left && tree->facts.entries > available.inodes)
		return sc_fail(err, 0, "%s needs %lu inodes, %lu are free", tree->place.title,
		    (unsigned long)tree->facts.entries, (unsigned long)available.inodes);
	return 0;
}

/* An earlier run may have been cut off while it gave directories their modes. */
static int
admit_directories(struct sc_dirtree *tree, struct sc_error *err)
{
	char buffer[SC_PATH_BYTES_MAX + 1];

	for (uint32_t i = 0; i < tree->manifest.count; i++) {
		if (tree->manifest.entries[i].kind != SC_ENTRY_DIRECTORY ||
		    (!tree->facts.several && i == 0))
			continue;
		if (sc_beneath_admit(&tree->beneath[0], sc_dirtree_path(tree, i, buffer), 0700,
			err) != 0)
			return -1;
	}
	return 0;
}

static int
begin(struct sc_backing *base, const struct sc_bitmap *held, struct sc_error *err)
{
	struct sc_dirtree *tree = tree_of(base);

	tree->left = held->count > 0;
	tree->missing = 0;
	for (uint32_t i = 0; !tree->decoded && i < held->size; i++) {
		if (sc_bitmap_has(held, i))
			sc_bitmap_add(&tree->early, i);
		else if ((uint64_t)i * tree->chunk_bytes < tree->facts.manifest_bytes)
			tree->missing++;
	}
	if (check_space(tree, (uint64_t)held->count * tree->chunk_bytes, err) != 0)
		return -1;
	if (tree->decoded)
		return check_names(tree, err);
	return tree->missing > 0 ? 0 : unpack_all(tree, err);
}

static int
sync_all(struct sc_backing *base)
{
	struct sc_dirtree *tree = tree_of(base);

	sc_dirtree_close_files(tree);
	/* Once is enough, unless what is on the disk is to be read back before the end. */
	if (!tree->finished && !tree->options.verify)
		return 0;
	return sc_disk_sync(tree->base.part.fd, tree->options.alive_ns);
}

static int
publish(struct sc_backing *base, bool *published, struct sc_error *err)
{
	struct sc_dirtree *tree = tree_of(base);
	int rc;

	sc_monitor_lock(&tree->lock);
	rc = sc_dirtree_publish(base, published, err);
	sc_monitor_unlock(&tree->lock);
	return rc;
}

static void
close_tree(struct sc_backing *base, bool keep)
{
	struct sc_dirtree *tree = tree_of(base);

	close_beneath(tree);
	sc_place_close(&tree->place, keep);
	sc_manifest_free(&tree->manifest);
	sc_bitmap_free(&tree->made);
	sc_bitmap_free(&tree->early);
	sc_monitor_free(&tree->lock);
	free(tree);
}

/* What an earlier run left can be read only by its manifest. */
static int
open_left(struct sc_dirtree *tree, struct sc_error *err)
{
	struct sc_error why;

	if (!tree->base.part.left)
		return 0;
	if (decode(tree, err) < 0)
		return -1;
	if (!tree->decoded || admit_directories(tree, &why) == 0)
		return 0;
	/* Another program has changed the directories since: trust nothing of what is there. */
	tree->base.part.left = false;
	if (empty(&tree->base) != 0)
		return sc_fail(err, errno, "cannot empty the part of %s", tree->place.title);
	return 0;
}

/* Writers that are asked for, or as many as are worth having. */
static unsigned
choose_threads(unsigned writers)
{
	if (writers == 0)
		return sc_crew_size();
	return writers < SC_CREW_MAX ? writers : SC_CREW_MAX;
}

int
sc_dirtree_backing_open(struct sc_backing **out, const char *dest,
    const struct sc_source_facts *facts, uint32_t chunk_bytes,
    const struct sc_sink_options *options, struct sc_error *err)
{
	static const struct sc_backing_ops ops = {
		.empty = empty,
		.begin = begin,
		.store = store,
		.read = sc_dirtree_read,
		.sync = sync_all,
		.verify = sc_dirtree_verify,
		.finish = sc_dirtree_finish,
		.publish = publish,
		.close = close_tree,
	};
	struct sc_dirtree *tree = calloc(1, sizeof(*tree));

	*out = NULL;
	assert(facts->manifest_bytes > 0);
	/* The facts come from another node: they may not ask for more than there can be. */
	if (tree == NULL || facts->manifest_bytes > facts->size_bytes ||
	    facts->manifest_bytes > SC_MANIFEST_BYTES_MAX ||
	    sc_bitmap_init(&tree->early, (uint32_t)((facts->size_bytes - 1) / chunk_bytes + 1)) !=
		0 ||
	    sc_monitor_init(&tree->lock) != 0) {
		(void)sc_fail(err, ENOMEM, "cannot write %s", dest);
		goto fail;
	}
	tree->base.ops = &ops;
	tree->facts = *facts;
	tree->options = *options;
	tree->chunk_bytes = chunk_bytes;
	tree->umask = sc_system_umask();
	tree->threads = choose_threads(options->writers);
	tree->last = (struct sc_dirtree_file){.entry = SC_NO_ENTRY, .fd = -1};
	for (size_t i = 0; i < SC_DIRTREE_OPEN_FILES; i++)
		tree->files[i] = tree->last;
	if (sc_place_open(&tree->place, &tree->base.part, dest, facts->several, options->resume,
		options->force, err) != 0) {
		sc_monitor_free(&tree->lock);
		goto fail;
	}
	if (open_beneath(tree, err) != 0 || open_left(tree, err) != 0) {
		close_tree(&tree->base, true);
		return -1;
	}
	*out = &tree->base;
	return 0;
fail:
	if (tree != NULL)
		sc_bitmap_free(&tree->early);
	free(tree);
	return -1;
}
