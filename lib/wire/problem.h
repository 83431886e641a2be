/* Telling a writer what was wrong with a message, and the checks that every way in shares. */
#ifndef COACH_WIRE_PROBLEM_H
#define COACH_WIRE_PROBLEM_H

#include "lib/wire/reader.h"

/* A problem was told, and the message is dropped. */
enum { PROBLEM_TOLD = 1 };

/* Tells the handler; returns PROBLEM_TOLD. The text never quotes a transcript. */
int problem_tell(const struct wire_handler *handler, enum wire_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Ids are 1 to 128 bytes without control characters: they become keys, log fields and file names. Returns 0 or
 * PROBLEM_TOLD. */
int problem_check_id(const struct wire_handler *handler, const char *name, const struct wire_text *id);

#endif
