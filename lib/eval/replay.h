/* A recording through the engine: what the daemon would have done, the same on every run. */
#ifndef COACH_EVAL_REPLAY_H
#define COACH_EVAL_REPLAY_H

#include "lib/engine/engine.h"
#include "lib/eval/recording.h"

/* Told of each event in file order, with what was found in it (nothing but for a transcript). Findings live until it
 * returns. */
typedef void (*replay_fn)(void *user, const struct wire_event *event, const struct finding *findings, size_t count);

/* Replays every call of the recording. A call that names no agent is `agent_id`'s. Returns 0 or COACH_ENOMEM. */
int replay_run(const struct recording *recording, const struct ruleset *set, const char *agent_id, replay_fn fn,
               void *user);

#endif
