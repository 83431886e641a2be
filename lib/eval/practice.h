/* A practice call: the scripted customer of a scenario, an agent who types, the engine that coaches live. Pure: the
 * caller gives the times. */
#ifndef COACH_EVAL_PRACTICE_H
#define COACH_EVAL_PRACTICE_H

#include "lib/base/arena.h"
#include "lib/engine/engine.h"
#include "lib/engine/summary.h"
#include "lib/eval/scenario.h"

enum practice_end { PRACTICE_ON, PRACTICE_CALM, PRACTICE_ANGRY, PRACTICE_OVER, PRACTICE_LEFT };
const char *practice_end_name(enum practice_end end); /* "calm", "angry", "over", "left"; NULL while it goes on */

struct practice_line {
    coach_role role;
    const char *text;
    int64_t start_ms, end_ms; /* on the call's clock */
    int mood;                 /* of the customer, when it was said */
    int change;               /* of a customer's line: by how much its reaction changed the mood */
    /* What brought it about; `otherwise` of the scenario, or NULL for the first line and the last. */
    const struct scenario_reaction *reaction;
};

/* A finding. */
struct practice_finding {
    struct nudge nudge;
    const struct rule *rule;
    bool counts;   /* held by none of the rule's own limits (55) */
    bool shown;    /* as a card */
    bool followed; /* what the card asks for was said within two turns */
    size_t line;   /* index of the line that it is about */
};

struct practice_card {
    struct nudge nudge;
    size_t after; /* how many lines had been said when it was shown */
};

/* Findings and cards live as long as the call; cards are in the order in which they were shown. */
struct practice {
    const struct scenario *scenario;
    const struct ruleset *set;
    struct arena memory;
    struct engine *engine;
    struct call *call; /* as an agent has it, and */
    struct call *bare; /* with every finding at once */
    struct call_summary summary;
    struct summary_ear ear;
    bool *heard, *heard_before; /* by signal: in the latest line of the agent, and in any */
    bool listening;
    uint32_t *played; /* by reaction: how many of its lines; the last is `otherwise` */
    struct practice_line *lines;
    size_t line_count, line_cap, agent_lines;
    struct practice_finding *findings;
    size_t finding_count, finding_cap;
    size_t since; /* the first finding since the agent's latest line began */
    struct practice_card *cards;
    size_t card_count, card_cap;
    int mood;
    int64_t now_ms;
    enum practice_end end;
    int rc;
};

/* Begins with the customer's first line. Returns 0 or COACH_ENOMEM; `p` is always safe to clear. The scenario, which
 * was read without errors for this set, and the set must outlive it. */
int practice_begin(struct practice *p, const struct scenario *scenario, const struct ruleset *set);
void practice_clear(struct practice *p);

/* How long a text takes to say, in ms. */
int64_t practice_speaking_ms(const char *text);
/* The agent says `text`, having begun `after_ms` after the last words, and the customer answers: lines, findings and
 * cards are added. Returns 0 or COACH_ENOMEM; only practice_clear may follow then, and once `end` is not PRACTICE_ON.
 */
int practice_say(struct practice *p, const char *text, int64_t after_ms);
/* The agent hangs up. */
int practice_leave(struct practice *p);
/* A sentence that would help now, or NULL. */
const char *practice_hint(const struct practice *p);

/* --- what is said about it afterwards --- */

struct practice_score {
    int total;                             /* of 100: the sum of */
    int mood;                              /* of 50: how far the customer came from angry to calm */
    int wording;                           /* of 30: less for each finding, half as much when it was mended */
    int worked;                            /* of 20: 10 for each thing that the customer had waited for */
    int critical, important, hint, praise; /* findings */
    int asked, followed;                   /* cards that ask for something, and those followed */
    int wanted, given;                     /* reactions that lift the mood, and those that came */
};
struct practice_score practice_score(const struct practice *p);

enum practice_kind { PRACTICE_SLIP, PRACTICE_MISSED, PRACTICE_WORKED };
struct practice_point {
    enum practice_kind kind;
    size_t line;      /* index of the agent's line it is about */
    const char *what; /* heading of the card, or NULL */
    const char *say;  /* a sentence that would have helped; of what worked NULL */
    const char *rule; /* of a slip */
    int change;       /* of the mood, after that line */
};
enum { PRACTICE_POINTS = 3 };
/* The points to take away, the weightiest first. Returns how many. */
size_t practice_debrief(const struct practice *p, struct practice_point ret[PRACTICE_POINTS]);

#endif
