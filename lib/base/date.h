/* Wall clocks as people and machines write them. */
#ifndef COACH_BASE_DATE_H
#define COACH_BASE_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads an RFC 3339 date with its time and offset, "2026-03-19T22:04:48.128Z", to milliseconds since 1970 in UTC; what
 * is finer is dropped, a leap second is the second after it. Returns false, `*ret` unchanged, for anything else. */
bool date_read(const char *text, size_t len, int64_t *ret);

#endif
