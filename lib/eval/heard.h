/* One recorded call as a scorer sees it: its lines in turns, what was found in it, which signals were heard. */
#ifndef COACH_EVAL_HEARD_H
#define COACH_EVAL_HEARD_H

#include "lib/engine/engine.h"
#include "lib/eval/recording.h"

enum { HEARD_NOWHERE = UINT32_MAX };

struct heard_line {
    const struct wire_event *event; /* the final result */
    uint32_t turn;                  /* from 0; lines of nobody known count to the turn they stand in */
};

/* A finding that counts: within the rule's own limits, and not taken back. */
struct heard_finding {
    const struct rule *rule;
    const char *said;
    uint32_t line;  /* it belongs to, or HEARD_NOWHERE when that never became final */
    uint32_t after; /* lines heard when it was decided */
    int64_t decided_ms;
    bool shown;
    bool taken_back;
    char nudge_id[NUDGE_ID + 1];
    char segment_id[WIRE_MAX_ID + 1];
};

struct heard_signal {
    int signal;
    char segment_id[WIRE_MAX_ID + 1];
};

struct heard {
    struct arena memory;
    struct heard_line *lines;
    size_t count, cap;
    struct heard_finding *findings;
    size_t finding_count, finding_cap;
    struct heard_signal *signals;
    size_t signal_count, signal_cap;
    uint32_t turns, agent_turns;
};

/* Runs the `n` events of one call, which must outlive `ret`. With `attention` findings may be held and only those that
 * went out are `shown`; without, all that count are. Returns 0 or COACH_ENOMEM; `ret` is always safe to clear. */
int heard_run(struct heard *ret, const struct wire_event *events, size_t n, const struct ruleset *set, bool attention);
void heard_clear(struct heard *h);

/* The line of a segment, or HEARD_NOWHERE. */
uint32_t heard_find(const struct heard *h, const char *segment_id);
/* The first line of the turn that a line stands in. */
uint32_t heard_turn_begin(const struct heard *h, uint32_t line);

#endif
