/* coach score: what was measured, as a table for people and as JSON. */
#ifndef COACH_CLI_SCORE_H
#define COACH_CLI_SCORE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/eval/score.h"

/* Which lines and findings to list below the tables. */
struct score_listing {
    bool missed, wrong, neither;
    int64_t most; /* of each table */
};

int score_print_text(const struct score *s, const struct score_listing *listing);
int score_print_json(const struct score *s, const struct score_listing *listing);

#endif
