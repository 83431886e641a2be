/* The records of many calls, and what they say together: which customers' triggers there were, and what came before. */
#ifndef COACH_EVAL_SUMMARIES_H
#define COACH_EVAL_SUMMARIES_H

#include "lib/base/arena.h"
#include "lib/base/table.h"
#include "lib/engine/summary.h"
#include "lib/wire/event.h"

struct summary_entry {
    const char *call_id;
    struct call_summary summary;
    struct call_counts counts;
};

/* A rule or a signal over all calls, or (`name` NULL) a category. */
struct summary_row {
    const char *name, *category; /* category "" of a signal */
    uint64_t found, shown, calls;
    uint64_t before[SUMMARY_TRIGGERS];
};

struct summary_totals {
    uint64_t calls, lines, agent_turns, shown, withdrawn, asked, followed, promises, left_out;
    uint64_t held[ENGINE_HELD_COUNT];
    uint64_t triggers[SUMMARY_TRIGGERS], trigger_calls[SUMMARY_TRIGGERS];
    struct summary_row *rows; /* by category and name, each category before its rules; signals first */
    size_t row_count;
};

struct summaries {
    struct arena memory;
    struct table live; /* call id -> struct summary_entry * */
    struct summary_entry **entries;
    size_t count, cap;
    struct summary_ear ear; /* the observer's */
};

void summaries_init(struct summaries *s);
void summaries_clear(struct summaries *s);
/* Adds a step of a replay (replay_fn), whose observer is summary_hear with the ear. Returns 0 or COACH_ENOMEM. */
int summaries_add(struct summaries *s, const struct ruleset *set, const struct call *call,
                  const struct wire_event *event, const struct engine_results *results);
/* A file is over: calls of the next one are others, whatever their ids. */
void summaries_end_file(struct summaries *s);
/* What all say together; lives with `s`. Returns 0 or COACH_ENOMEM. */
int summaries_total(struct summaries *s, struct summary_totals *ret);
/* Adds totals as one JSON line. Returns 0 or COACH_ENOMEM. */
int summary_totals_write(const struct summary_totals *t, struct buf *out);

#endif
