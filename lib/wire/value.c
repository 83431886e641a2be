#include "lib/wire/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/ascii.h"
#include "lib/wire/depth.h"
#include "lib/wire/parse.h"
#include "lib/wire/times.h"

/* --- reading --- */

static bool is_dropped(char c)
{
    return c == '_' || c == '-';
}

static int read_step(const char *text, size_t len, struct path_step *ret, struct arena *memory, coach_error *err)
{
    *ret = (struct path_step){0};
    if (len >= 2 && memcmp(text + len - 2, "[]", 2) == 0) {
        ret->spread = true;
        len -= 2;
    }
    if (len == 0 && !ret->spread)
        return coach_fail(err, COACH_ESYNTAX, "a key is missing between two dots");
    for (size_t i = 0; i < len; i++)
        if (strchr(" \t[]{}/,:", text[i]) != NULL)
            return coach_fail(err, COACH_ESYNTAX, "'%c' cannot stand in a path", text[i]);
    char *end, *key = arena_strn(memory, text, len);
    if (key == NULL)
        return coach_fail_nomem(err);
    ret->index = strtol(key, &end, 10);
    ret->number = len > 0 && *end == '\0' && labs(ret->index) < 1000;
    for (const char *p = key; *p != '\0'; p++)
        if (!is_dropped(*p))
            key[ret->len++] = ascii_lower(*p);
    key[ret->len] = '\0';
    ret->key = key;
    return COACH_OK;
}

int path_read(const char *text, struct path *ret, struct arena *memory, coach_error *err)
{
    struct path path = {0};
    if (*text == '/') {
        path.from_message = true;
        text++;
    }
    for (; strncmp(text, "../", 3) == 0; text += 3)
        path.outwards++;
    while (true) {
        size_t len = strcspn(text, ".");
        if (path.count == VALUE_MAX_STEPS)
            return coach_fail(err, COACH_ESYNTAX, "a path may have %d keys", VALUE_MAX_STEPS);
        int rc = read_step(text, len, &path.steps[path.count], memory, err);
        if (rc != COACH_OK)
            return rc;
        path.spreads += path.steps[path.count++].spread;
        if (text[len] == '\0')
            break;
        text += len + 1;
    }
    *ret = path;
    return COACH_OK;
}

static int add_part(struct template_part ***end, struct arena *memory, coach_error *err, struct template_part **ret)
{
    *ret = arena_alloc(memory, sizeof **ret);
    if (*ret == NULL)
        return coach_fail_nomem(err);
    **end = *ret;
    *end = &(*ret)->next;
    return COACH_OK;
}

/* "{channel}:{start_ms}" */
static int read_template(const char *text, struct template_part **ret, struct arena *memory, coach_error *err)
{
    static const struct {
        const char *word;
        enum value_name name;
    } names[] = {{"start_ms", NAME_START}, {"end_ms", NAME_END}, {"channel", NAME_CHANNEL}};
    struct template_part **end = ret, *part;
    int rc = COACH_OK;
    while (*text != '\0' && rc == COACH_OK) {
        size_t len = strcspn(text, "{}");
        if (len > 0) {
            rc = add_part(&end, memory, err, &part);
            if (rc == COACH_OK && (part->text = arena_strn(memory, text, len)) == NULL)
                rc = coach_fail_nomem(err);
            text += len;
            continue;
        }
        len = strcspn(text + 1, "{}");
        if (*text != '{' || text[1 + len] != '}')
            return coach_fail(err, COACH_ESYNTAX, "a brace without its other half");
        rc = add_part(&end, memory, err, &part);
        const char *inside = rc == COACH_OK ? arena_strn(memory, text + 1, len) : NULL;
        if (rc == COACH_OK && inside == NULL)
            rc = coach_fail_nomem(err);
        for (size_t i = 0; i < sizeof names / sizeof *names && rc == COACH_OK; i++)
            if (strcmp(names[i].word, inside) == 0)
                part->name = names[i].name;
        if (rc == COACH_OK && part->name == NAME_NONE)
            rc = path_read(inside, &part->path, memory, err);
        if (rc == COACH_OK && part->path.spreads > 0)
            rc = coach_fail(err, COACH_ESYNTAX, "a list cannot stand in braces");
        text += len + 2;
    }
    return rc;
}

/* The word that `text` begins with, when a blank follows it; `text` is moved behind both. */
static bool take_word(const char **text, const char *word)
{
    size_t len = strlen(word);
    if (strncmp(*text, word, len) != 0 || (*text)[len] != ' ')
        return false;
    for (*text += len; **text == ' ';)
        ++*text;
    return true;
}

static int read_element(const char *text, struct value_choice *ret, struct arena *memory, coach_error *err)
{
    size_t len = strcspn(text, " ");
    ret->element = arena_strn(memory, text, len);
    if (ret->element == NULL)
        return coach_fail_nomem(err);
    text += len;
    while (*text == ' ')
        text++;
    if (!take_word(&text, "of"))
        return coach_fail(err, COACH_ESYNTAX, "write it as: element NAME of PATH");
    return path_read(text, &ret->path, memory, err);
}

static int read_plain_choice(const char *text, struct value_choice *ret, struct arena *memory, coach_error *err)
{
    static const struct {
        const char *word;
        enum value_op op;
    } words[] = {{"join", VALUE_JOIN}, {"mean", VALUE_MEAN}, {"first", VALUE_FIRST}, {"last", VALUE_LAST}};
    if (strpbrk(text, "{}") != NULL) {
        ret->op = VALUE_TEMPLATE;
        return read_template(text, &ret->parts, memory, err);
    }
    if (take_word(&text, "element")) {
        ret->op = VALUE_ELEMENT;
        return read_element(text, ret, memory, err);
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (take_word(&text, words[i].word)) {
            ret->op = words[i].op;
            break;
        }
    int rc = path_read(text, &ret->path, memory, err);
    if (rc != COACH_OK)
        return rc;
    if (ret->op == VALUE_PATH && ret->path.spreads > 0)
        return coach_fail(err, COACH_ESYNTAX, "of a list '[]' say what to take: join, mean, first or last");
    if (ret->op != VALUE_PATH && ret->path.spreads == 0)
        return coach_fail(err, COACH_ESYNTAX, "say which list: put [] behind its key");
    return COACH_OK;
}

int value_choice_read(const char *text, struct value_choice *ret, struct arena *memory, coach_error *err)
{
    const char *unit = strstr(text, " in ");
    *ret = (struct value_choice){.op = VALUE_PATH};
    if (unit == NULL)
        return read_plain_choice(text, ret, memory, err);
    if (!times_unit(unit + 4, &ret->ms_per_unit))
        return coach_fail(err, COACH_ESYNTAX, "a time is in s, ms, us or ticks");
    const char *before = arena_strn(memory, text, (size_t)(unit - text));
    return before == NULL ? coach_fail_nomem(err) : read_plain_choice(before, ret, memory, err);
}

/* --- looking up --- */

void lookup_clear(struct lookup *l)
{
    json_decref(l->made);
    *l = (struct lookup){0};
}

/* Returns whether the message is still worth it. */
static bool spend(struct lookup *l, size_t work)
{
    l->work += work;
    l->gave_up |= l->work > VALUE_MAX_WORK;
    return !l->gave_up;
}

/* Gives `v` to the lookup; returns it, or NULL when memory is out. */
static json_t *keep(struct lookup *l, json_t *v)
{
    if (l->made == NULL)
        l->made = json_array();
    if (v == NULL || l->made == NULL || json_array_append_new(l->made, v) != 0) {
        if (l->made == NULL)
            json_decref(v);
        l->no_memory = true;
        return NULL;
    }
    return v;
}

bool value_is_there(const json_t *v)
{
    if (v == NULL || json_is_null(v))
        return false;
    if (json_is_string(v))
        return json_string_length(v) > 0;
    if (json_is_array(v))
        return json_array_size(v) > 0;
    return !json_is_object(v) || json_object_size(v) > 0;
}

bool key_is(const char *key, const struct path_step *step)
{
    size_t n = 0;
    for (; *key != '\0'; key++) {
        if (is_dropped(*key))
            continue;
        if (n == step->len || ascii_lower(*key) != step->key[n])
            return false;
        n++;
    }
    return n == step->len;
}

json_t *value_unpack(json_t *string, const char *key, struct lookup *l)
{
    const char *text = json_string_value(string);
    size_t len = json_string_length(string);
    for (size_t i = 0; i < l->unpacked; i++)
        if (l->from[i] == string)
            return l->to[i];
    while (len > 0 && (*text == ' ' || *text == '\n' || *text == '\r' || *text == '\t')) {
        text++;
        len--;
    }
    if (len == 0 || (*text != '{' && *text != '[') || l->unpacked == VALUE_MAX_UNPACKED)
        return NULL;
    json_error_t why;
    json_t *v = NULL;
    int rc = depth_of(text, len) > DEPTH_MAX ? COACH_ESYNTAX : parse_json(text, len, 0, &v, &why);
    if (rc == COACH_ENOMEM)
        l->no_memory = true;
    else if (rc != COACH_OK)
        l->bad_inside = key;
    else
        v = keep(l, v);
    l->from[l->unpacked] = string;
    l->to[l->unpacked++] = v;
    return v;
}

json_t *value_member(const json_t *object, const struct path_step *step, struct lookup *l)
{
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)object, key, v)
    {
        if (l != NULL && !spend(l, 1 + strlen(key) / 16))
            return NULL;
        if (key_is(key, step))
            return v;
    }
    return NULL;
}

/* What one step leads to, `before` being the key that led here. */
static json_t *go(json_t *at, const struct path_step *step, const char *before, struct lookup *l)
{
    if (step->len == 0)
        return at;
    if (json_is_string(at))
        at = value_unpack(at, before, l);
    if (json_is_object(at))
        return value_member(at, step, l);
    if (!json_is_array(at) || !step->number)
        return NULL;
    long size = (long)json_array_size(at), index = step->index < 0 ? size + step->index : step->index;
    return index < 0 || index >= size ? NULL : json_array_get(at, (size_t)index);
}

static const struct scope *beginning(const struct path *path, const struct scope *scope, const struct lookup *l)
{
    for (unsigned i = 0; i < path->outwards; i++)
        scope = scope->outer != NULL ? scope->outer : l->whole != NULL ? l->whole : scope;
    while (path->from_message && scope->outer != NULL)
        scope = scope->outer;
    return scope;
}

json_t *path_get(const struct path *path, const struct scope *scope, struct lookup *l)
{
    json_t *at = beginning(path, scope, l)->at;
    for (size_t i = 0; i < path->count && at != NULL; i++)
        at = go(at, &path->steps[i], i > 0 ? path->steps[i - 1].key : "", l);
    return at;
}

struct walk {
    const struct path *path;
    struct lookup *lookup;
    int (*fn)(void *user, const struct scope *item);
    void *user;
};

static int walk(const struct walk *w, size_t step, json_t *at, const struct scope *outer)
{
    for (; step < w->path->count && at != NULL; step++) {
        const char *key = w->path->steps[step].key;
        at = go(at, &w->path->steps[step], step > 0 ? w->path->steps[step - 1].key : "", w->lookup);
        if (!w->path->steps[step].spread)
            continue;
        if (json_is_string(at))
            at = value_unpack(at, key, w->lookup);
        if (json_is_object(at)) { /* one where others send a list of one */
            struct scope item = {at, outer};
            return walk(w, step + 1, at, &item);
        }
        for (size_t i = 0; i < json_array_size(at); i++) {
            struct scope item = {json_array_get(at, i), outer};
            if (!spend(w->lookup, 1))
                break;
            int rc = walk(w, step + 1, item.at, &item);
            if (rc != 0)
                return rc;
        }
        return 0;
    }
    if (at == NULL)
        return 0;
    struct scope item = {at, outer->outer}; /* what follows the last list belongs to its item */
    return w->fn(w->user, &item);
}

int path_each(const struct path *path, const struct scope *scope, struct lookup *l,
              int (*fn)(void *user, const struct scope *item), void *user)
{
    const struct walk w = {path, l, fn, user};
    const struct scope *from = beginning(path, scope, l);
    return walk(&w, 0, from->at, from);
}

/* --- what is made of the items of a list --- */

struct collected {
    enum value_op op;
    struct buf text;
    double sum;
    size_t count;
    json_t *item;
    int rc;
};

static int collect(void *user, const struct scope *item)
{
    struct collected *c = user;
    char digits[32];
    const char *text;
    size_t len;
    double number;
    if (!value_is_there(item->at))
        return 0;
    if (c->op == VALUE_FIRST || c->op == VALUE_LAST) {
        c->item = item->at;
        return c->op == VALUE_FIRST;
    }
    if (c->op == VALUE_MEAN) {
        if (value_number(item->at, &number)) {
            c->sum += number;
            c->count++;
        }
        return 0;
    }
    if (!value_text(item->at, digits, &text, &len))
        return 0;
    if (c->text.len > 0)
        c->rc = buf_adds(&c->text, " ");
    if (c->rc == COACH_OK)
        c->rc = buf_add(&c->text, text, len);
    return c->rc != COACH_OK;
}

static json_t *made_text(struct lookup *l, const struct buf *text)
{
    return text->len == 0 || !spend(l, text->len) ? NULL : keep(l, json_stringn(text->data, text->len));
}

static json_t *get_collected(const struct value_choice *v, const struct scope *scope, struct lookup *l)
{
    struct collected c = {.op = v->op};
    json_t *ret = NULL;
    buf_init(&c.text, 0);
    (void)path_each(&v->path, scope, l, collect, &c);
    if (c.rc != COACH_OK)
        l->no_memory = true;
    else if (v->op == VALUE_JOIN)
        ret = made_text(l, &c.text);
    else if (v->op != VALUE_MEAN)
        ret = c.item;
    else if (c.count > 0 && isfinite(c.sum))
        ret = keep(l, json_real(c.sum / (double)c.count));
    buf_clear(&c.text);
    return ret;
}

/* The text inside <element ...>text</element>, with the five entities of XML read; a text without any element is it
 * all. */
static json_t *get_element(const struct value_choice *v, const struct scope *scope, struct lookup *l)
{
    static const struct {
        const char *name;
        char is;
    } entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    json_t *string = path_get(&v->path, scope, l);
    const char *p = json_string_value(string);
    size_t len = strlen(v->element);
    if (p != NULL && strchr(p, '<') == NULL)
        return string;
    while (p != NULL && (p = strchr(p, '<')) != NULL) {
        p++;
        if (strncmp(p, v->element, len) == 0 && strchr(" \t\r\n>", p[len]) != NULL)
            break;
    }
    if (p == NULL || (p = strchr(p, '>')) == NULL)
        return NULL;
    struct buf text;
    int rc = COACH_OK;
    buf_init(&text, 0);
    for (p++; *p != '\0' && *p != '<' && rc == COACH_OK;) {
        char c = *p;
        size_t skip = 1;
        for (size_t i = 0; c == '&' && i < sizeof entities / sizeof *entities; i++)
            if (strncmp(p, entities[i].name, strlen(entities[i].name)) == 0) {
                c = entities[i].is;
                skip = strlen(entities[i].name);
            }
        rc = buf_add(&text, &c, 1);
        p += skip;
    }
    json_t *ret = rc == COACH_OK ? made_text(l, &text) : NULL;
    l->no_memory |= rc != COACH_OK;
    buf_clear(&text);
    return ret;
}

/* NULL when any of its values is missing. */
static json_t *get_template(const struct value_choice *v, const struct scope *scope, struct lookup *l)
{
    const char *const known[] = {[NAME_START] = l->start_ms, [NAME_END] = l->end_ms, [NAME_CHANNEL] = l->channel};
    struct buf text;
    bool whole = true;
    int rc = COACH_OK;
    buf_init(&text, 0);
    for (const struct template_part *part = v->parts; part != NULL && whole && rc == COACH_OK; part = part->next) {
        char digits[32];
        const char *s = part->text != NULL ? part->text : part->name != NAME_NONE ? known[part->name] : NULL;
        size_t len = s == NULL ? 0 : strlen(s);
        if (part->text == NULL && part->name == NAME_NONE)
            whole = value_text(path_get(&part->path, scope, l), digits, &s, &len);
        if (whole && s != NULL)
            rc = buf_add(&text, s, len);
        whole &= s != NULL;
    }
    json_t *ret = whole && rc == COACH_OK ? made_text(l, &text) : NULL;
    l->no_memory |= rc != COACH_OK;
    buf_clear(&text);
    return ret;
}

json_t *value_find(const struct value *value, const struct scope *scope, struct lookup *l,
                   const struct value_choice **ret)
{
    for (size_t i = 0; i < value->count; i++) {
        const struct value_choice *choice = &value->choices[i];
        json_t *v = choice->op == VALUE_PATH       ? path_get(&choice->path, scope, l)
                    : choice->op == VALUE_ELEMENT  ? get_element(choice, scope, l)
                    : choice->op == VALUE_TEMPLATE ? get_template(choice, scope, l)
                                                   : get_collected(choice, scope, l);
        if (value_is_there(v)) {
            *ret = choice;
            return v;
        }
    }
    return NULL;
}

json_t *value_get(const struct value *value, const struct scope *scope, struct lookup *l)
{
    const struct value_choice *choice;
    return value_find(value, scope, l, &choice);
}

/* --- what scalars say --- */

bool value_text(const json_t *v, char digits[32], const char **text, size_t *len)
{
    if (json_is_string(v)) {
        *text = json_string_value(v);
        *len = json_string_length(v);
        return true;
    }
    int n = json_is_integer(v)   ? snprintf(digits, 32, "%lld", (long long)json_integer_value(v))
            : json_is_boolean(v) ? snprintf(digits, 32, "%s", json_is_true(v) ? "true" : "false")
            : json_is_real(v)    ? snprintf(digits, 32, "%.12g", json_real_value(v))
                                 : -1;
    if (n < 0)
        return false;
    *text = digits;
    *len = (size_t)n;
    return true;
}

struct wire_text value_kept_text(const json_t *v, struct lookup *l)
{
    char digits[32];
    struct wire_text ret = {0};
    if (!value_text(v, digits, &ret.s, &ret.len) || ret.s != digits)
        return ret;
    const json_t *kept = keep(l, json_stringn(digits, ret.len));
    return (struct wire_text){json_string_value(kept), json_string_length(kept)};
}

bool value_bool(const json_t *v, bool *ret)
{
    static const char *const yes[] = {"true", "yes", "1"}, *const no[] = {"false", "no", "0"};
    char digits[32], low[8] = "";
    const char *text;
    size_t len;
    if (!value_text(v, digits, &text, &len) || len >= sizeof low)
        return false;
    for (size_t i = 0; i < len; i++)
        low[i] = ascii_lower(text[i]);
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (strcmp(low, yes[i]) == 0 || strcmp(low, no[i]) == 0) {
            *ret = strcmp(low, yes[i]) == 0;
            return true;
        }
    return false;
}

/* Digits with at most one point and an exponent, whatever the host's locale. */
static bool read_number(const char *text, double *ret)
{
    const char *p = text;
    double value = 0, scale = 1;
    bool minus = *p == '-', digits = false;
    for (p += minus; *p >= '0' && *p <= '9'; p++, digits = true)
        value = value * 10 + (*p - '0');
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9'; p++, digits = true)
            value += (*p - '0') * (scale /= 10);
    if (digits && (*p == 'e' || *p == 'E')) {
        char *end;
        long exponent = strtol(p + 1, &end, 10);
        if (end == p + 1 || labs(exponent) > 300)
            return false;
        for (; exponent > 0; exponent--)
            value *= 10;
        for (; exponent < 0; exponent++)
            value /= 10;
        p = end;
    }
    *ret = minus ? -value : value;
    return digits && *p == '\0';
}

bool value_number(const json_t *v, double *ret)
{
    if (json_is_number(v)) {
        *ret = json_number_value(v);
        return true;
    }
    return json_is_string(v) && read_number(json_string_value(v), ret);
}
