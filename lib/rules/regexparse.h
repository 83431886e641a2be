/* A regular expression's text to its tree. An allow list: what is not known here is refused, whatever PCRE2 makes
 * of it. */
#ifndef COACH_RULES_REGEXPARSE_H
#define COACH_RULES_REGEXPARSE_H

#include "lib/rules/regex.h"

/* What may not be written, or cannot be read. */
struct regex_fault {
    const char *code; /* NULL: nothing was wrong */
    size_t at, len;   /* bytes of the pattern */
    const char *what;
    const char *hint;
    bool syntax; /* PCRE2 may know better what is wrong */
};

/* Returns 0, with `*ret` NULL where there is a fault, or COACH_ENOMEM. Members of sets are not filled in. */
int regexparse(const char *text, size_t len, struct arena *memory, struct regex_node **ret, struct regex_fault *fault);

#endif
