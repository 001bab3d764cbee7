/*
 * A tree as what a sink makes of its chunks: see sink.h.
 */
#include "tree/sink.h"

#include "base/units.h"
#include "beneath/system.h"
#include "file/transfer.h"
#include "tree/sink_impl.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static struct sc_tree *
tree_of(struct sc_backing *base)
{
	return (struct sc_tree *)base;
}

static void
lock(struct sc_tree *tree)
{
	int rc = pthread_mutex_lock(&tree->lock);

	assert(rc == 0);
	(void)rc;
}

static void
unlock(struct sc_tree *tree)
{
	int rc = pthread_mutex_unlock(&tree->lock);

	assert(rc == 0);
	(void)rc;
}

/* Chunks that have a byte of the manifest. */
static uint32_t
manifest_chunks(const struct sc_tree *tree)
{
	return (uint32_t)((tree->facts.manifest_bytes - 1) / tree->chunk_bytes + 1);
}

/* Read the manifest from the spool.  1: it isn't there, or not the right one. */
static int
decode(struct sc_tree *tree, struct sc_error *err)
{
	size_t length = (size_t)tree->facts.manifest_bytes;
	uint8_t *bytes = malloc(length);
	struct sc_error why;
	int rc = 1;

	if (bytes == NULL)
		return sc_fail(err, ENOMEM, "the manifest of %s", tree->place.title);
	if (sc_read_at(tree->place.spool_fd, bytes, length, 0) == (ssize_t)length &&
	    sc_digest_equal(sc_digest_chunk(bytes, length, 0), tree->facts.manifest)) {
		rc = sc_manifest_decode(&tree->manifest, bytes, length, tree->facts.size_bytes,
		    &why);
		if (rc == 0 && !tree->facts.several &&
		    (tree->manifest.roots != 1 ||
			tree->manifest.entries[0].kind != SC_ENTRY_DIRECTORY))
			rc = sc_fail(&why, 0, "the manifest is damaged: no tree of one root");
		if (rc == 0 && sc_bitmap_init(&tree->made, tree->manifest.count) != 0)
			rc = sc_fail(&why, ENOMEM, "no memory");
		if (rc != 0)
			(void)sc_fail(err, 0, "cannot write %s: %s", tree->place.title, why.text);
	}
	free(bytes);
	if (rc == 0) {
		lock(tree);
		tree->decoded = true;
		unlock(tree);
	} else {
		sc_manifest_free(&tree->manifest);
	}
	return rc;
}

/* With several roots it is known only now what has to be free. */
static int
check_names(const struct sc_tree *tree, struct sc_error *err)
{
	for (uint32_t i = 0; tree->facts.several && i < tree->manifest.roots; i++) {
		if (sc_place_check(&tree->place, sc_manifest_name(&tree->manifest, i),
			tree->manifest.entries[i].kind == SC_ENTRY_DIRECTORY, tree->options.force,
			err) != 0)
			return -1;
	}
	return 0;
}

/* Of a chunk that is in the spool: write what it has of files. */
static int
unpack(struct sc_tree *tree, uint32_t chunk, uint8_t *bytes, struct sc_error *err)
{
	uint64_t manifest_bytes = tree->facts.manifest_bytes;
	uint64_t begin = (uint64_t)chunk * tree->chunk_bytes;
	uint64_t end = begin + tree->chunk_bytes;
	size_t length;
	int rc = 0;

	end = end < tree->facts.size_bytes ? end : tree->facts.size_bytes;
	begin = begin > manifest_bytes ? begin : manifest_bytes;
	length = end > begin ? (size_t)(end - begin) : 0;
	if (length > 0) {
		if (sc_read_at(tree->place.spool_fd, bytes, length, begin) != (ssize_t)length)
			return sc_fail(err, errno, "cannot read back what arrived of %s",
			    tree->place.title);
		rc = sc_tree_put(tree, sc_zeros_only(bytes, length) ? NULL : bytes, length,
		    begin - manifest_bytes, err);
	}
	if (rc != 0)
		return -1;
	lock(tree);
	sc_bitmap_remove(&tree->early, chunk);
	/* Only to save space. */
	if (length > 0)
		(void)sc_system_punch(tree->place.spool_fd, begin, length);
	unlock(tree);
	return 0;
}

/* The manifest is whole. */
static int
unpack_all(struct sc_tree *tree, struct sc_error *err)
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

/* Write to the spool, which may have something else there from an earlier run. */
static int
spool(const struct sc_tree *tree, const uint8_t *bytes, size_t length, uint64_t offset,
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
	struct sc_tree *tree = tree_of(base);
	uint64_t manifest_bytes = tree->facts.manifest_bytes;
	uint32_t chunk = (uint32_t)(offset / tree->chunk_bytes);
	size_t ahead = 0;

	if (!tree->decoded) {
		if (spool(tree, bytes, length, offset, err) != 0)
			return -1;
		lock(tree);
		sc_bitmap_add(&tree->early, chunk);
		unlock(tree);
		tree->missing -= offset < manifest_bytes;
		return tree->missing == 0 ? unpack_all(tree, err) : 0;
	}
	/* After a resume: the rest of a chunk of which the manifest's part is there. */
	if (offset < manifest_bytes) {
		ahead =
		    manifest_bytes - offset < length ? (size_t)(manifest_bytes - offset) : length;
		if (spool(tree, bytes, ahead, offset, err) != 0)
			return -1;
	}
	if (ahead == length)
		return 0;
	return sc_tree_put(tree, bytes == NULL ? NULL : bytes + ahead, length - ahead,
	    offset + ahead - manifest_bytes, err);
}

/* Have a file open for reading.  0, or -1 with errno. */
static int
open_last(struct sc_tree *tree, uint32_t index)
{
	char buffer[SC_PATH_BYTES_MAX + 1];
	struct sc_error why;

	if (tree->last.entry == index)
		return 0;
	if (tree->last.fd >= 0)
		(void)close(tree->last.fd); /* it was only read */
	tree->last = (struct sc_tree_file){.entry = SC_NO_ENTRY, .fd = -1};
	if (sc_beneath_open_reading(&tree->reading, sc_tree_path(tree, index, buffer),
		&tree->last.fd, &why) != 0) {
		errno = why.errnum != 0 ? why.errnum : EIO;
		return -1;
	}
	tree->last.entry = index;
	return 0;
}

/* Read contents from the tree. */
static ssize_t
read_contents(struct sc_tree *tree, uint8_t *bytes, size_t length, uint64_t offset)
{
	uint32_t index = sc_manifest_find(&tree->manifest, offset);
	size_t done = 0;

	for (; done < length && index < tree->manifest.count; index++) {
		const struct sc_entry *entry = &tree->manifest.entries[index];
		uint64_t at = offset + done - entry->offset;
		size_t piece = length - done;
		ssize_t n;

		if (entry->size_bytes == 0)
			continue;
		if (piece > entry->size_bytes - at)
			piece = (size_t)(entry->size_bytes - at);
		if (open_last(tree, index) != 0)
			return -1;
		n = sc_read_at(tree->last.fd, bytes + done, piece, at);
		if (n < 0)
			return -1;
		done += (size_t)n;
		if ((size_t)n < piece)
			break;
	}
	return (ssize_t)done;
}

/* Read what is in one chunk. */
static ssize_t
read_in_chunk(struct sc_tree *tree, uint8_t *bytes, size_t length, uint64_t offset)
{
	uint64_t manifest_bytes = tree->facts.manifest_bytes;
	size_t ahead = 0;
	ssize_t n;

	if (!tree->decoded || sc_bitmap_has(&tree->early, (uint32_t)(offset / tree->chunk_bytes)))
		return sc_read_at(tree->place.spool_fd, bytes, length, offset);
	if (offset < manifest_bytes) {
		ahead =
		    manifest_bytes - offset < length ? (size_t)(manifest_bytes - offset) : length;
		n = sc_read_at(tree->place.spool_fd, bytes, ahead, offset);
		if (n < (ssize_t)ahead || ahead == length)
			return n;
	}
	n = read_contents(tree, bytes + ahead, length - ahead, offset + ahead - manifest_bytes);
	return n < 0 ? -1 : n + (ssize_t)ahead;
}

static ssize_t
read_back(struct sc_backing *base, void *bytes, size_t length, uint64_t offset)
{
	struct sc_tree *tree = tree_of(base);
	size_t done = 0;
	ssize_t n = 0;

	lock(tree);
	while (done < length) {
		size_t piece = tree->chunk_bytes - (size_t)((offset + done) % tree->chunk_bytes);

		piece = piece < length - done ? piece : length - done;
		n = read_in_chunk(tree, (uint8_t *)bytes + done, piece, offset + done);
		if (n < 0)
			break;
		done += (size_t)n;
		if ((size_t)n < piece)
			break;
	}
	unlock(tree);
	return n < 0 ? -1 : (ssize_t)done;
}

/* Let the beneaths begin with the tree as it is now. */
static int
open_beneath(struct sc_tree *tree, struct sc_error *err)
{
	int fd = tree->place.tree_fd;
	int rc = sc_beneath_init(&tree->reading, fd, tree->place.title, err);

	for (unsigned i = 0; i < tree->hands; i++) {
		if (sc_beneath_init(&tree->beneath[i], fd, tree->place.title, err) != 0)
			rc = -1;
	}
	return rc;
}

static void
close_beneath(struct sc_tree *tree)
{
	sc_tree_close_files(tree);
	if (tree->last.fd >= 0)
		(void)close(tree->last.fd); /* it was only read */
	tree->last = (struct sc_tree_file){.entry = SC_NO_ENTRY, .fd = -1};
	for (unsigned i = 0; i < tree->hands; i++)
		sc_beneath_free(&tree->beneath[i]);
	sc_beneath_free(&tree->reading);
}

static int
empty(struct sc_backing *base)
{
	struct sc_tree *tree = tree_of(base);
	struct sc_error why;

	close_beneath(tree);
	sc_manifest_free(&tree->manifest);
	sc_bitmap_free(&tree->made);
	tree->decoded = false;
	if (sc_place_empty(&tree->place) != 0)
		return -1;
	return open_beneath(tree, &why);
}

/* Is there room for that many bytes and names?  A file system that doesn't say has it. */
static int
check_space(const struct sc_tree *tree, uint64_t held_bytes, struct sc_error *err)
{
	uint64_t needed = tree->facts.allocated_bytes;
	char needs[SC_UNIT_TEXT_BYTES];
	char has[SC_UNIT_TEXT_BYTES];
	bool root = geteuid() == 0;
	struct statvfs fs;
	uint64_t bytes;

	needed = needed > held_bytes ? needed - held_bytes : 0;
	if (fstatvfs(tree->base.part.fd, &fs) != 0)
		return sc_fail(err, errno, "cannot learn how much space there is for %s",
		    tree->place.title);
	bytes = (uint64_t)fs.f_frsize * (root ? fs.f_bfree : fs.f_bavail);
	if (fs.f_blocks != 0 && needed > bytes)
		return sc_fail(err, 0, "%s needs %s, %s are free", tree->place.title,
		    sc_format_size((double)needed, needs), sc_format_size((double)bytes, has));
	if (fs.f_files != 0 && !tree->left &&
	    tree->facts.entries > (root ? fs.f_ffree : fs.f_favail))
		return sc_fail(err, 0, "%s needs %lu inodes, %lu are free", tree->place.title,
		    (unsigned long)tree->facts.entries,
		    (unsigned long)(root ? fs.f_ffree : fs.f_favail));
	return 0;
}

/* An earlier run may have been cut off while it gave directories their modes. */
static int
admit_directories(struct sc_tree *tree, struct sc_error *err)
{
	char buffer[SC_PATH_BYTES_MAX + 1];

	for (uint32_t i = 0; i < tree->manifest.count; i++) {
		if (tree->manifest.entries[i].kind != SC_ENTRY_DIRECTORY ||
		    (!tree->facts.several && i == 0))
			continue;
		if (sc_beneath_admit(&tree->beneath[0], sc_tree_path(tree, i, buffer), 0700, err) !=
		    0)
			return -1;
	}
	return 0;
}

static int
begin(struct sc_backing *base, const struct sc_bitmap *held, struct sc_error *err)
{
	struct sc_tree *tree = tree_of(base);
	uint32_t chunks = manifest_chunks(tree);

	tree->left = held->count > 0;
	tree->missing = 0;
	for (uint32_t i = 0; !tree->decoded && i < held->size; i++) {
		if (sc_bitmap_has(held, i))
			sc_bitmap_add(&tree->early, i);
		else
			tree->missing += i < chunks;
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
	struct sc_tree *tree = tree_of(base);

	sc_tree_close_files(tree);
	/* Once is enough, unless what is on the disk is to be read back before the end. */
	return tree->finished || tree->options.verify ? sc_tree_sync(tree) : 0;
}

static int
publish(struct sc_backing *base, bool *published, struct sc_error *err)
{
	struct sc_tree *tree = tree_of(base);
	int rc;

	lock(tree);
	rc = sc_tree_publish(base, published, err);
	unlock(tree);
	return rc;
}

static void
close_tree(struct sc_backing *base, bool keep)
{
	struct sc_tree *tree = tree_of(base);
	int rc;

	sc_crew_stop(tree->crew);
	close_beneath(tree);
	sc_place_close(&tree->place, keep);
	sc_manifest_free(&tree->manifest);
	sc_bitmap_free(&tree->made);
	sc_bitmap_free(&tree->early);
	rc = pthread_mutex_destroy(&tree->lock);
	assert(rc == 0);
	(void)rc;
	free(tree);
}

/* What was left by an earlier run can be read only by its manifest. */
static int
open_left(struct sc_tree *tree, struct sc_error *err)
{
	struct sc_error why;

	if (!tree->base.part.left)
		return 0;
	if (decode(tree, err) < 0)
		return -1;
	if (!tree->decoded || admit_directories(tree, &why) == 0)
		return 0;
	/* Somebody was at it: better nothing than that. */
	tree->base.part.left = false;
	if (empty(&tree->base) != 0)
		return sc_fail(err, errno, "cannot empty the part of %s", tree->place.title);
	return 0;
}

int
sc_tree_backing_open(struct sc_backing **out, const char *dest, const struct sc_source_facts *facts,
    uint32_t chunk_bytes, const struct sc_sink_options *options, struct sc_error *err)
{
	static const struct sc_backing_ops ops = {
		.empty = empty,
		.begin = begin,
		.store = store,
		.read = read_back,
		.sync = sync_all,
		.verify = sc_tree_verify,
		.finish = sc_tree_finish,
		.publish = publish,
		.close = close_tree,
	};
	struct sc_tree *tree = calloc(1, sizeof(*tree));

	*out = NULL;
	assert(facts->manifest_bytes > 0);
	if (tree == NULL || facts->manifest_bytes > facts->size_bytes ||
	    facts->manifest_bytes > SC_MANIFEST_BYTES_MAX ||
	    sc_bitmap_init(&tree->early, (uint32_t)((facts->size_bytes - 1) / chunk_bytes + 1)) !=
		0) {
		free(tree);
		return sc_fail(err, ENOMEM, "cannot write %s", dest);
	}
	tree->base.ops = &ops;
	tree->facts = *facts;
	tree->options = *options;
	tree->chunk_bytes = chunk_bytes;
	tree->umask = sc_system_umask();
	tree->last = (struct sc_tree_file){.entry = SC_NO_ENTRY, .fd = -1};
	for (size_t i = 0; i < SC_TREE_OPEN_FILES; i++)
		tree->files[i] = tree->last;
	if (sc_place_open(&tree->place, &tree->base.part, dest, facts->several, options->resume,
		options->force, err) != 0) {
		sc_bitmap_free(&tree->early);
		free(tree);
		return -1;
	}
	if (pthread_mutex_init(&tree->lock, NULL) != 0) {
		sc_place_close(&tree->place, true);
		sc_bitmap_free(&tree->early);
		free(tree);
		return sc_fail(err, ENOMEM, "cannot write %s", dest);
	}
	tree->hands = options->writers == 0  ? sc_crew_hands()
	    : options->writers < SC_CREW_MAX ? options->writers
					     : SC_CREW_MAX;
	if (open_beneath(tree, err) != 0 || sc_crew_start(&tree->crew, tree->hands, err) != 0 ||
	    open_left(tree, err) != 0) {
		close_tree(&tree->base, true);
		return -1;
	}
	*out = &tree->base;
	return 0;
}
