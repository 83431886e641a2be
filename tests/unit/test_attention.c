/* A rule's own limits and the agent's attention: sentences 55 to 62 of rules/conversations.md. */
#include "tests/support/enginetest.h"

#define RULE(id, severity, word, more)                                                                                 \
    "  - id: " id "\n    category: tone\n    severity: " severity "\n    message: m\n    says:\n      - " word "\n" more

static const char rules[] =
    "format: 1\npack: test\n"
    "signals:\n  - id: upset\n    speaker: customer\n    says:\n      - furious\n"
    "  - id: sorry\n    says:\n      - sorry\n"
    "rules:\n" RULE("hint", "hint", "alpha", "") RULE("hint-2", "hint", "beta", "")
        RULE("grave", "important", "gamma", "") RULE("hot", "critical", "fire", "")
            RULE("shade", "hint", "shade", "    mode: shadow\n    quiets:\n      - hint\n")
                RULE("loud", "hint", "loud",
                     "    cooldown: 20s\n    quiets:\n      - grave\n") "  - id: empathy\n    category: empathy\n    "
                                                                        "severity: important\n    message: m\n"
                                                                        "    when:\n      after: upset\n      without: "
                                                                        "sorry\n      within: 10s\n";

static void setup(void)
{
    enginetest_begin(rules);
}

static void hear(coach_role role, const char *segment, const char *text, int64_t start_ms, int64_t end_ms, bool final)
{
    struct wire_event e = enginetest_line(role, segment, text, start_ms, end_ms);
    e.is_final = final;
    enginetest_step(&e);
}

static void says(const char *text, int64_t end_ms)
{
    hear(COACH_ROLE_AGENT, NULL, text, end_ms - 500, end_ms, true);
}

START_TEST(a_card_waits_while_the_agent_is_speaking)
{
    hear(COACH_ROLE_AGENT, "s1", "alpha and more words", 0, 1000, false);
    enginetest_gives("");
    enginetest_tick(4999);
    enginetest_gives("");
    hear(COACH_ROLE_AGENT, "s1", "alpha and more words to come", 0, 4500, false);
    ck_assert_int_eq(engine_wake(engine, t.set, call), 5000);
    enginetest_tick(5000); /* for four seconds */
    enginetest_gives("hint");
    ck_assert_int_eq(results.findings[0].out_ms, 5000);
    ck_assert_int_eq(results.findings[0].decided_ms, 1000);
}
END_TEST

START_TEST(a_card_goes_out_when_the_agent_has_spoken)
{
    hear(COACH_ROLE_AGENT, "s1", "alpha and more words", 0, 1000, false);
    hear(COACH_ROLE_AGENT, "s1", "alpha and more words", 0, 2000, true);
    enginetest_gives("hint");
}
END_TEST

START_TEST(what_is_critical_waits_for_nobody)
{
    hear(COACH_ROLE_AGENT, "s1", "fire and more words", 0, 1000, false);
    enginetest_gives("hot");
}
END_TEST

START_TEST(a_card_that_waits_is_taken_back_unseen)
{
    hear(COACH_ROLE_AGENT, "s1", "alpha and more words", 0, 1000, false);
    hear(COACH_ROLE_AGENT, "s1", "alfalfa and more words", 0, 2000, true);
    enginetest_gives("");
    enginetest_tick(20000);
    enginetest_gives("");
}
END_TEST

START_TEST(of_several_that_wait_the_weightiest_goes_out)
{
    says("alpha", 0);
    enginetest_gives("hint");
    says("beta", 12000);
    says("gamma", 13000);
    enginetest_gives("");
    enginetest_tick(15000);
    enginetest_gives("grave hint-2:gap");
}
END_TEST

START_TEST(of_two_alike_the_newer_goes_out)
{
    says("gamma", 0);
    says("alpha", 12000);
    says("beta", 13000);
    enginetest_tick(15000);
    enginetest_gives("hint-2 hint:gap");
}
END_TEST

START_TEST(a_card_for_nobody_waits_and_is_held)
{
    call_free(call);
    call = call_new("c-2", 3);
    says("alpha", 1000);
    enginetest_gives("");
    says("beta", 5000);
    ck_assert_int_eq(call_set_agent(call, "kim", 3), COACH_OK);
    enginetest_tick(5500);
    enginetest_gives("hint-2 hint:gap");
    ck_assert_str_eq(results.findings[0].nudge.agent_id, "kim");
}
END_TEST

START_TEST(a_card_that_found_nobody_says_so)
{
    call_free(call);
    call = call_new("c-2", 3);
    says("alpha", 1000);
    enginetest_tick(6000);
    enginetest_gives("");
    enginetest_tick(6001);
    enginetest_gives("hint:no_agent");
}
END_TEST

START_TEST(a_shadow_rule_quiets_nobody)
{
    says("shade", 1000);
    enginetest_gives("shade:shadow");
    says("alpha", 2000);
    enginetest_gives("hint");
}
END_TEST

START_TEST(what_is_taken_back_quiets_nobody)
{
    engine_ignore_attention(engine, true);
    hear(COACH_ROLE_AGENT, "s1", "loud and more", 0, 1000, false);
    enginetest_gives("loud");
    hear(COACH_ROLE_AGENT, "s1", "cloud and more", 0, 1500, true);
    enginetest_gives("-loud:revised");
    says("gamma", 3000);
    enginetest_gives("grave");
}
END_TEST

START_TEST(a_rule_quiets_others_for_its_cooldown)
{
    says("loud", 500);
    enginetest_gives("loud");
    says("gamma", 20499); /* it began at 19999 */
    enginetest_gives("grave:quieted");
    says("gamma", 20500);
    enginetest_gives("grave");
}
END_TEST

START_TEST(a_muted_rule_is_found_and_not_shown)
{
    ck_assert_int_eq(call_mute(call, "hint"), COACH_OK);
    says("alpha", 1000);
    enginetest_gives("hint:muted");
}
END_TEST

START_TEST(what_the_agent_does_meanwhile_needs_no_card)
{
    hear(COACH_ROLE_CUSTOMER, NULL, "I am furious", 0, 1000, true);
    hear(COACH_ROLE_AGENT, "s5", "well then", 11500, 12000, false); /* that somebody speaks makes it decide at once */
    enginetest_gives("");
    hear(COACH_ROLE_AGENT, "s5", "well then I am sorry", 11500, 13000, true);
    enginetest_gives("empathy:said_already");
}
END_TEST

START_TEST(a_line_that_began_in_time_takes_the_card_back)
{
    hear(COACH_ROLE_CUSTOMER, NULL, "I am furious", 0, 1000, true);
    enginetest_tick(14000);
    enginetest_gives("empathy");
    ck_assert_int_eq(results.findings[0].nudge.at_ms, 11000);
    hear(COACH_ROLE_AGENT, "s2", "so that is how it was and I am sorry", 10500, 14500, true);
    enginetest_gives("-empathy:said_already");
    ck_assert(results.withdrawn[0].shown);
}
END_TEST

START_TEST(a_card_that_nothing_let_out_in_time_is_stale)
{
    hear(COACH_ROLE_CUSTOMER, NULL, "I am furious", 0, 1000, true);
    hear(COACH_ROLE_AGENT, "s2", "one moment", 10900, 11000, false);
    hear(COACH_ROLE_AGENT, "s2", "one moment please", 10900, 15500, false);
    enginetest_gives("");
    hear(COACH_ROLE_AGENT, "s2", "one moment please now", 10900, 16100, false);
    enginetest_gives("empathy:stale");
}
END_TEST

START_TEST(without_attention_all_that_counts_goes_out)
{
    engine_ignore_attention(engine, true);
    says("alpha beta gamma fire", 1000);
    enginetest_gives("hot grave hint hint-2");
    says("alpha", 2000);
    enginetest_gives("hint:cooldown");
}
END_TEST

/* --- long calls --- */

/* Lines of both sides, each with an interim result before it, a second apart and a little more. */
static void talk(int from, int to)
{
    static const char *const words[] = {"alpha", "I am furious", "gamma and beta", "so sorry", "well then", "loud"};
    for (int i = from; i < to; i++) {
        char segment[16];
        snprintf(segment, sizeof segment, "s%d", i);
        coach_role role = i % 3 == 0 ? COACH_ROLE_CUSTOMER : COACH_ROLE_AGENT;
        int64_t at = (int64_t)i * 864; /* a hundred thousand of them last a day */
        hear(role, segment, words[i % 6], at, at + 300, false);
        hear(role, segment, words[i % 6], at, at + 600, true);
    }
}

START_TEST(a_call_of_a_day_and_a_hundred_thousand_segments_stays_small)
{
    talk(0, 5000);
    size_t before = call_memory(call);
    talk(5000, 100000);
    ck_assert_uint_eq(call_memory(call), before);
    ck_assert_uint_lt(before, 16 * 1024);
    ck_assert_uint_eq(call_counts(call)->lines, 100000);
    ck_assert_uint_gt(call_counts(call)->shown, 3);
}
END_TEST

/* --- whether coaching can see the call --- */

START_TEST(a_call_without_lines_is_blind_until_the_next_one)
{
    says("hello", 1000);
    enginetest_tick(20999);
    ck_assert(!results.sight_changed);
    ck_assert_int_eq(engine_wake(engine, t.set, call), 21000);
    enginetest_tick(21000);
    ck_assert(results.sight_changed && results.sight == ENGINE_NO_LINES);
    enginetest_tick(90000);
    ck_assert(!results.sight_changed);
    says("hello", 95000);
    ck_assert(results.sight_changed && results.sight == ENGINE_SEES);
}
END_TEST

START_TEST(a_call_on_hold_is_not_blind)
{
    says("hello", 1000);
    call_set_activity(call, CALL_ON_HOLD, 2000);
    enginetest_tick(90000);
    ck_assert(!results.sight_changed);
}
END_TEST

START_TEST(a_call_of_one_side_is_blind)
{
    for (int i = 0; i < 9; i++)
        says("hello", 1000 + i * 8000);
    ck_assert_int_eq(call_sight(call), ENGINE_SEES);
    says("hello", 75000);
    ck_assert(results.sight_changed && results.sight == ENGINE_ONE_SIDED);
    hear(COACH_ROLE_CUSTOMER, NULL, "yes", 76000, 77000, true);
    ck_assert(results.sight_changed && results.sight == ENGINE_SEES);
}
END_TEST

START_TEST(a_clock_that_jumps_is_noticed)
{
    says("hello", 1000);
    struct wire_event e = enginetest_line(COACH_ROLE_AGENT, NULL, "hello", 3600000, 3600500);
    ck_assert_int_eq(engine_step(engine, t.set, call, &e, 3000, &results), COACH_OK);
    ck_assert(results.sight_changed && results.sight == ENGINE_CLOCK_JUMPED);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("attention");
    TCase *c = tcase_create("attention");
    tcase_add_checked_fixture(c, setup, enginetest_end);
    tcase_set_timeout(c, 120);
    tcase_add_test(c, a_card_waits_while_the_agent_is_speaking);
    tcase_add_test(c, a_card_goes_out_when_the_agent_has_spoken);
    tcase_add_test(c, what_is_critical_waits_for_nobody);
    tcase_add_test(c, a_card_that_waits_is_taken_back_unseen);
    tcase_add_test(c, of_several_that_wait_the_weightiest_goes_out);
    tcase_add_test(c, of_two_alike_the_newer_goes_out);
    tcase_add_test(c, a_card_for_nobody_waits_and_is_held);
    tcase_add_test(c, a_card_that_found_nobody_says_so);
    tcase_add_test(c, a_shadow_rule_quiets_nobody);
    tcase_add_test(c, what_is_taken_back_quiets_nobody);
    tcase_add_test(c, a_rule_quiets_others_for_its_cooldown);
    tcase_add_test(c, a_muted_rule_is_found_and_not_shown);
    tcase_add_test(c, what_the_agent_does_meanwhile_needs_no_card);
    tcase_add_test(c, a_line_that_began_in_time_takes_the_card_back);
    tcase_add_test(c, a_card_that_nothing_let_out_in_time_is_stale);
    tcase_add_test(c, without_attention_all_that_counts_goes_out);
    tcase_add_test(c, a_call_without_lines_is_blind_until_the_next_one);
    tcase_add_test(c, a_call_on_hold_is_not_blind);
    tcase_add_test(c, a_call_of_one_side_is_blind);
    tcase_add_test(c, a_clock_that_jumps_is_noticed);
    TCase *large = tcase_create("large");
    tcase_set_tags(large, "large");
    tcase_set_timeout(large, 120);
    tcase_add_checked_fixture(large, setup, enginetest_end);
    tcase_add_test(large, a_call_of_a_day_and_a_hundred_thousand_segments_stays_small);
    suite_add_tcase(s, large);
    suite_add_tcase(s, c);
    return suite_run(s);
}
