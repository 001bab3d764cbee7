/*
 * The manifest, in memory and as bytes: see manifest.h.
 */
#include "tree/manifest.h"

#include "tree/manifest_impl.h"

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
sc_xattr_is_ours(const char *name)
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
	if (manifest->count == SC_ENTRIES_MAX || texts > UINT32_MAX - manifest->texts_used)
		return sc_fail(err, EFBIG, "more than can be staged at once, %lu entries",
		    (unsigned long)manifest->count);
	if (manifest->count == manifest->capacity) {
		uint32_t capacity = manifest->capacity < 64 ? 64 : manifest->capacity / 2 * 3;
		struct sc_entry *more = realloc(manifest->entries, capacity * sizeof(*more));

		if (more == NULL)
			return sc_fail(err, ENOMEM, "a list of %lu entries",
			    (unsigned long)capacity);
		manifest->entries = more;
		manifest->capacity = capacity;
	}
	if (manifest->texts_used + texts > manifest->texts_capacity) {
		size_t capacity = (manifest->texts_used + texts) / 2 * 3 + 1024;
		char *more = realloc(manifest->texts, capacity);

		if (more == NULL)
			return sc_fail(err, ENOMEM, "a list of %lu entries",
			    (unsigned long)manifest->count);
		manifest->texts = more;
		manifest->texts_capacity = capacity;
	}
	return 0;
}

static void
put_text(struct sc_manifest *manifest, const void *bytes, size_t length, bool ends)
{
	memcpy(manifest->texts + manifest->texts_used, bytes, length);
	manifest->texts_used += length;
	if (ends)
		manifest->texts[manifest->texts_used++] = '\0';
}

/* What texts take in memory: each has an end, and each value its length ahead. */
static size_t
texts_bytes(const struct sc_entry_texts *texts)
{
	size_t bytes = texts->name_length + 1 + texts->target_length + 1;

	for (size_t i = 0; i < texts->xattr_count; i++)
		bytes +=
		    strlen(texts->xattrs[i].name) + 1 + sizeof(uint32_t) + texts->xattrs[i].length;
	return bytes;
}

int
sc_manifest_append(struct sc_manifest *manifest, const struct sc_entry *entry,
    const struct sc_entry_texts *texts, struct sc_error *err)
{
	size_t path_length = texts->name_length;
	struct sc_entry *added;

	assert(texts->name_length > 0 && texts->name_length <= SC_NAME_BYTES_MAX);
	assert(texts->target_length <= SC_PATH_BYTES_MAX && texts->xattr_count <= SC_XATTRS_MAX);
	assert(entry->parent == SC_NO_ENTRY || entry->parent < manifest->count);
	assert(entry->kind != SC_ENTRY_HARDLINK || entry->link < manifest->count);
	if (entry->parent != SC_NO_ENTRY)
		path_length += 1 + manifest->entries[entry->parent].path_length;
	if (path_length > SC_PATH_BYTES_MAX)
		return sc_fail(err, ENAMETOOLONG, "a path of %lu bytes",
		    (unsigned long)path_length);
	if (entry->size_bytes > INT64_MAX - manifest->content_bytes)
		return sc_fail(err, EFBIG, "the sizes of all files");
	if (grow(manifest, texts_bytes(texts), err) != 0)
		return -1;
	added = &manifest->entries[manifest->count++];
	*added = *entry;
	added->offset = manifest->content_bytes;
	added->path_length = (uint16_t)path_length;
	added->name_length = (uint8_t)texts->name_length;
	added->xattrs = (uint8_t)texts->xattr_count;
	added->text = (uint32_t)manifest->texts_used;
	manifest->content_bytes += entry->size_bytes;
	manifest->roots += entry->parent == SC_NO_ENTRY;
	put_text(manifest, texts->name, texts->name_length, true);
	if (texts->target != NULL)
		put_text(manifest, texts->target, texts->target_length, true);
	for (size_t i = 0; i < texts->xattr_count; i++) {
		const struct sc_xattr *xattr = &texts->xattrs[i];
		uint32_t length = (uint32_t)xattr->length;

		put_text(manifest, xattr->name, strlen(xattr->name), true);
		put_text(manifest, &length, sizeof(length), false);
		if (length > 0)
			put_text(manifest, xattr->value, length, false);
	}
	return 0;
}

int
sc_manifest_add(struct sc_manifest *manifest, const struct sc_entry *entry, const char *name,
    const char *target, const struct sc_xattr *xattrs, size_t count, struct sc_error *err)
{
	const struct sc_entry_texts texts = {
		.name = name,
		.name_length = strlen(name),
		.target = target,
		.target_length = target == NULL ? 0 : strlen(target),
		.xattrs = xattrs,
		.xattr_count = count,
	};

	assert((entry->kind == SC_ENTRY_SYMLINK) == (target != NULL));
	assert(entry->kind == SC_ENTRY_FILE || entry->size_bytes == 0);
	return sc_manifest_append(manifest, entry, &texts, err);
}

int
sc_manifest_compare(const char *a, size_t a_length, const char *b, size_t b_length)
{
	int order = memcmp(a, b, a_length < b_length ? a_length : b_length);

	if (order != 0)
		return order < 0 ? -1 : 1;
	return a_length == b_length ? 0 : a_length < b_length ? -1 : 1;
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
    struct sc_xattr xattrs[SC_XATTRS_MAX])
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
sc_manifest_find(const struct sc_manifest *manifest, uint64_t offset)
{
	uint32_t low = 0;
	uint32_t high = manifest->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct sc_entry *entry = &manifest->entries[middle];

		if (entry->offset + entry->size_bytes > offset)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}
