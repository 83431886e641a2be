/* Rules as the trees they were written as, beside the rule set that runs: for the tools that explain and sample. */
#ifndef COACH_RULES_ANATOMY_H
#define COACH_RULES_ANATOMY_H

#include "lib/rules/pack.h"
#include "lib/rules/pattern.h"
#include "lib/rules/scanner.h"

struct anatomy {
    struct language language;
    struct pack pack;
    struct diags problems;
    struct arena memory;            /* of the context */
    struct pattern_context context; /* for pattern.h, trace.h and sample.h */
};

/* Reads the files that a rule set was built from, which must outlive it. Returns 0 or COACH_ENOMEM; `a` is always safe
 * to clear. What is wrong with the files was said when the set was built. */
int anatomy_read(struct anatomy *a, const struct source *files, size_t nfiles, const struct source *languages,
                 size_t nlanguages);
void anatomy_clear(struct anatomy *a);

/* The rule of this id as it was written, or NULL. */
const struct def_rule *anatomy_rule(const struct anatomy *a, const char *id);
/* The id that was most likely meant, or NULL. */
const char *anatomy_nearest(const struct anatomy *a, const char *id);
/* The phrases of one part of a rule; those of a swap rule are its terms. */
const struct def_phrases *anatomy_part(const struct def_rule *rule, enum scanner_part part);

#endif
