#include "daemon/base/optvalue.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    int64_t factor;
};

/* Largest first, as values are written in the largest that divides them. */
static const struct unit durations[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {NULL, 0}};
static const struct unit sizes[] = {{"GiB", 1073741824}, {"MiB", 1048576}, {"KiB", 1024}, {"B", 1}, {NULL, 0}};
static const struct unit plain[] = {{"", 1}, {NULL, 0}};

static const struct unit *units_of(enum option_kind kind)
{
    return kind == OPTION_DURATION ? durations : kind == OPTION_SIZE ? sizes : plain;
}

static int write_number(enum option_kind kind, int64_t value, struct buf *out)
{
    const struct unit *u = units_of(kind);
    if (value == 0)
        return buf_adds(out, kind == OPTION_DURATION ? "0s" : "0");
    while (value % u->factor != 0)
        u++;
    return buf_addf(out, "%" PRId64 "%s", value / u->factor, u->factor == 1 && kind == OPTION_SIZE ? "" : u->name);
}

static const char *example(enum option_kind kind)
{
    switch (kind) {
    case OPTION_SIZE:
        return "a size such as 64KiB or 1MiB";
    case OPTION_DURATION:
        return "a duration such as 500ms, 10s, 5m or 2h";
    default:
        return "a whole number";
    }
}

static int refuse_bounds(const struct option_spec *spec, coach_error *err)
{
    struct buf bounds;
    buf_init(&bounds, 0);
    int rc = write_number(spec->kind, spec->min, &bounds);
    if (rc == COACH_OK)
        rc = buf_adds(&bounds, " to ");
    if (rc == COACH_OK)
        rc = write_number(spec->kind, spec->max, &bounds);
    rc = rc == COACH_OK ? coach_fail(err, COACH_EINVAL, "must be %s", bounds.data) : coach_fail_nomem(err);
    buf_clear(&bounds);
    return rc;
}

static bool bounded(const struct option_spec *spec)
{
    return spec->min != 0 || spec->max != 0;
}

static int read_number(const struct option_spec *spec, const char *text, int64_t *ret, coach_error *err)
{
    char *end;
    errno = 0;
    bool digits = *text >= '0' && *text <= '9';
    bool sign = *text == '-' && text[1] >= '0' && text[1] <= '9';
    long long number = digits || sign ? strtoll(text, &end, 10) : 0;
    if (!digits && !sign)
        return coach_fail(err, COACH_EINVAL, "takes %s", example(spec->kind));
    const struct unit *u = units_of(spec->kind);
    bool bare = *end == '\0' && (spec->kind != OPTION_DURATION || number == 0);
    while (!bare && u->name != NULL && strcmp(u->name, end) != 0)
        u++;
    if (!bare && u->name == NULL)
        return coach_fail(err, COACH_EINVAL, "takes %s", example(spec->kind));
    int64_t value;
    if (errno == ERANGE || __builtin_mul_overflow((int64_t)number, bare ? 1 : u->factor, &value))
        return bounded(spec) ? refuse_bounds(spec, err) : coach_fail(err, COACH_EINVAL, "is too large");
    if (bounded(spec) && (value < spec->min || value > spec->max))
        return refuse_bounds(spec, err);
    *ret = value;
    return COACH_OK;
}

static int read_real(const struct option_spec *spec, const char *text, double *ret, coach_error *err)
{
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || errno == ERANGE || value != value || strpbrk(text, "xXnN \t") != NULL)
        return coach_fail(err, COACH_EINVAL, "takes a number such as 0.5");
    if (bounded(spec) && (value < (double)spec->min || value > (double)spec->max))
        return refuse_bounds(spec, err);
    *ret = value;
    return COACH_OK;
}

static int read_bool(const char *text, bool *ret, coach_error *err)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i]) == 0) {
            *ret = i % 2 == 1;
            return COACH_OK;
        }
    return coach_fail(err, COACH_EINVAL, "takes yes or no");
}

static int read_text(const char *text, struct arena *memory, const char **ret, coach_error *err)
{
    const char *copy = arena_str(memory, text);
    if (copy == NULL)
        return coach_fail_nomem(err);
    *ret = copy;
    return COACH_OK;
}

static int read_choice(const struct option_spec *spec, const char *text, const char **ret, coach_error *err)
{
    struct buf known;
    buf_init(&known, 0);
    int rc = COACH_OK;
    for (size_t i = 0; spec->choices[i] != NULL && rc == COACH_OK; i++) {
        if (strcmp(spec->choices[i], text) == 0) {
            *ret = spec->choices[i];
            buf_clear(&known);
            return COACH_OK;
        }
        rc = buf_addf(&known, "%s%s", i == 0 ? "" : ", ", spec->choices[i]);
    }
    rc = rc == COACH_OK ? coach_fail(err, COACH_EINVAL, "takes one of %s", known.data) : coach_fail_nomem(err);
    buf_clear(&known);
    return rc;
}

/* The array is made anew for each item: lists of options are short. */
static int read_item(const char *text, struct arena *memory, struct option_list *list, coach_error *err)
{
    const char **items = arena_alloc(memory, (list->count + 1) * sizeof *items);
    const char *copy = arena_str(memory, text);
    if (items == NULL || copy == NULL)
        return coach_fail_nomem(err);
    if (list->count > 0)
        memcpy(items, list->items, list->count * sizeof *items);
    items[list->count] = copy;
    list->items = items;
    list->count++;
    return COACH_OK;
}

int optvalue_read(const struct option_spec *spec, const char *text, struct arena *memory, void *member,
                  coach_error *err)
{
    switch (spec->kind) {
    case OPTION_BOOL:
        return read_bool(text, member, err);
    case OPTION_INT:
    case OPTION_SIZE:
    case OPTION_DURATION:
        return read_number(spec, text, member, err);
    case OPTION_REAL:
        return read_real(spec, text, member, err);
    case OPTION_TEXT:
        return read_text(text, memory, member, err);
    case OPTION_CHOICE:
        return read_choice(spec, text, member, err);
    case OPTION_LIST:
        return read_item(text, memory, member, err);
    }
    return coach_fail(err, COACH_EINTERNAL, "is of no known kind");
}

/* Double quotes with the escapes of YAML, unless the text is plainly a name or a path. */
static int write_text(const char *text, struct buf *out)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_.+-";
    if (*text != '\0' && *text != '-' && text[strspn(text, safe)] == '\0')
        return buf_adds(out, text);
    int rc = buf_adds(out, "\"");
    for (; *text != '\0' && rc == COACH_OK; text++) {
        if (*text == '"' || *text == '\\')
            rc = buf_addf(out, "\\%c", *text);
        else if ((unsigned char)*text < 0x20 || *text == 0x7f)
            rc = buf_addf(out, "\\x%02x", (unsigned)(unsigned char)*text);
        else
            rc = buf_add(out, text, 1);
    }
    return rc == COACH_OK ? buf_adds(out, "\"") : rc;
}

/* One item per line: the reader of these files refuses lists inside a line. */
static int write_list(const struct option_list *list, struct buf *out)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < list->count && rc == COACH_OK; i++) {
        rc = buf_adds(out, "\n  - ");
        if (rc == COACH_OK)
            rc = write_text(list->items[i], out);
    }
    return rc;
}

int optvalue_write(const struct option_spec *spec, const void *member, struct buf *out)
{
    switch (spec->kind) {
    case OPTION_BOOL:
        return buf_adds(out, *(const bool *)member ? "yes" : "no");
    case OPTION_INT:
    case OPTION_SIZE:
    case OPTION_DURATION:
        return write_number(spec->kind, *(const int64_t *)member, out);
    case OPTION_REAL:
        return buf_addf(out, "%.17g", *(const double *)member);
    case OPTION_TEXT:
    case OPTION_CHOICE: {
        const char *text = *(const char *const *)member;
        return text == NULL ? COACH_OK : write_text(text, out);
    }
    case OPTION_LIST:
        return write_list(member, out);
    }
    return COACH_EINTERNAL;
}

const char *optvalue_shape(const struct option_spec *spec)
{
    if (spec->kind == OPTION_BOOL)
        return NULL;
    if (spec->arg != NULL)
        return spec->arg;
    static const char *const shapes[] = {
        [OPTION_INT] = "N",     [OPTION_SIZE] = "SIZE",   [OPTION_DURATION] = "DURATION", [OPTION_REAL] = "NUMBER",
        [OPTION_TEXT] = "TEXT", [OPTION_CHOICE] = "NAME", [OPTION_LIST] = "ITEM"};
    return shapes[spec->kind];
}
