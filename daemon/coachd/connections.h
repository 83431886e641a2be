/* The writers' connections, as `status` and the metrics show them. */
#ifndef COACH_COACHD_CONNECTIONS_H
#define COACH_COACHD_CONNECTIONS_H

#include "daemon/coachd/ingest.h"
#include "lib/base/buf.h"
#include "lib/wire/json.h"

enum { CONNECTIONS_LISTED = 100, CONNECTIONS_MOST = 500 };

/* Adds the reply to `connections`, with its newline: at most `limit` of them, and never more than CONNECTIONS_MOST,
 * which keeps it below 1 MiB; those with most errors first, then those with most lines. `now_ms` is the loop's clock.
 * Returns 0 or COACH_ENOMEM. */
int connections_reply(const struct ingest *in, int64_t limit, int64_t now_ms, struct buf *out);

/* Adds an object with a member for each format that was spoken so far. */
void connections_add_formats(struct json_out *j, const char *key, const struct ingest *in);
/* The same as families of samples. Returns 0 or an error of buf_add. */
int connections_add_metrics(struct buf *out, const struct ingest *in);

#endif
