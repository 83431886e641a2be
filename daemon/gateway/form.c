#include "daemon/gateway/form.h"

#include <string.h>

#include "lib/base/utf8.h"

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int decode(const char *text, size_t len, struct arena *memory, const char **ret, size_t *ret_len)
{
    char *out = arena_alloc(memory, len + 1);
    size_t n = 0;
    if (out == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < len; i++) {
        int high = 0, low = 0;
        if (text[i] == '%') {
            if (len - i < 3 || (high = digit(text[i + 1])) < 0 || (low = digit(text[i + 2])) < 0)
                return COACH_ESYNTAX;
            out[n++] = (char)(high << 4 | low);
            i += 2;
        } else {
            out[n++] = text[i] == '+' ? ' ' : text[i];
        }
    }
    out[n] = '\0';
    if (memchr(out, '\0', n) != NULL || utf8_valid(out, n) != n)
        return COACH_EUTF8;
    *ret = out;
    *ret_len = n;
    return COACH_OK;
}

static int read_pair(const char *text, size_t len, struct arena *memory, struct form_pair *p)
{
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals == NULL ? len : (size_t)(equals - text);
    const char *value = equals == NULL ? text + len : equals + 1;
    int rc = decode(text, name_len, memory, &p->name, &p->name_len);
    return rc == COACH_OK ? decode(value, (size_t)(text + len - value), memory, &p->value, &p->value_len) : rc;
}

int form_read(const char *text, size_t len, struct arena *memory, struct form *ret)
{
    *ret = (struct form){0};
    if (len == 0)
        return COACH_OK;
    size_t most = 1;
    for (size_t i = 0; i < len; i++)
        most += text[i] == '&';
    ret->pairs = arena_alloc(memory, most * sizeof *ret->pairs);
    if (ret->pairs == NULL)
        return COACH_ENOMEM;
    for (const char *p = text, *end = text + len; p < end;) {
        const char *and = memchr(p, '&', (size_t)(end - p));
        const char *stop = and == NULL ? end : and;
        if (stop > p) {
            int rc = read_pair(p, (size_t)(stop - p), memory, &ret->pairs[ret->count]);
            if (rc != COACH_OK)
                return rc;
            ret->count++;
        }
        p = stop + 1;
    }
    return COACH_OK;
}

const char *form_get(const struct form *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->pairs[i].name, name) == 0)
            return f->pairs[i].value;
    return NULL;
}
