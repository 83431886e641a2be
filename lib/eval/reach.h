/* What a pack should reach, and whether it did: figures of a score against the thresholds of a small file. */
#ifndef COACH_EVAL_REACH_H
#define COACH_EVAL_REACH_H

#include "lib/eval/score.h"

enum reach_measure {
    REACH_PRECISION,
    REACH_RECALL,
    REACH_F1,
    REACH_PER_100_TURNS, /* wrong findings or nudges per 100 agent turns */
    REACH_IN_CLEAN_CALLS /* wrong ones in calls where nothing is expected */
};

struct reach_goal {
    enum reach_measure measure;
    enum score_kind in;
    struct label_names of; /* rows of the table; none means all of it */
    bool at_most;          /* the threshold is a ceiling */
    double threshold;
    const char *name; /* for people */
};

struct reach {
    struct yaml_doc doc; /* holds the names */
    struct arena memory;
    struct reach_goal *goals;
    size_t count;
};

/* Reads a file, whose source must outlive it. Returns 0 (there may be errors in `problems`) or COACH_ENOMEM. `ret` is
 * always safe to clear. */
int reach_read(struct reach *ret, const struct source *source, struct diags *problems);
void reach_clear(struct reach *r);

/* The figure of a goal; false when nothing in the score tells it. */
bool reach_figure(const struct reach_goal *goal, const struct score *s, double *ret);
/* Whether the figure is good enough. */
bool reach_is_met(const struct reach_goal *goal, double figure);

#endif
