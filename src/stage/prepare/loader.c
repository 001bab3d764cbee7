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

/* The header of a program for this kind of machine; one of 32 bits is widened.  -1: it is none. */
static int
read_header(int fd, Elf64_Ehdr *header)
{
	Elf32_Ehdr narrow;
	size_t entry_bytes = sizeof(Elf64_Phdr);

	if (!read_at(fd, narrow.e_ident, EI_NIDENT, 0) ||
	    memcmp(narrow.e_ident, ELFMAG, SELFMAG) != 0 ||
	    narrow.e_ident[EI_DATA] != native_order())
		return -1;
	if (narrow.e_ident[EI_CLASS] == ELFCLASS64) {
		if (!read_at(fd, header, sizeof(*header), 0))
			return -1;
	} else {
		if (narrow.e_ident[EI_CLASS] != ELFCLASS32 ||
		    !read_at(fd, &narrow, sizeof(narrow), 0))
			return -1;
		*header = (Elf64_Ehdr){.e_type = narrow.e_type,
			.e_phoff = narrow.e_phoff,
			.e_phnum = narrow.e_phnum,
			.e_phentsize = narrow.e_phentsize};
		header->e_ident[EI_CLASS] = ELFCLASS32;
		entry_bytes = sizeof(Elf32_Phdr);
	}
	if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
		return -1;
	return header->e_phnum == 0 || header->e_phentsize == entry_bytes ? 0 : -1;
}

static bool
read_segment(int fd, const Elf64_Ehdr *header, unsigned index, Elf64_Phdr *segment)
{
	/* A sum beyond 64 bits is an offset that is in no file either. */
	uint64_t offset = header->e_phoff + (uint64_t)index * header->e_phentsize;
	Elf32_Phdr narrow;

	if (header->e_ident[EI_CLASS] == ELFCLASS64)
		return read_at(fd, segment, sizeof(*segment), offset);
	if (!read_at(fd, &narrow, sizeof(narrow), offset))
		return false;
	*segment = (Elf64_Phdr){
		.p_type = narrow.p_type, .p_offset = narrow.p_offset, .p_filesz = narrow.p_filesz};
	return true;
}

/* 1: *loader is the one that the file names; 0: it names none; -1: it is no program. */
static int
read_loader(int fd, char *loader, size_t capacity)
{
	Elf64_Ehdr header;
	Elf64_Phdr segment;

	if (read_header(fd, &header) != 0)
		return -1;
	for (unsigned i = 0; i < header.e_phnum; i++) {
		if (!read_segment(fd, &header, i, &segment))
			return -1;
		if (segment.p_type != PT_INTERP)
			continue;
		if (segment.p_filesz < 2 || segment.p_filesz > capacity ||
		    !read_at(fd, loader, (size_t)segment.p_filesz, segment.p_offset))
			return -1;
		return strnlen(loader, (size_t)segment.p_filesz) == segment.p_filesz - 1 ? 1 : -1;
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

/* A program can name any file as its loader, and that file would be run here. */
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

/* This process's environment without what a loader obeys, but for LD_LIBRARY_PATH.  Its texts are
 * shared.  NULL without memory. */
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

/* What was written to a file, to be freed; NULL: it is too much, or there is no memory. */
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
 * "NAME => PATH (0x...)" or "NAME => not found".  "NAME (0x...)" is what the kernel provides, and
 * "PATH (0x...)" a library that is needed with its path, as the loader is.  Blanks may be in names
 * and paths.
 */
static int
parse_line(char *line, const char *loader, const char *file, sc_loader_tell *tell, void *context,
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
		return 0; /* from the kernel */
	}
	if (strcmp(line, loader) == 0 || strcmp(path, loader) == 0)
		return 0;
	if (path != line && access(path, R_OK) != 0)
		return sc_fail(err, errno, "%s needs %s, which is in %s", file, line, path);
	return tell(context, line, path, err);
}

/* A loader's complaint without the words that are always the same. */
static const char *
without_preamble(char *said)
{
	static const char usual[] = ": error while loading shared libraries: ";
	char *at;

	said[strcspn(said, "\n")] = '\0';
	at = strstr(said, usual);
	return at == NULL ? said : at + strlen(usual);
}

static int
parse_lines(char *text, const char *loader, const char *file, sc_loader_tell *tell, void *context,
    struct sc_error *err)
{
	char *end;

	for (; *text != '\0'; text = end) {
		end = text + strcspn(text, "\n");
		if (*end == '\n')
			*end++ = '\0';
		if (parse_line(text, loader, file, tell, context, err) != 0)
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
	/* Some loaders tell in the list that a library is not found, others as a complaint. */
	rc = parse_lines(text, loader, file, tell, context, err);
	if (rc == 0 && status != 0)
		rc = sc_fail(err, 0, "%s cannot load %s: %s", loader, file, without_preamble(said));
out:
	free(text);
	free(said);
	if (out != NULL)
		(void)fclose(out);
	if (complaints != NULL)
		(void)fclose(complaints);
	return rc;
}
