/*
 * A manifest from an attacker: what the decoder accepts is a directory tree in which no name leads out
 * of its directory, and encoding it again gives the same tree.
 *
 * The header is written ahead of an input, with a first byte that says how many entries
 * there are, and sizes that are what the decoder finds: a fuzzer does not guess those.
 */
#include "tree/manifest.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

enum { HEADER_BYTES = 24, INPUT_BYTES_MAX = 4096 };

static void
need(bool held)
{
	if (!held)
		abort();
}

static void
check_entry(const struct sc_manifest *manifest, uint32_t index)
{
	const struct sc_entry *entry = &manifest->entries[index];
	const char *name = sc_manifest_name(manifest, index);
	struct sc_beneath_xattr xattrs[SC_XATTRS_MAX];
	char path[SC_PATH_BYTES_MAX + 1];
	size_t count = sc_manifest_xattrs(manifest, index, xattrs);

	need(name[0] != '\0' && strlen(name) == entry->name_length);
	need(strchr(name, '/') == NULL && strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
	need(entry->parent == SC_NO_ENTRY ||
	    (entry->parent < index && manifest->entries[entry->parent].kind == SC_ENTRY_DIRECTORY));
	need(strlen(sc_manifest_path(manifest, index, path)) == entry->path_length);
	need(entry->kind == SC_ENTRY_FILE || entry->size_bytes == 0);
	if (entry->kind == SC_ENTRY_HARDLINK)
		need(entry->link < index && manifest->entries[entry->link].kind == SC_ENTRY_FILE);
	if (entry->kind == SC_ENTRY_SYMLINK)
		need(sc_manifest_target(manifest, index)[0] != '\0');
	for (size_t i = 0; i < count; i++)
		need(sc_xattr_may_travel(xattrs[i].name) && xattrs[i].length <= SC_XATTR_BYTES_MAX);
	if (index > 0 && manifest->entries[index - 1].parent == entry->parent)
		need(strcmp(sc_manifest_name(manifest, index - 1), name) < 0);
	if (entry->size_bytes > 0) {
		size_t length = 2;
		uint64_t at;

		need(sc_manifest_piece(manifest, entry->offset + entry->size_bytes - 1, &length,
			 &at) == index);
		need(length == 1 && at == entry->size_bytes - 1);
	}
}

/* The same tree again. */
static void
check_again(const struct sc_manifest *manifest)
{
	struct sc_manifest again;
	uint8_t *bytes, *bytes_again;
	size_t length, length_again;

	need(sc_manifest_encode(manifest, &bytes, &length, NULL) == 0);
	need(sc_manifest_decode(&again, bytes, length, length + manifest->content_bytes, NULL) ==
	    0);
	need(again.count == manifest->count && again.texts_used == manifest->texts_used);
	need(memcmp(again.texts, manifest->texts, again.texts_used) == 0);
	need(sc_manifest_encode(&again, &bytes_again, &length_again, NULL) == 0);
	need(length == length_again && memcmp(bytes, bytes_again, length) == 0);
	sc_manifest_free(&again);
	free(bytes);
	free(bytes_again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
	struct sc_manifest manifest;
	uint64_t contents;
	uint8_t *bytes;

	if (length < 1 || length > INPUT_BYTES_MAX)
		return 0;
	bytes = calloc(1, HEADER_BYTES + length - 1);
	need(bytes != NULL);
	memcpy(bytes, "stagedir\1", 9);
	bytes[12] = input[0];
	memcpy(bytes + HEADER_BYTES, input + 1, length - 1);
	length += HEADER_BYTES - 1;
	(void)sc_manifest_decode(&manifest, bytes, length, length, NULL);
	contents = manifest.content_bytes;
	sc_manifest_free(&manifest);
	for (size_t i = 0; i < 8; i++)
		bytes[16 + i] = (uint8_t)(contents >> (8 * i));
	if (sc_manifest_decode(&manifest, bytes, length, length + contents, NULL) == 0) {
		need(manifest.count == input[0]);
		for (uint32_t i = 0; i < manifest.count; i++)
			check_entry(&manifest, i);
		check_again(&manifest);
	}
	sc_manifest_free(&manifest);
	free(bytes);
	return 0;
}
