/* One typed table of options for a program's flags, its configuration file and its environment. */
#ifndef COACH_DAEMON_OPTIONS_H
#define COACH_DAEMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/error.h"

enum option_kind {
    OPTION_BOOL,     /* bool; as a flag it takes no value, in a file yes/no/true/false/on/off */
    OPTION_INT,      /* int64_t */
    OPTION_SIZE,     /* int64_t bytes; "64KiB", "1MiB" */
    OPTION_DURATION, /* int64_t ms; "500ms", "10s", "5m", "2h" */
    OPTION_REAL,     /* double */
    OPTION_TEXT,     /* const char *, NULL when unset */
    OPTION_CHOICE,   /* const char *, one of `choices` */
    OPTION_LIST      /* struct option_list: the flag may be given several times, the file has a list */
};

struct option_list {
    const char **items;
    size_t count;
};

enum { OPTION_FLAG_ONLY = 1 }; /* not in the file, not in the environment */

struct option_spec {
    const char *name; /* "idle-timeout": --idle-timeout, idle_timeout: in the file, PREFIX_IDLE_TIMEOUT */
    char letter;      /* a short flag, or 0 */
    enum option_kind kind;
    const char *arg;            /* what help calls the value */
    const char *fallback;       /* the default as one would type it, or NULL */
    int64_t min, max;           /* of numbers; both 0 for no bounds */
    const char *const *choices; /* NULL ended */
    const char *help;
    unsigned flags;
    size_t offset; /* of the member in the values struct */
};

/* What reading left: the words that are no options, and where each value came from. */
struct options {
    const struct option_spec *specs;
    size_t nspecs;
    void *values;
    struct arena memory;   /* holds every text in `values` */
    const char **origins;  /* per spec: "default", "flag", "environment", "FILE:LINE" */
    unsigned char *layers; /* per spec: which layer set it */
    const char **words;
    size_t nwords;
};

/* Sets every value to its default. Returns 0 or COACH_ENOMEM. */
int options_init(struct options *o, const struct option_spec *specs, size_t nspecs, void *values, coach_error *err);
void options_clear(struct options *o);

/* Each returns 0 or COACH_EINVAL with a text that names the option, its place and what it takes, with "did you
 * mean" for an unknown one. A later layer wins: file, then environment, then flags. Whoever calls them in
 * another order gets that order: a layer never overrides one that is higher. */
int options_read_file(struct options *o, const char *name, const char *text, size_t len, coach_error *err);
int options_read_environment(struct options *o, const char *prefix, char *const *environment, coach_error *err);
int options_read_flags(struct options *o, int argc, char *const *argv, coach_error *err);

/* Adds one line per option, as help shows it. Returns 0 or an error of buf_add. */
int options_help(const struct option_spec *specs, size_t nspecs, struct buf *out);
/* Adds the effective values as a configuration file that reads back as they are, each with its origin as a
 * comment. Returns 0 or an error of buf_add. */
int options_dump(const struct options *o, struct buf *out);

#endif
