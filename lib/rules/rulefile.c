#include "lib/rules/rulefile.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/base/utf8.h"
#include "lib/rules/keys.h"
#include "lib/rules/override.h"
#include "lib/rules/screenplay.h"

enum { DAY_MS = 24 * 3600 * 1000, FORMAT = 1 };

static const char *const speakers[] = {"agent", "customer", "either", NULL};               /* enum rule_speaker */
static const char *const severities[] = {"critical", "important", "hint", "praise", NULL}; /* enum rule_severity */
static const char *const modes[] = {"live", "shadow", "disabled", NULL};                   /* enum rule_mode */

#define KEY(struct_, key_, kind_, help_, ...)                                                                          \
    {                                                                                                                  \
        .name = #key_, .kind = kind_, .offset = offsetof(struct struct_, key_), .help = help_, __VA_ARGS__             \
    }

#define SHARED_RULE_KEYS                                                                                               \
    KEY(def_rule, speaker, KEY_CHOICE, "whose words count", .choices = speakers),                                      \
        KEY(def_rule, severity, KEY_CHOICE, "how much it matters", .choices = severities),                             \
        KEY(def_rule, mode, KEY_CHOICE, "live, shadow (counted, never shown) or disabled", .choices = modes),          \
        KEY(def_rule, cooldown, KEY_DURATION, "time after a nudge in which the rule is quiet", .max = DAY_MS),         \
        KEY(def_rule, per_call, KEY_COUNT, "nudges of the rule in one call, at most", .min = 1, .max = 100),           \
        KEY(def_rule, final_only, KEY_YES_NO, "wait for final results"),                                               \
        KEY(def_rule, min_confidence, KEY_SHARE, "lines below this confidence are passed over"),                       \
        KEY(def_rule, owner, KEY_TEXT, "who looks after the rule"),                                                    \
        KEY(def_rule, language, KEY_TEXT, "language of the rule, such as en"),                                         \
        KEY(def_rule, tags, KEY_TEXTS, "free words to group rules by")

static const struct key default_keys[] = {SHARED_RULE_KEYS};

static const struct key rule_keys[] = {
    SHARED_RULE_KEYS,
    KEY(def_rule, id, KEY_NAME, "the rule's name, category first: dismissive-calm-down"),
    KEY(def_rule, rev, KEY_COUNT, "revision, counted up when the rule changes", .min = 1, .max = 1000000),
    KEY(def_rule, category, KEY_NAME, "the family it belongs to"),
    KEY(def_rule, about, KEY_TEXT, "what it looks for, in plain words, on one line: the line of a list of rules"),
    KEY(def_rule, title, KEY_TEXT, "the card's heading, at most 42 characters"),
    KEY(def_rule, says, KEY_PHRASES, "phrases that set it off"),
    KEY(def_rule, swap, KEY_SWAP, "terms and the plain words for them"),
    KEY(def_rule, regex, KEY_TEXT, "a regular expression, in single quotes or a block"),
    KEY(def_rule, not_in, KEY_PHRASES, "longer, harmless phrases: a match inside one does not count"),
    KEY(def_rule, unless, KEY_PHRASES, "phrases that, anywhere in the same turn, keep the rule quiet"),
    KEY(def_rule, message, KEY_TEXT, "what the card says; {said} and {plain} are filled in"),
    KEY(def_rule, suggest, KEY_TEXTS, "one or two sentences that can be said aloud"),
    KEY(def_rule, quiets, KEY_TEXTS, "rules that are silent while this one cools down"),
    KEY(def_rule, references, KEY_TEXTS, "where the advice comes from"),
    KEY(def_rule, replaces, KEY_TEXTS, "old ids of this rule"),
    KEY(def_rule, match, KEY_TEXTS, "sentences that must set it off"),
    KEY(def_rule, no_match, KEY_TEXTS, "sentences that must not"),
    KEY(def_rule, when, KEY_OTHER, "a condition over the conversation", .read = when_read),
};

static const struct key signal_keys[] = {
    KEY(def_signal, id, KEY_NAME, "the signal's name"),
    KEY(def_signal, speaker, KEY_CHOICE, "whose words count", .choices = speakers),
    KEY(def_signal, says, KEY_PHRASES, "phrases that set it off"),
    KEY(def_signal, not_in, KEY_PHRASES, "longer phrases in which a match does not count"),
    KEY(def_signal, unless, KEY_PHRASES, "phrases that, anywhere in the same turn, keep it quiet"),
    KEY(def_signal, when, KEY_OTHER, "a condition over the conversation", .read = when_read),
};

static const struct key limit_keys[] = {
    KEY(def_limits, per_call, KEY_COUNT, "nudges in one call, at most", .min = 1, .max = 100),
    KEY(def_limits, gap, KEY_DURATION, "time between two nudges, at least", .max = DAY_MS),
    KEY(def_limits, defer, KEY_DURATION, "how long a nudge may wait for the agent to end", .max = 60000),
    KEY(def_limits, stale, KEY_DURATION, "a nudge later than this is dropped", .max = 600000),
};

#define COUNT(keys) (sizeof(keys) / sizeof *(keys))

_Static_assert(COUNT(rule_keys) <= KEYS_MOST && COUNT(signal_keys) <= KEYS_MOST, "the site layer counts on it");

const struct key *keys_of_rule(size_t *n)
{
    *n = COUNT(rule_keys);
    return rule_keys;
}

const struct key *keys_of_signal(size_t *n)
{
    *n = COUNT(signal_keys);
    return signal_keys;
}

/* --- the parts of a file --- */

static int read_defaults(struct arena *memory, const struct yaml_node *value, void *member, struct diags *problems)
{
    struct rulefile *f = member;
    return keys_read(default_keys, COUNT(default_keys), "defaults", memory, value, &f->defaults, problems);
}

static int read_limits(struct arena *memory, const struct yaml_node *value, void *member, struct diags *problems)
{
    struct rulefile *f = member;
    return keys_read(limit_keys, COUNT(limit_keys), "limits", memory, value, &f->limits, problems);
}

static bool is_map(const struct yaml_node *value, const char *what, const char *hint, struct diags *problems)
{
    if (value->kind == YAML_MAP)
        return true;
    keys_refuse(problems, value, "wrong-kind", hint, "%s: expected keys with values", what);
    return false;
}

static bool is_list(const struct yaml_node *value, const char *what, struct diags *problems)
{
    if (value->kind == YAML_LIST)
        return true;
    keys_refuse(problems, value, "wrong-kind", "begin each with '- ' on a line of its own: '- id: the-name'",
                "%s: expected a list", what);
    return false;
}

static int read_categories(struct arena *memory, const struct yaml_node *value, void *member, struct diags *problems)
{
    struct rulefile *f = member;
    if (!is_map(value, "categories", "write each as 'name: heading of its cards'", problems))
        return COACH_OK;
    f->categories = arena_alloc(memory, (value->count + 1) * sizeof *f->categories);
    if (f->categories == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < value->count; i++) {
        const struct yaml_pair *p = &value->pairs[i];
        if (p->value->kind == YAML_SCALAR && p->value->len > 0)
            f->categories[f->category_count++] = (struct def_category){p->key, p->key->text, p->value->text};
        else
            keys_refuse(problems, p->value, "wrong-kind", "write it as 'name: heading of its cards'",
                        "category '%.40s' has no heading", p->key->text);
    }
    return COACH_OK;
}

static int read_lists(struct arena *memory, const struct yaml_node *value, void *member, struct diags *problems)
{
    struct rulefile *f = member;
    if (!is_map(value, "lists", "write each as 'name:' and its phrases below, each after '- '", problems))
        return COACH_OK;
    f->lists = arena_alloc(memory, (value->count + 1) * sizeof *f->lists);
    if (f->lists == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < value->count; i++) {
        struct def_list *list = &f->lists[f->list_count++];
        list->node = value->pairs[i].key;
        list->name = value->pairs[i].key->text;
        if (!phrase_can_name_list(list->name))
            keys_refuse(problems, list->node, "bad-name",
                        "use small letters, digits, '_' and '-', and none of number, word, start, end",
                        "a phrase could not name the list '%.40s'", list->name);
        struct key key = {.name = list->name, .kind = KEY_PHRASES};
        struct yaml_node one = {.kind = YAML_MAP, .at = list->node->at, .pairs = &value->pairs[i], .count = 1};
        int rc = keys_read(&key, 1, "lists", memory, &one, &list->items, problems);
        if (rc != COACH_OK)
            return rc;
    }
    return COACH_OK;
}

static int read_signals(struct arena *memory, const struct yaml_node *value, void *member, struct diags *problems)
{
    struct rulefile *f = member;
    if (!is_list(value, "signals", problems))
        return COACH_OK;
    f->signals = arena_alloc(memory, (value->count + 1) * sizeof *f->signals);
    if (f->signals == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < value->count; i++) {
        struct def_signal *s = &f->signals[f->signal_count++];
        s->node = value->items[i];
        int rc = keys_read(signal_keys, COUNT(signal_keys), "a signal", memory, s->node, s, problems);
        if (rc != COACH_OK)
            return rc;
    }
    return COACH_OK;
}

static int read_rules(struct arena *memory, const struct yaml_node *value, void *member, struct diags *problems)
{
    struct rulefile *f = member;
    if (!is_list(value, "rules", problems))
        return COACH_OK;
    f->rules = arena_alloc(memory, (value->count + 1) * sizeof *f->rules);
    if (f->rules == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < value->count; i++) {
        struct def_rule *r = &f->rules[f->rule_count++];
        r->node = value->items[i];
        int rc = keys_read(rule_keys, COUNT(rule_keys), "a rule", memory, r->node, r, problems);
        if (rc != COACH_OK)
            return rc;
    }
    return COACH_OK;
}

static int read_tests(struct arena *memory, const struct yaml_node *value, void *member, struct diags *problems)
{
    struct rulefile *f = member;
    if (!is_list(value, "tests", problems))
        return COACH_OK;
    return screenplay_read_all(memory, value, &f->tests, &f->test_count, problems);
}

#define PART(name_, read_, help_)                                                                                      \
    {                                                                                                                  \
        .name = name_, .kind = KEY_OTHER, .read = read_, .help = help_                                                 \
    }

static const struct key file_keys[] = {
    KEY(rulefile, format, KEY_COUNT, "version of the rule language: 1", .min = 1, .max = 1000),
    KEY(rulefile, pack, KEY_NAME, "name of the pack this file is part of"),
    KEY(rulefile, site, KEY_NAME, "name of the site this file is written for"),
    KEY(rulefile, version, KEY_TEXT, "version of the pack"),
    KEY(rulefile, language, KEY_TEXT, "language of its phrases, such as en"),
    PART("defaults", read_defaults, "values for every rule of this file"),
    PART("limits", read_limits, "how much an agent is shown in one call"),
    PART("categories", read_categories, "categories of the pack's own, with their headings"),
    PART("lists", read_lists, "phrases with a name, for use as <name>"),
    PART("signals", read_signals, "silent building blocks for conversational rules"),
    PART("rules", read_rules, "the rules"),
    PART("overrides", override_read_all, "what a site changes in a pack"),
    PART("tests", read_tests, "calls with the nudges they should give"),
};

/* --- what must hold for a file, a rule and a signal by themselves --- */

static const char *const no_needs[] = {NULL};
static const char *const file_needs[] = {"format", NULL};
static const char *const file_kinds[][KEY_ROW] = {{"pack"}, {"site"}};
static const char *const rule_needs[] = {"id", "category", "message", NULL};
static const char *const rule_bodies[][KEY_ROW] = {{"says"}, {"swap"}, {"regex"}, {"when"}};
static const char *const signal_needs[] = {"id", NULL};
static const char *const signal_bodies[][KEY_ROW] = {{"says"}, {"when"}};

static const struct key_table default_table = {"defaults", default_keys, COUNT(default_keys), no_needs, NULL, 0};
static const struct key_table limit_table = {"limits", limit_keys, COUNT(limit_keys), no_needs, NULL, 0};
static const struct key_table signal_table = {"signal",     signal_keys,   COUNT(signal_keys),
                                              signal_needs, signal_bodies, COUNT(signal_bodies)};
static const struct key_table rule_table = {"rule",     rule_keys,   COUNT(rule_keys),
                                            rule_needs, rule_bodies, COUNT(rule_bodies)};
static const struct key_table file_table = {"file",     file_keys,  COUNT(file_keys),
                                            file_needs, file_kinds, COUNT(file_kinds)};

const struct key_table *const *rulefile_tables(size_t *n)
{
    static const struct key_table *const tables[] = {&default_table, &limit_table, &signal_table, &rule_table,
                                                     &file_table};
    *n = COUNT(tables);
    return tables;
}

static void check_file(const struct rulefile *f, struct diags *problems)
{
    const struct yaml_node *root = f->doc.root;
    struct mark top = {f->doc.source, 1, 1, 1};
    if (root == NULL || (root->kind == YAML_SCALAR && root->len == 0)) {
        diags_add(problems, DIAG_ERROR, "empty-file", &top, "a rule file begins with 'format: 1' and 'pack: its-name'",
                  "there is nothing in this file");
        return;
    }
    if (root->kind != YAML_MAP)
        return; /* said by keys_read */
    const struct yaml_node *format = yaml_get(root, "format");
    if (format == NULL)
        diags_add(problems, DIAG_ERROR, "format", &top, "write 'format: 1' on the first line",
                  "the version of the rule language is missing");
    else if (f->format.node != NULL && f->format.value != FORMAT)
        keys_refuse(problems, format, "format", "a newer coachd reads it; this one knows format 1",
                    "this file is written in format %lld", (long long)f->format.value);
    bool pack = yaml_get(root, "pack") != NULL, site = yaml_get(root, "site") != NULL;
    if (pack == site)
        diags_add(problems, DIAG_ERROR, "pack-or-site", &top,
                  "write 'pack: its-name' for a pack of rules, 'site: its-name' for changes of your own",
                  pack ? "a file belongs to a pack or to a site, not to both"
                       : "the name of the pack or site is missing");
}

static void check_body(const struct def_rule *r, struct diags *problems)
{
    const char *found = NULL;
    for (size_t i = 0; i < COUNT(rule_bodies); i++) {
        const char *body = rule_bodies[i][0];
        if (yaml_get(r->node, body) == NULL)
            continue;
        if (found != NULL)
            keys_refuse(problems, r->node, "rule-body", "make two rules of it",
                        "a rule has one of says, swap, regex and "
                        "when; this one has '%s' and '%s'",
                        found, body);
        found = body;
    }
    if (found == NULL)
        keys_refuse(problems, r->node, "rule-body", "add 'says:' and its phrases below, each after '- '",
                    "this rule has none of says, swap, regex and when");
    if ((r->says.node != NULL && r->says.node->kind == YAML_LIST && r->says.count == 0 && r->says.node->count == 0) ||
        (r->swap.node != NULL && r->swap.node->kind == YAML_MAP && r->swap.node->count == 0))
        keys_refuse(problems, r->node, "rule-body", NULL, "there is no phrase in this rule");
}

static void check_rule(const struct def_rule *r, struct diags *problems)
{
    if (r->node->kind != YAML_MAP)
        return;
    for (const char *const *needed = rule_needs; *needed != NULL; needed++)
        if (yaml_get(r->node, *needed) == NULL) {
            char hint[80];
            snprintf(hint, sizeof hint, "add a line '%s: ...'", *needed);
            keys_refuse(problems, r->node, "missing-key", hint, "this rule has no '%s'", *needed);
        }
    check_body(r, problems);
}

void rulefile_check_card(const struct def_rule *r, struct diags *problems)
{
    if (r->title.node != NULL && utf8_count(r->title.s, strlen(r->title.s)) > 42)
        keys_refuse(problems, r->title.node, "title-length", "cards have room for 42 characters",
                    "the title has %zu characters", utf8_count(r->title.s, strlen(r->title.s)));
    if (r->suggest.count > 2)
        keys_refuse(problems, r->suggest.items[2].node, "suggestions", "keep the two best",
                    "a card has room for two suggestions");
}

static void check_signal(const struct def_signal *s, struct diags *problems)
{
    if (s->node->kind != YAML_MAP)
        return;
    if (yaml_get(s->node, "id") == NULL)
        keys_refuse(problems, s->node, "missing-key", "add a line 'id: its-name'", "this signal has no 'id'");
    bool says = yaml_get(s->node, "says") != NULL, when = yaml_get(s->node, "when") != NULL;
    if (says == when)
        keys_refuse(problems, s->node, "rule-body", "give it 'says:' with phrases, or 'when:'",
                    "a signal has one of says and when");
}

int rulefile_read(const struct source *source, struct rulefile *ret, struct diags *problems)
{
    *ret = (struct rulefile){0};
    int rc = yaml_read(source, &ret->doc, problems);
    if (rc != COACH_OK)
        return rc == COACH_ENOMEM ? rc : COACH_OK;
    if (ret->doc.root != NULL && !(ret->doc.root->kind == YAML_SCALAR && ret->doc.root->len == 0))
        rc = keys_read(file_keys, COUNT(file_keys), "a rule file", &ret->doc.memory, ret->doc.root, ret, problems);
    if (rc != COACH_OK)
        return rc;
    check_file(ret, problems);
    for (size_t i = 0; i < ret->rule_count; i++)
        check_rule(&ret->rules[i], problems);
    for (size_t i = 0; i < ret->signal_count; i++)
        check_signal(&ret->signals[i], problems);
    return COACH_OK;
}

void rulefile_clear(struct rulefile *f)
{
    yaml_doc_clear(&f->doc);
}
