#include "lib/rules/phrase.h"

#include "tests/support/ruletest.h"

#define HEAD                                                                                                           \
    "format: 1\n"                                                                                                      \
    "pack: test\n"                                                                                                     \
    "lists:\n"                                                                                                         \
    "  reason:\n"                                                                                                      \
    "    - policy\n"                                                                                                   \
    "    - the (rules | terms)\n"                                                                                      \
    "  system_name:\n"                                                                                                 \
    "    - GDS\n"                                                                                                      \
    "    - <reason> tool\n"                                                                                            \
    "rules:\n"                                                                                                         \
    "  - id: a\n"                                                                                                      \
    "    category: tone\n"                                                                                             \
    "    message: m\n"                                                                                                 \
    "    says:\n"
enum { PHRASE_LINE = 15, PHRASE_COLUMN = 9 }; /* of the first letter of a phrase after "      - " */

static const struct {
    const char *phrase;
    const char *line;
    bool matches;
} rows[] = {
    /* words in order; case, punctuation, hyphens and commas do not matter */
    {"calm down", "calm down", true},
    {"calm down", "You need to CALM, down!", true},
    {"calm down", "calm-down", true},
    {"Calm Down", "calm down", true},
    {"calm, down.", "calm down", true},
    {"calm down", "down calm", false},
    {"calm down", "calm it down", false},
    {"calm down", "becalm down", false},
    {"calm down", "calm downtown", false},
    {"calm", "calmly", false},
    {"calm down", "calm", false},
    {"calm down", "", false},
    {"you", "you're late", true},
    {"caf\xc3\xa9", "the CAF\xc3\x89 is shut", true},
    /* up to three fillers between */
    {"calm down", "calm um down", true},
    {"calm down", "calm um uh down", true},
    {"calm down", "calm um, uh, er, down", true},
    {"calm down", "calm um uh er um down", false},
    {"calm down", "calm you know down", true},
    {"calm down", "calm I mean you know um down", true},
    {"calm down", "calm I mean you know um uh down", false},
    {"(just)? calm down", "just um calm down", true},
    {"just (please)? calm", "just um please uh calm", true},
    {"<reason> now", "the um rules er now", true},
    /* a word said up to three times in a row */
    {"you calm down", "you you calm calm calm down down", true},
    {"you calm down", "you calm calm calm down", true},
    {"you calm down", "you calm calm calm calm down", false},
    {"you calm down", "you calm um calm down", true},
    {"you ~calm down", "you calm calming down", true},
    /* alternatives */
    {"(calm | settle) down", "settle down", true},
    {"(calm | settle) down", "calm down", true},
    {"(calm | settle) down", "sit down", false},
    {"you (calm | settle) down", "you calm settle down", false},
    {"(calm yourself | settle) down", "calm yourself down", true},
    {"((calm | cool) yourself | settle) down", "cool yourself down", true},
    {"((calm | cool) yourself | settle) down", "cool down", false},
    {"(((((( deep ))))))", "deep", true},
    {"(calm|settle)down", "settle down", true},
    /* optional groups */
    {"(just)? calm down", "calm down", true},
    {"(just)? calm down", "just calm down", true},
    {"you (really)? (must)? go", "you go", true},
    {"you (really)? (must)? go", "you must go", true},
    {"you (really)? (must)? go", "you really must go", true},
    {"you (really)? (must)? go", "you must really go", false},
    {"calm down (sir | madam)?", "calm down", true},
    {"((very)? | so) calm", "calm", true},
    /* gaps */
    {"calm ... down", "calm down", true},
    {"calm ... down", "calm one two three down", true},
    {"calm ... down", "calm one two three four down", false},
    {"calm ... down", "calm one um two uh three down", true},
    {"calm\xe2\x80\xa6 down", "calm one two three down", true},
    {"calm ...1 down", "calm one down", true},
    {"calm ...1 down", "calm one two down", false},
    {"calm ...5 down", "calm 1 2 3 4 5 down", true},
    {"calm ...5 down", "calm 1 2 3 4 5 6 down", false},
    {"calm ...15 down", "calm a b c d e f g h i j k l m n o down", true},
    {"calm ...15 down", "calm a b c d e f g h i j k l m n o p down", false},
    {"calm...down", "calm it down", true},
    {"(calm ...2 down | relax)", "calm it all down", true},
    /* a prefix */
    {"escalat*", "we escalate", true},
    {"escalat*", "escalation", true},
    {"escalat*", "escalat", true},
    {"escalat*", "de escal", false},
    {"escalat*", "deescalate", false},
    {"(complain* | moan*) again", "complaining again", true},
    /* word forms */
    {"~escalate", "escalating", true},
    {"~escalate", "escalated", true},
    {"~escalate", "escalates", true},
    {"~escalate", "escalation", false},
    {"~stop", "stopping", true},
    {"~try", "tried", true},
    {"~go there", "went there", true},
    {"~tell you", "told you", true},
    {"~be late", "was late", true},
    {"~be late", "he's late", true},
    {"~calm down", "CALMING down", true},
    /* spelled letters */
    {"RMA", "the RMA number", true},
    {"RMA", "the r m a number", true},
    {"RMA", "the R.M.A. number", true},
    {"RMA", "the R-M-A number", true},
    {"RMA", "the r um m a number", true},
    {"RMA", "the r m number", false},
    {"RMA", "the rmas", false},
    {"r m a", "RMA", true},
    {"r.m.a.", "RMA", true},
    {"r.m.a.", "r m a", true},
    {"sms", "an S M S", true},
    {"RMA number", "r m a um number", true},
    {"am i a bother", "am I um a bother", true},
    {"am i a bother", "am I a bother", true},
    {"THAT IS FINE", "that's fine", true},
    /* numbers */
    {"<number> days", "3 days", true},
    {"<number> days", "three days", true},
    {"<number> days", "twenty four days", true},
    {"<number> days", "3.5 days", true},
    {"<number> days", "1,200 days", true},
    {"<number> days", "some days", false},
    {"about <number> days", "about um three uh four days", true},
    {"about <number> days", "about days", false},
    /* any word, start and end */
    {"my <word> said", "my boss said", true},
    {"my <word> said", "my said", false},
    {"my <word> said", "my big boss said", false},
    {"<start> relax", "relax now", true},
    {"<start> relax", "um relax now", true},
    {"<start> relax", "please relax", false},
    {"relax <end>", "please relax", true},
    {"relax <end>", "please relax um.", true},
    {"relax <end>", "relax now", false},
    {"relax (now)? <end>", "relax now", true},
    {"(<start> | okay) relax", "relax now", true},
    {"(<start> | okay) relax", "well okay relax now", true},
    {"(<start> | okay) relax", "please relax now", false},
    {"relax (<end> | sir)", "just relax", true},
    {"relax (<end> | sir)", "just relax sir please", true},
    {"relax (<end> | sir)", "just relax and breathe", false},
    {"just relax (sir (<end> | now))?", "just relax and breathe", true},
    /* lists */
    {"against <reason>", "against policy", true},
    {"against <reason>", "against the terms", true},
    {"against <reason>", "against rules", false},
    {"in <system_name>", "in the G D S", false},
    {"in <system_name>", "in G D S", true},
    {"in <system_name>", "in the rules tool", true},
    {"in <sys:system_name>", "in policy tool", true},
    {"in (the)? <sys:system_name> now", "in the gds now", true},
    /* contractions, on both sides alike */
    {"you are late", "you're late", true},
    {"you are late", "you\xe2\x80\x99re late", true},
    {"you're late", "you are late", true},
    {"youre late", "you are late", true},
    {"we can not do that", "we can't do that", true},
    {"we can't do that", "we cannot do that", true},
    {"we cannot do that", "we cant do that", true},
    {"we can't do that", "we um we can um not do that", true},
    {"we can not do that", "we we can't do that", true},
    {"we were late", "we're late", false},
    {"it is going to", "it's gonna", true},
    /* a lone 's or 'd */
    {"that is fine", "that's fine", true},
    {"that has gone", "that's gone", true},
    {"let us see", "let's see", true},
    {"that's fine", "that is fine", true},
    {"that's fine", "that has fine", true},
    {"that's fine", "that was fine", false},
    {"i would go", "I'd go", true},
    {"i had gone", "I'd gone", true},
    {"i'd go", "i would go", true},
    {"i'd go", "i will go", false},
    /* what was masked is no word of a phrase */
    {"calm down", "calm **** down", false},
    {"the <word> one", "the [NAME] one", true},
};

START_TEST(a_phrase_matches_what_the_table_says)
{
    char text[2048];
    struct ruletest t;
    const struct hit *hits;
    snprintf(text, sizeof text, HEAD "      - %s\n", rows[_i].phrase);
    ruletest_good(&t, text);
    size_t found = ruletest_scan(&t, rows[_i].line, COACH_ROLE_AGENT, &hits);
    ck_assert_msg(found == rows[_i].matches, "'%s' on '%s', heard as '%s'", rows[_i].phrase, rows[_i].line,
                  t.words.count == 0 ? "" : t.words.line.data);
    ck_assert_int_eq(scanner_part_matches(t.scanner, t.set, ruleset_rule(t.set, 0), SCANNER_SAYS, 0, &t.words),
                     rows[_i].matches);
    ck_assert_uint_eq(scanner_limit_hits(t.scanner), 0);
    ruletest_clear(&t);
}
END_TEST

static const struct {
    const char *phrase;
    const char *code;
    int at;    /* characters into the phrase */
    int width; /* characters marked */
    const char *says;
} bad[] = {
    {"calm down?", "question-mark", 9, 1, "follows a bracket only"},
    {"calm ? down", "question-mark", 5, 1, "cannot stand here"},
    {"(calm)??", "question-mark", 7, 1, "cannot stand here"},
    {"just (calm", "bracket", 5, 1, "'(' without ')'"},
    {"calm) down", "bracket", 4, 1, "')' without '('"},
    {"calm | settle", "bracket", 5, 1, "inside brackets only"},
    {"(calm | ) down", "empty-alternative", 6, 1, "nothing stands"},
    {"( | calm) down", "empty-alternative", 0, 1, "nothing stands"},
    {"() down", "empty-alternative", 0, 1, "nothing stands"},
    {"(((((((deep)))))))", "phrase-depth", 6, 1, "deeper than 6"},
    {"calm ...16 down", "gap", 5, 5, "1 to 15"},
    {"calm ...0 down", "gap", 5, 4, "1 to 15"},
    {"calm .. down", "gap", 5, 2, "three dots"},
    {"calm ... ...2 down", "gap", 9, 4, "two gaps"},
    {"... down", "gap-at-end", 0, 3, "between two words"},
    {"calm ...", "gap-at-end", 5, 3, "between two words"},
    {"calm ... (down)?", "gap-at-end", 5, 3, "between two words"},
    {"(calm)? ... down", "gap-at-end", 8, 3, "between two words"},
    {"calm (... down | up)", "gap-at-end", 6, 3, "between two words"},
    {"calm ... (down | <end>)", "gap-at-end", 5, 3, "between two words"},
    {"es*", "prefix", 0, 3, "at least 3 letters"},
    {"escal*ate", "prefix", 5, 1, "nothing may follow"},
    {"well-kno*", "prefix", 0, 9, "beginning of one word"},
    {"calm (* | x)", "phrase-character", 6, 1, "cannot stand here"},
    {"calm > down", "phrase-character", 5, 1, "cannot stand here"},
    {"~ escalate", "word-forms", 0, 1, "right before one word"},
    {"~can't go", "word-forms", 0, 6, "right before one word"},
    {"say <reason", "list-name", 4, 1, "'<' without '>'"},
    {"say <Reason>", "list-name", 4, 8, "not the name of a list"},
    {"say <>", "list-name", 4, 2, "not the name of a list"},
    {"say <a:b:c>", "list-name", 4, 7, "not the name of a list"},
    {"say <raeson>", "unknown-list", 4, 8, "no list called 'raeson'"},
    {"say (it | <x:nowhere>)", "unknown-list", 10, 11, "no list called 'nowhere'"},
    {"calm [down]", "phrase-character", 5, 1, "'['"},
    {"calm \\b down", "phrase-character", 5, 1, "'\\'"},
    {"calm {down}", "phrase-character", 5, 1, "'{'"},
    {"you are 100% right", "phrase-character", 11, 1, "'%'"},
    {"caf\xc3\xa9 \xc3\xa9t\xc3\xa9 x/y", "phrase-character", 10, 1, "'/'"},
    {"(calm)? (down)?", "phrase-empty", 0, 15, "may be missing"},
    {"<start>", "phrase-empty", 0, 7, "may be missing"},
    {"(<start> | calm)", "phrase-empty", 0, 16, "may be missing"},
    {".,;", "phrase-empty", 0, 3, "no word"},
};

START_TEST(a_wrong_phrase_is_refused_at_its_column)
{
    char text[2048];
    struct ruletest t;
    snprintf(text, sizeof text, HEAD "      - %s\n", bad[_i].phrase);
    ruletest_build(&t, text);
    const struct diag *d = ruletest_find(&t, bad[_i].code);
    ck_assert_int_eq(t.rc, COACH_ERULES);
    ck_assert_ptr_null(t.set);
    ck_assert_msg(d != NULL && strstr(d->message, bad[_i].says) != NULL, "%s", ruletest_problems(&t));
    ck_assert_int_eq(d->at.line, PHRASE_LINE);
    ck_assert_int_eq(d->at.column, PHRASE_COLUMN + bad[_i].at);
    ck_assert_int_eq(d->at.width, bad[_i].width);
    ruletest_clear(&t);
}
END_TEST

static const struct {
    const char *says; /* the lines below "says:" */
    int line;         /* of the fault, the first line below "says:" is 0 */
    int column;
} written[] = {
    {"      - |\n        calm\n        down [now]\n", 2, 14},
    {"      - |-\n        calm [now]\n", 1, 14},
    {"      - >\n        caf\xc3\xa9\n        d\xc3\xbcn [now]\n", 2, 13},
    {"      - 'calm [now]'\n", 0, 15},
    {"      - 'it''s [now]'\n", 0, 16},
    {"      - it is\n        calm [now]\n", 1, 14},
    {"      - calm [now]\r\n", 0, 14},
    {"      # a remark\n      -   calm [now] # and another\n", 1, 16},
};

START_TEST(the_column_is_right_however_the_phrase_is_written)
{
    char text[2048];
    struct ruletest t;
    snprintf(text, sizeof text, HEAD "%s", written[_i].says);
    ruletest_build(&t, text);
    const struct diag *d = ruletest_find(&t, "phrase-character");
    ck_assert_msg(d != NULL, "%s", ruletest_problems(&t));
    ck_assert_int_eq(d->at.line, PHRASE_LINE + written[_i].line);
    ck_assert_int_eq(d->at.column, written[_i].column);
    ruletest_clear(&t);
}
END_TEST

static const char *words_phrase(size_t n)
{
    static char text[2048];
    size_t at = (size_t)snprintf(text, sizeof text, HEAD "      - ");
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "w%zu ", i);
    return text;
}

START_TEST(a_phrase_has_at_most_64_items)
{
    struct ruletest t;
    ruletest_good(&t, words_phrase(PHRASE_MAX_ITEMS));
    ruletest_clear(&t);
    ruletest_build(&t, words_phrase(PHRASE_MAX_ITEMS + 1));
    const struct diag *d = ruletest_find(&t, "phrase-too-long");
    ck_assert_msg(d != NULL, "%s", ruletest_problems(&t));
    ck_assert_int_eq(d->at.column, (int)(PHRASE_COLUMN + strlen("w0 ") * 10 + strlen("w10 ") * 54));
    ruletest_clear(&t);
}
END_TEST

/* What is not read of a text must not be left out of a phrase in silence. */
START_TEST(a_phrase_longer_than_any_line_is_refused)
{
    static char text[PHRASE_COLUMN + WORDS_MAX_TEXT + 1000];
    struct ruletest t;
    size_t head = (size_t)snprintf(text, sizeof text, HEAD "      - ");
    for (size_t extra = 0; extra < 2; extra++) {
        memset(text + head, 'a', WORDS_MAX_TEXT + extra);
        ruletest_build(&t, text);
        ck_assert_int_eq(t.rc, extra == 0 ? COACH_OK : COACH_ERULES);
        const struct diag *d = ruletest_find(&t, "phrase-too-long");
        ck_assert_int_eq(d != NULL, extra == 1);
        if (d != NULL)
            ck_assert_int_eq(d->at.column, PHRASE_COLUMN);
        ruletest_clear(&t);
    }
}
END_TEST

/* A list of lists whose pattern would be larger than memory, and phrases that can match in very many ways. */
START_TEST(a_hostile_phrase_costs_a_bounded_time)
{
    static const char *const says[] = {
        "a ...15 a ...15 a ...15 a ...15 a ...15 a ...15 b",
        "(<word>)? (<word>)? (<word>)? (<word>)? (<word>)? (<word>)? (<word>)? (<word>)? (<word>)? (<word>)? b",
        "(a | a a | a a a) (a | a a | a a a) (a | a a | a a a) (a | a a | a a a) (a | a a | a a a) b",
    };
    char text[2048], line[8192];
    struct ruletest t;
    const struct hit *hits;
    snprintf(text, sizeof text, HEAD "      - %s\n", says[_i]);
    for (size_t i = 0; i + 2 < sizeof line; i += 2)
        memcpy(line + i, i % 3 == 1 ? "c " : "a ", 3);
    memcpy(line + sizeof line - 4, "b x", 4); /* the words that the prefilter wants are there */
    ruletest_good(&t, text);
    ruletest_scan(&t, line, COACH_ROLE_AGENT, &hits);
    ruletest_clear(&t);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("phrase");
    TCase *t = tcase_create("phrase");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, a_phrase_matches_what_the_table_says, 0, RULETEST_ROWS(rows));
    tcase_add_loop_test(t, a_wrong_phrase_is_refused_at_its_column, 0, RULETEST_ROWS(bad));
    tcase_add_loop_test(t, the_column_is_right_however_the_phrase_is_written, 0, RULETEST_ROWS(written));
    tcase_add_test(t, a_phrase_has_at_most_64_items);
    tcase_add_test(t, a_phrase_longer_than_any_line_is_refused);
    suite_add_tcase(s, t);
    tcase_add_loop_test(suite_large(s), a_hostile_phrase_costs_a_bounded_time, 0, 3);
    return suite_run(s);
}
