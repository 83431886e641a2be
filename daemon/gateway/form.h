/* name=value pairs, percent-encoded: the query of a path, the body of a form. */
#ifndef COACH_GATEWAY_FORM_H
#define COACH_GATEWAY_FORM_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/error.h"

struct form_pair {
    const char *name; /* decoded, NUL-terminated */
    const char *value;
    size_t name_len, value_len;
};
struct form {
    struct form_pair *pairs; /* in the order sent */
    size_t count;
};

/* Decodes `len` bytes into `memory`. Returns 0; COACH_ESYNTAX for a '%' that two hexadecimal digits do not follow;
 * COACH_EUTF8 for what is not UTF-8 or holds a NUL; COACH_ENOMEM. */
int form_read(const char *text, size_t len, struct arena *memory, struct form *ret);
/* The value of the first pair with this name, or NULL. */
const char *form_get(const struct form *f, const char *name);

#endif
