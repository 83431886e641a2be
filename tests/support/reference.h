/* For tests: what a call's conversational rules find, told with the whole call in view. Written from
 * rules/conversations.md alone, as plainly as possible and without the engine: nothing is kept up as lines come, each
 * question is answered by searching the history. Numbers in comments are sentences of that page. */
#ifndef COACH_TESTS_REFERENCE_H
#define COACH_TESTS_REFERENCE_H

#include "lib/rules/conversation.h"
#include "lib/rules/ruleset.h"

enum {
    REFERENCE_LINES = 96,
    REFERENCE_SIGNALS = 16,
    REFERENCE_RULES = 32,
    REFERENCE_FINDINGS = REFERENCE_LINES * REFERENCE_RULES,
    REFERENCE_TEXT = 120,
    REFERENCE_SPANS = 4
};

struct reference_line {
    coach_role role;
    int64_t start_ms, end_ms; /* both COACH_NO_TIME: the line came without times */
    int64_t arrival_ms;       /* makes no difference, but for a line without times */
    char text[REFERENCE_TEXT];
};

/* While the agent's desktop says hold or lookup. */
struct reference_span {
    int64_t from_ms, to_ms;
    bool lookup;
};

struct reference_call {
    struct reference_line lines[REFERENCE_LINES]; /* finals, in order of arrival */
    size_t count;
    struct reference_span away[REFERENCE_SPANS];
    size_t away_count;
    int64_t end_ms; /* of the call, or COACH_NO_TIME: when the last line was heard */
};

struct reference_signal {
    char name[24];
    enum rule_speaker speaker;
    char phrase[48];
    bool has_when; /* in place of the phrase; it names signals before it only */
    struct when_node when;
};

struct reference_rule {
    struct when_node when; /* verb, window, signals, numbers; no slots */
    int64_t cooldown_ms;
    int per_call;
};

struct reference_rules {
    struct reference_signal signals[REFERENCE_SIGNALS];
    size_t signal_count;
    struct reference_rule rules[REFERENCE_RULES];
    size_t rule_count;
};

struct reference_finding {
    size_t rule;
    size_t line; /* that it belongs to */
    int64_t decided_ms;
    bool by_time; /* a window with a time closed: what had been heard by then is known only live, so that any line from
                   */
    size_t from;  /* the one that opened it on may be named (25) */
};

struct reference_findings {
    struct reference_finding items[REFERENCE_FINDINGS]; /* by rule, then in the order in which they were decided */
    size_t count;
};

/* Whether the line is nothing but small words of listening (6), of those that tests use. */
bool reference_is_back_channel(const char *text);

/* Fills `ret` with the findings that count (55) and stand at the end of the call. */
void reference_run(const struct reference_rules *rules, const struct reference_call *call,
                   struct reference_findings *ret);

#endif
