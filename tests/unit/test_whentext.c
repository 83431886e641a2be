/* Conditions in words. */
#include "lib/rules/whentext.h"

#include "tests/support/ruletest.h"

static const char head[] = "format: 1\npack: test\nsignals:\n  - id: first\n    says:\n      - one more thing\n"
                           "  - id: second\n    says:\n      - another thing here\n  - id: third\n    says:\n"
                           "      - the last of it\nrules:\n  - id: r\n    category: tone\n    message: m\n    when:\n";

static const struct {
    const char *when, *says;
} conditions[] = {
    {"      after: first\n      without: second\n      within: same turn\n",
     "after first, without second, within same turn"},
    {"      after: first\n      without: second\n      within: 1 agent turn or 25s\n",
     "after first, without second, within 1 agent turn or 25s"},
    {"      after: first\n      without: second\n      within: 3 turns or 1.5s\n",
     "after first, without second, within 3 turns or 1.5s"},
    {"      at: first\n      without: second\n", "at first, without second"},
    {"      at: first\n      without: second\n      since: third\n", "at first, without second, since third"},
    {"      at: call end\n      without: second\n      since: 2 agent turns\n",
     "at call end, without second, since 2 agent turns"},
    {"      sequence:\n        - first\n        - second\n      within: 20s\n      cancel: third\n",
     "sequence of first, second, within 20s, cancelled by third"},
    {"      count: first\n      at_least: 3\n      within: 90s\n", "count of first, at least 3, within 90s"},
    {"      overlap: customer over agent\n      lasting: 300ms\n      times: 2\n      within: 90s\n",
     "overlap: customer over agent, lasting 300ms, times 2, within 90s"},
    {"      overlap: agent over customer\n      lasting: 1.2s\n",
     "overlap: agent over customer, lasting 1.2s, times 1"},
    {"      silence: longer than 10s\n", "silence longer than 10s"},
    {"      monologue: agent longer than 60s\n", "monologue: agent longer than 60s"},
    {"      pace: agent faster than 190 words a minute\n      over: 20s\n",
     "pace: agent faster than 190 words a minute, over 20s"},
    {"      questions: closed\n      at_least: 4\n", "closed questions, at least 4"},
};

START_TEST(a_condition_is_written_as_in_a_rule_file)
{
    struct ruletest t;
    struct buf file, text;
    buf_init(&file, 0);
    buf_init(&text, 0);
    ck_assert_int_eq(buf_addf(&file, "%s%s", head, conditions[_i].when), COACH_OK);
    ruletest_good(&t, file.data);
    const struct when_node *node = ruleset_node_of(t.set, ruleset_find(t.set, "r"));
    ck_assert_ptr_nonnull(node);
    ck_assert_int_eq(whentext_write(t.set, node, &text), COACH_OK);
    ck_assert_str_eq(text.data, conditions[_i].says);
    buf_clear(&text);
    buf_clear(&file);
    ruletest_clear(&t);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("whentext");
    TCase *c = tcase_create("whentext");
    tcase_add_loop_test(c, a_condition_is_written_as_in_a_rule_file, 0, RULETEST_ROWS(conditions));
    suite_add_tcase(s, c);
    return suite_run(s);
}
