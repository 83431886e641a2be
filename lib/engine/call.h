/* The state of a call, for the engine alone. Each part has a limit, and a policy at the limit. */
#ifndef COACH_ENGINE_CALL_H
#define COACH_ENGINE_CALL_H

#include "lib/base/buf.h"
#include "lib/base/hash.h"
#include "lib/engine/engine.h"

enum {
    CALL_SEGMENTS = 64, /* finals remembered, to know a repeat; the oldest is forgotten */
    CALL_RULES = 256,   /* rules with state; the one that fired longest ago is forgotten */
    CALL_TERMS = 256,   /* swap terms the customer used; further ones are not remembered */
    CALL_MUTED = 64,
    CALL_FIRED = 512,  /* findings remembered so that none comes twice; after that none comes any more */
    CALL_LINES = 24,   /* finals with their times; the oldest is forgotten */
    CALL_OPEN = 4,     /* segments with interim results, of all sides together; the stillest is taken as final */
    CALL_PENDING = 4,  /* cards that wait; the least of more is held */
    CALL_STANDING = 8, /* findings that may yet be taken back; the oldest stands */
    CALL_PACES = 32,   /* lines of the agent of which pace is taken */
    CALL_ANSWERS = 16, /* answers of each side, of which skew is taken */
    CALL_TURN_TEXT = 1024,
    CALL_SEAM = 256,           /* bytes of the turn so far in which a phrase may begin */
    CALL_OPEN_TEXT = 8 * 1024, /* bytes of an interim result that are kept */
    CALL_OPEN_MATCHES = 8,     /* of the interim result before */
    CALL_OVERLAPS = 32,        /* overlap conditions that remember what they counted; further ones count again */
    CALL_TURN_GAP_MS = 2000,   /* of silence end a turn (7) */
    CALL_OPEN_GAP_MS = 5000,   /* without a further result an open segment is final (53) */
    CALL_LONG_MS = 15000,      /* for which a silence is doubted where lines come without interim results */
    CALL_BLIND_MS = 20000      /* without a line, and the agent is told */
};

/* Where in a call something was heard. */
struct place {
    int64_t start_ms, end_ms;
    uint32_t turn;       /* turns begun by then */
    uint32_t agent_turn; /* turns of the agent begun by then */
    uint32_t line;       /* its number, from 1; 0: never */
    bool in_turn;        /* it belongs to a turn: it is no back-channel beside one */
};

/* A final that was run: who and which, what it said, and the number of its line. */
struct call_segment {
    uint64_t id;   /* hash of role or channel and segment id */
    uint64_t text; /* hash of its text */
    uint32_t line; /* 0: it had no words, or was nobody's */
};

/* A rule with something to remember. */
struct call_rule {
    uint64_t key;     /* of id and content: a changed rule starts afresh */
    int64_t last_ms;  /* when it fired, or COACH_NO_TIME */
    int64_t quiet_ms; /* silenced by another until then, or COACH_NO_TIME */
    int fired;
};

/* A line: a final with its times. */
struct call_line {
    struct place place;
    coach_role role;
    bool quiet;        /* nothing but back-channels */
    bool timed;        /* it came with both its times */
    uint32_t overlaps; /* bits of the overlap conditions that counted it */
    char segment[WIRE_MAX_ID + 1];
};

/* What a signal remembers. */
struct call_signal {
    uint64_t key;
    struct place last; /* heard last */
};

/* What a condition remembers; its places are in an array of their own. */
struct call_node {
    uint64_t key;
    uint32_t slot, slots; /* its places */
    uint32_t count;       /* places in use, in the order of time */
    bool open;            /* after: a window is open, from its first place */
    bool fired;           /* after: it closed, and late lines may undo it; pace: it is above */
    uint32_t turn;        /* pace: of which it was taken */
    uint32_t backoff;     /* silence: how many times T the next one must last; 0 is 1 */
};

/* An interim result: the latest of its segment. */
struct call_open {
    uint64_t id; /* 0: free */
    uint64_t side;
    coach_role role;
    bool unnamed; /* its source gives no segment ids */
    bool timed;
    char segment[WIRE_MAX_ID + 1];
    struct buf text;
    int64_t start_ms, end_ms; /* of the source, or when it was heard */
    int64_t heard_ms;         /* on the call's clock */
    int64_t seq;
    uint64_t matches[CALL_OPEN_MATCHES]; /* what matched in it */
    uint32_t match_count;
};

/* A card that waits, with its texts in one block. */
struct call_pending {
    struct nudge nudge;
    char *block;
    size_t block_size;
    enum rule_severity severity;
    int without; /* the signal that makes it needless, by its number and the rule set's; WHEN_NONE */
    bool interim;
    int64_t decided_ms, deadline_ms;
    uint64_t order;
};

/* A finding that may be taken back. */
struct call_standing {
    char nudge_id[NUDGE_ID + 1];
    char rule[65];
    uint64_t rule_key;
    uint64_t segment; /* hash of an interim's segment; 0 for conditions */
    uint64_t node;    /* key of the condition; 0 for interims */
    uint64_t latch;   /* of the finding */
    struct place
        opened; /* where the condition's window opened; of a silence from when to when, and the back-off before */
    int64_t fired_ms, before_ms; /* call_rule.last_ms since and before */
    bool shown;
};

struct call_pace {
    int32_t ms;
    int32_t words;
    uint32_t turn;
};

/* The latest turn. */
struct call_turn {
    coach_role role;
    bool open;      /* it has not ended yet, as far as is known */
    uint32_t index; /* from 1; 0: none yet */
    uint32_t agent_index;
    int64_t start_ms, end_ms;
    char segment[WIRE_MAX_ID + 1]; /* of its first line */
};

enum call_array {
    ARRAY_SEGMENTS,
    ARRAY_RULES,
    ARRAY_TERMS,
    ARRAY_FIRED,
    ARRAY_LINES,
    ARRAY_SIGNALS,
    ARRAY_NODES,
    ARRAY_PLACES,
    ARRAYS
};
struct array {
    void *items;
    uint32_t count, cap;
};

struct call {
    char *id;
    char *agent;
    struct array arrays[ARRAYS];
    uint64_t *muted; /* hashes of rule ids */
    uint32_t muted_count, muted_cap;
    char rules_hash[17];              /* of the set that signals and nodes are of */
    uint32_t segment_next, line_next; /* of the rings */

    bool started;
    int64_t now_ms;                    /* the call's clock: it only goes forward */
    int64_t anchor_ms, anchor_arrival; /* the latest line on both clocks */
    int64_t first_ms;                  /* the clock at the first line */
    int64_t heard_ms;                  /* the clock at the last line or interim result */
    int64_t longest_ms;                /* that a line lasted, up to CALL_LONG_MS */
    int64_t speech_ms;                 /* the end of the last words, or COACH_NO_TIME */
    uint64_t unnamed;                  /* lines that came without a segment id */
    uint32_t line_count;               /* finals with words */
    uint32_t turns, agent_turns;       /* begun */
    uint32_t side_turn[2];             /* the latest of agent and customer */
    struct call_turn turn;
    char turn_text[CALL_TURN_TEXT + 1]; /* what the latest turn said, its end */
    uint32_t turn_text_len;
    struct call_open open[CALL_OPEN];
    bool saw_interims;
    bool untimed;
    struct call_pace paces[CALL_PACES];
    uint32_t pace_count;
    int32_t answers[2][CALL_ANSWERS]; /* ms between the turn of the other side and the agent's, the customer's */
    uint32_t answer_count[2];
    uint32_t side_lines[2];
    enum call_activity activity;
    int64_t away_ms; /* the clock when it went on hold or began to look up */
    int64_t back_ms; /* the clock when the agent came back from hold or look-up, or COACH_NO_TIME */
    enum engine_sight sight;

    struct call_pending pending[CALL_PENDING];
    uint32_t pending_count;
    uint64_t pending_order;
    struct call_standing standing[CALL_STANDING];
    uint32_t standing_count;
    int64_t last_shown_ms;
    bool any_shown;
    int shown;  /* cards that count against the budget */
    int praise; /* praise shown */
    struct call_counts counts;
};

/* The call's clock when the caller's is `now_ms` (2); as it was when that is COACH_NO_TIME. */
int64_t call_clock(const struct call *c, int64_t now_ms);
/* Makes room for `more` items in an array, as far as `most` goes. Returns 0, or COACH_ENOMEM and nothing changed. */
int call_reserve(struct call *c, enum call_array array, size_t more, size_t most);
/* The items of an array. */
#define CALL_ITEMS(c, array, type) ((type *)(c)->arrays[array].items)

/* Copies what a step may change into `to`, and back. Arrays may have grown meanwhile. `to` is reused. Returns 0 or
 * COACH_ENOMEM. */
int call_save(const struct call *c, struct buf *to);
void call_restore(struct call *c, const struct buf *from);

/* Has the call remember signals and conditions of this set; what is the same in it keeps its state. Returns 0 or
 * COACH_ENOMEM, nothing then changed. */
int call_adopt(struct call *c, const struct ruleset *set);

/* The remembered segment, or NULL. */
struct call_segment *call_find_segment(struct call *c, uint64_t id);
/* Remembers a segment, for which there is room. */
struct call_segment *call_add_segment(struct call *c, uint64_t id, uint64_t text);
/* The rule's state, or NULL when there is none. */
struct call_rule *call_find_rule(struct call *c, uint64_t key);
/* The rule's state, made if need be; NULL when memory is out. */
struct call_rule *call_rule_state(struct call *c, uint64_t key);
bool call_has_term(const struct call *c, uint64_t term);
void call_add_term(struct call *c, uint64_t term); /* where there is room */
bool call_is_muted(const struct call *c, const char *rule_id);
/* Whether a finding with this hash was made, or none may be made any more; and that it was, for which there is room. */
bool call_has_fired(const struct call *c, uint64_t finding);
void call_add_fired(struct call *c, uint64_t finding);
void call_forget_fired(struct call *c, uint64_t finding);
/* A new line, for which there is room; the oldest is overwritten. */
struct call_line *call_add_line(struct call *c);
/* The `back`th line from the last (0), or NULL. */
struct call_line *call_line(const struct call *c, uint32_t back);

/* A copy of an id, cut at WIRE_MAX_ID bytes. */
void call_keep_id(char to[WIRE_MAX_ID + 1], const struct wire_text *id);
/* Whether `value` is among `count` of them. */
bool call_holds(const uint64_t *items, size_t count, uint64_t value);
/* 0 for the agent, 1 for the customer, -1 for all others. */
int call_side(coach_role role);
/* A running hash of texts. */
uint64_t call_hash(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
