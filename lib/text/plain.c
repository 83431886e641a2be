#include "lib/text/plain.h"

#include <string.h>

static bool equals(const char *word, size_t n, const char *text)
{
    return strlen(text) == n && memcmp(word, text, n) == 0;
}

/* Whether word `at` of the line is this word of a phrase, or short for it. */
static bool is_word(const struct words *w, const struct language *lang, size_t at, const char *word, size_t n)
{
    if (at >= w->count)
        return false;
    const char *heard = w->line.data + w->items[at].at;
    size_t len = w->items[at].len;
    if (heard[0] != '\'')
        return len == n && memcmp(heard, word, n) == 0;
    const char *loose = table_get(&lang->loose_for, word, n);
    return loose != NULL && equals(heard, len, loose);
}

/* Without fillers. */
static size_t tight_at(const struct words *w, const struct language *lang, size_t at, const char *phrase)
{
    size_t first = at;
    while (*phrase != '\0') {
        size_t n = strcspn(phrase, " ");
        if (!is_word(w, lang, at++, phrase, n))
            return 0;
        phrase += n + (phrase[n] == ' ');
    }
    return at - first;
}

static size_t skip_filler(const struct words *w, const struct language *lang, size_t at)
{
    for (size_t i = 0; i < lang->filler_count; i++) {
        size_t n = tight_at(w, lang, at, lang->fillers[i]);
        if (n > 0)
            return n;
    }
    return 0;
}

size_t plain_at(const struct words *w, const struct language *lang, size_t at, const char *phrase)
{
    size_t first = at;
    const char begins = at < w->count ? w->line.data[w->items[at].at] : '\0';
    if (begins != phrase[0] && begins != '\'') /* most phrases, at most words */
        return 0;
    while (*phrase != '\0') {
        size_t n = strcspn(phrase, " ");
        for (int i = 0; i < PLAIN_FILLERS && at > first && !is_word(w, lang, at, phrase, n); i++)
            at += skip_filler(w, lang, at);
        if (!is_word(w, lang, at++, phrase, n))
            return 0;
        phrase += n + (phrase[n] == ' ');
    }
    return at - first;
}

size_t plain_any(const struct words *w, const struct language *lang, size_t at, const char *const *phrases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t taken = plain_at(w, lang, at, phrases[i]);
        if (taken > 0)
            return taken;
    }
    return 0;
}
