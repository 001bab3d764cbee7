/*
 * A program with its libraries: see libs.h.
 */
#define _XOPEN_SOURCE 700

#include "stage/prepare/libs.h"

#include "base/limits.h"
#include "base/log.h"
#include "stage/prepare/loader.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the list of a loader is taken into. */
struct search {
	struct sc_libs *libs;
	const char *exclude;
	const char *for_file; /* of which the list is */
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
sc_libs_check_exclude(const char *exclude, struct sc_error *err)
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

/* As the loader names it, or as its directory is called without symbolic links. */
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

/* 1: it is there already; 0: it isn't; -1: another one has its name. */
static int
has_name(const struct sc_libs *libs, const char *path, const char *name, struct sc_error *err)
{
	for (size_t i = 0; i < libs->count; i++) {
		if (strcmp(libs->items[i].name, name) != 0)
			continue;
		if (is_same_file(libs->items[i].path, path))
			return 1;
		return sc_fail(err, 0,
		    "%s and %s have the same name, and cannot be in one directory",
		    libs->items[i].path, path);
	}
	return 0;
}

static int
add(struct sc_libs *libs, const char *path, const char *name, bool is_link, struct sc_error *err)
{
	struct sc_libs_item *items;
	int there = has_name(libs, path, name, err);

	if (there != 0)
		return there < 0 ? -1 : 0;
	items = realloc(libs->items, (libs->count + 1) * sizeof(*items));
	if (items == NULL)
		return sc_fail(err, ENOMEM, "%s", path);
	libs->items = items;
	items[libs->count] = (struct sc_libs_item){strdup(path), strdup(name), is_link};
	libs->count++;
	if (items[libs->count - 1].path == NULL || items[libs->count - 1].name == NULL)
		return sc_fail(err, ENOMEM, "%s", path);
	return 0;
}

/* What a symbolic link leads to, if that is a name in its own directory: then path is that. */
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

/* A library under its name: with the links from version to version, as long as these are names in
 * its directory, or else as the file itself. */
static int
add_library(struct sc_libs *libs, const char *path, const char *name, struct sc_error *err)
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
		if (add(libs, here, name, true, err) != 0)
			return -1;
		strcpy(here, next);
		name = strrchr(here, '/') + 1;
	}
	return add(libs, here, name, false, err);
}

/* From the root on; symbolic links stay. */
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

static int
take_library(void *context, const char *name, const char *given, struct sc_error *err)
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
	return add_library(search->libs, path, name, err);
}

/* A file with all that is loaded for it, if there is a loader. */
static int
add_with_needs(struct search *search, const char *given, const char *loader, bool is_program,
    struct sc_error *err)
{
	char path[PATH_MAX];
	char real[PATH_MAX];
	const char *name;

	if (make_absolute(given, path, err) != 0)
		return -1;
	/* $ORIGIN is the directory of the file itself, whatever leads there. */
	if (realpath(path, real) == NULL)
		return sc_fail(err, errno, "cannot open %s", given);
	name = strrchr(path, '/') + 1;
	if ((is_program ? add(search->libs, real, name, false, err)
			: add_library(search->libs, path, name, err)) != 0)
		return -1;
	search->for_file = given;
	return loader == NULL ? 0 : sc_loader_list(loader, real, take_library, search, err);
}

int
sc_libs_find(struct sc_libs *libs, const struct sc_libs_request *request, struct sc_error *err)
{
	struct search search = {.libs = libs, .exclude = request->exclude};
	char found[PATH_MAX];
	const char *loader = NULL;
	int rc;

	*libs = (struct sc_libs){0};
	rc = sc_loader_find(request->program, found, sizeof(found), err);
	if (rc < 0)
		return -1;
	if (rc == 1)
		loader = found;
	libs->has_loader = loader != NULL;
	rc = add_with_needs(&search, request->program, loader, true, err);
	for (size_t i = 0; rc == 0 && i < request->more_count; i++)
		rc = add_with_needs(&search, request->more[i], loader, false, err);
	return rc;
}

void
sc_libs_free(struct sc_libs *libs)
{
	for (size_t i = 0; i < libs->count; i++) {
		free(libs->items[i].path);
		free(libs->items[i].name);
	}
	free(libs->items);
	*libs = (struct sc_libs){0};
}
