/* Rule files, read again whenever one of them is saved. */
#ifndef COACH_CLI_REWATCH_H
#define COACH_CLI_REWATCH_H

#include "daemon/base/options.h"
#include "lib/rules/ruleset.h"

/* Called with each rule set that could be built; it is gone when this returns. */
typedef void (*rewatch_fn)(void *user, const struct ruleset *set);

/* Builds the set of `rules` (none: the shipped pack) and calls `fn`, then again after each change, until a signal or
 * nobody reads the output any more. What is wrong with the files goes to stderr in place of the verdict. Returns
 * CLI_OK, or CLI_UNUSABLE when a path cannot be read at the beginning. */
int rewatch_run(const char *command, const struct option_list *rules, const char *languages, rewatch_fn fn, void *user);

#endif
