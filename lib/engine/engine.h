/* The engine: events of a call in, findings out. Pure: the caller gives the time, the same events give the same
 * findings. A finding that attention lets through is a nudge; the others say why they were held. What it does is
 * rules/conversations.md, sentence by sentence. */
#ifndef COACH_ENGINE_ENGINE_H
#define COACH_ENGINE_ENGINE_H

#include "lib/base/error.h"
#include "lib/rules/conversation.h"
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
    ENGINE_STALE,
    ENGINE_DUPLICATE, /* the rule fired on this segment before */
    ENGINE_SAID_ALREADY,
    ENGINE_QUIETED,
    ENGINE_MUTED,
    ENGINE_NO_AGENT,
    ENGINE_QUARANTINED, /* not a finding: the rule was left out of a line that it might have matched */
    ENGINE_HELD_COUNT
};
const char *engine_held_name(enum engine_held held); /* "shadow" ...; NULL for ENGINE_SHOWN */
/* Whether it is a rule's own limit, so that no finding counts (55), rather than the call's attention. */
bool engine_is_limit(enum engine_held held);

struct finding {
    struct nudge nudge;      /* `held` is set; texts live until the next step with the same engine */
    const struct rule *rule; /* lives with the rule set */
    enum engine_held held;
    bool interim;       /* decided by an interim result */
    int64_t decided_ms; /* on the call's clock: when it was found; nudge.at_ms is what it is about */
    int64_t out_ms;     /* on the call's clock: when it was shown or held */
};

/* A nudge, or a finding that was held, is taken back. */
enum engine_reason { ENGINE_REVISED, ENGINE_TAKEN_BACK };
const char *engine_reason_name(enum engine_reason reason); /* "revised", "said_already" */
struct withdrawal {
    char nudge_id[NUDGE_ID + 1];
    const char *rule;     /* lives until the next step, like all texts here */
    const char *agent_id; /* NULL when nobody had it */
    enum engine_reason reason;
    bool shown; /* the agent may have seen it: a `withdrawn` line is due */
};

/* Whether coaching can see the call. */
enum engine_sight { ENGINE_SEES, ENGINE_NO_LINES, ENGINE_ONE_SIDED, ENGINE_CLOCK_JUMPED };

/* What a step gave: valid until the next step with the same engine. */
struct engine_results {
    const struct finding *findings; /* in the order in which they went out or were held */
    size_t count;
    const struct withdrawal *withdrawn;
    size_t withdrawn_count;
    bool sight_changed; /* tell the agent */
    enum engine_sight sight;
};

/* What happens inside conversational conditions, for `coach explain`. */
enum engine_moment {
    ENGINE_HEARD,      /* signal `signal` was heard */
    ENGINE_OPENED,     /* the condition's window opened */
    ENGINE_ADVANCED,   /* one more of a sequence, a count, an overlap or a run of questions; `value` of them now */
    ENGINE_CANCELLED,  /* `signal` was heard: nothing comes of it */
    ENGINE_EXPIRED,    /* what was collected is too old */
    ENGINE_CLOSED,     /* the window closed */
    ENGINE_FIRED,      /* the condition came true */
    ENGINE_MEASURED,   /* `value`: ms of an overlap, a silence or a monologue, or words a minute */
    ENGINE_STOOD_DOWN, /* it would have fired: hold or look-up, an excuse that was heard, clocks that differ */
    ENGINE_SKIPPED,    /* the call has lines without times */
    ENGINE_DROPPED,    /* the call ended first */
    ENGINE_TOOK_BACK   /* fired, and a line that began before the window closed undid it */
};
const char *engine_moment_name(enum engine_moment moment); /* "heard", "opened" ..., for programs */
struct engine_trace {
    enum engine_moment moment;
    const struct when_node *node; /* NULL for ENGINE_HEARD */
    int signal;                   /* or WHEN_NONE */
    int64_t at_ms;                /* on the call's clock */
    int64_t value;
    const char *segment_id; /* of the line it happened in, or NULL; lives until the observer returns */
};
typedef void (*engine_observer)(void *user, const struct engine_trace *trace);

/* Working memory of one thread: used for any number of calls, one step at a time. */
struct engine;
struct engine *engine_new(void); /* NULL when memory is out */
void engine_free(struct engine *e);
/* Has every finding that counts go out at once, whatever the agent's attention (58 to 62) would do with it. */
void engine_ignore_attention(struct engine *e, bool ignore);
/* Tells `fn` what happens inside conditions from now on; NULL ends it. */
void engine_observe(struct engine *e, engine_observer fn, void *user);

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
/* What the agent's desktop says it is doing, from `now_ms` on (as of engine_step). */
enum call_activity { CALL_TALKING, CALL_ON_HOLD, CALL_LOOKING_UP };
void call_set_activity(struct call *c, enum call_activity activity, int64_t now_ms);
/* Bytes it holds, for figures. */
size_t call_memory(const struct call *c);

struct call_counts {
    uint64_t lines;     /* finals that were run */
    uint64_t interim;   /* interim results that were run */
    uint64_t late;      /* interim results that came after their final, or out of order, and were not */
    uint64_t repeats;   /* finals that said nothing new */
    uint64_t withdrawn; /* findings that were taken back */
    uint64_t shown;
    uint64_t held[ENGINE_HELD_COUNT];
};
const struct call_counts *call_counts(const struct call *c);
/* Whether a line came without times, so that rules which need them are left out (48). */
bool call_is_untimed(const struct call *c);
/* By how much the clocks of the two sides may differ, in ms; 0 when nothing speaks for it (39). */
int64_t call_skew(const struct call *c);
enum engine_sight call_sight(const struct call *c);
const char *engine_sight_name(enum engine_sight sight); /* "no lines", ... for people; NULL for ENGINE_SEES */

/* Runs one transcript event of call `c` through `set`; `now_ms` is its arrival on a clock that only goes
 * forward, used where the event has no times of its own. Fills `*ret`. Returns 0 or COACH_ENOMEM; the call is then as
 * if the event had not been, and `*ret` is empty. */
int engine_step(struct engine *e, const struct ruleset *set, struct call *c, const struct wire_event *event,
                int64_t now_ms, struct engine_results *ret);
/* Lets time pass until `now_ms`, on the same clock. */
int engine_tick(struct engine *e, const struct ruleset *set, struct call *c, int64_t now_ms,
                struct engine_results *ret);
/* When engine_tick next has something to do, on the same clock; INT64_MAX for never. */
int64_t engine_wake(const struct engine *e, const struct ruleset *set, const struct call *c);
/* The call ends (20, 29): the last findings. Nothing but call_free may follow. */
int engine_end(struct engine *e, const struct ruleset *set, struct call *c, int64_t now_ms, struct engine_results *ret);

#endif
