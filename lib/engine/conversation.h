/* Conditions over a conversation: sentences 13 to 48. */
#ifndef COACH_ENGINE_CONVERSATION_H
#define COACH_ENGINE_CONVERSATION_H

#include "lib/engine/step.h"

enum { CONVERSATION_SIGNALS = 96 }; /* of a line, those with conditions among them; further ones are not heard */
/* A signal in a line. */
struct conversation_signal {
    int number;
    size_t from; /* where its match begins, to order those of a line */
};

/* A line was spoken; the turn that it ended, if any, has been ended. `signals` are those heard in it, ordered by place;
 * `own` are its words. */
void conversation_line(struct step *s, const struct call_line *line, const struct conversation_signal *signals,
                       size_t count, const struct words *own);
/* A line was heard again with other words: signals not heard in it before. */
void conversation_revised(struct step *s, const struct call_line *line, const struct conversation_signal *signals,
                          size_t count);
/* Somebody spoke from `start_ms` to `end_ms`: a silence that was noted may not have been one. */
void conversation_spoke(struct step *s, int64_t start_ms, int64_t end_ms);
/* The turn ended. */
void conversation_turn_ended(struct step *s, const struct call_turn *turn);
/* The call ends; the turn has ended. */
void conversation_ended(struct step *s);

/* What time alone decides. */
struct timer {
    int64_t due_ms;  /* when it is so */
    int64_t ripe_ms; /* when nothing can be expected any more to show otherwise; INT64_MAX: while somebody speaks */
    uint32_t node;
};
/* The earliest by `ripe_ms`, or when `evidence_ms` is later than the earliest `due_ms`, that one: false when there is
 * none. */
bool conversation_next(const struct call *c, const struct ruleset *set, int64_t evidence_ms, struct timer *ret);
/* Decides it. */
void conversation_decide(struct step *s, const struct timer *t);
/* How long after `due_ms` a thing that was not said is taken as not said; INT64_MAX while a side of `sides` (bit 0
 * agent, bit 1 customer, both for either) speaks that had begun by then. */
int64_t conversation_ripe(const struct call *c, unsigned sides, int64_t due_ms);

#endif
