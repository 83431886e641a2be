#include "lib/rules/vocabulary.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"

/* FNV-1a, so that the hash of every beginning of a word falls out on the way. Keys come from rule files, not from
 * peers: no seed is needed. */
static const uint32_t BASIS = 2166136261u;

static uint32_t step(uint32_t hash, char c)
{
    return (hash ^ (unsigned char)c) * 16777619u;
}

static uint32_t finish(uint32_t hash, bool prefix)
{
    hash ^= prefix ? 0x9e3779b9u : 0;
    return hash ^ hash >> 15;
}

void vocabulary_init(struct vocabulary *v)
{
    *v = (struct vocabulary){0};
}

void vocabulary_clear(struct vocabulary *v)
{
    free(v->slots);
    free(v->texts);
    vocabulary_init(v);
}

/* The slot that holds the key, or the free one where it belongs. */
static struct vocabulary_slot *slot_of(const struct vocabulary *v, uint32_t hash, const char *text, size_t len,
                                       bool prefix)
{
    size_t mask = v->slot_count - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct vocabulary_slot *s = &v->slots[i];
        if (s->id_plus_one == 0)
            return s;
        if (s->hash == hash && s->len == len && s->prefix == prefix && memcmp(v->texts + s->text, text, len) == 0)
            return s;
    }
}

static int grow(struct vocabulary *v)
{
    size_t before = v->slot_count;
    struct vocabulary_slot *old = v->slots;
    struct vocabulary_slot *slots = calloc(before == 0 ? 64 : before * 2, sizeof *slots);
    if (slots == NULL)
        return COACH_ENOMEM;
    v->slots = slots;
    v->slot_count = before == 0 ? 64 : before * 2;
    for (size_t i = 0; i < before; i++)
        if (old[i].id_plus_one != 0)
            *slot_of(v, old[i].hash, v->texts + old[i].text, old[i].len, old[i].prefix) = old[i];
    free(old);
    return COACH_OK;
}

static int keep_text(struct vocabulary *v, const char *text, size_t len, uint32_t *at)
{
    if (v->texts_len + len > v->texts_cap) {
        size_t cap = (v->texts_len + len) * 2;
        char *texts = realloc(v->texts, cap);
        if (texts == NULL)
            return COACH_ENOMEM;
        v->texts = texts;
        v->texts_cap = cap;
    }
    memcpy(v->texts + v->texts_len, text, len);
    *at = (uint32_t)v->texts_len;
    v->texts_len += len;
    return COACH_OK;
}

int vocabulary_add(struct vocabulary *v, const char *text, size_t len, bool prefix, uint32_t *id)
{
    uint32_t hash = BASIS;
    for (size_t i = 0; i < len; i++)
        hash = step(hash, text[i]);
    hash = finish(hash, prefix);
    if ((size_t)v->count * 4 >= v->slot_count && grow(v) != COACH_OK) /* at most a quarter full: misses are short */
        return COACH_ENOMEM;
    struct vocabulary_slot *s = slot_of(v, hash, text, len, prefix);
    if (s->id_plus_one == 0) {
        uint32_t at;
        if (keep_text(v, text, len, &at) != COACH_OK)
            return COACH_ENOMEM;
        *s = (struct vocabulary_slot){hash, ++v->count, at, (uint16_t)len, prefix};
        if (prefix)
            v->prefix_lengths |= UINT64_C(1) << (len < 63 ? len : 63);
    }
    *id = s->id_plus_one - 1;
    return COACH_OK;
}

void vocabulary_find(const struct vocabulary *v, const char *word, size_t len, vocabulary_fn fn, void *user)
{
    if (v->slot_count == 0)
        return;
    uint32_t hash = BASIS;
    for (size_t i = 0; i < len; i++) {
        hash = step(hash, word[i]);
        if (i < VOCABULARY_LONGEST_PREFIX && (v->prefix_lengths >> (i + 1) & 1) != 0) {
            const struct vocabulary_slot *s = slot_of(v, finish(hash, true), word, i + 1, true);
            if (s->id_plus_one != 0)
                fn(user, s->id_plus_one - 1);
        }
    }
    const struct vocabulary_slot *s = slot_of(v, finish(hash, false), word, len, false);
    if (s->id_plus_one != 0)
        fn(user, s->id_plus_one - 1);
}
