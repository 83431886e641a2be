/* Rule files to a rule set. The builder is short-lived and mutable; what it makes is neither. */
#ifndef COACH_RULES_COMPILE_H
#define COACH_RULES_COMPILE_H

#include "lib/base/diag.h"
#include "lib/rules/ruleset.h"

/* Builds from `nfiles` rule files, packs first, and the language tables they need. Every problem goes to
 * `problems`, which keeps marks into the sources: they must outlive it. Examples are proved on the way.
 * Returns 0 and sets `*ret`; COACH_ERULES when a file holds an error; COACH_ENOMEM. */
int rules_compile(const struct source *files, size_t nfiles, const struct source *languages, size_t nlanguages,
                  struct ruleset **ret, struct diags *problems);

/* Likewise, but examples that are missing are warnings: for sets that a program makes up and nobody is coached by. */
int rules_compile_draft(const struct source *files, size_t nfiles, const struct source *languages, size_t nlanguages,
                        struct ruleset **ret, struct diags *problems);

#endif
