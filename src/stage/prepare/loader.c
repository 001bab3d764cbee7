/*
 * The loader of a program: see loader.h.
 */
#define _XOPEN_SOURCE 700

#include "stage/prepare/loader.h"

#include "base/limits.h"

#include <assert.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Where the program headers are. */
struct headers {
	bool wide; /* 64 bits */
	uint64_t offset;
	unsigned count;
};

struct segment {
	uint32_t type;
	uint64_t offset;
	uint64_t bytes;
};

static bool
read_at(int fd, void *bytes, size_t length, uint64_t offset)
{
	if (offset > INT64_MAX)
		return false;
	return pread(fd, bytes, length, (off_t)offset) == (ssize_t)length;
}

static unsigned char
native_order(void)
{
	static const uint16_t one = 1;

	return *(const unsigned char *)&one == 1 ? ELFDATA2LSB : ELFDATA2MSB;
}

/* 0, or -1 if it is nothing that is run here. */
static int
read_headers(int fd, struct headers *headers)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr narrow;
		Elf64_Ehdr wide;
	} head;
	unsigned type, entry_bytes;

	if (!read_at(fd, head.ident, sizeof(head.ident), 0) ||
	    memcmp(head.ident, ELFMAG, SELFMAG) != 0 || head.ident[EI_DATA] != native_order())
		return -1;
	headers->wide = head.ident[EI_CLASS] == ELFCLASS64;
	if (headers->wide) {
		if (!read_at(fd, &head.wide, sizeof(head.wide), 0))
			return -1;
		headers->offset = head.wide.e_phoff;
		headers->count = head.wide.e_phnum;
		entry_bytes = head.wide.e_phentsize;
		type = head.wide.e_type;
	} else {
		if (head.ident[EI_CLASS] != ELFCLASS32 ||
		    !read_at(fd, &head.narrow, sizeof(head.narrow), 0))
			return -1;
		headers->offset = head.narrow.e_phoff;
		headers->count = head.narrow.e_phnum;
		entry_bytes = head.narrow.e_phentsize;
		type = head.narrow.e_type;
	}
	if (type != ET_EXEC && type != ET_DYN)
		return -1;
	return headers->count == 0 ||
		entry_bytes == (headers->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr))
	    ? 0
	    : -1;
}

static bool
read_segment(int fd, const struct headers *headers, unsigned index, struct segment *segment)
{
	Elf32_Phdr narrow;
	Elf64_Phdr wide;

	/* A sum beyond 64 bits is an offset that is no file's either. */
	if (headers->wide) {
		if (!read_at(fd, &wide, sizeof(wide), headers->offset + index * sizeof(wide)))
			return false;
		*segment = (struct segment){wide.p_type, wide.p_offset, wide.p_filesz};
	} else {
		if (!read_at(fd, &narrow, sizeof(narrow), headers->offset + index * sizeof(narrow)))
			return false;
		*segment = (struct segment){narrow.p_type, narrow.p_offset, narrow.p_filesz};
	}
	return true;
}

/* 1: *loader is what the file names; 0: it names none; -1: it is no such file. */
static int
read_loader(int fd, char *loader, size_t capacity)
{
	struct headers headers;
	struct segment segment;

	if (read_headers(fd, &headers) != 0)
		return -1;
	for (unsigned i = 0; i < headers.count; i++) {
		if (!read_segment(fd, &headers, i, &segment))
			return -1;
		if (segment.type != PT_INTERP)
			continue;
		if (segment.bytes < 2 || segment.bytes > capacity ||
		    !read_at(fd, loader, (size_t)segment.bytes, segment.offset))
			return -1;
		return strnlen(loader, (size_t)segment.bytes) == segment.bytes - 1 ? 1 : -1;
	}
	return 0;
}

/* A descriptor of a regular file. */
static int
open_regular(const char *path, struct stat *st, struct sc_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return sc_fail(err, errno, "cannot open %s", path);
	if (fstat(fd, st) != 0) {
		(void)sc_fail(err, errno, "cannot open %s", path);
	} else if (!S_ISREG(st->st_mode)) {
		(void)sc_fail(err, 0, "%s is not a regular file", path);
	} else {
		return fd;
	}
	(void)close(fd);
	return -1;
}

/* A program can name anything as its loader, and that would be run here. */
static int
check_loader(const char *program, const char *loader, struct sc_error *err)
{
	char further[PATH_MAX];
	struct stat st, root;
	int fd, names_loader;

	if (loader[0] != '/')
		return sc_fail(err, 0, "%s names a loader without its path: %s", program, loader);
	fd = open_regular(loader, &st, err);
	if (fd < 0)
		return -1;
	names_loader = read_loader(fd, further, sizeof(further));
	(void)close(fd);
	if (names_loader != 0)
		return sc_fail(err, 0, "%s names a loader that is none: %s", program, loader);
	/* In a user name space root may have another number, but it owns the root. */
	if (stat("/", &root) != 0)
		return sc_fail(err, errno, "/");
	if ((st.st_uid != root.st_uid && st.st_uid != geteuid()) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return sc_fail(err, 0,
		    "%s names a loader that is neither root's nor yours alone, and is not run: %s",
		    program, loader);
	return 0;
}

int
sc_loader_find(const char *program, char *loader, size_t capacity, struct sc_error *err)
{
	struct stat st;
	int fd = open_regular(program, &st, err);
	int found;

	if (fd < 0)
		return -1;
	found = read_loader(fd, loader, capacity);
	(void)close(fd);
	if (found < 0)
		return sc_fail(err, 0, "%s is no program in ELF for this kind of machine", program);
	if (found == 1 && check_loader(program, loader, err) != 0)
		return -1;
	return found;
}

/* This process's environment without what else than LD_LIBRARY_PATH has a meaning to a loader; its
 * texts are shared.  NULL without memory. */
static char **
make_environment(void)
{
	size_t count = 0;
	char **copy;

	while (environ[count] != NULL)
		count++;
	copy = calloc(count + 1, sizeof(*copy));
	if (copy == NULL)
		return NULL;
	count = 0;
	for (char **at = environ; *at != NULL; at++) {
		if (strncmp(*at, "LD_", 3) != 0 || strncmp(*at, "LD_LIBRARY_PATH=", 16) == 0)
			copy[count++] = *at;
	}
	return copy;
}

/* Run it to its end: *status as of waitpid.  Returns an errno. */
static int
run_loader(const char *loader, const char *file, FILE *out, FILE *complaints, int *status)
{
	char list[] = "--list";
	char *argv[] = {(char *)(uintptr_t)loader, list, (char *)(uintptr_t)file, NULL};
	char **environment = make_environment();
	posix_spawn_file_actions_t actions;
	pid_t child;
	int rc;

	if (environment == NULL)
		return ENOMEM;
	rc = posix_spawn_file_actions_init(&actions);
	if (rc != 0)
		goto no_actions;
	rc = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, fileno(out), 1);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, fileno(complaints), 2);
	if (rc == 0)
		rc = posix_spawn(&child, loader, &actions, NULL, argv, environment);
	while (rc == 0 && waitpid(child, status, 0) < 0) {
		if (errno != EINTR)
			rc = errno;
	}
	(void)posix_spawn_file_actions_destroy(&actions);
no_actions:
	free(environment);
	return rc;
}

/* All that was written to it, to be freed; NULL: there is too much, or no memory. */
static char *
read_back(FILE *file)
{
	char *text = malloc(SC_LOADER_OUTPUT_BYTES_MAX + 1);
	size_t length;

	if (text == NULL)
		return NULL;
	rewind(file);
	length = fread(text, 1, SC_LOADER_OUTPUT_BYTES_MAX + 1, file);
	if (ferror(file) != 0 || length > SC_LOADER_OUTPUT_BYTES_MAX) {
		free(text);
		return NULL;
	}
	text[length] = '\0';
	return text;
}

/* Cut the address off a line's end, " (0x...)".  False if there is none. */
static bool
cut_address(char *line)
{
	char *last = NULL;

	for (char *at = line; (at = strstr(at, " (0x")) != NULL; at++)
		last = at;
	if (last == NULL || last[strspn(last, " (0123456789abcdefx")] != ')')
		return false;
	*last = '\0';
	return true;
}

/*
 * "NAME => PATH (0x...)", "NAME => not found"; "NAME (0x...)" is the kernel's, and
 * "PATH (0x...)" a library that is needed with its path, as the loader is.  Blanks may be in
 * names and paths.
 */
static int
take_line(char *line, const char *loader, const char *file, sc_loader_tell *tell, void *context,
    struct sc_error *err)
{
	static const char arrow[] = " => ";
	char *path;

	line += strspn(line, " \t");
	if (*line == '\0' || strcmp(line, "statically linked") == 0)
		return 0;
	path = strstr(line, arrow);
	if (path != NULL && strcmp(path + strlen(arrow), "not found") == 0) {
		*path = '\0';
		return sc_fail(err, 0, "%s needs %s, which is not found", file, line);
	}
	if (!cut_address(line))
		return sc_fail(err, 0, "%s says of %s what is not understood: %s", loader, file,
		    line);
	if (path != NULL) {
		*path = '\0';
		path += strlen(arrow);
	} else if (strchr(line, '/') != NULL) {
		path = line;
	} else {
		return 0; /* the kernel's */
	}
	if (strcmp(line, loader) == 0 || strcmp(path, loader) == 0)
		return 0;
	if (path != line && access(path, R_OK) != 0)
		return sc_fail(err, errno, "%s needs %s, which is in %s", file, line, path);
	return tell(context, line, path, err);
}

/* The part of a loader's complaint that tells what it is about. */
static const char *
essence(char *said)
{
	static const char usual[] = ": error while loading shared libraries: ";
	char *at;

	said[strcspn(said, "\n")] = '\0';
	at = strstr(said, usual);
	return at == NULL ? said : at + strlen(usual);
}

static int
take_lines(char *text, const char *loader, const char *file, sc_loader_tell *tell, void *context,
    struct sc_error *err)
{
	char *end;

	for (; *text != '\0'; text = end) {
		end = text + strcspn(text, "\n");
		if (*end == '\n')
			*end++ = '\0';
		if (take_line(text, loader, file, tell, context, err) != 0)
			return -1;
	}
	return 0;
}

int
sc_loader_list(const char *loader, const char *file, sc_loader_tell *tell, void *context,
    struct sc_error *err)
{
	FILE *out = tmpfile();
	FILE *complaints = tmpfile();
	char *text = NULL;
	char *said = NULL;
	int rc = -1;
	int status = 0;
	int errnum;

	assert(file[0] == '/');
	if (out == NULL || complaints == NULL) {
		(void)sc_fail(err, errno, "no temporary file for the libraries of %s", file);
		goto out;
	}
	errnum = run_loader(loader, file, out, complaints, &status);
	if (errnum != 0) {
		(void)sc_fail(err, errnum, "cannot run %s, the loader of %s", loader, file);
		goto out;
	}
	text = read_back(out);
	said = read_back(complaints);
	if (text == NULL || said == NULL) {
		(void)sc_fail(err, 0, "%s says too much of %s", loader, file);
		goto out;
	}
	/* Of a library that is not found some tell in the list, others as a complaint. */
	rc = take_lines(text, loader, file, tell, context, err);
	if (rc == 0 && status != 0)
		rc = sc_fail(err, 0, "%s cannot load %s: %s", loader, file, essence(said));
out:
	free(text);
	free(said);
	if (out != NULL)
		(void)fclose(out);
	if (complaints != NULL)
		(void)fclose(complaints);
	return rc;
}
