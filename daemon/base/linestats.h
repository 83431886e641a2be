/* What came on a stream of lines: how much, what was wrong with it, and how late it came. */
#ifndef COACH_DAEMON_LINESTATS_H
#define COACH_DAEMON_LINESTATS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/wire/event.h"
#include "lib/wire/reader.h"

/* How much; of one connection, or of all that speak a format. */
struct linecounts {
    uint64_t lines;
    uint64_t ok; /* lines without a problem */
    uint64_t no_memory;
    uint64_t events; /* of every type; a line may hold none or many */
    uint64_t interim, finals;
    uint64_t ignored;            /* messages of a vendor, or parts of them, that give no event */
    uint64_t errors[WIRE_CODES]; /* problems: a line may hold several */
};
void linecounts_event(struct linecounts *c, const struct wire_event *event);
uint64_t linecounts_errors(const struct linecounts *c); /* of all codes */

/* How late final lines come after their words. */
enum lag_basis {
    LAG_UNKNOWN,  /* no final had a time */
    LAG_QUICKEST, /* beyond the call's quickest line: the source gives no wall clock, so what all lines take is unseen
                   */
    LAG_TS        /* after the line's own wall clock, `ts` */
};
const char *lag_basis_name(enum lag_basis basis); /* "unknown", "quickest_line", "ts" */

struct lag {
    enum lag_basis basis;
    unsigned finals; /* that p50 and max were taken of: the last LAGS_KEPT at most */
    int64_t p50_ms;
    int64_t max_ms;
    bool both_sides; /* skew is known */
    int64_t skew_ms; /* by how much the customer's quickest line came later than the agent's */
};

/* Of one connection. Takes memory of its own with the first final that has a time. */
enum { LAGS_KEPT = 100, LAGS_FOLLOW_MS = 60 * 1000 };
struct lags;
struct linestats {
    struct linecounts counts;
    struct lags *lags; /* NULL until then */
};
void linestats_clear(struct linestats *s);

/* Counts an event that took effect at `now_ms` on any steady clock, `wall_ms` since 1970. A `ts` counts when it is
 * within a day of `wall_ms`, and once there was one the lines without one no longer do. Until then end_ms counts; since
 * each call has its own clock, one call is followed at a time, until it ends or is not heard of for LAGS_FOLLOW_MS.
 * Without memory the lag is left out. */
void linestats_event(struct linestats *s, const struct wire_event *event, int64_t now_ms, int64_t wall_ms);
struct lag linestats_lag(const struct linestats *s);

#endif
