#include "lib/eval/practice.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/eval/recording.h"

/* The customer answers when the agent's turn is over (2 s of silence), so that what was left out of it is known. */
enum { ANSWER_MS = 2100, AFTER_END_MS = 500 };

const char *practice_end_name(enum practice_end end)
{
    static const char *const names[] = {NULL, "calm", "angry", "over", "left"};
    return names[end];
}

int64_t practice_speaking_ms(const char *text)
{
    int64_t words = 0;
    for (const char *c = text; *c != '\0'; c++)
        words += *c != ' ' && (c == text || c[-1] == ' ');
    return words * 60000 / RECORDING_PACE;
}

static void on_moment(void *user, const struct engine_trace *trace)
{
    struct practice *p = user;
    if (trace->moment == ENGINE_HEARD && p->listening)
        p->heard[trace->signal] = p->heard_before[trace->signal] = true;
    summary_hear(&p->ear, trace);
}

void practice_clear(struct practice *p)
{
    summary_clear(&p->summary);
    call_free(p->call);
    call_free(p->bare);
    engine_free(p->engine);
    arena_clear(&p->memory);
    *p = (struct practice){0};
}

static bool failed(struct practice *p, int rc)
{
    if (p->rc == COACH_OK)
        p->rc = rc;
    return p->rc != COACH_OK;
}

/* --- findings --- */

static const char *kept(struct practice *p, const char *text)
{
    const char *copy = text == NULL ? NULL : arena_str(&p->memory, text);
    if (text != NULL && copy == NULL)
        failed(p, COACH_ENOMEM);
    return copy;
}

static struct nudge keep_nudge(struct practice *p, const struct nudge *from)
{
    struct nudge n = *from;
    const char **texts[] = {&n.rule,    &n.rules_hash, &n.category,   &n.severity, &n.title,
                            &n.message, &n.suggest[0], &n.suggest[1], &n.said,     &n.segment_id};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = kept(p, *texts[i]);
    n.call_id = "practice";
    n.agent_id = "you";
    return n;
}

/* Segments are named by the index of their line. */
static size_t line_of(const struct practice *p, const char *segment_id)
{
    size_t line = 0;
    for (; *segment_id >= '0' && *segment_id <= '9'; segment_id++)
        line = line * 10 + (size_t)(*segment_id - '0');
    return line < p->line_count ? line : p->line_count - 1;
}

static void keep_finding(struct practice *p, const struct finding *f)
{
    if (f->held == ENGINE_DUPLICATE || f->held == ENGINE_SHADOW || f->held == ENGINE_QUARANTINED ||
        failed(p, arena_grow(&p->memory, &p->findings, p->finding_count, &p->finding_cap, sizeof *p->findings)))
        return;
    struct practice_finding *to = &p->findings[p->finding_count++];
    *to = (struct practice_finding){
        .nudge = keep_nudge(p, &f->nudge), .rule = f->rule, .counts = !engine_is_limit(f->held)};
    to->line = line_of(p, f->nudge.segment_id);
}

static void keep_card(struct practice *p, const struct finding *f)
{
    if (f->held != ENGINE_SHOWN ||
        failed(p, arena_grow(&p->memory, &p->cards, p->card_count, &p->card_cap, sizeof *p->cards)))
        return;
    p->cards[p->card_count++] = (struct practice_card){keep_nudge(p, &f->nudge), p->line_count};
}

static void take_back(struct practice *p, const char *nudge_id)
{
    for (size_t i = 0; i < p->finding_count; i++)
        if (strcmp(p->findings[i].nudge.nudge_id, nudge_id) == 0)
            p->findings[i].counts = false;
}

/* What a step of either call brought. */
static void take(struct practice *p, bool bare, const struct engine_results *results)
{
    for (size_t i = 0; i < results->count; i++)
        if (bare)
            keep_finding(p, &results->findings[i]);
        else
            keep_card(p, &results->findings[i]);
    for (size_t i = 0; i < results->withdrawn_count && bare; i++)
        take_back(p, results->withdrawn[i].nudge_id);
    if (!bare)
        failed(p, summary_add(&p->summary, p->set, p->call, &p->ear, results));
}

/* --- the two calls --- */

static struct call *choose(struct practice *p, bool bare)
{
    engine_ignore_attention(p->engine, bare);
    engine_observe(p->engine, bare ? NULL : on_moment, p);
    return bare ? p->bare : p->call;
}

static void pass_time(struct practice *p, bool bare, int64_t until_ms)
{
    struct call *c = choose(p, bare);
    for (int64_t wake; p->rc == COACH_OK && (wake = engine_wake(p->engine, p->set, c)) <= until_ms;) {
        struct engine_results results;
        if (!failed(p, engine_tick(p->engine, p->set, c, wake, &results)))
            take(p, bare, &results);
    }
}

static void hear(struct practice *p, bool bare, const struct wire_event *event)
{
    struct engine_results results;
    pass_time(p, bare, event->start_ms);
    struct call *c = choose(p, bare);
    if (p->rc == COACH_OK && !failed(p, engine_step(p->engine, p->set, c, event, event->end_ms, &results)))
        take(p, bare, &results);
}

static void wait_until(struct practice *p, int64_t until_ms)
{
    pass_time(p, true, until_ms);
    pass_time(p, false, until_ms);
    p->now_ms = until_ms;
}

static void say(struct practice *p, const struct practice_line *line)
{
    char segment[24];
    if (failed(p, arena_grow(&p->memory, &p->lines, p->line_count, &p->line_cap, sizeof *p->lines)))
        return;
    struct practice_line *l = &p->lines[p->line_count];
    *l = *line;
    l->mood = p->mood;
    l->end_ms = l->start_ms + practice_speaking_ms(l->text);
    int len = snprintf(segment, sizeof segment, "%zu", p->line_count++);
    struct wire_event event = wire_event_blank(WIRE_TRANSCRIPT);
    event.call_id = (struct wire_text){"practice", 8};
    event.text = (struct wire_text){l->text, strlen(l->text)};
    event.segment_id = (struct wire_text){segment, (size_t)len};
    event.role = l->role;
    event.is_final = true;
    event.start_ms = l->start_ms;
    event.end_ms = l->end_ms;
    p->now_ms = l->end_ms;
    hear(p, true, &event);
    hear(p, false, &event);
}

static void customer(struct practice *p, const char *text, int64_t after_ms, const struct scenario_reaction *reaction,
                     int change)
{
    const struct practice_line line = {.role = COACH_ROLE_CUSTOMER,
                                       .text = text,
                                       .start_ms = p->now_ms + after_ms,
                                       .change = change,
                                       .reaction = reaction};
    say(p, &line);
}

int practice_begin(struct practice *p, const struct scenario *scenario, const struct ruleset *set)
{
    *p = (struct practice){.scenario = scenario, .set = set, .mood = (int)scenario->mood.value};
    arena_init(&p->memory);
    size_t signals = ruleset_signal_count(set) + 1;
    p->engine = engine_new();
    p->call = call_new("practice", 8);
    p->bare = call_new("practice", 8);
    p->heard = arena_alloc(&p->memory, signals * sizeof *p->heard);
    p->heard_before = arena_alloc(&p->memory, signals * sizeof *p->heard_before);
    p->played = arena_alloc(&p->memory, (scenario->reaction_count + 1) * sizeof *p->played);
    if (p->engine == NULL || p->call == NULL || p->bare == NULL || p->heard == NULL || p->heard_before == NULL ||
        p->played == NULL || call_set_agent(p->call, "you", 3) != COACH_OK ||
        call_set_agent(p->bare, "you", 3) != COACH_OK)
        return p->rc = COACH_ENOMEM;
    customer(p, scenario->opening.s, 0, NULL, 0);
    return p->rc;
}

/* --- how the customer takes it --- */

static bool is_heard(const struct practice *p, const bool *heard, const char *name)
{
    int signal = scenario_signal(p->set, name);
    return signal != WHEN_NONE && heard[signal];
}

static size_t count_heard(const struct practice *p, const bool *heard, const struct def_texts *names)
{
    size_t n = 0;
    for (size_t i = 0; i < names->count; i++)
        n += is_heard(p, heard, names->items[i].s);
    return n;
}

static bool has_fired(const struct practice *p, const struct def_texts *names)
{
    for (size_t i = p->since; i < p->finding_count; i++)
        for (size_t k = 0; k < names->count; k++)
            if (strcmp(p->findings[i].rule->id, names->items[k].s) == 0 ||
                strcmp(p->findings[i].rule->category, names->items[k].s) == 0)
                return true;
    return false;
}

static bool fits(const struct practice *p, const struct scenario_reaction *r)
{
    return (r->heard.count == 0 || count_heard(p, p->heard, &r->heard) > 0) &&
           count_heard(p, p->heard, &r->without) == 0 && count_heard(p, p->heard_before, &r->needs) == r->needs.count &&
           (r->fired.count == 0 || has_fired(p, &r->fired)) && (r->above.node == NULL || p->mood > r->above.value) &&
           (r->below.node == NULL || p->mood < r->below.value);
}

/* The first reaction that fits and is not used up; `*played` counts its lines. */
static const struct scenario_reaction *react(const struct practice *p, uint32_t **played)
{
    const struct scenario *s = p->scenario;
    for (size_t i = 0; i < s->reaction_count; i++)
        if (p->played[i] < s->reactions[i].says.count && fits(p, &s->reactions[i])) {
            *played = &p->played[i];
            return &s->reactions[i];
        }
    *played = &p->played[s->reaction_count];
    return &s->otherwise;
}

static int within(int64_t value, int64_t min, int64_t max)
{
    return (int)(value < min ? min : value > max ? max : value);
}

static void answer(struct practice *p)
{
    uint32_t *played;
    const struct scenario_reaction *r = react(p, &played);
    size_t last = r->says.count - 1;
    const char *text = r->says.items[*played < last ? *played : last].s;
    int before = p->mood;
    (*played)++;
    p->mood = within(before + r->mood.value, 0, SCENARIO_MOODS);
    customer(p, text, 0, r, p->mood - before);
}

static void end_one(struct practice *p, bool bare)
{
    struct engine_results results;
    struct call *c = choose(p, bare);
    if (p->rc == COACH_OK && !failed(p, engine_end(p->engine, p->set, c, p->now_ms, &results)))
        take(p, bare, &results);
}

static void end(struct practice *p, enum practice_end how, const char *last_words)
{
    p->end = how;
    if (last_words != NULL)
        customer(p, last_words, AFTER_END_MS, NULL, 0);
    end_one(p, true);
    end_one(p, false);
    for (size_t i = 0; i < p->finding_count; i++) {
        const struct summary_card *card = summary_card(&p->summary, p->findings[i].nudge.nudge_id);
        p->findings[i].shown = card != NULL;
        p->findings[i].followed = card != NULL && card->followed;
    }
}

int practice_say(struct practice *p, const char *text, int64_t after_ms)
{
    const struct scenario *s = p->scenario;
    const struct practice_line line = {
        .role = COACH_ROLE_AGENT, .text = kept(p, text), .start_ms = p->now_ms + after_ms};
    if (p->rc != COACH_OK)
        return p->rc;
    memset(p->heard, 0, ruleset_signal_count(p->set) * sizeof *p->heard);
    p->since = p->finding_count;
    p->agent_lines++;
    p->listening = true;
    say(p, &line);
    wait_until(p, p->now_ms + ANSWER_MS);
    p->listening = false;
    answer(p);
    if (p->mood <= s->angry_at.value)
        end(p, PRACTICE_ANGRY, s->angry.s);
    else if (p->mood >= s->calm_at.value)
        end(p, PRACTICE_CALM, s->calm.s);
    else if (p->agent_lines >= (size_t)s->turns.value)
        end(p, PRACTICE_OVER, s->over.s);
    return p->rc;
}

int practice_leave(struct practice *p)
{
    end(p, PRACTICE_LEFT, NULL);
    return p->rc;
}

/* What may lift the mood next: one whose needs and mood are there, else any. */
const char *practice_hint(const struct practice *p)
{
    const struct scenario *s = p->scenario;
    for (int ready = 1; ready >= 0; ready--)
        for (size_t i = 0; i < s->reaction_count; i++) {
            const struct scenario_reaction *r = &s->reactions[i];
            bool open = count_heard(p, p->heard_before, &r->needs) == r->needs.count &&
                        (r->above.node == NULL || p->mood > r->above.value) &&
                        (r->below.node == NULL || p->mood < r->below.value);
            if (r->mood.value > 0 && r->hint.s != NULL && p->played[i] < r->says.count && (!ready || open))
                return r->hint.s;
        }
    return NULL;
}
