/* The words without which a regular expression cannot match: its prefilter, where one can be told from its form. */
#ifndef COACH_RULES_REGEXWORDS_H
#define COACH_RULES_REGEXWORDS_H

#include "lib/rules/pattern.h"
#include "lib/rules/regex.h"

/* Fills `set` with words of which one stands in every line that matches, each whole: between \b, spaces, line ends or
 * other signs that are neither letter nor digit. A word of the set may be a part of a word of the line that such
 * signs set off, as "cafe" is with its accent beside it, or "3" in "3.50". `count` is 0 where no word can be told. The
 * words go into `memory`. Returns 0 or COACH_ENOMEM. */
int regexwords(const struct regex *r, const struct language *lang, struct arena *memory, struct required_set *set);

/* The next run of a to z, 0 to 9 and _ in a word of a line at or after `*at`, which is moved behind it; 0 when there
 * is none. What the words of a set are compared with. */
size_t regexwords_run(const char *word, size_t len, size_t *at, const char **run);

#endif
