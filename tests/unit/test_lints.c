/* Examples that are compulsory, and the lints: what they find is in tests/broken, here is what they must leave alone.
 */
#include "lib/rules/compile.h"

#include "tests/support/ruletest.h"

#define HEAD "format: 1\npack: test\n"
#define RULE HEAD "rules:\n  - id: a\n    category: tone\n    message: m\n    says:\n      - calm down\n"

/* Builds as a program does that coaches people. */
static void build_strictly(struct ruletest *t, const struct source *files, size_t n)
{
    ruletest_build_files(t, files, n);
    ruleset_unref(t->set);
    t->set = NULL;
    diags_clear(&t->problems);
    t->rc = rules_compile(files, n, &t->language, 1, NULL, &t->set, &t->problems);
}

static const struct {
    const char *text;
    const char *code;
    int line, column;
    const char *says; /* in the message */
} unproved[] = {
    {RULE "    no_match:\n      - be calm\n", "no-match-examples", 4, 9, "no example shows that this rule works"},
    {RULE "    match:\n      - calm down\n", "no-match-examples", 4, 9, "where this rule keeps quiet"},
    {RULE "      - relax now\n    match:\n      - calm down\n    no_match:\n      - be calm\n", "phrase-unproved", 9, 9,
     "holds this phrase"},
    {RULE "    not_in:\n      - calm down there\n    match:\n      - calm down\n    no_match:\n      - be calm\n",
     "exception-unproved", 10, 9, "needs this exception"},
    {RULE "    unless:\n      - sir\n      - madam\n    match:\n      - calm down\n    no_match:\n"
          "      - calm down sir madam\n",
     "exception-unproved", 10, 9, "needs this exception"},
    {RULE "    match:\n      - calm down\n    no_match:\n      - the van is late\n", "no-match-vacuous", 12, 9,
     "shares no word"},
};

START_TEST(what_examples_leave_unproved_is_an_error)
{
    struct ruletest t;
    build_strictly(&t, &(struct source){"a.yaml", unproved[_i].text, strlen(unproved[_i].text)}, 1);
    const struct diag *d = ruletest_find(&t, unproved[_i].code);
    ck_assert_int_eq(t.rc, COACH_ERULES);
    ck_assert_ptr_null(t.set);
    ck_assert_msg(d != NULL && d->level == DIAG_ERROR, "%s", ruletest_problems(&t));
    ck_assert_msg(d->at.line == unproved[_i].line && d->at.column == unproved[_i].column, "%s", ruletest_problems(&t));
    ck_assert_msg(strstr(d->message, unproved[_i].says) != NULL, "%s", ruletest_problems(&t));
    ck_assert_ptr_nonnull(d->hint);
    ruletest_clear(&t);
}
END_TEST

START_TEST(in_a_draft_it_is_a_warning)
{
    struct ruletest t;
    ruletest_good(&t, unproved[_i].text);
    const struct diag *d = ruletest_find(&t, unproved[_i].code);
    ck_assert_msg(d != NULL && d->level == DIAG_WARNING, "%s", ruletest_problems(&t));
    ruletest_clear(&t);
}
END_TEST

START_TEST(a_rule_whose_examples_prove_all_of_it_has_no_problem)
{
    static const char text[] =
        RULE "      - relax now\n    not_in:\n      - calm down there\n    unless:\n      - sir\n"
             "    match:\n      - calm down\n      - relax now\n    no_match:\n"
             "      - calm down there\n      - calm down sir\n      - be calm\n";
    struct ruletest t;
    build_strictly(&t, &(struct source){"a.yaml", text, sizeof text - 1}, 1);
    ck_assert_msg(t.rc == COACH_OK && t.problems.count == 0, "%s", ruletest_problems(&t));
    ruletest_clear(&t);
}
END_TEST

#define PROVED  "    match:\n      - calm down\n    no_match:\n      - be calm\n"
#define SIGNALS "signals:\n  - id: aa\n    says:\n      - xylo phone\n  - id: bb\n    says:\n      - glocken spiel\n"
#define SAYS(first, second, rest)                                                                                      \
    HEAD "lists:\n  who:\n    - you\n    - me\nrules:\n  - id: a\n    category: tone\n    message: m\n    says:\n"     \
         "      - tell <who> so\n      - " first "\n      - " second "\n" rest

static const struct {
    const char *code; /* that must not be given */
    const char *text;
} quiet[] = {
    /* not the same words */
    {"phrase-redundant", SAYS("calm down", "calm it down", "")},
    {"phrase-redundant", SAYS("calm down", "calm ... down", "")},
    {"phrase-redundant", SAYS("calm ...2 down", "calm ...3 down now", "    not_in:\n      - x y\n")},
    {"phrase-redundant", SAYS("(calm | settle) down", "(calm | quieten) down", "")},
    {"phrase-redundant", SAYS("calm (it)? down now", "calm down", "    not_in:\n      - x y\n")},
    {"phrase-redundant", SAYS("calm it down", "calm (it)? down now", "")},
    {"phrase-redundant", SAYS("<start> calm down", "calm down <end>", "")},
    {"phrase-redundant", SAYS("(oh)? <start> calm down", "calm down <end>", "")},
    {"phrase-redundant", SAYS("calm down <who>", "calm down (you | him)", "")},
    {"phrase-redundant", SAYS("wou* not", "would not", "")}, /* "would" is heard as 'd too */
    {"phrase-redundant", SAYS("~calm down", "calmly down", "")},
    {"phrase-redundant", SAYS("calm <number>", "calm down", "")},
    /* a longer match escapes the exception that holds the shorter */
    {"phrase-redundant", SAYS("calm down", "please calm down now", "    not_in:\n      - calm down now\n")},
    /* the message depends on which phrase it is */
    {"phrase-redundant", HEAD "lists:\n  who:\n    - you\n    - me\nrules:\n  - id: a\n    category: tone\n"
                              "    message: to {who}\n    says:\n      - tell <who>\n      - tell me\n"},
    {"phrase-redundant", HEAD "rules:\n  - id: a\n    category: tone\n    message: m\n    swap:\n"
                              "      card reader: machine\n      old card reader: other machine\n"},
    /* a place narrows, three words are enough, a term may be a single word */
    {"phrase-one-word", SAYS("<start> relax", "over and over again", "")},
    {"phrase-everyday", SAYS("<start> right <end>", "you and me", "")},
    {"phrase-one-word",
     HEAD "rules:\n  - id: a\n    category: tone\n    message: m\n    swap:\n      provision*: set up\n"},
    {"phrase-everyday",
     HEAD "rules:\n  - id: a\n    category: tone\n    message: m\n    swap:\n      line card: equipment\n"},
    /* different kinds of advice, and a rule that is only tried */
    {"rules-overlap",
     RULE PROVED "  - id: b\n    category: policy\n    message: m\n    says:\n      - calm down\n" PROVED},
    {"rules-overlap", RULE PROVED
     "  - id: b\n    category: tone\n    mode: shadow\n    message: m\n    says:\n      - calm down\n" PROVED},
    {"rules-overlap", RULE PROVED
     "  - id: b\n    category: tone\n    speaker: customer\n    message: m\n    says:\n      - calm down\n"},
    /* used from a list, from a signal, from an exception, by another signal */
    {"unused-list", HEAD "lists:\n  one:\n    - <two>\n  two:\n    - down\nrules:\n  - id: a\n    category: tone\n"
                         "    message: m\n    says:\n      - calm (it)? (<one> | up)\n"},
    {"unused-list", RULE "    unless:\n      - <one>\nlists:\n  one:\n    - there\n"},
    {"unused-signal",
     HEAD SIGNALS "  - id: cc\n    when:\n      after: aa\n      without: bb\n      within: 5s\n"
                  "rules:\n  - id: a\n    category: tone\n    message: m\n    when:\n      at: call end\n"
                  "      without: cc\n"},
    /* what is broken may be what would have used it */
    {"unused-list",
     HEAD "lists:\n  one:\n    - there\nrules:\n  - id: a\n    category: tone\n    message: m\n    says:\n"
          "      - calm <one>?\n"},
    {"no-effect", RULE "    final_only: true\n    min_confidence: 0.5\n"},
    {"no-effect", RULE "    quiets: b\n  - id: b\n    category: tone\n    message: m\n    says:\n      - sit tight\n"},
    {"praise-quiets",
     RULE "    quiets: b\n  - id: b\n    category: tone\n    message: m\n    says:\n      - sit tight\n"},
    {"example-repeated", RULE "    match:\n      - calm down\n      - calm down now\n    no_match:\n      - calm\n"},
    /* an apostrophe that is part of its word */
    {"lone-apostrophe", SAYS("the bank's fault", "you don't say", "")},
    {"lone-apostrophe", SAYS("just 'cause", "calm o'clock", "")},
};

START_TEST(what_may_well_be_meant_is_left_alone)
{
    struct ruletest t;
    ruletest_build(&t, quiet[_i].text);
    ck_assert_msg(ruletest_find(&t, quiet[_i].code) == NULL, "%s", ruletest_problems(&t));
    ck_assert_msg(t.rc == COACH_OK || strstr(quiet[_i].text, "<one>?") != NULL, "%s", ruletest_problems(&t));
    ruletest_clear(&t);
}
END_TEST

static const struct {
    const char *wide, *narrow;
    bool alike; /* each covers the other: the second is reported */
} redundant[] = {
    {"calm down", "calm down", true},
    {"Calm, down.", "calm - down", true},
    {"calm down", "please calm down now", false},
    {"(calm | settle) down", "settle down", false},
    {"(please)? calm down", "calm down", true},
    {"<told> calm down", "you calm down", false},
    {"tell (<who> | them) to", "tell <who> to", false},
    {"calm ...3 down", "calm ...2 down", false},
    {"escal* this", "escalate this", false},
    {"escal* this", "escalat* this", false},
    {"~escalate this", "escalating this", false},
    {"press <number>", "press two", false},
    {"RMA form", "r m a form", true},
    {"(calm | settle) (it)? down", "(settle | calm) down", false},
};

START_TEST(a_phrase_that_another_covers_is_named_with_its_line)
{
    char text[1024];
    struct ruletest t;
    for (int turn = 0; turn < 2; turn++) { /* whichever comes first */
        snprintf(text, sizeof text,
                 HEAD "lists:\n  who:\n    - you\n    - me\n  told:\n    - you\n    - please\nrules:\n  - id: a\n"
                      "    category: tone\n    message: m\n    unless:\n      - <who> <told> so\n    says:\n"
                      "      - %s\n      - %s\n",
                 turn == 0 ? redundant[_i].wide : redundant[_i].narrow,
                 turn == 0 ? redundant[_i].narrow : redundant[_i].wide);
        ruletest_good(&t, text);
        const struct diag *d = ruletest_find(&t, "phrase-redundant");
        bool same = redundant[_i].alike;
        ck_assert_msg(d != NULL && d->level == DIAG_WARNING, "%s\n%s", text, ruletest_problems(&t));
        ck_assert_int_eq(d->at.line, turn == 0 || same ? 18 : 17);
        ck_assert_msg(strstr(d->hint, turn == 0 || same ? "line 17" : "line 18") != NULL, "%s", d->hint);
        ruletest_clear(&t);
    }
}
END_TEST

/* Nothing here may take time in a power of the size. */
START_TEST(a_rule_of_many_wide_phrases_is_checked_in_bounded_steps)
{
    enum { PHRASES = 300, ROOM = PHRASES * 260 + 1000 };
    char *text = malloc(ROOM);
    size_t n = (size_t)snprintf(text, ROOM,
                                HEAD "lists:\n  who:\n    - you\n    - me\n    - us\n    - them\nrules:\n"
                                     "  - id: a\n    category: tone\n    message: m\n    says:\n");
    for (int turn = 0; turn < 2; turn++) { /* thirty words that may be missing, and thirty that are there */
        n += (size_t)snprintf(text + n, ROOM - n, "      - ");
        for (int k = 0; k < 30; k++)
            n += (size_t)snprintf(text + n, ROOM - n, turn == 0 ? "(so)? " : "so ");
        n += (size_t)snprintf(text + n, ROOM - n, turn == 0 ? "fine\n" : "bad\n");
    }
    for (int i = 0; i < PHRASES; i++) {
        n += (size_t)snprintf(text + n, ROOM - n, "      - ");
        for (int k = 0; k < 12; k++)
            n += (size_t)snprintf(text + n, ROOM - n, "(<who> | they)? ");
        n += (size_t)snprintf(text + n, ROOM - n, "word%c%c\n", 'a' + i / 26, 'a' + i % 26);
    }
    struct ruletest t;
    ruletest_good(&t, text);
    ck_assert_ptr_null(ruletest_find(&t, "phrase-redundant"));
    ruletest_clear(&t);
    free(text);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lints");
    TCase *t = tcase_create("lints");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, what_examples_leave_unproved_is_an_error, 0, RULETEST_ROWS(unproved));
    tcase_add_loop_test(t, in_a_draft_it_is_a_warning, 0, RULETEST_ROWS(unproved));
    tcase_add_test(t, a_rule_whose_examples_prove_all_of_it_has_no_problem);
    tcase_add_loop_test(t, what_may_well_be_meant_is_left_alone, 0, RULETEST_ROWS(quiet));
    tcase_add_loop_test(t, a_phrase_that_another_covers_is_named_with_its_line, 0, RULETEST_ROWS(redundant));
    suite_add_tcase(s, t);
    tcase_add_test(suite_large(s), a_rule_of_many_wide_phrases_is_checked_in_bounded_steps);
    return suite_run(s);
}
