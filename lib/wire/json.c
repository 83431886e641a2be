#include "lib/wire/json.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "lib/base/utf8.h"
#include "lib/wire/depth.h"
#include "lib/wire/parse.h"

/* --- writing --- */

void json_out_begin(struct json_out *j, struct buf *to)
{
    *j = (struct json_out){.to = to, .begin = to->len};
}

static void put(struct json_out *j, const char *text, size_t len)
{
    if (j->rc == COACH_OK)
        j->rc = buf_add(j->to, text, len);
}

int json_out_end(struct json_out *j, bool newline)
{
    if (newline)
        put(j, "\n", 1);
    if (j->rc != COACH_OK && j->to->data != NULL) {
        j->to->len = j->begin;
        j->to->data[j->begin] = '\0';
    }
    return j->rc;
}

static void put_quoted(struct json_out *j, const char *text, size_t len)
{
    put(j, "\"", 1);
    size_t from = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        put(j, text + from, i - from);
        from = i + 1;
        char escape[8];
        if (c == '"' || c == '\\')
            snprintf(escape, sizeof escape, "\\%c", c);
        else if (c == '\n')
            snprintf(escape, sizeof escape, "\\n");
        else
            snprintf(escape, sizeof escape, "\\u%04x", c);
        put(j, escape, strlen(escape));
    }
    put(j, text + from, len - from);
    put(j, "\"", 1);
}

static void begin_value(struct json_out *j, const char *key)
{
    if (j->comma)
        put(j, ",", 1);
    if (key != NULL) {
        put_quoted(j, key, strlen(key));
        put(j, ":", 1);
    }
    j->comma = true;
}

void json_open_object(struct json_out *j, const char *key)
{
    begin_value(j, key);
    put(j, "{", 1);
    j->comma = false;
}

void json_close_object(struct json_out *j)
{
    put(j, "}", 1);
    j->comma = true;
}

void json_open_array(struct json_out *j, const char *key)
{
    begin_value(j, key);
    put(j, "[", 1);
    j->comma = false;
}

void json_close_array(struct json_out *j)
{
    put(j, "]", 1);
    j->comma = true;
}

void json_text(struct json_out *j, const char *key, const char *text)
{
    if (text != NULL)
        json_textn(j, key, text, strlen(text));
}

void json_textn(struct json_out *j, const char *key, const char *text, size_t len)
{
    if (text == NULL)
        return;
    begin_value(j, key);
    put_quoted(j, text, len);
}

static void put_word(struct json_out *j, const char *key, const char *word)
{
    begin_value(j, key);
    put(j, word, strlen(word));
}

void json_int(struct json_out *j, const char *key, int64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)value);
    put_word(j, key, digits);
}

void json_bool(struct json_out *j, const char *key, bool value)
{
    put_word(j, key, value ? "true" : "false");
}

void json_decimal(struct json_out *j, const char *key, double value)
{
    /* in whole thousandths, as printf's %f would write the decimal point of the host's locale */
    bool fits = value > -1e15 && value < 1e15;
    int64_t thousandths = fits ? (int64_t)(value * 1000 + (value < 0 ? -0.5 : 0.5)) : 0;
    uint64_t size = thousandths < 0 ? 0 - (uint64_t)thousandths : (uint64_t)thousandths;
    char digits[32];
    snprintf(digits, sizeof digits, "%s%llu.%03llu", thousandths < 0 ? "-" : "", (unsigned long long)(size / 1000),
             (unsigned long long)(size % 1000));
    put_word(j, key, digits);
}

void json_raw(struct json_out *j, const char *key, const char *raw, size_t len)
{
    begin_value(j, key);
    put(j, raw, len);
}

/* --- reading: a struct json_in is a json_t that nobody else sees --- */

static const json_t *value_of(const struct json_in *v)
{
    return (const json_t *)v;
}

int json_in_read(const char *text, size_t len, struct json_in **ret, coach_error *err)
{
    size_t good = utf8_valid(text, len);
    if (good < len)
        return coach_fail(err, COACH_EUTF8, "not UTF-8 at byte %zu", good + 1);
    if (depth_of(text, len) > DEPTH_MAX)
        return coach_fail(err, COACH_ELIMIT, "nested deeper than %d", DEPTH_MAX);
    json_error_t why;
    json_t *root = NULL;
    int rc = parse_json(text, len, 0, &root, &why);
    if (rc == COACH_ENOMEM)
        return coach_fail_nomem(err);
    if (rc != COACH_OK)
        return coach_fail(err, COACH_ESYNTAX, "%s at byte %d", why.text, why.position);
    *ret = (struct json_in *)root;
    return COACH_OK;
}

void json_in_free(struct json_in *v)
{
    json_decref((json_t *)v);
}

const struct json_in *json_in_get(const struct json_in *v, const char *key)
{
    return (const struct json_in *)json_object_get(value_of(v), key);
}

const struct json_in *json_in_at(const struct json_in *v, size_t index)
{
    return (const struct json_in *)json_array_get(value_of(v), index);
}

size_t json_in_count(const struct json_in *v)
{
    const json_t *value = value_of(v);
    return json_is_object(value) ? json_object_size(value) : json_array_size(value);
}

const char *json_in_key(const struct json_in *v, size_t index)
{
    json_t *object = (json_t *)v;
    void *at = json_object_iter(object);
    while (at != NULL && index-- > 0)
        at = json_object_iter_next(object, at);
    return at == NULL ? NULL : json_object_iter_key(at);
}

bool json_in_is_object(const struct json_in *v)
{
    return json_is_object(value_of(v));
}

const char *json_in_string(const struct json_in *v)
{
    return json_string_value(value_of(v));
}

const char *json_in_text(const struct json_in *v, const char *key)
{
    return json_string_value(json_object_get(value_of(v), key));
}

int64_t json_in_int(const struct json_in *v, const char *key, int64_t otherwise)
{
    const json_t *member = json_object_get(value_of(v), key);
    return json_is_integer(member) ? json_integer_value(member) : otherwise;
}

bool json_in_bool(const struct json_in *v, const char *key, bool otherwise)
{
    const json_t *member = json_object_get(value_of(v), key);
    return json_is_boolean(member) ? json_boolean_value(member) : otherwise;
}

struct dumping {
    struct buf *to;
    int rc;
};

static int add_dumped(const char *buffer, size_t size, void *data)
{
    struct dumping *d = data;
    d->rc = buf_add(d->to, buffer, size);
    return d->rc == COACH_OK ? 0 : -1;
}

int json_in_write(const struct json_in *v, struct buf *to)
{
    size_t len = to->len;
    struct dumping d = {.to = to};
    if (json_dump_callback(value_of(v), add_dumped, &d, JSON_COMPACT | JSON_ENCODE_ANY) == 0)
        return COACH_OK;
    to->len = len;
    if (to->data != NULL)
        to->data[len] = '\0';
    return d.rc != COACH_OK ? d.rc : COACH_ENOMEM;
}
