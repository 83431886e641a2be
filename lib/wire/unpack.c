#include "lib/wire/unpack.h"

#include <string.h>

#include "lib/base/ascii.h"
#include "lib/base/buf.h"
#include "lib/base/utf8.h"

enum { MAX_FIELDS = 256, MAX_INSIDE = 2 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool unpack_is_form(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len && text[i] != '=' && !is_blank(text[i]) && strchr("{}[]\":", text[i]) == NULL)
        i++;
    return i > 0 && i < len && text[i] == '=';
}

bool unpack_is_header(const char *line, size_t len)
{
    size_t i = 0;
    while (i < len && !is_blank(line[i]) && strchr("{}[]\"=", line[i]) == NULL && line[i] != ':')
        i++;
    return i > 0 && i < len && line[i] == ':' && line[0] >= 'A';
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

enum encoding { AS_IS, PERCENT, FORM }; /* of a form, "+" is a blank too */

static int decode(const char *text, size_t len, enum encoding encoding, struct buf *out)
{
    int rc = COACH_OK;
    buf_reset(out);
    for (size_t i = 0; i < len && rc == COACH_OK; i++) {
        char c = encoding == FORM && text[i] == '+' ? ' ' : text[i];
        if (encoding != AS_IS && c == '%' && i + 2 < len && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
            c = (char)(hex(text[i + 1]) * 16 + hex(text[i + 2]));
            i += 2;
        }
        rc = buf_add(out, &c, 1);
    }
    return rc;
}

static int set(json_t *object, const struct buf *name, const struct buf *value, coach_error *err)
{
    const char *key = name->data == NULL ? "" : name->data, *text = value->data == NULL ? "" : value->data;
    if (utf8_valid(key, name->len) < name->len || utf8_valid(text, value->len) < value->len)
        return coach_fail(err, COACH_EUTF8, "field %zu is not UTF-8", json_object_size(object) + 1);
    if (memchr(key, '\0', name->len) != NULL || memchr(text, '\0', value->len) != NULL)
        return coach_fail(err, COACH_ESYNTAX, "field %zu has a NUL", json_object_size(object) + 1);
    if (json_object_size(object) >= MAX_FIELDS)
        return coach_fail(err, COACH_ESYNTAX, "more than %d fields", MAX_FIELDS);
    if (json_object_get(object, key) != NULL)
        return COACH_OK;
    return json_object_set_new(object, key, json_stringn(text, value->len)) == 0 ? COACH_OK : coach_fail_nomem(err);
}

static int set_field(json_t *object, const char *name, size_t name_len, const char *value, size_t len,
                     enum encoding encoding, coach_error *err)
{
    struct buf key, text;
    buf_init(&key, 0);
    buf_init(&text, 0);
    int rc = decode(name, name_len, encoding, &key);
    if (rc == COACH_OK)
        rc = decode(value, len, encoding, &text);
    rc = rc == COACH_OK ? set(object, &key, &text, err) : coach_fail_nomem(err);
    buf_clear(&key);
    buf_clear(&text);
    return rc;
}

static int finish(json_t *object, int rc, json_t **ret)
{
    if (rc == COACH_OK)
        *ret = object;
    else
        json_decref(object);
    return rc;
}

int unpack_form(const char *text, size_t len, json_t **ret, coach_error *err)
{
    json_t *object = json_object();
    int rc = object == NULL ? coach_fail_nomem(err) : COACH_OK;
    while (len > 0 && is_blank(text[len - 1]))
        len--;
    for (const char *p = text, *end = text + len; p < end && rc == COACH_OK;) {
        const char *stop = memchr(p, '&', (size_t)(end - p));
        stop = stop == NULL ? end : stop;
        const char *equals = memchr(p, '=', (size_t)(stop - p));
        const char *name_end = equals == NULL ? stop : equals, *value = equals == NULL ? stop : equals + 1;
        if (name_end > p)
            rc = set_field(object, p, (size_t)(name_end - p), value, (size_t)(stop - value), FORM, err);
        p = stop + (stop < end);
    }
    return finish(object, rc, ret);
}

static bool is_plain_event(json_t *object)
{
    const char *key;
    json_t *v;
    json_object_foreach(object, key, v)
    {
        if (ascii_same(key, strlen(key), "content-type"))
            return strcmp(json_string_value(v), "text/event-plain") == 0;
    }
    return false;
}

/* Where the value of a header begins and ends. */
static void trim(const char **from, const char **to)
{
    while (*from < *to && is_blank(**from))
        ++*from;
    while (*to > *from && is_blank((*to)[-1]))
        --*to;
}

static int read_headers(const char *text, size_t len, int depth, json_t **ret, coach_error *err)
{
    const char *p = text, *end = text + len;
    json_t *object = json_object(), *body = NULL;
    int rc = object == NULL ? coach_fail_nomem(err) : COACH_OK;
    while (rc == COACH_OK && p < end) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        const char *line = p, *to = stop == NULL ? end : stop, *colon = memchr(p, ':', (size_t)(to - p));
        p = stop == NULL ? end : stop + 1;
        if (to == line || (to == line + 1 && *line == '\r'))
            break;
        if (colon == NULL || colon == line) {
            rc = coach_fail(err, COACH_ESYNTAX, "header %zu has no name", json_object_size(object) + 1);
            break;
        }
        const char *value = colon + 1;
        trim(&value, &to);
        rc = set_field(object, line, (size_t)(colon - line), value, (size_t)(to - value), depth > 0 ? PERCENT : AS_IS,
                       err);
    }
    const char *body_end = end;
    trim(&p, &body_end);
    if (rc == COACH_OK && p < body_end) {
        if (is_plain_event(object) && depth < MAX_INSIDE)
            rc = read_headers(p, (size_t)(end - p), depth + 1, &body, err);
        else if (memchr(p, '\0', (size_t)(body_end - p)) != NULL)
            rc = coach_fail(err, COACH_ESYNTAX, "the body has a NUL");
        else if (utf8_valid(p, (size_t)(body_end - p)) < (size_t)(body_end - p))
            rc = coach_fail(err, COACH_EUTF8, "the body is not UTF-8");
        else if ((body = json_stringn(p, (size_t)(body_end - p))) == NULL)
            rc = coach_fail_nomem(err);
        if (rc == COACH_OK && json_object_set_new(object, "body", body) != 0)
            rc = coach_fail_nomem(err);
    }
    return finish(object, rc, ret);
}

int unpack_headers(const char *text, size_t len, json_t **ret, coach_error *err)
{
    return read_headers(text, len, 0, ret, err);
}

static bool is_number(const char *text, size_t len, bool decimal)
{
    size_t digits = 0, points = 0;
    for (size_t i = 0; i < len; i++) {
        digits += text[i] >= '0' && text[i] <= '9';
        points += text[i] == '.';
    }
    return digits > 0 && points <= 1 && points >= decimal && digits + points == len;
}

int unpack_columns(const struct mapping *m, const char *line, size_t len, json_t **ret, coach_error *err)
{
    json_t *object = json_object();
    int rc = object == NULL ? coach_fail_nomem(err) : COACH_OK;
    const char *p = line, *end = line + len;
    trim(&p, &end);
    for (size_t i = 0; i < m->ncolumns && rc == COACH_OK; i++) {
        const char *stop = p;
        while (stop < end && (i + 1 == m->ncolumns || !is_blank(*stop)))
            stop++;
        bool decimal = m->columns[i].kind == COLUMN_DECIMAL;
        if (m->columns[i].kind != COLUMN_TEXT && !is_number(p, (size_t)(stop - p), decimal))
            rc = coach_fail(err, COACH_ESYNTAX, "column %zu (%s) is no number%s", i + 1, m->columns[i].name,
                            decimal ? " with a point" : "");
        else if (json_object_set_new(object, m->columns[i].name, json_stringn(p, (size_t)(stop - p))) != 0)
            rc = coach_fail_nomem(err);
        for (p = stop; p < end && is_blank(*p);)
            p++;
    }
    return finish(object, rc, ret);
}
