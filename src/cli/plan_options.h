/*
 * Options of the plan, which stagecast and stagecast-sim share.
 */
#ifndef SC_CLI_PLAN_OPTIONS_H
#define SC_CLI_PLAN_OPTIONS_H

#include "cli/option.h"

/* For SC_TABLE: of struct sc_plan_request. */
extern const struct sc_option sc_plan_options[];

#endif
