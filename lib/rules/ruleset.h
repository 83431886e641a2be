/* The immutable rule set: compiled phrases behind a prefilter, shared by every call and freed with its last
 * user. Built by compile.h, run by scanner.h. */
#ifndef COACH_RULES_RULESET_H
#define COACH_RULES_RULESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/diag.h"
#include "lib/coach.h"
#include "lib/text/language.h"

enum rule_severity { RULE_CRITICAL, RULE_IMPORTANT, RULE_HINT, RULE_PRAISE }; /* first comes first */
enum rule_mode { RULE_LIVE, RULE_SHADOW, RULE_DISABLED };
enum rule_speaker { RULE_AGENT, RULE_CUSTOMER, RULE_EITHER };

/* What a rule is, as the engine and the tools see it. */
struct rule {
    const char *id;
    int rev;
    uint32_t index; /* in the set */
    uint64_t key;   /* of id and content: state of a call outlives a reload where it is the same */
    const char *category;
    const char *title;
    enum rule_severity severity;
    enum rule_mode mode;
    enum rule_speaker speaker;
    int64_t cooldown_ms;
    int per_call;
    double min_confidence; /* 0 when the rule sets none */
    const char *message;   /* with its placeholders */
    const char *suggest[2];
    bool is_swap;
    bool final_only;        /* waits for final results */
    bool is_signal;         /* a silent part of conversational rules: never a finding */
    bool is_conversation;   /* has a condition (lib/rules/conversation.h) in place of phrases */
    const uint32_t *quiets; /* indices of rules that are silent for this one's cool-down when it fires */
    size_t quiet_count;
};

/* Attention of one call: how much an agent is shown. */
struct rule_limits {
    int per_call;
    int64_t gap_ms;
    int64_t defer_ms;
    int64_t stale_ms;
};

struct ruleset;
struct ruleset *ruleset_ref(struct ruleset *set);
void ruleset_unref(struct ruleset *set); /* NULL is fine */

size_t ruleset_count(const struct ruleset *set);
const struct rule *ruleset_rule(const struct ruleset *set, size_t index);
const struct rule *ruleset_find(const struct ruleset *set, const char *id); /* NULL when there is none */
const char *ruleset_hash(const struct ruleset *set);                        /* 16 hexadecimal digits */
const struct rule_limits *ruleset_limits(const struct ruleset *set);
const struct language *ruleset_language(const struct ruleset *set);
size_t ruleset_phrases(const struct ruleset *set);
size_t ruleset_unfiltered(const struct ruleset *set); /* phrases that run on every line */

const char *rule_severity_name(enum rule_severity severity);
const char *rule_speaker_name(enum rule_speaker speaker);
const char *rule_mode_name(enum rule_mode mode);

#endif
