/* OpenMetrics 1.0 text, written piece by piece. */
#ifndef COACH_DAEMON_METRICS_H
#define COACH_DAEMON_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"

/* Each returns 0 or an error of buf_add. `name` is without the "_total" of counters, which is added. Labels hold
 * names from our own tables, never an id that a peer chose. */
int metrics_counter(struct buf *out, const char *name, const char *help);
int metrics_gauge(struct buf *out, const char *name, const char *help);
/* One sample of the family begun last: of a counter when `counter`. `label` and `value` may be NULL. */
int metrics_sample(struct buf *out, bool counter, const char *name, const char *label, const char *value, uint64_t n);
/* One sample with two labels. */
int metrics_sample_pair(struct buf *out, bool counter, const char *name, const char *label, const char *value,
                        const char *second_label, const char *second_value, uint64_t n);
int metrics_end(struct buf *out);

#endif
