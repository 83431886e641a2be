#include "daemon/cli/print.h"

void print_event(const struct screen *s, const struct wire_event *e)
{
    char head[WIRE_MAX_ID + 160];
    if (e->type == WIRE_CALL_START) {
        snprintf(head, sizeof head, "call %s%s%s", e->call_id.s, e->queue.s == NULL ? "" : ", queue ",
                 e->queue.s == NULL ? "" : e->queue.s);
        screen_heading(s, head);
    } else if (e->type == WIRE_TRANSCRIPT && e->is_final && e->text.len > 0) {
        screen_speech(s, e->role, e->start_ms != COACH_NO_TIME ? e->start_ms : e->end_ms, e->text.s, e->text.len);
    }
}

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
