#include "lib/eval/scenario.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/error.h"

enum { FORMAT = 1, TURNS = 12, CALM_AT = 8, MOST_TURNS = 100 };

#define KEY(struct_, name_, member_, kind_, help_, ...)                                                                \
    {                                                                                                                  \
        .name = name_, .kind = kind_, .offset = offsetof(struct struct_, member_), .help = help_, __VA_ARGS__          \
    }
#define PART(name_, read_, help_)                                                                                      \
    {                                                                                                                  \
        .name = name_, .kind = KEY_OTHER, .read = read_, .help = help_                                                 \
    }
#define COUNT(keys) (sizeof(keys) / sizeof *(keys))

static const struct key when_keys[] = {
    KEY(scenario_reaction, "heard", heard, KEY_TEXTS, "signals, one of which was heard in the line"),
    KEY(scenario_reaction, "without", without, KEY_TEXTS, "signals, none of which was"),
    KEY(scenario_reaction, "needs", needs, KEY_TEXTS, "signals, all of which were heard in the call by now"),
    KEY(scenario_reaction, "fired", fired, KEY_TEXTS, "rules or categories, one of which found something"),
    KEY(scenario_reaction, "mood_above", above, KEY_COUNT, "the mood was above this", .max = SCENARIO_MOODS),
    KEY(scenario_reaction, "mood_below", below, KEY_COUNT, "the mood was below this", .max = SCENARIO_MOODS),
};

static int read_when(struct arena *memory, const struct yaml_node *value, void *member, struct diags *problems)
{
    struct scenario_reaction *r = member;
    r->when = value;
    return keys_read(when_keys, COUNT(when_keys), "'when'", memory, value, r, problems);
}

#define REACTION_KEYS                                                                                                  \
    KEY(scenario_reaction, "mood", mood, KEY_COUNT, "by how much the mood changes", .min = -SCENARIO_MOODS,            \
        .max = SCENARIO_MOODS),                                                                                        \
        KEY(scenario_reaction, "says", says, KEY_TEXTS, "what the customer says, one line each time")

static const struct key reaction_keys[] = {
    PART("when", read_when, "what the agent's line did, all of it"),
    REACTION_KEYS,
    KEY(scenario_reaction, "hint", hint, KEY_TEXT, "a sentence of the agent that brings it about"),
};
static const struct key otherwise_keys[] = {REACTION_KEYS};

static const struct key ending_keys[] = {
    KEY(scenario, "calm", calm, KEY_TEXT, "said last when the mood has risen to calm_at"),
    KEY(scenario, "angry", angry, KEY_TEXT, "said last when it has fallen to angry_at"),
    KEY(scenario, "over", over, KEY_TEXT, "said last when the turns are used up"),
};

static int read_reactions(struct arena *memory, const struct yaml_node *value, void *member, struct diags *problems)
{
    struct scenario *s = member;
    if (value->kind != YAML_LIST) {
        keys_refuse(problems, value, "wrong-kind", "begin each with '- when:' on a line of its own",
                    "reactions: expected a list");
        return COACH_OK;
    }
    s->reactions = arena_alloc(memory, (value->count + 1) * sizeof *s->reactions);
    int rc = s->reactions == NULL ? COACH_ENOMEM : COACH_OK;
    for (size_t i = 0; i < value->count && rc == COACH_OK; i++) {
        struct scenario_reaction *r = &s->reactions[s->reaction_count++];
        r->node = value->items[i];
        rc = keys_read(reaction_keys, COUNT(reaction_keys), "a reaction", memory, r->node, r, problems);
    }
    return rc;
}

static int read_otherwise(struct arena *memory, const struct yaml_node *value, void *member, struct diags *problems)
{
    struct scenario *s = member;
    s->otherwise.node = value;
    return keys_read(otherwise_keys, COUNT(otherwise_keys), "'otherwise'", memory, value, &s->otherwise, problems);
}

static int read_endings(struct arena *memory, const struct yaml_node *value, void *member, struct diags *problems)
{
    return keys_read(ending_keys, COUNT(ending_keys), "'endings'", memory, value, member, problems);
}

static const struct key file_keys[] = {
    KEY(scenario, "format", format, KEY_COUNT, "version of the scenario language: 1", .min = 1, .max = 1000),
    KEY(scenario, "scenario", name, KEY_NAME, "the scenario's name"),
    KEY(scenario, "title", title, KEY_TEXT, "its line in the list of scenarios"),
    KEY(scenario, "about", about, KEY_TEXT, "what the agent knows of the case"),
    KEY(scenario, "wants", wants, KEY_TEXT, "what the customer wants"),
    KEY(scenario, "mood", mood, KEY_COUNT, "the mood at the beginning: 0 is furious, 10 content",
        .max = SCENARIO_MOODS),
    KEY(scenario, "calm_at", calm_at, KEY_COUNT, "at this mood the customer is won; 8 when left out",
        .max = SCENARIO_MOODS),
    KEY(scenario, "angry_at", angry_at, KEY_COUNT, "at this mood the customer leaves; 0 when left out",
        .max = SCENARIO_MOODS),
    KEY(scenario, "turns", turns, KEY_COUNT, "lines of the agent, at most; 12 when left out", .min = 1,
        .max = MOST_TURNS),
    KEY(scenario, "opening", opening, KEY_TEXT, "the customer's first words"),
    PART("reactions", read_reactions, "what the customer does about it; the first that fits is played"),
    PART("otherwise", read_otherwise, "when no reaction fits"),
    PART("endings", read_endings, "the customer's last words"),
};

/* --- what must be there --- */

static const char *const no_needs[] = {NULL};
static const char *const file_needs[] = {"format",    "title",     "wants",   "mood", "opening",
                                         "reactions", "otherwise", "endings", NULL};
static const char *const reaction_needs[] = {"when", "says", NULL};
static const char *const otherwise_needs[] = {"says", NULL};
static const char *const ending_needs[] = {"calm", "angry", "over", NULL};

#define TABLE(name_, keys_, needed_)                                                                                   \
    {                                                                                                                  \
        .name = name_, .keys = keys_, .count = COUNT(keys_), .needed = needed_                                         \
    }
static const struct key_table when_part = TABLE("when", when_keys, no_needs);
static const struct key_table reaction_part = TABLE("reaction", reaction_keys, reaction_needs);
static const struct key_table otherwise_part = TABLE("otherwise", otherwise_keys, otherwise_needs);
static const struct key_table ending_part = TABLE("endings", ending_keys, ending_needs);
static const struct key_table file_part = TABLE("file", file_keys, file_needs);

const struct key_table *const *scenario_tables(size_t *n)
{
    static const struct key_table *const tables[] = {&when_part, &reaction_part, &otherwise_part, &ending_part,
                                                     &file_part};
    *n = COUNT(tables);
    return tables;
}

static void check_needed(const struct yaml_node *map, const char *what, const struct key_table *table,
                         struct diags *problems)
{
    if (map == NULL || map->kind != YAML_MAP)
        return; /* said before */
    for (const char *const *needed = table->needed; *needed != NULL; needed++) {
        char hint[80];
        snprintf(hint, sizeof hint, "add a line '%s: ...'", *needed);
        if (yaml_get(map, *needed) == NULL)
            keys_refuse(problems, map, "missing-key", hint, "%s has no '%s'", what, *needed);
    }
}

static void check_keys(const struct scenario *s, struct diags *problems)
{
    check_needed(s->doc.root, "this scenario", &file_part, problems);
    check_needed(yaml_get(s->doc.root, "endings"), "'endings'", &ending_part, problems);
    check_needed(s->otherwise.node, "'otherwise'", &otherwise_part, problems);
    for (size_t i = 0; i < s->reaction_count; i++)
        check_needed(s->reactions[i].node, "this reaction", &reaction_part, problems);
    if (s->format.node != NULL && s->format.value != FORMAT)
        keys_refuse(problems, s->format.node, "format", "a newer coachd reads it; this one knows format 1",
                    "this file is written in format %lld", (long long)s->format.value);
}

/* --- moods --- */

static void settle_defaults(struct scenario *s)
{
    if (s->calm_at.node == NULL)
        s->calm_at.value = CALM_AT;
    if (s->turns.node == NULL)
        s->turns.value = TURNS;
}

static void check_moods(const struct scenario *s, struct diags *problems)
{
    if (s->mood.node == NULL)
        return;
    if (s->mood.value <= s->angry_at.value || s->mood.value >= s->calm_at.value) {
        keys_refuse(problems, s->mood.node, "bad-value", "begin between the two",
                    "mood: %lld is not between angry_at (%lld) and calm_at (%lld)", (long long)s->mood.value,
                    (long long)s->angry_at.value, (long long)s->calm_at.value);
        return;
    }
    int64_t best = s->mood.value;
    for (size_t i = 0; i < s->reaction_count; i++)
        if (s->reactions[i].mood.value > 0)
            best += s->reactions[i].mood.value * (int64_t)s->reactions[i].says.count;
    if (best < s->calm_at.value)
        keys_refuse(problems, s->mood.node, "cannot-win", NULL,
                    "whatever the agent says, the mood cannot rise above %lld, and the customer is calm at %lld",
                    (long long)best, (long long)s->calm_at.value);
}

/* --- names --- */

int scenario_signal(const struct ruleset *set, const char *name)
{
    for (size_t i = 0; i < ruleset_signal_count(set); i++)
        if (strcmp(ruleset_signal(set, i)->id, name) == 0)
            return (int)i;
    return WHEN_NONE;
}

enum { MOST_NAMES = 400 };

static void refuse_name(const struct def_text *name, const char *code, const char *const *known, size_t n,
                        const char *what, struct diags *problems)
{
    const char *near = diag_nearest(name->s, known, n);
    char hint[120];
    snprintf(hint, sizeof hint, "did you mean '%s'?", near == NULL ? "" : near);
    keys_refuse(problems, name->node, code, near == NULL ? NULL : hint, "there is no %s called '%.64s'", what, name->s);
}

static void check_signals(const struct def_texts *names, const struct ruleset *set, struct diags *problems)
{
    const char *known[MOST_NAMES];
    size_t n = 0;
    for (; n < ruleset_signal_count(set) && n < MOST_NAMES; n++)
        known[n] = ruleset_signal(set, n)->id;
    for (size_t i = 0; i < names->count; i++) {
        int signal = scenario_signal(set, names->items[i].s);
        if (signal == WHEN_NONE)
            refuse_name(&names->items[i], "unknown-signal", known, n, "signal", problems);
        else if (ruleset_signal(set, (size_t)signal)->speaker == RULE_CUSTOMER)
            keys_refuse(problems, names->items[i].node, "bad-value", "name a signal of the agent's words",
                        "'%.64s' is heard in the customer's words, and these come from this file", names->items[i].s);
    }
}

static bool is_rule_or_category(const struct ruleset *set, const char *name)
{
    if (ruleset_find(set, name) != NULL)
        return true;
    for (size_t i = 0; i < ruleset_count(set); i++)
        if (strcmp(ruleset_rule(set, i)->category, name) == 0)
            return true;
    return false;
}

static void check_rules(const struct def_texts *names, const struct ruleset *set, struct diags *problems)
{
    const char *known[MOST_NAMES];
    size_t n = 0;
    for (size_t i = 0; i < ruleset_count(set) && n + 1 < MOST_NAMES; i++) {
        known[n++] = ruleset_rule(set, i)->id;
        known[n++] = ruleset_rule(set, i)->category;
    }
    for (size_t i = 0; i < names->count; i++)
        if (!is_rule_or_category(set, names->items[i].s))
            refuse_name(&names->items[i], "unknown-rule", known, n, "rule, and no category,", problems);
}

static void check_names(const struct scenario *s, const struct ruleset *set, struct diags *problems)
{
    for (size_t i = 0; i < s->reaction_count; i++) {
        const struct scenario_reaction *r = &s->reactions[i];
        check_signals(&r->heard, set, problems);
        check_signals(&r->without, set, problems);
        check_signals(&r->needs, set, problems);
        check_rules(&r->fired, set, problems);
    }
}

int scenario_read(const struct source *source, const struct ruleset *set, struct scenario *ret, struct diags *problems)
{
    *ret = (struct scenario){0};
    int rc = yaml_read(source, &ret->doc, problems);
    if (rc != COACH_OK)
        return rc == COACH_ENOMEM ? rc : COACH_OK;
    if (ret->doc.root == NULL)
        return COACH_OK; /* said by yaml_read */
    rc = keys_read(file_keys, COUNT(file_keys), "a scenario", &ret->doc.memory, ret->doc.root, ret, problems);
    if (rc != COACH_OK || ret->doc.root->kind != YAML_MAP)
        return rc;
    settle_defaults(ret);
    check_keys(ret, problems);
    check_moods(ret, problems);
    if (set != NULL)
        check_names(ret, set, problems);
    return COACH_OK;
}

void scenario_clear(struct scenario *s)
{
    yaml_doc_clear(&s->doc);
}
