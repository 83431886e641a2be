/* What the control socket can be asked; the user of each command is the struct server. */
#ifndef COACH_COACHD_COMMANDS_H
#define COACH_COACHD_COMMANDS_H

#include "daemon/coachd/control.h"

struct server;

/* Ends with a NULL name. */
extern const struct control_command server_commands[];

/* Adds the reply to a reload that has ended. Returns 0 or an error of buf_add. */
int commands_reload_reply(const struct server *s, struct buf *out);

#endif
