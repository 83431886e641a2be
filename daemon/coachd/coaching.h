/* Where writers, engine and agents meet: lines and time go into the engine, and what comes out goes to the agents. Each
 * of these takes the `struct server` as its `user`. */
#ifndef COACH_COACHD_COACHING_H
#define COACH_COACHD_COACHING_H

#include <stdbool.h>

#include "daemon/coachd/calls.h"
#include "daemon/coachd/config.h"
#include "daemon/coachd/ingest.h"

struct server;

/* For ingest_handler. */
int coaching_on_event(void *user, struct ingest_binding *b, const struct wire_event *event);
void coaching_on_writer_ended(void *user, struct ingest_binding *b);
/* For calls_init: the call's last findings go out before its end is told. */
void coaching_on_call_end(void *user, struct live_call *c, enum call_end why);
/* For engine_observe. */
void coaching_on_moment(void *user, const struct engine_trace *trace);
/* For subscribers_handler. */
int coaching_on_mute(void *user, const char *agent_id, const char *call_id, const char *rule, coach_error *err);
void coaching_on_state(void *user, const char *agent_id, enum wire_state state);

/* Another rule set is live, or the first: every call's wake is looked up again. */
void coaching_rules_changed(struct server *s);
/* Whether calls are recorded whatever their queue. */
bool coaching_records_all(const struct config *c);

/* What the live calls are like, together. Walks all of them. */
struct coaching_sights {
    uint64_t blind;         /* calls that coaching cannot see */
    uint64_t without_times; /* calls in which a line came without times */
    uint64_t clocks_differ; /* calls whose two sides' clocks seem to differ */
    int64_t largest_skew_ms;
};
void coaching_look(const struct server *s, struct coaching_sights *ret);

#endif
