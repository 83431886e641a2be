#include "lib/rules/sample.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/text/words.h"

enum { COMMON_WORDS = 40 };

void sampler_init(struct sampler *s, const struct pattern_context *c, uint64_t seed)
{
    *s = (struct sampler){.c = c, .state = seed};
}

/* splitmix64 (Steele, Lea and Flood, 2014); `n` is small, so that the remainder's bias does not show. */
static size_t below(struct sampler *s, size_t n)
{
    uint64_t x = s->state += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return (size_t)((x ^ x >> 31) % n);
}

static bool is_known(const struct sampler *s, const char *word, size_t len)
{
    for (size_t i = 0; i < s->word_count; i++)
        if (strlen(s->words[i]) == len && memcmp(s->words[i], word, len) == 0)
            return true;
    return false;
}

int sampler_learn(struct sampler *s, const char *sentence)
{
    struct words words;
    words_init(&words);
    int rc = words_read(&words, s->c->lang, sentence, strlen(sentence));
    for (size_t i = 0; rc == COACH_OK && i < words.count && s->word_count < SAMPLE_MOST_WORDS; i++) {
        const char *word = words.line.data + words.items[i].at;
        if (*word == '#' || *word == '\'' || is_known(s, word, words.items[i].len))
            continue;
        s->words[s->word_count] = arena_strn(s->c->memory, word, words.items[i].len);
        if (s->words[s->word_count] == NULL)
            rc = COACH_ENOMEM;
        else
            s->word_count++;
    }
    words_clear(&words);
    return rc;
}

void sampler_learn_common(struct sampler *s)
{
    const struct table *common = &s->c->lang->common;
    size_t taken = 0;
    for (struct table_entry *e = table_next(common, NULL);
         e != NULL && taken < COMMON_WORDS && s->word_count < SAMPLE_MOST_WORDS; e = table_next(common, e)) {
        size_t len;
        const char *word = table_key(e, &len);
        if (*word == '\'' || is_known(s, word, len))
            continue;
        s->words[s->word_count++] = word;
        taken++;
    }
}

/* --- the parts of a sentence --- */

/* A word after those before it; what begins with an apostrophe goes with the word before. */
static int put(struct buf *out, const char *word)
{
    bool joined = out->len == 0 || *word == '\'';
    return buf_addf(out, "%s%s", joined ? "" : " ", word);
}

static int put_any(struct sampler *s, struct buf *out)
{
    return put(out, s->word_count == 0 ? "something" : s->words[below(s, s->word_count)]);
}

static int put_gap(struct sampler *s, int most, struct buf *out)
{
    int rc = COACH_OK;
    for (size_t n = below(s, (size_t)most + 1); n > 0 && rc == COACH_OK; n--)
        rc = put_any(s, out);
    return rc;
}

/* A known word that begins so, or an ending of its own. */
static int put_prefix(struct sampler *s, const char *prefix, struct buf *out)
{
    static const char *const endings[] = {"ing", "ed", "e", "ion", "s", ""};
    size_t fit[SAMPLE_MOST_WORDS], n = 0;
    for (size_t i = 0; i < s->word_count; i++)
        if (strncmp(s->words[i], prefix, strlen(prefix)) == 0)
            fit[n++] = i;
    if (n > 0 && below(s, 4) > 0)
        return put(out, s->words[fit[below(s, n)]]);
    int rc = put(out, prefix);
    return rc == COACH_OK ? buf_adds(out, endings[below(s, sizeof endings / sizeof *endings)]) : rc;
}

static int put_forms(struct sampler *s, const char *base, struct buf *out)
{
    char forms[LANGUAGE_MAX_FORMS][LANGUAGE_MAX_WORD];
    return put(out, forms[below(s, language_forms_of(s->c->lang, base, forms))]);
}

/* RMA, or letter by letter. */
static int put_spelled(struct sampler *s, const char *letters, struct buf *out)
{
    bool apart = below(s, 2) == 0;
    int rc = COACH_OK;
    for (const char *p = letters; *p != '\0' && rc == COACH_OK; p++) {
        char letter[] = {(char)toupper((unsigned char)*p), '\0'};
        rc = apart || p == letters ? put(out, letter) : buf_adds(out, letter);
    }
    return rc;
}

static int put_number(struct sampler *s, struct buf *out)
{
    const struct table *numbers = &s->c->lang->numbers;
    size_t n = table_count(numbers);
    if (n == 0 || below(s, 2) == 0)
        return buf_addf(out, "%s%zu", out->len == 0 ? "" : " ", 2 + below(s, 98));
    struct table_entry *e = table_next(numbers, NULL);
    for (n = below(s, n); n > 0; n--)
        e = table_next(numbers, e);
    return put(out, table_key(e, NULL));
}

static int put_item(struct sampler *s, const struct phrase_item *item, struct buf *out)
{
    switch (item->kind) {
    case PHRASE_WORD:
        return put(out, item->text);
    case PHRASE_PREFIX:
        return put_prefix(s, item->text, out);
    case PHRASE_FORMS:
        return put_forms(s, item->text, out);
    case PHRASE_SPELLED:
        return put_spelled(s, item->text, out);
    case PHRASE_GAP_OF:
        return put_gap(s, item->gap, out);
    case PHRASE_NUMBER:
        return put_number(s, out);
    case PHRASE_ANY:
        return put_any(s, out);
    case PHRASE_LIST: {
        const struct phrase_list *list = table_get(s->c->lists, item->text, strlen(item->text));
        return list == NULL ? COACH_OK : sample_phrase(s, &list->items[below(s, list->count)], out);
    }
    case PHRASE_GROUP:
        if (item->optional && below(s, 2) == 0)
            return COACH_OK;
        return sample_phrase(s, &item->choices[below(s, item->choice_count)], out);
    case PHRASE_START:
    case PHRASE_END:
        break;
    }
    return COACH_OK;
}

int sample_phrase(struct sampler *s, const struct phrase *p, struct buf *out)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < p->count && rc == COACH_OK; i++)
        rc = put_item(s, &p->items[i], out);
    return rc;
}
