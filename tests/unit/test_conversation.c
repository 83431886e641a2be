#include "lib/rules/conversation.h"

#include "tests/support/ruletest.h"

#define HEAD       "format: 1\npack: test\n"
#define SIGNAL(id) "  - id: " id "\n    says:\n      - " id "\n"
#define RULE(id)   "  - id: " id "\n    category: tone\n    message: m\n"
#define ABC        HEAD "signals:\n" SIGNAL("alpha") SIGNAL("beta") SIGNAL("gamma")

/* The number of a signal, found by its name. */
static int number(const struct ruletest *t, const char *id)
{
    for (size_t i = 0; i < ruleset_signal_count(t->set); i++)
        if (strcmp(ruleset_signal(t->set, i)->id, id) == 0)
            return (int)i;
    ck_abort_msg("no signal '%s'", id);
}

static const struct when_node *node_of(const struct ruletest *t, const char *rule)
{
    return ruleset_node_of(t->set, ruleset_find(t->set, rule));
}

/* --- each verb --- */

static const struct {
    const char *when;
    struct when_node want; /* signals: alpha 0, beta 1, gamma 2 */
} verbs[] = {
    {"after: alpha\n      without: beta\n      within: 2 agent turns or 25s",
     {.verb = WHEN_AFTER,
      .window = {.agent_turns = 2, .time_ms = 25000},
      .opens = 0,
      .without = 1,
      .since = -1,
      .cancel = -1,
      .slots = 1}},
    {"after: alpha\n      without: beta\n      within: same turn",
     {.verb = WHEN_AFTER,
      .window = {.same_turn = true},
      .opens = 0,
      .without = 1,
      .since = -1,
      .cancel = -1,
      .slots = 1}},
    {"at: alpha\n      without: beta\n      since: gamma",
     {.verb = WHEN_AT, .opens = 0, .without = 1, .since = 2, .cancel = -1, .slots = 1}},
    {"at: alpha\n      without: beta\n      since: 3 turns",
     {.verb = WHEN_AT, .window = {.turns = 3}, .opens = 0, .without = 1, .since = -1, .cancel = -1, .slots = 1}},
    {"at: call end\n      without: beta\n      since: call start",
     {.verb = WHEN_AT, .opens = -1, .without = 1, .since = -1, .cancel = -1, .slots = 1}},
    {"sequence:\n        - beta\n        - alpha\n        - beta\n      within: 20s\n      cancel: gamma",
     {.verb = WHEN_SEQUENCE,
      .window = {.time_ms = 20000},
      .opens = -1,
      .without = -1,
      .since = -1,
      .cancel = 2,
      .sequence = {1, 0, 1},
      .sequence_count = 3,
      .slots = 3}},
    {"count: beta\n      at_least: 4\n      within: 60s",
     {.verb = WHEN_COUNT,
      .window = {.time_ms = 60000},
      .opens = 1,
      .without = -1,
      .since = -1,
      .cancel = -1,
      .at_least = 4,
      .slots = 4}},
    {"overlap: agent over customer\n      lasting: 1.2s",
     {.verb = WHEN_OVERLAP,
      .opens = -1,
      .without = -1,
      .since = -1,
      .cancel = -1,
      .at_least = 1,
      .longer_ms = 1200,
      .over = COACH_ROLE_AGENT,
      .slots = 1}},
    {"overlap: customer over agent\n      lasting: 1s\n      times: 3\n      within: 4 turns",
     {.verb = WHEN_OVERLAP,
      .window = {.turns = 4},
      .opens = -1,
      .without = -1,
      .since = -1,
      .cancel = -1,
      .at_least = 3,
      .longer_ms = 1000,
      .over = COACH_ROLE_CUSTOMER,
      .slots = 3}},
    {"silence: longer than 10s",
     {.verb = WHEN_SILENCE, .opens = -1, .without = -1, .since = -1, .cancel = -1, .longer_ms = 10000, .slots = 1}},
    {"monologue: agent longer than 60s",
     {.verb = WHEN_MONOLOGUE,
      .opens = -1,
      .without = -1,
      .since = -1,
      .cancel = -1,
      .longer_ms = 60000,
      .over = COACH_ROLE_AGENT,
      .slots = 1}},
    {"monologue: customer longer than 20s",
     {.verb = WHEN_MONOLOGUE,
      .opens = -1,
      .without = -1,
      .since = -1,
      .cancel = -1,
      .longer_ms = 20000,
      .over = COACH_ROLE_CUSTOMER,
      .slots = 1}},
    {"pace: agent faster than 190 words a minute\n      over: 20s",
     {.verb = WHEN_PACE,
      .opens = -1,
      .without = -1,
      .since = -1,
      .cancel = -1,
      .longer_ms = 20000,
      .words_a_minute = 190,
      .slots = 1}},
    {"questions: closed\n      at_least: 5",
     {.verb = WHEN_QUESTIONS, .opens = -1, .without = -1, .since = -1, .cancel = -1, .at_least = 5, .slots = 5}},
};

static void check_same(const struct when_node *have, const struct when_node *want)
{
    ck_assert_int_eq(have->verb, want->verb);
    ck_assert_int_eq(have->window.same_turn, want->window.same_turn);
    ck_assert_int_eq(have->window.turns, want->window.turns);
    ck_assert_int_eq(have->window.agent_turns, want->window.agent_turns);
    ck_assert_int_eq(have->window.time_ms, want->window.time_ms);
    ck_assert_int_eq(have->opens, want->opens);
    ck_assert_int_eq(have->without, want->without);
    ck_assert_int_eq(have->since, want->since);
    ck_assert_int_eq(have->cancel, want->cancel);
    ck_assert_int_eq(have->sequence_count, want->sequence_count);
    for (int i = 0; i < WHEN_SEQUENCE_MAX; i++)
        ck_assert_int_eq(have->sequence[i], i < want->sequence_count ? want->sequence[i] : WHEN_NONE);
    ck_assert_int_eq(have->at_least, want->at_least);
    ck_assert_int_eq(have->longer_ms, want->longer_ms);
    ck_assert_int_eq(have->words_a_minute, want->words_a_minute);
    ck_assert_int_eq(have->over, want->over);
    ck_assert_uint_eq(have->slots, want->slots);
}

START_TEST(every_verb_is_compiled_with_all_its_parts)
{
    char text[1024];
    struct ruletest t;
    snprintf(text, sizeof text, ABC "rules:\n" RULE("a") "    when:\n      %s\n", verbs[_i].when);
    ruletest_good(&t, text);
    ck_assert_uint_eq(ruleset_count(t.set), 1);
    ck_assert_uint_eq(ruleset_node_count(t.set), 1);
    const struct when_node *n = node_of(&t, "a");
    ck_assert(ruleset_rule(t.set, 0)->is_conversation && !ruleset_rule(t.set, 0)->is_signal);
    ck_assert_ptr_eq(n, ruleset_node(t.set, 0));
    ck_assert(!n->of_signal && n->owner == 0 && n->index == 0 && n->slot == 0);
    ck_assert_uint_eq(ruleset_slots(t.set), n->slots);
    check_same(n, &verbs[_i].want);
    ruletest_clear(&t);
}
END_TEST

/* --- all of them together --- */

#define CHAIN                                                                                                          \
    HEAD                                                                                                               \
        "signals:\n"                                                                                                   \
        "  - id: last\n    when:\n      count: middle\n      at_least: 3\n      within: 60s\n"                         \
        "  - id: middle\n    when:\n      sequence:\n        - first\n        - other\n      within: 20s\n"            \
        "      cancel: first\n" SIGNAL("first")                                                                        \
            SIGNAL("other") "rules:\n" RULE("a") "    when:\n      after: last\n      without: middle\n      within: " \
                                                 "20s\n" RULE("b") "    when:\n      silence: longer than 10s\n"

START_TEST(the_condition_of_a_signal_comes_before_those_that_listen_to_it)
{
    struct ruletest t;
    ruletest_good(&t, CHAIN);
    ck_assert_uint_eq(ruleset_count(t.set), 2);
    ck_assert_uint_eq(ruleset_signal_count(t.set), 4);
    ck_assert_uint_eq(ruleset_node_count(t.set), 4);
    uint32_t slot = 0;
    for (size_t i = 0; i < 4; i++) {
        const struct when_node *n = ruleset_node(t.set, i);
        ck_assert_uint_eq(n->index, i);
        ck_assert_uint_eq(n->slot, slot);
        slot += n->slots;
        const int named[] = {n->opens, n->without, n->since, n->cancel, n->sequence[0], n->sequence[1]};
        for (size_t k = 0; k < 6; k++) {
            const struct rule *s = named[k] == WHEN_NONE ? NULL : ruleset_signal(t.set, (size_t)named[k]);
            const struct when_node *before = s == NULL ? NULL : ruleset_node_of(t.set, s);
            ck_assert(before == NULL || before->index < i);
        }
    }
    ck_assert_uint_eq(ruleset_slots(t.set), slot);
    ck_assert_uint_eq(slot, 2 + 3 + 1 + 1);
    const struct when_node *middle = ruleset_node_of(t.set, ruleset_signal(t.set, (size_t)number(&t, "middle")));
    ck_assert(middle->of_signal && (int)middle->owner == number(&t, "middle"));
    ck_assert_ptr_null(ruleset_node_of(t.set, ruleset_signal(t.set, (size_t)number(&t, "first"))));
    ruletest_clear(&t);
}
END_TEST

static void check_listeners(const struct ruletest *t, const char *signal, const char *want)
{
    size_t n;
    char have[100] = "";
    const uint32_t *nodes = ruleset_listeners(t->set, (size_t)number(t, signal), &n);
    for (size_t i = 0; i < n; i++) {
        const struct when_node *node = ruleset_node(t->set, nodes[i]);
        ck_assert(i == 0 || nodes[i] > nodes[i - 1]);
        strcat(have, node->of_signal ? ruleset_signal(t->set, node->owner)->id : ruleset_rule(t->set, node->owner)->id);
        strcat(have, " ");
    }
    ck_assert_str_eq(have, want);
}

START_TEST(each_signal_knows_the_conditions_that_it_may_change)
{
    struct ruletest t;
    ruletest_good(&t, CHAIN);
    check_listeners(&t, "first", "middle ");
    check_listeners(&t, "other", "middle ");
    check_listeners(&t, "middle", "last a ");
    check_listeners(&t, "last", "a ");
    ruletest_clear(&t);
    ruletest_good(&t, ABC "rules:\n" RULE("a") "    when:\n      at: alpha\n      without: beta\n      since: gamma\n");
    check_listeners(&t, "alpha", "a ");
    check_listeners(&t, "beta", "a ");
    check_listeners(&t, "gamma", "a ");
    ruletest_clear(&t);
}
END_TEST

START_TEST(signals_are_listed_apart_from_rules_and_heard_in_a_line)
{
    struct ruletest t;
    const struct hit *hits;
    ruletest_good(&t, HEAD "defaults:\n  speaker: either\nsignals:\n" SIGNAL(
                          "alpha") "  - id: beta\n    speaker: customer\n    says:\n      - beta\n      - bet\n"
                                   "    not_in:\n      - no beta\n    unless:\n      - never\n"
                                   "rules:\n" RULE("a") "    says:\n      - alpha\n" RULE(
                                       "b") "    when:\n      after: alpha\n      without: beta\n      within: 20s\n");
    ck_assert_uint_eq(ruleset_count(t.set), 2);
    ck_assert_ptr_null(ruleset_find(t.set, "alpha"));
    ck_assert_uint_eq(ruletest_scan(&t, "beta alpha beta bet alpha", COACH_ROLE_CUSTOMER, &hits), 3);
    ck_assert_str_eq(hits[0].rule->id, "a");
    ck_assert(!hits[0].rule->is_signal && !hits[0].rule->is_conversation);
    ck_assert_ptr_eq(hits[1].rule, ruleset_signal(t.set, 0));
    ck_assert(hits[1].rule->is_signal && hits[1].span.from == 5);
    ck_assert_ptr_eq(hits[2].rule, ruleset_signal(t.set, 1));
    ck_assert(hits[2].rule->is_signal && hits[2].span.from == 0 && hits[2].phrase == 1);
    ck_assert_uint_eq(ruletest_scan(&t, "no beta", COACH_ROLE_CUSTOMER, &hits), 0);
    ck_assert_uint_eq(ruletest_scan(&t, "never beta", COACH_ROLE_CUSTOMER, &hits), 0);
    ck_assert_uint_eq(ruletest_scan(&t, "beta", COACH_ROLE_AGENT, &hits), 0);
    ck_assert_uint_eq(ruletest_scan(&t, "alpha", COACH_ROLE_AGENT, &hits), 2);
    ruletest_clear(&t);
}
END_TEST

START_TEST(a_signal_is_the_agents_unless_it_or_its_file_says_otherwise)
{
    struct ruletest t;
    ruletest_good(&t, ABC "rules:\n" RULE("a") "    says:\n      - x\n");
    ck_assert_int_eq(ruleset_signal(t.set, 0)->speaker, RULE_AGENT);
    ruletest_clear(&t);
}
END_TEST

START_TEST(the_condition_of_a_disabled_rule_is_not_run)
{
    struct ruletest t;
    ruletest_good(&t, HEAD "rules:\n" RULE("a") "    mode: disabled\n    when:\n      silence: longer than 10s\n" RULE(
                          "b") "    when:\n      silence: longer than 10s\n");
    ck_assert_uint_eq(ruleset_node_count(t.set), 1);
    ck_assert_ptr_null(node_of(&t, "a"));
    ck_assert_uint_eq(node_of(&t, "b")->owner, 1);
    ruletest_clear(&t);
}
END_TEST

/* --- keys --- */

static uint64_t key_in(const char *text)
{
    struct ruletest t;
    ruletest_good(&t, text);
    uint64_t key = node_of(&t, "a")->key;
    ruletest_clear(&t);
    return key;
}

#define WITH(a, b, rest)                                                                                               \
    HEAD "signals:\n  - id: alpha\n    says:\n      - " a "\n  - id: beta\n    says:\n      - " b "\n" rest

#define AFTER RULE("a") "    when:\n      after: alpha\n      without: beta\n      within: 20s\n"

static const struct {
    const char *text;
    bool same;
} keys[] = {
    {WITH("x", "y", "rules:\n" AFTER), true},
    /* what is not about the condition */
    {WITH("x", "y", "rules:\n" AFTER "    cooldown: 3s\n    title: other\n    rev: 7\n"), true},
    {WITH("x", "y", "  - id: gamma\n    says:\n      - z\nrules:\n" RULE("z") "    says:\n      - q\n" AFTER), true},
    /* what is */
    {WITH("x1", "y", "rules:\n" AFTER), false},
    {WITH("x", "y1", "rules:\n" AFTER), false},
    {WITH("x", "y", "    speaker: customer\nrules:\n" AFTER), false},
    {WITH("x", "y", "    not_in:\n      - y q\nrules:\n" AFTER), false},
    {WITH("x", "y", "    unless:\n      - q\nrules:\n" AFTER), false},
    {WITH("x", "y", "rules:\n" RULE("a") "    when:\n      after: alpha\n      without: beta\n      within: 21s\n"),
     false},
    {WITH("x", "y", "rules:\n" RULE("a") "    when:\n      after: alpha\n      without: beta\n      within: 2 turns\n"),
     false},
    {WITH("x", "y", "rules:\n" RULE("a") "    when:\n      after: beta\n      without: alpha\n      within: 20s\n"),
     false},
    {WITH("x", "y", "rules:\n" RULE("a") "    when:\n      at: alpha\n      without: beta\n"), false},
};

START_TEST(a_condition_keeps_its_key_as_long_as_it_means_the_same)
{
    ck_assert_int_eq(key_in(keys[_i].text) == key_in(keys[0].text), keys[_i].same);
}
END_TEST

START_TEST(the_key_of_a_condition_changes_with_a_signal_that_feeds_one_of_its_signals)
{
    static const char with[] = HEAD "signals:\n  - id: low\n    says:\n      - %s\n"
                                    "  - id: high\n    when:\n      count: low\n      at_least: 2\n      within: 60s\n"
                                    "rules:\n" RULE("a") "    when:\n      at: high\n      without: low\n";
    char one[1024], two[1024];
    snprintf(one, sizeof one, with, "x");
    snprintf(two, sizeof two, with, "y");
    ck_assert_uint_ne(key_in(one), key_in(two));
    ck_assert_uint_eq(key_in(one), key_in(one));
}
END_TEST

/* The key of a run of questions, with a language table of these closed questions. */
static uint64_t key_with(const char *closed)
{
    static const char rule[] = HEAD "rules:\n" RULE("a") "    when:\n      questions: closed\n      at_least: 3\n";
    char table[200];
    snprintf(table, sizeof table, "format: 1\nlanguage: en\nquestions:\n  closed:\n%s", closed);
    const struct source file = {"a.yaml", rule, sizeof rule - 1}, language = {"en.yaml", table, strlen(table)};
    struct ruleset *set = NULL;
    struct diags problems;
    diags_init(&problems);
    ck_assert_int_eq(rules_compile(&file, 1, &language, 1, NULL, &set, &problems), COACH_OK);
    uint64_t key = ruleset_node(set, 0)->key;
    ruleset_unref(set);
    diags_clear(&problems);
    return key;
}

START_TEST(the_key_of_a_run_of_questions_changes_with_the_language_table)
{
    ck_assert_uint_eq(key_with("    - do you\n"), key_with("    - do you\n"));
    ck_assert_uint_ne(key_with("    - do you\n"), key_with("    - did you\n"));
    ck_assert_uint_ne(key_with("    - do you\n"), key_with("    - do you\n    - did you\n"));
}
END_TEST

START_TEST(two_rules_with_the_same_condition_have_keys_of_their_own)
{
    struct ruletest t;
    ruletest_good(&t, HEAD "rules:\n" RULE("a") "    when:\n      silence: longer than 10s\n" RULE(
                          "b") "    when:\n      silence: longer than 10s\n");
    ck_assert_uint_ne(node_of(&t, "a")->key, node_of(&t, "b")->key);
    ruletest_clear(&t);
}
END_TEST

#define PLAIN RULE("b") "    says:\n      - x\n" RULE("c") "    says:\n      - y\n"

static const char *const changes[] = {
    HEAD "rules:\n" PLAIN RULE("a") "    says:\n      - z\n",
    HEAD "rules:\n" PLAIN RULE("a") "    says:\n      - z\n    final_only: true\n",
    HEAD "rules:\n" PLAIN RULE("a") "    says:\n      - z\n    quiets: b\n",
    HEAD "rules:\n" PLAIN RULE("a") "    says:\n      - z\n    quiets: c\n",
    HEAD "rules:\n" PLAIN RULE("a") "    when:\n      silence: longer than 10s\n",
    HEAD "rules:\n" PLAIN RULE("a") "    when:\n      silence: longer than 11s\n",
    HEAD "rules:\n" PLAIN RULE("a") "    mode: disabled\n    when:\n      silence: longer than 10s\n",
    HEAD "rules:\n" PLAIN RULE("a") "    mode: disabled\n    when:\n      silence: longer than 11s\n",
};

START_TEST(whatever_changes_what_a_rule_does_changes_its_key_and_the_hash_of_the_set)
{
    struct ruletest t, u;
    for (int i = 0; i < _i; i++) {
        ruletest_good(&t, changes[_i]);
        ruletest_good(&u, changes[i]);
        ck_assert_uint_ne(ruleset_find(t.set, "a")->key, ruleset_find(u.set, "a")->key);
        ck_assert_str_ne(ruleset_hash(t.set), ruleset_hash(u.set));
        ruletest_clear(&u);
        ruletest_clear(&t);
    }
}
END_TEST

START_TEST(a_new_phrase_of_a_signal_changes_the_hash_of_the_set)
{
    struct ruletest t, u;
    ruletest_good(&t, WITH("x", "y", "rules:\n" AFTER));
    ruletest_good(&u, WITH("x", "y1", "rules:\n" AFTER));
    ck_assert_str_ne(ruleset_hash(t.set), ruleset_hash(u.set));
    ck_assert_uint_ne(ruleset_find(t.set, "a")->key, ruleset_find(u.set, "a")->key);
    ruletest_clear(&u);
    ruletest_clear(&t);
}
END_TEST

START_TEST(a_rule_knows_which_rules_it_quiets_and_whether_it_waits_for_finals)
{
    struct ruletest t;
    ruletest_good(&t,
                  HEAD "defaults:\n  final_only: true\nrules:\n" RULE(
                      "a") "    says:\n      - z\n    final_only: false\n    quiets:\n      - c\n      - b\n" PLAIN);
    const struct rule *a = ruleset_find(t.set, "a");
    ck_assert_uint_eq(a->quiet_count, 2);
    ck_assert_str_eq(ruleset_rule(t.set, a->quiets[0])->id, "c");
    ck_assert_str_eq(ruleset_rule(t.set, a->quiets[1])->id, "b");
    ck_assert(!a->final_only && ruleset_find(t.set, "b")->final_only);
    ck_assert_uint_eq(ruleset_find(t.set, "b")->quiet_count, 0);
    ruletest_clear(&t);
}
END_TEST

/* --- circles --- */

static const struct {
    const char *signals;
    int line;
} circles[] = {
    {"  - id: one\n    when:\n      count: one\n      at_least: 2\n      within: 60s\n", 6},
    {"  - id: one\n    when:\n      count: two\n      at_least: 2\n      within: 60s\n"
     "  - id: two\n    when:\n      after: alpha\n      without: one\n      within: 60s\n",
     12},
    {"  - id: one\n    when:\n      at: two\n      without: alpha\n"
     "  - id: two\n    when:\n      sequence:\n        - alpha\n        - three\n      within: 60s\n"
     "  - id: three\n    when:\n      at: call end\n      without: alpha\n      since: one\n",
     18},
};

START_TEST(signals_that_go_round_in_a_circle_are_refused_where_the_circle_closes)
{
    char text[1024];
    struct ruletest t;
    snprintf(text, sizeof text,
             HEAD "signals:\n%s" SIGNAL("alpha") "rules:\n" RULE("a") "    when:\n      at: one\n"
                                                                      "      without: alpha\n",
             circles[_i].signals);
    ruletest_build(&t, text);
    ck_assert_int_eq(t.rc, COACH_ERULES);
    ck_assert_uint_eq(t.problems.levels[DIAG_ERROR], 1);
    const struct diag *d = ruletest_find(&t, "signal-cycle");
    ck_assert_msg(d != NULL, "%s", ruletest_problems(&t));
    ck_assert_int_eq(d->at.line, circles[_i].line);
    ruletest_clear(&t);
}
END_TEST

START_TEST(a_chain_of_signals_may_be_as_long_as_a_file)
{
    enum { LONG = 4000 };
    char *text = malloc(LONG * 120 + 1000);
    struct ruletest t;
    size_t n = (size_t)sprintf(text, HEAD "signals:\n");
    for (int i = 0; i < LONG; i++)
        n += (size_t)sprintf(
            text + n, "  - id: s%d\n    when:\n      count: s%d\n      at_least: 2\n      within: 60s\n", i, i + 1);
    sprintf(text + n,
            "  - id: s%d\n    says:\n      - x\nrules:\n" RULE("a") "    when:\n      at: s0\n      without: s1\n",
            LONG);
    ruletest_good(&t, text);
    ck_assert_uint_eq(ruleset_node_count(t.set), LONG + 1);
    for (size_t i = 1; i + 1 < LONG; i++)
        ck_assert_int_eq(ruleset_node(t.set, i)->opens, (int)ruleset_node(t.set, i - 1)->owner);
    ruletest_clear(&t);
    free(text);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("conversation");
    TCase *t = tcase_create("conversation");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, every_verb_is_compiled_with_all_its_parts, 0, RULETEST_ROWS(verbs));
    tcase_add_test(t, the_condition_of_a_signal_comes_before_those_that_listen_to_it);
    tcase_add_test(t, each_signal_knows_the_conditions_that_it_may_change);
    tcase_add_test(t, signals_are_listed_apart_from_rules_and_heard_in_a_line);
    tcase_add_test(t, a_signal_is_the_agents_unless_it_or_its_file_says_otherwise);
    tcase_add_test(t, the_condition_of_a_disabled_rule_is_not_run);
    tcase_add_loop_test(t, a_condition_keeps_its_key_as_long_as_it_means_the_same, 0, RULETEST_ROWS(keys));
    tcase_add_test(t, the_key_of_a_condition_changes_with_a_signal_that_feeds_one_of_its_signals);
    tcase_add_test(t, the_key_of_a_run_of_questions_changes_with_the_language_table);
    tcase_add_test(t, two_rules_with_the_same_condition_have_keys_of_their_own);
    tcase_add_loop_test(t, whatever_changes_what_a_rule_does_changes_its_key_and_the_hash_of_the_set, 1,
                        RULETEST_ROWS(changes));
    tcase_add_test(t, a_new_phrase_of_a_signal_changes_the_hash_of_the_set);
    tcase_add_test(t, a_rule_knows_which_rules_it_quiets_and_whether_it_waits_for_finals);
    tcase_add_loop_test(t, signals_that_go_round_in_a_circle_are_refused_where_the_circle_closes, 0,
                        RULETEST_ROWS(circles));
    tcase_add_test(suite_large(s), a_chain_of_signals_may_be_as_long_as_a_file);
    suite_add_tcase(s, t);
    return suite_run(s);
}
