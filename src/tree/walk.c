/*
 * The walk over what is to be staged: see walk.h.
 */
#define _XOPEN_SOURCE 700 /* PATH_MAX, S_ISSOCK */
#include "tree/walk.h"

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
	char *texts; /* each with its end */
	size_t used;
	size_t capacity;
	size_t *at; /* where they begin */
	size_t count;
	size_t at_capacity;
};

struct walk {
	struct sc_manifest *manifest;
	const struct sc_root *roots; /* in the order of the manifest */
	const struct sc_walk_options *options;
	struct sc_links links;
	struct names names;
	uint64_t allocated_bytes;
	char path[PATH_BYTES]; /* of the directory that is at hand, then of an entry */
	char *value;           /* of an attribute */
	struct sc_error *err;
};

/* An entry can't be staged.  1: it is left out. */
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

/* Is it one of those that we can copy, and may we read it?  0, 1 (left out), or -1. */
static int
judge(struct walk *walk, int dir_fd, const char *name, const struct stat *st)
{
	struct sc_error why;

	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode) && !S_ISLNK(st->st_mode)) {
		(void)sc_fail(&why, 0, "%s is %s", walk->path, odd_kind(st->st_mode));
		return refuse(walk, why.text);
	}
	/* Root may read all, where anybody may; a file server can have its own opinion, and
	 * then the reading fails. */
	if (geteuid() == 0 || S_ISLNK(st->st_mode))
		return 0;
	if (faccessat(dir_fd, name, S_ISDIR(st->st_mode) ? R_OK | X_OK : R_OK, AT_EACCESS) != 0)
		return refuse_errno(walk, "read", walk->path, errno);
	return 0;
}

/* Take along the attributes of what walk->path names.  Returns how many, 0 after a refusal too;
 * *rc is then 1 or -1. */
static size_t
list_xattrs(struct walk *walk, struct sc_beneath_xattr *xattrs, char *list, size_t capacity,
    int *rc)
{
	ssize_t length = sc_system_list_xattrs(walk->path, list, capacity);
	size_t count = 0, used = 0;

	*rc = 0;
	if (length < 0) {
		*rc = refuse_errno(walk, "list the attributes of", walk->path, errno);
		return 0;
	}
	for (const char *name = list; name < list + length; name += strlen(name) + 1) {
		ssize_t n;

		if (!sc_xattr_may_travel(name) || count == SC_XATTRS_MAX)
			continue;
		n = sc_system_get_xattr(walk->path, name, walk->value + used, SC_XATTR_BYTES_MAX);
		if (n < 0) {
			*rc = refuse_errno(walk, "read an attribute of", walk->path, errno);
			return 0;
		}
		xattrs[count++] = (struct sc_beneath_xattr){
			.name = name, .value = walk->value + used, .length = (size_t)n};
		used += (size_t)n;
	}
	return count;
}

/* Fill *entry from *st.  target has the bytes of a path.  0, 1 or -1 as judge. */
static int
fill(struct walk *walk, int dir_fd, const char *name, const struct stat *st, struct sc_entry *entry,
    char *target)
{
	ssize_t n;

	entry->mtime_s = st->st_mtim.tv_sec;
	entry->mtime_ns = (uint32_t)st->st_mtim.tv_nsec;
	entry->mode = st->st_mode & 07777;
	entry->uid = st->st_uid;
	entry->gid = st->st_gid;
	if (S_ISDIR(st->st_mode)) {
		entry->kind = SC_ENTRY_DIRECTORY;
		return 0;
	}
	if (S_ISLNK(st->st_mode)) {
		entry->kind = SC_ENTRY_SYMLINK;
		n = readlinkat(dir_fd, name, target, SC_PATH_BYTES_MAX + 1);
		if (n < 0)
			return refuse_errno(walk, "read", walk->path, errno);
		if (n > SC_PATH_BYTES_MAX)
			return refuse_errno(walk, "read", walk->path, ENAMETOOLONG);
		target[n] = '\0';
		return 0;
	}
	entry->kind = SC_ENTRY_FILE;
	if (st->st_nlink > 1) {
		if (sc_links_find(&walk->links, st->st_dev, st->st_ino, walk->manifest->count,
			&entry->link) != 0)
			return sc_fail(walk->err, ENOMEM, "%s", walk->path);
		if (entry->link != SC_NO_ENTRY) {
			entry->kind = SC_ENTRY_HARDLINK;
			return 0;
		}
	}
	entry->size_bytes = (uint64_t)st->st_size;
	entry->sparse = (uint64_t)st->st_blocks * 512 < (uint64_t)st->st_size;
	walk->allocated_bytes += (uint64_t)st->st_blocks * 512;
	return 0;
}

/* Add what walk->path names.  flags: AT_SYMLINK_NOFOLLOW, or 0. */
static int
add(struct walk *walk, int dir_fd, const char *opened, int flags, const char *name, uint32_t parent)
{
	char target[SC_PATH_BYTES_MAX + 2];
	struct sc_entry entry = {.parent = parent};
	struct sc_beneath_xattr xattrs[SC_XATTRS_MAX];
	char list[SC_XATTR_BYTES_MAX];
	struct sc_error why;
	size_t count = 0;
	struct stat st;
	int rc;

	if (fstatat(dir_fd, opened, &st, flags) != 0)
		return refuse_errno(walk, "examine", walk->path, errno);
	rc = judge(walk, dir_fd, opened, &st);
	if (rc == 0 && walk->options->preserve && !S_ISLNK(st.st_mode))
		count = list_xattrs(walk, xattrs, list, sizeof(list), &rc);
	/* The last that can refuse: it remembers a file that may come again. */
	if (rc == 0)
		rc = fill(walk, dir_fd, opened, &st, &entry, target);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (entry.kind == SC_ENTRY_HARDLINK)
		count = 0;
	if (sc_manifest_add(walk->manifest, &entry, name,
		entry.kind == SC_ENTRY_SYMLINK ? target : NULL, xattrs, count, &why) != 0)
		return sc_fail(walk->err, 0, "cannot stage %s: %s", walk->path, why.text);
	return 0;
}

static int
add_name(struct names *names, const char *name)
{
	size_t length = strlen(name) + 1;

	if (names->used + length > names->capacity) {
		size_t capacity = 2 * names->capacity + 4096;
		char *more = realloc(names->texts, capacity);

		if (more == NULL)
			return -1;
		names->texts = more;
		names->capacity = capacity;
	}
	if (names->count == names->at_capacity) {
		size_t capacity = 2 * names->at_capacity + 128;
		size_t *more = realloc(names->at, capacity * sizeof(*more));

		if (more == NULL)
			return -1;
		names->at = more;
		names->at_capacity = capacity;
	}
	names->at[names->count++] = names->used;
	memcpy(names->texts + names->used, name, length);
	names->used += length;
	return 0;
}

/* qsort hands over no context: what is sorted are pointers, for as long as that takes. */
static int
compare_pointers(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
sort_names(struct names *names, const char ***sorted)
{
	*sorted = malloc((names->count + 1) * sizeof(**sorted));
	if (*sorted == NULL)
		return -1;
	for (size_t i = 0; i < names->count; i++)
		(*sorted)[i] = names->texts + names->at[i];
	qsort(*sorted, names->count, sizeof(**sorted), compare_pointers);
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
	size_t length = strlen(walk->path);
	const char **sorted = NULL;
	int rc = 0;

	if (read_names(&walk->names, stream) != 0)
		return refuse_errno(walk, "read", walk->path, errno) < 0 ? -1 : 0;
	if (sort_names(&walk->names, &sorted) != 0)
		return sc_fail(walk->err, ENOMEM, "cannot read %s", walk->path);
	for (size_t i = 0; i < walk->names.count && rc == 0; i++) {
		size_t name_length = strlen(sorted[i]);

		if (length + 1 + name_length + 1 > sizeof(walk->path)) {
			rc = sc_fail(walk->err, ENAMETOOLONG, "%s", sorted[i]);
			break;
		}
		walk->path[length] = '/';
		memcpy(walk->path + length + 1, sorted[i], name_length + 1);
		rc = add(walk, dirfd(stream), sorted[i], AT_SYMLINK_NOFOLLOW, sorted[i], directory);
	}
	walk->path[length] = '\0';
	free(sorted);
	return rc;
}

static int
enter(struct walk *walk, uint32_t directory)
{
	const struct sc_entry *entry = &walk->manifest->entries[directory];
	bool root = sc_walk_root(walk->manifest, walk->roots, directory) != NULL;
	DIR *stream;
	int fd, rc;

	if (!root && entry->parent == SC_NO_ENTRY)
		return 0; /* it is nowhere, and its roots are there */
	if (sc_walk_path(walk->manifest, walk->roots, directory, walk->path, sizeof(walk->path)) !=
	    0)
		return sc_fail(walk->err, ENAMETOOLONG, "%s",
		    sc_manifest_name(walk->manifest, directory));
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

/* The directory that is nowhere; its time follows from the roots, which come behind it. */
static int
add_nowhere(struct walk *walk, size_t count)
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

	if (within && add_nowhere(walk, count) != 0)
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
		/* What the user has named is not left out. */
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
	/* "dir/" and "/": one slash is enough. */
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
	int rc = -1;

	memset(manifest, 0, sizeof(*manifest));
	if (walk == NULL)
		return sc_fail(err, ENOMEM, "looking at what is to be staged");
	walk->manifest = manifest;
	walk->roots = roots;
	walk->options = options;
	walk->err = err;
	walk->value = malloc((size_t)SC_XATTRS_MAX * SC_XATTR_BYTES_MAX);
	if (walk->value == NULL)
		(void)sc_fail(err, ENOMEM, "looking at what is to be staged");
	else
		rc = add_roots(walk, count);
	for (uint32_t i = 0; rc == 0 && i < manifest->count; i++) {
		if (manifest->entries[i].kind == SC_ENTRY_DIRECTORY)
			rc = enter(walk, i);
	}
	*allocated_bytes = walk->allocated_bytes;
	sc_links_free(&walk->links);
	free(walk->names.texts);
	free(walk->names.at);
	free(walk->value);
	free(walk);
	return rc;
}
