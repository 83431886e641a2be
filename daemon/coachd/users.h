/* Names of Unix users, asked on a worker: a directory service may take its time, the loop may not. */
#ifndef COACH_COACHD_USERS_H
#define COACH_COACHD_USERS_H

#include <sys/types.h>

#include <uv.h>

#include "lib/base/error.h"

/* Calls `done` from the loop with the name of `uid`, which lives until it returns, or NULL when there is none.
 * Returns 0, or COACH_ENOMEM, `done` then never being called. */
int users_ask(uv_loop_t *loop, uid_t uid, void (*done)(void *user, const char *name), void *user, coach_error *err);

#endif
