/*
 * Control messages from anybody: whatever is accepted is the only way to write
 * that message, and nothing is read beyond the end.
 */
#include "core/wire.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	uint8_t again[SC_CONTROL_BYTES];
	struct sc_message message;

	if (sc_message_decode(bytes, length, &message) != 0)
		return 0;
	if (sc_message_encode(&message, again) != length || memcmp(bytes, again, length) != 0)
		abort();
	return 0;
}
