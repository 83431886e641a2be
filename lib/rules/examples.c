#include "lib/rules/examples.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/base/utf8.h"
#include "lib/rules/keys.h"
#include "lib/rules/scanner.h"

struct proof {
    const struct pack *pack;
    const struct def_rule *def; /* being proved */
    const struct ruleset *set;
    const struct language *lang;
    struct scanner *scanner;
    struct words words;
    struct diags *problems;
    enum examples_need need;
};

/* How bad it is that something is not proved. What a site changes in a rule of a pack is its own affair: the pack's
 * rule was proved without it, and its examples are not the site's to write. */
static enum diag_level level_of(const struct proof *p, const struct def_rule *rule)
{
    bool changed = site_target_of(p->pack, rule) != NULL;
    return p->need == EXAMPLES_ADVISED || changed ? DIAG_WARNING : DIAG_ERROR;
}

/* A pack's example that no longer holds once a site has changed the rule: the site's people cannot mend the pack. */
static bool blames_site(struct proof *p, const struct yaml_node *at, char *hint, size_t room)
{
    const struct site_target *t = site_target_of(p->pack, p->def);
    if (t == NULL || t->change_count == 0 || site_file_of(p->pack, at) != NULL)
        return false;
    const struct yaml_node *change = t->changes[0]->node;
    snprintf(hint, room,
             "a site changes this rule at %.120s:%d: make that narrower, or name this example under 'remove:'",
             change->at.source->name, change->at.line);
    return true;
}

static void report(struct proof *p, enum diag_level level, const char *code, const struct yaml_node *at,
                   const char *hint, const char *what)
{
    char site_hint[300];
    if (level == DIAG_ERROR && blames_site(p, at, site_hint, sizeof site_hint))
        hint = site_hint;
    diags_add(p->problems, level, code, &at->at, hint, "%s", what);
}

/* An agent would get two cards for one sentence, with the same kind of advice. What the rules of two categories say
 * differs, and a rule in the shadow is often a new version of a live one. */
static int report_overlap(struct proof *p, const struct rule *rule, const struct def_text *example)
{
    const struct hit *hits;
    size_t n;
    coach_role role = rule->speaker == RULE_CUSTOMER ? COACH_ROLE_CUSTOMER : COACH_ROLE_AGENT;
    int rc = scanner_scan(p->scanner, p->set, &p->words, role, 0, &hits, &n);
    for (size_t i = 0; i < n && rc == COACH_OK; i++) {
        const struct rule *other = hits[i].rule;
        bool same_kind = strcmp(other->category, rule->category) == 0;
        if (other == rule || other->is_signal || hits[i].by_customer || !same_kind || other->mode != RULE_LIVE ||
            rule->mode != RULE_LIVE || (i > 0 && hits[i - 1].rule == other))
            continue;
        diags_add(p->problems, DIAG_WARNING, "rules-overlap", &example->node->at,
                  "make one of the two narrower, add an exception, or make one rule of them",
                  "this example also sets off '%s'", other->id);
    }
    return rc;
}

/* Whoever writes a regular expression must know what it runs over. */
static void refuse_silent(struct proof *p, const struct def_text *example, bool is_regex)
{
    char hint[200];
    size_t n = p->words.line.len < 2 ? 0 : utf8_cut(p->words.line.data + 1, p->words.line.len - 2, 120);
    snprintf(hint, sizeof hint, "it runs over the text as it is heard: '%.*s'", (int)n,
             n == 0 ? "" : p->words.line.data + 1);
    if (is_regex)
        report(p, DIAG_ERROR, "match-fails", example->node, hint, "the regular expression does not match this example");
    else
        report(p, DIAG_ERROR, "match-fails", example->node, "mend the phrases, or the example",
               "no phrase of the rule matches this example");
}

/* One sentence that must set the rule off; marks the phrases that it hits. */
static int prove_match(struct proof *p, const struct rule *rule, const struct def_text *example, bool is_regex,
                       bool *hit, size_t n)
{
    struct hit found;
    int rc = words_read(&p->words, p->lang, example->s, strlen(example->s));
    if (rc != COACH_OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        hit[i] = hit[i] || scanner_part_matches(p->scanner, p->set, rule, SCANNER_SAYS, i, &p->words);
    switch (scanner_rule(p->scanner, p->set, rule, &p->words, &found)) {
    case SCANNER_HIT:
        return report_overlap(p, rule, example);
    case SCANNER_NO_PHRASE:
        refuse_silent(p, example, is_regex);
        break;
    case SCANNER_NOT_IN:
        report(p, DIAG_ERROR, "match-fails", example->node, "make the exception narrower, or change the example",
               "this example is silenced by 'not_in'");
        break;
    case SCANNER_UNLESS:
        report(p, DIAG_ERROR, "match-fails", example->node, "make the exception narrower, or change the example",
               "this example is silenced by 'unless'");
        break;
    }
    return COACH_OK;
}

/* How many of the rule's exceptions of a kind hold on the line; the last of them in `*which`. */
static size_t count_parts(struct proof *p, const struct rule *rule, enum scanner_part part, size_t *which)
{
    size_t n = scanner_part_count(p->set, rule, part), count = 0;
    for (size_t i = 0; i < n; i++)
        if (scanner_part_matches(p->scanner, p->set, rule, part, i, &p->words)) {
            *which = i;
            count++;
        }
    return count;
}

/* A sentence that has nothing to do with the rule would stay quiet whatever the rule said. */
static int prove_near(struct proof *p, const struct def_rule *def, const struct rule *rule,
                      const struct def_text *example)
{
    bool near = true;
    int rc = scanner_is_near(p->scanner, p->set, rule, &p->words, &near);
    if (rc == COACH_OK && !near)
        report(p, level_of(p, def), "no-match-vacuous", example->node,
               "take a sentence that is close to one of the phrases",
               "this example proves nothing: it shares no word with the rule's phrases");
    return rc;
}

/* One sentence that must not set the rule off; marks the exception that alone keeps it quiet. */
static int prove_no_match(struct proof *p, const struct def_rule *def, const struct rule *rule,
                          const struct def_text *example, bool *not_in, bool *unless)
{
    struct hit found;
    size_t which = 0;
    int rc = words_read(&p->words, p->lang, example->s, strlen(example->s));
    if (rc != COACH_OK)
        return rc;
    switch (scanner_rule(p->scanner, p->set, rule, &p->words, &found)) {
    case SCANNER_HIT:
        report(p, DIAG_ERROR, "no-match-fires", example->node, "make the phrases narrower, or add an exception",
               "the rule fires on this example");
        break;
    case SCANNER_NOT_IN:
        if (count_parts(p, rule, SCANNER_PART_NOT_IN, &which) == 1)
            not_in[which] = true;
        break;
    case SCANNER_UNLESS:
        if (count_parts(p, rule, SCANNER_PART_UNLESS, &which) == 1)
            unless[which] = true;
        break;
    case SCANNER_NO_PHRASE:
        return prove_near(p, def, rule, example);
    }
    return COACH_OK;
}

static void report_unproved(struct proof *p, const struct def_rule *def, const struct def_phrases *phrases,
                            const bool *proved, const char *code, const char *hint, const char *what)
{
    for (size_t i = 0; i < phrases->count; i++) {
        const struct yaml_node *at = phrases->items[i].node;
        bool added = site_target_of(p->pack, p->def) != NULL && site_file_of(p->pack, at) != NULL;
        if (!proved[i])
            report(p, level_of(p, def), code, at, added ? "give the rule an example for it, below 'add:' too" : hint,
                   what);
    }
}

static void report_missing(struct proof *p, const struct def_rule *def, const char *hint, const char *what)
{
    report(p, level_of(p, def), "no-match-examples", def->id.node, hint, what);
}

/* What the examples of a rule show. */
struct shown {
    bool *says, *not_in, *unless; /* per phrase */
};

static void report_rule(struct proof *p, const struct def_rule *def, const struct def_phrases *says,
                        const struct shown *shown)
{
    static const char hint[] = "add a sentence under 'no_match:' that only this exception keeps quiet";
    static const char what[] = "no 'no_match' example needs this exception";
    if (def->match.count == 0)
        report_missing(p, def, "add 'match:' with a sentence for each phrase", "no example shows that this rule works");
    else
        report_unproved(p, def, says, shown->says, "phrase-unproved", "add a sentence with it under 'match:'",
                        "no 'match' example holds this phrase");
    if (def->no_match.count == 0)
        report_missing(p, def, "add 'no_match:' with sentences that are close and harmless",
                       "no example shows where this rule keeps quiet");
    report_unproved(p, def, &def->not_in, shown->not_in, "exception-unproved", hint, what);
    report_unproved(p, def, &def->unless, shown->unless, "exception-unproved", hint, what);
}

static int prove_rule(struct proof *p, struct arena *memory, const struct def_rule *def, const struct rule *rule)
{
    const struct def_phrases *says = def->swap.count > 0 ? &def->swap : &def->says;
    struct shown shown = {.says = arena_alloc(memory, says->count + 1),
                          .not_in = arena_alloc(memory, def->not_in.count + 1),
                          .unless = arena_alloc(memory, def->unless.count + 1)};
    if (shown.says == NULL || shown.not_in == NULL || shown.unless == NULL)
        return COACH_ENOMEM;
    int rc = COACH_OK;
    for (size_t i = 0; i < def->match.count && rc == COACH_OK; i++)
        rc = prove_match(p, rule, &def->match.items[i], def->regex.node != NULL, shown.says, says->count);
    for (size_t i = 0; i < def->no_match.count && rc == COACH_OK; i++)
        rc = prove_no_match(p, def, rule, &def->no_match.items[i], shown.not_in, shown.unless);
    if (rc == COACH_OK)
        report_rule(p, def, says, &shown);
    return rc;
}

/* Whether it is this rule that was built, and all of it: not another of the same name, no phrase too large. */
static bool is_complete(const struct proof *p, const struct pack *pack, const struct def_rule *def,
                        const struct rule *rule)
{
    size_t says = def->regex.node != NULL ? 1 : def->swap.count > 0 ? def->swap.count : def->says.count;
    return table_get(&pack->rules, def->id.s, strlen(def->id.s)) == def &&
           scanner_part_count(p->set, rule, SCANNER_SAYS) == says &&
           scanner_part_count(p->set, rule, SCANNER_PART_NOT_IN) == def->not_in.count &&
           scanner_part_count(p->set, rule, SCANNER_PART_UNLESS) == def->unless.count;
}

int examples_prove(const struct pack *pack, const struct ruleset *set, enum examples_need need, struct diags *problems)
{
    struct proof p = {.set = set, .lang = ruleset_language(set), .problems = problems, .need = need, .pack = pack};
    p.scanner = scanner_new();
    struct arena memory;
    if (p.scanner == NULL)
        return COACH_ENOMEM;
    arena_init(&memory);
    words_init(&p.words);
    int rc = COACH_OK;
    for (size_t i = 0; i < pack->file_count; i++)
        for (size_t k = 0; k < pack->files[i].rule_count && rc == COACH_OK; k++) {
            const struct def_rule *def = &pack->files[i].rules[k];
            bool provable = def->when.node == NULL && pack_rule_usable(def);
            const struct rule *rule = provable ? ruleset_find(set, def->id.s) : NULL;
            p.def = def;
            if (rule != NULL && is_complete(&p, pack, def, rule))
                rc = prove_rule(&p, &memory, def, rule);
        }
    words_clear(&p.words);
    arena_clear(&memory);
    scanner_free(p.scanner);
    return rc;
}
