/* Rules measured against what people say should be found: precision, recall, and the places where they differ. */
#ifndef COACH_EVAL_SCORE_H
#define COACH_EVAL_SCORE_H

#include "lib/eval/labelmap.h"
#include "lib/eval/labels.h"
#include "lib/eval/recording.h"
#include "lib/eval/tally.h"

enum score_outcome {
    SCORE_HIT,
    SCORE_MISSED,
    SCORE_WRONG,
    SCORE_NEITHER, /* right for a neighbour of the label; in a call: acceptable */
    SCORE_UNSURE,  /* found where the label is marked uncertain */
    SCORE_OUTCOMES
};

/* What became of one label of one line, of one expected finding, or of one finding that nobody expected. */
struct score_mark {
    enum score_outcome outcome;
    uint32_t row;
    uint32_t item;          /* marks of one line, or of one row of signals, have the same and stand together */
    uint32_t late_turns;    /* of a hit in a call */
    const char *id;         /* of the line, or of the call */
    const char *segment_id; /* in a call; else NULL */
    const char *rule;       /* that fired; NULL where none did */
    const char *text;       /* what was said; "" where it is not known */
    const char *note;       /* why it is a mark of this kind, or what the label set says; may be NULL */
};

enum score_kind {
    SCORE_LINES,    /* labels of single lines */
    SCORE_EXAMPLES, /* the examples of the pack itself */
    SCORE_FINDINGS, /* of whole calls, within the rules' own limits */
    SCORE_NUDGES,   /* what attention let through of them */
    SCORE_FREE,     /* findings in calls without labels: everything found is wrong */
    SCORE_FREE_NUDGES,
    SCORE_SIGNALS,
    SCORE_KINDS
};
const char *score_kind_name(enum score_kind kind); /* "lines", "unlabelled_nudges" ... */

struct score_row {
    const char *name;
    uint32_t same; /* the first row that the same rules are meant by; itself where there is none */
};

struct score_table {
    struct score_row *rows;
    size_t row_count, row_cap;
    struct score_mark *marks;
    size_t mark_count, mark_cap;
    uint64_t items;       /* lines, calls or rows of labels that were scored */
    uint64_t agent_turns; /* in calls */
    uint64_t clean_calls; /* with nothing expected */
    uint64_t wrong_in_clean;
    uint64_t not_there; /* calls or lines that were labelled and are not in the recordings */
};

struct score {
    struct arena memory; /* holds all texts */
    const struct ruleset *set;
    char half; /* 'a' or 'b' (labels_in_half), or 0 for all */
    struct score_table tables[SCORE_KINDS];
};

void score_init(struct score *s, const struct ruleset *set, char half);
void score_clear(struct score *s);

/* Each adds to the tables and returns 0 or COACH_ENOMEM. Labels and recordings may go afterwards. */
int score_lines(struct score *s, enum score_kind kind, const struct labels *labels, const struct labelmap *map);
/* The calls that `labels` name, of those in the recordings. */
int score_calls(struct score *s, const struct labels *labels, const struct labelmap *map,
                const struct recording *recordings, size_t n);
/* The signals heard in the lines that `labels` name. */
int score_signals(struct score *s, const struct labels *labels, const struct recording *recordings, size_t n);
/* The calls of the recording that none of the label sets names: nothing is expected there. */
int score_free(struct score *s, const struct labels *labels, size_t nlabels, const struct recording *recording);

/* Counts of some rows together: `rows` holds a flag for each, NULL means all. Where the same rules mean several of
 * them, they are taken as one. */
struct score_counts {
    struct tally tally;
    uint64_t neither, unsure;
    uint64_t late_turns; /* of all hits together */
};
struct score_counts score_count(const struct score_table *t, const bool *rows);
struct score_counts score_count_row(const struct score_table *t, size_t row);
/* `n` of something in 100 turns of the agents; 0 where they had none. */
double score_per_100_turns(const struct score_table *t, uint64_t n);

#endif
