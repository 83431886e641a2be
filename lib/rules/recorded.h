/* Signals that the record of a call knows by their names: of use to it though no rule stands on them. */
#ifndef COACH_RULES_RECORDED_H
#define COACH_RULES_RECORDED_H

enum recorded {
    RECORDED_UPSET, /* what the customer says: triggers, first in this order */
    RECORDED_ANGRY,
    RECORDED_LEAVE,
    RECORDED_SUPERVISOR,
    RECORDED_REFUSAL, /* what the agent says: a policy or a no */
    RECORDED_PROMISE, /* what was promised */
    RECORDED_NOT
};

/* What the record takes a signal of this name for. */
enum recorded recorded_of(const char *signal);

#endif
