#include "lib/engine/quarantine.h"

#include <stdio.h>
#include <string.h>

/* The watch of a rule: its own, a free one, or the one that was hit longest ago. */
static struct quarantine_watch *watch_of(struct quarantine *q, uint64_t key)
{
    struct quarantine_watch *oldest = &q->watched[0];
    for (size_t i = 0; i < q->watched_count; i++) {
        struct quarantine_watch *w = &q->watched[i];
        if (w->key == key)
            return w;
        if (w->at_ms[QUARANTINE_HITS - 1] < oldest->at_ms[QUARANTINE_HITS - 1])
            oldest = w;
    }
    struct quarantine_watch *w = q->watched_count < QUARANTINE_WATCHED ? &q->watched[q->watched_count++] : oldest;
    *w = (struct quarantine_watch){.key = key};
    return w;
}

bool quarantine_hit(struct quarantine *q, const struct rule *rule, int64_t now_ms)
{
    struct quarantine_watch *w = watch_of(q, rule->key);
    memmove(w->at_ms, w->at_ms + 1, sizeof w->at_ms - sizeof *w->at_ms);
    w->at_ms[QUARANTINE_HITS - 1] = now_ms;
    w->hits += w->hits < QUARANTINE_HITS;
    if (w->hits < QUARANTINE_HITS || now_ms - w->at_ms[0] > QUARANTINE_WINDOW_MS || q->count == QUARANTINE_RULES)
        return false;
    q->keys[q->count] = rule->key;
    snprintf(q->ids[q->count], QUARANTINE_ID, "%s", rule->id);
    q->count++;
    *w = q->watched[--q->watched_count];
    return true;
}

void quarantine_clear(struct quarantine *q)
{
    q->count = q->watched_count = 0;
}
