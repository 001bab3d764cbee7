/*
 * The base: sizes and durations as people write them, messages of errors, sets of numbers, and
 * repeatable random numbers.
 */
#include "base/bitmap.h"
#include "base/error.h"
#include "base/random.h"
#include "base/units.h"
#include "lib/suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
test_sizes_are_parsed(void)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} sizes[] = {
		{"0", 0},
		{"1", 1},
		{"010", 10},
		{"4096", 4096},
		{"7B", 7},
		{"7b", 7},
		{"1K", 1024},
		{"1k", 1024},
		{"64KiB", 65536},
		{"64kib", 65536},
		{"64MiB", 64u << 20},
		{"3G", UINT64_C(3) << 30},
		{"1TiB", UINT64_C(1) << 40},
		{"1.5G", UINT64_C(3) << 29},
		{"0.5KiB", 512},
		{"0.0001K", 0},
		{"2.999999M", 3145726},
		{"18446744073709551615", UINT64_MAX},
		{"18014398509481983K", UINT64_MAX - 1023},
		{"16777215TiB", UINT64_C(16777215) << 40},
	};

	for (size_t i = 0; i < COUNT(sizes); i++) {
		uint64_t bytes = 42;

		CU_ASSERT_EQUAL(sc_parse_size(sizes[i].text, &bytes), 0);
		CU_ASSERT_EQUAL(bytes, sizes[i].bytes);
		if (bytes != sizes[i].bytes)
			fprintf(stderr, "%s\n", sizes[i].text);
	}
}

static void
test_what_is_no_size_is_refused(void)
{
	static const char *const texts[] = {"", " ", "K", "KiB", " 1", "1 ", "1 K", "-1", "+1",
		"--1", ".5K", "1.K", "1.", "1.5", "1.5B", "1..5K", "1.5.5K", "1KB", "1Ki", "1KiBB",
		"1iB", "1P", "1E", "0x10", "1e3", "1e3K", "1,5K", "1K\n", "1\t", "inf", "nan",
		"18446744073709551616", "18014398509481984K", "16777216TiB",
		"16777215.9999999999999T", "99999999999999999999999999",
		"99999999999999999999999999K"};

	for (size_t i = 0; i < COUNT(texts); i++) {
		uint64_t bytes = 42;

		CU_ASSERT_EQUAL(sc_parse_size(texts[i], &bytes), -1);
		CU_ASSERT_EQUAL(bytes, 42);
		if (bytes != 42)
			fprintf(stderr, "'%s'\n", texts[i]);
	}
}

static void
test_durations_are_parsed(void)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} durations[] = {
		{"0", 0},
		{"1", 1000000000},
		{"10s", UINT64_C(10000000000)},
		{"10S", UINT64_C(10000000000)},
		{"500ms", 500000000},
		{"0.5ms", 500000},
		{"1.5", 1500000000},
		{"0.000000001", 1},
		{"2min", UINT64_C(120000000000)},
		{"0.1h", UINT64_C(360000000000)},
		{"10000h", UINT64_C(36000000) * 1000000000},
	};
	static const char *const bad[] = {"", " ", "s", "ms", " 1", "1 ", "1 s", "-1", "+1", ".5",
		"1.", "1.s", "1..5", "1.5.5", "1m", "1d", "1us", "1sec", "1e3", "0x1", "inf",
		"10001h", "9999999999999", "99999999999999999999999"};

	for (size_t i = 0; i < COUNT(durations); i++) {
		uint64_t ns = 42;

		CU_ASSERT_EQUAL(sc_parse_duration(durations[i].text, &ns), 0);
		CU_ASSERT_EQUAL(ns, durations[i].ns);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		uint64_t ns = 42;

		CU_ASSERT_EQUAL(sc_parse_duration(bad[i], &ns), -1);
		CU_ASSERT_EQUAL(ns, 42);
		if (ns != 42)
			fprintf(stderr, "'%s'\n", bad[i]);
	}
}

static void
test_counts(void)
{
	static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "1.0", "1K", "0x1", "auto",
		"0", "101", "4294967297", "99999999999", "18446744073709551617"};
	uint32_t count = 42;

	for (size_t i = 0; i < COUNT(bad); i++)
		CU_ASSERT_EQUAL(sc_parse_count(bad[i], 1, 100, &count), -1);
	CU_ASSERT_EQUAL(count, 42);
	CU_ASSERT_EQUAL(sc_parse_count("1", 1, 100, &count), 0);
	CU_ASSERT_EQUAL(count, 1);
	CU_ASSERT_EQUAL(sc_parse_count("0100", 1, 100, &count), 0);
	CU_ASSERT_EQUAL(count, 100);
	CU_ASSERT_EQUAL(sc_parse_count("4294967295", 0, UINT32_MAX, &count), 0);
	CU_ASSERT_EQUAL(count, UINT32_MAX);
	CU_ASSERT_EQUAL(sc_parse_count("4294967296", 0, UINT32_MAX, &count), -1);
}

static void
test_sizes_have_three_digits(void)
{
	static const double kib = 1024, mib = 1024 * 1024, gib = 1024.0 * 1024 * 1024;
	const struct {
		double bytes;
		const char *text;
	} sizes[] = {
		{0, "0 B"},
		{1, "1 B"},
		{999, "999 B"},
		{1000, "1000 B"},
		{4095, "4095 B"},
		{4096, "4.00 KiB"},
		{9.99 * kib, "9.99 KiB"},
		{9.999 * kib, "10.0 KiB"},
		{99.94 * kib, "99.9 KiB"},
		{99.96 * kib, "100 KiB"},
		{999.4 * kib, "999 KiB"},
		{999.6 * kib, "0.98 MiB"},
		{1023.6 * kib, "1.00 MiB"},
		{mib, "1.00 MiB"},
		{1023.6 * mib, "1.00 GiB"},
		{gib, "1.00 GiB"},
		{286 * mib, "286 MiB"},
		{1024 * gib, "1.00 TiB"},
		{18446744073709551615.0, "16.0 EiB"},
	};
	char text[SC_UNIT_TEXT_BYTES];

	for (size_t i = 0; i < COUNT(sizes); i++)
		CU_ASSERT_STRING_EQUAL(sc_format_size(sizes[i].bytes, text), sizes[i].text);
	CU_ASSERT_STRING_EQUAL(sc_format_rate(830 * mib, text), "830 MiB/s");
	CU_ASSERT_STRING_EQUAL(sc_format_rate(0, text), "0 B/s");
}

static void
test_durations(void)
{
	static const struct {
		double seconds;
		const char *text;
	} durations[] = {
		{0, "0.0 ms"},
		{0.0123, "12.3 ms"},
		{0.9994, "999.4 ms"},
		{0.99951, "1.000 s"},
		{1.234, "1.234 s"},
		{59.9999, "60.000 s"},
		{99.999, "99.999 s"},
		{100, "1 min 40 s"},
		{119.4, "1 min 59 s"},
		{119.6, "2 min 00 s"},
		{120, "2 min 00 s"},
		{125.2, "2 min 05 s"},
		{7261, "121 min 01 s"},
	};
	char text[SC_UNIT_TEXT_BYTES];

	for (size_t i = 0; i < COUNT(durations); i++)
		CU_ASSERT_STRING_EQUAL(sc_format_duration(durations[i].seconds, text),
		    durations[i].text);
}

static void
test_control_characters_become_visible(void)
{
	char out[64];

	CU_ASSERT_STRING_EQUAL(sc_printable("", out, sizeof(out)), "");
	CU_ASSERT_STRING_EQUAL(sc_printable("plain name", out, sizeof(out)), "plain name");
	CU_ASSERT_STRING_EQUAL(sc_printable("a\nb\tc\033[0m\177", out, sizeof(out)),
	    "a\\x0ab\\x09c\\x1b[0m\\x7f");
	CU_ASSERT_STRING_EQUAL(sc_printable("\\x0a", out, sizeof(out)), "\\\\x0a");
	CU_ASSERT_STRING_EQUAL(sc_printable("gr\303\274n \342\202\254", out, sizeof(out)),
	    "gr\303\274n \342\202\254");
}

/* Whatever the room: a beginning that ends between two characters. */
static void
test_a_cut_is_between_characters(void)
{
	static const char text[] = "\303\251\nx\342\202\254\\\360\237\230\200y";
	static const char *const pieces[] = {
		"\303\251", "\\x0a", "x", "\342\202\254", "\\\\", "\360\237\230\200", "y"};

	for (size_t capacity = 1; capacity <= 32; capacity++) {
		char expected[64] = "";
		char out[64];

		memset(out, 'z', sizeof(out));
		for (size_t i = 0; i < COUNT(pieces); i++) {
			if (strlen(expected) + strlen(pieces[i]) >= capacity)
				break;
			strcat(expected, pieces[i]);
		}
		CU_ASSERT_STRING_EQUAL(sc_printable(text, out, capacity), expected);
		CU_ASSERT_EQUAL(out[capacity], 'z');
	}
	/* What is not UTF-8 is cut somewhere, but within its bounds. */
	for (size_t capacity = 1; capacity <= 8; capacity++) {
		char out[16];

		CU_ASSERT(strlen(sc_printable("\251\251\251\251\251\251", out, capacity)) <
		    capacity);
	}
}

static void
test_an_error_is_a_sentence(void)
{
	struct sc_error err = {.errnum = 42};

	CU_ASSERT_EQUAL(sc_fail(&err, 0, "%s needs %d bytes", "a\nb", 7), -1);
	CU_ASSERT_STRING_EQUAL(err.text, "a\\x0ab needs 7 bytes");
	CU_ASSERT_EQUAL(err.errnum, 0);
	CU_ASSERT_EQUAL(sc_fail(&err, ENOENT, "cannot open %s", "x"), -1);
	CU_ASSERT_STRING_EQUAL(err.text, "cannot open x: No such file or directory");
	CU_ASSERT_EQUAL(err.errnum, ENOENT);
	CU_ASSERT_EQUAL(sc_fail(NULL, ENOENT, "no error is wanted"), -1);
}

static bool
ends_with(const char *text, const char *end)
{
	size_t length = strlen(text);

	return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

/* However long the name is, and of whatever characters: whole characters of it are left, and the
 * reason.  A newline counts as the four that it becomes. */
static void
test_a_long_name_leaves_room_for_the_reason(void)
{
	static const char *const units[] = {"x", "\n", "\303\251", "\342\202\254"};
	static const char reason[] = ": No space left on device";
	char name[5000];

	for (size_t i = 0; i < COUNT(units); i++) {
		size_t unit = strlen(units[i]);
		size_t printed = units[i][0] == '\n' ? 4 : unit;
		uint32_t without_reason = 0;
		uint32_t cut_wrongly = 0;

		for (size_t length = 900; length < 1100; length++) {
			struct sc_error err;
			size_t left;

			for (size_t at = 0; at < length; at++)
				memcpy(name + at * unit, units[i], unit);
			name[length * unit] = '\0';
			(void)sc_fail(&err, ENOSPC, "%s", name);
			left = strlen(err.text) - strlen(reason);
			without_reason += !ends_with(err.text, reason);
			cut_wrongly += left < 900 || left % printed != 0;
			(void)sc_fail(&err, 0, "%s", name);
			cut_wrongly += strlen(err.text) < 900 || strlen(err.text) % printed != 0;
		}
		CU_ASSERT_EQUAL(without_reason, 0);
		CU_ASSERT_EQUAL(cut_wrongly, 0);
	}
}

static void
test_bitmap(void)
{
	static const uint32_t sizes[] = {0, 1, 63, 64, 65, 1000};

	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct sc_bitmap set = {0};
		uint32_t third = (sizes[i] + 2) / 3;

		sc_bitmap_free(&set);
		CU_ASSERT_EQUAL_FATAL(sc_bitmap_init(&set, sizes[i]), 0);
		CU_ASSERT_EQUAL(set.count, 0);
		for (uint32_t member = 0; member < sizes[i]; member += 3) {
			CU_ASSERT_FALSE(sc_bitmap_has(&set, member));
			CU_ASSERT_TRUE(sc_bitmap_add(&set, member));
			CU_ASSERT_FALSE(sc_bitmap_add(&set, member));
		}
		CU_ASSERT_EQUAL(set.count, third);
		for (uint32_t member = 0; member < sizes[i]; member++)
			CU_ASSERT_EQUAL(sc_bitmap_has(&set, member), member % 3 == 0);
		sc_bitmap_free(&set);
		sc_bitmap_free(&set);
		CU_ASSERT_PTR_NULL(set.words);
	}
}

/* Members of both ends and of the middle of a word, taken out again one by one. */
static void
test_bitmap_is_walked(void)
{
	static const uint32_t members[] = {0, 1, 62, 63, 64, 127, 128, 700, 999};
	struct sc_bitmap set = {0};
	uint32_t at = 0;

	CU_ASSERT_EQUAL_FATAL(sc_bitmap_init(&set, 1000), 0);
	CU_ASSERT_EQUAL(sc_bitmap_next(&set, 0), 1000);
	for (size_t i = 0; i < COUNT(members); i++)
		sc_bitmap_add(&set, members[i]);
	for (size_t i = 0; i < COUNT(members); i++, at++) {
		at = sc_bitmap_next(&set, at);
		CU_ASSERT_EQUAL(at, members[i]);
	}
	CU_ASSERT_EQUAL(sc_bitmap_next(&set, at), 1000);
	CU_ASSERT_EQUAL(sc_bitmap_next(&set, 2000), 1000);
	CU_ASSERT_FALSE(sc_bitmap_remove(&set, 2));
	for (size_t i = 0; i < COUNT(members); i++) {
		CU_ASSERT_TRUE(sc_bitmap_remove(&set, members[i]));
		CU_ASSERT_FALSE(sc_bitmap_has(&set, members[i]));
		CU_ASSERT_EQUAL(set.count, COUNT(members) - 1 - i);
	}
	sc_bitmap_add(&set, 5);
	sc_bitmap_add(&set, 999);
	sc_bitmap_clear(&set);
	CU_ASSERT_EQUAL(set.count, 0);
	CU_ASSERT_EQUAL(sc_bitmap_next(&set, 0), 1000);
	sc_bitmap_free(&set);
}

/* The published first values of splitmix64: seeds in old reports of failures must go on giving
 * the same trials. */
static void
test_random_is_the_same_everywhere(void)
{
	static const uint64_t values[] = {UINT64_C(0xe220a8397b1dcdaf),
		UINT64_C(0x6e789e6aa1b965f4), UINT64_C(0x06c45d188009454f),
		UINT64_C(0xf88bb8a8724c81ec), UINT64_C(0x1b39896a51a8749b)};
	struct sc_random random = {0};
	uint32_t seen = 0;

	for (size_t i = 0; i < COUNT(values); i++)
		CU_ASSERT_EQUAL(sc_random_next(&random), values[i]);
	for (int i = 0; i < 1000; i++) {
		uint64_t value = sc_random_below(&random, 10);

		CU_ASSERT_FATAL(value < 10);
		seen |= 1u << value;
	}
	CU_ASSERT_EQUAL(seen, 0x3ff);
	CU_ASSERT_EQUAL(sc_random_below(&random, 1), 0);
}

int
main(void)
{
	static CU_TestInfo tests[] = {
		{"sizes are parsed", test_sizes_are_parsed},
		{"what is no size is refused", test_what_is_no_size_is_refused},
		{"durations are parsed", test_durations_are_parsed},
		{"counts", test_counts},
		{"sizes have three digits", test_sizes_have_three_digits},
		{"durations", test_durations},
		{"control characters become visible", test_control_characters_become_visible},
		{"a cut is between characters", test_a_cut_is_between_characters},
		{"an error is a sentence", test_an_error_is_a_sentence},
		{"a long name leaves room for the reason",
			test_a_long_name_leaves_room_for_the_reason},
		{"bitmap", test_bitmap},
		{"bitmap is walked", test_bitmap_is_walked},
		{"random is the same everywhere", test_random_is_the_same_everywhere},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("base", tests);
}
