#include "lib/rules/whentext.h"

#include "lib/base/error.h"
#include "lib/rules/ruleset.h"

int whentext_duration(int64_t ms, struct buf *out)
{
    if (ms < 1000)
        return buf_addf(out, "%lldms", (long long)ms);
    if (ms % 1000 == 0)
        return buf_addf(out, "%llds", (long long)(ms / 1000));
    return buf_addf(out, "%.1fs", (double)ms / 1000);
}

int whentext_window(const struct when_window *w, struct buf *out)
{
    const char *joint = "";
    int rc = COACH_OK;
    if (w->same_turn)
        rc = buf_adds(out, "same turn");
    if (rc == COACH_OK && w->agent_turns > 0) {
        rc = buf_addf(out, "%d agent turn%s", w->agent_turns, w->agent_turns == 1 ? "" : "s");
        joint = " or ";
    }
    if (rc == COACH_OK && w->turns > 0) {
        rc = buf_addf(out, "%s%d turn%s", joint, w->turns, w->turns == 1 ? "" : "s");
        joint = " or ";
    }
    if (rc == COACH_OK && w->time_ms > 0) {
        rc = buf_adds(out, joint);
        if (rc == COACH_OK)
            rc = whentext_duration(w->time_ms, out);
    }
    return rc;
}

/* A condition on its way into words; the first error sticks. */
struct saying {
    const struct ruleset *set;
    struct buf *out;
    int rc;
};

static void say(struct saying *s, const char *text)
{
    if (s->rc == COACH_OK)
        s->rc = buf_adds(s->out, text);
}

static void say_signal(struct saying *s, const char *before, int signal)
{
    if (signal == WHEN_NONE)
        return;
    say(s, before);
    say(s, ruleset_signal(s->set, (size_t)signal)->id);
}

static void say_time(struct saying *s, const char *before, int64_t ms)
{
    say(s, before);
    if (s->rc == COACH_OK)
        s->rc = whentext_duration(ms, s->out);
}

static void say_number(struct saying *s, const char *before, int n)
{
    say(s, before);
    if (s->rc == COACH_OK)
        s->rc = buf_addf(s->out, "%d", n);
}

static void say_window(struct saying *s, const char *before, const struct when_window *w)
{
    if (!w->same_turn && w->turns == 0 && w->agent_turns == 0 && w->time_ms == 0)
        return;
    say(s, before);
    if (s->rc == COACH_OK)
        s->rc = whentext_window(w, s->out);
}

static void say_at(struct saying *s, const struct when_node *n)
{
    if (n->opens == WHEN_NONE)
        say(s, "at call end");
    else
        say_signal(s, "at ", n->opens);
    say_signal(s, ", without ", n->without);
    say_signal(s, ", since ", n->since);
    say_window(s, ", since ", &n->window);
}

static void say_sequence(struct saying *s, const struct when_node *n)
{
    for (int i = 0; i < n->sequence_count; i++)
        say_signal(s, i == 0 ? "sequence of " : ", ", n->sequence[i]);
    say_window(s, ", within ", &n->window);
    say_signal(s, ", cancelled by ", n->cancel);
}

static void say_verb(struct saying *s, const struct when_node *n)
{
    switch (n->verb) {
    case WHEN_AFTER:
        say_signal(s, "after ", n->opens);
        say_signal(s, ", without ", n->without);
        say_window(s, ", within ", &n->window);
        break;
    case WHEN_AT:
        say_at(s, n);
        break;
    case WHEN_SEQUENCE:
        say_sequence(s, n);
        break;
    case WHEN_COUNT:
        say_signal(s, "count of ", n->opens);
        say_number(s, ", at least ", n->at_least);
        say_window(s, ", within ", &n->window);
        break;
    case WHEN_OVERLAP:
        say(s, n->over == COACH_ROLE_AGENT ? "overlap: agent over customer" : "overlap: customer over agent");
        say_time(s, ", lasting ", n->longer_ms);
        say_number(s, ", times ", n->at_least);
        say_window(s, ", within ", &n->window);
        break;
    case WHEN_SILENCE:
        say_time(s, "silence longer than ", n->longer_ms);
        say_signal(s, ", without ", n->without);
        break;
    case WHEN_MONOLOGUE:
        say_time(s, "monologue: agent longer than ", n->longer_ms);
        break;
    case WHEN_PACE:
        say_number(s, "pace: agent faster than ", n->words_a_minute);
        say_time(s, " words a minute, over ", n->longer_ms);
        break;
    case WHEN_QUESTIONS:
        say_number(s, "closed questions, at least ", n->at_least);
        say_window(s, ", within ", &n->window);
        break;
    }
}

int whentext_write(const struct ruleset *set, const struct when_node *node, struct buf *out)
{
    struct saying s = {.set = set, .out = out};
    say_verb(&s, node);
    return s.rc;
}
