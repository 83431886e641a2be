/* Every problem code that rule files, language tables, mapping files and their folders can earn, explained: what `coach
 * check
 * --list-codes` prints. A test holds the table against the sources and against tests/broken. */
#ifndef COACH_RULES_CODES_H
#define COACH_RULES_CODES_H

#include <stddef.h>

#include "lib/base/diag.h"

struct code {
    const char *name; /* stable: people and scripts search for it */
    enum diag_level level;
    const char *means; /* one sentence */
    const char *todo;  /* one sentence: what to do about it */
};

/* The table, ordered by name; `*n` is set to its length. It lives for ever. */
const struct code *codes_all(size_t *n);

/* Gives each problem that has no hint of its own what the table says to do. Notes ask for nothing. */
void codes_fill_hints(struct diags *problems);

#endif
