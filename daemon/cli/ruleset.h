/* The rules that a command works with, loaded and reported alike everywhere. */
#ifndef COACH_CLI_RULESET_H
#define COACH_CLI_RULESET_H

#include "daemon/base/options.h"
#include "daemon/base/rulefiles.h"

struct loaded {
    struct rulefiles files;
    struct diags problems;
    struct ruleset *set; /* NULL when the files hold an error */
};

/* Loads the set of `rules` (none: the shipped pack). When the files hold an error they are printed on stderr and
 * CLI_UNUSABLE is returned; CLI_OK otherwise. Always clear it. */
int loaded_read(struct loaded *l, const char *command, const struct option_list *rules, const char *languages);
void loaded_clear(struct loaded *l);

#endif
