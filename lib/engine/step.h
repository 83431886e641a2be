/* What the parts of a step share: for the engine alone. A step works on a call that was saved before; when memory runs
 * out in it, `rc` says so, and the call is put back. */
#ifndef COACH_ENGINE_STEP_H
#define COACH_ENGINE_STEP_H

#include "lib/base/arena.h"
#include "lib/engine/call.h"
#include "lib/engine/quarantine.h"
#include "lib/rules/scanner.h"

/* A finding on its way: what it is about. */
struct candidate {
    const struct rule *rule;
    const struct hit *hit; /* NULL for a condition */
    struct wire_text text; /* that was scanned: the end of the turn before, and the segment's own */
    size_t seam;           /* bytes of it that are not the segment's own */
    struct wire_text segment_id;
    const struct when_node *node; /* NULL for phrases */
    int64_t at_ms;                /* of the card */
    int64_t end_ms;               /* of the deciding line, or COACH_NO_TIME */
    int64_t timed_ms;             /* for the rule's own limits (57) */
    int64_t due_ms;               /* from when the card grows stale */
    uint64_t segment;             /* hash of side and segment id; 0 for a condition */
    bool interim;                 /* decided by an interim result */
    bool undoable;                /* a late line may take it back */
    struct place opened;          /* where the condition's window opened */
    uint64_t latch, identity;     /* filled by cards_add: by which it is known to have fired, and its id to be used */
    struct nudge nudge;           /* filled by cards_add */
};

struct blocks {
    char **items;
    size_t count, cap;
};

struct engine {
    struct scanner *scanner;
    struct quarantine quarantine;
    struct words words;      /* of the text that is scanned */
    struct words turn_words; /* of the whole turn, when an `unless` has to see it */
    struct words own_words;  /* of the segment alone */
    struct buf text;         /* that is scanned */
    struct arena texts;      /* of the findings of one step */
    struct buf saved;        /* the call before the step */
    struct blocks gone;      /* texts of cards that waited, freed with the next step */
    struct blocks fresh;     /* texts of cards that wait since this step */
    struct candidate *candidates;
    size_t candidate_count, candidate_cap;
    struct finding *findings;
    size_t count, cap;
    struct withdrawal *withdrawn;
    size_t withdrawn_count, withdrawn_cap;
    bool sight_changed;
    bool ignore_attention;
    engine_observer observer;
    void *observer_user;
    char segment_id[32]; /* of a line that came without one */
};

struct line_signals;
struct step {
    struct engine *e;
    const struct ruleset *set;
    struct call *c;
    int64_t arrival_ms;        /* the caller's clock */
    bool line_comes;           /* a line is about to be heard that may make cards needless: they wait for it */
    struct line_signals *line; /* of the line that conditions are told of; NULL while time passes */
    int rc;
};

/* Room for one more item of an engine's array. Returns false, and sets `rc`, when memory is out. */
bool step_room(struct step *s, void *items, size_t count, size_t *cap, size_t size);

/* Adds what was found to the candidates, with its card filled in. */
void cards_add(struct step *s, const struct candidate *found);
/* Decides about all candidates together: the rule's own limits first, then attention. */
void attention_settle(struct step *s);
/* Lets out what may go out now, and holds what no longer can. */
void attention_release(struct step *s);
/* Holds all cards that still wait: the call is over. */
void attention_end(struct step *s);
/* When attention_release next has something to do, on the call's clock; INT64_MAX for never. */
int64_t attention_wake(const struct call *c, const struct rule_limits *limits);
/* The agent did what signal `number` stands for: cards that wait for nothing else are dropped (62). */
void attention_said(struct step *s, int number);
/* Takes back what an interim result of a segment decided, but for the rules that `confirmed` has. */
void attention_revise(struct step *s, uint64_t segment, const uint64_t *confirmed, size_t count);
/* Takes back one of the call's standing findings. */
void attention_undo(struct step *s, uint32_t standing);
/* Whether an interim result of the segment decided for the rule. */
bool attention_stands(const struct call *c, uint64_t segment, uint64_t rule_key);

#endif
