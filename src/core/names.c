/*
 * The names of events, actions and messages: see names.h.
 */
#include "core/names.h"

#define NAME_OF(names, number) \
	((size_t)(number) < sizeof(names) / sizeof((names)[0]) ? (names)[number] : NULL)

const char *
sc_event_name(enum sc_event_what what)
{
	static const char *const names[] = {
		[SC_EVENT_STARTED] = "started",
		[SC_EVENT_TIME] = "time",
		[SC_EVENT_CHUNK_LOADED] = "chunk_loaded",
		[SC_EVENT_LOAD_FAILED] = "load_failed",
		[SC_EVENT_CHUNK_ARRIVED] = "chunk_arrived",
		[SC_EVENT_CHUNK_SENT] = "chunk_sent",
		[SC_EVENT_RECEIVE_ENDED] = "receive_ended",
		[SC_EVENT_STORE_OPENED] = "store_opened",
		[SC_EVENT_CHUNK_STORED] = "chunk_stored",
		[SC_EVENT_STORE_FAILED] = "store_failed",
		[SC_EVENT_SOURCE_FINISHED] = "source_finished",
		[SC_EVENT_COMMITTED] = "committed",
		[SC_EVENT_COMMIT_FAILED] = "commit_failed",
		[SC_EVENT_CONTROL_ARRIVED] = "control_arrived",
		[SC_EVENT_PEER_FAILED] = "peer_failed",
		[SC_EVENT_GIVE_UP] = "give_up",
	};

	return NAME_OF(names, what);
}

const char *
sc_action_name(enum sc_action_what what)
{
	static const char *const names[] = {
		[SC_ACTION_LOAD] = "load",
		[SC_ACTION_RECEIVE] = "receive",
		[SC_ACTION_SEND] = "send",
		[SC_ACTION_WITHDRAW] = "withdraw",
		[SC_ACTION_FORGET] = "forget",
		[SC_ACTION_STORE] = "store",
		[SC_ACTION_FINISH_SOURCE] = "finish_source",
		[SC_ACTION_COMMIT] = "commit",
		[SC_ACTION_CONTROL] = "control",
		[SC_ACTION_RECORD] = "record",
		[SC_ACTION_REPORT] = "report",
		[SC_ACTION_LEAVE] = "leave",
	};

	return NAME_OF(names, what);
}

const char *
sc_report_name(enum sc_report_what what)
{
	static const char *const names[] = {
		[SC_REPORT_PROGRESS] = "progress",
		[SC_REPORT_COPY_FAILED] = "copy_failed",
		[SC_REPORT_NODE_LOST] = "node_lost",
		[SC_REPORT_NODE_TORPID] = "node_torpid",
		[SC_REPORT_TAKEOVER] = "takeover",
		[SC_REPORT_ABORTED] = "aborted",
		[SC_REPORT_ENDED] = "ended",
	};

	return NAME_OF(names, what);
}

const char *
sc_leave_name(enum sc_leave leave)
{
	static const char *const names[] = {
		[SC_LEAVE_TOGETHER] = "together",
		[SC_LEAVE_APART] = "apart",
		[SC_LEAVE_CUT_OFF] = "cut_off",
	};

	return NAME_OF(names, leave);
}

const char *
sc_message_name(uint8_t type)
{
	static const char *const names[] = {
		[SC_MESSAGE_OFFER] = "offer",
		[SC_MESSAGE_CREDIT] = "credit",
		[SC_MESSAGE_SEAL] = "seal",
		[SC_MESSAGE_FAILED] = "failed",
		[SC_MESSAGE_PROGRESS] = "progress",
		[SC_MESSAGE_DONE] = "done",
		[SC_MESSAGE_ABORT] = "abort",
		[SC_MESSAGE_CLOSE] = "close",
		[SC_MESSAGE_WANT] = "want",
		[SC_MESSAGE_REFUSE] = "refuse",
		[SC_MESSAGE_NOTICE] = "notice",
		[SC_MESSAGE_BEAT] = "beat",
		[SC_MESSAGE_BYE] = "bye",
		[SC_MESSAGE_SENT] = "sent",
		[SC_MESSAGE_DECLINE] = "decline",
		[SC_MESSAGE_DECLINED] = "declined",
	};

	return NAME_OF(names, type);
}
