/* UTF-8 as RFC 3629 has it. */
#ifndef COACH_BASE_UTF8_H
#define COACH_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of `text` before the first that is not UTF-8; `len` when all of it is. Overlong forms, surrogates and
 * anything above U+10FFFF are not; NUL is. */
size_t utf8_valid(const char *text, size_t len);

/* Bytes of the character that `text` begins with, its code point in `*cp`; 0 when it begins with none. */
size_t utf8_first(const char *text, size_t len, uint32_t *cp);

/* Bytes of the character at `text`, which must be valid; its code point in `*cp` unless NULL. */
size_t utf8_next(const char *text, uint32_t *cp);

/* Characters in `len` bytes of valid UTF-8. */
size_t utf8_count(const char *text, size_t len);

/* The longest prefix of at most `most` bytes that does not cut a character of valid UTF-8. */
size_t utf8_cut(const char *text, size_t len, size_t most);

/* The longest prefix of text that was cut anywhere which does not end in part of a character. */
size_t utf8_whole(const char *text, size_t len);

#endif
