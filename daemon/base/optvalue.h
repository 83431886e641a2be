/* One value of an option, between text and its typed member. */
#ifndef COACH_DAEMON_OPTVALUE_H
#define COACH_DAEMON_OPTVALUE_H

#include "daemon/base/options.h"

/* Reads `text` as a value of `spec` into `member`, texts being copied into `memory`; an item of an OPTION_LIST
 * is added to those it has. Returns 0; COACH_EINVAL, the text then saying what the option takes without naming
 * it; COACH_ENOMEM. On error `member` is as it was. */
int optvalue_read(const struct option_spec *spec, const char *text, struct arena *memory, void *member,
                  coach_error *err);

/* Adds the value as a configuration file writes it after its key: nothing for an unset text, each item of a
 * list on a line of its own. Returns 0 or an error of buf_add. */
int optvalue_write(const struct option_spec *spec, const void *member, struct buf *out);

/* What the value looks like, for help and messages: "DURATION", "a|b". NULL for a bool. */
const char *optvalue_shape(const struct option_spec *spec);

#endif
