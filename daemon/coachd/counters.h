/* What the daemon counts, for status and metrics. Only ever goes up. */
#ifndef COACH_COACHD_COUNTERS_H
#define COACH_COACHD_COUNTERS_H

#include <stdint.h>

#include "lib/engine/engine.h"
#include "lib/wire/reader.h"

enum call_end { CALL_ENDED, CALL_DISCONNECTED, CALL_IDLE, CALL_TOO_OLD, CALL_TRANSFERRED, CALL_ENDS };
enum verdict { VERDICT_HELPFUL, VERDICT_NOT_HELPFUL, VERDICT_WRONG, VERDICTS };

struct counters {
    uint64_t lines_ok;
    uint64_t lines_bad[WIRE_CODES];
    uint64_t lines_no_memory;
    uint64_t unknown_fields;
    uint64_t error_lines; /* sent to writers */
    uint64_t calls_started;
    uint64_t calls_ended[CALL_ENDS];
    uint64_t held[ENGINE_HELD_COUNT]; /* findings; ENGINE_SHOWN: nudges that attention let through */
    uint64_t taken_back;              /* findings that the engine took back, shown or held */
    uint64_t withdrawn[2];            /* nudges of those that an agent may have seen, by enum engine_reason */
    uint64_t interim;                 /* interim results that were run */
    uint64_t late;                    /* interim results that came after their final or out of order */
    uint64_t repeats;                 /* finals that said nothing new */
    uint64_t delivered;               /* nudge lines given to agents' connections */
    uint64_t expired;                 /* nudges dropped because their time was over before they could be sent */
    uint64_t overflowed;              /* nudges dropped because a queue was full */
    uint64_t misdirected;             /* nudges that the last check refused: always 0 */
    uint64_t agents_slow;             /* connections closed for not reading */
    uint64_t agents_refused;          /* hellos */
    uint64_t agent_errors;            /* error lines to agents */
    uint64_t shown;                   /* what clients said */
    uint64_t feedback[VERDICTS];
    uint64_t mutes;
    uint64_t connections;
    uint64_t connections_refused;
    uint64_t reloads_ok;
    uint64_t reloads_failed;
    uint64_t rules_quarantined; /* times that a rule was put into quarantine */
};

/* "ended" ..., as in call_ended lines and labels. */
const char *call_end_name(enum call_end end);
/* "helpful" ... */
const char *verdict_name(enum verdict verdict);

#endif
