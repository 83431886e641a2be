/* One question to a running daemon. */
#ifndef COACH_CLI_ASK_H
#define COACH_CLI_ASK_H

#include "lib/wire/json.h"

/* Sends `request`, a line, to the control socket in `runtime_dir` and adds the reply to `reply`, without its newline.
 * `*ret` is what it says, to be freed with json_in_free. Returns CLI_OK, or CLI_UNUSABLE having said why: no daemon, no
 * answer, or an error line. */
int ask_daemon(const char *command, const char *runtime_dir, const struct buf *request, struct buf *reply,
               struct json_in **ret);

#endif
