#include "lib/wire/times.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t days(int64_t year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t past = year - (month <= 2); /* leap days up to the end of February of `year` */
    return (year - 1970) * 365 + past / 4 - past / 100 + past / 400 - 477 + before[month - 1] + day - 1;
}

/* "2026-03-19T22:04:48.128Z", "...+01:00" */
static bool read_date(const char *text, int64_t *ret)
{
    int year, month, day, hour, minute, n = 0, zone_hour = 0, zone_minute = 0;
    double seconds;
    if (sscanf(text, "%4d-%2d-%2d%*1[Tt ]%2d:%2d:%n", &year, &month, &day, &hour, &minute, &n) != 5 || n == 0)
        return false;
    const char *p = text + n;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || minute > 59 ||
        !digits(&p, &seconds) || seconds >= 61)
        return false;
    char sign = *p;
    n = 0;
    if (sign == 'Z' || sign == 'z')
        n = 1;
    else if ((sign != '+' && sign != '-') || sscanf(p + 1, "%2d:%2d%n", &zone_hour, &zone_minute, &n) != 2)
        return false;
    else
        n++;
    int zone = (zone_hour * 60 + zone_minute) * (sign == '-' ? -1 : 1);
    double minutes = (double)(days(year, month, day) * 1440 + hour * 60 + minute - zone);
    return p[n] == '\0' && take(minutes * 60000 + seconds * 1000, ret);
}

bool times_read(const json_t *v, double ms_per_unit, int64_t *ret)
{
    double number, nanos = 0;
    if (value_number(v, &number))
        return take(number * ms_per_unit, ret);
    if (json_is_object(v)) {
        (void)value_number(json_object_get(v, "nanos"), &nanos);
        return value_number(json_object_get(v, "seconds"), &number) && take(number * 1000 + nanos / 1e6, ret);
    }
    const char *text = json_string_value(v);
    return text != NULL && (read_seconds(text, ret) || read_duration(text, ret) || read_date(text, ret));
}
