/* Phrases: what people write in rule files, as a tree.
 *
 *     phrase = item+ ; item = word | gap | list | "(" phrase ("|" phrase)* ")" "?"?
 *
 * There is no negation and no unbounded repeat, so a phrase can always be matched in bounded time. */
#ifndef COACH_RULES_PHRASE_H
#define COACH_RULES_PHRASE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/diag.h"
#include "lib/text/language.h"
#include "lib/yaml/yaml.h"

enum {
    PHRASE_MAX_ITEMS = 64,
    PHRASE_MAX_DEPTH = 6,
    PHRASE_MAX_GAP = 15,
    PHRASE_GAP = 3, /* words that "..." lets pass */
    PHRASE_MIN_PREFIX = 3
};

enum phrase_kind {
    PHRASE_WORD,    /* calm */
    PHRASE_PREFIX,  /* escalat* */
    PHRASE_FORMS,   /* ~escalate */
    PHRASE_SPELLED, /* r m a, RMA: joined or letter by letter */
    PHRASE_GAP_OF,  /* ...5 */
    PHRASE_LIST,    /* <reason>, <sys:system_name> */
    PHRASE_GROUP,   /* ( | ), ( | )? */
    PHRASE_NUMBER,  /* <number> */
    PHRASE_ANY,     /* <word> */
    PHRASE_START,   /* <start> */
    PHRASE_END      /* <end> */
};

struct phrase {
    struct phrase_item *items;
    size_t count;
};

struct phrase_item {
    enum phrase_kind kind;
    const char *text;       /* of a word, prefix, forms, spelled: normalised; of a list: its name */
    const char *capture;    /* of a list: what a message calls it; its name unless given */
    int gap;                /* words that may pass */
    bool optional;          /* of a group */
    struct phrase *choices; /* of a group */
    size_t choice_count;
    size_t at, len; /* bytes of the text it was written as */
};

/* Parses the text of a scalar of a rule file into `ret`, whose parts go into `memory`. Problems are added with
 * the column they are at. Returns 0, COACH_ESYNTAX when a problem was added, COACH_ENOMEM. */
int phrase_parse(const struct yaml_node *scalar, const struct language *lang, struct arena *memory, struct phrase *ret,
                 struct diags *problems);

/* Whether some word must be there for the phrase to match; false for "(please)?" and for "<start>". */
bool phrase_has_compulsory(const struct phrase *p);

/* Whether "<name>" can mean a list: small letters, digits, '_' and '-', and nothing built in. */
bool phrase_can_name_list(const char *name);

#endif
