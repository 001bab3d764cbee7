/*
 * The manifest in memory: see manifest.h.
 */
#include "tree/manifest.h"

#include "base/vector.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
sc_manifest_free(struct sc_manifest *manifest)
{
	free(manifest->entries);
	free(manifest->texts);
	memset(manifest, 0, sizeof(*manifest));
}

bool
sc_xattr_may_travel(const char *name)
{
	return strncmp(name, "user.", 5) == 0 || strncmp(name, "trusted.", 8) == 0 ||
	    strcmp(name, "system.posix_acl_access") == 0 ||
	    strcmp(name, "system.posix_acl_default") == 0 ||
	    strcmp(name, "security.capability") == 0;
}

/* Room for another entry, and for so many bytes of texts. */
static int
grow(struct sc_manifest *manifest, size_t texts, struct sc_error *err)
{
	struct sc_entry *entries;
	char *more;

	if (manifest->count == SC_ENTRIES_MAX || texts > UINT32_MAX - manifest->texts_used)
		return sc_fail(err, EFBIG, "more than can be staged at once, %lu entries",
		    (unsigned long)manifest->count);
	entries = sc_vector_room(manifest->entries, (size_t)manifest->count + 1,
	    &manifest->capacity, sizeof(*entries));
	if (entries != NULL)
		manifest->entries = entries;
	more = sc_vector_room(manifest->texts, manifest->texts_used + texts,
	    &manifest->texts_capacity, 1);
	if (more != NULL)
		manifest->texts = more;
	if (entries == NULL || more == NULL)
		return sc_fail(err, ENOMEM, "a list of %lu entries",
		    (unsigned long)manifest->count);
	return 0;
}

static void
put_text(struct sc_manifest *manifest, const void *bytes, size_t length)
{
	assert(length <= manifest->texts_capacity - manifest->texts_used);
	if (length > 0)
		memcpy(manifest->texts + manifest->texts_used, bytes, length);
	manifest->texts_used += length;
}

static void
put_texts(struct sc_manifest *manifest, const char *name, const char *target,
    const struct sc_beneath_xattr *xattrs, size_t count)
{
	put_text(manifest, name, strlen(name) + 1);
	if (target != NULL)
		put_text(manifest, target, strlen(target) + 1);
	/* A value has its length ahead and no NUL behind: it may be any bytes. */
	for (size_t i = 0; i < count; i++) {
		uint32_t length = (uint32_t)xattrs[i].length;

		put_text(manifest, xattrs[i].name, strlen(xattrs[i].name) + 1);
		put_text(manifest, &length, sizeof(length));
		put_text(manifest, xattrs[i].value, length);
	}
}

int
sc_manifest_add(struct sc_manifest *manifest, const struct sc_entry *entry, const char *name,
    const char *target, const struct sc_beneath_xattr *xattrs, size_t count, struct sc_error *err)
{
	size_t name_length = strlen(name);
	size_t target_bytes = target == NULL ? 0 : strlen(target) + 1;
	size_t path_length = name_length;
	size_t texts = name_length + 1 + target_bytes;
	struct sc_entry *added;

	assert(name_length > 0 && name_length <= SC_NAME_BYTES_MAX);
	assert((entry->kind == SC_ENTRY_SYMLINK) == (target != NULL));
	assert(target_bytes <= SC_PATH_BYTES_MAX + 1 && count <= SC_XATTRS_MAX);
	assert(entry->kind == SC_ENTRY_FILE || entry->size_bytes == 0);
	assert(entry->kind != SC_ENTRY_HARDLINK || entry->link < manifest->count);
	assert(entry->parent == SC_NO_ENTRY || entry->parent < manifest->count);
	if (entry->parent != SC_NO_ENTRY)
		path_length += 1 + manifest->entries[entry->parent].path_length;
	if (path_length > SC_PATH_BYTES_MAX)
		return sc_fail(err, ENAMETOOLONG, "a path of %lu bytes",
		    (unsigned long)path_length);
	if (entry->size_bytes > INT64_MAX - manifest->content_bytes)
		return sc_fail(err, EFBIG, "the sizes of all files");
	for (size_t i = 0; i < count; i++)
		texts += strlen(xattrs[i].name) + 1 + sizeof(uint32_t) + xattrs[i].length;
	if (grow(manifest, texts, err) != 0)
		return -1;
	added = &manifest->entries[manifest->count++];
	*added = *entry;
	added->offset = manifest->content_bytes;
	added->path_length = (uint16_t)path_length;
	added->name_length = (uint8_t)name_length;
	added->xattrs = (uint8_t)count;
	added->text = (uint32_t)manifest->texts_used;
	manifest->content_bytes += entry->size_bytes;
	manifest->roots += entry->parent == SC_NO_ENTRY;
	put_texts(manifest, name, target, xattrs, count);
	return 0;
}

const char *
sc_manifest_name(const struct sc_manifest *manifest, uint32_t entry)
{
	assert(entry < manifest->count);
	return manifest->texts + manifest->entries[entry].text;
}

/* What is behind the name. */
static const char *
behind_name(const struct sc_manifest *manifest, uint32_t entry)
{
	return sc_manifest_name(manifest, entry) + manifest->entries[entry].name_length + 1;
}

const char *
sc_manifest_target(const struct sc_manifest *manifest, uint32_t entry)
{
	assert(manifest->entries[entry].kind == SC_ENTRY_SYMLINK);
	return behind_name(manifest, entry);
}

size_t
sc_manifest_xattrs(const struct sc_manifest *manifest, uint32_t entry,
    struct sc_beneath_xattr xattrs[SC_XATTRS_MAX])
{
	size_t count = manifest->entries[entry].xattrs;
	const char *at = behind_name(manifest, entry);

	for (size_t i = 0; i < count; i++) {
		uint32_t length;

		xattrs[i].name = at;
		at += strlen(at) + 1;
		memcpy(&length, at, sizeof(length));
		at += sizeof(length);
		xattrs[i].value = at;
		xattrs[i].length = length;
		at += length;
	}
	return count;
}

char *
sc_manifest_path(const struct sc_manifest *manifest, uint32_t entry, char *path)
{
	size_t at = manifest->entries[entry].path_length;

	path[at] = '\0';
	for (;;) {
		const struct sc_entry *here = &manifest->entries[entry];

		at -= here->name_length;
		memcpy(path + at, sc_manifest_name(manifest, entry), here->name_length);
		if (here->parent == SC_NO_ENTRY)
			break;
		path[--at] = '/';
		entry = here->parent;
	}
	assert(at == 0);
	return path;
}

uint32_t
sc_manifest_from(const struct sc_manifest *manifest, uint64_t offset)
{
	uint32_t low = 0;
	uint32_t high = manifest->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (manifest->entries[middle].offset >= offset)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

uint32_t
sc_manifest_piece(const struct sc_manifest *manifest, uint64_t offset, size_t *length, uint64_t *at)
{
	const struct sc_entry *entry;
	uint32_t index;
	uint64_t rest;

	assert(*length > 0);
	*at = 0;
	if (offset >= manifest->content_bytes) {
		*length = 0;
		return manifest->count;
	}
	/* Of entries with the same offset only the last has content. */
	index = sc_manifest_from(manifest, offset + 1) - 1;
	entry = &manifest->entries[index];
	*at = offset - entry->offset;
	assert(*at < entry->size_bytes);
	rest = entry->size_bytes - *at;
	if (*length > rest)
		*length = (size_t)rest;
	return index;
}
