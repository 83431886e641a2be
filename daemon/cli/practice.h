/* coach practice: what it shows, while it goes on and afterwards. */
#ifndef COACH_CLI_PRACTICE_H
#define COACH_CLI_PRACTICE_H

#include "daemon/cli/screen.h"
#include "lib/eval/practice.h"

/* How much of a practice call was shown. */
struct practice_view {
    struct screen screen;
    bool typed;   /* the agent's lines stand on the terminal already */
    double speed; /* of the customer's speech, times 150 words a minute; 0: at once */
    size_t lines, cards;
};

void practice_show_begin(struct practice_view *v, const struct scenario *s);
/* Shows what came since. */
void practice_show(struct practice_view *v, const struct practice *p);
void practice_show_debrief(const struct practice_view *v, const struct practice *p);
/* Adds the debrief as one JSON line. Returns 0 or COACH_ENOMEM. */
int practice_write(const struct practice *p, struct buf *out);

#endif
