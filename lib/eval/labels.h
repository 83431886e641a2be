/* Label sets: what should be found, said by people. A set is of one of three kinds, told apart by its first line; each
 * line is a JSON object. */
#ifndef COACH_EVAL_LABELS_H
#define COACH_EVAL_LABELS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/eval/recording.h"
#include "lib/rules/pack.h"

struct label_names {
    const char **items;
    size_t count;
};
bool label_names_have(const struct label_names *names, const char *name);

/* {"id","prev_customer","text","labels":[...]}: a line of the agent, and what it is. Optional: "uncertain": true, or a
 * list of the labels that are ("labels_uncertain" is the same list); "judged", a list of the labels that were looked
 * for, unless all were; "role", unless the agent's; "note". */
struct label_line {
    const char *id, *prev_customer, *text;
    const char *note; /* or NULL */
    struct label_names labels, unsure, judged;
    bool all_unsure;
    coach_role role;
};

/* One finding of a call. `segment_id` is NULL where any place will do; `latest_ms` is INT64_MAX where any time will. */
struct label_finding {
    const char *name, *segment_id;
    int64_t latest_ms;
};
/* {"call_id","expected":[{"finding","segment_id","latest_ms"}],"also_ok":[{"finding","segment_id"}]} */
struct label_call {
    const char *call_id;
    struct label_finding *expected, *also_ok;
    size_t expected_count, also_ok_count;
};

/* {"call_id","segment_id","judged":[...],"signals":[...]}: of the signals judged, those that the line truly holds.
 * Optional: "uncertain", a list; "file", for people. */
struct label_signals {
    const char *call_id, *segment_id;
    struct label_names judged, present, unsure;
};

enum labels_kind { LABELS_NONE, LABELS_LINES, LABELS_CALLS, LABELS_SIGNALS };

struct labels {
    struct arena memory; /* holds all texts */
    enum labels_kind kind;
    struct label_line *lines;
    struct label_call *calls;
    struct label_signals *signals;
    size_t count; /* of the array of the kind */
    size_t cap;
};

/* Reads NDJSON text into `ret`, telling of each line that is no label. Returns 0 or COACH_ENOMEM. `ret` is always safe
 * to clear. */
int labels_read(struct labels *ret, const char *text, size_t len, recording_problem_fn problem, void *user);
void labels_clear(struct labels *l);

/* The examples of the rules in a pack as a set of lines: a rule's category is the label of what it must match, and the
 * only one that was looked for. Conversational rules have none. Returns as above. */
int labels_of_examples(struct labels *ret, const struct pack *pack);

/* Half of a set: the things whose id ends in an odd number ('a') or an even one ('b'; an id without a number is in
 * 'a'). `half` is 0 for all. */
bool labels_in_half(const char *id, char half);

#endif
