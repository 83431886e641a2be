/* Rule files to a rule set. The builder is short-lived and mutable; what it makes is neither. */
#ifndef COACH_RULES_COMPILE_H
#define COACH_RULES_COMPILE_H

#include "lib/base/diag.h"
#include "lib/rules/ruleset.h"

/* A clock that the caller lends, since the library has none: CPU time of the calling thread in nanoseconds. With
 * `now_ns` NULL the cost of regular expressions is only counted in steps. */
struct rules_clock {
    uint64_t (*now_ns)(void *user);
    void *user;
};

/* Builds from `nfiles` rule files, packs first, and the language tables they need. Every problem goes to
 * `problems`, which keeps marks into the sources: they must outlive it. Examples are proved on the way.
 * Returns 0 and sets `*ret`; COACH_ERULES when a file holds an error; COACH_ENOMEM. */
int rules_compile(const struct source *files, size_t nfiles, const struct source *languages, size_t nlanguages,
                  struct ruleset **ret, struct diags *problems);
/* The same, and regular expressions are timed with `clock`. */
int rules_compile_timed(const struct source *files, size_t nfiles, const struct source *languages, size_t nlanguages,
                        const struct rules_clock *clock, struct ruleset **ret, struct diags *problems);

#endif
