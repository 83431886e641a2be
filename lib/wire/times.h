/* Times as vendors write them. */
#ifndef COACH_WIRE_TIMES_H
#define COACH_WIRE_TIMES_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "lib/wire/value.h"

/* Milliseconds in one "s", "ms", "us" or "ticks" (100 ns); false for any other word. */
bool times_unit(const char *word, double *ms_per_unit);
/* Milliseconds of a number or a number in a string, of `ms_per_unit`; of "1.77s", of "PT1M2.5S", of {seconds, nanos};
 * of an RFC 3339 date, since 1970. Returns false when it is none of these or more than the year 9999 away. */
bool times_read(const json_t *v, double ms_per_unit, int64_t *ret);

#endif
