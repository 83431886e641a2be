/* Practice scenarios: a scripted difficult customer, as a file that people write. What the keys mean is
 * rules/README.md. A scenario names signals and rules of a rule set, and is checked against it. */
#ifndef COACH_EVAL_SCENARIO_H
#define COACH_EVAL_SCENARIO_H

#include "lib/rules/keys.h"
#include "lib/rules/ruleset.h"

enum { SCENARIO_MOODS = 10 }; /* a mood is 0 (furious) to 10 (content) */

/* What the customer says to what the agent's line did. */
struct scenario_reaction {
    const struct yaml_node *node;
    const struct yaml_node *when;   /* NULL: of `otherwise` */
    struct def_texts heard;         /* any of these signals was heard in the line */
    struct def_texts without;       /* none of these was */
    struct def_texts needs;         /* all of these were heard in the call by now */
    struct def_texts fired;         /* any of these rules, or rules of these categories, found something */
    struct def_number above, below; /* the mood was over, under this */
    struct def_number mood;         /* by how much it changes */
    struct def_texts says;          /* one each time; with the last one the reaction is used up */
    struct def_text hint;           /* a sentence that would bring it about */
};

struct scenario {
    struct yaml_doc doc;
    struct def_number format, mood, calm_at, angry_at, turns;
    struct def_text name, title, about, wants, opening;
    struct scenario_reaction *reactions;
    size_t reaction_count;
    struct scenario_reaction otherwise; /* its last line comes again and again */
    struct def_text calm, angry, over;  /* what the customer says last */
};

/* Reads a scenario, adding every problem; `set` may be NULL, names are then taken as they are. Returns 0 (there may be
 * errors in `problems`) or COACH_ENOMEM. `ret` is always safe to clear, and the source must outlive it. */
int scenario_read(const struct source *source, const struct ruleset *set, struct scenario *ret, struct diags *problems);
void scenario_clear(struct scenario *s);

/* The tables of a scenario's keys, lowest first: those that another refers to come before it. `*n` of them. */
const struct key_table *const *scenario_tables(size_t *n);

/* The number of the signal of that name in the set, or WHEN_NONE. */
int scenario_signal(const struct ruleset *set, const char *name);

#endif
