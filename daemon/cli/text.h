/* What was typed as the words of a command, as one text. */
#ifndef COACH_CLI_TEXT_H
#define COACH_CLI_TEXT_H

#include <stddef.h>

#include "lib/base/buf.h"

/* Joins the words with spaces into `ret`, which the caller has initialised and clears. Returns CLI_OK, or CLI_UNUSABLE
 * having said why. */
int text_join(const char *command, const char *const *words, size_t nwords, struct buf *ret);

#endif
