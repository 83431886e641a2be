#include "lib/eval/score.h"

#include <math.h>

#include "lib/eval/reach.h"
#include "tests/support/ruletest.h"

#define RULE(id, category, words)                                                                                      \
    "  - id: " id "\n    category: " category "\n    message: m\n    says:\n      - " words "\n"
#define PACK                                                                                                           \
    "format: 1\npack: test\nrules:\n" RULE("tone-red", "tone", "say red") RULE("tone-blue", "tone", "say blue")        \
        RULE("jargon-green", "jargon", "say green")

static struct ruletest rules;
static struct score score;

static void begin(const char *pack, char half)
{
    ruletest_good(&rules, pack);
    score_init(&score, rules.set, half);
}

static void end(void)
{
    score_clear(&score);
    ruletest_clear(&rules);
}

static uint64_t bad_lines;
static void on_bad(void *user, uint64_t line, const char *code, const char *message)
{
    (void)user, (void)line, (void)code, (void)message;
    bad_lines++;
}

static struct labels labels_from(const char *text)
{
    struct labels l;
    bad_lines = 0;
    ck_assert_int_eq(labels_read(&l, text, strlen(text), on_bad, NULL), COACH_OK);
    return l;
}

static struct recording recording_from(const char *text)
{
    struct recording r;
    bad_lines = 0;
    ck_assert_int_eq(recording_read(&r, text, strlen(text), on_bad, NULL), COACH_OK);
    ck_assert_uint_eq(bad_lines, 0);
    return r;
}

/* A map; `source` must outlive it. */
static struct labelmap map_from(struct source *source, const char *text)
{
    struct labelmap m;
    struct diags problems;
    diags_init(&problems);
    *source = (struct source){"map.yaml", text, strlen(text)};
    ck_assert_int_eq(labelmap_read(&m, source, &problems), COACH_OK);
    ck_assert(diags_clean(&problems));
    diags_clear(&problems);
    return m;
}

/* "right/missed/wrong/neither/unsure" */
static const char *counts_text(struct score_counts c)
{
    static char text[80];
    snprintf(text, sizeof text, "%d/%d/%d/%d/%d", (int)c.tally.hits, (int)c.tally.missed, (int)c.tally.wrong,
             (int)c.neither, (int)c.unsure);
    return text;
}

static const char *row_text(enum score_kind kind, const char *name)
{
    const struct score_table *table = &score.tables[kind];
    for (size_t i = 0; i < table->row_count; i++)
        if (strcmp(table->rows[i].name, name) == 0)
            return counts_text(score_count_row(table, i));
    return "no row";
}

/* --- arithmetic --- */

/* Newcombe, Statistics in Medicine 17 (1998), table I, method 3. */
static const struct {
    uint64_t part, whole;
    double low, high;
} intervals[] = {
    {81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0.0, 0.1611},
    {1, 29, 0.0061, 0.1718},   {29, 29, 0.8830, 1.0},
};

START_TEST(an_interval_is_the_published_one)
{
    struct share s = share_of(intervals[_i].part, intervals[_i].whole);
    ck_assert(s.known);
    ck_assert_double_eq_tol(s.value, (double)intervals[_i].part / (double)intervals[_i].whole, 1e-12);
    ck_assert_double_eq_tol(s.low, intervals[_i].low, 0.00006);
    ck_assert_double_eq_tol(s.high, intervals[_i].high, 0.00006);
}
END_TEST

START_TEST(precision_recall_and_their_mean)
{
    struct tally some = {.hits = 6, .wrong = 2, .missed = 3}, none = {0};
    ck_assert_double_eq_tol(tally_precision(&some).value, 0.75, 1e-12);
    ck_assert_double_eq_tol(tally_recall(&some).value, 6.0 / 9, 1e-12);
    ck_assert_double_eq_tol(tally_f1(&some).value, 12.0 / 17, 1e-12);
    ck_assert(!tally_precision(&none).known && !tally_recall(&none).known && !tally_f1(&none).known);
}
END_TEST

START_TEST(halves_part_ids_by_their_last_digit)
{
    ck_assert(labels_in_half("L0001", 'a') && !labels_in_half("L0001", 'b'));
    ck_assert(labels_in_half("dev-090", 'b') && !labels_in_half("dev-090", 'a'));
    ck_assert(labels_in_half("12-x", 'b') && labels_in_half("none", 'a') && !labels_in_half("none", 'b'));
    ck_assert(labels_in_half("L0001", 0) && labels_in_half("none", 0));
}
END_TEST

/* --- label files --- */

START_TEST(a_label_set_is_of_one_kind_and_bad_lines_are_told)
{
    struct labels l = labels_from("{\"id\":\"1\",\"text\":\"x\",\"labels\":[\"a\",\"b\"],\"uncertain\":[\"b\"]}\n\n"
                                  "{\"call_id\":\"c\",\"expected\":[]}\nnonsense\n{\"id\":\"2\",\"labels\":[]}\n");
    ck_assert_int_eq(l.kind, LABELS_LINES);
    ck_assert_uint_eq(l.count, 1);
    ck_assert_uint_eq(bad_lines, 3);
    ck_assert_uint_eq(l.lines[0].labels.count, 2);
    ck_assert(label_names_have(&l.lines[0].unsure, "b") && !l.lines[0].all_unsure);
    labels_clear(&l);
    l = labels_from("{\"call_id\":\"c\",\"expected\":[{\"finding\":\"x\",\"segment_id\":\"s\",\"latest_ms\":5},{}]}\n");
    ck_assert_int_eq(l.kind, LABELS_CALLS);
    ck_assert_uint_eq(l.calls[0].expected_count, 1);
    ck_assert_int_eq(l.calls[0].expected[0].latest_ms, 5);
    ck_assert_uint_eq(bad_lines, 1);
    labels_clear(&l);
}
END_TEST

START_TEST(a_map_says_what_it_lacks)
{
    static const char *const bad[] = {"",
                                      "label:\n  a: b\n",
                                      "labels: a\n",
                                      "labels:\n  a:\n    b: c\n",
                                      "labels:\n  a: b\nmore: c\n",
                                      "labels: [a\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct source source = {"map.yaml", bad[i], strlen(bad[i])};
        struct labelmap m;
        struct diags problems;
        diags_init(&problems);
        ck_assert_int_eq(labelmap_read(&m, &source, &problems), COACH_OK);
        ck_assert_msg(!diags_clean(&problems), "%s", bad[i]);
        labelmap_clear(&m);
        diags_clear(&problems);
    }
}
END_TEST

/* --- lines --- */

#define LINE(id, text, labels) "{\"id\":\"" id "\",\"text\":\"" text "\",\"labels\":[" labels "]"

static void score_text(const char *lines, const char *map_text)
{
    struct source source;
    struct labels l = labels_from(lines);
    struct labelmap m = map_from(&source, map_text);
    ck_assert_uint_eq(bad_lines, 0);
    ck_assert_int_eq(score_lines(&score, SCORE_LINES, &l, &m), COACH_OK);
    labelmap_clear(&m);
    labels_clear(&l);
}

START_TEST(lines_are_right_wrong_or_missed)
{
    begin(PACK, 0);
    score_text(LINE("1", "say red", "\"hot\"") "}\n" LINE("2", "say blue now", "\"none\"") "}\n" LINE(
                   "3", "say nothing", "\"hot\"") "}\n" LINE("4", "say green", "\"hot\",\"trade\"") "}\n",
               "labels:\n  hot: tone-*\n  trade: jargon\n");
    ck_assert_str_eq(row_text(SCORE_LINES, "hot"), "1/2/1/0/0");
    ck_assert_str_eq(row_text(SCORE_LINES, "trade"), "1/0/0/0/0");
    ck_assert_str_eq(row_text(SCORE_LINES, "none"), "no row");
    ck_assert_str_eq(counts_text(score_count(&score.tables[SCORE_LINES], NULL)), "2/2/1/0/0");
    ck_assert_uint_eq(score.tables[SCORE_LINES].items, 4);
    end();
}
END_TEST

START_TEST(a_neighbour_counts_neither_way_and_an_uncertain_label_too)
{
    begin(PACK, 0);
    score_text(
        LINE("1", "say red", "\"cold\"") "}\n" LINE("2", "say red", "\"trade\"") "}\n" LINE(
            "3", "say red", "\"none\"") ",\"uncertain\":true}\n" LINE("4", "say nothing", "\"hot\"") ",\"uncertain\":["
                                                                                                     "\"hot\"]}\n",
        "labels:\n  hot: tone-red\n  cold: tone-blue\n  trade: jargon\nneighbours:\n  cold: hot\n");
    ck_assert_str_eq(row_text(SCORE_LINES, "hot"), "0/0/1/1/1");
    ck_assert_str_eq(row_text(SCORE_LINES, "cold"), "0/1/0/0/0");
    end();
}
END_TEST

START_TEST(labels_meant_by_the_same_rules_count_once_together)
{
    bool two[3] = {true, true, false};
    begin(PACK, 0);
    score_text(LINE("1", "say red", "\"hot\",\"warm\"") "}\n" LINE("2", "say red", "\"warm\"") "}\n" LINE(
                   "3", "say red", "\"none\"") "}\n" LINE("4", "say nothing", "\"hot\",\"warm\"") "}\n",
               "labels:\n  hot: tone-*\n  warm: tone-*\n  trade: jargon\n");
    ck_assert_str_eq(row_text(SCORE_LINES, "hot"), "1/1/1/1/0");
    ck_assert_str_eq(row_text(SCORE_LINES, "warm"), "2/1/1/0/0");
    ck_assert_str_eq(counts_text(score_count(&score.tables[SCORE_LINES], two)), "2/1/1/0/0");
    end();
}
END_TEST

START_TEST(a_neighbour_of_one_is_a_neighbour_of_all_that_the_same_rules_mean)
{
    begin(PACK, 0);
    score_text(LINE("1", "say red", "\"trade\"") "}\n",
               "labels:\n  hot: tone-*\n  warm: tone-*\n  trade: jargon\nneighbours:\n  hot: trade\n");
    ck_assert_str_eq(row_text(SCORE_LINES, "hot"), "0/0/0/1/0");
    ck_assert_str_eq(row_text(SCORE_LINES, "warm"), "0/0/0/1/0");
    end();
}
END_TEST

START_TEST(the_customers_words_go_before_and_the_end_closes_windows)
{
    begin(
        "format: 1\npack: test\nsignals:\n  - id: asks\n    speaker: customer\n    says:\n      - why\n  - id: tells\n"
        "    says:\n      - because\nrules:\n  - id: tone-silent\n    category: tone\n    message: m\n    when:\n"
        "      after: asks\n      without: tells\n      within: 1 agent turn\n",
        0);
    score_text("{\"id\":\"1\",\"prev_customer\":\"why\",\"text\":\"hello\",\"labels\":[\"tone\"]}\n"
               "{\"id\":\"2\",\"prev_customer\":\"why\",\"text\":\"because\",\"labels\":[\"none\"]}\n"
               "{\"id\":\"3\",\"prev_customer\":\"\",\"text\":\"hello\",\"labels\":[\"none\"]}\n",
               "labels:\n  tone: tone\n");
    ck_assert_str_eq(row_text(SCORE_LINES, "tone"), "1/0/0/0/0");
    end();
}
END_TEST

START_TEST(a_half_leaves_the_other_out)
{
    begin(PACK, 'b');
    score_text(LINE("1", "say red", "\"hot\"") "}\n" LINE("2", "say blue", "\"none\"") "}\n",
               "labels:\n  hot: tone-*\n");
    ck_assert_str_eq(row_text(SCORE_LINES, "hot"), "0/0/1/0/0");
    end();
}
END_TEST

/* --- calls --- */

#define SAID(role, segment, text, from, to)                                                                            \
    "{\"call_id\":\"c1\",\"role\":\"" role "\",\"segment_id\":\"" segment "\",\"text\":\"" text                        \
    "\",\"start_ms\":" #from ",\"end_ms\":" #to "}\n"

static void score_call(const char *events, const char *expected)
{
    static const struct labelmap no_map;
    struct labels l = labels_from(expected);
    ck_assert_uint_eq(bad_lines, 0);
    struct recording r = recording_from(events);
    ck_assert_int_eq(score_calls(&score, &l, &no_map, &r, 1), COACH_OK);
    recording_clear(&r);
    labels_clear(&l);
}

START_TEST(findings_are_matched_one_to_one_whatever_the_order)
{
    begin(PACK, 0);
    score_call(SAID("agent", "s1", "say red", 0, 1000) SAID("customer", "s2", "well", 1100, 1500)
                   SAID("agent", "s3", "say blue", 2000, 3000),
               "{\"call_id\":\"c1\",\"expected\":[{\"finding\":\"tone-*\",\"segment_id\":\"s1\",\"latest_ms\":9000},"
               "{\"finding\":\"tone-red\",\"segment_id\":\"s1\",\"latest_ms\":9000}]}\n");
    ck_assert_str_eq(row_text(SCORE_FINDINGS, "tone-*"), "1/0/0/0/0");
    ck_assert_str_eq(row_text(SCORE_FINDINGS, "tone-red"), "1/0/0/0/0");
    end();
}
END_TEST

START_TEST(one_finding_is_not_two)
{
    begin(PACK, 0);
    score_call(SAID("agent", "s1", "say red", 0, 1000),
               "{\"call_id\":\"c1\",\"expected\":[{\"finding\":\"tone-*\",\"segment_id\":\"s1\",\"latest_ms\":9000},"
               "{\"finding\":\"tone-red\",\"segment_id\":\"s1\",\"latest_ms\":9000}]}\n");
    ck_assert_str_eq(counts_text(score_count(&score.tables[SCORE_FINDINGS], NULL)), "1/1/0/0/0");
    end();
}
END_TEST

START_TEST(too_late_or_too_early_is_missed_and_wrong)
{
    begin(PACK, 0);
    score_call(SAID("agent", "s1", "say red", 0, 1000) SAID("customer", "s2", "well", 1100, 1500)
                   SAID("agent", "s3", "say blue", 2000, 3000),
               "{\"call_id\":\"c1\",\"expected\":[{\"finding\":\"tone-red\",\"segment_id\":\"s3\",\"latest_ms\":9000},"
               "{\"finding\":\"tone-blue\",\"segment_id\":\"s3\",\"latest_ms\":2999}]}\n");
    ck_assert_str_eq(row_text(SCORE_FINDINGS, "tone-red"), "0/1/1/0/0");
    ck_assert_str_eq(row_text(SCORE_FINDINGS, "tone-blue"), "0/1/1/0/0");
    end();
}
END_TEST

START_TEST(an_earlier_line_of_the_same_turn_will_do)
{
    begin(PACK, 0);
    score_call(
        SAID("agent", "s1", "say red", 0, 1000) SAID("customer", "s2", "mm hmm", 1100, 1500)
            SAID("agent", "s3", "and so on", 1600, 3000),
        "{\"call_id\":\"c1\",\"expected\":[{\"finding\":\"tone-red\",\"segment_id\":\"s3\",\"latest_ms\":9000}]}\n");
    ck_assert_str_eq(row_text(SCORE_FINDINGS, "tone-red"), "1/0/0/0/0");
    ck_assert_uint_eq(score.tables[SCORE_FINDINGS].agent_turns, 1);
    end();
}
END_TEST

START_TEST(what_is_also_ok_counts_neither_way_near_its_place)
{
    begin(PACK, 0);
    score_call(SAID("agent", "s1", "say red", 0, 1000) SAID("customer", "s2", "well yes of course", 1100, 1500)
                   SAID("agent", "s3", "say green", 2000, 3000) SAID("customer", "s4", "well yes of course", 3100, 4000)
                       SAID("agent", "s5", "say blue", 5000, 6000),
               "{\"call_id\":\"c1\",\"expected\":[],\"also_ok\":[{\"finding\":\"jargon-*\"},{\"finding\":\"tone-red\","
               "\"segment_id\":"
               "\"s3\"},{\"finding\":\"tone-blue\",\"segment_id\":\"s3\"}]}\n");
    ck_assert_str_eq(row_text(SCORE_FINDINGS, "jargon-*"), "0/0/0/1/0");
    ck_assert_str_eq(row_text(SCORE_FINDINGS, "tone-red"), "0/0/1/0/0");
    ck_assert_str_eq(row_text(SCORE_FINDINGS, "tone-blue"), "0/0/0/1/0");
    ck_assert_uint_eq(score.tables[SCORE_FINDINGS].wrong_in_clean, 1);
    ck_assert_uint_eq(score.tables[SCORE_FINDINGS].clean_calls, 1);
    end();
}
END_TEST

START_TEST(a_rules_own_limits_hold_and_what_is_taken_back_is_no_finding)
{
    begin(PACK, 0);
    score_call(
        SAID("agent", "s1", "say red", 0, 1000) SAID(
            "agent", "s2", "say red", 1100,
            2000) "{\"call_id\":\"c1\",\"role\":\"agent\",\"segment_id\":\"s3\",\"text\":\"say blue now\",\"start_ms\":"
                  "2100,\"end_ms\":2900,\"is_final\":false}\n" SAID("agent", "s3", "say bluer now", 2100, 3000),
        "{\"call_id\":\"c1\",\"expected\":[{\"finding\":\"tone-red\",\"segment_id\":\"s1\",\"latest_ms\":9000}]}\n");
    ck_assert_str_eq(row_text(SCORE_FINDINGS, "tone-red"), "1/0/0/0/0");
    ck_assert_str_eq(row_text(SCORE_FINDINGS, "tone-blue"), "no row");
    end();
}
END_TEST

START_TEST(what_is_ok_somewhere_is_not_ok_much_later)
{
    begin(PACK, 0);
    score_call(
        SAID("agent", "s1", "one thing", 0, 1000) SAID("customer", "s2", "well yes of course", 1100, 2000)
            SAID("agent", "s3", "another", 2100, 3000) SAID("customer", "s4", "well yes of course", 3100, 4000)
                SAID("agent", "s5", "say blue", 4100, 5000),
        "{\"call_id\":\"c1\",\"expected\":[],\"also_ok\":[{\"finding\":\"tone-blue\",\"segment_id\":\"s1\"}]}\n");
    ck_assert_str_eq(row_text(SCORE_FINDINGS, "tone-blue"), "0/0/1/0/0");
    end();
}
END_TEST

START_TEST(both_sides_may_use_one_segment_id)
{
    begin(PACK, 0);
    score_call(SAID("customer", "s1", "well yes of course", 0, 1000) SAID("agent", "s1", "say red", 1100, 2000),
               "{\"call_id\":\"c1\",\"expected\":[]}\n");
    ck_assert_uint_eq(score.tables[SCORE_FINDINGS].agent_turns, 1);
    end();
}
END_TEST

START_TEST(nudges_are_what_attention_let_through)
{
    begin(PACK, 0);
    score_call(SAID("agent", "s1", "say red", 0, 1000) SAID("customer", "s2", "well yes of course", 1100, 4000)
                   SAID("agent", "s3", "say blue", 5000, 6000)
                       SAID("customer", "s4", "well yes of course", 6100, 40000),
               "{\"call_id\":\"c1\",\"expected\":[{\"finding\":\"tone-*\",\"segment_id\":\"s1\",\"latest_ms\":9000},"
               "{\"finding\":\"tone-*\",\"segment_id\":\"s3\",\"latest_ms\":19000}]}\n");
    ck_assert_str_eq(row_text(SCORE_FINDINGS, "tone-*"), "2/0/0/0/0");
    ck_assert_str_eq(row_text(SCORE_NUDGES, "tone-*"), "1/1/0/0/0");
    end();
}
END_TEST

START_TEST(lateness_is_the_turns_that_went_by)
{
    begin(
        "format: 1\npack: test\nsignals:\n  - id: asks\n    speaker: customer\n    says:\n      - why\n  - id: tells\n"
        "    says:\n      - because\nrules:\n  - id: tone-silent\n    category: tone\n    message: m\n    when:\n"
        "      after: asks\n      without: tells\n      within: 2 agent turns\n",
        0);
    score_call(
        SAID("customer", "s1", "why", 0, 1000) SAID("agent", "s2", "hello there", 1100, 2000)
            SAID("customer", "s3", "well yes of course", 2100, 3000) SAID("agent", "s4", "hello there", 3100, 4000)
                SAID("customer", "s5", "well yes of course", 4100, 5000),
        "{\"call_id\":\"c1\",\"expected\":[{\"finding\":\"tone-silent\",\"segment_id\":\"s2\",\"latest_ms\":9000}]}\n");
    struct score_counts c = score_count_row(&score.tables[SCORE_FINDINGS], 0);
    ck_assert_uint_eq(c.tally.hits, 1);
    ck_assert_uint_eq(c.late_turns, 3);
    end();
}
END_TEST

START_TEST(calls_that_are_not_there_are_told)
{
    begin(PACK, 0);
    score_call(SAID("agent", "s1", "say red", 0, 1000), "{\"call_id\":\"c2\",\"expected\":[]}\n");
    ck_assert_uint_eq(score.tables[SCORE_FINDINGS].not_there, 1);
    ck_assert_uint_eq(score.tables[SCORE_FINDINGS].items, 0);
    end();
}
END_TEST

START_TEST(without_labels_everything_found_is_wrong)
{
    begin(PACK, 0);
    struct labels l = labels_from("{\"call_id\":\"c2\",\"expected\":[]}\n");
    struct recording r = recording_from(
        SAID("agent", "s1", "say red", 0, 1000) SAID("customer", "s2", "well", 1100, 1500)
            SAID("agent", "s3", "say so", 2000, 3000) "{\"call_id\":\"c2\",\"role\":\"agent\",\"text\":\"say red\"}\n");
    ck_assert_int_eq(score_free(&score, &l, 1, &r), COACH_OK);
    ck_assert_str_eq(row_text(SCORE_FREE, "tone-red"), "0/0/1/0/0");
    ck_assert_uint_eq(score.tables[SCORE_FREE].items, 1);
    ck_assert_uint_eq(score.tables[SCORE_FREE].agent_turns, 2);
    ck_assert_double_eq_tol(score_per_100_turns(&score.tables[SCORE_FREE], 1), 50, 1e-9);
    recording_clear(&r);
    labels_clear(&l);
    end();
}
END_TEST

START_TEST(signals_are_judged_where_they_were_labelled)
{
    begin("format: 1\npack: test\nsignals:\n  - id: upset\n    speaker: customer\n    says:\n      - so angry\n"
          "  - id: sorry\n    says:\n      - so sorry\nrules:\n" RULE("tone-red", "tone", "say red"),
          0);
    struct recording r = recording_from(SAID("customer", "s1", "i am so angry", 0, 1000) SAID(
        "agent", "s2", "i am so sorry", 1100, 1500) SAID("customer", "s3", "so angry", 2000, 3000));
    struct labels l = labels_from(
        "{\"call_id\":\"c1\",\"segment_id\":\"s1\",\"judged\":[\"upset\",\"sorry\"],\"signals\":[\"upset\",\"sorry\"]}"
        "\n"
        "{\"call_id\":\"c1\",\"segment_id\":\"s2\",\"judged\":[\"upset\",\"sorry\"],\"signals\":[]}\n"
        "{\"call_id\":\"c1\",\"segment_id\":\"s3\",\"judged\":[\"upset\"],\"signals\":[],\"uncertain\":[\"upset\"]}\n"
        "{\"call_id\":\"c1\",\"segment_id\":\"s9\",\"judged\":[\"upset\"],\"signals\":[]}\n");
    ck_assert_int_eq(score_signals(&score, &l, &r, 1), COACH_OK);
    ck_assert_str_eq(row_text(SCORE_SIGNALS, "upset"), "1/0/0/0/1");
    ck_assert_str_eq(row_text(SCORE_SIGNALS, "sorry"), "0/1/1/0/0");
    ck_assert_uint_eq(score.tables[SCORE_SIGNALS].items, 3);
    ck_assert_uint_eq(score.tables[SCORE_SIGNALS].not_there, 1);
    recording_clear(&r);
    labels_clear(&l);
    end();
}
END_TEST

/* --- goals --- */

START_TEST(goals_are_compared_with_figures)
{
    static const char text[] =
        "reach:\n  - measure: precision\n    in: lines\n    of:\n      - hot\n    at_least: 0.5\n"
        "  - measure: recall\n    in: lines\n    at_least: 0.51\n"
        "  - measure: f1\n    in: lines\n    of: cold\n    at_least: 0.1\n"
        "  - measure: wrong_per_100_agent_turns\n    in: nudges\n    at_most: 0.3\n";
    struct source source = {"reach.yaml", text, sizeof text - 1};
    struct diags problems;
    struct reach reach;
    double figure;
    begin(PACK, 0);
    score_text(
        LINE("1", "say red", "\"hot\"") "}\n" LINE("2", "say blue", "\"none\"") "}\n" LINE("3", "no", "\"hot\"") "}\n",
        "labels:\n  hot: tone-*\n");
    diags_init(&problems);
    ck_assert_int_eq(reach_read(&reach, &source, &problems), COACH_OK);
    ck_assert(diags_clean(&problems));
    ck_assert_uint_eq(reach.count, 4);
    ck_assert_str_eq(reach.goals[0].name, "precision of hot in lines");
    ck_assert(reach_figure(&reach.goals[0], &score, &figure) && reach_is_met(&reach.goals[0], figure));
    ck_assert(reach_figure(&reach.goals[1], &score, &figure) && !reach_is_met(&reach.goals[1], figure));
    ck_assert(!reach_figure(&reach.goals[2], &score, &figure)); /* there is no such row */
    ck_assert(!reach_figure(&reach.goals[3], &score, &figure)); /* there were no calls */
    ck_assert(reach_is_met(&reach.goals[3], 0.3) && !reach_is_met(&reach.goals[3], 0.31));
    reach_clear(&reach);
    diags_clear(&problems);
    end();
}
END_TEST

START_TEST(a_goal_that_is_not_whole_is_told)
{
    static const char *const bad[] = {
        "goals: x\n",
        "reach:\n  - x\n",
        "reach:\n  - measure: precision\n    in: lines\n",
        "reach:\n  - measure: precision\n    in: lines\n    at_least: 1\n    at_most: 2\n",
        "reach:\n  - measure: prcision\n    in: lines\n    at_least: 1\n",
        "reach:\n  - measure: recall\n    in: line\n    at_least: 1\n",
        "reach:\n  - measure: recall\n    in: lines\n    at_least: much\n",
        "reach:\n  - measure: recall\n    in: lines\n    at_least: 1\n    off: x\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct source source = {"reach.yaml", bad[i], strlen(bad[i])};
        struct diags problems;
        struct reach reach;
        diags_init(&problems);
        ck_assert_int_eq(reach_read(&reach, &source, &problems), COACH_OK);
        ck_assert_msg(!diags_clean(&problems), "%s", bad[i]);
        reach_clear(&reach);
        diags_clear(&problems);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("score");
    TCase *figures = tcase_create("figures"), *files = tcase_create("label files"), *lines = tcase_create("lines"),
          *calls = tcase_create("calls"), *goals = tcase_create("goals");
    tcase_add_loop_test(figures, an_interval_is_the_published_one, 0, RULETEST_ROWS(intervals));
    tcase_add_test(figures, precision_recall_and_their_mean);
    tcase_add_test(figures, halves_part_ids_by_their_last_digit);
    tcase_add_test(files, a_label_set_is_of_one_kind_and_bad_lines_are_told);
    tcase_add_test(files, a_map_says_what_it_lacks);
    tcase_add_test(lines, lines_are_right_wrong_or_missed);
    tcase_add_test(lines, a_neighbour_counts_neither_way_and_an_uncertain_label_too);
    tcase_add_test(lines, labels_meant_by_the_same_rules_count_once_together);
    tcase_add_test(lines, a_neighbour_of_one_is_a_neighbour_of_all_that_the_same_rules_mean);
    tcase_add_test(lines, the_customers_words_go_before_and_the_end_closes_windows);
    tcase_add_test(lines, a_half_leaves_the_other_out);
    tcase_add_test(calls, findings_are_matched_one_to_one_whatever_the_order);
    tcase_add_test(calls, one_finding_is_not_two);
    tcase_add_test(calls, too_late_or_too_early_is_missed_and_wrong);
    tcase_add_test(calls, an_earlier_line_of_the_same_turn_will_do);
    tcase_add_test(calls, what_is_also_ok_counts_neither_way_near_its_place);
    tcase_add_test(calls, a_rules_own_limits_hold_and_what_is_taken_back_is_no_finding);
    tcase_add_test(calls, what_is_ok_somewhere_is_not_ok_much_later);
    tcase_add_test(calls, both_sides_may_use_one_segment_id);
    tcase_add_test(calls, nudges_are_what_attention_let_through);
    tcase_add_test(calls, lateness_is_the_turns_that_went_by);
    tcase_add_test(calls, calls_that_are_not_there_are_told);
    tcase_add_test(calls, without_labels_everything_found_is_wrong);
    tcase_add_test(calls, signals_are_judged_where_they_were_labelled);
    tcase_add_test(goals, goals_are_compared_with_figures);
    tcase_add_test(goals, a_goal_that_is_not_whole_is_told);
    suite_add_tcase(s, figures);
    suite_add_tcase(s, files);
    suite_add_tcase(s, lines);
    suite_add_tcase(s, calls);
    suite_add_tcase(s, goals);
    return suite_run(s);
}
