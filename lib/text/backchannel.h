/* Lines that only show that somebody is listening. */
#ifndef COACH_TEXT_BACKCHANNEL_H
#define COACH_TEXT_BACKCHANNEL_H

#include "lib/text/words.h"

/* Whether the line is nothing but back-channels and fillers of the language ("mm-hmm, okay"). A line without a word is
 * none. */
bool backchannel_is(const struct words *w, const struct language *lang);

#endif
