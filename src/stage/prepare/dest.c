/*
 * DEST: see dest.h.  realpath() and PATH_MAX are XSI.
 */
#define _XOPEN_SOURCE 700

#include "stage/prepare/dest.h"

#include "file/digest.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int
sc_dest_check(const char *template, struct sc_error *err)
{
	if (template[0] == '\0')
		return sc_fail(err, 0, "DEST is empty");
	for (const char *at = template; (at = strchr(at, '%')) != NULL; at += 2) {
		if (at[1] == '\0' || strchr("hr%", at[1]) == NULL)
			return sc_fail(err, 0,
			    "DEST '%s': %%h (host), %%r (rank) and %%%% (a percent sign) are "
			    "all that may follow a percent sign",
			    template);
	}
	return 0;
}

/* Append text to path; false if it doesn't fit. */
static bool
append(char path[PATH_MAX], const char *text, size_t length)
{
	size_t used = strlen(path);

	if (used + length >= PATH_MAX)
		return false;
	memcpy(path + used, text, length);
	path[used + length] = '\0';
	return true;
}

static bool
expand(const char *template, const char *host, uint32_t rank, char path[PATH_MAX])
{
	char number[16];
	bool fits = true;

	path[0] = '\0';
	snprintf(number, sizeof(number), "%u", rank);
	for (; *template != '\0' && fits; template ++) {
		const char *text = template;

		if (*template == '%') {
			template ++;
			text = *template == 'h' ? host : *template == 'r' ? number : "%";
			fits = append(path, text, strlen(text));
		} else {
			fits = append(path, text, 1);
		}
	}
	return fits;
}

char *
sc_dest_name(const char *source, struct sc_error *err)
{
	size_t end = strlen(source);
	size_t begin;
	char *name;

	while (end > 0 && source[end - 1] == '/')
		end--;
	begin = end;
	while (begin > 0 && source[begin - 1] != '/')
		begin--;
	name = strndup(source + begin, end - begin);
	if (name == NULL) {
		(void)sc_fail(err, errno, "%s", source);
	} else if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		(void)sc_fail(err, 0, "%s has no name that it could get in a directory", source);
		free(name);
		name = NULL;
	}
	return name;
}

int
sc_dest_resolve(const char *template, const char *host, uint32_t rank, const char *source,
    bool several, char **resolved, struct sc_error *err)
{
	char path[PATH_MAX];
	struct stat st;
	bool fits = expand(template, host, rank, path);
	size_t length = strlen(path);

	*resolved = NULL;
	while (source == NULL && length > 1 && path[length - 1] == '/')
		path[--length] = '\0';
	if (source != NULL && fits && length > 0 &&
	    (several || path[length - 1] == '/' || (stat(path, &st) == 0 && S_ISDIR(st.st_mode)))) {
		char *name = sc_dest_name(source, err);

		if (name == NULL)
			return -1;
		fits = (path[length - 1] == '/' || append(path, "/", 1)) &&
		    append(path, name, strlen(name));
		free(name);
	}
	if (!fits)
		return sc_fail(err, ENAMETOOLONG, "%s", template);
	*resolved = strdup(path);
	if (*resolved == NULL)
		return sc_fail(err, errno, "%s", template);
	return 0;
}

/* Does a directory hold a program of that name, and besides only what is named as libraries are? */
static bool
holds_program(const char *path, const char *name)
{
	DIR *directory = opendir(path);
	const struct dirent *found;
	bool has_program = false;
	bool has_else = false;

	if (directory == NULL)
		return false;
	while ((found = readdir(directory)) != NULL) {
		if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0)
			continue;
		if (strcmp(found->d_name, name) == 0)
			has_program = true;
		else if (strstr(found->d_name, ".so") == NULL)
			has_else = true;
	}
	(void)closedir(directory); /* it was only read */
	return has_program && !has_else;
}

int
sc_dest_resolve_program(const char *template, const char *host, uint32_t rank, const char *source,
    char **resolved, struct sc_error *err)
{
	char path[PATH_MAX];
	char *name = sc_dest_name(source, err);
	struct stat st;
	bool is_there;

	*resolved = NULL;
	if (name == NULL)
		return -1;
	is_there = expand(template, host, rank, path) && path[0] != '\0' &&
	    path[strlen(path) - 1] != '/' && holds_program(path, name);
	free(name);
	if (is_there) {
		*resolved = strdup(path);
		return *resolved == NULL ? sc_fail(err, errno, "%s", template) : 0;
	}
	if (sc_dest_resolve(template, host, rank, source, false, resolved, err) != 0)
		return -1;
	if (lstat(*resolved, &st) != 0 || S_ISDIR(st.st_mode))
		return 0;
	(void)sc_fail(err, 0, "%s is a file, and would have to be a directory with the libraries",
	    *resolved);
	free(*resolved);
	*resolved = NULL;
	return -1;
}

int
sc_dest_directory(const char *path, char *directory, struct sc_error *err)
{
	const char *slash = strrchr(path, '/');
	size_t length;

	if (slash == NULL) {
		strcpy(directory, ".");
		return 0;
	}
	length = slash == path ? 1 : (size_t)(slash - path);
	if (length >= PATH_MAX)
		return sc_fail(err, ENAMETOOLONG, "%s", path);
	memcpy(directory, path, length);
	directory[length] = '\0';
	return 0;
}

int
sc_dest_identity(const char *path, uint64_t id[2], struct sc_error *err)
{
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX];
	char canonical[PATH_MAX];
	char whole[2 * PATH_MAX];
	struct sc_digest digest;

	if (sc_dest_directory(path, directory, err) != 0)
		return -1;
	/* A directory that isn't there is this node's own failure, later on. */
	if (realpath(directory, canonical) == NULL)
		snprintf(canonical, sizeof(canonical), "%s", directory);
	snprintf(whole, sizeof(whole), "%s/%s", canonical, slash == NULL ? path : slash + 1);
	digest = sc_digest_chunk(whole, strlen(whole), 0);
	id[0] = digest.low;
	id[1] = digest.high;
	return 0;
}
