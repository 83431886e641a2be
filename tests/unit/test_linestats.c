#include "daemon/base/linestats.h"

#include <check.h>
#include <string.h>

#include "tests/support/suite.h"

static const int64_t NOON = INT64_C(1773957600000); /* 2026-03-19T22:00:00Z */

static struct linestats stats;

static void setup(void)
{
    stats = (struct linestats){0};
}

static void teardown(void)
{
    linestats_clear(&stats);
    ck_assert_ptr_null(stats.lags);
}

static struct wire_event line(const char *call, coach_role role, int64_t end_ms)
{
    struct wire_event e = wire_event_blank(WIRE_TRANSCRIPT);
    e.call_id = (struct wire_text){call, strlen(call)};
    e.role = role;
    e.is_final = true;
    e.end_ms = end_ms;
    return e;
}

static void agent(const char *call, int64_t end_ms, int64_t now_ms)
{
    struct wire_event e = line(call, COACH_ROLE_AGENT, end_ms);
    linestats_event(&stats, &e, now_ms, 0);
}

static void customer(const char *call, int64_t end_ms, int64_t now_ms)
{
    struct wire_event e = line(call, COACH_ROLE_CUSTOMER, end_ms);
    linestats_event(&stats, &e, now_ms, 0);
}

static void dated(const char *ts, coach_role role, int64_t wall_ms)
{
    struct wire_event e = line("c", role, 1000);
    e.ts = (struct wire_text){ts, strlen(ts)};
    linestats_event(&stats, &e, 5, wall_ms);
}

static void expect_lag(enum lag_basis basis, unsigned finals, int64_t p50_ms, int64_t max_ms)
{
    struct lag lag = linestats_lag(&stats);
    ck_assert_str_eq(lag_basis_name(lag.basis), lag_basis_name(basis));
    ck_assert_uint_eq(lag.finals, finals);
    ck_assert_int_eq(lag.p50_ms, p50_ms);
    ck_assert_int_eq(lag.max_ms, max_ms);
}

START_TEST(events_are_counted_by_what_they_are)
{
    struct wire_event start = wire_event_blank(WIRE_CALL_START), interim = line("c", COACH_ROLE_AGENT, COACH_NO_TIME);
    interim.is_final = false;
    linestats_event(&stats, &start, 0, 0);
    linestats_event(&stats, &interim, 0, 0);
    linestats_event(&stats, &interim, 0, 0);
    agent("c", COACH_NO_TIME, 0);
    ck_assert_uint_eq(stats.counts.events, 4);
    ck_assert_uint_eq(stats.counts.interim, 2);
    ck_assert_uint_eq(stats.counts.finals, 1);
    stats.counts.errors[WIRE_BAD_JSON] = 3;
    stats.counts.errors[WIRE_LIMIT_CALLS] = 2;
    ck_assert_uint_eq(linecounts_errors(&stats.counts), 5);
}
END_TEST

START_TEST(a_stream_without_times_takes_no_memory_and_has_no_lag)
{
    struct wire_event interim = line("c", COACH_ROLE_AGENT, 100), made_up = line("c", COACH_ROLE_AGENT, 100);
    interim.is_final = false;
    made_up.made_up_times = true;
    agent("c", COACH_NO_TIME, 7);
    linestats_event(&stats, &interim, 8, 0);
    linestats_event(&stats, &made_up, 8, 0);
    ck_assert_ptr_null(stats.lags);
    expect_lag(LAG_UNKNOWN, 0, 0, 0);
}
END_TEST

START_TEST(lag_without_a_wall_clock_is_beyond_the_quickest_line)
{
    agent("c", 1000, 51900); /* 900 ms more than the quickest */
    expect_lag(LAG_QUICKEST, 1, 0, 0);
    agent("c", 2000, 52000);
    agent("c", 3000, 53300);
    expect_lag(LAG_QUICKEST, 3, 300, 900);
    agent("c", 4000, 53500); /* quicker than all before: they were later than they seemed */
    expect_lag(LAG_QUICKEST, 4, 500, 1400);
}
END_TEST

START_TEST(lag_is_of_the_last_hundred_finals_and_the_quickest_line_of_all)
{
    agent("c", 0, 1000);
    agent("c", 0, 9000);
    for (int i = 0; i < LAGS_KEPT; i++)
        agent("c", i, 1200 + i);
    expect_lag(LAG_QUICKEST, LAGS_KEPT, 200, 200);
}
END_TEST

START_TEST(skew_is_how_much_later_the_customers_quickest_line_came)
{
    agent("c", 1000, 2000);
    agent("c", 2000, 3500);
    ck_assert(!linestats_lag(&stats).both_sides);
    struct wire_event prompt = line("c", COACH_ROLE_SYSTEM, 0);
    linestats_event(&stats, &prompt, 100, 0); /* no side of the conversation */
    ck_assert(!linestats_lag(&stats).both_sides);
    customer("c", 1000, 3600);
    customer("c", 2000, 4400);
    ck_assert(linestats_lag(&stats).both_sides);
    ck_assert_int_eq(linestats_lag(&stats).skew_ms, 1400);
}
END_TEST

START_TEST(one_call_is_followed_until_it_ends_or_falls_silent)
{
    agent("a", 1000, 100000);
    agent("b", 90000, 100000); /* another call's clock */
    expect_lag(LAG_QUICKEST, 1, 0, 0);
    struct wire_event end = wire_event_blank(WIRE_CALL_END);
    end.call_id = (struct wire_text){"b", 1};
    linestats_event(&stats, &end, 100100, 0);
    agent("b", 90500, 101000);
    agent("a", 2000, 101600);
    expect_lag(LAG_QUICKEST, 2, 0, 600);
    end.call_id.s = "a";
    linestats_event(&stats, &end, 102000, 0);
    expect_lag(LAG_QUICKEST, 2, 0, 600);
    agent("b", 91000, 102000);
    expect_lag(LAG_QUICKEST, 1, 0, 0);
    agent("a", 3000, 102000 + LAGS_FOLLOW_MS - 1);
    agent("b", 92000, 103100);
    expect_lag(LAG_QUICKEST, 2, 0, 100);
    agent("d", 0, 103100 + LAGS_FOLLOW_MS);
    expect_lag(LAG_QUICKEST, 1, 0, 0);
}
END_TEST

START_TEST(lag_after_a_wall_clock_is_what_it_is)
{
    agent("c", 1000, 5000);
    dated("2026-03-19T22:00:00.250Z", COACH_ROLE_AGENT, NOON + 1000);
    expect_lag(LAG_TS, 1, 750, 750);
    dated("2026-03-20T00:00:01+02:00", COACH_ROLE_CUSTOMER, NOON + 1300);
    dated("2026-03-19T22:00:02Z", COACH_ROLE_CUSTOMER, NOON + 1900); /* its clock is ahead of ours */
    expect_lag(LAG_TS, 3, 300, 750);
    ck_assert_int_eq(linestats_lag(&stats).skew_ms, -850);
    agent("c", 1000, 99999); /* without one: no longer counts */
    expect_lag(LAG_TS, 3, 300, 750);
}
END_TEST

START_TEST(a_wall_clock_that_cannot_be_believed_is_none)
{
    dated("yesterday", COACH_ROLE_AGENT, NOON);
    dated("1970-01-01T00:00:00Z", COACH_ROLE_AGENT, NOON);
    dated("2026-03-20T22:00:00.001Z", COACH_ROLE_AGENT, NOON);
    expect_lag(LAG_QUICKEST, 3, 0, 0);
    dated("2026-03-20T22:00:00Z", COACH_ROLE_AGENT, NOON);
    expect_lag(LAG_TS, 1, -24 * 3600 * 1000, -24 * 3600 * 1000);
}
END_TEST

START_TEST(clocks_that_jump_overflow_nothing)
{
    agent("c", 0, INT64_C(1) << 50);
    agent("c", 0, 0);
    expect_lag(LAG_QUICKEST, 2, 0, INT32_MAX);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("linestats");
    TCase *t = tcase_create("linestats");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, events_are_counted_by_what_they_are);
    tcase_add_test(t, a_stream_without_times_takes_no_memory_and_has_no_lag);
    tcase_add_test(t, lag_without_a_wall_clock_is_beyond_the_quickest_line);
    tcase_add_test(t, lag_is_of_the_last_hundred_finals_and_the_quickest_line_of_all);
    tcase_add_test(t, skew_is_how_much_later_the_customers_quickest_line_came);
    tcase_add_test(t, one_call_is_followed_until_it_ends_or_falls_silent);
    tcase_add_test(t, lag_after_a_wall_clock_is_what_it_is);
    tcase_add_test(t, a_wall_clock_that_cannot_be_believed_is_none);
    tcase_add_test(t, clocks_that_jump_overflow_nothing);
    suite_add_tcase(s, t);
    return suite_run(s);
}
