/* What the mains of the programs that serve have in common. */
#ifndef COACH_DAEMON_PROGRAM_H
#define COACH_DAEMON_PROGRAM_H

#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>

#include "lib/base/buf.h"
#include "lib/base/error.h"

enum { EX_RUNNING = EX_TEMPFAIL }; /* another one is running there */
_Static_assert(EX_USAGE == 64 && EX_OSERR == 71 && EX_RUNNING == 75 && EX_CONFIG == 78, "documented exit codes");

/* Prints the text and clears it; returns EX_OK or EX_IOERR. */
int program_print(FILE *to, struct buf *text);
/* Says on stderr what is wrong with the settings; returns the exit code. `in_file`: as of settings_read. */
int program_refuse(const char *program, bool in_file, const coach_error *err);
/* As many descriptors as the system lets us have: each connection takes one. */
void program_raise_descriptor_limit(void);

#endif
