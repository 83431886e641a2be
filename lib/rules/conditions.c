#include "lib/rules/conditions.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/rules/keys.h"

/* --- names --- */

static void check_name(struct pack *p, const struct def_text *t)
{
    if (table_get(&p->signals, t->s, strlen(t->s)) != NULL)
        return;
    const char *names[64];
    size_t n = 0;
    for (struct table_entry *e = table_next(&p->signals, NULL); e != NULL && n < 64; e = table_next(&p->signals, e))
        names[n++] = table_key(e, NULL);
    const char *near = diag_nearest(t->s, names, n);
    char hint[120];
    snprintf(hint, sizeof hint, "did you mean '%s'?", near == NULL ? "" : near);
    keys_refuse(p->problems, t->node, "unknown-signal",
                near == NULL ? "signals are declared under 'signals:' with their phrases" : hint,
                "there is no signal called '%.64s'", t->s);
}

static void check_names(struct pack *p, const struct def_when *w)
{
    const struct def_text *name;
    for (size_t i = 0; (name = when_signal(w, i)) != NULL; i++)
        check_name(p, name);
}

/* --- keys that do nothing beside a condition --- */

static void refuse_key(struct pack *p, const struct yaml_node *map, const char *key, const struct yaml_node *value,
                       const char *hint)
{
    const struct yaml_node *at = value; /* a site may have added it */
    for (size_t i = 0; value != NULL && i < map->count; i++)
        if (map->pairs[i].value == value)
            at = map->pairs[i].key;
    if (value != NULL)
        keys_refuse(p->problems, at, "when-extra", hint, "'%s' does not go with 'when'", key);
}

static void check_rule_keys(struct pack *p, const struct def_rule *r)
{
    static const char phrases[] = "put it under the signal whose phrases it is about";
    if (r->when.node == NULL)
        return;
    refuse_key(p, r->node, "not_in", r->not_in.node, phrases);
    refuse_key(p, r->node, "unless", r->unless.node, phrases);
    refuse_key(p, r->node, "min_confidence", r->min_confidence.node, "delete it: every final line moves a condition");
    refuse_key(p, r->node, "final_only", r->final_only.node, "delete it: only final lines move a condition");
}

static void check_signal_keys(struct pack *p, const struct def_signal *s)
{
    static const char phrases[] = "put it under a signal with 'says:'";
    if (s->when.node == NULL)
        return;
    refuse_key(p, s->node, "speaker", s->speaker.node, "put it under the signals that the condition names");
    refuse_key(p, s->node, "not_in", s->not_in.node, phrases);
    refuse_key(p, s->node, "unless", s->unless.node, phrases);
}

/* --- the order of signals --- */

/* A signal on the way to one that it names. Chains may be as long as a file: they are kept here, not on the stack. */
struct step {
    struct def_signal *signal;
    size_t next; /* of the names in its condition */
};

struct walk {
    struct pack *pack;
    struct step *steps;
    size_t depth;
};

static void enter(struct walk *w, struct def_signal *s)
{
    s->visit = SIGNAL_OPEN;
    w->steps[w->depth++] = (struct step){s, 0};
}

static void leave(struct walk *w, struct def_signal *s)
{
    s->visit = SIGNAL_DONE;
    s->number = w->pack->order_count;
    w->pack->order[w->pack->order_count++] = s;
    w->depth--;
}

static void refuse_circle(struct walk *w, const struct def_text *name)
{
    keys_refuse(w->pack->problems, name->node, "signal-cycle",
                "give one of them phrases ('says:') in place of its 'when:', or name another signal here",
                "the signal '%.64s' waits for itself", name->s);
}

/* Goes on from the last step: to the next signal it names, or back. */
static void go_on(struct walk *w)
{
    struct step *step = &w->steps[w->depth - 1];
    const struct def_text *name = when_signal(&step->signal->when, step->next++);
    if (name == NULL) {
        leave(w, step->signal);
        return;
    }
    struct def_signal *named = table_get(&w->pack->signals, name->s, strlen(name->s));
    if (named == NULL)
        return; /* reported */
    if (named->visit == SIGNAL_OPEN)
        refuse_circle(w, name);
    else if (named->visit == SIGNAL_NEW)
        enter(w, named);
}

static int order_signals(struct pack *pack)
{
    size_t n = table_count(&pack->signals);
    struct walk w = {.pack = pack, .steps = arena_alloc(&pack->memory, (n + 1) * sizeof *w.steps)};
    pack->order = arena_alloc(&pack->memory, (n + 1) * sizeof(struct def_signal *));
    pack->order_count = 0;
    if (w.steps == NULL || pack->order == NULL)
        return COACH_ENOMEM;
    for (struct table_entry *e = table_next(&pack->signals, NULL); e != NULL; e = table_next(&pack->signals, e)) {
        struct def_signal *s = table_value(e);
        if (s->visit == SIGNAL_NEW)
            enter(&w, s);
        while (w.depth > 0)
            go_on(&w);
    }
    return COACH_OK;
}

int conditions_check(struct pack *pack)
{
    for (size_t i = 0; i < pack->file_count; i++) {
        const struct rulefile *f = &pack->files[i];
        for (size_t k = 0; k < f->signal_count; k++) {
            check_names(pack, &f->signals[k].when);
            check_signal_keys(pack, &f->signals[k]);
        }
        for (size_t k = 0; k < f->rule_count; k++) {
            check_names(pack, &f->rules[k].when);
            check_rule_keys(pack, &f->rules[k]);
        }
    }
    return order_signals(pack);
}
