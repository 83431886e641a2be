#include "lib/rules/regex.h"

#include "lib/engine/quarantine.h"
#include "lib/rules/regexpump.h"
#include "lib/rules/regexwords.h"
#include "tests/support/ruletest.h"

#define HEAD "format: 1\npack: test\nrules:\n  - id: a\n    category: tone\n    message: m\n"
/* Its value begins in column 12 of line 7, its pattern in column 13. */
#define REGEX(pattern) HEAD "    regex: '" pattern "'\n"

/* --- what may not be written --- */

static const struct {
    const char *text;
    const char *code;
    int line, column;
    const char *says; /* in the message */
    const char *hint; /* in the hint */
} refused[] = {
    {HEAD "    regex: \\bcalm\\b\n", "regex-quotes", 7, 12, "single quotes", "regex: '\\bcalm\\b'"},
    {HEAD "    regex: it's calm\n", "regex-quotes", 7, 12, "single quotes", "regex: 'it''s calm'"},
    {HEAD "    regex: \"\\bcalm\\b\"\n", "regex-quotes", 7, 12, "double quotes", "regex: '\\bcalm\\b'"},
    {HEAD "    regex: |\n      calm\n      down\n", "regex-lines", 8, 11, "next line", "one line"},
    {REGEX("(?R)a"), "regex-recursion", 7, 13, "call itself", "write the words out"},
    {REGEX("a(?0)"), "regex-recursion", 7, 14, "call itself", NULL},
    {REGEX("(a)(?1)"), "regex-recursion", 7, 16, "call itself", NULL},
    {REGEX("(a)(?-1)"), "regex-recursion", 7, 16, "call itself", NULL},
    {REGEX("(?+1)(a)"), "regex-recursion", 7, 13, "call itself", NULL},
    {REGEX("(?<n>a)(?&n)"), "regex-recursion", 7, 20, "call itself", NULL},
    {REGEX("(?P<n>a)(?P>n)"), "regex-recursion", 7, 21, "call itself", NULL},
    {REGEX("(a)\\g<1>"), "regex-recursion", 7, 16, "call a part", NULL},
    {REGEX("it''s (a)\\1"), "regex-backreference", 7, 22, "refer back", "write the words out"},
    {REGEX("(a)\\g{-1}"), "regex-backreference", 7, 16, "refer back", NULL},
    {REGEX("(?<n>a)\\k<n>"), "regex-backreference", 7, 20, "refer back", NULL},
    {REGEX("(?<n>a)(?P=n)"), "regex-backreference", 7, 20, "refer back", NULL},
    {REGEX("\xc3\xa9t\xc3\xa9\\C"), "regex-byte", 7, 16, "pieces", "dot"},
    {REGEX("a(?C1)"), "regex-callout", 7, 14, "callouts", NULL},
    {REGEX("(*LIMIT_MATCH=9)a"), "regex-verb", 7, 13, "steer", NULL},
    {REGEX("(*UTF)a"), "regex-verb", 7, 13, "steer", NULL},
    {REGEX("a(*SKIP)b"), "regex-verb", 7, 14, "steer", NULL},
    {REGEX("(a)?(?(1)b|c)"), "regex-conditional", 7, 17, "what another part", "(?:this|that)"},
    {REGEX("(?:\\w+ )+calm"), "regex-nested-repeat", 7, 21, "endless repeat", "{1,10}"},
    {REGEX("(?:a|b*){2,}c"), "regex-nested-repeat", 7, 21, "endless repeat", NULL},
    {REGEX("(?:(?=a+)b)*c"), "regex-nested-repeat", 7, 24, "endless repeat", NULL},
    {REGEX("(?:a++)*c"), "regex-nested-repeat", 7, 20, "endless repeat", NULL},
    {REGEX("(?x)a b"), "regex-construct", 7, 13, "kind of group", NULL},
    {REGEX("(?:a+)(?#x)+b"), "regex-construct", 7, 24, "said again", NULL},
    {REGEX("\\Qab\\E+"), "regex-construct", 7, 19, "said again", NULL},
    {REGEX("\\bfoo\\N{U+73}\\b"), "regex-construct", 7, 18, "escape", NULL},
    {REGEX("a\\Kb"), "regex-construct", 7, 14, "escape", NULL},
    {REGEX("\\bcalm (down"), "regex-syntax", 7, 20, "never closed", ")"},
    {REGEX("calm)"), "regex-syntax", 7, 17, "no ( for", NULL},
    {REGEX("calm [down"), "regex-syntax", 7, 18, "never closed", "]"},
    {REGEX("a|*b"), "regex-syntax", 7, 15, "said again", NULL},
    {REGEX("it''s [z-a]"), "regex-syntax", 7, 22, "range", NULL},
    {HEAD "    regex: |\n      it's [z-a]\n", "regex-syntax", 8, 15, "range", NULL},
    {REGEX("(?:calm)?"), "regex-empty", 7, 12, "nothing was said", "+ in place of *"},
    {REGEX("\\b"), "regex-empty", 7, 12, "nothing was said", NULL},
    {REGEX("(?=calm)"), "regex-empty", 7, 12, "nothing was said", NULL},
    {HEAD "    regex: ''\n", "wrong-kind", 7, 12, "a text", NULL},
    {HEAD "    regex: '((((((((((((((((((((((((((a))))))))))))))))))))))))))'\n", "regex-construct", 7, 37,
     "groups within groups", NULL},
};

START_TEST(what_may_not_be_written_is_refused_at_its_column)
{
    struct ruletest t;
    ruletest_build(&t, refused[_i].text);
    ck_assert_int_eq(t.rc, COACH_ERULES);
    const struct diag *d = ruletest_find(&t, refused[_i].code);
    ck_assert_msg(d != NULL, "%s instead of %s\n%s", ruletest_problems(&t), refused[_i].code, refused[_i].text);
    ck_assert_msg(d->at.line == refused[_i].line && d->at.column == refused[_i].column, "%s\n%s", ruletest_problems(&t),
                  refused[_i].text);
    ck_assert_msg(strstr(d->message, refused[_i].says) != NULL, "%s", d->message);
    ck_assert_msg(refused[_i].hint == NULL || strstr(d->hint, refused[_i].hint) != NULL, "%s", d->hint);
    ck_assert_uint_eq(t.problems.levels[DIAG_ERROR], 1);
    ruletest_clear(&t);
}
END_TEST

START_TEST(a_regular_expression_is_read_even_where_its_rule_is_wrong)
{
    struct ruletest t;
    ruletest_build(&t, "format: 1\npack: test\nrules:\n  - id: a\n    category: tune\n    regex: '(a)\\1'\n");
    ck_assert_ptr_nonnull(ruletest_find(&t, "regex-backreference"));
    ck_assert_ptr_nonnull(ruletest_find(&t, "missing-key"));
    ck_assert_ptr_nonnull(ruletest_find(&t, "unknown-category"));
    ruletest_clear(&t);
}
END_TEST

/* --- what it finds --- */

static const struct {
    const char *body; /* of the rule */
    const char *line;
    enum scanner_verdict verdict;
    const char *said;
} rows[] = {
    {"    regex: '\\bcase (?:id|number) \\d+'\n", "The CASE, number 4711.", SCANNER_HIT, "CASE, number 4711"},
    {"    regex: |\n      \\bcase id\\b\n", "the case-id", SCANNER_HIT, "case-id"},
    {"    regex: 'Case'\n", "a case", SCANNER_HIT, "case"},
    {"    regex: 'esca'\n", "to Escalate, now", SCANNER_HIT, "Escalate"}, /* whole words are quoted */
    {"    regex: 'm d'\n", "calm down now", SCANNER_HIT, "calm down"},
    {"    regex: ' '\n", "calm down", SCANNER_HIT, "down"},
    {"    regex: '^calm'\n", "Calm down", SCANNER_HIT, "Calm"}, /* no space stands at the ends */
    {"    regex: '^calm'\n", "be calm", SCANNER_NO_PHRASE, NULL},
    {"    regex: 'down$'\n", "calm down!", SCANNER_HIT, "down"},
    {"    regex: '\\bdo not\\b'\n", "I don't", SCANNER_HIT, "don't"},
    {"    regex: '(?i)(?:calm)(?#comment) [\\]d]own'\n", "calm down", SCANNER_HIT, "calm down"},
    {"    regex: '\\Qcalm\\E \\x64own'\n", "calm down", SCANNER_HIT, "calm down"},
    {"    regex: '(?<what>\\p{L}+) [[:alpha:]]own\\b(?! now)'\n", "calm down here", SCANNER_HIT, "calm down"},
    {"    regex: 'calm'\n    not_in:\n      - calm down period\n", "a calm down period", SCANNER_NOT_IN, NULL},
    {"    regex: 'al'\n    not_in:\n      - calm down\n", "calm down, calm now", SCANNER_HIT, "calm"},
    {"    regex: 'calm'\n    unless:\n      - sir\n", "calm, sir", SCANNER_UNLESS, NULL},
};

START_TEST(a_regex_rule_runs_like_any_other)
{
    char text[1024];
    struct ruletest t;
    struct hit one = {0};
    const struct hit *hits;
    snprintf(text, sizeof text, HEAD "%s", rows[_i].body);
    ruletest_good(&t, text);
    size_t n = ruletest_scan(&t, rows[_i].line, COACH_ROLE_AGENT, &hits);
    ck_assert_int_eq(scanner_rule(t.scanner, t.set, ruleset_rule(t.set, 0), &t.words, &one), rows[_i].verdict);
    ck_assert_uint_eq(n, rows[_i].verdict == SCANNER_HIT);
    if (rows[_i].said != NULL) {
        const char *said = rows[_i].line + one.span.from;
        ck_assert_msg(one.span.to - one.span.from == strlen(rows[_i].said) &&
                          strncmp(said, rows[_i].said, strlen(rows[_i].said)) == 0,
                      "%.*s instead of %s", (int)(one.span.to - one.span.from), said, rows[_i].said);
        ck_assert_int_eq(one.phrase, 1);
    }
    ck_assert_uint_eq(ruletest_scan(&t, rows[_i].line, COACH_ROLE_CUSTOMER, &hits), 0);
    ruletest_clear(&t);
}
END_TEST

START_TEST(after_an_exception_the_search_goes_on)
{
    struct ruletest t;
    const struct hit *hits;
    ruletest_good(&t, REGEX("calm") "    not_in:\n      - calm down\n");
    ck_assert_uint_eq(ruletest_scan(&t, "calm down, calm now", COACH_ROLE_AGENT, &hits), 1);
    ck_assert_uint_eq(hits[0].span.from, strlen("calm down, "));
    ruletest_clear(&t);
}
END_TEST

START_TEST(only_the_first_two_kibibytes_are_seen_and_whole_words_of_them)
{
    static char line[3000];
    struct ruletest t;
    const struct hit *hits;
    ruletest_good(&t, REGEX("calm|x$|^y"));
    for (size_t at = 2030; at <= 2060; at++) {
        memset(line, 'x', sizeof line);
        for (size_t i = 99; i < sizeof line; i += 100)
            if (i + 2 < at || i > at + 5)
                line[i] = ' ';
        line[at - 1] = line[at + 4] = ' ';
        memcpy(line + at, "calm", 4);
        line[2900] = '\0';
        size_t n = ruletest_scan(&t, line, COACH_ROLE_AGENT, &hits);
        ck_assert_msg((n == 1) == (at + 4 <= REGEX_MAX_LINE), "at %zu: %zu", at, n); /* $ is not where it was cut */
    }
    memset(line, 'y', sizeof line); /* the tokenizer keeps words short: nothing is cut to nothing */
    line[2900] = '\0';
    ck_assert_uint_eq(ruletest_scan(&t, line, COACH_ROLE_AGENT, &hits), 1);
    ruletest_clear(&t);
}
END_TEST

START_TEST(its_examples_are_proved)
{
    struct ruletest t;
    ruletest_build(&t, REGEX("calm, down") "    match:\n      - Calm, down!\n");
    const struct diag *d = ruletest_find(&t, "match-fails");
    ck_assert_ptr_nonnull(d);
    ck_assert_int_eq(d->at.line, 9);
    ck_assert_ptr_nonnull(strstr(d->hint, "as it is heard: 'calm down'"));
    ruletest_clear(&t);
    ruletest_build(&t, REGEX("\\bcalm\\b") "    no_match:\n      - Calm, down!\n");
    ck_assert_ptr_nonnull(ruletest_find(&t, "no-match-fires"));
    ruletest_clear(&t);
    ruletest_build(&t, REGEX("\\bcalm\\b") "    not_in:\n      - calm down\n    match:\n      - be calm\n"
                                           "    no_match:\n      - calm down\n      - hello there\n");
    ck_assert_int_eq(t.rc, COACH_OK);
    ck_assert_msg(t.problems.count == 1 && ruletest_find(&t, "no-match-vacuous") != NULL, "%s", ruletest_problems(&t));
    ruletest_clear(&t);
}
END_TEST

START_TEST(a_changed_pattern_is_another_rule)
{
    struct ruletest t, u;
    ruletest_good(&t, REGEX("calm a"));
    ruletest_good(&u, REGEX("calm b"));
    ck_assert_uint_ne(ruleset_rule(t.set, 0)->key, ruleset_rule(u.set, 0)->key);
    ck_assert_str_ne(ruleset_hash(t.set), ruleset_hash(u.set));
    ruletest_clear(&t);
    ruletest_clear(&u);
}
END_TEST

/* --- the pump --- */

/* Patterns that cost too much on a line made for them, and their like that do not. */
static const struct {
    const char *pattern;
    bool fine;
} pumped[] = {
    {"\\bcase (?:id|number) \\d+", true},
    {"calm.*down", true},
    {"(?:\\w+ ){1,5}calm", true},
    {"\\brefunds?\\b", true},
    {"sorry[^.]*but", true},
    {"^.*calm.*$", true},
    {"(?:please |kindly )*wait", true},
    {"you.*need.*to", false},
    {"you.*need.*to.*calm.*down.*now", false},
    {"(?:\\w{1,9}\\s?){1,40}\\?", false},
    {"(?:a|aa){1,60}b", false},
    {"\\w*\\w*\\w*x", false},
    {"^(?:a{1,20}){1,20}$", false},
    {"(?:[a-c]|b){1,40}(?<=z)d", false},
    {"\\s*x?\\s*y?\\s*!", false},
};

START_TEST(what_can_hold_up_a_call_is_refused)
{
    char text[512];
    struct ruletest t;
    snprintf(text, sizeof text, REGEX("%s"), pumped[_i].pattern);
    ruletest_build(&t, text);
    const struct diag *d = ruletest_find(&t, "regex-slow");
    ck_assert_msg((d == NULL) == pumped[_i].fine, "%s: %s", pumped[_i].pattern, ruletest_problems(&t));
    ck_assert_int_eq(t.rc, pumped[_i].fine ? COACH_OK : COACH_ERULES);
    if (d != NULL) {
        ck_assert_int_eq(d->at.line, 7);
        ck_assert_int_ge(d->at.column, 13);
        ck_assert_ptr_nonnull(strstr(d->hint, "says:"));
    }
    ruletest_clear(&t);
}
END_TEST

/* A clock that says that each match took so long. */
static uint64_t step_ns, asked;

static uint64_t stepping(void *user)
{
    uint64_t *now = user;
    asked++;
    *now += step_ns;
    return *now;
}

static int build_timed(uint64_t each_ns, struct diags *problems)
{
    uint64_t now = 0;
    const struct rules_options options = {.clock = {stepping, &now}, .draft = true};
    /* static: the problems keep their places in them */
    static const struct source file = {"a.yaml", REGEX("\\bcalm\\b"), sizeof REGEX("\\bcalm\\b") - 1};
    static struct source language = {.name = "en.yaml"};
    struct ruleset *set = NULL;
    char *text = ruletest_read(SOURCE_DIR "/rules/languages/en.yaml", &language.len);
    language.text = text;
    step_ns = each_ns;
    asked = 0;
    int rc = rules_compile(&file, 1, &language, 1, &options, &set, problems);
    ruleset_unref(set);
    free(text);
    return rc;
}

START_TEST(with_a_clock_what_takes_longer_than_five_milliseconds_is_refused)
{
    struct diags problems;
    diags_init(&problems);
    ck_assert_int_eq(build_timed(5000000, &problems), COACH_OK);
    ck_assert_uint_gt(asked, 8); /* two for each match, at four lengths */
    ck_assert_int_eq(build_timed(5000001, &problems), COACH_ERULES);
    ck_assert_uint_eq(asked, 10); /* one line, tried five times in case something else ran */
    bool found = false;
    for (size_t i = 0; i < problems.count; i++)
        found = found || strcmp(problems.items[i].code, "regex-slow") == 0;
    ck_assert(found);
    diags_clear(&problems);
}
END_TEST

/* --- the prefilter --- */

static const struct {
    const char *pattern;
    const char *words; /* required, separated by spaces; "" where there are none */
} required[] = {
    {"\\bxylophone (?:id|number) \\d+", "xylophone"},
    {"\\bcase\\b", "case"},
    {"^case$", "case"},
    {"\\Acase\\Z", "case"},
    {"case", ""},
    {"\\bcase", ""},
    {"case\\b", ""},
    {" case ", "case"},
    {"\\scase\\s+now", "case"},
    {"\\bcase\\b|\\bticket\\b", "case ticket"},
    {"\\b(?:case|ticket)s?\\b", "cases case tickets ticket"},
    {"\\bcase\\b|ticket", ""},
    {"\\breali[sz]e\\b", "realise realize"},
    {"(\\w{1,9} fund|reali[sz]e)\\b", ""}, /* the second way begins anywhere */
    {"\\breali[a-z]e\\b", ""},
    {"\\bcase\\b.*", "case"},
    {"\\bcase\\B", ""},
    {"\\b(?:no )?xylophone\\b", "xylophone"},
    {"(?:case )?id", ""},
    {"\\b(?:xylophone ){1,3}to\\b", "xylophone"},
    {"\\b(?:very ){0,3}late\\b", ""},
    {"(?:very |so ){1,3}late\\b", "late"},
    {"\\b(?:case){2}\\b", ""},
    {"\\bcase(?= id)", ""},
    {"\\bcase(?= id) ", "case"},
    {"\\bcaf\xc3\xa9\\b", ""},
    {"\\bthe escalation\\b", "escalation"},
    {"\\b3\\.50\\b", "50"},
    {"\\b[\\dx]\\b", ""},
    {"\\b[\xd9\xa0\x31]\\b", ""},
    {"\\bCASE\\b", "case"},
    {"\\b(?:a|b|c)(?:a|b|c)(?:a|b|c)(?:a|b|c)\\b zeal\\b", "zeal"},
};

START_TEST(a_word_that_must_be_there_is_told_from_the_pattern)
{
    char text[512], found[256] = "";
    struct ruletest t;
    struct arena memory;
    struct required_set set;
    struct regex regex;
    struct diags problems;
    snprintf(text, sizeof text, REGEX("%s"), required[_i].pattern);
    ruletest_good(&t, text);
    ck_assert_msg((ruletest_find(&t, "regex-unfiltered") == NULL) == (required[_i].words[0] != '\0'), "%s",
                  ruletest_problems(&t));
    ck_assert_uint_eq(ruleset_unfiltered(t.set), required[_i].words[0] == '\0');
    arena_init(&memory);
    diags_init(&problems);
    struct source source = {"a", required[_i].pattern, strlen(required[_i].pattern)};
    struct yaml_node node = {
        .style = YAML_SINGLE_QUOTED, .at = {&source, 1, 1, 1}, .text = source.text, .len = source.len};
    ck_assert_int_eq(regex_read(&node, &memory, &regex, &problems), COACH_OK);
    ck_assert_int_eq(regexwords(&regex, ruleset_language(t.set), &memory, &set), COACH_OK);
    for (size_t i = 0, n = 0; i < set.count; i++)
        n += (size_t)snprintf(found + n, sizeof found - n, "%s%s", n > 0 ? " " : "", set.words[i].text);
    ck_assert_str_eq(found, required[_i].words);
    pcre2_code_free(regex.code);
    diags_clear(&problems);
    arena_clear(&memory);
    ruletest_clear(&t);
}
END_TEST

/* Patterns and lines of few parts, so that they meet often. */
static uint64_t chance;

static size_t pick(size_t n)
{
    chance = chance * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(chance >> 33) % n;
}

static void make(char *out, size_t room, const char *const *parts, size_t nparts, size_t most)
{
    size_t n = 0, count = 1 + pick(most);
    out[0] = '\0';
    for (size_t i = 0; i < count && n + 16 < room; i++)
        n += (size_t)snprintf(out + n, room - n, "%s", parts[pick(nparts)]);
}

/* For each of a number of patterns: what the prefilter lets pass is all that matches. */
START_TEST(with_the_prefilter_and_without_it_the_same_is_found)
{
    static const char *const parts[] = {"a", "b",   "ab",       " ",   "\\b",  "\\b", "(?:a|b)", "(?:ab |b)?",
                                        "^", "$",   "[ab]",     "\\s", "s?",   "\\w", ".",       "(?:a ){1,2}",
                                        "3", "\\.", "\xc3\xa9", "\\B", "[^a]", "\\d", "(?=b)",   "(?:b\\b|a )"};
    static const char *const said[] = {"a",    "b",        "ab",        " ",   " ",        " ",        "s",     "3",
                                       "3.50", "\xc3\xa9", "e\xcc\x81", "'s ", "\xc3\xb8", "\xd9\xa3", " a b ", "x"};
    char pattern[128], text[512], line[256];
    size_t built = 0, filtered = 0, hits = 0, pairs = 0;
    chance = (uint64_t)_i + 1;
    for (int i = 0; i < 50; i++) {
        struct ruletest t;
        const struct hit *found;
        make(pattern, sizeof pattern, parts, sizeof parts / sizeof *parts, 7);
        snprintf(text, sizeof text, REGEX("%s"), pattern);
        ruletest_build(&t, text);
        built += t.rc == COACH_OK;
        filtered += t.rc == COACH_OK && ruleset_unfiltered(t.set) == 0;
        for (int k = 0; t.rc == COACH_OK && k < 100; k++) {
            struct hit hit;
            make(line, sizeof line, said, sizeof said / sizeof *said, 12);
            size_t n = ruletest_scan(&t, line, COACH_ROLE_AGENT, &found);
            enum scanner_verdict alone = scanner_rule(t.scanner, t.set, ruleset_rule(t.set, 0), &t.words, &hit);
            suite_assert((n == 1) == (alone == SCANNER_HIT), "'%s' on '%s'", pattern, line);
            hits += n;
            pairs++;
        }
        ruletest_clear(&t);
    }
    ck_assert_uint_gt(built, 10);
    ck_assert_uint_gt(filtered, 2);
    ck_assert_uint_gt(hits, pairs / 50);
}
END_TEST

/* --- limits and quarantine --- */

/* The look ahead hides its cost from the pump, so that live limits are what is left. */
#define HIDDEN REGEX("(?=qwerty)[a-z]{6}(?:[a-c]{1,20}){1,20}d\\b")
#define ATTACK "qwertyabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabc d"

START_TEST(a_rule_that_gives_up_is_named_and_can_be_left_out)
{
    struct ruletest t;
    const struct hit *hits;
    size_t count;
    ruletest_good(&t, HIDDEN "  - id: b\n    category: tone\n    message: m\n    says:\n      - hello\n");
    ck_assert_uint_eq(ruletest_scan(&t, "hello " ATTACK, COACH_ROLE_AGENT, &hits), 1);
    ck_assert_str_eq(hits[0].rule->id, "b");
    ck_assert_uint_eq(scanner_limit_hits(t.scanner), 1);
    const struct rule *const *limited = scanner_limited(t.scanner, &count);
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(limited[0]->id, "a");
    ck_assert_uint_eq(ruletest_scan(&t, "qwertyabcd", COACH_ROLE_AGENT, &hits), 1);
    (void)scanner_limited(t.scanner, &count);
    ck_assert_uint_eq(count, 0); /* of the last line alone */
    const uint64_t key = ruleset_find(t.set, "a")->key;
    scanner_leave_out(t.scanner, &key, 1);
    ck_assert_uint_eq(ruletest_scan(&t, "qwertyabcd, hello", COACH_ROLE_AGENT, &hits), 1);
    ck_assert_str_eq(hits[0].rule->id, "b");
    ck_assert_uint_eq(scanner_left_out(t.scanner), 1);
    ruletest_clear(&t);
}
END_TEST

static const struct {
    int64_t at_ms[6]; /* of the hits, ended by -1 */
    int out_at;       /* index of the hit that puts the rule out; -1: none */
} hits_of[] = {
    {{0, 1, 2, -1}, 2},
    {{0, 1, -1}, -1},
    {{0, 300000, 600000, -1}, 2},
    {{0, 300000, 600001, -1}, -1},
    {{0, 300000, 600001, 600002, -1}, 3},
    {{0, 700000, 1400000, 2100000, 2100001, -1}, -1},
};

START_TEST(three_hits_in_ten_minutes_put_a_rule_out)
{
    static struct quarantine q;
    const struct rule rule = {.id = "a", .key = 7};
    int out_at = -1;
    quarantine_clear(&q);
    for (int i = 0; hits_of[_i].at_ms[i] >= 0; i++)
        if (quarantine_hit(&q, &rule, hits_of[_i].at_ms[i]))
            out_at = i;
    ck_assert_int_eq(out_at, hits_of[_i].out_at);
    ck_assert_uint_eq(q.count, out_at >= 0);
    if (out_at >= 0) {
        ck_assert_uint_eq(q.keys[0], 7);
        ck_assert_str_eq(q.ids[0], "a");
    }
}
END_TEST

START_TEST(quarantine_keeps_to_its_room)
{
    static struct quarantine q;
    struct rule rule = {.id = "a"};
    quarantine_clear(&q);
    for (int i = 0; i < 3 * QUARANTINE_WATCHED; i++) { /* each once: the oldest is forgotten */
        rule.key = (uint64_t)i + 1;
        ck_assert(!quarantine_hit(&q, &rule, i));
    }
    ck_assert_uint_eq(q.watched_count, QUARANTINE_WATCHED);
    for (int i = 0; i < QUARANTINE_RULES + 2; i++) {
        rule.key = 1000 + (uint64_t)i;
        (void)quarantine_hit(&q, &rule, 1000);
        (void)quarantine_hit(&q, &rule, 1000);
        ck_assert_int_eq(quarantine_hit(&q, &rule, 1000), i < QUARANTINE_RULES);
    }
    ck_assert_uint_eq(q.count, QUARANTINE_RULES);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("regex");
    TCase *guard = tcase_create("guard"), *runs = tcase_create("runs"), *pump = tcase_create("pump"),
          *filter = tcase_create("prefilter"), *many = tcase_create("prefilter, many patterns"),
          *limits = tcase_create("limits");
    tcase_set_tags(pump, "large");
    tcase_set_tags(many, "large");
    TCase *const all[] = {guard, runs, pump, filter, many, limits};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        tcase_set_timeout(all[i], 120);
        suite_add_tcase(s, all[i]);
    }
    tcase_add_loop_test(guard, what_may_not_be_written_is_refused_at_its_column, 0, RULETEST_ROWS(refused));
    tcase_add_test(guard, a_regular_expression_is_read_even_where_its_rule_is_wrong);
    tcase_add_loop_test(runs, a_regex_rule_runs_like_any_other, 0, RULETEST_ROWS(rows));
    tcase_add_test(runs, after_an_exception_the_search_goes_on);
    tcase_add_test(runs, only_the_first_two_kibibytes_are_seen_and_whole_words_of_them);
    tcase_add_test(runs, its_examples_are_proved);
    tcase_add_test(runs, a_changed_pattern_is_another_rule);
    tcase_add_loop_test(pump, what_can_hold_up_a_call_is_refused, 0, RULETEST_ROWS(pumped));
    tcase_add_test(pump, with_a_clock_what_takes_longer_than_five_milliseconds_is_refused);
    tcase_add_loop_test(filter, a_word_that_must_be_there_is_told_from_the_pattern, 0, RULETEST_ROWS(required));
    tcase_add_loop_test(filter, with_the_prefilter_and_without_it_the_same_is_found, 0, 1);
    tcase_add_loop_test(many, with_the_prefilter_and_without_it_the_same_is_found, 1, 20 / SUITE_SHARE);
    tcase_add_test(limits, a_rule_that_gives_up_is_named_and_can_be_left_out);
    tcase_add_loop_test(limits, three_hits_in_ten_minutes_put_a_rule_out, 0, RULETEST_ROWS(hits_of));
    tcase_add_test(limits, quarantine_keeps_to_its_room);
    return suite_run(s);
}
