#include "lib/eval/ruleschema.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/eval/scenario.h"
#include "lib/rules/screenplay.h"
#include "lib/wire/json.h"

/* --- pieces --- */

static void types(struct json_out *j, const char *const *names)
{
    json_open_array(j, "type");
    for (; *names != NULL; names++)
        json_text(j, NULL, *names);
    json_close_array(j);
}

static void reference(struct json_out *j, const char *key, const char *name)
{
    char path[80];
    snprintf(path, sizeof path, "#/definitions/%s", name);
    json_open_object(j, key);
    json_text(j, "$ref", path);
    json_close_object(j);
}

/* What the loader reads as text however it looks: an editor takes "24", "2026.1" and "yes" for something else. */
static void text(struct json_out *j)
{
    static const char *const kinds[] = {"string", "number", "boolean", NULL};
    types(j, kinds);
    json_int(j, "minLength", 1);
}

static void list_of(struct json_out *j, const char *name)
{
    json_text(j, "type", "array");
    reference(j, "items", name);
}

static void map_of(struct json_out *j, const char *name)
{
    json_text(j, "type", "object");
    reference(j, "additionalProperties", name);
}

static void bounds(struct json_out *j, const struct key *k)
{
    json_text(j, "type", "integer");
    json_int(j, "minimum", k->min);
    json_int(j, "maximum", k->max);
}

static void choices(struct json_out *j, const char *const *names)
{
    json_open_array(j, "enum");
    for (; *names != NULL; names++)
        json_text(j, NULL, *names);
    json_close_array(j);
}

static void yes_no(struct json_out *j)
{
    json_open_array(j, "enum");
    json_bool(j, NULL, true);
    json_bool(j, NULL, false);
    json_text(j, NULL, "yes");
    json_text(j, NULL, "no");
    json_close_array(j);
}

static void name(struct json_out *j)
{
    static const char *const kinds[] = {"string", "integer", NULL};
    types(j, kinds);
    json_text(j, "pattern", "^[a-z0-9_][a-z0-9_-]*$");
    json_int(j, "maxLength", 64);
}

static void one_or_more_texts(struct json_out *j)
{
    json_open_array(j, "anyOf");
    json_open_object(j, NULL);
    text(j);
    json_close_object(j);
    json_open_object(j, NULL);
    list_of(j, "phrase");
    json_close_object(j);
    json_close_array(j);
}

/* The keys that the loader reads with a function of their own. Returns false for one that is not known. */
static bool other(struct json_out *j, const char *key)
{
    static const struct {
        const char *key;
        void (*write)(struct json_out *j, const char *name);
        const char *name;
    } shapes[] = {
        {"categories", map_of, "text"},     {"lists", map_of, "phrases"},  {"signals", list_of, "signal"},
        {"rules", list_of, "rule"},         {"overrides", list_of, "any"}, {"tests", list_of, "test"},
        {"reactions", list_of, "reaction"},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (strcmp(shapes[i].key, key) == 0) {
            shapes[i].write(j, shapes[i].name);
            return true;
        }
    if (strcmp(key, "call") == 0) {
        json_text(j, "type", "string");
        return true;
    }
    static const char *const definitions[] = {"defaults", "limits", "when", "otherwise", "endings"};
    for (size_t i = 0; i < sizeof definitions / sizeof *definitions; i++)
        if (strcmp(definitions[i], key) == 0) {
            json_open_array(j, "allOf"); /* beside a plain $ref a description would be lost */
            reference(j, NULL, key);
            json_close_array(j);
            return true;
        }
    return false;
}

/* --- tables --- */

static int key_value(struct json_out *j, const struct key *k)
{
    switch (k->kind) {
    case KEY_TEXT:
        text(j);
        break;
    case KEY_NAME:
        name(j);
        break;
    case KEY_COUNT:
        bounds(j, k);
        break;
    case KEY_DURATION:
        json_text(j, "type", "string");
        json_text(j, "pattern", "^[0-9]+(\\.[0-9]+)?(ms|s|m|h)$");
        break;
    case KEY_CHOICE:
        choices(j, k->choices);
        break;
    case KEY_YES_NO:
        yes_no(j);
        break;
    case KEY_SHARE:
        json_text(j, "type", "number");
        json_int(j, "minimum", 0);
        json_int(j, "maximum", 1);
        break;
    case KEY_TEXTS:
        one_or_more_texts(j);
        break;
    case KEY_PHRASES:
        list_of(j, "phrase");
        break;
    case KEY_SWAP:
        map_of(j, "text");
        break;
    case KEY_OTHER:
        return other(j, k->name) ? COACH_OK : COACH_EINTERNAL;
    }
    return COACH_OK;
}

static void needs(struct json_out *j, const char *first, const char *const *more, const char *lead)
{
    json_open_array(j, "required");
    json_text(j, NULL, first);
    for (size_t i = 0; more != NULL && i < KEY_ROW && more[i] != NULL; i++)
        if (more[i][0] == *lead)
            json_text(j, NULL, more[i] + 1);
    json_close_array(j);
}

static int table(struct json_out *j, const struct key_table *t)
{
    json_text(j, "type", "object");
    json_open_object(j, "properties");
    for (size_t i = 0; i < t->count; i++) {
        json_open_object(j, t->keys[i].name);
        json_text(j, "description", t->keys[i].help);
        int rc = key_value(j, &t->keys[i]);
        if (rc != COACH_OK)
            return rc;
        json_close_object(j);
    }
    json_close_object(j);
    json_bool(j, "additionalProperties", false);
    if (*t->needed != NULL) {
        json_open_array(j, "required");
        for (const char *const *key = t->needed; *key != NULL; key++)
            json_text(j, NULL, *key);
        json_close_array(j);
    }
    if (t->one_of_count > 0) {
        json_open_array(j, "oneOf");
        for (size_t i = 0; i < t->one_of_count; i++) {
            json_open_object(j, NULL);
            needs(j, t->one_of[i][0], t->one_of[i] + 1, "+");
            json_close_object(j);
        }
        json_close_array(j);
    }
    return COACH_OK;
}

static void common_definitions(struct json_out *j)
{
    static const char *const anything[] = {"string", "number", "boolean", "null", NULL};
    json_open_object(j, "phrase");
    json_text(j, "description", "words as they are said; 24, yes and null are words here too");
    types(j, anything);
    json_close_object(j);
}

static int definition(struct json_out *j, const char *name, const struct key_table *t)
{
    json_open_object(j, name);
    int rc = table(j, t);
    json_close_object(j);
    return rc;
}

/* A schema of the tables, the last of which is the file's; `more` adds definitions of its own. */
static int schema(struct json_out *j, const char *title, const struct key_table *const *tables, size_t n,
                  int (*more)(struct json_out *j))
{
    json_open_object(j, NULL);
    json_text(j, "$schema", "http://json-schema.org/draft-07/schema#");
    json_text(j, "title", title);
    json_open_object(j, "definitions");
    common_definitions(j);
    int rc = more(j);
    for (size_t i = 0; i + 1 < n && rc == COACH_OK; i++)
        rc = definition(j, tables[i]->name, tables[i]);
    json_close_object(j);
    if (rc == COACH_OK)
        rc = table(j, tables[n - 1]);
    json_close_object(j);
    return rc;
}

static int rule_definitions(struct json_out *j)
{
    json_open_object(j, "text");
    text(j);
    json_close_object(j);
    json_open_object(j, "phrases");
    list_of(j, "phrase");
    json_close_object(j);
    json_open_object(j, "any");
    json_text(j, "type", "object");
    json_close_object(j);
    int rc = definition(j, "when", when_table());
    return rc == COACH_OK ? definition(j, "test", screenplay_table()) : rc;
}

static int no_definitions(struct json_out *j)
{
    (void)j;
    return COACH_OK;
}

/* --- the text --- */

static int new_line(struct buf *out, int depth)
{
    return buf_addf(out, "\n%*s", depth * 2, "");
}

/* A character of compact JSON outside its strings. */
static int indent_one(char c, char before, int *depth, struct buf *out)
{
    bool opens = c == '{' || c == '[', closes = c == '}' || c == ']';
    int rc = COACH_OK;
    if (before == '{' || before == '[' || before == ',')
        rc = closes ? rc : new_line(out, *depth);
    if (closes) {
        --*depth;
        rc = before == '{' || before == '[' ? rc : new_line(out, *depth);
    }
    *depth += opens;
    if (rc == COACH_OK)
        rc = buf_add(out, &c, 1);
    return rc == COACH_OK && c == ':' ? buf_adds(out, " ") : rc;
}

/* Compact JSON as people read it. */
static int indent(const char *json, size_t len, struct buf *out)
{
    int depth = 0, rc = COACH_OK;
    bool quoted = false;
    char before = '\0';
    for (size_t i = 0; i < len && rc == COACH_OK; i++) {
        char c = json[i];
        rc = quoted ? buf_add(out, &c, 1) : indent_one(c, before, &depth, out);
        if (quoted && c == '\\' && i + 1 < len && rc == COACH_OK)
            rc = buf_add(out, &json[++i], 1);
        else if (c == '"')
            quoted = !quoted;
        before = c;
    }
    return rc == COACH_OK ? buf_adds(out, "\n") : rc;
}

static int schema_of(enum ruleschema_kind kind, struct json_out *j)
{
    size_t n;
    if (kind == RULESCHEMA_PRACTICE) {
        const struct key_table *const *tables = scenario_tables(&n);
        return schema(j, "Practice scenario of coachd, format 1", tables, n, no_definitions);
    }
    const struct key_table *const *tables = rulefile_tables(&n);
    return schema(j, "Rule file of coachd, format 1", tables, n, rule_definitions);
}

int ruleschema_write(enum ruleschema_kind kind, struct buf *out)
{
    struct buf compact;
    struct json_out j;
    buf_init(&compact, 0);
    json_out_begin(&j, &compact);
    int rc = schema_of(kind, &j);
    int written = json_out_end(&j, false);
    if (rc == COACH_OK)
        rc = written;
    if (rc == COACH_OK)
        rc = indent(compact.data, compact.len, out);
    buf_clear(&compact);
    return rc;
}
