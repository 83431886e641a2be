/* Lines and turns of a call: sentences 5 to 12 and 39. */
#ifndef COACH_ENGINE_TURNS_H
#define COACH_ENGINE_TURNS_H

#include "lib/engine/step.h"

/* A final with words, as it becomes a line. */
struct turns_line {
    const struct wire_event *event;
    int64_t start_ms, end_ms;
    bool timed; /* it came with both */
    bool quiet; /* nothing but back-channels */
};

/* Whether speech of `role` that begins at `start_ms` goes on with the latest turn. */
bool turns_goes_on(const struct call *c, coach_role role, int64_t start_ms);
/* The text of the latest turn in which a phrase of such speech may begin: its last CALL_SEAM bytes or fewer, whole
 * words; empty when the turn does not go on. */
struct wire_text turns_seam(const struct call *c, coach_role role, int64_t start_ms);
/* Makes it a line: a turn begins or goes on. The turn before must have been ended. `*ret` is the line, which lives
 * until the next. Room was reserved. */
struct call_line *turns_add(struct call *c, const struct turns_line *line);
/* Whether the line begins a turn that ends the latest one, if that is still open. */
bool turns_ends_latest(const struct call *c, const struct turns_line *line);
/* The line with a number, or NULL when it was forgotten. */
const struct call_line *turns_line(const struct call *c, uint32_t number);
/* The last line that had ended by then; NULL when none is known. */
const struct call_line *turns_before(const struct call *c, int64_t at_ms);
/* How long answers of a side (0 agent, 1 customer) take at least, when that is a second or more and there were enough;
 * else 0. */
int64_t turns_slowness(const struct call *c, int side);

#endif
