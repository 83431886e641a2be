/* What coach-gateway can be told, by flags, environment (COACH_GATEWAY_...) and file. */
#ifndef COACH_GATEWAY_CONFIG_H
#define COACH_GATEWAY_CONFIG_H

#include "daemon/base/options.h"

struct config {
    const char *listen;
    const char *listen_group;
    const char *runtime_dir;
    const char *file;
    const char *log_level;
    struct option_list hosts;
    struct option_list origins;
    const char *token_keys;
    const char *token_algorithm;
    const char *basic_users;
    const char *twilio_secret;
    const char *public_url;
    struct option_list formats;
    struct option_list channels;
    int64_t max_connections;
    int64_t max_message;
    int64_t request_timeout_ms;
    int64_t ping_interval_ms;
    int64_t queue;
    int64_t away_timeout_ms;
    int64_t drain_timeout_ms;
    bool allow_anonymous;
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
