#include "lib/eval/calltest.h"

#include "lib/eval/callrecord.h"
#include "lib/rules/anatomy.h"
#include "tests/support/ruletest.h"

#define RULES                                                                                                          \
    "format: 1\npack: p\nrules:\n"                                                                                     \
    "  - id: calm\n    category: tone\n    message: m\n    cooldown: 60s\n    says:\n      - you need to calm down\n"  \
    "  - id: policy\n    category: policy\n    severity: critical\n    message: m\n    cooldown: 0s\n"                 \
    "    says:\n      - that is our policy\n"
#define TEST(more)  RULES "tests:\n  - name: one\n" more
#define CALL(lines) TEST("    call: |\n" lines)

/* The rules, and the first test of a file, with its verdict. */
struct fixture {
    struct ruletest built;
    struct anatomy anatomy;
    const struct screenplay *play;
    struct calltest result;
};
static struct fixture f;

static void open_test(const char *text)
{
    ruletest_good(&f.built, text);
    ck_assert_int_eq(anatomy_read(&f.anatomy, f.built.files, 1, &f.built.language, 1), COACH_OK);
    ck_assert_uint_gt(f.anatomy.pack.files[0].test_count, 0);
    f.play = &f.anatomy.pack.files[0].tests[0];
    ck_assert_int_eq(calltest_run(f.play, f.built.set, &f.result), COACH_OK);
}

static void close_test(void)
{
    calltest_clear(&f.result);
    anatomy_clear(&f.anatomy);
    ruletest_clear(&f.built);
}

/* --- reading --- */

START_TEST(a_call_is_read_line_by_line)
{
    open_test(CALL("      00:00 agent: hello:  there\n\n      00:04.5-1:02:03.25 customer: yes \n        => calm\n"
                   "        =>policy\n      999:59 agent is on hold\n      999:59 agent is looking something up\n"
                   "      999:59 agent is back\n      999:59.007 system: beep\n      999:59.1 call end\n"));
    const struct screenplay_line *l = f.play->lines;
    ck_assert_uint_eq(f.play->line_count, 7);
    ck_assert_str_eq(f.play->name.s, "one");
    ck_assert_int_eq(l[0].start_ms, 0);
    ck_assert_int_eq(l[0].end_ms, COACH_NO_TIME);
    ck_assert_int_eq(l[0].role, COACH_ROLE_AGENT);
    ck_assert_uint_eq(l[0].text_len, strlen("hello:  there"));
    ck_assert_int_eq(memcmp(l[0].text, "hello:  there", l[0].text_len), 0);
    ck_assert_int_eq(l[1].start_ms, 4500);
    ck_assert_int_eq(l[1].end_ms, 3723250);
    ck_assert_int_eq(l[1].role, COACH_ROLE_CUSTOMER);
    ck_assert_uint_eq(l[1].text_len, 3);
    ck_assert_uint_eq(l[1].findings, 2);
    ck_assert_str_eq(f.play->findings[l[1].first].rule, "calm");
    ck_assert_str_eq(f.play->findings[l[1].first + 1].rule, "policy");
    ck_assert_int_eq(l[2].kind, SCREENPLAY_HOLD);
    ck_assert_int_eq(l[2].start_ms, (999 * 60 + 59) * 1000);
    ck_assert_int_eq(l[3].kind, SCREENPLAY_LOOKUP);
    ck_assert_int_eq(l[4].kind, SCREENPLAY_BACK);
    ck_assert_int_eq(l[5].role, COACH_ROLE_SYSTEM);
    ck_assert_int_eq(l[5].start_ms, (999 * 60 + 59) * 1000 + 7);
    ck_assert_int_eq(l[6].kind, SCREENPLAY_CALL_END);
    ck_assert_int_eq(l[6].start_ms, (999 * 60 + 59) * 1000 + 100);
    close_test();
}
END_TEST

START_TEST(a_finding_has_its_place_in_the_file)
{
    open_test(CALL("      00:00 agent: hello\n        => calm\n"));
    struct mark m = screenplay_mark(f.play, f.play->findings[0].at, f.play->findings[0].len);
    ck_assert_int_eq(m.line, 21);
    ck_assert_int_eq(m.column, 12);
    ck_assert_int_eq(m.width, 4);
    close_test();
}
END_TEST

START_TEST(a_test_may_name_every_reason_of_the_call_s_attention)
{
    char text[2048];
    size_t reasons = 0;
    for (enum engine_held held = ENGINE_SHOWN + 1; held < ENGINE_HELD_COUNT; held++) {
        bool never = held == ENGINE_MUTED || held == ENGINE_NO_AGENT || held == ENGINE_QUARANTINED;
        if (never || engine_is_limit(held))
            continue;
        snprintf(text, sizeof text,
                 TEST("    attention: on\n    call: |\n      00:00 agent: a\n        => calm (held: %s)\n"),
                 engine_held_name(held));
        open_test(text);
        ck_assert_str_eq(f.play->findings[0].held, engine_held_name(held));
        close_test();
        reasons++;
    }
    ck_assert_uint_eq(reasons, 5);
}
END_TEST

/* --- judging --- */

/* What a test gives, as "LINE KIND RULE (WHY);" for each item. */
static const char *verdict(void)
{
    static const char kinds[] = "=-+~";
    static char text[1024];
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < f.result.item_count; i++) {
        const struct calltest_item *item = &f.result.items[i];
        n += (size_t)snprintf(text + n, sizeof text - n, "%zu%c%s", item->line + 1, kinds[item->kind], item->rule);
        if (item->held != NULL)
            n += (size_t)snprintf(text + n, sizeof text - n, " held %s", item->held);
        if (item->why != NULL)
            n += (size_t)snprintf(text + n, sizeof text - n, " (%s)", item->why);
        if (item->elsewhere != NULL)
            n += (size_t)snprintf(text + n, sizeof text - n, " at %zu", item->elsewhere->line + 1);
        n += (size_t)snprintf(text + n, sizeof text - n, ";");
    }
    return text;
}

#define CALM   " agent: you need to calm down\n"
#define POLICY " agent: that is our policy\n"
#define ON     "    attention: on\n    call: |\n"

static const struct {
    const char *text, *verdict;
    size_t failures, notes;
} judged[] = {
    {CALL("      00:00" CALM "        => calm\n"), "1=calm;", 0, 0},
    {CALL("      00:00" CALM), "1+calm;", 1, 0},
    {CALL("      00:00 customer: you need to calm down\n        => calm\n"), "1-calm;", 1, 0},
    {CALL("      00:00 agent: hi\n        => calm\n      00:03" CALM), "1-calm at 2;2+calm;", 2, 0},
    {CALL("      00:00" CALM "        => calm\n      00:30" CALM "        => calm\n"),
     "1=calm;2-calm (held: cooldown);", 1, 0},
    {CALL("      00:00" CALM "        => calm\n      00:30" CALM), "1=calm;2~calm held cooldown;", 0, 1},
    {CALL("      00:00 agent: that is our policy you need to calm down\n        => calm\n        => policy\n"),
     "1=calm;1=policy;", 0, 0},
    {CALL("      00:00" CALM "        => calm\n        => calm\n"), "1=calm;1-calm;", 1, 0},
    {CALL("      00:00" POLICY "        => policy\n      00:10" POLICY "        => policy\n      00:20" POLICY
          "        => policy\n      00:30" POLICY),
     "1=policy;2=policy;3=policy;4~policy held per_call;", 0, 1},
};

START_TEST(what_is_found_must_be_what_is_listed)
{
    open_test(judged[_i].text);
    ck_assert_str_eq(verdict(), judged[_i].verdict);
    ck_assert_uint_eq(f.result.failures, judged[_i].failures);
    ck_assert_uint_eq(f.result.notes, judged[_i].notes);
    close_test();
}
END_TEST

static const struct {
    const char *text, *verdict;
    size_t failures;
} attended[] = {
    /* praise aside, a card within 15 seconds of another is held, but a critical one goes out at once */
    {TEST(ON "      00:00" POLICY "        => policy\n      00:03" CALM "      00:30 customer: yes\n"), "1=policy;", 0},
    {TEST(ON "      00:00" POLICY "        => policy\n      00:03" CALM
             "        => calm (held: gap)\n      00:30 customer: yes\n"),
     "1=policy;2=calm held gap;", 0},
    {TEST(ON "      00:00" POLICY "        => policy\n      00:03" CALM "        => calm\n      00:30 customer: yes\n"),
     "1=policy;2-calm (held: gap);", 1},
    {TEST(ON "      00:00" POLICY "        => policy (held: gap)\n"), "1-policy held gap (shown);1+policy;", 2},
    {CALL("      00:00" POLICY "        => policy\n      00:03" CALM "        => calm\n"), "1=policy;2=calm;", 0},
};

START_TEST(with_attention_only_what_is_shown_must_be_listed)
{
    open_test(attended[_i].text);
    ck_assert_str_eq(verdict(), attended[_i].verdict);
    ck_assert_uint_eq(f.result.failures, attended[_i].failures);
    close_test();
}
END_TEST

#define TIMED                                                                                                          \
    "format: 1\npack: p\nsignals:\n  - id: asked\n    speaker: customer\n    says:\n      - call me back\n"            \
    "  - id: promised\n    says:\n      - i will call you\nrules:\n"                                                   \
    "  - id: quiet\n    category: tone\n    message: m\n    when:\n      silence: longer than 10s\n"                   \
    "  - id: unanswered\n    category: followup\n    message: m\n    when:\n      after: asked\n"                      \
    "      without: promised\n      within: 8s\n"                                                                      \
    "  - id: over\n    category: listening\n    message: m\n    when:\n      overlap: agent over customer\n"           \
    "      lasting: 1s\ntests:\n  - name: one\n    call: |\n"

static const struct {
    const char *call, *verdict;
} timed[] = {
    {"      00:00 agent: hello\n      00:12 customer: hello\n", "1+quiet;"},
    {"      00:00 agent: hello\n      00:09 customer: hello\n", ""},
    {"      00:00 agent: hello\n", ""},                               /* the call ends with its last line... */
    {"      00:00 agent: hello\n      00:14 call end\n", "1+quiet;"}, /* ...unless it says when */
    {"      00:00 agent: hello\n      00:03 agent is on hold\n      00:30 call end\n", ""},
    {"      00:00 agent: hello\n      00:03 agent is looking something up\n      00:30 call end\n", ""},
    {"      00:00 agent: hello\n      00:03 agent is on hold\n      00:09 agent is back\n      00:40 call end\n",
     "1+quiet;"},
    {"      00:00 agent: hello\n      00:14 agent is on hold\n      00:30 call end\n", "1+quiet;"}, /* too late */
    {"      00:00 customer: please call me back\n      00:05 call end\n", ""},
    {"      00:00 customer: please call me back\n      00:13 call end\n", "1+unanswered;1+quiet;"},
    {"      00:00 customer: please call me back\n      00:05 agent: i will call you\n      00:13 call end\n", ""},
    /* fired, and taken back by a line that began before and came later */
    {"      00:00 customer: please call me back\n      00:09-00:30 agent: i will call you\n", ""},
    /* ten words take four seconds... */
    {"      00:00 customer: one two three four five six seven eight nine ten\n      00:02.5 agent: one two three "
     "four\n",
     "2+over;"},
    /* ...but not where the same side speaks again */
    {"      00:00 customer: one two three four five six seven eight nine ten\n      00:02.5 agent: one two three four\n"
     "      00:03 customer: right\n",
     ""},
    {"      00:00-00:02.5 customer: one two three four five six seven eight nine ten\n"
     "      00:02.5 agent: one two three four\n",
     ""},
};

START_TEST(time_passes_as_it_does_live)
{
    char text[4096];
    snprintf(text, sizeof text, TIMED "%s", timed[_i].call);
    open_test(text);
    ck_assert_str_eq(verdict(), timed[_i].verdict);
    close_test();
}
END_TEST

START_TEST(a_rule_that_is_disabled_is_said_to_be)
{
    open_test("format: 1\npack: p\nrules:\n  - id: calm\n    category: tone\n    message: m\n    mode: disabled\n"
              "    says:\n      - calm down now\ntests:\n  - name: one\n    call: |\n      00:00 agent: calm down now\n"
              "        => calm\n");
    ck_assert_str_eq(verdict(), "1-calm (the rule is disabled);");
    close_test();
}
END_TEST

/* --- recording --- */

#define SAY(role, text, more) "{\"call_id\":\"c 1\",\"role\":\"" role "\",\"text\":\"" text "\"" more "}\n"
#define AT(start, end)        ",\"start_ms\":" start ",\"end_ms\":" end

static void no_problem(void *user, uint64_t line, const char *code, const char *message)
{
    (void)user;
    ck_abort_msg("line %d: %s %s", (int)line, code, message);
}

static int record(const char *rules, const char *text, struct buf *out)
{
    struct ruletest t;
    struct recording r;
    ruletest_good(&t, rules);
    buf_init(out, 0);
    ck_assert_int_eq(recording_read(&r, text, strlen(text), no_problem, NULL), COACH_OK);
    int rc = callrecord_write(&r, "c 1", t.set, out);
    recording_clear(&r);
    ruletest_clear(&t);
    return rc;
}

static const struct {
    const char *said, *call;
} recorded[] = {
    {SAY("agent", "you need to calm down", AT("800", "2600")) SAY("customer", "yes", AT("4400", "4600")),
     "      00:01 agent: you need to calm down\n        => calm\n      00:04 customer: yes\n"},
    {SAY("agent", "hi\\tthere\\n# => \\u202e x\\u0001", AT("0", "900")), "      00:00 agent: hi there # => x\n"},
    {SAY("agent", "later", AT("3599600", "3661000")), "      1:00:00 agent: later\n"},
    {SAY("system", "beep", AT("0", "900")), "      00:00 system: beep\n"},
    {SAY("agent", "once", ",\"segment_id\":\"a\"") SAY("agent", "once", ",\"segment_id\":\"a\""),
     "      00:00 agent: once\n"},
    {SAY("agent", "half", ",\"is_final\":false,\"segment_id\":\"a\"") SAY("agent", "whole", ",\"segment_id\":\"a\""),
     "      00:00 agent: whole\n"},
    {"{\"call_id\":\"d\",\"text\":\"other\",\"role\":\"agent\"}\n" SAY("agent", "one", AT("0", "900")),
     "      00:00 agent: one\n"},
};

START_TEST(a_recorded_call_becomes_a_test)
{
    struct buf out;
    char expected[1024];
    ck_assert_int_eq(record(RULES, recorded[_i].said, &out), COACH_OK);
    snprintf(expected, sizeof expected,
             "  # What the rules find in this call today. Read it, and keep it only where a person agrees.\n"
             "  - name: c_1\n    call: |\n%s",
             recorded[_i].call);
    ck_assert_str_eq(out.data, expected);
    buf_clear(&out);
}
END_TEST

START_TEST(a_recorded_call_s_times_are_as_precise_as_what_is_found_needs)
{
    /* 5.96 s after the first, where its cool-down is 6 s: whole seconds and tenths would let it fire */
    static const char rules[] = "format: 1\npack: p\nrules:\n  - id: calm\n    category: tone\n    message: m\n"
                                "    cooldown: 6s\n    says:\n      - calm down now\n";
    struct buf out;
    ck_assert_int_eq(record(rules,
                            SAY("agent", "calm down now", AT("1040", "1800"))
                                SAY("agent", "calm down now", AT("7000", "7750")),
                            &out),
                     COACH_OK);
    const char *call = strstr(out.data, "      00:01");
    ck_assert_str_eq(call, "      00:01.04-00:01.80 agent: calm down now\n        => calm\n"
                           "      00:07.00-00:07.75 agent: calm down now\n");
    buf_clear(&out);
}
END_TEST

START_TEST(a_recorded_call_goes_on_to_its_end_where_something_is_found_until_then)
{
    static const char rules[] = "format: 1\npack: p\nrules:\n  - id: quiet\n    category: tone\n    message: m\n"
                                "    when:\n      silence: longer than 10s\n";
    struct buf out;
    ck_assert_int_eq(
        record(rules,
               SAY("agent", "hello", AT("0", "900")) "{\"type\":\"call_end\",\"call_id\":\"c 1\",\"recv_ms\":20000}\n",
               &out),
        COACH_OK);
    ck_assert_str_eq(strstr(out.data, "      00:00"),
                     "      00:00 agent: hello\n        => quiet\n      00:20 call end\n");
    buf_clear(&out);
}
END_TEST

static const struct {
    const char *said;
    int rc;
} unwritable[] = {
    {"{\"type\":\"call_start\",\"call_id\":\"c 1\"}\n", COACH_EINVAL},
    {SAY("agent", " ", AT("0", "900")), COACH_EINVAL},
    {SAY("agent", "late", AT("60000", "61000")) SAY("agent", "early", AT("1000", "2000")), COACH_ELIMIT},
};

START_TEST(what_cannot_be_a_test_is_refused)
{
    struct buf out;
    ck_assert_int_eq(record(RULES, unwritable[_i].said, &out), unwritable[_i].rc);
    ck_assert_uint_eq(out.len, 0);
    buf_clear(&out);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("calltest");
    TCase *t = tcase_create("reading");
    tcase_add_test(t, a_call_is_read_line_by_line);
    tcase_add_test(t, a_finding_has_its_place_in_the_file);
    tcase_add_test(t, a_test_may_name_every_reason_of_the_call_s_attention);
    suite_add_tcase(s, t);
    t = tcase_create("judging");
    tcase_add_loop_test(t, what_is_found_must_be_what_is_listed, 0, RULETEST_ROWS(judged));
    tcase_add_loop_test(t, with_attention_only_what_is_shown_must_be_listed, 0, RULETEST_ROWS(attended));
    tcase_add_loop_test(t, time_passes_as_it_does_live, 0, RULETEST_ROWS(timed));
    tcase_add_test(t, a_rule_that_is_disabled_is_said_to_be);
    suite_add_tcase(s, t);
    t = tcase_create("recording");
    tcase_add_loop_test(t, a_recorded_call_becomes_a_test, 0, RULETEST_ROWS(recorded));
    tcase_add_test(t, a_recorded_call_s_times_are_as_precise_as_what_is_found_needs);
    tcase_add_test(t, a_recorded_call_goes_on_to_its_end_where_something_is_found_until_then);
    tcase_add_loop_test(t, what_cannot_be_a_test_is_refused, 0, RULETEST_ROWS(unwritable));
    suite_add_tcase(s, t);
    return suite_run(s);
}
