/* What replay --timing works out of a replay. */
#include "lib/eval/timing.h"

#include "tests/support/suite.h"

#include <string.h>

#include "lib/eval/recording.h"
#include "lib/rules/ruleset.h"

static const struct rule phrases = {.id = "phrases"}, conversation = {.id = "conversation", .is_conversation = true};

static struct wire_event event(const char *segment, bool final, int64_t end_ms)
{
    return (struct wire_event){.type = WIRE_TRANSCRIPT,
                               .call_id = {"c", 1},
                               .segment_id = {segment, strlen(segment)},
                               .is_final = final,
                               .end_ms = end_ms};
}

static struct finding finding(const char *id, const char *segment, int64_t end_ms)
{
    struct finding f = {.rule = &phrases,
                        .nudge = {.call_id = "c", .rule = "phrases", .segment_id = segment, .end_ms = end_ms}};
    memcpy(f.nudge.nudge_id, id, NUDGE_ID);
    return f;
}

static void step(struct timing *t, const struct wire_event *e, int64_t arrival_ms, const struct finding *f)
{
    const struct engine_results r = {.findings = f, .count = f != NULL};
    ck_assert_int_eq(timing_add(t, e, arrival_ms, &r), COACH_OK);
}

static void take_back(struct timing *t, const struct wire_event *e, int64_t arrival_ms, const char *id, bool shown)
{
    struct withdrawal w = {.rule = "phrases", .shown = shown};
    memcpy(w.nudge_id, id, NUDGE_ID);
    const struct engine_results r = {.withdrawn = &w, .withdrawn_count = 1};
    ck_assert_int_eq(timing_add(t, e, arrival_ms, &r), COACH_OK);
}

static struct timing_figures figures(struct timing *t)
{
    struct timing_figures f;
    ck_assert_int_eq(timing_end(t), COACH_OK);
    ck_assert_int_eq(timing_figures(t, &f), COACH_OK);
    return f;
}

#define ID(n) "000000000000000" n

START_TEST(a_card_is_late_by_the_recognisers_share_and_ours)
{
    struct timing *t = timing_new();
    struct wire_event e = event("s1", true, 10000);
    struct finding f = finding(ID("1"), "s1", 10000);
    f.decided_ms = 10000;
    f.out_ms = 13000;
    step(t, &e, 10400, NULL); /* it waits... */
    step(t, NULL, COACH_NO_TIME, &f);
    struct timing_figures got = figures(t);
    ck_assert_int_eq(got.recogniser.p50, 400);
    ck_assert_int_eq(got.own.p50, 3000);
    ck_assert_int_eq(got.late.p99, 3400);
    ck_assert_uint_eq(got.late.count, 1);
    ck_assert_uint_eq(got.too_late, 0);
    timing_free(t);
}
END_TEST

START_TEST(a_card_more_than_5_s_after_its_words_is_too_late)
{
    struct timing *t = timing_new();
    struct wire_event on_time = event("s1", true, 10000), late = event("s2", true, 20000);
    struct finding f = finding(ID("1"), "s1", 10000), g = finding(ID("2"), "s2", 20000);
    step(t, &on_time, 15000, &f);
    step(t, &late, 25001, &g);
    struct timing_figures got = figures(t);
    ck_assert_uint_eq(got.shown, 2);
    ck_assert_uint_eq(got.too_late, 1);
    timing_free(t);
}
END_TEST

START_TEST(an_interim_result_is_ahead_of_its_final_by_the_time_between_their_arrivals)
{
    struct timing *t = timing_new();
    struct wire_event early = event("s1", false, 2000), late = event("s1", true, 5000), again = late;
    struct finding f = finding(ID("1"), "s1", 2000);
    f.interim = true;
    step(t, &early, 2300, &f);
    step(t, &late, 5500, NULL);
    step(t, &again, 9000, NULL); /* a repeat changes nothing */
    struct timing_figures got = figures(t);
    ck_assert_uint_eq(got.by_interim, 1);
    ck_assert_uint_eq(got.lead.count, 1);
    ck_assert_int_eq(got.lead.p50, 3200);
    ck_assert_int_eq(got.recogniser.p50, 300);
    timing_free(t);
}
END_TEST

START_TEST(what_is_taken_back_has_no_lead_and_stood_until_then)
{
    struct timing *t = timing_new();
    struct wire_event early = event("s1", false, 2000), late = event("s1", true, 5000);
    struct finding f = finding(ID("1"), "s1", 2000), g = finding(ID("2"), "s1", 2000);
    f.interim = g.interim = true;
    f.decided_ms = 2000;
    f.out_ms = 2500;
    g.held = ENGINE_SHADOW;
    step(t, &early, 2300, &f);
    step(t, NULL, COACH_NO_TIME, &g);
    take_back(t, &late, 5500, ID("1"), true);
    take_back(t, &late, 5500, ID("2"), false);
    struct timing_figures got = figures(t);
    ck_assert_uint_eq(got.lead.count, 0);
    ck_assert_uint_eq(got.withdrawn, 2);
    ck_assert_uint_eq(got.withdrawn_cards, 1);
    ck_assert_uint_eq(got.stood.count, 1);
    ck_assert_int_eq(got.stood.p50, 2700); /* shown at 2300 + 500 */
    ck_assert_uint_eq(got.withdrawn_rule_count, 1);
    ck_assert_str_eq(got.withdrawn_rules[0].rule, "phrases");
    ck_assert_uint_eq(got.withdrawn_rules[0].count, 2);
    timing_free(t);
}
END_TEST

START_TEST(a_rules_own_limit_is_no_finding_and_attention_is)
{
    struct timing *t = timing_new();
    struct wire_event e = event("s1", true, 1000);
    struct finding f = finding(ID("1"), "s1", 1000), g = finding(ID("2"), "s1", 1000);
    f.held = ENGINE_COOLDOWN;
    g.held = ENGINE_GAP;
    step(t, &e, 1000, &f);
    step(t, &e, 1000, &g);
    struct timing_figures got = figures(t);
    ck_assert_uint_eq(got.findings, 1);
    ck_assert_uint_eq(got.shown, 0);
    ck_assert_uint_eq(got.held[ENGINE_COOLDOWN], 1);
    ck_assert_uint_eq(got.held[ENGINE_GAP], 1);
    ck_assert_uint_eq(got.late.count, 0);
    timing_free(t);
}
END_TEST

START_TEST(a_card_of_a_conversation_is_late_from_when_it_was_noticed)
{
    struct timing *t = timing_new();
    struct wire_event e = event("s1", true, 1000);
    struct finding f = finding(ID("1"), "s1", 1000);
    f.rule = &conversation;
    f.decided_ms = 9000;
    f.out_ms = 9700;
    step(t, &e, 1200, NULL);
    step(t, NULL, COACH_NO_TIME, &f);
    struct timing_figures got = figures(t);
    ck_assert_uint_eq(got.late.count, 0);
    ck_assert_uint_eq(got.noticed.count, 1);
    ck_assert_int_eq(got.noticed.p50, 700);
    timing_free(t);
}
END_TEST

START_TEST(percentiles_are_measurements_and_recordings_are_kept_apart)
{
    struct timing *t = timing_new();
    for (int i = 1; i <= 100; i++) { /* the same call again and again, ever later */
        struct wire_event e = event("s1", true, 1000);
        struct finding f = finding(ID("1"), "s1", 1000);
        step(t, &e, 1000 + i, &f);
        ck_assert_int_eq(timing_end(t), COACH_OK);
    }
    struct timing_figures got = figures(t);
    ck_assert_uint_eq(got.recogniser.count, 100);
    ck_assert_int_eq(got.recogniser.p50, 50);
    ck_assert_int_eq(got.recogniser.p90, 90);
    ck_assert_int_eq(got.recogniser.p99, 99);
    timing_free(t);
}
END_TEST

START_TEST(the_figures_are_one_json_object)
{
    struct timing *t = timing_new();
    struct buf out;
    buf_init(&out, 0);
    struct timing_figures got = figures(t);
    ck_assert_int_eq(timing_write(&got, &out), COACH_OK);
    ck_assert_ptr_nonnull(strstr(out.data, "{\"type\":\"timing\",\"findings\":0,\"shown\":0,\"held\":{\"shadow\":0,"));
    ck_assert_ptr_nonnull(strstr(out.data, "\"late_ms\":{\"count\":0,\"p50\":0,\"p90\":0,\"p99\":0}"));
    ck_assert_int_eq(out.data[out.len - 1], '\n');
    buf_clear(&out);
    timing_free(t);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("timing");
    TCase *c = tcase_create("timing");
    tcase_add_test(c, a_card_is_late_by_the_recognisers_share_and_ours);
    tcase_add_test(c, a_card_more_than_5_s_after_its_words_is_too_late);
    tcase_add_test(c, an_interim_result_is_ahead_of_its_final_by_the_time_between_their_arrivals);
    tcase_add_test(c, what_is_taken_back_has_no_lead_and_stood_until_then);
    tcase_add_test(c, a_rules_own_limit_is_no_finding_and_attention_is);
    tcase_add_test(c, a_card_of_a_conversation_is_late_from_when_it_was_noticed);
    tcase_add_test(c, percentiles_are_measurements_and_recordings_are_kept_apart);
    tcase_add_test(c, the_figures_are_one_json_object);
    suite_add_tcase(s, c);
    return suite_run(s);
}
