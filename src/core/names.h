/*
 * What the kinds of events, actions and messages are called in traces: the names of the
 * enumerators, in lower case.
 */
#ifndef SC_CORE_NAMES_H
#define SC_CORE_NAMES_H

#include "core/action.h"
#include "core/event.h"

#include <stdint.h>

/* "chunk_arrived", "send", "copy_failed", "together", ...  NULL: there is no such number. */
const char *sc_event_name(enum sc_event_what);
const char *sc_action_name(enum sc_action_what);
const char *sc_report_name(enum sc_report_what);
const char *sc_leave_name(enum sc_leave);

/* "credit", ... for the second byte of a control message.  NULL: there is no such type. */
const char *sc_message_name(uint8_t type);

#endif
