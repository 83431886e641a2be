/* Letters of ASCII without their case, whatever the host's locale. */
#ifndef COACH_BASE_ASCII_H
#define COACH_BASE_ASCII_H

#include <stdbool.h>
#include <stddef.h>

char ascii_lower(char c);
/* Whether `len` bytes of `text` are `word` in any case. */
bool ascii_same(const char *text, size_t len, const char *word);
/* Whether `text` begins with `word` in any case. */
bool ascii_begins(const char *text, size_t len, const char *word);

#endif
