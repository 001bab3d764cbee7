/*
 * Temporary folders and the files in them, for tests that need real ones.
 * A failure of these helpers themselves ends the program.
 */
#ifndef SC_TESTS_TEMPDIR_H
#define SC_TESTS_TEMPDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A new folder below $TMPDIR or /tmp.  sc_tempdir_remove removes it with all
 * that is in it, and frees. */
char *sc_tempdir_make(void);
void sc_tempdir_remove(char *dir);

/* "dir/name", to be freed. */
char *sc_tempdir_path(const char *dir, const char *name);

/* How many names there are in a folder, without "." and "..". */
size_t sc_tempdir_entries(const char *dir);

void sc_test_file_write(const char *path, const void *bytes, size_t length);
bool sc_test_file_equals(const char *path, const void *bytes, size_t length);
bool sc_test_file_exists(const char *path); /* a dangling link too */
uint64_t sc_test_file_allocated(const char *path);

/* Bytes that look random, the same ones for the same seed; to be freed. */
uint8_t *sc_test_bytes(size_t length, uint64_t seed);

/*
 * Run body(dir, data) in a child process and don't wait; sc_test_wait does
 * and returns what body returned (0..97), or SC_TEST_KILLED if a signal ended
 * it.
 */
enum { SC_TEST_KILLED = 98 };
pid_t sc_test_start(const char *dir, int (*body)(const char *dir, void *data), void *data);
int sc_test_wait(pid_t child);

/* The same and wait, with a small tmpfs mounted on dir, in a mount namespace
 * of the child's own.  -1 if mounting isn't permitted here. */
int sc_test_on_small_tmpfs(const char *dir, size_t size_bytes,
    int (*body)(const char *dir, void *data), void *data);

/* The same and wait, as a user without privileges who owns nothing.  -1 if
 * becoming one isn't permitted. */
int sc_test_unprivileged(const char *dir, int (*body)(const char *dir, void *data), void *data);

#endif
