/* Interim results: sentences 49 to 54 of rules/conversations.md. */
#include "tests/support/enginetest.h"

static const char rules[] = "format: 1\npack: test\nrules:\n"
                            "  - id: calm\n    category: dismissive\n    message: m\n    says:\n      - calm down\n"
                            "    not_in:\n      - calm down the dog\n"
                            "  - id: waits\n    category: tone\n    message: m\n    final_only: true\n    says:\n"
                            "      - shut up\n"
                            "  - id: theirs\n    category: tone\n    speaker: customer\n    message: m\n    says:\n"
                            "      - a manager\n"
                            "  - id: quoted\n    category: tone\n    speaker: customer\n    message: They said {said}\n"
                            "    says:\n      - my card\n"
                            "  - id: guarded\n    category: tone\n    message: m\n    says:\n      - listen here\n"
                            "    unless:\n      - of course\n";

static void setup(void)
{
    enginetest_begin(rules);
    engine_ignore_attention(engine, true);
}

static struct wire_event agent(const char *segment, const char *text, int64_t start_ms, int64_t end_ms, bool is_final)
{
    struct wire_event e = enginetest_line(COACH_ROLE_AGENT, segment, text, start_ms, end_ms);
    e.is_final = is_final;
    return e;
}

static void interim(const char *segment, const char *text, int64_t start_ms, int64_t end_ms)
{
    struct wire_event e = agent(segment, text, start_ms, end_ms, false);
    enginetest_step(&e);
}

static void final(const char *segment, const char *text, int64_t start_ms, int64_t end_ms)
{
    struct wire_event e = agent(segment, text, start_ms, end_ms, true);
    enginetest_step(&e);
}

static const struct {
    const char *text;
    int64_t stable_len;
    double stability;
    const char *gives;
} settling[] = {
    {"please calm down", -1, -1, ""},         {"please calm down", 16, -1, "calm"},
    {"please calm down", 15, -1, ""},         {"please calm down", -1, 0.8, "calm"},
    {"please calm down", -1, 0.79, ""},       {"please calm down sir", -1, -1, "calm"},
    {"please calm down sir", 3, 0.1, "calm"},
};

START_TEST(a_match_counts_when_it_is_settled)
{
    struct wire_event e = agent("s1", settling[_i].text, 0, 1000, false);
    e.stable_len = settling[_i].stable_len;
    e.stability = settling[_i].stability;
    enginetest_step(&e);
    enginetest_gives(settling[_i].gives);
}
END_TEST

START_TEST(a_match_that_stood_in_the_result_before_is_settled)
{
    interim("s1", "please calm down", 0, 1000);
    enginetest_gives("");
    interim("s1", "please calm down", 0, 1300);
    enginetest_gives("calm");
    ck_assert(results.findings[0].interim);
}
END_TEST

START_TEST(the_same_result_once_more_settles_nothing)
{
    interim("s1", "please calm down", 0, 1000);
    interim("s1", "please calm down", 0, 1000);
    enginetest_gives("");
    ck_assert_uint_eq(call_counts(call)->late, 1);
}
END_TEST

START_TEST(the_final_does_not_fire_again)
{
    interim("s1", "please calm down sir", 0, 1000);
    enginetest_gives("calm");
    interim("s1", "please calm down sir now", 0, 1500);
    enginetest_gives("");
    final("s1", "Please calm down, sir. Now.", 0, 2000);
    enginetest_gives("");
    final("s1", "Please calm down, sir. Now!", 0, 2000); /* formatted once more */
    enginetest_gives("calm:duplicate");
}
END_TEST

START_TEST(what_the_final_no_longer_holds_is_taken_back_with_its_limits)
{
    interim("s1", "please calm down the", 0, 1000);
    enginetest_gives("calm");
    char id[NUDGE_ID + 1];
    memcpy(id, results.findings[0].nudge.nudge_id, sizeof id);
    final("s1", "please calm down the dog", 0, 1500);
    enginetest_gives("-calm:revised");
    ck_assert_str_eq(results.withdrawn[0].nudge_id, id);
    ck_assert(results.withdrawn[0].shown);
    ck_assert_uint_eq(call_counts(call)->withdrawn, 1);
    final("s2", "calm down", 2000, 3000); /* no cool-down is left of it */
    enginetest_gives("calm");
}
END_TEST

START_TEST(a_rule_may_wait_for_the_final)
{
    interim("s1", "shut up now please", 0, 1000);
    enginetest_gives("");
    final("s1", "shut up now please", 0, 1200);
    enginetest_gives("waits");
}
END_TEST

START_TEST(a_customers_words_are_never_quoted_from_an_interim_result)
{
    struct wire_event e = enginetest_line(COACH_ROLE_CUSTOMER, "s1", "a manager and my card number", 0, 1000);
    e.is_final = false;
    enginetest_step(&e);
    enginetest_gives("theirs");
    ck_assert_ptr_null(results.findings[0].nudge.said);
    e.is_final = true;
    enginetest_step(&e);
    enginetest_gives("quoted");
    ck_assert_str_eq(results.findings[0].nudge.message, "They said my card");
}
END_TEST

START_TEST(a_result_that_comes_after_its_final_changes_nothing)
{
    final("s1", "all is well", 0, 1000);
    interim("s1", "calm down sir", 0, 1100);
    enginetest_gives("");
    ck_assert_uint_eq(call_counts(call)->late, 1);
}
END_TEST

START_TEST(a_result_older_than_the_one_before_changes_nothing)
{
    struct wire_event e = agent("s1", "well", 0, 1000, false);
    e.seq = 5;
    enginetest_step(&e);
    e = agent("s1", "calm down sir", 0, 1500, false);
    e.seq = 4;
    enginetest_step(&e);
    enginetest_gives("");
    e = agent("s1", "calm down sir", 0, 900, false);
    enginetest_step(&e);
    enginetest_gives("");
    ck_assert_uint_eq(call_counts(call)->late, 2);
}
END_TEST

START_TEST(what_is_appended_goes_behind_what_was_heard)
{
    struct wire_event e = agent("s1", "please calm", 0, 1000, false);
    e.append = true;
    enginetest_step(&e);
    e = agent("s1", " down sir", 0, 1500, false);
    e.append = true;
    enginetest_step(&e);
    enginetest_gives("calm");
    final("s1", "please calm down sir", 0, 1800);
    enginetest_gives("");
}
END_TEST

START_TEST(an_appended_final_ends_the_segment)
{
    struct wire_event e = agent("s1", "please calm", 0, 1000, false);
    e.append = true;
    enginetest_step(&e);
    e = agent("s1", " down", 0, 1500, true);
    e.append = true;
    enginetest_step(&e);
    enginetest_gives("calm");
    ck_assert_str_eq(results.findings[0].nudge.said, "calm down");
}
END_TEST

START_TEST(an_empty_result_takes_the_segment_back)
{
    interim("s1", "please calm down", 0, 1000);
    interim("s1", "", 0, 1200);
    interim("s1", "please calm down", 0, 1400); /* the first of its kind again */
    enginetest_gives("");
}
END_TEST

START_TEST(a_result_that_nothing_follows_is_final_after_five_seconds)
{
    interim("s1", "please calm down", 0, 1000);
    enginetest_tick(5999);
    enginetest_gives("");
    ck_assert_int_eq(engine_wake(engine, t.set, call), 6000);
    enginetest_tick(6000);
    enginetest_gives("calm");
    final("s1", "please calm down", 0, 6500);
    enginetest_gives("");
    ck_assert_uint_eq(call_counts(call)->repeats, 1);
}
END_TEST

START_TEST(a_final_that_comes_after_all_may_take_it_back)
{
    interim("s1", "please calm down", 0, 1000);
    enginetest_tick(6000);
    enginetest_gives("calm");
    final("s1", "please calm down the dog", 0, 7000);
    enginetest_gives("-calm:revised");
}
END_TEST

START_TEST(results_without_a_segment_id_are_those_of_the_open_utterance)
{
    interim(NULL, "please calm down sir", 0, 1000);
    enginetest_gives("calm");
    final(NULL, "please calm down sir", 0, 1500);
    enginetest_gives("");
    final(NULL, "well then", 2000, 2500);
    ck_assert_uint_eq(call_counts(call)->lines, 2);
}
END_TEST

START_TEST(a_phrase_may_begin_in_the_line_before)
{
    final("s1", "I would like you to calm", 0, 2000);
    final("s2", "down a little", 2050, 3000);
    enginetest_gives("calm");
    const struct nudge *n = &results.findings[0].nudge;
    ck_assert_str_eq(n->segment_id, "s2");
    ck_assert_str_eq(n->said, "calm down");
    ck_assert_uint_eq(n->span[0], 0);
    ck_assert_uint_eq(n->span[1], 4);
}
END_TEST

START_TEST(a_phrase_does_not_go_across_the_other_sides_turn)
{
    final("s1", "I would like you to calm", 0, 2000);
    struct wire_event e = enginetest_line(COACH_ROLE_CUSTOMER, "s2", "I want to finish", 2100, 2900);
    enginetest_step(&e);
    final("s3", "down a little", 2950, 3500);
    enginetest_gives("");
}
END_TEST

START_TEST(a_phrase_goes_across_a_back_channel)
{
    final("s1", "I would like you to calm", 0, 2000);
    struct wire_event e = enginetest_line(COACH_ROLE_CUSTOMER, "s2", "mm-hmm", 2100, 2300);
    enginetest_step(&e);
    final("s3", "down a little", 2350, 3500);
    enginetest_gives("calm");
}
END_TEST

START_TEST(what_was_found_in_the_line_before_is_not_found_again)
{
    final("s1", "calm down", 0, 1000);
    enginetest_gives("calm");
    final("s2", "sir", 1100, 1500);
    enginetest_gives("");
}
END_TEST

START_TEST(an_exception_early_in_a_long_turn_is_remembered)
{
    char text[512] = "of course";
    for (int i = 0; i < 60; i++)
        strcat(text, " words");
    final("s1", text, 0, 20000);
    final("s2", "listen here", 20100, 21000);
    enginetest_gives("");
    final("s3", "listen here", 60000, 61000);
    enginetest_gives("guarded");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("interim");
    TCase *c = tcase_create("interim");
    tcase_add_checked_fixture(c, setup, enginetest_end);
    tcase_add_loop_test(c, a_match_counts_when_it_is_settled, 0, RULETEST_ROWS(settling));
    tcase_add_test(c, a_match_that_stood_in_the_result_before_is_settled);
    tcase_add_test(c, the_same_result_once_more_settles_nothing);
    tcase_add_test(c, the_final_does_not_fire_again);
    tcase_add_test(c, what_the_final_no_longer_holds_is_taken_back_with_its_limits);
    tcase_add_test(c, a_rule_may_wait_for_the_final);
    tcase_add_test(c, a_customers_words_are_never_quoted_from_an_interim_result);
    tcase_add_test(c, a_result_that_comes_after_its_final_changes_nothing);
    tcase_add_test(c, a_result_older_than_the_one_before_changes_nothing);
    tcase_add_test(c, what_is_appended_goes_behind_what_was_heard);
    tcase_add_test(c, an_appended_final_ends_the_segment);
    tcase_add_test(c, an_empty_result_takes_the_segment_back);
    tcase_add_test(c, a_result_that_nothing_follows_is_final_after_five_seconds);
    tcase_add_test(c, a_final_that_comes_after_all_may_take_it_back);
    tcase_add_test(c, results_without_a_segment_id_are_those_of_the_open_utterance);
    tcase_add_test(c, a_phrase_may_begin_in_the_line_before);
    tcase_add_test(c, a_phrase_does_not_go_across_the_other_sides_turn);
    tcase_add_test(c, a_phrase_goes_across_a_back_channel);
    tcase_add_test(c, what_was_found_in_the_line_before_is_not_found_again);
    tcase_add_test(c, an_exception_early_in_a_long_turn_is_remembered);
    suite_add_tcase(s, c);
    return suite_run(s);
}
