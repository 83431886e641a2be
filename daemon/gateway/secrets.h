/* Files that hold secrets: who else may read them is checked, and what was read is wiped. */
#ifndef COACH_GATEWAY_SECRETS_H
#define COACH_GATEWAY_SECRETS_H

#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/base/error.h"

enum { SECRET_MAX = 16 * 1024 };

/* Adds the content of `path` without the newline at its end. `shared` is for what is no secret, such as a public key.
 * Returns 0; COACH_EINVAL with what to do when it cannot be read, is empty, or others may read it; COACH_ENOMEM. */
int secret_read(const char *path, bool shared, struct buf *out, coach_error *err);
/* Overwrites and frees it. */
void secret_wipe(struct buf *b);

#endif
