/* Whole files, read with a limit. */
#ifndef COACH_DAEMON_FILES_H
#define COACH_DAEMON_FILES_H

#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/error.h"

/* Adds the content of the regular file `path` to `out`. Returns 0; COACH_EINVAL when it cannot be opened or
 * read or is no regular file (a FIFO is refused, never waited for), COACH_ELIMIT when it is longer than `max`
 * bytes, COACH_ENOMEM. The text names the path; on error `out` is as it was. */
int file_read(const char *path, size_t max, struct buf *out, coach_error *err);

#endif
