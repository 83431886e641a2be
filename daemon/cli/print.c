#include "daemon/cli/print.h"

void print_finding(const struct screen *s, const struct finding *f)
{
    const struct nudge *n = &f->nudge;
    struct card c = {.rule = n->rule,
                     .severity = n->severity,
                     .title = n->title,
                     .message = n->message,
                     .said = n->said,
                     .held = n->held,
                     .agent_id = n->agent_id,
                     .suggest = {n->suggest[0], n->suggest[1]},
                     .at_ms = n->at_ms};
    screen_card(s, &c);
}

void print_finding_json(const struct screen *s, const struct finding *f)
{
    struct buf line;
    buf_init(&line, 0);
    if (nudge_write(&f->nudge, NULL, &line) == COACH_OK)
        fputs(line.data, s->to);
    buf_clear(&line);
}
