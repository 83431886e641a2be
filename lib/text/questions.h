/* Which kind of question a line asks. */
#ifndef COACH_TEXT_QUESTIONS_H
#define COACH_TEXT_QUESTIONS_H

#include "lib/text/words.h"

enum question_kind { QUESTION_NONE, QUESTION_CLOSED, QUESTION_OPEN };

/* Open: a phrase of the language's open questions stands anywhere in the line. Else closed: one of its closed questions
 * begins a sentence. Words have no punctuation, so a sentence is taken to begin with the line, and after each filler,
 * back-channel and lead ("and", "so"): "Let me look. Is it on?" in one line is not seen to be a question. */
enum question_kind questions_kind(const struct words *w, const struct language *lang);

#endif
