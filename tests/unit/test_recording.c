#include "lib/eval/recording.h"

#include "lib/eval/replay.h"
#include "tests/support/ruletest.h"

#define SAY(call, role, text, more) "{\"call_id\":\"" call "\",\"role\":\"" role "\",\"text\":\"" text "\"" more "}\n"

static struct recording r;
static char problems[1024];

static void on_problem(void *user, uint64_t line, const char *code, const char *message)
{
    (void)user;
    size_t n = strlen(problems);
    snprintf(problems + n, sizeof problems - n, "%llu %s;", (unsigned long long)line, code);
    ck_assert_uint_gt(strlen(message), 0);
}

static void setup(void)
{
    problems[0] = '\0';
    r = (struct recording){0};
}

static void teardown(void)
{
    recording_clear(&r);
}

static void read_text(const char *text)
{
    recording_clear(&r);
    ck_assert_int_eq(recording_read(&r, text, strlen(text), on_problem, NULL), COACH_OK);
}

START_TEST(events_come_in_file_order_and_hellos_are_left_out)
{
    read_text("{\"type\":\"hello\",\"call_id\":\"c\",\"agent_id\":\"sam\"}\n"
              "{\"type\":\"call_start\"}\n" SAY("c", "agent", "one", "") "\n" SAY(
                  "d", "customer", "two", "") "{\"type\":\"call_end\",\"call_id\":\"c\"}"); /* without its newline */
    ck_assert_str_eq(problems, "");
    ck_assert_uint_eq(r.count, 4);
    ck_assert_int_eq(r.events[0].type, WIRE_CALL_START);
    ck_assert_str_eq(r.events[0].call_id.s, "c"); /* from the hello */
    ck_assert_str_eq(r.events[0].agent_id.s, "sam");
    ck_assert_str_eq(r.events[1].text.s, "one");
    ck_assert_int_eq(r.events[2].role, COACH_ROLE_CUSTOMER);
    ck_assert_int_eq(r.events[3].type, WIRE_CALL_END);
}
END_TEST

START_TEST(lines_without_times_are_spoken_one_after_the_other_at_150_words_a_minute)
{
    read_text(SAY("c", "agent", "one two  three", "") SAY("d", "agent", "one", "") SAY("c", "customer", "four five", "")
                  SAY("c", "agent", "", ""));
    ck_assert_int_eq(r.events[0].start_ms, 0);
    ck_assert_int_eq(r.events[0].end_ms, 1200);
    ck_assert_int_eq(r.events[1].start_ms, 0); /* call by call */
    ck_assert_int_eq(r.events[1].end_ms, 400);
    ck_assert_int_eq(r.events[2].start_ms, 1200);
    ck_assert_int_eq(r.events[2].end_ms, 2000);
    ck_assert_int_eq(r.events[3].start_ms, 2000);
    ck_assert_int_eq(r.events[3].end_ms, 2000);
}
END_TEST

static const struct {
    const char *times;
    int64_t start, end, arrival, next;
} times[] = {
    {",\"start_ms\":100,\"end_ms\":900", 100, 900, 900, 900},
    {",\"start_ms\":100", 100, COACH_NO_TIME, 100, 100},
    {",\"end_ms\":900", COACH_NO_TIME, 900, 900, 900},
    {",\"start_ms\":100,\"end_ms\":900,\"recv_ms\":1500", 100, 900, 1500, 900},
    {",\"recv_ms\":1500", COACH_NO_TIME, COACH_NO_TIME, 1500, 1500},
    {"", 0, 400, 400, 400},
};

START_TEST(a_line_keeps_the_times_it_has_and_the_next_follows_it)
{
    char text[512];
    snprintf(text, sizeof text, SAY("c", "agent", "one", "%s") SAY("c", "agent", "two", ""), times[_i].times);
    read_text(text);
    ck_assert_uint_eq(r.count, 2);
    ck_assert_int_eq(r.events[0].start_ms, times[_i].start);
    ck_assert_int_eq(r.events[0].end_ms, times[_i].end);
    ck_assert_int_eq(recording_arrival(&r.events[0]), times[_i].arrival);
    ck_assert_int_eq(r.events[1].start_ms, times[_i].next);
}
END_TEST

START_TEST(a_start_and_an_end_of_a_call_have_no_time_of_their_own)
{
    read_text("{\"type\":\"call_start\",\"call_id\":\"c\"}\n{\"type\":\"call_end\",\"call_id\":\"c\"}\n");
    ck_assert_int_eq(recording_arrival(&r.events[0]), COACH_NO_TIME);
    ck_assert_int_eq(recording_arrival(&r.events[1]), COACH_NO_TIME);
}
END_TEST

START_TEST(bad_lines_are_reported_by_number_and_passed_over)
{
    static char text[80 * 1024];
    size_t n = (size_t)snprintf(text, sizeof text, "%s", SAY("c", "agent", "one", "") "nonsense\n");
    memset(text + n, 'x', 70 * 1024);
    strcpy(text + n + 70 * 1024, "\n" SAY("c", "agent", "two", "") "{\"call_id\":\"c\"}\n");
    read_text(text);
    ck_assert_str_eq(problems, "2 bad_json;3 too_long;5 missing_field;");
    ck_assert_uint_eq(r.count, 2);
    ck_assert_str_eq(r.events[1].text.s, "two");
}
END_TEST

START_TEST(an_empty_recording_holds_nothing)
{
    read_text("");
    ck_assert_uint_eq(r.count, 0);
    read_text("\n\n");
    ck_assert_uint_eq(r.count, 0);
}
END_TEST

/* --- replay --- */

static struct ruletest t;
static struct buf out;

static void on_step(void *user, const struct call *call, const struct wire_event *event,
                    const struct engine_results *results)
{
    const struct finding *findings = results->findings;
    (void)user, (void)call;
    if (event != NULL)
        ck_assert_int_eq(buf_addf(&out, "%d ", (int)event->type), COACH_OK);
    for (size_t i = 0; i < results->count; i++)
        ck_assert_int_eq(buf_addf(&out, "[%s %s %s %s@%lld] ", findings[i].nudge.call_id,
                                  findings[i].nudge.agent_id == NULL ? "-" : findings[i].nudge.agent_id,
                                  findings[i].nudge.rule,
                                  findings[i].nudge.held == NULL ? "shown" : findings[i].nudge.held,
                                  (long long)findings[i].nudge.at_ms),
                         COACH_OK);
}

static const char *replayed(const char *text)
{
    read_text(text);
    buf_reset(&out);
    ck_assert_int_eq(replay_run(&r, t.set, &(struct replay_options){.agent_id = "nobody"}, on_step, NULL), COACH_OK);
    return out.data;
}

static void setup_replay(void)
{
    setup();
    buf_init(&out, 0);
    ruletest_good(
        &t, "format: 1\npack: test\nrules:\n  - id: a\n    category: tone\n    message: m\n    says:\n      - calm "
            "down\n");
}

static void teardown_replay(void)
{
    buf_clear(&out);
    ruletest_clear(&t);
    teardown();
}

START_TEST(each_call_of_a_recording_is_replayed_with_its_own_state_and_agent)
{
    ck_assert_str_eq(replayed("{\"type\":\"call_start\",\"call_id\":\"c\",\"agent_id\":\"sam\"}\n" SAY(
                         "c", "agent", "calm down", ",\"start_ms\":5") SAY("d", "agent", "calm down", ",\"start_ms\":7")
                                  SAY("c", "agent", "calm down", ",\"start_ms\":9")),
                     "1 2 [c sam a shown@5] 2 [d nobody a shown@7] 2 [c sam a cooldown@9] ");
}
END_TEST

START_TEST(a_call_that_names_its_agent_late_has_none_until_then)
{
    ck_assert_str_eq(replayed(SAY("c", "agent", "calm down", ",\"start_ms\":5")
                                  SAY("d", "agent", "calm down", ",\"start_ms\":7")
                                      SAY("c", "customer", "hi", ",\"start_ms\":9000,\"agent_id\":\"sam\"")),
                     "2 2 [d nobody a shown@7] [c - a no_agent@5] 2 ");
}
END_TEST

START_TEST(a_state_and_a_mute_of_a_recording_count_as_they_did_live)
{
    ck_assert_str_eq(replayed(SAY("c", "customer", "hi",
                                  ",\"start_ms\":5") "{\"type\":\"mute\",\"call_id\":\"c\",\"rule\":\"a\"}\n"
                                                     "{\"type\":\"state\",\"call_id\":\"c\",\"state\":\"hold\"}\n" SAY(
                                                         "c", "agent", "calm down", ",\"start_ms\":9")),
                     "2 4 3 2 [c nobody a muted@9] ");
}
END_TEST

START_TEST(a_call_that_ended_begins_anew)
{
    ck_assert_str_eq(
        replayed(SAY("c", "agent", "calm down", ",\"start_ms\":5") "{\"type\":\"call_end\",\"call_id\":\"c\"}\n" SAY(
            "c", "agent", "calm down", ",\"start_ms\":9")),
        "2 [c nobody a shown@5] 5 2 [c nobody a shown@9] ");
}
END_TEST

START_TEST(what_arrived_late_cools_down_as_it_did_live)
{
    ck_assert_str_eq(replayed(SAY("c", "agent", "calm down", ",\"recv_ms\":1000")
                                  SAY("c", "agent", "calm down", ",\"recv_ms\":60999")
                                      SAY("c", "agent", "calm down", ",\"recv_ms\":61000")),
                     "2 [c nobody a shown@0] 2 [c nobody a cooldown@59999] 2 [c nobody a shown@60000] ");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("recording");
    TCase *c = tcase_create("reading");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, events_come_in_file_order_and_hellos_are_left_out);
    tcase_add_test(c, lines_without_times_are_spoken_one_after_the_other_at_150_words_a_minute);
    tcase_add_loop_test(c, a_line_keeps_the_times_it_has_and_the_next_follows_it, 0, RULETEST_ROWS(times));
    tcase_add_test(c, a_start_and_an_end_of_a_call_have_no_time_of_their_own);
    tcase_add_test(c, bad_lines_are_reported_by_number_and_passed_over);
    tcase_add_test(c, an_empty_recording_holds_nothing);
    suite_add_tcase(s, c);
    c = tcase_create("replay");
    tcase_add_checked_fixture(c, setup_replay, teardown_replay);
    tcase_add_test(c, each_call_of_a_recording_is_replayed_with_its_own_state_and_agent);
    tcase_add_test(c, a_call_that_names_its_agent_late_has_none_until_then);
    tcase_add_test(c, a_state_and_a_mute_of_a_recording_count_as_they_did_live);
    tcase_add_test(c, a_call_that_ended_begins_anew);
    tcase_add_test(c, what_arrived_late_cools_down_as_it_did_live);
    suite_add_tcase(s, c);
    return suite_run(s);
}
