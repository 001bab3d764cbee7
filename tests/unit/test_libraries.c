/*
 * A program with its libraries, on real ones that the test compiles: see libraries.h.
 */
#include "lib/suite.h"
#include "lib/tempdir.h"
#include "stage/prepare/libraries.h"
#include "stage/prepare/loader.h"

#include <elf.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *dir;

/* Run a shell command in the folder of the test; $CC is the compiler. */
static int
shell(const char *command)
{
	char line[4096];

	CU_ASSERT_FATAL(snprintf(line, sizeof(line), "cd '%s' && { %s\n}", dir, command) <
	    (int)sizeof(line));
	return system(line);
}

#define RUN(command) CU_ASSERT_EQUAL_FATAL(shell(command), 0)

/* prog needs libone.so.1, that needs libtwo.so.2; both have links between versions. */
static void
make_program(void)
{
	RUN("rm -rf * && mkdir -p lib bin 'odd place' &&"
	    "echo 'int two(void) {return 2;}' >two.c &&"
	    "echo 'int two(void); int one(void) {return two() - 1;}' >one.c &&"
	    "echo 'int extra(void) {return 3;}' >extra.c &&"
	    "echo 'int one(void); int main(void) {return one() - 1;}' >prog.c &&"
	    "lib='-shared -fPIC' &&"
	    "${CC:-cc} $lib -Wl,-soname,libtwo.so.2 -o lib/libtwo.so.2.0.1 two.c &&"
	    "ln -s libtwo.so.2.0.1 lib/libtwo.so.2.0 && ln -s libtwo.so.2.0 lib/libtwo.so.2 &&"
	    "ln -s libtwo.so.2 lib/libtwo.so &&"
	    "${CC:-cc} $lib -Wl,-soname,libone.so.1 -Wl,-rpath,'$ORIGIN' -o lib/libone.so.1.5 "
	    "	one.c -Llib -ltwo &&"
	    "ln -s libone.so.1.5 lib/libone.so.1 && ln -s libone.so.1 lib/libone.so &&"
	    "${CC:-cc} -Wl,-rpath,'$ORIGIN/../lib' -o bin/prog prog.c -Llib -lone -Wl,-rpath-link,lib");
}

static int
find(struct sc_libraries *libs, const char *program, const char *more, const char *exclude,
    struct sc_error *err)
{
	char *path = sc_tempdir_path(dir, program);
	char *more_path = more == NULL ? NULL : sc_tempdir_path(dir, more);
	const char *const more_list[] = {more_path};
	struct sc_libraries_request request = {.program = path,
		.more = more_list,
		.more_count = more == NULL ? 0 : 1,
		.exclude = exclude};
	int rc = sc_libraries_find(libs, &request, err);

	if (rc != 0)
		sc_libraries_free(libs);
	free(path);
	free(more_path);
	return rc;
}

static const struct sc_library *
item_of(const struct sc_libraries *libs, const char *name)
{
	for (size_t i = 0; i < libs->count; i++) {
		if (strcmp(libs->items[i].name, name) == 0)
			return &libs->items[i];
	}
	return NULL;
}

static void
expect_item(const struct sc_libraries *libs, const char *name, bool is_link)
{
	const struct sc_library *item = item_of(libs, name);
	struct stat st;

	if (item == NULL)
		printf("no %s\n", name);
	CU_ASSERT_PTR_NOT_NULL_FATAL(item);
	CU_ASSERT_EQUAL(item->is_link, is_link);
	CU_ASSERT_EQUAL(lstat(item->path, &st), 0);
	if (is_link)
		CU_ASSERT_TRUE(S_ISLNK(st.st_mode));
}

/* Lay the list out in a directory as it is to be staged. */
static void
lay_out(const struct sc_libraries *libs, const char *name)
{
	char command[3 * PATH_MAX];

	snprintf(command, sizeof(command), "rm -rf '%s' && mkdir '%s'", name, name);
	RUN(command);
	for (size_t i = 0; i < libs->count; i++) {
		snprintf(command, sizeof(command), "cp -p %s '%s' '%s/%s'",
		    libs->items[i].is_link ? "-P" : "-L", libs->items[i].path, name,
		    libs->items[i].name);
		RUN(command);
	}
}

#define EXPECT_FAILURE(err, words) \
	do { \
		if (strstr((err).text, words) == NULL) \
			printf("'%s' is not about '%s'\n", (err).text, words); \
		CU_ASSERT_PTR_NOT_NULL(strstr((err).text, words)); \
	} while (0)

static void
test_transitive(void)
{
	struct sc_libraries libs;
	struct sc_error err = {0};

	make_program();
	CU_ASSERT_EQUAL(find(&libs, "bin/prog", NULL, SC_LIBRARIES_EXCLUDE_DEFAULT, &err), 0);
	CU_ASSERT_STRING_EQUAL(err.text, "");
	CU_ASSERT_TRUE(libs.has_loader);
	CU_ASSERT_STRING_EQUAL_FATAL(libs.items[0].name, "prog");
	expect_item(&libs, "prog", false);
	expect_item(&libs, "libone.so.1", true);
	expect_item(&libs, "libone.so.1.5", false);
	expect_item(&libs, "libtwo.so.2", true);
	expect_item(&libs, "libtwo.so.2.0", true);
	expect_item(&libs, "libtwo.so.2.0.1", false);
	/* Neither the C library nor the loader, nor what only a compiler looks for. */
	CU_ASSERT_EQUAL(libs.count, 6);
	/* With the rest out of the way it runs from one directory. */
	lay_out(&libs, "all");
	RUN("mv lib gone && ! bin/prog 2>/dev/null && LD_LIBRARY_PATH=$PWD/all all/prog");
	sc_libraries_free(&libs);
}

static void
test_excluded(void)
{
	struct sc_libraries libs;
	struct sc_error err = {0};
	char exclude[2 * PATH_MAX];

	make_program();
	snprintf(exclude, sizeof(exclude), "/none:%s/li,%s/lib/", dir, dir);
	CU_ASSERT_EQUAL_FATAL(find(&libs, "bin/prog", NULL, exclude, &err), 0);
	CU_ASSERT_PTR_NULL(item_of(&libs, "libone.so.1"));
	CU_ASSERT_PTR_NULL(item_of(&libs, "libtwo.so.2"));
	/* Instead of the default, and not beside it. */
	CU_ASSERT_PTR_NOT_NULL(item_of(&libs, "libc.so.6"));
	sc_libraries_free(&libs);
	CU_ASSERT_EQUAL_FATAL(find(&libs, "bin/prog", NULL, "NONE", &err), 0);
	expect_item(&libs, "libtwo.so.2", true);
	CU_ASSERT_PTR_NOT_NULL(item_of(&libs, "libc.so.6"));
	for (size_t i = 0; i < libs.count; i++)
		CU_ASSERT_PTR_NULL(strstr(libs.items[i].name, "ld-linux"));
	sc_libraries_free(&libs);
	/* A directory by another name. */
	RUN("ln -s lib alias");
	snprintf(exclude, sizeof(exclude), "%s,%s/lib", SC_LIBRARIES_EXCLUDE_DEFAULT, dir);
	CU_ASSERT_EQUAL(setenv("LD_LIBRARY_PATH", "alias", 1), 0);
	CU_ASSERT_EQUAL(chdir(dir), 0);
	CU_ASSERT_EQUAL_FATAL(find(&libs, "bin/prog", NULL, exclude, &err), 0);
	CU_ASSERT_EQUAL(libs.count, 1);
	sc_libraries_free(&libs);
	CU_ASSERT_EQUAL(unsetenv("LD_LIBRARY_PATH"), 0);
	CU_ASSERT_EQUAL(chdir("/"), 0);

	CU_ASSERT_EQUAL(sc_libraries_check_exclude("NONE", &err), 0);
	CU_ASSERT_EQUAL(sc_libraries_check_exclude("/a:/b,/c d", &err), 0);
	CU_ASSERT_EQUAL(sc_libraries_check_exclude("", &err), -1);
	CU_ASSERT_EQUAL(sc_libraries_check_exclude("/a,b", &err), -1);
	EXPECT_FAILURE(err, "'b' is no absolute path");
}

static void
test_odd_names(void)
{
	struct sc_libraries libs;
	struct sc_error err = {0};

	make_program();
	RUN("${CC:-cc} -shared -fPIC -Wl,-soname,'lib o => (0x1) dd.so' -o "
	    "	'odd place/lib o => (0x1) dd.so' two.c &&"
	    "${CC:-cc} -shared -fPIC -Wl,-soname,'lib p (0x1).so' -o 'odd place/lib p (0x1).so' two.c &&"
	    "${CC:-cc} -Wl,-rpath,'$ORIGIN' -o 'odd place/the prog' -x c - "
	    "	'-l:lib p (0x1).so' -L'odd place' <<end\n"
	    "int two(void); int main(void) {return two() - 2;}\nend\n");
	CU_ASSERT_EQUAL_FATAL(find(&libs, "odd place/the prog", NULL, SC_LIBRARIES_EXCLUDE_DEFAULT,
				  &err),
	    0);
	CU_ASSERT_EQUAL(libs.count, 2);
	expect_item(&libs, "lib p (0x1).so", false);
	lay_out(&libs, "all");
	RUN("mv 'odd place' gone && LD_LIBRARY_PATH=$PWD/all 'all/the prog'");
	sc_libraries_free(&libs);
}

static void
test_missing(void)
{
	struct sc_libraries libs;
	struct sc_error err = {0};

	make_program();
	RUN("rm lib/libtwo.so.2");
	CU_ASSERT_EQUAL(find(&libs, "bin/prog", NULL, SC_LIBRARIES_EXCLUDE_DEFAULT, &err), -1);
	EXPECT_FAILURE(err, "bin/prog");
	EXPECT_FAILURE(err, "libtwo.so.2");
	RUN("echo text >lib/libtwo.so.2");
	CU_ASSERT_EQUAL(find(&libs, "bin/prog", NULL, SC_LIBRARIES_EXCLUDE_DEFAULT, &err), -1);
	EXPECT_FAILURE(err, "libtwo.so.2");
	CU_ASSERT_EQUAL(find(&libs, "bin/none", NULL, SC_LIBRARIES_EXCLUDE_DEFAULT, &err), -1);
	EXPECT_FAILURE(err, "bin/none: No such file or directory");
}

static void
test_more(void)
{
	struct sc_libraries libs;
	struct sc_error err = {0};

	make_program();
	RUN("${CC:-cc} -shared -fPIC -Wl,-soname,libthree.so.3 -o lib/libthree.so.3 extra.c &&"
	    "mkdir plugins && ${CC:-cc} -shared -fPIC -Wl,-rpath,'$ORIGIN/../lib' "
	    "	-o plugins/plugin.so.1.2 -x c - -Llib -l:libthree.so.3 <<end\n"
	    "int extra(void); int plugin(void) {return extra();}\nend\n"
	    "ln -s plugin.so.1.2 plugins/plugin.so");
	CU_ASSERT_EQUAL_FATAL(find(&libs, "bin/prog", "plugins/plugin.so",
				  SC_LIBRARIES_EXCLUDE_DEFAULT, &err),
	    0);
	expect_item(&libs, "libone.so.1", true);
	expect_item(&libs, "plugin.so", true);
	expect_item(&libs, "plugin.so.1.2", false);
	expect_item(&libs, "libthree.so.3", false);
	sc_libraries_free(&libs);
	/* The same once more is no conflict, another one of its name is. */
	CU_ASSERT_EQUAL_FATAL(find(&libs, "bin/prog", "lib/libone.so.1",
				  SC_LIBRARIES_EXCLUDE_DEFAULT, &err),
	    0);
	CU_ASSERT_EQUAL(libs.count, 6);
	sc_libraries_free(&libs);
	RUN("cp lib/libthree.so.3 plugins/libone.so.1");
	CU_ASSERT_EQUAL(find(&libs, "bin/prog", "plugins/libone.so.1", SC_LIBRARIES_EXCLUDE_DEFAULT,
			    &err),
	    -1);
	EXPECT_FAILURE(err, "have the same name");
	CU_ASSERT_EQUAL(find(&libs, "bin/prog", "lib/none.so", SC_LIBRARIES_EXCLUDE_DEFAULT, &err),
	    -1);
	EXPECT_FAILURE(err, "lib/none.so: No such file or directory");
}

/* A library that is linked by its path has no other place. */
static void
test_needed_with_path(void)
{
	struct sc_libraries libs;
	struct sc_error err = {0};

	make_program();
	RUN("${CC:-cc} -shared -fPIC -o lib/bare.so two.c &&"
	    "${CC:-cc} -o bin/bare -x c - -x none $PWD/lib/bare.so <<end\n"
	    "int two(void); int main(void) {return two() - 2;}\nend\n");
	CU_ASSERT_EQUAL_FATAL(find(&libs, "bin/bare", NULL, SC_LIBRARIES_EXCLUDE_DEFAULT, &err), 0);
	CU_ASSERT_EQUAL(libs.count, 1);
	sc_libraries_free(&libs);
}

static void
test_no_libraries(void)
{
	struct sc_libraries libs;
	struct sc_error err = {0};

	make_program();
	RUN("${CC:-cc} -static -o bin/static -x c - <<end\nint main(void) {return 0;}\nend\n"
	    "echo '#!/bin/sh' >bin/script && mkfifo bin/pipe && : >bin/empty &&"
	    "head -c 20 bin/prog >bin/cut && ${CC:-cc} -c -o bin/object two.c");
	CU_ASSERT_EQUAL_FATAL(find(&libs, "bin/static", NULL, SC_LIBRARIES_EXCLUDE_DEFAULT, &err),
	    0);
	CU_ASSERT_FALSE(libs.has_loader);
	CU_ASSERT_EQUAL(libs.count, 1);
	sc_libraries_free(&libs);
	for (const char *const *name =
		 (const char *const[]){"bin/script", "bin/empty", "bin/cut", "bin/object", NULL};
	    *name != NULL; name++) {
		CU_ASSERT_EQUAL(find(&libs, *name, NULL, SC_LIBRARIES_EXCLUDE_DEFAULT, &err), -1);
		EXPECT_FAILURE(err, "is no program in ELF for this kind of machine");
	}
	CU_ASSERT_EQUAL(find(&libs, "bin/pipe", NULL, SC_LIBRARIES_EXCLUDE_DEFAULT, &err), -1);
	EXPECT_FAILURE(err, "is not a regular file");
	CU_ASSERT_EQUAL(find(&libs, "bin", NULL, SC_LIBRARIES_EXCLUDE_DEFAULT, &err), -1);
	EXPECT_FAILURE(err, "is not a regular file");
}

/* Nothing that a program names is run but a loader, and the program itself is not. */
static void
test_hostile(void)
{
	struct sc_libraries libs;
	struct sc_error err = {0};

	make_program();
	RUN("${CC:-cc} -o evil -static -x c - <<end\n"
	    "#include <stdio.h>\n"
	    "int main(void) {fclose(fopen(\"/tmp/stagecast-was-run\", \"w\")); return 0;}\nend\n"
	    "rm -f /tmp/stagecast-was-run && chmod 775 evil &&"
	    "${CC:-cc} -Wl,-dynamic-linker,$PWD/evil -o bin/evil prog.c -Llib -lone "
	    "	-Wl,-rpath-link,lib &&"
	    "${CC:-cc} -Wl,-dynamic-linker,$PWD/bin/prog -o bin/prog-for-loader prog.c -Llib -lone "
	    "	-Wl,-rpath-link,lib &&"
	    "${CC:-cc} -Wl,-dynamic-linker,bin/prog -o bin/relative prog.c -Llib -lone "
	    "	-Wl,-rpath-link,lib &&"
	    "${CC:-cc} -Wl,-dynamic-linker,/none/ld.so -o bin/none prog.c -Llib -lone "
	    "	-Wl,-rpath-link,lib");
	CU_ASSERT_EQUAL(find(&libs, "bin/evil", NULL, SC_LIBRARIES_EXCLUDE_DEFAULT, &err), -1);
	EXPECT_FAILURE(err, "neither root's nor yours alone");
	CU_ASSERT_EQUAL(find(&libs, "bin/prog-for-loader", NULL, SC_LIBRARIES_EXCLUDE_DEFAULT,
			    &err),
	    -1);
	EXPECT_FAILURE(err, "names a loader that is none");
	CU_ASSERT_EQUAL(find(&libs, "bin/relative", NULL, SC_LIBRARIES_EXCLUDE_DEFAULT, &err), -1);
	EXPECT_FAILURE(err, "names a loader without its path");
	CU_ASSERT_EQUAL(find(&libs, "bin/none", NULL, SC_LIBRARIES_EXCLUDE_DEFAULT, &err), -1);
	EXPECT_FAILURE(err, "/none/ld.so: No such file or directory");
	CU_ASSERT_FALSE(sc_test_file_exists("/tmp/stagecast-was-run"));
	/* Even with a mode that lets it be executed, the program only is looked at. */
	RUN("cp bin/prog bin/plain && chmod 644 bin/plain");
	CU_ASSERT_EQUAL_FATAL(find(&libs, "bin/plain", NULL, SC_LIBRARIES_EXCLUDE_DEFAULT, &err),
	    0);
	CU_ASSERT_EQUAL(libs.count, 6);
	sc_libraries_free(&libs);
}

/* Headers with any byte of the first thousand changed: an answer or a sentence. */
static void
test_damaged_headers(void)
{
	uint8_t bytes[1024];
	char *path = sc_tempdir_path(dir, "damaged");
	char *good = sc_tempdir_path(dir, "bin/prog");
	FILE *file;

	make_program();
	file = fopen(good, "rb");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	CU_ASSERT_EQUAL_FATAL(fread(bytes, 1, sizeof(bytes), file), sizeof(bytes));
	fclose(file);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		uint8_t was = bytes[i];
		char loader[PATH_MAX];
		struct sc_error err = {0};
		int found;

		bytes[i] = (uint8_t)(was ^ (i % 2 == 0 ? 0xff : 0x80));
		sc_test_file_write(path, bytes, sizeof(bytes));
		bytes[i] = was;
		found = sc_loader_find(path, loader, sizeof(loader), &err);
		CU_ASSERT_TRUE(found >= -1 && found <= 1);
		CU_ASSERT_EQUAL(found == -1, err.text[0] != '\0');
	}
	free(path);
	free(good);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"transitive", test_transitive},
		{"excluded", test_excluded},
		{"odd names", test_odd_names},
		{"missing", test_missing},
		{"more", test_more},
		{"needed with its path", test_needed_with_path},
		{"no libraries", test_no_libraries},
		{"hostile", test_hostile},
		{"damaged headers", test_damaged_headers},
		CU_TEST_INFO_NULL,
	};
	int status;

	dir = sc_tempdir_make();
	status = sc_run_suite("libs", tests);
	sc_tempdir_remove(dir);
	return status;
}
