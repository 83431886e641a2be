#include "lib/rules/site.h"

#include "lib/rules/origin.h"
#include "tests/support/ruletest.h"

/* The pack that the sites below change. */
static const char pack_text[] = "format: 1\n"                     /* 1 */
                                "pack: vendor\n"                  /* 2 */
                                "defaults:\n"                     /* 3 */
                                "  cooldown: 30s\n"               /* 4 */
                                "  tags: spoken\n"                /* 5 */
                                "lists:\n"                        /* 6 */
                                "  polite:\n"                     /* 7 */
                                "    - please\n"                  /* 8 */
                                "signals:\n"                      /* 9 */
                                "  - id: upset\n"                 /* 10 */
                                "    says:\n"                     /* 11 */
                                "      - i am furious\n"          /* 12 */
                                "rules:\n"                        /* 13 */
                                "  - id: calm\n"                  /* 14 */
                                "    category: tone\n"            /* 15 */
                                "    rev: 3\n"                    /* 16 */
                                "    replaces: calm-down\n"       /* 17 */
                                "    message: m\n"                /* 18 */
                                "    says:\n"                     /* 19 */
                                "      - (<polite>)? calm down\n" /* 20 */
                                "      - settle down\n"           /* 21 */
                                "    not_in:\n"                   /* 22 */
                                "      - things calm down\n"      /* 23 */
                                "    match:\n"                    /* 24 */
                                "      - calm down\n"             /* 25 */
                                "      - settle down\n"           /* 26 */
                                "    no_match:\n"                 /* 27 */
                                "      - once things calm down\n" /* 28 */
                                "  - id: terms\n"                 /* 29 */
                                "    category: jargon\n"          /* 30 */
                                "    message: say {plain}\n"      /* 31 */
                                "    swap:\n"                     /* 32 */
                                "      GDS: the system\n"         /* 33 */
                                "      PNR: the booking\n"        /* 34 */
                                "  - id: ignored\n"               /* 35 */
                                "    category: tone\n"            /* 36 */
                                "    message: m\n"                /* 37 */
                                "    when:\n"                     /* 38 */
                                "      after: upset\n"            /* 39 */
                                "      without: upset\n"          /* 40 */
                                "      within: 20s\n";            /* 41 */

#define SITE  "format: 1\nsite: leeds\n"
#define OVER  SITE "overrides:\n"
#define CALM  OVER "  - rule: calm\n    because: we say so\n    written_for: 3\n" /* lines 4 to 6 */
#define TERMS OVER "  - rule: terms\n    because: we say so\n    written_for: 1\n"

/* The pack with site files, "site.yaml" and "more.yaml" (which may be NULL). */
static void build(struct ruletest *t, const char *site, const char *more)
{
    const struct source files[] = {{"pack.yaml", pack_text, sizeof pack_text - 1},
                                   {"site.yaml", site, strlen(site)},
                                   {"more.yaml", more, more == NULL ? 0 : strlen(more)}};
    ruletest_build_files(t, files, more == NULL ? 2 : 3);
}

static void build_good(struct ruletest *t, const char *site, const char *more)
{
    build(t, site, more);
    ck_assert_msg(t->rc == COACH_OK, "%s", ruletest_problems(t));
}

static const struct row {
    const char *site;
    const char *code;
    int line, column;
    const char *says; /* in the message */
    const char *hint; /* in the hint, or NULL */
} errors[] = {
    /* reading */
    {SITE "overrides: x\n", "wrong-kind", 3, 12, "expected a list", "- rule: the-id"},
    {OVER "  - x\n", "wrong-kind", 4, 5, "expected keys with values", NULL},
    {CALM "    sett:\n      x: y\n    set:\n      mode: shadow\n", "unknown-key", 7, 5, "an override has no key 'sett'",
     "'set'"},
    {OVER "  - because: x\n    set:\n      mode: live\n", "override-one-target", 4, 5, "what it changes",
     "rule: its-id"},
    {CALM "    list: polite\n    set:\n      mode: live\n", "override-one-target", 4, 5,
     "one rule, one signal or one list", "another override"},
    {OVER "  - rule: calm\n    written_for: 3\n    set:\n      mode: live\n", "missing-key", 4, 5, "no 'because'",
     "who wanted it"},
    {OVER "  - rule: calm\n    because:\n    written_for: 3\n    set:\n      mode: live\n", "wrong-kind", 5, 13,
     "because: expected a text", NULL},
    {CALM, "override-empty", 4, 5, "changes nothing", "'set:', 'add:' or 'remove:'"},
    {CALM "    set: mode\n", "wrong-kind", 7, 10, "set: expected fields of a rule", "cooldown: 120s"},
    {CALM "    add:\n      - x\n", "wrong-kind", 8, 7, "add: expected fields of a rule", "not_in:"},
    {CALM "    set:\n      modee: live\n", "unknown-key", 8, 7, "a rule has no key 'modee'", "'mode'"},
    {OVER "  - signal: upset\n    because: x\n    set:\n      mode: live\n", "unknown-key", 7, 7,
     "a signal has no key 'mode'", NULL},
    {CALM "    set:\n      mode: shaddow\n", "bad-value", 8, 13, "none of: live, shadow, disabled", "'shadow'"},
    {CALM "    set:\n      cooldown: 60\n", "bad-value", 8, 17, "'60' is not a time", NULL},
    {CALM "    add:\n      not_in: x\n", "wrong-kind", 8, 15, "not_in: expected a list of phrases", NULL},
    {CALM "    add:\n      not_in:\n        - try: x\n", "wrong-kind", 9, 11, "expected a text", "colon"},
    {CALM "    set:\n      not_in: x\n", "override-verb", 8, 7, "'not_in' is a list of items", "'add:' or 'remove:'"},
    {CALM "    set:\n      tags: x\n", "override-verb", 8, 7, "'tags' is a list of items", NULL},
    {CALM "    add:\n      cooldown: 1s\n", "override-verb", 8, 7, "'cooldown' has one value", "'set:'"},
    {CALM "    remove:\n      title: x\n", "override-verb", 8, 7, "'title' has one value", "'set:'"},
    {OVER "  - list: polite\n    because: x\n    set:\n      - y\n", "override-verb", 6, 5, "nothing to set", "'add:'"},
    {OVER "  - list: polite\n    because: x\n    add: y\n", "wrong-kind", 6, 10, "expected a list of phrases", "- "},
    {CALM "    set:\n      id: x\n", "override-fixed", 8, 7, "'id' is the pack's", "disabled"},
    {CALM "    set:\n      rev: 4\n", "override-fixed", 8, 7, "'rev' is the pack's", NULL},
    {CALM "    set:\n      language: fr\n", "override-fixed", 8, 7, "'language'", NULL},
    {CALM "    add:\n      replaces: x\n", "override-fixed", 8, 7, "'replaces'", NULL},
    {OVER "  - signal: upset\n    because: x\n    set:\n      id: y\n", "override-fixed", 7, 7, "'id'",
     "signal of your own"},
    /* the target */
    {OVER "  - rule: clam\n    because: x\n    written_for: 1\n    set:\n      mode: live\n", "override-target", 4, 11,
     "no rule called 'clam'", "did you mean 'calm'?"},
    {OVER "  - rule: zebra-stripes\n    because: x\n    written_for: 1\n    set:\n      mode: live\n",
     "override-target", 4, 11, "no rule called 'zebra-stripes'", "coach show --list"},
    {OVER "  - rule: calm-down\n    because: x\n    written_for: 1\n    set:\n      mode: live\n", "override-target", 4,
     11, "'calm-down' is now called 'calm'", "'rule: calm', after a look at it: pack.yaml:14"},
    {OVER "  - signal: upste\n    because: x\n    add:\n      says:\n        - y\n", "override-target", 4, 13,
     "no signal called 'upste'", "'upset'"},
    {OVER "  - list: polit\n    because: x\n    add:\n      - y\n", "override-target", 4, 11, "no list called 'polit'",
     "'polite'"},
    {SITE "rules:\n  - id: leeds-a\n    category: tone\n    message: m\n    says:\n      - x\noverrides:\n"
          "  - rule: leeds-a\n    because: x\n    written_for: 1\n    set:\n      mode: live\n",
     "override-target", 10, 11, "a site's own", "site.yaml:4"},
    {OVER "  - rule: calm\n    because: x\n    set:\n      mode: live\n", "missing-key", 4, 5, "no 'written_for'",
     "written_for: 3"},
    {CALM "    add:\n      swap:\n        x: y\n", "override-body", 8, 7, "'calm' has no 'swap'", "rule of your own"},
    {TERMS "    set:\n      regex: x\n", "override-body", 8, 7, "'terms' has no 'regex'", NULL},
    {TERMS "    set:\n      when:\n        silence: longer than 10s\n", "override-body", 8, 7, "no 'when'", NULL},
    {OVER "  - signal: upset\n    because: x\n    set:\n      when:\n        silence: longer than 10s\n",
     "override-body", 7, 7, "'upset' has no 'when'", "signal of your own"},
    /* what is set, added and removed */
    {CALM
     "    set:\n      mode: shadow\n  - rule: calm\n    because: y\n    written_for: 3\n    set:\n      mode: live\n",
     "override-twice", 13, 7, "'mode' of 'calm' is set twice", "site.yaml:8"},
    {CALM "    remove:\n      not_in:\n        - things clam down\n", "override-absent", 9, 11,
     "'not_in' of 'calm' has no 'things clam down'", "'things calm down'? (pack.yaml:23)"},
    {CALM "    remove:\n      not_in:\n        - all the things there are will calm down\n", "override-absent", 9, 11,
     "has no 'all the things", "'things calm down'? (pack.yaml:23)"},
    {CALM "    remove:\n      suggest: x\n", "override-absent", 8, 16, "'suggest' of 'calm' has no 'x'",
     "coach show rule:calm"},
    {TERMS "    remove:\n      swap:\n        - GSD\n", "override-absent", 9, 11, "no 'GSD'", "'GDS'"},
    {TERMS "    remove:\n      swap:\n        GDS: the system\n", "wrong-kind", 9, 9, "expected a list of phrases",
     NULL},
    {CALM "    remove:\n      not_in:\n        - things calm down\n        - Things  calm down\n      no_match: once "
          "things calm down\n",
     "override-twice", 10, 11, "removed twice", "site.yaml:8"},
    {TERMS "    add:\n      swap:\n        gds: the other\n", "override-term", 9, 9, "with other words",
     "pack.yaml:33"},
    {OVER "  - list: polite\n    because: x\n    remove:\n      - please\n", "override-empties", 6, 5,
     "nothing is left of the list 'polite'", NULL},
    {CALM "    remove:\n      says:\n        - (<polite>)? calm down\n        - settle down\n", "override-empties", 8,
     7, "nothing is left of the rule 'calm'", "mode: disabled"},
    /* what is wrong with the merged rule is said where the site says it */
    {CALM "    set:\n      title: A heading that no card has the room for, ever\n", "title-length", 8, 14,
     "45 characters", NULL},
    {CALM "    add:\n      suggest:\n        - a\n        - b\n        - c\n", "suggestions", 11, 11, "two suggestions",
     NULL},
    {CALM "    set:\n      category: tune\n", "unknown-category", 8, 17, "'tune'", "'tone'"},
    {CALM "    set:\n      message: say {what}\n", "placeholder", 8, 20, "nothing can be filled in", NULL},
    {CALM "    add:\n      says:\n        - calm?\n", "question-mark", 9, 15, "bracket", NULL},
    {CALM "    add:\n      says:\n        - <polit> relax\n", "unknown-list", 9, 11, "no list called 'polit'",
     "<polite>"},
    {CALM "    add:\n      match:\n        - be quiet\n", "match-fails", 9, 11, "no phrase of the rule",
     "mend the phrases"},
    {CALM "    add:\n      no_match:\n        - calm down\n", "no-match-fires", 9, 11, "the rule fires", NULL},
    {OVER "  - list: polite\n    because: x\n    add:\n      - <polite> sir\n", "list-cycle", 7, 9, "contains itself",
     NULL},
    /* conditions */
    {OVER "  - rule: ignored\n    because: x\n    written_for: 1\n    set:\n      final_only: true\n", "when-extra", 8,
     19, "'final_only' does not go with 'when'", "only final lines"},
    {OVER
     "  - rule: ignored\n    because: x\n    written_for: 1\n    add:\n      unless:\n        - sorry about that\n",
     "when-extra", 9, 9, "'unless' does not go with 'when'", "under the signal"},
    {OVER "  - rule: ignored\n    because: x\n    written_for: 1\n    set:\n      when:\n        after: upst\n"
          "        without: upset\n        within: 20s\n",
     "unknown-signal", 9, 16, "no signal called 'upst'", "did you mean 'upset'"},
    /* names */
    {SITE "rules:\n  - id: calm\n    category: tone\n    message: m\n    says:\n      - x\n", "site-name-taken", 4, 9,
     "'calm' is a rule of a pack", "pack.yaml:14; change it under 'overrides:'"},
    {SITE "rules:\n  - id: mine\n    category: tone\n    message: m\n    says:\n      - x\n", "site-prefix", 4, 9,
     "begin with 'leeds-'", "'leeds-mine'"},
    {SITE "rules:\n  - id: leeds-\n    category: tone\n    message: m\n    says:\n      - x\n", "site-prefix", 4, 9,
     "begin with 'leeds-'", NULL},
    {SITE "lists:\n  polite:\n    - x\n", "site-name-taken", 4, 3, "'polite' is a list of a pack", "pack.yaml:7"},
    {SITE "signals:\n  - id: upset\n    says:\n      - x\n", "site-name-taken", 4, 9, "'upset' is a signal of a pack",
     "pack.yaml:10"},
};

START_TEST(a_wrong_override_is_refused_at_its_place)
{
    struct ruletest t;
    build(&t, errors[_i].site, NULL);
    const struct diag *d = ruletest_find(&t, errors[_i].code);
    ck_assert_msg(t.rc == COACH_ERULES && d != NULL, "%s\n%s%s", errors[_i].code, ruletest_problems(&t),
                  errors[_i].site);
    ck_assert_int_eq(d->level, DIAG_ERROR);
    ck_assert_msg(d->at.line == errors[_i].line && d->at.column == errors[_i].column, "%s", ruletest_problems(&t));
    ck_assert_str_eq(d->at.source->name, "site.yaml");
    ck_assert_msg(strstr(d->message, errors[_i].says) != NULL, "%s", d->message);
    if (errors[_i].hint != NULL)
        ck_assert_msg(d->hint != NULL && strstr(d->hint, errors[_i].hint) != NULL, "%s", d->hint);
    ck_assert_msg(t.problems.levels[DIAG_ERROR] == 1, "%s", ruletest_problems(&t)); /* and nothing else */
    ruletest_clear(&t);
}
END_TEST

static const struct row warnings[] = {
    {OVER "  - rule: calm\n    because: x\n    written_for: 2\n    set:\n      cooldown: 90s\n", "override-stale", 6,
     18, "written for rev 2, it now has rev 3", "pack.yaml:16 (rev 3, cooldown: 30s)"},
    {OVER "  - rule: calm\n    because: x\n    written_for: 2\n    set:\n      title: t\n", "override-stale", 6, 18,
     "rev 2", "no title of its own"},
    {OVER "  - rule: ignored\n    because: x\n    written_for: 2\n    set:\n      mode: shadow\n", "override-ahead", 6,
     18, "it has rev 1", "is the pack older"},
    {OVER "  - list: polite\n    because: x\n    written_for: 1\n    add:\n      - kindly\n", "override-revision", 6,
     18, "a list has no revision", "delete"},
    {CALM "    set:\n      cooldown: 30s\n", "override-there", 8, 17, "there already", "pack.yaml:4"},
    {CALM "    add:\n      not_in:\n        - Things calm  down\n", "override-there", 9, 11, "there already",
     "pack.yaml:23"},
    {CALM "    add:\n      not_in:\n        - you calm down\n", "exception-unproved", 9, 11, "needs this exception",
     "'add:'"},
};

START_TEST(what_a_site_should_look_at_is_a_warning_and_the_set_is_built)
{
    struct ruletest t;
    build_good(&t, warnings[_i].site, NULL);
    const struct diag *d = ruletest_find(&t, warnings[_i].code);
    ck_assert_msg(d != NULL && d->level == DIAG_WARNING, "%s", ruletest_problems(&t));
    ck_assert_msg(d->at.line == warnings[_i].line && d->at.column == warnings[_i].column, "%s", ruletest_problems(&t));
    ck_assert_msg(strstr(d->message, warnings[_i].says) != NULL, "%s", d->message);
    ck_assert_msg(d->hint != NULL && strstr(d->hint, warnings[_i].hint) != NULL, "%s", d->hint);
    ruletest_clear(&t);
}
END_TEST

START_TEST(an_override_in_a_pack_is_refused)
{
    struct ruletest t;
    ruletest_build(&t,
                   "format: 1\npack: a\noverrides:\n  - rule: a\n    because: x\n    written_for: 1\n    set:\n"
                   "      mode: live\nrules:\n  - id: a\n    category: tone\n    message: m\n    says:\n      - x\n");
    const struct diag *d = ruletest_find(&t, "override-in-pack");
    ck_assert_msg(t.rc == COACH_ERULES && d != NULL && t.problems.levels[DIAG_ERROR] == 1, "%s", ruletest_problems(&t));
    ck_assert_int_eq(d->at.line, 4);
    ck_assert_int_eq(d->at.column, 3);
    ck_assert_ptr_nonnull(strstr(d->hint, "site: its-name"));
    ruletest_clear(&t);
}
END_TEST

START_TEST(a_site_without_its_pack_is_told_to_name_it)
{
    struct ruletest t;
    ruletest_build(&t, CALM "    set:\n      mode: shadow\n");
    const struct diag *d = ruletest_find(&t, "override-target");
    ck_assert_msg(d != NULL && strstr(d->hint, "name the pack as well") != NULL, "%s", ruletest_problems(&t));
    ruletest_clear(&t);
}
END_TEST

START_TEST(a_pack_that_cannot_be_read_makes_no_targets_missing)
{
    struct ruletest t;
    const char *site = CALM "    set:\n      mode: shadow\n", *bad = "format: 1\npack: [\n";
    ruletest_build_files(&t, (struct source[]){{"pack.yaml", bad, strlen(bad)}, {"site.yaml", site, strlen(site)}}, 2);
    ck_assert_int_eq(t.rc, COACH_ERULES);
    ck_assert_msg(ruletest_find(&t, "override-target") == NULL, "%s", ruletest_problems(&t));
    ruletest_clear(&t);
}
END_TEST

START_TEST(two_files_that_set_one_thing_are_refused_and_both_places_are_named)
{
    static const struct {
        const char *one, *other, *hint;
        int line;
    } rows[] = {
        {CALM "    set:\n      mode: shadow\n", CALM "    set:\n      mode: live\n", "site.yaml:8", 8},
        {SITE "limits:\n  gap: 20s\n", SITE "limits:\n  gap: 30s\n", "site.yaml:4", 4},
        {CALM "    remove:\n      not_in:\n        - things calm down\n",
         "format: 1\nsite: york\noverrides:\n  - rule: calm\n    because: y\n    written_for: 3\n    remove:\n"
         "      not_in:\n        - things calm down\n",
         "site.yaml:8", 9},
    };
    for (int i = 0; i < RULETEST_ROWS(rows); i++) {
        struct ruletest t;
        build(&t, rows[i].one, rows[i].other);
        const struct diag *d = ruletest_find(&t, "override-twice");
        ck_assert_msg(t.rc == COACH_ERULES && d != NULL, "%d: %s", i, ruletest_problems(&t));
        ck_assert_str_eq(d->at.source->name, "more.yaml");
        ck_assert_int_eq(d->at.line, rows[i].line);
        ck_assert_msg(strstr(d->hint, rows[i].hint) != NULL, "%s", d->hint);
        ruletest_clear(&t);
    }
}
END_TEST

/* --- what is merged --- */

static bool fires(struct ruletest *t, const char *line, const char *rule)
{
    const struct hit *hits;
    size_t n = ruletest_scan(t, line, COACH_ROLE_AGENT, &hits);
    for (size_t i = 0; i < n; i++)
        if (strcmp(hits[i].rule->id, rule) == 0)
            return true;
    return false;
}

START_TEST(values_are_set_one_by_one)
{
    struct ruletest t;
    build_good(
        &t,
        CALM
        "    set:\n      severity: critical\n      mode: shadow\n      title: Own words\n      message: say {said}\n"
        "      cooldown: 2m\n      per_call: 9\n      speaker: either\n      min_confidence: 0.5\n"
        "      category: empathy\n",
        NULL);
    const struct rule *r = ruleset_find(t.set, "calm");
    ck_assert_int_eq(r->severity, RULE_CRITICAL);
    ck_assert_int_eq(r->mode, RULE_SHADOW);
    ck_assert_str_eq(r->title, "Own words");
    ck_assert_str_eq(r->message, "say {said}");
    ck_assert_int_eq(r->cooldown_ms, 120000);
    ck_assert_int_eq(r->per_call, 9);
    ck_assert_int_eq(r->speaker, RULE_EITHER);
    ck_assert_double_eq(r->min_confidence, 0.5);
    ck_assert_str_eq(r->category, "empathy");
    ck_assert_int_eq(r->rev, 3);
    ck_assert_int_eq(ruleset_find(t.set, "terms")->mode, RULE_LIVE);
    ruletest_clear(&t);
}
END_TEST

START_TEST(items_are_added_and_taken_out_and_the_others_stay)
{
    struct ruletest t;
    build_good(&t,
               CALM "    remove:\n      says:\n        - Settle  down\n      match:\n        - settle down\n"
                    "    add:\n      says:\n        - <polite> relax\n      match:\n        - kindly relax\n"
                    "      not_in:\n        - dog will calm down\n      no_match:\n        - the dog will calm down\n"
                    "  - list: polite\n    because: ours\n    add:\n      - kindly\n",
               NULL);
    ck_assert_msg(ruletest_find(&t, "exception-unproved") == NULL, "%s", ruletest_problems(&t));
    ck_assert(fires(&t, "you should calm down", "calm"));
    ck_assert(fires(&t, "kindly relax", "calm"));
    ck_assert(fires(&t, "please relax", "calm"));
    ck_assert(!fires(&t, "settle down", "calm"));
    ck_assert(!fires(&t, "the dog will calm down", "calm"));
    ck_assert(!fires(&t, "things calm down", "calm"));
    ruletest_clear(&t);
}
END_TEST

START_TEST(a_term_gets_other_words_by_removing_and_adding_it)
{
    struct ruletest t;
    const struct hit *hits;
    build_good(&t, TERMS "    remove:\n      swap:\n        - gds\n    add:\n      swap:\n        GDS: the desk\n",
               NULL);
    ck_assert_uint_eq(ruletest_scan(&t, "look at the GDS", COACH_ROLE_AGENT, &hits), 1);
    ck_assert_str_eq(hits[0].plain, "the desk");
    ck_assert(fires(&t, "the PNR", "terms"));
    ruletest_clear(&t);
}
END_TEST

START_TEST(an_exception_of_a_site_that_silences_a_packs_example_names_the_site)
{
    struct ruletest t;
    build(&t, CALM "    add:\n      not_in:\n        - calm down\n", NULL);
    const struct diag *d = ruletest_find(&t, "match-fails");
    ck_assert_msg(t.rc == COACH_ERULES && d != NULL, "%s", ruletest_problems(&t));
    ck_assert_str_eq(d->at.source->name, "pack.yaml");
    ck_assert_int_eq(d->at.line, 25);
    ck_assert_msg(strstr(d->hint, "site.yaml:8") != NULL && strstr(d->hint, "'remove:'") != NULL, "%s", d->hint);
    ruletest_clear(&t);
}
END_TEST

/* A second exception that holds on a pack's example takes the proof from the first; so does an example that goes. */
START_TEST(what_a_change_leaves_unproved_in_the_pack_is_at_most_a_warning)
{
    static const struct {
        const char *change, *code;
        int line;
    } rows[] = {
        {"    add:\n      not_in:\n        - once things calm down\n", "exception-unproved", 23},
        {"    remove:\n      match: settle down\n", "phrase-unproved", 21},
        {"    remove:\n      no_match: once things calm down\n", "no-match-examples", 14},
    };
    for (int i = 0; i < RULETEST_ROWS(rows); i++) {
        struct ruletest t;
        char site[400];
        snprintf(site, sizeof site, "%s%s", CALM, rows[i].change);
        build_good(&t, site, NULL);
        const struct diag *d = ruletest_find(&t, rows[i].code);
        ck_assert_msg(d != NULL && d->level == DIAG_WARNING && d->at.line == rows[i].line, "%d: %s", i,
                      ruletest_problems(&t));
        ck_assert_str_eq(d->at.source->name, "pack.yaml");
        ruletest_clear(&t);
    }
}
END_TEST

START_TEST(a_sites_own_rules_lists_and_limits_join_the_packs)
{
    struct ruletest t;
    build_good(&t,
               SITE
               "limits:\n  per_call: 2\nlists:\n  ours:\n    - whatever\nsignals:\n  - id: leeds-signal\n    says:\n"
               "      - x\ndefaults:\n  severity: critical\nrules:\n  - id: leeds-own\n    category: tone\n"
               "    message: m\n    says:\n      - <ours>\n",
               NULL);
    ck_assert(fires(&t, "whatever", "leeds-own"));
    ck_assert_int_eq(ruleset_find(t.set, "leeds-own")->severity, RULE_CRITICAL);
    ck_assert_int_eq(ruleset_find(t.set, "calm")->severity, RULE_HINT);
    ck_assert_int_eq(ruleset_limits(t.set)->per_call, 2);
    ruletest_clear(&t);
}
END_TEST

START_TEST(the_order_of_files_decides_nothing)
{
    static const char site[] =
        SITE "limits:\n  gap: 20s\noverrides:\n  - rule: calm\n    because: x\n    written_for: 3\n"
             "    set:\n      cooldown: 5s\n";
    static const char pack[] = "format: 1\npack: more\nlimits:\n  gap: 1s\n";
    const struct source site_file = {"site.yaml", site, sizeof site - 1}, more = {"more.yaml", pack, sizeof pack - 1},
                        vendor = {"pack.yaml", pack_text, sizeof pack_text - 1};
    struct ruletest t, u;
    ruletest_build_files(&t, (struct source[]){vendor, more, site_file}, 3);
    ruletest_build_files(&u, (struct source[]){site_file, more, vendor}, 3);
    ck_assert_int_eq(t.rc, COACH_OK);
    ck_assert_int_eq(u.rc, COACH_OK);
    ck_assert_str_eq(ruleset_hash(t.set), ruleset_hash(u.set));
    ck_assert_int_eq(ruleset_limits(u.set)->gap_ms, 20000);
    ck_assert_int_eq(ruleset_find(u.set, "calm")->cooldown_ms, 5000);
    ruletest_clear(&t);
    ruletest_clear(&u);
}
END_TEST

START_TEST(a_site_may_be_split_into_several_files)
{
    struct ruletest whole, split;
    build_good(&whole, CALM "    set:\n      cooldown: 5s\n    add:\n      unless:\n        - sorry\n", NULL);
    build_good(&split, CALM "    set:\n      cooldown: 5s\n", CALM "    add:\n      unless:\n        - sorry\n");
    ck_assert_str_eq(ruleset_hash(whole.set), ruleset_hash(split.set));
    ruletest_clear(&whole);
    ruletest_clear(&split);
}
END_TEST

START_TEST(only_the_key_of_a_changed_rule_changes)
{
    struct ruletest plain, t;
    build_good(&plain, SITE, NULL);
    build_good(&t, CALM "    add:\n      unless:\n        - sorry\n", NULL);
    ck_assert(ruleset_find(plain.set, "calm")->key != ruleset_find(t.set, "calm")->key);
    ck_assert(ruleset_find(plain.set, "terms")->key == ruleset_find(t.set, "terms")->key);
    ck_assert_str_ne(ruleset_hash(plain.set), ruleset_hash(t.set));
    ruletest_clear(&plain);
    ruletest_clear(&t);
}
END_TEST

START_TEST(eight_thousand_additions_to_one_list_are_merged_in_one_go)
{
    enum { MANY = 8000 };
    struct ruletest t;
    struct buf site;
    buf_init(&site, 0);
    ck_assert_int_eq(buf_adds(&site, OVER), COACH_OK);
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(buf_addf(&site, "  - list: polite\n    because: x\n    add:\n      - word%d\n", i), COACH_OK);
    build(&t, site.data, NULL);
    ck_assert_msg(t.rc == COACH_OK || ruletest_find(&t, "phrase-too-large") != NULL, "%s", ruletest_problems(&t));
    ruletest_clear(&t);
    buf_clear(&site);
}
END_TEST

/* --- where it comes from --- */

struct kept {
    struct ruletest t; /* the sources and their language */
    struct pack pack;
    struct language lang;
    struct diags problems;
    struct arena memory;
};

static void keep(struct kept *k, const char *site)
{
    build_good(&k->t, site, NULL);
    language_init(&k->lang);
    diags_init(&k->problems);
    arena_init(&k->memory);
    ck_assert_int_eq(pack_read(&k->pack, k->t.files, 2, &k->t.language, 1, &k->lang, &k->problems), COACH_OK);
}

static void let_go(struct kept *k)
{
    pack_clear(&k->pack);
    language_clear(&k->lang);
    diags_clear(&k->problems);
    arena_clear(&k->memory);
    ruletest_clear(&k->t);
}

static const char origin_site[] = SITE
    "defaults:\n  severity: critical\noverrides:\n"
    "  - rule: calm\n    because: we say so\n    written_for: 3\n    set:\n      mode: shadow\n      cooldown: 90s\n"
    "    add:\n      not_in:\n        - dog will calm down\n      tags: pilot\n    remove:\n"
    "      no_match: once things calm down\n      match: calm down\n"
    "  - rule: ignored\n    because: slow line\n    written_for: 1\n    set:\n      when:\n        after: upset\n"
    "        without: upset\n        within: 30s\n"
    "  - signal: upset\n    because: they say it\n    set:\n      speaker: customer\n"
    "  - list: polite\n    because: ours\n    add:\n      - kindly\n"
    "categories:\n  own: Our words\n"
    "signals:\n  - id: leeds-feels\n    says:\n      - i feel for you\n"
    "rules:\n  - id: leeds-own\n    category: own\n    message: ours too\n    says:\n      - x\n";

static const struct {
    const char *subject, *field, *value;
    enum origin origin;
    const char *file, *line; /* in which file, on the first line that holds what; NULL: nowhere */
    const char *because;
} origins[] = {
    {"calm", "id", "calm", ORIGIN_PACK, pack_text, "id: calm", NULL},
    {"calm", "rev", "3", ORIGIN_PACK, pack_text, "rev: 3", NULL},
    {"calm", "severity", "hint", ORIGIN_BUILT_IN, NULL, NULL, NULL},
    {"calm", "per_call", "3", ORIGIN_BUILT_IN, NULL, NULL, NULL},
    {"calm", "title", "Ease the tone", ORIGIN_BUILT_IN, NULL, NULL, NULL},
    {"calm", "cooldown", "90s", ORIGIN_SITE, origin_site, "cooldown: 90s", "we say so"},
    {"calm", "mode", "shadow", ORIGIN_SITE, origin_site, "mode: shadow", "we say so"},
    {"calm", "not_in", "things calm down", ORIGIN_PACK, pack_text, "- things calm down", NULL},
    {"calm", "not_in", "dog will calm down", ORIGIN_SITE, origin_site, "- dog will", "we say so"},
    {"calm", "tags", "spoken", ORIGIN_PACK, pack_text, "tags: spoken", NULL},
    {"calm", "tags", "pilot", ORIGIN_SITE, origin_site, "tags: pilot", "we say so"},
    {"rule:terms", "cooldown", "30s", ORIGIN_DEFAULT, pack_text, "cooldown: 30s", NULL},
    {"terms", "tags", "spoken", ORIGIN_DEFAULT, pack_text, "tags: spoken", NULL},
    {"terms", "swap", "GDS", ORIGIN_PACK, pack_text, "GDS: the system", NULL},
    {"ignored", "when.within", "30s", ORIGIN_SITE, origin_site, "within: 30s", "slow line"},
    {"signal:upset", "says", "i am furious", ORIGIN_PACK, pack_text, "i am furious", NULL},
    {"upset", "speaker", "customer", ORIGIN_SITE, origin_site, "speaker: customer", "they say it"},
    {"leeds-feels", "speaker", "agent", ORIGIN_BUILT_IN, NULL, NULL, NULL},
    {"list:polite", "phrases", "please", ORIGIN_PACK, pack_text, "- please", NULL},
    {"polite", "phrases", "kindly", ORIGIN_SITE, origin_site, "- kindly", "ours"},
    {"leeds-own", "severity", "critical", ORIGIN_DEFAULT, origin_site, "severity: critical", NULL},
    {"leeds-own", "message", "ours too", ORIGIN_SITE, origin_site, "ours too", NULL},
    {"leeds-own", "title", "Our words", ORIGIN_SITE, origin_site, "own: Our words", NULL},
};

static int line_of(const char *text, const char *needle)
{
    int line = 1;
    const char *end = strstr(text, needle);
    ck_assert_ptr_nonnull(end);
    for (; text < end; text++)
        line += *text == '\n';
    return line;
}

static const struct origin_row *row_of(const struct origin_rows *rows, const char *field, const char *value)
{
    for (size_t i = 0; i < rows->count; i++)
        if (strcmp(rows->items[i].field, field) == 0 && strcmp(rows->items[i].value, value) == 0)
            return &rows->items[i];
    return NULL;
}

START_TEST(every_part_of_a_merged_rule_knows_where_it_comes_from)
{
    struct kept k;
    struct origin_subject subject;
    struct origin_rows rows;
    keep(&k, origin_site);
    ck_assert(origin_find(&k.pack, origins[_i].subject, &subject));
    ck_assert_int_eq(origin_rows(&k.pack, &subject, &k.memory, &rows), COACH_OK);
    const struct origin_row *row = row_of(&rows, origins[_i].field, origins[_i].value);
    ck_assert_msg(row != NULL, "%s %s", origins[_i].subject, origins[_i].field);
    ck_assert_int_eq(row->origin, origins[_i].origin);
    if (origins[_i].file == NULL) {
        ck_assert_ptr_null(row->at.source);
    } else {
        ck_assert_str_eq(row->at.source->name, origins[_i].file == pack_text ? "pack.yaml" : "site.yaml");
        ck_assert_int_eq(row->at.line, line_of(origins[_i].file, origins[_i].line));
    }
    if (origins[_i].because == NULL)
        ck_assert_ptr_null(row->change);
    else
        ck_assert_str_eq(row->change->by->because.s, origins[_i].because);
    let_go(&k);
}
END_TEST

START_TEST(a_rule_with_a_condition_shows_nothing_that_has_no_effect)
{
    static const char *const idle[] = {"speaker", "final_only", "min_confidence"};
    struct kept k;
    struct origin_subject subject;
    struct origin_rows rows;
    keep(&k,
         SITE "defaults:\n  speaker: either\n  final_only: true\n  min_confidence: 0.5\nrules:\n"
              "  - id: leeds-quiet\n    category: tone\n    message: m\n    when:\n      silence: longer than 9s\n");
    ck_assert(origin_find(&k.pack, "leeds-quiet", &subject));
    ck_assert_int_eq(origin_rows(&k.pack, &subject, &k.memory, &rows), COACH_OK);
    ck_assert_ptr_nonnull(row_of(&rows, "when.silence", "longer than 9s"));
    for (size_t i = 0; i < rows.count; i++)
        for (size_t n = 0; n < sizeof idle / sizeof *idle; n++)
            ck_assert_str_ne(rows.items[i].field, idle[n]);
    let_go(&k);
}
END_TEST

START_TEST(a_signal_that_only_a_sites_condition_names_is_used_and_so_is_one_that_it_no_longer_names)
{
    static const char site[] =
        SITE "signals:\n  - id: leeds-late\n    says:\n      - that is too late\n"
             "overrides:\n  - rule: ignored\n    because: ours\n    written_for: 1\n    set:\n      when:\n"
             "        at: call end\n        without: leeds-late\n";
    struct ruletest t;
    build_good(&t, site, NULL);
    ck_assert_msg(ruletest_find(&t, "unused-signal") == NULL, "%s", ruletest_problems(&t));
    const struct when_node *n = ruleset_node_of(t.set, ruleset_find(t.set, "ignored"));
    ck_assert_int_eq(n->verb, WHEN_AT);
    ck_assert_str_eq(ruleset_signal(t.set, (size_t)n->without)->id, "leeds-late");
    ruletest_clear(&t);
}
END_TEST

START_TEST(what_the_packs_alone_say_is_kept_beside)
{
    struct kept k;
    struct origin_subject subject;
    struct origin_row was, is;
    size_t n, cooldown = 0;
    const struct key *keys = override_keys_of(OVERRIDE_RULE, &n);
    while (strcmp(keys[cooldown].name, "cooldown") != 0)
        cooldown++;
    keep(&k, origin_site);
    ck_assert(origin_find(&k.pack, "calm", &subject));
    ck_assert_int_eq(origin_value(&k.pack, &subject, &keys[cooldown], true, &k.memory, &was), COACH_OK);
    ck_assert_int_eq(origin_value(&k.pack, &subject, &keys[cooldown], false, &k.memory, &is), COACH_OK);
    ck_assert_str_eq(was.value, "30s");
    ck_assert_str_eq(is.value, "90s");
    const struct def_rule *before = subject.target->before, *now = subject.def;
    ck_assert_uint_eq(before->not_in.count, 1);
    ck_assert_uint_eq(now->not_in.count, 2);
    ck_assert_uint_eq(before->no_match.count, 1);
    ck_assert_uint_eq(now->no_match.count, 0);
    ck_assert_str_eq(before->no_match.items[0].s, "once things calm down");
    ck_assert_uint_eq(before->match.count, 2);
    ck_assert_str_eq(before->match.items[0].s, "calm down");
    ck_assert_uint_eq(now->match.count, 1);
    ck_assert_str_eq(now->match.items[0].s, "settle down");
    let_go(&k);
}
END_TEST

START_TEST(names_are_found_and_slips_are_understood)
{
    static const struct {
        const char *name;
        enum override_kind kind; /* OVERRIDE_NONE: there is none */
        const char *near;
    } rows[] = {
        {"calm", OVERRIDE_RULE, NULL},        {"upset", OVERRIDE_SIGNAL, NULL},
        {"polite", OVERRIDE_LIST, NULL},      {"list:polite", OVERRIDE_LIST, NULL},
        {"rule:polite", OVERRIDE_NONE, NULL}, {"signal:calm", OVERRIDE_NONE, NULL},
        {"clam", OVERRIDE_NONE, "calm"},      {"list:polit", OVERRIDE_NONE, "list:polite"},
        {"zebra", OVERRIDE_NONE, NULL},
    };
    struct kept k;
    keep(&k, origin_site);
    for (int i = 0; i < RULETEST_ROWS(rows); i++) {
        struct origin_subject s;
        bool found = origin_find(&k.pack, rows[i].name, &s);
        ck_assert_msg(found == (rows[i].kind != OVERRIDE_NONE) && (!found || s.kind == rows[i].kind), "%s",
                      rows[i].name);
        if (rows[i].near != NULL)
            ck_assert_str_eq(origin_nearest(&k.pack, rows[i].name, &k.memory), rows[i].near);
    }
    ck_assert_ptr_null(origin_nearest(&k.pack, "zebra", &k.memory));
    let_go(&k);
}
END_TEST

/* --- the worked example --- */

START_TEST(the_example_site_of_the_specification_changes_the_example_pack)
{
    struct ruletest t;
    struct source files[2] = {{"example-pack.rules.yaml", NULL, 0}, {"example-site.rules.yaml", NULL, 0}};
    char *pack = ruletest_read(SOURCE_DIR "/../shared/design/example-pack.rules.yaml", &files[0].len);
    char *site = ruletest_read(SOURCE_DIR "/../shared/design/example-site.rules.yaml", &files[1].len);
    if (pack == NULL || site == NULL) {
        printf("skipped: the example files are not beside this source tree\n");
        free(pack);
        free(site);
        return;
    }
    files[0].text = pack;
    files[1].text = site;
    ruletest_build_files(&t, files, 2);
    ck_assert_msg(t.rc == COACH_OK && t.problems.levels[DIAG_ERROR] == 0, "%s", ruletest_problems(&t));
    ck_assert_int_eq(ruleset_find(t.set, "dismissive-calm-down")->cooldown_ms, 120000);
    ck_assert(fires(&t, "you need to calm down", "dismissive-calm-down"));
    ck_assert(!fires(&t, "the dog will calm down", "dismissive-calm-down"));
    ruletest_clear(&t);
    free(pack);
    free(site);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("site");
    TCase *t = tcase_create("site");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, a_wrong_override_is_refused_at_its_place, 0, RULETEST_ROWS(errors));
    tcase_add_loop_test(t, what_a_site_should_look_at_is_a_warning_and_the_set_is_built, 0, RULETEST_ROWS(warnings));
    tcase_add_test(t, an_override_in_a_pack_is_refused);
    tcase_add_test(t, a_site_without_its_pack_is_told_to_name_it);
    tcase_add_test(t, a_pack_that_cannot_be_read_makes_no_targets_missing);
    tcase_add_test(t, two_files_that_set_one_thing_are_refused_and_both_places_are_named);
    tcase_add_test(t, values_are_set_one_by_one);
    tcase_add_test(t, items_are_added_and_taken_out_and_the_others_stay);
    tcase_add_test(t, a_term_gets_other_words_by_removing_and_adding_it);
    tcase_add_test(t, an_exception_of_a_site_that_silences_a_packs_example_names_the_site);
    tcase_add_test(t, what_a_change_leaves_unproved_in_the_pack_is_at_most_a_warning);
    tcase_add_test(t, a_sites_own_rules_lists_and_limits_join_the_packs);
    tcase_add_test(t, the_order_of_files_decides_nothing);
    tcase_add_test(t, a_site_may_be_split_into_several_files);
    tcase_add_test(t, only_the_key_of_a_changed_rule_changes);
    tcase_add_loop_test(t, every_part_of_a_merged_rule_knows_where_it_comes_from, 0, RULETEST_ROWS(origins));
    tcase_add_test(t, what_the_packs_alone_say_is_kept_beside);
    tcase_add_test(t, a_rule_with_a_condition_shows_nothing_that_has_no_effect);
    tcase_add_test(t, a_signal_that_only_a_sites_condition_names_is_used_and_so_is_one_that_it_no_longer_names);
    tcase_add_test(t, names_are_found_and_slips_are_understood);
    tcase_add_test(t, the_example_site_of_the_specification_changes_the_example_pack);
    suite_add_tcase(s, t);
    tcase_add_test(suite_large(s), eight_thousand_additions_to_one_list_are_merged_in_one_go);
    return suite_run(s);
}
