/* How far a phrase gets on a line, word by word: what people are told when a rule does not fire. It walks the phrase's
 * tree over the words and agrees with the compiled pattern on whether there is a match; only the pattern runs live. */
#ifndef COACH_RULES_TRACE_H
#define COACH_RULES_TRACE_H

#include "lib/base/buf.h"
#include "lib/rules/pattern.h"
#include "lib/text/words.h"

enum { TRACE_MOST_WANTED = 12 };

/* Something that a phrase asks for; `text` lives with the phrase, and is NULL for <number>, <word>, <start>, <end>. */
struct trace_wanted {
    enum phrase_kind kind;
    const char *text;
};

struct trace {
    bool matches;
    size_t from, to; /* words of the line: of the match, else of what was met before the phrase came to a halt */
    size_t steps;    /* items of the phrase that were met; 0: not even its beginning was found */
    int gap;         /* words that could have stood before what was wanted */
    struct trace_wanted wanted[TRACE_MOST_WANTED]; /* at word `to`, when there is no match */
    size_t wanted_count;
    bool wanted_more; /* than there is room for */
};

/* Walks the phrase over the line from every word, and keeps the attempt that met most of it, the first of equals. The
 * captures are those of pattern_write. Returns 0 or COACH_ENOMEM. */
int trace_phrase(const struct pattern_context *c, const struct phrase *p, const char *const *captures, size_t ncaptures,
                 const struct words *line, struct trace *ret);

/* Whether the line lacks a word that the phrase cannot do without, so that the prefilter passes it over; `*ret` is then
 * the set of which none is there. Returns 0 or COACH_ENOMEM. */
int trace_lacks(const struct pattern_context *c, const struct phrase *p, const struct words *line, bool *lacks,
                struct required_set *ret);

/* Adds what was wanted as one writes it in a phrase. Returns 0 or an error of buf_add. */
int trace_write_wanted(const struct trace_wanted *w, struct buf *out);

#endif
