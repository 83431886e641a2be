#include "lib/eval/heard.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/eval/replay.h"
#include "lib/text/backchannel.h"

enum { TURN_PAUSE_MS = 2000 };

struct listener {
    struct heard *h;
    const struct ruleset *set;
    struct words words;
    coach_role speaking; /* whose turn it is */
    int64_t end_ms;      /* of that turn's last line */
    int rc;
};

static bool is_side(coach_role role)
{
    return role == COACH_ROLE_AGENT || role == COACH_ROLE_CUSTOMER;
}

uint32_t heard_find(const struct heard *h, const char *segment_id)
{
    for (size_t i = 0; i < h->count; i++) {
        const struct wire_text *t = &h->lines[i].event->segment_id;
        if (t->s != NULL && strcmp(t->s, segment_id) == 0)
            return (uint32_t)i;
    }
    return HEARD_NOWHERE;
}

uint32_t heard_turn_begin(const struct heard *h, uint32_t line)
{
    while (line > 0 && h->lines[line - 1].turn == h->lines[line].turn)
        line--;
    return line;
}

/* Sentences 7 to 10. A back-channel of the other side stays within the turn. */
static int place(struct listener *l, const struct wire_event *e)
{
    struct heard *h = l->h;
    if (!is_side(e->role))
        return COACH_OK;
    int rc = words_read(&l->words, ruleset_language(l->set), e->text.s, e->text.len);
    if (rc != COACH_OK)
        return rc;
    bool goes_on = e->role == l->speaking && (e->start_ms == COACH_NO_TIME || l->end_ms == COACH_NO_TIME ||
                                              e->start_ms - l->end_ms < TURN_PAUSE_MS);
    if (!goes_on && l->speaking != COACH_ROLE_UNKNOWN && backchannel_is(&l->words, ruleset_language(l->set)))
        return COACH_OK;
    if (!goes_on) {
        h->turns++;
        h->agent_turns += e->role == COACH_ROLE_AGENT;
        l->speaking = e->role;
        l->end_ms = e->end_ms;
    }
    l->end_ms = e->end_ms > l->end_ms ? e->end_ms : l->end_ms;
    return COACH_OK;
}

static bool is_repeat(const struct heard *h, const struct wire_event *e)
{
    for (size_t i = 0; e->segment_id.s != NULL && i < h->count; i++) {
        const struct wire_event *other = h->lines[i].event;
        if (other->role == e->role && other->segment_id.s != NULL && strcmp(other->segment_id.s, e->segment_id.s) == 0)
            return true;
    }
    return false;
}

static int add_line(struct listener *l, const struct wire_event *e)
{
    struct heard *h = l->h;
    if (is_repeat(h, e))
        return COACH_OK;
    int rc = place(l, e);
    if (rc == COACH_OK)
        rc = arena_grow(&h->memory, &h->lines, h->count, &h->cap, sizeof *h->lines);
    if (rc == COACH_OK)
        h->lines[h->count++] = (struct heard_line){e, h->turns == 0 ? 0 : h->turns - 1};
    return rc;
}

static void keep_id(char to[WIRE_MAX_ID + 1], const char *id)
{
    snprintf(to, WIRE_MAX_ID + 1, "%s", id == NULL ? "" : id);
}

static int add_finding(struct heard *h, const struct finding *f)
{
    if (f->held == ENGINE_QUARANTINED || engine_is_limit(f->held))
        return COACH_OK;
    if (arena_grow(&h->memory, &h->findings, h->finding_count, &h->finding_cap, sizeof *h->findings) != COACH_OK)
        return COACH_ENOMEM;
    struct heard_finding *to = &h->findings[h->finding_count];
    *to = (struct heard_finding){.rule = f->rule,
                                 .said = arena_str(&h->memory, f->nudge.said == NULL ? "" : f->nudge.said),
                                 .after = (uint32_t)h->count,
                                 .decided_ms = f->decided_ms,
                                 .shown = f->held == ENGINE_SHOWN};
    memcpy(to->nudge_id, f->nudge.nudge_id, sizeof to->nudge_id);
    keep_id(to->segment_id, f->nudge.segment_id);
    h->finding_count += to->said != NULL;
    return to->said == NULL ? COACH_ENOMEM : COACH_OK;
}

/* The newest of that id: after a withdrawal the same id may be given again. */
static void take_back(struct heard *h, const char *nudge_id)
{
    for (size_t i = h->finding_count; i-- > 0;)
        if (strcmp(h->findings[i].nudge_id, nudge_id) == 0) {
            h->findings[i].taken_back = true;
            return;
        }
}

static void on_step(void *user, const struct call *call, const struct wire_event *e,
                    const struct engine_results *results)
{
    struct listener *l = user;
    (void)call;
    if (l->rc == COACH_OK && e != NULL && e->type == WIRE_TRANSCRIPT && e->is_final && e->text.len > 0)
        l->rc = add_line(l, e);
    for (size_t i = 0; i < results->count && l->rc == COACH_OK; i++)
        l->rc = add_finding(l->h, &results->findings[i]);
    for (size_t i = 0; i < results->withdrawn_count; i++)
        take_back(l->h, results->withdrawn[i].nudge_id);
}

static void on_trace(void *user, const struct engine_trace *t)
{
    struct listener *l = user;
    struct heard *h = l->h;
    if (t->moment != ENGINE_HEARD || l->rc != COACH_OK)
        return;
    l->rc = arena_grow(&h->memory, &h->signals, h->signal_count, &h->signal_cap, sizeof *h->signals);
    if (l->rc != COACH_OK)
        return;
    struct heard_signal *to = &h->signals[h->signal_count++];
    *to = (struct heard_signal){.signal = t->signal};
    keep_id(to->segment_id, t->segment_id);
}

/* Leaves out what was taken back, and finds the lines of the rest. */
static void settle(struct heard *h)
{
    size_t kept = 0;
    for (size_t i = 0; i < h->finding_count; i++) {
        h->findings[i].line = heard_find(h, h->findings[i].segment_id);
        if (!h->findings[i].taken_back)
            h->findings[kept++] = h->findings[i];
    }
    h->finding_count = kept;
}

int heard_run(struct heard *ret, const struct wire_event *events, size_t n, const struct ruleset *set, bool attention)
{
    struct recording recording = {.events = (struct wire_event *)events, .count = n};
    *ret = (struct heard){0};
    arena_init(&ret->memory);
    struct listener l = {.h = ret, .set = set};
    words_init(&l.words);
    const struct replay_options options = {
        .agent_id = "score", .ignore_attention = !attention, .observer = on_trace, .observer_user = &l};
    int rc = replay_run(&recording, set, &options, on_step, &l);
    words_clear(&l.words);
    settle(ret);
    return rc == COACH_OK ? l.rc : rc;
}

void heard_clear(struct heard *h)
{
    arena_clear(&h->memory);
    *h = (struct heard){0};
}
