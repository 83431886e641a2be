/* When findings came, over any number of replayed recordings: what interim results gain and what they cost, and how
 * late cards are, with the recogniser's share apart from ours. */
#ifndef COACH_EVAL_TIMING_H
#define COACH_EVAL_TIMING_H

#include "lib/engine/engine.h"

enum { TIMING_LATE_MS = 5000 }; /* a card that comes later than this after the words is of little use */

/* So many measurements, all in ms; 0 where there are none. */
struct timing_spread {
    uint64_t count;
    int64_t p50, p90, p99;
};

struct timing_rule {
    const char *rule; /* lives with the timing */
    uint64_t count;
};

struct timing_figures {
    uint64_t findings; /* that count, a rule's own limits considered */
    uint64_t shown;
    uint64_t held[ENGINE_HELD_COUNT];
    uint64_t by_interim;       /* findings that count and were decided by an interim result */
    struct timing_spread lead; /* of those that stood: from their decision to the arrival of the final */
    uint64_t withdrawn;        /* findings taken back */
    uint64_t withdrawn_cards;  /* of them, those that were shown */
    struct timing_spread stood;
    const struct timing_rule *withdrawn_rules; /* most first */
    size_t withdrawn_rule_count;
    /* Of cards of phrase rules: from the end of the words to the card, which is the time until the words arrived and
     * the time from there to the card. */
    struct timing_spread late, recogniser, own;
    uint64_t too_late;            /* later than TIMING_LATE_MS */
    struct timing_spread noticed; /* of cards of conversational rules: from when it was noticed to the card */
};

struct timing;
struct timing *timing_new(void); /* NULL when memory is out */
void timing_free(struct timing *t);

/* Takes note of what came of one step of a replay (replay_fn): `event` NULL for what time alone brought about, else
 * `arrival_ms` is when it arrived. Returns 0 or COACH_ENOMEM. */
int timing_add(struct timing *t, const struct wire_event *event, int64_t arrival_ms,
               const struct engine_results *results);
/* A recording has ended: its calls are not those of the next. Returns 0 or COACH_ENOMEM. */
int timing_end(struct timing *t);
/* Works out the figures of the recordings that have ended; they live until `t` is freed. Returns 0 or COACH_ENOMEM. */
int timing_figures(struct timing *t, struct timing_figures *ret);

/* Adds the figures as one JSON object of a line. Returns 0 or an error of buf_add. */
int timing_write(const struct timing_figures *f, struct buf *out);

#endif
