/* Regular expressions in rule files (regex:), as a tree. They run over the text as the rules hear it: lower case, no
 * punctuation, contractions split, words separated by single spaces and none at the ends; case never matters. What
 * could make one line cost more than a moment is refused here by its form; what only running it shows is
 * regexpump.h's. */
#ifndef COACH_RULES_REGEX_H
#define COACH_RULES_REGEX_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/diag.h"
#include "lib/yaml/yaml.h"

enum {
    REGEX_MAX = 2 * 1024,         /* bytes of a pattern */
    REGEX_MAX_DEPTH = 24,         /* groups within groups */
    REGEX_MAX_LINE = 2 * 1024,    /* bytes of a line that regular expressions see */
    REGEX_MATCH_LIMIT = 100000,   /* of one attempt */
    REGEX_HEAP_LIMIT_KIB = 1024,  /* of one match, as for phrases */
    REGEX_JIT_STACK = 512 * 1024, /* bytes */
    REGEX_ENDLESS = -1            /* `max` of a repeat without one */
};

enum regex_kind {
    REGEX_CHAR,   /* one character */
    REGEX_SET,    /* one character of some: [..], \d, . */
    REGEX_EDGE,   /* \b ^ $ \A \z \Z: nothing, beside a word's or the line's edge */
    REGEX_INSIDE, /* \B: nothing, not at an edge */
    REGEX_LOOK,   /* a look ahead or behind: nothing */
    REGEX_SEQUENCE,
    REGEX_CHOICE,
    REGEX_REPEAT
};

struct regex_node {
    enum regex_kind kind;
    size_t at, to;            /* bytes of the pattern it was written as */
    uint32_t code;            /* of a character; of a set: a member beyond ASCII, or 0 */
    uint32_t members[4];      /* of a set: a bit for each ASCII character */
    int min, max;             /* of a repeat */
    struct regex_node *first; /* of its children */
    struct regex_node *next;  /* beside it, under the same parent */
};

struct regex {
    const char *text; /* the pattern, without the line end of a block */
    size_t len;
    struct regex_node *root;
    pcre2_code *code; /* with its JIT; the caller's to free, NULL when a problem was added */
};

/* Reads and compiles the regular expression of a scalar; the tree goes into `memory`. Everything but its cost is
 * checked, a problem is added at its column. `code` is NULL when there was one. Returns 0 or COACH_ENOMEM. */
int regex_read(const struct yaml_node *scalar, struct arena *memory, struct regex *ret, struct diags *problems);

/* How a pattern is compiled, with what it may use of the machine's JIT. */
pcre2_code *regex_compile(const char *pattern, size_t len, int *code, size_t *offset);

#endif
