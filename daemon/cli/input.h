/* What the commands that read transcripts share: files and standard input, and the hello that goes before. */
#ifndef COACH_CLI_INPUT_H
#define COACH_CLI_INPUT_H

#include <stdbool.h>

#include "daemon/base/options.h"
#include "lib/base/buf.h"
#include "lib/base/error.h"

/* Adds all of a file, or of standard input for "-", to `out`. Returns 0, or an error whose text names the file. */
int input_read(const char *name, struct buf *out, coach_error *err);

/* Adds a hello line, with its newline, of what is given: any but `channels` may be NULL. Returns 0 or an error of
 * buf_add.
 */
int input_hello(const char *format, const char *call, const char *agent, const char *role,
                const struct option_list *channels, bool ack, struct buf *out);

/* Whether each of `channels` is CHANNEL=ROLE; if not, `command` has said so. */
bool input_channels_are_good(const char *command, const struct option_list *channels);

#endif
