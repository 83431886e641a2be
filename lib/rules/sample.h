/* Sentences that a phrase would match, made from its tree: what shows most quickly that a rule is too wide. The same
 * seed gives the same sentences. Whether a rule really fires on one is for the scanner to say. */
#ifndef COACH_RULES_SAMPLE_H
#define COACH_RULES_SAMPLE_H

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/rules/pattern.h"

enum { SAMPLE_MOST_WORDS = 256 };

struct sampler {
    const struct pattern_context *c;
    uint64_t state;
    const char *words[SAMPLE_MOST_WORDS]; /* what stands in gaps; they live in the context's memory */
    size_t word_count;
};

void sampler_init(struct sampler *s, const struct pattern_context *c, uint64_t seed);
/* Takes the words of a sentence, such as an example of the rule, for its gaps and its word endings. Returns 0 or
 * COACH_ENOMEM. */
int sampler_learn(struct sampler *s, const char *sentence);
/* Takes some of the language's everyday words as well. */
void sampler_learn_common(struct sampler *s);

/* Adds a sentence to `out`. Returns 0, COACH_ENOMEM, or COACH_ELIMIT past the buffer's own limit, which there should
 * be: lists of lists can grow without end. */
int sample_phrase(struct sampler *s, const struct phrase *p, struct buf *out);

#endif
