/* libcoach as those who embed it see it: its header, and the library that it comes with. */
#include "lib/coach.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/support/suite.h"

static const char table[] = "format: 1\nlanguage: en\nendings:\n  re: are\nfillers:\n  - um\n";
static const char pack[] =
    "format: 1\npack: test\nrules:\n"
    "  - id: calm\n    rev: 3\n    category: tone\n    severity: critical\n    cooldown: 0s\n"
    "    message: not {said}\n    suggest:\n      - one\n      - two\n    says:\n      - relax\n"
    "      - calm down\n    match:\n      - just relax\n      - calm down\n    no_match:\n      - sit down\n"
    "  - id: term\n    category: jargon\n    message: say {plain}\n    swap:\n      PNR: reference\n"
    "    match:\n      - your PNR is\n    no_match:\n      - a P and an R\n";
static const char wrong[] =
    "format: 1\npack: test\nrules:\n  - id: calm\n    category: tone\n    mesage: m\n    says:\n"
    "      - calm down?\n";

static const coach_file language = {"en.yaml", table, sizeof table - 1};
static const coach_file good = {"a.yaml", pack, sizeof pack - 1};
static const coach_file bad = {"b.yaml", wrong, sizeof wrong - 1};

static coach_rules *rules;
static coach_call *call;

static void setup(void)
{
    rules = NULL;
    ck_assert_int_eq(coach_rules_build(&good, 1, &language, 1, &rules, NULL, NULL), COACH_OK);
    call = coach_call_new("c-1842", "sam");
    ck_assert_ptr_nonnull(call);
}

static void teardown(void)
{
    coach_call_free(call);
    coach_rules_unref(rules);
}

struct seen {
    int count;
    char text[2048];
};

static void on_nudge(void *user, const coach_nudge *n)
{
    struct seen *seen = user;
    size_t at = strlen(seen->text);
    seen->count++;
    snprintf(seen->text + at, sizeof seen->text - at, "%s|%s|%d|%d|%s|%s|%s|%s|%s|%s|%s|%zu-%zu|%lld|%lld;",
             n->nudge_id, n->rule, n->rev, n->phrase, n->category, n->severity, n->title, n->message,
             n->suggest[0] == NULL ? "-" : n->suggest[0], n->suggest[1] == NULL ? "-" : n->suggest[1], n->said,
             n->span[0], n->span[1], (long long)n->at_ms, (long long)n->ttl_ms);
}

static int step(struct seen *seen, coach_role role, const char *text, int64_t now_ms)
{
    coach_event e = {
        .role = role, .text = text, .text_len = strlen(text), .start_ms = COACH_NO_TIME, .end_ms = COACH_NO_TIME};
    memset(seen, 0, sizeof *seen);
    return coach_call_step(call, rules, &e, now_ms, on_nudge, seen);
}

START_TEST(rules_are_built_from_memory_and_counted)
{
    ck_assert_uint_eq(coach_rules_count(rules), 2);
    ck_assert_uint_eq(strlen(coach_rules_hash(rules)), 16);
    ck_assert_uint_eq(strspn(coach_rules_hash(rules), "0123456789abcdef"), 16);
}
END_TEST

static void on_problem(void *user, const coach_problem *p)
{
    struct seen *seen = user;
    size_t at = strlen(seen->text);
    seen->count++;
    ck_assert(p->message != NULL && p->message[0] != '\0');
    snprintf(seen->text + at, sizeof seen->text - at, "%s %s %s:%d:%d %s;", p->level, p->code, p->file, p->line,
             p->column, p->hint == NULL ? "-" : p->hint);
}

START_TEST(every_problem_of_a_rule_file_is_reported_and_nothing_is_returned)
{
    struct seen seen = {0};
    coach_rules *none = rules;
    ck_assert_int_eq(coach_rules_build(&bad, 1, &language, 1, &none, on_problem, &seen), COACH_ERULES);
    ck_assert_ptr_eq(none, rules);
    ck_assert_int_eq(seen.count, 3);
    ck_assert_msg(strstr(seen.text, "error missing-key b.yaml:4:5 add a line 'message: ...'") != NULL, "%s", seen.text);
    ck_assert_msg(strstr(seen.text, "error unknown-key b.yaml:6:5 did you mean 'message'?") != NULL, "%s", seen.text);
    ck_assert_msg(strstr(seen.text, "error question-mark b.yaml:8:18 ") != NULL, "%s", seen.text);
}
END_TEST

START_TEST(a_warning_is_reported_and_the_rules_are_returned_all_the_same)
{
    struct seen seen = {0};
    coach_rules *set = NULL;
    ck_assert_int_eq(coach_rules_build(&good, 1, &language, 1, &set, on_problem, &seen), COACH_OK);
    ck_assert_ptr_nonnull(set);
    ck_assert_int_gt(seen.count, 0);
    ck_assert_ptr_null(strstr(seen.text, "error"));
    coach_rules_unref(set);
}
END_TEST

START_TEST(without_files_or_a_language_nothing_is_built)
{
    struct seen seen = {0};
    coach_rules *set = NULL;
    ck_assert_int_eq(coach_rules_build(NULL, 0, &language, 1, &set, on_problem, &seen), COACH_ERULES);
    ck_assert_int_eq(coach_rules_build(&good, 1, NULL, 0, &set, on_problem, &seen), COACH_ERULES);
    ck_assert_ptr_null(set);
    ck_assert_int_ge(seen.count, 2);
}
END_TEST

START_TEST(a_line_gives_its_nudge_in_full)
{
    struct seen seen;
    ck_assert_int_eq(step(&seen, COACH_ROLE_AGENT, "so, Calm um down!", 7000), COACH_OK);
    ck_assert_int_eq(seen.count, 1);
    ck_assert_str_eq(strchr(seen.text, '|'),
                     "|calm|3|2|tone|critical|Ease the tone|not Calm um down|one|two|Calm um down|4-16|0|15000;");
}
END_TEST

START_TEST(held_findings_are_not_told)
{
    struct seen seen;
    step(&seen, COACH_ROLE_AGENT, "the PNR", 0);
    ck_assert_int_eq(seen.count, 1);
    step(&seen, COACH_ROLE_AGENT, "the PNR", 1);
    ck_assert_int_eq(seen.count, 0);
}
END_TEST

START_TEST(only_the_agent_is_coached_and_the_customers_terms_are_kept)
{
    struct seen seen;
    ck_assert_int_eq(step(&seen, COACH_ROLE_CUSTOMER, "calm down, what is a PNR", 0), COACH_OK);
    ck_assert_int_eq(seen.count, 0);
    step(&seen, COACH_ROLE_SYSTEM, "calm down", 0);
    ck_assert_int_eq(seen.count, 0);
    step(&seen, COACH_ROLE_UNKNOWN, "calm down", 0);
    ck_assert_int_eq(seen.count, 0);
    step(&seen, COACH_ROLE_AGENT, "the PNR", 0);
    ck_assert_int_eq(seen.count, 0);
}
END_TEST

static const struct {
    const char *text;
    size_t len;
    int rc;
} texts[] = {
    {"", 0, COACH_OK},
    {NULL, 0, COACH_OK},
    {"calm\0down", 9, COACH_OK},
    {"\xff", 1, COACH_EUTF8},
    {"caf\xc3", 4, COACH_EUTF8},
    {"\xed\xa0\x80", 3, COACH_EUTF8},
    {"\xc0\x80", 2, COACH_EUTF8},
};

START_TEST(a_text_is_utf8_of_any_length_or_refused)
{
    coach_event e = {.role = COACH_ROLE_AGENT, .segment_id = "s1", .text = texts[_i].text, .text_len = texts[_i].len};
    ck_assert_int_eq(coach_call_step(call, rules, &e, 0, NULL, NULL), texts[_i].rc);
}
END_TEST

START_TEST(a_long_text_is_read_as_far_as_documented)
{
    static char text[100 * 1024];
    struct seen seen;
    memset(text, 'x', sizeof text - 1);
    for (size_t i = 0; i < sizeof text - 1; i += 50)
        text[i] = ' ';
    memcpy(text + 8000, " calm down ", 11);
    ck_assert_int_eq(step(&seen, COACH_ROLE_AGENT, text, 0), COACH_OK);
    ck_assert_int_eq(seen.count, 1);
    memset(text + 8000, 'x', 11);
    memcpy(text + 9000, " calm down ", 11);
    step(&seen, COACH_ROLE_AGENT, text, 0);
    ck_assert_int_eq(seen.count, 0);
}
END_TEST

START_TEST(an_event_keeps_its_own_times_and_segment)
{
    struct seen first = {0}, again = {0};
    coach_event e = {COACH_ROLE_AGENT, "s1", "calm down", 9, 4000, 5000, false, false, 0, 0};
    coach_call_step(call, rules, &e, 99, on_nudge, &first);
    ck_assert_msg(strstr(first.text, "|4000|15000;") != NULL, "%s", first.text);
    coach_call_step(call, rules, &e, 99, on_nudge, &again);
    ck_assert_int_eq(again.count, 0); /* the same segment said the same */
}
END_TEST

static void on_withdrawn(void *user, const char *nudge_id, const char *reason)
{
    struct seen *seen = user;
    seen->count++;
    snprintf(seen->text, sizeof seen->text, "%.16s %s", nudge_id, reason);
}

START_TEST(an_interim_result_may_fire_and_be_taken_back)
{
    struct seen seen = {0}, gone = {0};
    coach_event e = {COACH_ROLE_AGENT, "s1", "calm down sir", 13, 4000, 5000, .interim = true};
    coach_call_on_withdrawn(call, on_withdrawn, &gone);
    coach_call_step(call, rules, &e, 5000, on_nudge, &seen);
    ck_assert_int_eq(seen.count, 1);
    ck_assert_int_eq(coach_call_wake(call, rules), 10000); /* when the result would be taken as final */
    ck_assert_int_eq(coach_call_tick(call, rules, 9000, on_nudge, &seen), COACH_OK);
    ck_assert_int_eq(seen.count, 1);
    e = (coach_event){COACH_ROLE_AGENT, "s1", "come down sir", 13, 4000, 9500, .interim = false};
    coach_call_step(call, rules, &e, 9500, on_nudge, &seen);
    ck_assert_int_eq(seen.count, 1);
    ck_assert_int_eq(gone.count, 1);
    ck_assert_ptr_nonnull(strstr(gone.text, " revised"));
    ck_assert_int_eq(coach_call_end(call, rules, 20000, on_nudge, &seen), COACH_OK);
}
END_TEST

START_TEST(a_segment_id_that_is_too_long_is_refused)
{
    char id[200];
    memset(id, 'x', sizeof id - 1);
    id[sizeof id - 1] = '\0';
    coach_event e = {.role = COACH_ROLE_AGENT, .segment_id = id, .text = "hello", .text_len = 5};
    ck_assert_int_eq(coach_call_step(call, rules, &e, 0, NULL, NULL), COACH_EINVAL);
}
END_TEST

START_TEST(the_same_events_give_the_same_nudges)
{
    struct seen first, again;
    step(&first, COACH_ROLE_AGENT, "relax", 5);
    coach_call_free(call);
    call = coach_call_new("c-1842", NULL); /* whoever the agent is */
    step(&again, COACH_ROLE_AGENT, "relax", 500);
    ck_assert_str_eq(first.text, again.text);
    ck_assert_int_eq(first.count, 1);
}
END_TEST

START_TEST(rules_live_until_the_last_reference_goes)
{
    struct seen seen;
    ck_assert_ptr_eq(coach_rules_ref(rules), rules);
    coach_rules_unref(rules);
    ck_assert_int_eq(step(&seen, COACH_ROLE_AGENT, "relax", 0), COACH_OK);
    ck_assert_int_eq(seen.count, 1);
}
END_TEST

START_TEST(nothing_may_be_freed)
{
    coach_rules_unref(NULL);
    coach_call_free(NULL);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("coach");
    TCase *t = tcase_create("coach");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, rules_are_built_from_memory_and_counted);
    tcase_add_test(t, every_problem_of_a_rule_file_is_reported_and_nothing_is_returned);
    tcase_add_test(t, a_warning_is_reported_and_the_rules_are_returned_all_the_same);
    tcase_add_test(t, without_files_or_a_language_nothing_is_built);
    tcase_add_test(t, a_line_gives_its_nudge_in_full);
    tcase_add_test(t, held_findings_are_not_told);
    tcase_add_test(t, only_the_agent_is_coached_and_the_customers_terms_are_kept);
    tcase_add_loop_test(t, a_text_is_utf8_of_any_length_or_refused, 0, (int)(sizeof texts / sizeof *texts));
    tcase_add_test(t, a_long_text_is_read_as_far_as_documented);
    tcase_add_test(t, an_event_keeps_its_own_times_and_segment);
    tcase_add_test(t, an_interim_result_may_fire_and_be_taken_back);
    tcase_add_test(t, a_segment_id_that_is_too_long_is_refused);
    tcase_add_test(t, the_same_events_give_the_same_nudges);
    tcase_add_test(t, rules_live_until_the_last_reference_goes);
    tcase_add_test(t, nothing_may_be_freed);
    suite_add_tcase(s, t);
    return suite_run(s);
}
