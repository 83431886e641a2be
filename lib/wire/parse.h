/* JSON text to a jansson value, with memory that ran out told from text that does not parse. */
#ifndef COACH_WIRE_PARSE_H
#define COACH_WIRE_PARSE_H

#include <stddef.h>

#include <jansson.h>

/* Reads the object or array that `text` begins with; `why->position` then holds the bytes it took. `flags` are
 * jansson's, duplicate keys are always refused. Returns 0, COACH_ENOMEM, or COACH_ESYNTAX with `*why` filled. */
int parse_json(const char *text, size_t len, size_t flags, json_t **ret, json_error_t *why);

#endif
