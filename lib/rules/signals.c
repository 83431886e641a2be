#include "lib/rules/signals.h"

#include <string.h>

#include "lib/base/error.h"
#include "lib/rules/keys.h"

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

int signals_order(struct pack *pack)
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
