/*
 * Names of the entries of the timeline: see record.h.
 */
#include "core/record.h"

#include <assert.h>

const char *
sc_record_name(enum sc_record_what what)
{
	static const char *const names[SC_RECORD_KINDS] = {
		[SC_RECORD_STARTED] = "started",
		[SC_RECORD_SEND_BEGUN] = "send_begun",
		[SC_RECORD_SEND_ENDED] = "send_ended",
		[SC_RECORD_RECEIVE_BEGUN] = "receive_begun",
		[SC_RECORD_FIRST_CHUNK] = "first_chunk",
		[SC_RECORD_SUBFILE_HELD] = "subfile_held",
		[SC_RECORD_QUARTER_HELD] = "quarter_held",
		[SC_RECORD_HALF_HELD] = "half_held",
		[SC_RECORD_THREE_QUARTERS_HELD] = "three_quarters_held",
		[SC_RECORD_ALL_HELD] = "all_held",
		[SC_RECORD_SEALED] = "sealed",
		[SC_RECORD_COMMITTED] = "committed",
		[SC_RECORD_COPY_FAILED] = "copy_failed",
		[SC_RECORD_ABORTED] = "aborted",
		[SC_RECORD_PEER_FAILED] = "peer_failed",
		[SC_RECORD_SERVED_FROM_STORE] = "served_from_store",
		[SC_RECORD_DETOUR] = "detour",
		[SC_RECORD_DETOUR_BEGUN] = "detour_begun",
		[SC_RECORD_PEER_TORPID] = "peer_torpid",
		[SC_RECORD_CHUNK_DAMAGED] = "chunk_damaged",
		[SC_RECORD_TAKEOVER] = "takeover",
		[SC_RECORD_CUT_OFF] = "cut_off",
		[SC_RECORD_RESUMED] = "resumed",
	};

	assert(what < SC_RECORD_KINDS);
	return names[what];
}
