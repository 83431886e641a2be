/* Right, wrong and missed, and what follows from them. */
#ifndef COACH_EVAL_TALLY_H
#define COACH_EVAL_TALLY_H

#include <stdbool.h>
#include <stdint.h>

struct tally {
    uint64_t hits;   /* found, and right */
    uint64_t wrong;  /* found, and not right */
    uint64_t missed; /* not found, and it was there */
};

/* A share with its 95 % interval after Wilson; all 0 and `known` false where it is one of nothing. */
struct share {
    bool known;
    double value, low, high; /* 0..1 */
};
struct share share_of(uint64_t part, uint64_t whole);

struct share tally_precision(const struct tally *t);
struct share tally_recall(const struct tally *t);
/* Their harmonic mean; `known` when anything was found or missed, without an interval (`low` and `high` are 0). */
struct share tally_f1(const struct tally *t);

#endif
