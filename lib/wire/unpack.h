/* What vendors send that is no JSON, as the JSON value it stands for. */
#ifndef COACH_WIRE_UNPACK_H
#define COACH_WIRE_UNPACK_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "lib/base/error.h"
#include "lib/wire/mapping.h"

/* Whether it looks like "name=value&name=value". */
bool unpack_is_form(const char *text, size_t len);
/* Whether it looks like "Name: value". */
bool unpack_is_header(const char *line, size_t len);

/* Each returns 0 and a value to be freed with json_decref; COACH_ENOMEM; or COACH_ESYNTAX, COACH_EUTF8 with what is
 * wrong and where, which quotes nothing. */

/* A form as an object of strings; of a name that comes twice the first counts. */
int unpack_form(const char *text, size_t len, json_t **ret, coach_error *err);
/* Lines of "Name: value" (\n or \r\n), a blank line and a body, as an object of strings; the body is the member "body":
 * its own object when the type is text/event-plain, whose values are percent-encoded, else a string. */
int unpack_headers(const char *text, size_t len, json_t **ret, coach_error *err);
/* The columns of a line as an object of strings. */
int unpack_columns(const struct mapping *m, const char *line, size_t len, json_t **ret, coach_error *err);

#endif
