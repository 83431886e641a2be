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

struct rules_options {
    struct rules_clock clock;
    bool draft; /* examples that are missing are warnings: for sets that a program makes up and nobody is coached by */
};

/* Builds from `nfiles` rule files, packs first, and the language tables they need. Every problem goes to
 * `problems`, which keeps marks into the sources: they must outlive it. Examples are proved on the way.
 * `options` may be NULL: no clock, no draft. Returns 0 and sets `*ret`; COACH_ERULES when a file holds an error;
 * COACH_ENOMEM. */
int rules_compile(const struct source *files, size_t nfiles, const struct source *languages, size_t nlanguages,
                  const struct rules_options *options, struct ruleset **ret, struct diags *problems);

#endif
