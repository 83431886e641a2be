/* A phrase's tree to what runs: a bounded PCRE2 pattern over the normalised line, and the words without which
 * it cannot match. */
#ifndef COACH_RULES_PATTERN_H
#define COACH_RULES_PATTERN_H

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/table.h"
#include "lib/rules/phrase.h"
#include "lib/text/language.h"

enum { PATTERN_MAX = 48 * 1024, PATTERN_NUMBER_RUN = 8, PATTERN_MAX_SETS = 3, PATTERN_MAX_SET = 256 };

/* One word of which some must be in a line; with `prefix`, any word that begins so. */
struct required_word {
    const char *text;
    bool prefix;
};
/* Some word of the set must be in a line for the phrase to match it. */
struct required_set {
    const struct required_word *words;
    size_t count; /* 0: nothing can be required */
    double cost;  /* about how often such a word is said: the lower the better */
};

/* A named list, as phrases refer to it. */
struct phrase_list {
    const char *name;
    const struct phrase *items;
    size_t count;
    bool known; /* `requires` was worked out: lists of lists would take for ever otherwise */
    struct required_set requires;
};

struct pattern_context {
    const struct language *lang;
    const struct table *lists; /* name -> struct phrase_list *; without cycles, every name known;
                                  pattern_requires keeps what it finds there */
    const char *fillers;       /* what pattern_fillers made */
    struct arena *memory;
};

/* The definition of a language's fillers, with which each pattern begins, in `memory`; NULL when memory is out. */
const char *pattern_fillers(const struct language *lang, struct arena *memory);

/* Adds the pattern to `out`; a list reference whose name is captures[i] becomes the group "c<i>" (compile with
 * PCRE2_DUPNAMES: it may be written twice). Returns 0, COACH_ENOMEM, or COACH_ELIMIT past the buffer's own limit, which
 * should be PATTERN_MAX: lists of lists can grow without end. */
int pattern_write(const struct pattern_context *c, const struct phrase *p, const char *const *captures,
                  size_t ncaptures, struct buf *out);

/* Fills `sets`, cheapest first, with up to PATTERN_MAX_SETS sets that must all be met; `*n` 0 means that the phrase
 * has none and runs on every line. Returns 0 or COACH_ENOMEM. */
int pattern_requires(const struct pattern_context *c, const struct phrase *p, struct required_set *sets, size_t *n);

#endif
