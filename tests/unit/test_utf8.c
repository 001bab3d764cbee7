/*
 * Characters of UTF-8: what is one, and what becomes of what is none.
 */
#include "base/utf8.h"
#include "lib/suite.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
test_characters(void)
{
	static const struct {
		const char *text;
		uint32_t code;
	} good[] = {
		{"", 0},
		{"a", 'a'},
		{"\x7f", 0x7f},
		{"\xc2\x80", 0x80},
		{"\xdf\xbf", 0x7ff},
		{"\xe0\xa0\x80", 0x800},
		{"\xed\x9f\xbf", 0xd7ff},
		{"\xee\x80\x80", 0xe000},
		{"\xef\xbf\xbf", 0xffff},
		{"\xf0\x90\x80\x80", 0x10000},
		{"\xf4\x8f\xbf\xbf", 0x10ffff},
	};

	for (size_t i = 0; i < COUNT(good); i++) {
		uint32_t code;
		size_t length = strlen(good[i].text);

		CU_ASSERT_EQUAL(sc_utf8_decode(good[i].text, &code), length == 0 ? 1 : length);
		CU_ASSERT_EQUAL(code, good[i].code);
	}
}

static void
test_no_characters(void)
{
	static const char *const bad[] = {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(",
		"\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xe2\x82", "\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff", "\xf0\x9f\x92"};
	uint32_t code;

	for (size_t i = 0; i < COUNT(bad); i++)
		CU_ASSERT_EQUAL(sc_utf8_decode(bad[i], &code), 0);
}

static void
check_clean(const char *text, const char *expected)
{
	char *clean = sc_utf8_clean(text);

	CU_ASSERT_PTR_NOT_NULL_FATAL(clean);
	CU_ASSERT_STRING_EQUAL(clean, expected);
	free(clean);
}

static void
test_cleaning(void)
{
	check_clean("", "");
	check_clean("/a b\n\x01", "/a b\n\x01");
	check_clean("na\xc3\xafve", "na\xc3\xafve");
	check_clean("na\xefve", "na\xef\xbf\xbdve");
	check_clean("\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd");
	check_clean("cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd");
	check_clean("\xed\xa0\x80x", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx");
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"characters", test_characters},
		{"what is none", test_no_characters},
		{"cleaning", test_cleaning},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("utf8", tests);
}
