#include "lib/text/questions.h"

#include "lib/text/backchannel.h"
#include "lib/text/plain.h"
#include "tests/support/ruletest.h"

static struct ruletest t;

static void set_up(void)
{
    ruletest_good(&t, "format: 1\npack: test\nrules:\n  - id: a\n    category: tone\n    message: m\n    says:\n"
                      "      - x\n");
}

static void tear_down(void)
{
    ruletest_clear(&t);
}

/* --- questions --- */

static const struct {
    const char *line;
    enum question_kind kind;
} asked[] = {
    {"", QUESTION_NONE},
    {"...", QUESTION_NONE},
    {"I have restarted it for you.", QUESTION_NONE},
    {"You do see the light, it is on.", QUESTION_NONE},
    {"That is it.", QUESTION_NONE},
    {"I see that it is it.", QUESTION_NONE},
    /* closed: yes or no */
    {"Do you have the number?", QUESTION_CLOSED},
    {"Did you restart it?", QUESTION_CLOSED},
    {"Is that the blue one?", QUESTION_CLOSED},
    {"Isn't it plugged in?", QUESTION_CLOSED},
    {"Can I take your name?", QUESTION_CLOSED},
    {"Any chance you wrote it down?", QUESTION_CLOSED},
    {"Has it ever worked?", QUESTION_CLOSED},
    {"Would you like a refund?", QUESTION_CLOSED},
    /* closed: one detail */
    {"What is your postcode?", QUESTION_CLOSED},
    {"What's the order number?", QUESTION_CLOSED},
    {"How many are left?", QUESTION_CLOSED},
    {"When did you buy it?", QUESTION_CLOSED},
    {"Which model is it?", QUESTION_CLOSED},
    {"Where do you live?", QUESTION_CLOSED},
    /* behind small words */
    {"Um, do you have it?", QUESTION_CLOSED},
    {"Okay. Right, so is it on?", QUESTION_CLOSED},
    {"Do, um, you have it?", QUESTION_CLOSED},
    {"Thank you. And you know, have you tried it?", QUESTION_CLOSED},
    {"I will look. And is it on?", QUESTION_CLOSED},
    {"I will look. Is it on?", QUESTION_NONE}, /* words know no full stop */
    /* open, whatever else is asked */
    {"What happened?", QUESTION_OPEN},
    {"So what's happened since then?", QUESTION_OPEN},
    {"Can you tell me about it?", QUESTION_OPEN},
    {"Is it on? And what seems to be the trouble?", QUESTION_OPEN},
    {"How did it begin?", QUESTION_OPEN},
    {"Why do you think that is?", QUESTION_OPEN},
    {"Could you walk me through what you see?", QUESTION_OPEN},
    {"What is the problem?", QUESTION_OPEN},
    {"What, um, happened?", QUESTION_OPEN},
    {"How can I help?", QUESTION_OPEN},
};

START_TEST(a_line_asks_a_closed_or_an_open_question_or_none)
{
    ruletest_hear(&t, asked[_i].line);
    ck_assert_msg(questions_kind(&t.words, ruleset_language(t.set)) == asked[_i].kind, "'%s': %d", asked[_i].line,
                  questions_kind(&t.words, ruleset_language(t.set)));
}
END_TEST

/* --- back-channels --- */

static const struct {
    const char *line;
    bool is;
} heard[] = {
    {"", false},
    {" ... ", false},
    {"Okay.", true},
    {"OK", true},
    {"Mm-hmm.", true},
    {"Mm-hmm, right, yeah, I see.", true},
    {"Oh, um, I see.", true},
    {"Um.", true},
    {"You know, yeah.", true},
    {"Okay yeah okay right okay yeah", true},
    {"I", false},
    {"I see it", false},
    {"Okay, but why?", false},
    {"It is okay", false},
    {"Right, the account is closed.", false},
    {"[NAME]", false},
    {"Yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes "
     "yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes "
     "yes yes yes yes yes yes yes yes yes yes yes yes yes",
     true},
};

START_TEST(a_back_channel_is_a_line_of_nothing_but_small_words)
{
    ruletest_hear(&t, heard[_i].line);
    ck_assert_msg(backchannel_is(&t.words, ruleset_language(t.set)) == heard[_i].is, "'%s'", heard[_i].line);
}
END_TEST

/* Taking the longest phrase first, or the first that fits, would leave a word over. */
START_TEST(phrases_that_overlap_are_taken_apart_as_they_fit)
{
    static const char *const phrases[] = {"right oh yes", "right oh", "yes dear", "right"};
    struct language lang = *ruleset_language(t.set);
    lang.back_channels = phrases;
    lang.back_channel_count = RULETEST_ROWS(phrases);
    ruletest_hear(&t, "right oh yes dear");
    ck_assert(backchannel_is(&t.words, &lang));
    ruletest_hear(&t, "right oh yes");
    ck_assert(backchannel_is(&t.words, &lang));
    ruletest_hear(&t, "right oh dear");
    ck_assert(!backchannel_is(&t.words, &lang));
}
END_TEST

/* --- plain phrases --- */

static const struct {
    const char *line, *phrase;
    size_t at, taken;
} plain[] = {
    {"what is it", "what is", 0, 2},    {"what is it", "what is", 1, 0},
    {"what is it", "is it", 1, 2},      {"what is it", "is it so", 1, 0},
    {"what's it", "what is", 0, 2},     {"what um uh is it", "what is", 0, 4},
    {"do you know me", "do you", 0, 2}, {"do you know i know", "do i know", 0, 5},
    {"um what is", "what is", 0, 0},    {"what um um um um is", "what is", 0, 0},
    {"whatis", "what", 0, 0},           {"what", "whatis", 0, 0},
};

START_TEST(a_plain_phrase_is_met_word_by_word_with_fillers_between)
{
    ruletest_hear(&t, plain[_i].line);
    ck_assert_uint_eq(plain_at(&t.words, ruleset_language(t.set), plain[_i].at, plain[_i].phrase), plain[_i].taken);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("questions");
    TCase *c = tcase_create("questions");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_loop_test(c, a_line_asks_a_closed_or_an_open_question_or_none, 0, RULETEST_ROWS(asked));
    tcase_add_loop_test(c, a_back_channel_is_a_line_of_nothing_but_small_words, 0, RULETEST_ROWS(heard));
    tcase_add_test(c, phrases_that_overlap_are_taken_apart_as_they_fit);
    tcase_add_loop_test(c, a_plain_phrase_is_met_word_by_word_with_fillers_between, 0, RULETEST_ROWS(plain));
    suite_add_tcase(s, c);
    return suite_run(s);
}
