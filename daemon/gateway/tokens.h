/* Signed tokens (JWT) of writers: one algorithm, set by configuration; keys from a file or a folder, a key's id being
 * its file's name without what follows the last dot. */
#ifndef COACH_GATEWAY_TOKENS_H
#define COACH_GATEWAY_TOKENS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

enum { TOKEN_SUBJECT_MAX = 128 };

/* NULL ended: "HS256" ... */
extern const char *const token_algorithms[];

struct token {
    char subject[TOKEN_SUBJECT_MAX + 1];
    int64_t expires; /* seconds since 1970 */
};

struct tokens;
/* Reads the keys. Returns 0; COACH_EINVAL with the file and what to do; COACH_ENOMEM. Free with tokens_free. */
int tokens_load(const char *path, const char *algorithm, struct tokens **ret, coach_error *err);
void tokens_free(struct tokens *t); /* NULL is fine */

/* Whether the token, at `now` seconds since 1970, lets its holder write: signed by one of the keys with the algorithm,
 * not expired, role "writer", with a subject. Returns NULL and fills `ret`, or what is wrong, in words that give
 * nothing away; they live as long as the program. */
const char *tokens_check(const struct tokens *t, const char *token, size_t len, int64_t now, struct token *ret);

#endif
