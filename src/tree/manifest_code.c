/*
 * The manifest as bytes.  Encoding and, trusting nothing, decoding are one walk over the fields of
 * a record: each field and each check stands once, and what is encoded can be decoded.
 */
#include "base/bytes.h"
#include "base/vector.h"
#include "tree/manifest.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 1, HEADER_BYTES = 24, MAGIC_BYTES = 8 };

static const uint8_t magic[MAGIC_BYTES] = "stagedir";

/* The shortest record: that of a hard link with a name of one byte. */
enum { RECORD_BYTES_MIN = 5 };

/* The second field of a record: the kind in its lower bits, and these. */
enum { BITS_KIND = 3, BIT_SPARSE = 4, BIT_XATTRS = 8, BITS_ALL = 15 };

/* A length: there is nothing that long to be decoded. */
#define NONE SIZE_MAX

struct codec {
	const struct sc_manifest *manifest; /* all of it, or what has been decoded so far */
	struct sc_error *err;

	/* A value is larger than it may be, or there is none to be decoded.  Stays set. */
	bool bad;

	bool encoding;
	bool out_of_memory; /* so what is encoded is not whole.  Stays set. */
	uint8_t *bytes;     /* encoded so far */
	size_t used;
	size_t capacity;
	struct sc_bytes_reader reader; /* what is still to be decoded */

	/* The record that is encoded, or what was decoded of it so far. */
	uint32_t index;
	struct sc_entry entry;
	const char *name;
	const char *target; /* NULL: none */
	struct sc_beneath_xattr xattrs[SC_XATTRS_MAX];
	size_t xattr_count;

	/* What a record's numbers are relative to: the one before. */
	uint32_t parent; /* 0: none, else the entry + 1 */
	int64_t mtime_s;
	uint32_t uid;
	uint32_t gid;

	/* Where decoded texts get their NUL. */
	char name_text[SC_NAME_BYTES_MAX + 1];
	char target_text[SC_PATH_BYTES_MAX + 1];
	char xattr_texts[SC_XATTRS_MAX][SC_NAME_BYTES_MAX + 1];
};

static int
wrong(struct codec *codec, const char *what)
{
	return sc_fail(codec->err, 0, "the manifest is damaged: entry %lu %s",
	    (unsigned long)codec->index, what);
}

static void
put_bytes(struct codec *codec, const void *bytes, size_t length)
{
	uint8_t *more = sc_vector_room(codec->bytes, codec->used + length, &codec->capacity, 1);

	if (more == NULL) {
		codec->out_of_memory = true;
		return;
	}
	codec->bytes = more;
	if (length > 0)
		memcpy(codec->bytes + codec->used, bytes, length);
	codec->used += length;
}

/* Seven bits a byte, the lowest first; the top bit says that more follow. */
static void
put_number(struct codec *codec, uint64_t value)
{
	uint8_t bytes[10]; /* ten times seven bits are more than 64 */
	size_t length = 0;

	for (; value > 0x7f; value >>= 7)
		bytes[length++] = (uint8_t)(value | 0x80);
	bytes[length++] = (uint8_t)value;
	put_bytes(codec, bytes, length);
}

static uint64_t
get_number(struct codec *codec)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint64_t byte = sc_bytes_get(&codec->reader, 1);
		uint64_t bits = byte & 0x7f;

		/* The tenth byte has one bit left to say. */
		if (codec->reader.bad || (shift == 63 && bits > 1))
			break;
		value |= bits << shift;
		if (byte == bits)
			return value;
	}
	codec->bad = true;
	return 0;
}

/* A number from 0 to most.  Like all of code_*: encodes what it is given and returns it, or
 * decodes and returns what is there. */
static uint64_t
code_number(struct codec *codec, uint64_t value, uint64_t most)
{
	if (codec->encoding)
		put_number(codec, value);
	else
		value = get_number(codec);
	if (value > most)
		codec->bad = true;
	return value;
}

/* A number told as its difference to another one.  Folded, so that small differences of either
 * sign are short: 0, -1, 1, -2 are 0, 1, 2, 3. */
static int64_t
code_relative(struct codec *codec, int64_t value, int64_t before, uint64_t most)
{
	uint64_t difference = (uint64_t)value - (uint64_t)before;
	uint64_t folded = difference << 1 ^ (difference >> 63 ? UINT64_MAX : 0);

	folded = code_number(codec, folded, most);
	return (int64_t)((uint64_t)before + (folded >> 1 ^ (folded & 1 ? UINT64_MAX : 0)));
}

/* The number of a user or group, of 32 bits. */
static uint32_t
code_id(struct codec *codec, uint32_t value, uint32_t before)
{
	int64_t id = code_relative(codec, value, before, UINT64_C(1) << 33);

	if (id < 0 || id > UINT32_MAX)
		codec->bad = true;
	return (uint32_t)id;
}

/* Up to `most` bytes, which stay where they are.  Returns how many, or NONE. */
static size_t
code_bytes(struct codec *codec, const void **bytes, size_t length, size_t most)
{
	length = (size_t)code_number(codec, length, most);
	if (codec->encoding) {
		put_bytes(codec, *bytes, length);
	} else if (!codec->bad && length <= codec->reader.left) {
		*bytes = codec->reader.bytes;
		codec->reader.bytes += length;
		codec->reader.left -= length;
	} else {
		codec->bad = true;
	}
	return codec->bad ? NONE : length;
}

/* The same for a text.  A decoded one gets its NUL in `memory`, of most + 1 bytes; more NULs may be
 * in it: its strlen is then less than what is returned. */
static size_t
code_text(struct codec *codec, const char **text, char *memory, size_t most)
{
	const void *bytes = *text;
	size_t length = code_bytes(codec, &bytes, codec->encoding ? strlen(*text) : 0, most);

	if (length == NONE || codec->encoding)
		return length;
	memcpy(memory, bytes, length);
	memory[length] = '\0';
	*text = memory;
	return length;
}

static int
code_parent(struct codec *codec)
{
	uint32_t own = codec->entry.parent == SC_NO_ENTRY ? 0 : codec->entry.parent + 1;
	uint64_t parent = codec->parent + code_number(codec, own - codec->parent, UINT32_MAX);

	if (codec->bad || parent > codec->index)
		return wrong(codec, "has no parent before it");
	/* A link for a parent would lead out of the tree. */
	if (parent > 0 && codec->manifest->entries[parent - 1].kind != SC_ENTRY_DIRECTORY)
		return wrong(codec, "has a parent that is no directory");
	codec->parent = (uint32_t)parent;
	codec->entry.parent = parent == 0 ? SC_NO_ENTRY : (uint32_t)parent - 1;
	return 0;
}

static int
code_kind(struct codec *codec)
{
	struct sc_entry *entry = &codec->entry;
	unsigned bits = entry->kind | (entry->sparse ? BIT_SPARSE : 0u) |
	    (codec->xattr_count > 0 ? BIT_XATTRS : 0u);

	bits = (unsigned)code_number(codec, bits, BITS_ALL);
	if (codec->bad)
		return wrong(codec, "is of an unknown kind");
	entry->kind = bits & BITS_KIND;
	entry->sparse = (bits & BIT_SPARSE) != 0;
	codec->xattr_count = (bits & BIT_XATTRS) != 0; /* how many is said behind the rest */
	if ((entry->sparse && entry->kind != SC_ENTRY_FILE) ||
	    (codec->xattr_count > 0 && entry->kind != SC_ENTRY_FILE &&
		entry->kind != SC_ENTRY_DIRECTORY))
		return wrong(codec, "has what its kind can't have");
	return 0;
}

/* A name is one component, and comes behind the one before it: so nothing leads out of its
 * directory, and no two entries are the same file. */
static int
code_name(struct codec *codec)
{
	const struct sc_manifest *manifest = codec->manifest;
	size_t length = code_text(codec, &codec->name, codec->name_text, SC_NAME_BYTES_MAX);
	const char *name = codec->name;

	if (length == NONE)
		return wrong(codec, "has no name");
	if (length == 0)
		return wrong(codec, "has an empty name");
	if (memchr(name, '/', length) != NULL)
		return wrong(codec, "has a slash in its name");
	if (strlen(name) < length)
		return wrong(codec, "has a NUL in its name");
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return wrong(codec, "has a name of dots");
	if (codec->index > 0 && manifest->entries[codec->index - 1].parent == codec->entry.parent &&
	    strcmp(sc_manifest_name(manifest, codec->index - 1), name) >= 0)
		return wrong(codec, "has a name that is there already, or out of order");
	return 0;
}

static int
code_link(struct codec *codec)
{
	uint64_t back = code_number(codec, codec->index - codec->entry.link, UINT32_MAX);

	if (codec->bad || back == 0 || back > codec->index)
		return wrong(codec, "is a further name of nothing");
	codec->entry.link = codec->index - (uint32_t)back;
	if (codec->manifest->entries[codec->entry.link].kind != SC_ENTRY_FILE)
		return wrong(codec, "is a further name of what is no file");
	return 0;
}

/* What all but hard links have. */
static int
code_facts(struct codec *codec)
{
	struct sc_entry *entry = &codec->entry;

	entry->mode = (uint16_t)code_number(codec, entry->mode, 07777);
	entry->mtime_s = code_relative(codec, entry->mtime_s, codec->mtime_s, UINT64_MAX);
	entry->mtime_ns = (uint32_t)code_number(codec, entry->mtime_ns, 999999999);
	entry->uid = code_id(codec, entry->uid, codec->uid);
	entry->gid = code_id(codec, entry->gid, codec->gid);
	if (codec->bad)
		return wrong(codec, "has no sound mode, time or owner");
	codec->mtime_s = entry->mtime_s;
	codec->uid = entry->uid;
	codec->gid = entry->gid;
	return 0;
}

static int
code_target(struct codec *codec)
{
	size_t length = code_text(codec, &codec->target, codec->target_text, SC_PATH_BYTES_MAX);

	if (length == NONE || length == 0 || strlen(codec->target) < length)
		return wrong(codec, "has no sound target");
	return 0;
}

static int
code_xattrs(struct codec *codec)
{
	size_t count = codec->encoding ? codec->entry.xattrs : 0;

	count = (size_t)code_number(codec, count, SC_XATTRS_MAX);
	if (codec->bad || count == 0)
		return wrong(codec, "has no sound number of attributes");
	for (size_t i = 0; i < count; i++) {
		struct sc_beneath_xattr *xattr = &codec->xattrs[i];
		size_t length =
		    code_text(codec, &xattr->name, codec->xattr_texts[i], SC_NAME_BYTES_MAX);

		if (length == NONE || strlen(xattr->name) < length)
			return wrong(codec, "has an attribute without a sound name");
		if (!sc_xattr_may_travel(xattr->name))
			return wrong(codec, "has an attribute that must not be staged");
		xattr->length = code_bytes(codec, &xattr->value, xattr->length, SC_XATTR_BYTES_MAX);
		if (xattr->length == NONE)
			return wrong(codec, "has an attribute without a value");
	}
	codec->xattr_count = count;
	return 0;
}

static int
code_record(struct codec *codec)
{
	struct sc_entry *entry = &codec->entry;

	if (code_parent(codec) != 0 || code_kind(codec) != 0 || code_name(codec) != 0)
		return -1;
	if (entry->kind == SC_ENTRY_HARDLINK)
		return code_link(codec);
	if (code_facts(codec) != 0)
		return -1;
	if (entry->kind == SC_ENTRY_SYMLINK)
		return code_target(codec);
	if (entry->kind == SC_ENTRY_FILE)
		entry->size_bytes = code_number(codec, entry->size_bytes, INT64_MAX);
	if (codec->bad)
		return wrong(codec, "has no sound size");
	return codec->xattr_count > 0 ? code_xattrs(codec) : 0;
}

static void
encode_header(struct codec *codec)
{
	uint8_t header[HEADER_BYTES];
	struct sc_bytes_writer writer = {
		.bytes = header, .used = MAGIC_BYTES, .capacity = sizeof(header)};

	memcpy(header, magic, MAGIC_BYTES);
	sc_bytes_put(&writer, VERSION, 4);
	sc_bytes_put(&writer, codec->manifest->count, 4);
	sc_bytes_put(&writer, codec->manifest->content_bytes, 8);
	assert(writer.used == HEADER_BYTES);
	put_bytes(codec, header, sizeof(header));
}

static int
encode_entry(struct codec *codec, uint32_t index)
{
	codec->index = index;
	codec->entry = codec->manifest->entries[index];
	codec->name = sc_manifest_name(codec->manifest, index);
	codec->target = NULL;
	if (codec->entry.kind == SC_ENTRY_SYMLINK)
		codec->target = sc_manifest_target(codec->manifest, index);
	codec->xattr_count = sc_manifest_xattrs(codec->manifest, index, codec->xattrs);
	return code_record(codec);
}

int
sc_manifest_encode(const struct sc_manifest *manifest, uint8_t **bytes, size_t *length,
    struct sc_error *err)
{
	struct codec *codec = calloc(1, sizeof(*codec));
	int rc = 0;

	if (codec == NULL)
		return sc_fail(err, ENOMEM, "encoding the manifest");
	codec->manifest = manifest;
	codec->err = err;
	codec->encoding = true;
	encode_header(codec);
	for (uint32_t i = 0; i < manifest->count && rc == 0; i++)
		rc = encode_entry(codec, i);
	if (rc == 0 && codec->out_of_memory)
		rc = sc_fail(err, ENOMEM, "a list of %lu entries", (unsigned long)manifest->count);
	*bytes = codec->bytes;
	*length = codec->used;
	if (rc != 0) {
		free(codec->bytes);
		*bytes = NULL;
	}
	free(codec);
	return rc;
}

/* Sets what the header says. */
static int
decode_header(struct codec *codec, uint32_t *count, uint64_t *content_bytes)
{
	struct sc_bytes_reader *reader = &codec->reader;

	if (reader->left < HEADER_BYTES || memcmp(reader->bytes, magic, MAGIC_BYTES) != 0)
		return sc_fail(codec->err, 0, "there is no manifest");
	reader->bytes += MAGIC_BYTES;
	reader->left -= MAGIC_BYTES;
	if (sc_bytes_get(reader, 4) != VERSION)
		return sc_fail(codec->err, 0, "the manifest is another version's");
	*count = (uint32_t)sc_bytes_get(reader, 4);
	*content_bytes = sc_bytes_get(reader, 8);
	/* Or a few bytes could ask for all memory. */
	if (*count == 0 || *count > SC_ENTRIES_MAX || *count > reader->left / RECORD_BYTES_MIN)
		return sc_fail(codec->err, 0, "the manifest is damaged: it can't have %lu entries",
		    (unsigned long)*count);
	return 0;
}

static int
decode_entry(struct codec *codec, struct sc_manifest *manifest)
{
	codec->index = manifest->count;
	codec->entry = (struct sc_entry){0};
	codec->name = codec->target = NULL;
	codec->xattr_count = 0;
	if (code_record(codec) != 0)
		return -1;
	return sc_manifest_add(manifest, &codec->entry, codec->name, codec->target, codec->xattrs,
	    codec->xattr_count, codec->err);
}

static int
decode_all(struct codec *codec, struct sc_manifest *manifest, uint64_t stream_bytes)
{
	size_t length = codec->reader.left;
	uint64_t content_bytes = 0;
	uint32_t count = 0;

	if (decode_header(codec, &count, &content_bytes) != 0)
		return -1;
	/* What is needed is known, but for many attributes; what isn't touched costs nothing. */
	manifest->entries = malloc(count * sizeof(*manifest->entries));
	manifest->texts = malloc(length);
	if (manifest->entries == NULL || manifest->texts == NULL)
		return sc_fail(codec->err, ENOMEM, "reading the manifest");
	manifest->capacity = count;
	manifest->texts_capacity = length;
	while (manifest->count < count) {
		if (decode_entry(codec, manifest) != 0)
			return -1;
	}
	if (codec->reader.left > 0)
		return sc_fail(codec->err, 0,
		    "the manifest is damaged: there is more behind its end");
	if (manifest->content_bytes != content_bytes || stream_bytes < length ||
	    content_bytes != stream_bytes - length)
		return sc_fail(codec->err, 0, "the manifest is damaged: the sizes don't add up");
	return 0;
}

int
sc_manifest_decode(struct sc_manifest *manifest, const uint8_t *bytes, size_t length,
    uint64_t stream_bytes, struct sc_error *err)
{
	struct codec *codec = calloc(1, sizeof(*codec));
	int rc;

	*manifest = (struct sc_manifest){0};
	if (codec == NULL)
		return sc_fail(err, ENOMEM, "reading the manifest");
	codec->manifest = manifest;
	codec->err = err;
	codec->reader = (struct sc_bytes_reader){.bytes = bytes, .left = length};
	rc = decode_all(codec, manifest, stream_bytes);
	free(codec);
	return rc;
}
