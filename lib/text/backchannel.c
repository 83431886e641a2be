#include "lib/text/backchannel.h"

#include "lib/text/plain.h"

/* Bit n: a phrase ends before word `at` + n, all words up to there taken. */
static uint64_t step(const struct words *w, const struct language *lang, size_t at, const char *const *phrases,
                     size_t count)
{
    uint64_t ends = 0;
    for (size_t i = 0; i < count; i++) {
        size_t n = plain_at(w, lang, at, phrases[i]);
        if (n > 0 && n < 64)
            ends |= UINT64_C(1) << n;
    }
    return ends;
}

bool backchannel_is(const struct words *w, const struct language *lang)
{
    uint64_t ends = 1;
    for (size_t at = 0; at < w->count && ends != 0; at++, ends >>= 1)
        if (ends & 1)
            ends |= step(w, lang, at, lang->back_channels, lang->back_channel_count) |
                    step(w, lang, at, lang->fillers, lang->filler_count);
    return w->count > 0 && (ends & 1);
}
