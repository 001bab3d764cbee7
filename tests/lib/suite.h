/*
 * A CUnit suite as a program: main is one call.
 */
#ifndef SC_TESTS_SUITE_H
#define SC_TESTS_SUITE_H

#include <CUnit/CUnit.h>

/* Run the tests (ended by CU_TEST_INFO_NULL) and print each one's verdict.
 * Returns the exit status of the program: 0 if all passed. */
int sc_run_suite(const char *name, CU_TestInfo *tests);

#endif
