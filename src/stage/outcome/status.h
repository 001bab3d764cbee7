/*
 * The exit status of stagecast.
 */
#ifndef SC_STAGE_OUTCOME_STATUS_H
#define SC_STAGE_OUTCOME_STATUS_H

enum sc_exit_status {
	SC_EXIT_COMPLETE = 0, /* every node has the file */
	SC_EXIT_NOTHING = 1,  /* nothing useful was done */
	SC_EXIT_USAGE = 2,
	SC_EXIT_PARTIAL = 3, /* some nodes don't have the file */
};

#endif
