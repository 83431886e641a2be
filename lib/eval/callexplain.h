/* Why a rule fired in a recorded call, or did not: the lines that matter to it, what happened inside its condition, and
 * what became of each finding, in the order of the call. */
#ifndef COACH_EVAL_CALLEXPLAIN_H
#define COACH_EVAL_CALLEXPLAIN_H

#include "lib/engine/engine.h"
#include "lib/eval/recording.h"
#include "lib/rules/anatomy.h"

enum callexplain_kind {
    CALLEXPLAIN_CALL,      /* a call begins; `text` is its id */
    CALLEXPLAIN_LINE,      /* a line that matters: `event`; an interim result where that decided something */
    CALLEXPLAIN_NOTE,      /* of the line before it, why the rule is silent there */
    CALLEXPLAIN_MOMENT,    /* something inside its condition: `moment`, and for some `value` */
    CALLEXPLAIN_FINDING,   /* `finding` */
    CALLEXPLAIN_WITHDRAWN, /* a finding is taken back */
    CALLEXPLAIN_END        /* the call has ended; `text` sums up */
};

/* All of it lives until the callback returns. */
struct callexplain_entry {
    enum callexplain_kind kind;
    const char *call_id;
    const char *text; /* in plain words */
    int64_t at_ms;    /* on the call's clock, or COACH_NO_TIME */
    const struct wire_event *event;
    const struct finding *finding;
    enum engine_moment moment;
    int64_t value;
    uint64_t fired, shown; /* of CALLEXPLAIN_END */
};
typedef void (*callexplain_fn)(void *user, const struct callexplain_entry *entry);

struct callexplain_options {
    const struct anatomy *anatomy; /* of the same files as the set */
    const struct rule *rule;
    const char *call_id;  /* NULL: all calls */
    const char *agent_id; /* of calls that name none */
};

/* Replays the recording and tells `fn` what matters to the rule, call after call as they come. `*calls` is how many
 * were told of. Returns 0 or COACH_ENOMEM. */
int callexplain_run(const struct recording *recording, const struct ruleset *set,
                    const struct callexplain_options *options, callexplain_fn fn, void *user, size_t *calls);

#endif
