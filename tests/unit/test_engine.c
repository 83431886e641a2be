#include "lib/base/buf.h"
#include "tests/support/enginetest.h"

#define HEAD                 "format: 1\npack: test\n"
#define RULE(id, word, more) "  - id: " id "\n    category: tone\n    message: m\n    says:\n      - " word "\n" more
#define RULES                                                                                                          \
    "rules:\n" RULE("one", "alpha", "") RULE("two", "beta", "") RULE("three", "gamma", "") RULE("four", "delta", "")   \
        RULE("five", "epsilon", "") RULE("often", "often", "    cooldown: 0s\n    per_call: 100\n")                    \
            RULE("hot", "fire", "    severity: critical\n    cooldown: 0s\n    per_call: 100\n")                       \
                RULE("well", "thanks", "    severity: praise\n    cooldown: 0s\n    per_call: 100\n")                  \
                    RULE("seen", "shade", "    mode: shadow\n") RULE("grave", "grave", "    severity: important\n")    \
                        RULE("sure", "sure",                                                                           \
                             "    min_confidence: 0.5\n") "  - id: plain\n    category: jargon\n    message: say "     \
                                                          "{plain} for {said}\n    swap:\n"                            \
                                                          "      GDS: the booking system\n      PNR: your reference\n"

static const struct finding *found;
static size_t count;

static void setup_with(const char *text)
{
    enginetest_begin(text);
}

static void setup(void)
{
    setup_with(HEAD RULES);
}

static void teardown(void)
{
    enginetest_end();
}

static struct wire_event line_of(coach_role role, const char *segment, const char *text, int64_t at_ms)
{
    return enginetest_line(role, segment, text, at_ms, at_ms);
}

static void step(const struct wire_event *e, int64_t now_ms)
{
    ck_assert_int_eq(engine_step(engine, t.set, call, e, now_ms, &results), COACH_OK);
    found = results.findings;
    count = results.count;
}

/* An agent's line at a time of the call, in a segment of its own unless one is named. */
static void say(const char *segment, const char *text, int64_t at_ms)
{
    struct wire_event e = line_of(COACH_ROLE_AGENT, segment, text, at_ms);
    step(&e, 0);
}

static void customer_says(const char *text, int64_t at_ms)
{
    struct wire_event e = line_of(COACH_ROLE_CUSTOMER, NULL, text, at_ms);
    step(&e, 0);
}

/* The one finding, held for `held`; NULL: shown. */
static const struct nudge *only(const char *rule, const char *held)
{
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(found[0].nudge.rule, rule);
    ck_assert_pstr_eq(found[0].nudge.held, held);
    ck_assert_pstr_eq(engine_held_name(found[0].held), held);
    return &found[0].nudge;
}

START_TEST(a_nudge_says_what_where_and_when)
{
    const struct nudge *n;
    ck_assert_int_eq(call_set_agent(call, "sam", 3), COACH_OK);
    struct wire_event e = line_of(COACH_ROLE_AGENT, "s7", "So, Alpha it is.", 4000);
    e.end_ms = 5000;
    step(&e, 99);
    n = only("one", NULL);
    ck_assert_str_eq(n->call_id, "c-1");
    ck_assert_str_eq(n->agent_id, "sam");
    ck_assert_str_eq(n->segment_id, "s7");
    ck_assert_str_eq(n->said, "Alpha");
    ck_assert_uint_eq(n->span[0], 4);
    ck_assert_uint_eq(n->span[1], 9);
    ck_assert_str_eq(n->category, "tone");
    ck_assert_str_eq(n->severity, "hint");
    ck_assert_str_eq(n->title, "Ease the tone");
    ck_assert_str_eq(n->rules_hash, ruleset_hash(t.set));
    ck_assert_int_eq(n->at_ms, 4000);
    ck_assert_int_eq(n->end_ms, 5000);
    ck_assert_int_eq(n->ttl_ms, 9000);
    ck_assert_uint_eq(strlen(n->nudge_id), 16);
}
END_TEST

START_TEST(a_rule_is_quiet_for_its_cooldown_and_then_speaks_again)
{
    say(NULL, "alpha", 1000);
    only("one", NULL);
    say(NULL, "alpha", 60999);
    only("one", "cooldown");
    say(NULL, "alpha", 61000); /* a held finding did not begin it anew */
    only("one", NULL);
    say(NULL, "alpha", 62000);
    only("one", "cooldown");
}
END_TEST

START_TEST(a_rule_speaks_as_often_as_per_call_allows)
{
    for (int i = 0; i < 3; i++) {
        say(NULL, "alpha", i * 100000);
        only("one", NULL);
    }
    say(NULL, "alpha", 400000);
    only("one", "per_call");
}
END_TEST

START_TEST(an_agent_is_shown_no_more_than_the_calls_budget)
{
    static const char *const words[] = {"alpha", "beta", "gamma", "delta"};
    for (int i = 0; i < 4; i++) {
        say(NULL, words[i], i * 20000);
        ck_assert_int_eq(found[0].held, ENGINE_SHOWN);
    }
    say(NULL, "epsilon", 200000);
    only("five", "budget");
    say(NULL, "epsilon", 210000); /* a rule cools down whether or not it was let through */
    only("five", "cooldown");
    ck_assert_uint_eq(call_counts(call)->shown, 4);
    ck_assert_uint_eq(call_counts(call)->held[ENGINE_BUDGET], 1);
}
END_TEST

START_TEST(between_two_nudges_lies_the_gap)
{
    say(NULL, "alpha", 0);
    only("one", NULL);
    say(NULL, "beta", 9999); /* the gap outlasts its usefulness */
    only("two", "gap");
    say(NULL, "gamma", 12000); /* waits */
    ck_assert_uint_eq(count, 0);
    say(NULL, "nothing", 15000);
    only("three", NULL);
    ck_assert_int_eq(found[0].decided_ms, 12000);
    ck_assert_int_eq(found[0].out_ms, 15000);
}
END_TEST

START_TEST(what_is_critical_is_shown_at_once_and_beyond_the_budget)
{
    for (int i = 0; i < 8; i++) {
        say(NULL, "fire", i);
        only("hot", NULL);
    }
    ck_assert_int_eq(found[0].nudge.ttl_ms, 15000);
}
END_TEST

START_TEST(what_is_critical_takes_nothing_from_the_budget_but_keeps_the_gap)
{
    static const char *const words[] = {"alpha", "beta", "gamma", "delta"};
    for (int i = 0; i < 8; i++)
        say(NULL, "fire", i);
    say(NULL, "alpha", 5000);
    only("one", "gap");
    for (int i = 1; i < 4; i++) {
        say(NULL, words[i], i * 20000);
        ck_assert_int_eq(found[0].held, ENGINE_SHOWN);
    }
}
END_TEST

START_TEST(praise_is_counted_apart_and_shown_once)
{
    static const char *const words[] = {"alpha", "beta", "gamma", "delta"};
    for (int i = 0; i < 4; i++)
        say(NULL, words[i], i * 20000);
    say(NULL, "thanks", 100000);
    only("well", NULL);
    say(NULL, "thanks", 200000);
    only("well", "budget");
}
END_TEST

START_TEST(praise_takes_nothing_from_the_budget)
{
    static const char *const words[] = {"alpha", "beta", "gamma", "delta"};
    say(NULL, "thanks", 0);
    only("well", NULL);
    for (int i = 0; i < 4; i++) {
        say(NULL, words[i], 20000 + i * 20000);
        ck_assert_int_eq(found[0].held, ENGINE_SHOWN);
    }
}
END_TEST

START_TEST(of_several_findings_the_weightiest_wins_the_slot)
{
    static const char *const order[] = {"hot", "grave", "one", "two", "well"};
    static const char *const held[] = {NULL, "gap", "gap", "gap", "gap"};
    say(NULL, "thanks beta alpha grave fire", 0);
    ck_assert_uint_eq(count, 5);
    for (size_t i = 0; i < 5; i++) {
        ck_assert_str_eq(found[i].nudge.rule, order[i]);
        ck_assert_pstr_eq(found[i].nudge.held, held[i]);
    }
}
END_TEST

START_TEST(a_shadow_rule_is_found_and_never_shown)
{
    say(NULL, "shade", 0);
    only("seen", "shadow");
    say(NULL, "alpha", 1);
    only("one", NULL); /* it took no slot */
    say(NULL, "shade", 100);
    only("seen", "cooldown");
}
END_TEST

START_TEST(a_muted_rule_is_held_for_the_rest_of_the_call)
{
    ck_assert_int_eq(call_mute(call, "one"), COACH_OK);
    ck_assert_int_eq(call_mute(call, "one"), COACH_OK);
    say(NULL, "alpha", 0);
    only("one", "muted");
    say(NULL, "beta", 1);
    only("two", NULL);
    char id[16];
    int rc = COACH_OK;
    for (int i = 0; rc == COACH_OK && i < 1000; i++) {
        snprintf(id, sizeof id, "r%d", i);
        rc = call_mute(call, id);
    }
    ck_assert_int_eq(rc, COACH_ELIMIT);
}
END_TEST

START_TEST(a_final_that_says_nothing_new_is_not_run_again)
{
    say("s1", "often", 0);
    only("often", NULL);
    say("s1", "often", 100000);
    ck_assert_uint_eq(count, 0);
    ck_assert_uint_eq(call_counts(call)->repeats, 1);
    ck_assert_uint_eq(call_counts(call)->lines, 1);
}
END_TEST

START_TEST(a_revised_final_fires_what_is_new_and_holds_the_rest_as_duplicate)
{
    say("s1", "often", 0);
    only("often", NULL);
    say("s1", "often alpha", 100000);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(found[0].nudge.rule, "often");
    ck_assert_int_eq(found[0].held, ENGINE_DUPLICATE);
    ck_assert_str_eq(found[1].nudge.rule, "one");
    ck_assert_int_eq(found[1].held, ENGINE_SHOWN);
    say("s1", "often", 200000); /* back again */
    only("often", "duplicate");
}
END_TEST

START_TEST(the_same_segment_id_of_the_other_side_is_another_segment)
{
    struct wire_event e = line_of(COACH_ROLE_CUSTOMER, "s1", "often", 0);
    step(&e, 0);
    ck_assert_uint_eq(count, 0);
    say("s1", "often", 0);
    only("often", NULL);
    e = line_of(COACH_ROLE_AGENT, "s1", "often", 100000);
    e.channel = (struct wire_text){"2", 1};
    step(&e, 0);
    only("often", NULL);
}
END_TEST

/* Twelve rules on one line: none of them fired on it before. */
START_TEST(no_rule_is_a_duplicate_of_the_others_on_its_line)
{
    static char text[4096];
    teardown();
    size_t n = (size_t)snprintf(text, sizeof text, HEAD "rules:\n");
    for (int i = 0; i < 12; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, RULE("r%d", "go", "    severity: critical\n"), i);
    setup_with(text);
    say("s1", "go", 0);
    ck_assert_uint_eq(count, 12);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(found[i].held, ENGINE_SHOWN);
    say("s1", "go go", 100000);
    ck_assert_uint_eq(count, 12);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(found[i].held, ENGINE_DUPLICATE);
}
END_TEST

START_TEST(an_interim_result_is_only_counted)
{
    struct wire_event e = line_of(COACH_ROLE_AGENT, "s1", "alpha", 0);
    e.is_final = false;
    step(&e, 0);
    ck_assert_uint_eq(count, 0);
    ck_assert_uint_eq(call_counts(call)->interim, 1);
    say("s1", "alpha", 1);
    only("one", NULL);
}
END_TEST

START_TEST(a_term_goes_silent_once_the_customer_used_it)
{
    customer_says("I have no P.N.R.", 0);
    ck_assert_uint_eq(count, 0);
    say(NULL, "the PNR", 1);
    ck_assert_uint_eq(count, 0);
    say(NULL, "the PNR is in the GDS", 2);
    ck_assert_str_eq(only("plain", NULL)->message, "say the booking system for GDS");
    customer_says("what is a gds", 100000);
    say(NULL, "the GDS", 200000);
    ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(of_two_terms_in_a_line_one_is_coached)
{
    say(NULL, "the PNR is in the GDS", 0);
    ck_assert_str_eq(only("plain", NULL)->message, "say the booking system for GDS");
}
END_TEST

START_TEST(without_times_a_call_goes_by_arrival)
{
    struct wire_event e = line_of(COACH_ROLE_AGENT, NULL, "alpha", COACH_NO_TIME);
    step(&e, 5000000);
    ck_assert_int_eq(only("one", NULL)->at_ms, 0);
    step(&e, 5059999);
    ck_assert_int_eq(only("one", "cooldown")->at_ms, 59999);
    step(&e, 5060000);
    only("one", NULL);
}
END_TEST

START_TEST(the_calls_clock_never_goes_back)
{
    say(NULL, "alpha", 100000);
    say(NULL, "beta", 0);
    only("two", "gap");
    ck_assert_int_eq(found[0].nudge.at_ms, 0); /* when it was said */
    say(NULL, "beta", 59000);                  /* cool-downs go by when it was said */
    only("two", "cooldown");
    say(NULL, "alpha", 160000);
    only("one", NULL);
}
END_TEST

static const struct {
    double confidence;
    size_t findings;
} confidences[] = {{-1, 1}, {0, 0}, {0.49, 0}, {0.5, 1}, {1, 1}};

START_TEST(a_line_below_the_rules_confidence_is_passed_over)
{
    struct wire_event e = line_of(COACH_ROLE_AGENT, NULL, "sure", 0);
    e.confidence = confidences[_i].confidence;
    step(&e, 0);
    ck_assert_uint_eq(count, confidences[_i].findings);
}
END_TEST

/* --- ids --- */

static const char *id_of(const char *call_id, const char *segment, const char *text, const char *before)
{
    static char ids[8][17];
    static int next;
    char *id = ids[next++ % 8];
    call_free(call);
    call = call_new(call_id, strlen(call_id));
    ck_assert_int_eq(call_set_agent(call, "sam", 3), COACH_OK);
    if (before != NULL)
        say(NULL, before, 0);
    say(segment, text, 50000);
    ck_assert_uint_ge(count, 1);
    return strcpy(id, found[0].nudge.nudge_id);
}

START_TEST(a_nudges_id_is_made_of_call_rule_segment_and_occurrence)
{
    const char *id = id_of("c-1", "s1", "alpha", NULL);
    ck_assert_str_eq(id, id_of("c-1", "s1", "oh alpha", "gamma")); /* other text, other findings before */
    ck_assert_str_ne(id, id_of("c-2", "s1", "alpha", NULL));
    ck_assert_str_ne(id, id_of("c-1", "s2", "alpha", NULL));
    ck_assert_str_ne(id, id_of("c-1", "s1", "beta", NULL));
}
END_TEST

START_TEST(a_nudges_id_outlives_a_reload_and_does_not_change_by_itself)
{
    char id[17];
    strcpy(id, id_of("c-1", "s1", "alpha", NULL));
    teardown();
    setup_with(HEAD "rules:\n" RULE("one", "(an)? alpha", "    rev: 2\n    severity: important\n"));
    ck_assert_str_eq(id, id_of("c-1", "s1", "alpha", NULL));
    ck_assert_str_eq(id, "98f8fc544225ec30"); /* on every machine, in every version */
}
END_TEST

START_TEST(a_changed_rule_starts_afresh_and_an_unchanged_one_goes_on)
{
    say(NULL, "alpha", 0);
    say(NULL, "beta", 20000);
    struct ruletest old = t;
    ruletest_good(&t, HEAD "rules:\n" RULE("two", "beta", "") RULE("one", "alpha", "    rev: 2\n"));
    say(NULL, "alpha", 40000);
    only("one", NULL);
    say(NULL, "beta", 60000);
    only("two", "cooldown");
    ruletest_clear(&old);
}
END_TEST

START_TEST(lines_without_a_segment_id_are_segments_of_their_own)
{
    char first[17];
    say(NULL, "often", 0);
    strcpy(first, only("often", NULL)->nudge_id);
    say(NULL, "often", 100000);
    ck_assert_str_ne(first, only("often", NULL)->nudge_id);
}
END_TEST

/* --- what cards say --- */

static const struct {
    const char *body;
    const char *line;
    const char *message, *suggest;
} cards[] = {
    {"    message: you said {said}\n    says:\n      - calm ... down\n", "do CALM it Down", "you said CALM it Down",
     NULL},
    {"    message: m\n    suggest: try {plain} for {said}\n    swap:\n      EMD: a voucher\n", "an E.M.D.", "m",
     "try a voucher for E.M.D"},
    {"    message: why {reason}, {reason}\n    says:\n      - against <reason>\n", "against um the Rules",
     "why the Rules, the Rules", NULL},
    {"    message: '{who}: {reason}'\n    says:\n      - <who:whom> (forbid | forbids) <reason>\n", "he forbids Policy",
     "he: Policy", NULL},
    {"    message: no {reason}.\n    says:\n      - against (<reason> | it)\n", "against it", "no .", NULL},
    {"    message: caf\xc3\xa9 {said}\n    says:\n      - caf\xc3\xa9\n", "the CAF\xc3\x89!", "caf\xc3\xa9 CAF\xc3\x89",
     NULL},
};

START_TEST(placeholders_are_filled_with_what_was_said)
{
    char text[1024];
    teardown();
    snprintf(text, sizeof text,
             HEAD "lists:\n  reason:\n    - policy\n    - the rules\n  whom:\n    - he\nrules:\n"
                  "  - id: a\n    category: tone\n%s",
             cards[_i].body);
    setup_with(text);
    say(NULL, cards[_i].line, 0);
    const struct nudge *n = only("a", NULL);
    ck_assert_str_eq(n->message, cards[_i].message);
    ck_assert_pstr_eq(n->suggest[0], cards[_i].suggest);
    ck_assert_ptr_null(n->suggest[1]);
}
END_TEST

/* --- bounds and sameness --- */

static void make_line(char *line, size_t room, uint64_t *random)
{
    static const char *const words[] = {"alpha", "beta", "gamma", "often", "fire", "thanks",
                                        "shade", "GDS",  "PNR",   "so",    "well", "it"};
    size_t n = 0;
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    for (int i = 0; i < 6; i++)
        n += (size_t)snprintf(line + n, room - n, "%s ", words[(*random >> (20 + i * 5)) % 12]);
}

static void run_lines(int lines, struct buf *out)
{
    uint64_t random = 42;
    char text[256], segment[16];
    for (int i = 0; i < lines; i++) {
        make_line(text, sizeof text, &random);
        snprintf(segment, sizeof segment, "s%d", i - i % 7 % 2); /* some are revised */
        struct wire_event e = line_of(random % 3 ? COACH_ROLE_AGENT : COACH_ROLE_CUSTOMER, random % 5 ? segment : NULL,
                                      text, random % 11 ? i * 900 : COACH_NO_TIME);
        step(&e, i * 1000);
        for (size_t k = 0; out != NULL && k < count; k++)
            ck_assert_int_eq(nudge_write(&found[k].nudge, NULL, out), COACH_OK);
    }
}

START_TEST(two_runs_give_the_same_bytes)
{
    struct buf a, b;
    buf_init(&a, 0);
    buf_init(&b, 0);
    run_lines(500, &a);
    teardown();
    setup();
    run_lines(500, &b);
    ck_assert_uint_gt(a.len, 10000);
    ck_assert_uint_eq(a.len, b.len);
    ck_assert_int_eq(memcmp(a.data, b.data, a.len), 0);
    buf_clear(&a);
    buf_clear(&b);
}
END_TEST

START_TEST(a_call_of_a_hundred_thousand_lines_stays_small)
{
    run_lines(2000, NULL);
    size_t before = call_memory(call);
    run_lines(100000, NULL);
    ck_assert_uint_eq(call_memory(call), before);
    ck_assert_uint_lt(before, 16 * 1024);
    ck_assert_uint_gt(call_counts(call)->lines, 50000);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("engine");
    TCase *c = tcase_create("engine");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, a_nudge_says_what_where_and_when);
    tcase_add_test(c, a_rule_is_quiet_for_its_cooldown_and_then_speaks_again);
    tcase_add_test(c, a_rule_speaks_as_often_as_per_call_allows);
    tcase_add_test(c, an_agent_is_shown_no_more_than_the_calls_budget);
    tcase_add_test(c, between_two_nudges_lies_the_gap);
    tcase_add_test(c, what_is_critical_is_shown_at_once_and_beyond_the_budget);
    tcase_add_test(c, what_is_critical_takes_nothing_from_the_budget_but_keeps_the_gap);
    tcase_add_test(c, praise_is_counted_apart_and_shown_once);
    tcase_add_test(c, praise_takes_nothing_from_the_budget);
    tcase_add_test(c, of_several_findings_the_weightiest_wins_the_slot);
    tcase_add_test(c, a_shadow_rule_is_found_and_never_shown);
    tcase_add_test(c, a_muted_rule_is_held_for_the_rest_of_the_call);
    tcase_add_test(c, a_final_that_says_nothing_new_is_not_run_again);
    tcase_add_test(c, a_revised_final_fires_what_is_new_and_holds_the_rest_as_duplicate);
    tcase_add_test(c, the_same_segment_id_of_the_other_side_is_another_segment);
    tcase_add_test(c, no_rule_is_a_duplicate_of_the_others_on_its_line);
    tcase_add_test(c, an_interim_result_is_only_counted);
    tcase_add_test(c, a_term_goes_silent_once_the_customer_used_it);
    tcase_add_test(c, of_two_terms_in_a_line_one_is_coached);
    tcase_add_test(c, without_times_a_call_goes_by_arrival);
    tcase_add_test(c, the_calls_clock_never_goes_back);
    tcase_add_loop_test(c, a_line_below_the_rules_confidence_is_passed_over, 0, RULETEST_ROWS(confidences));
    tcase_add_test(c, a_nudges_id_is_made_of_call_rule_segment_and_occurrence);
    tcase_add_test(c, a_nudges_id_outlives_a_reload_and_does_not_change_by_itself);
    tcase_add_test(c, a_changed_rule_starts_afresh_and_an_unchanged_one_goes_on);
    tcase_add_test(c, lines_without_a_segment_id_are_segments_of_their_own);
    tcase_add_loop_test(c, placeholders_are_filled_with_what_was_said, 0, RULETEST_ROWS(cards));
    tcase_add_test(c, two_runs_give_the_same_bytes);
    TCase *large = tcase_create("large");
    tcase_set_tags(large, "large");
    tcase_set_timeout(large, 120);
    tcase_add_checked_fixture(large, setup, teardown);
    tcase_add_test(large, a_call_of_a_hundred_thousand_lines_stays_small);
    suite_add_tcase(s, large);
    suite_add_tcase(s, c);
    return suite_run(s);
}
