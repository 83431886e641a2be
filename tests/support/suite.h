/* The end of every unit test program. */
#ifndef COACH_TESTS_SUITE_H
#define COACH_TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define SUITE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SUITE_SANITIZED 1
#endif
#endif

/* Each so manieth item of a very long comparison: a share under a sanitizer, all in the other builds. */
#ifdef SUITE_SANITIZED
enum { SUITE_SHARE = 5 };
#else
enum { SUITE_SHARE = 1 };
#endif

/* An assertion for where there are millions: those of Check write a line of their own each time that they hold. */
#define suite_assert(holds, ...)                                                                                       \
    do {                                                                                                               \
        if (!(holds))                                                                                                  \
            ck_abort_msg(__VA_ARGS__);                                                                                 \
    } while (0)

/* A case of the suite for tests that take minutes under valgrind: they are left out there. */
__attribute__((unused)) static TCase *suite_large(Suite *s)
{
    TCase *t = tcase_create("large");
    tcase_set_tags(t, "large");
    tcase_set_timeout(t, 300);
    suite_add_tcase(s, t);
    return t;
}

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
