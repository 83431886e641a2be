/* Conversational conditions (`when:`) as the engine runs them: compiled, with names resolved. What they mean is
 * rules/conversations.md; numbers in comments are its sentences. */
#ifndef COACH_RULES_CONVERSATION_H
#define COACH_RULES_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/coach.h"

enum when_verb {
    WHEN_AFTER,
    WHEN_AT,
    WHEN_SEQUENCE,
    WHEN_COUNT,
    WHEN_OVERLAP,
    WHEN_SILENCE,
    WHEN_MONOLOGUE,
    WHEN_PACE,
    WHEN_QUESTIONS
};

/* "2 agent turns or 25s": the earlier of the parts that are set. */
struct when_window {
    bool same_turn;
    int turns;       /* of either side; 0: none */
    int agent_turns; /* 0: none */
    int64_t time_ms; /* 0: none */
};

enum {
    WHEN_SEQUENCE_MAX = 8, /* signals of a sequence */
    WHEN_COUNT_MAX = 20,   /* at_least and times: each is remembered in every call */
    WHEN_NONE = -1         /* no such signal */
};

/* One condition, of a rule or of a signal. Signals are named by their number in the set. */
struct when_node {
    enum when_verb verb;
    uint32_t index; /* in the set */
    bool of_signal;
    uint32_t owner;            /* number of the signal, or index of the rule, whose condition it is */
    uint64_t key;              /* of what it means: state of a call outlives a reload where it is the same */
    struct when_window window; /* all parts 0 where there is none */
    int opens;                 /* signal: after, at or count; WHEN_NONE: of at, the call's end */
    int without;               /* signal, or WHEN_NONE */
    int since;                 /* of at: signal, or WHEN_NONE (then the window, or the call's start) */
    int cancel;                /* of a sequence: signal, or WHEN_NONE */
    int sequence[WHEN_SEQUENCE_MAX];
    int sequence_count;
    int at_least;       /* of count and questions; of overlap its `times`, 1 where there is none */
    int64_t longer_ms;  /* of silence, monologue; overlap's `lasting`, pace's `over` */
    int words_a_minute; /* of pace */
    coach_role over;    /* of overlap: who talks over the other; of monologue: who talks */
    uint32_t slot;      /* the first of its places in the state of a call */
    uint32_t slots;     /* how many: 1, the length of a sequence, or at_least */
};

struct ruleset;
/* Conditions so ordered that one which a signal's condition feeds comes after it. */
size_t ruleset_node_count(const struct ruleset *set);
const struct when_node *ruleset_node(const struct ruleset *set, size_t index);
/* Places of all conditions together. */
size_t ruleset_slots(const struct ruleset *set);
/* Signals, numbered from 0; each is a `struct rule` with is_signal. */
size_t ruleset_signal_count(const struct ruleset *set);
const struct rule *ruleset_signal(const struct ruleset *set, size_t number);
/* The conditions that a signal may change, as indices of nodes in ascending order. */
const uint32_t *ruleset_listeners(const struct ruleset *set, size_t signal, size_t *count);
/* The condition of a rule or signal; NULL for one of phrases, and for a disabled rule, whose condition is not run. */
const struct when_node *ruleset_node_of(const struct ruleset *set, const struct rule *rule);

#endif
