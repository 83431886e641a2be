#include "lib/wire/mapping.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/ascii.h"
#include "lib/wire/times.h"

/* What reading one file needs. `rc` is COACH_ENOMEM once memory ran out; everything after that is passed over. */
struct reading {
    struct arena *memory;
    struct diags *problems;
    struct value every[V_COUNT]; /* what entries have that do not say otherwise */
    int rc;
};

static void wrong(struct reading *r, const char *code, const struct yaml_node *at, const char *hint, const char *fmt,
                  ...) __attribute__((format(printf, 5, 6)));

static void wrong(struct reading *r, const char *code, const struct yaml_node *at, const char *hint, const char *fmt,
                  ...)
{
    char what[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    diags_add(r->problems, DIAG_ERROR, code, &at->at, hint, "%s", what);
}

static void *alloc(struct reading *r, size_t count, size_t size)
{
    void *ret = r->rc == COACH_OK ? arena_alloc(r->memory, (count == 0 ? 1 : count) * size) : NULL;
    if (ret == NULL)
        r->rc = COACH_ENOMEM;
    return ret;
}

static bool is_kind(struct reading *r, const struct yaml_node *node, const char *name, enum yaml_kind kind)
{
    if (node->kind == kind && (kind != YAML_SCALAR || node->len > 0))
        return true;
    wrong(r, "mapping-kind", node, NULL, "%s: expected %s, found %s", name,
          kind == YAML_SCALAR ? "a text"
          : kind == YAML_LIST ? "a list, each item on a line of its own that begins with '- '"
                              : "keys and values",
          node->kind == YAML_SCALAR && node->len == 0 ? "nothing" : yaml_kind_name(node->kind));
    return false;
}

static const char *read_text(struct reading *r, const struct yaml_node *node, const char *name)
{
    if (!is_kind(r, node, name, YAML_SCALAR))
        return NULL;
    const char *ret = r->rc == COACH_OK ? arena_strn(r->memory, node->text, node->len) : NULL;
    if (ret == NULL)
        r->rc = COACH_ENOMEM;
    return ret;
}

/* Which of `words` (NULL at the end) the node says; -1, and a problem, when none. */
static int read_word(struct reading *r, const struct yaml_node *node, const char *name, const char *const *words)
{
    char known[200] = "";
    size_t n = 0, len = 0;
    if (!is_kind(r, node, name, YAML_SCALAR))
        return -1;
    for (; words[n] != NULL; n++) {
        if (strcmp(words[n], node->text) == 0)
            return (int)n;
        len += (size_t)snprintf(known + len, sizeof known - len, "%s%s", n > 0 ? ", " : "", words[n]);
    }
    wrong(r, "mapping-word", node, NULL, "%s: expected one of %s", name, known);
    return -1;
}

static bool read_number(struct reading *r, const struct yaml_node *node, const char *name, double *ret)
{
    char *end;
    if (!is_kind(r, node, name, YAML_SCALAR))
        return false;
    *ret = strtod(node->text, &end);
    if (*end == '\0' && *ret > 0 && *ret <= 1e6)
        return true;
    wrong(r, "mapping-number", node, NULL, "%s: expected a number above 0", name);
    return false;
}

/* Complains of keys that are none, and of a map that is none. */
static bool check_keys(struct reading *r, const struct yaml_node *map, const char *name, const char *const *keys,
                       size_t n)
{
    if (!is_kind(r, map, name, YAML_MAP))
        return false;
    for (size_t i = 0; i < map->count; i++) {
        const struct yaml_node *key = map->pairs[i].key;
        size_t k = 0;
        while (k < n && strcmp(keys[k], key->text) != 0)
            k++;
        if (k < n)
            continue;
        const char *meant = diag_nearest(key->text, keys, n);
        char hint[100];
        snprintf(hint, sizeof hint, "did you mean '%.60s'?", meant == NULL ? "" : meant);
        wrong(r, "mapping-unknown-key", key, meant == NULL ? NULL : hint, "%s: there is no key '%.60s' here", name,
              key->text);
    }
    return true;
}

/* --- values, conditions, truths --- */

static void read_path(struct reading *r, const struct yaml_node *node, const char *name, struct path *ret)
{
    coach_error err = {0};
    if (!is_kind(r, node, name, YAML_SCALAR) || r->rc != COACH_OK)
        return;
    int rc = path_read(node->text, ret, r->memory, &err);
    if (rc == COACH_ENOMEM)
        r->rc = rc;
    else if (rc != COACH_OK)
        wrong(r, "mapping-path", node, NULL, "%s: %s", name, err.text);
}

static void read_value(struct reading *r, const struct yaml_node *node, const char *name, struct value *ret)
{
    bool list = node->kind == YAML_LIST;
    size_t n = list ? node->count : 1;
    *ret = (struct value){.choices = alloc(r, n, sizeof *ret->choices)};
    for (size_t i = 0; i < n && r->rc == COACH_OK; i++) {
        const struct yaml_node *item = list ? node->items[i] : node;
        coach_error err = {0};
        if (!is_kind(r, item, name, YAML_SCALAR))
            continue;
        int rc = value_choice_read(item->text, &ret->choices[ret->count++], r->memory, &err);
        if (rc == COACH_ENOMEM)
            r->rc = rc;
        else if (rc != COACH_OK)
            wrong(r, "mapping-path", item, NULL, "%s: %s", name, err.text);
    }
    if (list && n == 0)
        wrong(r, "mapping-kind", node, NULL, "%s: the list is empty", name);
}

/* In lower case, "yes" and "no" as JSON says them; "" in quotes is a text that is empty. */
static const char *read_expected(struct reading *r, const struct yaml_node *node)
{
    if (node->kind == YAML_SCALAR && node->len == 0 && node->style != YAML_PLAIN)
        return "";
    char *text = (char *)read_text(r, node, "when");
    for (char *p = text; p != NULL && *p != '\0'; p++)
        *p = ascii_lower(*p);
    if (text == NULL || node->style != YAML_PLAIN)
        return text;
    return strcmp(text, "yes") == 0 ? "true" : strcmp(text, "no") == 0 ? "false" : text;
}

static void read_condition(struct reading *r, const struct yaml_pair *pair, struct condition *ret)
{
    const struct yaml_node *value = pair->value;
    bool list = value->kind == YAML_LIST;
    read_path(r, pair->key, "when", &ret->path);
    if (ret->path.spreads > 0)
        wrong(r, "mapping-path", pair->key, "put the list into 'each', and the condition is tried for its items",
              "when: a condition cannot look into every item of a list");
    if (value->kind == YAML_SCALAR && value->style == YAML_PLAIN) {
        if (strcmp(value->text, "any") == 0)
            ret->kind = CONDITION_ANY;
        if (strcmp(value->text, "none") == 0)
            ret->kind = CONDITION_NONE;
    }
    if (ret->kind != CONDITION_IS)
        return;
    ret->nvalues = list ? value->count : 1;
    ret->values = alloc(r, ret->nvalues, sizeof *ret->values);
    for (size_t i = 0; i < ret->nvalues && r->rc == COACH_OK; i++)
        ret->values[i] = read_expected(r, list ? value->items[i] : value);
}

static void read_only(struct reading *r, const struct yaml_node *node, struct conditions *ret)
{
    if (!is_kind(r, node, "only", YAML_LIST))
        return;
    ret->only = alloc(r, node->count, sizeof *ret->only);
    for (size_t i = 0; i < node->count && r->rc == COACH_OK; i++) {
        struct path key = {0};
        read_path(r, node->items[i], "only", &key);
        ret->only[ret->nonly++] = key.steps[0];
        if (key.count != 1)
            wrong(r, "mapping-path", node->items[i], NULL, "only: expected keys, not paths");
    }
}

static void read_conditions(struct reading *r, const struct yaml_node *node, const char *name, struct conditions *ret)
{
    if (!is_kind(r, node, name, YAML_MAP))
        return;
    ret->items = alloc(r, node->count, sizeof *ret->items);
    for (size_t i = 0; i < node->count && r->rc == COACH_OK; i++) {
        if (strcmp(node->pairs[i].key->text, "only") == 0)
            read_only(r, node->pairs[i].value, ret);
        else
            read_condition(r, &node->pairs[i], &ret->items[ret->count++]);
    }
}

static void read_truth(struct reading *r, const struct yaml_node *node, const char *name, struct truth *ret)
{
    if (node->kind == YAML_MAP) {
        ret->kind = TRUTH_CONDITIONS;
        read_conditions(r, node, name, &ret->conditions);
    } else if (node->kind == YAML_SCALAR && strcmp(node->text, "always") == 0) {
        ret->kind = TRUTH_ALWAYS;
    } else if (node->kind == YAML_SCALAR && strcmp(node->text, "never") == 0) {
        ret->kind = TRUTH_NEVER;
    } else {
        ret->kind = TRUTH_VALUE;
        read_value(r, node, name, &ret->value);
    }
}

static bool is_expected(const struct condition *c, const json_t *v)
{
    char digits[32];
    const char *text;
    size_t len;
    if (!value_text(v, digits, &text, &len))
        return false;
    for (size_t i = 0; i < c->nvalues; i++)
        if (ascii_same(text, len, c->values[i]))
            return true;
    return false;
}

static bool has_only(const struct conditions *c, const json_t *at)
{
    const char *key;
    json_t *v;
    if (!json_is_object(at))
        return false;
    json_object_foreach((json_t *)at, key, v)
    {
        size_t i = 0;
        while (i < c->nonly && !key_is(key, &c->only[i]))
            i++;
        if (i == c->nonly)
            return false;
    }
    return true;
}

bool conditions_hold(const struct conditions *c, const struct scope *scope, struct lookup *l)
{
    for (size_t i = 0; i < c->count; i++) {
        const json_t *v = path_get(&c->items[i].path, scope, l);
        bool holds = c->items[i].kind == CONDITION_IS    ? v != NULL && is_expected(&c->items[i], v)
                     : c->items[i].kind == CONDITION_ANY ? value_is_there(v)
                                                         : !value_is_there(v);
        if (!holds)
            return false;
    }
    return c->only == NULL || has_only(c, scope->at);
}

bool truth_holds(const struct truth *t, const struct scope *scope, struct lookup *l)
{
    bool ret = t->kind == TRUTH_ALWAYS;
    if (t->kind == TRUTH_CONDITIONS)
        return conditions_hold(&t->conditions, scope, l);
    if (t->kind == TRUTH_VALUE && !value_bool(value_get(&t->value, scope, l), &ret))
        return false;
    return ret;
}

/* --- entries --- */

static const char *const value_names[V_COUNT] = {[V_CALL] = "call",           [V_AGENT] = "agent",
                                                 [V_QUEUE] = "queue",         [V_LANGUAGE] = "language",
                                                 [V_REASON] = "reason",       [V_TS] = "ts",
                                                 [V_TEXT] = "text",           [V_SEGMENT] = "segment",
                                                 [V_ROLE] = "role",           [V_CHANNEL] = "channel",
                                                 [V_START] = "start",         [V_END] = "end",
                                                 [V_DURATION] = "duration",   [V_CONFIDENCE] = "confidence",
                                                 [V_STABILITY] = "stability", [V_SPEAKER] = "speaker",
                                                 [V_ORDER] = "order"};

static void read_stable(struct reading *r, const struct yaml_node *node, struct stable *ret)
{
    static const char *const keys[] = {"items", "text", "while", "at_least"};
    const struct yaml_node *v;
    ret->given = true;
    if (!check_keys(r, node, "stable", keys, sizeof keys / sizeof *keys))
        return;
    if ((v = yaml_get(node, "items")) != NULL) {
        read_path(r, v, "items", &ret->items);
        ret->of_items = true;
        if (ret->items.spreads == 0)
            wrong(r, "mapping-path", v, NULL, "items: say which list: put [] behind its key");
        if ((v = yaml_get(node, "text")) != NULL)
            read_value(r, v, "text", &ret->text);
        else
            wrong(r, "mapping-missing-key", node, NULL, "stable: 'text' is missing: what the items say");
    }
    if ((v = yaml_get(node, "while")) != NULL)
        read_value(r, v, "while", &ret->holds);
    else
        wrong(r, "mapping-missing-key", node, NULL, "stable: 'while' is missing: what must be true of an item");
    if ((v = yaml_get(node, "at_least")) != NULL)
        (void)read_number(r, v, "at_least", &ret->at_least);
}

static void read_channels(struct reading *r, const struct yaml_node *node, struct mapping_entry *e)
{
    if (!is_kind(r, node, "channels", YAML_MAP))
        return;
    e->channels = alloc(r, node->count, sizeof *e->channels);
    for (size_t i = 0; i < node->count && r->rc == COACH_OK; i++) {
        struct named_channel *c = &e->channels[e->nchannels++];
        c->channel = read_text(r, node->pairs[i].key, "channels");
        read_value(r, node->pairs[i].value, "channels", &c->role);
    }
}

static void read_each(struct reading *r, const struct yaml_node *node, struct mapping_entry *e)
{
    e->has_each = true;
    e->each_text = read_text(r, node, "each");
    read_path(r, node, "each", &e->each);
    if (e->each_text != NULL && e->each.spreads == 0)
        wrong(r, "mapping-path", node, NULL, "each: say which list: put [] behind its key");
}

/* Keys of an entry that are no values. */
static void read_entry_key(struct reading *r, const char *key, const struct yaml_node *v, struct mapping_entry *e)
{
    static const char *const gives[] = {"transcript", "call_start", "call_end", "finish", "clear", "nothing", NULL};
    static const char *const always[] = {"always", NULL};
    static const char *const channel[] = {"channel", NULL};
    int word;
    if (strcmp(key, "when") == 0)
        read_conditions(r, v, "when", &e->when);
    else if (strcmp(key, "each") == 0)
        read_each(r, v, e);
    else if (strcmp(key, "gives") == 0)
        e->gives = (word = read_word(r, v, "gives", gives)) < 0 ? GIVES_NOTHING : (enum gives)word;
    else if (strcmp(key, "because") == 0)
        e->because = read_text(r, v, "because");
    else if (strcmp(key, "final") == 0)
        read_truth(r, v, "final", &e->is_final);
    else if (strcmp(key, "end_of_turn") == 0)
        read_truth(r, v, "end_of_turn", &e->end_of_turn);
    else if (strcmp(key, "append") == 0)
        e->append = read_word(r, v, "append", always) == 0;
    else if (strcmp(key, "join") == 0)
        e->join = read_word(r, v, "join", channel) == 0;
    else if (strcmp(key, "stable") == 0)
        read_stable(r, v, &e->stable);
    else if (strcmp(key, "channels") == 0)
        read_channels(r, v, e);
}

/* What an entry of its kind cannot do without, or has no use for. */
static void check_entry(struct reading *r, const struct yaml_node *node, const struct mapping_entry *e)
{
    const struct yaml_node *v;
    if (yaml_get(node, "gives") == NULL)
        wrong(r, "mapping-missing-key", node, NULL, "a message needs 'gives': what it becomes");
    else if (e->gives == GIVES_NOTHING && e->because == NULL)
        wrong(r, "mapping-missing-key", node, "say why, for those who look with 'coach decode'",
              "gives: nothing needs a 'because'");
    if (e->gives == GIVES_TRANSCRIPT && e->values[V_TEXT].count == 0)
        wrong(r, "mapping-missing-key", node, NULL, "a transcript needs 'text'");
    if ((v = yaml_get(node, "join")) != NULL && !e->has_each)
        wrong(r, "mapping-missing-key", v, NULL, "join: needs 'each', whose items are put together");
    if ((v = yaml_get(node, "stable")) != NULL && !e->stable.of_items && !e->join)
        wrong(r, "mapping-missing-key", v, NULL, "stable: 'items' is missing: which list");
    if ((v = yaml_get(node, "end")) != NULL && yaml_get(node, "duration") != NULL)
        wrong(r, "mapping-word", v, NULL, "end: take either 'end' or 'duration'");
}

static void check_units(struct reading *r, const struct yaml_node *node, enum entry_value v, const struct value *value)
{
    for (size_t i = 0; i < value->count && v != V_START && v != V_END && v != V_DURATION; i++)
        if (value->choices[i].ms_per_unit > 0)
            wrong(r, "mapping-path", node, NULL, "%s: only start, end and duration are in a unit", value_names[v]);
}

static bool read_entry_value(struct reading *r, const struct yaml_pair *pair, struct value values[V_COUNT])
{
    size_t v = 0;
    while (v < V_COUNT && strcmp(value_names[v], pair->key->text) != 0)
        v++;
    if (v == V_COUNT)
        return false;
    read_value(r, pair->value, value_names[v], &values[v]);
    check_units(r, pair->value, (enum entry_value)v, &values[v]);
    return true;
}

static void read_every(struct reading *r, const struct yaml_node *node)
{
    if (node == NULL || !check_keys(r, node, "every", value_names, V_COUNT))
        return;
    for (size_t i = 0; i < node->count && r->rc == COACH_OK; i++)
        (void)read_entry_value(r, &node->pairs[i], r->every);
}

static void read_entry(struct reading *r, const struct yaml_node *node, struct mapping_entry *e)
{
    static const char *const others[] = {"when",        "each",   "gives", "because", "final",
                                         "end_of_turn", "append", "join",  "stable",  "channels"};
    enum { OTHERS = sizeof others / sizeof *others };
    const char *keys[V_COUNT + OTHERS];
    e->is_final.kind = TRUTH_ALWAYS;
    e->gives = GIVES_NOTHING;
    memcpy(e->values, r->every, sizeof e->values);
    memcpy(keys, value_names, sizeof value_names);
    memcpy(keys + V_COUNT, others, sizeof others);
    if (!check_keys(r, node, "messages", keys, V_COUNT + OTHERS))
        return;
    for (size_t i = 0; i < node->count && r->rc == COACH_OK; i++) {
        const struct yaml_pair *pair = &node->pairs[i];
        if (!read_entry_value(r, pair, e->values))
            read_entry_key(r, pair->key->text, pair->value, e);
    }
    check_entry(r, node, e);
}

/* --- the file --- */

static void read_name(struct reading *r, const struct yaml_node *node, struct mapping *m)
{
    m->name = read_text(r, node, "mapping");
    if (m->name == NULL)
        return;
    if (strspn(m->name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(m->name) || strlen(m->name) > 40)
        wrong(r, "mapping-name", node, NULL, "mapping: expected lower-case letters, digits and '-', up to 40");
    else if (strcmp(m->name, "coachd") == 0 || strcmp(m->name, "auto") == 0)
        wrong(r, "mapping-name", node, NULL, "mapping: '%s' is taken: it means %s", m->name,
              *m->name == 'c' ? "coachd's own lines" : "that the format is to be recognised");
}

static void read_columns(struct reading *r, const struct yaml_node *node, struct mapping *m)
{
    if (!is_kind(r, node, "columns", YAML_LIST))
        return;
    m->columns = alloc(r, node->count, sizeof *m->columns);
    for (size_t i = 0; i < node->count && r->rc == COACH_OK; i++) {
        char *name = (char *)read_text(r, node->items[i], "columns");
        size_t len = name == NULL ? 0 : strlen(name);
        bool decimal = len > 3 && strcmp(name + len - 3, "#.#") == 0;
        bool number = decimal || (len > 1 && name[len - 1] == '#');
        if (number)
            name[len - (decimal ? 3 : 1)] = '\0';
        m->columns[m->ncolumns++] = (struct column){name, decimal  ? COLUMN_DECIMAL
                                                          : number ? COLUMN_NUMBER
                                                                   : COLUMN_TEXT};
    }
}

static void read_roles(struct reading *r, const struct yaml_node *node, struct mapping *m)
{
    static const char *const roles[] = {"unknown", "agent", "customer", "system", NULL};
    if (!is_kind(r, node, "roles", YAML_MAP))
        return;
    m->roles = alloc(r, node->count, sizeof *m->roles);
    for (size_t i = 0; i < node->count && r->rc == COACH_OK; i++) {
        int role = read_word(r, node->pairs[i].value, "roles", roles);
        m->roles[m->nroles++] =
            (struct role_word){read_text(r, node->pairs[i].key, "roles"), (coach_role)(role < 0 ? 0 : role)};
    }
}

static void read_units(struct reading *r, const struct yaml_node *node, struct mapping *m)
{
    static const char *const units[] = {"ms", "s", "us", "ticks", NULL};
    int unit = read_word(r, node, "times", units);
    if (unit >= 0)
        (void)times_unit(units[unit], &m->ms_per_unit);
}

static void read_list(struct reading *r, const struct yaml_node *node, const char *name, size_t size, void **ret,
                      size_t *count, void (*read)(struct reading *r, const struct yaml_node *item, void *ret))
{
    if (!is_kind(r, node, name, YAML_LIST))
        return;
    char *items = alloc(r, node->count, size);
    *ret = items;
    for (size_t i = 0; i < node->count && r->rc == COACH_OK; i++)
        read(r, node->items[i], items + size * i);
    *count = r->rc == COACH_OK ? node->count : 0;
}

static void read_sign(struct reading *r, const struct yaml_node *item, void *ret)
{
    read_conditions(r, item, "recognise", ret);
}

static void read_unwrap(struct reading *r, const struct yaml_node *item, void *ret)
{
    read_path(r, item, "unwrap", ret);
}

static void read_message(struct reading *r, const struct yaml_node *item, void *ret)
{
    read_entry(r, item, ret);
}

static void read_top_key(struct reading *r, const char *key, const struct yaml_node *v, struct mapping *m)
{
    static const char *const framings[] = {"lines", "values", "headers", "columns", NULL};
    static const char *const clocks[] = {"stream", "epoch", NULL};
    void *list = NULL;
    int word;
    if (strcmp(key, "mapping") == 0) {
        read_name(r, v, m);
    } else if (strcmp(key, "about") == 0) {
        m->about = read_text(r, v, "about");
    } else if (strcmp(key, "framing") == 0) {
        m->framing = (word = read_word(r, v, "framing", framings)) < 0 ? FRAMING_LINES : (enum framing)word;
    } else if (strcmp(key, "columns") == 0) {
        read_columns(r, v, m);
    } else if (strcmp(key, "times") == 0) {
        read_units(r, v, m);
    } else if (strcmp(key, "clock") == 0) {
        m->epoch = read_word(r, v, "clock", clocks) == 1;
    } else if (strcmp(key, "roles") == 0) {
        read_roles(r, v, m);
    } else if (strcmp(key, "confidence_of") == 0) {
        (void)read_number(r, v, "confidence_of", &m->most_confidence);
    } else if (strcmp(key, "recognise") == 0) {
        read_list(r, v, "recognise", sizeof *m->recognise, &list, &m->nrecognise, read_sign);
        m->recognise = list;
    } else if (strcmp(key, "unwrap") == 0) {
        read_list(r, v, "unwrap", sizeof *m->unwrap, &list, &m->nunwrap, read_unwrap);
        m->unwrap = list;
    } else if (strcmp(key, "messages") == 0) {
        read_list(r, v, "messages", sizeof *m->entries, &list, &m->nentries, read_message);
        m->entries = list;
    }
}

/* What replaces what, where the file does not say: a segment does, if any entry has one. */
static void read_utterances(struct reading *r, const struct yaml_node *node, struct mapping *m)
{
    static const char *const kinds[] = {"named", "one_at_a_time", NULL};
    bool segments = false;
    for (size_t i = 0; i < m->nentries; i++)
        segments |= m->entries[i].values[V_SEGMENT].count > 0;
    m->one_at_a_time = node == NULL ? !segments : read_word(r, node, "utterances", kinds) == 1;
    if (node != NULL && !m->one_at_a_time && !segments)
        wrong(r, "mapping-missing-key", node, NULL, "utterances: named: no message has a 'segment'");
}

int mapping_read(const struct yaml_node *root, struct mapping *ret, struct arena *memory, struct diags *problems)
{
    static const char *const keys[] = {"mapping",    "about", "framing",       "columns", "recognise",
                                       "unwrap",     "every", "messages",      "times",   "clock",
                                       "utterances", "roles", "confidence_of", "samples"};
    static const char *const needed[] = {"mapping", "about", "messages", "samples"};
    struct reading r = {.memory = memory, .problems = problems};
    *ret = (struct mapping){.ms_per_unit = 1, .most_confidence = 1};
    if (!check_keys(&r, root, "a mapping file", keys, sizeof keys / sizeof *keys))
        return r.rc;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (yaml_get(root, needed[i]) == NULL)
            wrong(&r, "mapping-missing-key", root, NULL, "'%s' is missing", needed[i]);
    read_every(&r, yaml_get(root, "every"));
    for (size_t i = 0; i < root->count && r.rc == COACH_OK; i++)
        read_top_key(&r, root->pairs[i].key->text, root->pairs[i].value, ret);
    read_utterances(&r, yaml_get(root, "utterances"), ret);
    if ((ret->framing == FRAMING_COLUMNS) != (ret->ncolumns > 0))
        wrong(&r, "mapping-missing-key", root, NULL, "'framing: columns' and 'columns' go together");
    return r.rc;
}
