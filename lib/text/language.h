/* What the tokenizer and the phrase compiler know of a language: plain data, read from rules/languages/ by
 * lib/rules. All words are lower case; a "phrase" here is words joined by single spaces. */
#ifndef COACH_TEXT_LANGUAGE_H
#define COACH_TEXT_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/table.h"

struct language_forms { /* forms of words that end like this, longest ending first */
    const char *ending;
    const char *const *adds; /* what replaces the ending, in place */
    size_t count;
};

struct language {
    const char *code;           /* BCP 47, such as "en" */
    struct arena memory;        /* holds all texts below */
    struct table contractions;  /* whole word -> its words: "cant" -> "can not" */
    struct table endings;       /* after the apostrophe -> word: "re" -> "are"; "n't" is kept as "n't" -> "not" */
    struct table loose;         /* word -> const char ** of words it may stand for, NULL ended: "'s" -> is, has, us */
    struct table loose_for;     /* the other way round: "is" -> "'s" */
    struct table symbols;       /* one character -> word: "&" -> "and" */
    struct table sounds;        /* words inside brackets that are no speech: "music" */
    struct table irregular;     /* base form -> const char ** of all its forms, NULL ended */
    struct table numbers;       /* number words */
    struct table common;        /* everyday words -> rank from 1, as (void *)(uintptr_t) */
    const char *const *fillers; /* phrases such as "um" and "you know", longest first */
    size_t filler_count;
    const char *const *back_channels; /* phrases such as "mm hmm" and "right" */
    size_t back_channel_count;
    const char *const *closed_questions; /* how a question begins that wants yes, no or one detail: "do you" */
    size_t closed_question_count;
    const char *const *open_questions; /* what asks for a story: "what happened" */
    size_t open_question_count;
    const char *const *question_leads; /* words after which a question may begin: "and" */
    size_t question_lead_count;
    const struct language_forms *forms;
    size_t form_count;
};

void language_init(struct language *lang);
void language_clear(struct language *lang);

enum { LANGUAGE_MAX_FORMS = 12, LANGUAGE_MAX_WORD = 64 };

/* Fills `forms` with the forms of a base word, itself first, each once; returns how many. A word longer than
 * LANGUAGE_MAX_WORD - 8 bytes has only itself. */
size_t language_forms_of(const struct language *lang, const char *base,
                         char forms[LANGUAGE_MAX_FORMS][LANGUAGE_MAX_WORD]);

#endif
