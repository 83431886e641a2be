#include "lib/text/questions.h"

#include "lib/text/plain.h"

/* How many words before a sentence begin at word `at`: 0 when it is none of them. */
static size_t lead_at(const struct words *w, const struct language *lang, size_t at)
{
    size_t n = plain_any(w, lang, at, lang->question_leads, lang->question_lead_count);
    if (n == 0)
        n = plain_any(w, lang, at, lang->back_channels, lang->back_channel_count);
    if (n == 0)
        n = plain_any(w, lang, at, lang->fillers, lang->filler_count);
    return n;
}

enum question_kind questions_kind(const struct words *w, const struct language *lang)
{
    for (size_t at = 0; at < w->count; at++)
        if (plain_any(w, lang, at, lang->open_questions, lang->open_question_count) > 0)
            return QUESTION_OPEN;
    bool begins = true;
    for (size_t at = 0; at < w->count;) {
        if (begins && plain_any(w, lang, at, lang->closed_questions, lang->closed_question_count) > 0)
            return QUESTION_CLOSED;
        size_t lead = lead_at(w, lang, at);
        begins = lead > 0;
        at += begins ? lead : 1;
    }
    return QUESTION_NONE;
}
