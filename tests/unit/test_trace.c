#include "lib/rules/trace.h"

#include <glob.h>

#include "lib/eval/recording.h"
#include "lib/rules/anatomy.h"
#include "lib/rules/sample.h"
#include "tests/support/ruletest.h"

/* A rule set with the trees of its rules. */
struct both {
    struct ruletest t;
    struct anatomy a;
};

static void open_files(struct both *b, const struct source *files, size_t n)
{
    ruletest_build_files(&b->t, files, n);
    ck_assert_msg(b->t.rc == COACH_OK, "%s", ruletest_problems(&b->t));
    ck_assert_int_eq(anatomy_read(&b->a, b->t.files, n, &b->t.language, 1), COACH_OK);
}

static void open_text(struct both *b, const char *text)
{
    open_files(b, &(struct source){"a.yaml", text, strlen(text)}, 1);
}

static void close_both(struct both *b)
{
    anatomy_clear(&b->a);
    ruletest_clear(&b->t);
}

static size_t captures_of(const struct both *b, const struct rule *rule, const char *captures[SCANNER_CAPTURES])
{
    size_t n = 0;
    while (n < SCANNER_CAPTURES && (captures[n] = scanner_capture_name(b->t.set, rule, n)) != NULL)
        n++;
    return n;
}

/* Pairs of a phrase and a line on which walk and pattern were compared. */
struct tally {
    size_t pairs, matches, lacking;
};

/* The phrase on the line that was heard: walk, pattern and prefilter must agree. */
static void compare(struct both *b, const struct rule *rule, enum scanner_part part, size_t i, struct tally *tally)
{
    const struct def_phrase *def = &anatomy_part(anatomy_rule(&b->a, rule->id), part)->items[i];
    const char *captures[SCANNER_CAPTURES];
    size_t ncaptures = captures_of(b, rule, captures);
    struct trace trace;
    struct required_set set;
    bool lacks;
    uint64_t limited = scanner_limit_hits(b->t.scanner);
    bool matches = scanner_part_matches(b->t.scanner, b->t.set, rule, part, i, &b->t.words);
    int rc = trace_phrase(&b->a.context, &def->tree, captures, ncaptures, &b->t.words, &trace);
    suite_assert(rc == COACH_OK, "trace_phrase gives %d", rc);
    if (scanner_limit_hits(b->t.scanner) > limited)
        return; /* the pattern was given up */
    suite_assert(trace.matches == matches, "'%s' on '%s': the pattern %s, the walk %s", def->node->text,
                 b->t.words.line.data, matches ? "matches" : "does not match", trace.matches ? "does" : "does not");
    rc = trace_lacks(&b->a.context, &def->tree, &b->t.words, &lacks, &set);
    suite_assert(rc == COACH_OK, "trace_lacks gives %d", rc);
    suite_assert(!matches || !lacks, "'%s' on '%s': passed over", def->node->text, b->t.words.line.data);
    suite_assert(matches || b->t.words.count == 0 || trace.wanted_count > 0, "'%s' on '%s': nothing wanted",
                 def->node->text, b->t.words.line.data);
    tally->pairs++;
    tally->matches += matches;
    tally->lacking += lacks;
}

/* --- how far a phrase gets --- */

#define HEAD                                                                                                           \
    "format: 1\npack: test\nlists:\n  reason:\n    - policy\n    - the (rules | terms)\nrules:\n"                      \
    "  - id: a\n    category: tone\n    message: m\n    says:\n      - "

static const struct {
    const char *phrase, *line;
    const char *met;    /* the words it got through */
    const char *wanted; /* what it asked for then, joined by ',' */
} halts[] = {
    {"you need to (calm | settle | quiet) down", "sir you need to come down", "you need to", "calm,settle,quiet"},
    {"you need to calm down", "have a nice day", "", "you"},
    {"you need to calm down", "you need a break, you need to rest", "you need to", "calm"},
    {"you need to calm down", "you um need er you know to um rest", "you um need er you know to um", "calm"},
    {"calm ...2 down", "calm the whole of it down", "calm", "down"},
    {"you must (just)? (please)? stop", "you must just sit", "you must just", "please,stop"},
    {"~go there now", "he went there", "went there", "now"},
    {"your ~escalate", "your call", "your", "~escalate"},
    {"an escalat*", "an error", "an", "escalat*"},
    {"the RMA number", "the r m number", "the r m", "a"},
    {"the RMA number", "the number", "the", "rma"},
    {"in <number> days", "in some days", "in", "<number>"},
    {"my <word>", "it is my", "my", "<word>"},
    {"<start> relax", "just relax", "", "relax"},
    {"say <start> relax", "just say relax", "say", "<start>"},
    {"that is all <end>", "that's all we do", "that 's all", "<end>"},
    {"against <reason>", "against the law", "against the", "rules,terms"},
    {"against <reason>", "against it", "against", "policy,the"},
    {"calm calm calm down", "calm um calm", "calm um calm", "calm"},
};

START_TEST(a_phrase_that_does_not_match_says_how_far_it_came_and_what_it_wanted)
{
    char text[1000];
    struct both b;
    struct trace trace;
    snprintf(text, sizeof text, "%s%s\n", HEAD, halts[_i].phrase);
    open_text(&b, text);
    ruletest_hear(&b.t, halts[_i].line);
    const struct def_phrase *def = &anatomy_rule(&b.a, "a")->says.items[0];
    ck_assert_int_eq(trace_phrase(&b.a.context, &def->tree, NULL, 0, &b.t.words, &trace), COACH_OK);
    ck_assert(!trace.matches);
    const struct words *w = &b.t.words;
    char met[200] = "";
    for (size_t i = trace.from; i < trace.to; i++)
        snprintf(met + strlen(met), sizeof met - strlen(met), "%s%.*s", i > trace.from ? " " : "", (int)w->items[i].len,
                 w->line.data + w->items[i].at);
    ck_assert_str_eq(met, halts[_i].met);
    struct buf wanted;
    buf_init(&wanted, 0);
    for (size_t i = 0; i < trace.wanted_count; i++) {
        ck_assert_int_eq(buf_adds(&wanted, i > 0 ? "," : ""), COACH_OK);
        ck_assert_int_eq(trace_write_wanted(&trace.wanted[i], &wanted), COACH_OK);
    }
    ck_assert_str_eq(wanted.data, halts[_i].wanted);
    buf_clear(&wanted);
    close_both(&b);
}
END_TEST

static const struct {
    const char *phrase, *line, *lacks; /* a word of the set that is not met; NULL: none */
} filtered[] = {
    {"you need to (calm | settle) down", "you need to come down", "calm"},
    {"you need to (calm | settle) down", "you need to settle", "down"},
    {"you need to (calm | settle) down", "down with it, settle what you need to", NULL},
    {"an escalat*", "an error", "escalat"},
    {"an escalat*", "an escalation", NULL},
    {"(please)? <word>", "anything", NULL},
};

START_TEST(the_word_for_want_of_which_a_phrase_is_passed_over_is_named)
{
    char text[1000];
    struct both b;
    struct required_set set = {0};
    bool lacks, named = false;
    snprintf(text, sizeof text, "%s%s\n", HEAD, filtered[_i].phrase);
    open_text(&b, text);
    ruletest_hear(&b.t, filtered[_i].line);
    const struct def_phrase *def = &anatomy_rule(&b.a, "a")->says.items[0];
    ck_assert_int_eq(trace_lacks(&b.a.context, &def->tree, &b.t.words, &lacks, &set), COACH_OK);
    ck_assert_int_eq(lacks, filtered[_i].lacks != NULL);
    for (size_t i = 0; lacks && i < set.count; i++)
        named = named || strcmp(set.words[i].text, filtered[_i].lacks) == 0;
    ck_assert_int_eq(named, lacks);
    close_both(&b);
}
END_TEST

/* --- agreement with the compiled pattern --- */

static uint64_t state;

static size_t below(size_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(state >> 33) % n;
}

static const char *const atoms[] = {
    "calm",     "down",   "you",   "is",      "that's", "~be",      "~go",        "esc*",    "cal*", "RMA",    "m a",
    "<number>", "<word>", "<end>", "<start>", "i",      "<reason>", "<x:reason>", "<empty>", "um",   "policy", "to"};

static void put_random(char *out, size_t size, int depth)
{
    for (size_t n = 1 + below(depth == 0 ? 5 : 3), i = 0; i < n; i++) {
        size_t used = strlen(out), what = below(10);
        if (what < 3 && depth < 3) {
            snprintf(out + used, size - used, "(");
            for (size_t k = 1 + below(3); k > 0; k--) {
                put_random(out, size, depth + 1);
                used = strlen(out);
                snprintf(out + used, size - used, "%s", k > 1 ? " | " : below(2) == 0 ? ")? " : ") ");
            }
        } else if (what == 3) {
            snprintf(out + used, size - used, "calm ...%zu down ", 1 + below(4));
        } else {
            snprintf(out + used, size - used, "%s ", atoms[below(sizeof atoms / sizeof *atoms)]);
        }
    }
}

static const char *const said[] = {"calm",     "down",    "you",  "is",     "'s",     "was",  "go",     "went",
                                   "escalate", "calming", "rma",  "r",      "m",      "a",    "um",     "uh",
                                   "you know", "i mean",  "i",    "3",      "twenty", "four", "policy", "the rules",
                                   "[NAME]",   "to",      "that", "that's", "be",     "x"};

/* A line near the sentence: words left out, said twice, replaced, fillers put in. */
static void put_near(const char *sentence, char *out, size_t size)
{
    char words[2000];
    snprintf(words, sizeof words, "%s", sentence);
    out[0] = '\0';
    for (char *save, *word = strtok_r(words, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        size_t used = strlen(out), what = below(24);
        const char *other = said[below(sizeof said / sizeof *said)];
        if (what == 0)
            continue;
        if (what < 4)
            for (size_t n = below(3) == 0 ? 2 + below(8) : 2; n > 0; n--)
                snprintf(out + strlen(out), size - strlen(out), "%s %s", word, below(4) == 0 ? "um " : "");
        else if (what < 6)
            snprintf(out + used, size - used, "%s %s ", other, word);
        else if (what == 6)
            snprintf(out + used, size - used, "%s ", other);
        else if (what < 10)
            snprintf(out + used, size - used, "%s %s ", word, below(2) == 0 ? "um uh" : "you know");
        else
            snprintf(out + used, size - used, "%s ", word);
    }
}

enum { BATCHES = 24, PHRASES = 40, LINES = 40 };

/* A pack of random phrases, those that the parser refuses left out. */
static void write_pack(char *out, size_t size)
{
    static const char head[] =
        "format: 1\npack: test\nlists:\n  reason:\n    - policy\n    - the (rules)?\n    - (a | "
        "calm)? to\n    - you (um)? know\n  empty:\n    - <reason> is\n    - <start> calm\n"
        "rules:\n  - id: a\n    category: tone\n    message: m {x}\n    says:\n      - <x:reason>"
        " down\n";
    struct both b;
    open_text(&b,
              "format: 1\npack: test\nrules:\n  - id: a\n    category: tone\n    message: m\n    says:\n      - a b\n");
    snprintf(out, size, "%s", head);
    for (size_t n = 0; n < PHRASES;) {
        char phrase[1000] = "";
        struct phrase tree;
        struct diags problems;
        put_random(phrase, sizeof phrase, 0);
        struct source source = {"phrase", phrase, strlen(phrase)};
        struct yaml_node node = {
            .kind = YAML_SCALAR, .at = {&source, 1, 1, 1}, .to = source.len, .text = phrase, .len = source.len};
        diags_init(&problems);
        if (phrase_parse(&node, &b.a.language, &b.a.memory, &tree, &problems) == COACH_OK) {
            size_t used = strlen(out);
            snprintf(out + used, size - used, "      - %s\n", phrase);
            n++;
        }
        diags_clear(&problems);
    }
    close_both(&b);
}

START_TEST(walk_and_pattern_agree_on_random_phrases_and_lines_near_them)
{
    static char pack[PHRASES * 1100 + 1000];
    struct tally tally = {0};
    struct both b;
    state = 20261 + (uint64_t)_i;
    write_pack(pack, sizeof pack);
    open_text(&b, pack);
    const struct rule *rule = ruleset_find(b.t.set, "a");
    const struct def_phrases *says = &anatomy_rule(&b.a, "a")->says;
    struct sampler sampler;
    struct buf sentence;
    sampler_init(&sampler, &b.a.context, state);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        ck_assert_int_eq(sampler_learn(&sampler, said[i]), COACH_OK);
    buf_init(&sentence, 1500);
    for (size_t i = 0; i < says->count; i++)
        for (size_t k = 0; k < LINES; k++) {
            char line[4000];
            buf_reset(&sentence);
            ck_assert_int_eq(sample_phrase(&sampler, &says->items[i].tree, &sentence), COACH_OK);
            put_near(sentence.data == NULL ? "" : sentence.data, line, sizeof line);
            ruletest_hear(&b.t, line);
            compare(&b, rule, SCANNER_SAYS, i, &tally);
            compare(&b, rule, SCANNER_SAYS, below(says->count), &tally);
        }
    if (_i == 0)
        printf("%zu pairs in one batch of %d: %zu match, %zu are passed over\n", tally.pairs, BATCHES, tally.matches,
               tally.lacking);
    ck_assert_uint_gt(tally.matches, tally.pairs / 10); /* neither answer is rare */
    ck_assert_uint_gt(tally.pairs - tally.matches, tally.pairs / 10);
    buf_clear(&sentence);
    close_both(&b);
}
END_TEST

static const struct {
    const char *phrase, *line;
    bool matches;
} oddities[] = {
    /* a list that is quoted keeps its own fillers apart from those that follow it */
    {"<x:odd> down", "policy um uh um down", true},
    {"<x:odd> down", "policy um uh um uh um uh down", true},
    {"<odd> down", "policy um uh um down", true},
    {"<odd> down", "policy um uh um uh um uh down", false},
    {"in <number> days", "in one two three four five six seven eight days", true},
    {"in <number> days", "in one two three four five six seven eight nine days", false},
    {"calm ...2 down", "calm **** down", false},
    {"calm <word> down", "calm **** down", true},
    {"i calm <end>", "i calm um calm um", true},
    {"i calm <end>", "i calm um calm it", false},
    {"i am", "i mean i mean i mean i am", true},
};

START_TEST(walk_and_pattern_agree_where_it_is_odd)
{
    char text[1000];
    struct both b;
    struct tally tally = {0};
    snprintf(text, sizeof text,
             "format: 1\npack: test\nlists:\n  odd:\n    - policy ((is)? | (was)?)\nrules:\n  - id: a\n    category: "
             "tone\n    message: '{x}'\n    says:\n      - <x:odd> it\n      - %s\n",
             oddities[_i].phrase);
    open_text(&b, text);
    ruletest_hear(&b.t, oddities[_i].line);
    compare(&b, ruleset_find(b.t.set, "a"), SCANNER_SAYS, 1, &tally);
    ck_assert_uint_eq(tally.pairs, 1);
    ck_assert_uint_eq(tally.matches, oddities[_i].matches);
    close_both(&b);
}
END_TEST

/* --- the shipped pack over calls --- */

static void open_shipped(struct both *b, char *texts[RULETEST_FILES], glob_t *found)
{
    struct source files[RULETEST_FILES];
    ck_assert_int_eq(glob(SOURCE_DIR "/rules/core-en/*.yaml", 0, NULL, found), 0);
    ck_assert_uint_le(found->gl_pathc, RULETEST_FILES);
    for (size_t i = 0; i < found->gl_pathc; i++) {
        files[i].name = found->gl_pathv[i];
        files[i].text = texts[i] = ruletest_read(found->gl_pathv[i], &files[i].len);
    }
    open_files(b, files, found->gl_pathc);
}

static void compare_rules(struct both *b, struct tally *tally)
{
    static const enum scanner_part parts[] = {SCANNER_SAYS, SCANNER_PART_NOT_IN, SCANNER_PART_UNLESS};
    for (size_t r = 0; r < ruleset_count(b->t.set); r++) {
        const struct rule *rule = ruleset_rule(b->t.set, r);
        for (size_t p = 0; p < 3; p++)
            for (size_t i = 0; i < anatomy_part(anatomy_rule(&b->a, rule->id), parts[p])->count; i++)
                compare(b, rule, parts[p], i, tally); /* a regular expression is no phrase */
    }
}

static void on_problem(void *user, uint64_t line, const char *code, const char *message)
{
    (void)user, (void)line, (void)code, (void)message;
}

/* Every `nth` line of the calls that the pattern names. */
static void compare_calls(struct both *b, const char *pattern, size_t nth, struct tally *tally)
{
    glob_t found;
    size_t lines = 0;
    if (glob(pattern, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        size_t len;
        char *text = ruletest_read(found.gl_pathv[i], &len);
        struct recording r = {0};
        ck_assert_int_eq(recording_read(&r, text, len, on_problem, NULL), COACH_OK);
        for (size_t k = 0; k < r.count; k++) {
            if (r.events[k].type != WIRE_TRANSCRIPT || lines++ % nth != 0)
                continue;
            ck_assert_int_eq(words_read(&b->t.words, &b->a.language, r.events[k].text.s, r.events[k].text.len),
                             COACH_OK);
            compare_rules(b, tally);
        }
        recording_clear(&r);
        free(text);
    }
    globfree(&found);
}

static const struct {
    const char *calls;
    size_t nth;
    bool bundled;
} samples[] = {
    {SOURCE_DIR "/tests/cases/*.ndjson", 1, true},
    {SOURCE_DIR "/../shared/samples/calls/harpervalley.ndjson", 2, false},
    {SOURCE_DIR "/../shared/samples/coaching/calls/*.ndjson", 37, false},
};

START_TEST(walk_and_pattern_agree_on_the_shipped_pack_over_calls)
{
    struct both b;
    struct tally tally = {0};
    char *texts[RULETEST_FILES] = {0};
    glob_t found;
    open_shipped(&b, texts, &found);
    compare_calls(&b, samples[_i].calls, samples[_i].nth * SUITE_SHARE, &tally);
    if (tally.pairs == 0)
        printf("skipped: %s is not beside the source tree\n", samples[_i].calls);
    else
        printf("%zu pairs, %zu match, %zu are passed over\n", tally.pairs, tally.matches, tally.lacking);
    ck_assert(tally.pairs > 0 || !samples[_i].bundled);
    close_both(&b);
    for (size_t i = 0; i < RULETEST_FILES; i++)
        free(texts[i]);
    globfree(&found);
}
END_TEST

/* --- sentences --- */

START_TEST(sentences_of_the_shipped_pack_are_matched_by_the_phrase_they_were_made_from)
{
    struct both b;
    char *texts[RULETEST_FILES] = {0};
    glob_t found;
    struct sampler sampler;
    struct buf sentence;
    size_t matched = 0, made = 0;
    open_shipped(&b, texts, &found);
    sampler_init(&sampler, &b.a.context, 1);
    sampler_learn_common(&sampler);
    buf_init(&sentence, 1500);
    for (size_t r = 0; r < ruleset_count(b.t.set); r++) {
        const struct rule *rule = ruleset_rule(b.t.set, r);
        const struct def_phrases *says = anatomy_part(anatomy_rule(&b.a, rule->id), SCANNER_SAYS);
        for (size_t i = 0; i < says->count; i++) {
            bool done = false; /* "COS" is heard as "because", "c o s" is not */
            for (size_t k = 0; k < 5 && !done; k++) {
                buf_reset(&sentence);
                ck_assert_int_eq(sample_phrase(&sampler, &says->items[i].tree, &sentence), COACH_OK);
                ruletest_hear(&b.t, sentence.data);
                done = scanner_part_matches(b.t.scanner, b.t.set, rule, SCANNER_SAYS, i, &b.t.words);
            }
            made++;
            matched += done;
        }
    }
    ck_assert_msg(matched == made, "%zu of %zu", matched, made);
    buf_clear(&sentence);
    close_both(&b);
    for (size_t i = 0; i < RULETEST_FILES; i++)
        free(texts[i]);
    globfree(&found);
}
END_TEST

static void sample_some(uint64_t seed, struct buf *out)
{
    struct both b;
    struct sampler sampler;
    open_text(&b, HEAD "(that's | 'tis) RMA ...2 escalat* ~go <number> (really)? <reason> <word>\n");
    sampler_init(&sampler, &b.a.context, seed);
    ck_assert_int_eq(sampler_learn(&sampler, "We escalated it."), COACH_OK);
    for (size_t i = 0; i < 20; i++) {
        ck_assert_int_eq(sample_phrase(&sampler, &anatomy_rule(&b.a, "a")->says.items[0].tree, out), COACH_OK);
        ck_assert_int_eq(buf_adds(out, "\n"), COACH_OK);
    }
    close_both(&b);
}

START_TEST(a_seed_gives_the_same_sentences_again_and_another_gives_others)
{
    struct buf one, again, other;
    buf_init(&one, 0);
    buf_init(&again, 0);
    buf_init(&other, 0);
    sample_some(7, &one);
    sample_some(7, &again);
    sample_some(8, &other);
    ck_assert_str_eq(one.data, again.data);
    ck_assert_str_ne(one.data, other.data);
    ck_assert_ptr_nonnull(strstr(one.data, "escalated"));
    buf_clear(&one);
    buf_clear(&again);
    buf_clear(&other);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("trace");
    TCase *halt = tcase_create("how far a phrase gets");
    tcase_add_loop_test(halt, a_phrase_that_does_not_match_says_how_far_it_came_and_what_it_wanted, 0,
                        RULETEST_ROWS(halts));
    tcase_add_loop_test(halt, the_word_for_want_of_which_a_phrase_is_passed_over_is_named, 0, RULETEST_ROWS(filtered));
    suite_add_tcase(s, halt);
    TCase *agree = tcase_create("agreement with the pattern");
    tcase_set_timeout(agree, 300);
    tcase_add_loop_test(agree, walk_and_pattern_agree_where_it_is_odd, 0, RULETEST_ROWS(oddities));
    suite_add_tcase(s, agree);
    TCase *large = tcase_create("agreement on many lines");
    tcase_set_timeout(large, 300);
    tcase_set_tags(large, "large");
    tcase_add_loop_test(large, walk_and_pattern_agree_on_random_phrases_and_lines_near_them, 0, BATCHES / SUITE_SHARE);
    tcase_add_loop_test(large, walk_and_pattern_agree_on_the_shipped_pack_over_calls, 0, RULETEST_ROWS(samples));
    tcase_add_test(large, sentences_of_the_shipped_pack_are_matched_by_the_phrase_they_were_made_from);
    suite_add_tcase(s, large);
    TCase *sentences = tcase_create("sentences");
    tcase_set_timeout(sentences, 60);
    tcase_add_test(sentences, a_seed_gives_the_same_sentences_again_and_another_gives_others);
    suite_add_tcase(s, sentences);
    return suite_run(s);
}
