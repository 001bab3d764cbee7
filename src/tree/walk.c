/*
 * The walk over what is to be staged: see walk.h.
 */
#define _XOPEN_SOURCE 700 /* PATH_MAX, S_ISSOCK */
#include "tree/walk.h"

#include "base/vector.h"
#include "beneath/system.h"
#include "tree/links.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A path of a root and one beneath it. */
enum { PATH_BYTES = SC_PATH_BYTES_MAX + PATH_MAX + 2 };

/* The names of a directory, in memory that is used again for the next one. */
struct names {
	char *texts; /* each with its NUL */
	size_t used;
	size_t capacity;
	const char **sorted;
	size_t count;
	size_t sorted_capacity;
};

struct walk {
	struct sc_manifest *manifest;
	const struct sc_root *roots; /* in the order of the manifest */
	const struct sc_walk_options *options;
	struct sc_hard_links links;
	struct names names;
	uint64_t allocated_bytes;
	char path[PATH_BYTES]; /* of the directory that is read, then of an entry in it */
	struct sc_error *err;

	/* Of the entry that is examined: */
	char target[SC_PATH_BYTES_MAX + 2];
	struct sc_beneath_xattr xattrs[SC_XATTRS_MAX];
	size_t xattr_count;
	char xattr_names[SC_XATTR_BYTES_MAX];
	char xattr_values[SC_XATTRS_MAX * SC_XATTR_BYTES_MAX];
};

/* What examines an entry returns 0, 1 if the entry is left out, or -1. */

/* An entry can't be staged. */
static int
refuse(struct walk *walk, const char *sentence)
{
	if (walk->options->on_unreadable == SC_UNREADABLE_FAIL)
		return sc_fail(walk->err, 0, "%s; --on-unreadable=skip leaves it out", sentence);
	if (walk->options->tell != NULL)
		walk->options->tell(walk->options->context, sentence);
	return 1;
}

static int
refuse_errno(struct walk *walk, const char *what, const char *path, int errnum)
{
	struct sc_error why;

	(void)sc_fail(&why, errnum, "cannot %s %s", what, path);
	return refuse(walk, why.text);
}

static const char *
odd_kind(mode_t mode)
{
	if (S_ISSOCK(mode))
		return "a socket";
	if (S_ISFIFO(mode))
		return "a named pipe";
	return "a device";
}

/* Is this a kind of file that can be staged, and may it be read? */
static int
check_readable(struct walk *walk, int dir_fd, const char *name, const struct stat *st)
{
	struct sc_error why;

	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode) && !S_ISLNK(st->st_mode)) {
		(void)sc_fail(&why, 0, "%s is %s", walk->path, odd_kind(st->st_mode));
		return refuse(walk, why.text);
	}
	/* Root may read everything; where a file server decides otherwise the reading fails. */
	if (geteuid() == 0 || S_ISLNK(st->st_mode))
		return 0;
	if (faccessat(dir_fd, name, S_ISDIR(st->st_mode) ? R_OK | X_OK : R_OK, AT_EACCESS) != 0)
		return refuse_errno(walk, "read", walk->path, errno);
	return 0;
}

/* Take along the attributes of what walk->path names. */
static int
read_xattrs(struct walk *walk)
{
	ssize_t length =
	    sc_system_list_xattrs(walk->path, walk->xattr_names, sizeof(walk->xattr_names));
	const char *end = walk->xattr_names + length;
	size_t used = 0;

	if (length < 0)
		return refuse_errno(walk, "list the attributes of", walk->path, errno);
	for (const char *name = walk->xattr_names; name < end; name += strlen(name) + 1) {
		char *value = walk->xattr_values + used;
		ssize_t n;

		if (!sc_xattr_may_travel(name) || walk->xattr_count == SC_XATTRS_MAX)
			continue;
		n = sc_system_get_xattr(walk->path, name, value, SC_XATTR_BYTES_MAX);
		if (n < 0)
			return refuse_errno(walk, "read an attribute of", walk->path, errno);
		walk->xattrs[walk->xattr_count++] =
		    (struct sc_beneath_xattr){name, value, (size_t)n};
		used += (size_t)n;
	}
	return 0;
}

static int
read_target(struct walk *walk, int dir_fd, const char *name)
{
	ssize_t n = readlinkat(dir_fd, name, walk->target, sizeof(walk->target) - 1);

	if (n < 0 || n > SC_PATH_BYTES_MAX)
		return refuse_errno(walk, "read", walk->path, n < 0 ? errno : ENAMETOOLONG);
	walk->target[n] = '\0';
	return 0;
}

/* A regular file: the first of its names is the file, the others are hard links. */
static int
describe_file(struct walk *walk, const struct stat *st, struct sc_entry *entry)
{
	entry->kind = SC_ENTRY_FILE;
	if (st->st_nlink > 1) {
		if (sc_hard_links_find(&walk->links, st->st_dev, st->st_ino, walk->manifest->count,
			&entry->link) != 0)
			return sc_fail(walk->err, ENOMEM, "%s", walk->path);
		if (entry->link != SC_NO_ENTRY) {
			entry->kind = SC_ENTRY_HARDLINK;
			walk->xattr_count = 0;
			return 0;
		}
	}
	entry->size_bytes = (uint64_t)st->st_size;
	entry->sparse = (uint64_t)st->st_blocks * 512 < (uint64_t)st->st_size;
	walk->allocated_bytes += (uint64_t)st->st_blocks * 512;
	return 0;
}

/* Fill *entry, and in the walk what else belongs to the entry, with what walk->path names. */
static int
examine(struct walk *walk, int dir_fd, const char *opened, int flags, struct sc_entry *entry)
{
	struct stat st;
	int rc;

	walk->xattr_count = 0;
	if (fstatat(dir_fd, opened, &st, flags) != 0)
		return refuse_errno(walk, "examine", walk->path, errno);
	rc = check_readable(walk, dir_fd, opened, &st);
	if (rc == 0 && walk->options->preserve && !S_ISLNK(st.st_mode))
		rc = read_xattrs(walk);
	if (rc != 0)
		return rc;
	entry->mtime_s = st.st_mtim.tv_sec;
	entry->mtime_ns = (uint32_t)st.st_mtim.tv_nsec;
	entry->mode = st.st_mode & 07777;
	entry->uid = st.st_uid;
	entry->gid = st.st_gid;
	entry->kind = S_ISDIR(st.st_mode) ? SC_ENTRY_DIRECTORY : SC_ENTRY_SYMLINK;
	if (S_ISLNK(st.st_mode))
		return read_target(walk, dir_fd, opened);
	/* Last, when nothing refuses any more: it notes the entry as the file's first name. */
	return S_ISREG(st.st_mode) ? describe_file(walk, &st, entry) : 0;
}

/* Add what walk->path names, or leave it out.  flags: AT_SYMLINK_NOFOLLOW, or 0. */
static int
add(struct walk *walk, int dir_fd, const char *opened, int flags, const char *name, uint32_t parent)
{
	struct sc_entry entry = {.parent = parent};
	struct sc_error why;
	int rc = examine(walk, dir_fd, opened, flags, &entry);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (sc_manifest_add(walk->manifest, &entry, name,
		entry.kind == SC_ENTRY_SYMLINK ? walk->target : NULL, walk->xattrs,
		walk->xattr_count, &why) != 0)
		return sc_fail(walk->err, 0, "cannot stage %s: %s", walk->path, why.text);
	return 0;
}

static int
add_name(struct names *names, const char *name)
{
	size_t length = strlen(name) + 1;
	char *texts = sc_vector_room(names->texts, names->used + length, &names->capacity, 1);

	if (texts == NULL)
		return -1;
	names->texts = texts;
	memcpy(names->texts + names->used, name, length);
	names->used += length;
	names->count++;
	return 0;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Only when all names are there: before, the texts may move. */
static int
sort_names(struct names *names)
{
	const char **sorted =
	    sc_vector_room(names->sorted, names->count, &names->sorted_capacity, sizeof(*sorted));
	const char *text = names->texts;

	if (names->count == 0)
		return 0;
	if (sorted == NULL)
		return -1;
	names->sorted = sorted;
	for (size_t i = 0; i < names->count; i++) {
		sorted[i] = text;
		text += strlen(text) + 1;
	}
	qsort(sorted, names->count, sizeof(*sorted), compare_names);
	return 0;
}

/* 0, or -1 with errno. */
static int
read_names(struct names *names, DIR *stream)
{
	const struct dirent *found;

	names->used = names->count = 0;
	while (errno = 0, (found = readdir(stream)) != NULL) {
		if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0)
			continue;
		if (add_name(names, found->d_name) != 0) {
			errno = ENOMEM;
			return -1;
		}
	}
	return errno == 0 ? 0 : -1;
}

/* Add all that is in the directory that walk->path names, in order. */
static int
add_children(struct walk *walk, uint32_t directory, DIR *stream)
{
	struct names *names = &walk->names;
	size_t length = strlen(walk->path);
	int rc = 0;

	if (read_names(names, stream) != 0)
		return refuse_errno(walk, "read", walk->path, errno) < 0 ? -1 : 0;
	if (sort_names(names) != 0)
		return sc_fail(walk->err, ENOMEM, "cannot read %s", walk->path);
	for (size_t i = 0; i < names->count && rc == 0; i++) {
		const char *name = names->sorted[i];
		size_t name_bytes = strlen(name) + 1;

		if (length + 1 + name_bytes > sizeof(walk->path))
			return sc_fail(walk->err, ENAMETOOLONG, "%s", name);
		walk->path[length] = '/';
		memcpy(walk->path + length + 1, name, name_bytes);
		rc = add(walk, dirfd(stream), name, AT_SYMLINK_NOFOLLOW, name, directory);
	}
	return rc;
}

/* Add what is in a directory that is an entry. */
static int
enter(struct walk *walk, uint32_t directory)
{
	const struct sc_entry *entry = &walk->manifest->entries[directory];
	bool root = sc_walk_root(walk->manifest, walk->roots, directory) != NULL;
	DIR *stream;
	int fd, rc;

	if (!root && entry->parent == SC_NO_ENTRY)
		return 0; /* the virtual directory: the roots in it have been added */
	if (sc_walk_path(walk->manifest, walk->roots, directory, walk->path, sizeof(walk->path)) !=
	    0)
		return sc_fail(walk->err, ENAMETOOLONG, "%s",
		    sc_manifest_name(walk->manifest, directory));
	/* Since it was examined, another program may have put a link in its place: a root may be one,
	 * others lead out of the tree. */
	fd = open(walk->path,
	    O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC | (root ? 0 : O_NOFOLLOW));
	stream = fd < 0 ? NULL : fdopendir(fd);
	if (stream == NULL) {
		rc = refuse_errno(walk, "read", walk->path, errno);
		if (fd >= 0)
			(void)close(fd); /* it was only read */
		return rc < 0 ? -1 : 0;
	}
	rc = add_children(walk, directory, stream);
	(void)closedir(stream);
	return rc;
}

static int
compare_roots(const void *a, const void *b)
{
	return strcmp(((const struct sc_root *)a)->name, ((const struct sc_root *)b)->name);
}

/* The virtual directory: its owner is the first root's, its time that of the newest root. */
static int
add_virtual_root(struct walk *walk, size_t count)
{
	struct sc_entry entry = {
		.kind = SC_ENTRY_DIRECTORY,
		.mode = 0755,
		.parent = SC_NO_ENTRY,
		.mtime_s = INT64_MIN,
	};

	for (size_t i = 0; i < count; i++) {
		struct stat st;

		if (stat(walk->roots[i].path, &st) != 0)
			return sc_fail(walk->err, errno, "cannot open %s", walk->roots[i].path);
		if (i == 0) {
			entry.uid = st.st_uid;
			entry.gid = st.st_gid;
		}
		if (st.st_mtim.tv_sec > entry.mtime_s ||
		    (st.st_mtim.tv_sec == entry.mtime_s &&
			st.st_mtim.tv_nsec > (long)entry.mtime_ns)) {
			entry.mtime_s = st.st_mtim.tv_sec;
			entry.mtime_ns = (uint32_t)st.st_mtim.tv_nsec;
		}
	}
	return sc_manifest_add(walk->manifest, &entry, "root", NULL, NULL, 0, walk->err);
}

static int
add_roots(struct walk *walk, size_t count)
{
	bool within = walk->roots[0].within;

	if (within && add_virtual_root(walk, count) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct sc_root *root = &walk->roots[i];
		uint32_t before = walk->manifest->count;
		size_t length = strlen(root->path);

		if (i > 0 && strcmp(root->name, root[-1].name) == 0)
			return sc_fail(walk->err, 0, "%s and %s would have the same name",
			    root[-1].path, root->path);
		if (length >= PATH_MAX || strlen(root->name) > SC_NAME_BYTES_MAX)
			return sc_fail(walk->err, ENAMETOOLONG, "%s", root->path);
		memcpy(walk->path, root->path, length + 1);
		if (add(walk, AT_FDCWD, root->path, root->keep_link ? AT_SYMLINK_NOFOLLOW : 0,
			root->name, within ? 0 : SC_NO_ENTRY) != 0)
			return -1;
		/* --on-unreadable=skip is not for what the user has named. */
		if (walk->manifest->count == before)
			return sc_fail(walk->err, 0, "%s can't be staged", root->path);
	}
	return 0;
}

void
sc_walk_sort(struct sc_root *roots, size_t count)
{
	qsort(roots, count, sizeof(*roots), compare_roots);
}

const struct sc_root *
sc_walk_root(const struct sc_manifest *manifest, const struct sc_root *roots, uint32_t entry)
{
	if (!roots[0].within)
		return manifest->entries[entry].parent == SC_NO_ENTRY ? &roots[entry] : NULL;
	return manifest->entries[entry].parent == 0 ? &roots[entry - 1] : NULL;
}

int
sc_walk_path(const struct sc_manifest *manifest, const struct sc_root *roots, uint32_t entry,
    char *path, size_t capacity)
{
	char inner[SC_PATH_BYTES_MAX + 1];
	const struct sc_root *root;
	size_t length, skipped, rest;
	uint32_t at = entry;

	while ((root = sc_walk_root(manifest, roots, at)) == NULL) {
		at = manifest->entries[at].parent;
		assert(at != SC_NO_ENTRY);
	}
	sc_manifest_path(manifest, entry, inner);
	skipped = manifest->entries[at].path_length;
	rest = strlen(inner + skipped);
	length = strlen(root->path);
	/* Of "dir/" or "/" the slash is the one that inner begins with. */
	while (rest > 0 && length > 0 && root->path[length - 1] == '/')
		length--;
	if (length + rest >= capacity)
		return -1;
	memcpy(path, root->path, length);
	memcpy(path + length, inner + skipped, rest + 1);
	return 0;
}

int
sc_walk(struct sc_manifest *manifest, const struct sc_root *roots, size_t count,
    const struct sc_walk_options *options, uint64_t *allocated_bytes, struct sc_error *err)
{
	struct walk *walk = calloc(1, sizeof(*walk));
	int rc;

	assert(count > 0);
	*manifest = (struct sc_manifest){0};
	if (walk == NULL)
		return sc_fail(err, ENOMEM, "looking at what is to be staged");
	walk->manifest = manifest;
	walk->roots = roots;
	walk->options = options;
	walk->err = err;
	rc = add_roots(walk, count);
	/* Those that are found on the way come behind: this is the breadth-first order. */
	for (uint32_t i = 0; rc == 0 && i < manifest->count; i++) {
		if (manifest->entries[i].kind == SC_ENTRY_DIRECTORY)
			rc = enter(walk, i);
	}
	*allocated_bytes = walk->allocated_bytes;
	sc_hard_links_free(&walk->links);
	free(walk->names.texts);
	free(walk->names.sorted);
	free(walk);
	return rc;
}
