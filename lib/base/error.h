/* Errors as a code and a text that says where and what to do; context is added level by level. */
#ifndef COACH_BASE_ERROR_H
#define COACH_BASE_ERROR_H

#include "lib/coach.h"

/* Fills `err` (NULL is fine; a text too long is cut between characters) and returns `code`, so that a failing function
 * can end in one line. */
int coach_fail(coach_error *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "context: " before the text that a lower level wrote, and returns the code it carries. */
int coach_fail_within(coach_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* COACH_ENOMEM with its usual text. */
int coach_fail_nomem(coach_error *err);

#endif
