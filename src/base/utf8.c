/*
 * Characters of UTF-8: see utf8.h.
 */
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

size_t
sc_utf8_decode(const char *text, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *bytes = (const unsigned char *)text;
	uint32_t value = bytes[0];
	size_t length;

	*code = value;
	if (value < 0x80)
		return 1;
	if (value >= 0xf8 || value < 0xc0)
		return 0;
	length = value >= 0xf0 ? 4 : value >= 0xe0 ? 3 : 2;
	value &= 0x7fu >> length;
	for (size_t i = 1; i < length; i++) {
		/* The end of the text ends it, too. */
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3f);
	}
	if (value < least[length] || (value >= 0xd800 && value < 0xe000) || value > 0x10ffff)
		return 0;
	*code = value;
	return length;
}

char *
sc_utf8_clean(const char *text)
{
	size_t replacement = strlen(SC_UTF8_REPLACEMENT);
	char *clean = malloc(strlen(text) * replacement + 1);
	size_t used = 0;

	if (clean == NULL)
		return NULL;
	while (*text != '\0') {
		uint32_t code;
		size_t length = sc_utf8_decode(text, &code);

		memcpy(clean + used, length == 0 ? SC_UTF8_REPLACEMENT : text,
		    length == 0 ? replacement : length);
		used += length == 0 ? replacement : length;
		text += length == 0 ? 1 : length;
	}
	clean[used] = '\0';
	return clean;
}
