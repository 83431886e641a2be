/* Runs a rule set over one line: working memory of one thread, reused for every line. */
#ifndef COACH_RULES_SCANNER_H
#define COACH_RULES_SCANNER_H

#include "lib/rules/ruleset.h"
#include "lib/text/words.h"

enum {
    SCANNER_CAPTURES = 4,
    SCANNER_LIMITED = 16,
    /* Of one attempt, and a line of 8 KiB has thousands of places to begin one: with ten times as many a phrase with
     * two wide gaps could hold the loop for most of a second. What people say takes some hundreds. */
    SCANNER_MATCH_LIMIT = 10000
};

/* A half open range of bytes of the original text. */
struct scanner_span {
    size_t from, to;
};

/* A phrase that a line holds, exceptions considered. */
struct hit {
    const struct rule *rule;
    int phrase;        /* from 1, as listed in the rule */
    const char *plain; /* of a swap: the plain words; else NULL */
    struct scanner_span span;
    struct scanner_span captures[SCANNER_CAPTURES]; /* in the order of scanner_capture_name; from == to: none */
    bool by_customer; /* the customer used a swap term that is coached in the agent: no finding */
};

struct scanner;
struct scanner *scanner_new(void); /* NULL when memory is out */
void scanner_free(struct scanner *s);

/* Sets `*hits` to what the rules of `role` find in the line, in rule order: one hit of a rule (its earliest), but one
 * of each term of a swap rule; then the signals, one hit each. The first `seam` bytes of the text were heard before: a
 * match that ends in them is passed over, one that goes on behind them counts, and exceptions see all of it. The hits
 * live until the next scan. Disabled rules are left out. Returns 0 or COACH_ENOMEM. */
int scanner_scan(struct scanner *s, const struct ruleset *set, const struct words *words, coach_role role, size_t seam,
                 const struct hit **hits, size_t *count);

/* Why one rule is silent on a line, for the checker and the tools. */
enum scanner_verdict { SCANNER_HIT, SCANNER_NO_PHRASE, SCANNER_NOT_IN, SCANNER_UNLESS };
/* Runs one rule, whoever speaks and without its prefilter. `hit` is filled when a phrase matched outside every
 * not_in, even if an unless then silenced it. */
enum scanner_verdict scanner_rule(struct scanner *s, const struct ruleset *set, const struct rule *rule,
                                  const struct words *words, struct hit *hit);
/* How the rule's phrase (0 based) or exception alone does on a line. */
enum scanner_part { SCANNER_SAYS, SCANNER_PART_NOT_IN, SCANNER_PART_UNLESS };
size_t scanner_part_count(const struct ruleset *set, const struct rule *rule, enum scanner_part part);
bool scanner_part_matches(struct scanner *s, const struct ruleset *set, const struct rule *rule, enum scanner_part part,
                          size_t index, const struct words *words);
/* Where it matches first at or after word `first`: the half open range of words it takes. False when nowhere. */
bool scanner_part_find(struct scanner *s, const struct ruleset *set, const struct rule *rule, enum scanner_part part,
                       size_t index, const struct words *words, size_t first, struct scanner_span *range);
/* Whether the line holds some word that a phrase of the rule asks for; true as well for a rule with a phrase that asks
 * for none. A no_match example without one proves nothing. Returns 0 or COACH_ENOMEM. */
int scanner_is_near(struct scanner *s, const struct ruleset *set, const struct rule *rule, const struct words *words,
                    bool *near);

/* The name of capture `i` of a rule, or NULL. */
const char *scanner_capture_name(const struct ruleset *set, const struct rule *rule, size_t i);

/* Matches given up at SCANNER_MATCH_LIMIT or REGEX_MATCH_LIMIT, so far. */
uint64_t scanner_limit_hits(const struct scanner *s);

/* The regex rules whose match was given up in the last scanner_scan, at most SCANNER_LIMITED of them; they live with
 * the rule set. A phrase is not among them: its cost is bounded by its form, and a line made to cost time must not
 * take an innocent rule away. */
const struct rule *const *scanner_limited(const struct scanner *s, size_t *count);

/* Leaves the rules with these keys (struct rule) out of every scan from now on. `keys` stay the caller's and may
 * change between scans. */
void scanner_leave_out(struct scanner *s, const uint64_t *keys, size_t count);
/* How often such a rule was left out of a line that it might have matched, so far. */
uint64_t scanner_left_out(const struct scanner *s);

#endif
