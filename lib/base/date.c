#include "lib/base/date.h"

enum { DAY_S = 24 * 3600, MONTHS = 12 };

/* What is left to read; `ok` turns false with the first thing that does not fit. */
struct reading {
    const char *at, *end;
    bool ok;
};

static bool at_digit(const struct reading *r)
{
    return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

static int number(struct reading *r, int digits, int min, int max)
{
    int n = 0;
    for (int i = 0; i < digits && r->ok; i++) {
        r->ok = at_digit(r);
        n = r->ok ? n * 10 + (*r->at++ - '0') : 0;
    }
    r->ok = r->ok && n >= min && n <= max;
    return n;
}

/* Takes one character of `any`, which it returns. */
static char one_of(struct reading *r, const char *any)
{
    for (; r->ok && r->at < r->end && *any != '\0'; any++)
        if (*r->at == *any)
            return *r->at++;
    r->ok = false;
    return '\0';
}

static int fraction_ms(struct reading *r)
{
    int ms = 0;
    if (!r->ok || r->at == r->end || *r->at != '.')
        return 0;
    r->at++;
    r->ok = at_digit(r);
    for (int weight = 100; at_digit(r); weight /= 10)
        ms += (*r->at++ - '0') * weight;
    return ms;
}

static int64_t offset_s(struct reading *r)
{
    char sign = one_of(r, "Zz+-");
    if (sign != '+' && sign != '-')
        return 0;
    int hours = number(r, 2, 0, 23);
    one_of(r, ":");
    int minutes = number(r, 2, 0, 59);
    return (sign == '-' ? -60 : 60) * (hours * 60 + minutes);
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01, negative before it. */
static int64_t days_to(int year, int month, int day)
{
    static const int before[MONTHS] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t y = year - 1; /* whole years before this one, counted from the year 1 */
    int64_t days = y * 365 + y / 4 - y / 100 + y / 400 - 719162;
    return days + before[month - 1] + (month > 2 && is_leap(year)) + day - 1;
}

static int days_in(int year, int month)
{
    static const int days[MONTHS] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

bool date_read(const char *text, size_t len, int64_t *ret)
{
    struct reading r = {.at = text, .end = text + len, .ok = true};
    int year = number(&r, 4, 1, 9999);
    one_of(&r, "-");
    int month = number(&r, 2, 1, MONTHS);
    one_of(&r, "-");
    int day = number(&r, 2, 1, r.ok ? days_in(year, month) : 0);
    one_of(&r, "Tt ");
    int hour = number(&r, 2, 0, 23);
    one_of(&r, ":");
    int minute = number(&r, 2, 0, 59);
    one_of(&r, ":");
    int second = number(&r, 2, 0, 60);
    int ms = fraction_ms(&r);
    int64_t offset = offset_s(&r);
    if (!r.ok || r.at != r.end)
        return false;
    int64_t seconds = days_to(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second - offset;
    *ret = seconds * 1000 + ms;
    return true;
}
