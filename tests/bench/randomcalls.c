/* Holds the engine's conversations against the reference evaluator: random rule sets over random calls, and every small
 * call over a small alphabet. What stands at the end of a call must be the same (rule, line) pairs in both.
 *
 *     randomcalls [--events N] [--seed N] [--one-in N] [--show N] [--leave-out WORDS]
 *
 * N events (lines and ends of calls) at least, 100,000 unless said otherwise; of the small calls of five lines one in N
 * (7) is run, of the shorter ones every one. The first differences (1; 0: all are counted, none is printed) are
 * printed, each with the call cut down to what it takes, in the form that tests/unit/test_sentences.c reads; the exit
 * status is then 1. To narrow a fault down, calls can be made without some of: late (lines that arrive late), interims,
 * over (lines that begin before the last has ended), ties (times on a coarse grid), ends (calls that end soon after
 * their last line), system, limits. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/error.h"
#include "tests/support/callscript.h"

enum { VERBS = WHEN_QUESTIONS + 1, CALLS_PER_SET = 400, MOST_SMALL = 5 };

static const char *const verb_names[VERBS] = {"after",   "at",        "sequence", "count",    "overlap",
                                              "silence", "monologue", "pace",     "questions"};

#define SIGNALS                                                                                                        \
    "alpha | beta | gamma agent | delta customer | epsilon: zip zap | often = count: alpha; at_least: 2; within: 20s " \
    "| "                                                                                                               \
    "missed = at: gamma; without: beta; since: 3 turns"

static const char *left_out; /* words */
static bool count_only;
static uint64_t state;   /* of the random numbers */
static uint64_t seed;    /* of what is being run, for reports */
static uint64_t to_show; /* differences that are still printed */
static uint64_t events, calls, findings[VERBS], differences;
static struct engine *engine;

static uint32_t pick(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

static bool goes_on(void)
{
    return count_only || to_show > 0;
}

static bool is_left_out(const char *word)
{
    return strstr(left_out, word) != NULL;
}

static bool one_in(uint32_t n)
{
    return pick(n) == 0;
}

static _Noreturn void stop(const char *what)
{
    fprintf(stderr, "randomcalls: %s\n", what);
    exit(2);
}

/* --- comparing --- */

struct setting {
    struct callscript_rules rules;
    struct ruleset *set;
    bool reported[REFERENCE_RULES]; /* one difference of a rule is enough */
};

static void start_setting(struct setting *s)
{
    s->set = callscript_compile(&s->rules);
    memset(s->reported, 0, sizeof s->reported);
}

static void end_setting(struct setting *s)
{
    ruleset_unref(s->set);
    callscript_clear(&s->rules);
}

static size_t of_rule(const struct reference_findings *all, size_t rule, struct reference_findings *ret)
{
    ret->count = 0;
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].rule == rule)
            ret->items[ret->count++] = all->items[i];
    return ret->count;
}

static struct reference_findings by_engine, by_reference;

static bool run_both(const struct setting *s, const struct reference_call *call, const struct callscript_manner *manner)
{
    reference_run(&s->rules.meaning, call, &by_reference);
    return callscript_engine(engine, s->set, call, manner, &by_engine);
}

/* Whether they differ about this rule. */
static bool differs(const struct setting *s, const struct reference_call *call, const struct callscript_manner *manner,
                    size_t rule)
{
    static struct reference_findings a, b;
    bool once = run_both(s, call, manner);
    of_rule(&by_engine, rule, &a);
    of_rule(&by_reference, rule, &b);
    return !once || !callscript_same(&a, &b);
}

static void drop_line(struct reference_call *call, size_t line)
{
    memmove(&call->lines[line], &call->lines[line + 1], (--call->count - line) * sizeof *call->lines);
}

/* Takes the word at `at` out of a text with more than one; false when there is none. */
static bool drop_word(char *text, size_t number)
{
    char *word = text;
    for (; number > 0 && word != NULL; number--)
        word = strchr(word, ' ') == NULL ? NULL : strchr(word, ' ') + 1;
    if (word == NULL || *word == '\0' || strchr(text, ' ') == NULL)
        return false;
    size_t len = strcspn(word, " ");
    if (word[len] == ' ')
        memmove(word, word + len + 1, strlen(word + len + 1) + 1);
    else
        word[-1] = '\0';
    return true;
}

/* Cuts the call down while they differ. */
static void shrink(const struct setting *s, struct reference_call *call, struct callscript_manner *manner, size_t rule)
{
    bool smaller = true;
    while (smaller) {
        smaller = false;
        for (size_t way = 0; way < 5; way++)
            for (size_t i = 0; i < call->count; i++)
                for (size_t word = 0; word < (way == 1 ? 24 : 1); word++) {
                    struct reference_call less = *call;
                    struct callscript_manner plain = *manner;
                    if (way == 0)
                        drop_line(&less, i);
                    else if (way == 1 && !drop_word(less.lines[i].text, word))
                        break;
                    else if (way == 2 && less.away_count > 0)
                        less.away_count--;
                    else if (way == 3 && (plain.sleepy || plain.restless || plain.interims))
                        plain = (struct callscript_manner){0};
                    else if (way == 4 && less.lines[i].start_ms != COACH_NO_TIME &&
                             less.lines[i].arrival_ms != less.lines[i].end_ms)
                        less.lines[i].arrival_ms = less.lines[i].end_ms;
                    else if (way != 1)
                        continue;
                    if (!differs(s, &less, &plain, rule))
                        continue;
                    *call = less;
                    *manner = plain;
                    smaller = true;
                    i -= i > 0 && way == 0;
                }
    }
}

static void print_lines(const char *who, const struct reference_findings *all, size_t rule)
{
    printf("  %-9s:", who);
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].rule == rule)
            printf(" line %zu (decided at %g s)", all->items[i].line + 1, (double)all->items[i].decided_ms / 1000);
    printf("\n");
}

/* Whether the rule names a signal that has a condition of its own. */
static bool names_condition(const struct callscript_rules *rules, size_t rule)
{
    for (size_t i = 0; i < rules->meaning.signal_count; i++)
        if (rules->meaning.signals[i].has_when && strstr(rules->texts[rule], rules->meaning.signals[i].name) != NULL)
            return true;
    return false;
}

static void report(struct setting *s, const struct reference_call *found, const struct callscript_manner *how,
                   size_t rule)
{
    struct reference_call call = *found;
    struct callscript_manner manner = *how;
    struct buf text;
    s->reported[rule] = true;
    to_show--;
    shrink(s, &call, &manner, rule);
    bool once = run_both(s, &call, &manner);
    buf_init(&text, 0);
    callscript_write(&call, &text);
    const char *signals = names_condition(&s->rules, rule) ? SIGNALS " => " : "";
    printf("difference, seed %llu:\n  rule     : %s%s\n  call     : %s\n  manner   :%s%s%s%s\n",
           (unsigned long long)seed, signals, s->rules.texts[rule], text.data, manner.sleepy ? " sleepy" : "",
           manner.restless ? " restless" : "", manner.interims ? " interims" : "", once ? "" : " (found one twice)");
    print_lines("reference", &by_reference, rule);
    print_lines("engine", &by_engine, rule);
    buf_clear(&text);
    fflush(stdout);
}

static void compare(struct setting *s, const struct reference_call *call, const struct callscript_manner *manner)
{
    bool once = run_both(s, call, manner);
    events += call->count + 1;
    calls++;
    for (size_t i = 0; i < by_reference.count; i++)
        findings[s->rules.meaning.rules[by_reference.items[i].rule].when.verb]++;
    if (once && callscript_same(&by_engine, &by_reference))
        return;
    differences++;
    for (size_t rule = 0; rule < s->rules.meaning.rule_count && to_show > 0; rule++)
        if (!s->reported[rule] && differs(s, call, manner, rule))
            report(s, call, manner, rule);
}

/* --- random rules --- */

static const char *any(const char *const *list, size_t n)
{
    return list[pick((uint32_t)n)];
}
#define ANY(...) any((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static const char *any_signal(void)
{
    return ANY("alpha", "beta", "gamma", "delta", "epsilon", "alpha", "beta", "often", "missed");
}

static const char *any_time(void)
{
    return ANY("1s", "2s", "2.5s", "3s", "5s", "7.3s", "10s", "20s", "40s");
}

/* What is written here fits; a condition cut short would not be read. */
static void put(char *to, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void put(char *to, size_t size, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(to, size, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= size)
        abort();
}

static const char *any_window(void)
{
    static char text[80];
    const char *turns =
        ANY("1 agent turn", "2 agent turns", "3 agent turns", "1 turn", "2 turns", "3 turns", "4 turns");
    switch (pick(4)) {
    case 0:
        return "same turn";
    case 1:
        return any_time();
    case 2:
        return turns;
    default:
        snprintf(text, sizeof text, "%s or %s", turns, any_time());
        return text;
    }
}

static void any_condition(char *text, size_t size)
{
    const char *a = any_signal(), *b = any_signal(), *c = any_signal(),
               *over = ANY("agent over customer", "customer over agent");
    char window[80], more[100] = "";
    put(window, sizeof window, "%s", any_window());
    while (strcmp(a, b) == 0)
        b = any_signal();
    while (strcmp(c, a) == 0 || strcmp(c, b) == 0)
        c = any_signal();
    switch (pick(14)) {
    case 0:
    case 1:
    case 2:
    case 3:
        put(text, size, "after: %s; without: %s; within: %s", a, b, window);
        return;
    case 4:
    case 5: {
        const char *since = ANY("call start", c, window);
        if (strcmp(since, "same turn") == 0)
            since = "call start";
        put(text, size, "at: %s; without: %s; since: %s", one_in(4) ? "call end" : a, b, since);
        return;
    }
    case 6:
    case 7:
        if (one_in(2))
            put(more, sizeof more, "; cancel: %s", c);
        put(text, size, "sequence: %s, %s%s; within: %s%s", a, b, ANY("", "", ", alpha", ", gamma"), window, more);
        return;
    case 8:
    case 9:
        put(text, size, "count: %s; at_least: %u; within: %s", a, 1 + pick(4), window);
        return;
    case 10:
        if (one_in(2))
            put(more, sizeof more, "; times: %u; within: %s", 1 + pick(3), window);
        put(text, size, "overlap: %s; lasting: %s%s", over, ANY("0.5s", "1s", "1.2s"), more);
        return;
    case 11:
        if (one_in(3))
            put(more, sizeof more, "; without: %s", b);
        put(text, size, "silence: longer than %s%s", any_time(), more);
        return;
    case 12:
        if (one_in(2))
            put(text, size, "monologue: %s longer than %s", ANY("agent", "customer"), any_time());
        else
            put(text, size, "pace: agent faster than %u words a minute; over: %s", 60 + 20 * pick(6), any_time());
        return;
    default:
        if (one_in(2))
            put(more, sizeof more, "; within: %s", window);
        put(text, size, "questions: closed; at_least: %u%s", 1 + pick(3), more);
    }
}

/* Whether what such a rule finds is never taken back: a limit then holds the same findings in the end as it did live.
 */
static bool is_final_at_once(const char *text)
{
    return strncmp(text, "after", 5) != 0 && strncmp(text, "silence", 7) != 0 && strncmp(text, "overlap", 7) != 0;
}

static void make_rules(struct setting *s, bool limits)
{
    char text[CALLSCRIPT_TEXT];
    callscript_init(&s->rules);
    callscript_signals(&s->rules, SIGNALS);
    for (size_t i = 0; i < 16; i++) {
        any_condition(text, sizeof text - 40);
        if (limits && is_final_at_once(text))
            strcat(text, ANY("; cooldown: 60s; per_call: 3", "; cooldown: 7s; per_call: 100", "; per_call: 2"));
        callscript_rule(&s->rules, text);
    }
}

/* --- random calls --- */

static const int64_t grids[] = {500, 500, 100, 1};

static int64_t any_length(int64_t grid, int64_t most_ms)
{
    int64_t most = pick(3) == 0 ? most_ms : most_ms / 4;
    return (1 + (int64_t)pick((uint32_t)(most / grid))) * grid;
}

static void any_text(char *text, size_t size, const char *before)
{
    size_t n = 0;
    text[0] = '\0';
    if (strcmp(before + (strlen(before) < 3 ? 0 : strlen(before) - 3), "zip") == 0 && one_in(2))
        n += (size_t)snprintf(text + n, size - n, "zap ");
    else if (one_in(5))
        n += (size_t)snprintf(text + n, size - n, "%s ",
                              ANY("do you", "can i", "is it", "do you", "can i", "what happened"));
    for (uint32_t words = 1 + pick(3); words > 0; words--)
        n += (size_t)snprintf(text + n, size - n, "%s ", ANY("alpha", "beta", "gamma", "delta", "zip zap", "so", "so"));
    for (uint32_t words = one_in(6) ? pick(12) : 0; words > 0; words--)
        n += (size_t)snprintf(text + n, size - n, "so ");
    if (one_in(12))
        n += (size_t)snprintf(text + n, size - n, "zip ");
    text[n - 1] = '\0';
}

static bool was_earlier(const struct reference_line *a, const struct reference_line *b)
{
    return a->end_ms < b->end_ms;
}

static void add_line(struct reference_call *call, const struct reference_line *line)
{
    size_t at = call->count++;
    while (at > 0 && was_earlier(line, &call->lines[at - 1])) {
        call->lines[at] = call->lines[at - 1];
        at--;
    }
    call->lines[at] = *line;
}

static void any_arrivals(struct reference_call *call)
{
    int64_t last = 0, lag = pick(6000);
    bool late = one_in(4) && !is_left_out("late"), uneven = one_in(2);
    for (size_t i = 0; i < call->count; i++) {
        struct reference_line *line = &call->lines[i];
        int64_t at = line->end_ms + (!late ? 0 : uneven ? (int64_t)pick(6000) : lag);
        last = line->arrival_ms = at > last ? at : last;
    }
    if (late || is_left_out("ends"))
        call->end_ms = last + 200000; /* far from anything that its own lateness could move */
    else if (one_in(2))
        call->end_ms = last + 500 * (int64_t)pick(one_in(2) ? 8 : 80);
    else if (one_in(4) && call->count > 2) {
        int64_t from = 500 * (int64_t)pick(20), to = last - 500 * (int64_t)pick(10);
        call->away[call->away_count++] = (struct reference_span){from, to > from ? to : from + 500, one_in(2)};
    }
}

static void make_call(struct reference_call *call)
{
    int64_t grid = is_left_out("ties") ? 1 : grids[pick(4)], until[4] = {0};
    struct reference_line last = {.role = COACH_ROLE_AGENT};
    callscript_call(call, one_in(3) ? "" : "a 0-1 so; c 1.2-2 so; a 2.3-3 so; c 3.2-4 so");
    int64_t now = call->count == 0 ? 0 : 4000;
    until[COACH_ROLE_AGENT] = until[COACH_ROLE_CUSTOMER] = now;
    last.start_ms = last.end_ms = now;
    for (uint32_t lines = 2 + pick(one_in(3) ? 40 : 12); lines > 0; lines--) {
        struct reference_line line = {0};
        bool small = one_in(5);
        line.role = one_in(40) && !is_left_out("system") ? COACH_ROLE_SYSTEM
                    : one_in(3) != small                 ? last.role
                    : last.role == COACH_ROLE_AGENT      ? COACH_ROLE_CUSTOMER
                                                         : COACH_ROLE_AGENT;
        line.start_ms = one_in(4) ? last.start_ms + any_length(grid, last.end_ms - last.start_ms + 4 * grid) - grid
                                  : last.end_ms + any_length(grid, one_in(8) ? 48000 : 6000) - grid;
        if (is_left_out("over"))
            line.start_ms = last.end_ms + any_length(grid, one_in(8) ? 48000 : 6000);
        line.start_ms = line.start_ms > until[line.role] ? line.start_ms : until[line.role];
        line.end_ms = line.start_ms + any_length(grid, small ? 2000 : 12000);
        until[line.role] = line.end_ms;
        if (small)
            snprintf(line.text, sizeof line.text, "%s", ANY("mm hmm", "right", "okay", "yeah okay"));
        else
            any_text(line.text, sizeof line.text, last.text);
        add_line(call, &line);
        last = line.role == COACH_ROLE_SYSTEM ? last : line;
    }
    any_arrivals(call);
    if (one_in(30) &&
        (call->count == 0 || call->lines[call->count - 1].arrival_ms == call->lines[call->count - 1].end_ms))
        for (size_t i = pick((uint32_t)call->count); i < call->count; i++)
            call->lines[i].start_ms = call->lines[i].end_ms = COACH_NO_TIME;
}

static void compare_random(uint64_t wanted)
{
    static struct reference_call call;
    uint64_t first_seed = seed;
    for (uint64_t number = 0; events < wanted && goes_on(); number++) {
        struct setting s;
        seed = first_seed + number;
        state = seed * 1000003 + 77;
        make_rules(&s, one_in(5) && !is_left_out("limits"));
        start_setting(&s);
        for (size_t i = 0; i < CALLS_PER_SET && events < wanted && goes_on(); i++) {
            struct callscript_manner manner = {
                .sleepy = one_in(5), .restless = one_in(5), .interims = one_in(4) && !is_left_out("interims")};
            make_call(&call);
            compare(&s, &call, &manner);
        }
        end_setting(&s);
    }
}

/* --- every small call --- */

static const char *const small_rules[] = {
    "after: alpha; without: beta; within: same turn",
    "after: alpha; without: beta; within: 1 agent turn",
    "after: alpha; without: beta; within: 2 turns",
    "after: alpha; without: beta; within: 2.5s",
    "after: alpha; without: beta; within: 1 agent turn or 4s",
    "at: alpha; without: beta; since: call start",
    "at: alpha; without: beta; since: 1 turn",
    "at: alpha; without: beta; since: 3s",
    "at: beta; without: beta; since: alpha",
    "at: call end; without: beta; since: alpha",
    "sequence: alpha, beta; within: 2 turns",
    "sequence: alpha, alpha; within: 5s; cancel: beta",
    "count: alpha; at_least: 2; within: same turn",
    "count: alpha; at_least: 2; within: 2 agent turns or 6s",
    "overlap: agent over customer; lasting: 0.3s",
    "silence: longer than 2.5s",
    "silence: longer than 2.5s; without: beta",
    "monologue: agent longer than 3s",
};

/* What a line may be: 4 texts and 5 ways to follow the line before (the same side or the other, soon or late, or the
 * other while it still speaks). The first line is one of 8: a text and a side. */
enum { TEXTS = 4, WAYS = 5 };

static void add_small(struct reference_call *call, uint32_t which)
{
    static const char *const texts[TEXTS] = {"alpha", "beta", "right", "so"};
    static const int64_t gaps[WAYS] = {500, 3000, 500, 3000, -500};
    const struct reference_line *last = call->count == 0 ? NULL : &call->lines[call->count - 1];
    uint32_t way = which / TEXTS;
    struct reference_line line = {.role = COACH_ROLE_AGENT};
    if (last == NULL) {
        line.role = way == 0 ? COACH_ROLE_AGENT : COACH_ROLE_CUSTOMER;
    } else {
        bool same = way < 2;
        line.role = (last->role == COACH_ROLE_AGENT) == same ? COACH_ROLE_AGENT : COACH_ROLE_CUSTOMER;
        line.start_ms = last->end_ms + gaps[way];
    }
    line.end_ms = line.arrival_ms = line.start_ms + 1000;
    snprintf(line.text, sizeof line.text, "%s", texts[which % TEXTS]);
    call->lines[call->count++] = line;
}

static void compare_small(size_t lines, uint64_t one)
{
    static struct reference_call call;
    struct setting s;
    uint64_t all = TEXTS * 2;
    const struct callscript_manner manner = {0};
    callscript_init(&s.rules);
    for (size_t i = 0; i < sizeof small_rules / sizeof *small_rules; i++)
        callscript_rule(&s.rules, small_rules[i]);
    start_setting(&s);
    for (size_t i = 1; i < lines; i++)
        all *= TEXTS * WAYS;
    for (uint64_t number = 0; number < all && goes_on(); number += one) {
        uint64_t rest = number / (TEXTS * 2);
        seed = number;
        callscript_call(&call, "");
        add_small(&call, (uint32_t)(number % (TEXTS * 2)));
        for (size_t i = 1; i < lines; i++, rest /= TEXTS * WAYS)
            add_small(&call, (uint32_t)(rest % (TEXTS * WAYS)));
        if (number % 3 == 1)
            call.end_ms = call.lines[lines - 1].end_ms + 1000;
        else if (number % 3 == 2)
            call.end_ms = call.lines[lines - 1].end_ms + 60000;
        if (is_left_out("ends"))
            call.end_ms = call.lines[lines - 1].end_ms + 60000;
        compare(&s, &call, &manner);
    }
    end_setting(&s);
}

/* --- the whole --- */

static const char *option(int argc, char **argv, const char *name, const char *otherwise)
{
    for (int i = 1; i + 1 < argc; i += 2)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return otherwise;
}

static uint64_t number_of(int argc, char **argv, const char *name, const char *otherwise)
{
    return strtoull(option(argc, argv, name, otherwise), NULL, 10);
}

/* What was compared since the last time. A verb that nothing was found for was not tested. */
static void print_tally(const char *what, bool all_verbs, clock_t begin)
{
    printf("%s: %llu calls, %llu events, %.1f s of CPU; findings:", what, (unsigned long long)calls,
           (unsigned long long)events, (double)(clock() - begin) / CLOCKS_PER_SEC);
    for (size_t v = 0; v < VERBS; v++) {
        printf(" %s %llu", verb_names[v], (unsigned long long)findings[v]);
        if (findings[v] == 0 && all_verbs && differences == 0)
            stop("a verb went untested");
    }
    printf("\n");
    fflush(stdout);
    events = calls = 0;
    memset(findings, 0, sizeof findings);
}

int main(int argc, char **argv)
{
    uint64_t wanted = number_of(argc, argv, "--events", "100000"), first_seed = number_of(argc, argv, "--seed", "1");
    uint64_t one = number_of(argc, argv, "--one-in", "29");
    to_show = number_of(argc, argv, "--show", "1");
    count_only = to_show == 0;
    left_out = option(argc, argv, "--leave-out", "");
    engine = engine_new();
    if (argc % 2 == 0 || engine == NULL)
        stop("usage: randomcalls [--events N] [--seed N] [--one-in N] [--show N] [--leave-out WORDS]");
    clock_t begin = clock();
    for (size_t lines = 1; one > 0 && lines <= MOST_SMALL; lines++)
        compare_small(lines, lines < MOST_SMALL ? 1 : one);
    print_tally("small calls", false, begin);
    begin = clock();
    seed = first_seed;
    compare_random(wanted);
    print_tally("random calls", wanted >= 20000, begin);
    engine_free(engine);
    if (differences > 0)
        printf("%llu calls differ\n", (unsigned long long)differences);
    return differences > 0;
}
