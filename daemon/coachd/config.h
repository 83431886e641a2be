/* What coachd can be told, by flags, environment (COACHD_...) and file. */
#ifndef COACH_COACHD_CONFIG_H
#define COACH_COACHD_CONFIG_H

#include "daemon/base/options.h"

struct config {
    const char *runtime_dir;
    struct option_list rules;
    const char *languages;
    struct option_list formats;
    const char *ingest_format;
    struct option_list ingest_channels;
    const char *file;
    const char *log_level;
    int64_t idle_timeout_ms;
    int64_t max_call_age_ms;
    int64_t max_calls;
    int64_t max_connections;
    int64_t max_line;
    int64_t line_timeout_ms;
    int64_t hello_timeout_ms;
    int64_t read_timeout_ms;
    int64_t drain_timeout_ms;
    const char *ingest_group;
    const char *agent_group;
    const char *record_dir; /* NULL: nothing is recorded */
    struct option_list record_queues;
    int64_t record_days;
    bool allow_own_uid;
    bool check_config;
    bool version;
    bool help;
};

/* Reads all three layers into `c`, whose texts live in `o`. Returns 0; COACH_EINVAL, `*in_file` then telling
 * whether the fault is in the file or the environment rather than in what was typed; COACH_ENOMEM. `o` is to be
 * cleared in every case. */
int config_read(struct config *c, struct options *o, int argc, char *const *argv, char *const *environment,
                bool *in_file, coach_error *err);

/* Adds what --help shows. Returns 0 or an error of buf_add. */
int config_help(struct buf *out);

#endif
