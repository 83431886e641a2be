/* Recorded calls from files and from standard input. */
#ifndef COACH_CLI_RECORDINGS_H
#define COACH_CLI_RECORDINGS_H

#include "lib/eval/recording.h"

/* Reads the file `name`, "-" for standard input. Lines that cannot be read are reported on stderr, the first 20 of them
 * one by one, and `*bad` is how many there were. Returns CLI_OK, bad lines or not; CLI_UNUSABLE, having said why, where
 * there is no recording at all. `ret` is always safe to clear. */
int recordings_read(const char *command, const char *name, struct recording *ret, uint64_t *bad);

#endif
