/* coach explain, its three ways: a rule and a line, a rule and a recorded call, and a nudge that a daemon sent. */
#ifndef COACH_CLI_EXPLAIN_H
#define COACH_CLI_EXPLAIN_H

#include <stdbool.h>

#include "daemon/base/options.h"

struct explain_values {
    struct option_list rules;
    const char *languages, *role;
    const char *call, *call_id; /* a file; NULL: all its calls */
    const char *nudge, *runtime_dir;
    bool json, regex;
};

/* Each returns an exit code. */
int explain_call(const struct explain_values *v, const char *rule);
int explain_nudge(const struct explain_values *v);

#endif
