/* The end of every unit test program. */
#ifndef COACH_TESTS_SUITE_H
#define COACH_TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

/* Runs a suite, with Check's own environment variables in force, and frees it; returns the exit code. */
__attribute__((unused)) static int suite_run(Suite *s)
{
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
