/* The figures of replay --timing, for people. */
#ifndef COACH_CLI_TIMING_H
#define COACH_CLI_TIMING_H

#include "daemon/cli/screen.h"
#include "lib/eval/timing.h"

void print_timing(const struct screen *s, const struct timing_figures *f);

#endif
