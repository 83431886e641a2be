/* A recorded call as a call test: what was said, with what the rules find in it today. */
#ifndef COACH_EVAL_CALLRECORD_H
#define COACH_EVAL_CALLRECORD_H

#include "lib/eval/recording.h"
#include "lib/rules/ruleset.h"

/* Adds a test, as an item of the list below `tests:`, whose times are as coarse as they can be without another finding
 * when it runs with `set`. Final results and states are taken, in the order of the recording. Returns 0; COACH_EINVAL
 * when the recording has no line of the call; COACH_ELIMIT when its times cannot be written, since a line ends before
 * the one above it begins; COACH_ENOMEM. On error `out` is unchanged. */
int callrecord_write(const struct recording *recording, const char *call_id, const struct ruleset *set,
                     struct buf *out);

#endif
