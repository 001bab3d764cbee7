/*
 * What is staged: see sources.h.  realpath() and PATH_MAX are XSI.
 */
#define _XOPEN_SOURCE 700

#include "stage/prepare/sources.h"

#include "base/log.h"
#include "stage/prepare/dest.h"
#include "stage/prepare/libraries.h"
#include "tree/source.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A sc_walk_tell. */
static void
tell(void *context, const char *sentence)
{
	(void)context;
	sc_log(SC_LOG_WARNING, "%s: it is left out", sentence);
}

static void
free_roots(struct sc_root *roots, size_t count)
{
	for (size_t i = 0; roots != NULL && i < count; i++)
		free((char *)roots[i].name);
	free(roots);
}

/* The roots that the user named, to be freed; their paths are the options'. */
static int
make_roots(const struct sc_options *options, struct sc_root **out, struct sc_error *err)
{
	struct sc_root *roots = calloc(options->source_count, sizeof(*roots));

	if (roots == NULL)
		return sc_fail(err, ENOMEM, "%s", options->source);
	for (size_t i = 0; i < options->source_count; i++) {
		roots[i].path = options->sources[i];
		if (!options->recursive && is_directory(roots[i].path)) {
			(void)sc_fail(err, 0, "%s is a directory: it takes --recursive",
			    roots[i].path);
			goto fail;
		}
		/* A single source gets its name from DEST. */
		roots[i].name =
		    options->source_count == 1 ? strdup("root") : sc_dest_name(roots[i].path, err);
		if (roots[i].name == NULL) {
			if (options->source_count == 1)
				(void)sc_fail(err, ENOMEM, "%s", options->source);
			goto fail;
		}
	}
	*out = roots;
	return 0;
fail:
	free_roots(roots, options->source_count);
	return -1;
}

/* A program and its libraries, in a directory of their own. */
static int
open_program(struct sc_source **source, const struct sc_options *options,
    const struct sc_walk_options *walk, struct sc_source_facts *facts, struct sc_error *err)
{
	const struct sc_libraries_request request = {
		.program = options->source,
		.more = options->libs,
		.more_count = options->lib_count,
		.exclude = options->libs_exclude,
	};
	struct sc_root *roots = NULL;
	struct sc_libraries libraries;
	int rc = sc_libraries_find(&libraries, &request, err);

	if (rc == 0 && !libraries.has_loader)
		sc_log(SC_LOG_WARNING, "%s loads no libraries: it is statically linked",
		    options->source);
	if (rc == 0)
		roots = calloc(libraries.count, sizeof(*roots));
	if (rc == 0 && roots == NULL)
		rc = sc_fail(err, ENOMEM, "%s", options->source);
	for (size_t i = 0; roots != NULL && i < libraries.count; i++) {
		sc_log(SC_LOG_INFO, "sending %s as %s", libraries.items[i].path,
		    libraries.items[i].name);
		roots[i] = (struct sc_root){.path = libraries.items[i].path,
			.name = libraries.items[i].name,
			.keep_link = libraries.items[i].is_link,
			.within = true};
	}
	if (rc == 0)
		rc = sc_dirtree_source_open(source, roots, libraries.count, false, walk, 0, facts,
		    err);
	free(roots);
	sc_libraries_free(&libraries);
	return rc;
}

int
sc_sources_open(struct sc_source **source, const struct sc_options *options,
    struct sc_source_facts *facts, struct sc_error *err)
{
	const struct sc_walk_options walk = {
		.on_unreadable = options->on_unreadable,
		.preserve = options->preserve,
		.tell = tell,
	};
	struct sc_root *roots = NULL;
	struct stat st;
	int rc;

	*source = NULL;
	if (options->send_libs)
		return open_program(source, options, &walk, facts, err);
	if (options->source_count == 1 && !is_directory(options->source))
		return sc_source_open(source, options->source, facts, err);
	if (make_roots(options, &roots, err) != 0)
		return -1;
	rc = sc_dirtree_source_open(source, roots, options->source_count, options->source_count > 1,
	    &walk, 0, facts, err);
	free_roots(roots, options->source_count);
	/* By this time other ranks guess whether they see the same source. */
	if (rc == 0 && stat(options->source, &st) == 0) {
		facts->mtime_s = st.st_mtim.tv_sec;
		facts->mtime_ns = (uint32_t)st.st_mtim.tv_nsec;
	}
	return rc;
}

int
sc_sources_check_dest(const struct sc_options *options, const char *dest, struct sc_error *err)
{
	char directory[PATH_MAX];
	char within[PATH_MAX];
	char root[PATH_MAX];

	if (sc_dest_directory(dest, directory, err) != 0 || realpath(directory, within) == NULL)
		return 0; /* it fails elsewhere */
	for (size_t i = 0; i < options->source_count; i++) {
		size_t length;

		if (!is_directory(options->sources[i]) ||
		    realpath(options->sources[i], root) == NULL)
			continue;
		length = strlen(root);
		if (strncmp(within, root, length) == 0 &&
		    (within[length] == '\0' || within[length] == '/' || length == 1))
			return sc_fail(err, 0, "%s can't be staged into itself, to %s",
			    options->sources[i], dest);
	}
	return 0;
}
