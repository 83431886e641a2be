/* coach score: what is read for it, and what was measured as a table for people and as JSON. */
#ifndef COACH_CLI_SCORE_H
#define COACH_CLI_SCORE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/options.h"
#include "lib/eval/reach.h"
#include "lib/eval/score.h"

struct score_values {
    struct option_list rules, labels, signals;
    const char *languages, *map, *reach, *half;
    int64_t list;
    bool json, free, examples, missed, wrong, neither;
};

/* A YAML file that something read keeps pointing into. */
struct score_source {
    struct buf text;
    struct source source;
};

/* All that is read from files. */
struct score_files {
    struct arena memory;
    struct labels *labels; /* of --labels, then of --signals */
    size_t label_count;
    struct labelmap *maps; /* one for each of --labels */
    struct score_source *map_sources;
    struct recording *recordings; /* those that were named, then those beside label sets */
    size_t recording_count, recording_cap;
    size_t named; /* recordings that were named */
    struct score_source reach_source;
    struct reach reach;
};

/* Reads what the command line names. Returns an exit code, having said what was wrong; always clear it. */
int score_files_read(struct score_files *f, const struct score_values *v, const char *const *words, size_t nwords);
void score_files_clear(struct score_files *f);

/* Which lines and findings to list below the tables. */
struct score_listing {
    bool missed, wrong, neither;
    int64_t most; /* of each table */
};

/* Each returns an exit code: CLI_FOUND when a goal of `reach` (it may have none) is not reached. */
int score_print_text(const struct score *s, const struct reach *reach, const struct score_listing *listing);
int score_print_json(const struct score *s, const struct reach *reach, const struct score_listing *listing);

#endif
