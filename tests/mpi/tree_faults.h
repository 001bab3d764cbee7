/*
 * One rank of a test of what comes after the run, under faults: the gathering of results
 * and the dismissal of ranks that take no part.
 */
#ifndef SC_TESTS_MPI_TREE_FAULTS_H
#define SC_TESTS_MPI_TREE_FAULTS_H

/* Returns the exit status, or ends the process. */
int sc_tree_faults(const char *scenario, int argc, char **argv);

#endif
