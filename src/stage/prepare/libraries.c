/*
 * A program with its libraries: see libraries.h.
 */
#define _XOPEN_SOURCE 700

#include "stage/prepare/libraries.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/vector.h"
#include "stage/prepare/loader.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where a loader's list goes. */
struct search {
	struct sc_libraries *libraries;
	const char *exclude;
	const char *for_file; /* the list is of what this file needs */
};

/* The next directory of a list, or NULL; *at moves on. */
static const char *
next_directory(const char **at, size_t *length)
{
	const char *directory = *at + strspn(*at, ",:");

	*length = strcspn(directory, ",:");
	*at = directory + *length;
	return *length == 0 ? NULL : directory;
}

int
sc_libraries_check_exclude(const char *exclude, struct sc_error *err)
{
	const char *directory;
	size_t length;

	if (strcmp(exclude, "NONE") == 0)
		return 0;
	if (exclude[0] == '\0')
		return sc_fail(err, 0, "--exclude: it takes directories, or NONE");
	while ((directory = next_directory(&exclude, &length)) != NULL) {
		if (directory[0] != '/')
			return sc_fail(err, 0,
			    "--exclude: '%.*s' is no absolute path; it takes directories, or NONE",
			    length > 256 ? 256 : (int)length, directory);
	}
	return 0;
}

static bool
is_below(const char *path, const char *directory, size_t length)
{
	while (length > 1 && directory[length - 1] == '/')
		length--;
	return strncmp(path, directory, length) == 0 &&
	    (path[length] == '/' || directory[length - 1] == '/');
}

/* By the path that the loader names, or by that of its directory without symbolic links. */
static bool
is_excluded(const char *path, const char *exclude)
{
	char real[PATH_MAX];
	const char *slash = strrchr(path, '/');
	const char *directory;
	size_t length;
	char *folder;
	bool has_real = false;

	if (strcmp(exclude, "NONE") == 0)
		return false;
	folder = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (folder != NULL && realpath(folder, real) != NULL && strlen(real) + 1 < sizeof(real)) {
		strcat(real, "/");
		has_real = true;
	}
	free(folder);
	while ((directory = next_directory(&exclude, &length)) != NULL) {
		if (is_below(path, directory, length) ||
		    (has_real && is_below(real, directory, length)))
			return true;
	}
	return false;
}

static bool
is_same_file(const char *one, const char *other)
{
	struct stat a, b;

	return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino;
}

/* 1: the file is in the list already; 0: it isn't; -1: another one has its name. */
static int
has_name(const struct sc_libraries *libraries, const char *path, const char *name,
    struct sc_error *err)
{
	for (size_t i = 0; i < libraries->count; i++) {
		if (strcmp(libraries->items[i].name, name) != 0)
			continue;
		if (is_same_file(libraries->items[i].path, path))
			return 1;
		return sc_fail(err, 0,
		    "%s and %s have the same name, and cannot be in one directory",
		    libraries->items[i].path, path);
	}
	return 0;
}

static int
add(struct sc_libraries *libraries, const char *path, const char *name, bool is_link,
    struct sc_error *err)
{
	struct sc_library *items;
	int there = has_name(libraries, path, name, err);

	if (there != 0)
		return there < 0 ? -1 : 0;
	items = sc_vector_room(libraries->items, libraries->count + 1, &libraries->capacity,
	    sizeof(*items));
	if (items == NULL)
		return sc_fail(err, ENOMEM, "%s", path);
	libraries->items = items;
	items[libraries->count] = (struct sc_library){strdup(path), strdup(name), is_link};
	libraries->count++;
	if (items[libraries->count - 1].path == NULL || items[libraries->count - 1].name == NULL)
		return sc_fail(err, ENOMEM, "%s", path);
	return 0;
}

/* If path is a symbolic link to a name in its own directory, set path to that. */
static bool
follow_link(char path[PATH_MAX])
{
	char target[NAME_MAX + 1];
	ssize_t length = readlink(path, target, sizeof(target) - 1);
	size_t folder = (size_t)(strrchr(path, '/') + 1 - path);

	if (length <= 0 || folder + (size_t)length >= PATH_MAX)
		return false;
	target[length] = '\0';
	if (strchr(target, '/') != NULL || strcmp(target, ".") == 0 || strcmp(target, "..") == 0)
		return false;
	memcpy(path + folder, target, (size_t)length + 1);
	return true;
}

/* A library under its name: with the links from version to version, as long as they stay in its
 * directory, and the file itself at their end. */
static int
add_library(struct sc_libraries *libraries, const char *path, const char *name,
    struct sc_error *err)
{
	char here[PATH_MAX];
	char next[PATH_MAX];

	if (strlen(path) >= sizeof(here))
		return sc_fail(err, ENAMETOOLONG, "%s", path);
	strcpy(here, path);
	/* Under another name than its file's a link would lead nowhere. */
	for (int i = 0; i < SC_LIBRARY_LINKS_MAX && strcmp(strrchr(here, '/') + 1, name) == 0;
	    i++) {
		strcpy(next, here);
		if (!follow_link(next))
			break;
		if (add(libraries, here, name, true, err) != 0)
			return -1;
		strcpy(here, next);
		name = strrchr(here, '/') + 1;
	}
	return add(libraries, here, name, false, err);
}

/* Symbolic links stay. */
static int
make_absolute(const char *given, char path[PATH_MAX], struct sc_error *err)
{
	size_t used = 0;

	if (given[0] != '/') {
		if (getcwd(path, PATH_MAX - 1) == NULL)
			return sc_fail(err, errno, "%s", given);
		used = strlen(path);
		path[used++] = '/';
	}
	if (used + strlen(given) >= PATH_MAX)
		return sc_fail(err, ENAMETOOLONG, "%s", given);
	strcpy(path + used, given);
	return 0;
}

/* A sc_loader_tell. */
static int
add_needed(void *context, const char *name, const char *given, struct sc_error *err)
{
	struct search *search = context;
	char path[PATH_MAX];

	if (make_absolute(given, path, err) != 0)
		return -1;
	if (is_excluded(path, search->exclude))
		return 0;
	if (strchr(name, '/') != NULL) {
		sc_log(SC_LOG_WARNING,
		    "%s needs %s with its path, and would not find it elsewhere: it is not sent",
		    search->for_file, name);
		return 0;
	}
	return add_library(search->libraries, path, name, err);
}

/* A file with all that the loader, if there is one, would load for it. */
static int
add_with_needs(struct search *search, const char *given, const char *loader, bool is_program,
    struct sc_error *err)
{
	char path[PATH_MAX];
	char real[PATH_MAX];
	const char *name;

	if (make_absolute(given, path, err) != 0)
		return -1;
	/* The loader's $ORIGIN is the directory of the file itself, without links. */
	if (realpath(path, real) == NULL)
		return sc_fail(err, errno, "cannot open %s", given);
	name = strrchr(path, '/') + 1;
	if ((is_program ? add(search->libraries, real, name, false, err)
			: add_library(search->libraries, path, name, err)) != 0)
		return -1;
	search->for_file = given;
	return loader == NULL ? 0 : sc_loader_list(loader, real, add_needed, search, err);
}

int
sc_libraries_find(struct sc_libraries *libraries, const struct sc_libraries_request *request,
    struct sc_error *err)
{
	struct search search = {.libraries = libraries, .exclude = request->exclude};
	char found[PATH_MAX];
	const char *loader = NULL;
	int rc;

	*libraries = (struct sc_libraries){0};
	rc = sc_loader_find(request->program, found, sizeof(found), err);
	if (rc < 0)
		return -1;
	if (rc == 1)
		loader = found;
	libraries->has_loader = loader != NULL;
	rc = add_with_needs(&search, request->program, loader, true, err);
	for (size_t i = 0; rc == 0 && i < request->more_count; i++)
		rc = add_with_needs(&search, request->more[i], loader, false, err);
	return rc;
}

void
sc_libraries_free(struct sc_libraries *libraries)
{
	for (size_t i = 0; i < libraries->count; i++) {
		free(libraries->items[i].path);
		free(libraries->items[i].name);
	}
	free(libraries->items);
	*libraries = (struct sc_libraries){0};
}
