/* A recorded call, or many: canonical events read back, each with times. */
#ifndef COACH_EVAL_RECORDING_H
#define COACH_EVAL_RECORDING_H

#include "lib/base/arena.h"
#include "lib/wire/event.h"

/* Words a minute at which lines without times are taken to be spoken, one after the other. */
enum { RECORDING_PACE = 150 };

struct recording {
    struct arena memory;       /* holds all texts */
    struct wire_event *events; /* in file order; hellos are applied and left out */
    size_t count;
    size_t cap;
};

/* Told of each line that could not be read; `line` counts from 1. */
typedef void (*recording_problem_fn)(void *user, uint64_t line, const char *code, const char *message);

/* Reads NDJSON text into `ret`. Transcripts without times get times at RECORDING_PACE, call by call, but where their
 * arrival was recorded. Returns 0 (bad lines were reported) or COACH_ENOMEM. `ret` is always safe to clear.
 */
int recording_read(struct recording *ret, const char *text, size_t len, recording_problem_fn problem, void *user);
void recording_clear(struct recording *r);

/* How long it takes to say a text, at RECORDING_PACE. */
int64_t recording_speaking_ms(const char *text, size_t len);
/* When the event arrived, on its call's clock: as recorded, else when its words ended; COACH_NO_TIME for call_start and
 * call_end without one. */
int64_t recording_arrival(const struct wire_event *e);

#endif
