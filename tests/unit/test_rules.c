#include "lib/rules/compile.h"

#include "lib/rules/conversation.h"
#include "tests/support/ruletest.h"

#define FILE_HEAD "format: 1\npack: test\n"
#define RULE_HEAD FILE_HEAD "rules:\n  - id: a\n    category: tone\n    message: m\n"
#define RULE      RULE_HEAD "    says:\n      - calm down\n"

START_TEST(a_small_pack_is_built_with_its_defaults)
{
    struct ruletest t;
    ruletest_good(&t, RULE "    match:\n      - calm down\n    no_match:\n      - be calm, sit down\n");
    ck_assert_msg(t.problems.count == 0, "%s", ruletest_problems(&t));
    ck_assert_uint_eq(ruleset_count(t.set), 1);
    const struct rule *r = ruleset_find(t.set, "a");
    ck_assert_ptr_nonnull(r);
    ck_assert_int_eq(r->rev, 1);
    ck_assert_str_eq(r->title, "Ease the tone"); /* of its category */
    ck_assert_int_eq(r->severity, RULE_HINT);
    ck_assert_int_eq(r->speaker, RULE_AGENT);
    ck_assert_int_eq(r->mode, RULE_LIVE);
    ck_assert_int_eq(r->cooldown_ms, 60000);
    ck_assert_int_eq(r->per_call, 3);
    ck_assert_int_eq(ruleset_limits(t.set)->per_call, 4);
    ck_assert_int_eq(ruleset_limits(t.set)->gap_ms, 15000);
    ck_assert_int_eq(ruleset_limits(t.set)->defer_ms, 4000);
    ck_assert_int_eq(ruleset_limits(t.set)->stale_ms, 5000);
    ruletest_clear(&t);
}
END_TEST

START_TEST(a_rule_overrides_its_file_which_overrides_what_is_built_in)
{
    struct ruletest t;
    ruletest_good(&t, FILE_HEAD "defaults:\n  severity: critical\n  cooldown: 2m\n  per_call: 7\n  mode: shadow\n"
                                "  min_confidence: 0.25\n"
                                "limits:\n  per_call: 9\n  gap: 500ms\n"
                                "categories:\n  own: Of our own\n"
                                "rules:\n  - id: a\n    category: own\n    message: m\n    says:\n      - x\n"
                                "  - id: b\n    category: own\n    message: m\n    says:\n      - y\n"
                                "    cooldown: 1.5s\n    severity: praise\n    title: Well said\n    mode: live\n");
    const struct rule *a = ruleset_find(t.set, "a"), *b = ruleset_find(t.set, "b");
    ck_assert_int_eq(a->severity, RULE_CRITICAL);
    ck_assert_int_eq(a->cooldown_ms, 120000);
    ck_assert_int_eq(a->mode, RULE_SHADOW);
    ck_assert_str_eq(a->title, "Of our own");
    ck_assert_double_eq(a->min_confidence, 0.25);
    ck_assert_int_eq(b->severity, RULE_PRAISE);
    ck_assert_int_eq(b->cooldown_ms, 1500);
    ck_assert_int_eq(b->per_call, 7);
    ck_assert_int_eq(b->mode, RULE_LIVE);
    ck_assert_str_eq(b->title, "Well said");
    ck_assert_int_eq(ruleset_limits(t.set)->per_call, 9);
    ck_assert_int_eq(ruleset_limits(t.set)->gap_ms, 500);
    ruletest_clear(&t);
}
END_TEST

START_TEST(three_faults_are_reported_in_one_run_each_at_its_place)
{
    struct ruletest t;
    ruletest_build(&t, FILE_HEAD "rules:\n"
                                 "  - id: a\n"
                                 "    categroy: tone\n" /* 5:5 */
                                 "    category: tone\n"
                                 "    message: say {what}\n" /* 7:18 */
                                 "    cooldown: 60\n"        /* 8:15 */
                                 "    says:\n"
                                 "      - calm down?\n"); /* 10:18 */
    static const struct {
        int line, column;
        const char *code;
    } want[] = {{5, 5, "unknown-key"}, {8, 15, "bad-value"}, {10, 18, "question-mark"}};
    ck_assert_int_eq(t.rc, COACH_ERULES);
    ck_assert_msg(t.problems.levels[DIAG_ERROR] == 3, "%s", ruletest_problems(&t));
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(t.problems.items[i].at.line, want[i].line);
        ck_assert_int_eq(t.problems.items[i].at.column, want[i].column);
        ck_assert_str_eq(t.problems.items[i].code, want[i].code);
    }
    ruletest_clear(&t);
}
END_TEST

#define LIST(name, item) "  " name ":\n    - " item "\n"

static const struct {
    const char *text;
    const char *code;
    int line, column;
    const char *says; /* in the message */
    const char *hint; /* in the hint, or NULL */
} errors[] = {
    /* the file */
    {"", "empty-file", 1, 1, "nothing in this file", "format: 1"},
    {"# only a remark\n", "empty-file", 1, 1, "nothing in this file", NULL},
    {"pack: test\nrules:\n", "format", 1, 1, "version of the rule language is missing", "format: 1"},
    {"format: 2\npack: test\n", "format", 1, 9, "format 2", "newer"},
    {"format: one\npack: test\n", "bad-value", 1, 9, "not a whole number", NULL},
    {"format: 1\n", "pack-or-site", 1, 1, "name of the pack or site is missing", NULL},
    {"format: 1\npack: a\nsite: b\n", "pack-or-site", 1, 1, "not to both", NULL},
    {"format: 1\npack: Test\n", "bad-name", 2, 7, "cannot be part of a name", NULL},
    {FILE_HEAD, "no-rules", 0, 0, "no rule in these files", NULL},
    {FILE_HEAD "rules:\n  a: b\n", "wrong-kind", 4, 3, "expected a list", "- id:"},
    {FILE_HEAD "rules:\n  - a\n", "wrong-kind", 4, 5, "expected keys with values", NULL},
    {FILE_HEAD "language: fr\nrules:\n", "language", 0, 0, "no language table for 'fr'", NULL},
    {FILE_HEAD "ruls:\n", "unknown-key", 3, 1, "no key 'ruls'", "did you mean 'rules'?"},
    {FILE_HEAD "zebra: x\n", "unknown-key", 3, 1, "no key 'zebra'", NULL},
    {FILE_HEAD "limits:\n  per_call: 0\n", "bad-value", 4, 13, "from 1 to 100", NULL},
    {FILE_HEAD "limits:\n  gap: 25h\n", "bad-value", 4, 8, "'25h' is not a time", "500ms"},
    {FILE_HEAD "limits:\n  stale: 20m\n", "bad-value", 4, 10, "a time from 0s to 600s", NULL},
    /* a rule */
    {FILE_HEAD "rules:\n  - category: tone\n    message: m\n    says:\n      - x\n", "missing-key", 4, 5, "no 'id'",
     "id: ..."},
    {FILE_HEAD "rules:\n  - id: a\n    message: m\n    says:\n      - x\n", "missing-key", 4, 5, "no 'category'", NULL},
    {FILE_HEAD "rules:\n  - id: a\n    category: tone\n    says:\n      - x\n", "missing-key", 4, 5, "no 'message'",
     NULL},
    {RULE_HEAD, "rule-body", 4, 5, "none of says, swap, regex and when", NULL},
    {RULE "    regex: 'x'\n", "rule-body", 4, 5, "'says' and 'regex'", "two rules"},
    {RULE "    swap:\n      x: y\n", "rule-body", 4, 5, "'says' and 'swap'", NULL},
    {RULE "    mesage: m\n", "unknown-key", 9, 5, "a rule has no key 'mesage'", "did you mean 'message'?"},
    {RULE "    title: A heading that no card has the room for, ever\n", "title-length", 9, 12, "45 characters", "42"},
    {RULE "    suggest:\n      - a\n      - b\n      - c\n", "suggestions", 12, 9, "two suggestions", NULL},
    {RULE "    severity: importnat\n", "bad-value", 9, 15, "none of: critical, important, hint, praise", "'important'"},
    {RULE "    speaker: me\n", "bad-value", 9, 14, "none of: agent, customer, either", NULL},
    {RULE "    mode: off\n", "bad-value", 9, 11, "none of: live, shadow, disabled", NULL},
    {RULE "    final_only: perhaps\n", "bad-value", 9, 17, "neither true nor false", NULL},
    {RULE "    min_confidence: 1.1\n", "bad-value", 9, 21, "from 0 to 1", NULL},
    {RULE "    min_confidence: nan\n", "bad-value", 9, 21, "from 0 to 1", NULL},
    {RULE "    per_call: 3 times\n", "bad-value", 9, 15, "not a whole number", NULL},
    {RULE "    quiets: nobody\n", "unknown-rule", 9, 13, "no rule called 'nobody'", NULL},
    {RULE_HEAD "    says: calm down\n", "wrong-kind", 7, 11, "expected a list of phrases", "- "},
    {RULE_HEAD "    says:\n      - try: calm down\n", "wrong-kind", 8, 9, "expected a text", "without the colon"},
    {RULE_HEAD "    swap:\n      - x\n", "wrong-kind", 8, 7, "terms with their plain words", "term: plain words"},
    {RULE_HEAD "    swap:\n      GDS?: booking system\n", "question-mark", 8, 10, "bracket only", NULL},
    /* categories */
    {FILE_HEAD "rules:\n  - id: a\n    category: tune\n    message: m\n    says:\n      - x\n", "unknown-category", 5,
     15, "no category called 'tune'", "'tone'"},
    {FILE_HEAD "rules:\n  - id: a\n    category: zebra\n    message: m\n    says:\n      - x\n", "unknown-category", 5,
     15, "'zebra'", "declare it"},
    {FILE_HEAD "categories:\n  own:\n", "wrong-kind", 4, 0, "'own' has no heading", NULL},
    /* placeholders */
    {RULE "    suggest: about {plain}\n", "placeholder", 9, 20, "nothing can be filled in", "only a swap rule"},
    {RULE "    suggest: about {reason}\n", "placeholder", 9, 20, "nothing can be filled in", "{said}"},
    {RULE "    suggest: about {said\n", "placeholder", 9, 20, "nothing can be filled in", NULL},
    {RULE "    suggest: about {}\n", "placeholder", 9, 20, "nothing can be filled in", NULL},
    {RULE "    suggest:\n      - |\n        we say\n        {that}\n", "placeholder", 12, 9, "nothing can be filled in",
     NULL},
    {FILE_HEAD "lists:\n" LIST("aa", "u") LIST("bb", "v") LIST("cc", "w") LIST("dd", "x")
         LIST("ee", "y") "rules:\n  - id: a\n    category: tone\n    message: a {aa} {bb} {cc} {dd}\n    suggest: no "
                         "{ee}\n    says:\n"
                         "      - (<aa> | <bb> | <cc> | <dd> | <ee>)\n",
     "placeholder", 18, 17, "at most 4 lists", NULL},
    /* lists */
    {FILE_HEAD "lists:\n" LIST("one", "a <one> b"), "list-cycle", 5, 9, "'one' contains itself", NULL},
    {FILE_HEAD "lists:\n" LIST("one", "<two>") LIST("two", "(x | <three>)") LIST("three", "<one>"), "list-cycle", 9, 7,
     "contains itself", NULL},
    {FILE_HEAD "lists:\n" LIST("one", "<to>") LIST("two", "x"), "unknown-list", 5, 7, "no list called 'to'",
     "did you mean <two>?"},
    {FILE_HEAD "lists:\n" LIST("number", "x"), "bad-name", 4, 3, "could not name the list 'number'", "number, word"},
    {FILE_HEAD "lists:\n" LIST("Reason", "x"), "bad-name", 4, 3, "'Reason'", "small letters"},
    {FILE_HEAD "lists:\n  one:\n", "wrong-kind", 4, 0, "expected a list of phrases", NULL},
    {FILE_HEAD "lists:\n" LIST("l1", "<l2>") LIST("l2", "<l3>") LIST("l3", "<l4>") LIST("l4", "<l5>") LIST("l5", "<l6>")
         LIST("l6", "<l7>") LIST("l7", "<l8>") LIST("l8", "<l9>") LIST("l9", "x"),
     "list-depth", 19, 7, "at most 8 deep", NULL},
    {FILE_HEAD "lists:\n" LIST("l9", "x") LIST("l8", "<l9>") LIST("l7", "<l8>") LIST("l6", "<l7>") LIST("l5", "<l6>")
         LIST("l4", "<l5>") LIST("l3", "<l4>") LIST("l2", "<l3>") LIST("l1", "<l2>"),
     "list-depth", 20, 3, "at most 8 deep", NULL},
    {FILE_HEAD "lists:\n" LIST("l1", "a <l2> <l2> <l2> <l2> <l2> <l2> <l2> <l2>") LIST(
         "l2", "b <l3> <l3> <l3> <l3> <l3> <l3> <l3> <l3>") LIST("l3", "c <l4> <l4> <l4> <l4> <l4> <l4> <l4> <l4>")
         LIST("l4", "d <l5> <l5> <l5> <l5> <l5> <l5> <l5> <l5>") LIST("l5", "e <l6> <l6> <l6> <l6> <l6> <l6> <l6> <l6>")
             LIST("l6", "x y z") "rules:\n  - id: a\n    category: tone\n    message: m\n    says:\n      - <l1>\n",
     "phrase-too-large", 21, 9, "too large", NULL},
    /* signals */
    {FILE_HEAD "signals:\n  - says:\n      - x\n", "missing-key", 4, 5, "signal has no 'id'", NULL},
    {FILE_HEAD "signals:\n  - id: s\n", "rule-body", 4, 5, "one of says and when", NULL},
    {FILE_HEAD "signals:\n  - id: s\n    says:\n      - calm [down]\n", "phrase-character", 6, 14, "'['", NULL},
    /* examples */
    {RULE "    match:\n      - calm it down\n", "match-fails", 10, 9, "no phrase of the rule matches", NULL},
    {RULE "    not_in:\n      - calm down there\n    match:\n      - calm down there\n", "match-fails", 12, 9,
     "silenced by 'not_in'", NULL},
    {RULE "    unless:\n      - please\n    match:\n      - calm down please\n", "match-fails", 12, 9,
     "silenced by 'unless'", NULL},
    {RULE "    no_match:\n      - now calm um down\n", "no-match-fires", 10, 9, "fires on this example", NULL},
};

START_TEST(an_error_in_a_pack_is_refused_at_its_place)
{
    struct ruletest t;
    ruletest_build(&t, errors[_i].text);
    ck_assert_msg(t.rc == COACH_ERULES, "%d: %s", t.rc, errors[_i].text);
    ck_assert_ptr_null(t.set);
    const struct diag *d = ruletest_find(&t, errors[_i].code);
    ck_assert_msg(d != NULL && d->level == DIAG_ERROR, "want %s\n%s", errors[_i].code, ruletest_problems(&t));
    ck_assert_msg(strstr(d->message, errors[_i].says) != NULL, "%s", ruletest_problems(&t));
    ck_assert_msg(errors[_i].hint == NULL || (d->hint != NULL && strstr(d->hint, errors[_i].hint) != NULL), "%s",
                  ruletest_problems(&t));
    ck_assert_msg(d->at.line == errors[_i].line && (errors[_i].column == 0 || d->at.column == errors[_i].column), "%s",
                  ruletest_problems(&t));
    ruletest_clear(&t);
}
END_TEST

static const struct {
    const char *text;
    enum diag_level level;
    const char *code;
    int line, column;
    const char *says;
} remarks[] = {
    {RULE "    no_match:\n      - be calm\n", DIAG_WARNING, "no-match-examples", 4, 9,
     "no example shows that this rule works"},
    {RULE "    match:\n      - calm down\n", DIAG_WARNING, "no-match-examples", 4, 9, "where this rule keeps quiet"},
    {RULE "      - relax\n    match:\n      - calm down\n", DIAG_WARNING, "phrase-unproved", 9, 9, "holds this phrase"},
    {RULE "    not_in:\n      - calm down there\n      - now calm down\n    no_match:\n      - calm down there\n",
     DIAG_WARNING, "exception-unproved", 11, 9, "needs this exception"},
    {RULE "    unless:\n      - sir\n    no_match:\n      - be calm\n", DIAG_WARNING, "exception-unproved", 10, 9,
     "needs this exception"},
    {RULE "    unless:\n      - sir\n      - madam\n    no_match:\n      - calm down sir madam\n", DIAG_WARNING,
     "exception-unproved", 11, 9, "needs this exception"},
    {RULE "    match:\n      - calm down\n    no_match:\n      - the van is late\n", DIAG_WARNING, "no-match-vacuous",
     12, 9, "shares no word"},
    {RULE "    speaker: customer\n    suggest: you said {said}\n", DIAG_WARNING, "quotes-customer", 10, 23,
     "quotes the customer"},
    {FILE_HEAD
     "rules:\n  - id: a\n    category: tone\n    says:\n      - x\n"
     "    message: 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "
     "0123456789 0123456789 0123456789 012345678\n",
     DIAG_WARNING, "message-length", 8, 14, "141 characters"},
    {RULE_HEAD "    regex: 'calm\\s+down'\n", DIAG_WARNING, "regex-unfiltered", 7, 12, "on every line"},
};

START_TEST(what_is_not_wrong_but_worth_knowing_is_said_and_the_set_is_built)
{
    struct ruletest t;
    ruletest_good(&t, remarks[_i].text);
    size_t found = 0;
    for (size_t i = 0; i < t.problems.count; i++) {
        const struct diag *d = &t.problems.items[i];
        found += d->level == remarks[_i].level && strcmp(d->code, remarks[_i].code) == 0 &&
                 d->at.line == remarks[_i].line && d->at.column == remarks[_i].column &&
                 strstr(d->message, remarks[_i].says) != NULL;
    }
    ck_assert_msg(found == 1, "%s", ruletest_problems(&t));
    ruletest_clear(&t);
}
END_TEST

#define SIGNALS "signals:\n  - id: aa\n    says:\n      - x\n  - id: bb\n    says:\n      - y\n"
#define WHEN    FILE_HEAD SIGNALS "rules:\n  - id: a\n    category: tone\n    message: m\n    when:\n"
enum { WHEN_LINE = 15 }; /* of the first line below "when:" */

static const char *const good_when[] = {
    "      after: aa\n      without: bb\n      within: 2 agent turns or 25s\n",
    "      after: aa\n      without: bb\n      within: same turn\n",
    "      at: aa\n      without: bb\n      since: call start\n",
    "      at: call end\n      without: bb\n",
    "      at: aa\n      without: bb\n      since: 4 turns\n",
    "      sequence:\n        - aa\n        - bb\n      within: 60s\n      cancel: aa\n",
    "      count: aa\n      at_least: 3\n      within: 90s\n",
    "      overlap: agent over customer\n      lasting: 1.2s\n      times: 2\n      within: 2m\n",
    "      silence: longer than 10s\n",
    "      silence: longer than 10s\n      without: aa\n",
    "      monologue: agent longer than 60s\n",
    "      pace: agent faster than 190 words a minute\n      over: 20s\n",
    "      questions: closed\n      at_least: 4\n",
};

START_TEST(every_verb_of_the_specification_is_read)
{
    char text[2048];
    struct ruletest t;
    snprintf(text, sizeof text, WHEN "%s", good_when[_i]);
    ruletest_good(&t, text);
    ck_assert_uint_eq(ruleset_count(t.set), 1);
    ck_assert_ptr_nonnull(ruleset_node_of(t.set, ruleset_rule(t.set, 0)));
    ruletest_clear(&t);
}
END_TEST

static const struct {
    const char *when;
    const char *code;
    int line; /* the first below "when:" is 0 */
    int column;
    const char *says;
} bad_when[] = {
    {"      within: 20s\n", "when-verb", 0, 7, "no verb"},
    {"      after: aa\n      count: bb\n", "when-verb", 0, 7, "'after' and 'count'"},
    {"      aftr: aa\n", "unknown-key", 0, 7, "no key 'aftr'"},
    {"      after: aa\n      within: 20s\n", "when-incomplete", 0, 7, "'after' needs 'without'"},
    {"      after: aa\n      without: bb\n", "when-incomplete", 0, 7, "'after' needs 'within'"},
    {"      at: aa\n", "when-incomplete", 0, 7, "'at' needs 'without'"},
    {"      sequence:\n        - aa\n        - bb\n", "when-incomplete", 0, 7, "'sequence' needs 'within'"},
    {"      sequence:\n        - aa\n      within: 5s\n", "when-incomplete", 1, 9, "at least two"},
    {"      count: aa\n      within: 5s\n", "when-incomplete", 0, 7, "'count' needs 'at_least'"},
    {"      count: aa\n      at_least: 3\n", "when-incomplete", 0, 7, "'count' needs 'within'"},
    {"      overlap: agent over customer\n", "when-incomplete", 0, 7, "'overlap' needs 'lasting'"},
    {"      pace: agent faster than 190 words a minute\n", "when-incomplete", 0, 7, "'pace' needs 'over'"},
    {"      questions: closed\n", "when-incomplete", 0, 7, "'questions' needs 'at_least'"},
    {"      silence: longer than 10s\n      within: 5s\n", "when-extra", 1, 7, "'within' does not go with 'silence'"},
    {"      silence: longer than 10s\n    not_in:\n      - x\n", "when-extra", 1, 5,
     "'not_in' does not go with 'when'"},
    {"      silence: longer than 10s\n    unless:\n      - x\n", "when-extra", 1, 5,
     "'unless' does not go with 'when'"},
    {"      silence: longer than 10s\n    min_confidence: 0.5\n", "when-extra", 1, 5,
     "'min_confidence' does not go with 'when'"},
    {"      silence: longer than 10s\n    final_only: true\n", "when-extra", 1, 5,
     "'final_only' does not go with 'when'"},
    {"      silence: longer than 10s\n      without: cc\n", "unknown-signal", 1, 16, "no signal called 'cc'"},
    {"      count: aa\n      at_least: 21\n      within: 5s\n", "bad-value", 1, 17, "20"},
    {"      overlap: agent over customer\n      lasting: 1s\n      times: 21\n", "bad-value", 2, 14, "20"},
    {"      sequence:\n        - aa\n        - bb\n        - aa\n        - bb\n        - aa\n        - bb\n"
     "        - aa\n        - bb\n        - aa\n      within: 5s\n",
     "sequence-length", 9, 11, "at most 8"},
    {"      after: aa\n      without: bb\n      within: 5s\n      times: 2\n", "when-extra", 3, 7,
     "'times' does not go"},
    {"      monologue: agent longer than 9s\n      within: 5s\n", "when-extra", 1, 7, "'within' does not go"},
    {"      after: aa\n      without: bb\n      within: 2 agents turns\n", "bad-window", 2, 15, "not a window"},
    {"      after: aa\n      without: bb\n      within: same turn or 5s\n", "bad-window", 2, 15, "not a window"},
    {"      after: aa\n      without: bb\n      within: 0 turns\n", "bad-window", 2, 15, "not a window"},
    {"      after: aa\n      without: bb\n      within: 0s\n", "bad-window", 2, 15, "not a window"},
    {"      at: aa\n      without: bb\n      since: 4 turn s\n", "bad-window", 2, 14, "not a window"},
    {"      silence: 10s\n", "bad-value", 0, 16, "not understood"},
    {"      silence: longer than 0s\n", "bad-value", 0, 16, "not understood"},
    {"      monologue: caller longer than 9s\n", "bad-value", 0, 18, "not understood"},
    {"      overlap: agent on customer\n      lasting: 1s\n", "bad-value", 0, 16, "not understood"},
    {"      pace: agent faster than 1900 words a minute\n      over: 20s\n", "bad-value", 0, 13, "not understood"},
    {"      pace: agent faster than 49 words a minute\n      over: 20s\n", "bad-value", 0, 13, "not understood"},
    {"      pace: agent faster than 99999999999999999999 words a minute\n      over: 20s\n", "bad-value", 0, 13,
     "not understood"},
    {"      questions: open\n      at_least: 4\n", "bad-value", 0, 18, "not understood"},
    {"      after: ab\n      without: bb\n      within: 5s\n", "unknown-signal", 0, 14, "no signal called 'ab'"},
    {"      sequence:\n        - aa\n        - cc\n      within: 5s\n", "unknown-signal", 2, 11,
     "no signal called 'cc'"},
    {"      at: call ends\n      without: bb\n", "unknown-signal", 0, 11, "no signal called 'call ends'"},
    {"      at: aa\n      without: bb\n      since: the start\n", "unknown-signal", 2, 14, "no signal called"},
};

START_TEST(a_wrong_condition_is_refused_at_its_place)
{
    char text[2048];
    struct ruletest t;
    snprintf(text, sizeof text, WHEN "%s", bad_when[_i].when);
    ruletest_build(&t, text);
    ck_assert_msg(t.rc == COACH_ERULES, "%s", text);
    const struct diag *d = ruletest_find(&t, bad_when[_i].code);
    ck_assert_msg(d != NULL && strstr(d->message, bad_when[_i].says) != NULL, "%s", ruletest_problems(&t));
    ck_assert_msg(d->at.line == WHEN_LINE + bad_when[_i].line && d->at.column == bad_when[_i].column, "%s",
                  ruletest_problems(&t));
    ruletest_clear(&t);
}
END_TEST

/* Followed by recursion this chain would need more stack than there is. */
START_TEST(a_chain_of_twenty_thousand_lists_is_refused)
{
    enum { LISTS = 20000, ROOM = LISTS * 40 };
    char *text = malloc(ROOM);
    struct ruletest t;
    size_t n = (size_t)snprintf(text, ROOM, FILE_HEAD "lists:\n");
    for (int i = 0; i < LISTS; i++) /* either way round */
        n += (size_t)snprintf(text + n, ROOM - n, "  l%d:\n    - <l%d>\n", i, _i == 0 ? i + 1 : i - 1);
    snprintf(text + n, ROOM - n, "  l%d:\n    - x\n", _i == 0 ? LISTS : -1);
    if (_i == 1)
        memcpy(strstr(text, "<l-1>"), "word ", 5);
    char *last = strstr(text, "l-1:");
    if (last != NULL)
        memcpy(last, "xyz:", 4);
    ruletest_build(&t, text);
    ck_assert_int_eq(t.rc, COACH_ERULES);
    ck_assert_msg(ruletest_find(&t, "list-depth") != NULL, "%s", ruletest_problems(&t));
    ck_assert_ptr_null(ruletest_find(&t, "unknown-list"));
    ruletest_clear(&t);
    free(text);
}
END_TEST

/* --- several files --- */

static void build_two(struct ruletest *t, const char *first, const char *second)
{
    const struct source files[] = {{"a.yaml", first, strlen(first)}, {"b.yaml", second, strlen(second)}};
    ruletest_build_files(t, files, 2);
}

START_TEST(files_share_their_lists_and_signals)
{
    struct ruletest t;
    const struct hit *hits;
    build_two(&t, RULE_HEAD "    says:\n      - calm <whom>\n", FILE_HEAD "lists:\n" LIST("whom", "down"));
    ck_assert_msg(t.rc == COACH_OK, "%s", ruletest_problems(&t));
    ck_assert_uint_eq(ruletest_scan(&t, "calm down", COACH_ROLE_AGENT, &hits), 1);
    ruletest_clear(&t);
}
END_TEST

static const struct {
    const char *first, *second;
    const char *message;
    int line, column; /* in the second file */
    const char *also; /* the first's place */
} duplicates[] = {
    {RULE, FILE_HEAD "rules:\n  - id: a\n    category: tone\n    message: m\n    says:\n      - x\n",
     "two rules called 'a'", 4, 9, "a.yaml:4"},
    {FILE_HEAD "lists:\n" LIST("one", "x"), FILE_HEAD "# more\nlists:\n" LIST("one", "y"), "two lists called 'one'", 5,
     3, "a.yaml:4"},
    {FILE_HEAD SIGNALS, FILE_HEAD SIGNALS, "two signals called 'aa'", 4, 9, "a.yaml:4"},
};

START_TEST(a_name_given_twice_is_refused_and_both_places_are_named)
{
    struct ruletest t;
    build_two(&t, duplicates[_i].first, duplicates[_i].second);
    const struct diag *d = ruletest_find(&t, "duplicate-name");
    ck_assert_int_eq(t.rc, COACH_ERULES);
    ck_assert_msg(d != NULL && strstr(d->message, duplicates[_i].message) != NULL, "%s", ruletest_problems(&t));
    ck_assert_str_eq(d->at.source->name, "b.yaml");
    ck_assert_int_eq(d->at.line, duplicates[_i].line);
    ck_assert_int_eq(d->at.column, duplicates[_i].column);
    ck_assert_msg(strstr(d->hint, duplicates[_i].also) != NULL, "%s", d->hint);
    ruletest_clear(&t);
}
END_TEST

START_TEST(files_of_two_languages_are_refused)
{
    struct ruletest t;
    build_two(&t, "format: 1\npack: a\nlanguage: en\n", "format: 1\npack: b\nlanguage: de\n");
    const struct diag *d = ruletest_find(&t, "language");
    ck_assert_msg(d != NULL && d->at.line == 3 && d->at.column == 11, "%s", ruletest_problems(&t));
    ck_assert_int_eq(t.rc, COACH_ERULES);
    ruletest_clear(&t);
}
END_TEST

START_TEST(an_error_in_one_file_does_not_hide_those_of_the_other)
{
    struct ruletest t;
    build_two(&t, "format: 1\npack: [\n", RULE "    severity: big\n");
    ck_assert_int_eq(t.rc, COACH_ERULES);
    ck_assert_uint_ge(t.problems.levels[DIAG_ERROR], 2);
    ck_assert_str_eq(t.problems.items[0].at.source->name, "a.yaml");
    ck_assert_str_eq(t.problems.items[t.problems.count - 1].at.source->name, "b.yaml");
    ruletest_clear(&t);
}
END_TEST

/* --- the hash --- */

#define PLAIN                                                                                                          \
    "format: 1\npack: test\nrules:\n  - id: a\n    category: tone\n    message: m\n    says:\n      - one\n      - "   \
    "two\n"

static const struct {
    const char *text;
    bool same; /* as PLAIN */
} variants[] = {
    {PLAIN, true},
    {"# a remark\n" PLAIN "    # another\n", true},
    {PLAIN "    match:\n      - one\n    no_match:\n      - on\n    owner: sam\n    tags: x\n", true},
    {PLAIN "    rev: 1\n    cooldown: 60s\n    per_call: 3\n    severity: hint\n    speaker: agent\n    mode: live\n",
     true},
    {PLAIN "    rev: 2\n", false},
    {PLAIN "    cooldown: 61s\n", false},
    {PLAIN "    per_call: 4\n", false},
    {PLAIN "    severity: important\n", false},
    {PLAIN "    speaker: either\n", false},
    {PLAIN "    mode: shadow\n", false},
    {PLAIN "    title: Other\n", false},
    {PLAIN "    min_confidence: 0.0001\n", false},
    {PLAIN "    suggest: say this\n", false},
    {PLAIN "    not_in:\n      - three\n", false},
    {PLAIN "    unless:\n      - three\n", false},
    {PLAIN "limits:\n  gap: 1s\n", false},
    {"format: 1\npack: test\nrules:\n  - id: a\n    category: tone\n    message: n\n    says:\n      - one\n      - "
     "two\n",
     false},
    {"format: 1\npack: test\nrules:\n  - id: b\n    category: tone\n    message: m\n    says:\n      - one\n      - "
     "two\n",
     false},
    {"format: 1\npack: test\nrules:\n  - id: a\n    category: tone\n    message: m\n    says:\n      - one\n    "
     "not_in:\n      - two\n",
     false},
    {"format: 1\npack: test\nrules:\n  - id: a\n    category: tone\n    message: m\n    says:\n      - one\n    "
     "unless:\n      - two\n",
     false},
    {"format: 1\npack: test\nrules:\n  - id: a\n    category: tone\n    message: m\n    says:\n      - two\n      - "
     "one\n",
     false},
    {"format: 1\npack: test\nrules:\n  - id: a\n    category: tone\n    message: m\n    swap:\n      one: x\n      "
     "two: x\n",
     false},
};

START_TEST(the_hash_changes_when_a_rule_does_and_only_then)
{
    struct ruletest plain, t;
    ruletest_good(&plain, PLAIN);
    ruletest_good(&t, variants[_i].text);
    ck_assert_uint_eq(strlen(ruleset_hash(plain.set)), 16);
    ck_assert_int_eq(strcmp(ruleset_hash(plain.set), ruleset_hash(t.set)) == 0, variants[_i].same);
    ruletest_clear(&t);
    ruletest_clear(&plain);
}
END_TEST

START_TEST(each_variant_has_a_hash_of_its_own)
{
    char seen[RULETEST_ROWS(variants)][17];
    for (int i = 0; i < RULETEST_ROWS(variants); i++) {
        struct ruletest t;
        ruletest_good(&t, variants[i].text);
        memcpy(seen[i], ruleset_hash(t.set), sizeof seen[i]);
        for (int k = 0; k < i; k++)
            ck_assert_msg(strcmp(seen[k], seen[i]) != 0 || (variants[i].same && variants[k].same), "%d %d", k, i);
        ruletest_clear(&t);
    }
}
END_TEST

/* --- packs that others wrote --- */

static const struct hit *only_hit(struct ruletest *t, const char *line)
{
    const struct hit *hits;
    ck_assert_msg(ruletest_scan(t, line, COACH_ROLE_AGENT, &hits) == 1, "%s", line);
    return hits;
}

START_TEST(the_example_pack_of_the_specification_holds)
{
    size_t len;
    struct ruletest t;
    char *text = ruletest_read(SOURCE_DIR "/../shared/design/example-pack.rules.yaml", &len);
    if (text == NULL) {
        printf("skipped: the example pack is not beside this source tree\n");
        return;
    }
    ruletest_build_files(&t, &(struct source){"example-pack.rules.yaml", text, len}, 1);
    ck_assert_msg(t.rc == COACH_OK && t.problems.levels[DIAG_ERROR] == 0 && t.problems.levels[DIAG_WARNING] == 0, "%s",
                  ruletest_problems(&t));
    ck_assert_uint_ge(ruleset_count(t.set), 3);
    ck_assert_str_eq(only_hit(&t, "Sir, you need to calm down.")->rule->id, "dismissive-calm-down");
    ruletest_clear(&t);
    free(text);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rules");
    TCase *t = tcase_create("rules");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_small_pack_is_built_with_its_defaults);
    tcase_add_test(t, a_rule_overrides_its_file_which_overrides_what_is_built_in);
    tcase_add_test(t, three_faults_are_reported_in_one_run_each_at_its_place);
    tcase_add_loop_test(t, an_error_in_a_pack_is_refused_at_its_place, 0, RULETEST_ROWS(errors));
    tcase_add_loop_test(t, what_is_not_wrong_but_worth_knowing_is_said_and_the_set_is_built, 0, RULETEST_ROWS(remarks));
    tcase_add_loop_test(t, every_verb_of_the_specification_is_read, 0, RULETEST_ROWS(good_when));
    tcase_add_loop_test(t, a_wrong_condition_is_refused_at_its_place, 0, RULETEST_ROWS(bad_when));
    tcase_add_test(t, files_share_their_lists_and_signals);
    tcase_add_loop_test(t, a_name_given_twice_is_refused_and_both_places_are_named, 0, RULETEST_ROWS(duplicates));
    tcase_add_test(t, files_of_two_languages_are_refused);
    tcase_add_test(t, an_error_in_one_file_does_not_hide_those_of_the_other);
    tcase_add_loop_test(t, the_hash_changes_when_a_rule_does_and_only_then, 0, RULETEST_ROWS(variants));
    tcase_add_test(t, each_variant_has_a_hash_of_its_own);
    tcase_add_test(t, the_example_pack_of_the_specification_holds);
    suite_add_tcase(s, t);
    tcase_add_loop_test(suite_large(s), a_chain_of_twenty_thousand_lists_is_refused, 0, 2);
    return suite_run(s);
}
