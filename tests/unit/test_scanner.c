#include "lib/rules/scanner.h"

#include <dirent.h>

#include "tests/support/ruletest.h"

#define HEAD     "format: 1\npack: test\nrules:\n"
#define RULE(id) "  - id: " id "\n    category: tone\n    message: m\n"

/* --- one rule on one line --- */

static const struct {
    const char *body; /* of the rule */
    const char *line;
    enum scanner_verdict verdict;
    const char *said; /* the quoted words; NULL where there is no hit */
    int phrase;
} rows[] = {
    {"    says:\n      - calm down\n", "Please, Calm DOWN, now.", SCANNER_HIT, "Calm DOWN", 1},
    {"    says:\n      - calm down\n", "um calm um down um", SCANNER_HIT, "calm um down", 1},
    {"    says:\n      - calm down\n", "calm it", SCANNER_NO_PHRASE, NULL, 0},
    {"    says:\n      - you are late\n", "Well, you\xe2\x80\x99re late!", SCANNER_HIT, "you\xe2\x80\x99re late", 1},
    {"    says:\n      - are late\n", "Well, you're late!", SCANNER_HIT, "you're late", 1},
    /* the earliest match speaks for the rule, of two at one place the phrase listed first */
    {"    says:\n      - relax\n      - calm down\n", "calm down and relax", SCANNER_HIT, "calm down", 2},
    {"    says:\n      - relax\n      - calm down\n", "relax and calm down", SCANNER_HIT, "relax", 1},
    {"    says:\n      - calm\n      - calm down\n", "calm down", SCANNER_HIT, "calm", 1},
    /* not_in: only a match inside it is passed over */
    {"    says:\n      - calm down\n    not_in:\n      - calm down period\n", "a calm down period", SCANNER_NOT_IN,
     "calm down", 1},
    {"    says:\n      - calm down\n    not_in:\n      - calm down period\n", "a calm down period, so calm down",
     SCANNER_HIT, "calm down", 1},
    {"    says:\n      - calm down\n    not_in:\n      - calm down period\n", "calm down. A calm down period",
     SCANNER_HIT, "calm down", 1},
    {"    says:\n      - calm down\n    not_in:\n      - let it calm\n", "let it calm down", SCANNER_HIT, "calm down",
     1},
    {"    says:\n      - calm down\n    not_in:\n      - down now\n", "calm down now", SCANNER_HIT, "calm down", 1},
    {"    says:\n      - calm down\n    not_in:\n      - calm down\n", "calm down", SCANNER_NOT_IN, "calm down", 1},
    {"    says:\n      - calm down\n    not_in:\n      - things ... calm down soon\n", "things should calm down soon",
     SCANNER_NOT_IN, "calm down", 1},
    {"    says:\n      - calm\n    not_in:\n      - (keep | stay) calm\n", "keep calm, stay calm, be calm", SCANNER_HIT,
     "calm", 1},
    {"    says:\n      - calm\n    not_in:\n      - keep calm\n      - stay calm\n", "keep calm, stay calm",
     SCANNER_NOT_IN, "calm", 1},
    {"    says:\n      - calm\n      - relax\n    not_in:\n      - keep calm\n", "keep calm and relax", SCANNER_HIT,
     "relax", 2},
    {"    says:\n      - a b\n    not_in:\n      - x ...2 a b\n", "x x a b", SCANNER_NOT_IN, "a b", 1},
    {"    says:\n      - calm\n    not_in:\n      - a calm b calm c\n", "a calm b calm c", SCANNER_NOT_IN, "calm", 1},
    {"    says:\n      - calm\n    not_in:\n      - a calm b calm c\n", "a calm b calm c calm", SCANNER_HIT, "calm", 1},
    /* unless: anywhere in the line */
    {"    says:\n      - calm down\n    unless:\n      - not telling you\n", "I am not telling you to calm down",
     SCANNER_UNLESS, "calm down", 1},
    {"    says:\n      - calm down\n    unless:\n      - not telling you\n", "calm down, I am not telling you twice",
     SCANNER_UNLESS, "calm down", 1},
    {"    says:\n      - calm down\n    unless:\n      - not telling you\n", "calm down, I tell you", SCANNER_HIT,
     "calm down", 1},
    {"    says:\n      - calm down\n    not_in:\n      - calm down period\n    unless:\n      - sir\n",
     "the calm down period, sir", SCANNER_NOT_IN, "calm down", 1},
};

START_TEST(a_rule_says_why_it_is_silent)
{
    char text[1024];
    struct ruletest t;
    struct hit one = {0};
    const struct hit *hits;
    snprintf(text, sizeof text, HEAD RULE("a") "%s", rows[_i].body);
    ruletest_good(&t, text);
    size_t n = ruletest_scan(&t, rows[_i].line, COACH_ROLE_AGENT, &hits);
    ck_assert_uint_eq(n, rows[_i].verdict == SCANNER_HIT);
    ck_assert_int_eq(scanner_rule(t.scanner, t.set, ruleset_rule(t.set, 0), &t.words, &one), rows[_i].verdict);
    if (n == 1) {
        ck_assert_uint_eq(hits[0].span.to - hits[0].span.from, strlen(rows[_i].said));
        ck_assert_int_eq(strncmp(rows[_i].line + hits[0].span.from, rows[_i].said, strlen(rows[_i].said)), 0);
        ck_assert_int_eq(hits[0].phrase, rows[_i].phrase);
        ck_assert_int_eq(one.phrase, rows[_i].phrase);
        ck_assert_uint_eq(one.span.from, hits[0].span.from);
    }
    ruletest_clear(&t);
}
END_TEST

START_TEST(the_match_quoted_after_an_exception_is_the_free_one)
{
    struct ruletest t;
    const struct hit *hits;
    ruletest_good(&t, HEAD RULE("a") "    says:\n      - calm down\n    not_in:\n      - calm down period\n");
    ck_assert_uint_eq(ruletest_scan(&t, "a calm down period, so calm down", COACH_ROLE_AGENT, &hits), 1);
    ck_assert_uint_eq(hits[0].span.from, strlen("a calm down period, so "));
    ruletest_clear(&t);
}
END_TEST

/* Without bounds this line takes minutes. */
START_TEST(a_line_of_nothing_but_exceptions_takes_time_in_its_length)
{
    static char line[8 * 1024];
    struct ruletest t;
    const struct hit *hits;
    ruletest_good(&t, HEAD RULE("a") "    says:\n      - c\n    not_in:\n      - c d\n      - e\n      - b c\n");
    for (size_t i = 0; i + 4 < sizeof line; i += 4)
        memcpy(line + i, "c d ", 4);
    for (int i = 0; i < 200; i++)
        ck_assert_uint_eq(ruletest_scan(&t, line, COACH_ROLE_AGENT, &hits), 0);
    memcpy(line + sizeof line - 12, "c d x c x ", 10);
    ck_assert_uint_eq(ruletest_scan(&t, line, COACH_ROLE_AGENT, &hits), 1);
    ck_assert_uint_eq(hits[0].span.from, sizeof line - 12 + 6);
    ruletest_clear(&t);
}
END_TEST

/* --- a line of which a part was heard before --- */

static const struct {
    const char *body;
    const char *before, *now; /* two lines of one turn */
    const char *said;         /* NULL where there is no hit */
} seams[] = {
    {"    says:\n      - calm down\n", "", "calm down", "calm down"},
    {"    says:\n      - calm down\n", "calm down ", "please", NULL},
    {"    says:\n      - calm down (now)?\n", "calm down ", "now", NULL},
    {"    says:\n      - calm down\n", "calm down ", "down", NULL},
    {"    says:\n      - calm down\n", "please calm ", "down", "calm down"},
    {"    says:\n      - calm down\n", "please ", "calm down", "calm down"},
    {"    says:\n      - calm down\n", "calm down, ", "so calm down!", "calm down"},
    {"    says:\n      - calm down\n", "Calm down. Calm ", "down", "Calm down"},
    {"    says:\n      - x ...3 y\n", "x y x ", "z y", "x z y"},
    {"    says:\n      - relax\n      - calm down\n", "relax and calm ", "down", "calm down"},
    {"    says:\n      - relax\n      - calm down\n", "relax ", "and relax", "relax"},
    {"    regex: 'calm \\w+'\n", "calm down ", "now", NULL},
    {"    regex: 'calm \\w+'\n", "calm down, calm ", "now", "calm now"},
    /* exceptions see all of it */
    {"    says:\n      - down\n    not_in:\n      - calm down\n", "calm ", "down", NULL},
    {"    says:\n      - down\n    unless:\n      - sorry\n", "sorry, ", "down", NULL},
    {"    says:\n      - down\n    unless:\n      - sorry\n", "sad, ", "down", "down"},
    {"    swap:\n      GDS: booking system\n      PNR: reference\n", "the GDS and ", "the PNR", "PNR"},
};

START_TEST(what_was_heard_before_is_not_heard_again)
{
    char text[1024], line[256];
    struct ruletest t;
    const struct hit *hits;
    size_t n, seam = strlen(seams[_i].before);
    snprintf(text, sizeof text, HEAD RULE("a") "%s", seams[_i].body);
    snprintf(line, sizeof line, "%s%s", seams[_i].before, seams[_i].now);
    ruletest_good(&t, text);
    ruletest_hear(&t, line);
    ck_assert_int_eq(scanner_scan(t.scanner, t.set, &t.words, COACH_ROLE_AGENT, seam, &hits, &n), COACH_OK);
    ck_assert_uint_eq(n, seams[_i].said != NULL);
    if (n == 1) {
        size_t len = hits[0].span.to - hits[0].span.from;
        ck_assert_uint_gt(hits[0].span.to, seam);
        ck_assert_uint_eq(len, strlen(seams[_i].said));
        ck_assert_int_eq(strncmp(line + hits[0].span.from, seams[_i].said, len), 0);
    }
    ruletest_clear(&t);
}
END_TEST

/* --- who speaks --- */

static const struct {
    const char *keys;
    coach_role role;
    size_t hits;
} speakers[] = {
    {"", COACH_ROLE_AGENT, 1},
    {"", COACH_ROLE_CUSTOMER, 0},
    {"    speaker: customer\n", COACH_ROLE_AGENT, 0},
    {"    speaker: customer\n", COACH_ROLE_CUSTOMER, 1},
    {"    speaker: either\n", COACH_ROLE_AGENT, 1},
    {"    speaker: either\n", COACH_ROLE_CUSTOMER, 1},
    {"    speaker: either\n", COACH_ROLE_SYSTEM, 0},
    {"    speaker: either\n", COACH_ROLE_UNKNOWN, 0},
    {"    mode: disabled\n", COACH_ROLE_AGENT, 0},
    {"    mode: shadow\n", COACH_ROLE_AGENT, 1},
};

START_TEST(a_rule_hears_its_speaker_and_a_disabled_one_nobody)
{
    char text[1024];
    struct ruletest t;
    const struct hit *hits;
    snprintf(text, sizeof text, HEAD RULE("a") "%s    says:\n      - calm down\n", speakers[_i].keys);
    ruletest_good(&t, text);
    ck_assert_uint_eq(ruletest_scan(&t, "calm down", speakers[_i].role, &hits), speakers[_i].hits);
    ruletest_clear(&t);
}
END_TEST

START_TEST(a_swap_rule_reports_each_term_with_its_plain_words)
{
    struct ruletest t;
    const struct hit *hits;
    ruletest_good(&t,
                  HEAD RULE("a") "    swap:\n      GDS: the booking system\n      PNR: your reference\n      EMD: x\n");
    ck_assert_uint_eq(ruletest_scan(&t, "the P N R is in the GDS", COACH_ROLE_AGENT, &hits), 2);
    ck_assert_str_eq(hits[0].plain, "the booking system");
    ck_assert_str_eq(hits[1].plain, "your reference");
    ck_assert(!hits[0].by_customer && !hits[1].by_customer);
    ck_assert_uint_eq(ruletest_scan(&t, "what is a PNR", COACH_ROLE_CUSTOMER, &hits), 1);
    ck_assert(hits[0].by_customer);
    ck_assert_int_eq(hits[0].phrase, 2);
    ruletest_clear(&t);
}
END_TEST

START_TEST(lists_that_a_message_quotes_are_captured)
{
    struct ruletest t;
    const struct hit *hits;
    const char *line = "that is against um Company Policy, ok";
    ruletest_good(&t,
                  "format: 1\npack: test\nlists:\n  reason:\n    - (company)? policy\n    - rules\nrules:\n"
                  "  - id: a\n    category: tone\n    message: about {why}\n    says:\n      - against <why:reason>\n"
                  "      - <reason> forbids\n      - (in | at) <why:reason>\n");
    ck_assert_uint_eq(ruletest_scan(&t, line, COACH_ROLE_AGENT, &hits), 1);
    ck_assert_str_eq(scanner_capture_name(t.set, hits[0].rule, 0), "why");
    ck_assert_ptr_null(scanner_capture_name(t.set, hits[0].rule, 1));
    ck_assert_uint_eq(hits[0].captures[0].to - hits[0].captures[0].from, strlen("Company Policy"));
    ck_assert_int_eq(strncmp(line + hits[0].captures[0].from, "Company Policy", 14), 0);
    ck_assert_uint_eq(ruletest_scan(&t, "policy forbids it", COACH_ROLE_AGENT, &hits), 1);
    ck_assert_uint_eq(hits[0].captures[0].from, hits[0].captures[0].to);
    ruletest_clear(&t);
}
END_TEST

START_TEST(rules_speak_in_the_order_of_their_files)
{
    struct ruletest t;
    const struct hit *hits;
    ruletest_good(&t, HEAD RULE("b") "    says:\n      - x\n" RULE("a") "    says:\n      - <word>\n" RULE(
                          "c") "    says:\n      - y\n      - x\n");
    ck_assert_uint_eq(ruleset_unfiltered(t.set), 1);
    ck_assert_uint_eq(ruletest_scan(&t, "y x", COACH_ROLE_AGENT, &hits), 3);
    ck_assert_str_eq(hits[0].rule->id, "b");
    ck_assert_str_eq(hits[1].rule->id, "a");
    ck_assert_str_eq(hits[2].rule->id, "c");
    ck_assert_int_eq(hits[2].phrase, 1);
    ck_assert_uint_eq(ruletest_scan(&t, " ... ", COACH_ROLE_AGENT, &hits), 0);
    ruletest_clear(&t);
}
END_TEST

START_TEST(one_scanner_serves_any_number_of_rule_sets_in_turn)
{
    struct ruletest small, large;
    const struct hit *hits;
    size_t n;
    ruletest_good(&small, HEAD RULE("a") "    says:\n      - x\n");
    ruletest_good(&large, HEAD RULE("a") "    says:\n      - p\n      - q\n      - r\n      - s t\n" RULE(
                              "b") "    says:\n      - u v\n");
    for (int i = 0; i < 10; i++) {
        ruletest_hear(&small, "u v x");
        ck_assert_int_eq(scanner_scan(small.scanner, small.set, &small.words, COACH_ROLE_AGENT, 0, &hits, &n),
                         COACH_OK);
        ck_assert_uint_eq(n, 1);
        ck_assert_int_eq(scanner_scan(small.scanner, large.set, &small.words, COACH_ROLE_AGENT, 0, &hits, &n),
                         COACH_OK);
        ck_assert_uint_eq(n, 1);
        ck_assert_str_eq(hits[0].rule->id, "b");
    }
    ruletest_clear(&large);
    ruletest_clear(&small);
}
END_TEST

/* --- the prefilter changes nothing ---
 *
 * Rule sets and lines made of few words, so that they meet; every phrase is tried on every line, and the scan must have
 * found the same. A failing seed is printed, and gives the same case again. */

struct random {
    uint64_t state;
};

static uint32_t pick(struct random *r, uint32_t below)
{
    r->state = r->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(r->state >> 33) % below;
}

struct text {
    char s[512 * 1024];
    size_t len;
};

static void add(struct text *t, const char *s)
{
    size_t n = strlen(s);
    ck_assert_uint_lt(t->len + n, sizeof t->s);
    memcpy(t->s + t->len, s, n + 1);
    t->len += n;
}

static const char *const vocabulary[] = {
    "calm",  "down",        "you",   "are",   "is",    "that",     "can",   "not", "policy", "escalate", "try",
    "tried", "R",           "m",     "RMA",   "three", "24",       "would", "it",  "has",    "had",      "us",
    "sorry", "caf\xc3\xa9", "fault", "delay", "relax", "whatever", "no",    "sms", "going",  "to"};
enum { WORDS = sizeof vocabulary / sizeof *vocabulary };

static void add_phrase(struct text *t, struct random *r, int depth)
{
    uint32_t n = 1 + pick(r, depth == 0 ? 3 : 2);
    for (uint32_t i = 0; i < n; i++) {
        const char *word = vocabulary[pick(r, WORDS)];
        switch (depth > 1 ? 0 : pick(r, 16)) {
        case 0:
        case 1:
        case 2:
        case 3:
        case 4:
        case 5:
            add(t, word);
            break;
        case 6:
            add(t, "~");
            add(t, word);
            break;
        case 7:
            add(t, pick(r, 2) ? "escal*" : "del*");
            break;
        case 8:
            add(t, pick(r, 2) ? "<reason>" : "<whom>");
            break;
        case 9:
            add(t, pick(r, 2) ? "<number>" : "<word>");
            break;
        case 10:
            add(t, pick(r, 2) ? "that's" : "can't");
            break;
        case 11:
            add(t, word);
            add(t, pick(r, 2) ? " ... " : " ...1 ");
            add(t, vocabulary[pick(r, WORDS)]);
            break;
        default:
            add(t, "(");
            for (uint32_t k = 1 + pick(r, 3); k > 0; k--) {
                add_phrase(t, r, depth + 1);
                add(t, k > 1 ? " | " : ")");
            }
            add(t, pick(r, 2) ? "?" : "");
        }
        add(t, " ");
    }
    if (depth == 0) /* something that must be said, and now and then a place */
        add(t, pick(r, 8) ? vocabulary[pick(r, WORDS)] : pick(r, 2) ? "you <end>" : "(you | <end>) no");
}

static void add_rules(struct text *t, struct random *r, uint32_t phrases)
{
    char id[128];
    add(t, "format: 1\npack: test\nlists:\n  reason:\n    - policy\n    - the (rules | ~try)\n  whom:\n    - you\n    "
           "- <reason> "
           "us\n    - <number>\nrules:\n");
    for (uint32_t rule = 0; phrases > 0; rule++) {
        snprintf(id, sizeof id, "  - id: r%u\n    category: tone\n    message: m\n    speaker: either\n    says:\n",
                 rule);
        add(t, id);
        for (uint32_t k = 1 + pick(r, 8); k > 0 && phrases > 0; k--, phrases--) {
            add(t, "      - ");
            add_phrase(t, r, 0);
            add(t, "\n");
        }
        if (pick(r, 4) == 0) {
            add(t, pick(r, 2) ? "    not_in:\n      - " : "    unless:\n      - ");
            add_phrase(t, r, 0);
            add(t, "\n");
        }
    }
}

static void make_line(char *line, size_t room, struct random *r)
{
    static const char *const heard[] = {"um",     "you're", "can't", "that's", "escalation", "delays",
                                        "trying", "s m s",  "R.M.A", "it'd",   "****",       "twenty"};
    size_t n = 0;
    for (uint32_t k = pick(r, 24); k > 0; k--)
        n += (size_t)snprintf(line + n, room - n, "%s ",
                              pick(r, 5) == 0 ? heard[pick(r, sizeof heard / sizeof *heard)]
                                              : vocabulary[pick(r, WORDS)]);
    line[n] = '\0';
}

static size_t compare(struct ruletest *t, const char *line, coach_role role, uint64_t seed)
{
    const struct hit *hits;
    size_t n = ruletest_scan(t, line, role, &hits), at = 0;
    for (size_t i = 0; i < ruleset_count(t->set); i++) {
        const struct rule *rule = ruleset_rule(t->set, i);
        struct hit want;
        bool some = false, found = at < n && hits[at].rule == rule;
        for (size_t k = 0; found && k < scanner_part_count(t->set, rule, SCANNER_SAYS); k++)
            some = scanner_part_matches(t->scanner, t->set, rule, SCANNER_SAYS, k, &t->words) || some;
        bool heard = (rule->speaker == RULE_EITHER || (rule->speaker == RULE_AGENT) == (role == COACH_ROLE_AGENT)) &&
                     rule->mode != RULE_DISABLED;
        if (rule->is_swap) { /* one hit for each term */
            while (at < n && hits[at].rule == rule)
                at++;
            suite_assert(found ? some : true, "seed %llu: %s on '%s'", (unsigned long long)seed, rule->id, line);
            continue;
        }
        bool fires = heard && scanner_rule(t->scanner, t->set, rule, &t->words, &want) == SCANNER_HIT;
        suite_assert(found == fires && (some || !found), "seed %llu: %s on '%s': found %d, wanted %d",
                     (unsigned long long)seed, rule->id, line, found, fires);
        if (found) {
            ck_assert_uint_eq(hits[at].span.from, want.span.from);
            ck_assert_uint_eq(hits[at].span.to, want.span.to);
            ck_assert_int_eq(hits[at].phrase, want.phrase);
        }
        at += found;
    }
    while (at < n && hits[at].rule->is_signal) /* these come after the rules */
        at++;
    ck_assert_uint_eq(at, n);
    return n;
}

START_TEST(the_prefilter_finds_what_trying_every_phrase_finds)
{
    static const uint32_t phrases[] = {50, 100, 200, 500, 1000};
    static struct text text;
    struct random r = {(uint64_t)_i * 7919 + 1};
    struct ruletest t;
    char line[1024];
    size_t hits = 0;
    text.len = 0;
    add_rules(&text, &r, phrases[_i]);
    ruletest_good(&t, text.s);
    ck_assert_uint_ge(ruleset_phrases(t.set), phrases[_i]);
    for (int i = 0; i < 200; i++) {
        make_line(line, sizeof line, &r);
        hits += compare(&t, line, i % 2 ? COACH_ROLE_AGENT : COACH_ROLE_CUSTOMER, (uint64_t)_i);
    }
    ck_assert_uint_gt(hits, 50); /* they do meet */
    ck_assert_uint_eq(scanner_limit_hits(t.scanner), 0);
    ruletest_clear(&t);
}
END_TEST

/* The shipped pack over the words of its own examples and of the sample calls. */
START_TEST(the_prefilter_is_right_on_the_shipped_pack)
{
    struct source files[RULETEST_FILES] = {0};
    char name[512];
    size_t n = 0, hits = 0, lines = 0;
    struct ruletest t;
    DIR *dir = opendir(SOURCE_DIR "/rules/core-en");
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (strstr(e->d_name, ".yaml") == NULL)
            continue;
        ck_assert_uint_lt(n, RULETEST_FILES);
        snprintf(name, sizeof name, SOURCE_DIR "/rules/core-en/%s", e->d_name);
        files[n].name = "core-en";
        files[n].text = ruletest_read(name, &files[n].len);
        n++;
    }
    closedir(dir);
    ruletest_build_files(&t, files, n);
    ck_assert_msg(t.rc == COACH_OK, "%s", ruletest_problems(&t));
    for (size_t i = 0; i < n; i++)
        for (const char *p = files[i].text; p != NULL && *p != '\0'; p = strchr(p, '\n')) {
            char line[1024];
            p += strspn(p, " -\n");
            size_t len = strcspn(p, "\n");
            snprintf(line, sizeof line, "%.*s", (int)(len < 1000 ? len : 1000), p);
            if (lines++ % SUITE_SHARE == 0)
                hits += compare(&t, line, lines % 4 ? COACH_ROLE_AGENT : COACH_ROLE_CUSTOMER, 0);
        }
    ck_assert_uint_gt(lines, 500);
    ck_assert_uint_gt(hits, 100 / SUITE_SHARE);
    for (size_t i = 0; i < n; i++)
        free((char *)files[i].text);
    ruletest_clear(&t);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("scanner");
    TCase *t = tcase_create("scanner");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, a_rule_says_why_it_is_silent, 0, RULETEST_ROWS(rows));
    tcase_add_test(t, the_match_quoted_after_an_exception_is_the_free_one);
    tcase_add_loop_test(t, what_was_heard_before_is_not_heard_again, 0, RULETEST_ROWS(seams));
    tcase_add_loop_test(t, a_rule_hears_its_speaker_and_a_disabled_one_nobody, 0, RULETEST_ROWS(speakers));
    tcase_add_test(t, a_swap_rule_reports_each_term_with_its_plain_words);
    tcase_add_test(t, lists_that_a_message_quotes_are_captured);
    tcase_add_test(t, rules_speak_in_the_order_of_their_files);
    tcase_add_test(t, one_scanner_serves_any_number_of_rule_sets_in_turn);
    suite_add_tcase(s, t);
    TCase *large = tcase_create("prefilter");
    tcase_set_timeout(large, 300);
    tcase_set_tags(large, "large");
    tcase_add_loop_test(large, the_prefilter_finds_what_trying_every_phrase_finds, 0, 5);
    tcase_add_test(large, the_prefilter_is_right_on_the_shipped_pack);
    tcase_add_test(large, a_line_of_nothing_but_exceptions_takes_time_in_its_length);
    suite_add_tcase(s, large);
    return suite_run(s);
}
