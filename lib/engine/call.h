/* The state of a call, for the engine alone. Each part has a limit, and a policy at the limit. */
#ifndef COACH_ENGINE_CALL_H
#define COACH_ENGINE_CALL_H

#include "lib/base/hash.h"
#include "lib/engine/engine.h"

enum {
    CALL_SEGMENTS = 64,     /* finals remembered, to know a repeat; the oldest is forgotten */
    CALL_SEGMENT_RULES = 6, /* rules that fired on one segment; after more of them none fires on it again */
    CALL_RULES = 256,       /* rules with state; the one that fired longest ago is forgotten */
    CALL_TERMS = 256,       /* swap terms the customer used; further ones are not remembered */
    CALL_MUTED = 64
};

/* A final that was run: who and which, what it said, and which rules fired on it. */
struct call_segment {
    uint64_t id;   /* hash of role or channel and segment id */
    uint64_t text; /* hash of its text */
    uint64_t rules[CALL_SEGMENT_RULES];
    uint32_t fired;
};

/* A rule that fired in this call. */
struct call_rule {
    uint64_t key; /* of id and content: a changed rule starts afresh */
    int64_t last_ms;
    int fired;
};

struct call {
    char *id;
    char *agent;
    struct call_segment *segments; /* a ring that grows to CALL_SEGMENTS */
    uint32_t segment_count, segment_cap, segment_next;
    struct call_rule *rules;
    uint32_t rule_count, rule_cap;
    uint64_t *terms; /* rule and phrase of terms the customer used */
    uint32_t term_count, term_cap;
    uint64_t *muted; /* hashes of rule ids */
    uint32_t muted_count, muted_cap;
    uint64_t unnamed; /* lines that came without a segment id */
    bool started;
    int64_t first_arrival; /* on the caller's clock */
    int64_t now_ms;        /* the call's clock: it only goes forward */
    int64_t last_shown_ms;
    int shown;  /* cards that count against the budget */
    int praise; /* praise shown */
    struct call_counts counts;
};

/* Makes room for one more segment, and for so many more rules and terms, as far as the limits go: adding that many then
 * cannot fail. Returns 0 or COACH_ENOMEM; nothing else changes. */
int call_reserve(struct call *c, size_t rules, size_t terms);
/* The remembered segment, or NULL. */
struct call_segment *call_find_segment(struct call *c, uint64_t id);
/* Remembers a segment, for which there is room. */
struct call_segment *call_add_segment(struct call *c, uint64_t id, uint64_t text);
/* The rule's state, or NULL when it never fired. */
struct call_rule *call_find_rule(struct call *c, uint64_t key);
/* The rule's state, made if need be, for which there is room. */
struct call_rule *call_rule_state(struct call *c, uint64_t key);
bool call_has_term(const struct call *c, uint64_t term);
void call_add_term(struct call *c, uint64_t term); /* where there is room */
bool call_is_muted(const struct call *c, const char *rule_id);

#endif
