#include "daemon/cli/print.h"

#include <string.h>

#include "lib/eval/recording.h"

void print_event(const struct screen *s, const struct wire_event *e)
{
    char head[WIRE_MAX_ID + 160];
    if (e->type == WIRE_CALL_START) {
        snprintf(head, sizeof head, "call %s%s%s", e->call_id.s, e->queue.s == NULL ? "" : ", queue ",
                 e->queue.s == NULL ? "" : e->queue.s);
        screen_heading(s, head);
    } else if (e->type == WIRE_TRANSCRIPT && e->is_final && e->text.len > 0) {
        int64_t at = e->start_ms != COACH_NO_TIME ? e->start_ms : recording_arrival(e);
        screen_speech(s, e->role, at, e->text.s, e->text.len);
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

void print_withdrawal(const struct screen *s, const struct withdrawal *w)
{
    fputs("        taken back: ", s->to);
    screen_text(s, w->rule, strlen(w->rule));
    fprintf(s->to, " (%s)\n",
            w->reason == ENGINE_REVISED ? "the words were revised" : "a line that came late undid it");
}

void print_withdrawal_json(const struct screen *s, const struct withdrawal *w)
{
    struct buf line;
    struct json_out j;
    buf_init(&line, 0);
    json_out_begin(&j, &line);
    json_open_object(&j, NULL);
    json_text(&j, "type", "withdrawn");
    json_text(&j, "nudge_id", w->nudge_id);
    json_text(&j, "reason", engine_reason_name(w->reason));
    json_close_object(&j);
    if (json_out_end(&j, true) == COACH_OK)
        fputs(line.data, s->to);
    buf_clear(&line);
}

void print_sight(const struct screen *s, enum engine_sight sight)
{
    if (sight == ENGINE_SEES)
        fputs("        the coach sees the call again\n", s->to);
    else
        fprintf(s->to, "        the coach is blind: %s\n", engine_sight_name(sight));
}
