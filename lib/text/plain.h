/* The plain phrases of a language table ("mm hmm", "what is") in the words of a line. */
#ifndef COACH_TEXT_PLAIN_H
#define COACH_TEXT_PLAIN_H

#include "lib/text/words.h"

enum { PLAIN_FILLERS = 3 }; /* that may stand between two words of a phrase */

/* How many words the phrase takes from word `at` on, fillers within it among them; 0 when it is not said there. "what
 * is" is met by "what's" as well. */
size_t plain_at(const struct words *w, const struct language *lang, size_t at, const char *phrase);
/* The same of the longest of `n` phrases, which are ordered longest first. */
size_t plain_any(const struct words *w, const struct language *lang, size_t at, const char *const *phrases, size_t n);

#endif
