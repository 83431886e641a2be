/* The schemas of rule files and practice scenarios for editors: JSON Schema draft 7, made from the tables that the
 * loaders read by. */
#ifndef COACH_EVAL_RULESCHEMA_H
#define COACH_EVAL_RULESCHEMA_H

#include "lib/base/buf.h"

enum ruleschema_kind { RULESCHEMA_RULES, RULESCHEMA_PRACTICE };

/* Adds the schema, indented and ended by a newline. Returns 0, COACH_ENOMEM, or COACH_EINTERNAL when a table has a key
 * whose shape is not known here. */
int ruleschema_write(enum ruleschema_kind kind, struct buf *out);

#endif
