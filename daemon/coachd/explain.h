/* The last findings, for `coach explain --nudge`: what decided each, and no word of any call. */
#ifndef COACH_COACHD_EXPLAIN_H
#define COACH_COACHD_EXPLAIN_H

#include "lib/base/buf.h"
#include "lib/engine/engine.h"

enum { EXPLAIN_FINDINGS = 256, EXPLAIN_MOMENTS = 1024, EXPLAIN_SHOWN_MOMENTS = 8 };

struct explain;
struct explain *explain_new(void); /* NULL when memory is out */
void explain_free(struct explain *x);

/* Is told what happens inside the conditions of all calls; explain_call says which call it is. */
void explain_moment(struct explain *x, const struct engine_trace *trace);
/* The next steps of the engine are of this call, with these rules. */
void explain_call(struct explain *x, const struct ruleset *set, const struct call *call);
/* Keeps the findings of a step, and what it took back. The oldest are forgotten. */
void explain_keep(struct explain *x, const struct ruleset *set, const struct engine_results *results);

/* Adds the reply of type explain about a finding, the latest with this id. Returns 0; COACH_EINVAL when it is not
 * known (any more), COACH_ENOMEM. */
int explain_reply(const struct explain *x, const char *nudge_id, struct buf *out);

#endif
