#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/rules/keys.h"

#define AT(member) offsetof(struct def_when, member)

static const struct key keys[] = {
    {.name = "after", .kind = KEY_NAME, .offset = AT(after), .help = "the signal that opens the window"},
    {.name = "without", .kind = KEY_NAME, .offset = AT(without), .help = "the signal that should have come"},
    {.name = "within",
     .kind = KEY_TEXT,
     .offset = AT(within),
     .help = "same turn, 2 agent turns, 4 turns, 20s, or 2 agent turns or 25s"},
    {.name = "at", .kind = KEY_TEXT, .offset = AT(at), .help = "the signal, or 'call end', at which to look back"},
    {.name = "since", .kind = KEY_TEXT, .offset = AT(since), .help = "call start, a signal, or a window"},
    {.name = "sequence", .kind = KEY_TEXTS, .offset = AT(sequence), .help = "signals that come one after the other"},
    {.name = "cancel", .kind = KEY_NAME, .offset = AT(cancel), .help = "the signal that calls it off"},
    {.name = "count", .kind = KEY_NAME, .offset = AT(count), .help = "the signal to count"},
    {.name = "at_least",
     .kind = KEY_COUNT,
     .offset = AT(at_least),
     .min = 1,
     .max = WHEN_COUNT_MAX,
     .help = "how many"},
    {.name = "overlap", .kind = KEY_TEXT, .offset = AT(overlap), .help = "agent over customer, or customer over agent"},
    {.name = "lasting", .kind = KEY_TEXT, .offset = AT(lasting), .help = "how long both speak, such as 1.2s"},
    {.name = "times", .kind = KEY_COUNT, .offset = AT(times), .min = 1, .max = WHEN_COUNT_MAX, .help = "how often"},
    {.name = "silence", .kind = KEY_TEXT, .offset = AT(silence), .help = "longer than 10s"},
    {.name = "monologue",
     .kind = KEY_TEXT,
     .offset = AT(monologue),
     .help = "agent longer than 60s, or customer longer than 20s"},
    {.name = "pace", .kind = KEY_TEXT, .offset = AT(pace), .help = "agent faster than 190 words a minute"},
    {.name = "over", .kind = KEY_TEXT, .offset = AT(over), .help = "the time over which pace is taken, such as 20s"},
    {.name = "questions", .kind = KEY_TEXT, .offset = AT(questions), .help = "closed"},
};

/* Which keys make up a verb: the first is the verb itself. "+" must be there, "-" may. */
static const char *const verbs[][KEY_ROW] = {
    [WHEN_AFTER] = {"after", "+without", "+within"},
    [WHEN_AT] = {"at", "+without", "-since"},
    [WHEN_SEQUENCE] = {"sequence", "+within", "-cancel"},
    [WHEN_COUNT] = {"count", "+at_least", "+within"},
    [WHEN_OVERLAP] = {"overlap", "+lasting", "-times", "-within"},
    [WHEN_SILENCE] = {"silence", "-without"},
    [WHEN_MONOLOGUE] = {"monologue"},
    [WHEN_PACE] = {"pace", "+over"},
    [WHEN_QUESTIONS] = {"questions", "+at_least", "-within"},
};
enum { VERBS = sizeof verbs / sizeof *verbs };

static const char *const needed[] = {NULL};
static const struct key_table table = {"when", keys, sizeof keys / sizeof *keys, needed, verbs, VERBS};

const struct key_table *when_table(void)
{
    return &table;
}

static bool has(const struct yaml_node *map, const char *key)
{
    return yaml_get(map, key) != NULL;
}

/* Finds the one verb. Returns false when a problem was added. */
static bool find_verb(const struct yaml_node *map, struct def_when *w, struct diags *problems)
{
    const char *found = NULL;
    for (size_t v = 0; v < VERBS; v++) {
        if (!has(map, verbs[v][0]))
            continue;
        if (found != NULL) {
            keys_refuse(problems, map, "when-verb", "make two rules, or give a signal a 'when' of its own",
                        "a condition has one verb; this one has '%s' and '%s'", found, verbs[v][0]);
            return false;
        }
        found = verbs[v][0];
        w->verb = (enum when_verb)v;
    }
    if (found == NULL)
        keys_refuse(problems, map, "when-verb",
                    "write one of: after, at, sequence, count, overlap, silence, monologue, pace, questions",
                    "this condition has no verb");
    return found != NULL;
}

static void check_companions(const struct yaml_node *map, const struct def_when *w, struct diags *problems)
{
    const char *const *parts = verbs[w->verb];
    for (size_t i = 1; i < KEY_ROW && parts[i] != NULL; i++)
        if (parts[i][0] == '+' && !has(map, parts[i] + 1))
            keys_refuse(problems, map, "when-incomplete", NULL, "'%s' needs '%s' beside it", parts[0], parts[i] + 1);
    for (size_t p = 0; p < map->count; p++) {
        const struct yaml_node *key = map->pairs[p].key;
        bool known = strcmp(key->text, parts[0]) == 0;
        for (size_t i = 1; i < KEY_ROW && parts[i] != NULL; i++)
            known = known || strcmp(key->text, parts[i] + 1) == 0;
        for (size_t k = 0; !known && k < sizeof keys / sizeof *keys; k++)
            if (strcmp(keys[k].name, key->text) == 0)
                keys_refuse(problems, key, "when-extra", "delete it, or choose another verb",
                            "'%s' does not go with '%s'", key->text, parts[0]);
    }
}

/* One part of a window: "same turn", "2 agent turns", "3 turns", "20s". */
static bool read_window_part(const char *text, size_t len, struct when_window *w)
{
    char part[64];
    if (len == 0 || len >= sizeof part)
        return false;
    memcpy(part, text, len);
    part[len] = '\0';
    if (strcmp(part, "same turn") == 0) {
        w->same_turn = true;
        return true;
    }
    if (keys_duration(part, &w->time_ms))
        return w->time_ms > 0;
    char *end;
    long n = strtol(part, &end, 10);
    if (end == part || n < 1 || n > 100)
        return false;
    if (strcmp(end, " agent turns") == 0 || strcmp(end, " agent turn") == 0)
        w->agent_turns = (int)n;
    else if (strcmp(end, " turns") == 0 || strcmp(end, " turn") == 0)
        w->turns = (int)n;
    else
        return false;
    return true;
}

static bool read_window(const char *text, struct when_window *w)
{
    const char * or = strstr(text, " or ");
    if (or == NULL)
        return read_window_part(text, strlen(text), w);
    return read_window_part(text, (size_t)(or -text), w) && read_window_part(or +4, strlen(or +4), w) && !w->same_turn;
}

static void check_window(const struct def_text *t, struct when_window *w, struct diags *problems)
{
    if (t->node != NULL && !read_window(t->s, w))
        keys_refuse(problems, t->node, "bad-window",
                    "write one of: same turn, 2 agent turns, 4 turns, 20s, or '2 agent turns or 25s'",
                    "'%.60s' is not a window", t->s);
}

/* No signal is called so. */
static bool looks_like_window(const char *text)
{
    return (text[0] >= '0' && text[0] <= '9') || strcmp(text, "same turn") == 0;
}

/* "call start", a signal (left to whoever knows the signals), or a window. */
static void check_since(struct def_when *w, struct diags *problems)
{
    if (w->since.node != NULL && looks_like_window(w->since.s))
        check_window(&w->since, &w->window, problems);
}

/* The time that ends "agent longer than 60s", after the words `before`. */
static void check_longer(const struct def_text *t, const char *before, int64_t *ms, struct diags *problems)
{
    size_t n = strlen(before);
    if (t->node == NULL)
        return;
    if (strncmp(t->s, before, n) != 0 || !keys_duration(t->s + n, ms) || *ms <= 0) {
        char hint[80];
        snprintf(hint, sizeof hint, "write it like this: %s20s", before);
        keys_refuse(problems, t->node, "bad-value", hint, "'%.60s' is not understood here", t->s);
    }
}

static bool is_customers(const struct def_text *t)
{
    return t->node != NULL && strncmp(t->s, "customer ", 9) == 0;
}

static void check_pace(struct def_when *w, struct diags *problems)
{
    int words = 0, end = 0;
    if (w->pace.node == NULL)
        return;
    if (sscanf(w->pace.s, "agent faster than %3d words a minute%n", &words, &end) != 1 || w->pace.s[end] != '\0' ||
        end == 0 || words < 50 || words > 600)
        keys_refuse(problems, w->pace.node, "bad-value", "write it like this: agent faster than 190 words a minute",
                    "'%.60s' is not understood here", w->pace.s);
    w->words_per_minute = words;
}

static void check_words(const struct def_text *t, const char *one, const char *other, struct diags *problems)
{
    if (t->node == NULL || strcmp(t->s, one) == 0 || (other != NULL && strcmp(t->s, other) == 0))
        return;
    char hint[120];
    snprintf(hint, sizeof hint, other == NULL ? "write: %s" : "write: %s, or %s", one, other);
    keys_refuse(problems, t->node, "bad-value", hint, "'%.60s' is not understood here", t->s);
}

/* A signal is named unless it is one of the other things that may stand there. */
static const struct def_text *named(const struct def_text *t, const char *other)
{
    return t->node != NULL && strcmp(t->s, other) != 0 && !looks_like_window(t->s) ? t : NULL;
}

const struct def_text *when_signal(const struct def_when *w, size_t i)
{
    const struct def_text *const single[] = {named(&w->after, ""),      named(&w->without, ""),
                                             named(&w->at, "call end"), named(&w->since, "call start"),
                                             named(&w->count, ""),      named(&w->cancel, "")};
    for (size_t k = 0; k < sizeof single / sizeof *single; k++)
        if (single[k] != NULL && i-- == 0)
            return single[k];
    return i < w->sequence.count ? &w->sequence.items[i] : NULL;
}

int when_read(struct arena *memory, const struct yaml_node *value, void *member, struct diags *problems)
{
    struct def_when *w = member;
    w->node = value;
    int rc = keys_read(keys, sizeof keys / sizeof *keys, "a condition", memory, value, w, problems);
    if (rc != COACH_OK || value->kind != YAML_MAP || !find_verb(value, w, problems))
        return rc;
    check_companions(value, w, problems);
    check_window(&w->within, &w->window, problems);
    check_since(w, problems);
    check_longer(&w->silence, "longer than ", &w->longer_ms, problems);
    check_longer(&w->monologue, is_customers(&w->monologue) ? "customer longer than " : "agent longer than ",
                 &w->longer_ms, problems);
    check_longer(&w->lasting, "", &w->longer_ms, problems);
    check_longer(&w->over, "", &w->longer_ms, problems);
    check_pace(w, problems);
    check_words(&w->overlap, "agent over customer", "customer over agent", problems);
    check_words(&w->questions, "closed", NULL, problems);
    if (w->sequence.node != NULL && w->sequence.count < 2)
        keys_refuse(problems, w->sequence.node, "when-incomplete", "name two signals or more, each after '- '",
                    "a sequence has at least two signals");
    if (w->sequence.count > WHEN_SEQUENCE_MAX)
        keys_refuse(problems, w->sequence.items[WHEN_SEQUENCE_MAX].node, "sequence-length",
                    "put the first ones into a signal with a 'when:' of its own, and name that signal here",
                    "a sequence has at most %d signals", WHEN_SEQUENCE_MAX);
    return COACH_OK;
}
