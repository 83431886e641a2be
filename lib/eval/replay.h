/* A recording through the engine: what the daemon would have done, the same on every run. */
#ifndef COACH_EVAL_REPLAY_H
#define COACH_EVAL_REPLAY_H

#include "lib/engine/engine.h"
#include "lib/eval/recording.h"

/* Told of each event in file order, with what came of it: findings, withdrawals, whether coaching can see the call.
 * `event` is NULL for what time alone brought about, before the next event or at the end of a call that nothing ended.
 * `results` live until it returns. */
typedef void (*replay_fn)(void *user, const struct call *call, const struct wire_event *event,
                          const struct engine_results *results);

struct replay_options {
    const char *agent_id;     /* of calls that name none */
    int64_t lag_ms;           /* how much later than recorded every line arrives */
    bool ignore_attention;    /* engine_ignore_attention */
    engine_observer observer; /* or NULL */
    void *observer_user;
};

/* Replays every call of the recording, each to its end; a call without a call_end ends with its last event. Time passes
 * between events as it does live. Returns 0 or COACH_ENOMEM. */
int replay_run(const struct recording *recording, const struct ruleset *set, const struct replay_options *options,
               replay_fn fn, void *user);

#endif
