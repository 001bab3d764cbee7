/*
 * The manifest as bytes: encoding and, trusting nothing, decoding.
 */
#include "tree/manifest_impl.h"

#include "base/bytes.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The longest number: ten times seven bits are more than 64. */
enum { NUMBER_BYTES_MAX = 10 };

/* All of a record but texts and attributes. */
enum { RECORD_FIXED_BYTES = 16 * NUMBER_BYTES_MAX };

/* Bytes that grow. */
struct out {
	uint8_t *bytes;
	size_t used;
	size_t capacity;
};

/* What a record is told relative to: the one before. */
struct before {
	uint32_t parent; /* 0: none, else the entry + 1 */
	int64_t mtime_s;
	uint32_t uid;
	uint32_t gid;
};

static int
reserve(struct out *out, size_t more)
{
	size_t capacity = (out->used + more) / 2 * 3;
	uint8_t *bytes;

	if (out->used + more <= out->capacity)
		return 0;
	bytes = realloc(out->bytes, capacity);
	if (bytes == NULL)
		return -1;
	out->bytes = bytes;
	out->capacity = capacity;
	return 0;
}

/* Seven bits a byte, the lowest first; the top bit says that more follow. */
static void
put_number(struct out *out, uint64_t value)
{
	while (value > 0x7f) {
		out->bytes[out->used++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	out->bytes[out->used++] = (uint8_t)value;
}

/* A number of either sign: small ones stay small. */
static uint64_t
fold(int64_t value)
{
	return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t
unfold(uint64_t value)
{
	return (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
}

static void
put_bytes(struct out *out, const void *bytes, size_t length)
{
	put_number(out, length);
	memcpy(out->bytes + out->used, bytes, length);
	out->used += length;
}

static int
put_xattrs(struct out *out, const struct sc_manifest *manifest, uint32_t entry)
{
	struct sc_xattr xattrs[SC_XATTRS_MAX];
	size_t count = sc_manifest_xattrs(manifest, entry, xattrs);

	if (reserve(out, NUMBER_BYTES_MAX) != 0)
		return -1;
	put_number(out, count);
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(xattrs[i].name);

		if (reserve(out, 2 * NUMBER_BYTES_MAX + length + xattrs[i].length) != 0)
			return -1;
		put_bytes(out, xattrs[i].name, length);
		put_bytes(out, xattrs[i].value, xattrs[i].length);
	}
	return 0;
}

/* What all but hard links have. */
static void
put_facts(struct out *out, const struct sc_entry *entry, struct before *before)
{
	put_number(out, entry->mode);
	put_number(out, fold((int64_t)((uint64_t)entry->mtime_s - (uint64_t)before->mtime_s)));
	put_number(out, entry->mtime_ns);
	put_number(out, fold((int64_t)entry->uid - (int64_t)before->uid));
	put_number(out, fold((int64_t)entry->gid - (int64_t)before->gid));
	before->mtime_s = entry->mtime_s;
	before->uid = entry->uid;
	before->gid = entry->gid;
}

static int
put_record(struct out *out, const struct sc_manifest *manifest, uint32_t index,
    struct before *before)
{
	const struct sc_entry *entry = &manifest->entries[index];
	const char *target = "";
	uint32_t parent = entry->parent == SC_NO_ENTRY ? 0 : entry->parent + 1;

	if (entry->kind == SC_ENTRY_SYMLINK)
		target = sc_manifest_target(manifest, index);
	if (reserve(out, RECORD_FIXED_BYTES + entry->name_length + strlen(target)) != 0)
		return -1;
	assert(parent >= before->parent);
	put_number(out, parent - before->parent);
	before->parent = parent;
	put_number(out,
	    entry->kind | (entry->sparse ? SC_RECORD_SPARSE : 0) |
		(entry->xattrs > 0 ? SC_RECORD_XATTRS : 0));
	put_bytes(out, sc_manifest_name(manifest, index), entry->name_length);
	if (entry->kind == SC_ENTRY_HARDLINK) {
		put_number(out, index - entry->link);
		return 0;
	}
	put_facts(out, entry, before);
	if (entry->kind == SC_ENTRY_FILE)
		put_number(out, entry->size_bytes);
	if (entry->kind == SC_ENTRY_SYMLINK)
		put_bytes(out, target, strlen(target));
	return entry->xattrs > 0 ? put_xattrs(out, manifest, index) : 0;
}

int
sc_manifest_encode(const struct sc_manifest *manifest, uint8_t **bytes, size_t *length,
    struct sc_error *err)
{
	struct before before = {0};
	struct out out = {0};
	struct sc_bytes_writer header = {.capacity = SC_MANIFEST_HEADER_BYTES};
	int rc = reserve(&out, SC_MANIFEST_HEADER_BYTES + 32 * (size_t)manifest->count);

	if (rc == 0) {
		header.bytes = out.bytes;
		memcpy(out.bytes, SC_MANIFEST_MAGIC, 8);
		header.used = 8;
		sc_bytes_put(&header, SC_MANIFEST_VERSION, 4);
		sc_bytes_put(&header, manifest->count, 4);
		sc_bytes_put(&header, manifest->content_bytes, 8);
		out.used = header.used;
	}
	for (uint32_t i = 0; i < manifest->count && rc == 0; i++)
		rc = put_record(&out, manifest, i, &before);
	if (rc != 0) {
		free(out.bytes);
		return sc_fail(err, ENOMEM, "a list of %lu entries",
		    (unsigned long)manifest->count);
	}
	*bytes = out.bytes;
	*length = out.used;
	return 0;
}

/* What is being read.  What is wrong is said once, where it is found. */
struct in {
	struct sc_bytes_reader reader;
	struct sc_manifest *manifest;
	struct before before;
	struct sc_entry entry;
	struct sc_entry_texts texts;
	struct sc_xattr xattrs[SC_XATTRS_MAX];
	char names[SC_XATTRS_MAX][SC_NAME_BYTES_MAX + 1]; /* of attributes, with their ends */
	struct sc_error *err;
};

static int
wrong(struct in *in, const char *what)
{
	return sc_fail(in->err, 0, "the manifest is damaged: entry %lu %s",
	    (unsigned long)in->manifest->count, what);
}

/* Up to most; if there is none, or a larger one, the reader is bad. */
static uint64_t
get_number(struct in *in, uint64_t most)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint64_t byte = sc_bytes_get(&in->reader, 1);
		uint64_t bits = byte & 0x7f;

		if (in->reader.bad || (shift == 63 && bits > 1))
			break;
		value |= bits << shift;
		if (byte == bits) {
			in->reader.bad = value > most;
			return value;
		}
	}
	in->reader.bad = true;
	return 0;
}

/* So many bytes, which stay where they are; NULL if they aren't there. */
static const char *
get_bytes(struct in *in, size_t most, size_t *length)
{
	const char *bytes = NULL;

	*length = (size_t)get_number(in, most);
	if (in->reader.bad || *length > in->reader.left) {
		in->reader.bad = true;
		return NULL;
	}
	bytes = (const char *)in->reader.bytes;
	in->reader.bytes += *length;
	in->reader.left -= *length;
	return bytes;
}

/* A number relative to one before, from 0 to UINT32_MAX. */
static uint32_t
get_near(struct in *in, uint32_t before)
{
	int64_t value = unfold(get_number(in, UINT64_C(1) << 33));

	value += before;
	if (value < 0 || value > UINT32_MAX)
		in->reader.bad = true;
	return (uint32_t)value;
}

static int
get_name(struct in *in)
{
	struct sc_entry_texts *texts = &in->texts;
	const struct sc_manifest *manifest = in->manifest;
	const struct sc_entry *last;

	texts->name = get_bytes(in, SC_NAME_BYTES_MAX, &texts->name_length);
	if (texts->name == NULL)
		return wrong(in, "has no name");
	if (texts->name_length == 0)
		return wrong(in, "has an empty name");
	if (memchr(texts->name, '/', texts->name_length) != NULL)
		return wrong(in, "has a slash in its name");
	if (memchr(texts->name, '\0', texts->name_length) != NULL)
		return wrong(in, "has a NUL in its name");
	if (texts->name[0] == '.' &&
	    (texts->name_length == 1 || (texts->name_length == 2 && texts->name[1] == '.')))
		return wrong(in, "has a name of dots");
	if (manifest->count == 0)
		return 0;
	last = &manifest->entries[manifest->count - 1];
	if (last->parent == in->entry.parent &&
	    sc_manifest_compare(manifest->texts + last->text, last->name_length, texts->name,
		texts->name_length) >= 0)
		return wrong(in, "has a name that is there already, or out of order");
	return 0;
}

static int
get_parent(struct in *in)
{
	uint64_t parent = in->before.parent + get_number(in, UINT32_MAX);

	if (in->reader.bad || parent > in->manifest->count)
		return wrong(in, "has no parent before it");
	if (parent > 0 && in->manifest->entries[parent - 1].kind != SC_ENTRY_DIRECTORY)
		return wrong(in, "has a parent that is no directory");
	in->before.parent = (uint32_t)parent;
	in->entry.parent = parent == 0 ? SC_NO_ENTRY : (uint32_t)parent - 1;
	return 0;
}

static int
get_link(struct in *in)
{
	uint64_t back = get_number(in, UINT32_MAX);

	if (in->reader.bad || back == 0 || back > in->manifest->count)
		return wrong(in, "is a further name of nothing");
	in->entry.link = in->manifest->count - (uint32_t)back;
	if (in->manifest->entries[in->entry.link].kind != SC_ENTRY_FILE)
		return wrong(in, "is a further name of what is no file");
	return 0;
}

static int
get_facts(struct in *in)
{
	struct sc_entry *entry = &in->entry;

	entry->mode = (uint16_t)get_number(in, 07777);
	entry->mtime_s =
	    (int64_t)((uint64_t)in->before.mtime_s + (uint64_t)unfold(get_number(in, UINT64_MAX)));
	entry->mtime_ns = (uint32_t)get_number(in, 999999999);
	entry->uid = get_near(in, in->before.uid);
	entry->gid = get_near(in, in->before.gid);
	if (in->reader.bad)
		return wrong(in, "has no sound mode, time or owner");
	in->before.mtime_s = entry->mtime_s;
	in->before.uid = entry->uid;
	in->before.gid = entry->gid;
	return 0;
}

static int
get_xattrs(struct in *in)
{
	size_t count = (size_t)get_number(in, SC_XATTRS_MAX);

	if (in->reader.bad || count == 0)
		return wrong(in, "has no sound number of attributes");
	for (size_t i = 0; i < count; i++) {
		size_t length;
		const char *name = get_bytes(in, SC_NAME_BYTES_MAX, &length);

		if (name == NULL || memchr(name, '\0', length) != NULL)
			return wrong(in, "has an attribute without a sound name");
		memcpy(in->names[i], name, length);
		in->names[i][length] = '\0';
		if (!sc_xattr_is_ours(in->names[i]))
			return wrong(in, "has an attribute that isn't ours to give");
		in->xattrs[i].name = in->names[i];
		in->xattrs[i].value = get_bytes(in, SC_XATTR_BYTES_MAX, &in->xattrs[i].length);
		if (in->xattrs[i].value == NULL)
			return wrong(in, "has an attribute without a value");
	}
	in->texts.xattrs = in->xattrs;
	in->texts.xattr_count = count;
	return 0;
}

static int
get_target(struct in *in)
{
	struct sc_entry_texts *texts = &in->texts;

	texts->target = get_bytes(in, SC_PATH_BYTES_MAX, &texts->target_length);
	if (texts->target == NULL || texts->target_length == 0 ||
	    memchr(texts->target, '\0', texts->target_length) != NULL)
		return wrong(in, "has no sound target");
	return 0;
}

static int
get_record(struct in *in)
{
	unsigned bits;
	enum sc_entry_kind kind;

	memset(&in->entry, 0, sizeof(in->entry));
	memset(&in->texts, 0, sizeof(in->texts));
	if (get_parent(in) != 0)
		return -1;
	bits = (unsigned)get_number(in, SC_RECORD_BITS);
	kind = (enum sc_entry_kind)(bits & SC_RECORD_KIND);
	if (in->reader.bad)
		return wrong(in, "is of an unknown kind");
	in->entry.kind = (uint8_t)kind;
	in->entry.sparse = (bits & SC_RECORD_SPARSE) != 0;
	if ((in->entry.sparse && kind != SC_ENTRY_FILE) ||
	    ((bits & SC_RECORD_XATTRS) != 0 && kind != SC_ENTRY_FILE && kind != SC_ENTRY_DIRECTORY))
		return wrong(in, "has what its kind can't have");
	if (get_name(in) != 0)
		return -1;
	if (kind == SC_ENTRY_HARDLINK)
		return get_link(in);
	if (get_facts(in) != 0)
		return -1;
	if (kind == SC_ENTRY_SYMLINK)
		return get_target(in);
	if (kind == SC_ENTRY_FILE)
		in->entry.size_bytes = get_number(in, INT64_MAX);
	if (in->reader.bad)
		return wrong(in, "has no sound size");
	return (bits & SC_RECORD_XATTRS) != 0 ? get_xattrs(in) : 0;
}

/* The header; sets what it says. */
static int
get_header(struct in *in, size_t length, uint32_t *count, uint64_t *content_bytes)
{
	struct sc_bytes_reader *reader = &in->reader;

	if (length < SC_MANIFEST_HEADER_BYTES || memcmp(reader->bytes, SC_MANIFEST_MAGIC, 8) != 0)
		return sc_fail(in->err, 0, "there is no manifest");
	reader->bytes += 8;
	reader->left -= 8;
	if (sc_bytes_get(reader, 4) != SC_MANIFEST_VERSION)
		return sc_fail(in->err, 0, "the manifest is another version's");
	*count = (uint32_t)sc_bytes_get(reader, 4);
	*content_bytes = sc_bytes_get(reader, 8);
	if (*count == 0 || *count > SC_ENTRIES_MAX || *count > reader->left / SC_RECORD_BYTES_MIN)
		return sc_fail(in->err, 0, "the manifest is damaged: it can't have %lu entries",
		    (unsigned long)*count);
	return 0;
}

int
sc_manifest_decode(struct sc_manifest *manifest, const uint8_t *bytes, size_t length,
    uint64_t stream_bytes, struct sc_error *err)
{
	struct in *in = calloc(1, sizeof(*in));
	uint64_t content_bytes = 0;
	uint32_t count = 0;
	int rc = -1;

	memset(manifest, 0, sizeof(*manifest));
	if (in == NULL)
		return sc_fail(err, ENOMEM, "reading the manifest");
	in->reader.bytes = bytes;
	in->reader.left = length;
	in->manifest = manifest;
	in->err = err;
	if (get_header(in, length, &count, &content_bytes) != 0)
		goto out;
	/* As much as is needed, which is known; what isn't touched costs nothing. */
	manifest->entries = malloc(count * sizeof(*manifest->entries));
	manifest->texts = malloc(length);
	if (manifest->entries == NULL || manifest->texts == NULL) {
		(void)sc_fail(err, ENOMEM, "reading the manifest");
		goto out;
	}
	manifest->capacity = count;
	manifest->texts_capacity = length;
	while (manifest->count < count) {
		if (get_record(in) != 0 ||
		    sc_manifest_append(manifest, &in->entry, &in->texts, err) != 0)
			goto out;
	}
	if (in->reader.left > 0)
		(void)sc_fail(err, 0, "the manifest is damaged: there is more behind its end");
	else if (manifest->content_bytes != content_bytes || stream_bytes < length ||
	    content_bytes != stream_bytes - length)
		(void)sc_fail(err, 0, "the manifest is damaged: the sizes don't add up");
	else
		rc = 0;
out:
	free(in);
	return rc;
}
