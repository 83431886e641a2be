/* The engine: one event in, findings out. Pure: the caller gives the time, the same events give the same
 * findings. A finding that attention lets through is a nudge; the others say why they were held. */
#ifndef COACH_ENGINE_ENGINE_H
#define COACH_ENGINE_ENGINE_H

#include "lib/base/error.h"
#include "lib/rules/ruleset.h"
#include "lib/wire/event.h"
#include "lib/wire/nudge.h"

/* Why a finding was held back; ENGINE_SHOWN is none. */
enum engine_held {
    ENGINE_SHOWN,
    ENGINE_SHADOW,
    ENGINE_COOLDOWN,
    ENGINE_PER_CALL,
    ENGINE_BUDGET,
    ENGINE_GAP,
    ENGINE_DUPLICATE, /* the rule fired on this segment before */
    ENGINE_MUTED,
    ENGINE_QUARANTINED, /* not a finding: the rule was left out of a line that it might have matched */
    ENGINE_HELD_COUNT
};
const char *engine_held_name(enum engine_held held); /* "shadow" ...; NULL for ENGINE_SHOWN */

struct finding {
    struct nudge nudge;      /* `held` is set; texts live until the next step with the same engine */
    const struct rule *rule; /* lives with the rule set */
    enum engine_held held;
};

/* Working memory of one thread: used for any number of calls, one step at a time. */
struct engine;
struct engine *engine_new(void); /* NULL when memory is out */
void engine_free(struct engine *e);

/* The regex rules that this engine leaves out, since they hit the match limit three times in ten minutes of `now_ms`
 * (engine_step): the id of one by its index, in the order they came, or NULL. They stay out until
 * engine_end_quarantine, which is due when the rules were loaded anew. */
const char *engine_quarantined(const struct engine *e, size_t index);
void engine_end_quarantine(struct engine *e);
/* How often one of them was left out of a line that it might have matched, so far. */
uint64_t engine_left_out(const struct engine *e);

/* The state of one conversation: small, and bounded whatever the call does. */
struct call;
struct call *call_new(const char *call_id, size_t len); /* NULL when memory is out */
void call_free(struct call *c);
const char *call_id(const struct call *c);
/* Who gets the nudges; NULL until known. */
const char *call_agent(const struct call *c);
int call_set_agent(struct call *c, const char *agent_id, size_t len); /* 0 or COACH_ENOMEM */
/* Silences a rule for the rest of the call, whatever rule set is live. Returns 0, COACH_ENOMEM or
 * COACH_ELIMIT. */
int call_mute(struct call *c, const char *rule_id);
/* Bytes it holds, for figures. */
size_t call_memory(const struct call *c);

struct call_counts {
    uint64_t lines;   /* finals that were run */
    uint64_t interim; /* interim results, which are only counted */
    uint64_t repeats; /* finals that said nothing new */
    uint64_t shown;
    uint64_t held[ENGINE_HELD_COUNT];
};
const struct call_counts *call_counts(const struct call *c);

/* Runs one transcript event of call `c` through `set`; `now_ms` is its arrival on a clock that only goes
 * forward, used where the event has no times of its own. Sets `*findings` and `*count`, which live until
 * the next step with `e`. Returns 0 or COACH_ENOMEM; the call is then as if the event had not been. */
int engine_step(struct engine *e, const struct ruleset *set, struct call *c, const struct wire_event *event,
                int64_t now_ms, const struct finding **findings, size_t *count);

#endif
