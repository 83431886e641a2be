/* What a rule set is made of: for the builder and the scanner alone. */
#ifndef COACH_RULES_PARTS_H
#define COACH_RULES_PARTS_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "lib/base/arena.h"
#include "lib/base/table.h"
#include "lib/rules/conversation.h"
#include "lib/rules/ruleset.h"
#include "lib/rules/vocabulary.h"

enum {
    PARTS_MAX_CAPTURES = 4, /* lists that the cards of a rule quote */
    PARTS_MAX_GROUPS = 64   /* places in a pattern where they stand, the whole match among them */
};

/* Word ids of which one must be in the line. */
struct part_filter {
    const uint32_t *ids;
    uint32_t count;
};

struct part_phrase {
    pcre2_code *code;
    uint32_t rule;
    int number;                 /* from 1, within its key of the rule */
    const char *plain;          /* of a swap */
    bool is_regex;              /* runs over the first REGEX_MAX_LINE bytes, without the line's outer spaces */
    struct part_filter also[2]; /* beside the word that brought it up */
};

/* A run of phrases in the set's array. */
struct part_range {
    uint32_t first;
    uint32_t count;
};

struct part_rule {
    struct rule rule;       /* first: the scanner gets back from it */
    uint32_t node;          /* from 1, its condition; 0: none that is run */
    struct part_range says; /* or swap, or the one regex */
    struct part_range not_in;
    struct part_range unless;
    const char *captures[PARTS_MAX_CAPTURES]; /* lists that its message quotes */
    size_t capture_count;
};

struct ruleset {
    int refs; /* changed with atomic operations: a worker may hold one */
    struct arena memory;
    struct language language;
    struct part_rule *rules; /* the signals behind them */
    size_t rule_count;       /* without the signals */
    size_t signal_count;
    struct table by_id; /* rule id -> its place from 1, as (void *)(uintptr_t): the array may move while it grows */
    struct part_phrase *phrases;
    size_t phrase_count;
    struct vocabulary words;
    struct part_range *brings; /* per word id: which of `brought` it brings up */
    uint32_t *brought;         /* phrase numbers, grouped by word */
    uint32_t *always;          /* phrases that run on every line */
    size_t always_count;
    struct when_node *nodes;
    size_t node_count;
    uint32_t slot_count;        /* of all nodes */
    struct part_range *listens; /* per signal: which of `listeners` */
    uint32_t *listeners;        /* nodes, grouped by signal */
    struct rule_limits limits;
    char hash[17];
};

#endif
