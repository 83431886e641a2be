/* What the card of a finding says. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/engine/step.h"

/* What stands for a placeholder, found by its name. */
static struct wire_text value_of(const struct step *s, const struct candidate *f, const char *name, size_t len)
{
    struct scanner_span span = {0, 0};
    if (f->hit == NULL)
        return (struct wire_text){"", 0};
    if (len == 5 && memcmp(name, "plain", 5) == 0 && f->hit->plain != NULL)
        return (struct wire_text){f->hit->plain, strlen(f->hit->plain)};
    if (len == 4 && memcmp(name, "said", 4) == 0)
        span = f->hit->span;
    for (size_t i = 0; i < SCANNER_CAPTURES; i++) {
        const char *capture = scanner_capture_name(s->set, f->hit->rule, i);
        if (capture != NULL && strlen(capture) == len && memcmp(capture, name, len) == 0)
            span = f->hit->captures[i];
    }
    return (struct wire_text){f->text.s + span.from, span.to - span.from};
}

/* A message with its placeholders filled in; `to` is NULL to measure. Returns its bytes. */
static size_t fill_in(const struct step *s, const struct candidate *f, const char *message, char *to)
{
    size_t n = 0;
    while (*message != '\0') {
        const char *close = *message == '{' ? strchr(message, '}') : NULL;
        struct wire_text part = {message, 1};
        if (close != NULL) {
            part = value_of(s, f, message + 1, (size_t)(close - message) - 1);
            message = close;
        }
        if (to != NULL && part.len > 0)
            memcpy(to + n, part.s, part.len);
        n += part.len;
        message++;
    }
    return n;
}

static const char *kept(struct step *s, char *text)
{
    if (text == NULL)
        s->rc = COACH_ENOMEM;
    return text;
}

static const char *filled(struct step *s, const struct candidate *f, const char *message)
{
    if (message == NULL || strchr(message, '{') == NULL)
        return message;
    char *text = arena_alloc(&s->e->texts, fill_in(s, f, message, NULL) + 1);
    if (text != NULL)
        fill_in(s, f, message, text);
    return kept(s, text);
}

static int64_t time_on_screen(enum rule_severity severity)
{
    static const int64_t ms[] = {
        [RULE_CRITICAL] = 15000, [RULE_IMPORTANT] = 12000, [RULE_HINT] = 9000, [RULE_PRAISE] = 7000};
    return ms[severity];
}

static uint64_t hash_with(const char *rule, const struct wire_text *segment, const void *more, size_t len)
{
    struct hash_fields h;
    hash_fields_init(&h);
    hash_fields_add(&h, rule, strlen(rule));
    hash_fields_add(&h, segment->s, segment->len);
    hash_fields_add(&h, more, len);
    return h.value;
}

/* Of call, rule, segment and occurrence. A rule fires once on a segment, but both sides may use an id, and two windows
 * may end with the same line: these are its occurrences. */
static void make_id(const struct call *c, struct candidate *f)
{
    const char *rule = f->rule->id;
    unsigned char occurrence[4] = {1, 0, 0, 0};
    const struct wire_text none = {"", 0};
    if (f->opened.line > 0) /* once for a window, whichever line it is about */
        f->latch = hash_with(rule, &none, &f->opened.line, sizeof f->opened.line);
    else
        f->latch = hash_with(rule, &f->segment_id, &f->segment, sizeof f->segment);
    while (call_has_fired(c, f->identity = hash_with(rule, &f->segment_id, occurrence, sizeof occurrence)) &&
           !call_has_fired(c, f->latch) && occurrence[0] < UCHAR_MAX)
        occurrence[0]++;
    struct hash_fields h;
    hash_fields_init(&h);
    hash_fields_add(&h, c->id, strlen(c->id));
    hash_fields_add(&h, rule, strlen(rule));
    hash_fields_add(&h, f->segment_id.s, f->segment_id.len);
    hash_fields_add(&h, occurrence, sizeof occurrence);
    hash_hex(h.value, f->nudge.nudge_id);
}

/* The part of a match that lies in its segment, and its words, which may begin before it. */
static void quote(struct step *s, const struct candidate *f, struct nudge *n)
{
    const struct scanner_span *span = &f->hit->span;
    n->phrase = f->hit->phrase;
    n->span[0] = span->from > f->seam ? span->from - f->seam : 0;
    n->span[1] = span->to > f->seam ? span->to - f->seam : 0;
    n->said = kept(s, arena_strn(&s->e->texts, f->text.s + span->from, span->to - span->from));
}

void cards_add(struct step *s, const struct candidate *found)
{
    struct engine *e = s->e;
    if (s->rc != COACH_OK ||
        !step_room(s, &e->candidates, e->candidate_count, &e->candidate_cap, sizeof *e->candidates))
        return;
    struct candidate *f = &e->candidates[e->candidate_count];
    const struct rule *r = found->rule;
    *f = *found;
    struct nudge *n = &f->nudge;
    *n = (struct nudge){.call_id = s->c->id,
                        .rule = r->id,
                        .rev = r->rev,
                        .rules_hash = ruleset_hash(s->set),
                        .category = r->category,
                        .severity = rule_severity_name(r->severity),
                        .title = r->title,
                        .at_ms = f->at_ms,
                        .end_ms = f->end_ms,
                        .ttl_ms = time_on_screen(r->severity)};
    make_id(s->c, f);
    n->message = filled(s, f, r->message);
    for (size_t i = 0; i < NUDGE_SUGGESTIONS; i++)
        n->suggest[i] = filled(s, f, r->suggest[i]);
    n->segment_id = kept(s, arena_strn(&e->texts, f->segment_id.s, f->segment_id.len));
    if (f->hit != NULL && !(f->interim && r->speaker != RULE_AGENT)) /* 54 */
        quote(s, f, n);
    else if (f->hit != NULL)
        n->phrase = f->hit->phrase;
    e->candidate_count += s->rc == COACH_OK;
}
