/* The record of a call as JSON. */
#ifndef COACH_EVAL_RECORD_H
#define COACH_EVAL_RECORD_H

#include "lib/engine/summary.h"
#include "lib/wire/json.h"

/* Writes it as an object of that key; `counts` are those of the call. */
void record_write(const struct call_summary *s, const struct call_counts *counts, struct json_out *j, const char *key);

#endif
