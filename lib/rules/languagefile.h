/* Language tables (rules/languages/) to the plain data of lib/text. */
#ifndef COACH_RULES_LANGUAGEFILE_H
#define COACH_RULES_LANGUAGEFILE_H

#include "lib/base/diag.h"
#include "lib/text/language.h"

/* Reads a table into `ret`, which must be initialised. Returns 0 (there may be errors in `problems`) or COACH_ENOMEM.
 * `ret->code` is NULL when the file does not name its language. */
int languagefile_read(const struct source *source, struct language *ret, struct diags *problems);

#endif
