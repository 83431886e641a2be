#include "lib/eval/tally.h"

#include <math.h>

struct share share_of(uint64_t part, uint64_t whole)
{
    static const double z = 1.959963984540054; /* 97.5 % of a normal distribution lie below */
    if (whole == 0)
        return (struct share){0};
    double n = (double)whole, p = (double)part / n;
    double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
    double reach = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return (struct share){.known = true,
                          .value = p,
                          .low = part == 0 ? 0 : middle - reach, /* exactly, where rounding would leave a trace */
                          .high = part == whole ? 1 : middle + reach};
}

struct share tally_precision(const struct tally *t)
{
    return share_of(t->hits, t->hits + t->wrong);
}

struct share tally_recall(const struct tally *t)
{
    return share_of(t->hits, t->hits + t->missed);
}

struct share tally_f1(const struct tally *t)
{
    uint64_t whole = 2 * t->hits + t->wrong + t->missed;
    if (whole == 0)
        return (struct share){0};
    return (struct share){.known = true, .value = 2 * (double)t->hits / (double)whole};
}
