/* The words that phrases cannot match without, each with a small number. Looked up once per word of a line. */
#ifndef COACH_RULES_VOCABULARY_H
#define COACH_RULES_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vocabulary_slot {
    uint32_t hash;
    uint32_t id_plus_one; /* 0: free */
    uint32_t text;        /* offset in `texts` */
    uint16_t len;
    bool prefix;
};

struct vocabulary {
    struct vocabulary_slot *slots;
    size_t slot_count; /* a power of two, or 0 */
    uint32_t count;    /* words; ids are 0 .. count-1 */
    char *texts;
    size_t texts_len, texts_cap;
    uint64_t prefix_lengths; /* bit n: some prefix has n bytes */
};

enum { VOCABULARY_LONGEST_PREFIX = 63 };

void vocabulary_init(struct vocabulary *v);
void vocabulary_clear(struct vocabulary *v);

/* The id of a word, or of "any word that begins so", added if it is new. Returns 0 or COACH_ENOMEM. */
int vocabulary_add(struct vocabulary *v, const char *text, size_t len, bool prefix, uint32_t *id);

/* Calls fn for each id that the word of a line meets: itself, and its beginnings. */
typedef void (*vocabulary_fn)(void *user, uint32_t id);
void vocabulary_find(const struct vocabulary *v, const char *word, size_t len, vocabulary_fn fn, void *user);

#endif
