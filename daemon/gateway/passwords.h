/* Users of HTTP Basic: a file of lines "name:sha256:HEX", HEX being the SHA-256 of the user's password. Passwords are
 * made by machines for machines: a fast hash is right for 24 random bytes, and wrong for anything shorter. */
#ifndef COACH_GATEWAY_PASSWORDS_H
#define COACH_GATEWAY_PASSWORDS_H

#include <stddef.h>

#include "lib/base/error.h"

enum { PASSWORD_USER_MAX = 128 };

struct passwords;
/* Returns 0; COACH_EINVAL with file, line and what to do; COACH_ENOMEM. Free with passwords_free. */
int passwords_load(const char *path, struct passwords **ret, coach_error *err);
void passwords_free(struct passwords *p); /* NULL is fine */

/* Whether `credentials`, the base64 of "name:password", are those of a user. Returns NULL and sets `user`, or what is
 * wrong, in words that live as long as the program. */
const char *passwords_check(const struct passwords *p, const char *credentials, size_t len,
                            char user[PASSWORD_USER_MAX + 1]);

#endif
