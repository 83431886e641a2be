/* coach replay, its two ways: through the engine in this process, and through a running daemon. */
#ifndef COACH_CLI_REPLAY_H
#define COACH_CLI_REPLAY_H

#include "daemon/base/options.h"
#include "daemon/cli/screen.h"
#include "lib/eval/recording.h"
#include "lib/rules/ruleset.h"

struct replay_values {
    struct option_list rules;
    const char *languages;
    const char *runtime_dir;
    const char *agent;
    double speed; /* 0: as fast as possible */
    double lag;   /* seconds */
    bool json, held, socket, timing, summary;
};

/* What was seen, over all files. */
struct replay_totals {
    uint64_t calls, lines, nudges, held, withdrawn;
};

/* Plays the recording into the daemon and shows what comes back. Returns an exit code. */
int replay_through_socket(const struct replay_values *v, const struct recording *recording, const struct screen *screen,
                          struct replay_totals *totals);

/* Replays recordings for the record of each call and the figures of all, in place of the conversation. Returns an exit
 * code. */
int replay_summaries(const struct replay_values *v, const char *const *names, size_t n, const struct ruleset *set);

#endif
