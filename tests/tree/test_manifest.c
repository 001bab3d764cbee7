/*
 * The manifest: what is encoded comes back, and nothing else is taken.
 */
#include "lib/suite.h"
#include "tree/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
add(struct sc_manifest *m, enum sc_entry_kind kind, uint32_t parent, const char *name,
    uint64_t size)
{
	struct sc_entry entry = {
		.kind = (uint8_t)kind,
		.parent = parent,
		.size_bytes = size,
		.mode = 0751,
		.mtime_s = 1000 - (int64_t)m->count * 7,
		.mtime_ns = 999999999 - m->count,
		.uid = m->count * 1000003,
		.gid = UINT32_MAX - m->count,
	};

	return sc_manifest_add(m, &entry, name, kind == SC_ENTRY_SYMLINK ? "../else/where" : NULL,
	    NULL, 0, NULL);
}

/* root/{a (7), b/, c -> ..., d = a}, b/{x (0), y (100, holes)} */
static void
make(struct sc_manifest *m)
{
	const struct sc_beneath_xattr xattrs[] = {
		{"user.one", "value", 5},
		{"user.empty", "", 0},
		{"system.posix_acl_access", "\0\1\2", 3},
	};
	struct sc_entry entry = {.kind = SC_ENTRY_HARDLINK, .parent = 0, .link = 1};

	memset(m, 0, sizeof(*m));
	CU_ASSERT_EQUAL_FATAL(add(m, SC_ENTRY_DIRECTORY, SC_NO_ENTRY, "root", 0), 0);
	CU_ASSERT_EQUAL_FATAL(add(m, SC_ENTRY_FILE, 0, "a", 7), 0);
	CU_ASSERT_EQUAL_FATAL(add(m, SC_ENTRY_DIRECTORY, 0, "b", 0), 0);
	CU_ASSERT_EQUAL_FATAL(add(m, SC_ENTRY_SYMLINK, 0, "c", 0), 0);
	CU_ASSERT_EQUAL_FATAL(sc_manifest_add(m, &entry, "d", NULL, NULL, 0, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(add(m, SC_ENTRY_FILE, 2, "x", 0), 0);
	entry = (struct sc_entry){.kind = SC_ENTRY_FILE,
		.parent = 2,
		.size_bytes = 100,
		.mode = 07777,
		.sparse = true,
		.mtime_s = INT64_MIN,
		.uid = UINT32_MAX};
	CU_ASSERT_EQUAL_FATAL(sc_manifest_add(m, &entry, "y", NULL, xattrs, 3, NULL), 0);
}

/* To be freed. */
static uint8_t *
encode(const struct sc_manifest *m, size_t *length)
{
	uint8_t *bytes = NULL;

	CU_ASSERT_EQUAL_FATAL(sc_manifest_encode(m, &bytes, length, NULL), 0);
	return bytes;
}

static void
comes_back_as_it_was(void)
{
	struct sc_manifest before, after;
	struct sc_beneath_xattr xattrs[SC_XATTRS_MAX];
	char path[SC_PATH_BYTES_MAX + 1];
	struct sc_error err = {0};
	size_t length;
	uint8_t *bytes;

	make(&before);
	bytes = encode(&before, &length);
	CU_ASSERT_EQUAL_FATAL(sc_manifest_decode(&after, bytes, length, length + 107, &err), 0);
	CU_ASSERT_EQUAL(after.count, 7);
	CU_ASSERT_EQUAL(after.roots, 1);
	CU_ASSERT_EQUAL(after.content_bytes, 107);
	for (uint32_t i = 0; i < after.count; i++) {
		const struct sc_entry *a = &before.entries[i], *b = &after.entries[i];

		CU_ASSERT_EQUAL(a->kind, b->kind);
		CU_ASSERT_EQUAL(a->size_bytes, b->size_bytes);
		CU_ASSERT_EQUAL(a->offset, b->offset);
		CU_ASSERT_EQUAL(a->mtime_s, b->mtime_s);
		CU_ASSERT_EQUAL(a->mtime_ns, b->mtime_ns);
		CU_ASSERT_EQUAL(a->uid, b->uid);
		CU_ASSERT_EQUAL(a->gid, b->gid);
		CU_ASSERT_EQUAL(a->parent, b->parent);
		CU_ASSERT_EQUAL(a->link, b->link);
		CU_ASSERT_EQUAL(a->mode, b->mode);
		CU_ASSERT_EQUAL(a->sparse, b->sparse);
		CU_ASSERT_EQUAL(a->path_length, b->path_length);
		CU_ASSERT_STRING_EQUAL(sc_manifest_name(&before, i), sc_manifest_name(&after, i));
	}
	CU_ASSERT_STRING_EQUAL(sc_manifest_target(&after, 3), "../else/where");
	CU_ASSERT_STRING_EQUAL(sc_manifest_path(&after, 6, path), "root/b/y");
	CU_ASSERT_STRING_EQUAL(sc_manifest_path(&after, 0, path), "root");
	CU_ASSERT_EQUAL_FATAL(sc_manifest_xattrs(&after, 6, xattrs), 3);
	CU_ASSERT_STRING_EQUAL(xattrs[1].name, "user.empty");
	CU_ASSERT_EQUAL(xattrs[1].length, 0);
	CU_ASSERT_STRING_EQUAL(xattrs[2].name, "system.posix_acl_access");
	CU_ASSERT_EQUAL(xattrs[2].length, 3);
	CU_ASSERT_EQUAL(memcmp(xattrs[2].value, "\0\1\2", 3), 0);
	sc_manifest_free(&before);
	sc_manifest_free(&after);
	sc_manifest_free(&after);
	free(bytes);
}

/* Of so many bytes from this offset on: `found` of them are in this entry, from `at` on. */
static void
expect_piece(const struct sc_manifest *m, uint64_t offset, size_t length, uint32_t entry,
    uint64_t at, size_t found)
{
	uint64_t begin;

	CU_ASSERT_EQUAL(sc_manifest_piece(m, offset, &length, &begin), entry);
	CU_ASSERT_EQUAL(begin, at);
	CU_ASSERT_EQUAL(length, found);
}

static void
entries_are_found_by_offset(void)
{
	struct sc_manifest m;

	make(&m);
	expect_piece(&m, 0, 1, 1, 0, 1);
	expect_piece(&m, 0, 1000, 1, 0, 7);
	expect_piece(&m, 6, 2, 1, 6, 1);
	expect_piece(&m, 7, 1000, 6, 0, 100);
	expect_piece(&m, 106, 1, 6, 99, 1);
	expect_piece(&m, 107, 1, 7, 0, 0);
	/* Those without content too: where their content would begin. */
	CU_ASSERT_EQUAL(sc_manifest_from(&m, 0), 0);
	CU_ASSERT_EQUAL(sc_manifest_from(&m, 1), 2);
	CU_ASSERT_EQUAL(sc_manifest_from(&m, 7), 2);
	CU_ASSERT_EQUAL(sc_manifest_from(&m, 8), 7);
	sc_manifest_free(&m);
}

static void
what_does_not_fit_is_refused(void)
{
	char name[SC_NAME_BYTES_MAX + 1];
	struct sc_entry entry = {.kind = SC_ENTRY_DIRECTORY, .parent = SC_NO_ENTRY};
	struct sc_manifest m = {0};
	struct sc_error err;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (uint32_t depth = 0; depth < 16; depth++) {
		CU_ASSERT_EQUAL_FATAL(sc_manifest_add(&m, &entry, name, NULL, NULL, 0, &err), 0);
		entry.parent = depth;
	}
	/* 16 * 255 + 15 = 4095 are as many as there may be. */
	CU_ASSERT_EQUAL(m.entries[15].path_length, SC_PATH_BYTES_MAX);
	entry.parent = 15;
	CU_ASSERT_EQUAL(sc_manifest_add(&m, &entry, "n", NULL, NULL, 0, &err), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "a path of 4097 bytes"));
	entry = (struct sc_entry){
		.kind = SC_ENTRY_FILE, .parent = SC_NO_ENTRY, .size_bytes = INT64_MAX};
	CU_ASSERT_EQUAL(sc_manifest_add(&m, &entry, "z", NULL, NULL, 0, &err), 0);
	entry.size_bytes = 1;
	CU_ASSERT_EQUAL(sc_manifest_add(&m, &entry, "zz", NULL, NULL, 0, &err), -1);
	sc_manifest_free(&m);
}

/* Bytes of records after the header, as another program might write them. */
struct hostile {
	const char *what;
	const char *complaint;
	uint32_t entries;
	uint64_t contents;
	const char *records;
	size_t length;
};

#define RECORDS(text) text, sizeof(text) - 1

/* mode 0755, time 0, no fraction, uid 0, gid 0 */
#define FACTS "\xed\x03\0\0\0\0"

static const struct hostile hostiles[] = {
	{"nothing", "it can't have 0 entries", 0, 0, RECORDS("")},
	{"more entries than bytes", "it can't have 1000000 entries", 1000000, 0,
		RECORDS("\0\0\1d" FACTS)},
	{"fewer entries", "more behind its end", 1, 0, RECORDS("\0\0\1d" FACTS "\0\0\1e" FACTS)},
	{"an absolute name", "a slash in its name", 1, 0, RECORDS("\0\0\2/d" FACTS)},
	{"a path as a name", "a slash in its name", 1, 0, RECORDS("\0\0\3a/b" FACTS)},
	{"a way up", "a slash in its name", 1, 0, RECORDS("\0\0\4../b" FACTS)},
	{"two dots", "a name of dots", 1, 0, RECORDS("\0\0\2.." FACTS)},
	{"a dot", "a name of dots", 1, 0, RECORDS("\0\0\1." FACTS)},
	{"no name", "an empty name", 1, 0, RECORDS("\0\0\0" FACTS)},
	{"a NUL in a name", "a NUL in its name", 1, 0, RECORDS("\0\0\3a\0b" FACTS)},
	{"a name of 256 bytes", "has no name", 1, 0,
		RECORDS("\0\0\x80\2"
			"aaaaaaaaaaaaaaaaaaaaaa")},
	{"a name that goes on behind the end", "has no name", 1, 0,
		RECORDS("\0\0\x7f"
			"aaaaa")},
	{"the same name twice", "is there already", 2, 0, RECORDS("\0\0\1d" FACTS "\0\0\1d" FACTS)},
	{"names out of order", "out of order", 2, 0, RECORDS("\0\0\1e" FACTS "\0\0\1d" FACTS)},
	{"a parent of its own", "no parent before it", 2, 0,
		RECORDS("\0\0\1d" FACTS "\2\0\1e" FACTS)},
	{"a parent to come", "no parent before it", 2, 0, RECORDS("\0\0\1d" FACTS "\7\0\1e" FACTS)},
	{"a parent far away", "no parent before it", 1, 0,
		RECORDS("\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\0\1d" FACTS)},
	{"a file as a directory", "no directory", 2, 0,
		RECORDS("\0\1\1f" FACTS "\0"
			"\1\0\1e" FACTS)},
	{"a link as a directory", "no directory", 2, 0,
		RECORDS("\0\2\1f" FACTS "\4/etc"
			"\1\0\1e" FACTS)},
	{"a further name of itself", "of nothing", 1, 0, RECORDS("\0\3\1f\0  ")},
	{"a further name of what is to come", "of nothing", 1, 0, RECORDS("\0\3\1f\1  ")},
	{"a further name of a directory", "of what is no file", 2, 0,
		RECORDS("\0\0\1d" FACTS "\0\3\1f\1")},
	{"a further name of a link", "of what is no file", 2, 0,
		RECORDS("\0\2\1d" FACTS "\4/etc"
			"\0\3\1f\1")},
	{"a further name of a further name", "of what is no file", 3, 0,
		RECORDS("\0\1\1d" FACTS "\0"
			"\0\3\1e\1"
			"\0\3\1f\1")},
	{"a kind that isn't known", "of an unknown kind", 1, 0, RECORDS("\0\x10\1d" FACTS)},
	{"a directory with holes", "what its kind can't have", 1, 0, RECORDS("\0\4\1d" FACTS)},
	{"a link with attributes", "what its kind can't have", 1, 0,
		RECORDS("\0\x0a\1d" FACTS "\4/etc")},
	{"a mode of 16 bits", "no sound mode", 1, 0, RECORDS("\0\0\1d\xff\xff\3\0\0\0\0")},
	{"a second of a second", "no sound mode, time", 1, 0,
		RECORDS("\0\0\1d\0\0\x80\x94\xeb\xdc\3\0\0")},
	{"a negative owner", "no sound mode, time or owner", 1, 0, RECORDS("\0\0\1d\0\0\0\1\0")},
	{"an owner of 33 bits", "time or owner", 1, 0,
		RECORDS("\0\0\1d\0\0\0\x80\x80\x80\x80\x20\0")},
	{"a link to nothing", "no sound target", 1, 0, RECORDS("\0\2\1d" FACTS "\0")},
	{"a link with a NUL", "no sound target", 1, 0, RECORDS("\0\2\1d" FACTS "\3a\0b")},
	{"a link without an end", "no sound target", 1, 0, RECORDS("\0\2\1d" FACTS "\5/etc")},
	{"a size beyond 63 bits", "no sound size", 1, 0,
		RECORDS("\0\1\1f" FACTS "\xff\xff\xff\xff\xff\xff\xff\xff\xff\1")},
	{"a number without end", "no sound size", 1, 0,
		RECORDS("\0\1\1f" FACTS "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\1")},
	{"sizes that overflow", "the sizes of all files", 3, 0,
		RECORDS("\0\1\1f" FACTS "\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
			"\0\1\1g" FACTS "\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
			"\0\1\1h" FACTS "\2")},
	{"sizes that aren't those of the header", "don't add up", 1, 8,
		RECORDS("\0\1\1f" FACTS "\7")},
	{"sizes that aren't the stream's", "don't add up", 1, 7, RECORDS("\0\1\1f" FACTS "\7")},
	{"an attribute of the system's", "must not be staged", 1, 0,
		RECORDS("\0\x08\1d" FACTS "\1\x10security.selinux\1x")},
	{"an attribute without a name", "must not be staged", 1, 0,
		RECORDS("\0\x08\1d" FACTS "\1\0\1x")},
	{"no attributes", "no sound number of attributes", 1, 0, RECORDS("\0\x08\1d" FACTS "\0")},
	{"more attributes than there may be", "no sound number of attributes", 1, 0,
		RECORDS("\0\x08\1d" FACTS "\x41")},
	{"an attribute with a NUL in its name", "without a sound name", 1, 0,
		RECORDS("\0\x08\1d" FACTS "\1\x08user.\0ab\1x")},
	{"an attribute that ends before its value", "without a value", 1, 0,
		RECORDS("\0\x08\1d" FACTS "\1\6user.a\5x")},
};

/* The header of these records, and them. */
static size_t
assemble(const struct hostile *hostile, uint8_t *bytes)
{
	memcpy(bytes, "stagedir\1\0\0\0", 12);
	for (size_t i = 0; i < 4; i++)
		bytes[12 + i] = (uint8_t)(hostile->entries >> (8 * i));
	for (size_t i = 0; i < 8; i++)
		bytes[16 + i] = (uint8_t)(hostile->contents >> (8 * i));
	memcpy(bytes + 24, hostile->records, hostile->length);
	return 24 + hostile->length;
}

static void
hostile_ones_are_refused(void)
{
	for (size_t i = 0; i < sizeof(hostiles) / sizeof(hostiles[0]); i++) {
		uint8_t bytes[512];
		size_t length = assemble(&hostiles[i], bytes);
		/* Where it ends a read beyond it is noticed, with the sanitizers. */
		uint8_t *exact = malloc(length);
		struct sc_manifest m;
		struct sc_error err = {0};
		int rc;

		CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
		memcpy(exact, bytes, length);
		rc = sc_manifest_decode(&m, exact, length, length, &err);
		CU_ASSERT_EQUAL(rc, -1);
		if (strstr(err.text, hostiles[i].complaint) == NULL)
			fprintf(stderr, "%s: \"%s\"\n", hostiles[i].what, err.text);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, hostiles[i].complaint));
		sc_manifest_free(&m);
		free(exact);
	}
}

/* What the hostile ones are made of is sound otherwise. */
static void
harmless_ones_are_taken(void)
{
	static const struct hostile harmless[] = {
		{"", "", 1, 0, RECORDS("\0\0\1d" FACTS)},
		{"", "", 2, 0, RECORDS("\0\0\1d" FACTS "\0\0\1e" FACTS)},
		{"", "", 2, 0, RECORDS("\0\0\1d" FACTS "\1\0\1d" FACTS)},
		{"", "", 3, 0,
			RECORDS("\0\1\1d" FACTS "\0"
				"\0\3\1e\1"
				"\0\3\1f\2")},
		{"", "", 1, 0, RECORDS("\0\2\1d" FACTS "\4/etc")},
		{"", "", 1, 0, RECORDS("\0\x08\1d" FACTS "\1\6user.a\1x")},
	};

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		uint8_t bytes[512];
		size_t length = assemble(&harmless[i], bytes);
		struct sc_manifest m;
		struct sc_error err = {0};

		CU_ASSERT_EQUAL(sc_manifest_decode(&m, bytes, length, length, &err), 0);
		if (err.text[0] != '\0')
			fprintf(stderr, "%zu: %s\n", i, err.text);
		sc_manifest_free(&m);
	}
}

/* Whatever is cut off or changed in one byte: an error or another tree, but no mischief. */
static void
damage_is_survived(void)
{
	struct sc_manifest m;
	size_t length;
	uint8_t *bytes;

	make(&m);
	bytes = encode(&m, &length);
	sc_manifest_free(&m);
	for (size_t cut = 0; cut < length; cut++) {
		uint8_t *part = malloc(cut + 1);

		CU_ASSERT_PTR_NOT_NULL_FATAL(part);
		memcpy(part, bytes, cut);
		CU_ASSERT_EQUAL(sc_manifest_decode(&m, part, cut, cut + 107, NULL), -1);
		sc_manifest_free(&m);
		free(part);
	}
	for (size_t at = 0; at < length; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			char path[SC_PATH_BYTES_MAX + 1];

			bytes[at] ^= (uint8_t)(1u << bit);
			if (sc_manifest_decode(&m, bytes, length, length + 107, NULL) == 0) {
				for (uint32_t i = 0; i < m.count; i++)
					CU_ASSERT(strstr(sc_manifest_path(&m, i, path), "..") ==
					    NULL);
			}
			sc_manifest_free(&m);
			bytes[at] ^= (uint8_t)(1u << bit);
		}
	}
	free(bytes);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"comes back as it was", comes_back_as_it_was},
		{"entries are found by offset", entries_are_found_by_offset},
		{"what does not fit is refused", what_does_not_fit_is_refused},
		{"hostile ones are refused", hostile_ones_are_refused},
		{"harmless ones are taken", harmless_ones_are_taken},
		{"damage is survived", damage_is_survived},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("manifest", tests);
}
