/* How a program that serves is told what to do: by its flags, then by the environment, then by the file that --config
 * names; what was said first counts. */
#ifndef COACH_DAEMON_SETTINGS_H
#define COACH_DAEMON_SETTINGS_H

#include <stdbool.h>

#include "daemon/base/options.h"

struct settings {
    const char *program;     /* for messages */
    const char *environment; /* "COACHD_" begins its variables */
    const struct option_spec *specs;
    size_t nspecs;
    const char *const *file;    /* where --config is stored, NULL: not given; and --help, --version: */
    const bool *help, *version; /* with either of them only the flags are read */
};

/* Fills `values`, in which the three above lie. `*in_file` is set once an error is no longer one of the flags. Returns
 * 0, or COACH_EINVAL, COACH_ENOMEM with a text that says where. `o` is to be cleared in every case. */
int settings_read(const struct settings *s, void *values, struct options *o, int argc, char *const *argv,
                  char *const *environment, bool *in_file, coach_error *err);

#endif
