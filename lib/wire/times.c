#include "lib/wire/times.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/date.h"

static const double most_ms = 253402300800e3; /* the year 10000 */

static bool take(double ms, int64_t *ret)
{
    if (!(ms > -most_ms && ms < most_ms))
        return false;
    *ret = (int64_t)(ms + (ms < 0 ? -0.5 : 0.5));
    return true;
}

/* Digits with at most one point at `*p`, which is moved behind them. */
static bool digits(const char **p, double *ret)
{
    double value = 0, scale = 1;
    const char *from = *p;
    for (; **p >= '0' && **p <= '9'; ++*p)
        value = value * 10 + (**p - '0');
    if (**p == '.')
        for (++*p; **p >= '0' && **p <= '9'; ++*p)
            value += (**p - '0') * (scale /= 10);
    *ret = value;
    return *p > from;
}

bool times_unit(const char *word, double *ms_per_unit)
{
    static const struct {
        const char *word;
        double ms;
    } units[] = {{"s", 1000}, {"ms", 1}, {"us", 0.001}, {"ticks", 0.0001}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(units[i].word, word) == 0) {
            *ms_per_unit = units[i].ms;
            return true;
        }
    return false;
}

/* "1.77s" */
static bool read_seconds(const char *p, int64_t *ret)
{
    double s;
    return digits(&p, &s) && strcmp(p, "s") == 0 && take(s * 1000, ret);
}

/* "PT1H2M3.5S", with at least one of them. */
static bool read_duration(const char *p, int64_t *ret)
{
    static const char units[] = "HMS";
    static const double seconds[] = {3600, 60, 1};
    double ms = 0, value;
    size_t unit = 0;
    if (p[0] != 'P' || p[1] != 'T' || p[2] == '\0')
        return false;
    for (p += 2; *p != '\0'; p++) {
        if (!digits(&p, &value) || *p == '\0' || strchr(units + unit, *p) == NULL)
            return false;
        size_t at = (size_t)(strchr(units + unit, *p) - units);
        ms += value * seconds[at] * 1000;
        unit = at + 1;
    }
    return take(ms, ret);
}

/* {"seconds": "1", "nanos": 770000000} */
static bool read_parts(const json_t *object, int64_t *ret)
{
    static const struct path_step keys[] = {{.key = "seconds", .len = 7}, {.key = "nanos", .len = 5}};
    double seconds, nanos = 0;
    (void)value_number(value_member(object, &keys[1], NULL), &nanos);
    return value_number(value_member(object, &keys[0], NULL), &seconds) && take(seconds * 1000 + nanos / 1e6, ret);
}

bool times_read(const json_t *v, double ms_per_unit, int64_t *ret)
{
    double number;
    if (value_number(v, &number))
        return take(number * ms_per_unit, ret);
    if (json_is_object(v))
        return read_parts(v, ret);
    const char *text = json_string_value(v);
    return text != NULL && (read_seconds(text, ret) || read_duration(text, ret) || date_read(text, strlen(text), ret));
}
